#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Counts the instructions of each step of the way of a byte, and the calls for one block between
two services, and compares them with budgets.json. These counts do not depend on the load of the
machine, as a time does. That of all mutexes would: how often the main loop turns for one block is up
to the threads.

  budgets.py STEPS BLOCKS OPENS             the three programs; fails above a budget by 10 %
  budgets.py --record STEPS BLOCKS OPENS    stores what it counts
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

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
# How many sessions are open when one more is opened, which costs the same.
OPENS = {'open-first': 100, 'open-many': 3000}
OPENED = 100
# What is counted for one block between two services.
CALLS = {
    'own-functions': lambda where, name: 'libibb-glib' in where,
    'host-locks': lambda where, name: name == 'ibb_lock_lock',
    'mallocs': lambda where, name: 'libc.so' in where and name in ('malloc', 'calloc'),
    'strdups': lambda where, name: name == 'g_strdup',
}
ENVIRONMENT = {**os.environ,
               # Which of its functions the C library takes must not depend on the processor.
               'GLIBC_TUNABLES': 'glibc.cpu.hwcaps=-AVX2,-AVX,-ERMS,-FSRM,-AVX512VL'}
# Meson's, which makes the C library fill what is freed.
ENVIRONMENT.pop('MALLOC_PERTURB_', None)
CALLGRIND = ('valgrind', '--tool=callgrind')
# How much of what is above a budget is shown, in lines.
SHOWN = 60


def count(profile, *command):
    """The instructions of a whole process, or of the part that options of callgrind before it name.
    profile: the file that will tell them by function."""
    result = subprocess.run(
        (*CALLGRIND, f'--callgrind-out-file={profile}', *command),
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, check=False)
    found = re.search(r'Collected : (\d+)', result.stderr)
    if result.returncode != 0 or not found:
        sys.exit(f'{" ".join(command)}: exit status {result.returncode}\n{result.stderr}')
    return int(found[1])


def show(profile):
    """Which functions took the instructions."""
    result = subprocess.run(('callgrind_annotate', profile), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, check=False)
    for line in result.stdout.splitlines()[:SHOWN]:
        print('#  ', line)


def count_calls(*command):
    """The calls of functions in a whole process, by object and name."""
    with tempfile.NamedTemporaryFile(prefix='ibb-calls-') as output:
        subprocess.run((*CALLGRIND, f'--callgrind-out-file={output.name}', *command),
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=ENVIRONMENT, check=True)
        with open(output.name, encoding='utf-8') as file:
            text = file.read()
    names, calls = {}, collections.Counter()
    current = called = function = None
    # Each name is written once, with a number that stands for it from then on.
    for key, value in re.findall(r'^(ob|cob|fn|cfn|calls)=(.*)', text, re.M):
        if key == 'calls':
            calls[called or current, re.sub(r"(@.*|'\d+)$", '', function)] += int(value.split()[0])
            called = None
            continue
        number, name = re.fullmatch(r'\((\d+)\)(?: (.*))?', value).groups()
        name = names.setdefault((key.endswith('ob'), number), name)
        if key == 'ob':
            current = name
        elif key == 'cob':
            called = name
        elif key == 'cfn':
            function = name
    return calls


def count_calls_each(repetitions, *command):
    """The calls for one block with its acknowledgement; each repetition sends two."""
    few = count_calls(*command, str(repetitions))
    calls = count_calls(*command, str(2 * repetitions))
    calls.subtract(few)
    return {budget: round(sum(n for (where, name), n in calls.items() if is_counted(where, name))
                          / (2 * repetitions))
            for budget, is_counted in CALLS.items()}


def count_each(profile, repetitions, *command):
    """The instructions of one repetition."""
    few = count(profile, *command, str(repetitions))
    many = count(profile, *command, str(2 * repetitions))
    return (many - few) // repetitions


def count_open(profile, before, program):
    """The instructions of one open, with so many sessions before."""
    return count(profile, '--instr-atstart=no', program, str(before), str(OPENED)) // OPENED


def compare(options, folder):
    """Counts all, with a profile of each in a folder. Returns the exit status."""
    profiles = {name: os.path.join(folder, name) for name in (*STEPS, *OPENS)}
    counts = {}
    for name, repetitions in STEPS.items():
        command = [options.blocks] if name == 'services' else [options.steps, name]
        counts[name] = count_each(profiles[name], repetitions, *command)
    for name, before in OPENS.items():
        counts[name] = count_open(profiles[name], before, options.opens)
    counts.update(count_calls_each(STEPS['services'], options.blocks))
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
        print(f'# {found}, budget {budget}'
              + (': lower it by --record' if found < budget * (1 - ALLOWANCE) else ''))
        if not good and name in profiles:
            show(profiles[name])
    return 1 if failed else 0


def main():
    parser = argparse.ArgumentParser(description='counts instructions')
    parser.add_argument('--record', action='store_true', help='store the counts as the budgets')
    parser.add_argument('steps')
    parser.add_argument('blocks')
    parser.add_argument('opens')
    options = parser.parse_args()

    # The threads of blocks.c share a processor, and none interrupts another one when it wakes, as on a busy machine:
    # otherwise their main loops turn less often on a free one, and a block costs 12 % less.
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    if os.sched_getscheduler(0) == os.SCHED_OTHER:
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    with tempfile.TemporaryDirectory(prefix='ibb-budgets-') as folder:
        return compare(options, folder)


if __name__ == '__main__':
    sys.exit(main())
