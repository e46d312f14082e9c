# SPDX-License-Identifier: LGPL-2.1-or-later
"""slixmpp, as peer.py says."""

import json
import os
import sys

import slixmpp
from slixmpp.exceptions import IqError
from slixmpp.plugins.xep_0047 import XEP_0047
from slixmpp.xmlstream.handler import CoroutineCallback
from slixmpp.xmlstream.matcher import StanzaPath

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
import slixmpp_login  # noqa: E402

IN_BAND = 'http://jabber.org/protocol/ibb'


class SlixmppPeer(peer.Peer):
    async def login(self):
        if self.options['delay']:
            self._delay()
        self.client = slixmpp_login.make_client()
        if self.options['capabilities']:
            self._watch_capabilities()
        if self.options['serve']:
            self._register()
        return await slixmpp_login.login(self.client)

    def _register(self):
        self.client.register_plugin('xep_0047', self.options.get('plugin', {}))
        self.ibb = self.client['xep_0047']
        self.client.add_event_handler('ibb_stream_start', self._started)
        self.client.add_event_handler('ibb_stream_data', self._data)
        self.client.add_event_handler('ibb_stream_end', self._ended)

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


class Transfers(SlixmppPeer):
    """With its stream initiation, as peer.hpp says."""

    def __init__(self, options):
        super().__init__(options)
        self.declines = False
        self.cancels_after = float('inf')
        self.last = None
        self.names = {}

    def _register(self):
        super()._register()
        self.client.register_plugin('xep_0096')
        self.initiation = self.client['xep_0095']
        # Up to 1.8 nobody awaits the handler, which is a coroutine.
        self.client.remove_handler('SI Request')
        self.client.register_handler(CoroutineCallback(
            # pylint: disable=protected-access
            'SI Request', StanzaPath('iq@type=set/si'), self.initiation._handle_request))
        self.client.add_event_handler('si_request', self._offered)

    async def _offered(self, stanza):
        self.last = stanza['si']['id']
        self.names[self.last] = stanza['si']['file']['name']
        decide = self.initiation.decline if self.declines else self.initiation.accept
        await decide(stanza['from'], self.last, ifrom=stanza['to'])

    def _data(self, stream):
        super()._data(stream)
        if len(self.session(stream.sid).received) >= self.cancels_after:
            self.cancels_after = float('inf')
            stream.close()

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


peer.main(Transfers if json.loads(sys.argv[1]).get('transfers') else SlixmppPeer)
