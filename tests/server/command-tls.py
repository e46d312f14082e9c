#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the command ibb does where a server behaves badly below the XML, by TLS or HTTP. The server
shows certificates of IBB_TEST_CERTIFICATES, a folder that tests/lib/certificates.py filled."""

import base64
import hashlib
import os
import re
import socket
import ssl
import threading

import cases
import certificates
from cases import case, check, check_equal
from command import IBB, REFUSED, Folder, Program

CERTIFICATES = os.environ['IBB_TEST_CERTIFICATES']
HEADER = ("<?xml version='1.0'?><stream:stream xmlns='jabber:client' version='1.0' id='1' "
          "xmlns:stream='http://etherx.jabber.org/streams'>")
FEATURES = ("<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>"
            '<mechanism>PLAIN</mechanism></mechanisms></stream:features>')
FAILURE = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>"
HOST_META = ("<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>"
             "<Link rel='urn:xmpp:alt-connections:websocket' href='wss://juliet.example/ws'/></XRD>")


def path_of(name):
    return os.path.join(CERTIFICATES, name)


class Server:
    """Handles each connection by serve (connection), in a thread."""

    def __init__(self, serve):
        self.serve = serve
        self.targets = []
        cases.need_ipv4()
        self._socket = socket.create_server(('127.0.0.1', 0))
        self.port = self._socket.getsockname()[1]
        cases.defer(self._socket.close)
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._handle, args=(connection,), daemon=True).start()

    def _handle(self, connection):
        try:
            with connection:
                self.serve(connection)
        except OSError:
            pass  # the client has hung up


def create_context(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(name)
    return context


def read_until(connection, text):
    data = b''
    while text not in data:
        piece = connection.recv(4096)
        if not piece:
            raise OSError('the client has hung up')
        data += piece
    return data.decode()


def speak_xmpp(context):
    """Refuses the password."""
    def serve(connection):
        with context.wrap_socket(connection, server_side=True) as tls:
            read_until(tls, b'<stream:stream')
            tls.sendall((HEADER + FEATURES).encode())
            read_until(tls, b'</auth>')
            tls.sendall(FAILURE.encode())
            read_until(tls, b'</stream:stream>')
    return serve


def start_ibb(*options, jid='alice@juliet.example'):
    return Program(IBB, 'send', '/dev/null', 'bob@juliet.example', '--jid', jid, *options,
                   env={'IBB_PASSWORD': 'secret'})


def by_direct_tls(server, authority=path_of('authority.crt')):
    return '--tls', 'direct', '--server', f'127.0.0.1:{server.port}', '--ca-file', authority


@case('some session tickets are no reason to hang up')
def _():
    context = create_context(path_of('juliet.pem'))
    context.num_tickets = 100
    server = Server(speak_xmpp(context))
    start_ibb(*by_direct_tls(server)).expect_failure('did not accept', code=REFUSED)


@case('session tickets without end are')
def _():
    context = create_context(path_of('juliet.pem'))
    context.num_tickets = 100000
    server = Server(speak_xmpp(context))
    here = start_ibb(*by_direct_tls(server))
    here.expect_failure('TLS messages without any data')
    check(here.usage.ru_maxrss < 100000, f'{here.usage.ru_maxrss} KiB')  # 240000 with a cache of them


@case('an address is not sent as a name (SNI), and is what the certificate must be for')
def _():
    folder = Folder()
    path = folder / 'address'
    certificates.make_signed(path, path_of('authority'), 'address', 'serverAuth',
                             addresses=('127.0.0.1',))
    certificates.join(path)
    for name, jid, code in ((path + '.pem', 'alice@127.0.0.1', REFUSED),
                            (path_of('juliet.pem'), 'alice@127.0.0.1', 1),
                            (path_of('juliet.pem'), 'alice@juliet.example', REFUSED)):
        names = []
        context = create_context(name)
        context.sni_callback = lambda _, name, __, names=names: names.append(name)
        server = Server(speak_xmpp(context))
        words = 'did not accept' if code == REFUSED else 'it belongs to another name'
        start_ibb(*by_direct_tls(server), jid=jid).expect_failure(words, code=code)
        check_equal(names, ['juliet.example' if 'juliet' in jid else None], 'the name')


def speak_http(context, targets):
    """A proxy, and each server behind it."""
    def serve(connection):
        targets.append(read_until(connection, b'\r\n\r\n').split()[1])
        connection.sendall(b'HTTP/1.1 200 OK\r\n\r\n')
        with context.wrap_socket(connection, server_side=True) as tls:
            request = read_until(tls, b'\r\n\r\n')
            if request.startswith('GET /.well-known/host-meta '):
                tls.sendall(f'HTTP/1.1 200 OK\r\nContent-Length: {len(HOST_META)}\r\n\r\n{HOST_META}'.encode())
            else:
                tls.sendall(b'HTTP/1.1 404 Not Found\r\n\r\n')
    return serve


def get_fingerprint(name):
    with open(name, encoding='ascii') as file:
        der = base64.b64decode(re.search('-----BEGIN CERTIFICATE-----(.*?)-----END', file.read(), re.DOTALL)[1])
    digits = hashlib.sha256(der).hexdigest().upper()
    return ':'.join(digits[i:i + 2] for i in range(0, len(digits), 2))


@case('the certificate of host-meta is told, and --fingerprint accepts it')
def _():
    name = path_of('alone-1.pem')
    targets = []
    server = Server(speak_http(create_context(name), targets))
    options = '--websocket', 'always', '--proxy', f'http://127.0.0.1:{server.port}'
    fingerprint = get_fingerprint(name)
    start_ibb(*options).expect_failure(fingerprint, '--fingerprint')
    start_ibb(*options, '--fingerprint', fingerprint[:-2] + '00').expect_failure('not')
    check_equal(set(targets), {'juliet.example:443'}, 'the targets')
    start_ibb(*options, '--fingerprint', fingerprint).expect_failure('wss://juliet.example/ws', '404')


cases.main()
