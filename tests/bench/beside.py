# SPDX-License-Identifier: LGPL-2.1-or-later
"""What others on a connection notice of bulk sessions.

A person who chats, and a session in which single bytes go there and back, beside bulk
sessions and, for comparison, without them. compare.py calls this.
"""

import contextlib
import json
import math
import os
import signal
import statistics
import subprocess

import cases
import prosody

INTRODUCTION = """# Beside bulk sessions

Times in ms: p50 and p99 of each run; of these the median of all runs, and the range. A chat
message is a ping to our own server, and its time that until the answer. The first one of a
run, which finds no chat before it, stands apart. A byte goes to the peer and back.

"""
MIB = 1024 * 1024
PATIENCE = 600


def start_receiver(server, stack, *arguments, prepare=None):
    process = stack.enter_context(subprocess.Popen(
        (os.environ['IBB_TEST_BESIDE'], '--receive', *arguments), stdout=subprocess.PIPE, text=True,
        env={**os.environ, **server.environment},
        preexec_fn=prosody.die_with_parent(signal.SIGKILL, prepare)))
    stack.callback(process.kill)
    cases.check_equal(process.stdout.readline(), 'ready\n', 'the receiver')


def run(server, prepare, arguments):
    """Runs the program as the sender and returns its report. prepare: preexec_fn, or None."""
    output = subprocess.run((os.environ['IBB_TEST_BESIDE'], *map(str, arguments)),
                            stdout=subprocess.PIPE, text=True, check=True, timeout=PATIENCE,
                            preexec_fn=prepare, env={**os.environ, **server.environment}).stdout
    return json.loads(output)


class Load:
    """One run of the program: the number of bulk sessions, and the ms between two chat messages and
    between two bytes."""

    def __init__(self, name, paths, quick_paths, bulk=0, chat=0, byte=0, warm_up=1, seconds=2,
                 full_seconds=20):
        self.name = name
        self.paths = paths
        self.quick_paths = quick_paths
        self._arguments = {'--bulk': bulk, '--chat': chat, '--byte': byte, '--warm-up': warm_up}
        self._seconds = {False: seconds, True: full_seconds}

    def run(self, server, prepare, full):
        arguments = {**self._arguments, '--seconds': self._seconds[full]}
        with contextlib.ExitStack() as stack:
            start_receiver(server, stack)
            return run(server, prepare, [part for pair in arguments.items() for part in pair])


NEAR, FAR, LIMITED = 'Prosody, near', 'Prosody, 100 ms', 'Prosody with its stock limit'
AWAY = ('Prosody, 20 ms there and back', FAR, 'Prosody, 300 ms')
EJABBERD = 'ejabberd, near'
LOADS = (
    Load('a byte each 30 ms', (NEAR, EJABBERD), (NEAR,), byte=30),
    Load('the same, ten bulk sessions', (NEAR, EJABBERD), (NEAR,), bulk=10, byte=30),
    # Measured once the path is found.
    Load('a byte each 30 ms', AWAY, (), byte=30),
    Load('the same, ten bulk sessions', AWAY, (), bulk=10, byte=30, warm_up=8),
    Load('one bulk session', (NEAR, FAR), (NEAR,), bulk=1),
    Load('the same, a chat message each 50 ms', (NEAR, FAR), (NEAR,), bulk=1, chat=50),
    # As long as it takes to find the path.
    Load('one bulk session', (LIMITED,), (), bulk=1, warm_up=12, full_seconds=60),
    Load('the same, a chat message each second', (LIMITED,), (LIMITED,), bulk=1, chat=1000,
         warm_up=12, seconds=10, full_seconds=60),
)


def percentile(times, share):
    return sorted(times)[max(0, math.ceil(share * len(times)) - 1)]


def summarize(report):
    """The figures of one run, by their names."""
    figures = {'goodput': [report['bytes'] / MIB / report['seconds']]}
    kinds = {'first chat message': report['chat'][:1], 'chat message': report['chat'][1:],
             'byte there and back': report['byte']}
    figures.update((kind, [percentile(times, 0.5), percentile(times, 0.99)])
                   for kind, times in kinds.items() if times)
    return figures


def measure(path, rounds, full, builds):
    """A list of what others noticed of each load, on that path, with each build. builds: for the
    beginning of a name, a function that returns a context in which the build is used."""
    loads = [(load, name, use) for load in LOADS for name, use in builds.items()
             if path.name in (load.paths if full else load.quick_paths)]
    results = [{'path': path.name, 'name': name + load.name, 'runs': []} for load, name, _ in loads]
    if loads:
        with path.open() as (server, place):
            for _ in range(rounds):
                for (load, _, use), result in zip(loads, results):
                    with use():
                        report = load.run(server, place.prepare, full)
                    result['runs'].append(summarize(report))
    return results


def describe(values):
    """The median, and the range."""
    return f'{statistics.median(values):.3g} | {min(values):.3g} to {max(values):.3g}'


def rows(result):
    """A row for each kind of times."""
    runs = result['runs']
    start = f"| {result['name']} | {describe([run['goodput'][0] for run in runs])}"
    kinds = [kind for kind in runs[0] if kind != 'goodput']
    lines = [' | '.join([start, kind] + [describe([run[kind][i] for run in runs]) for i in (0, 1)])
             for kind in kinds]
    return [line + ' |' for line in lines or [start + ' | | | | |']]


def tables(results):
    """Markdown."""
    lines = []
    for name in dict.fromkeys(result['path'] for result in results):
        lines += [f'## {name}', '', '| | bulk, MiB/s | range | what | p50 | range | p99 | range |',
                  '| --- | --- | --- | --- | --- | --- | --- | --- |']
        for result in (result for result in results if result['path'] == name):
            lines += rows(result)
        lines.append('')
    return '\n'.join(lines)
