#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs the tests of a build for hours, as they are, in random order, under circumstances that a quiet machine does not
have. tests/run.sh --soak builds first. doc/testing.md explains what is kept, and the tables at the end."""

import argparse
import collections
import contextlib
import glob
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import run

# How many tests one run of Meson has: enough that they meet each other.
PIECE = 16
# How many times the usual time a test may take: nothing is judged by it.
PATIENCE = 4 * run.PATIENCE
NOBODY = 65534
# Another soak may use the build.
LOGS = f'soak-{os.getpid()}'
SPACED = os.path.join('_build-soak', 'a path with spaces')
TIME_ZONE, LOCALE = 'Pacific/Chatham', 'tr_TR'
# The clock is set forward by so many seconds, once in so many. Not back, as certificates would not be valid yet.
CLOCK_STEP, CLOCK_PAUSE = 600, 3
SET_CLOCK = '''
import itertools, struct, sys, time
with open(sys.argv[1], 'r+b', buffering=0) as file:
    for offset in itertools.count(0, int(sys.argv[2])):
        file.seek(0)
        file.write(struct.pack('q', offset))
        time.sleep(int(sys.argv[3]))'''
NO_IPV4 = 'ip link set lo up && ip -4 address flush dev lo && mount --bind "$0" /etc/hosts && exec "$@"'
# 32 bits of milliseconds are 49.7 days.
LONG = str(50 * 24 * 60 * 60)


class Skip(Exception):
    """This machine cannot do that."""


class Piece:
    """One run of Meson: what stands before it, its environment, its build, and its user."""

    def __init__(self, number, folder, lot):
        self.folder = os.path.join(folder, str(number))
        self.temporary = os.path.join(self.folder, 'tmp')
        os.makedirs(self.temporary)
        self.lot = lot
        self.prefix = ()
        # What tests make stays, as they may fail.
        self.environment = {'TMPDIR': self.temporary, 'IBB_TEST_KEEP': '1',
                            'IBB_TEST_FUZZ_SEED': str(lot.randrange(1 << 31))}
        self.build = '_build'
        self.user = os.geteuid()
        self.left_out = {entry['name'] for entry in run.find_tests(self.build, (run.CHECKS_SUITE,))}
        self.beside = contextlib.ExitStack()

    def path(self, name, content=b''):
        """Makes a file."""
        path = os.path.join(self.folder, name)
        with open(path, 'wb') as file:
            file.write(content)
        os.chmod(path, 0o666)
        return path

    def start(self, *command):
        """A process that runs beside the tests."""
        # The kernel may share a processor among sessions, not among processes, and each test has a session of its own:
        # sixteen busy processes of one session would take no more from a test than a single one.
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
        self.beside.callback(process.wait)
        self.beside.callback(process.kill)

    def begin(self, *prefix, root=False):
        if not shutil.which(prefix[0]):
            raise Skip(f'{prefix[0]} is not installed')
        if root and os.geteuid() != 0:
            raise Skip('only root can do that')
        self.prefix = prefix

    def run(self, tests):
        """The cases of each test that failed."""
        logs = os.path.join(run.ROOT, self.build, 'meson-logs')
        command = (*self.prefix, 'meson', 'test', '-C', os.path.join(run.ROOT, self.build), '--no-rebuild',
                   '--num-processes', str(run.N_PROCESSES), '--timeout-multiplier', str(PATIENCE), '--logbase', LOGS,
                   *tests)
        environment = {**os.environ, **self.environment}
        self.path('environment', json.dumps({'command': command, 'environment': environment}, indent=1).encode())
        for path in (logs, self.temporary):
            os.makedirs(path, exist_ok=True)
            os.chown(path, self.user, -1)
        with open(self.path('output'), 'wb') as output:
            run.run(*command, env=environment, stdout=output, stderr=subprocess.STDOUT)
        os.chown(logs, os.geteuid(), -1)
        for name in (LOGS + '.json', LOGS + '.txt'):
            if os.path.exists(os.path.join(logs, name)):
                shutil.move(os.path.join(logs, name), self.folder)
        results = {}
        with contextlib.suppress(FileNotFoundError), open(os.path.join(self.folder, LOGS + '.json'), 'rb') as file:
            for result in map(json.loads, file):
                tally = run.Tally()
                tally.add_result('', result)
                results[result['name'].rsplit(' / ')[-1]] = [
                    note.split(result['name'], 1)[1].strip(' :') for note in tally.notes if note.startswith('FAILED')]
        return results or {'meson test': ['wrote no log']}


def be_busy(piece, count):
    for _ in range(count):
        piece.start('sh', '-c', 'while :; do :; done')


def be_idle(piece):
    be_busy(piece, os.cpu_count() or 1)
    piece.begin('chrt', '--idle', '0')


def use_one_core(piece):
    piece.begin('taskset', '--cpu-list', str(piece.lot.choice(sorted(os.sched_getaffinity(0)))))


def load(piece, module):
    path = f'tests/lib/lib{module}.so'
    run.run('ninja', '-C', piece.build, path, stdout=subprocess.DEVNULL)
    piece.environment['LD_PRELOAD'] = os.path.join(run.ROOT, piece.build, path)


def use_slow_disk(piece):
    # A device that is slow needs modules of the kernel, and a tracer hides from GLib how a process has ended.
    load(piece, 'slow-disk')


def be_elsewhere(piece):
    piece.begin('localedef', '-i', LOCALE, '-f', 'UTF-8', os.path.join(piece.folder, f'{LOCALE}.UTF-8'))
    if subprocess.run(piece.prefix, check=False).returncode or not os.path.exists(f'/usr/share/zoneinfo/{TIME_ZONE}'):
        raise Skip(f'{TIME_ZONE} or {LOCALE} is not installed')
    piece.prefix = ()
    piece.environment |= {'TZ': TIME_ZONE, 'LC_ALL': f'{LOCALE}.UTF-8', 'LOCPATH': piece.folder}


def set_clock(piece):
    # Not the clock of the machine: each program has a library that adds to the time.
    load(piece, 'fake-wall-clock')
    clock = piece.environment['IBB_TEST_WALL_CLOCK'] = piece.path('clock', bytes(24))
    piece.start(sys.executable, '-c', SET_CLOCK, clock, str(CLOCK_STEP), str(CLOCK_PAUSE))


def use_ipv6(piece):
    # Servers with several nodes, other projects' clients, and programs that play both ends have addresses of IPv4.
    piece.left_out |= {'two-nodes', 'two-servers', 'component-processes'}
    piece.left_out |= {entry['name'] for entry in run.find_tests(piece.build, ('client', 'interop'))}
    piece.left_out |= {entry['name'] for entry in run.find_tests(piece.build, run.SUITES)
                       if entry['name'].startswith('frozen')}
    piece.begin('unshare', '--net', '--mount', 'sh', '-c', NO_IPV4, piece.path('hosts', b'::1 localhost\n'), root=True)


def be_nobody(piece):
    piece.begin('setpriv', f'--reuid={NOBODY}', f'--regid={NOBODY}', '--clear-groups', root=True)
    if subprocess.run((*piece.prefix, 'test', '-r', os.path.join(run.ROOT, piece.build)), check=False).returncode:
        raise Skip(f'another user cannot read {run.ROOT}')
    # The keys that the build has made for its tests are its own user's.
    for kind in ('key', 'pem'):
        for path in glob.glob(os.path.join(run.ROOT, piece.build, 'tests', 'lib', f'*.{kind}')):
            os.chmod(path, 0o644)
    piece.user = NOBODY
    piece.environment['HOME'] = piece.temporary


def use_spaces(piece):
    source = os.path.join(run.ROOT, SPACED)
    # Links are followed: a copied one would be in the way of its next copy.
    shutil.copytree(run.ROOT, source, dirs_exist_ok=True, ignore=shutil.ignore_patterns('_build*', '.git'))
    piece.build = os.path.join(SPACED, '_build')
    if not run.build(piece.build, setup=(source,)):
        raise Skip('does not build there')


CIRCUMSTANCES = {
    'quiet': lambda piece: None,
    '4 busy processes': lambda piece: be_busy(piece, 4),
    '16 busy processes': lambda piece: be_busy(piece, 16),
    'one core': use_one_core,
    'SCHED_IDLE': be_idle,
    'slow disk': use_slow_disk,
    'time zone and locale': be_elsewhere,
    'clock that is set': set_clock,
    'up for 50 days': lambda piece: piece.begin('unshare', '--time', '--fork', '--monotonic', LONG, '--boottime', LONG,
                                                root=True),
    'IPv6 only': use_ipv6,
    'not root': be_nobody,
    'path with spaces': use_spaces,
}


class Soak:
    """What has run, and what came of it."""

    def __init__(self, suites, seed):
        self.suites = suites
        self.lot = random.Random(seed)
        self.folder = tempfile.mkdtemp(prefix='ibb-soak-')
        os.chmod(self.folder, 0o755)
        self.pieces = 0
        self.waiting = {}  # under each circumstance the tests of its present round
        self.ran = collections.Counter()  # (circumstance, test)
        self.failed = collections.Counter()  # (test, case, circumstance)
        self.totals = collections.defaultdict(lambda: [0, 0])  # of each circumstance: ran, failed
        self.skipped = {}
        print(f'seed {seed}; what fails is kept in {self.folder}', flush=True)

    def run_piece(self, name):
        piece = Piece(self.pieces, self.folder, self.lot)
        self.pieces += 1
        begin = time.monotonic()
        try:
            with piece.beside:
                CIRCUMSTANCES[name](piece)
                if not self.waiting.get(name):
                    tests = {entry['name'] for entry in run.find_tests(piece.build, self.suites)} - piece.left_out
                    self.waiting[name] = self.lot.sample(sorted(tests), len(tests))
                tests, self.waiting[name] = self.waiting[name][:PIECE], self.waiting[name][PIECE:]
                results = piece.run(tests)
        except Skip as reason:
            self.skipped[name], results = str(reason), {}
        for test, cases in results.items():
            self.ran[name, test] += 1
            self.totals[name][0] += 1
            self.totals[name][1] += bool(cases)
            self.failed.update((test, case, name) for case in cases)
            for case in cases:
                print(f'FAILED  {name}: {test} {case}: {piece.folder}', flush=True)
        print(f'{name}: {len(results)} tests, {time.monotonic() - begin:.0f} s', flush=True)
        if not any(results.values()):
            shutil.rmtree(piece.folder, ignore_errors=True)

    def show(self):
        print('\n| circumstance | tests that ran | of them failed |\n| --- | --- | --- |')
        for name in CIRCUMSTANCES:
            ran, failed = self.totals[name]
            print(f'| {name} | {ran} | {failed} |' if ran else
                  f'| {name} | none: {self.skipped.get(name, "not reached")} | |')
        if self.failed:
            print('\n| test | under | failed | of |\n| --- | --- | --- | --- |')
        for (test, case, name), count in sorted(self.failed.items()):
            print(f'| {test} {case} | {name} | {count} | {self.ran[name, test]} |')


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('suite', nargs='*', metavar='SUITE', default=run.SUITES)
    parser.add_argument('--hours', type=float, default=1)
    parser.add_argument('--seed', type=int, default=random.randrange(1 << 31))
    parser.add_argument('--under', action='append', choices=CIRCUMSTANCES, metavar='CIRCUMSTANCE',
                        help=', '.join(CIRCUMSTANCES))
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, run.end_at_signal)
    run.adopt()
    soak = Soak(options.suite, options.seed)
    end = time.monotonic() + 3600 * options.hours
    names = []
    try:
        while time.monotonic() < end and soak.skipped.keys() < set(options.under or CIRCUMSTANCES):
            if not names:
                names = [name for name in options.under or CIRCUMSTANCES if name not in soak.skipped]
                soak.lot.shuffle(names)
            soak.run_piece(names.pop())
    finally:
        run.end_all()
        soak.show()
    sys.exit(1 if soak.failed else 0)


if __name__ == '__main__':
    main()
