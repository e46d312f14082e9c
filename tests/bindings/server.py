# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python binding through a server; run by prosody.py."""

import cases
from bindings import both_ends, make_client, round_trip, wait
from gi.repository import Gio, GLib, IBB


@cases.case('/bindings/python/server')
def server():
    alice = make_client('ALICE', 'python-a')
    bob = make_client('BOB', 'python-b')
    assert alice.login(None)
    assert bob.login_finish(wait(bob.login_async))
    assert alice.props.state == IBB.ConnectionState.ONLINE
    # Who has no service offers no bytestreams.
    try:
        bob.query_support(alice.props.local_jid, None)
        raise AssertionError('supported by nobody')
    except GLib.Error as error:
        assert error.matches(IBB.error_quark(), IBB.Error.FEATURE_NOT_IMPLEMENTED), error

    here, there = IBB.Service.new(alice), IBB.Service.new(bob)
    opened, accepted = both_ends(here, there, alice.props.local_jid, bob.props.local_jid, 'python')
    assert alice.query_support_finish(wait(alice.query_support_async, bob.props.local_jid))
    round_trip(opened, accepted)
    result = wait(opened.close_async, GLib.PRIORITY_DEFAULT)
    assert opened.close_finish(result)
    assert alice.logout(None)
    assert bob.logout_finish(wait(bob.logout_async))
    assert bob.props.state == IBB.ConnectionState.OFFLINE


@cases.case('/bindings/python/wrong-password')
def wrong_password():
    client = make_client('ALICE', 'python')
    client.props.password = 'guess'
    try:
        client.login(None)
        raise AssertionError('logged in')
    except GLib.Error as error:
        assert error.matches(IBB.error_quark(), IBB.Error.AUTHENTICATION), error


@cases.case('/bindings/python/untrusted')
def untrusted():
    client = make_client('ALICE', 'python', 'IBB_TEST_OTHER_CA_FILE')
    try:
        client.login(None)
        raise AssertionError('logged in')
    except GLib.Error as error:
        assert error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE), error

    # A handler may still allow it.
    seen = []

    def trust(_client, question):
        seen.append(question.get_errors())
        question.accept(False)
        return True

    client = make_client('ALICE', 'python', 'IBB_TEST_OTHER_CA_FILE')
    client.connect('trust-requested', trust)
    assert client.login(None)
    assert seen and seen[0] & Gio.TlsCertificateFlags.UNKNOWN_CA
    client.logout(None)


cases.main()
