# SPDX-License-Identifier: LGPL-2.1-or-later
"""The library as a subproject of somebody else's Meson build, by the wrap file of doc/building.md."""

import os
import shutil

import cases
from builder import ROOT, Folder, example, run

OUTER = '''
project('outer', 'c', default_options: ['warning_level=3', 'werror=true'])
ibb_glib = dependency('ibb-glib-1.0', default_options: ['introspection=disabled'])
greeting = executable('greeting', 'greeting.c', dependencies: ibb_glib,
  c_args: '-Wno-unused-parameter')
test('greeting', greeting)
executable('names', 'names.c', dependencies: dependency('ibb-files-1.0'))
executable('client', 'client.c', dependencies: dependency('ibb-xmpp-1.0'))
'''
CLIENT = '''
#include <ibb-glib/xmpp/ibb-xmpp.h>

int
main (void)
{
  IBBXmppClient *client = ibb_xmpp_client_new ("romeo@example.net");

  return IBB_IS_CONNECTION (client) ? 0 : 1;
}
'''
CLIENT_VALA = '''
int main () {
  IBB.Connection client = new IBBXmpp.Client ("romeo@example.net");
  return (client is IBBXmpp.Entity) ? 0 : 1;
}
'''

NAMES = '''
#include <ibb-glib/files/ibb-files.h>

int
main (void)
{
  IBBFilesMetadata *metadata = ibb_files_metadata_new ("../a.txt", 3);

  g_print ("%s\\n", ibb_files_metadata_dup_safe_name (metadata));
  return 0;
}
'''
NAMES_VALA = '''
void main () {
  print ("%s\\n", new IBBFiles.Metadata ("../a.txt", 3).dup_safe_name ());
}
'''


def set_up(folder, outer):
    folder.write('meson.build', outer)
    folder.write('greeting.c', example('overview.md', 'c'))
    folder.write('names.c', NAMES)
    folder.write('names.vala', NAMES_VALA)
    folder.write('client.c', CLIENT)
    folder.write('client.vala', CLIENT_VALA)
    folder.write('subprojects/ibb-glib.wrap', example('building.md', 'ini'))
    os.symlink(ROOT, folder / 'subprojects/ibb-glib')
    run('meson', 'setup', folder / 'build', folder.path, '--wrap-mode=forcefallback',
        '--buildtype=plain')


@cases.case('/install/subproject', timeout=2400)
def subproject():
    with Folder() as folder:
        set_up(folder, OUTER)
        run('ninja', '-C', folder / 'build')
        assert run(folder / 'build/greeting') == 'hello\n'
        assert run(folder / 'build/names') == 'a.txt\n'
        run(folder / 'build/client')
        # Another project's build has neither our tests nor our documentation.
        names = os.listdir(folder / 'build/subprojects/ibb-glib')
        assert 'tests' not in names and 'doc' not in names, names


@cases.case('/install/subproject-vala', timeout=2400)
def subproject_vala():
    with Folder() as folder:
        shutil.copy(os.path.join(ROOT, 'examples/loopback.vala'), folder / 'talk.vala')
        set_up(folder, example('building.md', 'meson'))
        run('ninja', '-C', folder / 'build')
        assert 'juliet hears: call me but love' in run(folder / 'build/talk')
        assert run(folder / 'build/greeting') == 'hello\n'
        assert run(folder / 'build/names') == 'a.txt\n'
        run(folder / 'build/client')


cases.main()
