#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Folders: ibb send FOLDER to ibb receive --directory."""

import os
import re
import signal
import subprocess
import sys
import tempfile

import cases
from cases import case, check, check_equal
from command import IBB, Folder, Program, sha256
from fake_xmpp import FakeServer

DATA = '<data '
NOBODY = 65534
FOLDERS = 'urn:ibb-glib:folders:1'


def receive(server, folder, *arguments):
    return server.account('bob').ibb('receive', '--directory', folder.path, '--from', 'any', *arguments)


def send(server, *arguments, **options):
    return server.account('alice').ibb('send', *arguments, **options)


def kill_in_between(server, receiver):
    """Once bytes are on the disk."""
    def kill(*_):
        receiver.wait_event('progress', bytes=1)
        os.kill(receiver.pid, signal.SIGKILL)
        # From now on the server knows it, and refuses what comes for it: the sender needs no time to find out.
        server.client_of('bob').close()

    server.when(DATA, kill, 'alice', 40)


def make_tree(folder, n_small=300):
    """A folder “letters” with a large file, small ones, and an empty folder."""
    top = folder / 'letters'
    os.makedirs(f'{top}/of juliet/drafts')
    os.makedirs(f'{top}/empty')
    os.rename(folder.make('long', 3 << 20), f'{top}/of juliet/long')
    os.rename(folder.make('none', 0), f'{top}/of juliet/drafts/ümläut')
    for i in range(n_small):
        with open(f'{top}/of juliet/drafts/{i}', 'w', encoding='utf-8') as file:
            file.write(f'{i}\n' * i)
    return top


def read_tree(top):
    """What is there, without what is hidden."""
    result = {}
    for path, folders, files in os.walk(top):
        place = os.path.relpath(path, top)
        result[place] = sorted(folders)
        for name in files:
            check(not os.path.islink(os.path.join(path, name)), name)
            result[f'{place}/{name}'] = sha256(os.path.join(path, name))
    return result


@case('a folder arrives as a folder, and what is no file is named and left out')
def _(server):
    here, there = Folder(), Folder()
    top = make_tree(here)
    tree = read_tree(top)
    others = {'of juliet/link', *(f'pipe {i}' for i in range(101))}
    os.symlink('/etc/passwd', f'{top}/of juliet/link')
    for i in range(101):
        os.mkfifo(f'{top}/pipe {i}')
    os.symlink('letters', here / 'other')
    receiver = receive(server, there, '--json', '--count', '2')
    jid = receiver.wait_ready()
    sender = send(server, top, jid)
    sender.expect_done()
    left_out = {line.split('“')[1].split('”')[0] for line in sender.lines if line.startswith('Left out “')}
    check(len(left_out) == 100 and left_out < others, f'left out: {left_out}')
    check('Left out 2 more' in sender.lines, sender.lines)
    check_equal(read_tree(there / 'letters'), tree, 'the folder')
    offered, done = receiver.wait_event('offered'), receiver.wait_event('done')
    size = sum(os.path.getsize(os.path.join(path, name)) for path, _, names in os.walk(there.path) for name in names)
    check_equal((offered['name'], offered['files'], offered['size']), ('letters', 303, size), 'offer')
    check_equal((done['file'], done['bytes'], done['resumed']), (there / 'letters', size, 0), 'end')
    sender = send(server, '--json', here / 'other/', jid)
    sender.expect_done()
    receiver.expect_done()
    left_out = {event['name'] for event in sender.events() if event['event'] == 'left-out' and event['peer'] == jid}
    check(len(left_out) == 100 and left_out < others, f'left out: {left_out}')
    check_equal(read_tree(there / 'other'), tree, 'by a link')


@case('a folder that is sent again sends nothing twice, and goes on after a kill')
def _(server):
    here, there = Folder(), Folder()
    top = make_tree(here, 50)
    tree = read_tree(top)
    for kill in True, False:
        receiver = receive(server, there, '--json', '--count', '1')
        jid = receiver.wait_ready()
        if kill:
            kill_in_between(server, receiver)
        sender = send(server, '--resume-timeout', '0', top, jid)
        if kill:
            check(sender.finish() != 0, 'an error')
            receiver.finish()
        else:
            sender.expect_done()
            receiver.expect_done()
    check(receiver.wait_event('done')['resumed'] > 0, 'resumed')
    check_equal(read_tree(there / 'letters'), tree, 'the folder')
    receiver = receive(server, there, '--json', '--count', '1')
    sender = send(server, top, receiver.wait_ready())
    sender.expect_done()
    receiver.expect_done()
    done = receiver.wait_event('done')
    check_equal(done['resumed'], done['bytes'], 'resumed')
    check(re.fullmatch('Delivered “letters” to .*iB, which were there already', sender.lines[-1]), sender.lines)
    check_equal(read_tree(there / 'letters'), tree, 'the folder')


def read_partly(server, here, there, names, **options):
    """Sends “letters”, of which these entries cannot be read: the others arrive, and both ends say it."""
    receiver = receive(server, there)
    sender = send(server, here / 'letters', receiver.wait_ready(), **options)
    check_equal(sender.finish(), 1, 'status')
    words = rf'{len(names)} of \d files failed; the first is “{names[0]}”'
    check(any(re.search(words, line) for line in sender.lines), sender.lines)
    receiver.wait_line(words)
    receiver.stop()


@case('what an error of the disk hides of a folder fails, and the other files arrive')
def _(server):
    here, there = Folder(), Folder()
    top = make_tree(here, 3)
    for path in 'lost', 'unread':
        os.mkdir(f'{top}/{path} here')
        os.rename(here.make(path, 10), f'{top}/{path} here/{path}')
    read_partly(server, here, there, ['lost here/lost', 'unread here'],
                env={'LD_PRELOAD': os.environ['IBB_TEST_FAILING_CALLS']})
    for path in 'lost', 'unread':
        os.remove(f'{top}/{path} here/{path}')
    check_equal(read_tree(there / 'letters'), read_tree(top), 'the folder')


@case('what may not be read of a folder fails alone')
def _(server):
    here, there = Folder(), Folder()
    top = make_tree(here, 3)
    for path, mode in {'closed': 0, 'listed': 0o444}.items():
        os.mkdir(f'{top}/{path}')
        os.rename(here.make(path, 10), f'{top}/{path}/file')
        os.chmod(f'{top}/{path}', mode)
    os.chmod(here.path, 0o755)
    read_partly(server, here, there, ['closed', 'listed'], **({'user': NOBODY} if os.geteuid() == 0 else {}))
    for path in 'closed', 'listed':
        os.chmod(f'{top}/{path}', 0o755)
        os.remove(f'{top}/{path}/file')
    check_equal(read_tree(there / 'letters'), read_tree(top), 'the folder')


@case('a list of parts that is not whole is an error')
def _(server):
    folder = Folder()
    os.makedirs(folder / 'letters/drafts')
    os.rename(folder.make('unread', 10), folder / 'letters/unread')
    environment = {'LD_PRELOAD': os.environ['IBB_TEST_FAILING_CALLS']}
    Program(IBB, 'receive', '--directory', folder.path, '--list-parts', env=environment).expect_failure(
        f'Cannot read “{folder / "letters"}”: Input/output error')


@case('parts within a received folder are listed and removed, and links out of it are not followed')
def _(server):
    here, there, outside = Folder(), Folder(), Folder()
    top = make_tree(here, 0)
    receiver = receive(server, there, '--json')
    kill_in_between(server, receiver)
    sender = send(server, '--resume-timeout', '0', top, receiver.wait_ready())
    check(sender.finish() != 0, 'an error')
    receiver.finish()
    part = next(name for name in os.listdir(there / 'letters/of juliet') if name.startswith('.ibb-'))
    with open(outside / part, 'wb') as file:
        file.write(b'x')
    os.symlink(outside.path, there / 'link')
    listing = Program(IBB, 'receive', '--directory', there.path, '--list-parts')
    listing.expect_done()
    check_equal([line.split(b'  ')[0] for line in listing.output.splitlines()],
                [f'letters/of juliet/{part}'.encode()], 'parts')
    Program(IBB, 'receive', '--directory', there.path, '--remove-parts').expect_done()
    check(part not in os.listdir(there / 'letters/of juliet'), 'removed')
    check_equal(outside.names(), [part], 'outside')


@case('--max-size and --max-total count a folder with all its files')
def _(server):
    here, there = Folder(), Folder()
    top = make_tree(here, 10)
    receiver = receive(server, there, '--max-size', '1')
    send(server, top, receiver.wait_ready()).expect_failure('takes files of 1 bytes at most', told=['^Offering'])
    receiver.stop()
    receiver = receive(server, there, '--max-total', '5M')
    jid = receiver.wait_ready()
    send(server, top, jid).expect_done()
    # The same name is no way to more.
    os.rename(f'{top}/of juliet/long', f'{top}/of juliet/longer')
    send(server, top, jid).expect_failure('no room for a file of this size', told=['^Offering'])
    receiver.stop()
    check_equal(there.names(), ['letters'], 'folders')


@case('a program that takes files alone gets an archive, without a word of the folder before')
def _(server):
    here, there = Folder(), Folder()
    top = make_tree(here, 3)
    receiver = receive(server, there, '--count', '1')
    jid = receiver.wait_ready()
    # As a program would answer that has only XEP-0234.
    server.hide(FOLDERS)
    sender = send(server, top, jid)
    sender.expect_done()
    receiver.expect_done()
    check_equal(there.names(), ['letters.tar'], 'files')
    subprocess.run(['tar', 'xf', there / 'letters.tar', '-C', there.path], check=True)
    check_equal(read_tree(there / 'letters'), read_tree(top), 'the folder')


def become_nobody():
    """Root may read and write everything."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setgid(NOBODY)
        os.setuid(NOBODY)
        if os.access(IBB, os.X_OK) and os.access(tempfile.gettempdir(), os.W_OK):
            return
    print('1..0 # SKIP only root becomes nobody, who needs the command and a folder for temporary files')
    sys.exit(0)


if __name__ == '__main__':
    if '--as-nobody' in sys.argv:
        sys.argv.remove('--as-nobody')
        become_nobody()
    cases.main(FakeServer)
