#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-18, D-27, D-42, D-58: alice and bob are on two servers, a Prosody and an ejabberd, which
lose what is between them when their link breaks."""

import os
import subprocess
import sys
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
from cases import case, check, check_equal
from command import Account, Folder, sha256
from federation import Federation
from sshd import Sshd

MIB = 1 << 20
TIMEOUT = 900       # s, for a case: what was lost is missed after a minute (D-27)
SILENCE = 20        # s
BEGUN = 512 * 1024  # bytes that have arrived before something breaks


class Transfer:
    """A file on its way from alice at one server to bob at the other."""

    def __init__(self, here, there, size):
        self.folder = Folder()
        self.source = self.folder.make('original', size)
        self.copy = self.folder / 'copy'
        self.receiver = Account(there, 'bob').ibb('receive', '--json', '--output', self.copy, '--from', 'any')
        jid = self.receiver.wait_ready()
        check_equal(jid.split('/')[0], f'bob@{there.domain}', 'address')
        self.sender = Account(here, 'alice').ibb('send', '--json', self.source, jid)

    def wait_begun(self):
        self.receiver.wait_event('progress', bytes=BEGUN)

    def expect_done(self):
        for program in (self.sender, self.receiver):
            code = program.finish(TIMEOUT)
            check_equal((code, program.errors()), (0, []), f'end of {program.name} after {program.events()[-5:]}')
        check_equal(sha256(self.copy), sha256(self.source), 'SHA-256')


def in_both_directions(both, disturb, size=4 * MIB):
    """One file each way, at the same time."""
    prosody, ejabberd = both.servers
    transfers = [Transfer(prosody, ejabberd, size), Transfer(ejabberd, prosody, size)]
    for one in transfers:
        one.wait_begun()
    disturb()
    for one in transfers:
        one.expect_done()
    return transfers


@case('files in both directions', timeout=TIMEOUT)
def _(both):
    in_both_directions(both, lambda: None)


@case('ssh through forward and expose', timeout=TIMEOUT)
def _(both):
    sshd = Sshd()
    alice, bob = Account(both.ejabberd, 'alice'), Account(both.prosody, 'bob')
    expose = bob.ibb('expose', '--json', '--to', f'127.0.0.1:{sshd.port}', '--from', alice.bare)
    forward = alice.ibb('forward', '--json', '--listen', '0', expose.wait_ready())
    here = sshd.ssh(forward.wait_event('ready')['port'], 'wc -c', stdin=subprocess.PIPE)
    here.stdin.write(b'x' * MIB)
    here.stdin.close()
    check_equal((here.finish(), here.output), (0, b'%d\n' % MIB), f'ssh ({here.lines})')
    for program in (forward, expose):
        program.stop()


@case('D-18, D-27: the link breaks', timeout=TIMEOUT)
def _(both):
    in_both_directions(both, both.cut)


@case('the link carries nothing for a while', timeout=TIMEOUT)
def _(both):
    def be_silent():
        both.begin_hole()
        threading.Event().wait(SILENCE)
        both.end_hole()

    in_both_directions(both, be_silent)


@case('nobody is there at the other server, or no such server')
def _(both):
    prosody, ejabberd = both.servers
    folder = Folder()
    source = folder.make('original', 1)
    for here, jid in ((prosody, f'bob@{ejabberd.domain}/nobody'), (ejabberd, f'bob@{prosody.domain}/nobody'),
                      (prosody, 'bob@nowhere.example/ibb'), (ejabberd, 'bob@nowhere.example/ibb')):
        Account(here, 'alice').ibb('send', source, jid).expect_failure(jid.split('/')[0])


@case('D-58: a server is killed', timeout=TIMEOUT)
def _(both):
    for server in both.servers:
        def restart(server=server):
            server.kill()
            server.restart()

        for one in in_both_directions(both, restart):
            for program in (one.sender, one.receiver):
                kinds = [event['event'] for event in program.events()]
                check(kinds.count('interrupted') == kinds.count('continued'), f'{program.name}: {kinds}')


@case('the stock limits of both', timeout=TIMEOUT)
def _():
    with Federation({'limits': True}, {'shaper': True}) as both:
        prosody, ejabberd = both.servers
        for one in (Transfer(prosody, ejabberd, 65536), Transfer(ejabberd, prosody, 65536)):
            one.expect_done()


if __name__ == '__main__':
    with Federation({'modules': ('smacks',)}, {'shaper': False}) as federation:
        cases.main(federation)
