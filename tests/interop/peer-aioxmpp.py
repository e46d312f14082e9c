# SPDX-License-Identifier: LGPL-2.1-or-later
"""aioxmpp, as peer.py says."""

import asyncio
import os
import sys

import aioxmpp
import aioxmpp.connector
import aioxmpp.ibb
from aioxmpp.ibb import xso

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402


class Protocol(asyncio.Protocol):
    def __init__(self, owner):
        self.owner = owner
        self.session = None

    def connection_made(self, transport):
        self.session = self.owner.session(transport.get_extra_info('sid'))
        self.session.stream = transport
        if self.owner.options['greeting']:
            transport.write(self.owner.options['greeting'].encode())
        self.owner.changed()

    def data_received(self, data):
        self.session.received += data
        self.owner.changed()

    def resume_writing(self):
        self.owner.changed()

    def connection_lost(self, exc):
        self.session.ended = True
        self.session.error = repr(exc) if exc else None
        self.owner.changed()


class AioxmppPeer(peer.Peer):
    async def login(self):
        jid, password, host, port = peer.account()
        self.client = aioxmpp.PresenceManagedClient(
            aioxmpp.JID.fromstr(jid), aioxmpp.make_security_layer(password, no_verify=True),
            override_peer=[(host, port, aioxmpp.connector.STARTTLSConnector())])
        if self.options.get('discoverable', True):
            self.client.summon(aioxmpp.DiscoServer)
        self.disco = self.client.summon(aioxmpp.DiscoClient)
        if self.options['serve']:
            self.ibb = self.client.summon(aioxmpp.ibb.IBBService)
            self.ibb.default_protocol_factory = lambda: Protocol(self)
            if self.options['delay']:
                self._delay()
        online = asyncio.get_running_loop().create_future()
        self.client.on_stream_established.connect(
            lambda: online.set_result(None), self.client.on_stream_established.ASYNC_WITH_LOOP(
                asyncio.get_running_loop()))
        self.client.presence = aioxmpp.PresenceState(True)
        await online
        return self.client.local_jid

    def _delay(self):
        async def handle(iq):
            await self.block_came(iq.payload.sid)
            # pylint: disable=protected-access
            return await self.ibb._handle_data(iq)

        key = (aioxmpp.IQType.SET, xso.Data)
        self.client.stream.unregister_iq_request_handler(*key)
        self.client.stream.register_iq_request_handler(*key, handle)

    async def do_accept(self):
        self.ibb.session_limit = 100

    async def do_expect(self, jid, sid):
        self.ibb.expect_session(lambda: Protocol(self), aioxmpp.JID.fromstr(jid), sid)

    async def do_open(self, to, sid, block_size=4096, stanza_type='iq'):
        try:
            await self.ibb.open_session(lambda: Protocol(self), aioxmpp.JID.fromstr(to), sid=sid,
                                        block_size=block_size,
                                        stanza_type=aioxmpp.ibb.IBBStanzaType(stanza_type))
        except aioxmpp.errors.XMPPError as error:
            raise peer.Refused(error.condition.value[1], error.TYPE.value) from error

    async def send(self, session, data):
        session.stream.write(data)
        await self.until(lambda: not session.stream.get_write_buffer_size())

    async def do_close(self, sid):
        self.session(sid).stream.close()

    async def do_discover(self, jid):
        info = await self.disco.query_info(aioxmpp.JID.fromstr(jid))
        return {'identities': [[one.category, one.type_, one.name] for one in info.identities],
                'features': sorted(info.features)}


peer.main(AioxmppPeer)
