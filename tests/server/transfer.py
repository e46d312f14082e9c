# SPDX-License-Identifier: LGPL-2.1-or-later
"""Transfers between two processes through a real server: the one below whose program
this runs, such as tests/lib/ejabberd.py, or else a Prosody of its own."""

import os

import cases
import ends
import prosody

# What a process may take, whatever it transfers.
MAX_MEMORY = 40 * 1024  # KiB
MAX_GROWTH = 4 * 1024
WINDOW = 128 * 1024

environment = None


@cases.case('/server/transfer/both-ways', timeout=600)
def both_ways():
    for report in ends.transfer(environment, 16 * ends.MIB, 16 * ends.MIB):
        print(f"# 16 MiB: {report['peak_kib']} KiB, {report['seconds']:.2f} s, "
              f"{report['cpu_seconds']:.2f} s of CPU")
        assert report['max_rss_kib'] <= MAX_MEMORY, report


# With a window that is given, since one that is found may be larger in the longer transfer.
@cases.case('/server/transfer/memory', timeout=600)
def memory():
    small = ends.transfer(environment, 4 * ends.MIB, 4 * ends.MIB, window=WINDOW)
    large = ends.transfer(environment, 16 * ends.MIB, 16 * ends.MIB, window=WINDOW)
    for before, after in zip(small, large):
        print(f"# 4 MiB: {before['peak_kib']} KiB, 16 MiB: {after['peak_kib']} KiB")
        assert after['peak_kib'] <= before['peak_kib'] + MAX_GROWTH, (before, after)


@cases.case('/server/transfer/direct-tls')
def direct_tls():
    ends.transfer(environment, ends.MIB, 123457, tls='direct')


@cases.case('/server/transfer/no-tls')
def no_tls():
    ends.transfer(environment, 123457, ends.MIB, tls='none')


@cases.case('/server/transfer/empty')
def empty():
    ends.transfer(environment, 0, 0)


@cases.case('/server/transfer/block-sizes')
def block_sizes():
    for size in (1, 3, 1000, 8192, 65535):
        ends.transfer(environment, 200 * size if size < 1000 else ends.MIB, 1000,
                      block_size=size)


if 'IBB_TEST_SERVER' in os.environ:
    environment = os.environ
    cases.main()
else:
    with prosody.Prosody() as server:
        environment = server.environment
        cases.main()
