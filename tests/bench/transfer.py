#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Large transfers between two processes through a private Prosody: goodput,
CPU seconds per GiB of each process, peak memory.

    meson devenv -C build tests/bench/transfer.py [MIB]
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import ends  # noqa: E402
import prosody  # noqa: E402


def show(title, reports):
    total = sum(report['sent'] for report in reports)
    seconds = max(report['seconds'] for report in reports)
    print(f'{title}: {total / ends.MIB / seconds:.2f} MiB/s in all')
    for name, report in zip(('alice', 'bob'), reports):
        moved = report['sent'] + report['received']
        print(f"  {name}: {report['cpu_seconds'] * 1024 * ends.MIB / moved:.2f} CPU s/GiB, "
              f"peak {report['peak_kib'] / 1024:.1f} MiB")


def main():
    size = int(sys.argv[1] if len(sys.argv) > 1 else 100) * ends.MIB
    for tls in ('starttls', 'none'):
        with prosody.Prosody() as server:
            show(f'{size // ends.MIB} MiB one way, TLS {tls}',
                 ends.transfer(server.environment, size, tls=tls, timeout=900))
            show(f'{size // ends.MIB} MiB each way at once, TLS {tls}',
                 ends.transfer(server.environment, size, size, tls=tls, timeout=900))


main()
