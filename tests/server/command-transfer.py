#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files with their names: ibb send to ibb receive --directory."""

import fcntl
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
import prosody
from cases import Skip, case, check, check_equal
from command import IBB, Account, Folder, Program, sha256
from cut_proxy import CutProxy
from rawclient import RawClient
from servers import make_server

LONG = 40 << 20
FEATURES = ('urn:xmpp:jingle:1', 'urn:xmpp:jingle:apps:file-transfer:5', 'urn:xmpp:jingle:transports:ibb:1')


class Asking(RawClient):
    """A program that takes files, and asks a person about each."""

    def __init__(self, server, name, resource):
        self.offers = []  # addresses and sids
        self.offered = threading.Semaphore(0)
        super().__init__(server, name, resource, 'service-unavailable')

    def answer_request(self, sender, payload):
        if b'disco#info' in payload:
            features = ''.join(f"<feature var='{feature}'/>" for feature in FEATURES)
            return f"<query xmlns='http://jabber.org/protocol/disco#info'>{features}</query>"
        if b'session-initiate' in payload:
            self.offers.append((sender, re.search(rb"sid=['\"]([^'\"]*)", payload).group(1).decode()))
            self.offered.release()
        return '' if b'urn:xmpp:jingle:1' in payload else None

    def wait_for_offer(self):
        check(self.offered.acquire(timeout=cases.PATIENCE), 'no offer')

    def decline(self):
        sender, sid = self.offers[-1]
        self.send(f"<iq type='set' id='no' to='{sender}'><jingle xmlns='urn:xmpp:jingle:1' sid='{sid}' "
                  "action='session-terminate'><reason><decline/></reason></jingle></iq>")


def receive(server, folder, *arguments, **options):
    return Account(server, 'bob').ibb('receive', '--directory', folder.path, '--from', 'any',
                                      *arguments, **options)


def send(server, *arguments, **options):
    return Account(server, 'alice').ibb('send', *arguments, **options)


def wait_for_count(program, name, number):
    program.wait_for(lambda: sum(event['event'] == name for event in program.events()) >= number, name)


@case('several files arrive with their names')
def _(server):
    here, there = Folder(), Folder()
    names = {'empty': 0, 'a one': 1, 'ümläut <&>.txt': 200000, '-dash': 5 << 20}
    paths = [here.make(name, size) for name, size in names.items()]
    receiver = receive(server, there, '--count', '4')
    sender = send(server, '--', *paths, receiver.wait_ready())
    sender.expect_done()
    receiver.expect_done()
    check_equal(there.names(), sorted(names), 'files')
    for path in paths:
        check_equal(sha256(there / os.path.basename(path)), sha256(path), 'SHA-256')
    check_equal(sum(line.startswith('Delivered') for line in sender.lines), 4, 'lines “Delivered”')
    check_equal(sum(line.startswith('Received') for line in receiver.lines), 4, 'lines “Received”')


@case('events for scripts')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', 100000)
    receiver = receive(server, there, '--count', '1', '--json')
    sender = send(server, '--json', path, receiver.wait_ready())
    sender.expect_done()
    receiver.expect_done()
    for program in sender, receiver:
        offered, done = program.wait_event('offered'), program.wait_event('done')
        check_equal((offered['name'], offered['size'], offered['way']), ('file', 100000, 'jingle'), 'offer')
        check_equal((done['name'], done['bytes'], done['state'], done['resumed']),
                    ('file', 100000, 'delivered', 0), 'end')
        for event in program.events():
            if event['event'] in ('progress', 'done'):
                check_equal((event['name'], event['peer']), ('file', offered['peer']), 'who and what')
    check_equal(receiver.wait_event('done')['file'], there / 'file', 'place')


@case('two files of one name at the same time, and one that was interrupted: nothing is replaced')
def _(server):
    there = Folder()
    paths = [Folder().make('letter.pdf', size) for size in (LONG, 1 << 20, 2 << 20)]
    receiver = receive(server, there, '--json')
    peer = receiver.wait_ready()
    first = send(server, paths[0], peer)
    receiver.wait_event('progress', bytes=1)
    first.stop(-signal.SIGTERM)
    receiver.wait_event('error')
    senders = [send(server, path, peer) for path in paths[1:]]
    for sender in senders:
        sender.expect_done()
    # Its part is found, though its name is taken now.
    first = send(server, paths[0], peer)
    first.expect_done()
    check(any(re.search('^Delivered .*: the last .* of 40', line) for line in first.lines), first.lines)
    receiver.stop()
    check_equal(there.names(), ['letter (2).pdf', 'letter (3).pdf', 'letter.pdf'], 'files')
    check_equal(sorted(sha256(there / name) for name in there.names()), sorted(map(sha256, paths)), 'SHA-256')


@case('the parts in a folder can be seen and removed')
def _():
    folder = Folder()
    names = [f'.ibb-0123456789abcde{digit}-1.part' for digit in 'ef']
    for name in ['letter.pdf', '.ibb-other', *names]:
        folder.make(name, 2048)
    with open(folder / names[1], 'rb') as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        for option, words in (('--list-parts', ''), ('--remove-parts', 'removed')):
            shown = subprocess.run((IBB, 'receive', '--directory', folder.path, option), check=True,
                                   stdout=subprocess.PIPE, text=True).stdout.splitlines()
            lines = {line.split()[0]: line for line in shown}
            check_equal(sorted(lines), names, 'parts')
            check('2.0' in lines[names[0]] and lines[names[0]].endswith(words), shown)
            check(lines[names[1]].endswith('in use'), shown)
    check_equal(folder.names(), sorted(['.ibb-other', 'letter.pdf', names[1]]), 'files')


@case('a part that cannot be removed is an error, and the others are removed')
def _():
    folder = Folder()
    names = [f'.ibb-{digit * 4}0123456789ab-1.part' for digit in '012']
    for name in names:
        folder.make(name, 2048)
    done = subprocess.run((IBB, 'receive', '--directory', folder.path, '--remove-parts'), stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True,
                          env={**os.environ, 'LD_PRELOAD': os.environ['IBB_TEST_FAILING_CALLS']})
    check_equal(done.returncode, 1, 'exit status')
    check(re.search(f'^ibb: Cannot remove “{folder / names[0]}”: Permission denied', done.stderr, re.M), done.stderr)
    check_equal(sum(line.endswith('removed') for line in done.stdout.splitlines()), 2, 'removed')
    check_equal(folder.names(), names[:1], 'files')


@case('a folder goes as an archive')
def _(server):
    here, there = Folder(), Folder()
    os.mkdir(here / '-letters')
    for name, size in {'one': 1, 'two': 3 << 20}.items():
        os.rename(here.make(name, size), here / f'-letters/{name}')
    receiver = receive(server, there, '--count', '2')
    peer = receiver.wait_ready()
    send(server, '--tar', here / '-letters/', here / '-letters/one', peer).expect_done()
    receiver.expect_done()
    check_equal(there.names(), ['-letters.tar', 'one'], 'files')
    subprocess.run(['tar', 'xf', there / '-letters.tar', '-C', there.path], check=True)
    for name in 'one', 'two':
        check_equal(sha256(there / f'-letters/{name}'), sha256(here / f'-letters/{name}'), 'SHA-256')


@case('of a link to a folder the folder goes as an archive, and a name with a colon is no URI')
def _(server):
    here, there = Folder(), Folder()
    os.mkdir(here / 'letters')
    os.rename(here.make('one', 5000), here / 'letters/one')
    os.symlink('letters', here / 'link')
    here.make('report:final.pdf', 1000)
    receiver = receive(server, there, '--count', '2')
    send(server, '--tar', here / 'link', 'report:final.pdf', receiver.wait_ready(), cwd=here.path).expect_done()
    receiver.expect_done()
    check_equal(there.names(), ['link.tar', 'report:final.pdf'], 'files')
    subprocess.run(['tar', 'xf', there / 'link.tar', '-C', there.path], check=True)
    check_equal(sha256(there / 'link/one'), sha256(here / 'letters/one'), 'SHA-256')


@case('a folder that changes is an error, and a stream takes none')
def _(server):
    here, there = Folder(), Folder()
    os.mkdir(here / 'letters')
    path = here / 'letters/long'
    os.rename(here.make('long', LONG), path)
    receiver = receive(server, there, '--json')
    peer = receiver.wait_ready()
    sender = send(server, '--json', '--tar', here / 'letters', peer)
    receiver.wait_event('progress', bytes=1)
    os.truncate(path, LONG // 2)
    check_equal(sender.finish(), 1, 'status')
    check('changed' in sender.wait_event('error')['message'], 'the error says why')
    receiver.wait_event('error')
    receiver.stop()
    check(not os.path.exists(there / 'letters.tar'), 'no file')
    plain = Account(server, 'bob').ibb('receive', '--output', there / 'plain', '--from', 'any')
    send(server, '--tar', here / 'letters', plain.wait_ready()).expect_failure('does not go as a stream')
    plain.stop(-signal.SIGTERM)


@case('a name that is taken gets a number')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file.txt', 1000)
    receiver = receive(server, there, '--count', '2')
    peer = receiver.wait_ready()
    send(server, path, peer).expect_done()
    send(server, path, peer).expect_done()
    receiver.expect_done()
    check_equal(there.names(), ['file (2).txt', 'file.txt'], 'files')


@case('the bare JID is enough, and a stream goes to a receiver of streams')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', 1000)
    bob = Account(server, 'bob')
    receiver = receive(server, there, '--count', '1')
    receiver.wait_ready()
    send(server, path, bob.bare).expect_done()
    receiver.expect_done()
    plain = bob.ibb('receive', '-o', there / 'plain', '--from', 'any')
    plain.wait_ready()
    send(server, path, bob.bare).expect_done()
    plain.expect_done()
    check_equal(there.names(), ['file', 'plain'], 'files')


@case('who may not send is refused')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', 1000)
    receiver = Account(server, 'bob').ibb('receive', '--directory', there.path)
    peer = receiver.wait_ready()
    send(server, path, peer).expect_failure('refused', told=['^Offering '])
    receiver.wait_line('Refused a file from .*--from')
    send(server, '-', peer).expect_failure('does not let this account in, or is full')
    receiver.wait_line('Refused a session from .*--from')
    receiver.stop()
    check_equal(there.names(), [], 'files')


@case('a stream to a receiver of files is refused, and each end says why')
def _(server):
    receiver = receive(server, Folder(), '--json')
    send(server, '-', receiver.wait_ready()).expect_failure('not-acceptable', 'receive --output')
    receiver.wait_line('Refused a stream from .*--output')
    receiver.stop()


@case('an offer that waits for a person outlives a restart of the server')
def _():
    with make_server() as server:
        person = Asking(server, 'bob', 'ibb')
        sender = send(server, Folder().make('file', 1000), person.jid)
        person.wait_for_offer()
        sender.wait_line('Not done yet: waiting for .*bob@.* to accept “file”')
        server.kill()
        server.restart()
        person = Asking(server, 'bob', 'ibb')
        person.wait_for_offer()
        person.decline()
        check_equal(sender.finish(), 1, 'status')
        check('refused the file' in sender.lines[-1], sender.lines)
        check_equal(sum(line.startswith('Offering') for line in sender.lines), 2, 'offers')


@case('a program that was killed delays no file to the others')
def _(server):
    bob = Account(server, 'bob')
    there = Folder()
    receiver = bob.ibb('receive', '--directory', there.path, '--count', '3', '--show-online',
                       account=bob.options(resource='desk'))
    receiver.wait_ready()

    def measure():
        begin = time.monotonic()
        sender = bob.ibb('send', Folder().make('file', 1000), bob.bare)
        sender.expect_done()
        check(any('bob@localhost/desk' in line for line in sender.lines), sender.lines)
        return time.monotonic() - begin

    alone = measure()
    mute = RawClient(server, 'bob', 'phone', None)
    beside = measure()
    RawClient(server, 'bob', 'ibb', None)
    in_place = measure()
    receiver.expect_done()
    # A mute program would have 30 seconds.
    check(max(beside, in_place) < alone + 25, f'{alone} s; beside a mute program {beside} s, for one {in_place} s')
    waiting = bob.ibb('send', '--json', Folder().make('file', 1000), mute.jid)
    event = waiting.wait_event('waiting')
    check_equal((event['for'], mute.jid in event['step']), ('step', True), 'what it waits for')
    waiting.stop(-signal.SIGTERM)


@case('one bad file of several: the others go, and a line says which failed')
def _(server):
    here, there = Folder(), Folder()
    paths = [here.make('long', LONG), here.make('gone', 1), here.make('last', 1000)]
    receiver = receive(server, there, '--count', '2', '--json')
    sender = send(server, '--json', *paths, receiver.wait_ready())
    receiver.wait_event('progress', bytes=1)
    os.unlink(here / 'gone')
    check_equal(sender.finish(), 1, 'status')
    receiver.expect_done()
    check_equal(there.names(), ['last', 'long'], 'files')
    error = sender.wait_event('error')
    check_equal((error['name'], error['peer'], error['code']), ('gone', receiver.wait_ready(), 'not-found'), 'error')
    check('1 of 3 files' in sender.lines[-1], sender.lines)

    receiver = receive(server, there, '--count', '1')
    sender = send(server, here / 'last', here / 'missing', receiver.wait_ready())
    check_equal(sender.finish(), 1, 'status')
    receiver.expect_done()
    check(any('Cannot open' in line and 'missing' in line for line in sender.lines), sender.lines)
    check('1 file could not be opened' in sender.lines[-1], sender.lines)
    check('last (2)' in there.names(), there.names())


@case('a slow server is explained')
def _():
    with prosody.Prosody(limits=True) as server:
        receiver = receive(server, Folder())
        sender = send(server, Folder().make('file', 600000), receiver.wait_ready())
        sender.wait_line('^Only about .*/s pass to .bob@localhost')
        sender.stop(-signal.SIGTERM)
        # What the sender says comes behind its bytes.
        receiver.wait_line('^ibb: “file”: .*was stopped')
        receiver.stop()


@case('wrong arguments')
def _():
    folder = Folder()
    options = {'env': {'LC_ALL': 'C.UTF-8'}}
    for arguments, words in (
            (['--directory', folder / 'missing'], 'is not a folder'),
            (['--directory', folder.path, '--output', 'x'], 'goes without --output'),
            (['--count', '1', '--output', 'x'], 'needs --directory'),
            (['--directory', folder.path, '--count', '0'], 'a number from 1')):
        Program(IBB, 'receive', '--jid', 'a@b', *arguments, **options).expect_failure(words, code=2)
    path = folder.make('file', 1)
    Program(IBB, 'send', '--jid', 'a@b', path, '-', 'c@d', **options).expect_failure('beside other files')
    Program(IBB, 'send', '--jid', 'a@b', path, folder.path, 'c@d', **options).expect_failure('--tar sends an archive')


@case('what the peer has of a file stays when a signal ends the sender')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', LONG)
    receiver = receive(server, there, '--count', '1', '--json')
    peer = receiver.wait_ready()
    sender = send(server, '--json', path, peer)
    receiver.wait_event('progress', bytes=1)
    sender.stop(-signal.SIGTERM)
    receiver.wait_event('error')
    check_equal([name.startswith('.') for name in there.names()], [True], 'hidden files')
    sender = send(server, path, peer)
    sender.expect_done()
    check(any(re.search('^Delivered .*: the last .* of 40', line) for line in sender.lines), sender.lines)
    check_equal(receiver.finish(), 0, 'status')
    check(receiver.wait_event('done')['resumed'] > 0, 'nothing is sent again')
    check_equal(sha256(there / 'file'), sha256(path), 'SHA-256')


@case('a file outlives two restarts of the server')
def _():
    with make_server() as server:
        here, there = Folder(), Folder()
        path = here.make('file', LONG)
        receiver = receive(server, there, '--count', '1', '--json')
        way = CutProxy(server.port, [4 << 20, 8 << 20], stay_away=True)
        alice = Account(server, 'alice')
        sender = alice.ibb('send', '--json', path, receiver.wait_ready(), account=alice.options(port=way.port))
        for number in (1, 2):
            wait_for_count(sender, 'interrupted', number)
            server.kill()
            wait_for_count(receiver, 'interrupted', number)
            server.restart()
            way.let_in()
            for program in sender, receiver:
                wait_for_count(program, 'continued', number)
        sender.expect_done()
        receiver.expect_done()
        check_equal(sender.wait_event('done')['state'], 'delivered', 'end')
        check_equal(sha256(there / 'file'), sha256(path), 'SHA-256')


@case('a full disk: a line says what the parts of other files take')
def _(server):
    if os.geteuid() != 0:
        raise Skip('only root can mount a small disk')
    here, there = Folder(), Folder()
    # The disk is the receiver's alone, and ends with it.
    mount = ('unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"', there.path)
    if subprocess.run((*mount, 'true'), stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skip('nothing can be mounted here')
    bob = Account(server, 'bob')
    receiver = Program(*mount, IBB, 'receive', *bob.options(), '--directory', there.path, '--from', 'any',
                       env={'IBB_PASSWORD': bob.password, 'LC_ALL': 'C.UTF-8'})
    sender = send(server, here.make('file', 1 << 20), receiver.wait_ready())
    receiver.wait_line('No space left')
    receiver.wait_line(f'Parts of files .*KiB: see .*{there.path} --list-parts')
    check_equal(sender.finish(), 1, 'status of the sender')
    receiver.stop()


@case('both programs are killed again and again, and the file arrives')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', LONG)
    moved = 0
    for i in range(5):
        receiver = receive(server, there, '--count', '1', '--json')
        sender = send(server, '--json', path, receiver.wait_ready())
        receiver.wait_event('progress', bytes=moved + 1)
        time.sleep(random.random() / 5)
        for program in random.sample([sender, receiver], 2):
            os.kill(program.pid, signal.SIGKILL)
            program.finish()
        hidden = [name for name in there.names() if name.startswith('.')]
        check_equal(len(hidden), 1, 'hidden files')
        size = os.path.getsize(there / hidden[0])
        check(size >= moved, 'nothing is sent again')
        moved = size
        check(not os.path.exists(there / 'file'), 'no file before it is whole')
    receiver = receive(server, there, '--count', '1', '--json')
    sender = send(server, '--json', path, receiver.wait_ready())
    sender.expect_done()
    receiver.expect_done()
    check_equal(receiver.wait_event('done')['resumed'], moved, 'resumed')
    check_equal(sha256(there / 'file'), sha256(path), 'SHA-256')
    check_equal(there.names(), ['file'], 'files')


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
