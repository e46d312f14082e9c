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


def line_of(text, position):
    return text.count('\n', 0, position) + 1


def reduce(text):
    """The tokens of a text, of each access to a field the last name only; no unary "&"."""
    tokens = tokenize(text)
    reduced = []
    for place, token in enumerate(tokens):
        before = reduced[-1] if reduced else None
        if token.text in ('->', '.') and place + 1 < len(tokens) and tokens[place + 1].kind == 'name':
            continue
        if place and tokens[place - 1].text in ('->', '.') and token.kind == 'name' and before:
            start = before.start if before.kind == 'name' else token.start
            if before.kind == 'name':
                reduced.pop()
            token = Token('name', token.text, start)
            token.end = tokens[place].end
        elif token.text == '&' and (not before or before.kind == 'operator' and before.text not in (')', ']')):
            continue
        reduced.append(token)
    return reduced


def is_first_argument(tokens, place):
    """Whether a token is all of the first argument of a call."""
    return (place >= 2 and tokens[place].kind == 'name' and tokens[place - 1].text == '(' and
            tokens[place - 2].kind == 'name' and place + 1 < len(tokens) and tokens[place + 1].text in (',', ')'))


def find(tokens, pattern):
    """The places where a pattern matches; on which object a function is called is open."""
    texts = [None if is_first_argument(pattern, place) else token.text for place, token in enumerate(pattern)]
    for first in range(len(tokens) - len(texts) + 1):
        if all(text == tokens[first + place].text if text is not None else tokens[first + place].kind == 'name'
               for place, text in enumerate(texts)):
            yield first
