#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""http-folder.py JID PEER serve FOLDER: shows the files of a folder to one peer by HTTP.
http-folder.py JID PEER get PATH...: fetches such files and writes them to its output.

libsoup does the rest: the server is handed the sessions themselves; the client,
which wants an address to connect to, gets one behind which each connection becomes
a session. Both keep a session for further requests.

JID is the account, with the password in IBB_PASSWORD. PEER is a full JID, with its
resource, to get, and a bare one to serve. IBB_SERVER=HOST:PORT connects there
instead of where DNS says; IBB_CA_FILE names certificates to trust instead of the
system's.
"""

import os
import sys
import tempfile

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
gi.require_version('Soup', '3.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp, Soup


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


class Site:
    def __init__(self, service, peer, folder):
        self.peer = peer
        self.folder = os.path.realpath(folder)
        self.server = Soup.Server()
        self.server.add_handler(None, self.on_request)
        # It ends each session after one answer if it listens nowhere: here it
        # does where nobody can find it.
        with tempfile.TemporaryDirectory() as private:
            nowhere = Gio.Socket.new(Gio.SocketFamily.UNIX, Gio.SocketType.STREAM,
                                     Gio.SocketProtocol.DEFAULT)
            nowhere.bind(Gio.UnixSocketAddress.new(private + '/socket'), False)
            nowhere.listen()
        self.server.listen_socket(nowhere, 0)
        service.set_session_limit(10)
        service.connect('session-requested', self.on_session)

    def on_session(self, _service, request):
        if not request.is_from(self.peer):
            request.refuse(IBB.StanzaCondition.NOT_ACCEPTABLE, 'You are not expected here')
            return True
        address = Gio.InetSocketAddress.new_from_string('127.0.0.1', 0)  # it asks for some
        self.server.accept_iostream(request.accept(), address, address)
        return True

    def on_request(self, _server, message, path, _query):
        file = os.path.realpath(self.folder + path)
        if message.get_method() != 'GET':
            message.set_status(Soup.Status.METHOD_NOT_ALLOWED, None)
        elif not file.startswith(self.folder + '/') or not os.path.isfile(file):
            message.set_status(Soup.Status.NOT_FOUND, None)
        else:
            with open(file, 'rb') as source:
                message.get_response_body().append(source.read())
            message.set_status(Soup.Status.OK, None)


class Door:
    """An address of this process; who connects there gets a session with peer."""

    def __init__(self, service, peer):
        self.service = service
        self.peer = peer
        self.folder = tempfile.TemporaryDirectory()
        self.address = Gio.UnixSocketAddress.new(self.folder.name + '/door')
        self.listener = Gio.SocketService()
        self.listener.add_address(self.address, Gio.SocketType.STREAM,
                                  Gio.SocketProtocol.DEFAULT, None)
        self.listener.connect('incoming', self.on_incoming)

    def on_incoming(self, _listener, connection, _source):
        self.service.open_session_async(self.peer, None, None, self.on_opened, connection)
        return True

    def on_opened(self, service, result, connection):
        try:
            transport = service.open_session_finish(result)
        except GLib.Error as error:
            print(f'http-folder.py: {error.message}', file=sys.stderr)
            connection.close(None)
            return
        connection.splice_async(transport, Gio.IOStreamSpliceFlags.CLOSE_STREAM1 |
                                Gio.IOStreamSpliceFlags.CLOSE_STREAM2,
                                GLib.PRIORITY_DEFAULT, None, None)


def get(service, peer, paths):
    """The process's exit status."""
    loop = GLib.MainLoop()
    door = Door(service, peer)
    session = Soup.Session(remote_connectable=door.address)
    status = 0

    def on_read(session, result, message):
        nonlocal status
        try:
            body = session.send_and_read_finish(result)
            if message.get_status() == Soup.Status.OK:
                sys.stdout.buffer.write(body.get_data())
            else:
                print(f'http-folder.py: {message.get_uri().get_path()}: {message.get_reason_phrase()}',
                      file=sys.stderr)
                status = 1
            fetch_next()
        except GLib.Error as error:
            print(f'http-folder.py: {error.message}', file=sys.stderr)
            status = 1
            loop.quit()

    def fetch_next():
        if not paths:
            loop.quit()
            return
        message = Soup.Message.new('GET', 'http://peer/' + paths.pop(0).lstrip('/'))
        session.send_and_read_async(message, GLib.PRIORITY_DEFAULT, None, on_read, message)

    fetch_next()
    loop.run()
    return status


def main():
    if len(sys.argv) < 5 or sys.argv[3] not in ('serve', 'get'):
        sys.exit('Usage: http-folder.py JID PEER serve FOLDER | JID PEER get PATH...')
    jid, peer, verb, *rest = sys.argv[1:]
    status = 0
    try:
        client = login(jid)
        try:
            service = IBB.Service.new(client)
            if verb == 'get':
                status = get(service, peer, rest)
            else:
                site = Site(service, peer, rest[0])
                print('ready', client.props.local_jid, file=sys.stderr, flush=True)
                try:
                    GLib.MainLoop().run()
                except KeyboardInterrupt:
                    site.server.disconnect()
        finally:
            client.logout(None)
    except GLib.Error as error:
        sys.exit(f'http-folder.py: {error.message}')
    sys.exit(status)


if __name__ == '__main__':
    main()
