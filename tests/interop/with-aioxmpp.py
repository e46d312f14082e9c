# SPDX-License-Identifier: LGPL-2.1-or-later
"""ibb-glib and aioxmpp through a private Prosody."""

import cases
import exchanges
import other_end
from other_end import MESSAGE, MIB, Peer

exchanges.add('aioxmpp')

IDENTITY = ['client', 'bot', 'aioxmpp default identity']


@cases.case('/interop/aioxmpp/identity D-29 H-13')
def identity(server):
    peer = Peer(server, 'aioxmpp')
    info = Peer(server, 'slixmpp', account='carol').call('discover', jid=peer.jid)
    cases.check_equal(info['identities'], [IDENTITY], 'identities')
    cases.check('http://jabber.org/protocol/ibb' not in info['features'], info['features'])


@cases.case('/interop/aioxmpp/window D-29')
def window(server):
    """Several blocks at once for who has the identity, one for who tells nothing."""
    content = other_end.data('window', MIB // 2)
    for discoverable in (True, False):
        # Each block is held while those in flight behind it come in.
        peer, service, _jid = other_end.make_ends(server, 'aioxmpp', delay=0.02, discoverable=discoverable, accepts=True)
        transport = other_end.open_session(service, peer, 'window')
        other_end.write(transport, content)
        transport.close(None)
        report = peer.call('report', sid='window')
        other_end.check_report(report, content)
        print(f"# {report['most_at_once']} blocks at once")
        if discoverable:
            cases.check(report['most_at_once'] > 1, report)
        else:
            cases.check_equal(report['most_at_once'], 1, 'blocks at once')
        service.props.connection.logout(None)
        peer.kill()


@cases.case('/interop/aioxmpp/block before the result H-05 D-24')
def greeting(server):
    peer, service, _jid = other_end.make_ends(server, 'aioxmpp', greeting='hello', accepts=True)
    for number in range(20):
        transport = other_end.open_session(service, peer, f'greeting-{number}')
        cases.check_equal(other_end.read(transport, 5), b'hello', 'greeting')
        transport.close(None)


@cases.case('/interop/aioxmpp/messages N-13 N-31 D-35 H-10')
def messages(server):
    peer, service, jid = other_end.make_ends(server, 'aioxmpp', accepts=True)
    transport = other_end.open_session(service, peer, 'there', MESSAGE)
    content = other_end.data('messages')
    other_end.write(transport, content)
    transport.close(None)
    report = peer.call('report', sid='there')
    cases.check(report['ended'], 'the peer knows no end')
    other_end.check_report(report, content)

    transport = other_end.accept_session(service, peer, jid, 'back', stanza_type='message')
    cases.check_equal(transport.props.stanza_type, MESSAGE, 'stanza_type')
    peer.start('send', sid='back', size=MIB, seed='back', close=True)
    other_end.check_content(other_end.read(transport), other_end.data('back'))


@cases.case('/interop/aioxmpp/our close while it sends D-51 B-04')
def close_while_it_sends(server):
    peer, service, jid = other_end.make_ends(server, 'aioxmpp')
    transport = other_end.accept_session(service, peer, jid, 'cut', block_size=1000)
    other_end.write(transport, b'enough')
    peer.start('send', sid='cut', size=MIB, seed='cut')
    other_end.check_content(other_end.read(transport, 5000), other_end.data('cut')[:5000])
    # What it still had it drops; all that was ours arrived.
    transport.close(None)
    report = peer.call('report', sid='cut')
    cases.check(report['ended'], 'the peer knows no end')
    other_end.check_report(report, b'enough')
    # Neither holds it any more: the name is free for another.
    other_end.accept_session(service, peer, jid, 'cut').close(None)


other_end.main()
