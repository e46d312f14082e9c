#!/usr/bin/python3
# SPDX-License-Identifier: 0BSD
"""loopback.py: a question and its answer between two ends in this process,
without any server. Blocking calls, each end in a thread; signals come to the
main loop."""

import sys
import threading

import gi
gi.require_version('IBB', '1.0')
from gi.repository import GLib, IBB


class Talk:
    def __init__(self):
        self.loop = GLib.MainLoop()
        self.error = None
        loopback = IBB.Loopback.new()
        self.juliet = IBB.Service.new(loopback.attach('juliet@example.org/balcony'))
        self.romeo = IBB.Service.new(loopback.attach('romeo@example.org/orchard'))
        self.romeo.set_session_limit(1)
        self.romeo.connect('session-accepted', self.on_accepted)

    def on_accepted(self, service, transport):
        self.start(self.answer, transport)

    def start(self, work, *arguments):
        def run():
            try:
                work(*arguments)
            except GLib.Error as error:
                self.error = error
                GLib.idle_add(self.loop.quit)

        threading.Thread(target=run, daemon=True).start()

    def ask(self):
        transport = self.juliet.open_session('romeo@example.org/orchard')
        transport.get_output_stream().write_all(b'wherefore art thou romeo?')
        reply = b''
        # An empty read is the peer's clean end; anything else raises.
        while part := transport.get_input_stream().read_bytes(100).get_data():
            reply += part
        print(f'juliet hears: {reply.decode()}')
        transport.close()
        GLib.idle_add(self.loop.quit)

    def answer(self, transport):
        question = transport.get_input_stream().read_bytes(100)
        print(f'romeo hears: {question.get_data().decode()}')
        transport.get_output_stream().write_all(b'call me but love')
        transport.close()

    def run(self):
        self.start(self.ask)
        self.loop.run()
        if self.error:
            sys.exit(f'loopback.py: {self.error.message}')


if __name__ == '__main__':
    Talk().run()
