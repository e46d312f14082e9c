#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tests that doc/security.md names are there, and those of doc/protocol.md.

It names a test as `unit/scram.c: /ibb/scram/memory`: a file in tests/, and a case in it.
Each row about what others can try names one, and so does each about files.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))

import cases
from cases import case, check

TESTS = pathlib.Path(__file__).resolve().parents[1]
PAGE = (TESTS.parent / 'doc/security.md').read_text(encoding='utf-8')
RULES = (TESTS.parent / 'doc/protocol.md').read_text(encoding='utf-8')
REFERENCE = re.compile(r'`([\w-]+/[\w-]+\.(?:c|py|script)): ([^`]+)`')
SECTIONS = ('A peer', 'A server', 'A man in the middle', 'A local user')
STRING = r'"(?:\\.|[^"\\\n])*"'


def is_in_c(text, name):
    """A path or the name of a case in a table, or a function."""
    if any(string[1:-1] == name for string in re.findall(STRING, text)):
        return True
    return re.search(rf'^{re.escape(name)} \(', text, re.M) is not None


def is_in_script(text, name):
    """The number of a row of the page stands for its cases; a row of a table is a case."""
    case_, _, row = name.rpartition('/')
    return (re.search(rf'^case {re.escape(name)}(/|$| )', text, re.M) or
            re.search(rf'^case {re.escape(case_)}/{{.*\n(  \|.*\n)*  \| {re.escape(row)} +\|', text, re.M)) is not None


def is_in(path, name):
    text = path.read_text(encoding='utf-8')
    if path.suffix == '.c':
        return is_in_c(text, name)
    if path.suffix == '.script':
        return is_in_script(text, name)
    return re.search(rf"^@case\('{re.escape(name)}", text, re.M) is not None


@case('each test that the pages name exists')
def _():
    references = [test for page in (PAGE, RULES) for test in REFERENCE.findall(page.replace('\n', ' '))]
    check(len(references) > 100, f'only {len(references)} tests')
    faults = [f'{file}: {name}' for file, name in references
              if not (TESTS / file).is_file() or not is_in(TESTS / file, name)]
    check(not faults, '\n'.join(faults))


@case('each row names a test')
def _():
    faults = []
    for title in SECTIONS:
        section = PAGE.split(f'\n## {title}\n', 1)[1].split('\n## ', 1)[0]
        rows = [line for line in section.split('\n') if line.startswith('| ')][2:]
        check(len(rows) >= 8, f'“{title}” has only {len(rows)} rows')
        faults += [row for row in rows if not REFERENCE.search(row.rsplit(' | ', 1)[1])]
    rows = [line for line in RULES.split('\n') if line.startswith('| T-')]
    check(len(rows) > 20, f'only {len(rows)} rows about files')
    faults += [row for row in rows if not REFERENCE.search(row.rsplit(' | ', 1)[1])]
    check(not faults, '\n'.join(faults))


if __name__ == '__main__':
    cases.main()
