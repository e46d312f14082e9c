# SPDX-License-Identifier: LGPL-2.1-or-later
"""The steps of doc/releasing.md can be done, and the files that they name agree."""

import os
import re
import shutil
import subprocess

import cases
import release
from builder import ROOT, VERSION, VERSIONS, Folder, example, read, run


@cases.case('/install/releasing/order')
def order():
    """What meson dist packs is committed before."""
    steps = re.split(r'^(?=\d+\. )', read('doc/releasing.md').partition('\n## ')[0], flags=re.M)
    commit, dist, packages = (next(i for i, step in enumerate(steps) if words in step) for words in (
        'One commit, `build: Release VERSION`', '`meson dist ', 'tests/install/debian.sh FOLDER'))
    assert commit < dist < packages, steps
    # Nothing is edited between the commit and the tag, nor committed twice.
    tag = next(i for i, step in enumerate(steps) if 'signed tag' in step)
    edited = [step for step in steps[commit + 1:tag] if 'NEWS' in step or 'changelog' in step.replace('.changes', '')]
    assert packages < tag and not edited, edited


@cases.case('/install/releasing/versions')
def versions():
    """The files that name releases name those of NEWS."""
    released = re.findall(r'^(\d+\.\d+\.\d+) \((\d{4}-\d\d-\d\d)\)$', read('NEWS'), re.M)
    newest, date = re.search(r'^(\d+\.\d+\.\d+) \((.*)\)$', read('NEWS'), re.M).groups()
    assert newest == VERSION, newest
    assert re.findall(r'<release version="(.*?)" date="(.*?)"/>', read('examples/gtk/org.ibb_glib.Files.metainfo.xml')) == released
    assert re.findall(r'<revision>(.*?)</revision>\s*<created>(.*?)</created>', read('doc/ibb-glib.doap')) == released[:1]
    assert re.findall(r'^\| (\d+\.\d+\.\d+) \|', read('CONTRIBUTING.md'), re.M) == [name for name, _ in reversed(released)]
    package, target = re.match(r'ibb-glib \(([^)]*)\) (\w+);', read('tests/install/debian/changelog')).groups()
    assert package.partition('+')[0] == VERSION, package
    assert (target == 'UNRELEASED') == (date == 'unreleased'), target
    # The packages of Debian have the version of the changelog, also where one library has a later one.
    assert ('+' in package) == (set(VERSIONS.values()) != {VERSION}), (package, VERSIONS)
    known = {word for name in os.listdir(os.path.join(ROOT, 'tests/install/debian')) if name.endswith('.symbols')
             for word in re.findall(r'@\S+ (\S+)$', read(f'tests/install/debian/{name}'), re.M)}
    assert known <= {package, *re.findall(r'^ibb-glib \(([^)]*)\)', read('tests/install/debian/changelog'), re.M)}, known


@cases.case('/install/releasing/series')
def series():
    """What has a line for each series has one for that of the version."""
    minors = [str(minor) for minor in range(int(VERSION.split('.')[1]) + 1)]
    header = read('ibb-glib/ibb-version.h.in')
    for macro in 'VERSION', 'AVAILABLE_IN', 'DEPRECATED_IN':
        assert sorted(set(re.findall(rf'^#define IBB_{macro}_1_(\d+)\b', header, re.M))) == minors, macro
    assert re.findall(r'IBB_AVAILABLE_IN_1_(\d+)', read('.clang-format')) == minors


@cases.case('/install/releasing/named')
def named():
    """Each file that programs read the version from is named by the steps."""
    page = read('doc/releasing.md')
    found = []
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [name for name in folders if not name.startswith(('.', '_')) and name not in ('build', 'po', 'subprojects')]
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), ROOT)
            suffix = os.path.splitext(name)[1]
            if suffix not in ('.build', '.doap', '.in', '.py', '.symbols', '.txt', '.xml', ''):
                continue
            with open(os.path.join(ROOT, path), encoding='utf-8', errors='replace') as file:
                if re.search(rf'(?<![\d.]){re.escape(VERSION)}(?![\d.])', file.read()):
                    found.append(path)
                    places = path, name if suffix != '.build' else path, '*' + suffix if suffix else path
                    assert any(re.search(rf'(?<![\w/.]){re.escape(place)}(?![\w/])', page) for place in places), path
    assert {'NEWS', 'meson.build', 'ibb-glib/xmpp/meson.build'} <= set(found), found


@cases.case('/install/releasing/one-library')
def one_library():
    """A library of a version of its own has it for all who ask: the header, pkg-config, and Meson where it is a subproject."""
    with Folder() as folder:
        os.makedirs(folder / 'subprojects/ibb-glib/ibb-glib')
        for place in '', 'ibb-glib/':
            for name in os.listdir(os.path.join(ROOT, place)):
                if name not in ('ibb-glib', 'files', 'xmpp', '.git') and not name.startswith('_build'):
                    os.symlink(os.path.join(ROOT, place, name), folder / f'subprojects/ibb-glib/{place}{name}')
        for name, version in ('files', '1.8.7'), ('xmpp', '1.9.6'):
            shutil.copytree(os.path.join(ROOT, 'ibb-glib', name), folder / f'subprojects/ibb-glib/ibb-glib/{name}')
            text = read(f'ibb-glib/{name}/meson.build')
            folder.write(f'subprojects/ibb-glib/ibb-glib/{name}/meson.build',
                         re.sub(rf"^{name}_version = '.*'", f"{name}_version = '{version}'", text))
        folder.write('meson.build', '''project('outer', 'c')
foreach name : ['glib', 'files', 'xmpp']
  message(name, 'is', dependency('ibb-' + name + '-1.0').version())
endforeach
''')
        folder.write('subprojects/ibb-glib.wrap', example('building.md', 'ini'))
        said = run('meson', 'setup', folder / 'build', folder.path, '--wrap-mode=forcefallback', '-Dauto_features=disabled',
                   '-Dibb-glib:xmpp=enabled', '-Dibb-glib:files=enabled')
        for name, known in ('glib', VERSION), ('files', '1.8.7'), ('xmpp', '1.9.6'):
            assert f'Message: {name} is {known}\n' in said, said
            with open(folder / f'build/meson-private/ibb-{name}-1.0.pc', encoding='utf-8') as file:
                assert f'\nVersion: {known}\n' in file.read(), name
        for name, numbers in ('files', ('1', '8', '7')), ('xmpp', ('1', '9', '6')):
            with open(folder / f'build/subprojects/ibb-glib/ibb-glib/{name}/ibb-{name}-version.h', encoding='utf-8') as file:
                assert tuple(re.findall(r'_(?:MAJOR|MINOR|MICRO)_VERSION (\d+)$', file.read(), re.M)) == numbers, name


@cases.case('/install/releasing/tree')
def tree():
    """Results of one tree do not count for another, in a checkout and in a tarball."""
    for git in True, False:
        with Folder() as folder:
            def change(name, text, folder=folder, git=git):
                folder.write(name, text)
                return release.describe_tree(folder.path)
            folder.write('_build/result', 'a')
            folder.write('.gitignore', '/_build*/\n')
            if git:
                def call(*words, folder=folder):
                    run('git', '-C', folder.path, '-c', 'user.name=a', '-c', 'user.email=a', *words)
                call('init', '--quiet')
                folder.write('file', '1')
                call('add', '-A')
                call('commit', '--quiet', '--message', 'one')
            names = [change('file', '1'), change('file', '2'), change('file', '3'), change('new', '1'), change('new', '2')]
            assert len(set(names)) == len(names), names
            assert change('_build/result', 'b') == names[-1]
            os.remove(folder / 'new')
            assert change('file', '2') == names[1] and change('file', '1') == names[0]
            if git:
                call('commit', '--quiet', '--allow-empty', '--message', 'two')
                assert release.describe_tree(folder.path) != names[0]


@cases.case('/install/releasing/source-package')
def source_package():
    """debian.sh makes the source package, too."""
    if not shutil.which('dpkg-buildpackage'):
        raise cases.Skip('dpkg-buildpackage is not installed')
    with Folder() as folder:
        # Without what only a build needs (-d), and without cleaning by it (-nc); the usual compression takes half a minute.
        run('sh', os.path.join(ROOT, 'tests/install/debian.sh'), folder.path, '-S', '-d', '-nc', '--source-option=-Zgzip')
        version = re.match(r'ibb-glib \(([^)]*)\)', read('tests/install/debian/changelog')).group(1)
        assert {f'ibb-glib_{version}.dsc', f'ibb-glib_{version}.tar.gz'} <= set(os.listdir(folder.path)), os.listdir(folder.path)
        packed = subprocess.run(('tar', '-t', '-f', folder / f'ibb-glib_{version}.tar.gz'), check=True, stdout=subprocess.PIPE,
                                text=True).stdout.splitlines()
        assert {'ibb-glib/debian/control', 'ibb-glib/meson.build'} <= set(packed), packed[:20]


cases.main()
