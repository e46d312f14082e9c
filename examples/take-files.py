#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""take-files.py JID FOLDER: asks about each file that a peer offers, and stores it
in a folder; until an interrupt. With asyncio.

JID is the account, with the password in IBB_PASSWORD. IBB_SERVER=HOST:PORT
connects there instead of where DNS says; IBB_CA_FILE names certificates to trust
instead of the system's.
"""

import asyncio
import os
import signal
import sys

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
gi.require_version('IBBFiles', '1.0')
from gi.repository import Gio, GLib, IBB, IBBFiles, IBBXmpp


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


async def ask(offers, folder, group):
    """One question after the other; files are received meanwhile."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while True:
        transfer = await offers.get()
        # A name without control characters is harmless on a terminal.
        name = transfer.props.metadata.dup_safe_name()
        print(f'Take “{name}” ({transfer.props.metadata.props.size} bytes) '
              f'from {transfer.props.peer_jid}? [y/n]', flush=True)
        if (await reader.readline()).startswith(b'y'):
            group.create_task(take(transfer, folder.get_child(name)))
        else:
            transfer.refuse('Not wanted')


async def take(transfer, file):
    try:
        await transfer.accept_file_async(file)
        print(f'{file.get_path()} is there', flush=True)
    except GLib.Error as error:
        print(f'take-files.py: {error.message}', file=sys.stderr)


async def take_files(jid, path):
    offers = asyncio.Queue()
    interrupted = asyncio.Event()
    client = new_client(jid)
    service = IBBFiles.Service.new(client)
    service.connect('file-offered', lambda _service, transfer: offers.put_nowait(transfer) or True)
    async with client, asyncio.TaskGroup() as group:
        print('ready', client.props.local_jid, file=sys.stderr, flush=True)
        asyncio.get_running_loop().add_signal_handler(signal.SIGINT, interrupted.set)
        asking = group.create_task(ask(offers, Gio.File.new_for_path(path), group))
        await interrupted.wait()
        asking.cancel()


def main():
    if len(sys.argv) != 3:
        sys.exit('Usage: take-files.py JID FOLDER')
    try:
        IBB.run(take_files(*sys.argv[1:]))
    except GLib.Error as error:
        sys.exit(f'take-files.py: {error.message}')


if __name__ == '__main__':
    main()
