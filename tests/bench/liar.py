# SPDX-License-Identifier: LGPL-2.1-or-later
"""A peer that lies to those who send to it. peers.py measures what it costs the others."""

import base64
import dataclasses
import heapq
import random
import re
import threading
import time
import typing

import cases
import rawclient

_FEATURES = ("<query xmlns='http://jabber.org/protocol/disco#info'>"
             "<feature var='http://jabber.org/protocol/ibb'/><feature var='urn:ibb-glib:1'/></query>")
_RESULT = "<iq type='result' id='%s' to='%s'>%s</iq>"
_ACK = "<ack xmlns='urn:ibb-glib:1' room='%d' delay='%d'/>"
_MOST = 2 ** 32 - 1
_DATA = re.compile(rb'<data\b[^>]*>([^<]*)<')
# What may be in flight to one peer (D-50), and a block of the longest length.
IN_FLIGHT_MAX = 4 * 1024 * 1024 + 65535


@dataclasses.dataclass(frozen=True)
class Lie:
    """hold: for how many seconds an acknowledgement is held, by the seconds since the first block;
    None: for ever. delay: what it tells, in microseconds; its room is always the largest."""

    name: str
    hold: typing.Callable
    delay: int = 0


LIES = (
    # What the program itself costs the others: it takes a processor for each block.
    Lie('the same program as the liars below, which tells the truth', lambda since: 0),
    Lie('a peer that took each block an hour ago, as it says', lambda since: 0, delay=_MOST),
    Lie('a peer that has room, as it says, and reads for one second',
        lambda since: 0 if since < 1 else None),
    Lie('a peer that acknowledges ever later', lambda since: 0.9 + since / 2),
    Lie('a peer that is near at first, and then holds each block for 15 ms, which it denies',
        lambda since: 0 if since < 0.5 else 0.015, delay=_MOST),
    Lie('a peer that acknowledges in any order', lambda since: random.uniform(0, 0.2)),
)


class Liar(rawclient.RawClient):
    """in_flight_max: how many bytes were without an acknowledgement at most."""

    def __init__(self, server, name, resource, lie):
        self._lie = lie
        self._begin = None
        self._held = []  # a heap of when an acknowledgement leaves, its number, its text, its bytes
        self._count = 0
        self._in_flight = self.in_flight_max = 0
        self._changed = threading.Condition()
        super().__init__(server, name, resource, 'accept')
        threading.Thread(target=self._acknowledge, daemon=True).start()

    def _reply(self, tag, payload):
        names = (rawclient.attribute(tag, 'id'), rawclient.attribute(tag, 'from'))
        if data := _DATA.search(payload):
            self._hold(names, len(base64.b64decode(data.group(1))))
        else:
            content = _FEATURES if b'disco#info' in payload else ''
            self.send(_RESULT % (*names, content))

    def _hold(self, names, length):
        now = time.monotonic()
        self._begin = self._begin or now
        hold = self._lie.hold(now - self._begin)
        with self._changed:
            self._count += 1
            self._in_flight += length
            self.in_flight_max = max(self.in_flight_max, self._in_flight)
            if hold is not None:
                text = _RESULT % (*names, _ACK % (_MOST, self._lie.delay))
                heapq.heappush(self._held, (now + hold, self._count, text, length))
                self._changed.notify()

    def _take_due(self):
        """The text of the next one, once it is due."""
        with self._changed:
            while not self._held or (wait := self._held[0][0] - time.monotonic()) > 0:
                self._changed.wait(wait if self._held else None)
            _, _, text, length = heapq.heappop(self._held)
            self._in_flight -= length
        return text

    def _acknowledge(self):
        try:
            while True:
                self.send(self._take_due())
        except OSError:
            pass

    def check(self):
        cases.check(0 < self.in_flight_max <= IN_FLIGHT_MAX,
                    f'{self.jid}: {self.in_flight_max} bytes in flight')
