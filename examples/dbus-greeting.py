#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""dbus-greeting.py JID PEER [NAME]: calls a D-Bus method of a peer; without a NAME, exports
an object to the peer until it goes. No bus is involved.

JID is the account, with the password in IBB_PASSWORD. PEER is a full JID, with its
resource, to call, and a bare one to be called. IBB_SERVER=HOST:PORT connects there
instead of where DNS says; IBB_CA_FILE names certificates to trust instead of the
system's.
"""

import os
import sys

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp

INTERFACE = 'org.example.Greeter'
XML = f'''<node><interface name="{INTERFACE}"><method name="Greet">
<arg type="s" direction="in"/><arg type="s" direction="out"/>
</method></interface></node>'''


def login(jid):
    client = IBBXmpp.Client.new(jid)
    client.set_password(os.environ['IBB_PASSWORD'])
    if 'IBB_SERVER' in os.environ:
        address = Gio.NetworkAddress.parse(os.environ['IBB_SERVER'], 5222)
        client.set_host(address.get_hostname())
        client.set_port(address.get_port())
    if 'IBB_CA_FILE' in os.environ:
        client.set_tls_database(Gio.TlsFileDatabase.new(os.path.abspath(os.environ['IBB_CA_FILE'])))
    client.login(None)
    return client


def accept_from(service, peer):
    """The next session from peer; one from anybody else is aborted."""
    while True:
        transport = service.accept(None)
        if transport.props.peer_jid.startswith(peer + '/'):
            return transport
        transport.abort()


def connect(transport, flags, guid=None):
    # XMPP has said who the peer is; D-Bus's own ways need a socket or a shared home.
    observer = Gio.DBusAuthObserver()
    observer.connect('allow-mechanism', lambda _observer, name: name == 'ANONYMOUS')
    return Gio.DBusConnection.new_sync(transport, guid, flags, observer, None)


def call(service, peer, name):
    transport = service.open_session(peer)
    connection = connect(transport, Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT)
    reply = connection.call_sync(None, '/', INTERFACE, 'Greet', GLib.Variant('(s)', (name,)),
                                 GLib.VariantType('(s)'), Gio.DBusCallFlags.NONE, -1, None)
    print(reply.unpack()[0])
    connection.close_sync(None)


def serve(service, peer):
    loop = GLib.MainLoop()
    transport = accept_from(service, peer)
    # No call is handled before the object is there.
    connection = connect(transport, Gio.DBusConnectionFlags.AUTHENTICATION_SERVER |
                         Gio.DBusConnectionFlags.AUTHENTICATION_ALLOW_ANONYMOUS |
                         Gio.DBusConnectionFlags.DELAY_MESSAGE_PROCESSING,
                         Gio.dbus_generate_guid())

    def on_call(_connection, _sender, _path, _interface, _method, parameters, invocation):
        greeting = f'Hello {parameters.unpack()[0]}, you are {transport.props.peer_jid}'
        invocation.return_value(GLib.Variant('(s)', (greeting,)))

    info = Gio.DBusNodeInfo.new_for_xml(XML).interfaces[0]
    connection.register_object('/', info, on_call, None, None)
    connection.connect('closed', lambda _connection, _vanished, _error: loop.quit())
    connection.start_message_processing()
    loop.run()


def main():
    if len(sys.argv) not in (3, 4):
        sys.exit('Usage: dbus-greeting.py JID PEER [NAME]')
    try:
        client = login(sys.argv[1])
        try:
            service = IBB.Service.new(client)
            if len(sys.argv) == 4:
                call(service, *sys.argv[2:])
            else:
                service.set_session_limit(1)
                print('ready', client.props.local_jid, file=sys.stderr, flush=True)
                serve(service, sys.argv[2])
        finally:
            client.logout(None)
    except GLib.Error as error:
        sys.exit(f'dbus-greeting.py: {error.message}')


if __name__ == '__main__':
    main()
