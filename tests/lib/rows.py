#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which tests show which rows of doc/protocol.md. Fails when a row has none.

usage: rows.py [-v]
A test shows a row by naming it, in its path or in a comment: N-20, or D-22 to D-24
(three rows at most: nobody shows more at once). The section "Rows that need no test"
of the page says which are exempt.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = {'.c', '.py', '.js', '.vala', '.sh'}
# What tests lean on shows nothing by itself. Neither does a fuzz target, for it has
# no expectation but its own, nor a figure, nor a fault that was put in on purpose.
NOT_TESTS = re.compile(
    r'tests/(lib|fuzz|bench)/'
    r'|tests/interop/(peer|other_end)'
    r'|tests/loopback/(fixture|pair|stack)\.'
    r'|tests/server/(client-fixture|cut-proxy|fake-server)\.'
    r'|tests/simulation/(application|mutations|peer|schedule|server)\.'
    r'|tests/unit/engine-harness\.')
LONGEST_RANGE = 3
ROW = r'[NDHBF]-\d\d'


def read_page():
    """The numbers of all rows, and of those that need no test."""
    page = (ROOT / 'doc/protocol.md').read_text(encoding='utf-8')
    rows = re.findall(rf'^\| ({ROW}) \|', page, re.M)
    exempt = re.findall(rf'^- ({ROW}): \S', page.split('## Rows that need no test')[1], re.M)
    return rows, exempt


def expand(text):
    """The numbers that a text names, written-out ranges included."""
    named = set(re.findall(rf'\b{ROW}\b', text))
    for first, last in re.findall(rf'\b({ROW}) to ({ROW})\b', text):
        numbers = range(int(first[2:]), int(last[2:]) + 1)
        assert first[0] == last[0] and len(numbers) <= LONGEST_RANGE, f'{first} to {last}: name the rows'
        named.update(f'{first[0]}-{n:02}' for n in numbers)
    return named


def read_tests():
    """The tests by the numbers that they name."""
    shown = {}
    for path in sorted((ROOT / 'tests').rglob('*')):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix not in KINDS or NOT_TESTS.match(name):
            continue
        for row in expand(path.read_text(encoding='utf-8')):
            shown.setdefault(row, []).append(name.removeprefix('tests/'))
    return shown


def main():
    rows, exempt = read_page()
    shown = read_tests()
    assert len(rows) == len(set(rows)), 'a row stands twice on the page'

    missing = [row for row in rows if row not in shown and row not in exempt]
    unknown = sorted(set(shown) - set(rows))
    if '-v' in sys.argv[1:]:
        for row in rows:
            print(row, ' '.join(shown.get(row, ['(none needed)' if row in exempt else '(none)'])))
    for row in missing:
        print(f'{row}: no test names it')
    for row in unknown:
        print(f'{row}: named by {" ".join(shown[row])}, but not on the page')
    for row in sorted(set(exempt) - set(rows)):
        print(f'{row}: exempt, but not on the page')
    print(f'{len(rows)} rows, {len(rows) - len(missing) - len(exempt)} shown, '
          f'{len(exempt)} exempt, {len(missing)} missing')
    return 1 if missing or unknown or set(exempt) - set(rows) else 0


if __name__ == '__main__':
    sys.exit(main())
