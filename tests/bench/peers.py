# SPDX-License-Identifier: LGPL-2.1-or-later
"""What sessions with several peers on one connection leave each other.

Peers are near or far, and read at once, slowly or not at all. compare.py calls this.
"""

import contextlib
import dataclasses
import statistics

import beside
import prosody
from paths import Path

INTRODUCTION = """# Several peers on one connection

Beside: what the live session carries in 10 s beside the others, and in its worst second, as a
ratio to what it carries alone, the median of a run in each round. Shares: what each session
carries, and Jain's index of these, which is 1 when they are equal. Medians of all rounds, and the
range.

"""
SECONDS = 10
WARM_UP = 15  # of a live session


@dataclasses.dataclass(frozen=True)
class Peer:
    """delay: ms that it is away from the server. rate: bytes that it reads a second; -1: all."""

    name: str
    delay: int = 0
    rate: int = -1

    def start(self, server, place, stack):
        beside.start_receiver(server, stack, '--resource', self.name, '--rate', str(self.rate),
                              prepare=place.add_peer(stack, self.delay) if self.delay else None)


ECHO = Peer('beside')  # what the program sends bytes to
LIVE = Peer('live')
FAR = Peer('far', delay=50)
STALLED = Peer('stalled', rate=0)
SLOW = tuple(Peer(f'slow-{rate // 1000}', rate=rate) for rate in (20000, 50000, 500000))


def run(server, place, peers, byte=0, apart=0, warm_up=2, seconds=SECONDS):
    """A bulk session with each, one after another, and a session of bytes with ECHO. Returns what
    each carried in each second."""
    arguments = {'--byte': byte, '--apart': apart, '--warm-up': warm_up, '--seconds': seconds}
    command = [part for pair in arguments.items() for part in pair]
    command += [part for peer in peers for part in ('--to', peer.name)]
    with contextlib.ExitStack() as stack:
        for peer in {*peers, *((ECHO,) if byte else ())}:
            peer.start(server, place, stack)
        return beside.run(server, place.prepare, command)['sessions']


class Beside:
    """A live session beside others: of these, those in after arrive after it. Before it is
    measured, the buffers of those that read slowly have filled up."""

    columns = '| | of alone | range | the worst second | range |', '| --- | --- | --- | --- | --- |'

    def __init__(self, name, live=LIVE, before=(), after=(), byte=0, path='near'):
        self.name = name
        self.path = path
        self.live = live
        self._before = before
        self._after = after
        self._byte = byte

    def measure(self, server, place):
        peers = [*self._before, self.live, *self._after]
        carried = run(server, place, peers, byte=self._byte, apart=2 / len(peers),
                      warm_up=WARM_UP)[len(self._before)][:SECONDS]
        return [sum(carried) / SECONDS, min(carried)]


class Shares:
    """Sessions that compete."""

    columns = '| | Jain’s index | range | the least share | range |', '| --- | --- | --- | --- | --- |'

    live = None  # they are compared with nothing

    def __init__(self, name, peers, path='near', warm_up=2, seconds=SECONDS):
        self.name = name
        self.path = path
        self._peers = peers
        self._times = {'warm_up': warm_up, 'seconds': seconds}

    def measure(self, server, place):
        shares = [sum(session) for session in run(server, place, self._peers, **self._times)]
        jain = sum(shares) ** 2 / len(shares) / sum(share * share for share in shares)
        return [jain, min(shares) * len(shares) / sum(shares)]


WAYS = {
    'near': Path('Prosody, near', prosody.Prosody, has_peers_away=True),
    '1 MB/s': Path('Prosody, 1 MB/s', prosody.Prosody, rate=1000000),
    'limit': Path('Prosody with its stock limit', prosody.Prosody, limits=True, has_peers_away=True),
}
AWAY = tuple(Peer(f'at-{ms}-ms', delay=ms / 2) for ms in (1, 20, 100))
TESTS = (
    Beside('100 ms away, beside a near one that says ten bytes a second', live=FAR, byte=100),
    *(Beside(f'{peer.rate // 1000} kB/s, {when}', **{when: [peer]}) for peer in SLOW
      for when in ('before', 'after')),
    Beside('a stalled one, before', before=[STALLED]),
    Beside('a stalled one, after', after=[STALLED]),
    *(Beside(f'ten sessions at {peer.rate // 1000} kB/s, before', before=[peer] * 10)
      for peer in SLOW),
    Beside('ten stalled sessions, before', before=[STALLED] * 10),
    Beside('ten stalled sessions, after', after=[STALLED] * 10),
    Beside('a hundred stalled sessions, before', before=[STALLED] * 100),
    Beside('a hundred stalled sessions, after', after=[STALLED] * 100),
    Beside('a bulk session with another peer near by', before=[Peer('second')]),
    *(Shares(f'{n} with one peer', [LIVE] * n) for n in (2, 10, 100)),
    Shares('peers at 1, 20 and 100 ms, 1 MB/s from here', AWAY, path='1 MB/s'),
    Shares('the same behind the stock limit', AWAY, path='limit', warm_up=12, seconds=60),
)


def measure_round(server, place, wanted):
    """wanted: pairs of a test and its result. Each session that is compared runs alone once."""
    alone = {}
    for test, result in wanted:
        if test.live and test.live not in alone:
            alone[test.live] = Beside('alone', live=test.live).measure(server, place)[0]
        result['runs'].append(test.measure(server, place))
        if test.live:
            result['alone'].append(alone[test.live])


def measure(rounds, names):
    """names: parts of the names of those that are wanted; empty: all. Yields all results after
    each round, in bytes a second those of Beside."""
    tests = [test for test in TESTS if not names or any(name in test.name for name in names)]
    results = [{'path': WAYS[test.path].name, 'kind': type(test).__name__, 'name': test.name,
                'runs': [], 'alone': []} for test in tests]
    for key, path in WAYS.items():
        wanted = [pair for pair in zip(tests, results) if pair[0].path == key]
        if wanted:
            with path.open() as (server, place):
                for _ in range(rounds):
                    measure_round(server, place, wanted)
                    yield [result for result in results if result['runs']]


def tables(results):
    """Markdown."""
    lines = []
    for kind in (Beside, Shares):
        rows = [result for result in results if result['kind'] == kind.__name__]
        if rows:
            lines += ['', *kind.columns]
        for row in rows:
            unit = statistics.median(row['alone'] or [1])
            cells = [f'{statistics.median(values) / unit:.2f} | '
                     f'{min(values) / unit:.2f} to {max(values) / unit:.2f}'
                     for values in zip(*row['runs'])]
            lines.append(f"| {row['name']} | {' | '.join(cells)} |")
    return '\n'.join(lines)
