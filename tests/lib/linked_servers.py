# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several private servers, and the proxies through which they reach each other."""

from cut_proxy import CutProxy


class LinkedServers:
    """A context manager. What derives from it makes the servers, and has them use the ways.

    servers: what start () and stop () are called for
    names: of the ways to them
    """

    def __init__(self, servers, names):
        self.servers = servers
        self._names = names
        self.ways = {}  # a CutProxy for each name

    def __enter__(self):
        try:
            self.ways = {name: CutProxy(0, outlives=True) for name in self._names}
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        for server in self.servers:
            server.start()

    def stop(self):
        for server in self.servers:
            if server.directory:
                server.stop()
        for way in self.ways.values():
            way.end()

    def cut(self):
        """Breaks what connects the servers. They may connect again."""
        for way in self.ways.values():
            way.cut()

    def begin_hole(self):
        """From now on nothing passes between the servers, and nobody is told."""
        for way in self.ways.values():
            way.begin_hole()

    def end_hole(self):
        for way in self.ways.values():
            way.end_hole()
