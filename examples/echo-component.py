#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""echo-component.py DOMAIN: a component of a server (XEP-0114). Each address of DOMAIN sends back
what comes, in as many sessions as peers like, until the program is interrupted.

IBB_SECRET is what the server knows for DOMAIN. IBB_SERVER=HOST:PORT connects there instead
of localhost, port 5347.
"""

import asyncio
import os
import signal
import sys

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp


def new_component(domain):
    component = IBBXmpp.Component.new(domain)
    component.set_secret(os.environ.get('IBB_SECRET'))
    component.set_auto_reconnect(True)
    if 'IBB_SERVER' in os.environ:
        address = Gio.NetworkAddress.parse(os.environ['IBB_SERVER'], 5347)
        component.set_host(address.get_hostname())
        component.set_port(address.get_port())
    return component


async def echo(transport):
    try:
        # Left by an error, the session is aborted; else it is closed.
        async with transport:
            reader, writer = transport.make_streams()
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
    except GLib.Error as error:
        print(f'echo-component.py: {error.message}', file=sys.stderr)
    else:
        print(f'{transport.props.local_jid} has served {transport.props.peer_jid}', flush=True)


async def serve(domain):
    # Logs in, and out, also after an error.
    async with new_component(domain) as component:
        service = IBB.Service.new(component)
        service.set_session_limit(1000)
        interrupted = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)

        async with asyncio.TaskGroup() as group:
            def on_requested(service, request):
                if request.props.local_jid == component.props.local_jid:
                    # The domain itself is no account.
                    request.refuse(IBB.StanzaCondition.NOT_ACCEPTABLE, None)
                else:
                    group.create_task(echo(request.accept()))
                return True

            handler = service.connect('session-requested', on_requested)
            print(f'ready {component.props.local_jid}', file=sys.stderr, flush=True)
            await interrupted.wait()
            service.disconnect(handler)
            service.stop()  # aborts the sessions that are still open


def main():
    if len(sys.argv) != 2:
        sys.exit('Usage: echo-component.py DOMAIN')
    try:
        IBB.run(serve(sys.argv[1]))
    except GLib.Error as error:
        sys.exit(f'echo-component.py: {error.message}')


if __name__ == '__main__':
    main()
