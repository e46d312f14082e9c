#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-59: several processes are one component of a cluster of ejabberd (domain_balancing)."""

import os
import re
import signal
import sys
import threading
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, folder)
                for folder in ('lib', 'bindings')]

import cases  # noqa: E402
from bindings import DATA, check_fails, make_client, wait_until  # noqa: E402
from cases import case, check, check_equal  # noqa: E402
from cluster import Cluster  # noqa: E402
from command import Program  # noqa: E402
from ejabberd import erlang  # noqa: E402
from gi.repository import Gio, GLib, IBB, IBBXmpp  # noqa: E402

TIMEOUT = 900  # s: a busy machine starts a node in minutes
# The ways of ejabberd to choose a process that keep to it, each with a domain of its own.
KINDS = 'source', 'bare_source', 'destination', 'bare_destination'
DOMAINS = {kind.replace('_', '-') + '.localhost': (kind, 2) for kind in KINDS}
SERVICE = 'bare-source.localhost'
THREE = 'three.localhost'
DOMAINS[THREE] = 'bare_source', 3
# With two processes ejabberd gives alice to one, the others to the other one.
NAMES = 'alice', 'bob', 'carol', 'strasse'


def serve(name, domain, port):
    """A process: each session begins with its name, then sends back what comes. Who opens one has
    another one opened to it."""
    component = IBBXmpp.Component.new(domain)
    component.props.secret = os.environ['IBB_TEST_COMPONENT_SECRET']
    component.props.host, component.props.port = cases.LOOPBACK, int(port)
    component.props.auto_reconnect = True
    service = IBB.Service.new(component)
    service.props.session_limit = 1000
    service.props.resume_sessions = True

    def echo(transport):
        output = transport.get_output_stream()
        try:
            output.write_all(name.encode(), None)
            while data := transport.get_input_stream().read_bytes(65536, None).get_data():
                output.write_all(data, None)
            transport.close(None)
        except GLib.Error as error:
            print(f'{name}: {error.message}', file=sys.stderr)

    def serve_session(transport):
        threading.Thread(target=echo, args=(transport,), daemon=True).start()

    def on_accepted(_service, transport):
        serve_session(transport)
        service.open_session_async(
            transport.props.peer_jid, IBB.SessionParams(local_jid=transport.props.local_jid), None,
            lambda service, result: serve_session(service.open_session_finish(result)))

    service.connect('session-accepted', on_accepted)
    component.login(None)
    component.connect('notify::state', lambda component, _pspec: print(
        component.props.state.value_nick, file=sys.stderr))
    print('ready', file=sys.stderr)
    GLib.MainLoop().run()


def wait_places(both, domain, taken):
    """Until each node knows that so many places are taken: until then it drops what is sent there."""
    deadline = time.monotonic() + TIMEOUT
    for node in both.servers:
        while len(re.findall(r'<\d+\.\d+\.\d+>',
                             node.call('ejabberd_router_mnesia', 'find_routes', erlang(domain)))) != taken:
            check(time.monotonic() < deadline, f'{node.node_name} does not know {taken} processes')
            time.sleep(0.1)  # a node tells nobody


def start_process(name, domain, server):
    process = Program(sys.executable, os.path.abspath(__file__), '--serve', name, domain,
                      str(server.component_port),
                      env={'IBB_TEST_COMPONENT_SECRET': server.component_secret})
    process.wait_line('^ready$')
    return process


def start_two(both, domain):
    """A at the first node and B at the second one."""
    wait_places(both, domain, 0)  # those of the case before
    processes = {name: start_process(name, domain, server) for name, server in zip('AB', both.servers)}
    wait_places(both, domain, 2)
    return processes


class Person:
    """A client of one of the accounts."""

    def __init__(self, server, name, resumes=False):
        self.client = make_client(name.upper(), server.node_name, environment=server.environment)
        self.client.props.auto_reconnect = resumes
        self.client.login(None)
        self.service = IBB.Service.new(self.client)
        self.service.props.session_limit = 1000
        self.service.props.resume_sessions = resumes
        self._accepted = []
        self.service.connect('session-accepted', lambda _service, transport: self._accepted.append(transport))
        cases.defer(lambda: self.client.logout(None))

    def call(self, address):
        """The name of the process, the session opened here, and the one that it has opened."""
        sessions = [self.service.open_session(address, None, None)]
        wait_until(lambda: self._accepted)
        sessions.append(self._accepted.pop())
        names = {session.get_input_stream().read_bytes(1, None).get_data() for session in sessions}
        check_equal(len(names), 1, f'processes of {self.client.props.local_jid} {names}')
        return names.pop().decode(), sessions


def talk(sessions):
    """Much more than a block there and back, in both sessions at once."""
    for session in sessions:
        output = session.get_output_stream()
        sender = threading.Thread(target=output.write_all, args=(DATA * 10, None))
        sender.start()
        back = b''
        while len(back) < len(DATA) * 10:
            back += session.get_input_stream().read_bytes(65536, None).get_data()
        sender.join()
        check_equal(back == DATA * 10, True, 'the same')


def check_lost(session):
    def ask():
        session.get_output_stream().write_all(b'there?', None)
        session.drain(None)

    check_fails(Gio.IOErrorEnum.CONNECTION_CLOSED, ask)


for kind, domain in zip(KINDS, DOMAINS):
    @case(f'D-59: a session keeps to its process, by {kind}')
    def _(both, domain=domain):
        start_two(both, domain)
        found = set()
        for server in both.servers:
            for name in NAMES:
                person = Person(server, name)
                process, sessions = person.call(f'of-{name}@{domain}/bot')
                talk(sessions)
                found.add(process)
        check_equal(found, set('AB'), 'processes')


@case('D-59: a process that dies ends its own sessions only')
def _(both):
    processes = start_two(both, SERVICE)
    people = [Person(server, name) for server in both.servers for name in NAMES]
    calls = [(person, *person.call(f'bot@{SERVICE}')) for person in people]
    of_dead = [(person, sessions) for person, name, sessions in calls if name == 'A']
    of_other = [sessions for _, name, sessions in calls if name == 'B']
    os.kill(processes['A'].pid, signal.SIGKILL)
    processes['A'].finish()
    wait_places(both, SERVICE, 1)
    for sessions in of_other:
        talk(sessions)
    # ejabberd drops what is sent to the dead one, so that only time shows its end.
    person, sessions = of_dead.pop()
    person.service.props.peer_timeout = 1000
    for session in sessions:
        check_lost(session)
    # Another one that takes its place knows none of its sessions.
    start_process('C', SERVICE, both.servers[1])
    wait_places(both, SERVICE, 2)
    for person, sessions in of_dead:
        for session in sessions:
            check_lost(session)
    for sessions in of_other:
        talk(sessions)
    check_equal({person.call(f'bot@{SERVICE}')[0] for person in people}, set('BC'), 'processes')


@case('D-59: a process that joins takes new sessions')
def _(both):
    start_two(both, THREE)
    people = {name: Person(server, name) for server in both.servers[:1] for name in ('alice', 'carol', 'strasse')}
    calls = {name: people[name].call(f'bot@{THREE}') for name in ('alice', 'carol')}
    check_equal({process for process, _ in calls.values()}, set('AB'), 'processes')
    # The place of the third one is empty, and ejabberd drops what is sent there.
    service = people['strasse'].service
    service.props.open_timeout = 500
    check_fails(Gio.IOErrorEnum.TIMED_OUT, service.open_session, f'bot@{THREE}', None, None)
    service.props.open_timeout = 1000 * TIMEOUT
    start_process('C', THREE, both.servers[1])
    wait_places(both, THREE, 3)
    process, sessions = people['strasse'].call(f'bot@{THREE}')
    check_equal(process, 'C', 'process')
    for sessions in (sessions, *(sessions for _, sessions in calls.values())):
        talk(sessions)


@case('D-58: sessions go on after the node of their process was killed', timeout=2 * cases.TIMEOUT)
def _(both):
    first, second = both.servers
    processes = start_two(both, SERVICE)
    people = [Person(first, name, resumes=True) for name in NAMES]
    calls = [person.call(f'bot@{SERVICE}') for person in people]
    check_equal({process for process, _ in calls}, set('AB'), 'processes')
    second.kill()
    processes['B'].wait_line('connecting')
    for process, sessions in calls:
        if process == 'A':
            talk(sessions)
    both.restart(second)
    for _, sessions in calls:
        talk(sessions)


if sys.argv[1:2] == ['--serve']:
    serve(*sys.argv[2:])
elif __name__ == '__main__':
    with Cluster(shared_domains=DOMAINS) as cluster:
        cases.main(cluster)
