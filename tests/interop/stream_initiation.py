# SPDX-License-Identifier: LGPL-2.1-or-later
"""Stream initiation (XEP-0095, XEP-0096), as an application does it that has only
IBB.Client: what gloox and QXmpp want before a bytestream."""

import time
import uuid
import xml.etree.ElementTree as ElementTree
from xml.sax.saxutils import quoteattr

import cases
from other_end import PATIENCE, GLib, IBB

SI = 'http://jabber.org/protocol/si'
FILE_TRANSFER = SI + '/profile/file-transfer'
FEATURE_NEGOTIATION = 'http://jabber.org/protocol/feature-neg'
BYTESTREAM = 'http://jabber.org/protocol/ibb'


def feature(kind, content):
    return (f"<feature xmlns='{FEATURE_NEGOTIATION}'><x xmlns='jabber:x:data' type='{kind}'>"
            f"<field var='stream-method'{content}</field></x></feature>")


class Negotiator:
    """The offers to a client and their answers. Stanzas come in the context of the
    thread that constructed the client: the one of the tests."""

    def __init__(self, client):
        self._client = client
        self._answers = {}
        self.sids = []
        handler = client.connect('stanza-received', self._received)
        cases.defer(lambda: client.disconnect(handler))

    def _send(self, text):
        self._client.send(IBB.Stanza.new_from_xml(text, -1))

    def _received(self, _client, stanza):
        element = ElementTree.fromstring(stanza.to_xml())
        if stanza.get_name() != 'iq':
            return False
        if stanza.get_kind() in ('result', 'error') and stanza.get_id() in self._answers:
            self._answers[stanza.get_id()] = element
            return True
        offer = element.find(f'{{{SI}}}si')
        if stanza.get_kind() != 'set' or offer is None:
            return False
        answer = feature('submit', f'><value>{BYTESTREAM}</value>')
        self.sids.append(offer.get('id'))
        self._send(f"<iq type='result' id={quoteattr(stanza.get_id())} "
                   f"to={quoteattr(stanza.get_from())}><si xmlns='{SI}'>{answer}</si></iq>")
        return True

    def iterate_until(self, condition):
        deadline = time.monotonic() + PATIENCE
        timer = GLib.timeout_add(100, lambda: True)
        while not condition():
            cases.check(time.monotonic() < deadline, 'no answer')
            GLib.MainContext.default().iteration(True)
        GLib.source_remove(timer)

    def offer(self, to, sid, size):
        """Offers a file to be sent in-band; returns when the peer has agreed."""
        number = str(uuid.uuid4())
        self._answers[number] = None
        methods = feature('form', f" type='list-single'><option><value>{BYTESTREAM}</value>"
                                  "</option>")
        self._send(f"<iq type='set' id='{number}' to={quoteattr(to)}>"
                   f"<si xmlns='{SI}' id='{sid}' profile='{FILE_TRANSFER}'>"
                   f"<file xmlns='{FILE_TRANSFER}' name='file' size='{size}'/>{methods}</si></iq>")
        self.iterate_until(lambda: self._answers[number] is not None)
        cases.check_equal(self._answers[number].get('type'), 'result', 'answer to the offer')
