# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-59: a component of a server, from Python; run by prosody.py and ejabberd.py."""

import os
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'bindings'))

import cases  # noqa: E402
from bindings import DATA, check_fails, failure, make_client, read_all, round_trip, wait, wait_until  # noqa: E402
from cut_proxy import CutProxy  # noqa: E402
from gi.repository import Gio, GLib, IBB, IBBXmpp  # noqa: E402

DOMAIN = os.environ['IBB_TEST_COMPONENT']
ECHO = f'echo@{DOMAIN}'
NEWS = f'news@{DOMAIN}/today'
QUARK = IBB.error_quark()


def make_component(port=None):
    component = IBBXmpp.Component.new(DOMAIN)
    component.props.secret = os.environ['IBB_TEST_COMPONENT_SECRET']
    component.props.host = os.environ['IBB_TEST_HOST']
    component.props.port = port or int(os.environ['IBB_TEST_COMPONENT_PORT'])
    return component


def make_service(connection, limit=1000):
    service = IBB.Service.new(connection)
    service.props.session_limit = limit
    return service


def connect(service, open_session, *arguments):
    """Opens a session that a service accepts; both transports."""
    accepted = []
    service.accept_async(None, lambda service, result: accepted.append(service.accept_finish(result)))
    opened = open_session(*arguments)
    wait_until(lambda: accepted)
    return opened, accepted[0]


def open_from(service, local, peer, sid=None):
    return service.open_session(peer, IBB.SessionParams(local_jid=local, sid=sid), None)


def open_to(service, peer):
    return service.open_session(peer, None, None)


def close(*transports):
    for transport in transports:
        transport.close_async(GLib.PRIORITY_DEFAULT, None, None)


@cases.case('/component/both-ways')
def both_ways():
    component, alice = make_component(), make_client('ALICE', 'component')
    assert component.login(None) and alice.login(None)
    assert component.props.local_jid == DOMAIN and component.props.state == IBB.ConnectionState.ONLINE
    bots, person = make_service(component), make_service(alice)

    for address in (ECHO, NEWS, DOMAIN):
        # The same sid for each of them (D-01).
        here, there = connect(person, open_from, bots, address, alice.props.local_jid, 'sid')
        assert here.props.local_jid == there.props.peer_jid == address
        round_trip(here, there)
        there, here = connect(bots, open_to, person, address)
        assert here.props.local_jid == address and here.props.peer_jid == alice.props.local_jid
        round_trip(there, here)
    here, there = connect(bots, open_from, bots, ECHO, NEWS)
    assert (there.props.local_jid, there.props.peer_jid) == (NEWS, ECHO)
    round_trip(here, there)

    # Each address answers, and only a person's program has a reason to ask.
    for address in (ECHO, f'anybody@{DOMAIN}'):
        assert 'http://jabber.org/protocol/ibb' in alice.query_features(address, None)
    answers = []

    def on_stanza(_client, stanza):
        if stanza.get_from() == ECHO:
            answers.append((stanza.get_name(), stanza.get_kind()))
        return True

    alice.connect('stanza-received', on_stanza)
    alice.send(IBB.Stanza.new_from_xml(f"<iq type='get' id='p' to='{ECHO}'>"
                                       "<ping xmlns='urn:xmpp:ping'/></iq>", -1))
    wait_until(lambda: answers)
    alice.send(IBB.Stanza.new_from_xml(f"<presence type='probe' to='{ECHO}'/>", -1))
    wait_until(lambda: len(answers) == 2)
    assert answers == [('iq', 'result'), ('presence', None)], answers
    assert component.logout(None) and alice.logout(None)


@cases.case('/component/addresses')
def addresses():
    component, alice = make_component(), make_client('ALICE', 'component')
    assert component.login(None) and alice.login(None)
    bots, person = make_service(component), make_service(alice)
    component.props.any_address = False
    assert component.add_address(ECHO)
    assert component.has_address(f'Echo@{DOMAIN.upper()}/x') and component.has_address(DOMAIN)
    assert not component.has_address(NEWS) and not component.has_address(alice.props.local_jid)
    check_fails(Gio.IOErrorEnum.INVALID_ARGUMENT, component.add_address, alice.props.jid)

    round_trip(*connect(bots, open_to, person, ECHO))
    # As an account that does not exist, and nobody is asked.
    check_fails(IBB.Error.SERVICE_UNAVAILABLE, open_to, person, NEWS, quark=QUARK)
    check_fails(IBB.Error.SERVICE_UNAVAILABLE, alice.query_features, NEWS, None, quark=QUARK)
    assert component.remove_address(ECHO) and not component.remove_address(ECHO)
    check_fails(IBB.Error.SERVICE_UNAVAILABLE, open_to, person, ECHO, quark=QUARK)
    component.props.any_address = True
    round_trip(*connect(bots, open_to, person, NEWS))
    assert component.logout(None) and alice.logout(None)


@cases.case('/component/refused')
def refused():
    component = make_component()
    component.props.secret = 'guess'
    check_fails(IBB.Error.AUTHENTICATION, component.login, None, quark=QUARK)
    assert component.props.state == IBB.ConnectionState.OFFLINE
    component.props.secret = os.environ['IBB_TEST_COMPONENT_SECRET']
    assert component.login(None)  # an attempt that failed leaves nothing behind
    if os.environ['IBB_TEST_SERVER'] == 'prosody':  # ejabberd shares the domain among both
        error = failure(make_component().login, None)
        assert error.matches(QUARK, IBB.Error.CONFLICT) and DOMAIN in error.message, error
        other = IBBXmpp.Component.new('other.localhost')
        other.props.host, other.props.port = component.props.host, component.props.port
        check_fails(IBB.Error.ITEM_NOT_FOUND, other.login, None, quark=QUARK)
    # Where clients log in.
    error = failure(make_component(int(os.environ['IBB_TEST_PLAIN_PORT'])).login, None)
    assert error.domain in ('ibb-error-quark', 'g-io-error-quark'), error
    check_fails(IBB.Error.JID_MALFORMED, IBBXmpp.Component.new(ECHO).login, None, quark=QUARK)
    assert component.logout(None)


@cases.case('/component/many')
def many():
    component, alice = make_component(), make_client('ALICE', 'component')
    assert component.login(None) and alice.login(None)
    bots, person = make_service(component), make_service(alice)
    person.props.receive_memory_limit = 256 * 1024 * 1024
    equal = []

    def on_read(stream, result, collected):
        piece = stream.read_bytes_finish(result).get_data()
        collected[1] += piece
        if piece:
            stream.read_bytes_async(65536, 0, None, on_read, collected)
        else:
            number = collected[0].props.peer_jid.split('@')[0].removeprefix('user')
            equal.append(collected[1] == number.encode() + DATA)
            close(collected[0])

    def on_accepted(_service, transport):
        transport.get_input_stream().read_bytes_async(65536, 0, None, on_read, [transport, b''])

    def on_opened(service, result, number):
        transport = service.open_session_finish(result)
        # It fits into the buffer.
        transport.get_output_stream().write_all(number.encode() + DATA, None)
        close(transport)

    person.connect('session-accepted', on_accepted)
    for number in range(500):
        params = IBB.SessionParams(local_jid=f'user{number}@{DOMAIN}', sid='sid')
        bots.open_session_async(alice.props.local_jid, params, None, on_opened, str(number))
    wait_until(lambda: len(equal) == 500)
    assert all(equal)
    assert component.logout(None) and alice.logout(None)


@cases.case('/component/lost')
def lost():
    proxy = CutProxy(int(os.environ['IBB_TEST_COMPONENT_PORT']))
    component, alice = make_component(proxy.port), make_client('ALICE', 'component')
    component.props.auto_reconnect = True
    assert component.login(None) and alice.login(None)
    bots, person = make_service(component), make_service(alice)
    here, there = connect(person, open_from, bots, ECHO, alice.props.local_jid)
    lost_of_here = []
    here.connect('notify::ended', lambda transport, _pspec: lost_of_here.append(transport.dup_error()))
    proxy.cut()
    wait_until(lambda: lost_of_here)
    assert lost_of_here[0].matches(Gio.io_error_quark(), Gio.IOErrorEnum.CONNECTION_CLOSED)
    wait_until(lambda: component.props.state == IBB.ConnectionState.ONLINE)
    # The component knows nothing of it any more, and says so.
    there.get_output_stream().write_all(b'anybody?', None)
    assert failure(there.drain, None).domain == 'g-io-error-quark'
    round_trip(*connect(bots, open_to, person, NEWS))
    assert component.logout(None) and alice.logout(None)


@cases.case('/component/resumed')
def resumed():
    proxy = CutProxy(int(os.environ['IBB_TEST_COMPONENT_PORT']))
    component, alice = make_component(proxy.port), make_client('ALICE', 'component')
    component.props.auto_reconnect = True
    assert component.login(None) and alice.login(None)
    bots, person = make_service(component), make_service(alice)
    bots.props.resume_sessions = person.props.resume_sessions = True
    pairs = [connect(person, open_from, bots, address, alice.props.local_jid, 'sid')
             for address in (ECHO, NEWS, DOMAIN)]
    for here, there in pairs:
        assert here.get_output_stream().write_all(DATA, None)[1] == len(DATA)
    proxy.cut()
    for here, there in pairs:
        assert here.get_output_stream().write_all(DATA, None)[1] == len(DATA)
        close(here)
    received = []

    def read(there):
        received.append(read_all(there))
        GLib.MainContext.default().wakeup()

    threads = [threading.Thread(target=read, args=(there,)) for _, there in pairs]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(received) == len(pairs))
    assert received == [DATA * 2] * len(pairs), [len(data) for data in received]
    assert component.logout_finish(wait(component.logout_async)) and alice.logout(None)


cases.main()
