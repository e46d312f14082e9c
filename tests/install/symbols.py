# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library exports its public functions, and nothing else."""

import glob
import os
import re
import subprocess

import cases

ROOT = os.environ['IBB_TEST_SOURCE_ROOT']
LIBRARY = os.environ['IBB_TEST_LIBRARY']


def exported():
    output = subprocess.run(('nm', '-D', '--defined-only', LIBRARY), check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[-1] for line in output.splitlines()}


def declared():
    names = set()
    for path in glob.glob(f'{ROOT}/ibb-glib/*.h') + glob.glob(f'{ROOT}/ibb-glib/xmpp/ibb-*.h'):
        if path.endswith('-private.h'):
            continue
        with open(path, encoding='utf-8') as file:
            text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.DOTALL)
        for match in re.finditer(r'IBB_AVAILABLE_IN_1_0\s+(?:G_DECLARE_\w+ \(\w+, (\w+),'
                                 r'|[^;(]*?(\w+) \()', text):
            names.add(match.group(1) + '_get_type' if match.group(1) else match.group(2))
    return names


@cases.case('/install/symbols/only-ours')
def only_ours():
    assert exported() and not [name for name in exported() if not name.startswith('ibb_')]


@cases.case('/install/symbols/only-declared')
def only_declared():
    enums = {'ibb_stanza_type_get_type', 'ibb_tls_mode_get_type', 'ibb_client_state_get_type',
             'ibb_error_get_type'}
    assert not exported() - declared() - enums, exported() - declared() - enums


@cases.case('/install/symbols/all-declared')
def all_declared():
    assert len(declared()) > 100
    missing = declared() - exported()
    if not any(name.startswith('ibb_client_') for name in exported()):
        missing = {name for name in missing if not name.startswith('ibb_client_')}
    assert not missing, missing


cases.main()
