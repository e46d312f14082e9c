# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each option really switches what it names."""

import glob
import os
import re

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


@cases.case('/install/options/all-off', timeout=2400)
def all_off():
    with Folder() as folder:
        files = build(folder, '-Dauto_features=disabled')
        assert 'lib/libibb-glib-1.0.so.0' in files
        assert not [name for name in files if name.endswith(('.gir', '.typelib', '.vapi', '.html', '.py'))]
        assert 'bin/ibb' not in files
        assert not [name for name in files if 'files' in name or 'xmpp' in name], files
        assert compile_against(folder, example('overview.md', 'c')) == 'hello\n'


@cases.case('/install/options/one-library', timeout=2400)
def one_library():
    """Each of the two others is built whole or not at all, and needs the first one only."""
    for built, other in (('xmpp', 'files'), ('files', 'xmpp')):
        with Folder() as folder:
            files = build(folder, f'-D{other}=disabled', '-Dintrospection=enabled', '-Dvapi=enabled', '-Dpython=enabled',
                          '-Ddocs=disabled')
            assert not [name for name in files if other in name.lower()], files
            assert f'lib/libibb-{built}-1.0.so.0' in files and 'lib/libibb-glib-1.0.so.0' in files, files
            assert 'bin/ibb' not in files, files


@cases.case('/install/options/lacking', timeout=2400)
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


@cases.case('/install/options/contradictions/oldest')
def oldest():
    """Debian 12, where all is built and tested, has the oldest versions that are promised."""
    with open('/etc/os-release', encoding='utf-8') as file:
        if 'VERSION_CODENAME=bookworm' not in file.read():
            raise cases.Skip('this is not Debian 12')
    with open(os.path.join(ROOT, 'meson.build'), encoding='utf-8') as file:
        text = file.read().replace("'>= ' + glib_minimum", "'>= 2.74'")
    promised = re.findall(r"dependency\('([^']+)', version: '>= ([\d.]+)'", text)
    assert len(promised) == 9, promised
    for name, version in promised:
        assert f"{run('pkg-config', '--modversion', name).strip()}.".startswith(version + '.'), (name, version)


@cases.case('/install/options/contradictions/packages')
def packages():
    """Each program that a build with all options requires is a build dependency of the packages of Debian."""
    names = {'g-ir-scanner': 'gobject-introspection', 'vapigen': 'valac'}  # of packages with another name
    with open(os.path.join(ROOT, 'tests/install/debian/control'), encoding='utf-8') as file:
        depends = re.findall(r'^ *(?:Build-Depends[\w-]*: *)?([\w.-]+)', file.read().partition('\nStandards')[0], re.M)
    required = set()
    # Not in the folders of builds, which may change now.
    for path in glob.glob(f'{ROOT}/[!_]*/**/meson.build', recursive=True) + [f'{ROOT}/meson.build']:
        with open(path, encoding='utf-8') as file:
            required.update(re.findall(r"find_program\('([\w-]+)', required: \w+_option", file.read()))
    assert {'gi-docgen', 'gjs', 'openssl'} <= required, required
    lacking = [name for name in required if names.get(name, name) not in depends]
    assert not lacking, lacking


@cases.case('/install/options/contradictions/release')
def release():
    """The wrap file for subprojects names the release whose ABI is frozen, and not a tag that nobody has pushed."""
    with open(os.path.join(ROOT, 'tests/install/frozen-abi'), encoding='ascii') as file:
        frozen = file.read().strip()
    assert re.fullmatch('[0-9a-f]{40}', frozen), frozen
    assert f'\nrevision = {frozen}\n' in example('building.md', 'ini')


@cases.case('/install/options/contradictions')
def contradictions():
    for options, complaint in (
            (('-Dtool=enabled', '-Dxmpp=disabled'), 'tool'),
            (('-Dtests=enabled', '-Dfiles=disabled'), 'tests'),
            (('-Dvapi=enabled', '-Dintrospection=disabled'), 'vapi'),
            (('-Dpython=enabled', '-Dintrospection=disabled'), 'python'),
            (('-Ddefault_library=static',), 'shared libraries only'),
            (('-Ddocs=enabled', '-Dintrospection=disabled'), 'docs')):
        with Folder() as folder:
            output = fails('meson', 'setup', folder / 'build', ROOT, *options)
            assert complaint in output.lower(), output


cases.main()
