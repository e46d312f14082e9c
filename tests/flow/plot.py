#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws what flow control does over time, and what load costs.

usage: plot.py BUILD [FIGURE …]
Runs BUILD/tests/flow/flow-cell and writes doc/flow-control-FIGURE.svg: all figures, or those
that are named. Needs matplotlib (Debian: python3-matplotlib).
"""

import json
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/lib'))
from plots import STYLE, plt, save  # noqa: E402

FOLDER = ROOT / 'doc'

# Over time: what the figure shows, on which path, and the parameters of the cell.
CELLS = {
    'far': ('A far path is full within a second', '10 MB/s, 50 ms each way', '--rate 10M --delay 50 --seconds 20'),
    'jitter': ('Jitter costs no goodput', '10 MB/s, 25 ms each way, jitter up to 20 ms',
               '--rate 10M --delay 25 --jitter 20 --seconds 20'),
    'limit': ('Behind a limit, chat waits for 0.2 s once the limit is found', 'Prosody limits the client to 10 kB/s',
              '--limit prosody --rate 10M --delay 5 --seconds 60'),
    'first-hop': ('Four peers share a limit, and chat waits for 0.4 s', 'Prosody limits the client to 10 kB/s',
                  '--limit prosody --rate 10M --delay 5 --peers 4 --seconds 60'),
    'two-peers': ('A far peer gets the share of the near one', 'near, and from 5 s on a peer at 100 ms each way',
                  '--rate 1M --delay 5 --peers 2 --peer-delay 0.1,100 --start 0,5 --seconds 20'),
    'slow-reader': ('A slow reader slows its own session only', 'from 5 s to 12 s peer 2 reads 50 kB/s',
                    '--rate 1M --delay 5 --peers 2 --slow 1 --slow-rate 50k --stall-from 5 '
                    '--stall-until 12 --seconds 20'),
}
# Latency over load: windows from one block up, and the engine.
LOAD_CELLS = {
    '100 kB/s, 25 ms': '--rate 100k --delay 25 --socket 0 --seconds 30',
    '1 MB/s, 25 ms': '--rate 1M --delay 25 --socket 0 --seconds 20',
    '10 MB/s, 25 ms': '--rate 10M --delay 25 --socket 0 --seconds 10',
    '1 MB/s, 25 ms, jitter 20 ms': '--rate 1M --delay 25 --jitter 20 --socket 0 --seconds 20',
}
LOAD_WINDOWS = [4096 * 2 ** (i / 2) for i in range(0, 21)]

BESIDE = {'loc': 'center left', 'bbox_to_anchor': (1.01, 0.5)}


def run(build, arguments):
    program = pathlib.Path(build) / 'tests' / 'flow' / 'flow-cell'
    result = subprocess.run([program, '--series', *arguments.split()], check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def smooth(values):
    """The mean of each value and of those just before, over a fortieth of the figure: a curve, where single blocks
    would make a filled area."""
    count = max(1, len(values) // 40)
    return [sum(values[max(0, i - count + 1):i + 1]) / min(i + 1, count) for i in range(len(values))]


def draw_cell(build, name):
    title, path, arguments = CELLS[name]
    result = run(build, arguments)
    series = result['series']
    times = [i * series['interval'] for i in range(len(series['goodput']))]
    figure, (windows, rates, delays) = plt.subplots(3, 1, sharex=True, figsize=(7, 6))

    figure.suptitle(f'{title}\n{path}')
    windows.plot(times, smooth([value / 1024 for value in series['in_flight']]), label='in flight')
    if 'window' in series:
        windows.plot(times, [value / 1024 for value in series['window']], '--', label='window')
    windows.set_ylabel('KiB')
    windows.legend(**BESIDE)

    for i, goodput in enumerate(series['goodputs']):
        label = f'peer {result["sessions"][i]["peer"] + 1}'
        rates.plot(times, smooth([value / 1000 for value in goodput]), label=label)
    if len(series['goodputs']) > 1:
        rates.legend(**BESIDE)
    rates.set_ylabel('goodput, kB/s')

    known = [(time, value) for time, value in zip(times, series['round_trip']) if value > 0]
    delays.plot(*zip(*known), label='round trip of blocks')
    if series['chat']:
        delays.plot(*zip(*series['chat']), 'o', markersize=3, label='chat')
    delays.legend(**BESIDE)
    delays.set_ylabel('ms')
    delays.set_xlabel('s')
    for axes in windows, rates, delays:
        axes.set_ylim(bottom=0)
    save(figure, FOLDER / f'flow-control-{name}.svg')


def draw_load(build):
    figure, axes = plt.subplots(figsize=(7, 4.5))
    for number, (label, arguments) in enumerate(LOAD_CELLS.items()):
        points = []
        for window in LOAD_WINDOWS:
            result = run(build, f'{arguments} --sender fixed --window {window:.0f}')
            points.append((result['late_goodput'], result['chat'][1]))
        most = max(goodput for goodput, _ in points)
        color = f'C{number}'
        axes.plot([100 * goodput / most for goodput, _ in points], [latency for _, latency in points],
                  '.-', color=color, markersize=4, linewidth=1, label=label)
        result = run(build, arguments)
        axes.plot(100 * result['late_goodput'] / most, result['chat'][1], '*', color=color, markersize=12)
    axes.plot([], [], '*', color='gray', markersize=12, label='the engine')
    axes.set_yscale('log')
    axes.set_xlabel('load: percent of the goodput that the path carries')
    axes.set_ylabel('latency of the chat, 99 %, ms')
    axes.set_title('The engine stays where more load would only add latency\neach dot a fixed window, from 4 KiB to 4 MiB')
    axes.legend(loc='upper left')
    save(figure, FOLDER / 'flow-control-load.svg')


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    build = sys.argv[1]
    names = sys.argv[2:] or [*CELLS, 'load']
    with plt.rc_context(STYLE):
        for name in names:
            if name == 'load':
                draw_load(build)
            elif name in CELLS:
                draw_cell(build, name)
            else:
                sys.exit(f'plot.py: there is no figure “{name}”; there are {", ".join([*CELLS, "load"])}')


if __name__ == '__main__':
    main()
