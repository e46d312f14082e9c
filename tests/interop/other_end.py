# SPDX-License-Identifier: LGPL-2.1-or-later
"""Our end, this process, and the process with another library (peer.py)."""

import concurrent.futures
import hashlib
import importlib.util
import json
import os
import random
import re
import signal
import subprocess
import sys
import threading

import cases
import gi
import prosody

gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import Gio, GLib, IBB, IBBXmpp  # noqa: E402

FOLDER = os.path.dirname(os.path.abspath(__file__))
MIB = 1024 * 1024
# The peers use what is inside of these programs: the package, and the first version with other insides.
# What peer-NAME.py needs, where it has not the name of the library.
NEEDS = {'second': 'slixmpp'}
KNOWN = {'dino': ('dino-im', '0.5'), 'gajim': ('gajim', '2')}
PATIENCE = 180
IQ, MESSAGE = IBB.StanzaType.IQ, IBB.StanzaType.MESSAGE


def data(seed, size=MIB):
    """The bytes that a peer with this seed sends, too."""
    return random.Random(seed).randbytes(size)


def sha256(content):
    return hashlib.sha256(content).hexdigest()


def pause():
    """Between two looks at something that nobody announces."""
    threading.Event().wait(0.005)


class Refused(Exception):
    """The peer's answer is the condition of a stanza error."""

    def __init__(self, condition, kind):
        super().__init__(condition)
        self.condition = condition
        self.kind = kind


def command(library, options):
    # Those in C++ are built where the library is installed.
    program = os.environ.get(f'IBB_PEER_{library.upper()}')
    if program:
        return (program,)
    script = os.path.join(FOLDER, f'peer-{library}.py')
    found = ('IBB_DINO_PLUGIN' in os.environ if library == 'dino'
             else os.path.exists(script) and importlib.util.find_spec(NEEDS.get(library, library)))
    if found and library in KNOWN:
        package, limit = KNOWN[library]
        version = subprocess.run(('dpkg-query', '-W', '-f', '${Version}', package), check=False,
                                 stdout=subprocess.PIPE, text=True).stdout
        found = subprocess.run(('dpkg', '--compare-versions', version, 'lt', limit), check=False).returncode == 0
    if not found:
        raise cases.Skip(f'{library} is not installed, or in a version that the test does not know')
    return (sys.executable, script, json.dumps(options))


class Peer:
    def __init__(self, server, library, account='bob', prepare=None, **options):
        self._futures = {0: concurrent.futures.Future()}
        self._number = 0
        self._process = subprocess.Popen(
            command(library, options),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            preexec_fn=prosody.die_with_parent(signal.SIGKILL, prepare),
            env={**os.environ, **server.environment,
                 'IBB_PEER_ACCOUNT': account, 'IBB_PEER_RESOURCE': library})
        cases.defer(self.kill)
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()
        self.jid = self._futures[0].result(PATIENCE)

    @property
    def pid(self):
        return self._process.pid

    def _listen(self):
        for line in self._process.stdout:
            answer = json.loads(line)
            future = self._futures[answer['id']]
            if 'condition' in answer:
                future.set_exception(Refused(answer['condition'], answer['kind']))
            elif 'failure' in answer:
                future.set_exception(RuntimeError(answer['failure']))
            else:
                future.set_result(answer['value'])
        for future in list(self._futures.values()):
            if not future.done():
                future.set_exception(RuntimeError('the peer is gone'))

    def start(self, name, **arguments):
        self._number += 1
        future = self._futures[self._number] = concurrent.futures.Future()
        self._process.stdin.write(
            json.dumps({'id': self._number, 'call': name, **arguments}) + '\n')
        self._process.stdin.flush()
        return future

    def call(self, name, **arguments):
        return self.start(name, **arguments).result(PATIENCE)

    def kill(self):
        self._process.kill()
        self._process.wait()
        self._thread.join()

    def kill_and_wait(self, server):
        """Kills the peer, and waits until the server knows: nobody answers what it sends to a dead socket."""
        # The stream of its last login; others may end at the same time.
        bare = self.jid.partition('/')[0]
        stream = re.findall(rf'(\S+)\t\w+\tAuthenticated as {re.escape(bare)}\b.*\n', server.read_log())[-1]
        self.kill()
        while not re.search(rf'{stream}\t\w+\tClient disconnected', server.read_log()):
            pause()


def make_client(server, port=None):
    """A client that is not online yet."""
    environment = server.environment
    client = IBBXmpp.Client.new(f"{environment['IBB_TEST_ALICE']}/ours")
    client.props.password = environment['IBB_TEST_ALICE_PASSWORD']
    client.props.host = environment['IBB_TEST_HOST']
    client.props.port = port or int(environment['IBB_TEST_PORT'])
    database = Gio.TlsFileDatabase.new(environment['IBB_TEST_CA_FILE'])
    client.props.tls_database = database
    return client


def login(client):
    """Until the end of the case."""
    client.login(None)
    cases.defer(lambda: client.logout(None))


def make_service(server, client=None, **properties):
    """A service of a client that is online; its JID."""
    client = client or make_client(server)
    service = IBB.Service.new(client)
    for name, value in {'session_limit': 10, **properties}.items():
        service.set_property(name, value)
    login(client)
    return service, client.props.local_jid


def make_ends(server, library, accepts=False, **options):
    """The peer, and our service with its JID. accepts: the peer takes sessions."""
    peer = Peer(server, library, **options)
    if accepts:
        peer.call('accept')
    return (peer, *make_service(server))


def be_patient(transport):
    """A call that waits for ever fails instead."""
    transport.props.read_timeout = transport.props.write_timeout = PATIENCE * 1000
    return transport


def open_session(service, peer, sid, stanza_type=IQ, block_size=0):
    params = IBB.SessionParams(stanza_type=stanza_type, block_size=block_size, sid=sid)
    return be_patient(service.open_session(peer.jid, params, None))


class Accepting:
    """The next session that a peer opens. From here on the service listens; what comes
    earlier is refused."""

    def __init__(self, service):
        self._service = service
        self._results = []
        self._cancellable = Gio.Cancellable()
        service.accept_async(self._cancellable, lambda _service, result: self._results.append(result))

    def cancel(self):
        self._cancellable.cancel()

    def finish(self):
        while not self._results:
            GLib.MainContext.default().iteration(True)
        return be_patient(self._service.accept_finish(self._results[0]))


def accept_session(service, peer, jid, sid, **arguments):
    """A session that the peer opens."""
    accepting = Accepting(service)
    opening = peer.start('open', to=jid, sid=sid, **arguments)
    # None comes if the peer could not open it, and opening tells why.
    opening.add_done_callback(lambda done: done.exception() and accepting.cancel())
    try:
        transport = accepting.finish()
    except GLib.Error:
        opening.result(PATIENCE)
        raise
    opening.result(PATIENCE)
    cases.check_equal(transport.props.sid, sid, 'sid')
    cases.check_equal(transport.props.peer_jid, peer.jid, 'peer')
    return transport


def write(transport, content):
    cases.check_equal(transport.get_output_stream().write_all(content, None)[1], len(content),
                      'bytes written')


def read(transport, size=-1):
    """Reads so many bytes, or all up to a clean end."""
    stream = transport.get_input_stream()
    content = bytearray()
    while size < 0 or len(content) < size:
        piece = stream.read_bytes(65536 if size < 0 else size - len(content), None).get_data()
        if not piece:
            break
        content += piece
    return bytes(content)


def in_thread(function, *arguments):
    """Its result, when asked for."""
    future = concurrent.futures.Future()

    def run():
        try:
            future.set_result(function(*arguments))
        except BaseException as error:  # pylint: disable=broad-except
            future.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return future


def failure(function, *arguments):
    """The GLib.Error that the call ends with."""
    try:
        function(*arguments)
    except GLib.Error as error:
        return error
    raise AssertionError(f'{function} did not fail')


def check_io_error(error, code):
    cases.check(error.matches(Gio.io_error_quark(), code), f'{error!r} is not {code}')


def check_condition(error, code):
    cases.check(error.matches(IBB.error_quark(), code), f'{error!r} is not {code}')


def check_report(report, content):
    """The peer reports that these bytes came."""
    cases.check_equal(report['received'], len(content), 'bytes at the peer')
    cases.check_equal(report['sha256'], sha256(content), 'SHA-256 at the peer')


def check_content(have, want):
    cases.check_equal(len(have), len(want), 'bytes')
    cases.check_equal(sha256(have), sha256(want), 'SHA-256')


def main():
    with prosody.Prosody() as server:
        cases.main(server)
