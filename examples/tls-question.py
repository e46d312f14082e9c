#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""tls-question.py JID PEER CERTIFICATE PEER-CERTIFICATE [QUESTION]: asks a peer something
inside TLS, so that no server can read it; without a question, answers one.

CERTIFICATE is a file with our certificate and its key, PEER-CERTIFICATE one with
the peer's, the only one that is trusted; this makes one:

    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes \\
        -days 365 -subj /CN=me -keyout me.pem -out me.crt && cat me.crt >> me.pem

JID is the account, with the password in IBB_PASSWORD. PEER is a full JID, with its
resource, to ask, and a bare one to answer. IBB_SERVER=HOST:PORT connects there
instead of where DNS says; IBB_CA_FILE names certificates to trust for the server.
"""

import os
import sys

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp


def login(jid):
    client = IBBXmpp.Client.new(jid)
    client.set_password(os.environ['IBB_PASSWORD'])
    if 'IBB_SERVER' in os.environ:
        address = Gio.NetworkAddress.parse(os.environ['IBB_SERVER'], 5222)
        client.set_host(address.get_hostname())
        client.set_port(address.get_port())
    if 'IBB_CA_FILE' in os.environ:
        client.set_tls_database(Gio.TlsFileDatabase.new(os.path.abspath(os.environ['IBB_CA_FILE'])))
    client.login(None)
    return client


def accept_from(service, peer):
    """The next session from peer; one from anybody else is aborted."""
    while True:
        transport = service.accept(None)
        if transport.props.peer_jid.startswith(peer + '/'):
            return transport
        transport.abort()


def protect(tls, certificate, peer_certificate):
    expected = Gio.TlsCertificate.new_from_file(peer_certificate)
    tls.set_certificate(Gio.TlsCertificate.new_from_file(certificate))
    # Only this certificate, and any authority may have signed it.
    tls.connect('accept-certificate', lambda _tls, shown, _errors: shown.is_same(expected))
    tls.handshake(None)


def say(tls, text):
    tls.get_output_stream().write_all(text.encode(), None)
    # TLS's own end (close-notify): the peer knows that this is all.
    tls.get_output_stream().close(None)


def hear(tls):
    """Up to the close-notify; if that is missing, this raises."""
    said = b''
    while part := tls.get_input_stream().read_bytes(4096, None).get_data():
        said += part
    return said.decode()


def ask(service, peer, certificate, peer_certificate, question):
    # An exception aborts the session, so that the peer need not wait.
    with service.open_session(peer) as transport:
        tls = Gio.TlsClientConnection.new(transport, None)
        protect(tls, certificate, peer_certificate)
        say(tls, question)
        print(f'{peer} says: {hear(tls)}')
        tls.close(None)


def answer(service, peer, certificate, peer_certificate):
    with accept_from(service, peer) as transport:
        tls = Gio.TlsServerConnection.new(transport, None)
        tls.props.authentication_mode = Gio.TlsAuthenticationMode.REQUIRED
        protect(tls, certificate, peer_certificate)
        question = hear(tls)
        print(f'{transport.props.peer_jid} asks: {question}')
        say(tls, question.upper())
        # The session is closed last, by both, when each has heard the other's end.
        tls.close(None)


def main():
    if len(sys.argv) not in (5, 6):
        sys.exit('Usage: tls-question.py JID PEER CERTIFICATE PEER-CERTIFICATE [QUESTION]')
    try:
        client = login(sys.argv[1])
        try:
            service = IBB.Service.new(client)
            if len(sys.argv) == 6:
                ask(service, *sys.argv[2:])
            else:
                service.set_session_limit(1)
                print('ready', client.props.local_jid, file=sys.stderr, flush=True)
                answer(service, *sys.argv[2:])
        finally:
            client.logout(None)
    except GLib.Error as error:
        sys.exit(f'tls-question.py: {error.message}')


if __name__ == '__main__':
    main()
