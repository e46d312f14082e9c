#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""echo-client.py JID PEER LINE...: says the lines to an echo service, with asyncio,
and prints what comes back meanwhile.

JID is the account, with the password in IBB_PASSWORD; PEER is a full JID, with
its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
IBB_CA_FILE names certificates to trust instead of the system's.
"""

import asyncio
import os
import sys

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp


def new_client(jid):
    client = IBBXmpp.Client.new(jid)
    client.set_password(os.environ.get('IBB_PASSWORD'))
    if 'IBB_SERVER' in os.environ:
        address = Gio.NetworkAddress.parse(os.environ['IBB_SERVER'], 5222)
        client.set_host(address.get_hostname())
        client.set_port(address.get_port())
    if 'IBB_CA_FILE' in os.environ:
        client.set_tls_database(Gio.TlsFileDatabase.new(os.path.abspath(os.environ['IBB_CA_FILE'])))
    return client


async def say(writer, lines):
    for line in lines:
        writer.write(line.encode() + b'\n')
        await writer.drain()
    writer.write_eof()


async def talk(jid, peer, lines):
    # Logs in, and out, also after an error.
    async with new_client(jid) as client, asyncio.timeout(60):
        service = IBB.Service.new(client)
        async with await service.open_session_async(peer) as transport:
            reader, writer = transport.make_streams()
            saying = asyncio.create_task(say(writer, lines))
            # Up to the peer's clean end; any other raises.
            while data := await reader.read(65536):
                sys.stdout.buffer.write(data)
            await saying


def main():
    if len(sys.argv) < 4:
        sys.exit('Usage: echo-client.py JID PEER LINE...')
    try:
        IBB.run(talk(sys.argv[1], sys.argv[2], sys.argv[3:]))
    except GLib.Error as error:
        sys.exit(f'echo-client.py: {error.message}')
    except TimeoutError:
        sys.exit('echo-client.py: no answer within a minute')


if __name__ == '__main__':
    main()
