#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the instructions of each step of the way of a byte, and compares them with
budgets.json. A count does not depend on the load of the machine, as a time does.

  budgets.py STEPS BLOCKS             the two programs; fails above a budget by 10 %
  budgets.py --record STEPS BLOCKS    stores what it counts
"""

import argparse
import json
import os
import re
import subprocess
import sys

FILE = os.path.join(os.path.dirname(os.path.abspath(__file__)), 'budgets.json')
ALLOWANCE = 0.10
# How often each step is repeated: steps.c names them, but for the last one, which is
# blocks.c as a whole, with its threads.
STEPS = {
    'encode': 1000,
    'decode': 1000,
    'write-block': 1000,
    'write-acknowledgement': 1000,
    'parse-block': 500,
    'parse-acknowledgement': 1000,
    'exchange': 500,
    'services': 300,
}
ENVIRONMENT = {**os.environ,
               # Which of its functions the C library takes must not depend on the processor.
               'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=-AVX2,-AVX,-ERMS,-FSRM,-AVX512VL'}
# Meson's, which makes the C library fill what is freed.
ENVIRONMENT.pop('MALLOC_PERTURB_', None)


def count(*command):
    """The instructions of a whole process."""
    result = subprocess.run(
        ('valgrind', '--tool=callgrind', '--callgrind-out-file=/dev/null', *command),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, check=False)
    found = re.search(r'Collected : (\d+)', result.stderr)
    if result.returncode != 0 or not found:
        sys.exit(f'{" ".join(command)}: exit status {result.returncode}\n{result.stderr}')
    return int(found[1])


def count_each(repetitions, *command):
    """The instructions of one repetition."""
    few = count(*command, str(repetitions))
    many = count(*command, str(2 * repetitions))
    return (many - few) // repetitions


def main():
    parser = argparse.ArgumentParser(description='counts instructions')
    parser.add_argument('--record', action='store_true', help='store the counts as the budgets')
    parser.add_argument('steps')
    parser.add_argument('blocks')
    options = parser.parse_args()

    counts = {}
    for name, repetitions in STEPS.items():
        command = [options.blocks] if name == 'services' else [options.steps, name]
        counts[name] = count_each(repetitions, *command)
    if options.record:
        with open(FILE, 'w', encoding='ascii') as file:
            json.dump(counts, file, indent=2)
            file.write('\n')
        return 0

    with open(FILE, encoding='ascii') as file:
        budgets = json.load(file)
    failed = set(budgets) != set(counts)
    print(f'1..{len(counts)}')
    for number, (name, found) in enumerate(counts.items(), 1):
        budget = budgets.get(name, 0)
        good = found <= budget * (1 + ALLOWANCE)
        failed = failed or not good
        print(f'{"ok" if good else "not ok"} {number} - {name}')
        print(f'# {found} instructions, budget {budget}'
              + (': lower it by --record' if found < budget * (1 - ALLOWANCE) else ''))
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
