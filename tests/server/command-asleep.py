#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A command that waits sleeps, whatever it waits for: counted in turns by tests/lib/count-turns.c."""

import hashlib
import os
import shlex
import struct
import subprocess
import threading
import time

import cases
from cases import case, check
from command import IBB, Folder, Program, Terminal
from fake_xmpp import FakeServer
from tunnel import Tunnel, tcp_socket

TURNS_PER_SECOND = 20  # of all timers together
TURNS_MAX = 5000       # until all is quiet; one thread that does not sleep has more a second
BYTES = bytes(64 << 20)


class Counted:
    """The environment of commands whose turns are counted together."""

    def __init__(self):
        self._path = Folder() / 'turns'
        with open(self._path, 'wb') as file:
            file.write(bytes(8))
        self.env = {'LD_PRELOAD': os.environ['IBB_TEST_COUNT_TURNS'], 'IBB_TEST_TURNS': self._path}

    def get(self):
        with open(self._path, 'rb') as file:
            return struct.unpack('Q', file.read())[0]

    def check_asleep(self):
        """While this process computes something, for which nobody has to wait. What is still under way may take a
        while, and some turns."""
        first, n_quiet = self.get(), 0
        check(first > 0, 'turns are counted')
        while n_quiet < 3:
            before, since = self.get(), time.monotonic()
            hashlib.sha256(BYTES).digest()
            seconds = int(time.monotonic() - since) + 1
            n_quiet = n_quiet + 1 if self.get() - before <= seconds * TURNS_PER_SECOND else 0
            check(self.get() - first < TURNS_MAX, f'{self.get() - first} turns, and no sleep')


def start(server, counted, name, *arguments, **options):
    return server.account(name).ibb(*arguments, env=counted.env, **options)


@case('for a session, for a file, for a connection')
def _():
    server, counted, folder = FakeServer(), Counted(), Folder()
    account = server.account('carol')
    for arguments in (('listen',), ('receive', '--directory', folder.path), ('receive', '--output', folder / 'copy')):
        account.ibb(*arguments, '--from', 'any', account=account.options(resource=f'for-{len(arguments[-1])}'),
                    env=counted.env).wait_ready()
    tunnel = Tunnel(server, env=counted.env)
    counted.check_asleep()
    tunnel.pair()
    counted.check_asleep()


@case('for its input, at either end, and for a connection that comes back')
def _():
    server, counted = FakeServer(), Counted()
    there = start(server, counted, 'bob', 'listen', '--from', 'any')
    here = start(server, counted, 'alice', 'cat', there.wait_ready(), stdin=subprocess.PIPE)
    here.stdin.write(b'a line\n')
    here.stdin.flush()
    there.wait_for(lambda: there.output == b'a line\n', 'the line')
    counted.check_asleep()
    server.go()
    for end in (here, there):
        end.wait_line('connection')
    counted.check_asleep()
    for end in (here, there):
        check(not end.has_ended(0), 'it waits')


@case('for the other end to accept a file, for a server that says nothing, for a hook')
def _():
    server, counted, folder = FakeServer(), Counted(), Folder()
    source = folder.make('original', 1)
    fifo = folder / 'fifo'
    os.mkfifo(fifo)
    line = os.open(fifo, os.O_RDWR)
    there = start(server, counted, 'bob', 'receive', '--directory', folder.path, '--from', 'any',
                  '--on-received', f'read line <{shlex.quote(fifo)}')
    cases.defer(lambda: os.write(line, b'\n'))  # the hook, which has the output of the command, ends first
    jid = there.wait_ready()
    mute = tcp_socket(cases.listen())
    here = Program(IBB, 'send', '--jid', 'alice@localhost', '--tls', 'none', '--server',
                   f'{cases.LOOPBACK}:{mute.getsockname()[1]}', source, jid, env={'IBB_PASSWORD': 'x', **counted.env})
    tcp_socket(mute.accept()[0])
    counted.check_asleep()
    start(server, counted, 'alice', 'send', source, jid).expect_done()
    counted.check_asleep()
    offered = threading.Event()
    server.when('session-initiate|<open ', lambda *_: offered.set() or True, 'alice', 0)
    late = start(server, counted, 'alice', 'send', source, jid)
    check(offered.wait(cases.PATIENCE), 'the file is offered')
    counted.check_asleep()
    for end in (here, there, late):
        check(not end.has_ended(0), 'it waits')


@case('for a person, and for one at the other end')
def _():
    server, counted = FakeServer(), Counted()
    ends = []
    for name, command in ('bob', ('listen', '--from', 'any')), ('alice', ('cat',)):
        account = server.account(name)
        env = {**counted.env, 'XDG_DATA_HOME': Folder().path, 'LC_ALL': 'C.UTF-8', 'IBB_PASSWORD': account.password}
        peer = [ends[0].expect(r'ready (\S+)')[1]] if ends else []
        ends.append(Terminal(IBB, command[0], '--encrypt', *account.options(), *command[1:], *peer, env=env))
    for end in ends:
        end.expect('(yes/no)')
    counted.check_asleep()
    ends[0].type('yes')
    counted.check_asleep()


if __name__ == '__main__':
    cases.main()
