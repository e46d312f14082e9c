# SPDX-License-Identifier: LGPL-2.1-or-later
"""Running programs that talk to a private server, the command ibb first."""

import atexit
import contextlib
import errno
import hashlib
import json
import os
import pty
import re
import shutil
import signal
import subprocess
import tempfile
import termios
import threading
import time

import cases
import prosody

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
IBB = os.environ.get('IBB_TEST_PROGRAM') or shutil.which('ibb') or 'ibb'
PATIENCE = cases.PATIENCE
# The exit status where the server refuses the login, and would refuse the next one.
REFUSED = 3
# With sanitizers, of random-faults.py, a command takes more memory.
SANITIZED = 'ASAN_OPTIONS' in os.environ
DOCTOR_STEPS = ['dns', 'connection', 'certificate', 'login', 'resumption', 'limits', 'software', 'round-trip', 'rate', 'peer']
# A session that is interrupted ends soon.
SOON = '--resume-timeout', '1'


def link_libraries():
    """Names without spaces for the libraries that tests load into a program: LD_PRELOAD has a list."""
    names = [name for name in ('IBB_TEST_BUILD_MESSAGES', 'IBB_TEST_COUNT_TURNS', 'IBB_TEST_FAILING_CALLS',
                               'IBB_TEST_FAKE_WALL_CLOCK', 'IBB_TEST_FAST_TIMERS', 'IBB_TEST_LATE_MAIN')
             if ' ' in os.environ.get(name, '')]
    if names:
        folder = tempfile.mkdtemp(prefix='ibb-test-')
        atexit.register(shutil.rmtree, folder, ignore_errors=True)
        for name in names:
            link = os.path.join(folder, name)
            os.symlink(os.environ[name], link)
            os.environ[name] = link


link_libraries()


def make_locale(folder, name):
    """What a command needs for a locale, whether or not the system has it."""
    if not shutil.which('localedef') or not os.path.exists(f'/usr/share/i18n/locales/{name}'):
        raise cases.Skip('the definitions of locales are not installed')
    subprocess.run(('localedef', '-i', name, '-f', 'UTF-8', folder / f'{name}.UTF-8'), check=True)
    # The C library leaks the parts of LOCPATH.
    sanitizer = os.environ.get('ASAN_OPTIONS', '') + ':detect_leaks=0'
    return {'LOCPATH': folder.path, 'LC_ALL': f'{name}.UTF-8', 'ASAN_OPTIONS': sanitizer}


class Program:
    """A process whose output is collected while it runs, and which speaks English unless env says otherwise.

    peer (nullable): the program at the other end, on which each wait of this one depends
    """

    def __init__(self, *command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                 stderr=subprocess.PIPE, env=None, prepare=None, **options):
        die = prosody.die_with_parent(9, prepare)

        def in_child():
            # A run in the background ignores it, which a child would inherit.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            die()

        self.command = command
        self.peer = None
        self.lines = []
        self.output = b''
        self.output_ended = False
        self.usage = None
        self._open = (stdout, stderr).count(subprocess.PIPE)
        self._condition = threading.Condition()
        self._threads = []
        self.process = subprocess.Popen(command, stdin=stdin, stdout=stdout, stderr=stderr,
                                        env={**os.environ, 'LC_ALL': 'C.UTF-8', **(env or {})},
                                        start_new_session=True, preexec_fn=in_child, **options)
        self.stdin = self.process.stdin
        self.pid = self.process.pid
        self._ended = threading.Event()
        threading.Thread(target=self._reap, daemon=True).start()
        cases.defer(self._end)
        cases.ask_if_failed(self.describe)
        if stderr == subprocess.PIPE:
            self._start(self._read_lines)
        if stdout == subprocess.PIPE:
            self._start(self._read_output)

    def _start(self, read):
        def target():
            try:
                read()
            finally:
                with self._condition:
                    self._open -= 1
                    self._condition.notify_all()

        thread = threading.Thread(target=target, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _read_lines(self):
        for line in self.process.stderr:
            with self._condition:
                self.lines.append(line.decode(errors='replace').rstrip('\n'))
                self._condition.notify_all()

    def _read_output(self):
        while data := os.read(self.process.stdout.fileno(), 65536):
            with self._condition:
                self.output += data
                self._condition.notify_all()
        self.output_ended = True

    def _end(self):
        # Only a program that ends itself looks for leaks.
        if SANITIZED and self.command[0] == IBB and not self._ended.is_set():
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            self._ended.wait(10)
        if not self._ended.is_set():
            try:
                os.kill(self.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it has ended in this moment
            self._ended.wait(PATIENCE)
        for thread in self._threads:
            thread.join(PATIENCE)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                try:
                    pipe.close()
                except OSError:
                    pass
        self._check_faults()

    def _check_faults(self):
        """The status tells nothing of these: with sanitizers that of a leak is that of a failure."""
        if any('LeakSanitizer: detected' in line for line in self.lines):
            raise AssertionError(f'{self.name} leaks: {self.lines}')
        if IBB in self.command and any(re.search(r'-CRITICAL \*\*|^\(.*GLib-WARNING \*\*', line) for line in self.lines):
            raise AssertionError(f'{self.name} misuses a library: {self.lines}')

    def _reap(self):
        """As Popen.wait, but also keeps what the process has used."""
        _, status, self.usage = os.wait4(self.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        self._ended.set()

    def wait_for(self, condition, what):
        """Waits until condition () is true of the lines so far, or the process ends, or the peer fails."""
        deadline = time.monotonic() + PATIENCE
        with self._condition:
            while not condition():
                failed = self.peer is not None and self.peer.has_ended(0) and self.peer.process.returncode != 0
                left = deadline - time.monotonic()
                if self._open == 0 or failed or left <= 0:
                    raise AssertionError(f'{self.name}: not {what}')
                # The end of the other process wakes nobody here.
                self._condition.wait(min(left, 0.2) if self.peer else left)

    def wait_line(self, pattern):
        self.wait_for(lambda: any(re.search(pattern, line) for line in self.lines), pattern)

    def wait_ready(self):
        """The address at which it can be reached."""
        def said():
            return any(line.startswith('ready ') for line in self.lines)
        self.wait_for(said, 'ready')
        return next(line for line in self.lines if line.startswith('ready ')).split(' ', 1)[1]

    def wait_event(self, name, **least):
        """The first event of that name whose members are at least so large."""
        def find():
            for event in self.events():
                if event['event'] == name and all(event.get(k, -1) >= v for k, v in least.items()):
                    return event
            return None
        self.wait_for(lambda: find() is not None, f'the event {name} {least}')
        return find()

    def wait_idle(self):
        """Until it has ended, or no thread of it runs: one that has begun to ask has asked, however busy the machine is."""
        deadline = time.monotonic() + PATIENCE
        while not self.has_ended(0.001):
            states = []
            try:
                for task in os.listdir(f'/proc/{self.pid}/task'):
                    with open(f'/proc/{self.pid}/task/{task}/stat', encoding='ascii', errors='replace') as file:
                        states.append(file.read().rsplit(')', 1)[1].split()[0])
            except OSError:
                continue  # a thread has ended
            if 'R' not in states:
                return
            if time.monotonic() > deadline:
                raise AssertionError(f'{self.name} is never idle')

    def events(self):
        return [json.loads(line) for line in self.output.split(b'\n')[:-1]]

    @property
    def name(self):
        return ' '.join(os.path.basename(word) for word in self.command[:2])

    def describe(self):
        """What it has said, and whether it has ended."""
        status = f'ended with {self.process.returncode}' if self.has_ended(0) else 'runs'
        return f'{self.name} ({self.pid}) {status}: {self.lines[-20:]} {self.output[-500:]!r}'

    def finish(self, patience=PATIENCE):
        """The exit status; it is an error to take too long."""
        if not self._ended.wait(patience):
            raise AssertionError(f'{self.name} hangs after {self.lines}')
        for thread in self._threads:
            thread.join(PATIENCE)
        self._check_faults()
        return self.process.returncode

    def has_ended(self, patience):
        return self._ended.wait(patience)

    def pause(self):
        """Returns once no thread of it runs any more: the system stops them later than kill () returns. It goes on at
        the end of the case."""
        os.kill(self.pid, signal.SIGSTOP)
        cases.defer(lambda: os.kill(self.pid, signal.SIGCONT))
        os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOWAIT)

    def stop(self, status=0):
        os.kill(self.pid, signal.SIGTERM)
        cases.check_equal(self.finish(), status, f'exit status of {self.name}')

    def errors(self):
        return [line for line in self.lines if line.startswith('ibb: ')]

    def expect_done(self):
        code = self.finish()
        if code != 0 or self.errors():
            raise AssertionError(f'{self.name} ended with {code}: {self.lines}')

    def expect_failure(self, *words, code=1, patience=PATIENCE, told=(), perhaps=()):
        """The status, exactly one line that says why, and these words in it. Beside it only one
        line for each of the patterns told, and lines of the patterns perhaps."""
        have = self.finish(patience)
        if have != code:
            raise AssertionError(f'{self.name} ended with {have}, not {code}: {self.lines} {self.output[-300:]!r}')
        errors = self.errors()
        others = [line for line in self.lines
                  if not line.startswith(('ibb: ', 'ready ', 'Session from ', 'Refused ', 'Waiting for ',
                                          'Not done yet: ', 'The session with ', 'Only about '))]
        stray = [line for line in others
                 if not any(re.search(pattern, line) for pattern in (*told, *perhaps))]
        counts = [sum(bool(re.search(pattern, line)) for line in others) for pattern in told]
        if len(errors) != 1 or stray or any(count != 1 for count in counts):
            raise AssertionError(f'not one line: {self.lines}')
        for word in words:
            if word not in errors[0]:
                raise AssertionError(f'no “{word}” in: {errors[0]}')
        print(f'# {errors[0]}')
        return errors[0]


def make_peers(one, other):
    one.peer, other.peer = other, one


class Account:
    """How a program gets into the server as one of its accounts."""

    def __init__(self, server, name, domain=None):
        self.server = server
        self.bare = f'{name}@{domain or server.domain}'
        self.password = server.passwords[name]

    def options(self, resource=None, tls='starttls', ca='IBB_TEST_CA_FILE', port=None, host=None):
        environment = self.server.environment
        if not environment:  # a FakeServer, which knows no TLS
            tls = 'none'
        if tls == 'direct':
            port = port or environment['IBB_TEST_DIRECT_TLS_PORT']
        if tls == 'none':
            port = port or self.server.plain_port
        result = ['--jid', self.bare + (f'/{resource}' if resource else ''), '--tls', tls,
                  '--server', f'{host or self.server.host}:{port or self.server.port}']
        if not environment:
            result += ['--password-policy', 'readable']
        if tls != 'none' and ca in environment:
            result += ['--ca-file', environment[ca]]
        return result

    def ibb(self, command, *arguments, account=None, env=None, **options):
        """Starts a command of ibb with this account."""
        return Program(IBB, command, *(self.options() if account is None else account), *arguments,
                       env={'IBB_PASSWORD': self.password, **(env or {})},
                       **options)

    def ibb_on_terminal(self, *arguments, valve=None, until=b'', **options):
        """The exit status of a command with a terminal of its own, and the bytes that it shows there.
        valve (nullable): a Valve that opens once it shows until."""
        terminal, end = pty.openpty()
        here = self.ibb(*arguments, stderr=end, **options)
        os.close(end)
        shown = read_terminal(terminal, valve, until)
        return here.finish(), shown


def transfer(server, size, send=(), receive=(), **more):
    """A file of that size from alice to bob; both commands, ended well. more: for that of alice"""
    folder = Folder()
    source = folder.make('original', size)
    alice, bob = Account(server, 'alice'), Account(server, 'bob')
    there = bob.ibb('receive', '--output', folder / 'copy', '--from', alice.bare, *receive)
    here = alice.ibb('send', *send, source, there.wait_ready(), **more)
    here.expect_done()
    there.expect_done()
    cases.check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    cases.check_equal(folder.names(), ['copy', 'original'], 'files')
    return here, there


class Valve:
    """A pipe for what an account receives, the command receiver. Nothing is read from it before it is
    opened, so that a transfer goes on for as long as a case needs. n_bytes: read until its end."""

    def __init__(self, account, *arguments):
        self._reader, end = os.pipe()
        self.receiver = account.ibb('receive', '-o', '-', '--from', 'any', *arguments, stdout=end)
        os.close(end)
        self._thread = None
        self.n_bytes = 0

    def open(self):
        if self._thread is None:
            self._thread = threading.Thread(target=self._read, daemon=True)
            self._thread.start()

    def _read(self):
        with open(self._reader, 'rb') as file:
            while data := file.read(65536):
                self.n_bytes += len(data)

    def join(self):
        self._thread.join()


class Terminal:
    """A command on a terminal of its own, on which it asks. shown: what it has printed so far."""

    def __init__(self, *command, env):
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.environ.pop('IBB_PASSWORD', None)
            os.environ.update(env)
            os.execv(command[0], command)
        self._begin()

    @classmethod
    def of(cls, pid, terminal):
        """Of a child that pty.fork () has made."""
        self = cls.__new__(cls)
        self._pid, self._terminal = pid, terminal
        self._begin()
        return self

    def _begin(self):
        self.shown = ''
        self._has_ended = False
        cases.defer(self._end)
        cases.ask_if_failed(lambda: f'the terminal of {self._pid} shows {self.shown!r}')

    def _end(self):
        if not self._has_ended:
            os.kill(self._pid, signal.SIGKILL)
            os.close(self._terminal)
            os.waitpid(self._pid, 0)

    def has_echo(self):
        return bool(termios.tcgetattr(self._terminal)[3] & termios.ECHO)

    def expect(self, pattern):
        while not (found := re.search(pattern, self.shown)):
            try:
                self.shown += os.read(self._terminal, 1000).decode(errors='replace')
            except OSError as error:
                raise AssertionError(f'no “{pattern}” in: {self.shown}') from error
        return found

    def write(self, data):
        os.write(self._terminal, data)

    def type(self, line):
        self.write(line.encode() + b'\n')

    def stop(self):
        os.kill(self._pid, signal.SIGTERM)

    def finish(self):
        """The exit status."""
        self.shown += read_terminal(self._terminal).decode(errors='replace')
        self._has_ended = True
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])


def read_terminal(terminal, valve=None, until=b''):
    """Returns what the terminal shows until nobody has its other end; closes it. valve (nullable):
    opens once that shows until."""
    shown = b''
    try:
        while data := os.read(terminal, 1000):
            shown += data
            if valve and until in shown:
                valve.open()
    except OSError as error:
        cases.check_equal(error.errno, errno.EIO, 'the end of the terminal')
    os.close(terminal)
    return shown


class Folder:
    """A temporary folder of one case."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix='ibb-test-')
        if 'IBB_TEST_KEEP' not in os.environ:
            cases.defer(lambda: shutil.rmtree(self.path, ignore_errors=True))

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def make(self, name, size):
        """A file whose blocks differ."""
        path = self / name
        with open(path, 'wb') as file:
            for offset in range(0, size, 32):
                piece = hashlib.sha256(offset.to_bytes(8, 'little')).digest()
                file.write(piece[:min(32, size - offset)])
        return path

    def names(self):
        return sorted(os.listdir(self.path))


def sha256(path):
    digest = hashlib.sha256()
    with open(path, 'rb') as file:
        while data := file.read(1 << 20):
            digest.update(data)
    return digest.hexdigest()
