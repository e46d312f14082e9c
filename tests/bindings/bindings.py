# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions for the tests of the Python binding."""

import contextlib
import os
import re

import gi

gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp  # noqa: E402

ALICE = 'alice@example.org/a'
BOB = 'bob@example.org/b'
# Ends in the middle of a block, and has every byte.
DATA = bytes(range(256)) * 40 + b'the end'


def wait(start, *arguments):
    """Calls an asynchronous method; its result, after iterating the context."""
    results = []
    start(*arguments, None, lambda _source, result: results.append(result))
    while not results:
        GLib.MainContext.default().iteration(True)
    return results[0]


def wait_until(condition):
    while not condition():
        GLib.MainContext.default().iteration(True)


def services():
    """Of Alice and Bob."""
    loopback = IBB.Loopback()
    return IBB.Service.new(loopback.attach(ALICE)), IBB.Service(connection=loopback.attach(BOB))


def failure(function, *arguments):
    """The error that the call ends with."""
    try:
        function(*arguments)
    except GLib.Error as error:
        return error
    raise AssertionError('no error')


def check_fails(code, function, *arguments, quark=Gio.io_error_quark()):
    error = failure(function, *arguments)
    assert error.matches(quark, code), error


@contextlib.contextmanager
def raises(kind):
    """The block ends with this exception."""
    try:
        yield
    except kind:
        return
    raise AssertionError(f'no {kind.__name__}')


async def check_fails_awaited(code, awaitable, quark=Gio.io_error_quark()):
    try:
        await awaitable
    except GLib.Error as error:
        assert error.matches(quark, code), error
        return
    raise AssertionError(f'no {code}')


def listen(service):
    """Begins and cancels an accept: from now on sessions wait for one."""
    cancellable = Gio.Cancellable()
    results = []
    service.accept_async(cancellable, lambda _service, result: results.append(result))
    cancellable.cancel()
    wait_until(lambda: results)


def both_ends(opener, accepter, opener_jid, accepter_jid, sid):
    """The two transports of a session, opened synchronously."""
    accepted = []
    accepter.expect_session_async(
        opener_jid, sid, None, None,
        lambda service, result: accepted.append(service.expect_session_finish(result)))
    opened = opener.open_session(accepter_jid, IBB.SessionParams(sid=sid), None)
    wait_until(lambda: accepted)
    return opened, accepted[0]


def read_all(transport):
    """Synchronously, up to the peer's close."""
    stream = transport.get_input_stream()
    data = b''
    while True:
        piece = stream.read_bytes(4096, None).get_data()
        if not piece:
            return data
        data += piece


def write_all(output, data):
    """Asynchronously. PyGObject would free the buffer of write_all_async() at once."""
    while data:
        result = wait(output.write_bytes_async, GLib.Bytes(data), GLib.PRIORITY_DEFAULT)
        data = data[output.write_bytes_finish(result):]


def round_trip(opened, accepted):
    """DATA there and back, synchronously; both ends close."""
    assert opened.get_output_stream().write_all(DATA, None)[1] == len(DATA)
    opened.drain(None)
    echo = b''
    while len(echo) < len(DATA):
        echo += accepted.get_input_stream().read_bytes(65536, None).get_data()
    accepted.get_output_stream().write_all(echo, None)
    accepted.drain(None)
    back = b''
    while len(back) < len(DATA):
        back += opened.get_input_stream().read_bytes(65536, None).get_data()
    assert back == DATA
    assert opened.props.bytes_acknowledged == len(DATA) == opened.props.bytes_received


def make_client(name, resource, authority='IBB_TEST_CA_FILE', environment=os.environ, worker=None):
    """A client of the server that environment describes, for one of its accounts."""
    client = IBBXmpp.Client(jid=f"{environment['IBB_TEST_' + name]}/{resource}", worker=worker)
    client.props.password = environment[f'IBB_TEST_{name}_PASSWORD']
    client.props.host = environment['IBB_TEST_HOST']
    client.props.port = int(environment['IBB_TEST_PORT'])
    # PyGObject warns about an object that nobody here holds.
    database = Gio.TlsFileDatabase.new(environment[authority])
    client.props.tls_database = database
    return client


def listing(page, number=0):
    """A Python listing of a page of the reference: what it says has to work."""
    path = os.path.join(os.environ['IBB_TEST_SOURCE_ROOT'], 'doc', page)
    with open(path, encoding='utf-8') as file:
        return re.findall(r'```python\n(.*?)```', file.read(), re.DOTALL)[number]
