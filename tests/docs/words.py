#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages, and the comments of the sources, use the words of the glossary."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / 'tests/lib'))

import cases
from cases import case, check

# What the glossary has another word for, or what GLib's documentation would not say.
AVOIDED = {
    r'carriers?': 'stanza type',
    r'with(hold|holds|held)': 'delay',
    r'parked': 'stalled',
    r'time-outs?': 'timeout',
    r'twins?': 'variant',
    r'whoever': 'the peer, the caller',
    r'anew': 'again',
    r'of ours': 'our',
}
COMMENT = re.compile(r'/\*.*?\*/', re.S)
SCRIPT_COMMENT = re.compile(r'^ *#.*', re.M)


def find_avoided(path, text):
    for word, better in AVOIDED.items():
        for match in re.finditer(rf'\b{word}\b', text, re.I):
            number = text.count('\n', 0, match.start()) + 1
            line = text.split('\n')[number - 1]
            yield f'{path.relative_to(ROOT)}:{number}: “{word}” in “{line.strip()[:60]}”: write “{better}”'


def keep_lines(match):
    return '\n' * match.group().count('\n')


def only(pattern, text):
    """The text with all but what the pattern matches made blank; lines stay."""
    kept, end = [], 0
    for match in pattern.finditer(text):
        kept += ['\n' * text.count('\n', end, match.start()), match.group()]
        end = match.end()
    return ''.join(kept)


@case('pages')
def _():
    faults = []
    for path in [ROOT / 'README.md', *ROOT.glob('doc/*.md'), *ROOT.glob('examples/*.md')]:
        text = re.sub(r'```.*?```|`[^`]*`', keep_lines, path.read_text(encoding='utf-8'), flags=re.S)
        faults += find_avoided(path, text)
    check(not faults, '\n'.join(faults))


@case('comments')
def _():
    faults = []
    for folder in 'ibb-glib', 'tests', 'examples':
        for pattern, suffixes in ((COMMENT, ('.c', '.h', '.js', '.vala')), (SCRIPT_COMMENT, ('.script',))):
            for path in sorted((ROOT / folder).rglob('*')):
                if path.suffix in suffixes:
                    faults += find_avoided(path, only(pattern, path.read_text(encoding='utf-8')))
    check(not faults, '\n'.join(faults))


if __name__ == '__main__':
    cases.main()
