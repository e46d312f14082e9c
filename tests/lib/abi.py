# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares the ABI with that of the commit which tests/install/frozen-abi names: a tag, after a release."""

import glob
import os
import re
import shutil
import subprocess

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FROZEN = os.path.join(ROOT, 'tests', 'install', 'frozen-abi')
LIBRARIES = ('libibb-glib-1.0.so', 'libibb-xmpp-1.0.so', 'libibb-files-1.0.so')
# abidiff numbers them in the order of the object files: find_values () has them.
SUPPRESSED = '[suppress_type]\n  type_kind = enum\n  name_regexp = ^__anonymous_enum__\n'
# Something changed or deleted. A name for a type, and a type of another library's header, come and go with their use.
FAULT = re.compile(r"^  \[[CD]\] (?!'typedef )(?!'(?:enum|struct|union) .* at (?!ibb-)[\w.-]+:\d)", re.M)
ABIDIFF_FAILED = 1 | 2
ENUMERATION = re.compile(r'typedef enum\s*\{(.*?)\}\s*(\w+);', re.S)


class Unavailable(Exception):
    """Nothing can be compared, and why."""


def call(*command, **options):
    """The output; an error has it."""
    result = subprocess.run(command, check=False, stdin=options.pop('stdin', subprocess.DEVNULL),
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **options)
    if result.returncode != 0:
        raise RuntimeError(f'{" ".join(command)}: {result.stdout.decode(errors="replace")}')
    return result.stdout


def find_frozen():
    """The commit that is frozen, as a hash."""
    if not shutil.which('abidiff'):
        raise Unavailable('abidiff is not installed')
    with open(FROZEN, encoding='ascii') as file:
        name = file.read().strip()
    try:
        return call('git', '-C', ROOT, 'rev-parse', '--verify', '--quiet', name + '^{commit}').decode().strip()
    except (FileNotFoundError, RuntimeError):
        raise Unavailable(f'the history has no {name}, which is frozen') from None


def install(build, folder):
    call('meson', 'install', '-C', build, '--no-rebuild', '--tags', 'devel,runtime', '--destdir', folder)


def build_frozen(commit, folder, options):
    """Builds and installs it, unless that is left from the last run."""
    stamp = os.path.join(folder, commit)
    if os.path.exists(stamp):
        return
    shutil.rmtree(folder, ignore_errors=True)
    source, build = os.path.join(folder, 'source'), os.path.join(folder, 'build')
    os.makedirs(source)
    with subprocess.Popen(('git', '-C', ROOT, 'archive', commit), stdout=subprocess.PIPE) as archive:
        call('tar', '-x', '-C', source, stdin=archive.stdout)
    call('meson', 'setup', build, source, '--prefix=/usr', '--libdir=lib', *options)
    call('ninja', '-C', build)
    install(build, folder)
    with open(stamp, 'w', encoding='ascii'):
        pass


def find(folder, name):
    for path, _, names in os.walk(folder):
        if name in names:
            return os.path.join(path, name)
    raise RuntimeError(f'{folder} has no {name}')


def find_values(headers):
    """The number of each member of an enumeration."""
    values = {}
    for path in glob.glob(os.path.join(headers, '**', '*.h'), recursive=True):
        with open(path, encoding='utf-8') as file:
            text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.S)
        for body, _ in ENUMERATION.findall(text):
            number = -1
            for member in filter(None, map(str.strip, body.split(','))):
                name, _, value = member.partition('=')
                number = eval(value, {'__builtins__': {}}, values) if value else number + 1
                values[name.strip()] = number
    return values


def compare(build, folder, options):
    """What the libraries of a build lack or change: symbols, and the types that installed headers declare. What is new is
    allowed. folder: where the frozen ones are built, with the options"""
    commit = find_frozen()
    build_frozen(commit, folder, options)
    now = os.path.join(folder, 'now')
    shutil.rmtree(now, ignore_errors=True)
    install(build, now)
    before = os.path.join(folder, 'usr')
    headers = [os.path.dirname(os.path.dirname(find(place, 'ibb-glib.h'))) for place in (before, now)]
    suppressions = os.path.join(folder, 'suppressions')
    with open(suppressions, 'w', encoding='ascii') as file:
        file.write(SUPPRESSED)
    values = [find_values(place) for place in headers]
    faults = ''.join(f'{name}: {value} is now {values[1].get(name, "gone")}\n'
                     for name, value in values[0].items() if values[1].get(name) != value)
    for library in LIBRARIES:
        # The virtual table of a connection is no argument of any function.
        result = subprocess.run(
            ('abidiff', '--no-added-syms', '--drop-private-types', '--non-reachable-types',
             '--suppressions', suppressions, '--headers-dir1', headers[0], '--headers-dir2', headers[1],
             find(before, library), find(now, library)),
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        # The status counts new types, too.
        if result.returncode & ABIDIFF_FAILED or FAULT.search(result.stdout):
            faults += f'{library}, compared with {commit}:\n{result.stdout}'
    return faults
