# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library as a subproject of somebody else's Meson build."""

import os

import cases
from builder import ROOT, Folder, example, run

OUTER = '''
project('outer', 'c', default_options: ['warning_level=3', 'werror=true'])
ibb_glib = dependency('ibb-glib-1.0', fallback: 'ibb-glib',
  default_options: ['introspection=disabled'])
greeting = executable('greeting', 'greeting.c', dependencies: ibb_glib,
  c_args: '-Wno-unused-parameter')
test('greeting', greeting)
'''


@cases.case('/install/subproject', timeout=600)
def subproject():
    with Folder() as folder:
        folder.write('meson.build', OUTER)
        folder.write('greeting.c', example('overview.md', 'c'))
        os.mkdir(folder / 'subprojects')
        os.symlink(ROOT, folder / 'subprojects/ibb-glib')
        run('meson', 'setup', folder / 'build', folder.path, '--force-fallback-for=ibb-glib-1.0',
            '--buildtype=plain')
        run('ninja', '-C', folder / 'build')
        assert run(folder / 'build/greeting') == 'hello\n'
        # Another project's build has neither our tests nor our documentation.
        names = os.listdir(folder / 'build/subprojects/ibb-glib')
        assert 'tests' not in names and 'doc' not in names, names


cases.main()
