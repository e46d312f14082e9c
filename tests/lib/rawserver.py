# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server with bad manners: lets everybody in, and ends the stream as it is told."""

import contextlib
import re
import socket
import threading

import cases

DOMAIN = 'raw.test'
_HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' id='1' "
           f"xmlns:stream='http://etherx.jabber.org/streams' from='{DOMAIN}'>")
_MECHANISMS = ("<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
               '<mechanism>PLAIN</mechanism></mechanisms></stream:features>')
_BIND = "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>"
_SUCCESS = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
_BOUND = ("<iq type='result' id='%s'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
          '<jid>%s</jid></bind></iq>')
_GONE = ("<iq type='error' id='%s' from='%s'><error type='cancel'><service-unavailable "
         "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>")
_IQ = re.compile(rb'<iq\b[^>]*>.*?</iq>', re.DOTALL)


def stream_error(condition, text=None):
    """The error that a server sends before it closes the XML stream."""
    namespace = "xmlns='urn:ietf:params:xml:ns:xmpp-streams'"
    words = f'<text {namespace}>{text}</text>' if text else ''
    return f'<stream:error><{condition} {namespace}/>{words}</stream:error></stream:stream>'


def _attribute(tag, name):
    found = re.search(rf"\b{name}=['\"]([^'\"]*)['\"]".encode(), tag)
    return found.group(1).decode() if found else None


class RawServer:
    """ending is sent right after the resource was bound, in the same packet, to a client
    that asked for that resource; later, with at_once False, when end () is called."""

    def __init__(self, ending, resource='ibb', at_once=True):
        self.ending = ending
        self.resource = resource
        self.at_once = at_once
        self.jid = f'user@{DOMAIN}'
        self._bound = None
        self._socket = socket.create_server(('127.0.0.1', 0))
        self.port = self._socket.getsockname()[1]
        cases.defer(self._socket.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def options(self):
        """The account's, for a command of ibb."""
        return ['--jid', self.jid, '--tls', 'none', '--allow-plain-text',
                '--server', f'127.0.0.1:{self.port}']

    def end(self):
        """Ends the stream of the client that was bound last."""
        self._bound.sendall(self.ending.encode())
        # A client that has read it may have hung up, which closes the socket.
        with contextlib.suppress(OSError):
            self._bound.shutdown(socket.SHUT_WR)

    def _accept(self):
        try:
            while True:
                client, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()
        except OSError:
            pass

    def _serve(self, client):
        with client:
            try:
                for expected, answer in ((b'<stream:stream', _HEADER + _MECHANISMS),
                                         (b'</auth>', _SUCCESS),
                                         (b'<stream:stream', _HEADER + _BIND)):
                    self._expect(client, expected)
                    client.sendall(answer.encode())
                self._talk(client)
            except OSError:
                pass

    @staticmethod
    def _expect(client, expected):
        seen = b''
        while expected not in seen:
            data = client.recv(4096)
            if not data:
                raise ConnectionError('the client hung up')
            seen += data

    def _talk(self, client):
        seen = b''
        while data := client.recv(4096):
            seen += data
            while match := _IQ.search(seen):
                self._answer(client, match.group())
                seen = seen[match.end():]
            if b'</stream:stream>' in seen:
                client.sendall(b'</stream:stream>')
                return

    def _answer(self, client, iq):
        number = _attribute(iq, 'id')
        if b'xmpp-bind' not in iq:
            client.sendall((_GONE % (number, _attribute(iq, 'to'))).encode())
            return
        found = re.search(rb'<resource>([^<]*)</resource>', iq)
        resource = found.group(1).decode() if found else 'given'
        bound = _BOUND % (number, f'{self.jid}/{resource}')
        wanted = resource == self.resource
        if wanted and self.at_once:
            bound += self.ending
        # First: end () may be called as soon as the client knows.
        if wanted:
            self._bound = client
        client.sendall(bound.encode())
        if wanted and self.at_once:
            client.shutdown(socket.SHUT_WR)
