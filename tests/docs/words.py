#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The pages, and the comments of the sources, use the words of the glossary."""

import ast
import io
import pathlib
import re
import sys
import tokenize

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
    r'all the same': 'nevertheless',
    r'for want of': 'for lack of',
    r'vouch(es|ed)?': 'sign',
}
COMMENT = re.compile(r'/\*.*?\*/', re.S)
SCRIPT_COMMENT = re.compile(r'^ *#.*', re.M)
CODE_IN_PAGE = re.compile(r'```.*?```|`[^`]*`', re.S)
# The titles of cases are read as comments are.
CASE_TITLE = re.compile(r"^@case\('.*", re.M)


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


def only_python(text):
    """The comments and the docstrings of a program in Python, and the titles of its cases."""
    lines = text.split('\n')
    kept = [''] * len(lines)
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            kept[token.start[0] - 1] = token.string
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)) and \
                ast.get_docstring(node) is not None:
            for number in range(node.body[0].lineno, node.body[0].end_lineno + 1):
                kept[number - 1] = lines[number - 1]
    for match in CASE_TITLE.finditer(text):
        kept[text.count('\n', 0, match.start())] = match.group()
    return '\n'.join(kept)


def find_in_sources(get_words, *names):
    """The avoided words in the files whose names end in this way."""
    faults = []
    for folder in 'ibb-glib', 'tests', 'examples', 'doc':
        for path in sorted((ROOT / folder).rglob('*')):
            if path.as_posix().endswith(names):
                faults += find_avoided(path, get_words(path.read_text(encoding='utf-8')))
    return faults


@case('the pages use the words of the glossary')
def _():
    faults = []
    for path in [*ROOT.glob('*.md'), ROOT / 'NEWS', *ROOT.glob('doc/*.md'), *ROOT.glob('examples/*.md')]:
        faults += find_avoided(path, CODE_IN_PAGE.sub(keep_lines, path.read_text(encoding='utf-8')))
    check(not faults, '\n'.join(faults))


@case('the manual pages use the words of the glossary')
def _():
    faults = []
    for path in ROOT / 'doc/ibb.1', ROOT / 'doc/ibb-endings.7':
        faults += find_avoided(path, path.read_text(encoding='utf-8').replace('\\-', '-'))
    check(not faults, '\n'.join(faults))


@case('comments use the words of the glossary')
def _():
    faults = find_in_sources(lambda text: only(COMMENT, text), '.c', '.h', '.cpp', '.js', '.vala')
    faults += find_in_sources(lambda text: only(SCRIPT_COMMENT, text), '.script', '.sh', 'meson.build')
    faults += find_in_sources(only_python, '.py')
    check(not faults, '\n'.join(faults))


@case('each function that CONTRIBUTING.md names is in the file beside it')
def _():
    page = (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8').partition('## Where things are')[2].partition('## Style')[0]
    pairs = re.findall(r'`(\w+) \(\)`\s+in\s+`([\w-]+\.c)`', page)
    check(len(pairs) > 15, f'only {len(pairs)} functions')
    faults = [f'{function} () in {name}' for function, name in pairs
              if not any(re.search(rf'^{function} \(', path.read_text(encoding='utf-8'), re.M)
                         for path in (ROOT / 'ibb-glib').rglob(name))]
    check(not faults, '\n'.join(faults))


if __name__ == '__main__':
    cases.main()
