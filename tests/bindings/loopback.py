# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python binding within one process."""

import threading

import cases
from bindings import (ALICE, BOB, DATA, both_ends, check_fails, failure, listing, read_all, round_trip, services,
                      wait, wait_until, write_all)
from gi.repository import Gio, GLib, IBB


@cases.case('/bindings/python/synchronous')
def synchronous():
    opened, accepted = both_ends(*services(), ALICE, BOB, 'synchronous')
    assert isinstance(opened, Gio.IOStream)
    assert opened.props.sid == accepted.props.sid == 'synchronous'
    assert (opened.props.local_jid, opened.props.peer_jid) == (ALICE, BOB)
    round_trip(opened, accepted)

    # A close waits for the other side's, which another thread has to give.
    def close_other():
        assert read_all(accepted) == b''
        accepted.close(None)

    other = threading.Thread(target=close_other)
    other.start()
    opened.close(None)
    other.join()
    wait_until(opened.has_ended)
    assert opened.dup_error() is None


@cases.case('/bindings/python/asynchronous')
def asynchronous():
    alice, bob = services()
    accepted = []

    def accepted_cb(service, result):
        accepted.append(service.accept_finish(result))

    bob.props.session_limit = 1
    bob.accept_async(None, accepted_cb)
    result = wait(alice.open_session_async, BOB, IBB.SessionParams(block_size=1000))
    opened = alice.open_session_finish(result)
    wait_until(lambda: accepted)
    assert opened.props.block_size == 1000

    output = opened.get_output_stream()
    write_all(output, DATA)
    assert opened.drain_finish(wait(opened.drain_async))
    assert opened.shutdown_output_finish(wait(opened.shutdown_output_async))

    stream = accepted[0].get_input_stream()
    data = b''
    while True:
        piece = stream.read_bytes_finish(wait(stream.read_bytes_async, 3000, GLib.PRIORITY_DEFAULT))
        if piece.get_size() == 0:
            break
        data += piece.get_data()
    assert data == DATA
    assert accepted[0].close_finish(wait(accepted[0].close_async, GLib.PRIORITY_DEFAULT))


@cases.case('/bindings/python/pollable')
def pollable():
    opened, accepted = both_ends(*services(), ALICE, BOB, 'pollable')
    stream = accepted.get_input_stream()
    # (How GIO 2.74 describes read_nonblocking, no language can call it.)
    assert isinstance(stream, IBB.InputStream) and stream.can_poll() and not stream.is_readable()
    output = opened.get_output_stream()
    assert isinstance(output, IBB.OutputStream) and output.can_poll() and output.is_writable()
    assert output.write_nonblocking(b'hello', None) == 5
    opened.drain(None)
    wait_until(stream.is_readable)
    assert stream.read_bytes(10, None).get_data() == b'hello'
    assert not stream.is_readable()


@cases.case('/bindings/python/requests')
def requests():
    # The listing of the page is a handler that lets in one and refuses others.
    loopback = IBB.Loopback()
    alice, bob, carol = (IBB.Service.new(loopback.attach(f'{name}@example.org/x'))
                         for name in ('alice', 'bob', 'carol'))
    names = {'IBB': IBB, 'service': bob, 'sessions': []}
    exec(listing('opening.md'), names)
    result = wait(alice.open_session_async, 'bob@example.org/x', None)
    assert alice.open_session_finish(result) is not None
    assert len(names['sessions']) == 1
    error = failure(carol.open_session_finish, wait(carol.open_session_async, 'bob@example.org/x', None))
    assert error.matches(IBB.error_quark(), IBB.Error.NOT_ACCEPTABLE), error
    assert 'says' not in error.message, error
    for _ in range(2):
        alice.open_session_finish(wait(alice.open_session_async, 'bob@example.org/x', None))
    error = failure(alice.open_session_finish, wait(alice.open_session_async, 'bob@example.org/x', None))
    assert 'Three sessions are enough' in error.message, error


@cases.case('/bindings/python/errors')
def errors():
    alice, bob = services()

    def open_session(jid, size=0):
        alice.open_session(jid, IBB.SessionParams(block_size=size), None)

    quark = IBB.error_quark()
    check_fails(IBB.Error.SERVICE_UNAVAILABLE, open_session, 'nobody@example.org/x', quark=quark)
    assert IBB.Error.get_condition(failure(open_session, BOB)) == IBB.StanzaCondition.NOT_ACCEPTABLE
    check_fails(Gio.IOErrorEnum.INVALID_ARGUMENT, open_session, '@')
    check_fails(Gio.IOErrorEnum.INVALID_ARGUMENT, open_session, BOB, 70000)
    opened, accepted = both_ends(alice, bob, ALICE, BOB, 'errors')
    accepted.props.read_timeout = 1
    check_fails(Gio.IOErrorEnum.TIMED_OUT, accepted.get_input_stream().read_bytes, 10, None)
    accepted.abort()
    wait_until(opened.has_ended)
    check_fails(Gio.IOErrorEnum.CONNECTION_CLOSED, read_all, opened)
    check_fails(Gio.IOErrorEnum.CONNECTION_CLOSED, opened.get_output_stream().write, b'x', None)
    check_fails(Gio.IOErrorEnum.CLOSED, accepted.get_output_stream().write, b'x', None)


@cases.case('/bindings/python/ended')
def ended():
    opened, accepted = both_ends(*services(), ALICE, BOB, 'ended')
    seen = []
    accepted.connect('notify::ended', lambda transport, _pspec: seen.append(transport.props.error))
    opened.abort()
    wait_until(lambda: seen)
    assert accepted.props.ended
    assert seen[0].message == accepted.dup_error().message
    assert accepted.dup_statistics().bytes_received == 0


@cases.case('/bindings/python/own-connection')
def own_connection():
    # The connection is the listing that the reference shows.
    names = {}
    source = listing('connection.md')
    exec(source, names)
    body = source[source.index('class PairConnection'):].strip()
    assert len(body.splitlines()) <= 35
    alice = names['PairConnection'](ALICE)
    bob = names['PairConnection'](BOB)
    alice.other, bob.other = bob, alice
    assert alice.props.local_jid == ALICE

    opener = IBB.Service.new(alice)
    accepter = IBB.Service.new(bob)
    # Work is done in this context: what would have to wait for it says so.
    check_fails(Gio.IOErrorEnum.WOULD_BLOCK, opener.open_session, BOB, None, None)

    accepted = []
    accepter.expect_session_async(
        ALICE, 'own', None, None,
        lambda service, result: accepted.append(service.expect_session_finish(result)))
    result = wait(opener.open_session_async, BOB, IBB.SessionParams(sid='own'))
    opened = opener.open_session_finish(result)
    wait_until(lambda: accepted)
    output = opened.get_output_stream()
    write_all(output, DATA)
    stream = accepted[0].get_input_stream()
    data = b''
    while len(data) < len(DATA):
        result = wait(stream.read_bytes_async, 65536, GLib.PRIORITY_DEFAULT)
        data += stream.read_bytes_finish(result).get_data()
    assert data == DATA

    # A lost stream ends everything.
    lost = GLib.Error.new_literal(Gio.io_error_quark(), 'unplugged',
                                  Gio.IOErrorEnum.CONNECTION_CLOSED)
    alice.set_state_with_error(IBB.ConnectionState.OFFLINE, lost)
    wait_until(opened.has_ended)
    assert opened.dup_error() is not None


@cases.case('/bindings/python/element')
def element():
    parsed = IBB.Element.new_from_xml("<a xmlns='urn:a'><b>text</b></a>", -1)
    assert parsed.get_child('b', 'urn:a').get_text() == 'text'
    check_fails(Gio.IOErrorEnum.INVALID_DATA, IBB.Element.new_from_xml, '<a>', -1)


cases.main()
