#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-27, D-42, D-58: transfers survive the faults of a network or of a server.

    network-faults.py [--faults NAME,...] [--servers prosody,ejabberd]
                      [--where here,there,both,server] [--size MIB] [--full]
                      [--seconds N,...] [--pipes]
    network-faults.py --list

The table FAULTS below lists the faults. Each run has one of them, at the sender (here), at
the receiver (there), at both ends, or at the server, which is Prosody or ejabberd. “ibb send”
sends a file to “ibb receive”: the copy is equal to the source, or the end that has the fault
fails with the one error that the table names. A run whose fault has left none of the evidence that
the table names fails, too. Prints a TAP line for each run, what the programs reported, and the
evidence.

Without arguments the file is small, the faults are short, twelve runs go on at a time, and a
network's fault is tried beside one of the servers.
--full makes them as long as doc/testing.md says, one at a time, with no limit to the rate.
"""

import argparse
import collections
import contextlib
import dataclasses
import hashlib
import os
import random
import re
import shlex
import signal
import struct
import subprocess
import sys
import threading
import time
import traceback

import cases
import ejabberd
import prosody
from command import Account, Folder, sha256
from cut_proxy import ByteProxy, CutProxy, ResetProxy
from private_network import PrivateNetwork
from sshd import Sshd

MIB = 1 << 20
RATE = 100000          # bytes per second of each connection, so that a fault meets a transfer
BEGUN = 65536          # bytes that have arrived
LOGIN_MOST = 50000     # bytes of a login at most
DETECTION = 30         # seconds after which a program knows that its connection is lost
TRICKLE_GAP = 0.5      # seconds
TRICKLE_AFTER = 20     # bytes that follow the fault
BULK_LEAST = 1 * MIB
PATIENCE = 900         # seconds: only what hangs takes so long
MONTH = 30 * 86400
CENTURY = 1200 * MONTH
CLOCK = 'IBB_TEST_FAKE_WALL_CLOCK'
LATE = re.compile(r'within \d+ s|Nothing happened for')  # the error of a login that took too long


def wait_until(condition, patience, what):
    over = threading.Event()
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f'no {what}')
        over.wait(0.05)


def has_ended(program):
    return program.process.returncode is not None


def start_until_online(start, is_online):
    """Starts a program. A login has limits of its own, which a busy machine may exceed while
    there is no fault yet: then it is started again."""
    deadline = time.monotonic() + PATIENCE
    while True:
        program = start()
        wait_until(lambda: has_ended(program) or is_online(program), PATIENCE, 'login')
        if not has_ended(program):
            return program
        program.finish()
        if not any(LATE.search(line) for line in program.errors()) or time.monotonic() > deadline:
            return program


# What the faults do. Each function returns at the end of the fault, if there is one.

def cut(run, ends, seconds):
    """Every 2 s all connections break, with what is under way."""
    deadline = time.monotonic() + seconds
    number = 0
    while (number < 2 or time.monotonic() < deadline) and not run.is_over.wait(2):
        before = [end.proxy.connections for end in ends]
        for end in ends:
            end.proxy.cut()
        number += 1
        # A busy machine may take longer than that for a login.
        wait_until(lambda before=before: run.is_over.is_set() or all(end.proxy.connections > n for end, n in zip(ends, before)),
                   PATIENCE, 'new connection')


def hole(run, ends, seconds):
    """The network loses all packets."""
    before = []
    for end in ends:
        end.network.begin_hole()
        # Not before: until then packets pass.
        before.append((end.network.lost, end.network.passed))
    run.is_over.wait(seconds)
    if seconds > DETECTION:
        wait_until(lambda: run.is_over.is_set() or all(end.count('suspended') or end.count('disconnected') for end in ends),
                   PATIENCE, 'loss of the connection')
    for end, (lost, passed) in zip(ends, before):
        end.seen['seconds'] = seconds
        end.seen['packets lost'] = end.network.lost - lost
        # One may be on its way when the hole begins.
        end.seen['silence'] = end.network.passed - passed <= 1
        end.network.end_hole()


def full_buffer(run, ends, seconds):
    """Nobody reads what an end sends, so its buffers fill. Nothing arrives, either."""
    before = [end.proxy.held for end in ends]
    for end in ends:
        end.proxy.begin_hole()
    run.is_over.wait(seconds)
    for end, held in zip(ends, before):
        end.seen['bytes held back'] = end.proxy.held - held
        end.seen['bytes unread'] = end.proxy.count_unread()
        end.proxy.end_hole()


def half_open_up(_run, ends, _seconds):
    """The bytes that an end sends over this connection do not arrive any more."""
    for end in ends:
        end.proxy.silence(upwards=True)


def half_open_down(_run, ends, _seconds):
    """The bytes that an end should receive over this connection do not arrive any more."""
    for end in ends:
        end.proxy.silence(upwards=False)


def reset_in_tls(run, ends, _seconds):
    """The connection breaks, and the next two TLS handshakes are reset."""
    for end in ends:
        end.proxy.resets = 2
        end.proxy.cut()
    wait_until(lambda: run.is_over.is_set() or all(end.proxy.resets == 0 for end in ends), PATIENCE, 'reset')


def restart(run, ends, seconds):
    """The server crashes, is away for a while, and starts again."""
    before = run.server.pid
    run.server.kill()
    threading.Event().wait(seconds)
    run.server.restart()
    for end in ends:
        end.seen['another server'] = run.server.pid != before


def is_stopped(pid):
    with open(f'/proc/{pid}/stat', encoding='utf-8', errors='replace') as file:
        return file.read().rsplit(')', 1)[1].split()[0] == 'T'


def stop_server(run, ends, seconds):
    """The server stands still."""
    os.kill(run.server.pid, signal.SIGSTOP)
    threading.Event().wait(seconds)
    for end in ends:
        end.seen['standstill'] = is_stopped(run.server.pid)
    os.kill(run.server.pid, signal.SIGCONT)


def suspend(_run, ends, seconds):
    """The processes stand still."""
    for end in ends:
        os.kill(end.program.pid, signal.SIGSTOP)
        if not end.resumes:
            end.proxy.cut()  # as by a server that has given it up
    threading.Event().wait(seconds)
    for end in ends:
        end.seen['standstill'] = is_stopped(end.program.pid)
        os.kill(end.program.pid, signal.SIGCONT)


def jump(run, ends, _seconds):
    """The time of day jumps by a month, forwards and back; each time the connection breaks."""
    for offset in (2 * MONTH, MONTH):
        before = [end.proxy.passed for end in ends]
        for end in ends:
            end.set_clock(offset)
            end.proxy.cut()
        wait_until(lambda: run.is_over.is_set() or all(end.proxy.passed > number + LOGIN_MOST
                                                       for end, number in zip(ends, before)),
                   PATIENCE, 'new connection')
        for end in ends:
            end.seen[f'{offset // MONTH} months later'] = end.read_clock() == offset


def outlive_certificate(_run, ends, _seconds):
    """The time of day jumps past the end of all certificates; the connection breaks."""
    for end in ends:
        end.set_clock(CENTURY)
        end.proxy.cut()


def change_address(run, ends, seconds):
    """An end loses its address, and gets another one a while later."""
    before = [len(end.proxy.addresses) for end in ends]
    for end in ends:
        end.network.take_address()
    run.is_over.wait(seconds)
    for end in ends:
        end.seen['time without address'] = not end.network.has_address()
        end.network.give_address()
    wait_until(lambda: run.is_over.is_set() or all(len(end.proxy.addresses) > number
                                                   for end, number in zip(ends, before)),
               PATIENCE, 'connection from another address')


# What a fault leaves. Each function finds one kind of it at an end, and returns what is missing if
# it returns anything.

def sees(*names):
    """The function of the fault has found this at the end."""
    return lambda end: [name for name in names if not end.seen[name]]


def reports(*kinds):
    """The program has reported an event of these kinds."""
    return lambda end: [] if any(end.count(kind) for kind in kinds) else [f'event {" or ".join(kinds)}']


def connects_again(least=1):
    """So many connections or more were made since the fault began."""
    def look(end):
        have = end.proxy.connections - end.connections
        end.seen['new connections'] = have
        return [] if have >= least else [f'{least} new connections']
    return look


def drops_bytes(end):
    end.seen['bytes dropped'] = end.proxy.dropped
    return [] if end.proxy.dropped else ['bytes that were dropped']


def has_segments(end):
    end.seen['segments for 100 bytes'] = 100 * end.proxy.segments // max(end.proxy.sent, 1)
    return [] if end.seen['segments for 100 bytes'] >= 90 else ['segments of one byte']


def has_delays(end):
    """The mean delay was long: on a busy machine single delays have no cause."""
    end.seen['ms of delay'] = end.network.mean_delay()
    return [] if end.seen['ms of delay'] >= 50 else ['delays']


def loses_packets(end):
    lost, passed = end.network.lost, end.network.passed
    end.seen['packets lost'] = lost
    return [] if lost >= 0.005 * (lost + passed) > 0 else ['packets that were lost']


def returns(end):
    """The connection was lost, and the program reported that it is back, and how."""
    if end.resumes:
        return reports('suspended', 'disconnected')(end) + reports('resumed', 'reconnected')(end)
    return reports('disconnected')(end) + reports('continued')(end)


def returns_by_login(end):
    return [] if end.resumes else returns(end)


def returns_if_long(end):
    """A shorter fault may pass unnoticed."""
    return returns(end) if end.seen['seconds'] > DETECTION else []


@dataclasses.dataclass
class Fault:
    strike: object = None           # causes the fault during the transfer; None: the proxy or the network has it
    title: str = None               # default: the description of strike
    short: tuple = (0,)             # how many seconds it lasts
    full: tuple = (0,)              # the same with --full
    proxy: object = CutProxy        # makes the proxy between an end and the server
    network: dict = None            # options of the PrivateNetwork of an end
    wheres: tuple = ('here', 'there', 'both')  # where it can be; server: each run has its own server
    in_suite: tuple = None          # where it is without --full (default: at both ends, if it can be)
    has_clock: bool = False         # the test sets the time of day of the programs
    most: tuple = (1 << 40, 1 << 40)  # bytes of the file at most, without and with --full
    error: tuple = ()               # words of the error of the end that has the fault
    pipes: tuple = ()               # other transfers beside the file
    evidence: tuple = ()            # what each end with the fault has to show of it; both, if the server has it
    by_login: bool = False          # in the suite, also beside a server that resumes no streams

    def __post_init__(self):
        self.title = self.title or self.strike.__doc__
        if self.in_suite is None:
            self.in_suite = ('both',) if 'both' in self.wheres else self.wheres


# Kinds and paces of other transfers.
PIPES = ('send trickle', 'cat trickle', 'forward trickle', 'cat bulk', 'forward bulk')

FAULTS = {
    'none': Fault(title='There is none: how fast the others could be.', in_suite=()),
    'cut': Fault(cut, short=(7,), full=(3600,), evidence=(connects_again(2),)),
    'hole': Fault(hole, short=(5, 35), full=(30, 300), network={}, by_login=True,
                  evidence=(sees('packets lost', 'silence'), returns_if_long)),
    'full-buffer': Fault(full_buffer, short=(20,), full=(20, 60, 180), in_suite=('here', 'there'), pipes=PIPES,
                         evidence=(sees('bytes held back', 'bytes unread'),)),
    'half-open-up': Fault(half_open_up, evidence=(drops_bytes, connects_again())),
    'half-open-down': Fault(half_open_down, evidence=(drops_bytes, connects_again())),
    'bytes': Fault(title='Each byte is a segment of its own.', proxy=ByteProxy, most=(MIB // 32, MIB),
                   evidence=(has_segments,)),
    'jitter': Fault(title='Each segment is up to 200 ms late.', network={'jitter': 200}, evidence=(has_delays,)),
    'loss': Fault(title='2 % of the segments are lost.', network={'loss': 0.02}, evidence=(loses_packets,)),
    'tls-reset-first': Fault(title='The first TLS handshake is reset.',
                             proxy=lambda port, **options: ResetProxy(port, resets=1, **options),
                             wheres=('here', 'there'), error=('The network or the server of', 'TLS handshake')),
    'tls-reset': Fault(reset_in_tls, proxy=ResetProxy, evidence=(connects_again(3),)),
    'restart': Fault(restart, short=(2,), full=(5, 60), wheres=('server',),
                     evidence=(sees('another server'), returns)),
    'stop': Fault(stop_server, short=(20,), full=(20, 60, 180), wheres=('server',), pipes=PIPES,
                  evidence=(sees('standstill'),)),
    'suspend': Fault(suspend, short=(5,), full=(60, 300), by_login=True,
                     evidence=(sees('standstill'), returns_by_login)),
    'clock': Fault(jump, has_clock=True, evidence=(sees('2 months later', '1 months later'), connects_again(2))),
    'certificate': Fault(outlive_certificate, has_clock=True, wheres=('here', 'there'), in_suite=(),
                         error=('certificate',)),
    'address': Fault(change_address, short=(2,), full=(2, 60), network={}, by_login=True,
                     evidence=(sees('time without address'), connects_again(), returns)),
}


BY_LOGIN = 'prosody-by-login'  # it resumes no streams
DEAF = 'prosody-deaf'          # it resumes streams that broke within a stanza, and hears nothing then

# All runs share the accounts, so each account has many sessions.
MANY_SESSIONS = {'smacks_max_hibernated_sessions': 1000, 'smacks_max_old_sessions': 1000}
SERVERS = {
    'prosody': lambda: prosody.Prosody(modules=('smacks',), settings=MANY_SESSIONS),
    DEAF: lambda: prosody.Prosody(modules=('smacks',), repaired=False, settings=MANY_SESSIONS),
    BY_LOGIN: prosody.Prosody,
    # The package sets a limit of ten sessions for an account.
    'ejabberd': lambda: ejabberd.Ejabberd(shaper=False, change=lambda text: text.replace(
        'max_user_sessions: 10', 'max_user_sessions: 1000')),
}


class Source:
    """Bytes that a thread writes to a pipe."""

    def __init__(self, pipe):
        self._pipe = pipe
        self._written = 0
        self._digest = hashlib.sha256()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        try:
            for data in self._pieces():
                self._pipe.write(data)
                self._pipe.flush()
                self._digest.update(data)
                self._written += len(data)
            self._pipe.close()
        except OSError:
            pass  # its program has failed, and says so

    def sha256(self):
        """The hash of all bytes that were written."""
        self._thread.join()
        return self._digest.hexdigest()


class Trickle(Source):
    """One at a time."""

    def _pieces(self):
        while not self._over.wait(TRICKLE_GAP):
            yield bytes([self._written % 251])

    def end(self):
        after = self._written + TRICKLE_AFTER
        wait_until(lambda: self._written >= after or not self._thread.is_alive(), PATIENCE, 'trickle')
        self._over.set()


class Bulk(Source):
    """As many as the pipe takes, until the fault is over."""

    def _pieces(self):
        dice = random.Random(0)
        while self._written < BULK_LEAST or not self._over.is_set():
            yield dice.randbytes(16384)

    def end(self):
        self._over.set()


class End:
    """The sender or the receiver of a run, and its way to the server."""

    def __init__(self, run, name, fault):
        self.name = name
        self._account = Account(run.server, name)
        # On a busy machine a new login may take longer than the command waits for it.
        self._options = [] if run.is_full else ['--resume-timeout', str(PATIENCE)]
        self._resource = run.resource
        self.resumes = run.server_name != BY_LOGIN
        self._clock = run.folder / f'clock of {name}' if fault and fault.has_clock else None
        self.network = PrivateNetwork(**fault.network) if fault and fault.network is not None else None
        make = fault.proxy if fault else CutProxy
        self.proxy = make(run.server.port, rate=run.rate, listener=self.network and self.network.listener)
        self.program = None
        self.seen = collections.Counter()  # evidence of the fault
        self.connections = 0               # before the fault
        if self._clock and CLOCK not in os.environ:
            raise cases.Skip(f'{CLOCK} is not set: meson devenv does so')

    def set_clock(self, offset):
        """Seconds that are added to the time of day of its program."""
        with open(self._clock, 'r+b') as file:
            file.write(struct.pack('q', offset))

    def read_clock(self):
        """The offset that its program has last used."""
        with open(self._clock, 'rb') as file:
            return struct.unpack('3q', file.read())[1]

    def count(self, kind):
        return sum(event['event'] == kind for event in self.program.events())

    def start(self, command, *arguments, resource=None, **options):
        """A program of this end."""
        env = None
        if self._clock:
            with open(self._clock, 'wb') as file:
                file.write(struct.pack('3q', MONTH, 0, 0))
            env = {'IBB_TEST_WALL_CLOCK': self._clock, 'LD_PRELOAD': os.environ[CLOCK]}
        account = self._account.options(resource=resource or self._resource, port=self.proxy.port,
                                        host=self.network and self.network.host)
        return self._account.ibb(command, *arguments, account=account + self._options, env=env,
                                 prepare=self.network and self.network.prepare, **options)

    def start_ready(self, *arguments, **options):
        """A program of this end that waits for sessions."""
        return start_until_online(lambda: self.start(*arguments, **options),
                                  lambda program: any(line.startswith('ready ') for line in program.lines))


class FileTransfer:
    """A file from send to receive."""

    name = 'file'

    def __init__(self, run):
        self._source = run.source
        self._copy = run.folder / 'copy'
        here, there = run.here, run.there
        there.program = there.start_ready('receive', '--json', '--output', self._copy, '--from', 'any')
        self.programs = [there.program]
        if run.fault.error and not run.fault.strike and there in run.struck:
            return  # it does not get ready
        jid = there.program.wait_ready()
        here.program = start_until_online(
            lambda: here.start('send', '--json', run.source, jid),
            lambda program: any(event['event'] == 'opened' for event in program.events()))
        self.programs.append(here.program)

    def has_begun(self):
        return any(event['event'] == 'progress' and event['bytes'] >= BEGUN
                   for event in self.programs[0].events())

    def has_ended(self):
        return any(has_ended(program) for program in self.programs)

    def result(self, deadline):
        """None, or what is wrong."""
        for program in self.programs:
            code = program.finish(max(deadline - time.monotonic(), 1))
            if code != 0 or program.errors():
                return f'{program.name} ended with {code}: {program.lines} {program.events()[-5:]}'
        equal = sha256(self._copy) == sha256(self._source)
        os.remove(self._copy)
        return None if equal else 'the files differ'

    def told(self):
        """Which events of the network the programs reported."""
        for program in self.programs:
            kinds = collections.Counter(event['event'] for event in program.events())
            for kind in ('ready', 'opened', 'progress', 'done'):
                kinds.pop(kind, None)
            yield f'{program.name}: ' + (', '.join(f'{n} {kind}' for kind, n in kinds.items()) or 'nothing')


class PipeTransfer:
    """Bytes that are written to one program and come out of another one."""

    def __init__(self, run, name):
        self.name = name
        self._source = None
        kind, pace = name.split()
        self._copy = run.folder / name
        self._least = BEGUN if pace == 'bulk' else 2
        resource = f'{run.resource}-{kind}-{pace}'
        here, there = run.here, run.there
        with open(self._copy, 'wb') as output:
            if kind == 'forward':
                to = f'{cases.LOOPBACK}:{run.sshd.port}'
                receiver = there.start_ready('expose', '--to', to, '--from', 'any', resource=resource)
            else:
                command = ('receive', '--output', '-') if kind == 'send' else ('listen',)
                receiver = there.start_ready(*command, '--from', 'any', resource=resource, stdout=output)
        self.programs = [receiver]
        jid = receiver.wait_ready()
        self._is_tunnel = kind == 'forward'
        if self._is_tunnel:
            forward = here.start_ready('forward', '--json', '--listen', cases.FREE_PORT, jid, resource=resource)
            self.programs.append(forward)
            port = forward.wait_event('ready')['port']
            self._sender = self._feed(pace, run.sshd.ssh(port, f'cat > {shlex.quote(self._copy)}',
                                                         stdin=subprocess.PIPE))
        else:
            command = ('send', '-') if kind == 'send' else ('cat',)
            self._sender = start_until_online(
                lambda: self._feed(pace, here.start(*command, jid, resource=resource, stdin=subprocess.PIPE)),
                lambda program: self.has_begun())

    def _feed(self, pace, sender):
        self._source = (Bulk if pace == 'bulk' else Trickle)(sender.stdin)
        return sender

    def has_begun(self):
        return os.path.getsize(self._copy) >= self._least

    def has_ended(self):
        return any(has_ended(program) for program in [self._sender, *self.programs])

    def end(self):
        self._source.end()

    def result(self, deadline):
        """None, or what is wrong."""
        for program in [self._sender] + ([] if self._is_tunnel else self.programs):
            code = program.finish(max(deadline - time.monotonic(), 1))
            if code != 0:
                return f'{program.name} ended with {code}: {program.lines}'
        return None if sha256(self._copy) == self._source.sha256() else 'the bytes differ'

    def told(self):
        return ()


class Run:
    """One fault at one place, beside one server, and the transfers that meet it."""

    def __init__(self, number, fault_name, where, server_name, seconds, options):
        self.fault = FAULTS[fault_name]
        self.title = f'{server_name}, {fault_name} {where}' + (f', {seconds} s' if seconds else '')
        self.resource = f'run-{number}'
        self.rate = 0 if options.full else RATE
        self.pipes = self.fault.pipes if options.pipes else ()
        self.is_over = threading.Event()
        self.failures = []
        self.told = []
        self.skipped = None
        self._where = where
        self.server_name = server_name
        self._seconds = seconds
        self.is_full = options.full
        self._size = min(int(options.size * MIB), self.fault.most[options.full])
        self.server = self.folder = self.source = self.sshd = self.here = self.there = None
        self.struck = ()
        self.witnesses = ()  # the ends that show evidence of the fault

    def run_safely(self, servers):
        try:
            if self._where == 'server':
                with SERVERS[self.server_name]() as server:
                    self._run(server)
            else:
                self._run(servers[self.server_name])
        except cases.Skip as reason:
            self.skipped = str(reason)
        except AssertionError as error:
            self.failures.append(str(error))
        except Exception:  # pylint: disable=broad-except
            self.failures.append(traceback.format_exc())

    def _run(self, server):
        self.server = server
        self.folder = Folder()
        self.source = self.folder.make('original', self._size)
        self.here = End(self, 'alice', self.fault if self._where in ('here', 'both') else None)
        self.there = End(self, 'bob', self.fault if self._where in ('there', 'both') else None)
        self.struck = [end for end, where in ((self.here, 'here'), (self.there, 'there'))
                       if self._where in (where, 'both')]
        self.witnesses = self.struck or [self.here, self.there]
        if self.pipes:
            self.sshd = Sshd()
        # These go on until they are told to end; the file does not.
        pipes = [PipeTransfer(self, name) for name in self.pipes]
        wait_until(lambda: all(one.has_begun() or one.has_ended() for one in pipes), PATIENCE, 'begin')
        file = FileTransfer(self)
        begin = time.monotonic()
        if self.fault.strike:
            self._strike(file)
        for one in pipes:
            one.end()
        if self.fault.error:
            self._expect_failure(file)
        else:
            self._expect_equal(pipes + [file])
            self.told.append(f'{self._size / MIB:g} MiB in {time.monotonic() - begin:.1f} s')
            self._expect_evidence()
        os.remove(self.source)

    def _strike(self, file):
        wait_until(lambda: file.has_begun() or file.has_ended(), PATIENCE, 'begin')
        if file.has_ended():
            raise AssertionError(file.result(time.monotonic() + PATIENCE) or 'the file was too fast')
        threading.Thread(target=self._watch, args=(file,), daemon=True).start()
        for end in self.witnesses:
            end.connections = end.proxy.connections
        self.fault.strike(self, self.witnesses, self._seconds)

    def _watch(self, file):
        wait_until(file.has_ended, 86400, 'end')
        self.is_over.set()

    def _expect_equal(self, transfers):
        deadline = time.monotonic() + PATIENCE + self._size / 10000
        for one in transfers:
            failure = one.result(deadline)
            if failure:
                self.failures.append(f'{one.name}: {failure}')
            self.told += one.told()

    def _expect_evidence(self):
        for end in self.witnesses:
            missing = [what for look in self.fault.evidence for what in look(end)]
            self.told.append(f'evidence at {end.name}: ' + ', '.join(f'{name} {n:g}' for name, n in end.seen.items()))
            if missing:
                self.failures.append(f'no evidence of the fault at {end.name}: no ' + ', no '.join(missing))

    def _expect_failure(self, file):
        """The struck end fails, a first login soon. The other one waits, and is told to end."""
        for end in self.struck:
            begin = time.monotonic()
            code = end.program.finish(PATIENCE if self.fault.strike else cases.PATIENCE)
            cases.check(code == 1 and len(end.program.errors()) == 1 and
                        all(word in end.program.errors()[0] for word in self.fault.error),
                        f'{end.program.name} ended with {code}: {end.program.lines} {end.program.events()[-5:]}')
            self.told.append(f'after {time.monotonic() - begin:.1f} s: {end.program.errors()[0]}')
        for program in file.programs:
            if not has_ended(program):
                program.stop(-signal.SIGTERM)


def choose_servers(options, number, where):
    """Without arguments both where the server has the fault, else one of them by turns."""
    if options.servers:
        return options.servers.split(',')
    both = ('prosody', 'ejabberd')
    return both if options.full or where == 'server' else both[number % 2:][:1]


def make_runs(options):
    names = options.faults.split(',')
    for number, name in enumerate(names):
        fault = FAULTS[name]
        wheres = options.where.split(',') if options.where else fault.wheres if options.full else fault.in_suite
        seconds = fault.full if options.full else fault.short
        if options.seconds and fault.short != (0,):
            seconds = [float(one) for one in options.seconds.split(',')]
        for where in wheres:
            for server in choose_servers(options, number, where) if where in fault.wheres else ():
                for one in seconds:
                    yield name, where, server, one
            if fault.by_login and not options.full and not options.where:
                yield name, where, BY_LOGIN, seconds[-1]


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--list', action='store_true', help='print the faults')
    parser.add_argument('--faults', default=','.join(FAULTS))
    parser.add_argument('--servers', help='prosody, ejabberd, prosody-by-login, prosody-deaf')
    parser.add_argument('--where', help='here, there, both, server')
    parser.add_argument('--size', type=float, help='MiB (default: 0.5; 256 with --full)')
    parser.add_argument('--full', action='store_true', help='as long as they have to be survived')
    parser.add_argument('--seconds', help='in place of those of the faults')
    parser.add_argument('--pipes', action='store_true', help='also with --full: cat, listen, forward, expose')
    options = parser.parse_args()
    if options.size is None:
        options.size = 256 if options.full else 0.5
    options.pipes = options.pipes or not options.full
    return options


def report(number, run):
    """Whether it has passed."""
    for line in run.told + run.failures:
        print('# ' + line.rstrip().replace('\n', '\n# '))
    reason = f' # SKIP {run.skipped}' if run.skipped else ''
    print(f"{'not ok' if run.failures else 'ok'} {number} - {run.title}{reason}", flush=True)
    return not run.failures


def main():
    options = parse_options()
    if options.list:
        for name, fault in FAULTS.items():
            print(f'{name:16} {fault.title}')
        return
    runs = [Run(number, *one, options) for number, one in enumerate(make_runs(options), 1)]
    free = threading.Semaphore(1 if options.full else 12)
    has_passed = True
    with contextlib.ExitStack() as stack:
        # In this thread, because a server ends with the thread that has started it.
        servers = {name: stack.enter_context(SERVERS[name]()) for name in {one.server_name for one in runs}}

        def run(one):
            with free:
                one.run_safely(servers)

        print(f'1..{len(runs)}', flush=True)
        threads = [threading.Thread(target=run, args=(one,)) for one in runs]
        for thread in threads:
            thread.start()
        for number, (one, thread) in enumerate(zip(runs, threads), 1):
            thread.join()
            has_passed = report(number, one) and has_passed
        cases.clean_up()
    sys.exit(0 if has_passed else 1)


if __name__ == '__main__':
    main()
