#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Writes the table of the worst cells into tests/flow/notebook.md.

usage: worst.py BUILD GRID.json
GRID.json is what BUILD/tests/flow/flow-grid --json has written. The worst cell of each group
is run again, four times as long.
"""

import json
import pathlib
import subprocess
import sys

PAGE = pathlib.Path(__file__).resolve().parent / 'notebook.md'
BEGIN = '| group | cell |'
HEAD = f"""{BEGIN} kB/s | of the model | chat, 99 %, ms | the same, model | four times as long |
| --- | --- | --- | --- | --- | --- | --- |
"""
LEAST = 0.8


def get_goodput(report, has_slow):
    return report['slowest'] if has_slow and report['slowest'] >= 0 else report['late_goodput']


def run(build, arguments, sender):
    program = pathlib.Path(build) / 'tests' / 'flow' / 'flow-cell'
    result = subprocess.run([program, *arguments, '--sender', sender], check=True, stdout=subprocess.PIPE)
    return json.loads(result.stdout)


def run_longer(build, found):
    arguments = [*found['text'].split(), '--seconds', str(4 * found['cell']['seconds'])]
    engine, fixed = (get_goodput(run(build, arguments, sender), found['cell']['slow'] > 0)
                     for sender in ('engine', 'fixed'))
    return engine / fixed


def get_row(build, found):
    engine, fixed = found['engine'], found['fixed']
    return (f"| {found['group']} | `{found['text']}` | {get_goodput(engine, found['cell']['slow'] > 0) / 1000:.0f} "
            f"| {found['ratio']:.2f} | {engine['chat'][1]:.0f} | {fixed['chat'][1]:.0f} "
            f"| {run_longer(build, found):.2f} |\n")


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    build, path = sys.argv[1:]
    worst = {}
    for found in sorted(json.loads(pathlib.Path(path).read_text(encoding='utf-8')), key=lambda cell: cell['ratio']):
        if found['ratio'] < LEAST:
            worst.setdefault(found['group'], found)

    before, rest = PAGE.read_text(encoding='utf-8').split(BEGIN)
    after = rest[rest.index('\n\n'):]
    table = HEAD + ''.join(get_row(build, found) for found in worst.values())
    PAGE.write_text(before + table.rstrip('\n') + after, encoding='utf-8')


if __name__ == '__main__':
    main()
