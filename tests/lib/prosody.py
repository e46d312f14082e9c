#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private Prosody for tests: own configuration, accounts and certificates.

    tests/lib/prosody.py [OPTION...] -- COMMAND...

starts a server on free ports of the loopback interface, runs the command with
the IBB_TEST_* variables below, passes its exit code on and removes every trace
of the server, also when this program is killed. In Python:

    with prosody.Prosody(limits=True) as server:
        subprocess.run(command, env={**os.environ, **server.environment})

  IBB_TEST_HOST             127.0.0.1
  IBB_TEST_PORT             offers STARTTLS, and lets in who does not want it
                            (unless --require-encryption)
  IBB_TEST_PLAIN_PORT       the same, for those who read better what they want
  IBB_TEST_DIRECT_TLS_PORT  TLS from the first byte
  IBB_TEST_CA_FILE          the authority that signed the server's certificate
  IBB_TEST_OTHER_CA_FILE    one that did not
  IBB_TEST_DOMAIN           localhost: accounts alice, bob, carol
  IBB_TEST_NO_TLS_DOMAIN    the same accounts where STARTTLS is not offered
  IBB_TEST_WRONG_DOMAIN     the same accounts; the certificate is not for it
  IBB_TEST_ANONYMOUS_DOMAIN SASL ANONYMOUS only
  IBB_TEST_ALICE, IBB_TEST_ALICE_PASSWORD, ... _BOB, ... _CAROL
                            bare JID and password
  IBB_TEST_SERVER_PID       to kill it in the middle of something
  IBB_TEST_SERVER_LOG       what the server says
"""

import argparse
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

import certificates

DOMAIN = 'localhost'
NO_TLS_DOMAIN = 'no-tls.localhost'
WRONG_DOMAIN = 'wrong.localhost'
ANONYMOUS_DOMAIN = 'anonymous.localhost'
ACCOUNTS = ('alice', 'bob', 'carol')
START_TIMEOUT = 20

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def die_with_parent(number):
    """For preexec_fn: be sent a signal when the parent ends, however it ends."""
    parent = os.getpid()

    def prepare():
        _libc.prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:
            os.kill(os.getpid(), number)

    return prepare


def free_ports(count):
    """Ports below the range from which the kernel takes those of clients."""
    with open('/proc/sys/net/ipv4/ip_local_port_range', encoding='ascii') as file:
        end = max(int(file.read().split()[0]), 12000)
    found = {}
    while len(found) < count:
        port = random.randrange(10000, end)
        probe = socket.socket()
        try:
            probe.bind(('127.0.0.1', port))
            found[port] = probe
        except OSError:
            probe.close()
    for probe in found.values():
        probe.close()
    return list(found)


def lua(value):
    """A Python value as Lua."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace('\\', '\\\\').replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return '{ ' + ''.join(f'[{lua(key)}] = {lua(item)}; ' for key, item in value.items()) + '}'
    return '{ ' + ''.join(f'{lua(item)}; ' for item in value) + '}'


class Prosody:
    """A running server; a context manager.

    limits: TRUE for Debian's stock limit of 10 kB/s per client, or a rate such
      as '100kb/s'
    mechanisms: the only SASL mechanisms offered, e.g. ('PLAIN',)
    tls: FALSE: nothing about TLS is offered anywhere
    require_encryption: nobody comes in without TLS
    max_stanza_size: bytes, 0 for Prosody's own default (256 KiB)
    modules: names of more modules, e.g. ('smacks',), which comes with its repair
      in prosody-modules
    settings: more global settings
    """

    def __init__(self, limits=False, mechanisms=(), tls=True, require_encryption=False,
                 max_stanza_size=0, modules=(), settings=None):
        self.limits = '10kb/s' if limits is True else limits
        self.mechanisms = tuple(mechanisms)
        self.tls = tls
        self.require_encryption = require_encryption
        self.max_stanza_size = max_stanza_size
        self.modules = tuple(modules)
        self.settings = dict(settings or {})
        self.host = '127.0.0.1'
        self.domain = DOMAIN
        self.passwords = {name: secrets.token_hex(12) for name in ACCOUNTS}
        self.directory = None
        self.process = None
        self._keeper = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    # Files

    def _path(self, *parts):
        return os.path.join(self.directory, *parts)

    def _make_certificates(self):
        for name in ('authority', 'other-authority'):
            certificates.make_authority(self._path(name))
        certificates.make_signed(self._path('server'), self._path('authority'), DOMAIN,
                                 'serverAuth', (DOMAIN, ANONYMOUS_DOMAIN))

    def _write_accounts(self):
        for domain in (DOMAIN, NO_TLS_DOMAIN, WRONG_DOMAIN):
            # As Prosody's datamanager encodes file names.
            folder = ''.join(c if c.isalnum() else f'%{ord(c):02x}' for c in domain)
            os.makedirs(self._path('data', folder, 'accounts'))
            for name, password in self.passwords.items():
                path = self._path('data', folder, 'accounts', f'{name}.dat')
                with open(path, 'w', encoding='utf-8') as file:
                    file.write('return ' + lua({'password': password}) + ';\n')

    def _write_configuration(self):
        modules = ['roster', 'saslauth', 'disco', 'ping', 'posix']
        if self.tls:
            modules.append('tls')
        if self.limits:
            modules.append('limits')
        modules += [name for name in self.modules if name not in modules]
        if 'smacks' in modules:
            modules.append('resumed_stream')
        settings = {
            'run_as_root': True,
            'daemonize': False,
            'pidfile': self._path('prosody.pid'),
            'data_path': self._path('data'),
            'plugin_paths': (os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                          'prosody-modules'),),
            'certificates': self.directory,
            'interfaces': (self.host,),
            'c2s_ports': (self.port,),
            'c2s_direct_tls_ports': (self.direct_tls_port,) if self.tls else (),
            's2s_ports': (),
            'http_ports': (),
            'https_ports': (),
            'authentication': 'internal_plain',
            'storage': 'internal',
            'c2s_require_encryption': self.require_encryption,
            'allow_unencrypted_plain_auth': True,
            'modules_enabled': modules,
            'modules_disabled': ('s2s', 's2s_auth_certs', 'offline'),
            'statistics': False,
            'log': ({'levels': {'min': 'info'}, 'to': 'file', 'filename': self.log_file},),
        }
        if self.tls:
            settings['ssl'] = {'key': self._path('server.key'),
                               'certificate': self._path('server.crt')}
        if self.limits:
            settings['limits'] = {'c2s': {'rate': self.limits}}
        if self.mechanisms:
            every = {'PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256',
                     'SCRAM-SHA-256-PLUS', 'DIGEST-MD5', 'LOGIN', 'OAUTHBEARER'}
            settings['disable_sasl_mechanisms'] = sorted(every - set(self.mechanisms))
        if self.max_stanza_size:
            settings['c2s_stanza_size_limit'] = self.max_stanza_size
        settings.update(self.settings)

        lines = [f'{key} = {lua(value)}' for key, value in settings.items()]
        lines += [f'VirtualHost {lua(DOMAIN)}',
                  f'VirtualHost {lua(WRONG_DOMAIN)}',
                  f'VirtualHost {lua(NO_TLS_DOMAIN)}', '\tmodules_disabled = { "tls" }',
                  f'VirtualHost {lua(ANONYMOUS_DOMAIN)}', '\tauthentication = "anonymous"']
        with open(self._path('prosody.cfg.lua'), 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')

    # Life

    def start(self):
        if not shutil.which('prosody') or not shutil.which('openssl'):
            raise RuntimeError('prosody and openssl are needed: apt-get install prosody openssl')
        self.directory = tempfile.mkdtemp(prefix='ibb-prosody-')
        try:
            self.log_file = self._path('prosody.log')
            if self.tls:
                self._make_certificates()
            self._write_accounts()
            for _ in range(5):
                if self._launch():
                    return
            raise RuntimeError('Prosody does not start:\n' + self.read_log())
        except BaseException:
            self.stop()
            raise

    def _launch(self):
        self.port, self.direct_tls_port = free_ports(2)
        self._write_configuration()
        self.process = subprocess.Popen(
            ('prosody', '-F', '--config', self._path('prosody.cfg.lua')),
            cwd=self.directory, stdin=subprocess.DEVNULL,
            stdout=open(self._path('output'), 'ab'), stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=die_with_parent(signal.SIGKILL))
        # Removes the directory even if we are killed: its input ends when we do.
        if self._keeper is None:
            self._keeper = subprocess.Popen(
                ('/bin/sh', '-c', 'trap "" INT TERM HUP; read -r _; sleep 0.1; rm -rf -- "$1"',
                 'ibb-prosody-keeper', self.directory),
                cwd='/', stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL, start_new_session=True)
        deadline = time.monotonic() + START_TIMEOUT
        while time.monotonic() < deadline and self.process.poll() is None:
            if self._answers():
                return True
            time.sleep(0.02)
        self._end_process()
        return False

    def _answers(self):
        """Whether an XMPP stream can be opened, and is our server's."""
        header = ("<?xml version='1.0'?><stream:stream to='%s' version='1.0' "
                  "xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>")
        try:
            with socket.create_connection((self.host, self.port), 2) as connection:
                connection.sendall((header % DOMAIN).encode())
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
        return self.process.poll() is None and 'error' not in self.read_log()

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

    def stop(self):
        self._end_process()
        if self._keeper is not None:
            self._keeper.stdin.close()
            self._keeper.wait()
            self._keeper = None
        elif self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
        self.directory = None

    # What users need

    def read_log(self):
        text = ''
        for name in ('output', 'prosody.log'):
            try:
                with open(self._path(name), encoding='utf-8', errors='replace') as file:
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
            'IBB_TEST_HOST': self.host,
            'IBB_TEST_PORT': str(self.port),
            'IBB_TEST_PLAIN_PORT': str(self.port),
            'IBB_TEST_DOMAIN': DOMAIN,
            'IBB_TEST_NO_TLS_DOMAIN': NO_TLS_DOMAIN,
            'IBB_TEST_WRONG_DOMAIN': WRONG_DOMAIN,
            'IBB_TEST_ANONYMOUS_DOMAIN': ANONYMOUS_DOMAIN,
            'IBB_TEST_SERVER_PID': str(self.pid),
            'IBB_TEST_SERVER_LOG': self.log_file,
        }
        if self.tls:
            result['IBB_TEST_DIRECT_TLS_PORT'] = str(self.direct_tls_port)
            result['IBB_TEST_CA_FILE'] = self._path('authority.crt')
            result['IBB_TEST_OTHER_CA_FILE'] = self._path('other-authority.crt')
        for name, password in self.passwords.items():
            result[f'IBB_TEST_{name.upper()}'] = f'{name}@{DOMAIN}'
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


def main():
    parser = argparse.ArgumentParser(
        description='Runs a command beside a private Prosody.', usage='%(prog)s [OPTION...] -- COMMAND...')
    parser.add_argument('--limits', nargs='?', const=True, default=False, metavar='RATE',
                        help='limit each client, as Debian does, to 10kb/s or to RATE')
    parser.add_argument('--mechanisms', default='', metavar='NAME,...',
                        help='offer these SASL mechanisms only')
    parser.add_argument('--no-tls', action='store_true', help='offer no TLS at all')
    parser.add_argument('--require-encryption', action='store_true', help='let nobody in without TLS')
    parser.add_argument('--max-stanza-size', type=int, default=0, metavar='BYTES')
    parser.add_argument('--module', action='append', default=[], metavar='NAME',
                        help='load one more module of Prosody')
    parser.add_argument('--show-log', action='store_true', help="print the server's log at the end")
    parser.add_argument('command', nargs='+')
    options = parser.parse_args()

    def leave(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, leave)
    # What the command leaves behind becomes our child, so that we see it.
    _libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    server = Prosody(limits=options.limits,
                     mechanisms=[name for name in options.mechanisms.split(',') if name],
                     tls=not options.no_tls, require_encryption=options.require_encryption,
                     max_stanza_size=options.max_stanza_size, modules=options.module)
    command = None
    try:
        with server:
            own = set(children())
            try:
                command = subprocess.Popen(options.command,
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
                if options.show_log:
                    sys.stderr.write(server.read_log())
    except (RuntimeError, OSError) as error:
        sys.exit(f'{os.path.basename(sys.argv[0])}: {error}')
    for pid, text in left.items():
        print(f'left running by the command: {pid} {text}', file=sys.stderr)
    if left and code == 0:
        code = 1
    sys.exit(code if code >= 0 else 128 - code)


if __name__ == '__main__':
    main()
