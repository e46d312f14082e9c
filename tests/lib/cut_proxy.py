# SPDX-License-Identifier: LGPL-2.1-or-later
"""A way to a server that breaks when it is told to."""

import socket
import threading

import cases


class CutProxy:
    """Passes connections on to a port of the loopback interface.

    cut_at: after so many bytes all connections break, with what is under way; a
      list for several times
    stay_away: once that happened nobody is let in until let_in ()
    """

    def __init__(self, port, cut_at=(), stay_away=False):
        self.target = port
        self.cut_at = list(cut_at)
        self.stay_away = stay_away
        self.passed = 0
        self.connections = 0
        self._closed = False
        self._lock = threading.Lock()
        self._sockets = set()
        self._listener = socket.create_server(('127.0.0.1', 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        cases.defer(self._end)

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

    def _end(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut()

    def _accept(self):
        while True:
            try:
                client = self._listener.accept()[0]
            except OSError:
                return
            with self._lock:
                closed, target = self._closed, self.target
            try:
                if closed:
                    raise OSError
                server = socket.create_connection(('127.0.0.1', target))
            except OSError:
                client.close()
                continue
            with self._lock:
                self.connections += 1
                self._sockets |= {client, server}
            for pair in ((client, server), (server, client)):
                threading.Thread(target=self._carry, args=pair, daemon=True).start()

    def _carry(self, source, target):
        try:
            while data := source.recv(16384):
                with self._lock:
                    self.passed += len(data)
                    due = self.cut_at and self.passed >= self.cut_at[0]
                    if due:
                        del self.cut_at[0]
                if due:
                    self.cut()
                    break
                target.sendall(data)
        except OSError:
            pass
        with self._lock:
            self._sockets.discard(source)
        for one in (source, target):
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
