#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""jingle.py: an application that speaks Jingle itself (XEP-0166, XEP-0261) and
leaves the bytestream to ibb-glib. Romeo offers a session of 8192 bytes a block,
Juliet lowers that to 4096, and both ends keep to it."""

import sys
import xml.etree.ElementTree as ElementTree

import gi
gi.require_version('IBB', '1.0')
from gi.repository import GLib, IBB

ROMEO = 'romeo@montague.example/orchard'
JULIET = 'juliet@capulet.example/balcony'
JINGLE = 'urn:xmpp:jingle:1'
TRANSPORT = 'urn:xmpp:jingle:transports:ibb:1'
GREATEST = 4096


class Party:
    """One end: an account's connection, and what it does with Jingle."""

    def __init__(self, loopback, jid):
        self.jid = jid
        self.connection = loopback.attach(jid)
        self.service = IBB.Service.new(self.connection)
        self.connection.connect('stanza-received', self.on_stanza)

    def send(self, text):
        self.connection.send(IBB.Stanza.new_from_xml(text, -1))

    def send_jingle(self, peer, action, sid, block_size):
        self.send(f"<iq type='set' to='{peer}' id='{action}'>"
                  f"<jingle xmlns='{JINGLE}' action='{action}' sid='call'>"
                  f"<content creator='initiator' name='text'>"
                  f"<transport xmlns='{TRANSPORT}' sid='{sid}' block-size='{block_size}'/>"
                  '</content></jingle></iq>')

    def on_stanza(self, _connection, stanza):
        # to_xml () leaves the namespace of the stream to the reader.
        iq = ElementTree.fromstring(stanza.to_xml())
        jingle = iq.find(f'{{{JINGLE}}}jingle')
        if iq.get('type') != 'set' or jingle is None:
            return False
        transport = jingle.find(f'.//{{{TRANSPORT}}}transport')
        self.send(f"<iq type='result' to='{iq.get('from')}' id='{iq.get('id')}'/>")
        self.on_jingle(iq.get('from'), jingle.get('action'), transport.get('sid'),
                       int(transport.get('block-size')))
        return True

    def on_jingle(self, peer, action, sid, block_size):
        raise NotImplementedError


class Romeo(Party):
    def on_jingle(self, peer, _action, sid, block_size):
        """Juliet has accepted: her block size is the agreed one."""
        params = IBB.SessionParams(sid=sid, block_size=block_size, agreed=True)
        self.service.open_session_async(peer, params, None, self.on_opened)

    def on_opened(self, service, result):
        transport = service.open_session_finish(result)
        # PyGObject would free the buffer of write_all_async () at once.
        line = GLib.Bytes(b'my bounty is as boundless as the sea')
        transport.get_output_stream().write_bytes_async(line, GLib.PRIORITY_DEFAULT, None,
                                                        self.on_written, transport)

    def on_written(self, output, result, transport):
        output.write_bytes_finish(result)
        transport.close_async(GLib.PRIORITY_DEFAULT, None, None)


class Juliet(Party):
    def __init__(self, loopback, jid, loop):
        super().__init__(loopback, jid)
        self.loop = loop

    def on_jingle(self, peer, _action, sid, block_size):
        """Romeo offers a session. It is expected before he learns that it may come."""
        block_size = min(block_size, GREATEST)
        params = IBB.SessionParams(block_size=block_size, agreed=True)
        self.service.expect_session_async(peer, sid, params, None, self.on_opened)
        self.send_jingle(peer, 'session-accept', sid, block_size)

    def on_opened(self, service, result):
        transport = service.expect_session_finish(result)
        print(f'juliet has a session with {transport.get_block_size()} bytes a block')
        transport.get_input_stream().read_bytes_async(100, GLib.PRIORITY_DEFAULT, None,
                                                      self.on_read, transport)

    def on_read(self, source, result, transport):
        print(f'juliet hears: {source.read_bytes_finish(result).get_data().decode()}')
        transport.close_async(GLib.PRIORITY_DEFAULT, None, lambda *_: self.loop.quit())


def main():
    loop = GLib.MainLoop()
    loopback = IBB.Loopback.new()
    juliet = Juliet(loopback, JULIET, loop)
    romeo = Romeo(loopback, ROMEO)
    romeo.send_jingle(JULIET, 'session-initiate', 'verona-1', 8192)
    loop.run()
    # Until here: a connection ends when nobody holds it any more.
    del romeo, juliet


if __name__ == '__main__':
    sys.exit(main())
