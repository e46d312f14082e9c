#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How ibb expose shares its sessions, and what it says of those that it refuses."""

import collections
import os
import re
import resource
import signal
import socket
import struct
import threading
import time

import cases
from cases import PATIENCE, case, check, check_equal
from command import Account, Folder
from fake_xmpp import FakeServer, Played
from tunnel import Target, expect_reset, expect_reset_at, tcp_socket


def get_port(forward):
    forward.wait_ready()
    return forward.wait_event('ready')['port']


def connect(forward):
    return tcp_socket(socket.create_connection((cases.LOOPBACK, get_port(forward)), PATIENCE))


def is_served(here, target):
    """Whether the connection gets through to the service."""
    there = target.accept()
    here.sendall(b'hello')
    check_equal(there.recv(5), b'hello', 'what came')
    return there


@case('each peer has a share of the sessions')
def _(server):
    bob = Account(server, 'bob')
    alice, carol = Account(server, 'alice'), Account(server, 'carol')
    # One account is refused all that the other has a right to, in whatever order they ask.
    for arguments, share in ((('--max-sessions', '4', '--from', alice.bare, '--from', carol.bare), 2),
                             (('--max-sessions', '5', '--from', f'{alice.bare}/a', '--from', alice.bare,
                               '--from', carol.bare), 2),
                             (('--max-sessions', '8', '--from', 'any'), 2),
                             (('--max-sessions', '8', '--from', 'any', '--max-per-peer', '3'), 3),
                             (('--max-sessions', '3', '--from', 'any'), 1),
                             (('--max-sessions', '1', '--max-per-peer', '1', '--from', 'any'), 1)):
        target = Target()
        expose = bob.ibb('expose', '--to', f'{cases.LOOPBACK}:{target.port}', *arguments)
        jid = expose.wait_ready()
        # Two clients of one account are one peer.
        forwards = [alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jid) for _ in range(2)]
        taken = []
        for number in range(share):
            here = connect(forwards[number % 2])
            taken.append((here, is_served(here, target)))
        # One that was never let in does not ask again.
        late = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jid)
        expect_reset_at(get_port(late))
        late.wait_event('error')
        expose.wait_line(f'limit of {share} session')
        if '1' not in arguments:
            other = carol.ibb('forward', '--json', '--listen', cases.FREE_PORT, jid)
            is_served(connect(other), target)
        # A place that is given back is one that is free.
        for connection in taken.pop():
            connection.close()
        # It is expose that counts, and it may hear of the end later than the other side.
        expose.wait_line('^Session with ')
        is_served(connect(late), target)
        expose.stop()


@case('a program that does not answer gives its places to another one of its account')
def _(server):
    bob, alice = Account(server, 'bob'), Account(server, 'alice')
    target = Target()
    expose = bob.ibb('expose', '--to', f'{cases.LOOPBACK}:{target.port}', '--max-sessions', '2', '--from', alice.bare)
    jid = expose.wait_ready()
    first, second = (alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jid) for _ in range(2))
    held = [connect(first) for _ in range(2)]
    there = [is_served(here, target) for here in held]
    # One that answers keeps what it has.
    questions, answered = [], threading.Event()

    def ask(_client, attributes):
        if attributes.get('to', '').startswith(alice.bare):
            questions.append(attributes['id'])
            server.when(f"id=['\"]{attributes['id']}['\"]", lambda *_: answered.set(), 'alice')

    server.when('urn:xmpp:ping', ask, 'bob', number=0)
    expect_reset_at(get_port(second))
    expose.wait_line('limit of 2 sessions')
    held[0].sendall(b'still here')
    check_equal(there[0].recv(10), b'still here', 'what came')
    check(answered.wait(PATIENCE), 'the answer to the first question')
    first.pause()
    # Any number of these may come before expose has taken that answer, and asks again.
    while len(questions) == 1:
        expect_reset_at(get_port(second))
    expose.wait_line('does not answer: its session was ended to make room for another one')
    is_served(connect(second), target)


@case('the own account may have all sessions')
def _(server):
    target = Target()
    bob = Account(server, 'bob')
    expose = bob.ibb('expose', '--to', f'{cases.LOOPBACK}:{target.port}', '--max-sessions', '5')
    forward = bob.ibb('forward', '--json', '--listen', cases.FREE_PORT, expose.wait_ready())
    for _ in range(5):
        is_served(connect(forward), target)
    late = bob.ibb('forward', '--json', '--listen', cases.FREE_PORT, expose.wait_ready())
    expect_reset_at(get_port(late))


@case('a session in which nothing moves ends after an hour, unless --timeout is 0')
def _(server):
    target = Target()
    clock = Folder() / 'clock'
    with open(clock, 'wb') as file:
        file.write(bytes(24))
    env = {'LD_PRELOAD': os.environ['IBB_TEST_FAKE_WALL_CLOCK'], 'IBB_TEST_WALL_CLOCK': clock}
    alice, bob = Account(server, 'alice'), Account(server, 'bob')
    answers = collections.Counter()
    server.when("type=['\"]result['\"]", lambda _client, attributes: answers.update((attributes['to'],)), 'alice',
                number=0)
    taken = threading.Semaphore(0)
    asking = Played(server, 'carol@localhost/asking', lambda *_: taken.release())
    expose = bob.ibb('expose', '--json', '--to', f'{cases.LOOPBACK}:{target.port}', '--from', 'any', env=env)
    patient = bob.ibb('expose', '--json', '--to', f'{cases.LOOPBACK}:{target.port}', '--from', 'any',
                      '--timeout', '0', account=bob.options(resource='patient'), env=env)
    jids = expose.wait_ready(), patient.wait_ready()
    here = connect(alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jids[0]))
    is_served(here, target)
    kept = connect(alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jids[1]))
    there = is_served(kept, target)
    # Only now, as a machine may take seconds for what is before. The command looks four times an hour. Each program asks
    # whether its peer is there, and a peer that has not answered for an hour has gone.
    hour = 0
    with open(clock, 'r+b', buffering=0) as file:
        while b'"error"' not in expose.output and not expose.has_ended(0):
            before = answers.copy()
            hour += 3600
            file.seek(16)
            file.write(struct.pack('q', hour))
            while (not all(answers[jid] > before[jid] for jid in jids) and b'"error"' not in expose.output and
                   not expose.has_ended(0.02)):
                pass
            for jid in jids:
                asking.say('iq', "<ping xmlns='urn:xmpp:ping'/>", type='get', id='taken', to=jid)
                check(taken.acquire(timeout=PATIENCE), f'an answer of {jid}')
    error = expose.wait_event('error')
    check_equal(error['code'], 'timed-out', 'code')
    check('3600 s' in error['message'], error['message'])
    expect_reset(here)
    there.sendall(b'still here')
    check_equal(kept.recv(10), b'still here', 'what came')


@case('a stranger who asks again and again causes few lines')
def _(server):
    count = 300
    for command in (['expose', '--to', '127.0.0.1:9'], ['listen']):
        bob = Account(server, 'bob')
        there = bob.ibb(*command)
        jid = there.wait_ready()
        answered = threading.Semaphore(0)
        stranger = Played(server, 'carol@localhost/here',
                          lambda attributes, _, answered=answered: attributes['type'] == 'error' and answered.release())
        begin = time.monotonic()
        for number in range(count):
            stranger.say('iq', f"<open sid='s{number}' xmlns='http://jabber.org/protocol/ibb' block-size='4096'/>",
                         type='set', id=f'o{number}', to=jid)
            # One at a time: a few requests at once are as many as the library lets through.
            check(answered.acquire(timeout=PATIENCE), 'an answer')
        os.kill(there.pid, signal.SIGTERM)
        there.finish()
        lines = [line for line in there.lines if line.startswith('Refused ')]
        own = [line for line in lines if 'carol@' in line]
        more = [int(re.match(r'Refused (\d+) more session', line).group(1)) for line in lines
                if 'carol@' not in line]
        check_equal(len(own) + sum(more), count, f'all are counted: {lines}')
        # Five in ten seconds, and a count of the others.
        intervals = int(time.monotonic() - begin) // 10 + 1
        check(len(own) >= 5 and len(lines) <= 6 * intervals, f'{len(lines)} lines')


def ready_jids(expose, count):
    expose.wait_for(lambda: sum(event['event'] == 'ready' for event in expose.events()) == count, 'the ready events')
    return [event['jid'] for event in expose.events() if event['event'] == 'ready']


@case('--service: each has an address, limits and a login of its own')
def _(server):
    bob, alice = Account(server, 'bob'), Account(server, 'alice')
    web, ssh = Target(), Target()
    expose = bob.ibb('expose', '--json', '--service', f'web={cases.LOOPBACK}:{web.port}', '--service', f'ssh={cases.LOOPBACK}:{ssh.port}',
                     '--from', alice.bare, '--max-sessions', '1')
    jids = ready_jids(expose, 2)
    check_equal(jids, [f'{bob.bare}/web', f'{bob.bare}/ssh'], 'the addresses')
    for jid in jids:
        expose.wait_line(f'^ready {jid}$')
    to_web, to_ssh = (alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jid) for jid in jids)
    here_web = connect(to_web)
    there_web = is_served(here_web, web)
    # The limit of one is not that of the other, and neither is its refusal.
    late = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jids[0])
    expect_reset_at(get_port(late))
    expose.wait_line('limit of 1 session is reached')
    here_ssh = connect(to_ssh)
    there_ssh = is_served(here_ssh, ssh)
    # Another login takes one resource for good, and at last the other one.
    with server.lock:
        server.clients[jids[0]].end('conflict')
    expose.wait_line(f'“{jids[0]}” cannot be reached any more: .*resource')
    expect_reset(there_web)
    there_ssh.sendall(b'goes on')
    check_equal(here_ssh.recv(7), b'goes on', 'what came')
    for connection in (here_ssh, there_ssh):
        connection.close()
    to_ssh.wait_event('done')
    expose.wait_event('done')
    is_served(connect(to_ssh), ssh)
    with server.lock:
        server.clients[jids[1]].end('conflict')
    check_equal(expose.finish(), 3, 'status')
    for jid, error in zip(jids, expose.errors(), strict=True):
        check(f'“{jid}”' in error and error.endswith('a resource of its own, as in --service NAME=WHERE'), error)
        check('max_user_sessions' in error, error)


@case('--service: a line says where the server allows hardly more logins')
def _(server):
    bob = Account(server, 'bob')

    def answer(client, attributes):
        client.send(f"<iq type='result' id='{attributes['id']}' from='localhost' to='{client.jid}'>"
                    "<query xmlns='jabber:iq:version'><name>ejabberd</name><version>23.01</version></query></iq>")
        return True

    server.when('jabber:iq:version', answer, 'bob')
    services = [word for number in range(9) for word in ('--service', f's{number}=127.0.0.1:9')]
    expose = bob.ibb('expose', '--from', bob.bare, *services)
    expose.wait_line('“localhost” is ejabberd, which allows an account 10 logins')
    expose.stop()


@case('the soft limit of files is raised, and no session is let in for which there are no descriptors')
def _(server):
    bob, alice = Account(server, 'bob'), Account(server, 'alice')

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, 50))

    target = Target()
    expose = bob.ibb('expose', '--to', f'{cases.LOOPBACK}:{target.port}', '--from', alice.bare, prepare=limit)
    jid = expose.wait_ready()
    expose.wait_line('of 50 open files')
    count = int(next(match[1] for line in expose.lines if (match := re.match(r'There can be (\d+) session', line))))
    forward = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jid)
    taken = []
    for _ in range(count):
        here = connect(forward)
        taken.append((here, is_served(here, target)))
    late = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, jid)
    expect_reset_at(get_port(late))
    expose.wait_line('Refused a session from “alice@.*too many files are open')
    for end in taken.pop():
        end.close()
    forward.wait_event('done')
    expose.wait_for(lambda: any(line.startswith('Session with') for line in expose.lines), 'the end')
    again = connect(late)
    is_served(again, target)


@case('clients wait while the queue of a socket file is full')
def _(server):
    bob, alice = Account(server, 'bob'), Account(server, 'alice')
    path = str(Folder() / 'socket')
    with socket.socket(socket.AF_UNIX) as service, socket.socket(socket.AF_UNIX) as first:
        service.bind(path)
        service.listen(0)
        service.settimeout(PATIENCE)
        first.connect(path)
        expose = bob.ibb('expose', '--to', f'unix:{path}', '--from', alice.bare)
        forward = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, expose.wait_ready())
        clients = [connect(forward) for _ in range(6)]
        # One beside the others has been through the whole way since.
        target = Target()
        other = bob.ibb('expose', '--to', f'{cases.LOOPBACK}:{target.port}', '--from', alice.bare,
                        account=bob.options(resource='other'))
        beside = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, other.wait_ready())
        is_served(connect(beside), target)
        tcp_socket(service.accept()[0])
        for _ in clients:
            there = tcp_socket(service.accept()[0])
            there.sendall(b'hello')
            there.close()
        for here in clients:
            check_equal(here.recv(5), b'hello', 'what came')
        check_equal(expose.lines[1:], [line for line in expose.lines[1:] if line.startswith('Session with')], 'lines')


@case('--service: what is wrong is said before the login')
def _(server):
    bob = Account(server, 'bob')
    place = '127.0.0.1:9'
    for arguments, words in (((f'web={place}', f'web={place}'), 'names “web” more than once'),
                             ((f'={place}',), 'is NAME=HOST:PORT'), ((place,), 'is NAME=HOST:PORT'), (('',), 'is NAME=HOST:PORT'),
                             (('web=',), 'takes HOST:PORT or unix:PATH, not “”'), (('web=localhost',), 'not “localhost”'),
                             (('web=unix:',), 'path of the socket is missing'),
                             ((f'a\x07b={place}',), 'cannot be a resource'), ((f'{"x" * 1024}={place}',), 'cannot be a resource'),
                             ([f'{number}={place}' for number in range(11)], '10 times at most')):
        services = [word for argument in arguments for word in ('--service', argument)]
        bob.ibb('expose', *services).expect_failure(words, code=2)
    bob.ibb('expose', '--to', place, '--service', f'web={place}').expect_failure('cannot be combined', code=2)
    bob.ibb('expose', '--service', f'web={place}', account=bob.options(resource='x')).expect_failure('--jid', code=2)
    # One that cannot be had ends the command before any is ready.
    first = bob.ibb('expose', '--to', place, account=bob.options(resource='ssh'))
    first.wait_ready()
    second = bob.ibb('expose', '--service', f'web={place}', '--service', f'ssh={place}')
    second.expect_failure('already', f'{bob.bare}/ssh', 'a resource of its own, as in --service NAME=WHERE', code=3)
    check(not any(line.startswith('ready') for line in second.lines), second.lines)


if __name__ == '__main__':
    cases.main(FakeServer)
