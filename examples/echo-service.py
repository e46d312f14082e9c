#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""echo-service.py JID PEER: sends back what PEER sends, with asyncio, in as many
sessions as it likes, until it is interrupted.

JID is the account, with the password in IBB_PASSWORD; PEER a JID without its
resource. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
IBB_CA_FILE names certificates to trust instead of the system's.
"""

import asyncio
import os
import signal
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


async def echo(transport):
    length = 0
    try:
        # Left by an error, the session is aborted; else it is closed.
        async with transport:
            reader, writer = transport.make_streams()
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
                length += len(data)
    except GLib.Error as error:
        print(f'echo-service.py: {error.message}', file=sys.stderr)
    else:
        print(f'{length} bytes for {transport.props.peer_jid}', flush=True)


async def serve(jid, peer):
    # Logs in, and out, also after an error.
    async with new_client(jid) as client:
        service = IBB.Service.new(client)
        service.set_session_limit(100)
        interrupted = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)

        async with asyncio.TaskGroup() as group:
            def on_requested(service, request):
                if request.props.peer_jid.split('/')[0] == peer:
                    group.create_task(echo(request.accept()))
                else:
                    print(f'echo-service.py: {request.props.peer_jid} is not {peer}', file=sys.stderr)
                    request.refuse(IBB.StanzaCondition.NOT_ACCEPTABLE, None)
                return True

            handler = service.connect('session-requested', on_requested)
            print(f'ready {client.props.local_jid}', file=sys.stderr, flush=True)
            await interrupted.wait()
            service.disconnect(handler)
            service.stop()  # aborts the sessions that are still open


def main():
    if len(sys.argv) != 3:
        sys.exit('Usage: echo-service.py JID PEER')
    try:
        IBB.run(serve(*sys.argv[1:]))
    except GLib.Error as error:
        sys.exit(f'echo-service.py: {error.message}')


if __name__ == '__main__':
    main()
