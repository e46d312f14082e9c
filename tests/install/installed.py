# SPDX-License-Identifier: LGPL-2.1-or-later
"""What doc/building.md says of a folder of one's own and of a build that is not installed is enough by itself."""

import atexit
import glob
import json
import os
import pathlib

import cases
from builder import ROOT, VERSION, VERSIONS, Folder, example, fails, run

BUILD = os.environ['IBB_TEST_BUILD_ROOT']
folder = Folder()
atexit.register(folder.__exit__)
prefix = folder / 'ibb'
libdir = os.path.join(prefix, 'lib')

# Nothing of the surrounding tests may help, and the home is ours.
outside = {key: value for key, value in os.environ.items()
           if key not in ('GI_TYPELIB_PATH', 'LD_LIBRARY_PATH', 'MANPATH', 'PKG_CONFIG_PATH', 'PYTHONPATH', 'XDG_DATA_DIRS')}
outside['HOME'] = folder.path


def get_environment(*command):
    text = run(*command, env=outside)
    return dict(entry.split('=', 1) for entry in text.split('\0') if '=' in entry)


def in_prefix():
    return get_environment('sh', '-c', example('building.md', '', 'export PATH') + 'env -0')


def in_devenv():
    return get_environment('meson', 'devenv', '-C', BUILD, 'env', '-0')

PYTHON = '''
import gi
gi.require_version('IBB', '1.0')
from gi.repository import IBB
loopback = IBB.Loopback()
connection = loopback.attach('alice@example.org/a')
assert connection.props.local_jid == 'alice@example.org/a'
service = IBB.Service.new(connection)
assert service.props.default_block_size == 8192
assert IBB.MAJOR_VERSION == 1
assert issubclass(IBB.Error, object) and IBB.Error.NOT_ACCEPTABLE != IBB.Error.FAILED
'''

PYTHON_FAILS = '''
import locale
locale.setlocale(locale.LC_ALL, '')
service.open_session('@', None, None)
'''

PYTHON_OVERRIDES = PYTHON + '''
async def talk():
    there = IBB.Service.new(loopback.attach('bob@example.org/b'))
    expected = there.expect_session_async('alice@example.org/a', 'sid')
    async with await service.open_session_async('bob@example.org/b', IBB.SessionParams(sid='sid')) as transport:
        async with await expected:
            return transport.props.sid
assert IBB.run(talk()) == 'sid'
'''

JAVASCRIPT = '''
imports.gi.versions.IBB = '1.0';
const { IBB } = imports.gi;
const loopback = new IBB.Loopback();
const connection = loopback.attach('alice@example.org/a');
const service = IBB.Service.new(connection);
if (service.default_block_size !== 8192 || connection.local_jid !== 'alice@example.org/a')
    throw new Error('not what it should be');
'''

C_OTHERS = '''
#include <ibb-glib/files/ibb-files.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>

int
main (void)
{
  g_autoptr (IBBLoopback)      loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection)    connection = ibb_loopback_attach (loopback, "alice@example.org/a");
  g_autoptr (IBBFilesService)  service = ibb_files_service_new (connection);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("../a.txt", 3);
  g_autofree char             *name = ibb_files_metadata_dup_safe_name (metadata);
  g_autoptr (GEnumClass)       states = g_type_class_ref (IBB_FILES_TYPE_STATE);
  g_autoptr (IBBXmppClient)    client = ibb_xmpp_client_new ("alice@example.org");

  g_print ("%s %d %d\\n", name, IBB_FILES_IS_SERVICE (service), IBB_IS_CONNECTION (client));
  return states->n_values == 7 ? 0 : 1;
}
'''

PYTHON_FILES = PYTHON + '''
gi.require_version('IBBFiles', '1.0')
from gi.repository import IBBFiles
files = IBBFiles.Service.new(connection)
assert files.props.connection == connection
assert IBBFiles.MAJOR_VERSION == 1
assert IBBFiles.Metadata.new('../a.txt', 3).dup_safe_name() == 'a.txt'
'''

PYTHON_XMPP = '''
gi.require_version('IBBXmpp', '1.0')
from gi.repository import IBBXmpp
client = IBBXmpp.Client.new('alice@example.org')
assert IBB.Service.new(client).props.connection == client
assert IBBXmpp.MAJOR_VERSION == 1
'''

PYTHON_OTHER_OVERRIDES = '''
assert IBBFiles.Service.__module__ == 'gi.overrides.IBBFiles'
assert IBBXmpp.Client.__module__ == 'gi.overrides.IBBXmpp'
'''

JAVASCRIPT_OTHERS = JAVASCRIPT + '''
imports.gi.versions.IBBFiles = '1.0';
const { IBBFiles } = imports.gi;
const files = IBBFiles.Service.new(connection);
if (files.connection !== connection || IBBFiles.Metadata.new('../a.txt', 3).dup_safe_name() !== 'a.txt')
    throw new Error('not what it should be');
imports.gi.versions.IBBXmpp = '1.0';
const { IBBXmpp } = imports.gi;
const client = IBBXmpp.Client.new('alice@example.org');
if (IBB.Service.new(client).connection !== client)
    throw new Error('not what it should be');
'''

VALA_OTHERS = '''
int main () {
  var loopback = new IBB.Loopback ();
  var connection = loopback.attach ("alice@example.org/a");
  var service = new IBBFiles.Service (connection);
  var metadata = new IBBFiles.Metadata ("../a.txt", 3);
  assert (service.connection != null && metadata.dup_safe_name () == "a.txt");
  assert (new IBB.Service (connection).default_block_size == 8192);
  assert (new IBBXmpp.Client ("alice@example.org").state == IBB.ConnectionState.OFFLINE);
  return 0;
}
'''


def flags(environment, *what):
    return run('pkg-config', *what, env=environment).split()


@cases.case('/install/prefix', timeout=2400)
def install():
    lines = example('building.md', '', '--prefix').splitlines()
    assert lines == ['meson setup build --prefix=$HOME/ibb --libdir=lib', 'meson install -C build'], lines
    build = folder / 'build'
    run('meson', 'setup', build, ROOT, f'--prefix={prefix}', '--libdir=lib', '--buildtype=plain',
        '-Dauto_features=enabled', '-Dtests=disabled', '-Ddocs=disabled')
    run('meson', 'install', '-C', build, '--quiet')
    assert os.path.exists(os.path.join(libdir, 'libibb-glib-1.0.so.0'))
    # Private headers stay at home.
    headers = {os.path.relpath(path, os.path.join(prefix, 'include', 'ibb-glib-1.0', 'ibb-glib'))
               for path in glob.glob(f'{prefix}/include/**/*.h', recursive=True)}
    assert 'ibb-glib.h' in headers and 'xmpp/ibb-xmpp-client.h' in headers
    assert not [name for name in headers if 'private' in name or 'core' in name], headers
    for library in ('files', 'xmpp'):
        assert {f'{library}/ibb-{library}.h', f'{library}/ibb-{library}-enum-types.h'} <= headers, headers
        assert not [name for name in headers
                    if name.startswith(f'{library}/') and not os.path.basename(name).startswith(f'ibb-{library}')]


@cases.case('/install/pkg-config')
def pkg_config():
    environment = in_prefix()
    for name in ('glib', 'xmpp', 'files'):
        package = f'ibb-{name}-1.0'
        assert flags(environment, '--modversion', package) == [VERSIONS[name]]
        # Only what the headers need is asked of those who use the library: there is no static one.
        libraries = flags(environment, '--libs', '--static', package)
        assert {'-l' + package, '-libb-glib-1.0', '-lgio-2.0'} <= set(libraries), libraries
        assert not {'-lgnutls', '-lidn', '-lidn2', '-lnettle', '-lsecret-1', '-lxml2'}.intersection(libraries), libraries
        assert flags(environment, '--print-requires-private', package) == []
        # The client and the protocol pass private structures to each other: they are of one version.
        needed = {'glib': 'gio-2.0 >=', 'xmpp': f'ibb-glib-1.0 = {VERSION}', 'files': 'ibb-glib-1.0 >= 1.'}[name]
        assert needed in run('pkg-config', '--print-requires', package, env=environment), package


@cases.case('/install/single-include')
def single_include():
    for header, umbrella in (('ibb-service.h', 'ibb-glib.h'), ('files/ibb-files-service.h', 'files/ibb-files.h'),
                             ('xmpp/ibb-xmpp-client.h', 'xmpp/ibb-xmpp.h')):
        source = folder.write('single.c', f'#include <ibb-glib/{header}>\n')
        output = fails('cc', '-c', source, '-o', os.devnull, *flags(in_prefix(), '--cflags', 'ibb-glib-1.0'))
        assert f'Only <ibb-glib/{umbrella}> can be included directly' in output, output


def compile_c(environment, name, text, *packages):
    program = folder / name
    run('cc', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', folder.write(name + '.c', text), '-o', program,
        *flags(environment, '--cflags', '--libs', *packages))
    return run(program, env=environment)


def check_c(environment):
    assert compile_c(environment, 'greeting', example('overview.md', 'c'), 'ibb-glib-1.0') == 'hello\n'
    assert compile_c(environment, 'names', C_OTHERS, 'ibb-files-1.0', 'ibb-xmpp-1.0') == 'a.txt 1 1\n'
    run('cc', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-fsyntax-only',
        folder.write('layers.c', example('layers.md', 'c')), *flags(environment, '--cflags', 'ibb-glib-1.0'))


def check_python(environment):
    run('/usr/bin/python3', '-c', PYTHON_OVERRIDES + PYTHON_FILES + PYTHON_XMPP + PYTHON_OTHER_OVERRIDES, env=environment)


def check_javascript(environment):
    run('gjs', folder.write('program.js', JAVASCRIPT_OTHERS), env=environment)


def check_vala(environment):
    program = folder / 'program-vala'
    run('valac', '--pkg', 'ibb-files-1.0', '--pkg', 'ibb-xmpp-1.0', folder.write('program.vala', VALA_OTHERS), '-o', program, cwd=folder.path,
        env=environment)
    run(program, env=environment)


def check_command(environment):
    assert 'send' in run('ibb', '--help', env=environment)
    german = {**environment, 'LC_ALL': 'C.UTF-8', 'LANGUAGE': 'de'}
    assert 'Aufruf:' in run('ibb', '--help', env=german)
    assert 'Ungültige JID' in fails('/usr/bin/python3', '-c', PYTHON + PYTHON_FAILS, env=german)
    with open(run('man', '-w', 'ibb', env=environment).strip(), encoding='utf-8') as file:
        assert '.TH IBB 1' in file.read().upper()


def add_cases(where, find_environment):
    for name, check in (('c', check_c), ('python', check_python), ('javascript', check_javascript),
                        ('vala', check_vala), ('command', check_command)):
        cases.case(f'/install/{where}/{name}')(lambda check=check: check(find_environment()))


add_cases('prefix', in_prefix)
add_cases('devenv', in_devenv)


@cases.case('/install/python/bare')
def python_bare():
    environment = in_prefix()
    del environment['PYTHONPATH']
    run('/usr/bin/python3', '-c', PYTHON_FILES + PYTHON_XMPP, env=environment)


@cases.case('/install/python/stubs')
def python_stubs():
    # Not beside the packages, where those of PyGObject have their place.
    names = {str(path.relative_to(prefix)) for pattern in ('*.pyi', 'py.typed')
             for path in pathlib.Path(prefix).rglob(pattern)}
    assert names == {f'share/ibb-glib/python-stubs/gi/{name}.pyi' for name in (
        '__init__', 'repository/__init__', 'repository/IBB', 'repository/IBBFiles', 'repository/IBBXmpp')}, names


@cases.case('/install/python/places')
def python_places():
    # Where distributions and people install, Python finds the overrides by itself.
    for usual in ('/usr', '/usr/local'):
        build = folder / usual.replace('/', '-')
        run('meson', 'setup', build, ROOT, f'--prefix={usual}', '-Dauto_features=disabled',
            '-Dintrospection=enabled', '-Dpython=enabled')
        plan = json.loads(run('meson', 'introspect', '--installed', build))
        paths = [path for path in plan.values() if path.endswith('/gi/overrides/IBB.py')]
        assert len(paths) == 1 and paths[0].startswith(usual + '/lib'), paths
        assert paths[0].replace('/gi/overrides/IBB.py', '') in run(
            '/usr/bin/python3', '-c', 'import sys; print(*sys.path, sep=chr(10))').split('\n')


cases.main()
