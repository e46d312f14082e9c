#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files with their names: ibb send to ibb receive --directory."""

import fcntl
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import time

import cases
from cases import Skip, case, check, check_equal
from command import IBB, Folder, Program, sha256
from fake_xmpp import FakeServer, Played

DATA = '<data '


def receive(server, folder, *arguments, **options):
    return server.account('bob').ibb('receive', '--directory', folder.path, '--from', 'any', *arguments, **options)


def send(server, *arguments, **options):
    return server.account('alice').ibb('send', *arguments, **options)


def break_in(server, receiver, path, number):
    """A sender that gets this signal in the midst of its file, once the receiver has bytes."""
    def strike(*_):
        receiver.wait_event('progress', bytes=1)
        os.kill(sender.pid, number)

    peer = receiver.wait_ready()
    with server.lock:
        sender = send(server, path, peer)
        server.when(DATA, strike, 'alice', 5)
    return sender


def wait_received(receiver, count):
    """Before a stop: a sender that is told that a file is there may end before the receiver counts it as received."""
    receiver.wait_for(lambda: sum(line.startswith('Received “') for line in receiver.lines) == count, f'{count} files')


def find_ignored(path):
    """Of the signals that this program ignores, those that a process ignores which has such a status."""
    with open(path, encoding='utf-8') as file:
        mask = int(re.search('^SigIgn:\\s*(\\w+)', file.read(), re.M)[1], 16)
    return {number for number in (signal.SIGPIPE, signal.SIGXFSZ) if mask >> number - 1 & 1}


@case('several files arrive with their names, and the events name them')
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
    check(any(re.match('Offering “a one” \\(2 of 4, 1 byte\\)', line) for line in sender.lines), sender.lines)
    receiver = receive(server, there, '--count', '1', '--json')
    sender = send(server, '--json', paths[2], receiver.wait_ready())
    for program in sender, receiver:
        program.expect_done()
        offered, done = program.wait_event('offered'), program.wait_event('done')
        check_equal((offered['size'], offered['way']), (200000, 'jingle'), 'offer')
        check_equal((done['bytes'], done['state'], done['resumed']), (200000, 'delivered', 0), 'end')
        for event in (event for event in program.events() if event['event'] in ('offered', 'progress', 'done')):
            check_equal((event['name'], event['peer']), ('ümläut <&>.txt', offered['peer']), 'who and what')
    check_equal(receiver.wait_event('done')['file'], there / 'ümläut <&> (2).txt', 'place')


@case('--on-received: what the peer has chosen is in the environment, and nothing of it runs')
def _(server):
    here, there, outside = Folder(), Folder(), Folder()
    told = outside / 'told'
    systemd = Folder() / 'notify'
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notified:
        notified.bind(systemd)
    receiver = receive(server, there, '--count', '6', '--json', '--on-received',
                       f'printf "%s\\n" "$IBB_FILE" "$IBB_PEER" "$IBB_SIZE" "-${{IBB_PASSWORD-none}}-${{NOTIFY_SOCKET-none}}-" > {told}.$IBB_SIZE; yes | true',
                       cwd=outside.path, env={'NOTIFY_SOCKET': systemd})
    for size in range(6):
        send(server, here.make(f'{size} $(touch a);`touch b`\'"', size), receiver.wait_ready()).expect_done()
    receiver.expect_done()
    check_equal(outside.names(), [f'told.{size}' for size in range(6)], 'files')
    for size, name in enumerate(there.names()):
        with open(f'{told}.{size}', encoding='utf-8') as file:
            path, peer, *rest = file.read().splitlines()
        check_equal((path, peer.split('/')[0], rest), (there / name, 'alice@localhost', [str(size), '-none-none-']), 'environment')


@case('--on-received: what the command starts ignores no signal that this program ignores')
def _(server):
    here, there, outside = Folder(), Folder(), Folder()
    told = outside / 'told'
    receiver = receive(server, there, '--count', '1', '--on-received', f'cat /proc/self/status >{told}')
    peer = receiver.wait_ready()
    check_equal(find_ignored(f'/proc/{receiver.pid}/status'), {signal.SIGPIPE, signal.SIGXFSZ}, 'what the program ignores')
    send(server, here.make('file', 1), peer).expect_done()
    receiver.expect_done()
    check_equal(find_ignored(told), set(), 'what the command ignores')


@case('a file for which there are no descriptors is refused, and may come later')
def _(server):
    here, there = Folder(), Folder()

    def limit():
        resource.setrlimit(resource.RLIMIT_NOFILE, (30, 40))

    receiver = receive(server, there, prepare=limit)
    jid = receiver.wait_ready()
    held = threading.Event()
    server.when('<data ', lambda *_: held.set() or True, 'alice', 0)
    first = send(server, here.make('first', 100000), jid)
    check(held.wait(cases.PATIENCE), 'the first file is on its way')
    late = server.account('carol').ibb('send', here.make('second', 10), jid)
    check_equal(late.finish(), 1, 'status')
    check('busy with other files' in late.lines[-1], late.lines)
    receiver.wait_line('Refused a file from “carol@.*too many files are open')
    first.stop(-signal.SIGTERM)
    receiver.wait_line('^ibb: “first”')
    server.account('carol').ibb('send', here / 'second', jid).expect_done()
    wait_received(receiver, 1)
    receiver.stop()


@case('--on-received: four commands run at a time, a hundred files wait for one, and no more are taken')
def _(server):
    here, there, begun = Folder(), Folder(), Folder()
    paths = [here.make(f'{number:03}', 0) for number in range(120)]
    os.mkfifo(here / 'told')
    # Nothing of it outlives the case. A shell without a pipe can only look.
    hook = ('exec >/dev/null 2>&1; mktemp BEGUN/XXXXXX; echo >TOLD; '
            'while test -d BEGUN -a ! -e BEGUN/go; do sleep 0.05; done')
    receiver = receive(server, there, '--on-received', hook.replace('BEGUN', begun.path).replace('TOLD', here / 'told'))
    sender = send(server, *paths, receiver.wait_ready())
    check_equal(sender.finish(), 1, 'status of the sender')
    receiver.wait_line('^Refused a file from .*: too many wait for --on-received$')
    check_equal(sum('busy with other files' in error for error in sender.errors()), 16, f'{sender.errors()}')
    with open(here / 'told', 'r+b', buffering=0) as told:
        for _ in range(4):
            told.read(1)
    check_equal((len(there.names()), len(begun.names())), (104, 4), 'files, and commands')
    wait_received(receiver, 104)
    begun.make('go', 0)
    receiver.stop()


@case('a service manager is told that a command is ready, and stops; a socket that is not there is one line')
def _(server):
    bob = server.account('bob')
    services = '--service', 'web=127.0.0.1:1', '--service', 'ssh=127.0.0.1:1'
    commands = {('receive', '--directory', Folder().path): 0, ('expose', *services): 0, ('listen',): -signal.SIGTERM}
    for name in Folder() / 'notify', f'@ibb-test-{os.getpid()}':
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
            manager.bind(name.replace('@', '\0'))
            manager.settimeout(cases.PATIENCE)
            for words, status in commands.items():
                program = bob.ibb(*words, env={'NOTIFY_SOCKET': name})
                check_equal(manager.recv(100), b'READY=1', 'the first datagram')
                program.stop(status)
                check_equal(manager.recv(100), b'STOPPING=1', 'the second and last one')
    for name, word in ('/none', 'No such file'), ('/' + 'n' * 108, 'too long'), ('@' + 'n' * 108, 'too long'), ('none', 'Invalid'):
        program = receive(server, Folder(), env={'NOTIFY_SOCKET': name})
        program.wait_line(f'not told .*{name}.*: .*{word}')
        program.stop()
        check_equal(sum('not told' in line for line in program.lines), 1, 'lines')


JINGLE = "<query xmlns='http://jabber.org/protocol/disco#info'>" + ''.join(
    f"<feature var='urn:xmpp:jingle:{name}'/>" for name in ('1', 'apps:file-transfer:5', 'transports:ibb:1')) + '</query>'
NO_ROOM = 'no room for a file of this size'


@case('--max-total bounds what is in the folder, also in those below: what was taken away leaves room')
def _(server):
    here, there = Folder(), Folder()
    path, empty = here.make('file', 1 << 20), here.make('empty', 0)
    receiver = receive(server, there, '--max-total', '1M')
    jid = receiver.wait_ready()
    for _ in range(2):
        send(server, path, jid).expect_done()
        send(server, empty, jid).expect_failure(NO_ROOM, told=['^Offering'])
        os.remove(there / 'file')
    # What lies too deep does not count: 65 folders and a part of 1 kB do, for 4 kB each.
    os.makedirs(there / 'below' + '/below' * 64)
    os.rename(there.make('deep', 1 << 10), there / 'below' + '/below' * 64 + '/deep')
    os.rename(there.make('part', 1 << 10), there / 'below/.ibb-0123456789abcdef-1.part')
    left = (1 << 20) - 66 * 4096
    send(server, here.make('large', left + 1), jid).expect_failure(NO_ROOM, told=['^Offering'])
    send(server, here.make('small', left), jid).expect_done()
    receiver.wait_line('Received “small”')
    receiver.stop()


@case('--max-total: where the folder cannot be read nothing is taken, and a line says why')
def _(server):
    here, there = Folder(), Folder()
    there.make('unread', 1)
    receiver = receive(server, there, '--max-total', '1M',
                       env={'LD_PRELOAD': os.environ['IBB_TEST_FAILING_CALLS']})
    send(server, here.make('file', 1), receiver.wait_ready()).expect_failure(
        'does not know whether it has room', told=['^Offering'])
    receiver.wait_line('--max-total cannot be counted: Input/output error')
    os.rename(there.path, here / 'away')
    send(server, here / 'file', receiver.wait_ready()).expect_failure('does not know whether it has room', told=['^Offering'])
    receiver.wait_line('--max-total cannot be counted: No such file or directory')
    receiver.stop()


@case('--max-total: a folder goes on with no part, also one with the name, size and date of a file')
def _(server):
    here, there = Folder(), Folder()
    path, size = here.make('letter', 1 << 20), 1 << 20
    os.utime(path, (0, 0))
    receiver = receive(server, there, '--json')
    jid = receiver.wait_ready()

    def kill(*_):
        receiver.wait_event('progress', bytes=1)
        os.kill(receiver.pid, signal.SIGKILL)
        # From now on the server refuses what comes for it.
        server.client_of('bob').close()

    with server.lock:
        first = send(server, '--resume-timeout', '0', path, jid)
        server.when(DATA, kill, 'alice', 5)
    check(first.finish() != 0, 'an error')
    receiver.finish()
    part, = there.names()
    os.rename(path, here / 'file')
    os.mkdir(path)
    os.rename(here / 'file', f'{path}/file')
    os.utime(path, (0, 0))
    os.rename(there / part, here / part)
    receiver = receive(server, there, '--max-total', str(size + 8191))
    # The folder itself counts, and its file.
    send(server, path, receiver.wait_ready()).expect_failure(NO_ROOM, told=['^Offering'])
    receiver.stop()
    os.rename(here / part, there / part)
    receiver = receive(server, there, '--max-total', str(size + 8192))
    jid = receiver.wait_ready()
    send(server, path, jid).expect_failure(NO_ROOM, told=['^Offering'])
    os.remove(there / part)
    send(server, path, jid).expect_done()
    receiver.wait_line('Received “letter”')
    receiver.stop()


@case('--max-total: a file that comes to the disk counts beside the same one again')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', 1 << 20)
    os.mkfifo(here / 'pipe')
    receiver = receive(server, there, '--max-total', '1M', '--count', '9', env={
        'LD_PRELOAD': os.environ['IBB_TEST_FAILING_CALLS'], 'IBB_TEST_SYNC_PIPE': here / 'pipe'})
    first = send(server, path, receiver.wait_ready())
    with open(here / 'pipe', 'wb'):
        send(server, path, receiver.wait_ready()).expect_failure(NO_ROOM, told=['^Offering'])
    first.expect_done()
    receiver.wait_line('Received “file”')
    receiver.stop(-signal.SIGTERM)
    receiver.wait_line('The step was: waiting for a file at “bob@localhost/ibb”$')
    check_equal(there.names(), ['file'], 'files')


@case('--max-total counts what is there of a file that goes on only once, and others beside it')
def _(server):
    here, there = Folder(), Folder()
    size = 600000
    path, twin, byte = here.make('file', size), here.make('twin', size), here.make('byte', 1)
    for name in path, twin:
        os.utime(name, (0, 0))
    receiver = receive(server, there, '--max-size', '1M', '--max-total', '1m', '--json')
    peer = receiver.wait_ready()
    first = break_in(server, receiver, path, signal.SIGSTOP)
    os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    send(server, twin, peer).expect_failure('no room for a file of this size', told=['^Offering'])
    os.kill(first.pid, signal.SIGKILL)
    check_equal(first.finish(), -signal.SIGKILL, 'status of the first sender')
    part, = there.names()
    there.make('rest', (1 << 20) - size)
    other = there.make(part.replace('-1.', '-2.'), 1)  # of a second receiver, killed too: the file does not go on with it
    send(server, path, peer).expect_failure('no room for a file of this size', told=['^Offering'])
    os.remove(other)
    send(server, path, peer).expect_done()
    check(receiver.wait_event('done')['resumed'] > 0, 'it went on')
    send(server, byte, peer).expect_failure('no room for a file of this size', told=['^Offering'])
    receiver.wait_line(r'Refused a file of 1\sbyte .*--max-total leaves 0\sbytes')
    receiver.stop()
    check_equal(there.names(), ['file', 'rest'], 'files')


@case('--max-total: folders of one name, size and date count beside each other if their files are not as many')
def _(server):
    here, there = Folder(), Folder()
    tops = []
    for sizes in [600000], [300000, 300000]:
        tops.append(here / f'{len(sizes)}/letters')
        os.makedirs(tops[-1])
        for number, size in enumerate(sizes):
            os.rename(here.make('file', size), f'{tops[-1]}/{number}')
        os.utime(tops[-1], (0, 0))
    receiver = receive(server, there, '--max-total', '1M', '--count', '9', '--json')
    peer = receiver.wait_ready()
    first = break_in(server, receiver, tops[0], signal.SIGSTOP)
    os.waitid(os.P_PID, first.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    send(server, tops[1], peer).expect_failure(NO_ROOM, told=['^Offering'])
    os.kill(first.pid, signal.SIGKILL)
    check_equal(first.finish(), -signal.SIGKILL, 'status of the first sender')
    receiver.stop(-signal.SIGTERM)


@case('the parts in a folder can be seen and removed, also by their age; one that cannot is an error')
def _():
    folder = Folder()
    for days in 1, 2:
        path = folder.make(f'.ibb-0123456789abcde{days}-1.part', 1)
        os.utime(path, (0, time.time() - days * 86400 - 60))
    for days, names in ((3, [1, 2]), (2, [1]), (1, [])):
        subprocess.run((IBB, 'receive', '--directory', folder.path, '--remove-parts', '--older-than', str(days)),
                       check=True, stdout=subprocess.DEVNULL)
        check_equal(folder.names(), [f'.ibb-0123456789abcde{name}-1.part' for name in names], f'parts of {days} days')

    folder = Folder()
    names = [f'.ibb-0123456789abcde{digit}-1.part' for digit in 'ef']
    for name in ['letter.pdf', '.ibb-other', *names]:
        folder.make(name, 2048)
    with open(folder / names[1], 'rb') as used:
        fcntl.flock(used, fcntl.LOCK_EX)
        for option, words in (('--list-parts', ''), ('--remove-parts', 'removed')):
            listing = Program(IBB, 'receive', '--directory', folder.path, option)
            listing.expect_done()
            shown = listing.output.decode().splitlines()
            lines = {line.split()[0]: line for line in shown}
            check_equal(sorted(lines), names, 'parts')
            check('2.0' in lines[names[0]] and lines[names[0]].endswith(words), shown)
            check(lines[names[1]].endswith('in use'), shown)
    check_equal(folder.names(), sorted(['.ibb-other', 'letter.pdf', names[1]]), 'files')

    folder = Folder()
    names = [f'.ibb-{digit * 4}0123456789ab-1.part' for digit in '012']
    for name in names:
        folder.make(name, 2048)
    done = Program(IBB, 'receive', '--directory', folder.path, '--remove-parts',
                   env={'LD_PRELOAD': os.environ['IBB_TEST_FAILING_CALLS']})
    done.expect_failure(f'Cannot remove “{folder / names[0]}”: Permission denied')
    check_equal(sum(line.endswith(b'removed') for line in done.output.splitlines()), 2, 'removed')
    check_equal(folder.names(), names[:1], 'files')


@case('a folder, or a link to one, goes as an archive, and a name with a colon is no URI')
def _(server):
    here, there = Folder(), Folder()
    os.mkdir(here / '-letters')
    for name, size in {'one': 1, 'two': 3 << 20}.items():
        os.rename(here.make(name, size), here / f'-letters/{name}')
    os.symlink('-letters', here / 'link')
    here.make('report:final.pdf', 1000)
    receiver = receive(server, there, '--count', '3')
    send(server, '--tar', here / '-letters/', 'report:final.pdf', here / 'link', receiver.wait_ready(),
         cwd=here.path).expect_done()
    receiver.expect_done()
    check_equal(there.names(), ['-letters.tar', 'link.tar', 'report:final.pdf'], 'files')
    for top in '-letters', 'link':
        subprocess.run(['tar', 'xf', there / f'{top}.tar', '-C', there.path], check=True)
        for name in 'one', 'two':
            check_equal(sha256(there / f'{top}/{name}'), sha256(here / f'-letters/{name}'), 'SHA-256')


@case('a folder that changes is an error, and a stream takes none')
def _(server):
    here, there = Folder(), Folder()
    os.mkdir(here / 'letters')
    path = here / 'letters/long'
    os.rename(here.make('long', 4 << 20), path)
    receiver = receive(server, there, '--json')
    # The first block may leave before tar has opened the file, which would be a shorter one then, and not a changed one.
    server.when(DATA, lambda *_: os.truncate(path, 1 << 20), 'alice', 5)
    sender = send(server, '--json', '--tar', here / 'letters', receiver.wait_ready())
    check_equal(sender.finish(), 1, 'status')
    check('changed' in sender.wait_event('error')['message'], 'the error says why')
    check_equal(sender.wait_event('offered')['size'] % 512, 0, 'the rest of a block of tar')
    receiver.wait_event('error')
    receiver.stop()
    check(not os.path.exists(there / 'letters.tar'), 'no file')
    plain = server.account('bob').ibb('receive', '--output', there / 'plain', '--from', 'any')
    send(server, '--tar', here / 'letters', plain.wait_ready()).expect_failure('does not go as a stream')
    plain.stop(-signal.SIGTERM)


@case('the bare JID is enough: it means the receiver of files or of streams, and not a program that is mute')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', 1000)
    bob = server.account('bob')
    receiver = receive(server, there, '--count', '1')
    receiver.wait_ready()
    send(server, path, bob.bare).expect_done()
    receiver.expect_done()
    plain = bob.ibb('receive', '-o', there / 'plain', '--from', 'any')
    check_equal(plain.wait_ready(), f'{bob.bare}/ibb', 'address')
    send(server, path, bob.bare).expect_done()
    plain.expect_done()
    check_equal(there.names(), ['file', 'plain'], 'files')

    mute = Played(server, 'bob@localhost/ibb')
    receiver = bob.ibb('receive', '--directory', there.path, '--count', '1', '--show-online',
                       account=bob.options(resource='desk'))
    receiver.wait_ready()
    sender = bob.ibb('send', path, bob.bare)
    sender.expect_done()
    check(any(f'{bob.bare}/desk' in line for line in sender.lines), sender.lines)
    waiting = bob.ibb('send', '--json', path, mute.jid)
    event = waiting.wait_event('waiting')
    check_equal((event['for'], mute.jid in event['step']), ('step', True), 'what it waits for')
    waiting.stop(-signal.SIGTERM)


@case('a stream to a receiver of files is refused, and each end says why')
def _(server):
    receiver = receive(server, Folder(), '--json')
    send(server, '-', receiver.wait_ready()).expect_failure('not-acceptable', 'receive --output')
    receiver.wait_line('Refused a stream from .*--output')
    receiver.stop()


@case('one bad file of several: the others go, and a line says which failed')
def _(server):
    here, there = Folder(), Folder()
    paths = [here.make('long', 1 << 20), here.make('gone', 1), here.make('last', 1000)]
    receiver = receive(server, there, '--count', '2', '--json')
    server.when(DATA, lambda *_: os.unlink(here / 'gone'), 'alice')
    sender = send(server, '--json', *paths, receiver.wait_ready())
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


@case('a receiver that goes in the middle of several files: a line names each, and the others go when it is back')
def _(server):
    here, there = Folder(), Folder()
    paths = [here.make('one', 8 << 20), here.make('two', 1000), here.make('three', 1000)]
    receiver = receive(server, there)
    server.when(DATA, lambda *_: os.kill(receiver.pid, signal.SIGINT), 'alice', 5)
    sender = send(server, *paths, receiver.wait_ready())
    check_equal(sender.finish(), 1, 'status')
    for name in ('one', 'two', 'three'):
        check(any(f'“{name}”: ' in line for line in sender.errors()), f'{name} in {sender.errors()}')
    check('3 of 3 files' in sender.lines[-1], sender.lines)
    receiver.finish()

    # Only the first one is cut.
    receiver = receive(server, there)
    server.when(DATA, lambda client, attributes: client.refuse(attributes, 'service-unavailable') or True, 'alice', 5)
    sender = send(server, '--resume-timeout', '0', *paths, receiver.wait_ready())
    check_equal(sender.finish(), 1, 'status')
    check('1 of 3 files' in sender.lines[-1] and '“one”: ' in sender.errors()[0], sender.lines)
    wait_received(receiver, 2)
    receiver.stop()
    check_equal([name for name in there.names() if name[0] != '.'], ['three', 'two'], 'files')


@case('--retry: a receiver that is not there yet, and one that is started again, get all files')
def _(server):
    here, there = Folder(), Folder()
    paths = [here.make('one', 8 << 20), here.make('two', 1000)]
    os.mkdir(here / 'letters')
    os.link(paths[1], here / 'letters/three')
    sender = send(server, '--retry', '1000', '--resume-timeout', '0', *paths, here / 'letters', 'bob@localhost/ibb')
    sender.wait_line('^“one”: .*; offering it again$')
    receiver = receive(server, there, '--json')
    blocks, is_back = [], []

    def cut(client, attributes):
        """After some blocks, and until the next receiver is there."""
        blocks.append(attributes)
        return not is_back and len(blocks) > 4 and (client.refuse(attributes, 'service-unavailable') or True)

    server.when(DATA, cut, 'alice', 0)
    sender.wait_line('^“one”: Peer .*; offering it again$')
    server.client_of('alice').close()
    os.kill(receiver.pid, signal.SIGKILL)
    receiver.finish()
    is_back.append(True)
    again = receive(server, there, '--count', '3')
    sender.expect_done()
    again.expect_done()
    check_equal(there.names(), ['letters', 'one', 'two'], 'files')
    check_equal(sha256(there / 'one'), sha256(paths[0]), 'SHA-256')

    # The pauses have an end, and what a person has decided is not asked again.
    def lose(attributes, text):
        if attributes['type'] == 'get':
            loser.answer(attributes, JINGLE)
        elif b'session-initiate' in text:
            loser.answer(attributes)
            sid = re.search(b"sid='([^']*)'", text)[1].decode()
            loser.say('iq', f"<jingle xmlns='urn:xmpp:jingle:1' action='session-terminate' sid='{sid}'><reason>"
                      '<connectivity-error/></reason></jingle>', type='set', id='lost', to=attributes['from'])
            del server.clients[loser.jid]

    loser = Played(server, 'bob@localhost/ibb', lose)
    sender = send(server, '--json', '--retry', '2', paths[1], loser.jid)
    sender.expect_failure('service-unavailable', told=[])
    event = sender.wait_event('retrying')
    check_equal((event['name'], event['peer'], event['code']), ('two', loser.jid, 'failed'), 'what is offered again')
    receiver = receive(server, there, '--max-size', '10')
    send(server, '--retry', '1000', paths[1], receiver.wait_ready()).expect_failure('takes files of 10 bytes at most',
                                                                                told=['^Offering'])
    receiver.stop()


@case('a question that comes back as another login takes the resource is asked again')
def _(server):
    here, there = Folder(), Folder()
    os.mkdir(here / 'folder')
    here.make('folder/file', 1)
    receiver = receive(server, there)
    jid = receiver.wait_ready()
    question = f"to='{jid}'[^>]*><query xmlns='http://jabber.org/protocol/disco#info'"

    def bounce(client, attributes):
        client.refuse(attributes, 'recipient-unavailable')
        return True

    for path in (here.make('file', 1), here / 'folder'):
        server.when(question, bounce, 'alice')
        send(server, path, jid).expect_done()
    # No stream is tried: a file is for the program that is not there.
    server.when(question, bounce, 'alice', 0)
    for path in (here / 'file', here / 'folder'):
        send(server, path, jid).expect_failure(f'“{jid}” answered “recipient-unavailable”: try again when it is online')
    receiver.stop()


@case('several files that cannot go: the line has the reason')
def _(server):
    paths = [Folder().make('one', 1), Folder().make('two', 1)]
    send(server, *paths, 'bob@localhost/nobody').expect_failure('bob@localhost/nobody', 'service-unavailable')
    stream = server.account('bob').ibb('receive', '--output', '/dev/null', '--from', 'any')
    send(server, *paths, stream.wait_ready()).expect_failure('takes only a stream of bytes, not files')
    send(server, '--window', '1M', *paths, stream.wait_ready()).expect_failure('do not go as one stream', '--window')
    stream.stop(-signal.SIGTERM)


@case('a full disk: a line says what the parts of other files take')
def _(server):
    if os.geteuid() != 0:
        raise Skip('only root can mount a small disk')
    there = Folder()
    # The disk is the receiver's alone, and ends with it.
    mount = ('unshare', '--mount', 'sh', '-c', 'mount -t tmpfs -o size=256k tmpfs "$0" && exec "$@"', there.path)
    if subprocess.run((*mount, 'true'), stderr=subprocess.DEVNULL, check=False).returncode != 0:
        raise Skip('nothing can be mounted here')
    bob = server.account('bob')
    receiver = Program(*mount, IBB, 'receive', *bob.options(), '--directory', there.path, '--from', 'any',
                       env={'IBB_PASSWORD': bob.password})
    sender = send(server, Folder().make('file', 1 << 20), receiver.wait_ready())
    receiver.wait_line('No space left')
    receiver.wait_line(f'Parts of files .*KiB: see .*{there.path} --list-parts')
    check_equal(sender.finish(), 1, 'status of the sender')
    receiver.stop()


@case('--count: a file whose sender was killed is taken again, and counts once')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', 1 << 20)
    receiver = receive(server, there, '--count', '1', '--json')
    peer = receiver.wait_ready()
    first = break_in(server, receiver, path, signal.SIGKILL)
    check_equal(first.finish(), -signal.SIGKILL, 'status of the first sender')
    send(server, path, peer).expect_done()
    check_equal(receiver.finish(), 0, 'status of the receiver')
    check(receiver.wait_event('done')['resumed'] > 0, 'resumed')
    check_equal(there.names(), ['file'], 'files')


@case('both programs are killed again and again, and the file arrives')
def _(server):
    here, there = Folder(), Folder()
    path = here.make('file', 8 << 20)
    moved = 0
    for i in range(5):
        receiver = receive(server, there, '--count', '1', '--json')
        peer = receiver.wait_ready()
        programs = []

        def kill(*_, programs=programs, receiver=receiver, least=moved + 1):
            receiver.wait_event('progress', bytes=least)
            for program in programs:
                os.kill(program.pid, signal.SIGKILL)

        with server.lock:
            sender = send(server, '--json', path, peer)
            programs += [sender, receiver][::(-1) ** i]
            # A frame of a bundle counts once it is whole: two blocks of 4 kB, after that of the offer.
            server.when(DATA, kill, 'alice', 5 + 7 * i)
        for program in programs:
            program.finish()
        hidden = [name for name in there.names() if name.startswith('.')]
        check_equal(len(hidden), 1, 'hidden files')
        size = os.path.getsize(there / hidden[0])
        check(size >= moved, 'nothing is sent again')
        moved = size
        check(not os.path.exists(there / 'file'), 'no file before it is whole')
    check(moved > 0, 'a part')
    receiver = receive(server, there, '--count', '1', '--json')
    sender = send(server, path, receiver.wait_ready())
    sender.expect_done()
    receiver.expect_done()
    check(any(re.search('^Delivered .*: the last .* of 8', line) for line in sender.lines), sender.lines)
    check_equal(receiver.wait_event('done')['resumed'], moved, 'resumed')
    check_equal(sha256(there / 'file'), sha256(path), 'SHA-256')
    check_equal(there.names(), ['file'], 'files')


if __name__ == '__main__':
    cases.main(FakeServer)
