#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""receive-file.py JID PEER FILE: stores what one peer sends, on the main loop.

JID is the account, with the password in IBB_PASSWORD; PEER is the bare JID that
may send. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
IBB_CA_FILE names certificates to trust instead of the system's.
"""

import os
import sys

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp


class Receiver:
    def __init__(self, jid, peer, path):
        self.peer = peer
        self.file = Gio.File.new_for_path(path)
        self.part = Gio.File.new_for_path(path + '.part')
        self.loop = GLib.MainLoop()
        self.error = None
        self.transport = None
        self.client = IBBXmpp.Client.new(jid)
        self.client.set_password(os.environ.get('IBB_PASSWORD'))
        if 'IBB_SERVER' in os.environ:
            address = Gio.NetworkAddress.parse(os.environ['IBB_SERVER'], 5222)
            self.client.set_host(address.get_hostname())
            self.client.set_port(address.get_port())
        if 'IBB_CA_FILE' in os.environ:
            self.client.set_tls_database(Gio.TlsFileDatabase.new(os.path.abspath(os.environ['IBB_CA_FILE'])))
        self.service = IBB.Service.new(self.client)
        self.service.set_session_limit(1)
        self.service.connect('session-requested', self.on_requested)

    def run(self):
        self.client.login()
        try:
            print('ready', self.client.props.local_jid, file=sys.stderr, flush=True)
            self.loop.run()
            if self.error:
                raise self.error
            print(f'received {self.transport.props.bytes_received} bytes')
        finally:
            self.client.logout()

    def on_requested(self, service, request):
        if self.transport or not request.is_from(self.peer):
            print(f'receive-file.py: {request.props.peer_jid} is refused', file=sys.stderr)
            request.refuse(IBB.StanzaCondition.NOT_ACCEPTABLE, 'You are not expected here')
            return True
        self.transport = request.accept()
        # The file gets its name at the clean end, not before.
        self.sink = self.part.replace(None, False, Gio.FileCreateFlags.NONE, None)
        self.sink.splice_async(self.transport.get_input_stream(),
                               Gio.OutputStreamSpliceFlags.CLOSE_TARGET, GLib.PRIORITY_DEFAULT,
                               None, self.on_spliced)
        return True

    def on_spliced(self, sink, result):
        try:
            sink.splice_finish(result)
            self.part.move(self.file, Gio.FileCopyFlags.OVERWRITE, None, None)
            self.transport.close_async(GLib.PRIORITY_DEFAULT, None, self.on_closed)
        except GLib.Error as error:
            self.error = error
            self.part.delete(None)
            self.loop.quit()

    def on_closed(self, transport, result):
        try:
            transport.close_finish(result)
        except GLib.Error as error:
            self.error = error
        self.loop.quit()


def main():
    if len(sys.argv) != 4:
        sys.exit('Usage: receive-file.py JID PEER FILE')
    try:
        Receiver(*sys.argv[1:]).run()
    except GLib.Error as error:
        sys.exit(f'receive-file.py: {error.message}')


if __name__ == '__main__':
    main()
