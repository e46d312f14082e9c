#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""ibb forward and ibb expose: every end of a connection, and what goes wrong.

Half-closes are passed on (D-39), from socket to socket.
"""

import errno
import hashlib
import os
import resource
import select
import signal
import socket
import stat
import struct
import threading

import cases
from cases import case, check, check_equal
from command import SANITIZED, SOON, Account, Folder
from cut_proxy import CutProxy
from fake_xmpp import FakeServer
from private_server import free_ports
from prosody import Prosody
from tunnel import PATIENCE, Tunnel, expect_reset, expect_reset_at, read_all, send_reset, tcp_socket

MIB = 1 << 20


def exchange(sender, receiver, data):
    """data from one socket to the other, from a thread of its own, as it may not fit in between."""
    thread = threading.Thread(target=sender.sendall, args=(data,))
    thread.start()
    have = b''
    while len(have) < len(data):
        piece = receiver.recv(1 << 16)
        check(piece, f'end of file after {len(have)} bytes')
        have += piece
    thread.join()
    check(have == data, 'the same bytes')


@case('half-close: a request, its end, then the response (D-39)')
def _(server):
    for stanza_type in ('iq', 'message'):
        tunnel = Tunnel(server, forward=('--stanza-type', stanza_type))
        here, there = tunnel.pair()
        request, response = os.urandom(300000), os.urandom(700000)
        exchange(here, there, request)
        here.shutdown(socket.SHUT_WR)
        check_equal(there.recv(1), b'', 'the end of the request')
        exchange(there, here, response)
        there.close()
        check_equal(here.recv(1), b'', 'the end of the response')
        done = tunnel.wait_events('done', 1)[0]
        opened = tunnel.forward.wait_event('opened')
        check_equal(opened['stanza-type'], stanza_type, 'stanza type')
        check_equal((done['sid'], done['peer']), (opened['sid'], tunnel.jid), 'session')
        check_equal((done['bytes-sent'], done['bytes-received']), (300000, 700000), 'bytes')
        check(0 < done['seconds'] < PATIENCE, f'{done["seconds"]} s')
        far = tunnel.expose.wait_event('done')
        check_equal((far['bytes-sent'], far['bytes-received']), (700000, 300000), 'bytes there')
        check_equal(far['sid'], done['sid'], 'sid there')
        tunnel.end()


@case('half-close: the service ends first, the client writes on (D-39)')
def _(server):
    tunnel = Tunnel(server)
    here, there = tunnel.pair()
    there.sendall(b'no more of me')
    there.shutdown(socket.SHUT_WR)
    check_equal(read_all(here), b'no more of me', 'what came before the end')
    data = os.urandom(MIB)
    exchange(here, there, data)
    here.close()
    check_equal(there.recv(1), b'', 'the end')
    tunnel.wait_events('done', 1)
    tunnel.end()


@case('many bytes go both ways at once, and both ends close at once (D-40)')
def _(server):
    tunnel = Tunnel(server)
    here, there = tunnel.pair()
    left, right = os.urandom(3 * MIB), os.urandom(2 * MIB)
    got = {}

    def play(name, connection, data):
        def write():
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
        writer = threading.Thread(target=write)
        writer.start()
        got[name] = hashlib.sha256(read_all(connection)).hexdigest()
        writer.join()

    threads = [threading.Thread(target=play, args=arguments)
               for arguments in (('here', here, left), ('there', there, right))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    check_equal(got.get('there'), hashlib.sha256(left).hexdigest(), 'SHA-256 there')
    check_equal(got.get('here'), hashlib.sha256(right).hexdigest(), 'SHA-256 back')
    tunnel.wait_events('done', 1)
    tunnel.end()


@case('more connections of one account at once than may ask at a time come in (D-47)')
def _(server):
    tunnel = Tunnel(server)
    ports = [tunnel.port]
    others = []
    for _ in range(3):
        other = Account(server, 'alice').ibb('forward', '--json', '--listen', cases.FREE_PORT, tunnel.jid)
        other.wait_ready()
        ports.append(other.wait_event('ready')['port'])
        others.append(other)
    # Only who was let in before asks again.
    for port in ports:
        with socket.create_connection((cases.LOOPBACK, port), PATIENCE) as client:
            there = tunnel.target.accept()
            exchange(client, there, b'first')
            there.close()
            check_equal(read_all(client), b'', 'the end of the first')
    clients = []
    for number in range(24):
        port = ports[number % len(ports)]
        clients.append(tcp_socket(socket.create_connection((cases.LOOPBACK, port))))
        clients[-1].sendall(bytes([number]))
        clients[-1].shutdown(socket.SHUT_WR)
    for _ in clients:
        there = tunnel.target.accept()
        there.sendall(read_all(there))
        there.close()
    for number, client in enumerate(clients):
        check_equal(read_all(client), bytes([number]), f'answer to {number}')
    tunnel.wait_events('done', 7)
    for other in others:
        check_equal(other.errors(), [], f'errors of {other.name}')
    tunnel.end()


@case('connections wait while too many files are open')
def _(server):
    tunnel = Tunnel(server)
    resource.prlimit(tunnel.forward.pid, resource.RLIMIT_NOFILE, (32, 32))
    clients = [tunnel.connect() for _ in range(40)]
    theirs = []
    tunnel.forward.wait_for(tunnel.forward.errors, 'an error')
    check('Too many open files' in tunnel.forward.errors()[0], tunnel.forward.errors())
    for client in clients:
        client.sendall(b'x')
        client.shutdown(socket.SHUT_WR)
    for client in clients:
        theirs.append(tunnel.target.accept())
        check_equal(read_all(theirs[-1]), b'x', 'the request')
        theirs[-1].close()
    for client in clients:
        check_equal(client.recv(1), b'', 'the end')
    tunnel.wait_events('done', 40)


@case('connections wait until there are descriptors for them')
def _(server):
    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (45, 45))

    tunnel = Tunnel(server, prepare_forward=limit)
    clients = [tunnel.connect() for _ in range(20)]
    for client in clients:
        client.sendall(b'x')
        client.shutdown(socket.SHUT_WR)
    for client in clients:
        there = tunnel.target.accept()
        check_equal(read_all(there), b'x', 'the request')
        there.close()
    tunnel.wait_events('done', 20)
    tunnel.forward.wait_line('There can be [1-9][0-9]? sessions? at a time, because of the limit of 45 open files')
    check_equal(tunnel.forward.errors(), [], 'errors')


@case('a client that does not read delays nobody, and fills no memory (D-22, D-50)')
def _(server):
    tunnel = Tunnel(server)
    stop = threading.Event()

    def flood(connection):
        try:
            while not stop.is_set():
                connection.sendall(bytes(65536))
        except OSError:
            pass

    # Ten each way, more than any buffer takes.
    stuck = []
    for number in range(20):
        here, there = tunnel.pair()
        stuck.append((here, there))
        sender = there if number % 2 else here
        threading.Thread(target=flood, args=(sender,), daemon=True).start()
    here, there = tunnel.pair()
    exchange(here, there, os.urandom(MIB))
    exchange(there, here, os.urandom(MIB))
    for end in (tunnel.forward, tunnel.expose):
        with open(f'/proc/{end.pid}/status', encoding='ascii') as file:
            peak = next(int(line.split()[1]) for line in file if line.startswith('VmHWM:'))
        print(f'# {end.name}: peak {peak / 1024:.1f} MiB')
        check(peak < 80 * 1024 or SANITIZED, f'{end.name}: {peak} KiB')
    stop.set()
    for pair in stuck:
        for connection in pair:
            send_reset(connection)
    here.close()
    there.close()
    tunnel.wait_events('done', 1)


# Ends that are none of good order (D-49).

@case('a reset of the client becomes one of the service (D-41, D-49)')
def _(server):
    tunnel = Tunnel(server)
    here, there = tunnel.pair()
    exchange(here, there, b'some')
    send_reset(here)
    expect_reset(there)
    tunnel.wait_events('error', 1)
    for end in (tunnel.forward, tunnel.expose):
        end.wait_for(end.errors, 'an error')
        check_equal(len(end.errors()), 1, f'lines of {end.name}: {end.lines}')
    check('The socket of' in tunnel.forward.errors()[0], tunnel.forward.errors())


@case('a reset of the service becomes one of the client (D-41, D-49)')
def _(server):
    tunnel = Tunnel(server)
    for ended in (False, True):
        here, there = tunnel.pair()
        exchange(there, here, b'some')
        if ended:
            here.shutdown(socket.SHUT_WR)
            check_equal(there.recv(1), b'', 'the end of the request')
        send_reset(there)
        expect_reset(here)
    tunnel.wait_events('error', 2)


@case('a reset of a service that has ended its output reaches the client at once (D-41, D-49)')
def _(server):
    tunnel = Tunnel(server)
    here, there = tunnel.pair()
    there.shutdown(socket.SHUT_WR)
    check_equal(here.recv(1), b'', 'the end')
    send_reset(there)
    # It writes nothing: a socket that has read the end reports a reset as a broken pipe.
    poll = select.poll()
    poll.register(here, 0)
    check(poll.poll(PATIENCE * 1000), 'a reset')
    check_equal(here.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), errno.EPIPE, 'the error')
    tunnel.wait_events('error', 1)


@case('a client that goes without reading the response is one error')
def _(server):
    tunnel = Tunnel(server)
    here, there = tunnel.pair()
    exchange(here, there, b'request')
    here.close()
    check_equal(there.recv(1), b'', 'the end of the request')
    try:
        while True:
            there.sendall(bytes(65536))
    except (ConnectionResetError, BrokenPipeError):
        pass
    tunnel.wait_events('error', 1)


@case('the service refuses: the client learns of it at once, and may come again')
def _(server):
    cases.need_ipv4()  # of localhost the last address would be the reason
    # It has a port, which nobody else can take, and does not listen yet.
    service = tcp_socket(socket.socket(cases.FAMILY))
    service.bind((cases.ADDRESS, 0))
    port = service.getsockname()[1]
    tunnel = Tunnel(server, port)
    for attempt in range(2):
        expect_reset_at(tunnel.port)
        tunnel.wait_events('error', attempt + 1)
    for end in (tunnel.forward, tunnel.expose):
        end.wait_for(lambda end=end: len(end.errors()) >= 2, 'two errors')
        check_equal(len(end.errors()), 2, f'lines of {end.name}: {end.lines}')
        check(all('opened' != event['event'] for event in end.events()), 'no session')
    error = tunnel.forward.wait_event('error')
    check_equal((error['domain'], error['code'], error['peer']),
                ('ibb-error-quark', 'item-not-found', tunnel.jid), 'error')
    check('service behind' in error['message'], error['message'])
    far = tunnel.expose.wait_event('error')
    check_equal((far['domain'], far['code']), ('g-io-error-quark', 'connection-refused'), 'error there')
    check(f'port {port}' in far['message'] and 'sid' in far, far)
    check(str(port) not in error['message'], 'where it is remains with who exposes it')
    # Later it is there.
    service.listen()
    here = tunnel.connect()
    there = tcp_socket(service.accept()[0])
    exchange(here, there, b'now')


@case('--max-sessions: expose refuses more, and forward lets them wait')
def _(server):
    tunnel = Tunnel(server, expose=('--max-sessions', '2'))
    pairs = []
    for _ in range(2):
        pairs.append(tunnel.pair())
    # Only for so long does it ask again whether there is room.
    expect_reset_at(tunnel.port)
    error = tunnel.forward.wait_event('error')
    check_equal(error['code'], 'not-acceptable', 'code')

    def refusals():
        return [line for line in tunnel.expose.lines if line.startswith('Refused ')]

    tunnel.expose.wait_for(refusals, 'a refusal')
    check_equal(len(refusals()), 1, 'lines')
    check('too many sessions' in error['message'], error['message'])
    for here, there in pairs:
        exchange(here, there, b'goes on')

    patient = Account(server, 'alice').ibb('forward', '--json', '--listen', cases.FREE_PORT, tunnel.jid,
                                           '--max-sessions', '1')
    patient.wait_ready()
    port = patient.wait_event('ready')['port']
    for connection in pairs.pop():
        connection.close()
    tunnel.wait_events('done', 1)
    first = tcp_socket(socket.create_connection((cases.LOOPBACK, port)))
    first_there = tunnel.target.accept()
    second = tcp_socket(socket.create_connection((cases.LOOPBACK, port)))
    second.sendall(b'early')
    exchange(first, first_there, b'one')
    patient.wait_event('opened')
    check_equal(sum(e['event'] == 'opened' for e in patient.events()), 1, 'sessions')
    first.close()
    first_there.close()
    check_equal(tunnel.target.accept().recv(5), b'early', 'what waited')
    check_equal(patient.errors(), [], 'errors')


# The end of the commands.

@case('a signal ends both commands in good order, and open connections with a reset')
def _(server):
    for number, turn in ((signal.SIGINT, 1), (signal.SIGTERM, -1)):
        tunnel = Tunnel(server, expose=SOON, forward=SOON)
        idle, idle_there = tunnel.pair()
        here, there = tunnel.pair()
        exchange(here, there, b'some')
        first, other = (tunnel.forward, tunnel.expose)[::turn]
        os.kill(first.pid, number)
        first.expect_done()
        for connection in (here, there, idle, idle_there):
            expect_reset(connection)
        # The other goes on, and says which sessions it lost.
        other.wait_for(lambda other=other: len(other.errors()) == 2, 'two errors')
        os.kill(other.pid, number)
        check_equal(other.finish(), 0, 'status')
        check_equal(len(other.errors()), 2, 'lines')


@case('the connection breaks and is resumed: nothing is lost of any session (D-42)')
def _():
    with Prosody(modules=('smacks',)) as server:
        way = CutProxy(server.port)
        tunnel = Tunnel(server, forward_port=way.port)
        pairs = []
        for _ in range(3):
            pairs.append(tunnel.pair())
            exchange(*pairs[-1], b'before')
        for number, (here, there) in enumerate(pairs):
            way.cut_at = [way.passed + MIB // 2]
            exchange(here, there, os.urandom(MIB))
            exchange(there, here, os.urandom(MIB // 2))
            here.close()
            there.close()
            tunnel.wait_events('done', number + 1)
            check_equal(way.cut_at, [], 'cuts to come')
        check(tunnel.forward.wait_event('resumed'), 'resumed')
        tunnel.end()


@case('just started, a connection to a peer that is absent is reset at once')
def _(server):
    pipe = Folder() / 'pipe'
    os.mkfifo(pipe)
    alice = Account(server, 'alice')
    # The main thread learns of the login only when the command is ready.
    forward = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, 'bob@localhost/absent',
                        env={'LD_PRELOAD': os.environ['IBB_TEST_LATE_MAIN'], 'IBB_TEST_LATE_MAIN_PIPE': pipe})
    forward.wait_ready()
    open(pipe, 'wb').close()
    attempts = []
    server.when('<open ', lambda *_: attempts.append('open'), number=0)
    expect_reset_at(forward.wait_event('ready')['port'])
    check_equal(len(attempts), 1, 'attempts')
    check_equal(forward.wait_event('error')['code'], 'service-unavailable', 'code')
    os.kill(forward.pid, signal.SIGTERM)
    check_equal(forward.finish(), 0, 'status')


@case('--timeout ends a session in which nothing moves, and no other')
def _(server):
    clock = Folder() / 'clock'
    with open(clock, 'wb') as file:
        file.write(bytes(24))
    tunnel = Tunnel(server, expose=('--timeout', '0', '--peer-timeout', '0'), forward=('--timeout', '4000', '--peer-timeout', '0'),
                    env={'LD_PRELOAD': os.environ['IBB_TEST_FAKE_WALL_CLOCK'], 'IBB_TEST_WALL_CLOCK': clock})
    silent, silent_there = tunnel.pair()
    here, there = tunnel.pair()
    silent.settimeout(0.1)
    now = 0
    while True:
        # forward looks after each quarter of that time, and this one moves before each.
        exchange(here, there, b'.')
        now += 1000
        with open(clock, 'r+b') as file:
            file.write(struct.pack('3q', 0, 0, now))
        try:
            silent.recv(1)
            check(False, 'no end of file')
        except TimeoutError:
            continue
        except ConnectionResetError:
            break
    expect_reset(silent_there)
    exchange(there, here, b'goes on')
    error = tunnel.forward.wait_event('error')
    check_equal(error['code'], 'timed-out', 'code')
    # The line and the event come by different pipes.
    tunnel.forward.wait_for(tunnel.forward.errors, 'an error')
    check_equal(len(tunnel.forward.errors()), 1, 'lines')
    tunnel.expose.stop()
    tunnel.forward.stop()


@case('--listen takes an address, also IPv6, and refuses a port that is taken')
def _(server):
    cases.need_ipv4()
    alice = Account(server, 'alice')
    peer = f'bob@{server.domain}'
    with cases.listen() as taken:
        port = taken.getsockname()[1]
        for address in (str(port), f'{cases.LOOPBACK}:{port}'):
            forward = alice.ibb('forward', '--listen', address, peer)
            forward.expect_failure(f'port {port}', 'in use')
        one = alice.ibb('forward', '--listen', f'127.0.0.2:{port}', peer)
        check_equal(one.wait_ready(), f'127.0.0.2:{port}', 'address')
    if socket.has_ipv6 and os.path.exists('/proc/net/if_inet6'):
        # The same port on both loopback addresses.
        both = alice.ibb('forward', '--listen', '0', peer)
        port = int(both.wait_ready().rsplit(':', 1)[1])
        expect_reset_at(port, '::1')
        expect_reset_at(port)
        only = alice.ibb('forward', '--listen', '[::1]:0', peer)
        host, port = only.wait_ready().rsplit(':', 1)
        check_equal(host, '[::1]', 'host')
        expect_reset_at(int(port), '::1')
        # No port that the system gives to connections: the other address could have it, too.
        port = free_ports(1)[0]
        with socket.create_server(('::1', port), family=socket.AF_INET6):
            alice.ibb('forward', '--listen', str(port), peer).expect_failure('::1', 'in use')


@case('expose refuses a session if the name of the service does not exist')
def _(server):
    bob = Account(server, 'bob')
    expose = bob.ibb('expose', '--to', 'no-such-host.invalid:22')
    jid = expose.wait_ready()
    forward = bob.ibb('forward', '--listen', cases.FREE_PORT, jid)
    port = int(forward.wait_ready().rsplit(':', 1)[1])
    expect_reset_at(port)
    expose.wait_for(expose.errors, 'an error')
    check('no-such-host.invalid' in expose.errors()[0], expose.errors())
    forward.wait_for(forward.errors, 'an error')


# Socket files.

def connect_unix(path):
    connection = tcp_socket(socket.socket(socket.AF_UNIX))
    connection.connect(path)
    return connection


@case('unix:PATH at both ends: only the owner may connect, and a stale socket is replaced')
def _(server):
    folder = Folder()
    service = tcp_socket(socket.socket(socket.AF_UNIX))
    service.bind(folder / 'service')
    service.listen()
    expose = Account(server, 'bob').ibb('expose', '--to', f'unix:{folder / "service"}', '--from', 'any')
    jid, path, alice = expose.wait_ready(), folder / 'listen', Account(server, 'alice')

    def start():
        forward = alice.ibb('forward', '--json', '--listen', f'unix:{path}', jid)
        check_equal(forward.wait_ready(), f'unix:{path}', 'the address')
        check_equal(forward.wait_event('ready').get('listen'), f'unix:{path}', 'the address of the event')
        check('port' not in forward.wait_event('ready'), 'no port')
        check_equal(stat.S_IMODE(os.lstat(path).st_mode), 0o600, 'the permissions')
        return forward

    def use(size):
        here = connect_unix(path)
        there = tcp_socket(service.accept()[0])
        request, response = os.urandom(size), os.urandom(size)
        exchange(here, there, request)
        here.shutdown(socket.SHUT_WR)
        check_equal(there.recv(1), b'', 'the end of the request')
        exchange(there, here, response)
        there.close()
        check_equal(here.recv(1), b'', 'the end of the response')

    killed = start()
    use(300000)
    second = alice.ibb('forward', '--listen', f'unix:{path}', jid)
    second.expect_failure(path, 'in use')
    os.kill(killed.pid, signal.SIGKILL)
    killed.finish()
    check(stat.S_ISSOCK(os.lstat(path).st_mode), 'a stale socket')
    forward = start()
    use(1000)
    forward.stop()
    check(not os.path.lexists(path), 'the file is removed')
    # What has taken the name meanwhile stays.
    forward = start()
    os.rename(path, folder / 'renamed')
    folder.make('listen', 5)
    forward.stop()
    check_equal(os.path.getsize(path), 5, 'the file of somebody else')


@case('unix:PATH: what is no socket is never replaced, and each error names the path')
def _(server):
    folder, alice, peer = Folder(), Account(server, 'alice'), f'bob@{server.domain}'
    regular, stale = folder.make('regular', 7), folder / 'stale'
    with socket.socket(socket.AF_UNIX) as closed:
        closed.bind(stale)
    datagram = tcp_socket(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
    datagram.bind(folder / 'datagram')
    os.symlink(stale, folder / 'link')
    os.mkdir(folder / 'folder')
    os.mkfifo(folder / 'pipe')
    for path, words in ((regular, 'not a socket'), (folder / 'link', 'not a socket'), (folder / 'pipe', 'not a socket'),
                        (folder / 'folder', 'not a socket'), (folder / 'datagram', 'in use'),
                        (folder / 'missing/socket', 'No such file'), (f'{regular}/socket', 'Not a directory')):
        before = os.lstat(path) if os.path.lexists(path) else None
        alice.ibb('forward', '--listen', f'unix:{path}', peer).expect_failure(path, words)
        if before:
            check_equal(os.lstat(path).st_ino, before.st_ino, path)
    too_long = folder / ('x' * 108)
    for command in (('forward', peer, '--listen'), ('expose', '--to')):
        for path, words in ((too_long, f'“{too_long}” is too long'), ('', 'path of the socket is missing')):
            alice.ibb(*command, f'unix:{path}').expect_failure(words, code=2)
    alice.ibb('expose', '--to', f'unix:{regular}').expect_failure(regular, 'is not a socket', code=2)
    # A service may come later.
    expose = Account(server, 'bob').ibb('expose', '--to', f'unix:{folder / "missing"}', '--from', 'any')
    forward = alice.ibb('forward', '--listen', f'unix:{stale}', expose.wait_ready())
    forward.wait_ready()
    check_equal(connect_unix(stale).recv(1), b'', 'the end, as nobody serves')
    for end, word in ((expose, folder / 'missing'), (forward, 'service behind')):
        end.wait_for(end.errors, 'an error')
        check(word in end.errors()[0], end.errors())


if __name__ == '__main__':
    cases.main(FakeServer)
