#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of the README run as they stand, but for where the server is."""

import re

import cases
from cases import case, check, check_equal
from command import Account, Folder, Program, sha256
from listings import find_listings
from programs import make_program
from servers import make_server

# What is added to the line that fits: the one change, for a server that DNS does not know.
CHANGES = {
    'python': (r'IBBXmpp\.Client\.new',
               'client.set_host({host!r})\nclient.set_port({port})\n'
               'client.set_tls_database(Gio.TlsFileDatabase.new({ca_file!r}))\n'),
    'js': (r'IBBXmpp\.Client\.new',
           'client.set_host({host!r});\nclient.set_port({port});\n'
           'client.set_tls_database(Gio.TlsFileDatabase.new({ca_file!r}));\n'),
    'c': ('ibb_xmpp_client_set_password',
          '  ibb_xmpp_entity_set_host (IBB_XMPP_ENTITY (client), "{host}");\n'
          '  ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (client), {port});\n'
          '  ibb_xmpp_client_set_tls_database (client, g_tls_file_database_new ("{ca_file}", NULL));\n')}


for language, change in CHANGES.items():
    @case(f'the program in {language} of the README runs')
    def _(server, language=language, change=change):
        """With JID PEER FILE."""
        text, = find_listings('../README.md', language)
        check(language != 'python' or len(text.splitlines()) <= 16, 'fifteen lines and a blank one')
        addition = change[1].format(host=server.host, port=server.port,
                                    ca_file=server.environment['IBB_TEST_CA_FILE'])
        text, count = re.subn(rf'^.*{change[0]}.*\n', lambda match: match[0] + addition, text, flags=re.MULTILINE)
        check_equal(count, 1, f'lines with {change[0]}')
        folder = Folder()
        source = folder.make('original', 500000)
        alice = Account(server, 'alice')
        there = Account(server, 'bob').ibb('receive', '-o', folder / 'copy', '--from', alice.bare)
        here = Program(*make_program(folder, 'program', language, text), alice.bare, there.wait_ready(), source,
                       env={'IBB_PASSWORD': alice.password})
        check_equal(here.finish(), 0, f'status ({here.lines})')
        there.expect_done()
        check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
