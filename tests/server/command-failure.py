#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The answers of the command ibb to bad input and bad luck: the exit status, one clear line, no
hanging, and never a part of a file that looks whole."""

import errno
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
import prosody
from cases import Skip, case, check, check_equal
from command import IBB, Account, Folder, Program, sha256
from rawclient import RawClient

MIB = 1 << 20
WAITS = '^The session with “.*” waits until both ends are online$'


def waiting(server, folder, *arguments, **options):
    """bob waits for anybody's file."""
    there = Account(server, 'bob').ibb('receive', '--output', folder / 'copy', '--from', 'any',
                                       *arguments, **options)
    return there, there.wait_ready()


def closed_at(redirection, account, command, *arguments):
    """Like Account.ibb (), with standard descriptors closed as a shell does it."""
    return Program('/bin/sh', '-c', f'exec "$0" "$@" {redirection}', IBB, command, *account.options(),
                   *arguments, env={'IBB_PASSWORD': account.password, 'LC_ALL': 'C.UTF-8'})


def send_until_received(account, source, jid):
    """Sends again until a receiver that cannot say when it is ready has the file: it may be offline,
    or has only just logged in."""
    while True:
        here = account.ibb('send', source, jid)
        if here.finish() == 0:
            return
        if not re.search('service-unavailable|not-acceptable', here.lines[-1]):
            raise AssertionError(f'{here.lines}')


# The command line

@case('a sid with a sign beyond ASCII that no name may have is an error')
def _(server):
    here = Account(server, 'alice').ibb('cat', '--sid', 'a\u00d7b', f'bob@{server.domain}')
    here.expect_failure('“a\u00d7b”', 'session identifier', code=2)


# Files

@case('a file that is missing, a directory, or not readable is an error')
def _(server):
    folder = Folder()
    alice = Account(server, 'alice')
    alice.ibb('send', folder / 'missing', 'a@b').expect_failure('missing', 'No such file')
    alice.ibb('send', folder.path, 'a@b').expect_failure(folder.path, '--tar')
    alice.ibb('send', '--password-file', folder / 'none', '-', 'a@b').expect_failure('none')
    alice.ibb('send', '--password-file', os.devnull, '-', 'a@b').expect_failure('empty')
    for name in ('none', '.'):
        alice.ibb('send', '--ca-file', folder / name, '-', 'a@b').expect_failure(folder / name, 'in PEM')


@case('a file that nobody may read is an error')
def _(server):
    folder = Folder()
    secret = folder.make('secret', 10)
    os.chmod(folder.path, 0o755)
    os.chmod(secret, 0)
    # Root may read everything, so be somebody else.
    other = {'user': 65534} if os.geteuid() == 0 else {}
    try:
        here = Account(server, 'alice').ibb('send', secret, 'a@b', account=['--jid', 'a@b'], **other)
    except PermissionError:
        raise Skip('only root can run what was built') from None
    here.expect_failure('secret', 'Permission denied')


@case('an output without a folder, or that is a folder, is an error')
def _(server):
    folder = Folder()
    bob = Account(server, 'bob')
    bob.ibb('receive', '-o', folder / 'none/file').expect_failure('none/file', 'No such file', 'make its folder')
    bob.ibb('receive', '-o', folder.path).expect_failure(folder.path, 'Is a directory', '--directory')
    check_equal(folder.names(), [], 'files')


@case('an input that cannot be read is an error at both ends')
def _(server):
    folder = Folder()
    there, jid = waiting(server, folder)
    # A read of the first page, where nothing is, fails.
    Account(server, 'alice').ibb('send', '/proc/self/mem', jid).expect_failure('/proc/self/mem', 'Input/output error')
    with open('/proc/self/mem', 'rb') as memory:
        here = Account(server, 'alice').ibb('send', '-', jid, stdin=memory)
    here.expect_failure('standard input', 'Input/output error')
    there.expect_failure('alice@', 'internal-server-error', 'an error of its own')
    check_equal(folder.names(), [], 'files')


@case('a file that may not grow leaves nothing behind')
def _(server):
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))

    folder = Folder()
    target = Folder()
    source = folder.make('original', 3 * MIB)
    there, jid = waiting(server, target, prepare=limit)
    here = Account(server, 'alice').ibb('send', source, jid)
    there.expect_failure('copy', 'File too large')
    here.expect_failure(jid)
    check_equal(target.names(), [], 'files')


@case('an output that refuses the data: the status is not that of a wrong command line')
def _(server):
    folder = Folder()
    with open(folder / 'original', 'wb') as file:
        file.write(b'\xff' * 8)  # the only number that an eventfd refuses, with EINVAL
    counter = os.eventfd(0)
    there = Account(server, 'bob').ibb('receive', '-o', '-', '--from', 'any', stdout=counter)
    os.close(counter)
    here = Account(server, 'alice').ibb('send', folder / 'original', there.wait_ready())
    there.expect_failure('standard output', 'Invalid argument', code=1)
    here.expect_failure('bob@')


# The way to the server

@case('no password and no terminal is an error')
def _(server):
    alice = Account(server, 'alice')
    here = alice.ibb('cat', 'bob@localhost', env={'IBB_PASSWORD': ''})
    here.expect_failure('--password-file', 'IBB_PASSWORD')
    # An account of the file has other sources, and is asked last.
    folder = Folder()
    os.mkdir(folder / 'ibb-glib')
    with open(folder / 'ibb-glib/accounts', 'w', encoding='utf-8') as file:
        file.write(f'[home]\njid={alice.bare}\nserver={server.host}:{server.port}\nkeyring=false\n')
    here = alice.ibb('cat', 'bob@localhost', account=['--account', 'home'],
                     env={'IBB_PASSWORD': '', 'XDG_CONFIG_HOME': folder.path})
    here.expect_failure('--password-file', 'IBB_PASSWORD', 'password-file in the file of accounts')


@case('a port for direct TLS does not speak STARTTLS: the error says so')
def _(server):
    alice = Account(server, 'alice')
    here = alice.ibb('cat', 'bob@localhost', account=alice.options(port=server.direct_tls_port))
    here.expect_failure('may be for direct TLS')


@case('an interruption at the question for the password restores the terminal')
def _(server):
    alice = Account(server, 'alice')
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.pop('IBB_PASSWORD', None)
        os.environ['LC_ALL'] = 'C.UTF-8'
        os.execv(IBB, [IBB, 'cat', *alice.options(), 'bob@localhost'])
    shown = b''
    while not shown.endswith(b': '):
        shown += os.read(terminal, 1000)
    check(not termios.tcgetattr(terminal)[3] & termios.ECHO, 'no echo at the question')
    os.write(terminal, b'secr\x03')
    try:
        while data := os.read(terminal, 1000):
            shown += data
            if b'Interrupted' in shown:
                check(termios.tcgetattr(terminal)[3] & termios.ECHO, 'echo again')
    except OSError as error:
        check_equal(error.errno, errno.EIO, 'the end of the terminal')
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    check_equal(os.waitstatus_to_exitcode(status), -signal.SIGINT, 'status')


@case('a password can be typed after a suspension: the terminal has its echo meanwhile')
def _(server):
    alice = Account(server, 'alice')
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.pop('IBB_PASSWORD', None)
        os.environ['LC_ALL'] = 'C.UTF-8'
        # Not the leader of an orphaned group, which is not suspended.
        child = os.fork()
        if child == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGTTOU, signal.SIG_IGN)
            os.tcsetpgrp(0, os.getpid())
            signal.signal(signal.SIGTTOU, signal.SIG_DFL)
            os.execv(IBB, [IBB, 'cat', *alice.options(), 'nobody@localhost'])
        os.waitpid(child, os.WUNTRACED)
        os.write(1, b'suspended' if termios.tcgetattr(0)[3] & termios.ECHO else b'no echo')
        os.kill(child, signal.SIGCONT)
        os._exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
    shown = b''

    def expect(word):
        nonlocal shown
        while word not in shown:
            shown += os.read(terminal, 1000)
        shown = shown.partition(word)[2]

    expect(b': ')
    os.write(terminal, b'\x1a')
    expect(b'suspended')
    expect(b': ')
    os.write(terminal, alice.password.encode() + b'\n')
    expect(b'nobody@localhost/ibb')
    _, status = os.waitpid(pid, 0)
    os.close(terminal)
    check_equal(os.waitstatus_to_exitcode(status), 1, 'status')


@case('an unknown host is an error that names it')
def _(server):
    alice = Account(server, 'alice')
    options = ['--jid', alice.bare, '--server', 'no-such-host.invalid']
    alice.ibb('cat', 'bob@localhost', account=options).expect_failure('no-such-host.invalid')
    here = alice.ibb('cat', 'bob@localhost', account=['--jid', 'a@no-such-host.invalid'])
    here.expect_failure('no-such-host.invalid')


@case('a certificate for another name is an error')
def _(server):
    alice = Account(server, 'alice', domain=prosody.WRONG_DOMAIN)
    alice.ibb('cat', 'bob@localhost').expect_failure('certificate')


@case('a user without a home gets the error only')
def _():
    environment = {'HOME': '/nonexistent', 'XDG_RUNTIME_DIR': '/proc/self/nowhere',
                   'XDG_CACHE_HOME': '/proc/self/nowhere', 'IBB_PASSWORD': 'x', 'LC_ALL': 'C.UTF-8'}
    program = Program(IBB, 'cat', '--jid', 'a@localhost', '--server', '127.0.0.1:1', 'b@localhost',
                      env=environment)
    program.expect_failure('127.0.0.1')


# The peer

@case('a peer that is online with another resource is told')
def _(server):
    alice = Account(server, 'alice')
    there = alice.ibb('receive', '-o', Folder() / 'copy', '--show-online', account=alice.options(resource='desk'))
    there.wait_ready()
    here = alice.ibb('send', Folder().make('file', 10), f'{alice.bare}/phone', '--stanza-type', 'message')
    here.expect_failure(f'{alice.bare} is online as /desk, not as /phone')


@case('a peer that is offline: the error names the address that was tried')
def _(server):
    alice = Account(server, 'alice')
    folder = Folder()
    file = folder.make('file', 1)
    alice.ibb('send', file, 'bob@localhost').expect_failure('bob@localhost/ibb')
    alice.ibb('cat', 'bob@localhost/desk').expect_failure('bob@localhost/desk')
    alice.ibb('cat', 'nobody@localhost').expect_failure('nobody@localhost/ibb')
    alice.ibb('cat', 'bob@no-such-host.invalid').expect_failure('bob@no-such-host.invalid/ibb')


@case('cat ends when another program closes the session: well, unless bytes were lost')
def _(server):
    raw = RawClient(server, 'bob', 'ibb', 'accept')
    alice = Account(server, 'alice')
    jid = f'{alice.bare}/desk'
    for number, (bytes_sent, status) in enumerate(((b'', 0), (b'lost', 1))):
        here = alice.ibb('cat', '--sid', f'talk{number}', raw.jid, account=alice.options(resource='desk'),
                         env={'G_MESSAGES_DEBUG': 'ibb-glib'}, stdin=subprocess.PIPE)
        here.wait_line(f'Session talk{number} .*: open, blocks of')
        here.stdin.write(bytes_sent)
        here.stdin.flush()
        if bytes_sent:
            raw.blocks.acquire()
        for name, text in (('data', 'seq="0">aGVsbG8=</data'), ('close', '/')):
            raw.send(f'<iq type="set" id="{name}" to="{jid}"><{name} xmlns="http://jabber.org/protocol/ibb" '
                     f'sid="talk{number}" {text}></iq>')
        check_equal(here.finish(), status, f'status after {here.lines}')
        check_equal(here.output, b'hello', 'output')
        check_equal(any('takes no more bytes' in line for line in here.errors()), bool(status), 'an error')


@case('a receiver that is killed and started again: the sender is told to send again')
def _(server):
    there, jid = waiting(server, Folder(), '--json')
    here = Account(server, 'alice').ibb('send', '/dev/zero', jid)
    there.wait_event('progress', bytes=1)
    os.kill(there.pid, signal.SIGKILL)
    there.finish()
    there, _ = waiting(server, Folder())
    # The old session was refused by its successor, or given up before that was there.
    here.expect_failure(jid, ' again', perhaps=[WAITS])
    there.stop(-signal.SIGTERM)


# The descriptors

@case('a closed standard descriptor takes no data of the session')
def _(server):
    bob, alice = Account(server, 'bob'), Account(server, 'alice')
    folder = Folder()
    source = folder.make('original', 100000)
    # No descriptor of the file, or of the network, takes the place of the one that is closed.
    for closed in ('0<&-', '1>&-', '2>&-', '<&- >&- 2>&-'):
        target = Folder()
        there = bob.ibb('receive', '-o', target / 'copy', '--from', 'any')
        jid = there.wait_ready()
        here = closed_at(closed, alice, 'send', source, jid)
        here.finish()
        check_equal(here.process.returncode, 0, f'status of send {closed}')
        there.expect_done()
        check_equal(sha256(target / 'copy'), sha256(source), f'SHA-256, send {closed}')
        os.unlink(target / 'copy')
        there = closed_at(closed, bob, 'receive', '-o', target / 'copy', '--from', 'any')
        send_until_received(alice, source, f'{bob.bare}/ibb')
        check_equal(there.finish(), 0, f'status of receive {closed}')
        check_equal(sha256(target / 'copy'), sha256(source), f'SHA-256, receive {closed}')
        check_equal(target.names(), ['copy'], 'files')


@case('data for a closed descriptor is an error')
def _(server):
    bob, alice = Account(server, 'bob'), Account(server, 'alice')
    there = closed_at('>&-', bob, 'receive', '-o', '-', '--from', 'any')
    jid = there.wait_ready()
    here = alice.ibb('send', '/dev/zero', jid)
    there.expect_failure('standard output', 'Bad file descriptor')
    here.expect_failure(jid)
    there = bob.ibb('listen', '--from', 'any')
    here = closed_at('<&-', alice, 'cat', there.wait_ready())
    here.expect_failure('standard input', 'Bad file descriptor')
    there.expect_failure('alice@')


if __name__ == '__main__':
    with prosody.Prosody() as private:
        cases.main(private)
