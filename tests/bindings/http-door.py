# SPDX-License-Identifier: LGPL-2.1-or-later
"""The join of a connection with a session that examples/http-folder.py has: a lost session is no end for the client at
the door."""

import importlib.util
import os
import socket

import gi

import cases
from bindings import ALICE, BOB, wait_until
from gi.repository import GLib, IBB

ANSWER = b'HTTP/1.0 200 OK\r\n\r\n' + b'x' * 1000  # the end of the body is that of the stream


def load():
    try:
        gi.require_version('Soup', '3.0')
    except ValueError as error:
        raise cases.Skip(str(error)) from error
    path = os.path.join(os.environ['IBB_TEST_SOURCE_ROOT'], 'examples/http-folder.py')
    spec = importlib.util.spec_from_file_location('http_folder', path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Ends:
    """A door, and what comes in behind it."""

    def __init__(self):
        cases.need_ipv4()
        self.module = load()
        loopback = IBB.Loopback()
        self._alice = IBB.Service.new(loopback.attach(ALICE))
        self._bob = IBB.Service.new(loopback.attach(BOB))
        self._bob.props.session_limit = 10
        self._bob.connect('session-accepted', lambda _service, transport: self.transports.append(transport))
        self.transports = []
        self.door = self.module.Door(self._alice, BOB)

    def connect(self):
        """A plain socket, and the session behind it."""
        client = socket.create_connection(('127.0.0.1', self.door.address.get_port()))
        wait_until(lambda: self.transports)
        return client, self.transports[0]


def read_all(client):
    """What arrives before the end. The context runs meanwhile."""
    client.setblocking(False)
    answer = b''
    while True:
        try:
            part = client.recv(65536)
        except BlockingIOError:
            GLib.MainContext.default().iteration(False)
            continue
        if not part:
            return answer
        answer += part


@cases.case('/bindings/http-door/lost')
def lost():
    """libsoup gets an error, and not the body that has come until then."""
    ends = Ends()
    soup = ends.module.Soup
    session = soup.Session(remote_connectable=ends.door.address)
    result = []
    session.send_and_read_async(soup.Message.new('GET', 'http://romeo.example/'), 0, None,
                                lambda _session, answer: result.append(answer))
    wait_until(lambda: ends.transports)
    ends.transports[0].get_output_stream().write_all(ANSWER, None)
    ends.transports[0].drain(None)
    ends.transports[0].abort()
    wait_until(lambda: result)
    try:
        cases.check(False, session.send_and_read_finish(result[0]).get_size())
    except GLib.Error as error:
        print('#', error.message)


@cases.case('/bindings/http-door/halves')
def halves():
    """A client that has asked and says no more gets the answer, and its end."""
    ends = Ends()
    client, transport = ends.connect()
    client.sendall(b'question')
    client.shutdown(socket.SHUT_WR)
    received = []
    transport.get_input_stream().read_bytes_async(100, 0, None, lambda stream, result: received.append(
        stream.read_bytes_finish(result).get_data()))
    wait_until(lambda: received)
    cases.check_equal(received, [b'question'], 'the question')
    transport.get_input_stream().read_bytes_async(100, 0, None, lambda stream, result: received.append(
        stream.read_bytes_finish(result).get_data()))
    wait_until(lambda: len(received) == 2)
    cases.check_equal(received[1], b'', 'the end of it')
    transport.get_output_stream().write_all(ANSWER, None)
    transport.close_async(0, None, None)
    cases.check_equal(read_all(client), ANSWER, 'the answer')
    wait_until(transport.has_ended)
    cases.check(transport.dup_error() is None, 'the session has failed')


@cases.case('/bindings/http-door/reset')
def reset():
    """A client that goes in the middle ends the session with an error, too."""
    ends = Ends()
    client, transport = ends.connect()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, ends.module.struct.pack('ii', 1, 0))
    client.close()
    wait_until(transport.has_ended)
    cases.check(transport.dup_error() is not None, 'the session has ended in order')


if __name__ == '__main__':
    cases.main()
