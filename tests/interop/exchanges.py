# SPDX-License-Identifier: LGPL-2.1-or-later
"""Exchanges that work with each library in the same way."""

import cases
import other_end
from other_end import Gio, IBB, IQ, MIB, Peer


def add(library):
    """Registers the cases under the name of the library."""

    def case(name):
        return cases.case(f'/interop/{library}/{name}')

    @case('send N-07 N-14 N-20 N-35')
    def _(server):
        peer, service, _jid = other_end.make_ends(server, library, accepts=True)
        content = other_end.data('send')
        transport = other_end.open_session(service, peer, 'send')
        other_end.write(transport, content)
        transport.close(None)
        cases.check_equal(transport.props.bytes_acknowledged, MIB, 'bytes acknowledged')
        cases.check(transport.has_ended() and transport.dup_error() is None, 'no orderly end')
        report = peer.call('report', sid='send')
        cases.check(report['ended'], 'the peer knows no end')
        other_end.check_report(report, content)

    @case('receive N-16 N-28 N-35 B-05')
    def _(server):
        peer, service, jid = other_end.make_ends(server, library)
        transport = other_end.accept_session(service, peer, jid, 'receive')
        sending = peer.start('send', sid='receive', size=MIB // 4, seed='receive', close=True)
        other_end.check_content(other_end.read(transport), other_end.data('receive', MIB // 4))
        sending.result(other_end.PATIENCE)
        # The same end again, and the way back is over, too.
        cases.check_equal(other_end.read(transport), b'', 'bytes after the end')
        other_end.check_io_error(other_end.failure(other_end.write, transport, b'late'),
                                 Gio.IOErrorEnum.BROKEN_PIPE)
        cases.check(transport.dup_error() is None, 'an error after an orderly end')

    @case('close before anything is read D-45 B-05')
    def _(server):
        peer, service, jid = other_end.make_ends(server, library)
        transport = other_end.accept_session(service, peer, jid, 'unread')
        # Less than the receive buffer: all is acknowledged though nobody reads.
        peer.call('send', sid='unread', size=100000, seed='unread', close=True)
        cases.check(peer.call('report', sid='unread')['ended'], 'not closed')
        other_end.check_content(other_end.read(transport), other_end.data('unread', 100000))
        transport.close(None)

    @case('both ways at once N-30')
    def _(server):
        peer, service, jid = other_end.make_ends(server, library, accepts=True)
        for sid in ('ours', 'theirs'):
            if sid == 'ours':
                transport = other_end.open_session(service, peer, sid)
            else:
                transport = other_end.accept_session(service, peer, jid, sid)
            content = other_end.data('there')
            reading = other_end.in_thread(other_end.read, transport, MIB)
            sending = peer.start('send', sid=sid, size=MIB, seed='back')
            other_end.write(transport, content)
            transport.drain(None)
            other_end.check_content(reading.result(other_end.PATIENCE), other_end.data('back'))
            sending.result(other_end.PATIENCE)
            transport.close(None)
            other_end.check_report(peer.call('report', sid=sid), content)

    @case('shutdown of the output D-37 D-39')
    def _(server):
        peer, service, _jid = other_end.make_ends(server, library, accepts=True)
        transport = other_end.open_session(service, peer, 'shutdown')
        content = other_end.data('shutdown', 50000)
        other_end.write(transport, content)
        transport.shutdown_output(None)
        cases.check_equal(other_end.read(transport), b'', 'bytes from the peer')
        other_end.check_report(peer.call('report', sid='shutdown'), content)
        cases.check(transport.has_ended() and transport.dup_error() is None, 'no orderly end')

    @case('refused H-07 N-10')
    def _(server):
        peer, service, jid = other_end.make_ends(server, library)
        error = other_end.failure(other_end.open_session, service, peer, 'unwanted')
        other_end.check_condition(error, IBB.Error.NOT_ACCEPTABLE)
        cases.check(peer.jid in error.message, f'no peer in "{error.message}"')
        # What the peer expects it takes.
        peer.call('expect', jid=jid, sid='wanted')
        transport = other_end.open_session(service, peer, 'wanted')
        other_end.write(transport, b'welcome')
        transport.close(None)
        other_end.check_report(peer.call('report', sid='wanted'), b'welcome')

    @case('unwilling N-08')
    def _(server):
        peer, service, _jid = other_end.make_ends(server, library, serve=False)
        error = other_end.failure(other_end.open_session, service, peer, 'unknown')
        cases.check(error.matches(IBB.error_quark(), IBB.Error.SERVICE_UNAVAILABLE) or
                    error.matches(IBB.error_quark(), IBB.Error.FEATURE_NOT_IMPLEMENTED), error)

    @case('refused by us N-09 N-10 D-05 B-02')
    def _(server):
        peer = Peer(server, library)
        service, jid = other_end.make_service(server, session_limit=0)

        def refusal(**arguments):
            try:
                peer.call('open', to=jid, **arguments)
            except other_end.Refused as refused:
                return f'{refused.condition}/{refused.kind}'
            return 'accepted'

        cases.check_equal(refusal(sid='nobody'), 'not-acceptable/cancel', 'without a listener')
        service.props.session_limit = 10
        service.props.max_block_size = 4096
        accepting = other_end.Accepting(service)
        cases.check_equal(refusal(sid='large', block_size=4097), 'resource-constraint/modify',
                          'too large')
        peer.call('open', to=jid, sid='once')
        transport = accepting.finish()
        cases.check_equal(refusal(sid='once'), 'not-acceptable/cancel', 'twice')
        # Which did not hurt the first.
        peer.call('send', sid='once', size=10000, seed='once', close=True)
        other_end.check_content(other_end.read(transport), other_end.data('once', 10000))

    @case('write as soon as accepted H-04 D-32')
    def _(server):
        peer, service, jid = other_end.make_ends(server, library)
        for number in range(20):
            sid = f'early-{number}'
            transport = other_end.accept_session(service, peer, jid, sid)
            other_end.write(transport, sid.encode())
            transport.drain(None)
            transport.close(None)
            other_end.check_report(peer.call('report', sid=sid), sid.encode())

    @case('slow reader H-02 H-03 D-22')
    def _(server):
        peer = Peer(server, library)
        service, jid = other_end.make_service(server, receive_buffer_size=16384)
        transport = other_end.accept_session(service, peer, jid, 'slow')
        sending = peer.start('send', sid='slow', size=MIB // 4, seed='slow', close=True)
        # The last of them is above the limit: its acknowledgement is delayed.
        while transport.props.bytes_received < 5 * 4096:
            cases.check(not sending.done(), 'sent although nobody reads')
            other_end.pause()
        cases.check(not sending.done(), 'sent although nobody reads')
        content = other_end.read(transport)
        other_end.check_content(content, other_end.data('slow', MIB // 4))
        sending.result(other_end.PATIENCE)

    @case('killed while we send D-27 B-03 B-06')
    def _(server):
        peer, service, _jid = other_end.make_ends(server, library, accepts=True)
        transport = other_end.open_session(service, peer, 'killed')
        content = other_end.data('killed')
        reading = other_end.in_thread(other_end.failure, other_end.read, transport)
        other_end.write(transport, content[:20000])
        transport.drain(None)
        peer.kill_and_wait(server)

        def write_and_drain():
            other_end.write(transport, content)
            transport.drain(None)

        for error in (other_end.failure(write_and_drain), reading.result(other_end.PATIENCE),
                      other_end.failure(other_end.read, transport)):
            other_end.check_io_error(error, Gio.IOErrorEnum.BROKEN_PIPE)
        cases.check(transport.has_ended() and transport.dup_error() is not None, 'an orderly end')
        other_end.check_io_error(other_end.failure(transport.close, None),
                                 Gio.IOErrorEnum.BROKEN_PIPE)

    @case('killed while it sends B-03 D-45')
    def _(server):
        peer, service, jid = other_end.make_ends(server, library)
        transport = other_end.accept_session(service, peer, jid, 'killed')
        peer.start('send', sid='killed', size=MIB, seed='killed', close=True)
        content = other_end.read(transport, 20000)
        peer.kill_and_wait(server)
        # Who only reads learns of it when something is to be sent.
        other_end.in_thread(other_end.write, transport, b'are you there?')
        stream = transport.get_input_stream()

        def read_on():
            while piece := stream.read_bytes(65536, None).get_data():
                nonlocal content
                content += piece

        error = other_end.failure(read_on)
        other_end.check_io_error(error, Gio.IOErrorEnum.BROKEN_PIPE)
        other_end.check_content(content, other_end.data('killed')[:len(content)])
        cases.check(len(content) < MIB, 'nothing was lost')

    @case('largest blocks H-01')
    def _(server):
        options = {'plugin': {'max_block_size': 65535}} if library == 'slixmpp' else {}
        peer, service, jid = other_end.make_ends(server, library, **options, accepts=True)
        transport = other_end.open_session(service, peer, 'large', IQ, 65535)
        cases.check_equal(transport.props.block_size, 65535, 'block size')
        content = other_end.data('large')
        other_end.write(transport, content)
        transport.close(None)
        other_end.check_report(peer.call('report', sid='large'), content)
        transport = other_end.accept_session(service, peer, jid, 'larger', block_size=65535)
        peer.start('send', sid='larger', size=MIB, seed='larger', close=True)
        other_end.check_content(other_end.read(transport), other_end.data('larger'))
