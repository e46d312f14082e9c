#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether the tests of the core notice small faults, made at random from a seed.

usage: random-faults.py [--count N] [--seed N] [--from N] [--few] [--build FOLDER] [--list] [FILE ...]
Each fault is one of: an operator turned (< to <=, == to !=, && to ||, + to -), a "!"
dropped, a constant flipped, a call or an assignment dropped. For each the changed file of
the core is compiled and the unit tests run; then the same with the sanitizers, which see
what leaks and what reads beyond an end; then the simulation, until one fails. What does not
compile, or compiles to the same code, is no fault. --few runs few schedules of the
simulation. Fails when less than 95 % are noticed.
"""

import argparse
import os
import pathlib
import random
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import c_tokens  # noqa: E402
import faulty_core  # noqa: E402

LEAST = 95  # percent
TURNED = {'<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '==', '&&': '||', '||': '&&',
          '+': '-', '-': '+', '++': '--', '--': '++', '+=': '-=', '-=': '+='}
FLIPPED = {'TRUE': 'FALSE', 'FALSE': 'TRUE'}
ASSIGNMENTS = ('=', '+=', '-=', '*=', '/=', '%=', '|=', '&=', '^=', '<<=', '>>=', '++', '--')


def find_bodies(tokens):
    """The places of the first and the last token of each function's body."""
    place = 0
    while place < len(tokens):
        if tokens[place].text == '(' and tokens[place - 1].kind == 'name':
            place = c_tokens.closing(tokens, place)
        elif tokens[place].text == '{':
            end = c_tokens.closing(tokens, place)
            if tokens[place - 1].text == ')':
                yield place, end
            place = end
        place += 1


def find_statement(tokens, place, end):
    """The end of the call or assignment that begins at a place of a function, if one does."""
    if tokens[place - 1].text not in (';', '{', '}', ')', ':', 'else') or tokens[place].kind == 'number':
        return None
    if tokens[place].kind != 'name' and tokens[place].text not in ('*', '++', '--'):
        return None
    last, depth = place, 0
    assigns = False
    while last < end and (tokens[last].text != ';' or depth):
        depth += (tokens[last].text in '([{') - (tokens[last].text in ')]}')
        if tokens[last].text in ('{', '}'):
            return None
        assigns = assigns or depth == 0 and tokens[last].text in ASSIGNMENTS
        last += 1
    if tokens[place].kind == 'name' and tokens[place + 1].text == '(':
        is_call = c_tokens.closing(tokens, place + 1) == last - 1
        return last if is_call and tokens[place].text not in ('if', 'while', 'for', 'switch') else None
    # A declaration begins with two names, or a name and a star.
    if tokens[place + 1].kind == 'name' or (tokens[place].kind == 'name' and tokens[place + 1].text == '*'):
        return None
    return last if assigns else None


def is_indifferent(tokens, place):
    """Whether another number does the same: -2 for -1, which means all, or room for two objects instead of one."""
    before = [token.text for token in tokens[place - 4:place]]
    return before[2:] == [',', '-'] or before[0] in ('g_new', 'g_new0')


def find_faults(text):
    """The faults that a file can have: where, what instead, and of which kind."""
    tokens = c_tokens.tokenize(text)
    for first, last in find_bodies(tokens):
        place = first + 1
        while place < last:
            token, before = tokens[place], tokens[place - 1]
            # What an assertion says cannot be otherwise.
            if token.text.startswith('g_assert'):
                place = c_tokens.closing(tokens, place + 1)
                continue
            starts_line = text[text.rfind('\n', 0, token.start) + 1:token.start].isspace()
            end = find_statement(tokens, place, last) if starts_line else None
            if end:
                yield token.start, tokens[end].end, ';', 'dropped'
            is_binary = before.kind in ('name', 'number') and before.text != 'return' or before.text in (')', ']')
            if token.text in TURNED and (token.text not in ('+', '-') or is_binary):
                yield token.start, token.end, TURNED[token.text], 'turned'
            elif token.text == '!':
                yield token.start, token.end, '', 'not dropped'
            elif token.text in FLIPPED:
                yield token.start, token.end, FLIPPED[token.text], 'flipped'
            elif re.fullmatch(r'\d+', token.text) and not is_indifferent(tokens, place):
                yield token.start, token.end, str(int(token.text) + 1), 'flipped'
            place += 1
    for define in re.finditer(r'^#define \w+ (\(?[\d(][^\n]*)$', text, re.M):
        number = re.search(r'\b\d+\b', define.group(1))
        if number:
            start = define.start(1) + number.start()
            yield start, start + len(number.group()), str(int(number.group()) + 1), 'flipped'


def describe(text, start, end, instead):
    """The line of the fault, before and after."""
    first = text.rfind('\n', 0, start) + 1
    last = text.find('\n', end)
    old = ' '.join(text[first:last].split())
    new = ' '.join((text[first:start] + instead + text[end:last]).split())
    return f'{old}  →  {new}'


def make_cores(build):
    """What notices a fault, in this order."""
    return [faulty_core.FaultyCore(build, ['unit']), faulty_core.FaultyCore(build, ['unit'], sanitize=True),
            faulty_core.FaultyCore(build, ['simulation'])]


def who_notices(cores, path, text, few):
    """The first test that fails; None when all pass."""
    for core in cores:
        core.change(path, text)
        noticed = core.who_notices(few=few)
        if noticed:
            return noticed
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--count', type=int, default=80)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--from', type=int, default=1, dest='begin', metavar='N', help='leave out those before')
    parser.add_argument('--few', action='store_true', help='run few schedules of the simulation')
    parser.add_argument('--build', metavar='FOLDER')
    parser.add_argument('--list', action='store_true', help='only say which faults these are')
    parser.add_argument('files', nargs='*', metavar='FILE', help='only in these files of the core')
    options = parser.parse_args()

    paths = [faulty_core.CORE / name for name in options.files] or sorted(faulty_core.CORE.rglob('*.c'))
    texts = {path: path.read_text(encoding='utf-8') for path in paths}
    faults = [(path, *fault) for path in paths for fault in find_faults(texts[path])]
    random.Random(options.seed).shuffle(faults)
    print(f'{len(faults)} faults are possible; {options.count} of them, seed {options.seed}', flush=True)

    cores = [] if options.list else make_cores(faulty_core.find_build(options.build))
    for core in cores:
        if said := core.measure(options.few):
            sys.exit(f'fails without any fault: {said}')
    tried, survived, number = 0, [], 0
    for path, start, end, instead, kind in faults:
        if number == options.count:
            break
        text = texts[path]
        changed = text[:start] + instead + text[end:]
        where = f'{path.name}:{c_tokens.line_of(text, start)}: {kind}: {describe(text, start, end, instead)}'
        if cores and not cores[0].change(path, changed, compare=True):
            print(f'none  {where}', flush=True)
            continue
        number += 1
        if number < options.begin:
            continue
        tried += 1
        noticed = who_notices(cores, path, changed, options.few) if cores else '–'
        if noticed is None:
            survived.append(where)
        print(f'{number:4}  {where}\n      {noticed or "SURVIVED"}', flush=True)
    if not cores:
        return 0
    for core in cores:
        core.close()
    print('\n'.join(['', 'survived:', *survived] if survived else []))
    print(f'{tried - len(survived)} of {tried} noticed, {100 * (tried - len(survived)) / tried:.1f} %')
    return 1 if 100 * (tried - len(survived)) < LEAST * tried else 0


if __name__ == '__main__':
    sys.exit(main())
