# SPDX-License-Identifier: LGPL-2.1-or-later
"""The overrides of a client and of a component, as context managers; run by prosody.py."""

import os

import cases
from bindings import check_fails, make_client, wait_until
from gi.repository import Gio, GLib, IBB, IBBXmpp

ONLINE, OFFLINE = IBB.ConnectionState.ONLINE, IBB.ConnectionState.OFFLINE


class Wrong(Exception):
    """Ends a block."""


@cases.case('/bindings/python/account/with')
def blocking():
    client = make_client('ALICE', 'with')
    with client as same:
        assert same is client and client.props.state == ONLINE
    assert client.props.state == OFFLINE
    try:
        with client:
            assert client.props.state == ONLINE
            raise Wrong
    except Wrong:
        assert client.props.state == OFFLINE
    else:
        raise AssertionError('nothing is raised')


@cases.case('/bindings/python/account/async-with')
def awaited():
    client = make_client('ALICE', 'async-with')

    async def main():
        async with client as same:
            assert same is client and client.props.state == ONLINE
            raise Wrong

    try:
        IBB.run(main(), debug=True)
    except Wrong:
        assert client.props.state == OFFLINE
    else:
        raise AssertionError('nothing is raised')


@cases.case('/bindings/python/account/queries')
def queries():
    """What a client asks beside its sessions can be awaited, too."""
    async def main():
        async with make_client('ALICE', 'queries') as client:
            domain = os.environ['IBB_TEST_DOMAIN']
            assert 'http://jabber.org/protocol/disco#info' in await client.query_features_async(domain)
            ping = f"<iq type='get' to='{domain}'><ping xmlns='urn:xmpp:ping'/></iq>"
            answer = await client.query_async(IBB.Stanza.new_from_xml(ping, -1), 60000)
            assert answer.get_kind() == 'result', answer.to_xml()
            # The client refuses what it does not know: one library makes the answer, another one drops it.
            unknown = f"<iq type='get' to='{client.props.local_jid}'><unknown xmlns='urn:unknown'/></iq>"
            try:
                await client.query_async(IBB.Stanza.new_from_xml(unknown, -1), 60000)
            except GLib.Error as error:
                assert error.matches(IBB.error_quark(), IBB.Error.SERVICE_UNAVAILABLE), error
            else:
                raise AssertionError('nothing is raised')

    IBB.run(main(), debug=True)


@cases.case('/bindings/python/account/login-fails')
def login_fails():
    client = make_client('ALICE', 'fails')
    client.props.password = 'guess'
    check_fails(IBB.Error.AUTHENTICATION, client.__enter__, quark=IBB.error_quark())


@cases.case('/bindings/python/account/untrusted')
def untrusted():
    client = make_client('ALICE', 'untrusted', 'IBB_TEST_OTHER_CA_FILE')
    check_fails(Gio.TlsError.BAD_CERTIFICATE, client.login, quark=Gio.tls_error_quark())

    # A handler may still allow it.
    seen = []
    client.connect('trust-requested',
                   lambda _client, question: (seen.append(question.get_errors()) or
                                             question.accept(IBBXmpp.AnswerFlags.NONE) or True))
    with client:
        assert seen[0] & Gio.TlsCertificateFlags.UNKNOWN_CA


@cases.case('/bindings/python/account/elsewhere')
def elsewhere():
    """The question comes in the context in which the client was made, wherever the login is called."""
    client, own = make_client('ALICE', 'elsewhere', 'IBB_TEST_OTHER_CA_FILE'), GLib.MainContext.new()
    asked, results = [], []
    client.connect('trust-requested', lambda _client, question: asked.append(question) or True)
    own.push_thread_default()
    client.login_async(None, lambda _client, result: results.append(result))
    own.pop_thread_default()
    wait_until(lambda: asked)
    asked[0].accept(IBBXmpp.AnswerFlags.NONE)
    while not results:
        own.iteration(True)
    assert client.login_finish(results[0])
    client.logout()


@cases.case('/bindings/python/account/logged-out')
def logged_out():
    """The block may have logged out."""
    client = make_client('ALICE', 'out')
    with client:
        client.logout()
    assert client.props.state == OFFLINE


@cases.case('/bindings/python/account/component')
def component():
    one = IBBXmpp.Component.new(os.environ['IBB_TEST_COMPONENT'])
    one.set_host(os.environ['IBB_TEST_HOST'])
    one.set_port(int(os.environ['IBB_TEST_COMPONENT_PORT']))
    one.set_secret(os.environ['IBB_TEST_COMPONENT_SECRET'])
    with one:
        assert one.props.state == ONLINE
    assert one.props.state == OFFLINE


cases.main()
