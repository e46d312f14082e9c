# SPDX-License-Identifier: LGPL-2.1-or-later
"""A reader that stops, through a real server: the writer stops, too, memory is
bounded at both ends and in the server, and other sessions go on (D-22, D-50).

Short by default, decided by counts. IBB_TEST_LONG=SECONDS keeps the reader still
for so long and prints the memory of the three processes."""

import contextlib
import json
import os
import re
import subprocess
import threading
import time

import cases
import ends
import prosody

SIZE = 24 * ends.MIB
# Enough to go round everything that is bounded; a busy machine has to carry it, too.
OTHER = (32 if 'IBB_TEST_LONG' in os.environ else 8) * ends.MIB
STALL_AFTER = ends.MIB
BUFFER = 256 * 1024
BLOCK = 4096
# In flight on one connection (D-50), and, beside its buffer, in the delayed acknowledgements
# of a receiver (D-23).
FLIGHT_MAX = 4 * ends.MIB
DELAYED_MAX = 4 * ends.MIB
# What a process may take beside: KiB.
MAX_MEMORY = 40 * 1024
SERVER_GROWTH = 32 * 1024

server = None


class End:
    def __init__(self, stack, *arguments):
        self.process = subprocess.Popen(
            (os.environ['IBB_TEST_TRANSFER_END'], '--control', '--block-size', str(BLOCK),
             '--buffer-size', str(BUFFER)) + arguments,
            env={**os.environ, **server.environment}, stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, text=True, bufsize=1)
        stack.callback(self.process.wait)
        stack.callback(self.process.kill)

    def line(self):
        line = self.process.stdout.readline()
        cases.check(line, f'exit {self.process.poll()}')
        return line

    def say(self, command):
        self.process.stdin.write(command + '\n')

    def ask(self, command):
        self.say(command)
        return json.loads(self.line())


def memory(pid, name='VmRSS'):
    """KiB."""
    with open(f'/proc/{pid}/status', encoding='ascii') as file:
        return int(re.search(rf'^{name}:\s*(\d+)', file.read(), re.MULTILINE).group(1))


def check_bounds(alice, bob):
    """Checks the numbers at each end, in an order in which none can be ahead."""
    reader = bob.ask('status')
    writer = alice.ask('status')
    unread = reader['arrived'] - reader['read']
    cases.check(unread <= 2 * BUFFER + DELAYED_MAX + BLOCK, f'{unread} bytes unread')
    most = reader['read'] + BUFFER + FLIGHT_MAX + 2 * BUFFER + DELAYED_MAX + 2 * 65536
    cases.check(writer['written'] <= most, f'{writer} for {reader}: at most {most}')
    return writer, reader


def wait_until_stopped(alice, bob):
    """Waits until the reader has stopped, its buffer is full, and the writer waits. A writer that
    waits is woken when half of its buffer is free, and not before."""
    while True:
        writer, reader = check_bounds(alice, bob)
        if reader['read'] >= STALL_AFTER and reader['arrived'] - reader['read'] >= BUFFER \
                and writer['queued'] > BUFFER // 2:
            return reader['read']
        threading.Event().wait(0.005)


@cases.case('/server/stalled/one-of-two/D-22/D-50',
            timeout=600 + int(os.environ.get('IBB_TEST_LONG', 0)))
def one_of_two():
    pid = int(server.environment['IBB_TEST_SERVER_PID'])
    with contextlib.ExitStack() as stack:
        bob = End(stack, '--account', 'bob', '--peer', 'alice', '--stall-after', str(STALL_AFTER))
        cases.check_equal(bob.line(), 'ready\n', 'expecting')
        before = memory(pid)
        alice = End(stack, '--account', 'alice', '--peer', 'bob', '--open', '--send', str(SIZE))
        read = wait_until_stopped(alice, bob)
        peak = memory(pid)

        seconds = []
        end = time.monotonic() + int(os.environ.get('IBB_TEST_LONG', 0))
        while not seconds or time.monotonic() < end:
            bob.say('receive')
            cases.check_equal(bob.line(), 'ready\n', 'expecting another')
            alice.say(f'send {OTHER}')
            received, sent = json.loads(bob.line()), json.loads(alice.line())
            cases.check_equal((sent['sent'], received['received']), (OTHER, OTHER), 'the other')
            cases.check_equal(received['sha256'], sent['sha256'], 'the other')
            seconds.append(sent['seconds'])
            # It has stopped for good, and nothing has grown.
            _, reader = check_bounds(alice, bob)
            cases.check_equal(reader['read'], read, 'read while stalled')
            peak = max(peak, memory(pid))
            pause = min(5, end - time.monotonic())
            if pause > 0:
                time.sleep(pause)
        writer, _ = check_bounds(alice, bob)
        print(f"# stalled with {writer['written'] - read} bytes written and not read; other "
              f"sessions of {OTHER // ends.MIB} MiB beside it: {len(seconds)}, in {min(seconds):.2f} to "
              f"{max(seconds):.2f} s")
        print(f'# resident: writer {memory(alice.process.pid)} KiB, '
              f'reader {memory(bob.process.pid)} KiB, server {before} before and at most '
              f'{peak} KiB')
        cases.check(peak - before <= SERVER_GROWTH, f'the server grew from {before} to {peak} KiB')

        bob.ask('go')
        begin = time.monotonic()
        alice.process.stdin.close()
        bob.process.stdin.close()
        sent, received = json.loads(alice.line()), json.loads(bob.line())
        print(f'# the rest: {SIZE // ends.MIB} MiB in {time.monotonic() - begin:.2f} s')
        cases.check_equal(received['received'], SIZE, 'received')
        cases.check_equal(received['received_sha256'], sent['sent_sha256'], 'hash')
        for report in (sent, received):
            cases.check(report['peak_kib'] <= MAX_MEMORY, f'a peak of {report["peak_kib"]} KiB')
        print(f"# peaks: writer {sent['peak_kib']} KiB, reader {received['peak_kib']} KiB")
        for process in (alice.process, bob.process):
            cases.check_equal(process.wait(), 0, 'exit status')


@cases.case('/server/stalled/alone')
def alone():
    """The other session by itself, to compare its time with."""
    report, _ = ends.transfer(server.environment, OTHER, block_size=BLOCK)
    print(f"# {OTHER // ends.MIB} MiB alone: {report['seconds']:.2f} s")


with prosody.Prosody() as server:
    cases.main()
