#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether the tests of a folder of the library notice small faults, made at random from a seed.

usage: random-faults.py [--folder NAME] [--count N] [--seed N] [--from N] [--few] [--build FOLDER] [--list] [FILE ...]
Each fault is one of: an operator turned (< to <=, == to !=, && to ||, + to -), a "!"
dropped, a constant flipped, a call or an assignment dropped. For each the tests that judge its
folder run until one fails. Those of the core are the unit tests; the same with the sanitizers,
which see what leaks and what reads beyond an end; then the simulation, of which --few runs few
schedules. The other folders have a build of their own with the sanitizers, _build-faults, and no
fault takes more than five minutes there. What does not compile, or compiles to the same code, is
no fault. Fails when fewer are noticed than FOLDERS demands.
"""

import argparse
import os
import random
import re
import sys
import time

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import c_tokens  # noqa: E402
import faulty_core  # noqa: E402
from faulty_build import NO_FAULT, Fault, FaultyBuild  # noqa: E402  pylint: disable=wrong-import-position

LIBRARY = faulty_core.ROOT / 'ibb-glib'
TURNED = {'<': '<=', '<=': '<', '>': '>=', '>=': '>', '==': '!=', '!=': '==', '&&': '||', '||': '&&',
          '+': '-', '-': '+', '++': '--', '--': '++', '+=': '-=', '-=': '+='}
FLIPPED = {'TRUE': 'FALSE', 'FALSE': 'TRUE'}
# What an assertion says cannot be otherwise, or is a mistake of the application; only a developer sees names and messages.
# On Linux a GMutex or GCond of zeros is ready for use, and there is nothing to free in one.
UNSEEN = ('g_assert', 'g_return_', 'g_debug', 'g_mutex_init', 'g_mutex_clear', 'g_cond_init', 'g_cond_clear', 'trace',
          'g_task_set_name', 'g_task_set_source_tag', 'g_source_set_name', 'g_source_set_static_name',
          'G_OBJECT_WARN_INVALID_PROPERTY_ID')
ASSIGNMENTS = ('=', '+=', '-=', '*=', '/=', '%=', '|=', '&=', '^=', '<<=', '>>=', '++', '--')


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
    """Whether another number does the same: -2 for -1, which means all, room for two objects instead of one, or the
    flag that hides an option in the help of GOption, which nobody prints."""
    before = [token.text for token in tokens[place - 4:place]]
    return (before[2:] == [',', '-'] or before[0] in ('g_new', 'g_new0')
            or tokens[place + 2].text.startswith('G_OPTION_ARG_'))


def find_faults(text):
    """The faults that a file can have: where, what instead, and of which kind."""
    tokens = c_tokens.tokenize(text)
    for first, last in c_tokens.find_bodies(tokens):
        place = first + 1
        while place < last:
            token, before = tokens[place], tokens[place - 1]
            if token.text.startswith(UNSEEN):
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


class Cores:
    """What notices a fault of the core, in this order."""

    def __init__(self, options):
        build = faulty_core.find_build(options.build)
        self.few = options.few
        self.cores = [faulty_core.FaultyCore(build, ['unit']), faulty_core.FaultyCore(build, ['unit'], sanitize=True),
                      faulty_core.FaultyCore(build, ['simulation'])]

    def prepare(self, _faults):
        return next(filter(None, (core.measure(self.few) for core in self.cores)), None)

    def who_notices(self, fault):
        changed = fault.apply()
        if not self.cores[0].change(fault.path, changed, compare=True):
            return NO_FAULT
        for core in self.cores:
            core.change(fault.path, changed)
            if noticed := core.who_notices(few=self.few):
                return noticed
        return None

    def close(self):
        for core in self.cores:
            core.close()


def by_tests(*patterns, without=()):
    """What notices a fault of another folder: tests as SUITE/NAME."""
    return lambda _options: FaultyBuild(patterns, without)


LOOPBACK = ('unit/ca*', 'unit/connection', 'unit/error', 'unit/intl', 'unit/ra*', 'unit/wa*', 'unit/weak', 'loopback/*')
NOT_LOOPBACK = ('loopback/*-xml', '*/encrypt', '*/encrypt-waiting', '*/idle-memory', '*/stress', '*/tls*')
# How many of a hundred faults are to be noticed, and by what.
FOLDERS = {
    'core': (95, Cores),
    # The disk has files and keys for users.
    'base': (90, by_tests(*LOOPBACK, 'unit/disk', 'unit/private-file', 'files/*', without=NOT_LOOPBACK)),
    'runtime': (90, by_tests(*LOOPBACK, without=NOT_LOOPBACK)),
    'files': (90, by_tests('files/*')),
    'xmpp/trust': (90, by_tests('unit/decision', 'unit/exchange', 'unit/private-file', 'unit/question', 'loopback/encrypt*',
                                'loopback/identity', 'files/trust', 'client/client-accounts', 'client/client-script-application',
                                'client/client-script-certificate')),
    'xmpp': (90, by_tests('unit/*', 'loopback/properties', 'client/client-accounts', 'client/client-script-*',
                          'server/command-proxy',
                          without=('unit/engine-*', 'unit/controller*', 'unit/decision*', 'docs/*', 'client/*-ejabberd'))),
    # A page has the bounds: whether another second is waited for takes seconds.
    'tool': (90, by_tests('server/command-[dfhor]*', 'server/command-account-prosody', 'server/command-encrypt*',
                          'server/command-s[lu]*', 'server/command-ta*', 'server/command-transfer', 'server/expose',
                          'server/command-trust-prosody', 'server/forward', 'docs/limits', 'unit/help', 'unit/progress',
                          'unit/report', 'unit/text')),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--folder', choices=FOLDERS, default='core')
    parser.add_argument('--count', type=int, default=80)
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--from', type=int, default=1, dest='begin', metavar='N', help='leave out those before')
    parser.add_argument('--few', action='store_true', help='run few schedules of the simulation')
    parser.add_argument('--build', metavar='FOLDER')
    parser.add_argument('--list', action='store_true', help='only say which faults these are')
    parser.add_argument('files', nargs='*', metavar='FILE', help='only in these files of the folder')
    options = parser.parse_args()

    least, make_judge = FOLDERS[options.folder]
    folder = LIBRARY / options.folder
    deeper = [LIBRARY / name for name in FOLDERS if name.startswith(options.folder + '/')]
    paths = [folder / name for name in options.files] or sorted(
        path for path in folder.rglob('*.c') if not any(path.is_relative_to(other) for other in deeper))
    # Of debug and sanitizer builds only; an index beyond its array, which is the thread's, would not link.
    paths = [path for path in paths if path != LIBRARY / 'base/lock-order.c']
    texts = {path: path.read_text(encoding='utf-8') for path in paths}
    faults = [Fault(path, texts[path], *fault) for path in paths for fault in find_faults(texts[path])]
    random.Random(options.seed).shuffle(faults)
    print(f'{len(faults)} faults are possible; {options.count} of them, seed {options.seed}', flush=True)

    judge = None if options.list else make_judge(options)
    if judge and (said := judge.prepare(faults[:options.count * 5 // 4 + 5])):
        sys.exit(f'fails without any fault: {said}')
    tried, survived, number = 0, [], 0
    for fault in faults:
        if number == options.count:
            break
        where = fault.describe()
        begin = time.monotonic()
        noticed = judge.who_notices(fault) if judge and number + 1 >= options.begin else '–'
        if noticed == NO_FAULT:
            print(f'none  {where}', flush=True)
            continue
        number += 1
        tried += noticed != '–'
        if noticed is None:
            survived.append(where)
        print(f'{number:4}  {where}\n      {noticed or "SURVIVED"}, {time.monotonic() - begin:.0f} s', flush=True)
    if not judge:
        return 0
    judge.close()
    print('\n'.join(['', 'survived:', *survived] if survived else []))
    print(f'{tried - len(survived)} of {tried} noticed, {100 * (tried - len(survived)) / tried:.1f} %')
    return 1 if 100 * (tried - len(survived)) < least * tried else 0


if __name__ == '__main__':
    sys.exit(main())
