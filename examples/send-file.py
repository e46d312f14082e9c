#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""send-file.py JID PEER FILE: sends a file to a peer, in blocking calls.

JID is the account, with the password in IBB_PASSWORD; PEER is a full JID, with
its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
IBB_CA_FILE names certificates to trust instead of the system's.
"""

import os
import sys

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp


def login(jid):
    client = IBBXmpp.Client.new(jid)
    client.set_password(os.environ.get('IBB_PASSWORD'))
    if 'IBB_SERVER' in os.environ:
        address = Gio.NetworkAddress.parse(os.environ['IBB_SERVER'], 5222)
        client.set_host(address.get_hostname())
        client.set_port(address.get_port())
    if 'IBB_CA_FILE' in os.environ:
        client.set_tls_database(Gio.TlsFileDatabase.new(os.path.abspath(os.environ['IBB_CA_FILE'])))
    client.login()
    return client


def send_file(jid, peer, path):
    source = Gio.File.new_for_path(path).read()
    client = login(jid)
    try:
        service = IBB.Service.new(client)
        transport = service.open_session(peer)
        transport.get_output_stream().splice(source, Gio.OutputStreamSpliceFlags.CLOSE_SOURCE)
        # Fails unless the peer has acknowledged every byte.
        transport.close()
        print(f'sent {transport.props.bytes_acknowledged} bytes')
    finally:
        client.logout()


def main():
    if len(sys.argv) != 4:
        sys.exit('Usage: send-file.py JID PEER FILE')
    try:
        send_file(*sys.argv[1:])
    except GLib.Error as error:
        sys.exit(f'send-file.py: {error.message}')


if __name__ == '__main__':
    main()
