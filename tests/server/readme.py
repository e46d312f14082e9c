#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs of the README run as they stand, but for where the server is."""

import os
import re
import shlex
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
from cases import Skip, case, check, check_equal
from command import ROOT, Account, Folder, Program, sha256
from servers import make_server

BUILD = os.environ['IBB_TEST_BUILD_ROOT']


def program(language):
    with open(os.path.join(ROOT, 'README.md'), encoding='utf-8') as file:
        blocks = re.findall(rf'^```{language}\n(.*?)^```$', file.read(), re.DOTALL | re.MULTILINE)
    check_equal(len(blocks), 1, f'programs in {language}')
    return blocks[0]


def insert_after(text, pattern, addition):
    """Adds to the line that fits: the one change, for a server that DNS does not know."""
    result, count = re.subn(rf'^(.*{pattern}.*\n)', lambda m: m.group(1) + addition, text,
                            flags=re.MULTILINE)
    check_equal(count, 1, f'lines with {pattern}')
    return result


def send(server, *command):
    """Runs the program with JID PEER FILE, and looks at what arrives."""
    folder = Folder()
    source = folder.make('original', 500000)
    alice = Account(server, 'alice')
    there = Account(server, 'bob').ibb('receive', '-o', folder / 'copy', '--from', alice.bare)
    here = Program(*command, alice.bare, there.wait_ready(), source,
                   env={'IBB_PASSWORD': alice.password})
    check_equal(here.finish(), 0, f'status ({here.lines})')
    there.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')


@case('the Python program of the README runs')
def _(server):
    if not os.path.exists(os.path.join(BUILD, 'ibb-glib', 'IBB-1.0.typelib')):
        raise Skip('built without introspection')
    text = program('python')
    check(len(text.splitlines()) <= 16, 'fifteen lines and a blank one')
    folder = Folder()
    with open(folder / 'program.py', 'w', encoding='utf-8') as file:
        file.write(insert_after(
            text, r'IBB\.Client\.new',
            f'client.set_host({server.host!r})\nclient.set_port({server.port})\n'
            'client.set_tls_database(Gio.TlsFileDatabase.new('
            f'{server.environment["IBB_TEST_CA_FILE"]!r}))\n'))
    send(server, '/usr/bin/python3', folder / 'program.py')


@case('the JavaScript program of the README runs')
def _(server):
    if not os.path.exists(os.path.join(BUILD, 'ibb-glib', 'IBB-1.0.typelib')):
        raise Skip('built without introspection')
    if not shutil.which('gjs'):
        raise Skip('there is no gjs')
    folder = Folder()
    with open(folder / 'program.js', 'w', encoding='utf-8') as file:
        file.write(insert_after(
            program('js'), r'IBB\.Client\.new',
            f'client.set_host({server.host!r});\nclient.set_port({server.port});\n'
            'client.set_tls_database(Gio.TlsFileDatabase.new('
            f'{server.environment["IBB_TEST_CA_FILE"]!r}));\n'))
    send(server, 'gjs', '-m', folder / 'program.js')


@case('the C program of the README runs')
def _(server):
    folder = Folder()
    with open(folder / 'program.c', 'w', encoding='utf-8') as file:
        file.write(insert_after(
            program('c'), 'ibb_client_set_password',
            f'  ibb_xmpp_connection_set_host (IBB_XMPP_CONNECTION (client), "{server.host}");\n'
            f'  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client), {server.port});\n'
            '  ibb_client_set_tls_database (client, g_tls_file_database_new '
            f'("{server.environment["IBB_TEST_CA_FILE"]}", NULL));\n'))
    flags = subprocess.run(
        ('pkg-config', '--cflags', '--libs', 'ibb-glib-1.0'), check=True, text=True,
        stdout=subprocess.PIPE,
        env={**os.environ, 'PKG_CONFIG_PATH': os.path.join(BUILD, 'meson-uninstalled')}).stdout
    subprocess.run(('cc', '-Wall', '-Werror', '-o', folder / 'program', folder / 'program.c',
                    '-I' + ROOT, '-I' + BUILD, *shlex.split(flags), f'-Wl,-rpath,{BUILD}/ibb-glib'),
                   check=True)
    send(server, folder / 'program')


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
