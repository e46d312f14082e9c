# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each option really switches what it names."""

import glob
import os

import cases
from builder import ROOT, Folder, example, fails, run


def build(folder, *options):
    run('meson', 'setup', folder / 'build', ROOT, '--buildtype=plain', '--werror',
        f"--prefix={folder / 'prefix'}", '--libdir=lib', *options)
    run('meson', 'install', '-C', folder / 'build', '--quiet')
    return {os.path.relpath(path, folder / 'prefix')
            for path in glob.glob(f"{folder / 'prefix'}/**", recursive=True)
            if not os.path.isdir(path)}


def compile_against(folder, text):
    environment = {**os.environ, 'PKG_CONFIG_PATH': folder / 'prefix/lib/pkgconfig',
                   'LD_LIBRARY_PATH': folder / 'prefix/lib'}
    flags = run('pkg-config', '--cflags', '--libs', 'ibb-glib-1.0', env=environment).split()
    run('cc', folder.write('program.c', text), '-o', folder / 'program', *flags)
    return run(folder / 'program', env=environment)


@cases.case('/install/options/all-off', timeout=600)
def all_off():
    with Folder() as folder:
        files = build(folder, '-Dauto_features=disabled')
        assert 'lib/libibb-glib-1.0.so.0' in files
        assert not [name for name in files if name.endswith(('.gir', '.typelib', '.vapi', '.html', '.py'))]
        assert 'bin/ibb' not in files
        assert 'include/ibb-glib-1.0/ibb-glib/xmpp/ibb-xmpp-client.h' not in files
        assert not [name for name in files if 'files' in name]
        assert compile_against(folder, example('overview.md', 'c')) == 'hello\n'
        with open(folder / 'prefix/lib/pkgconfig/ibb-glib-1.0.pc', encoding='utf-8') as file:
            text = file.read()
        assert not [name for name in ('idn', 'nettle') if name in text]


@cases.case('/install/options/no-client', timeout=600)
def no_client():
    with Folder() as folder:
        files = build(folder, '-Dclient=disabled', '-Dintrospection=enabled', '-Dvapi=enabled',
                      '-Ddocs=disabled', '-Dtests=disabled')
        assert 'bin/ibb' not in files
        assert 'lib/libibb-files-1.0.so.0' in files and 'lib/pkgconfig/ibb-files-1.0.pc' in files
        # The header is complete without the client, and so are the bindings.
        assert compile_against(folder, example('overview.md', 'c')) == 'hello\n'
        for name in ('share/gir-1.0/IBB-1.0.gir', 'share/vala/vapi/ibb-glib-1.0.vapi'):
            with open(os.path.join(folder / 'prefix', name), encoding='utf-8') as file:
                text = file.read()
            assert 'ibb_service_new' in text or 'class Service' in text
            assert 'ibb_xmpp_client_new' not in text and 'class Client ' not in text


@cases.case('/install/options/no-files', timeout=600)
def no_files():
    with Folder() as folder:
        files = build(folder, '-Dfiles=disabled', '-Dtool=enabled', '-Dpython=enabled', '-Ddocs=disabled',
                      '-Dtests=disabled')
        assert not [name for name in files if 'files' in name.lower()]
        text = fails(folder / 'prefix/bin/ibb', 'receive', '--directory', folder.path,
                     env={**os.environ, 'LD_LIBRARY_PATH': folder / 'prefix/lib'})
        assert 'Unknown option' in text, text


@cases.case('/install/options/lacking', timeout=600)
def lacking():
    """What is "auto" is left out where a library for it is not there, and the rest is configured: the tests that
    need libgsasl, which no build needs."""
    with Folder() as folder:
        os.mkdir(folder / 'known')
        for path in run('pkg-config', '--variable', 'pc_path', 'pkg-config').strip().split(':'):
            for file in glob.glob(f'{path}/*.pc'):
                name = os.path.basename(file)
                if name != 'libgsasl.pc' and not os.path.lexists(folder / f'known/{name}'):
                    os.symlink(file, folder / f'known/{name}')
        environment = {**os.environ, 'PKG_CONFIG_LIBDIR': folder / 'known'}
        environment.pop('PKG_CONFIG_PATH', None)
        run('meson', 'setup', folder / 'build', ROOT, env=environment)
        tests = run('meson', 'test', '-C', folder / 'build', '--list')
        assert 'client-login' in tests and 'client-script-password' not in tests, tests
        assert 'libgsasl' in fails('meson', 'setup', folder / 'required', ROOT, '-Dtests=enabled', env=environment)


@cases.case('/install/options/contradictions')
def contradictions():
    for options, complaint in (
            (('-Dtool=enabled', '-Dclient=disabled'), 'tool'),
            (('-Dvapi=enabled', '-Dintrospection=disabled'), 'vapi'),
            (('-Dpython=enabled', '-Dintrospection=disabled'), 'python'),
            (('-Ddocs=enabled', '-Dintrospection=disabled'), 'docs')):
        with Folder() as folder:
            output = fails('meson', 'setup', folder / 'build', ROOT, *options)
            assert complaint in output.lower(), output


cases.main()
