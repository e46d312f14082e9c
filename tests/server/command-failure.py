#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The answers of the command ibb to bad input and bad luck that the table of how a command ends leaves out: the
exit status, one clear line, no hanging, and never a part of a file that looks whole."""

import os
import pty
import re
import resource
import signal
import subprocess
import termios
import threading

import cases
from cases import Skip, case, check, check_equal
from command import IBB, Folder, Program, Terminal, sha256
from fake_xmpp import FakeServer, Played

MIB = 1 << 20
NO_BUS = {'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nonexistent', 'LC_ALL': 'C.UTF-8'}


def waiting(server, output, *arguments, **options):
    """bob waits for anybody's file."""
    there = server.account('bob').ibb('receive', '--output', output, '--from', 'any', *arguments, **options)
    return there, there.wait_ready()


def closed_at(redirection, account, command, *arguments):
    """Like Account.ibb (), with standard descriptors closed as a shell does it."""
    return Program('/bin/sh', '-c', f'exec "$0" "$@" {redirection}', IBB, command, *account.options(),
                   *arguments, env={'IBB_PASSWORD': account.password})


@case('a sid with a sign beyond ASCII that no name may have is an error')
def _(server):
    here = server.account('alice').ibb('cat', '--sid', 'a\u00d7b', 'bob@localhost')
    here.expect_failure('“a\u00d7b”', 'session identifier', code=2)


# Files

@case('a file that is missing or not readable is an error')
def _(server):
    folder = Folder()
    alice, bob = server.account('alice'), server.account('bob')
    alice.ibb('send', folder / 'missing', 'a@b').expect_failure('missing', 'No such file')
    alice.ibb('send', IBB, '-', 'a@b').expect_failure('beside other files', code=2)
    alice.ibb('send', '--password-file', folder / 'none', '-', 'a@b').expect_failure('none')
    alice.ibb('send', '--password-file', os.devnull, '-', 'a@b').expect_failure('empty')
    for name in ('none', '.'):
        alice.ibb('send', '--ca-file', folder / name, '-', 'a@b').expect_failure(folder / name, 'in PEM')
    bob.ibb('receive', '-o', folder / 'none/file').expect_failure('none/file', 'No such file', 'make its folder')
    bob.ibb('receive', '-o', folder.path).expect_failure(folder.path, 'Is a directory', '--directory')
    check_equal(folder.names(), [], 'files')
    secret = folder.make('secret', 10)
    os.chmod(folder.path, 0o755)
    os.chmod(secret, 0)
    # Root may read everything, so be somebody else.
    try:
        here = alice.ibb('send', secret, 'a@b', **({'user': 65534} if os.geteuid() == 0 else {}))
    except PermissionError:
        raise Skip('only root can run what was built') from None
    here.expect_failure('secret', 'Permission denied')


@case('a file that may not grow leaves nothing behind')
def _(server):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (MIB, MIB))

    target = Folder()
    there, jid = waiting(server, target / 'copy', prepare=limit)
    here = server.account('alice').ibb('send', Folder().make('original', 3 * MIB), jid)
    there.expect_failure('copy', 'File too large')
    here.expect_failure(jid, 'it has no room for more')
    Program(IBB, 'demo', '--size', '3M', prepare=limit).expect_failure('File too large')
    check_equal(target.names(), [], 'files')


@case('an output that refuses the data: the status is not that of a wrong command line')
def _(server):
    counter = os.eventfd(0)
    there, jid = waiting(server, '-', stdout=counter)
    os.close(counter)
    # The only number that an eventfd refuses, with EINVAL.
    here = server.account('alice').ibb('send', '-', jid, stdin=subprocess.PIPE)
    here.stdin.write(b'\xff' * 8)
    here.stdin.close()
    there.expect_failure('standard output', 'Invalid argument', code=1)
    here.expect_failure('bob@')


# The way to the server

@case('no password and no terminal is an error')
def _(server):
    alice = server.account('alice')
    here = alice.ibb('cat', 'bob@localhost', env={'IBB_PASSWORD': ''})
    here.expect_failure('ibb: Cannot log in as “alice@localhost”: No password for “alice@localhost”: use --password-file, ',
                        'IBB_PASSWORD')
    # An account of the file has other sources, and is asked last.
    folder = Folder()
    os.mkdir(folder / 'ibb-glib')
    with open(folder / 'ibb-glib/accounts', 'w', encoding='utf-8') as file:
        file.write(f'[home]\njid={alice.bare}\nserver={server.host}:{server.port}\nkeyring=false\n')
    here = alice.ibb('cat', 'bob@localhost', account=['--account', 'home'],
                     env={'IBB_PASSWORD': '', 'XDG_CONFIG_HOME': folder.path})
    here.expect_failure('--password-file', 'IBB_PASSWORD', 'password-file in the file of accounts')


@case('the end of input at the question for the password is no password')
def _(server):
    here = Terminal(IBB, 'cat', *server.account('alice').options(), 'bob@localhost', env=NO_BUS)
    here.expect('^Password of alice@localhost: $')
    here.write(b'\x04')
    here.expect('No password for “alice@localhost” was typed')
    check_equal(here.finish(), 1, 'status')


@case('an interruption at the question for the password restores the terminal')
def _(server):
    here = Terminal(IBB, 'cat', *server.account('alice').options(), 'bob@localhost', env=NO_BUS)
    here.expect('^Password of alice@localhost: $')
    check(not here.has_echo(), 'no echo at the question')
    here.write(b'secr\x03')
    try:
        here.expect('Interrupted')
    except AssertionError:
        pass  # the kernel empties the terminal after it has sent the signal, and what is shown meanwhile is lost
    else:
        check(here.has_echo(), 'echo again')
    check_equal(here.finish(), -signal.SIGINT, 'status')


@case('a password can be typed after a suspension: the terminal has its echo meanwhile')
def _(server):
    alice = server.account('alice')
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.pop('IBB_PASSWORD', None)
        os.environ.update(NO_BUS)
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
    here = Terminal.of(pid, terminal)
    here.expect(': $')
    here.write(b'\x1a')
    here.expect('(?s)suspended.*: $')
    here.write(alice.password.encode() + b'\x04\x04')  # ends the line as Return does
    here.expect('nobody@localhost/ibb')
    check_equal(here.finish(), 1, here.shown)
    check(alice.password not in here.shown, 'the password is not shown')


@case('an unknown host is an error that names it')
def _():
    for options in (['--jid', 'a@localhost', '--server', 'no-such-host.invalid'], ['--jid', 'a@no-such-host.invalid']):
        Program(IBB, 'cat', *options, 'b@localhost', env={'IBB_PASSWORD': 'x'}).expect_failure(
            'no-such-host.invalid')


@case('a user without a home gets the error only')
def _():
    environment = {'HOME': '/nonexistent', 'XDG_RUNTIME_DIR': '/proc/self/nowhere',
                   'XDG_CACHE_HOME': '/proc/self/nowhere', 'IBB_PASSWORD': 'x', 'LC_ALL': 'C.UTF-8'}
    Program(IBB, 'cat', '--jid', 'a@localhost', '--server', '127.0.0.1:1', 'b@localhost',
            env=environment).expect_failure('127.0.0.1')


@case('a signal while it looks for another command at its address ends it')
def _(server):
    server.when("to='bob@localhost/ibb'", lambda *_: os.kill(here.pid, signal.SIGTERM) or True, 'bob')
    with server.lock:
        here = server.account('bob').ibb('listen')
    here.expect_failure('Interrupted. The step was: looking for a command at “bob@localhost/ibb”', code=-signal.SIGTERM)


# The peer

@case('a peer that is online with another resource is told')
def _(server):
    alice = server.account('alice')
    alice.ibb('receive', '-o', Folder() / 'copy', '--show-online', account=alice.options(resource='desk')).wait_ready()
    here = alice.ibb('send', Folder().make('file', 10), f'{alice.bare}/phone', '--stanza-type', 'message')
    here.expect_failure(f'{alice.bare} is online as /desk, not as /phone')


@case('cat ends when another program closes the session: well, unless bytes were lost')
def _(server):
    blocks = threading.Semaphore(0)

    def take(attributes, text):
        """Accepts, and acknowledges no block."""
        if b'<data' in text:
            blocks.release()
        elif attributes['type'] in ('get', 'set'):
            there.answer(attributes, "<query xmlns='http://jabber.org/protocol/disco#info'/>" if b'disco#info' in text else '')

    there = Played(server, 'bob@localhost/ibb', take)
    alice = server.account('alice')
    jid = f'{alice.bare}/desk'
    for number, (bytes_sent, status) in enumerate(((b'', 0), (b'lost', 1))):
        here = alice.ibb('cat', '--sid', f'talk{number}', there.jid, account=alice.options(resource='desk'),
                         env={'G_MESSAGES_DEBUG': 'ibb-glib'}, stdin=subprocess.PIPE)
        here.wait_line(f'Session talk{number} .*: open, blocks of')
        here.stdin.write(bytes_sent)
        here.stdin.flush()
        if bytes_sent:
            check(blocks.acquire(timeout=cases.PATIENCE), 'a block')
        for name, text in (('data', 'seq="0">aGVsbG8=</data'), ('close', '/')):
            there.say('iq', f'<{name} xmlns="http://jabber.org/protocol/ibb" sid="talk{number}" {text}>', type='set', id=name,
                      to=jid)
        check_equal(here.finish(), status, f'status after {here.lines}')
        check_equal(here.output, b'hello', 'output')
        check_equal(any('takes no more bytes' in line for line in here.errors()), bool(status), 'an error')


@case('listen ends when another program closes the session while its input is open, and answers when all is stored')
def _(server):
    def take(attributes, text):
        if attributes['type'] == 'result':
            sizes.append(os.path.getsize(target))
            answered.release()
        elif attributes['type'] in ('get', 'set'):
            there.answer(attributes, "<query xmlns='http://jabber.org/protocol/disco#info'/>" if b'disco#info' in text else '')

    target, sizes, answered = Folder() / 'copy', [], threading.Semaphore(0)
    there = Played(server, 'bob@localhost/ibb', take)
    with open(target, 'wb') as output:
        here = server.account('alice').ibb('listen', '--from', 'any', stdin=subprocess.PIPE, stdout=output)
    for name, text in (('open', 'block-size="4096" stanza="iq"/'), ('data', 'seq="0">aGVsbG8=</data'), ('close', '/')):
        there.say('iq', f'<{name} xmlns="http://jabber.org/protocol/ibb" sid="talk" {text}>', type='set', id=name,
                  to=here.wait_ready())
        check(answered.acquire(timeout=cases.PATIENCE), f'an answer to {name}')
    check_equal(sizes[-1], 5, 'bytes that were stored before the answer to the close')
    here.expect_done()


@case('a receiver that is killed and started again: the sender is told to send again')
def _(server):
    there, jid = waiting(server, Folder() / 'copy', '--json')
    here = server.account('alice').ibb('send', '/dev/zero', jid)
    there.wait_event('progress', bytes=1)
    os.kill(there.pid, signal.SIGKILL)
    there.finish()
    there, _ = waiting(server, Folder() / 'copy')
    # The old session was refused by its successor, or given up before that was there.
    here.expect_failure(jid, ' again', perhaps=['^The session with “.*” waits until both ends are online$'])
    there.stop(-signal.SIGTERM)


# The descriptors

@case('a closed standard descriptor takes no data of the session, and data for it is an error')
def _(server):
    bob, alice = server.account('bob'), server.account('alice')
    source = Folder().make('original', 100000)
    # No descriptor of the file, or of the network, takes the place of the one that is closed.
    for closed in ('0<&-', '1>&-', '2>&-', '<&- >&- 2>&-'):
        target = Folder()
        there, jid = waiting(server, target / 'copy')
        check_equal(closed_at(closed, alice, 'send', source, jid).finish(), 0, f'status of send {closed}')
        there.expect_done()
        check_equal(sha256(target / 'copy'), sha256(source), f'SHA-256, send {closed}')
        os.unlink(target / 'copy')
        there = closed_at(closed, bob, 'receive', '-o', target / 'copy', '--from', 'any')
        # It cannot say when it is ready: it may be offline.
        while (here := alice.ibb('send', source, jid)).finish() != 0:
            check(re.search('service-unavailable|not-acceptable', here.lines[-1]), here.lines)
        check_equal(there.finish(), 0, f'status of receive {closed}')
        check_equal(sha256(target / 'copy'), sha256(source), f'SHA-256, receive {closed}')
        check_equal(target.names(), ['copy'], 'files')
    there = closed_at('>&-', bob, 'receive', '-o', '-', '--from', 'any')
    here = alice.ibb('send', '/dev/zero', there.wait_ready())
    there.expect_failure('standard output', 'Bad file descriptor')
    here.expect_failure(jid)
    there = bob.ibb('listen', '--from', 'any')
    closed_at('<&-', alice, 'cat', there.wait_ready()).expect_failure('standard input', 'Bad file descriptor')
    there.expect_failure('alice@')


if __name__ == '__main__':
    cases.main(FakeServer)
