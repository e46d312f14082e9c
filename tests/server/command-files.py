#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The files in which ibb receive stores, and from which ibb takes a password."""

import os
import queue
import signal
import stat
import subprocess

import cases
from cases import Skip, case, check, check_equal
from command import REFUSED, Folder, sha256
from fake_xmpp import FakeServer, Played

NOBODY = 65534


def receive(server, output, **options):
    """A file into output; returns what was received and the lines of the receiver."""
    folder = Folder()
    source = folder.make('original', 5000)
    there = server.account('bob').ibb('receive', '-o', output, '--from', 'any', **options)
    server.account('alice').ibb('send', source, there.wait_ready()).expect_done()
    there.expect_done()
    return source, there.lines


@case('file names may be as long as the file system allows')
def _(server):
    for length in (247, 248, 254, 255):
        for name in ('n' * length, '\u00e4' * (length // 2)):
            folder = Folder()
            source, _ = receive(server, folder / name)
            check_equal(sha256(folder / name), sha256(source), 'SHA-256')
            check_equal(folder.names(), [name], 'files')
    folder = Folder()
    server.account('bob').ibb('receive', '-o', folder / ('n' * 256)).expect_failure('too long')


@case('symbolic links: the file that they name is made, or replaced; those that lead nowhere are an error')
def _(server):
    folder = Folder()
    os.mkdir(folder / 'below')
    os.symlink('below/link', folder / 'link')
    os.symlink(folder / 'target', folder / 'below/link')
    for _ in range(2):
        source, _ = receive(server, folder / 'link')
        check(os.path.islink(folder / 'link') and os.path.islink(folder / 'below/link'), 'both are links still')
        check_equal(sha256(folder / 'target'), sha256(source), 'SHA-256')
        check_equal(folder.names(), ['below', 'link', 'target'], 'files')
        folder.make('target', 20000)
    os.symlink('loop', folder / 'loop')
    os.symlink('none/file', folder / 'missing')
    bob = server.account('bob')
    bob.ibb('receive', '-o', folder / 'loop').expect_failure('loop', 'symbolic links')
    bob.ibb('receive', '-o', folder / 'missing').expect_failure('missing', 'No such file')
    check_equal(folder.names(), ['below', 'link', 'loop', 'missing', 'target'], 'files')


@case('a symbolic link of somebody else, where everybody may make one, is refused')
def _(server):
    if os.geteuid() != 0:
        raise Skip('only root can make a link of somebody else')
    folder = Folder()
    shared = folder / 'shared'
    os.mkdir(shared)
    for name in ('missing', 'existing', 'null'):
        target = '/dev/null' if name == 'null' else folder / name
        os.symlink(target, os.path.join(shared, name))
        os.lchown(os.path.join(shared, name), NOBODY, NOBODY)
    folder.make('existing', 100)
    old = sha256(folder / 'existing')
    os.symlink('shared/missing', folder / 'hop')
    bob = server.account('bob')

    def refuses(*names):
        for name in names:
            bob.ibb('receive', '-o', folder / name).expect_failure(name, 'Permission denied')
        check_equal(folder.names(), ['existing', 'hop', 'shared'], 'files')
        check_equal(sha256(folder / 'existing'), old, 'SHA-256')

    os.chmod(shared, 0o1777)
    refuses('shared/missing', 'shared/existing', 'shared/null', 'hop')
    # As the kernel does it: links of the owner of the folder, and those in other folders.
    for owner, mode in ((NOBODY, 0o1777), (0, 0o777), (0, 0o1775)):
        os.chown(shared, owner, owner)
        os.chmod(shared, mode)
        source, _ = receive(server, folder / 'hop')
        check_equal(sha256(folder / 'missing'), sha256(source), f'SHA-256, {owner} {mode:o}')
        os.unlink(folder / 'missing')
    # One's own link.
    os.chown(shared, NOBODY, NOBODY)
    os.chmod(shared, 0o1777)
    os.lchown(os.path.join(shared, 'missing'), 0, 0)
    receive(server, folder / 'hop')


@case('a file or pipe of somebody else, where everybody may make one, is refused')
def _(server):
    if os.geteuid() != 0:
        raise Skip('only root can make a file of somebody else')
    folder = Folder()
    shared = folder / 'shared'
    os.mkdir(shared)
    file, pipe = os.path.join(shared, 'file'), os.path.join(shared, 'pipe')
    with open(file, 'wb'):
        os.chmod(file, 0o666)
    os.mkfifo(pipe)
    os.chmod(pipe, 0o666)
    os.symlink(file, folder / 'link')
    bob = server.account('bob')
    for path in (file, pipe):
        os.chown(path, NOBODY, NOBODY)
    os.chmod(shared, 0o1777)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    for path in (file, pipe, folder / 'link'):
        bob.ibb('receive', '-o', path).expect_failure(path, 'Permission denied')
    check_equal(os.read(reader, 1), b'', 'bytes in the pipe')
    os.close(reader)
    check_equal(sorted(os.listdir(shared)), ['file', 'pipe'], 'files')
    # As the kernel does it: files of the owner of the folder, one's own, and those in other folders.
    for owner, mode, folder_owner in ((NOBODY, 0o1777, NOBODY), (0, 0o1777, NOBODY), (NOBODY, 0o777, 0)):
        os.chown(file, owner, owner)
        os.chown(shared, folder_owner, folder_owner)
        os.chmod(shared, mode)
        source, _ = receive(server, file)
        check_equal(sha256(file), sha256(source), f'SHA-256, {owner} {mode:o} {folder_owner}')


def begin(server, output, data, resource, **options):
    """A receiver and the peer that has sent it data, and has not ended yet; the name of the part."""
    folder = os.path.dirname(output)
    before = set(os.listdir(folder))
    bob, alice = server.account('bob'), server.account('alice')
    there = bob.ibb('receive', '-o', output, '--from', 'any', account=bob.options(resource=resource), **options)
    jid = there.wait_ready()
    check_equal(set(os.listdir(folder)), before, 'files before the first byte')
    here = alice.ibb('cat', jid, stdin=subprocess.PIPE, account=alice.options(resource=resource))
    here.stdin.write(data)
    here.stdin.flush()
    return here, there


def wait_parts(folder, count, *programs):
    """No program tells that there is one; programs: none of them is to end before"""
    while len(names := {name for name in folder.names() if name.startswith('.')}) < count:
        check(not any(program.has_ended(0.02) for program in programs), f'{count} parts')
    return names


@case('the hidden file is private until it is complete')
def _(server):
    for old in (None, 0o666):
        folder = Folder()
        if old:
            os.chmod(folder.make('copy', 100), old)
        here, there = begin(server, folder / 'copy', b'data', 'one', prepare=lambda: os.umask(0o027))
        (part,) = wait_parts(folder, 1, here, there)
        check_equal(stat.S_IMODE(os.stat(folder / part).st_mode), 0o600, 'permissions')
        here.stdin.close()
        here.expect_done()
        there.expect_done()
        check_equal(stat.S_IMODE(os.stat(folder / 'copy').st_mode), old or 0o640, 'permissions at the end')
        check_equal(folder.names(), ['copy'], 'files')


@case('a command removes the hidden files of those that were killed, and no others')
def _(server):
    folder = Folder()
    dying, killed = begin(server, folder / 'copy', b'of one that was killed', 'one')
    stale = wait_parts(folder, 1, dying, killed)
    os.kill(killed.pid, signal.SIGKILL)
    killed.finish()
    of_other, other = begin(server, folder / 'other', b'other', 'two')
    check(stale < wait_parts(folder, 2, of_other, other), 'the part of another file is another one')
    here, lives = begin(server, folder / 'copy', b'lives', 'three')
    # A second one for the same file leaves the first one's alone.
    of_second, second = begin(server, folder / 'copy', b'second', 'four')
    check(stale < wait_parts(folder, 3, of_second, second), 'the file of a command that lives')
    for there in (other, second):
        there.stop(-signal.SIGTERM)
    check_equal(set(folder.names()), stale, 'files')
    here.stdin.close()
    here.expect_done()
    lives.expect_done()
    check_equal(folder.names(), ['copy'], 'files')
    with open(folder / 'copy', 'rb') as file:
        check_equal(file.read(), b'lives', 'data')


@case('a wait for the other end of a pipe ends at --timeout or a signal')
def _(server):
    folder = Folder()
    os.mkfifo(folder / 'pipe')
    commands = (('receive', '-o', folder / 'pipe'), ('send', folder / 'pipe', 'bob@localhost'))
    for command in commands:
        server.account('bob').ibb(*command, '--timeout', '0.5').expect_failure('for 0.5 s', 'opening', 'pipe')
        there = server.account('bob').ibb(*command)
        os.kill(there.pid, signal.SIGINT)
        check_equal(there.finish(), -signal.SIGINT, 'status')


@case('a named pipe carries a file at both ends, and a pipe may be named by /dev/fd')
def _(server):
    folder = Folder()
    with open(folder.make('original', 5000), 'rb') as file:
        original = file.read()
    os.mkfifo(folder / 'in')
    os.mkfifo(folder / 'out')
    there = server.account('bob').ibb('receive', '-o', folder / 'out', '--from', 'any')
    with open(folder / 'out', 'rb') as output:
        here = server.account('alice').ibb('send', folder / 'in', there.wait_ready())
        with open(folder / 'in', 'wb') as data:
            data.write(original)
        check_equal(output.read(), original, 'data')
    here.expect_done()
    there.expect_done()
    read_end, write_end = os.pipe()
    receive(server, f'/dev/fd/{write_end}', pass_fds=(write_end,))
    os.close(write_end)
    with open(read_end, 'rb') as copy:
        check_equal(copy.read(), original, 'data')


@case('what takes the place of a pipe after the command has looked is not written to')
def _(server):
    """The command looks before it reads the password, here from a pipe, and opens the output after that."""
    bob = server.account('bob')
    for is_pipe in True, False:
        folder = Folder()
        for name in 'out', 'other', 'password':
            os.mkfifo(folder / name, 0o600)
        there = bob.ibb('receive', '-o', folder / 'out', '--from', 'any', '--password-file', folder / 'password',
                        env={'IBB_PASSWORD': ''})
        with open(folder / 'password', 'w', encoding='utf-8') as password:
            os.rename(folder / 'other' if is_pipe else folder.make('file', 100), folder / 'out')
            # A pipe without a reader would not be opened at all.
            reader = os.open(folder / 'out', os.O_RDONLY | os.O_NONBLOCK)
            password.write(bob.password + '\n')
        there.wait_for(lambda: there.lines, 'a line')
        check(not there.lines[0].startswith('ready '), 'it has opened what is there now')
        there.expect_failure('Cannot write', 'out', 'Permission denied')
        os.close(reader)


@case('a directory that cannot be synchronized is an error at both ends')
def _(server):
    folder = Folder()

    def fails():
        return server.account('bob').ibb('receive', '-o', folder / 'copy', '--from', 'any',
                                         env={'LD_PRELOAD': os.environ['IBB_TEST_FAILING_CALLS']})

    there = fails()
    here = server.account('alice').ibb('send', folder.make('original', 5000), there.wait_ready())
    there.expect_failure('Cannot write', 'copy', 'Input/output error')
    here.expect_failure('bob@localhost')
    # Another program learns of it by the answer to its close.
    answers = queue.Queue()

    def take(attributes, _text):
        if attributes['type'] == 'get':
            other.answer(attributes)
        elif attributes['id'] == 'close':
            answers.put(attributes['type'])

    other = Played(server, 'alice@localhost/other', take)
    there = fails()
    jid = there.wait_ready()
    for name, text in (('open', 'block-size="4096"/>'), ('data', 'seq="0">aGVsbG8=</data>'), ('close', '/>')):
        other.say('iq', f'<{name} xmlns="http://jabber.org/protocol/ibb" sid="one" {text}', type='set', id=name, to=jid)
        there.wait_line('^Session from')
    there.expect_failure('Cannot write', 'copy', 'Input/output error')
    check_equal(answers.get(timeout=cases.PATIENCE), 'error', 'the answer')


@case('other hard links of a replaced file keep the old content')
def _(server):
    folder = Folder()
    old = sha256(folder.make('copy', 100))
    os.link(folder / 'copy', folder / 'other')
    source, lines = receive(server, folder / 'copy')
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    check_equal(sha256(folder / 'other'), old, 'SHA-256 of the other link')
    check(any('hard links' in line and 'copy' in line for line in lines), f'a word about it: {lines}')
    check(not any('hard links' in line for line in receive(server, folder / 'copy')[1]), 'no word without links')


@case('a replaced file keeps its owner and permissions where that is allowed')
def _(server):
    if os.geteuid() != 0:
        raise Skip('only root can make a file of somebody else')
    folder = Folder()
    folder.make('copy', 100)
    os.chown(folder / 'copy', NOBODY, NOBODY)
    os.chmod(folder / 'copy', 0o664)
    _, lines = receive(server, folder / 'copy')
    info = os.stat(folder / 'copy')
    check_equal((info.st_uid, info.st_gid, info.st_mode & 0o777), (NOBODY, NOBODY, 0o664), 'owner')
    check(not any('owner' in line for line in lines), f'nothing to tell: {lines}')
    # Somebody else in the same folder can keep neither owner nor group.
    os.chmod(folder.path, 0o777)
    os.chown(folder / 'copy', 0, 0)
    try:
        _, lines = receive(server, folder / 'copy', user=NOBODY, group=NOBODY, extra_groups=())
    except PermissionError:
        raise Skip('only root can run what was built') from None
    info = os.stat(folder / 'copy')
    check_equal((info.st_uid, info.st_gid, info.st_mode & 0o777), (NOBODY, NOBODY, 0o604), 'owner')
    check(any('owner' in line and 'copy' in line for line in lines), f'a word about it: {lines}')


def rewrite(path):
    """Overwrites a file, and puts its date back, until the time of the inode is another one."""
    before = os.stat(path)
    while os.stat(path).st_ctime_ns == before.st_ctime_ns:
        with open(path, 'r+b') as file:
            file.write(b'x')
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


@case('a file that is overwritten while it is sent as a stream is an error, also if its date is put back')
def _(server):
    folder = Folder()
    path = folder.make('original', 4 << 20)
    there = server.account('bob').ibb('receive', '-o', folder / 'copy', '--from', 'any')
    server.when('<data ', lambda *_: rewrite(path), 'alice')
    here = server.account('alice').ibb('send', path, there.wait_ready())
    here.expect_failure('original', 'changed while it was sent')
    there.expect_failure('alice@localhost')
    check_equal(folder.names(), ['original'], 'files')


# Passwords

def log_in(server, content, mode=0o600, code=1):
    """Returns what alice’s command says with that password file."""
    folder = Folder()
    with open(folder / 'password', 'wb') as file:
        file.write(content)
    os.chmod(folder / 'password', mode)
    here = server.account('alice').ibb('cat', 'nobody@localhost', '--password-file',
                                        folder / 'password', env={'IBB_PASSWORD': 'wrong'})
    check_equal(here.finish(), code, 'status')
    return here.lines


@case('a password file that everybody can read causes a warning; it goes before IBB_PASSWORD')
def _(server):
    password = server.passwords['alice'].encode()
    for mode, warned in ((0o600, False), (0o640, False), (0o604, True), (0o644, True)):
        lines = log_in(server, password + b'\nnot this\n', mode)
        check('nobody@localhost' in lines[-1], f'it logged in: {lines}')
        check_equal(any('chmod 600' in line for line in lines), warned, f'a warning at {mode:o}')


@case('the file of accounts, and the password that it names, are read once')
def _(server):
    """The account logs in twice, as it names a resource; a pipe has the password once."""
    folder = Folder()
    alice = server.account('alice')
    os.mkdir(folder / 'ibb-glib')
    os.mkfifo(folder / 'password', 0o600)
    with open(folder / 'ibb-glib/accounts', 'w', encoding='utf-8') as file:
        file.write(f'[home]\njid={alice.bare}/desk\npassword-file={folder / "password"}\n'
                   f'tls=none\nserver={server.host}:{server.port}\n')
    here = alice.ibb('cat', 'nobody@localhost', account=['--account', 'home', '--password-policy', 'readable'],
                     env={'XDG_CONFIG_HOME': folder.path, 'IBB_PASSWORD': ''})
    with open(folder / 'password', 'w', encoding='utf-8') as pipe:
        pipe.write(alice.password + '\n')
    line = here.expect_failure('nobody@localhost')
    check('password' not in line, line)


@case('a password with a NUL, or that is too long, is an error')
def _(server):
    password = server.passwords['alice'].encode()
    for content in (password + b'\0more\n', password + b'x' * 5000, b'x' * 4097 + b'\n'):
        lines = log_in(server, content)
        check_equal(len(lines), 1, 'lines')
        check('is not a valid password' in lines[0] and '4096' in lines[0], lines[0])
    lines = log_in(server, b'x' * 4096 + b'\nmore', code=REFUSED)
    check('password of' in lines[0], f'4096 bytes are tried: {lines}')


if __name__ == '__main__':
    cases.main(FakeServer)
