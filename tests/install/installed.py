# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files that "meson install" puts into an empty prefix are enough by themselves."""

import atexit
import glob
import json
import os

import cases
from builder import ROOT, Folder, example, fails, run

folder = Folder()
atexit.register(folder.__exit__)
prefix = folder / 'prefix'
libdir = os.path.join(prefix, 'lib')

# Nothing of a surrounding "meson devenv" may help.
environment = {key: value for key, value in os.environ.items()
               if key not in ('GI_TYPELIB_PATH', 'LD_LIBRARY_PATH', 'PKG_CONFIG_PATH', 'PYTHONPATH')}
environment['PKG_CONFIG_PATH'] = os.path.join(libdir, 'pkgconfig')
environment['LD_LIBRARY_PATH'] = libdir
environment['GI_TYPELIB_PATH'] = os.path.join(libdir, 'girepository-1.0')
environment['PATH'] = os.path.join(prefix, 'bin') + ':' + environment['PATH']

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

VALA = '''
int main () {
  var loopback = new IBB.Loopback ();
  var connection = loopback.attach ("alice@example.org/a");
  var service = new IBB.Service (connection);
  assert (service.default_block_size == 8192);
  return 0;
}
'''


C_FILES = '''
#include <ibb-glib/files/ibb-files.h>

int
main (void)
{
  g_autoptr (IBBLoopback)      loopback = ibb_loopback_new ();
  g_autoptr (IBBConnection)    connection = ibb_loopback_attach (loopback, "alice@example.org/a");
  g_autoptr (IBBFilesService)  service = ibb_files_service_new (connection);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("../a.txt", 3);
  g_autofree char             *name = ibb_files_metadata_dup_safe_name (metadata);
  g_autoptr (GEnumClass)       states = g_type_class_ref (IBB_FILES_TYPE_STATE);

  g_print ("%s %d\\n", name, IBB_FILES_IS_SERVICE (service));
  return states->n_values == 7 ? 0 : 1;
}
'''

PYTHON_FILES = PYTHON + '''
gi.require_version('IBBFiles', '1.0')
from gi.repository import IBBFiles
files = IBBFiles.Service.new(connection)
assert files.props.connection == connection
assert IBBFiles.Metadata.new('../a.txt', 3).dup_safe_name() == 'a.txt'
'''

PYTHON_FILES_OVERRIDES = '''
assert IBBFiles.Service.__module__ == 'gi.overrides.IBBFiles'
'''

JAVASCRIPT_FILES = JAVASCRIPT + '''
imports.gi.versions.IBBFiles = '1.0';
const { IBBFiles } = imports.gi;
const files = IBBFiles.Service.new(connection);
if (files.connection !== connection || IBBFiles.Metadata.new('../a.txt', 3).dup_safe_name() !== 'a.txt')
    throw new Error('not what it should be');
'''

VALA_FILES = '''
int main () {
  var loopback = new IBB.Loopback ();
  var service = new IBBFiles.Service (loopback.attach ("alice@example.org/a"));
  var metadata = new IBBFiles.Metadata ("../a.txt", 3);
  assert (service.connection != null && metadata.dup_safe_name () == "a.txt");
  return 0;
}
'''


def flags(what, package='ibb-glib-1.0'):
    return run('pkg-config', what, package, env=environment).split()


@cases.case('/install/prefix', timeout=600)
def install():
    build = folder / 'build'
    run('meson', 'setup', build, ROOT, f'--prefix={prefix}', '--libdir=lib', '--buildtype=plain',
        '-Dauto_features=enabled', '-Dtests=disabled', '-Ddocs=disabled')
    run('meson', 'install', '-C', build, '--quiet')
    assert os.path.exists(os.path.join(libdir, 'libibb-glib-1.0.so.0'))
    # Private headers stay at home.
    headers = {os.path.relpath(path, os.path.join(prefix, 'include', 'ibb-glib-1.0', 'ibb-glib'))
               for path in glob.glob(f'{prefix}/include/**/*.h', recursive=True)}
    assert 'ibb-glib.h' in headers and 'xmpp/ibb-client.h' in headers
    assert not [name for name in headers if 'private' in name or 'core' in name], headers
    assert 'files/ibb-files.h' in headers and 'files/ibb-files-enum-types.h' in headers
    assert not [name for name in headers if name.startswith('files/') and not name.startswith('files/ibb-files')]


@cases.case('/install/pkg-config')
def pkg_config():
    assert run('pkg-config', '--modversion', 'ibb-glib-1.0', env=environment).strip() == '1.0.0'
    # Only what the headers need is asked of those who use the library.
    libraries = flags('--libs')
    assert '-libb-glib-1.0' in libraries and '-lgio-2.0' in libraries
    assert '-lxml2' not in libraries and '-lidn' not in libraries and '-lidn2' not in libraries and '-lnettle' not in libraries
    assert run('pkg-config', '--modversion', 'ibb-files-1.0', env=environment).strip() == '1.0.0'
    libraries = flags('--libs', 'ibb-files-1.0')
    assert '-libb-files-1.0' in libraries and '-libb-glib-1.0' in libraries and '-lnettle' not in libraries


@cases.case('/install/c')
def c_program():
    source = folder.write('greeting.c', example('overview.md', 'c'))
    program = folder / 'greeting'
    run('cc', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', source, '-o', program,
        *flags('--cflags'), *flags('--libs'))
    assert run(program, env=environment) == 'hello\n'
    run('cc', '-Wall', '-Wextra', '-Werror', '-Wno-unused-parameter', '-fsyntax-only',
        folder.write('layers.c', example('layers.md', 'c')), *flags('--cflags'))


@cases.case('/install/c/files')
def c_program_files():
    program = folder / 'names'
    run('cc', '-Wall', '-Wextra', '-Werror', folder.write('names.c', C_FILES), '-o', program,
        *flags('--cflags', 'ibb-files-1.0'), *flags('--libs', 'ibb-files-1.0'))
    assert run(program, env=environment) == 'a.txt 1\n'


@cases.case('/install/single-include')
def single_include():
    for header, umbrella in (('ibb-service.h', 'ibb-glib.h'), ('files/ibb-files-service.h', 'files/ibb-files.h')):
        source = folder.write('single.c', f'#include <ibb-glib/{header}>\n')
        output = fails('cc', '-c', source, '-o', os.devnull, *flags('--cflags'))
        assert f'Only <ibb-glib/{umbrella}> can be included directly' in output, output


@cases.case('/install/python')
def python_program():
    run('/usr/bin/python3', '-c', PYTHON_FILES, env=environment)


@cases.case('/install/python/overrides')
def python_overrides():
    found = glob.glob(f'{prefix}/**/gi/overrides/IBB.py', recursive=True)
    assert len(found) == 1, found
    path = os.path.dirname(os.path.dirname(os.path.dirname(found[0])))
    # The stubs, beside the packages.
    for name in ('__init__.pyi', 'py.typed', 'repository/IBB.pyi', 'repository/IBBFiles.pyi'):
        assert os.path.exists(os.path.join(path, 'gi-stubs', name)), name
    run('/usr/bin/python3', '-c', PYTHON_OVERRIDES, env={**environment, 'PYTHONPATH': path})
    run('/usr/bin/python3', '-c', PYTHON_FILES + PYTHON_FILES_OVERRIDES, env={**environment, 'PYTHONPATH': path})
    # Where distributions and people install, Python finds them by itself.
    for usual in ('/usr', '/usr/local'):
        build = folder / usual.replace('/', '-')
        run('meson', 'setup', build, ROOT, f'--prefix={usual}', '-Dauto_features=disabled',
            '-Dintrospection=enabled', '-Dpython=enabled')
        plan = json.loads(run('meson', 'introspect', '--installed', build))
        paths = [path for path in plan.values() if path.endswith('/gi/overrides/IBB.py')]
        assert len(paths) == 1 and paths[0].startswith(usual + '/lib'), paths
        assert paths[0].replace('/gi/overrides/IBB.py', '') in run(
            '/usr/bin/python3', '-c', 'import sys; print(*sys.path, sep="\\n")').split('\n')


@cases.case('/install/javascript')
def javascript_program():
    run('gjs', folder.write('program.js', JAVASCRIPT_FILES), env=environment)


@cases.case('/install/vala')
def vala_program():
    for package, text in (('ibb-glib-1.0', VALA), ('ibb-files-1.0', VALA_FILES)):
        source = folder.write('program.vala', text)
        program = folder / 'program-vala'
        run('valac', '--vapidir', os.path.join(prefix, 'share', 'vala', 'vapi'), '--pkg', package,
            source, '-o', program, env=environment)
        run(program, env=environment)


@cases.case('/install/command')
def command():
    assert 'send' in run(os.path.join(prefix, 'bin', 'ibb'), '--help', env=environment)


cases.main()
