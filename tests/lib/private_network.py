# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private network for programs under test. It can be long, lose packets, fall silent, and change
the address of the programs.

    network = PrivateNetwork(loss=0.02)
    proxy = CutProxy(server.port, listener=network.listener)
    alice.ibb(..., account=alice.options(host=network.host, port=proxy.port), prepare=network.prepare)

    network = PrivateNetwork(delay=50)
    with network.at_server(), Prosody(host=network.host) as server:
        subprocess.run(..., env=server.environment, preexec_fn=network.prepare)

It consists of two network namespaces with a TUN device each. This process passes the packets
from one to the other. No other module of the kernel is needed, and nothing is left behind. It
needs root.
"""

import collections
import contextlib
import ctypes
import fcntl
import os
import random
import select
import socket
import struct
import subprocess
import threading
import time

import cases

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454ca
IFF_TUN, IFF_NO_PI = 0x0001, 0x1000
PACKET_MAX = 65536
HOST = '10.47.0.1'  # of the side of the server
QUEUE = 20000  # packets that a device holds until this process reads them

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


def _open_namespace():
    """That of the calling thread."""
    return os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)


class Namespace:
    """A network namespace with TUN devices, beside the loopback."""

    def __init__(self):
        self._fd = _in_thread(self._make)
        self.n_devices = 0
        self.configure('link set lo up')

    @staticmethod
    def _make():
        _check(_unshare(CLONE_NEWNET))
        return _open_namespace()

    def enter(self):
        """Moves the calling thread into this network."""
        _check(_setns(self._fd, CLONE_NEWNET))

    def call(self, function):
        def within():
            self.enter()
            return function()

        return _in_thread(within)

    def configure(self, *commands):
        self.call(lambda: subprocess.run(('ip', '-batch', '-'), input='\n'.join(commands), text=True, check=True))

    def add_device(self):
        """Its name and its file."""
        name = f'link{self.n_devices}'
        self.n_devices += 1

        def create():
            tun = os.open('/dev/net/tun', os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
            fcntl.ioctl(tun, TUNSETIFF, struct.pack('16sH22x', name.encode(), IFF_TUN | IFF_NO_PI))
            return tun

        tun = self.call(create)
        self.configure(f'link set {name} up mtu 1500 txqueuelen {QUEUE}')
        return name, tun

    def close(self):
        os.close(self._fd)


class Way:
    """From one device to another. Packets stay in order.

    delay: after so many milliseconds each packet arrives, and up to jitter more
    rate: so many bytes a second pass; None: any
    late: how many seconds all packets together have spent on it
    """

    def __init__(self, target, delay, jitter, rate, dice):
        self._target = target
        self._delay = delay / 1000
        self._jitter = jitter / 1000
        self._rate = rate
        self._dice = dice
        self._packets = collections.deque()  # with the times at which they arrive
        self._free = self._last = self.late = 0

    def take(self, packet):
        now = time.monotonic()
        self._free = max(self._free, now)
        if self._rate:
            self._free += len(packet) / self._rate
        due = self._free + self._delay + self._dice.uniform(0, self._jitter)
        self._last = max(self._last, due)
        self.late += self._last - now
        self._packets.append((self._last, packet))

    def deliver(self):
        """What has arrived. Returns when the next packet does, or None."""
        while self._packets and self._packets[0][0] <= time.monotonic():
            with contextlib.suppress(OSError):  # the device is down, or full
                os.write(self._target, self._packets[0][1])
            self._packets.popleft()
        return self._packets[0][0] if self._packets else None


class PrivateNetwork:
    """loss: the part of the packets that is lost
    delay, jitter, rate: those of each way
    beside: another network, whose side of the server this one shares
    lost, passed: how many packets were lost, and how many were not
    """

    host = HOST

    def __init__(self, loss=0.0, delay=0, jitter=0, rate=None, beside=None):
        self._loss = loss
        self._is_silent = False
        self._n_addresses = 0
        self._dice = random.Random(0)
        self._has_server = beside is None
        try:
            self._server = beside._server if beside else Namespace()
            self._client = Namespace()
            self._number = self._server.n_devices
            device, self._server_tun = self._server.add_device()
            self._device, self._client_tun = self._client.add_device()
            self._server.configure(f'route add 10.47.{self._number}.0/24 dev {device}',
                                   *([f'address add {HOST} dev lo'] if self._has_server else ()))
            self.give_address()
        except (OSError, subprocess.CalledProcessError) as error:
            raise cases.Skip(f'no network namespaces with TUN devices here: {error}') from None
        self.listener = self._server.call(lambda: socket.create_server((HOST, 0)))
        self.lost = self.passed = 0
        way = {'delay': delay, 'jitter': jitter, 'rate': rate, 'dice': self._dice}
        self._ways = {self._server_tun: Way(self._client_tun, **way),
                      self._client_tun: Way(self._server_tun, **way)}
        self._ended, self._end = os.pipe()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        cases.defer(self.end)

    def prepare(self):
        """Moves a program to the side of the client."""
        self._client.enter()

    @contextlib.contextmanager
    def at_server(self):
        """Moves the calling thread, and what it starts, to the side of the server."""
        before = _open_namespace()
        self._server.enter()
        try:
            yield
        finally:
            _check(_setns(before, CLONE_NEWNET))
            os.close(before)

    def begin_hole(self):
        """Loses all packets."""
        self._is_silent = True

    def end_hole(self):
        """Passes packets again."""
        self._is_silent = False

    def take_address(self):
        """Removes the address of the client's side, without notice to the other side."""
        self._client.configure(f'address flush dev {self._device}')

    def has_address(self):
        """Whether the client's side has one."""
        command = ('ip', '-4', '-oneline', 'address', 'show', 'dev', self._device)
        return self._client.call(lambda: subprocess.run(command, capture_output=True, check=True)).stdout != b''

    def give_address(self):
        """Gives it an address that it never had."""
        self._n_addresses += 1
        self._client.configure(f'address flush dev {self._device}',
                               f'address add 10.47.{self._number}.{1 + self._n_addresses}/24 dev {self._device}',
                               f'route add default dev {self._device}')

    def mean_delay(self):
        """In ms, of all packets that were not lost."""
        return 1000 * sum(way.late for way in self._ways.values()) // max(self.passed, 1)

    def end(self):
        if self._end is None:
            return
        os.close(self._end)
        self._end = None
        self._thread.join()
        for fd in (self._ended, *self._ways):
            os.close(fd)
        self._client.close()
        if self._has_server:
            self._server.close()

    def _run(self):
        while True:
            times = [due for due in [way.deliver() for way in self._ways.values()] if due is not None]
            patience = max(0, min(times) - time.monotonic()) if times else None
            ready = select.select((*self._ways, self._ended), (), (), patience)[0]
            if self._ended in ready:
                return
            for fd in ready:
                self._carry(fd, self._ways[fd])

    def _carry(self, source, way):
        with contextlib.suppress(OSError):  # the device is down, or empty
            for _ in range(64):  # so that the other way has its turn
                packet = os.read(source, PACKET_MAX)
                if self._is_silent or self._dice.random() < self._loss:
                    self.lost += 1
                else:
                    way.take(packet)
                    self.passed += 1
