# SPDX-License-Identifier: LGPL-2.1-or-later
"""The servers of the benchmarks, and the ways to them."""

import contextlib
import os
import sys

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib')]
import cases  # noqa: E402
import ejabberd  # noqa: E402
import prosody  # noqa: E402
from cut_proxy import DelayProxy  # noqa: E402


class Path:
    """A server, and how far away the sender is from it."""

    def __init__(self, name, server, quick=False, delay=0, jitter=0, rate=None, **options):
        self.name = name
        self.quick = quick
        self._server = server
        self._options = options
        self._way = {'delay': delay, 'jitter': jitter, 'rate': rate}

    @contextlib.contextmanager
    def open(self):
        """The server, and the port at which the sender finds it, of a kind of port."""
        with self._server(**self._options) as server:
            proxies = {}

            def find_port(port):
                if not any(self._way.values()):
                    return port
                if port not in proxies:
                    proxies[port] = DelayProxy(port, **self._way)
                return proxies[port].port

            try:
                yield server, find_port
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
