# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program for 1.0: a session, a private file, and a login that fails."""

import os
import sys
import threading

import gi

gi.require_version('IBB', '1.0')
gi.require_version('IBBFiles', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBFiles, IBBXmpp

JULIET = 'juliet@example.org/balcony'
ROMEO = 'romeo@example.org/orchard'
FOLDER = sys.argv[1]


def call(start, *arguments):
    """The result of an asynchronous call."""
    results = []
    start(*arguments, None, lambda _object, result: results.append(result))
    while not results:
        GLib.MainContext.default().iteration(True)
    return results[0]


def read_all(stream):
    data = b''
    while part := stream.read_bytes(100).get_data():
        data += part
    return data


def check_session(juliet, romeo):
    def answer(_service, transport):
        def run():
            question = read_all(transport.get_input_stream())
            transport.get_output_stream().write_all(question.upper())
            transport.close()

        threading.Thread(target=run, daemon=True).start()

    def ask():
        params = IBB.SessionParams(sid='talk', block_size=1000)
        transport = juliet.open_session(ROMEO, params)
        assert transport.dup_peer_jid() == ROMEO and transport.get_sid() == 'talk'
        transport.get_output_stream().write_all(b'wherefore' * 1000)
        assert transport.shutdown_output()
        answers.append(read_all(transport.get_input_stream()))
        transport.close()
        romeo.set_session_limit(0)
        try:
            juliet.open_session(ROMEO)
        except GLib.Error as error:
            answers.append(error)

    answers = []
    romeo.connect('session-accepted', answer)
    romeo.set_session_limit(1)
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    while thread.is_alive():
        GLib.MainContext.default().iteration(False)
    assert answers[0] == b'WHEREFORE' * 1000
    assert answers[1].matches(IBB.Error.quark(), IBB.Error.NOT_ACCEPTABLE), answers[1]


def make_identity(name):
    identity = IBBXmpp.Identity.load_or_create(os.path.join(FOLDER, name + '.pem'))
    identity.set_known_certificates(IBBXmpp.KnownCertificates.new(os.path.join(FOLDER, name + '.known')))
    fingerprint = IBBXmpp.KnownCertificates.dup_fingerprint(identity.get_certificate())
    uri = identity.dup_uri('romeo@example.org')
    assert uri == 'xmpp:romeo@example.org?ibb-key;sha256=' + fingerprint.replace(':', '').lower()
    assert IBBXmpp.Identity.parse_uri(uri) == ('romeo@example.org', fingerprint)
    return identity


def check_file(juliet, romeo):
    codes = []
    services = []
    taken = []

    def take(_service, transfer):
        place = Gio.File.new_for_path(os.path.join(FOLDER, transfer.get_metadata().dup_safe_name()))
        transfer.accept_file_async(place, IBBFiles.Existing.FAIL, None, None)
        taken.append(transfer)
        return True

    def trust(_identity, question):
        codes.append(question.get_code())
        question.accept(IBBXmpp.AnswerFlags.REMEMBER)
        return True

    for connection, name in ((juliet, 'juliet'), (romeo, 'romeo')):
        identity = make_identity(name)
        identity.connect('trust-requested', trust)
        services.append(IBBFiles.Service.new(connection))
        services[-1].set_identity(identity)
    services[1].connect('file-offered', take)
    services[1].connect('private-offered', lambda _service, peer: peer != JULIET)
    stream = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes(b'letter' * 5000))
    metadata = IBBFiles.Metadata.new('letter.txt', 30000)
    metadata.set_description('from the balcony')
    result = call(services[0].offer_stream_async, ROMEO, stream, metadata)
    transfer = services[0].offer_stream_finish(result)
    assert transfer.wait()
    assert transfer.get_state() == IBBFiles.State.DELIVERED
    assert taken[0].get_metadata().get_description() == 'from the balcony'
    assert len(codes) == 2 and codes[0] == codes[1]
    with open(taken[0].get_file().get_path(), 'rb') as file:
        assert file.read() == b'letter' * 5000


def check_login():
    client = IBBXmpp.Client(jid='romeo@example.org', host='127.0.0.1', port=1, auto_reconnect=False)
    client.set_password('secret')
    assert client.get_state() == IBB.ConnectionState.OFFLINE
    try:
        client.login()
        raise AssertionError
    except GLib.Error as error:
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.CONNECTION_REFUSED), error


loopback = IBB.Loopback.new()
ends = [loopback.attach(JULIET), loopback.attach(ROMEO)]
check_session(*[IBB.Service.new(end) for end in ends])
check_file(*ends)
check_login()
