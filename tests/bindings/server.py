# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python binding through a server; run by prosody.py."""

import cases
from bindings import both_ends, log_in, round_trip, wait
from gi.repository import Gio, GLib, IBB


@cases.case('/bindings/python/server')
def server():
    alice = log_in('ALICE', 'python-a')
    bob = log_in('BOB', 'python-b')
    assert alice.login(None)
    assert bob.login_finish(wait(bob.login_async))
    assert alice.props.state == IBB.ClientState.ONLINE
    assert bob.query_support(alice.props.local_jid, None) in (True, False)

    opened, accepted = both_ends(IBB.Service.new(alice), IBB.Service.new(bob),
                                 alice.props.local_jid, bob.props.local_jid, 'python')
    assert alice.query_support_finish(wait(alice.query_support_async, bob.props.local_jid))
    round_trip(opened, accepted)
    result = wait(opened.close_async, GLib.PRIORITY_DEFAULT)
    assert opened.close_finish(result)
    assert alice.logout(None)
    assert bob.logout_finish(wait(bob.logout_async))
    assert bob.props.state == IBB.ClientState.OFFLINE


@cases.case('/bindings/python/wrong-password')
def wrong_password():
    client = log_in('ALICE', 'python')
    client.props.password = 'guess'
    try:
        client.login(None)
        raise AssertionError('logged in')
    except GLib.Error as error:
        assert error.matches(IBB.error_quark(), IBB.Error.AUTHENTICATION), error


@cases.case('/bindings/python/untrusted')
def untrusted():
    import os

    client = log_in('ALICE', 'python')
    client.props.tls_database = Gio.TlsFileDatabase.new(os.environ['IBB_TEST_OTHER_CA_FILE'])
    try:
        client.login(None)
        raise AssertionError('logged in')
    except GLib.Error as error:
        assert error.matches(Gio.tls_error_quark(), Gio.TlsError.BAD_CERTIFICATE), error

    # A handler may still allow it.
    seen = []

    def accept_certificate(_client, certificate, flags):
        seen.append((certificate, flags))
        return True

    client = log_in('ALICE', 'python')
    client.props.tls_database = Gio.TlsFileDatabase.new(os.environ['IBB_TEST_OTHER_CA_FILE'])
    client.connect('accept-certificate', accept_certificate)
    assert client.login(None)
    assert seen and seen[0][1] & Gio.TlsCertificateFlags.UNKNOWN_CA
    client.logout(None)


cases.main()
