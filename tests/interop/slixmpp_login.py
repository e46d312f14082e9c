# SPDX-License-Identifier: LGPL-2.1-or-later
"""slixmpp as an XMPP stack, for peer-slixmpp.py and peer-second.py."""

import asyncio
import inspect
import os

import peer
import slixmpp


def make_client():
    jid, password, _host, _port = peer.account()
    client = slixmpp.ClientXMPP(jid, password)
    client.ca_certs = os.environ['IBB_TEST_CA_FILE']
    client.register_plugin('xep_0030')
    return client


async def login(client):
    """Until it is online; a connection that fails is not tried for ever."""
    _jid, _password, host, port = peer.account()
    failed = client.loop.create_task(client.wait_until('connection_failed', peer.PATIENCE))
    online = client.loop.create_task(client.wait_until('session_start', peer.PATIENCE))
    # slixmpp 1.10 would begin with TLS at once, and takes two arguments.
    client.enable_direct_tls = False
    client.connect(*((host, port) if 'host' in inspect.signature(client.connect).parameters else ((host, port),)))
    await asyncio.wait((failed, online), return_when=asyncio.FIRST_COMPLETED)
    if failed.done():
        raise ConnectionError(failed.result())
    failed.cancel()
    await online
    client.send_presence()
    return client.boundjid.full
