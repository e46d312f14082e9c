# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each library exports its public functions, and nothing else; the macros of their versions."""

import glob
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import cases
import graph

ROOT = os.environ['IBB_TEST_SOURCE_ROOT']
BUILD = os.environ['IBB_TEST_BUILD_ROOT']
# Of each library: the file, its headers, the types of its enumerations, which need no declaration, and what it is
# linked with beside GLib and the C library. A program with a connection of its own takes the first one alone.
LIBRARIES = {
    'glib': (os.environ['IBB_TEST_LIBRARY'], ('ibb-*.h',), {
        'ibb_connection_state_get_type', 'ibb_error_get_type', 'ibb_stanza_condition_get_type',
        'ibb_stanza_type_get_type', 'ibb_wait_get_type'}, {'xml2'}),
    'xmpp': (os.environ['IBB_TEST_XMPP_LIBRARY'], ('xmpp/ibb-*.h', 'xmpp/trust/ibb-*.h'), {
        'ibb_xmpp_answer_flags_get_type', 'ibb_xmpp_login_step_get_type', 'ibb_xmpp_password_policy_get_type',
        'ibb_xmpp_tls_mode_get_type', 'ibb_xmpp_trust_get_type', 'ibb_xmpp_websocket_mode_get_type'},
             {'gnutls', 'ibb-glib-1.0', 'idn', 'idn2', 'nettle', 'secret-1', 'xml2'}),
    'files': (os.environ['IBB_TEST_FILES_LIBRARY'], ('files/ibb-files*.h',), {
        'ibb_files_direction_get_type', 'ibb_files_existing_get_type', 'ibb_files_state_get_type',
        'ibb_files_way_get_type'}, {'ibb-glib-1.0', 'nettle'}),
}
# The header of the build with the version and its series, 1.0, 1.1 and so on.
VERSION_HEADER = pathlib.Path(BUILD, 'ibb-glib/ibb-version.h').read_text(encoding='utf-8')
SERIES = sorted(int(minor) for minor in re.findall(r'^#define IBB_VERSION_1_(\d+) ', VERSION_HEADER, re.M))
GLIB = {'gio-2.0', 'gobject-2.0', 'glib-2.0'}
# A variable of the first library, for the loader, and its node of versions: see base/same-version.h.
SAME_VERSION = 'ibb_xmpp_needs_ibb_glib'
NODE = '_'.join(('IBB_GLIB_PRIVATE', *re.findall(r'^#define IBB_(?:MAJOR|MINOR|MICRO)_VERSION (\d+)', VERSION_HEADER, re.M)))
# The sources, below ibb-glib/, of what is inside two of them. The third one has copies of much of the first one.
INSIDE = {'glib': r'(?!files/|xmpp/|tool/|base/disk$)', 'files': r'files/|base/(?:disk|foreign-text|intl|source)$'}


def exported(library):
    output = subprocess.run(('nm', '-D', '--defined-only', library), check=True,
                            stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[-1] for line in output.splitlines()}


def declared(*patterns, series=r'\d+'):
    names = set()
    for path in [path for pattern in patterns for path in glob.glob(f'{ROOT}/ibb-glib/{pattern}')]:
        if path.endswith('-private.h'):
            continue
        with open(path, encoding='utf-8') as file:
            text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.DOTALL)
        for match in re.finditer(rf'IBB_AVAILABLE_IN_1_{series}\s+(?:G_DECLARE_\w+ \(\s*\w+,\s*(\w+),'
                                 r'|[^;(]*?(\w+) \()', text):
            names.add(match.group(1) + '_get_type' if match.group(1) else match.group(2))
    return names


def check_exported(name):
    library, headers, enums, _ = LIBRARIES[name]
    names = declared(*headers) | enums | ({f'{SAME_VERSION}@@{NODE}', NODE} if name == 'glib' else set())
    assert len(names) > 40
    assert exported(library) == names, exported(library) ^ names


def check_linked(name):
    library, _, _, others = LIBRARIES[name]
    output = subprocess.run(('readelf', '-d', library), check=True, stdout=subprocess.PIPE, text=True).stdout
    needed = set(re.findall(r'\(NEEDED\).*\[(?:lib)?(.*)\.so', output)) - GLIB - {'c'}
    assert needed == others, needed ^ others


def check_inside(name):
    owners = {symbol: node.name for node in graph.Graph(f'{ROOT}/ibb-glib').nodes for symbol in node.defined}
    output = subprocess.run(('nm', '--defined-only', LIBRARIES[name][0]), check=True, stdout=subprocess.PIPE,
                            text=True).stdout
    found = {symbol for symbol in (line.split()[-1] for line in output.splitlines()) if symbol in owners}
    if not found:
        raise cases.Skip('the library is stripped')
    foreign = sorted(f'{symbol} of {owners[symbol]}' for symbol in found if not re.match(INSIDE[name], owners[symbol]))
    assert not foreign, foreign


for each in INSIDE:
    cases.case(f'/install/symbols/{each}/inside')(lambda name=each: check_inside(name))
for each in LIBRARIES:
    cases.case(f'/install/symbols/{each}/exported')(lambda name=each: check_exported(name))
    cases.case(f'/install/symbols/{each}/linked')(lambda name=each: check_linked(name))


def get_needed(library):
    """The public functions of the first library that another one uses."""
    output = subprocess.run(('nm', '-D', '--undefined-only', library), check=True, stdout=subprocess.PIPE, text=True).stdout
    return {line.split()[-1] for line in output.splitlines()} & declared('ibb-*.h')


def load(library, *changes):
    """Loads a library as a program does that binds each function when it is called, beside the first library with
    other bytes: what the loader says against it. changes: pairs of what stands in that and what shall"""
    first = pathlib.Path(LIBRARIES['glib'][0]).read_bytes()
    for old, new in changes:
        assert old in first and len(old) == len(new), old
        first = first.replace(old, new)
    program = """
import ctypes, sys
loader = ctypes.CDLL(None)
loader.dlopen.restype, loader.dlerror.restype = ctypes.c_void_p, ctypes.c_char_p
RTLD_LAZY = 1
if loader.dlopen(sys.argv[1].encode(), RTLD_LAZY) is None:
    print(loader.dlerror().decode())
"""
    with tempfile.TemporaryDirectory(prefix='ibb-test-') as folder:
        pathlib.Path(folder, 'libibb-glib-1.0.so.0').write_bytes(first)
        environment = {key: value for key, value in os.environ.items() if key != 'LD_BIND_NOW'}
        result = subprocess.run((sys.executable, '-c', program, library), check=True,
                                env={**environment, 'LD_LIBRARY_PATH': folder}, stdout=subprocess.PIPE, text=True)
    return result.stdout


@cases.case('/install/symbols/same-version')
def same_version():
    """With a libibb-glib of another version the library with the client is not loaded, and that for files is."""
    other = NODE.encode()[:-1] + bytes((NODE.encode()[-1] + 1,))
    for name in 'xmpp', 'files':
        assert load(LIBRARIES[name][0]) == ''
    changed = (NODE.encode() + b'\0', other + b'\0')
    said = load(LIBRARIES['xmpp'][0], changed)
    assert f'version `{NODE}\' not found' in said, said
    assert load(LIBRARIES['files'][0], changed) == ''


@cases.case('/install/symbols/next-version')
def next_version():
    """A checker of the ABI misses no symbol in the next version."""
    if not shutil.which('abidiff'):
        raise cases.Skip('abidiff is not installed')
    library = LIBRARIES['glib'][0]
    node = NODE.encode() + b'\0'
    with tempfile.TemporaryDirectory(prefix='ibb-test-') as folder:
        later = pathlib.Path(folder, 'later.so')
        later.write_bytes(pathlib.Path(library).read_bytes().replace(node, node.replace(b'_1', b'_2')))
        compared = subprocess.run(('abidiff', library, later), check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert compared.returncode == 0, compared.stdout


@cases.case('/install/symbols/lacking-function')
def lacking_function():
    """A libibb-glib that lacks a function is refused when a program begins, not where the function is called."""
    relocations = subprocess.run(('readelf', '-rW', LIBRARIES['glib'][0]), check=True, stdout=subprocess.PIPE, text=True).stdout
    # Those that the library itself looks for would be missed by it.
    own = set(re.findall(r'\bibb_\w+', relocations))
    for name in 'xmpp', 'files':
        function = max(get_needed(LIBRARIES[name][0]) - own)
        said = load(LIBRARIES[name][0], (function.encode() + b'\0', function.upper().encode() + b'\0'))
        assert f'undefined symbol: {function}' in said, said
    command = subprocess.run(('readelf', '-d', BUILD + '/ibb-glib/tool/ibb'), check=True, stdout=subprocess.PIPE, text=True)
    assert re.search(r'FLAGS.*\bNOW\b', command.stdout), command.stdout


@cases.case('/install/symbols/least-version')
def least_version():
    """pkg-config asks for the version of libibb-glib that has the newest function that libibb-files uses."""
    newest = max(minor for minor in SERIES if get_needed(LIBRARIES['files'][0]) & declared('ibb-*.h', series=minor))
    package = pathlib.Path(BUILD, 'meson-private/ibb-files-1.0.pc').read_text(encoding='utf-8')
    assert re.search(rf'ibb-glib-1\.0 >= +1\.{newest}\.0\b', package), package


@cases.case('/install/symbols/unused-sections')
def unused_sections():
    """A linker that drops what nothing uses (--gc-sections) drops nothing of what the loader looks at."""
    with tempfile.TemporaryDirectory(prefix='ibb-test-') as folder:
        library = os.path.join(folder, 'library.so')
        objects = glob.glob(LIBRARIES['xmpp'][0] + '.p/*.o')
        subprocess.run(('cc', '-shared', '-Wl,--gc-sections', '-o', library, *objects, LIBRARIES['glib'][0]), check=True)
        output = subprocess.run(('nm', '-D', '--undefined-only', library), check=True, stdout=subprocess.PIPE, text=True).stdout
        assert f' {SAME_VERSION}@{NODE}\n' in output, output


def compile_text(text, *definitions):
    """Compiles a program with the headers of the build; whether it compiles, and what the compiler said."""
    flags = subprocess.run(('pkg-config', '--cflags', 'gio-2.0'), check=True, stdout=subprocess.PIPE, text=True).stdout
    result = subprocess.run(
        ('cc', '-x', 'c', '-fsyntax-only', '-Wall', *definitions, f'-I{ROOT}', f'-I{BUILD}', f'-I{BUILD}/ibb-glib',
         *flags.split(), '-'),
        check=False, env={**os.environ, 'LC_ALL': 'C'}, input=text, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return result.returncode == 0, result.stdout


@cases.case('/install/symbols/check-version')
def check_version():
    """Each library has macros for its own version, and for one before and after it."""
    for name, header in ('', 'ibb-glib.h'), ('XMPP_', 'xmpp/ibb-xmpp.h'), ('FILES_', 'files/ibb-files.h'):
        major, minor, micro = (f'IBB_{name}{part}_VERSION' for part in ('MAJOR', 'MINOR', 'MICRO'))
        older = (f'{major}, {minor}, {micro}', f'{major}, {minor} - 1, 99', f'{major} - 1, 99, 99')
        newer = (f'{major}, {minor}, {micro} + 1', f'{major}, {minor} + 1, 0', f'{major} + 1, 0, 0')
        wrong = [f'!IBB_{name}CHECK_VERSION ({each})' for each in older] + [f'IBB_{name}CHECK_VERSION ({each})' for each in newer]
        good, said = compile_text(f'#include <ibb-glib/{header}>\n' + ''.join(f'#if {each}\n#error "{each}"\n#endif\n' for each in wrong))
        assert good, said


def check_macros(least, most):
    """The two macros as a program defines them, or does not (None): what the compiler warns of."""
    names = {'IBB_VERSION_MIN_REQUIRED': least, 'IBB_VERSION_MAX_ALLOWED': most}
    text = '#include <ibb-glib/files/ibb-files.h>\n#include <ibb-glib/xmpp/ibb-xmpp.h>\n'
    for minor in SERIES:
        text += (f'IBB_AVAILABLE_IN_1_{minor} void added_{minor} (void);\n'
                 f'IBB_DEPRECATED_IN_1_{minor} void old_{minor} (void);\n'
                 f'IBB_DEPRECATED_IN_1_{minor}_FOR (better) void worse_{minor} (void);\n')
    text += 'void use (void);\nvoid\nuse (void)\n{\n'
    text += ''.join(f'  added_{minor} ();\n  old_{minor} ();\n  worse_{minor} ();\n' for minor in SERIES) + '}\n'
    good, said = compile_text(text, *(f'-D{name}=IBB_VERSION_1_{minor}' for name, minor in names.items() if minor is not None))
    newest = SERIES[-1] if most is None else most
    oldest = newest if least is None else least
    if oldest > newest:
        assert not good and 'IBB_VERSION_MAX_ALLOWED is older than IBB_VERSION_MIN_REQUIRED' in said, (names, said)
        return
    expected = {(f'added_{minor}', f'Not available before 1.{minor}') for minor in SERIES if minor > newest}
    for minor in SERIES:
        if minor <= oldest:
            expected |= {(f'old_{minor}', ''), (f'worse_{minor}', "Use 'better' instead")}
    found = {(name, why or '') for name, why in re.findall(r"'(\w+)' is deprecated(?:: (.*?))? \[-W", said)}
    assert good and found == expected, (names, said)


@cases.case('/install/symbols/versions')
def versions():
    """Each of the two macros, alone and with the other one, for each series."""
    assert len(SERIES) > 1
    for least in (None, *SERIES):
        for most in (None, *SERIES):
            check_macros(least, most)
    good, said = compile_text('#include <ibb-glib/ibb-glib.h>\n', '-DIBB_VERSION_MIN_REQUIRED=0')
    assert not good and 'IBB_VERSION_MIN_REQUIRED is older than ibb-glib 1.0' in said, said
    # As a program may that knows of later series.
    good, said = compile_text('#include <ibb-glib/ibb-glib.h>\n', '-DIBB_VERSION_MAX_ALLOWED=(IBB_VERSION_CURRENT+256)')
    assert good, said


cases.main()
