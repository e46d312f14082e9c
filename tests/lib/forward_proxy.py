# SPDX-License-Identifier: LGPL-2.1-or-later
"""A proxy that its clients name: SOCKS5, SOCKS4a or HTTP (CONNECT), by how they begin."""

import base64
import socket
import threading

from cut_proxy import CutProxy


def read(client, count):
    data = client.recv(count, socket.MSG_WAITALL)
    if len(data) < count:
        raise OSError
    return data


def read_until(client, end):
    data = b''
    while not data.endswith(end):
        data += read(client, 1)
    return data[:-len(end)]


class ForwardProxy(CutProxy):
    """Leads to hosts that nobody else knows.

    hosts: the address of each name
    asked: what for, as pairs of name and port
    logins: of SOCKS5 and HTTP, as pairs of user and password
    """

    def __init__(self, hosts, **options):
        self.hosts = hosts
        self.asked = []
        self.logins = []
        super().__init__(0, **options)

    def _take(self, client):
        threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        try:
            ask = {b'\5': self._ask_socks5, b'\4': self._ask_socks4a, b'C': self._ask_http}[read(client, 1)]
            host, port, yes, no = ask(client)
            self.asked.append((host, port))
            try:
                server = socket.create_connection((self.hosts[host], port))
            except (KeyError, OSError):
                client.sendall(no)
                raise
            client.sendall(yes)
        except (KeyError, OSError):
            self._refuse(client)
            return
        self._join(client, server)

    def _ask_socks5(self, client):
        methods = read(client, read(client, 1)[0])
        if 2 in methods:
            client.sendall(b'\5\2')
            read(client, 1)
            user = read(client, read(client, 1)[0])
            self.logins.append((user.decode(), read(client, read(client, 1)[0]).decode()))
            client.sendall(b'\1\0')
        else:
            client.sendall(b'\5\0')
        kind = read(client, 4)[3]
        host = read(client, read(client, 1)[0]).decode() if kind == 3 else socket.inet_ntoa(read(client, 4))
        port = int.from_bytes(read(client, 2), 'big')
        return host, port, b'\5\0\0\1' + bytes(6), b'\5\4\0\1' + bytes(6)

    @staticmethod
    def _ask_socks4a(client):
        read(client, 1)
        port = int.from_bytes(read(client, 2), 'big')
        address = socket.inet_ntoa(read(client, 4))
        read_until(client, b'\0')
        host = read_until(client, b'\0').decode() if address.startswith('0.0.0.') else address
        return host, port, b'\0\x5a' + bytes(6), b'\0\x5b' + bytes(6)

    def _ask_http(self, client):
        words, *fields = read_until(client, b'\r\n\r\n').decode().split('\r\n')
        for name, value in (field.split(': ', 1) for field in fields):
            if name == 'Proxy-Authorization':
                self.logins.append(tuple(base64.b64decode(value.split()[1]).decode().split(':')))
        host, port = words.split()[1].rsplit(':', 1)
        return host, int(port), b'HTTP/1.0 200 OK\r\n\r\n', b'HTTP/1.0 502 Bad Gateway\r\n\r\n'


class BadProxy(ForwardProxy):
    """Answers any request with some bytes, and closes the connection or does not."""

    def __init__(self, answer, closes):
        self._answer = answer, closes
        self._kept = []
        super().__init__({})

    def _serve(self, client):
        answer, closes = self._answer
        try:
            client.recv(4096)  # a rest that is not read would break the connection
            client.sendall(answer)
        except OSError:
            pass
        if closes:
            client.close()
        else:
            self._kept.append(client)
