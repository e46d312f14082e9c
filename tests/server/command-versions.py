#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files between this version and the last release, either of which sends; and the libraries of both in one program.
IBB_TEST_FROZEN: the command ibb of that release, which tests/lib/abi.py installs for .ci/run."""

import os
import signal

import cases
import prosody
from cases import Skip, case, check, check_equal
from command import IBB, Account, Folder, Program, sha256
from fake_xmpp import FakeServer

FROZEN = os.environ.get('IBB_TEST_FROZEN')
SIZES = 0, 1, 4096, 300000


def get_programs():
    """A command and where the loader looks for its libraries: of this version, of the last release, and of that release
    with libibb-glib of this version, and of this version with that of the last release."""
    if FROZEN is None:
        raise Skip('there is no build of the last release')
    now = os.environ['LD_LIBRARY_PATH']
    before = os.path.join(os.path.dirname(os.path.dirname(FROZEN)), 'lib')
    folders = []
    for place in (now, before):
        folders.append(Folder())
        library = next(os.path.join(folder, 'libibb-glib-1.0.so.0') for folder in place.split(':')
                       if os.path.exists(os.path.join(folder, 'libibb-glib-1.0.so.0')))
        os.symlink(library, folders[-1] / 'libibb-glib-1.0.so.0')
    return (IBB, now), (FROZEN, before), (FROZEN, f'{folders[0].path}:{before}'), (IBB, f'{folders[1].path}:{now}')


def run(program, server, name, *arguments):
    account = Account(server, name)
    environment = {'IBB_PASSWORD': account.password, 'LC_ALL': 'C.UTF-8', 'LD_LIBRARY_PATH': program[1]}
    command, *others = arguments
    return Program(program[0], command, *account.options(), *others, env=environment)


def pairs():
    """The commands of the sender and of the receiver."""
    now, before, _, _ = get_programs()
    return (now, before), (before, now)


@case('files arrive whole from either version at the other')
def _(_server):
    now, before, newer_glib, _ = get_programs()
    with prosody.Prosody() as server:
        for sender, receiver in (now, before), (before, now), (newer_glib, now), (now, newer_glib):
            here, there = Folder(), Folder()
            files = [here.make(f'file-{size}', size) for size in SIZES]
            end = run(receiver, server, 'bob', 'receive', '--directory', there.path, '--from', 'any', '--count', str(len(files)))
            run(sender, server, 'alice', 'send', *files, end.wait_ready()).expect_done()
            end.expect_done()
            check_equal({name: sha256(there / name) for name in there.names()},
                        {os.path.basename(file): sha256(file) for file in files}, 'files')


@case('this version does not start with libibb-glib of the last release')
def _(_server):
    _, _, _, (program, libraries) = get_programs()
    ended = Program(program, '--version', env={'LD_LIBRARY_PATH': libraries})
    check(ended.finish() != 0, 'an error')
    ended.wait_line('symbol lookup error: .*undefined symbol: ibb_')


@case('a file that one version has sent in part is gone on with by the other')
def _(server):
    for sender, receiver in pairs():
        here, there = Folder(), Folder()
        file = here.make('long', 3 << 20)

        def receive():
            return run(receiver, server, 'bob', 'receive', '--json', '--directory', there.path, '--from', 'any', '--count', '1')

        end = receive()

        def kill(*_, end=end):
            end.wait_event('progress', bytes=1)
            os.kill(end.pid, signal.SIGKILL)

        server.when('<data ', kill, 'alice', 40)
        begun = run(receiver, server, 'alice', 'send', '--peer-timeout', '1', '--resume-timeout', '0', file, end.wait_ready())
        check(begun.finish() != 0, 'an error')
        end.finish()
        end = receive()
        run(sender, server, 'alice', 'send', file, end.wait_ready()).expect_done()
        end.expect_done()
        check(end.wait_event('done')['resumed'] > 0, 'resumed')
        check_equal(there.names(), ['long'], 'files')
        check_equal(sha256(there / 'long'), sha256(file), 'SHA-256')


if __name__ == '__main__':
    cases.main(FakeServer)
