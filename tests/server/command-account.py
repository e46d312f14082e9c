#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several commands ibb of one account: what the server does with their resources."""

import os
import signal

import cases
from cases import case, check, check_equal
from command import REFUSED, Account, Folder, sha256
from servers import make_server


def account(server, name):
    """An account, and a file to send: a whole transfer shows which command is alive."""
    folder = Folder()
    return Account(server, name), folder, folder.make('original', 20000)


@case('a second command at the same resource: it says that the first is there')
def _(server):
    bob, folder, source = account(server, 'bob')
    first = bob.ibb('receive', '-o', folder / 'copy')
    jid = first.wait_ready()
    # The second command takes a first one that is silent for 5 s for a dead one, by real time: nothing announces an end.
    for command, options in ((['listen'], None), (['cat', 'nobody@localhost'], bob.options(resource='ibb'))):
        line = bob.ibb(*command, account=options).expect_failure('Another command', jid, f'--jid {bob.bare}/NAME',
                                                                 code=REFUSED)
        check(len(line) <= 160, f'two lines of a terminal: {line}')
    bob.ibb('send', source, bob.bare).expect_done()
    first.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')


@case('commands with resources of their own, and one that sends, end no command that waits')
def _(server):
    bob, folder, source = account(server, 'bob')
    waiting = bob.ibb('listen')
    waiting.wait_ready()
    there = bob.ibb('receive', '-o', folder / 'copy', account=bob.options(resource='desk'))
    check_equal(there.wait_ready(), f'{bob.bare}/desk', 'address')
    bob.ibb('send', source, f'{bob.bare}/desk').expect_done()
    there.expect_done()
    check(not waiting.errors(), 'the other one waits still')
    # It ends well: the server would look for one that was killed, and so would the next case.
    os.kill(waiting.pid, signal.SIGTERM)
    waiting.expect_failure('Interrupted', code=-signal.SIGTERM)


@case('a resource is free again after its command')
def _(server):
    bob, folder, source = account(server, 'bob')
    for end in ('done', 'killed', 'interrupted', 'done'):
        there = bob.ibb('receive', '-o', folder / 'copy')
        jid = there.wait_ready()
        if end == 'done':
            bob.ibb('send', source, jid).expect_done()
            there.expect_done()
        else:
            os.kill(there.pid, signal.SIGKILL if end == 'killed' else signal.SIGTERM)
            there.finish()


if __name__ == '__main__':
    # It forgets a client that was killed only after a while.
    with make_server(resumes=True) as private:
        cases.main(private)
