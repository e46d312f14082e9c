# SPDX-License-Identifier: LGPL-2.1-or-later
"""ibb-glib and the second implementation of its extension, the receiving half, through a private Prosody."""

import cases
import other_end
from cut_proxy import CutProxy
from other_end import IBB, MIB


def open_session(service, peer, sid):
    return other_end.be_patient(service.open_session(peer.jid, IBB.SessionParams(sid=sid), None))


def check_end(transport, peer, sid, content):
    """Everything has arrived, at both ends in order."""
    report = peer.call('report', sid=sid)
    other_end.check_report(report, content)
    cases.check(report['ended'] and report['error'] is None, report)
    cases.check(transport.has_ended() and transport.dup_error() is None, 'no orderly end')
    return report


@cases.case('/interop/second/whole D-14 D-22 D-53 D-54')
def whole(server):
    """Its reader stops, and goes on: acknowledgements are delayed, and the room is told."""
    peer, service, _jid = other_end.make_ends(server, 'second')
    transport = open_session(service, peer, 'whole')
    cases.check_equal(transport.props.block_size, 32768, 'block size')
    content = other_end.data('whole', 4 * MIB)
    peer.call('pause', at=100000)
    writing = other_end.in_thread(other_end.write, transport, content)
    peer.call('stored', sid='whole', size=150000)
    peer.call('pause', at=None)
    writing.result(other_end.PATIENCE)
    transport.close(None)
    report = check_end(transport, peer, 'whole', content)
    cases.check_equal(transport.props.bytes_acknowledged, len(content), 'bytes acknowledged')
    print(f"# longest block {report['longest']}")


def resume(server, end):
    client = proxy = None
    if end == 'ours':
        proxy = CutProxy(int(server.environment['IBB_TEST_PORT']))
        client = other_end.make_client(server, proxy.port)
        client.props.resumable = False
        client.props.auto_reconnect = True
    peer = other_end.Peer(server, 'second')
    service, _jid = other_end.make_service(server, client, resume_sessions=True)
    transport = open_session(service, peer, 'resumed')
    content = other_end.data('resumed', 4 * MIB)
    # So blocks are on their way, and others wait for their results.
    peer.call('pause', at=MIB)
    writing = other_end.in_thread(other_end.write, transport, content)
    peer.call('stored', sid='resumed', size=MIB + 65536)
    if proxy:
        proxy.cut()
    else:
        peer.call('cut')
    peer.call('pause', at=None)
    writing.result(other_end.PATIENCE)
    transport.close(None)
    report = check_end(transport, peer, 'resumed', content)
    cases.check(report['resumptions'] > 0, report)


@cases.case('/interop/second/resumed after its connection was cut D-58')
def its_connection(server):
    resume(server, 'its')


@cases.case('/interop/second/resumed after our connection was cut D-58')
def our_connection(server):
    resume(server, 'ours')


@cases.case('/interop/second/resumed after a block was lost D-18 D-58')
def lost(server):
    peer = other_end.Peer(server, 'second')
    service, _jid = other_end.make_service(server, resume_sessions=True)
    peer.call('lose', seq=0)
    transport = open_session(service, peer, 'lost')
    content = other_end.data('lost')
    other_end.write(transport, content)
    transport.close(None)
    cases.check_equal(check_end(transport, peer, 'lost', content)['resumptions'], 1, 'resumptions')


@cases.case('/interop/second/half-closed by it D-39')
def half_closed_by_it(server):
    """Our reader is at the end, and we write on."""
    peer, service, _jid = other_end.make_ends(server, 'second')
    transport = open_session(service, peer, 'half')
    content = other_end.data('half')
    other_end.write(transport, content[:1000])
    peer.call('close', sid='half')
    cases.check_equal(other_end.read(transport), b'', 'bytes from the peer')
    other_end.write(transport, content[1000:])
    transport.close(None)
    check_end(transport, peer, 'half', content)


@cases.case('/interop/second/half-closed by us D-39')
def half_closed_by_us(server):
    """It answers when it likes, and our reader waits for that."""
    peer, service, _jid = other_end.make_ends(server, 'second', holds=True)
    transport = open_session(service, peer, 'half')
    content = other_end.data('half')
    other_end.write(transport, content)
    closing = other_end.in_thread(transport.shutdown_output, None)
    reading = other_end.in_thread(other_end.read, transport)
    other_end.check_report(peer.call('report', sid='half'), content)
    closing.result(other_end.PATIENCE)
    cases.check(not reading.done() and not transport.has_ended(), 'at the end before the answer')
    peer.call('finish', sid='half')
    cases.check_equal(reading.result(other_end.PATIENCE), b'', 'bytes from the peer')
    check_end(transport, peer, 'half', content)


@cases.case('/interop/second/unclean D-49')
def unclean(server):
    peer, service, _jid = other_end.make_ends(server, 'second')
    transport = open_session(service, peer, 'ours')
    transport.abort_with_reason(IBB.StanzaCondition.RESOURCE_CONSTRAINT, 'disk')
    cases.check_equal(peer.call('report', sid='ours')['error'], 'resource-constraint: disk', 'error at the peer')
    transport = open_session(service, peer, 'its')
    peer.call('abort', sid='its', condition='resource-constraint', text='No space left')
    error = other_end.failure(other_end.read, transport)
    cases.check('No space left' in error.message, error)


@cases.case('/interop/second/a question for a session D-58')
def asked(server):
    peer, service, jid = other_end.make_ends(server, 'second')
    transport = open_session(service, peer, 'asked')
    cases.check_equal(peer.call('ask', to=jid, asked='asked'), 'result', 'one that is there')
    cases.check_equal(peer.call('ask', to=jid, asked='other'), 'item-not-found/cancel', 'one that is not')
    transport.close(None)
    cases.check_equal(peer.call('ask', to=jid, asked='asked'), 'item-not-found/cancel', 'one that is over')


@cases.case('/interop/second/refused resumptions D-58')
def refused(server):
    """None of them changes anything."""
    peer = other_end.Peer(server, 'second')
    service, _jid = other_end.make_service(server, resume_sessions=True)
    transport = open_session(service, peer, 'refused')
    content = other_end.data('refused')
    other_end.write(transport, content[:1000])
    peer.call('stored', sid='refused', size=1000)
    for wrong, answer in (({'proof': '0' * 64}, 'item-not-found/cancel'),
                          ({'sid': 'other'}, 'item-not-found/cancel'),
                          ({'received': '0'}, 'item-not-found/cancel'),
                          ({'proof': '0' * 63}, 'bad-request/modify'),
                          ({'received': '-1'}, 'bad-request/modify'),
                          ({'acknowledged': ''}, 'bad-request/modify')):
        cases.check_equal(peer.call('resume', of='refused', count=1, **wrong), answer, wrong)
    cases.check_equal(peer.call('resume', of='refused', count=5), 'resumed', 'the first')
    for count in (5, 4):
        cases.check_equal(peer.call('resume', of='refused', count=count), 'unexpected-request/cancel', count)
    other_end.write(transport, content[1000:])
    transport.close(None)
    check_end(transport, peer, 'refused', content)
    cases.check_equal(peer.call('resume', of='refused', count=6), 'ended', 'after the end')


@cases.case('/interop/second/given up while interrupted D-58')
def given_up(server):
    peer = other_end.Peer(server, 'second')
    service, _jid = other_end.make_service(server, resume_sessions=True)
    transport = open_session(service, peer, 'unclean')
    cases.check_equal(peer.call('resume', of='unclean', said='unclean'), 'result', 'the first time')
    other_end.failure(other_end.read, transport)
    cases.check_equal(peer.call('resume', of='unclean', said='unclean'), 'item-not-found/cancel', 'again')


@cases.case('/interop/second/closed by it with blocks under way D-39')
def under_way(server):
    """Without reads: what was written before arrives, and then its close has its answer."""
    peer, service, _jid = other_end.make_ends(server, 'second')
    transport = open_session(service, peer, 'way')
    content = other_end.data('way', 150000)
    peer.call('pause', at=0)
    other_end.write(transport, content)
    peer.call('close', sid='way', reads=False)
    peer.call('pause', at=None)
    cases.check_equal(other_end.read(transport), b'', 'bytes from the peer')
    check_end(transport, peer, 'way', content)


other_end.main()
