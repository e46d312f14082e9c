# SPDX-License-Identifier: LGPL-2.1-or-later
"""Compares what a build promises with the promises of the commit that tests/install/frozen-abi names."""

import os
import shutil
import subprocess

import promises

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FROZEN = os.path.join(ROOT, 'tests', 'install', 'frozen-abi')
LIBRARIES = ('libibb-glib-1.0.so', 'libibb-xmpp-1.0.so', 'libibb-files-1.0.so')


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
    call('meson', 'install', '-C', build, '--no-rebuild', '--tags', 'devel,runtime,typelib', '--destdir', folder)


def build_frozen(commit, folder, options):
    """Builds and installs it, unless that is left from the last run."""
    stamp = os.path.join(folder, ' '.join((commit, *options)))
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


def compare_promises(folder, source):
    """A line for each promise that is broken by what is installed in folder/now, which source made. What is frozen is
    installed in folder/usr, which folder/source made."""
    return promises.compare(*(promises.describe(promises.read(place, origin)) for place, origin in (
        (os.path.join(folder, 'usr'), os.path.join(folder, 'source')), (os.path.join(folder, 'now'), source))))


def compare(build, folder, options):
    """What the libraries and the command of a build lack or change: symbols, and what promises.py describes. What is new is
    allowed. folder: where the frozen ones are built, with the options"""
    commit = find_frozen()
    build_frozen(commit, folder, options)
    now = os.path.join(folder, 'now')
    shutil.rmtree(now, ignore_errors=True)
    install(build, now)
    before = os.path.join(folder, 'usr')
    headers = [os.path.dirname(os.path.dirname(promises.find(place, 'ibb-glib.h')[0])) for place in (before, now)]
    faults = ''.join(line + '\n' for line in compare_promises(folder, ROOT))
    for library in LIBRARIES:
        result = subprocess.run(
            ('abidiff', '--no-added-syms', '--drop-private-types', '--headers-dir1', headers[0], '--headers-dir2', headers[1],
             promises.find(before, library)[0], promises.find(now, library)[0]),
            check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            faults += f'{library}, compared with {commit}:\n{result.stdout}'
    return faults
