#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What “ibb send” says of a file that takes long. The rate is given: for each block that the server reads time passes on
the clock of the sender, and for nothing else but what a case names."""

import os
import signal
import struct
import threading

import cases
from cases import case, check, check_equal
from command import Folder
from fake_xmpp import FakeServer

BLOCK_TIME = 2  # s
# Of one that waits behind blocks: a second block may be on its way, and the rate is an estimate. The sender gives up a
# ping after ten seconds.
PING_TIME = 3 * BLOCK_TIME
VERSION = "<query xmlns='jabber:iq:version'><name>Prosody</name><version>0.12.3</version></query>"


class Sender:
    """A file of 64 MiB on its way from alice to bob. ping_time: seconds in which the server answers a ping of the command,
    from whose first one on its blocks take no time."""

    def __init__(self, *options, ping_time, receive=None):
        self.server = FakeServer()
        self._folder = Folder()
        self._clock = self._folder / 'clock'
        self._now = 0
        self._stands = False
        self._ping_time = ping_time
        self.n_blocks = 0
        self.asked = threading.Event()
        with open(self._clock, 'wb') as file:
            file.write(bytes(24))
        source = self._folder / 'original'
        with open(source, 'wb') as file:
            file.truncate(64 << 20)
        self.server.when('<data ', self._block, 'alice', 0)
        self.server.when('urn:xmpp:ping', self._ping, 'alice', 0)
        self.server.when('jabber:iq:version', self._version, 'alice', 0)
        there = self.server.account('bob').ibb('receive', *(receive or ('--output', self._folder / 'copy')), '--from', 'any')
        env = {'LD_PRELOAD': os.environ['IBB_TEST_FAKE_WALL_CLOCK'], 'IBB_TEST_WALL_CLOCK': self._clock}
        peer = there.wait_ready()
        with self.server.lock:  # no block comes before self.here is set
            self.here = self.server.account('alice').ibb('send', *options, source, peer, env=env)

    def _pass(self, seconds):
        self._now += seconds
        with open(self._clock, 'r+b', buffering=0) as file:
            file.seek(16)
            file.write(struct.pack('q', self._now))

    def _block(self, *_):
        self.n_blocks += 1
        if not self._stands:
            self.here.wait_idle()
            self._pass(BLOCK_TIME)

    def _ping(self, _client, attributes):
        if attributes['id'].startswith('ibb-'):  # no ping of the library
            self._stands = True
            self._pass(self._ping_time)

    def _version(self, client, attributes):
        if attributes.get('to') != 'localhost':
            return False
        client.send(f"<iq type='result' id='{attributes['id']}' from='localhost' to='{client.jid}'>{VERSION}</iq>")
        self.asked.set()
        return True

    def stop(self):
        """Some time after the server was asked."""
        check(self.asked.wait(cases.PATIENCE), 'the server is asked for its software')
        n_blocks = self.n_blocks
        while self.n_blocks < n_blocks + 100 and not self.here.has_ended(0.01):
            pass
        self.here.stop(-signal.SIGTERM)
        return [line for line in self.here.lines if 'takes' in line or 'Only about' in line]


SAID = (r'^At .*/s, what is left for “bob@localhost/\S+” takes [\d:]+ h: it waits at localhost \(Prosody 0.12.3\)\. '
        'The server limits %s.*administrator can raise “limits” .Prosody. or “shaper” .ejabberd.')


@case('a stream: how long, and what an administrator can change, once; a ping that waits as well is at the own server')
def _():
    for sender, who in ((Sender('--window', '1', ping_time=PING_TIME), 'clients, or the network'),
                        (Sender('--window', '1', ping_time=0), 'other servers or its clients, or the other end')):
        sender.here.wait_line(SAID % who)
        check_equal(len(sender.stop()), 1, f'lines: {sender.here.lines}')


@case('a file with its name, too')
def _():
    sender = Sender(ping_time=0, receive=('--directory', Folder().path))
    sender.here.wait_line('^At .* takes .* h: it waits')
    check_equal(len(sender.stop()), 1, f'lines: {sender.here.lines}')


@case('--json has an event of its own and no line, --quiet neither')
def _():
    sender = Sender('--json', '--window', '1', ping_time=PING_TIME)
    event = sender.here.wait_event('slow')
    check(event['rate'] < 16384 and event['seconds'] > 600, f'{event}')
    check_equal((event['peer'], event['server'], event['software']), ('bob@localhost/ibb', 'localhost', 'Prosody 0.12.3'), 'event')
    check('limits clients' in event['advice'], f'{event}')
    check_equal(sender.stop(), [], 'lines')
    check_equal(sum(event['event'] in ('slow', 'throttled') for event in sender.here.events()), 1, 'events')
    check_equal(Sender('--quiet', '--window', '1', ping_time=0).stop(), [], 'lines')


if __name__ == '__main__':
    cases.main()
