# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each library exports its public functions, and nothing else; the macros of their versions."""

import glob
import os
import re
import subprocess

import cases

ROOT = os.environ['IBB_TEST_SOURCE_ROOT']
BUILD = os.environ['IBB_TEST_BUILD_ROOT']
LIBRARY = os.environ['IBB_TEST_LIBRARY']
FILES_LIBRARY = os.environ.get('IBB_TEST_FILES_LIBRARY')

# Declarations as a later version could have them, and a program that uses all of them.
VERSIONS = '''
#include <ibb-glib/ibb-glib.h>

#if !IBB_CHECK_VERSION (1, 0, 0) || !IBB_CHECK_VERSION (0, 9, 9) || IBB_CHECK_VERSION (1, 0, 99) \\
    || IBB_CHECK_VERSION (1, 1, 0) || IBB_CHECK_VERSION (2, 0, 0)
#error "IBB_CHECK_VERSION"
#endif

IBB_AVAILABLE_IN_1_0 void current (void);
IBB_DEPRECATED_IN_1_0_FOR (current) void deprecated (void);

void use (void);

void
use (void)
{
  current ();
  DEPRECATED;
}
'''


ENUMS = {'ibb_stanza_type_get_type', 'ibb_xmpp_tls_mode_get_type', 'ibb_connection_state_get_type', 'ibb_xmpp_trust_get_type',
         'ibb_xmpp_password_policy_get_type', 'ibb_xmpp_websocket_mode_get_type', 'ibb_error_get_type',
         'ibb_stanza_condition_get_type', 'ibb_wait_get_type', 'ibb_xmpp_answer_flags_get_type', 'ibb_xmpp_login_step_get_type'}
FILES_ENUMS = {'ibb_files_direction_get_type', 'ibb_files_existing_get_type', 'ibb_files_state_get_type',
               'ibb_files_way_get_type'}


def exported(library):
    output = subprocess.run(('nm', '-D', '--defined-only', library), check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[-1] for line in output.splitlines()}


def declared(*patterns):
    names = set()
    for path in [path for pattern in patterns for path in glob.glob(f'{ROOT}/ibb-glib/{pattern}')]:
        if path.endswith('-private.h'):
            continue
        with open(path, encoding='utf-8') as file:
            text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.DOTALL)
        for match in re.finditer(r'IBB_AVAILABLE_IN_1_0\s+(?:G_DECLARE_\w+ \(\s*\w+,\s*(\w+),'
                                 r'|[^;(]*?(\w+) \()', text):
            names.add(match.group(1) + '_get_type' if match.group(1) else match.group(2))
    return names


@cases.case('/install/symbols/only-ours')
def only_ours():
    assert exported(LIBRARY) and not [name for name in exported(LIBRARY) if not name.startswith('ibb_')]


@cases.case('/install/symbols/only-declared')
def only_declared():
    more = exported(LIBRARY) - declared('*.h', 'trust/ibb-*.h', 'xmpp/ibb-*.h') - ENUMS
    assert not more, more


@cases.case('/install/symbols/all-declared')
def all_declared():
    names = declared('*.h', 'trust/ibb-*.h', 'xmpp/ibb-*.h')
    assert len(names) > 100
    missing = names - exported(LIBRARY)
    if not any(name.startswith('ibb_xmpp_client_') for name in exported(LIBRARY)):
        missing = {name for name in missing if not name.startswith(('ibb_xmpp_client_', 'ibb_xmpp_component_',
                                                                      'ibb_xmpp_entity_'))}
    assert not missing, missing


@cases.case('/install/symbols/files')
def files():
    if FILES_LIBRARY is None:
        return
    names = declared('files/ibb-files*.h') | FILES_ENUMS
    assert len(names) > 40
    assert exported(FILES_LIBRARY) == names, exported(FILES_LIBRARY) ^ names


def compile_versions(*definitions):
    """Compiles VERSIONS; what the compiler said, None if nothing."""
    flags = subprocess.run(('pkg-config', '--cflags', 'gio-2.0'), check=True, stdout=subprocess.PIPE, text=True).stdout
    result = subprocess.run(
        ('cc', '-x', 'c', '-fsyntax-only', '-Wall', '-Werror', *definitions, f'-I{ROOT}', f'-I{BUILD}',
         f'-I{BUILD}/ibb-glib', *flags.split(), '-'),
        check=False, input=VERSIONS, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return result.stdout if result.returncode else None


@cases.case('/install/symbols/versions')
def versions():
    assert compile_versions('-DDEPRECATED=(void) 0') is None
    said = compile_versions('-DDEPRECATED=deprecated ()')
    assert said and 'deprecated: Use \'current\' instead' in said, said
    assert compile_versions('-DDEPRECATED=(void) 0', '-DIBB_VERSION_MIN_REQUIRED=IBB_VERSION_1_0',
                            '-DIBB_VERSION_MAX_ALLOWED=IBB_VERSION_1_0') is None
    said = compile_versions('-DIBB_VERSION_MIN_REQUIRED=0')
    assert said and 'is older than ibb-glib 1.0' in said, said
    said = compile_versions('-DIBB_VERSION_MIN_REQUIRED=(IBB_VERSION_1_0+256)')
    assert said and 'is older than IBB_VERSION_MIN_REQUIRED' in said, said


cases.main()
