#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""offer-file.py JID PEER FILE: offers a file to a peer, with its name, and waits
for the end; with asyncio.

JID is the account, with the password in IBB_PASSWORD; PEER is a full JID, with
its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
IBB_CA_FILE names certificates to trust instead of the system's.
"""

import os
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


def show_progress(transfer, _pspec):
    print(f'\r{transfer.props.progress:4.0%} ', end='', file=sys.stderr)


async def offer_file(jid, peer, path):
    async with new_client(jid) as client:
        service = IBBFiles.Service.new(client)
        transfer = await service.offer_file_async(peer, Gio.File.new_for_path(path))
        transfer.connect('notify::progress', show_progress)
        try:
            await transfer.wait_async()
        finally:
            print(file=sys.stderr)
        # Only some programs say that they have the file.
        print(f'{transfer.props.metadata.props.name}: {transfer.props.state.value_nick}')


def main():
    if len(sys.argv) != 4:
        sys.exit('Usage: offer-file.py JID PEER FILE')
    try:
        IBB.run(offer_file(*sys.argv[1:]))
    except GLib.Error as error:
        sys.exit(f'offer-file.py: {error.message}')


if __name__ == '__main__':
    main()
