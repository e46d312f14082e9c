# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two private ejabberds that are one server: the nodes of a cluster.

    with cluster.Cluster() as both:
        alice, bob = Account(both.servers[0], 'alice'), Account(both.servers[1], 'bob')
        both.cut()

The nodes have the same accounts, certificates and sessions, each has ports of its own. They
find each other by a port mapper of their own in place of epmd: names and ports of several
clusters on a machine cannot meet. The mapper names a proxy in front of each node, so that the
link between them breaks when a test says so, and remains broken.
"""

import os
import re
import secrets
import shutil
import socket
import struct
import subprocess
import threading
import time

import ejabberd
from linked_servers import LinkedServers
from private_server import die_with_parent

# Of the protocol of epmd.
ALIVE, ALIVE_ANSWER = 120, 118
PORT_PLEASE, PORT_ANSWER = 122, 119
# A busy machine must not part the nodes.
TICK_TIME = 900  # s
PATIENCE = 600   # s


class PortMapper:
    """Does what epmd does for the nodes of one cluster. A node that asks for another is told of the way to it, at
    port, or that it is not there, while they are apart; a program of the test is told of the node itself, at
    direct_port.

    ways: a CutProxy for each name
    """

    def __init__(self, ways):
        self._ways = ways
        self._ports = {}    # of the nodes that are present
        self._creation = 1  # tells a node from the one that had its name before
        self._lock = threading.Lock()
        self.apart = False
        self._listeners = [socket.create_server(('127.0.0.1', 0)) for _ in range(2)]
        self.port, self.direct_port = (listener.getsockname()[1] for listener in self._listeners)
        for listener, is_direct in zip(self._listeners, (False, True)):
            threading.Thread(target=self._accept, args=(listener, is_direct), daemon=True).start()

    def end(self):
        for listener in self._listeners:
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _accept(self, listener, is_direct):
        while True:
            try:
                connection = listener.accept()[0]
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, is_direct), daemon=True).start()

    def _serve(self, connection, is_direct):
        with connection, connection.makefile('rb') as stream:
            try:
                request = stream.read(*struct.unpack('>H', stream.read(2)))
                if request[0] == ALIVE:
                    self._register(connection, stream, request)
                elif request[0] == PORT_PLEASE:
                    connection.sendall(self._find(request[1:].decode(), is_direct))
            except (OSError, struct.error, IndexError):
                pass  # it has ended

    def _register(self, connection, stream, request):
        """Keeps the name registered until the node ends."""
        port, length = struct.unpack('>H6xH', request[1:11])
        name = request[11:11 + length].decode()
        with self._lock:
            self._creation += 1
            answer = struct.pack('>BBI', ALIVE_ANSWER, 0, self._creation)
            if name in self._ways:
                self._ports[name] = port
                self._ways[name].let_in(port)
        connection.sendall(answer)
        try:
            stream.read()
        finally:
            with self._lock:
                self._ports.pop(name, None)

    def _find(self, name, is_direct):
        with self._lock:
            if name not in self._ports or self.apart and not is_direct:
                return bytes((PORT_ANSWER, 1))
            port = self._ports[name] if is_direct else self._ways[name].port
            # An ordinary node, over TCP, of the versions 5 to 6 of the protocol.
            return (struct.pack('>BBHBBHHH', PORT_ANSWER, 0, port, 77, 0, 6, 5, len(name)) +
                    name.encode() + bytes(2))


class Node(ejabberd.Ejabberd):
    """One ejabberd of the cluster.

    first: the one that it joins, if it is not the first itself
    """

    def __init__(self, cluster, name, first=None, **options):
        super().__init__(shaper=False, **options)
        self.cluster = cluster
        self.node_name = f'{name}@127.0.0.1'
        self.first = first
        if first:
            self.passwords = first.passwords
            self.component_secret = first.component_secret

    def _make_certificates(self):
        if not self.first:
            super()._make_certificates()
            return
        for name in os.listdir(self.first.directory):
            if name.startswith(('authority.', 'other-authority.', 'server.')):
                shutil.copy(self.first._path(name), self._path(name))

    def _write_configuration(self):
        super()._write_configuration()
        with open(self._path('ejabberd.yml'), 'a', encoding='utf-8') as file:
            file.write(f'net_ticktime: {TICK_TIME}\n')
        # Not an option of the command, which everybody can read.
        os.makedirs(self._path('home'), exist_ok=True)
        if not os.path.exists(self._path('home', '.erlang.cookie')):
            with open(self._path('home', '.erlang.cookie'), 'x', encoding='ascii') as file:
                os.fchmod(file.fileno(), 0o400)
                file.write(self.cluster.cookie)

    def _named(self, name, port):
        return ('-name', name, '-start_epmd', 'false', '-epmd_port', str(port),
                '-kernel', 'inet_dist_use_interface', '{127,0,0,1}')

    def _emulator_options(self):
        options = super()._emulator_options() + self._named(self.node_name, self.cluster.mapper.port)
        if self.first and not os.path.exists(self._path('spool')):
            # As ejabberdctl join_cluster does, but before ejabberd has started for the first time.
            options += '-eval', f"ejabberd_cluster_mnesia:join('{self.first.node_name}')."
        return options

    def call(self, module, function, arguments=''):
        """Has the node call a function of Erlang; returns the answer as text."""
        name = f'ask-{secrets.token_hex(4)}@127.0.0.1'
        expression = (f"io:format(\"~0p\", [rpc:call('{self.node_name}', {module}, {function}, [{arguments}])]), "
                      'halt().')
        done = subprocess.run(('erl', '-noinput', '-hidden', '+S', '1', *self._named(name, self.cluster.mapper.direct_port),
                               '-eval', expression),
                              cwd=self.directory, env=self._emulator_environment(),
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, check=True, timeout=PATIENCE,
                              preexec_fn=die_with_parent(9))
        return done.stdout.decode()

    def wait_session(self, jid):
        """Returns once all nodes have the newest session of that JID: until then another one refuses what is for it."""
        bare, _, resource = jid.partition('/')
        user, _, domain = bare.partition('@')
        deadline = time.monotonic() + PATIENCE
        while True:
            found = [node.call('ejabberd_sm', 'get_session_sid', ', '.join(map(ejabberd.erlang, (user, domain, resource))))
                     for node in self.cluster.servers]
            # A process has another name at each node.
            logins = {''.join(re.findall(r'\{\d+,\d+,\d+\}', text)) for text in found}
            if len(logins) == 1 and logins != {''}:
                return
            if time.monotonic() > deadline:
                raise RuntimeError(f'the nodes do not agree on the session of {jid}: {found}')
            time.sleep(0.1)  # a node tells nobody, here and below

    def neighbours(self):
        """How many nodes share its tables, with itself."""
        return self.call('ejabberd_cluster', 'get_nodes').count('@')


class Cluster(LinkedServers):
    """Two nodes; a context manager. options: of each Ejabberd"""

    def __init__(self, **options):
        self.cookie = secrets.token_hex(16)
        self.mapper = None
        first = Node(self, 'ibb1', **options)
        super().__init__((first, Node(self, 'ibb2', first, **options)), ('ibb1', 'ibb2'))

    def start(self):
        self.mapper = PortMapper(self.ways)
        super().start()
        self._wait_neighbours(len(self.servers))

    def stop(self):
        super().stop()
        if self.mapper:
            self.mapper.end()

    def restart(self, node):
        """A node that was killed; it finds the other one, which has noticed its end."""
        self._wait_neighbours(1, [other for other in self.servers if other != node])
        self.mapper.apart = False
        node.restart()
        self._wait_neighbours(len(self.servers))

    def cut(self):
        """Breaks what connects the two nodes, so that each goes on as if the other one had ended, until one of them
        is killed and started again: Mnesia does not join what both may have changed. A node that found the other
        one earlier would remove the routes of its lost processes there, too: the other one would not serve its
        own domain any more (host-unknown)."""
        self.mapper.apart = True
        super().cut()
        self._wait_neighbours(1)

    def _wait_neighbours(self, count, nodes=None):
        deadline = time.monotonic() + PATIENCE
        for node in nodes or self.servers:
            while node.neighbours() != count:
                if time.monotonic() > deadline:
                    raise RuntimeError(f'{node.node_name} has not {count} neighbours:\n' + node.read_log())
                time.sleep(0.1)
