# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP service reached through a server: ibb expose, ibb forward, and sockets."""

import os
import signal
import socket
import struct

import cases
from cases import PATIENCE, check, check_equal
from command import Account, make_peers


def tcp_socket(connection):
    """Prepares a plain socket: it has a timeout, and is closed at the end of the case."""
    connection.settimeout(PATIENCE)
    cases.defer(connection.close)
    return connection


class Target:
    """A TCP service that the case plays itself."""

    def __init__(self):
        self.listener = tcp_socket(cases.listen(backlog=64))
        self.port = self.listener.getsockname()[1]

    def accept(self):
        return tcp_socket(self.listener.accept()[0])


class Tunnel:
    """bob's ibb expose and alice's ibb forward to it, both with --json. target: the service, unless it has a port."""

    def __init__(self, server, port=None, expose=(), forward=(), resource=None,
                 prepare_forward=None, forward_port=None, env=None):
        bob, alice = Account(server, 'bob'), Account(server, 'alice')
        self._server = server
        self.target = None if port else Target()
        self.expose = bob.ibb('expose', '--json', '--to', f'{cases.LOOPBACK}:{port or self.target.port}',
                              '--from', alice.bare, *expose,
                              account=bob.options(resource=resource), env=env)
        self.jid = self.expose.wait_ready()
        self.forward = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, self.jid, *forward,
                                 prepare=prepare_forward, env=env,
                                 account=alice.options(port=forward_port))
        make_peers(self.expose, self.forward)
        self.forward.wait_ready()
        ready = self.forward.wait_event('ready')
        self.port = ready['port']
        check_equal(ready['listen'], f'{cases.HOST}:{self.port}', 'address')

    def connect(self):
        return tcp_socket(socket.create_connection((cases.LOOPBACK, self.port), PATIENCE))

    def pair(self):
        """Both ends of a connection through it."""
        here = self.connect()
        return here, self.target.accept()

    def wait_events(self, name, count):
        """Waits for so many events of that name at both ends; returns those of forward."""
        for end in (self.expose, self.forward):
            def have(end=end):
                return sum(event['event'] == name for event in end.events()) >= count
            end.wait_for(have, f'{count} {name}')
        return [event for event in self.forward.events() if event['event'] == name]

    def end(self):
        """Both stop in good order when they are told to, and have complained of nothing. One that cannot stop ends
        as well after some seconds, and without a logout, which a FakeServer sees."""
        for end in (self.forward, self.expose):
            jids = [event['jid'] for event in end.events() if event['event'] in ('ready', 'reconnected')]
            client = getattr(self._server, 'clients', {}).get(jids[-1])
            os.kill(end.pid, signal.SIGTERM)
            end.expect_done()
            if client:
                client.join(PATIENCE)
                check(client.has_left, f'the logout of {end.name}')


def read_all(connection):
    """Returns the bytes up to the end of file. A reset is no end of file."""
    parts = []
    while data := connection.recv(1 << 16):
        parts.append(data)
    return b''.join(parts)


def send_reset(connection):
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


def expect_reset(connection):
    """The connection ends, and not in good order."""
    try:
        while connection.recv(1 << 16):
            pass
    except ConnectionResetError:
        return
    check(False, 'a reset, not an end of file')


def expect_reset_at(port, host=cases.LOOPBACK):
    """A connection to it is reset, maybe before the system has told us that there is one."""
    try:
        connection = tcp_socket(socket.create_connection((host, port), PATIENCE))
    except ConnectionResetError:
        return
    expect_reset(connection)
