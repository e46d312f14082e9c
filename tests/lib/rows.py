#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Which tests show which rows of doc/protocol.md. Fails when a row has none.

usage: rows.py [-v]
A row is shown by a deliberate fault that breaks it and that a test notices: see
tests/simulation/faults.txt. A fault that breaks a row needs such a test. A row without
a fault is shown by a test that names it, N-20 or D-22 to D-24 (three rows at most: nobody
shows more at once): in its path, or in a comment in or before its function. The comment
at the top of a file shows nothing. The section "Rows that need no test" of the page says
which are exempt.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
KINDS = {'.c', '.script', '.py', '.js', '.vala', '.sh'}
# What tests lean on shows nothing by itself. Neither does a fuzz target, for it has
# no expectation but its own, nor a figure, nor a fault that was put in on purpose.
NOT_TESTS = re.compile(
    r'tests/(lib|fuzz|bench)/'
    r'|tests/interop/(peer|other_end)'
    r'|tests/loopback/(fixture|pair|stack)\.'
    r'|tests/server/(client-fixture|cut-proxy|fake-server|party)\.'
    r'|tests/simulation/(application|faulty_core|mutations|peer|random-faults|schedule|server)\.'
    r'|tests/unit/(inside|script[a-z-]*)\.[ch]')
LONGEST_RANGE = 3
ROW = r'[NDHBF]-\d\d'
STRING = r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\''
# A function of C, with the comment before it; the ones in it come with its body.
FUNCTION = re.compile(r'^(?:/\*(?:[^*]|\*(?!/))*\*/\n)?^[a-z][\w *]*\n\w+ \([^;{]*\)\n\{\n.*?^\}', re.M | re.S)


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
    """The tests by the numbers that they name, and by those that they only mention."""
    shown, mentioned = {}, {}
    for path in sorted((ROOT / 'tests').rglob('*')):
        name = path.relative_to(ROOT).as_posix()
        if path.suffix not in KINDS or NOT_TESTS.match(name):
            continue
        text = path.read_text(encoding='utf-8')
        if path.suffix == '.c':
            parts = re.findall(STRING, text) + FUNCTION.findall(text)
        else:
            # What comes before the first definition or case is about the whole file.
            first = re.search(r'^((#[^\n]*\n)*(case|macro) |@|def |async def |class |function |const |static )', text, re.M)
            parts = [text[first.start():] if first else text]
        rows = set().union(*map(expand, parts))
        for row in rows:
            shown.setdefault(row, []).append(name.removeprefix('tests/'))
        for row in expand(text) - rows:
            mentioned.setdefault(row, []).append(name.removeprefix('tests/'))
    return shown, mentioned


def read_faults():
    """The rows that deliberate faults break: by which tests each fault is noticed."""
    broken = {}
    for block in (ROOT / 'tests/simulation/faults.txt').read_text(encoding='utf-8').split('\n\n'):
        name, colon, rows = block.split('\n')[0].partition(': ')
        noticed = re.search(r'^  noticed by (.*)', block, re.M)
        for row in re.findall(ROW, rows) if colon and not name.startswith('#') else ():
            broken.setdefault(row, []).append((name, noticed and noticed.group(1)))
    return broken


def main():
    rows, exempt = read_page()
    shown, mentioned = read_tests()
    broken = read_faults()
    assert len(rows) == len(set(rows)), 'a row stands twice on the page'

    faults = [f'{row}: no test fails with the fault {name}; mutations.py --record {name} looks for one'
              for row in sorted(broken) for name, noticed in broken[row] if not noticed]
    for row in rows:
        if row not in exempt and row not in broken and row not in shown:
            faults.append(f'{row}: no test shows it' + (
                f', {" ".join(mentioned[row])} only mentions it' if row in mentioned else ''))
    for row in sorted((set(shown) | set(mentioned) | set(broken)) - set(rows)):
        where = shown.get(row, []) + mentioned.get(row, []) + [name for name, _ in broken.get(row, [])]
        faults.append(f'{row}: named by {" ".join(where)}, but not on the page')
    faults += [f'{row}: exempt, but not on the page' for row in sorted(set(exempt) - set(rows))]

    if '-v' in sys.argv[1:]:
        for row in rows:
            tests = [f'{noticed} ({name})' for name, noticed in broken.get(row, [])] + shown.get(row, [])
            print(row, '; '.join(tests or ['(none needed)' if row in exempt else '(none)']))
    print('\n'.join(faults))
    print(f'{len(rows)} rows, {len(broken)} of them with a deliberate fault, {len(exempt)} exempt, '
          f'{len(faults)} faults')
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
