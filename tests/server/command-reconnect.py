#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-42: the commands that wait stay up: they log in again when the server was restarted, and
end with the reason where that cannot help."""

import os
import re
import signal
import socket
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
from cases import PATIENCE, case, check, check_equal
from command import REFUSED, ROOT, Account, Folder, sha256
from cut_proxy import CutProxy
from servers import make_server
from tunnel import Target, Tunnel, expect_reset, tcp_socket

MIB = 1 << 20
# Sessions end with their connection.
ENDS = ('--resume-timeout', '0')


def count(program, *names):
    return sum(event['event'] in names for event in program.events())


def wait_for_count(program, name, number):
    program.wait_for(lambda: count(program, name) >= number, f'{number} {name}')


def is_served(here, target, text):
    """The bytes of the client reach the service, and its answer reaches the client."""
    here.sendall(text)
    there = target.accept()
    check_equal(there.recv(100), text, 'what the service gets')
    there.sendall(text[::-1])
    check_equal(here.recv(100), text[::-1], 'what the client gets')
    return there


@case('expose and forward go on when the server was restarted')
def _():
    for resumes in (False, True):
        with make_server(resumes) as server:
            target = Target()
            tunnel = Tunnel(server, target.port, expose=ENDS, forward=ENDS)
            ends = (tunnel.expose, tunnel.forward)
            lost = tunnel.connect()
            there = is_served(lost, target, b'before')
            server.kill()
            if resumes:
                server.restart()
            for end in ends:
                wait_for_count(end, 'disconnected', 1)
            # The session of the lost connection has failed, at both ends.
            expect_reset(lost)
            expect_reset(there)
            if not resumes:
                # The port goes on listening, and what comes now is kept.
                kept = [tunnel.connect() for _ in range(6)]
                for number, one in enumerate(kept):
                    one.sendall(b'meanwhile %d' % number)
                server.restart()
                texts = set()
                for _ in kept:
                    inside = target.accept()
                    texts.add(inside.recv(100))
                    inside.close()
                check_equal(texts, {b'meanwhile %d' % number for number in range(6)}, 'what was kept')
            for end in ends:
                wait_for_count(end, 'reconnected', 1)
            check_equal(tunnel.expose.wait_event('reconnected')['jid'], tunnel.jid, 'address')
            here = tunnel.connect()
            there = is_served(here, target, b'after')
            for end in ends:
                check_equal(count(end, 'disconnected', 'reconnected'), 2, 'events')
                # --resume-timeout 0: no session waits for anything.
                check_equal(count(end, 'suspended'), 0, 'suspended')
                # Each session is told of to who counts them, and one line to who reads.
                check(count(end, 'error') >= 1, 'the session that was lost')
                check_equal(end.errors(), [], 'errors')
            for end in ends:
                end.stop()


@case('D-58: a file outlives five restarts of the server')
def _():
    for resumes, n_restarts in ((False, 2), (True, 5)):
        with make_server(resumes) as server:
            folder = Folder()
            source = folder.make('original', 12 * MIB)
            receive = Account(server, 'bob').ibb('receive', '--json', '--from', 'any',
                                                 '--output', folder / 'copy')
            # So many bytes have left when the server ends: the file has more.
            way = CutProxy(server.port, [number * 3 * MIB for number in range(1, n_restarts + 1)], stay_away=True)
            alice = Account(server, 'alice')
            send = alice.ibb('send', '--json', source, receive.wait_ready(), account=alice.options(port=way.port))
            lost = 'suspended' if resumes else 'interrupted'
            for number in range(1, n_restarts + 1):
                wait_for_count(send, lost, number)
                server.kill()
                # A stream that can be resumed is lost once the new server knows nothing of it.
                wait_for_count(receive, lost, number)
                server.restart()
                way.let_in()
                for end in (send, receive):
                    wait_for_count(end, 'continued', number)
            for end in (send, receive):
                end.expect_done()
                check_equal(count(end, 'disconnected', 'reconnected'), 2 * n_restarts, 'logins')
            check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')


@case('D-58: expose and forward keep their sessions')
def _():
    with make_server() as server:
        target = Target()
        tunnel = Tunnel(server, target.port)
        here = [tunnel.connect() for _ in range(3)]
        there = [is_served(one, target, b'before') for one in here]
        server.kill()
        for end in (tunnel.expose, tunnel.forward):
            wait_for_count(end, 'disconnected', 1)
        for one in here:
            one.sendall(b'meanwhile')
        server.restart()
        for one, other in zip(here, there):
            check_equal(other.recv(100), b'meanwhile', 'what the service gets')
            other.sendall(b'after')
            check_equal(one.recv(100), b'after', 'what the client gets')
            one.close()
            other.close()
        tunnel.wait_events('done', len(here))
        tunnel.end()


@case('D-27, D-42: a command says what its session waits for')
def _():
    with make_server() as server:
        folder = Folder()
        bob, alice = Account(server, 'bob'), Account(server, 'alice')
        killed = bob.ibb('listen', '--from', 'any')
        here = alice.ibb('cat', '--peer-timeout', '10', killed.wait_ready(), stdin=-1)
        killed.wait_line('^Session from')
        receive = bob.ibb('receive', '--json', '--from', 'any', '--output', folder / 'copy',
                          account=bob.options(resource='other'))
        alice.ibb('cat', receive.wait_ready(), stdin=-1, account=alice.options(resource='other'))
        receive.wait_event('opened')
        os.kill(killed.pid, signal.SIGKILL)
        here.stdin.write(b'to nobody')
        here.stdin.flush()
        here.wait_line(f'^Waiting for “{bob.bare}/.*which does not answer')
        server.kill()
        waiting = receive.wait_event('waiting')
        check_equal((waiting['for'], waiting['domain']), ('connection', 'g-io-error-quark'), 'event')


@case('D-27: a killed peer whose server keeps its connection: either end says for whom it waits')
def _():
    with make_server(resumes=True) as server:
        folder = Folder()
        bob, alice = Account(server, 'bob'), Account(server, 'alice')
        # A tenth of the usual time until the peer is asked, and half of that until it is told.
        patience = '--peer-timeout', '60'
        receive = bob.ibb('receive', '--from', 'any', '--output', folder / 'copy', *patience)
        here = alice.ibb('send', '-', receive.wait_ready(), stdin=-1)
        other = bob.ibb('receive', '--json', '--from', 'any', '--output', folder / 'other',
                        account=bob.options(resource='other'))
        there = alice.ibb('send', '/dev/zero', other.wait_ready(), *patience,
                          account=alice.options(resource='other'))
        receive.wait_line('^Session from')
        other.wait_event('progress', bytes=1)
        for killed in (here, other):
            os.kill(killed.pid, signal.SIGKILL)
        receive.wait_line(f'^Waiting for “{alice.bare}/.*”, which does not answer$')
        there.wait_line(f'^Waiting for “{bob.bare}/other”, which does not answer$')


@case('standard error tells of the loss, the login and the session')
def _():
    with make_server() as server:
        bob = Account(server, 'bob')
        expose = bob.ibb('expose', '--to', '127.0.0.1:9')
        jid = expose.wait_ready()
        server.kill()
        expose.wait_line('logging in again$')
        server.restart()
        expose.wait_line(f'^Logged in again as {re.escape(jid)}$')
        check_equal(len(expose.lines), 4, f'lines: {expose.lines}')
        os.kill(expose.pid, signal.SIGTERM)
        expose.expect_done()


@case('receive and listen go on waiting after a new login')
def _():
    with make_server() as server:
        folder = Folder()
        source = folder.make('original', MIB)
        alice, bob = Account(server, 'alice'), Account(server, 'bob')
        receive = bob.ibb('receive', '--json', '--output', folder / 'copy', '--from', 'any')
        with open(folder / 'heard', 'wb') as output:
            listen = bob.ibb('listen', '--from', 'any', stdout=output,
                             account=bob.options(resource='listen'))
        jids = [one.wait_ready() for one in (receive, listen)]
        server.kill()
        receive.wait_event('disconnected')
        listen.wait_line('logging in again$')
        server.restart()
        receive.wait_event('reconnected')
        listen.wait_line('^Logged in again')
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
def _():
    with make_server() as server:
        source = Folder().make('source', 100000)
        read_end, write_end = os.pipe()
        listen = Account(server, 'bob').ibb('listen', '--from', 'any', *ENDS, stdin=-1,
                                            stdout=write_end)
        os.close(write_end)
        here = Account(server, 'alice').ibb('send', '--json', *ENDS, source, listen.wait_ready())
        # More than the pipe takes.
        here.wait_event('progress', bytes=100000)
        server.kill()
        here.finish()
        with open(read_end, 'rb') as file, open(source, 'rb') as expected:
            check(file.read() == expected.read(), 'what was written')
        check_equal(listen.finish(), 1, 'exit status')


@case('a signal ends the wait')
def _():
    with make_server() as server:
        bob = Account(server, 'bob')
        programs = [(bob.ibb('expose', '--json', '--to', '127.0.0.1:9'), 0),
                    (bob.ibb('forward', '--json', '--listen', '0', f'alice@{server.domain}'), 0),
                    (bob.ibb('receive', '--json', '--output', os.devnull,
                             account=bob.options(resource='receive')), -signal.SIGTERM)]
        for program, _ in programs:
            program.wait_ready()
        server.kill()
        for program, _ in programs:
            program.wait_event('disconnected')
        # A connection that waits does not hold the end up.
        port = programs[1][0].wait_event('ready')['port']
        kept = tcp_socket(socket.create_connection(('127.0.0.1', port), PATIENCE))
        for program, status in programs:
            program.stop(status)
        expect_reset(kept)


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
    bob = Account(server, 'bob')
    with open(folder / '.ibb', 'w', encoding='utf-8') as file:
        file.write(bob.password + '\n')
    os.chmod(folder / '.ibb', 0o600)
    words = command.replace('\\\n', '').replace('%h', folder.path).split()
    words[words.index('home@example.org')] = bob.bare
    words[words.index('romeo@example.net')] = Account(server, 'alice').bare
    program = bob.ibb(words[0], *words[1:], account=bob.options()[2:], env={'IBB_PASSWORD': ''})
    check_equal(program.wait_ready(), f'{bob.bare}/ibb', 'address')
    os.kill(program.pid, signal.SIGTERM)
    program.expect_done()
    # The same with a wrong password: trying again gets the address banned.
    with open(folder / '.ibb', 'w', encoding='utf-8') as file:
        file.write('wrong\n')
    program = bob.ibb(words[0], *words[1:], account=bob.options()[2:], env={'IBB_PASSWORD': ''})
    program.expect_failure(bob.bare, code=REFUSED)


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
