# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the private servers of the tests, Prosody and ejabberd, have in common:
accounts, certificates, a directory of their own, and an end in any case.

A subclass starts its server in _launch () and says in _answers () whether it is
ready. run_beside () is the command line: it runs a command beside the server.
These variables tell the command about it:

  IBB_TEST_SERVER           prosody or ejabberd
  IBB_TEST_HOST             where it listens: 127.0.0.1, or localhost without IPv4
  IBB_TEST_PORT             offers STARTTLS
  IBB_TEST_PLAIN_PORT       lets in who does not encrypt
  IBB_TEST_DIRECT_TLS_PORT  TLS from the first byte
  IBB_TEST_WEBSOCKET_URI    XMPP over WebSocket, if the server offers that
  IBB_TEST_CA_FILE          the authority that signed the server's certificate
  IBB_TEST_OTHER_CA_FILE    one that did not
  IBB_TEST_DOMAIN           localhost: accounts alice, bob, carol, strasse
  IBB_TEST_WRONG_DOMAIN     the same accounts; the certificate is not for it
  IBB_TEST_ANONYMOUS_DOMAIN SASL ANONYMOUS only
  IBB_TEST_UNICODE_DOMAIN   münchen.localhost, the same accounts
  IBB_TEST_ALICE, IBB_TEST_ALICE_PASSWORD, ... _BOB, ... _CAROL, ... _STRASSE
                            bare JID and password
  IBB_TEST_ALICE_CERTIFICATE
                            certificate and key of alice, with client_certificates
  IBB_TEST_STRANGER_CERTIFICATE
                            the same for a name without an account
  IBB_TEST_COMPONENT        bots.localhost, for a component (XEP-0114)
  IBB_TEST_COMPONENT_PORT, IBB_TEST_COMPONENT_SECRET
                            how it logs in
  IBB_TEST_SERVER_PID       to kill it in the middle of something
  IBB_TEST_SERVER_LOG       what the server says
"""

import ctypes
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import cases
import certificates

DOMAIN = 'localhost'
WRONG_DOMAIN = 'wrong.localhost'
ANONYMOUS_DOMAIN = 'anonymous.localhost'
UNICODE_DOMAIN = 'münchen.localhost'
COMPONENT_DOMAIN = 'bots.localhost'
# By stringprep, strasse is also straße.
ACCOUNTS = ('alice', 'bob', 'carol', 'strasse')

# Some tests look up names that nobody has. A name server that does not answer, of which
# there may be three, must not take longer than a login may.
os.environ['RES_OPTIONS'] = 'attempts:1 timeout:1'

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)
# Found here: a child of a fork would wait for ever for the lock of the loader, if another thread
# loads a library at that moment.
_prctl = _libc.prctl


def die_with_parent(number, prepare=None):
    """For preexec_fn: be sent a signal when the parent ends, however it ends. And call prepare."""
    parent = os.getpid()

    def run():
        _prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)
        if prepare:
            prepare()

    return run


# Names of ports that this process has taken, as long as it lives.
_reservations = []


def _reserve(port):
    """Whether no other test has the port, which it may not use yet. Its name tells."""
    name = socket.socket(socket.AF_UNIX)
    try:
        name.bind(f'\0ibb-test-port-{port}')
    except OSError:
        name.close()
        return False
    _reservations.append(name)
    return True


def free_ports(count):
    """Ports below the range from which the kernel takes those of clients. No other test
    on this machine is given them."""
    with open('/proc/sys/net/ipv4/ip_local_port_range', encoding='ascii') as file:
        end = max(int(file.read().split()[0]), 12000)
    found = []
    while len(found) < count:
        port = random.randrange(10000, end)
        try:
            cases.listen(port).close()
        except OSError:
            continue
        if _reserve(port):
            found.append(port)
    return found


class PrivateServer:
    """A running server; a context manager.

    tls: FALSE: nothing about TLS is offered anywhere
    client_certificates: asks for a certificate, and lets in by SASL EXTERNAL who has one
    domain: of the accounts
    federation: reaches the servers of other domains by this one (tests/lib/federation.py)
    host: the address at which it listens
    """

    name = None  # 'prosody'
    programs = ()
    # Some seconds alone; ejabberd took 140 beside forty other tests on two processors.
    start_timeout = 900

    def __init__(self, tls=True, client_certificates=False, domain=DOMAIN, federation=None, host=cases.LOOPBACK):
        self.tls = tls
        self.client_certificates = client_certificates
        self.host = host
        self.domain = domain
        self.federation = federation
        self.passwords = {name: secrets.token_hex(12) for name in ACCOUNTS}
        self.component_secret = secrets.token_hex(12)
        self.port = self.plain_port = self.direct_tls_port = self.component_port = self.s2s_port = None
        self.websocket_port = self.websocket_path = None
        self.directory = None
        self.process = None
        self._keeper = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # Files

    @property
    def address(self):
        """That of the host."""
        return cases.ADDRESS if self.host == cases.LOOPBACK else self.host

    def _path(self, *parts):
        return os.path.join(self.directory, *parts)

    @property
    def log_file(self):
        return self._path(self.name + '.log')

    def _make_certificates(self):
        if self.federation:
            self.federation.copy_authority(self._path('authority'))
        else:
            certificates.make_authority(self._path('authority'))
        certificates.make_authority(self._path('other-authority'))
        # Other servers are shown it, too, as by a client.
        certificates.make_signed(self._path('server'), self._path('authority'), self.domain,
                                 'serverAuth,clientAuth' if self.federation else 'serverAuth',
                                 (self.domain, ANONYMOUS_DOMAIN, UNICODE_DOMAIN.encode('idna').decode()))
        certificates.join(self._path('server'))
        if self.client_certificates:
            for name in ('alice', 'stranger'):
                certificates.make_signed(self._path(name), self._path('authority'), name,
                                         'clientAuth', jid=f'{name}@{self.domain}')
                certificates.join(self._path(name))

    # Life

    def _prepare(self):
        """Writes what does not depend on the ports."""

    def _write_configuration(self):
        """Writes what depends on the ports."""

    def _launch(self):
        """Starts self.process; the ports are known."""
        raise NotImplementedError

    def _answers(self):
        """Whether the server is ready."""
        raise NotImplementedError

    def _has_failed(self):
        """Whether it never will be. Nothing else tells than to ask, here and below: a server says to nobody that it is."""
        return self.process.poll() is not None

    def start(self):
        missing = [program for program in self.programs + ('openssl',)
                   if not shutil.which(program)]
        if missing:
            raise RuntimeError('not installed, see tests/lib/packages.sh: ' + ', '.join(missing))
        self.directory = tempfile.mkdtemp(prefix=f'ibb-{self.name}-')
        try:
            if self.tls:
                self._make_certificates()
            self._prepare()
            for _ in range(5):
                if self._try():
                    return
            raise RuntimeError(f'{self.name} does not start:\n' + self.read_log())
        except BaseException:
            self.stop()
            raise

    def _try(self):
        self.port, self.plain_port, self.direct_tls_port, self.component_port, self.s2s_port = free_ports(5)
        if self.websocket_path:
            self.websocket_port, = free_ports(1)
        self._write_configuration()
        self._launch()
        # Removes the directory even if we are killed: its input ends when we do.
        if self._keeper is None:
            self._keeper = subprocess.Popen(
                ('/bin/sh', '-c', 'trap "" INT TERM HUP; read -r _; sleep 0.1; [ -n "$IBB_TEST_KEEP" ] || rm -rf -- "$1"',
                 f'ibb-{self.name}-keeper', self.directory),
                cwd='/', stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + self.start_timeout
        while time.monotonic() < deadline and not self._has_failed():
            if self._answers():
                if self.federation:
                    self.federation.set_port(self.domain, self.s2s_port)
                return True
            time.sleep(0.02)
        self._end_process()
        return False

    def _spawn(self, command, **options):
        """Starts a process, which dies with this one."""
        with open(self._path('output'), 'ab') as output:
            self.process = subprocess.Popen(
                command, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
                preexec_fn=die_with_parent(signal.SIGKILL), **options)

    def _opens_stream(self):
        """Whether an XML stream can be opened."""
        header = ("<?xml version='1.0'?><stream:stream to='%s' version='1.0' "
                  "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        try:
            with socket.create_connection((self.host, self.port), 2) as connection:
                connection.sendall((header % self.domain).encode())
                answer = b''
                while b'</stream:features>' not in answer:
                    data = connection.recv(4096)
                    if not data:
                        return False
                    answer += data
            if self.tls:
                socket.create_connection((self.host, self.direct_tls_port), 2).close()
        except OSError:
            return False
        return self.process.poll() is None

    def _end_process(self):
        if self.process is None:
            return
        for number, patience in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
            try:
                # Not the group: it is a single process, and may be gone.
                if self.process.poll() is None:
                    self.process.send_signal(number)
                self.process.wait(patience)
                break
            except subprocess.TimeoutExpired:
                continue
        self.process = None

    def kill(self):
        """Ends the server at once, as a crash would."""
        self.process.kill()
        self.process.wait()

    def restart(self):
        """Starts the server again after its end. It has lost only its memory."""
        self._launch()
        deadline = time.monotonic() + self.start_timeout
        while not self._answers():
            if time.monotonic() > deadline or self._has_failed():
                raise RuntimeError(f'{self.name} does not start again:\n' + self.read_log())
            time.sleep(0.02)

    def stop(self):
        self._end_process()
        if self._keeper is not None:
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None
        elif self.directory is not None and 'IBB_TEST_KEEP' not in os.environ:
            shutil.rmtree(self.directory, ignore_errors=True)
        self.directory = None

    # What users need

    def wait_session(self, _jid):
        """Returns once stanzas reach that session from everywhere; most servers have only one place to look."""

    def read_log(self):
        text = ''
        for path in (self._path('output'), self.log_file):
            try:
                with open(path, encoding='utf-8', errors='replace') as file:
                    text += file.read()
            except FileNotFoundError:
                pass
        return text

    @property
    def pid(self):
        return self.process.pid

    @property
    def environment(self):
        result = {
            'IBB_TEST_SERVER': self.name,
            'IBB_TEST_HOST': self.host,
            'IBB_TEST_PORT': str(self.port),
            'IBB_TEST_PLAIN_PORT': str(self.plain_port),
            'IBB_TEST_DOMAIN': self.domain,
            'IBB_TEST_WRONG_DOMAIN': WRONG_DOMAIN,
            'IBB_TEST_ANONYMOUS_DOMAIN': ANONYMOUS_DOMAIN,
            'IBB_TEST_UNICODE_DOMAIN': UNICODE_DOMAIN,
            'IBB_TEST_COMPONENT': COMPONENT_DOMAIN,
            'IBB_TEST_COMPONENT_PORT': str(self.component_port),
            'IBB_TEST_COMPONENT_SECRET': self.component_secret,
            'IBB_TEST_SERVER_PID': str(self.pid),
            'IBB_TEST_SERVER_LOG': self.log_file,
        }
        if self.tls:
            result['IBB_TEST_DIRECT_TLS_PORT'] = str(self.direct_tls_port)
            result['IBB_TEST_CA_FILE'] = self._path('authority.crt')
            result['IBB_TEST_OTHER_CA_FILE'] = self._path('other-authority.crt')
        if self.websocket_path:
            result['IBB_TEST_WEBSOCKET_URI'] = f'wss://{DOMAIN}:{self.websocket_port}{self.websocket_path}'
        if self.client_certificates:
            result['IBB_TEST_ALICE_CERTIFICATE'] = self._path('alice.pem')
            result['IBB_TEST_STRANGER_CERTIFICATE'] = self._path('stranger.pem')
        for name, password in self.passwords.items():
            result[f'IBB_TEST_{name.upper()}'] = f'{name}@{self.domain}'
            result[f'IBB_TEST_{name.upper()}_PASSWORD'] = password
        return result


def children():
    """Processes whose parent we are, with their command lines."""
    found = {}
    with open(f'/proc/self/task/{os.getpid()}/children', encoding='ascii') as file:
        pids = [int(pid) for pid in file.read().split()]
    for pid in pids:
        try:
            with open(f'/proc/{pid}/cmdline', 'rb') as file:
                command = file.read().replace(b'\0', b' ').decode(errors='replace').strip()
        except OSError:
            continue
        # A zombie has no command line and is not running.
        if command:
            found[pid] = command
    return found


def run_beside(server, arguments):
    """Runs a command beside the server and exits with its code."""
    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    # What the command leaves behind becomes our child, so that we see it.
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    command = None
    try:
        with server:
            own = set(children())
            try:
                command = subprocess.Popen(arguments,
                                           env={**os.environ, **server.environment},
                                           preexec_fn=die_with_parent(signal.SIGTERM))
                code = command.wait()
            finally:
                if command is not None and command.poll() is None:
                    command.terminate()
                    try:
                        command.wait(5)
                    except subprocess.TimeoutExpired:
                        command.kill()
                        command.wait()
                left = {pid: text for pid, text in children().items() if pid not in own}
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
    except (RuntimeError, OSError) as error:
        sys.exit(f'{os.path.basename(sys.argv[0])}: {error}')
    for pid, text in left.items():
        print(f'left running by the command: {pid} {text}', file=sys.stderr)
    if left and code == 0:
        code = 1
    sys.exit(code if code >= 0 else 128 - code)

