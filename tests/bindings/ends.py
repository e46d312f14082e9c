# SPDX-License-Identifier: LGPL-2.1-or-later
"""The introspection data of all namespaces, and an object of each class as an application gets it."""

import os
import tempfile

import gi

gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
gi.require_version('IBBFiles', '1.0')

from bindings import ALICE, BOB, both_ends, wait, wait_until
from gi.repository import Gio, GLib, IBB, IBBFiles, IBBXmpp

NAMESPACES = {
    'IBB': (IBB, 'ibb-glib/IBB-1.0.gir', 'IBB_TEST_LIBRARY'),
    'IBBXmpp': (IBBXmpp, 'ibb-glib/xmpp/IBBXmpp-1.0.gir', 'IBB_TEST_XMPP_LIBRARY'),
    'IBBFiles': (IBBFiles, 'ibb-glib/files/IBBFiles-1.0.gir', 'IBB_TEST_FILES_LIBRARY'),
}

GI = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'

class Ends:
    """What an application gets to see of each class, in instances."""

    def __init__(self):
        self._loopback = IBB.Loopback()
        self._alice = self._loopback.attach(ALICE)
        self._bob = self._loopback.attach(BOB)
        services = IBB.Service.new(self._alice), IBB.Service.new(self._bob)
        services[1].props.session_limit = 10
        transports = both_ends(*services, ALICE, BOB, 'known')
        self.folder = tempfile.TemporaryDirectory(prefix='ibb-getters-')
        params = IBB.SessionParams(sid='sid', local_jid=ALICE)
        stanza = IBB.Stanza.new_from_xml(
            f"<iq type='get' id='1' from='{ALICE}' to='{BOB}'><a xmlns='urn:a'>b<c/></a></iq>", -1)
        self.all = [self._loopback, self._alice, *services, *transports, params, stanza,
                    *(end for t in transports for end in (t.get_input_stream(), t.get_output_stream())),
                    stanza.dup_element(), stanza.dup_element().get_child('a', None),
                    transports[0].dup_statistics(), self._request(services)]
        ended = both_ends(*services, ALICE, BOB, 'ended')
        self._add_client(ended)
        ended[0].abort()
        wait_until(ended[1].has_ended)
        self.all += ended
        self._add_files()

    def _request(self, services):
        requests = []
        handler = services[1].connect(
            'session-requested', lambda _service, request: requests.append(request) or True)
        services[0].open_session_async(BOB, None, None, None)
        wait_until(lambda: requests)
        services[1].disconnect(handler)
        return requests[0]

    def _add_client(self, transports):
        client = IBBXmpp.Client.new(ALICE)
        known = IBBXmpp.KnownCertificates.new(os.path.join(self.folder.name, 'known'))
        identity = IBBXmpp.Identity.load_or_create(os.path.join(self.folder.name, 'key'))
        identity.props.known_certificates = known
        certificate = identity.get_certificate()
        client.props.known_certificates = known
        client.props.certificate = certificate
        # PyGObject warns about an object that nobody here holds.
        resolver = Gio.SimpleProxyResolver.new('socks5://localhost', None)
        database = Gio.TlsFileDatabase.new(self._file('ca.pem', certificate.props.certificate_pem))
        client.props.proxy_resolver = resolver
        client.props.tls_database = database
        client.props.host = 'localhost'
        client.props.user_agent_id = GLib.uuid_string_random()
        client.props.websocket_uri = 'wss://localhost/'
        client.props.token = IBBXmpp.Token.new('HT-SHA-256-NONE', 'secret', GLib.DateTime.new_now_utc())
        self.all += [client, IBBXmpp.Client(), known, identity, client.props.token, IBBXmpp.Component.new('bots.example.org'),
                     IBBXmpp.Worker(), self._ask_about(transports, identity)]

    def _ask_about(self, transports, identity):
        """The question of one end about the key of the other one, which has the same."""
        questions = []
        identity.connect('trust-requested', lambda _identity, question: questions.append(question) or True)
        for transport in transports:
            identity.encrypt_async(transport, None, None)
        wait_until(lambda: questions)
        return questions[0]

    def _file(self, name, text):
        path = os.path.join(self.folder.name, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path

    def _add_files(self):
        alice = IBBFiles.Service.new(self._alice)
        bob = IBBFiles.Service.new(self._bob)
        offered = []
        bob.connect('file-offered', lambda _service, transfer: offered.append(transfer) or True)
        metadata = IBBFiles.Metadata.new('name.txt', 1)
        metadata.props.description = 'A file'
        metadata.props.media_type = 'text/plain'
        metadata.props.date = GLib.DateTime.new_now_utc()
        file = Gio.File.new_for_path(self._file('sent', 'bytes'))
        sent = alice.offer_file_finish(wait(alice.offer_file_async, BOB, file, None))
        wait_until(lambda: offered)
        self.all += [alice, bob, metadata, sent, offered[0]]
