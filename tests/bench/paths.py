# SPDX-License-Identifier: LGPL-2.1-or-later
"""The servers of the benchmarks, and the ways to them."""

import contextlib
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib')]
import cases  # noqa: E402
import ejabberd  # noqa: E402
import prosody  # noqa: E402
from private_network import PrivateNetwork  # noqa: E402


class Place:
    """Where a sender is. prepare: what moves it there (preexec_fn); None: it is beside the server."""

    def __init__(self, network=None, is_away=False):
        self.prepare = network.prepare if is_away else None
        self._network = network

    def add_peer(self, stack, delay):
        """The same for a peer that is so many ms away from the server, each way."""
        network = PrivateNetwork(delay=delay, beside=self._network)
        stack.callback(network.end)
        return network.prepare


class Path:
    """A server, and the way of a sender to it, there and back (tests/lib/private_network.py).

    has_peers_away: so may peers be
    """

    def __init__(self, name, server, quick=False, delay=0, jitter=0, rate=None, has_peers_away=False,
                 **options):
        self.name = name
        self.quick = quick
        self._server = server
        self._options = options
        self._way = {'delay': delay, 'jitter': jitter, 'rate': rate}
        self._has_peers_away = has_peers_away

    @contextlib.contextmanager
    def open(self):
        """The server, and the place of a sender."""
        is_away = any(self._way.values())
        try:
            if is_away or self._has_peers_away:
                network = PrivateNetwork(**self._way)
                with network.at_server(), self._server(host=network.host, **self._options) as server:
                    yield server, Place(network, is_away)
            else:
                with self._server(**self._options) as server:
                    yield server, Place()
        finally:
            cases.clean_up()


PATHS = (
    Path('Prosody, near', prosody.Prosody, quick=True),
    Path('Prosody, 20 ms there and back', prosody.Prosody, delay=10),
    Path('Prosody, 100 ms', prosody.Prosody, quick=True, delay=50),
    Path('Prosody, 300 ms', prosody.Prosody, delay=150),
    *(Path(f'Prosody, 50 ms, and up to {noise} ms more each way', prosody.Prosody, delay=25,
           jitter=noise) for noise in (5, 20, 40)),
    Path('Prosody, 100 ms, 1 MB/s', prosody.Prosody, delay=50, rate=1000000),
    Path('Prosody with its stock limit', prosody.Prosody, limits=True),
    Path('ejabberd, near', ejabberd.Ejabberd, quick=True, shaper=False),
)
