#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""doc/trouble.md has a row for each condition that an error can name."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/lib'))

import cases
from cases import case, check, check_equal


@case('each condition of the sources has a row, in their order')
def _():
    source = (ROOT / 'ibb-glib/core/base/condition.c').read_text(encoding='utf-8')
    page = (ROOT / 'doc/trouble.md').read_text(encoding='utf-8')
    conditions = re.findall(r'\[IBB_CONDITION_\w+\] = { "([a-z-]+)"', source)
    check(len(conditions) > 20, 'the conditions of RFC 6120')
    table = page.partition('\n| condition | what to do |\n| --- | --- |\n')[2].partition('\n\n')[0]
    check_equal([row.split(' | ')[0].lstrip('| ') for row in table.split('\n')], conditions, 'rows')


if __name__ == '__main__':
    cases.main()
