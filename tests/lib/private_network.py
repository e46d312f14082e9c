# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private network for programs under test. It can lose packets, fall silent, and change the
address of the programs.

    network = PrivateNetwork(loss=0.02)
    proxy = CutProxy(server.port, listener=network.listener)
    alice.ibb(..., account=alice.options(host=network.host, port=proxy.port), prepare=network.prepare)

It consists of two network namespaces with a TUN device each. This process passes the packets
from one to the other. No other module of the kernel is needed, and nothing is left behind. It
needs root.
"""

import ctypes
import fcntl
import os
import random
import select
import socket
import struct
import subprocess
import threading

import cases

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_MAX = 65536
HOST = '10.47.0.1'  # of the side of the server
DEVICE = 'link0'

_libc = ctypes.CDLL(None, use_errno=True)
# Found here, as in private_server.py.
_setns = _libc.setns
_unshare = _libc.unshare


def _check(result):
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def _in_thread(function):
    """Calls function in a new thread, because each thread has its network namespace."""
    results = []
    errors = []

    def run():
        try:
            results.append(function())
        except Exception as error:  # pylint: disable=broad-except
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


class Namespace:
    """A network namespace with one device."""

    def __init__(self, address):
        self._fd, self.tun = _in_thread(self._make)
        self.set_address(address)

    @staticmethod
    def _make():
        _check(_unshare(CLONE_NEWNET))
        tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH22x', DEVICE.encode(), IFF_TUN | IFF_NO_PI))
        return os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC), tun

    def enter(self):
        """Moves the calling thread into this network."""
        _check(_setns(self._fd, CLONE_NEWNET))

    def call(self, function):
        def within():
            self.enter()
            return function()

        return _in_thread(within)

    def set_address(self, address):
        """None: it has no address, and no route."""
        def configure():
            commands = [f'address flush dev {DEVICE}']
            if address:
                commands += [f'link set {DEVICE} up mtu 1500', f'address add {address}/24 dev {DEVICE}',
                             f'route add default dev {DEVICE}']
            subprocess.run(('ip', '-batch', '-'), input='\n'.join(commands), text=True, check=True)

        self.call(configure)

    def close(self):
        os.close(self.tun)
        os.close(self._fd)


class PrivateNetwork:
    """loss: the part of the packets that is lost
    lost, passed: how many packets were lost, and how many were not
    """

    host = HOST

    def __init__(self, loss=0.0):
        self._loss = loss
        self._is_silent = False
        self._n_addresses = 1
        self._dice = random.Random(0)
        try:
            self._server = Namespace(HOST)
            self._client = Namespace('10.47.0.2')
        except (OSError, subprocess.CalledProcessError) as error:
            raise cases.Skip(f'no network namespaces with TUN devices here: {error}') from None
        self.listener = self._server.call(lambda: socket.create_server((HOST, 0)))
        self.lost = self.passed = 0
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        cases.defer(self.end)

    def prepare(self):
        """Moves a program to the side of the client."""
        self._client.enter()

    def begin_hole(self):
        """Loses all packets."""
        self._is_silent = True

    def end_hole(self):
        """Passes packets again."""
        self._is_silent = False

    def take_address(self):
        """Removes the address of the client's side, without notice to the other side."""
        self._client.set_address(None)

    def has_address(self):
        """Whether the client's side has one."""
        command = ('ip', '-4', '-oneline', 'address', 'show', 'dev', DEVICE)
        return self._client.call(lambda: subprocess.run(command, capture_output=True, check=True)).stdout != b''

    def give_address(self):
        """Gives it an address that it never had."""
        self._n_addresses += 1
        self._client.set_address(f'10.47.0.{1 + self._n_addresses}')

    def end(self):
        if self._end is None:
            return
        os.close(self._end)
        self._end = None
        self._thread.join()
        os.close(self._ended)
        self._server.close()
        self._client.close()

    def _run(self):
        ways = {self._server.tun: self._client.tun, self._client.tun: self._server.tun}
        poll = select.poll()
        for fd in (*ways, self._ended):
            poll.register(fd, select.POLLIN)
        while True:
            for fd, _ in poll.poll():
                if fd == self._ended:
                    return
                self._carry(fd, ways[fd])

    def _carry(self, source, target):
        try:
            packet = os.read(source, PACKET_MAX)
            if self._is_silent or self._dice.random() < self._loss:
                self.lost += 1
            else:
                os.write(target, packet)
                self.passed += 1
        except OSError:
            pass  # the device is down, or full
