#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Several commands ibb of one account, and what its contacts see of them."""

import os
import signal
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
from cases import case, check, check_equal
from command import REFUSED, Account, Folder, sha256
from rawclient import RawClient
from servers import make_server


def account(server, name):
    """An account, and a file to send: a whole transfer shows which command is alive."""
    folder = Folder()
    return Account(server, name), folder, folder.make('original', 20000)


def expect_waiting_still(waiting):
    """The other command is there. It ends well: the server would look for one that was
    killed, and so would the next case."""
    check(not waiting.errors(), 'the other one waits still')
    os.kill(waiting.pid, signal.SIGTERM)
    waiting.expect_failure('Interrupted', code=-signal.SIGTERM)


@case('a second command at the same resource: it says that the first is there')
def _(server):
    bob, folder, source = account(server, 'bob')
    first = bob.ibb('receive', '-o', folder / 'copy')
    jid = first.wait_ready()
    for command in (['receive', '-o', folder / 'other', '--json'], ['listen'],
                    ['expose', '--to', '127.0.0.1:9']):
        second = bob.ibb(*command)
        line = second.expect_failure('Another command', jid, f'--jid {bob.bare}/NAME', code=REFUSED)
        check(len(line) <= 160, f'two lines of a terminal: {line}')
        if '--json' in command:
            check_equal(second.wait_event('error')['code'], 'conflict', 'code')
    third = bob.ibb('cat', 'nobody@localhost', account=bob.options(resource='ibb'))
    third.expect_failure('Another command', jid, code=REFUSED)
    bob.ibb('send', source, bob.bare).expect_done()
    first.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    check_equal(folder.names(), ['copy', 'original'], 'files')


@case('commands with resources of their own do not disturb each other')
def _(server):
    bob, folder, source = account(server, 'bob')
    waiting = bob.ibb('listen')
    waiting.wait_ready()
    there = bob.ibb('receive', '-o', folder / 'copy', account=bob.options(resource='desk'))
    check_equal(there.wait_ready(), f'{bob.bare}/desk', 'address')
    bob.ibb('send', source, f'{bob.bare}/desk').expect_done()
    there.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    expect_waiting_still(waiting)


@case('a command that sends ends no command that waits')
def _(server):
    bob, folder, source = account(server, 'bob')
    waiting = bob.ibb('listen')
    waiting.wait_ready()
    there = Account(server, 'alice').ibb('receive', '-o', folder / 'copy', '--from', 'any')
    bob.ibb('send', source, there.wait_ready()).expect_done()
    there.expect_done()
    expect_waiting_still(waiting)


@case('a resource is free again after its command')
def _(server):
    bob, folder, source = account(server, 'bob')
    for end in ('done', 'killed', 'interrupted', 'done'):
        there = bob.ibb('receive', '-o', folder / 'copy')
        jid = there.wait_ready()
        if end == 'done':
            bob.ibb('send', source, jid).expect_done()
            there.expect_done()
        else:
            os.kill(there.pid, signal.SIGKILL if end == 'killed' else signal.SIGTERM)
            there.finish()


@case('a command whose resource another program takes ends and says so')
def _(server):
    bob, folder, _source = account(server, 'bob')
    for command in (['receive', '--json', '-o', folder / 'copy'], ['listen'],
                    ['expose', '--to', '127.0.0.1:9']):
        there = bob.ibb(*command)
        jid = there.wait_ready()
        other = RawClient(server, 'bob', 'ibb', 'service-unavailable')
        there.expect_failure('Another login', jid, f'--jid {bob.bare}/NAME', code=REFUSED)
        if '--json' in command:
            check_equal(there.wait_event('error')['code'], 'conflict', 'code')
        check_equal(folder.names(), ['original'], 'files')
        other.close()


@case('contacts see a command online only if it asks for that')
def _(server):
    folder = Folder()
    source = folder.make('original', 20000)
    watcher = RawClient(server, 'alice', 'watcher', 'service-unavailable')
    alice, bob = Account(server, 'alice'), Account(server, 'bob')
    # Alice is one end of each: her other program sees whether she is online.
    for number, (stanza_type, receiver, sender) in enumerate((
            ('iq', bob, alice), ('message', bob, alice), ('iq', alice, bob), ('message', alice, bob))):
        there = receiver.ibb('receive', '-o', folder / 'copy', '--from', 'any')
        jid = there.wait_ready()
        here = sender.ibb('send', '--stanza-type', stanza_type, '--json', source, jid)
        here.expect_done()
        there.expect_done()
        check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
        local = here.wait_event('opened')['local'] if sender == alice else jid
        # Presence arrives in order: who comes last has been seen.
        listening = alice.ibb('listen', '--show-online', account=alice.options(resource=f'last-{number}'))
        watcher.wait_for_presence(listening.wait_ready())
        os.kill(listening.pid, signal.SIGTERM)
        listening.finish()
        check_equal(local in watcher.presences, sender == alice and stanza_type == 'message',
                    f'seen with {stanza_type}')


if __name__ == '__main__':
    # It forgets a client that was killed only after a while.
    with make_server(resumes=True) as private:
        cases.main(private)
