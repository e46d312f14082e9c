#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Accounts whose JID the server gives another form than the user did (D-02).

IBB_TEST_SERVER: prosody, or ejabberd
"""

import os
import re

import cases
from cases import case, check, check_equal
from command import Account, Folder, sha256
from ejabberd import Ejabberd, is_old
from prosody import Prosody
from private_server import UNICODE_DOMAIN

A_LABELS = UNICODE_DOMAIN.encode('idna').decode()


def log_in_as(server, account, bare):
    """The account under a name of the user's choice."""
    result = Account(server, account)
    result.bare = bare
    return result


def transfer(receiver, sender, form, from_):
    """A file to the receiver in that form of its JID; the JID that it has."""
    folder = Folder()
    source = folder.make('original', 50000)
    there = receiver.ibb('receive', '--output', folder / 'copy', '--from', from_)
    jid = there.wait_ready()
    here = sender.ibb('send', source, f'{form}/{jid.partition("/")[2]}')
    here.expect_done()
    there.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    return jid.partition('/')[0]


@case('a session opens to an account with a sharp s, which stringprep makes ss')
def _(server):
    jid = transfer(Account(server, 'strasse'), Account(server, 'alice'), f'Straße@{server.domain}',
                   f'alice@{server.domain}')
    check_equal(jid, f'strasse@{server.domain}', 'the JID of the server')


@case('an account with a sharp s logs in')
def _(server):
    """Prosody names it strasse, ejabberd as the user did."""
    if server.name == 'ejabberd' and not is_old():
        raise cases.Skip('ejabberd 24.12 refuses it by SASL2, see doc/upstream.md')
    transfer(log_in_as(server, 'strasse', f'Straße@{server.domain}'), Account(server, 'alice'),
             f'strasse@{server.domain}', f'alice@{server.domain}')


@case('a session opens to an account in full-width letters')
def _(server):
    transfer(log_in_as(server, 'bob', f'ｂｏｂ@{server.domain}'), Account(server, 'alice'),
             f'Ｂｏｂ@{server.domain}', f'ａｌｉｃｅ@{server.domain}')


@case('a session opens to a domain by A-label and by U-label')
def _(server):
    jid = transfer(log_in_as(server, 'bob', f'bob@{A_LABELS}'),
                   log_in_as(server, 'alice', f'alice@{UNICODE_DOMAIN}'), f'bob@{A_LABELS}',
                   f'alice@{A_LABELS}')
    check_equal(jid, f'bob@{UNICODE_DOMAIN}', 'the JID of the server')


@case('an account that only looks like a permitted one is refused')
def _(server):
    folder = Folder()
    there = Account(server, 'bob').ibb('receive', '--output', folder / 'copy', '--from',
                                       f'straße@{server.domain}')
    jid = there.wait_ready()
    here = Account(server, 'strasse').ibb('send', folder.make('original', 10), jid)
    here.expect_failure()
    # The form to permit, if it is the same account.
    there.wait_line(f'“strasse@{re.escape(server.domain)}/')


@case('an address of which the server would make another one is refused before it is sent')
def _(server):
    folder = Folder()
    source = folder.make('original', 10)
    for peer in (f'bob@{server.domain}/', f'bob@{server.domain}/\u00ad', f'\u00ad@{server.domain}/x'):
        here = Account(server, 'alice').ibb('send', source, peer)
        check_equal(here.finish(), 2, f'the exit status for {peer!r}')
        check('valid JID' in here.lines[-1] or 'Invalid JID' in here.lines[-1], here.lines[-1])


def main():
    server = Ejabberd(shaper=False) if os.environ.get('IBB_TEST_SERVER') == 'ejabberd' else Prosody()
    with server:
        cases.main(server)


if __name__ == '__main__':
    main()
