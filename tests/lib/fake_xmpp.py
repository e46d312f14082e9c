# SPDX-License-Identifier: LGPL-2.1-or-later
"""A server of the test's own, without TLS: it passes stanzas between clients, and at the moment that a test
names it does what the test says. So a test needs no time to hit a moment, and none to wait for one."""

import base64
import collections
import re
import socket
import threading
from xml.parsers import expat

import cases
from command import Account
from private_server import free_ports

HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
          "from='localhost' id='1' version='1.0'><stream:features>%s</stream:features>")
MECHANISMS = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>PLAIN</mechanism></mechanisms>"
BIND = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>"
SASL = "<{0} xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"
BOUND = "<iq type='result' id='{id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>{jid}</jid></bind></iq>"
INFO = ("<query xmlns='http://jabber.org/protocol/disco#info'><identity category='server' type='im'/>"
        "<feature var='urn:xmpp:ping'/></query>")
ERROR = ("<{name} type='error' id='{id}' from='{to}' to='{jid}'><error type='cancel'>"
         "<{condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></{name}>")
STREAM_ERROR = "<stream:error><{0} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>"


class Splitter:
    """Cuts an XML stream into its top-level elements, as they were written. take (name, attributes, text)."""

    def __init__(self, take):
        self._take = take
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._depth = 0
        self._data = b''
        self._dropped = 0
        self._element = None
        self._whole = []

    def feed(self, data):
        self._data += data
        self._parser.Parse(data)
        whole, self._whole = self._whole, []
        for element in whole:
            self._take(*element)

    def _start(self, name, attributes):
        if self._depth == 0:
            self._whole.append((name, attributes, b'<stream:stream>'))
        elif self._depth == 1:
            self._element = name, attributes, self._parser.CurrentByteIndex
        self._depth += 1

    def _end(self, name):
        self._depth -= 1
        if self._depth == 0:
            self._whole.append((name, None, b'</stream:stream>'))
        elif self._depth == 1:
            name, attributes, begin = self._element
            end = self._parser.CurrentByteIndex - self._dropped
            # Otherwise the element is empty, and has no end tag.
            if self._data.startswith(b'</' + name.encode(), end):
                end = self._data.index(b'>', end) + 1
            self._whole.append((name, attributes, self._data[begin - self._dropped:end]))
            self._data = self._data[end:]
            self._dropped += end


class Client(threading.Thread):
    """A connection to the server. jid (nullable): once it is bound. has_left: ended its XML stream."""

    def __init__(self, server, connection):
        super().__init__(daemon=True)
        self.server = server
        self.connection = connection
        self.user = self.jid = None
        self.is_shown = self.has_left = False
        self.start()

    def run(self):
        splitter = [Splitter(self._take)]
        self._restart = lambda: splitter.insert(0, Splitter(self._take))
        try:
            while data := self.connection.recv(65536):
                splitter[0].feed(data)
        except (OSError, expat.ExpatError):
            pass
        with self.server.lock:
            self.close()

    def send(self, text):
        try:
            self.connection.sendall(text if isinstance(text, bytes) else text.encode())
        except OSError:
            pass  # it has gone, which run () sees

    def close(self):
        if self.server.clients.get(self.jid) == self:
            del self.server.clients[self.jid]
            self.server.show(self, " type='unavailable'")
        try:
            self.connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.connection.close()

    def end(self, condition):
        """By an error of the XML stream."""
        if self.jid is None:
            self.send(HEADER.partition('<stream:features>')[0])
        self.send(STREAM_ERROR.format(condition))
        self.close()

    def refuse(self, attributes, condition, name='iq'):
        self.send(ERROR.format(name=name, id=attributes.get('id', ''), to=attributes.get('to', ''), jid=self.jid,
                               condition=condition))

    def _take(self, name, attributes, text):
        with self.server.lock:
            if not self.server.intervene(self, attributes, text):
                self._obey(name, attributes, text)

    def _obey(self, name, attributes, text):
        if name == 'stream:stream':
            if attributes is None:
                self.has_left = True
                self.send('</stream:stream>')
                self.close()
            else:
                self.send(HEADER % (BIND if self.user else MECHANISMS))
        elif name == 'auth':
            _, self.user, password = base64.b64decode(re.search(b'>(.*)<', text)[1]).decode().split('\0')
            if self.server.passwords.get(self.user) != password:
                self.user = None
                self.send(SASL.format("failure", '').replace('/>', '><not-authorized/></failure>'))
            else:
                self._restart()
                self.send(SASL.format('success'))
        elif b'urn:ietf:params:xml:ns:xmpp-bind' in text:
            resource = re.search(b'<resource>(.*)</resource>', text)
            jid = f'{self.user}@localhost/' + (resource[1].decode() if resource else f'r{id(self)}')
            if jid in self.server.clients:
                self.server.clients[jid].end('conflict')
            self.jid = jid
            self.server.clients[jid] = self
            self.send(BOUND.format(id=attributes['id'], jid=jid))
        else:
            self.server.route(self, name, attributes, text)


class Played:
    """A program at an address of the server that the case itself plays. take (attributes, text): what comes there,
    but for presence."""

    def __init__(self, server, jid, take=lambda *_: None):
        self.server, self.jid, self._take = server, jid, take
        self.user = jid.split('@')[0]
        self.is_shown = True
        with server.lock:
            server.clients[jid] = self
            server.show(self)

    def send(self, text):
        """What the server passes on to it."""
        text = text if isinstance(text, bytes) else text.encode()
        if text.startswith(b'<presence'):
            return
        tag = re.match(rb'<\w+((?: [\w:]+=(?:\'[^\']*\'|"[^"]*"))*)', text)[1].decode()
        self._take({name: value[1:-1] for name, value in re.findall(r' ([\w:]+)=(\'[^\']*\'|"[^"]*")', tag)}, text)

    def say(self, name, text, **attributes):
        tag = ''.join(f" {key}='{value}'" for key, value in attributes.items())
        with self.server.lock:
            self.server.route(self, name, attributes, f'<{name}{tag}>{text}</{name}>'.encode())

    def answer(self, request, text=''):
        self.say('iq', text, type='result', id=request['id'], to=request['from'])

    def refuse(self, attributes, condition, name='iq'):
        """What it has sent reaches nobody."""
        self._take({'type': 'error'}, condition.encode())


class FakeServer:
    """clients: those that are bound, by their full JIDs."""

    host = cases.LOOPBACK
    domain = 'localhost'

    def __init__(self):
        self.passwords = {name: f'secret of {name}' for name in ('alice', 'bob', 'carol')}
        self.environment = {}
        self.clients = {}
        self.lock = threading.RLock()
        self._moments = []
        self._hidden = []
        self._connections = []
        self._newest = collections.deque(maxlen=20)  # (user, stanza) that came last
        # While it has gone, no connection of a program on this machine gets the port from the system, not even one to it.
        self.port, = free_ports(1)
        self.plain_port = self.port
        self.listen()
        cases.defer(self.go)
        cases.ask_if_failed(self._describe)

    def _describe(self):
        return '\n'.join([f'the server has {list(self.clients)}, and has seen at last',
                          *(f'{user}: {text[:300].decode(errors="replace")}' for user, text in list(self._newest))])

    def listen(self):
        self._listener = cases.listen(self.port)
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            # A client can log in, and a case can have go () called, before this thread runs again.
            with self.lock:
                if listener.fileno() < 0:
                    connection.close()
                    return
                self._connections.append(Client(self, connection))

    def go(self):
        """Ends all connections, and takes no more."""
        with self.lock:
            try:
                self._listener.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            self._listener.close()
            for client in self._connections:
                client.close()
            self._connections = []

    def when(self, pattern, deed, who=None, number=1):
        """Calls deed (client, attributes) when an account, or anybody, has sent that for the so-many-th time. A deed
        that returns True keeps what was sent. number 0: each time."""
        with self.lock:
            self._moments.append([re.compile(pattern.encode()), deed, who, number])

    def hide(self, feature):
        """Nobody learns any more that somebody has it."""
        with self.lock:
            self._hidden.append(re.compile(f"<feature var=['\"]{feature}['\"]/>".encode()))

    def intervene(self, client, attributes, text):
        self._newest.append((client.user, text))
        kept = False
        for moment in self._moments:
            pattern, deed, who, number = moment
            if who in (None, client.user) and pattern.search(text):
                moment[3] -= number > 0
                if number in (0, 1):
                    kept = deed(client, attributes) or kept
                    moment[3] -= number > 0
        return kept

    def show(self, client, kind=''):
        """To everybody who is shown: all know each other."""
        if client.is_shown:
            for other in list(self.clients.values()):
                if other.is_shown:
                    other.send(f"<presence from='{client.jid}' to='{other.jid}'{kind}/>")

    def route(self, client, name, attributes, text):
        to = attributes.get('to', '')
        kind = attributes.get('type')
        if name == 'presence' and not to:
            client.is_shown = kind is None
            for other in self.clients.values():
                if other.is_shown and other != client:
                    client.send(f"<presence from='{other.jid}' to='{client.jid}'/>")
            self.show(client)
        elif to in self.clients:
            for feature in self._hidden:
                text = feature.sub(b'', text)
            self.clients[to].send(re.sub(rb"^(<\w+)((?:[^>'\"]|'[^']*'|\"[^\"]*\")*>)", lambda match: (
                match[1] + f" from='{client.jid}'".encode() + re.sub(rb" from=('[^']*'|\"[^\"]*\")", b'', match[2])),
                text, count=1))
        elif name == 'iq' and kind in ('get', 'set') or name == 'message' and kind != 'error':
            if to in ('', 'localhost') and (b'disco#info' in text or b'urn:xmpp:ping' in text):
                client.send(f"<iq type='result' id='{attributes['id']}' from='localhost' to='{client.jid}'>"
                            f"{INFO if b'disco' in text else ''}</iq>")
            else:
                client.refuse(attributes, 'service-unavailable', name)

    def client_of(self, user):
        """The last one that has logged in."""
        with self.lock:
            return next(client for client in reversed(self.clients.values()) if client.user == user)

    def account(self, name):
        return Account(self, name)
