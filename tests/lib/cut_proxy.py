# SPDX-License-Identifier: LGPL-2.1-or-later
"""A way to a server that breaks when it is told to."""

import fcntl
import os
import socket
import struct
import sys
import termios
import threading
import time

import cases

SIOCOUTQNSD = 0x894B  # of Linux: how many bytes were not sent yet
# In its struct tcp_info.
TCP_INFO_TOTAL_RETRANSMISSIONS = 100
TCP_INFO_DATA_SEGMENTS_OUT = 156
TCP_INFO_SIZE = 160


def receive(connection, size):
    """Receives bytes and acknowledges them at once. The system may take 40 ms for that, for which
    a server with Nagle's algorithm (Prosody) waits: a delay that is not one of the way."""
    data = connection.recv(size)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
    return data


class CutProxy:
    """Passes connections on to a port of the loopback interface.

    cut_at: after so many bytes all connections break, with what is under way; a
      list for several times
    stay_away: once that happened nobody is let in until let_in ()
    rate: so many bytes per second in each direction of a connection; None: any
    outlives: the end of the case does not end it, end () does
    listener: socket that it listens on (default: one of the loopback interface)
    passed, connections: how many bytes and connections it has passed on
    held: how many bytes waited in a hole
    dropped: how many bytes of silent connections it has dropped
    addresses: from where the connections came
    """

    def __init__(self, port, cut_at=(), stay_away=False, rate=None, outlives=False, listener=None):
        self.target = port
        self.rate = rate
        self._way = threading.Event()  # clear: it is a black hole
        self._way.set()
        self.cut_at = list(cut_at)
        self.stay_away = stay_away
        self.passed = 0
        self.connections = 0
        self.held = self.dropped = 0
        self.addresses = set()
        self._closed = False
        self._lock = threading.Lock()
        self._sockets = set()
        self._silent = {}  # sockets of connections that are silent in one direction: whether it is upwards
        self._listener = listener or cases.listen()
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        if not outlives:
            cases.defer(self.end)

    def let_in(self, port=None):
        with self._lock:
            self.target = port or self.target
            self._closed = False

    def cut(self):
        with self._lock:
            self._closed = self.stay_away
            for one in self._sockets:
                try:
                    one.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass  # the other side was first

    def silence(self, upwards):
        """From now on drops what the present connections send in that direction. New connections are
        not affected."""
        with self._lock:
            self._silent.update((one, upwards) for one in self._sockets)

    def begin_hole(self):
        """From now on nothing passes, and nobody is told."""
        self._way.clear()

    def count_unread(self):
        """How many bytes wait in the system to be passed on."""
        number = bytearray(4)
        result = 0
        with self._lock:
            for one in self._sockets:
                fcntl.ioctl(one, termios.FIONREAD, number)
                result += int.from_bytes(number, sys.byteorder)
        return result

    def end_hole(self):
        """Lets everything on its way go on."""
        self._way.set()

    def end(self):
        self._way.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                client, (address, *_) = self._listener.accept()
            except OSError:
                return
            # Before it is joined, as cut () may come in between.
            with self._lock:
                self.addresses.add(address)
                self._sockets.add(client)
            self._take(client)

    def _take(self, client):
        self._way.wait()
        with self._lock:
            closed, target = self._closed, self.target
        try:
            if closed:
                raise OSError
            server = socket.create_connection((cases.LOOPBACK, target))
        except OSError:
            self._refuse(client)
            return
        self._join(client, server)

    def _refuse(self, client):
        with self._lock:
            self._sockets.discard(client)
        client.close()

    def _join(self, client, server):
        for one in (client, server):
            one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            self.connections += 1
            self._sockets.add(server)
        for way in ((client, server, True), (server, client, False)):
            threading.Thread(target=self._carry, args=way, daemon=True).start()

    def _pass(self, data, _source, target, _upwards):
        target.sendall(data)

    def _carry(self, source, target, upwards):
        try:
            while data := receive(source, 16384):
                with self._lock:
                    self.passed += len(data)
                    due = self.cut_at and self.passed >= self.cut_at[0]
                    if due:
                        del self.cut_at[0]
                if due:
                    self.cut()
                    break
                if self.rate:
                    time.sleep(len(data) / self.rate)
                if not self._way.is_set():
                    self.held += len(data)
                self._way.wait()
                if self._silent.get(source) == upwards:
                    self.dropped += len(data)
                else:
                    self._pass(data, source, target, upwards)
        except OSError:
            pass
        if self._silent.get(source) == upwards:
            return  # the end does not arrive either
        with self._lock:
            self._sockets.discard(source)
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class ByteProxy(CutProxy):
    """Each byte is a segment of its own.

    sent, segments: how many bytes it has sent, and in how many segments
    """

    def __init__(self, port, **options):
        self.sent = self.segments = 0
        super().__init__(port, **options)

    @staticmethod
    def _count_segments(connection):
        """Counts segments of data, without those that were sent again."""
        info = connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, TCP_INFO_SIZE)
        return (struct.unpack_from('I', info, TCP_INFO_DATA_SEGMENTS_OUT)[0] -
                struct.unpack_from('I', info, TCP_INFO_TOTAL_RETRANSMISSIONS)[0])

    @staticmethod
    def _wait_until_sent(connection):
        """The system adds a byte to one that it has not sent yet."""
        number = bytearray(4)
        fcntl.ioctl(connection, SIOCOUTQNSD, number)
        while any(number):
            os.sched_yield()
            fcntl.ioctl(connection, SIOCOUTQNSD, number)

    def _pass(self, data, _source, target, _upwards):
        target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        before = self._count_segments(target)
        for place in range(len(data)):
            target.sendall(data[place:place + 1])
            self._wait_until_sent(target)
        with self._lock:
            self.sent += len(data)
            self.segments += self._count_segments(target) - before


class ResetProxy(CutProxy):
    """Resets the next connections in the middle of the server's first record of TLS.

    resets: how many connections
    """

    def __init__(self, port, resets=0, **options):
        self.resets = resets
        super().__init__(port, **options)

    def _pass(self, data, source, target, upwards):
        begins = not upwards and data[:2] == b'\x16\x03'
        with self._lock:
            due = begins and self.resets > 0
            if due:
                self.resets -= 1
        if not due:
            target.sendall(data)
            return
        target.sendall(data[:len(data) // 2])
        with self._lock:
            self._silent[target] = True  # the other direction does not end it in good order
        # With this, close () resets the connection.
        target.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        # A thread that reads from it would keep it open. This wakes the thread, and sends nothing.
        target.shutdown(socket.SHUT_RD)
        target.close()
        raise OSError
