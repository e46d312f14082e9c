# SPDX-License-Identifier: LGPL-2.1-or-later
"""slixmpp with its stream initiation, as peer.hpp says."""

import os
import sys

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.xmlstream.handler import CoroutineCallback
from slixmpp.xmlstream.matcher import StanzaPath

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402

IN_BAND = 'http://jabber.org/protocol/ibb'


class SlixmppTransfers(peer.Peer):
    def __init__(self, options):
        super().__init__(options)
        self.declines = False
        self.cancels_after = float('inf')
        self.last = None
        self.names = {}

    async def login(self):
        jid, password, host, port = peer.account()
        self.client = slixmpp.ClientXMPP(jid, password)
        self.client.ca_certs = os.environ['IBB_TEST_CA_FILE']
        self.client.register_plugin('xep_0096')
        self.ibb = self.client['xep_0047']
        self.initiation = self.client['xep_0095']
        # Up to 1.8 nobody awaits the handler, which is a coroutine.
        self.client.remove_handler('SI Request')
        self.client.register_handler(CoroutineCallback(
            # pylint: disable=protected-access
            'SI Request', StanzaPath('iq@type=set/si'), self.initiation._handle_request))
        self.client.add_event_handler('si_request', self._offered)
        self.client.add_event_handler('ibb_stream_data', self._data)
        self.client.add_event_handler('ibb_stream_end', self._ended)
        await peer.connect_slixmpp(self.client, host, port)
        self.client.send_presence()
        return self.client.boundjid.full

    async def _offered(self, stanza):
        self.last = stanza['si']['id']
        self.names[self.last] = stanza['si']['file']['name']
        decide = self.initiation.decline if self.declines else self.initiation.accept
        await decide(stanza['from'], self.last, ifrom=stanza['to'])

    def _data(self, stream):
        session = self.session(stream.sid)
        while not stream.recv_queue.empty():
            session.received += stream.recv_queue.get_nowait()
        if len(session.received) >= self.cancels_after:
            self.cancels_after = float('inf')
            stream.close()

    def _ended(self, stream):
        self._data(stream)
        self.session(stream.sid).ended = True
        self.changed()

    async def do_report(self, sid=None, size=None):
        sid = sid or self.last
        return {**await super().do_report(sid, size), 'name': self.names[sid]}

    async def do_decline(self):
        self.declines = True

    async def do_cancel(self, after):
        self.cancels_after = after

    async def do_send(self, to, sid, path):  # pylint: disable=arguments-differ
        with open(path, 'rb') as file:
            content = file.read()
        try:
            # The methods that it names itself it cannot write (up to 1.8).
            await self.client['xep_0096'].request_file_transfer(
                slixmpp.JID(to), sid=sid, name=os.path.basename(path), size=len(content),
                methods=[{'value': IN_BAND}])
            stream = await self.ibb.open_stream(slixmpp.JID(to), sid=sid)
            for start in range(0, len(content), stream.block_size):
                if start >= self.cancels_after:
                    break
                await stream.send(content[start:start + stream.block_size])
            await stream.close()
        except IqError as error:
            raise peer.Refused(error.condition, error.etype) from error


peer.main(SlixmppTransfers)
