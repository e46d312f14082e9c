# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files from one server to another, through the command ibb."""

import hashlib
import random
import subprocess
import threading

import cases
from cases import check_equal
from command import Account, Folder, make_peers, sha256
from sshd import Sshd

MIB = 1 << 20
TIMEOUT = 900       # s, for the end of a file: what was lost is missed after a minute (D-27)
# A server that was killed may take minutes to start again on a busy machine.
PATIENT = '--resume-timeout', str(2 * TIMEOUT)
BEGUN = 512 * 1024  # bytes that have arrived before something breaks
PIECE = 16384


class Transfer:
    """A file on its way from alice at one server to bob at another.

    size: its bytes; None: it goes on until let_end (), so that what happens before happens in the middle of it
    by_hand: it has what give () gives, and goes on until let_end ()
    names: of other accounts
    there_port: a way to bob's server, if not the server itself
    """

    def __init__(self, here, there, size=None, names=('alice', 'bob'), there_port=None, by_hand=False):
        alice, bob = Account(here, names[0]), Account(there, names[1])
        self._size = size or 4 * MIB
        self._digest = hashlib.sha256()
        self._may_end = threading.Event()
        if size:
            self._may_end.set()
        self._copy = Folder() / 'copy'
        self.receiver = bob.ibb('receive', '--json', '--output', self._copy, '--from', 'any', *PATIENT,
                                account=bob.options(port=there_port))
        jid = self.receiver.wait_ready()
        check_equal(jid.split('/')[0], bob.bare, 'address')
        there.wait_session(jid)
        self.sender = alice.ibb('send', '--json', *PATIENT, '-', jid, stdin=subprocess.PIPE)
        self.ends = (self.sender, self.receiver)
        make_peers(*self.ends)
        self._feeder = threading.Thread(target=self._wait_end if by_hand else self._feed, daemon=True)
        self._feeder.start()

    def _feed(self):
        given = 0
        while given < self._size or not self._may_end.is_set():
            if not self.give(PIECE):
                return
            given += PIECE
        self._wait_end()

    def _wait_end(self):
        self._may_end.wait()
        try:
            self.sender.stdin.close()
        except OSError:
            pass  # as below

    def give(self, size):
        """Returns whether the sender has taken more bytes, a multiple of PIECE. What waits for them tells why not."""
        try:
            for _ in range(size // PIECE):
                piece = random.randbytes(PIECE)
                self.sender.stdin.write(piece)
                self.sender.stdin.flush()
                self._digest.update(piece)
        except (OSError, ValueError):
            return False  # it has ended, and says why
        return True

    def wait_begun(self):
        self.receiver.wait_event('progress', bytes=BEGUN)

    def kinds(self):
        """The events of both ends."""
        return [[event['event'] for event in program.events() if event['event'] != 'progress']
                for program in self.ends]

    def let_end(self):
        self._may_end.set()

    def has_failed(self):
        """Waits for both ends."""
        return any([program.finish(TIMEOUT) != 0 for program in self.ends])

    def expect_done(self):
        for program in self.ends:
            code = program.finish(TIMEOUT)
            check_equal((code, program.errors()), (0, []),
                        f'end of {program.name} after {program.events()[-5:]}, both ends: {self.kinds()}')
        self._feeder.join()
        check_equal(sha256(self._copy), self._digest.hexdigest(), 'SHA-256')


def disturb_all(transfers, disturb):
    """Calls disturb () in the middle of all transfers."""
    for one in transfers:
        one.wait_begun()
    disturb()
    for one in transfers:
        one.let_end()


def expect_unharmed(transfers, disturb):
    """All transfers arrive unharmed, although disturb () is called in the middle."""
    disturb_all(transfers, disturb)
    for one in transfers:
        one.expect_done()
    return transfers


def in_both_directions(one, other, disturb):
    """Sends a file each way, at the same time."""
    # Both may be nodes of one server, where a JID is there once.
    return expect_unharmed([Transfer(one, other), Transfer(other, one, names=('carol', 'strasse'))], disturb)


def check_continued(transfers):
    """Each session that was interrupted went on."""
    for one in transfers:
        for kinds in one.kinds():
            check_equal(kinds.count('interrupted'), kinds.count('continued'), f'of {kinds}')


def expect_ssh(here, there):
    """alice at one server reaches the ssh of bob at another, by forward and expose."""
    sshd = Sshd()
    alice, bob = Account(here, 'alice'), Account(there, 'bob')
    expose = bob.ibb('expose', '--json', '--to', f'{cases.LOOPBACK}:{sshd.port}', '--from', alice.bare)
    forward = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, expose.wait_ready())
    make_peers(expose, forward)
    client = sshd.ssh(forward.wait_event('ready')['port'], 'wc -c', stdin=subprocess.PIPE)
    client.stdin.write(b'x' * MIB)
    client.stdin.close()
    check_equal((client.finish(), client.output), (0, b'%d\n' % MIB), f'ssh ({client.lines})')
    for program in (forward, expose):
        program.stop()
