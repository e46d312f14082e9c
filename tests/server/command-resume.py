#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-42: what the command ibb does when the network goes, and comes back."""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
from cases import case, check, check_equal
from command import Account, Folder, sha256
from cut_proxy import CutProxy
from servers import make_server

MIB = 1 << 20
# After a new login.
RETURN = ['disconnected', 'interrupted', 'reconnected', 'continued']


def start(server, folder, size, here, there, tls='starttls', json=True):
    """send and receive of a file, each by its way."""
    source = folder.make('original', size)
    bob, alice = Account(server, 'bob'), Account(server, 'alice')
    more = ('--json',) if json else ()
    receiver = bob.ibb('receive', '--output', folder / 'copy', '--from', 'any', *more,
                       account=bob.options(tls=tls, port=there.port))
    jid = receiver.wait_ready()
    sender = alice.ibb('send', *more, source, jid, account=alice.options(tls=tls, port=here.port))
    return sender, receiver


def kinds(program):
    return [event['event'] for event in program.events() if event['event'] not in ('progress', 'waiting')]


def survive(server, tls, json=True):
    """Both are cut again and again in the middle of it."""
    folder = Folder()
    here = CutProxy(server.port, [MIB, 3 * MIB, 5 * MIB])
    there = CutProxy(server.port, [2 * MIB, 4 * MIB])
    sender, receiver = start(server, folder, 4 * MIB, here, there, tls, json)
    sender.expect_done()
    receiver.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(folder / 'original'), 'SHA-256')
    check_equal((here.cut_at, there.cut_at), ([], []), 'cuts to come')
    check(here.connections > 3 and there.connections > 2, 'connections')
    return sender, receiver


@case('D-42: a file arrives although the connection breaks')
def _(server):
    for program in survive(server, 'starttls'):
        check_equal(kinds(program)[-1], 'done', 'the last event')
        check_equal(kinds(program).count('suspended'), kinds(program).count('resumed'),
                    'suspended and resumed')


@case('D-42: the same with messages on standard error, and without TLS where the server allows that')
def _(server):
    survive(server, 'none' if server.name == 'prosody' else 'starttls', json=False)


@case('D-42: events and standard error tell of the break and the resumption')
def _(server):
    for json in (True, False):
        folder = Folder()
        here = CutProxy(server.port, [MIB], stay_away=True)
        there = CutProxy(server.port)
        sender, receiver = start(server, folder, 2 * MIB, here, there, json=json)
        if json:
            sender.wait_event('suspended')
        else:
            sender.wait_line('broke')
        here.let_in()
        sender.expect_done()
        receiver.expect_done()
        check_equal(sha256(folder / 'copy'), sha256(folder / 'original'), 'SHA-256')
        if json:
            check_equal(kinds(sender), ['opened', 'suspended', 'interrupted', 'resumed', 'continued', 'done'], 'events')
        else:
            check(any('resumed' in line for line in sender.lines), 'the words')


@case('D-42, D-58, B-03: a session goes on if the restarted server knows nothing')
def _():
    with make_server(resumes=True) as server:
        folder = Folder()
        here = CutProxy(server.port, [MIB], stay_away=True)
        there = CutProxy(server.port)
        sender, receiver = start(server, folder, 8 * MIB, here, there)
        sender.wait_event('suspended')
        there.stay_away = True
        there.cut()
        receiver.wait_event('suspended')
        server.kill()
        server.restart()
        for proxy in (here, there):
            proxy.let_in()
        for program in (sender, receiver):
            program.expect_done()
            check('resumed' not in kinds(program), 'not resumed')
            check_equal([kind for kind in kinds(program) if kind in RETURN], RETURN, 'events')
        check_equal(sha256(folder / 'copy'), sha256(folder / 'original'), 'SHA-256')


if __name__ == '__main__':
    with make_server(resumes=True) as private:
        cases.main(private)
