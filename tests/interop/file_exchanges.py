# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exchanges that work in the same way with each library that has bytestreams only as a part of its
file transfer."""

import os
import tempfile

import cases
import other_end
from other_end import Gio, MIB, Peer
from stream_initiation import Negotiator


def write_file(content):
    descriptor, path = tempfile.mkstemp()
    cases.defer(lambda: os.unlink(path))
    with os.fdopen(descriptor, 'wb') as file:
        file.write(content)
    return path


class Ends:
    """Ours and the peer's."""

    def __init__(self, server, library, **properties):
        self.peer = Peer(server, library)
        self.service, self.jid = other_end.make_service(server, **properties)
        self.negotiator = Negotiator(self.service.props.connection)

    def start_receiving(self, content, sid):
        """The peer offers a file and sends it: the session, and the peer's call."""
        expected = []
        self.service.expect_session_async(self.peer.jid, sid, None, None,
                                          lambda _service, result: expected.append(result))
        sending = self.peer.start('send', to=self.jid, sid=sid, path=write_file(content))
        self.negotiator.iterate_until(lambda: expected or sending.done())
        if not expected:
            sending.result()
        transport = other_end.be_patient(self.service.expect_session_finish(expected[0]))
        cases.check_equal(self.negotiator.sids, [sid], 'offers')
        return transport, sending

    def open_session(self, sid, size, block_size=0):
        self.negotiator.offer(self.peer.jid, sid, size)
        return other_end.open_session(self.service, self.peer, sid, block_size=block_size)


def add(library):
    """Registers the cases under the name of the library."""

    def case(name):
        return cases.case(f'/interop/{library}/{name}')

    @case('receive N-16 N-28 N-35 B-05')
    def _(server):
        ends = Ends(server, library)
        content = other_end.data('receive', 8 * MIB)
        transport, sending = ends.start_receiving(content, 'receive')
        other_end.check_content(other_end.read(transport), content)
        sending.result(other_end.PATIENCE)
        cases.check(transport.dup_error() is None, 'an error after an orderly end')

    @case('send N-07 N-14 N-20 N-35')
    def _(server):
        ends = Ends(server, library)
        content = other_end.data('send')
        transport = ends.open_session('send', len(content))
        other_end.write(transport, content)
        transport.close(None)
        cases.check_equal(transport.props.bytes_acknowledged, MIB, 'bytes acknowledged')
        cases.check(transport.has_ended() and transport.dup_error() is None, 'no orderly end')
        report = ends.peer.call('report', sid='send')
        other_end.check_report(report, content)
        cases.check_equal(report['error'], '', 'error at the peer')

    @case('killed while it sends B-03 D-45')
    def _(server):
        ends = Ends(server, library)
        content = other_end.data('killed', 16 * MIB)
        transport, _sending = ends.start_receiving(content, 'killed')
        got = other_end.read(transport, 20000)
        ends.peer.kill_and_wait(server)
        # Who only reads learns of it when something is to be sent.
        other_end.in_thread(other_end.write, transport, b'are you there?')
        stream = transport.get_input_stream()

        def read_on():
            while piece := stream.read_bytes(65536, None).get_data():
                nonlocal got
                got += piece

        other_end.check_io_error(other_end.failure(read_on), Gio.IOErrorEnum.BROKEN_PIPE)
        other_end.check_content(got, content[:len(got)])
        cases.check(len(got) < len(content), 'nothing was lost')

    @case('killed while we send D-27 B-03 B-06')
    def _(server):
        ends = Ends(server, library)
        content = other_end.data('killed')
        transport = ends.open_session('killed', len(content))
        reading = other_end.in_thread(other_end.failure, other_end.read, transport)
        other_end.write(transport, content[:20000])
        transport.drain(None)
        ends.peer.kill_and_wait(server)

        def write_and_drain():
            other_end.write(transport, content)
            transport.drain(None)

        for error in (other_end.failure(write_and_drain), reading.result(other_end.PATIENCE)):
            other_end.check_io_error(error, Gio.IOErrorEnum.BROKEN_PIPE)
        cases.check(transport.has_ended() and transport.dup_error() is not None, 'an orderly end')
