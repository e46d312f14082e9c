# SPDX-License-Identifier: LGPL-2.1-or-later
"""ibb-glib and slixmpp through a private Prosody."""

import cases
import exchanges
import other_end
from other_end import Gio, IBB, IQ, MESSAGE, MIB, Peer

exchanges.add('slixmpp')


@cases.case('/interop/slixmpp/identity D-29 H-13')
def identity(server):
    peer = Peer(server, 'slixmpp')
    info = Peer(server, 'aioxmpp', account='carol').call('discover', jid=peer.jid)
    # Which says nothing of the library.
    cases.check_equal(info['identities'], [['client', 'bot', None]], 'identities')
    cases.check('http://jabber.org/protocol/ibb' in info['features'], info['features'])


@cases.case('/interop/slixmpp/window D-29')
def window(server):
    """slixmpp gets one block at a time, unless the application sets a window. Then blocks keep their
    order."""
    content = other_end.data('window', MIB // 4)
    peer, service, _jid = other_end.make_ends(server, 'slixmpp', delay=0.01, accepts=True)
    for size in (0, 65536):
        service.props.window = size
        sid = f'window-{size}'
        transport = other_end.open_session(service, peer, sid)
        other_end.write(transport, content)
        transport.close(None)
        report = peer.call('report', sid=sid)
        other_end.check_report(report, content)
        print(f"# window {size}: {report['most_at_once']} blocks at once")
        if size:
            cases.check(1 < report['most_at_once'] <= size / 4096, report)
        else:
            cases.check_equal(report['most_at_once'], 1, 'blocks at once')


@cases.case('/interop/slixmpp/block-size fallback H-01 H-06 D-14 B-20')
def fallback(server):
    peer, service, _jid = other_end.make_ends(server, 'slixmpp', accepts=True)
    transport = other_end.open_session(service, peer, 'fallback', IQ, 65535)
    cases.check_equal(transport.props.block_size, 8191, 'block size')
    content = other_end.data('fallback', MIB // 4)
    other_end.write(transport, content)
    transport.close(None)
    other_end.check_report(peer.call('report', sid='fallback'), content)

    params = IBB.SessionParams(sid='no-fallback', block_size=65535, agreed=True)
    error = other_end.failure(service.open_session, peer.jid, params)
    other_end.check_condition(error, IBB.Error.RESOURCE_CONSTRAINT)


@cases.case('/interop/slixmpp/permission spent H-09 D-14')
def permission(server):
    peer, service, jid = other_end.make_ends(server, 'slixmpp')
    peer.call('expect', jid=jid, sid='once')
    error = other_end.failure(other_end.open_session, service, peer, 'once', IQ, 65535)
    other_end.check_condition(error, IBB.Error.RESOURCE_CONSTRAINT)
    peer.call('expect', jid=jid, sid='once')
    transport = other_end.open_session(service, peer, 'once', IQ, 8192)
    cases.check_equal(transport.props.block_size, 8192, 'block size')
    transport.close(None)


@cases.case('/interop/slixmpp/messages H-10 D-34 D-35')
def messages(server):
    peer, service, jid = other_end.make_ends(server, 'slixmpp', accepts=True)
    transport = other_end.open_session(service, peer, 'there', MESSAGE)
    content = other_end.data('messages')
    other_end.write(transport, content)
    # Back it sends IQs.
    sending = peer.start('send', sid='there', size=100000, seed='iqs')
    other_end.check_content(other_end.read(transport, 100000), other_end.data('iqs', 100000))
    sending.result(other_end.PATIENCE)
    transport.close(None)
    other_end.check_report(peer.call('report', sid='there'), content)

    transport = other_end.accept_session(service, peer, jid, 'back', stanza_type='message')
    peer.start('send', sid='back', size=MIB, seed='back', close=True)
    other_end.check_content(other_end.read(transport), other_end.data('back'))


@cases.case('/interop/slixmpp/killed with a block in its hands D-27 B-03')
def killed_in_the_middle(server):
    """Nothing tells that the only block in flight is lost, until we ask."""
    peer = Peer(server, 'slixmpp', delay=1000)
    peer.call('accept')
    # It is asked when a tenth of this time is over.
    service, _jid = other_end.make_service(server, peer_timeout=40000)
    transport = service.open_session(peer.jid, IBB.SessionParams(sid='middle'), None)
    reading = other_end.in_thread(other_end.failure, other_end.read, transport)
    other_end.write(transport, other_end.data('middle', 50000))
    draining = other_end.in_thread(other_end.failure, transport.drain, None)
    peer.call('blocks', sid='middle', number=1)
    peer.kill()
    for pending in (reading, draining):
        other_end.check_io_error(pending.result(140), Gio.IOErrorEnum.BROKEN_PIPE)
    cases.check(transport.has_ended() and transport.dup_error() is not None, 'an orderly end')


@cases.case('/interop/slixmpp/capabilities D-60 D-61')
def capabilities(server):
    """slixmpp checks the hash of our presence by itself."""
    peer = Peer(server, 'slixmpp', account='alice', serve=False, capabilities=True)
    _service, jid = other_end.make_service(server)
    told = peer.call('capabilities', jid=jid)
    cases.check_equal(told['features'],
                      ['http://jabber.org/protocol/caps', 'http://jabber.org/protocol/disco#info',
                       'http://jabber.org/protocol/ibb', 'jabber:iq:version', 'urn:ibb-glib:1',
                       'urn:xmpp:ping'], 'features')
    version = f'{IBB.MAJOR_VERSION}.{IBB.MINOR_VERSION}.{IBB.MICRO_VERSION}'
    cases.check_equal(peer.call('version', jid=jid),
                      {'name': 'ibb-glib', 'version': version, 'os': ''}, 'version')
    for node in ('urn:ibb-glib#x', f"urn:ibb-glib{told['ver']}", 'x'):
        try:
            peer.call('ask_node', jid=jid, node=node)
            raise AssertionError(f'{node} is there')
        except other_end.Refused as refused:
            cases.check_equal(refused.condition, 'item-not-found', node)


other_end.main()
