# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-42 beside a real server: connections break and are resumed (XEP-0198), or are not; run by prosody.py and
ejabberd.py. With IBB_TEST_WEBSOCKET they go over WebSocket. With SASL2 the login that resumes brings the resumption, or
uses a token if there is an IBB_TEST_USER_AGENT. With IBB_TEST_ONE_WORKER the clients share a thread."""

import os
import random
import sys
import threading
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, 'bindings'))

import cases  # noqa: E402
from bindings import check_fails, make_client, wait_until  # noqa: E402
from cut_proxy import CutProxy  # noqa: E402
from gi.repository import Gio, GLib, IBB, IBBXmpp  # noqa: E402

MIB = 1 << 20
WEBSOCKET = 'IBB_TEST_WEBSOCKET' in os.environ
# ejabberd 23.01 does not resume a stream over WebSocket that breaks while it is sending: the process of that
# stream waits for 15 s, longer than the next one waits for it.
RESUMES_IN_STANZAS = not WEBSOCKET or os.environ['IBB_TEST_SERVER'] != 'ejabberd'
WORKER = IBBXmpp.Worker.new() if 'IBB_TEST_ONE_WORKER' in os.environ else None
ONLINE, OFFLINE, SUSPENDED = (IBB.ConnectionState.ONLINE, IBB.ConnectionState.OFFLINE, IBB.ConnectionState.SUSPENDED)


class Party:
    """A client of one of the accounts, over a way to the server that breaks when it is told to."""

    def __init__(self, name):
        self.client = make_client(name, 'train', worker=WORKER)
        self.client.props.user_agent_id = os.environ.get('IBB_TEST_USER_AGENT')
        server = urllib.parse.urlsplit(os.environ['IBB_TEST_WEBSOCKET_URI']) if WEBSOCKET else None
        self.way = CutProxy(server.port if server else self.client.props.port)
        self.client.props.port = self.way.port
        if server:
            self.client.props.websocket_mode = IBBXmpp.WebsocketMode.ALWAYS
            self.client.props.websocket_uri = f'wss://{server.hostname}:{self.way.port}{server.path}'
        self.service = IBB.Service.new(self.client)
        self.service.props.session_limit = 10
        cases.defer(lambda: self.client.logout(None))

    def log_in(self):
        assert self.client.login(None)
        # The server says a moment later that it can be resumed, before this answer.
        self.client.query_features(os.environ['IBB_TEST_DOMAIN'], None)

    def wait_state(self, state):
        wait_until(lambda: self.client.props.state == state)

    def lose(self):
        """The connection breaks, and there is no way for another one."""
        self.way.stay_away = True
        self.way.cut()
        self.wait_state(SUSPENDED)


def open_session(alice, bob, stanza_type=IBB.StanzaType.IQ):
    """Logs both in, and returns both ends."""
    accepted = []
    alice.log_in()
    bob.log_in()
    bob.service.accept_async(None, lambda service, result: accepted.append(service.accept_finish(result)))
    opened = alice.service.open_session(bob.client.props.local_jid, IBB.SessionParams(stanza_type=stanza_type), None)
    wait_until(lambda: accepted)
    return opened, accepted[0]


class End:
    """Writes so many bytes and closes its output, and reads all that comes."""

    def __init__(self, transport, size):
        self.transport = transport
        self.written = random.Random(transport.props.incoming).randbytes(size)
        self.read = b''
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._write, self._read)]
        for thread in self._threads:
            thread.start()

    def _write(self):
        output = self.transport.get_output_stream()
        for place in range(0, len(self.written), 40000):
            output.write_all(self.written[place:place + 40000], None)
        self.transport.shutdown_output(None)

    def _read(self):
        pieces = []
        while piece := self.transport.get_input_stream().read_bytes(65536, None).get_data():
            pieces.append(piece)
        self.read = b''.join(pieces)

    def join(self):
        for thread in self._threads:
            thread.join()


def finish(*ends):
    for end in ends:
        end.join()
        assert end.transport.close(None)
    for end, other in zip(ends, reversed(ends)):
        assert end.read == other.written, (len(end.read), len(other.written))


def transfer(stanza_type, size, step, count):
    """Both ways, while the connections of both ends break again and again in the middle of stanzas."""
    if WEBSOCKET:  # Prosody takes each byte of it by itself
        size, step = size // 4, step // 4
    parties = Party('ALICE'), Party('BOB')
    transports = open_session(*parties, stanza_type)
    for party, bytes_between in zip(parties, (step, step + step // 3)):
        party.way.cut_at += [party.way.passed + bytes_between * number for number in range(1, count + 1)]
    finish(*(End(transport, size) for transport in transports))
    for party in parties:
        assert not party.way.cut_at and party.way.connections > count, (party.way.cut_at, party.way.connections)
        assert party.client.props.state == ONLINE


@cases.case('/resume/D-42/' + ('iq' if RESUMES_IN_STANZAS else 'whole'))
def iq():
    transfer(IBB.StanzaType.IQ, 8 * MIB, 3 * MIB, 5 if RESUMES_IN_STANZAS else 0)


def message():
    """Messages are lost no more than blocks in IQs are: each is sent when the server has the one before."""
    transfer(IBB.StanzaType.MESSAGE, 2 * MIB, 700000, 5)


def wait_full(transport):
    """Until it has sent all that it may while its peer is away. One that is late has fewer stanzas for the server to keep."""
    before = None
    while before != transport.props.bytes_in_flight:
        before = transport.props.bytes_in_flight
        for _ in range(20):
            GLib.MainContext.default().iteration(True)
    assert before > 0


def short_blocks():
    """D-65: a server keeps so many stanzas for a client that is away, and no more. Prosody, which keeps 500, then
    cannot resume the stream. Blocks are very short here, so that many fit in a window."""
    step = 12 * 1024
    alice, bob = Party('ALICE'), Party('BOB')
    alice.service.props.default_block_size = 16
    here, there = open_session(alice, bob)
    ends = [End(transport, 4 * step) for transport in (here, there)]
    for number in range(1, 4):
        wait_until(lambda least=number * step: there.props.bytes_acknowledged >= least)
        alice.lose()
        wait_full(there)
        alice.way.let_in()
        alice.wait_state(ONLINE)
    finish(*ends)


if not WEBSOCKET:  # the longest one
    cases.case('/resume/D-42/D-35/D-31/message')(message)
if RESUMES_IN_STANZAS:
    cases.case('/resume/D-42/D-65/short-blocks')(short_blocks)


def check_lost(transport):
    check_fails(Gio.IOErrorEnum.CONNECTION_CLOSED, transport.get_input_stream().read_bytes, 1, None)


def write_for_ever(transport):
    while True:
        transport.get_output_stream().write_all(b'something to lose', None)


@cases.case('/resume/D-42/B-03/forgotten')
def forgotten():
    """The server has given the session to another login meanwhile; both ends learn that it is over, and neither takes
    that for a clean end."""
    alice, bob = Party('ALICE'), Party('BOB')
    here, there = open_session(alice, bob)
    alice.lose()
    other = make_client('ALICE', 'train', worker=WORKER)
    assert other.login(None)
    alice.way.let_in()
    alice.wait_state(OFFLINE)
    check_lost(here)
    # A peer that has nothing to say does not find out that nobody is there.
    check_fails(Gio.IOErrorEnum.CONNECTION_CLOSED, write_for_ever, there)
    check_lost(there)
    assert other.logout(None)
    alice.log_in()  # and once more from the beginning


@cases.case('/resume/D-42/silence')
def silence():
    """The way is silent, and nobody says so: a question without an answer does."""
    expected, seen = os.environ.get('IBB_TEST_EXPECTED_MESSAGE', ''), []
    alice, bob = Party('ALICE'), Party('BOB')
    here, there = open_session(alice, bob)
    GLib.log_set_handler('ibb-glib', GLib.LogLevelFlags.LEVEL_DEBUG,
                         lambda _domain, _level, text, *_: seen.append(text))
    alice.way.silence(upwards=True)
    alice.way.begin_hole()
    # The client asked later before: a slow server would be taken for a silent one.
    alice.client.props.keepalive_timeout, alice.client.props.keepalive_interval = 300, 100
    here.get_output_stream().write_all(b'hello', None)
    alice.wait_state(SUSPENDED)
    # The next connection waits, and has time.
    alice.client.props.keepalive_interval = alice.client.props.keepalive_timeout = 15000
    alice.way.end_hole()
    assert there.get_input_stream().read_bytes(5, None).get_data() == b'hello'
    assert alice.way.connections == 2, alice.way.connections
    assert any(expected in text for text in seen), seen


GLib.timeout_add(5, lambda: True)  # so that each wait looks again
cases.main()
