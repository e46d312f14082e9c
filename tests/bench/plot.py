#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws doc/goodput.svg of the tables that compare.py has written:

    compare.py --full --only goodput --page PAGE
    plot.py PAGE
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/lib'))
from plots import STYLE, plt, save  # noqa: E402

# By the titles of the tables.
PATHS = {'Prosody, near': 'near', 'Prosody, 20 ms there and back': '20 ms', 'Prosody, 100 ms': '100 ms'}
# By the names of the rows. The raw client encodes one block once, decodes nothing and does not encrypt.
NAMES = {'raw client, 256 blocks in flight': 'raw client', 'ibb-glib': 'ibb-glib', 'gloox': 'gloox',
         'slixmpp': 'slixmpp'}
COLORS = ('#999999', '#3584e4', '#ff7800', '#2ec27e')


def read_rates(page):
    """The medians in MiB/s, by path and name."""
    rates = {}
    for title, table in re.findall(r'^## (.*)\n((?:(?!## ).*\n)*)', page, re.M):
        for name, rate in re.findall(r'^\| ([^|]+) \| (\d[\d.e+-]*) \|', table, re.M):
            rates[title, name] = float(rate)
    return rates


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    rates = read_rates(pathlib.Path(sys.argv[1]).read_text(encoding='utf-8'))
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7, 2.8))
        for number, (name, label) in enumerate(NAMES.items()):
            places = [index + (number - 1.5) * 0.2 for index in range(len(PATHS))]
            bars = axes.bar(places, [rates[path, name] for path in PATHS], 0.19, label=label, color=COLORS[number])
            axes.bar_label(bars, fmt='%.2g', fontsize=8)
        axes.set_title('On a long path the stream stays fast: it does not wait for each block')
        axes.set_xticks(range(len(PATHS)), PATHS.values())
        axes.set_xlabel('round trip from the sender to a Prosody without a limit')
        axes.set_ylabel('MiB/s')
        axes.grid(axis='x', visible=False)
        axes.legend(loc='center left', bbox_to_anchor=(1.01, 0.5))
        save(figure, ROOT / 'doc/goodput.svg')


if __name__ == '__main__':
    main()
