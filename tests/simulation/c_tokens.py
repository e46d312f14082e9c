# SPDX-License-Identifier: LGPL-2.1-or-later
"""The tokens of a C file, as far as faults need them."""

import re

TOKEN = re.compile(
    r'(?P<blank>\s+|/\*.*?\*/|//[^\n]*|\\\n)'
    r'|(?P<name>[A-Za-z_]\w*)'
    r'|(?P<number>\d[\w.]*)'
    r'|(?P<string>"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\')'
    r'|(?P<operator><<=|>>=|\.\.\.|->|\+\+|--|<<|>>|<=|>=|==|!=|&&|\|\||[-+*/%&|^]=|.)', re.S)


class Token:
    def __init__(self, kind, text, start):
        self.kind = kind
        self.text = text
        self.start = start
        self.end = start + len(text)


def tokenize(text):
    return [Token(match.lastgroup, match.group(), match.start())
            for match in TOKEN.finditer(text) if match.lastgroup != 'blank']


def closing(tokens, at):
    """The place of the bracket that closes the one at a place."""
    depth = 0
    for place in range(at, len(tokens)):
        if tokens[place].text in '([{':
            depth += 1
        elif tokens[place].text in ')]}':
            depth -= 1
            if depth == 0:
                return place
    return len(tokens) - 1


def find_bodies(tokens):
    """The places of the first and the last token of each function's body."""
    place = 0
    while place < len(tokens):
        if tokens[place].text == '(' and tokens[place - 1].kind == 'name':
            place = closing(tokens, place)
        elif tokens[place].text == '{':
            end = closing(tokens, place)
            if tokens[place - 1].text == ')':
                yield place, end
            place = end
        place += 1


def line_of(text, position):
    return text.count('\n', 0, position) + 1
