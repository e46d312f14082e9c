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
import socket
import struct
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


class Join:
    """Moves bytes both ways between a connection and a session. The end of one direction is passed on while the
    other one goes on. An error is no end: it resets the connection, and aborts the session."""

    def __init__(self, connection, transport):
        self.connection = connection
        self.transport = transport
        self.cancellable = Gio.Cancellable()
        self.n_ended = 0
        self.has_failed = False
        for source, target in (connection, transport), (transport, connection):
            target.get_output_stream().splice_async(
                source.get_input_stream(), Gio.OutputStreamSpliceFlags.NONE,
                GLib.PRIORITY_DEFAULT, self.cancellable, self.on_moved, target)

    def on_moved(self, output, result, target):
        try:
            output.splice_finish(result)
            if target is self.transport:
                self.transport.shutdown_output_async(self.cancellable, self.on_shut)
                return
            self.connection.get_socket().shutdown(False, True)
            self.end_direction()
        except GLib.Error:
            self.end_direction(has_failed=True)

    def on_shut(self, transport, result):
        try:
            transport.shutdown_output_finish(result)
            self.end_direction()
        except GLib.Error:
            self.end_direction(has_failed=True)

    def end_direction(self, has_failed=False):
        self.n_ended += 1
        if has_failed:
            self.has_failed = True
            self.transport.abort()
            self.cancellable.cancel()
        if self.n_ended < 2:
            return
        if self.has_failed:
            with socket.socket(fileno=os.dup(self.connection.get_socket().get_fd())) as copy:
                copy.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        else:
            self.transport.close_async(GLib.PRIORITY_DEFAULT, None, None)
        self.connection.close(None)


def is_of_this_user(address):
    """Of a connection over 127.0.0.1, as Linux tells."""
    host, = struct.unpack('=I', socket.inet_aton('127.0.0.1'))
    with open('/proc/net/tcp', encoding='ascii') as file:
        return any(line.split()[1] == f'{host:08X}:{address.get_port():04X}' and
                   line.split()[7] == str(os.getuid()) for line in file)


class Door:
    """An address of this process; who of this user connects there gets a session with peer.

    It is TCP: a reset tells that a session was lost, and a Unix socket knows none."""

    def __init__(self, service, peer):
        self.service = service
        self.peer = peer
        self.listener = Gio.SocketService()
        _, self.address = self.listener.add_address(
            Gio.InetSocketAddress.new_from_string('127.0.0.1', 0), Gio.SocketType.STREAM,
            Gio.SocketProtocol.TCP, None)
        self.listener.connect('incoming', self.on_incoming)

    def on_incoming(self, _listener, connection, _source):
        if is_of_this_user(connection.get_remote_address()):
            self.service.open_session_async(self.peer, None, None, self.on_opened, connection)
        return True

    def on_opened(self, service, result, connection):
        try:
            Join(connection, service.open_session_finish(result))
        except GLib.Error as error:
            print(f'http-folder.py: {error.message}', file=sys.stderr)
            connection.close(None)


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
