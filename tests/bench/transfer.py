#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Large transfers between two processes through a private Prosody: goodput,
CPU seconds per GiB of each process, peak memory; and goodput beside the ceiling,
two bare sockets, in the same run and in turns.

    meson devenv -C build tests/bench/transfer.py [MIB]
"""

import json
import os
import statistics
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import ends  # noqa: E402
import prosody  # noqa: E402

RUNS = 5
CEILING = os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], 'tests', 'bench', 'ceiling')


def show(title, reports):
    total = sum(report['sent'] for report in reports)
    seconds = max(report['seconds'] for report in reports)
    print(f'{title}: {total / ends.MIB / seconds:.2f} MiB/s in all')
    for name, report in zip(('alice', 'bob'), reports):
        per_gib = 1024 * ends.MIB / (report['sent'] + report['received'])
        print(f"  {name}: {report['cpu_seconds'] * per_gib:.2f} CPU s/GiB, "
              f"{report['own_cpu_seconds'] * per_gib:.2f} of it for random bytes and SHA-256, "
              f"peak {report['peak_kib'] / 1024:.1f} MiB", flush=True)


def ceiling(server, size, window):
    output = subprocess.run((CEILING, '--size', str(size // ends.MIB), '--window', str(window)),
                            env={**os.environ, **server.environment}, check=True,
                            stdout=subprocess.PIPE).stdout
    return json.loads(output)['goodput_mib_s']


def compare(server, size):
    """Ours and the ceiling, in turns."""
    figures = {'ibb-glib': [], 'ceiling, 4 blocks': [], 'ceiling, 1 block': []}
    for _ in range(RUNS):
        report, _other = ends.transfer(server.environment, size, tls='none')
        figures['ibb-glib'].append(size / ends.MIB / report['seconds'])
        figures['ceiling, 4 blocks'].append(ceiling(server, size, 4))
        figures['ceiling, 1 block'].append(ceiling(server, size, 1))
    for name, values in figures.items():
        print(f'{name}: {statistics.median(values):.2f} [{min(values):.2f}-{max(values):.2f}] MiB/s',
              flush=True)


def main():
    size = int(sys.argv[1] if len(sys.argv) > 1 else 100) * ends.MIB
    with prosody.Prosody() as server:
        compare(server, 32 * ends.MIB)
    for tls in ('starttls', 'none'):
        with prosody.Prosody() as server:
            show(f'{size // ends.MIB} MiB one way, TLS {tls}',
                 ends.transfer(server.environment, size, tls=tls, timeout=900))
            show(f'{size // ends.MIB} MiB each way at once, TLS {tls}',
                 ends.transfer(server.environment, size, size, tls=tls, timeout=900))


main()
