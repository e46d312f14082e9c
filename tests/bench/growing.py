#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a service needs as it grows: the figures of doc/growing.md.

    meson devenv -C build /usr/bin/python3 tests/bench/growing.py

Clients send to a component and the component to them, through Prosody and ejabberd, over TLS on the side
of the clients. Processor time for each MiB depends little on what else the machine does, so that it is
the figure; the rate is that of this run.
"""

import contextlib
import os
import resource
import signal
import subprocess
import sys
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', folder)
                for folder in ('lib', 'bindings')]

import prosody  # noqa: E402
from bindings import make_client, wait_until  # noqa: E402
from cluster import Cluster  # noqa: E402
from ejabberd import Ejabberd  # noqa: E402
from gi.repository import Gio, GLib, IBB, IBBXmpp  # noqa: E402

MIB = 1 << 20
SIZE = 64  # MiB, each way
SESSIONS, CLIENTS = 5000, 1000
PEERS = 'peers.localhost'
PATIENCE = 1000000  # ms, for an open while a thousand others are under way


def make_component(domain):
    component = IBBXmpp.Component.new(domain)
    component.props.secret = os.environ['IBB_TEST_COMPONENT_SECRET']
    component.props.host, component.props.port = '127.0.0.1', int(os.environ['IBB_TEST_COMPONENT_PORT'])
    component.login(None)
    service = IBB.Service.new(component)
    service.props.session_limit = 1000000
    service.props.open_timeout = PATIENCE
    return component, service


def send(transport):
    source = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes(bytes(SIZE * MIB)))
    transport.get_output_stream().splice(source, Gio.OutputStreamSpliceFlags.NONE, None)


def take(transport):
    sink = Gio.File.new_for_path('/dev/null').append_to(Gio.FileCreateFlags.NONE, None)
    sink.splice(transport.get_input_stream(), Gio.OutputStreamSpliceFlags.NONE, None)


def serve():
    """The process that is measured: takes what comes, and sends SIZE MiB to who opens a session to the
    address “source”."""
    component, service = make_component(os.environ['IBB_TEST_COMPONENT'])
    sessions = []

    def answer(transport):
        if transport.props.local_jid.startswith('source@'):
            send(transport)
        else:
            take(transport)
        transport.close(None)

    def on_accepted(_service, transport):
        sessions.append(transport)
        if not transport.props.local_jid.startswith('idle@'):
            threading.Thread(target=answer, args=(transport,), daemon=True).start()

    service.connect('session-accepted', on_accepted)
    print('ready', flush=True)
    GLib.MainLoop().run()


def cpu_seconds(pid):
    with open(f'/proc/{pid}/stat', encoding='ascii') as file:
        fields = file.read().rsplit(')', 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf('SC_CLK_TCK')


def resident(pid):
    """KiB."""
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        return next(int(line.split()[1]) for line in file if line.startswith('VmRSS'))


def usage():
    own = resource.getrusage(resource.RUSAGE_SELF)
    return own.ru_utime + own.ru_stime


def measure_rate(server, process):
    client = make_client('ALICE', 'growing')
    client.login(None)
    service = IBB.Service.new(client)
    for node in ('sink', 'source'):
        before = [cpu_seconds(server.pid), cpu_seconds(process.pid), usage()]
        begin = time.monotonic()
        transport = service.open_session(f'{node}@{os.environ["IBB_TEST_COMPONENT"]}', None, None)
        if node == 'sink':
            send(transport)
        else:
            take(transport)
        transport.close(None)
        seconds = time.monotonic() - begin
        after = [cpu_seconds(server.pid), cpu_seconds(process.pid), usage()]
        spent = [1000 * (b - a) / SIZE for a, b in zip(before, after)]
        print(f'{server.name} {"to" if node == "sink" else "from"} the component: {SIZE / seconds:.1f} MiB/s; ms of a '
              f'processor for each MiB: server {spent[0]:.0f}, component {spent[1]:.0f}, client {spent[2]:.0f}', flush=True)
    client.logout(None)


def measure_sessions(server, process, count):
    """Each with another peer."""
    component, service = make_component(PEERS)
    opened = []

    def open_some(first, end):
        for number in range(first, end):
            service.open_session_async(
                f'idle@{os.environ["IBB_TEST_COMPONENT"]}', IBB.SessionParams(local_jid=f'user{number}@{PEERS}/x'),
                None, lambda service, result: opened.append(service.open_session_finish(result)))
            wait_until(lambda: len(opened) + 50 > number)
        wait_until(lambda: len(opened) == end)

    open_some(0, 100)
    before = resident(server.pid), resident(process.pid)
    begin = cpu_seconds(server.pid), cpu_seconds(process.pid)
    open_some(100, 100 + count)
    after = resident(server.pid), resident(process.pid)
    end = cpu_seconds(server.pid), cpu_seconds(process.pid)
    print(f'{server.name} {count} open sessions, KiB for each: server {(after[0] - before[0]) / count:.1f}, '
          f'component {(after[1] - before[1]) / count:.1f}; ms of a processor to open one: '
          f'server {1000 * (end[0] - begin[0]) / count:.2f}, component {1000 * (end[1] - begin[1]) / count:.2f}',
          flush=True)
    component.logout(None)


def measure_logins(server, count):
    client = make_client('BOB', 'growing')
    begin = cpu_seconds(server.pid)
    for _ in range(count):
        client.login(None)
        client.logout(None)
    spent = 1000 * (cpu_seconds(server.pid) - begin) / count
    print(f'{server.name} ms of a processor of the server to log in and out: {spent:.0f}', flush=True)


def measure_clients(server, count, get_memory):
    """Each has an account of its own. get_memory (): KiB of the server."""
    clients = []
    database = Gio.TlsFileDatabase.new(os.environ['IBB_TEST_CA_FILE'])

    def add(number):
        for _ in range(number):
            client = IBBXmpp.Client.new(os.environ['IBB_TEST_ANONYMOUS_DOMAIN'])
            client.props.host, client.props.port = server.host, server.port
            client.props.tls_database = database
            client.login(None)
            clients.append(client)

    add(10)
    before = get_memory()
    add(count)
    print(f'{server.name} {count} clients online, KiB of the server for each: {(get_memory() - before) / count:.0f}',
          flush=True)
    for client in clients:
        client.logout(None)


def main():
    print(f'load of the machine: {os.getloadavg()[0]:.1f}, processors: {os.cpu_count()}')
    for server in (prosody.Prosody(modules=('smacks',)), Ejabberd(shaper=False, shared_domains={PEERS: ('source', 2)})):
        with server, contextlib.ExitStack() as stack:
            os.environ.update(server.environment)
            process = stack.enter_context(subprocess.Popen(
                (sys.executable, os.path.abspath(__file__), '--serve'),
                stdout=subprocess.PIPE, preexec_fn=prosody.die_with_parent(signal.SIGKILL)))
            stack.callback(process.kill)
            process.stdout.readline()
            measure_rate(server, process)
            measure_logins(server, 100)
            if server.name == 'prosody':
                measure_clients(server, CLIENTS, lambda server=server: resident(server.pid))
            else:
                measure_sessions(server, process, SESSIONS)
    # Its memory is from a pool, of which it has to be asked; so it needs a name, as a node of a cluster has.
    with Cluster() as both:
        node = both.servers[0]
        os.environ.update(node.environment)
        measure_clients(node, CLIENTS, lambda: int(node.call('erlang', 'memory', 'total')) / 1024)


if sys.argv[1:2] == ['--serve']:
    serve()
elif __name__ == '__main__':
    main()
