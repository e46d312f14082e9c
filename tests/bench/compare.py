# SPDX-License-Identifier: LGPL-2.1-or-later
"""How much ibb-glib, other libraries and a raw client carry through real servers, what others
on the connection notice of it (beside.py), and what several peers leave each other (peers.py).

    meson test -C build --benchmark compare          the quick form, some minutes
    compare.py --full --page FILE         in meson devenv -C build
    compare.py --full --against OTHER-BUILD           this build and an older one

Everything is measured in turns within one run, because only ratios of one run say
something: the machine, its load and the server are the same. The raw client is the
ceiling: it encodes one block once, decodes nothing and does not encrypt.
"""

import argparse
import contextlib
import functools
import glob
import os
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import unittest.mock

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', folder)
                for folder in ('lib', 'interop')]
import beside  # noqa: E402
import cases  # noqa: E402
import other_end  # noqa: E402
import peers  # noqa: E402
import prosody  # noqa: E402
from paths import PATHS  # noqa: E402

# Of the page.
INTRODUCTION = """# Comparison

Blocks of 4096 bytes, but for ibb-glib, which finds their length; measured in turns, in one
run. Each transfer is measured from its beginning. Unless all have the same size, each takes about
as long as the others on its path. On a long path the beginning counts: ibb-glib starts each
transfer with one block in flight and finds its window, which the raw client is told.

"""
MIB = 1024 * 1024
BLOCK = 4096
FIRST_SIZE = 16 * BLOCK
MAX_SIZE = 64 * MIB
PATIENCE = 600
OTHER_BUILD, THIS_BUILD = 'other build', 'this build'


def cpu_seconds(*pids):
    """The exact time of all threads that run; /proc/PID/stat counts in steps of 10 ms."""
    total = 0
    for pid in pids:
        for path in glob.glob(f'/proc/{pid}/task/*/schedstat'):
            with open(path, encoding='ascii') as file:
                total += int(file.read().split()[0])
    return total / 1e9


def cpu_seconds_of_children():
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def use_build(folder):
    """A context in which the programs of the tests and the library are those of that build.
    folder: None for this one."""
    changed = {}
    if folder:
        changed = {'IBB_TEST_BESIDE': os.path.join(folder, 'tests/bench/bench-beside'),
                   'LD_LIBRARY_PATH': os.path.join(folder, 'ibb-glib')}
    return unittest.mock.patch.dict(os.environ, changed)


class Ours:
    """arguments: of the program at both ends, each of which is a process of its own, as a command is."""

    def __init__(self, name, build=None, arguments=()):
        self.name = name
        self._build = build
        self._arguments = arguments

    def start(self, server, prepare):
        self._server = server
        self._prepare = prepare

    def transfer(self, size):
        """Seconds, and those of CPU at both ends."""
        before = cpu_seconds_of_children()
        with use_build(self._build), contextlib.ExitStack() as stack:
            beside.start_receiver(self._server, stack, *self._arguments)
            seconds = beside.run(self._server, self._prepare, (*self._arguments, '--size', size))
        return seconds, cpu_seconds_of_children() - before

    def stop(self):
        pass


class Raw:
    """window: in blocks; 0: none."""

    def __init__(self, window):
        self.name = f'raw client, {window} blocks in flight' if window else 'raw client, no window'
        self._window = window

    def start(self, server, prepare):
        self._environment = {**os.environ, **server.environment}
        self._prepare = prepare
        self._port = server.plain_port

    def transfer(self, size):
        program = os.environ['IBB_TEST_RAW']
        with contextlib.ExitStack() as stack:
            before = cpu_seconds_of_children()
            receiver = stack.enter_context(subprocess.Popen(
                (program, '--receive'), stdout=subprocess.PIPE, text=True, env=self._environment,
                preexec_fn=prosody.die_with_parent(signal.SIGKILL)))
            stack.callback(receiver.kill)
            cases.check_equal(receiver.stdout.readline(), 'ready\n', 'the receiver')
            output = subprocess.run(
                (program, '--size', str(size), '--window', str(self._window),
                 '--port', str(self._port)),
                stdout=subprocess.PIPE, text=True, env=self._environment, check=True,
                timeout=PATIENCE, preexec_fn=self._prepare).stdout
            cases.check_equal(receiver.wait(PATIENCE), 0, 'exit status of the receiver')
        return float(output), cpu_seconds_of_children() - before

    def stop(self):
        pass


class Library:
    """Two processes (tests/interop/peer.py, peer.cpp), which stay for all transfers."""

    def __init__(self, name):
        self.name = self._library = name
        self._number = 0

    def start(self, server, prepare):
        self._receiver = other_end.Peer(server, self._library)
        self._sender = other_end.Peer(server, self._library, account='alice', prepare=prepare)

    def _send(self, sid, size):
        raise NotImplementedError

    def transfer(self, size):
        self._number += 1
        sid = f'compare{self._number}'
        pids = (self._sender.pid, self._receiver.pid)
        cpu = cpu_seconds(*pids)
        begin, sending = self._send(sid, size)
        report = self._receiver.start('report', sid=sid).result(PATIENCE)
        sending.result(PATIENCE)
        seconds = time.monotonic() - begin
        cases.check_equal(report['received'], size, f'{self.name}: bytes')
        return seconds, cpu_seconds(*pids) - cpu

    def stop(self):
        self._sender.kill()
        self._receiver.kill()


class Streams(Library):
    """A client whose sessions are streams."""

    def start(self, server, prepare):
        super().start(server, prepare)
        self._receiver.call('accept')

    def _send(self, sid, size):
        self._sender.call('open', to=self._receiver.jid, sid=sid, block_size=BLOCK)
        return time.monotonic(), self._sender.start('send', sid=sid, size=size, seed=sid, close=True)


class Files(Library):
    """A client that sends files: its time has the offer in it."""

    def _send(self, sid, size):
        with tempfile.NamedTemporaryFile(delete=False) as file:
            file.write(os.urandom(size))
        cases.defer(lambda: os.unlink(file.name))
        return time.monotonic(), self._sender.start('send', to=self._receiver.jid, sid=sid,
                                                    path=file.name)


def contestants(names, against):
    """names: parts of the names of those that are wanted; empty: all. against: another build."""
    if against:
        return [Ours(OTHER_BUILD, against), Ours(THIS_BUILD)]
    found = [Raw(4), Raw(256), Raw(0), Ours('ibb-glib, no TLS', arguments=('--no-tls',)), Ours('ibb-glib')]
    found += [Streams('aioxmpp'), Streams('slixmpp')]
    # Those in C++ are built where the libraries are installed.
    found += [Files(name) for name in ('gloox', 'qxmpp') if f'IBB_PEER_{name.upper()}' in os.environ]
    return [one for one in found if not names or any(name in one.name for name in names)]


def find_size(one, seconds):
    """How much it carries in about so many seconds."""
    size = FIRST_SIZE
    for _ in range(3):
        took = one.transfer(size)[0]
        if took >= 0.8 * seconds:
            break
        size = min(MAX_SIZE, int(size * min(seconds / took, 30)) // BLOCK * BLOCK)
    return size


def measure(path, rounds, seconds, size, wanted):
    """A list of what each of those that are wanted reached. size: 0: what takes so long, the same
    for two builds."""
    results = []
    with path.open() as (server, place):
        started = []
        for one in wanted:
            one.start(server, place.prepare)
            own_size = size or find_size(one, seconds)
            if wanted[0].name == OTHER_BUILD:
                size = own_size
            started.append((one, own_size))
            results.append({'path': path.name, 'name': one.name, 'size': own_size,
                            'rates': [], 'cpu_seconds_per_gib': []})
        for _ in range(rounds):
            for (one, own_size), result in zip(started, results):
                took, cpu = one.transfer(own_size)
                result['rates'].append(own_size / MIB / took)
                result['cpu_seconds_per_gib'].append(cpu * 1024 * MIB / own_size)
        for one, _ in started:
            one.stop()
    return results


def find_ceiling(rows):
    """The highest rate of the raw clients; if none took part, of all."""
    raw = [row for row in rows if row['name'].startswith('raw')]
    return max(statistics.median(row['rates']) for row in raw or rows)


def tables(results, rounds):
    """Markdown."""
    lines = []
    for name in dict.fromkeys(result['path'] for result in results):
        rows = [result for result in results if result['path'] == name]
        ceiling = find_ceiling(rows)
        lines += [f'## {name}', '',
                  f'| | MiB/s, median of {rounds} | range | of the ceiling | CPU, s/GiB | bytes |',
                  '| --- | --- | --- | --- | --- | --- |']
        for row in rows:
            rate = statistics.median(row['rates'])
            lines.append(f"| {row['name']} | {rate:.3g} | {min(row['rates']):.3g} to "
                         f"{max(row['rates']):.3g} | {rate / ceiling:.2f} | "
                         f"{statistics.median(row['cpu_seconds_per_gib']):.1f} | {row['size']} |")
        if rows[0]['name'] == OTHER_BUILD:
            ratios = [new / old for old, new in zip(*(row['rates'] for row in rows))]
            lines += ['', f'This build of the other, median of the pairs: {statistics.median(ratios):.2f} '
                      f'({min(ratios):.2f} to {max(ratios):.2f}).']
        lines.append('')
    return '\n'.join(lines)


def store(options, rounds, results, others, shared):
    if options.page:
        with open(options.page, 'w', encoding='utf-8') as file:
            if results:
                file.write(INTRODUCTION + tables(results, rounds))
            if others:
                file.write(beside.INTRODUCTION + beside.tables(others))
            if shared:
                file.write(peers.INTRODUCTION + peers.tables(shared))


def find_paths(options):
    if options.only == 'peers':
        return []
    names = {path.name for path in PATHS}
    exact = names.intersection(options.path)
    parts = [text for text in options.path if text not in names]
    return [path for path in PATHS
            if not options.path or path.name in exact or any(text in path.name for text in parts)]


def measure_path(path, options, rounds, seconds):
    """What its contestants carried, and what others noticed."""
    found = noticed = []
    try:
        if options.only != 'beside' and (options.full or options.path or path.quick):
            found = measure(path, rounds, seconds, options.size * 1024,
                            contestants(options.name, options.against))
        if options.only != 'goodput':
            builds = {f'{OTHER_BUILD}, ': options.against, f'{THIS_BUILD}, ': None} if options.against else {'': None}
            noticed = beside.measure(path, rounds, options.full,
                                     {name: functools.partial(use_build, folder) for name, folder in builds.items()})
    except cases.Skip as reason:
        print(f'## {path.name}\n\nNot measured: {reason}\n', flush=True)
    return found, noticed


def main():
    parser = argparse.ArgumentParser(description='compares what libraries carry')
    parser.add_argument('--full', action='store_true', help='all paths, and longer')
    parser.add_argument('--path', action='append', default=[], metavar='TEXT',
                        help='only the path of this name, or those whose names have it; not for peers. '
                        'Without --full, beside has no long path')
    parser.add_argument('--name', action='append', default=[], metavar='TEXT',
                        help='only contestants whose name has this; with --only peers, only tests')
    parser.add_argument('--size', type=int, default=0, metavar='KIB', help='all the same size')
    parser.add_argument('--against', metavar='BUILD', help='only ibb-glib: this build, and that in another folder')
    parser.add_argument('--only', choices=('goodput', 'beside', 'peers'),
                        help='one of the three parts; peers is not in the quick form')
    parser.add_argument('--page', metavar='FILE', help='the tables, in Markdown')
    options = parser.parse_args()
    rounds = 5 if options.full else 3
    seconds = 4 if options.full else 1

    results, others, shared = [], [], []
    for path in find_paths(options):
        found, noticed = measure_path(path, options, rounds, seconds)
        results += found
        others += noticed
        if found or noticed:
            print(tables(found, rounds) + beside.tables(noticed), flush=True)
            # After each path, so that nothing is lost when a later one fails.
            store(options, rounds, results, others, [])
    if options.only == 'peers' or (options.full and not options.only and not options.path):
        for shared in peers.measure(rounds, options.name if options.only else []):
            print(peers.tables(shared), flush=True)
            store(options, rounds, results, others, shared)
    if not results and not others and not shared:
        parser.error('nothing to measure has such a path or name')


if __name__ == '__main__':
    main()
