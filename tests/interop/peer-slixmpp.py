# SPDX-License-Identifier: LGPL-2.1-or-later
"""slixmpp, as peer.py says."""

import os
import sys

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0047 import XEP_0047

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402


class SlixmppPeer(peer.Peer):
    async def login(self):
        jid, password, host, port = peer.account()
        if self.options['delay']:
            self._delay()
        self.client = slixmpp.ClientXMPP(jid, password)
        self.client.ca_certs = os.environ['IBB_TEST_CA_FILE']
        self.client.register_plugin('xep_0030')
        if self.options['capabilities']:
            self._watch_capabilities()
        if self.options['serve']:
            self.client.register_plugin('xep_0047', self.options.get('plugin', {}))
            self.ibb = self.client['xep_0047']
            self.client.add_event_handler('ibb_stream_start', self._started)
            self.client.add_event_handler('ibb_stream_data', self._data)
            self.client.add_event_handler('ibb_stream_end', self._ended)
        await peer.connect_slixmpp(self.client, host, port)
        self.client.send_presence()
        return self.client.boundjid.full

    def _delay(self):
        # pylint: disable=protected-access
        handle = XEP_0047._handle_data

        async def later(plugin, stanza):
            await self.block_came(stanza['ibb_data']['sid'])
            await handle(plugin, stanza)

        XEP_0047._handle_data = later

    def _watch_capabilities(self):
        self.client.register_plugin('xep_0092')
        self.client.register_plugin('xep_0115')
        caps = self.client['xep_0115']
        self.capabilities = {}
        assign = caps.assign_verstring

        # It does so once it has asked for the node and computed the same hash.
        async def assigned(jid, verstring):
            await assign(jid, verstring)
            info = await caps.get_caps(verstring=verstring)
            self.capabilities[str(jid)] = {'ver': verstring, 'features': sorted(info['features'])}
            self.changed()

        caps.assign_verstring = assigned

    def _started(self, stream):
        self.session(stream.sid).stream = stream
        self.changed()

    def _data(self, stream):
        while not stream.recv_queue.empty():
            self.session(stream.sid).received += stream.recv_queue.get_nowait()
        self.changed()

    def _ended(self, stream):
        self._data(stream)
        self.session(stream.sid).ended = True
        self.changed()

    async def do_accept(self):
        self.ibb.auto_accept = True

    async def do_expect(self, jid, sid):
        await self.ibb.api['preauthorize_sid'](self.client.boundjid, sid, slixmpp.JID(jid), None)

    async def do_open(self, to, sid, block_size=4096, stanza_type='iq'):
        try:
            await self.ibb.open_stream(slixmpp.JID(to), sid=sid, block_size=block_size,
                                       use_messages=stanza_type == 'message')
        except IqError as error:
            raise peer.Refused(error.condition, error.etype) from error

    async def send(self, session, data):
        try:
            await session.stream.sendall(data)
        except IqError as error:
            raise peer.Refused(error.condition, error.etype) from error

    async def do_close(self, sid):
        await self.session(sid).stream.close()

    async def do_discover(self, jid):
        info = (await self.client['xep_0030'].get_info(jid=jid))['disco_info']
        return {'identities': [[one[0], one[1], one[3]] for one in info['identities']],
                'features': sorted(info['features'])}

    async def do_capabilities(self, jid):
        """The features that the presence of that address names, once its hash was found to be right."""
        await self.until(lambda: jid in self.capabilities)
        return self.capabilities[jid]

    async def do_version(self, jid):
        answer = await self.client['xep_0092'].get_version(slixmpp.JID(jid))
        return {name: answer['software_version'][name] for name in ('name', 'version', 'os')}

    async def do_ask_node(self, jid, node):
        try:
            await self.client['xep_0030'].get_info(jid=jid, node=node)
        except IqError as error:
            raise peer.Refused(error.condition, error.etype) from error


peer.main(SlixmppPeer)
