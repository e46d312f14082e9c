#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-42: the commands that wait stay up: they log in again when the server was restarted, and
end with the reason where that cannot help."""

import os
import re
import shutil
import signal
import subprocess
import threading

import cases
from cases import PATIENCE, Skip, case, check, check_equal
from command import REFUSED, ROOT, Folder, sha256
from fake_xmpp import FakeServer
from tunnel import Tunnel, expect_reset

MIB = 1 << 20
# Sessions end with their connection.
ENDS = ('--resume-timeout', '0')


def count(program, *names):
    return sum(event['event'] in names for event in program.events())


def wait_for_count(program, name, number):
    program.wait_for(lambda: count(program, name) >= number, f'{number} {name}')


def is_served(here, tunnel, text):
    """The bytes of the client reach the service, and its answer reaches the client."""
    here.sendall(text)
    there = tunnel.target.accept()
    check_equal(there.recv(100), text, 'what the service gets')
    there.sendall(text[::-1])
    check_equal(here.recv(100), text[::-1], 'what the client gets')
    return there


@case('expose and forward go on when the server was restarted')
def _(server):
    tunnel = Tunnel(server, expose=ENDS, forward=ENDS)
    ends = (tunnel.expose, tunnel.forward)
    lost = tunnel.connect()
    there = is_served(lost, tunnel, b'before')
    server.go()
    for end in ends:
        wait_for_count(end, 'disconnected', 1)
    # The session of the lost connection has failed, at both ends.
    expect_reset(lost)
    expect_reset(there)
    # The port goes on listening, and what comes now is kept.
    kept = [tunnel.connect() for _ in range(6)]
    for number, one in enumerate(kept):
        one.sendall(b'meanwhile %d' % number)
    server.listen()
    texts = set()
    for _ in kept:
        inside = tunnel.target.accept()
        texts.add(inside.recv(100))
        inside.close()
    check_equal(texts, {b'meanwhile %d' % number for number in range(6)}, 'what was kept')
    for end in ends:
        wait_for_count(end, 'reconnected', 1)
    check_equal(tunnel.expose.wait_event('reconnected')['jid'], tunnel.jid, 'address')
    here = tunnel.connect()
    is_served(here, tunnel, b'after')
    for end in ends:
        check_equal(count(end, 'disconnected', 'reconnected'), 2, 'events')
        # Each session is told of to who counts them, and one line to who reads.
        check(count(end, 'error') >= 1, 'the session that was lost')
        check_equal(end.errors(), [], 'errors')
    for end in ends:
        end.stop()


@case('D-58: a file outlives five restarts of the server')
def _(server):
    folder = Folder()
    source = folder.make('original', 4 * MIB)
    receive = server.account('bob').ibb('receive', '--json', '--from', 'any', '--output', folder / 'copy')
    jid = receive.wait_ready()
    gone = threading.Semaphore(0)

    def go(*_):
        server.go()
        gone.release()

    with server.lock:
        send = server.account('alice').ibb('send', '--json', source, jid)
        server.when('<data ', go, 'alice', 10)
    for number in range(1, 6):
        check(gone.acquire(timeout=PATIENCE), 'ten blocks')
        if number < 5:
            server.when('<data ', go, 'alice', 10)
        server.listen()
    for end in (send, receive):
        end.expect_done()
        # A session that goes on and is lost again before the program looks has told of one interruption.
        for name in ('interrupted', 'continued'):
            check(1 <= count(end, name) <= 5, name)
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')


@case('a file whose offer was lost with the connection is offered again')
def _(server):
    receive = server.account('bob').ibb('receive', '--directory', Folder().path, '--from', 'any', '--count', '1')
    jid = receive.wait_ready()
    server.when('session-initiate', lambda *_: server.go() or True, 'alice')
    here = server.account('alice').ibb('send', Folder().make('original', MIB), jid)
    for end in (here, receive):
        end.wait_line('logging in again$')
    # The receiver may come back later than the sender.
    server.when(f"to='{jid}'", lambda client, attributes: client.refuse(attributes, 'service-unavailable') or True, 'alice')
    server.listen()
    check_equal((here.finish(), receive.finish()), (0, 0), f'{here.lines} {receive.lines}')


@case('forward says that a connection waits for a peer that has not come back')
def _(server):
    tunnel = Tunnel(server, expose=ENDS, forward=ENDS)
    os.kill(tunnel.expose.pid, signal.SIGSTOP)
    server.go()
    server.listen()
    wait_for_count(tunnel.forward, 'reconnected', 1)
    clients = [tunnel.connect() for _ in range(2)]
    waiting = tunnel.forward.wait_event('waiting')
    check_equal(waiting['step'], f'waiting for “{tunnel.jid}” to answer', 'step')
    os.kill(tunnel.expose.pid, signal.SIGCONT)
    for client in clients:
        is_served(client, tunnel, b'at last')
    # One line for all connections of the outage.
    check_equal(count(tunnel.forward, 'waiting'), 1, 'events')
    check_equal(tunnel.forward.errors(), [], 'errors')


@case('D-58: expose and forward keep their sessions')
def _(server):
    tunnel = Tunnel(server)
    here = [tunnel.connect() for _ in range(3)]
    there = [is_served(one, tunnel, b'before') for one in here]
    server.go()
    for end in (tunnel.expose, tunnel.forward):
        wait_for_count(end, 'disconnected', 1)
    for one in here:
        one.sendall(b'meanwhile')
    server.listen()
    for one, other in zip(here, there):
        check_equal(other.recv(100), b'meanwhile', 'what the service gets')
        other.sendall(b'after')
        check_equal(one.recv(100), b'after', 'what the client gets')
        one.close()
        other.close()
    tunnel.wait_events('done', len(here))
    tunnel.end()


@case('D-27, D-42: a command says what its session waits for')
def _(server):
    lost = FakeServer()
    waiting = lost.account('bob').ibb('receive', '--json', '--from', 'any', '--output', Folder() / 'copy')
    talking = lost.account('alice').ibb('cat', waiting.wait_ready(), stdin=subprocess.PIPE)
    # A byte that arrives tells that the session is open at both ends.
    talking.stdin.write(b'1')
    talking.stdin.flush()
    waiting.wait_event('progress', bytes=1)
    lost.go()
    talking.wait_line('^The session with “bob@localhost/.*” waits until both ends are online$')

    bob, alice = server.account('bob'), server.account('alice')
    receive = bob.ibb('receive', '--from', 'any', '--output', Folder() / 'copy', '--peer-timeout', '10')
    here = alice.ibb('cat', '--peer-timeout', '10', receive.wait_ready(), stdin=subprocess.PIPE)
    # From the first block on neither end hears the other, but each its server.
    server.when('<data ', lambda *_: server.when(' to=.(alice|bob)@', lambda *_: True, number=0) or True, 'alice')
    here.stdin.write(b'to nobody')
    here.stdin.flush()
    here.wait_line(f'^Waiting for “{bob.bare}/.*”, which does not answer$')
    receive.wait_line(f'^Waiting for “{alice.bare}/.*”, which does not answer$')
    event, opened = waiting.wait_event('waiting'), waiting.wait_event('opened')
    check_equal((event['for'], event['domain']), ('connection', 'g-io-error-quark'), 'event')
    check_equal((event['peer'], event['sid']), (opened['peer'], opened['sid']), 'the session of the event')


@case('receive and listen go on waiting after a new login, and tell of the loss and the login')
def _(server):
    folder = Folder()
    source = folder.make('original', MIB)
    alice, bob = server.account('alice'), server.account('bob')
    receive = bob.ibb('receive', '--json', '--output', folder / 'copy', '--from', 'any')
    with open(folder / 'heard', 'wb') as output:
        listen = bob.ibb('listen', '--from', 'any', stdout=output, account=bob.options(resource='listen'))
    jids = [one.wait_ready() for one in (receive, listen)]
    server.go()
    receive.wait_event('disconnected')
    listen.wait_line('logging in again$')
    server.listen()
    receive.wait_event('reconnected')
    listen.wait_line(f'^Logged in again as {re.escape(jids[1])}$')
    check_equal(len(listen.lines), 3, f'lines: {listen.lines}')
    alice.ibb('send', source, jids[0]).expect_done()
    receive.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    check_equal([event['event'] for event in receive.events() if event['event'] != 'progress'],
                ['ready', 'disconnected', 'reconnected', 'opened', 'done'], 'events')
    with open(source, 'rb') as file:
        here = alice.ibb('cat', jids[1], stdin=file)
    here.expect_done()
    listen.expect_done()
    check_equal(sha256(folder / 'heard'), sha256(source), 'SHA-256')


@case('bytes that have arrived are written after the loss of the connection')
def _(server):
    source = Folder().make('source', 100000)
    read_end, write_end = os.pipe()
    listen = server.account('bob').ibb('listen', '--from', 'any', *ENDS, stdin=subprocess.PIPE, stdout=write_end)
    os.close(write_end)
    here = server.account('alice').ibb('send', '--json', *ENDS, source, listen.wait_ready())
    # More than the pipe takes.
    here.wait_event('progress', bytes=100000)
    server.go()
    here.finish()
    with open(read_end, 'rb') as file, open(source, 'rb') as expected:
        check(file.read() == expected.read(), 'what was written')
    check_equal(listen.finish(), 1, 'exit status')


@case('the example of a systemd unit works, and the manual page has the same')
def _(server):
    with open(os.path.join(ROOT, 'examples', 'ibb-expose.service'), encoding='utf-8') as file:
        unit = file.read()
    with open(os.path.join(ROOT, 'doc', 'ibb.1'), encoding='utf-8') as file:
        page = file.read().replace('\\-', '-').replace('\\e', '\\')
    command = re.search(r'^ExecStart=ibb ((?:.*\\\n)*.*)$', unit, re.M).group(1)
    check(command in page, 'the manual page has the same command')
    final = re.search(r'^RestartPreventExitStatus=(.*)$', unit, re.M)
    check(final.group() in page, 'the manual page ends at the same statuses')
    check_equal(final.group(1).split(), ['2', str(REFUSED)], 'statuses after which it is not started again')
    folder = Folder()
    bob = server.account('bob')
    with open(folder / 'password', 'w', encoding='utf-8') as file:
        file.write(bob.password + '\n')
    os.chmod(folder / 'password', 0o600)
    words = command.replace('\\\n', '').replace('%d', folder.path).split()
    words[words.index('home@example.org')] = bob.bare
    words[words.index('romeo@example.net')] = 'alice@localhost'
    program = bob.ibb(words[0], *words[1:], account=bob.options()[2:], env={'IBB_PASSWORD': ''})
    check_equal(program.wait_ready(), f'{bob.bare}/ibb', 'address')
    os.kill(program.pid, signal.SIGTERM)
    program.expect_done()
    # The same with a wrong password: trying again gets the address banned.
    with open(folder / 'password', 'w', encoding='utf-8') as file:
        file.write('wrong\n')
    program = bob.ibb(words[0], *words[1:], account=bob.options()[2:], env={'IBB_PASSWORD': ''})
    program.expect_failure(bob.bare, code=REFUSED)


@case('systemd-analyze rates the examples of units OK')
def _(_server):
    if not shutil.which('systemd-analyze'):
        raise Skip('there is no systemd-analyze')
    for name in 'expose', 'receive':
        with open(os.path.join(ROOT, 'examples', f'ibb-{name}.service'), encoding='utf-8') as file:
            unit = file.read().splitlines()
        # Without it the filter kills a service in which GLib starts a thread.
        check('SystemCallErrorNumber=EPERM' in unit, f'{name}: a filtered call fails')
        check(f'Environment=HOME=%S/ibb-{name}' in unit, f'{name}: a key for --encrypt has a place')
        done = subprocess.run(('systemd-analyze', 'security', '--offline=true', '--threshold=40',
                               os.path.join(ROOT, 'examples', f'ibb-{name}.service')), check=False, capture_output=True, text=True)
        check_equal(done.returncode, 0, f'{name}: {done.stdout[-200:]}{done.stderr}')


if __name__ == '__main__':
    cases.main(FakeServer)
