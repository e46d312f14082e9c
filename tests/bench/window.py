#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the adaptive window gains over one block at a time, through a private
Prosody, with 50 ms of delay each way and without.

    meson devenv -C build tests/bench/window.py
"""

import contextlib
import os
import statistics
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import ends  # noqa: E402
import prosody  # noqa: E402

BLOCK = 4096
RUNS = 5


def goodput(server, delay, size, window):
    with contextlib.ExitStack() as stack:
        port = 0
        if delay:
            port = stack.enter_context(ends.DelayProxy(delay, server.port)).port
        report, _other = ends.transfer(server.environment, size, tls='none', window=window,
                                       port=port)
        return size / ends.MIB / report['seconds']


def main():
    for delay, small, large in ((50, ends.MIB // 4, 32 * ends.MIB),
                                (0, 16 * ends.MIB, 16 * ends.MIB)):
        one, adaptive = [], []
        # In turn, so that a noisy machine is as noisy for both, and each time on
        # a fresh server, which may get stuck in a slower or a faster habit.
        for _ in range(RUNS):
            with prosody.Prosody() as server:
                one.append(goodput(server, delay, small, BLOCK))
                adaptive.append(goodput(server, delay, large, 0))
        print(f'{delay} ms each way: one block {statistics.median(one):.3f} MiB/s, adaptive '
              f'{statistics.median(adaptive):.3f} MiB/s, ratio '
              f'{statistics.median(adaptive) / statistics.median(one):.2f}', flush=True)


main()
