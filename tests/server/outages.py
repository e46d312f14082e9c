#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-27, D-42: transfers survive a network or a server that is away for a while.

    outages.py [--seconds 20,60,180] [--servers prosody,ejabberd]
               [--where here,there,server] [--runs N] [--bulk MIB]
               [--rate BYTES] [--together N]

Each outage has a server of its own and N transfers of each kind at the same time:
send and receive, cat and listen, and ssh through forward and expose; each in bulk,
and a byte each half second. here and there are the networks of the two ends, which
carry nothing any more, and say so to nobody; server stands still. Prints a TAP line
for each outage, and how many of the transfers gave equal files.

Without arguments it is 20 seconds, one transfer of each kind, all six outages at
once; doc/testing.md says when more is due.
"""

import argparse
import hashlib
import os
import random
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import traceback

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
import ejabberd
import prosody
from command import Account, Folder, sha256
from cut_proxy import CutProxy
from sshd import Sshd

MIB = 1 << 20
RATE = 100000          # bytes per second of each connection, so that bulk takes a while; --rate
TRICKLE_GAP = 0.5      # seconds
TRICKLE_AFTER = 20     # bytes that follow the outage
BEGUN = {'bulk': 65536, 'trickle': 2}
PATIENCE = 900         # seconds, after the outage


class ManySessions(ejabberd.Ejabberd):
    """Without the stock limit of ten sessions for an account."""

    def _write_configuration(self):
        super()._write_configuration()
        path = self._path('ejabberd.yml')
        with open(path, encoding='utf-8') as file:
            text = file.read()
        with open(path, 'w', encoding='utf-8') as file:
            file.write(re.sub(r'max_user_sessions: 10', 'max_user_sessions: 1000', text))


SERVERS = {
    'prosody': lambda: prosody.Prosody(modules=('smacks',)),
    'ejabberd': lambda: ManySessions(shaper=False),
}


class Trickle:
    """Bytes that are written to several pipes, one at a time."""

    def __init__(self):
        self.written = b''
        self._pipes = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def add(self, pipe):
        self._pipes.append(pipe)

    def start(self):
        self._thread.start()

    def _run(self):
        number = 0
        while not self._over.wait(TRICKLE_GAP):
            byte = bytes([number % 251])
            number += 1
            with self._lock:
                self.written += byte
            for pipe in self._pipes:
                try:
                    pipe.write(byte)
                    pipe.flush()
                except OSError:
                    pass  # its program has failed, and says so

    def end(self):
        self._over.set()
        self._thread.join()
        for pipe in self._pipes:
            try:
                pipe.close()
            except OSError:
                pass


class Bulk:
    """Bytes that are written to one pipe as fast as it takes them, for as long as the
    outage may still come or lasts."""

    def __init__(self, least, pipe):
        self._least = least
        self._pipe = pipe
        self._digest = hashlib.sha256()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        dice = random.Random(0)
        written = 0
        try:
            while written < self._least or not self._over.is_set():
                data = dice.randbytes(16384)
                self._pipe.write(data)
                self._digest.update(data)
                written += len(data)
            self._pipe.close()
        except OSError:
            pass  # its program has failed, and says so

    def end(self):
        self._over.set()

    def sha256(self):
        """Of all that was written."""
        self._thread.join()
        return self._digest.hexdigest()


class Transfer:
    """One file or pipe on its way."""

    def __init__(self, outage, kind, pace, number):
        self.name = f'{kind} {pace} {number}'
        self.pace = pace
        self.copy = outage.folder / self.name.replace(' ', '-')
        self.programs = []
        resource = self.name.replace(' ', '-')
        alice, bob = Account(outage.server, 'alice'), Account(outage.server, 'bob')
        here = alice.options(resource=resource, port=outage.here.port)
        there = bob.options(resource=resource, port=outage.there.port)
        output = open(self.copy, 'wb')
        if kind == 'send':
            receiver = bob.ibb('receive', '--output', '-', '--from', 'any', account=there,
                               stdout=output)
            self.programs = [receiver]
            sender = alice.ibb('send', '-', receiver.wait_ready(), account=here, stdin=subprocess.PIPE)
        elif kind == 'cat':
            receiver = bob.ibb('listen', '--from', 'any', account=there, stdout=output)
            self.programs = [receiver]
            sender = alice.ibb('cat', receiver.wait_ready(), account=here, stdin=subprocess.PIPE)
        else:
            expose = bob.ibb('expose', '--to', f'127.0.0.1:{outage.sshd.port}', '--from', 'any',
                             account=there)
            forward = alice.ibb('forward', '--json', '--listen', '0', expose.wait_ready(),
                                account=here)
            sender = outage.sshd.ssh(forward.wait_event('ready')['port'],
                                     f'cat > {shlex.quote(self.copy)}', stdin=subprocess.PIPE)
        self.programs.append(sender)
        output.close()
        if pace == 'bulk':
            self.bulk = Bulk(outage.size, sender.stdin)
        else:
            outage.trickle.add(sender.stdin)

    def has_begun(self):
        return os.path.getsize(self.copy) >= BEGUN[self.pace]

    def result(self, outage, deadline):
        """None, or what went wrong."""
        for program in self.programs:
            try:
                code = program.finish(max(deadline - time.monotonic(), 1))
            except AssertionError as error:
                return str(error)
            if code != 0:
                return f'{program.name} ended with {code}: {program.lines}'
        if self.pace == 'bulk':
            return None if sha256(self.copy) == self.bulk.sha256() else 'the files differ'
        with open(self.copy, 'rb') as file:
            have = file.read()
        return None if have == outage.trickle.written else f'the bytes differ: {len(have)}'


def wait_until(condition, patience, what):
    over = threading.Event()
    deadline = time.monotonic() + patience
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f'no {what}')
        over.wait(0.1)


class Outage:
    """A server, the transfers through it, and the time for which something is away."""

    def __init__(self, name, seconds, where, options):
        self.title = f'{name}, {where} away for {seconds} s'
        self.name = name
        self.seconds = seconds
        self.where = where
        self.runs = options.runs
        self.size = options.bulk * MIB
        self.rate = options.rate
        self.failures = []
        self.count = 0
        self.equal = 0

    def run(self):
        with SERVERS[self.name]() as self.server:
            self.folder = Folder()
            self.here = CutProxy(self.server.port, rate=self.rate)
            self.there = CutProxy(self.server.port, rate=self.rate)
            self.sshd = Sshd()
            self.trickle = Trickle()
            transfers = []
            for pace in ('trickle', 'bulk'):
                for kind in ('send', 'cat', 'forward'):
                    for number in range(self.runs):
                        transfers.append(Transfer(self, kind, pace, number))
                if pace == 'trickle':
                    self.trickle.start()
            self.count = len(transfers)
            wait_until(lambda: all(one.has_begun() for one in transfers), 300, 'begin')
            self._be_away()
            for one in transfers:
                if one.pace == 'bulk':
                    one.bulk.end()
            after = len(self.trickle.written) + TRICKLE_AFTER
            wait_until(lambda: len(self.trickle.written) >= after, 120, 'trickle')
            self.trickle.end()
            deadline = time.monotonic() + PATIENCE
            for one in transfers:
                failure = one.result(self, deadline)
                if failure:
                    self.failures.append(f'{one.name}: {failure}')
                else:
                    self.equal += 1

    def _be_away(self):
        away = threading.Event()
        if self.where == 'server':
            os.kill(self.server.pid, signal.SIGSTOP)
            away.wait(self.seconds)
            os.kill(self.server.pid, signal.SIGCONT)
        else:
            proxy = self.here if self.where == 'here' else self.there
            proxy.begin_hole()
            away.wait(self.seconds)
            proxy.end_hole()

    def run_safely(self):
        try:
            self.run()
        except Exception:  # pylint: disable=broad-except
            self.failures.append(traceback.format_exc())


def main():
    parser = argparse.ArgumentParser(description=__doc__.split('\n', maxsplit=1)[0])
    parser.add_argument('--seconds', default='20')
    parser.add_argument('--servers', default='prosody,ejabberd')
    parser.add_argument('--where', default='here,there,server')
    parser.add_argument('--runs', type=int, default=1)
    parser.add_argument('--bulk', type=int, default=1, help='MiB at least')
    parser.add_argument('--rate', type=int, default=RATE, help='bytes per second')
    parser.add_argument('--together', type=int, default=6)
    options = parser.parse_args()
    outages = [Outage(name, int(seconds), where, options)
               for seconds in options.seconds.split(',')
               for name in options.servers.split(',')
               for where in options.where.split(',')]
    free = threading.Semaphore(options.together)

    def run(outage):
        with free:
            outage.run_safely()

    print(f'1..{len(outages)}', flush=True)
    threads = [threading.Thread(target=run, args=(outage,)) for outage in outages]
    for thread in threads:
        thread.start()
    failed = False
    for number, (outage, thread) in enumerate(zip(outages, threads), 1):
        thread.join()
        for failure in outage.failures:
            print('# ' + failure.rstrip().replace('\n', '\n# '))
        word = 'not ok' if outage.failures else 'ok'
        failed = failed or bool(outage.failures)
        print(f'{word} {number} - {outage.title}: '
              f'{outage.equal} of {outage.count}', flush=True)
    cases.clean_up()
    sys.exit(1 if failed else 0)


if __name__ == '__main__':
    main()
