# SPDX-License-Identifier: LGPL-2.1-or-later
"""A client without IBB, or with bad manners: logs in and answers as it is told."""

import base64
import re
import socket
import threading

import cases

_OPEN = ("<?xml version='1.0'?><stream:stream to='%s' version='1.0' xmlns='jabber:client' "
         "xmlns:stream='http://etherx.jabber.org/streams'>")
_ERROR = ("<iq type='error' id='%s' to='%s'><error type='cancel'><%s "
          "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>"
          "<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>%s</text></error></iq>")
_RESULT = "<iq type='result' id='%s' to='%s'>%s</iq>"
_NO_FEATURES = "<query xmlns='http://jabber.org/protocol/disco#info'/>"
# Our server writes attributes in any order, but never > in one.
_IQ = re.compile(rb"(<iq\b[^>]*?\btype=['\"](?:set|get)['\"][^>]*>)(.*?)</iq>", re.DOTALL)


_REFUSAL = re.compile(rb"<iq\b[^>]*?\btype=['\"]error['\"][^>]*>.*?</iq>", re.DOTALL)
_PRESENCE = re.compile(rb"<presence\b(?![^>]*\btype=)[^>]*>")


def attribute(tag, name):
    return re.search(rf"\b{name}=['\"]([^'\"]*)['\"]".encode(), tag).group(1).decode()


class RawClient:
    """answer is an error condition for every request, None for no answer at all, or
    'accept': sessions are accepted and blocks never acknowledged."""

    def __init__(self, server, name, resource, answer):
        self.answer = answer
        self.text = ''  # beside the error condition
        self.jid = f'{name}@{server.domain}/{resource}'
        self.requests = threading.Semaphore(0)
        self.blocks = threading.Semaphore(0)
        self.presences = []  # the addresses of those that came online
        self.errors = 0      # that came back for its own requests
        self._seen = threading.Condition()
        self._buffer = b''
        self._socket = socket.create_connection((server.host, server.plain_port), cases.PATIENCE)
        cases.defer(self.close)
        header = _OPEN % server.domain
        secret = base64.b64encode(f'\0{name}\0{server.passwords[name]}'.encode()).decode()
        self._ask(header, b'</stream:features>')
        self._ask("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>"
                  f"{secret}</auth>", b'<success')
        self._ask(header, b'</stream:features>')
        self._ask("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
                  f"<resource>{resource}</resource></bind></iq>", b'</iq>')
        self._ask('<presence/>', b'<presence')
        self._socket.settimeout(None)
        threading.Thread(target=self._run, daemon=True).start()

    def _ask(self, text, until):
        self._socket.sendall(text.encode())
        while until not in self._buffer:
            data = self._socket.recv(4096)
            if not data:
                raise ConnectionError(f'the server hung up: {self._buffer!r}')
            self._buffer += data
        self._buffer = b''

    def _run(self):
        try:
            while data := self._socket.recv(65536):
                self._buffer += data
                with self._seen:
                    self.presences += [attribute(tag, 'from')
                                       for tag in _PRESENCE.findall(self._buffer)]
                    self._buffer, n_errors = _REFUSAL.subn(b'', self._buffer)
                    self.errors += n_errors
                    self._seen.notify_all()
                self._buffer = _PRESENCE.sub(b'<seen>', self._buffer)
                while match := _IQ.search(self._buffer):
                    self._buffer = self._buffer[match.end():]
                    # First: who has its answer may look at once whether it was asked for.
                    self.requests.release()
                    self._reply(match.group(1), match.group(2))
        except OSError:
            pass

    def answer_request(self, sender, payload):
        """The children of the result, for requests that a subclass knows; None for others."""

    def _reply(self, tag, payload):
        names = (attribute(tag, 'id'), attribute(tag, 'from'))
        result = self.answer_request(names[1], payload)
        if result is not None:
            self._socket.sendall((_RESULT % (*names, result)).encode())
        elif self.answer == 'accept':
            if b'<data' in payload:
                self.blocks.release()
            elif b'disco#info' in payload:
                self._socket.sendall((_RESULT % (*names, _NO_FEATURES)).encode())
            else:
                self._socket.sendall((_RESULT % (*names, '')).encode())
        elif self.answer:
            self._socket.sendall((_ERROR % (*names, self.answer, self.text)).encode())

    def send(self, text):
        self._socket.sendall(text.encode())

    def wait_for_errors(self, count):
        """Waits until so many of its requests were refused."""
        with self._seen:
            if not self._seen.wait_for(lambda: self.errors >= count, cases.PATIENCE):
                raise AssertionError(f'{self.errors} errors of {count}')

    def wait_for_presence(self, jid):
        """Waits until the client at that address has come online."""
        with self._seen:
            if not self._seen.wait_for(lambda: jid in self.presences, cases.PATIENCE):
                raise AssertionError(f'{jid} did not come online, but {self.presences}')

    def close(self):
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self._socket.close()
