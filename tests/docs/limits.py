#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The table of doc/limits.md says what the sources say.

A row names a constant and its file below ibb-glib/, or a property, and its value. Each
constant whose name sounds like a bound is in the table, or in NO_BOUNDS.
"""

import pathlib
import re
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))

import cases
from cases import case, check

ROOT = pathlib.Path(__file__).resolve().parents[2]
LIBRARY = ROOT / 'ibb-glib'
DEFINE = re.compile(r'^#define +([A-Z]\w+) +(\S.*?) *(?:/\*.*)?$', re.M)
ROW = re.compile(r'^\| [^|]+ \| `([\w:-]+)`(?: \(`([\w./-]+)`\))? \| ([\d.]+)( [A-Za-zµ]+)? \| [^|]+ \|$')
SOUNDS_LIKE_A_BOUND = re.compile(r'(^|_)(MAX|LIMIT|TIMEOUT|FLOOD|BACKLOG|ATTEMPTS)(_|$)')
SIZES = {'KiB': 1 << 10, 'MiB': 1 << 20}
SECOND = 1000000  # µs, as G_USEC_PER_SEC

# What the names of these do not tell.
NO_BOUNDS = {
    'BAR_WIDTH_MAX': 'of a progress bar',
    'ROUNDS_MAX': 'how the window is found',
    'IBB_HMAC_MAX_DIGEST': 'of an algorithm',
    'LONG_PATH_MAX': 'how a slow reader is told from a long path',
    'TOOL_TIMEOUT_DEFAULT': 'that none was given',
    'TIMEOUT_STEPS': 'how finely a time is measured',
}


def read_defines():
    """The expressions of all constants: by name, (file, expression)."""
    result = {}
    for path in sorted(LIBRARY.rglob('*.[ch]')):
        text = re.sub(r' *\\\n *', ' ', path.read_text(encoding='utf-8'))
        for name, expression in DEFINE.findall(text):
            result.setdefault(name, []).append((path.relative_to(LIBRARY).as_posix(), expression))
    return result


DEFINES = read_defines()


def evaluate(expression, file):
    """The value of a constant expression of C that a file has."""
    def resolve(match):
        name = match.group()
        if name == 'G_USEC_PER_SEC':
            return str(SECOND)
        if name == 'G_MAXUINT16':
            return '65535'
        if name == 'G_GUINT64_CONSTANT':
            return ''
        if name == 'IBB_BASE64_ENCODED_LENGTH':
            return '(lambda n: (n + 2) // 3 * 4)'
        places = DEFINES[name]
        own = [text for where, text in places if where == file]
        return f'({resolve_all((own or [places[0][1]])[0])})'

    def resolve_all(text):
        return re.sub(r'\b[A-Z]\w+\b', resolve, re.sub(r'\b(\d+)u\b', r'\1', text))

    return eval(resolve_all(expression), {'__builtins__': {}})  # of our own sources


def find_default(name):
    """The default of a property, as IBBService:open-timeout."""
    owner, _, prop = name.partition(':')
    stem = re.sub(r'(?<=[a-z])(?=[A-Z])', '-', owner.replace('IBB', 'ibb-')).lower()
    for path in LIBRARY.rglob(f'{stem}*.c'):
        match = re.search(rf'g_param_spec_u?int(?:64)? \(\s*"{prop}", NULL, NULL,\s*[^,]+,\s*[^,]+,\s*([^,]+),',
                          path.read_text(encoding='utf-8'))
        if match:
            expression = re.sub(r'^defaults\.(\w+)$', find_setting, match.group(1))
            return evaluate(expression, path.relative_to(LIBRARY).as_posix()), expression
    return None, ''


def find_setting(match):
    """The expression of a setting in IBB_SETTINGS_INIT."""
    text = (LIBRARY / 'core/base/settings.h').read_text(encoding='utf-8')
    return re.search(rf'\.{match.group(1)} = ([^,]+?)(?:,| *\\\n)', text).group(1)


def find_value(name, file):
    """Its value and its expression; None: it is not there."""
    if ':' in name:
        return find_default(name)
    for where, expression in DEFINES.get(name, ()):
        if where == file:
            return evaluate(expression, file), expression
    return None, ''


def is_same(value, expression, text, unit):
    """Whether the table says so. A time has the unit of the source, unless that has
    G_USEC_PER_SEC: then it is in seconds here."""
    wanted = float(text) * SIZES.get(unit, 1)
    if unit == 's' and 'G_USEC_PER_SEC' in expression:
        wanted *= SECOND
    return value == wanted


def read_rows():
    rows, faults = [], []
    # What the bounds come to has a table of another form.
    text = (ROOT / 'doc/limits.md').read_text(encoding='utf-8').split('## Descriptors and threads')[0]
    for line in text.split('\n'):
        if not line.startswith('| ') or line.startswith(('| what', '| ---')):
            continue
        match = ROW.match(line)
        if match:
            rows.append((match[1], match[2], match[3], (match[4] or '').strip()))
        else:
            faults.append(f'this row cannot be read: {line}')
    return rows, faults


@case('each row has the value of its constant')
def _():
    rows, faults = read_rows()
    check(len(rows) > 100, f'only {len(rows)} rows')
    for name, file, text, unit in rows:
        value, expression = find_value(name, file)
        if value is None:
            faults.append(f'{name} is not in {file}')
        elif not is_same(value, expression, text, unit):
            faults.append(f'{name} is {value} in {file}, not {text} {unit}')
    names = [(name, file) for name, file, _, _ in rows]
    faults += [f'{name} stands twice' for name, file in set(names) if names.count((name, file)) > 1]
    check(not faults, '\n'.join(faults))


@case('each constant that sounds like a bound has a row')
def _():
    rows = {(name, file) for name, file, _, _ in read_rows()[0]}
    faults = []
    for name, places in DEFINES.items():
        for file, expression in places:
            # Another name for the same bound has the row of that one.
            if SOUNDS_LIKE_A_BOUND.search(name) and name not in NO_BOUNDS and (name, file) not in rows and \
                    expression not in DEFINES:
                faults.append(f'{name} of {file} is not in doc/limits.md')
    faults += [f'{name} is in NO_BOUNDS, and nowhere else' for name in NO_BOUNDS if name not in DEFINES]
    check(not faults, '\n'.join(faults))


if __name__ == '__main__':
    cases.main()
