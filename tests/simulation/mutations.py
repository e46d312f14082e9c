#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether the tests of the core notice the deliberate faults of faults.txt.

usage: mutations.py [--build FOLDER] [--all | --day N | NAME ...] [--record | --check]
Compiles the core with each fault and runs the test that noticed it before. When that one
passes or is gone, it runs the unit tests that name the row in their paths, then all tests of
the core. Without names these are the faults of the day, eight of them. --record writes into
faults.txt which test notices each fault; by itself it is for the faults that have no test
there. --check only sees whether each finds its place. Fails when a fault finds none, or
nobody notices it.

In faults.txt a fault has a name, the row of doc/protocol.md that it breaks, if there is
one, what comes of it, and one or more changes, such as

    retries [[>= => >]] max_retries

Of an access to a field the last name is enough, blanks do not count, and the object that
a function is called on is open, so that a change finds its place after fields have moved
to another struct and lines to another file. "in FILE:" before a change is for those that
would find several places.
"""

import argparse
import datetime
import difflib
import os
import pathlib
import re
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

import c_tokens  # noqa: E402
import faulty_core  # noqa: E402

TABLE = pathlib.Path(__file__).resolve().parent / 'faults.txt'
SAMPLE = 8
CHANGE = re.compile(r'(?:in (\S+): )?(.*?) ?\[\[(.*?) ?=> ?(.*?)\]\] ?(.*)')


class Fault:
    def __init__(self, name, rows):
        self.name = name
        self.rows = rows
        self.what = ''
        self.changes = []
        self.noticed = None  # by which test

    def write(self):
        lines = [f'{self.name}: {", ".join(self.rows)}'.rstrip(), f'  {self.what}']
        lines += [f'  {change}' for change in self.changes]
        return '\n'.join(lines + [f'  noticed by {self.noticed}'] * bool(self.noticed))


def read_table(path=TABLE):
    """The comment at the top of the table, and the faults."""
    text = path.read_text(encoding='utf-8')
    head, *blocks = re.split(r'\n\n', text.strip())
    faults = []
    for block in blocks:
        first, what, *lines = block.split('\n')
        name, rows = first.split(':')
        fault = Fault(name, re.findall(r'[A-Z]-\d\d', rows))
        fault.what = what.strip()
        for line in map(str.strip, lines):
            if line.startswith('noticed by '):
                fault.noticed = line.removeprefix('noticed by ')
            else:
                assert CHANGE.fullmatch(line), f'{name}: this is no change: {line}'
                fault.changes.append(line)
        assert fault.changes, f'{name}: there is no change'
        faults.append(fault)
    return head, faults


def write_table(head, faults):
    TABLE.write_text('\n\n'.join([head] + [fault.write() for fault in faults]) + '\n', encoding='utf-8')


class Sources:
    def __init__(self, folder=faulty_core.CORE):
        self.texts = {path: path.read_text(encoding='utf-8') for path in sorted(folder.rglob('*.[ch]'))}
        self.tokens = {path: c_tokens.reduce(text) for path, text in self.texts.items()}

    def nearest(self, pattern):
        """The line that has most in common with a pattern that finds no place."""
        lines = [(path, line) for path, text in self.texts.items() for line in text.splitlines() if line.strip()]
        words = re.findall(r'\w+', pattern)
        return max((difflib.SequenceMatcher(None, words, re.findall(r'\w+', line)).ratio(), f'{path.name}: {line}')
                   for path, line in lines)[1]

    def apply(self, change):
        """The file that a change is for, and its text with the change."""
        file, before, old, new, after = CHANGE.fullmatch(change).groups()
        pattern = c_tokens.reduce(f'{before} {old} {after}')
        found = [(path, first) for path in self.texts if file in (None, path.stem, path.name)
                 for first in c_tokens.find(self.tokens[path], pattern)]
        if len(found) != 1:
            places = ''.join(f'\n    {path.name}:{c_tokens.line_of(self.texts[path], self.tokens[path][first].start)}'
                             for path, first in found)
            raise ValueError(f'{len(found)} places instead of one for: {change}' +
                             (places or f'\n  the nearest line is {self.nearest(change)}'))
        path, first = found[0]
        text, tokens = self.texts[path], self.tokens[path][first:first + len(pattern)]
        start, count = len(c_tokens.reduce(before)), len(c_tokens.reduce(old))
        # The names of fields in what is new stand for the accesses that are there.
        accesses = {token.text: text[token.start:token.end] for token in reversed(tokens) if token.kind == 'name'}
        instead = re.sub(r'(?<![\w.>])[A-Za-z_]\w*', lambda match: accesses.get(match.group(), match.group()), new)
        if count:
            begin, end = tokens[start].start, tokens[start + count - 1].end
        elif start:
            begin = end = tokens[start - 1].end
        else:
            begin = end = tokens[0].start
        return path, f'{text[:begin]} {instead} {text[end:]}'

    def mutate(self, fault):
        """The files that a fault changes, with their new texts."""
        changed = {}
        sources = self
        for change in fault.changes:
            path, text = sources.apply(change)
            changed[path] = text
            sources = Sources.__new__(Sources)
            sources.texts = {**self.texts, **changed}
            sources.tokens = {**self.tokens, **{path: c_tokens.reduce(text) for path, text in changed.items()}}
        assert len(changed) == 1, f'{fault.name}: changes several files'
        return changed.popitem()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--build', metavar='FOLDER')
    parser.add_argument('--all', action='store_true')
    parser.add_argument('--day', type=int, default=datetime.date.today().toordinal(), metavar='N')
    parser.add_argument('--record', action='store_true')
    parser.add_argument('--check', action='store_true')
    parser.add_argument('names', nargs='*', metavar='NAME')
    options = parser.parse_args()

    head, faults = read_table()
    sources = Sources()
    lost = []
    for fault in faults:
        try:
            sources.mutate(fault)
        except ValueError as error:
            lost.append(fault.name)
            print(f'{fault.name}: {error}')
    if options.check or lost:
        print(f'{len(faults) - len(lost)} of {len(faults)} faults find their place')
        return 1 if lost else 0

    unknown = set(options.names) - {fault.name for fault in faults}
    if unknown:
        parser.error(f'there is no fault {" ".join(sorted(unknown))}')
    if options.names:
        wanted = [fault for fault in faults if fault.name in options.names]
    elif options.all:
        wanted = faults
    elif options.record:
        wanted = [fault for fault in faults if not fault.noticed]
    else:
        # In turn, far apart in the table: neighbours are about the same thing.
        step = -(-len(faults) // SAMPLE)
        wanted = faults[options.day % step::step]
    core = faulty_core.FaultyCore(faulty_core.find_build(options.build))
    survived = []
    for fault in wanted:
        if not core.change(*sources.mutate(fault)):
            survived.append(fault.name)
            print(f'{fault.name}: does not compile, or to the same code', flush=True)
            continue
        noticed = core.who_notices(fault.rows, fault.noticed)
        if noticed is None:
            survived.append(fault.name)
        elif options.record:
            fault.noticed = noticed
            write_table(head, faults)
        elif noticed != fault.noticed:
            print(f'# {fault.name} is now noticed by another test; --record writes it down')
        print(f'{fault.name}: {fault.what}: {noticed or "SURVIVED"}', flush=True)
    core.close()
    print(f'{len(wanted) - len(survived)} of {len(wanted)} noticed')
    return 1 if survived else 0


if __name__ == '__main__':
    sys.exit(main())
