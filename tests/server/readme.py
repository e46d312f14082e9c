#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The program of the README runs as it stands, but for where the server is."""

import re

import cases
from cases import case, check, check_equal
from command import Account, Folder, Program, sha256
from listings import find_listings
from programs import make_program
from servers import make_server

# What is added to the line that fits: the one change, for a server that DNS does not know.
LINE = r'^.*IBBXmpp\.Client\.new.*\n'
ADDITION = ('client.set_host({host!r})\nclient.set_port({port})\n'
            'client.set_tls_database(Gio.TlsFileDatabase.new({ca_file!r}))\n')


@case('the program of the README runs')
def _(server):
    """With JID PEER FILE."""
    text, = find_listings('../README.md', 'python')
    check(len(text.splitlines()) <= 16, 'fifteen lines and a blank one')
    addition = ADDITION.format(host=server.host, port=server.port, ca_file=server.environment['IBB_TEST_CA_FILE'])
    text, count = re.subn(LINE, lambda match: match[0] + addition, text, flags=re.MULTILINE)
    check_equal(count, 1, 'lines that make the client')
    folder = Folder()
    source = folder.make('original', 500000)
    alice = Account(server, 'alice')
    there = Account(server, 'bob').ibb('receive', '-o', folder / 'copy', '--from', alice.bare)
    here = Program(*make_program(folder, 'program', 'python', text), alice.bare, there.wait_ready(), source,
                   env={'IBB_PASSWORD': alice.password})
    check_equal(here.finish(), 0, f'status ({here.lines})')
    there.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
