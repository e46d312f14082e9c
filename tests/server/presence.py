# SPDX-License-Identifier: LGPL-2.1-or-later
"""Sessions of ends that are not available, from Python; run by prosody.py and ejabberd.py."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'bindings'))

import cases  # noqa: E402
from bindings import DATA, make_client, wait_until  # noqa: E402
from gi.repository import IBB  # noqa: E402

UNAVAILABLE = "<presence type='unavailable'/>"


class End:
    """A client of alice, who sees the presence of her other programs."""

    def __init__(self, resource, send_presence=True):
        self.client = make_client('ALICE', resource)
        self.client.props.send_presence = send_presence
        self.service = IBB.Service.new(self.client)
        self.service.props.session_limit = 10
        self.accepted = []
        self.gone = []
        self.service.connect('session-accepted', lambda _, transport: self.accepted.append(transport))
        self.client.connect('stanza-received', self._on_stanza)
        assert self.client.login(None)
        cases.defer(lambda: self.client.logout(None))
        self.jid = self.client.props.local_jid

    def _on_stanza(self, _client, stanza):
        if stanza.get_name() == 'presence' and stanza.get_kind() == 'unavailable':
            self.gone.append(stanza.get_from())
        return True

    def go(self):
        self.client.send(IBB.Stanza.new_from_xml(UNAVAILABLE, -1))

    def open_to(self, other, stanza_type):
        params = IBB.SessionParams(stanza_type=stanza_type)
        transport = self.service.open_session(other.jid, params, None)
        wait_until(lambda: other.accepted)
        return transport, other.accepted.pop()


def exchange(here, there):
    """Both ways; a message is acknowledged by nobody."""
    for one, other in ((here, there), (there, here)):
        assert one.get_output_stream().write_all(DATA, None)[1] == len(DATA)
        received = b''
        while len(received) < len(DATA):
            received += other.get_input_stream().read_bytes(65536, None).get_data()
        assert received == DATA


def close(here, there):
    assert here.close(None)
    assert there.get_input_stream().read_bytes(1, None).get_size() == 0
    assert there.dup_error() is None and there.close(None)


@cases.case('/presence/D-62/unavailable')
def unavailable():
    """D-62: first the peer, then we: stanzas reach a client that is connected, whatever its presence."""
    for stanza_type in (IBB.StanzaType.IQ, IBB.StanzaType.MESSAGE):
        one, two = End(f'one-{stanza_type.value_nick}'), End(f'two-{stanza_type.value_nick}')
        here, there = one.open_to(two, stanza_type)
        exchange(here, there)
        two.go()
        wait_until(lambda: two.jid in one.gone)
        exchange(here, there)
        one.go()
        exchange(here, there)
        close(here, there)
        close(*one.open_to(two, stanza_type))


@cases.case('/presence/D-62/never')
def never():
    """D-62: both ends were never available."""
    for stanza_type in (IBB.StanzaType.IQ, IBB.StanzaType.MESSAGE):
        one, two = (End(f'{name}-{stanza_type.value_nick}', False) for name in ('one', 'two'))
        here, there = one.open_to(two, stanza_type)
        exchange(here, there)
        close(here, there)


cases.main()
