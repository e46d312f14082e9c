#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command ibb with --encrypt: sessions that are private from the servers."""

import ctypes
import fcntl
import os
import pty
import re
import select
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import termios
import threading
import time

import cases
from cases import case, check, check_equal
from command import IBB, Folder, Program, Terminal, sha256
from fake_xmpp import STREAM_ERROR, FakeServer
from listings import find_listings
from programs import make_accounts, make_program
from tunnel import Target, expect_reset, read_all, tcp_socket

MIB = 1 << 20


class User:
    """An account, and the folder with its key and what it knows of others."""

    def __init__(self, server, name, folder):
        self.account = server.account(name)
        self.data = folder / f'data-{name}'
        self.environment = {'XDG_DATA_HOME': str(self.data), 'LC_ALL': 'C.UTF-8',
                            'IBB_PASSWORD': self.account.password}
        self.key = os.path.join(self.data, 'ibb-glib', 'identity.pem')
        self.known = os.path.join(self.data, 'ibb-glib', 'known-certificates')

    def ibb(self, command, *arguments, **options):
        return self.account.ibb(command, '--encrypt', *arguments, env=self.environment, **options)

    def plain(self, command, *arguments, **options):
        """Without --encrypt."""
        return self.account.ibb(command, *arguments, env=self.environment, **options)

    def key_command(self, *arguments):
        here = Program(IBB, 'key', *arguments, env=self.environment)
        here.expect_done()
        return here

    def fingerprint(self):
        """Of the key, which is made for the purpose."""
        return self.key_command().output.decode().strip()

    def uri(self):
        return self.key_command('--uri', '--jid', self.account.bare).output.decode().strip()

    def trust(self, other):
        os.makedirs(os.path.dirname(self.known), exist_ok=True)
        with open(self.known, 'a', encoding='utf-8') as file:
            file.write(other.fingerprint().replace(':', '').lower() + f' {other.account.bare}\n')


class QRCode(ctypes.Structure):
    """What libqrencode makes."""
    _fields_ = ('version', ctypes.c_int), ('width', ctypes.c_int), ('data', ctypes.POINTER(ctypes.c_ubyte))


def ask(user, command, *arguments):
    """A command that asks its user on a terminal."""
    return Terminal(IBB, command, '--encrypt', *user.account.options(), *arguments, env=user.environment)


def users(server):
    folder = Folder()
    return User(server, 'alice', folder), User(server, 'bob', folder), folder


def known_users(server):
    alice, bob, folder = users(server)
    alice.trust(bob)
    bob.trust(alice)
    return alice, bob, folder


@case('two people compare six digits once; then their programs know each other')
def _(server):
    alice, bob, folder = users(server)
    source = folder.make('original', 300000)
    there = ask(bob, 'receive', '-o', str(folder / 'copy'), '--from', alice.account.bare)
    jid = there.expect(r'ready (\S+)')[1]
    here = ask(alice, 'send', str(source), jid)
    digits = [end.expect(r'six digits:\s+(\d{3} \d{3})\r?\n')[1] for end in (here, there)]
    check_equal(digits[0], digits[1], 'digits')
    for end in (here, there):
        end.expect('(yes/no)')
        end.type('yes')
    check_equal(here.finish(), 0, here.shown)
    check_equal(there.finish(), 0, there.shown)
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    check_equal(stat.S_IMODE(os.stat(alice.key).st_mode), 0o600, 'mode of the key')
    check(alice.fingerprint() in there.shown and bob.fingerprint() in here.shown, 'fingerprints')

    again = bob.ibb('receive', '--json', '-o', folder / 'again', '--from', alice.account.bare)
    jid = again.wait_event('ready')['jid']
    here = alice.ibb('send', '--json', source, jid)
    for end in (here, again):
        end.expect_done()
        check_equal(end.wait_event('done')['bytes'], 300000, 'bytes of the file, without those of TLS')
    check_equal(sha256(folder / 'again'), sha256(source), 'SHA-256')


@case('the progress of a stream has the bytes of the file, without those of TLS')
def _(server):
    alice, bob, folder = known_users(server)
    there = bob.ibb('receive', '--json', '-o', folder / 'copy', '--from', alice.account.bare)
    here = alice.ibb('send', '--json', '-', there.wait_ready(), stdin=subprocess.PIPE)
    here.stdin.write(b'x' * 2000)
    here.stdin.flush()
    for end in (here, there):
        check_equal(end.wait_event('progress', bytes=2000)['bytes'], 2000, f'progress of {end.name}')
    here.stdin.close()
    for end in (here, there):
        end.expect_done()
        check(all(event['bytes'] <= 2000 for event in end.events() if event['event'] == 'progress'), 'progress')


@case('files with their names, and folders: whole, several, and broken off in the middle', is_long=True)
def _(server):
    alice, bob, folder = known_users(server)
    os.mkdir(folder / 'in')
    os.mkdir(folder / 'letters')
    sources = [folder.make('one', 300000), folder.make('two', 0)]
    os.link(sources[0], folder / 'letters/three')
    there = bob.ibb('receive', '--directory', folder / 'in', '--count', '3', '--from', alice.account.bare)
    here = alice.ibb('send', *sources, folder / 'letters', there.wait_ready())
    here.expect_done()
    there.expect_done()
    check_equal(sum('Delivered' in line for line in here.lines), 3, 'files that were delivered')
    check_equal(sha256(folder / 'in/letters/three'), sha256(sources[0]), 'SHA-256')
    for source in sources:
        check_equal(sha256(os.path.join(folder / 'in', os.path.basename(source))), sha256(source), 'SHA-256')

    source = folder.make('long', 8 * MIB)
    there = bob.ibb('receive', '--json', '--directory', folder / 'in', '--from', alice.account.bare)
    jid = there.wait_event('ready')['jid']

    def kill(*_):
        """Nothing is passed on meanwhile."""
        there.wait_event('progress', bytes=1)
        os.kill(here.pid, signal.SIGKILL)

    with server.lock:
        here = alice.ibb('send', source, jid)
        server.when('<data ', kill, 'alice', 40)
    check_equal(here.finish(), -signal.SIGKILL, 'status')
    alice.ibb('send', source, jid).expect_done()
    there.wait_event('done')
    there.stop()
    check_equal(sha256(folder / 'in/long'), sha256(source), 'SHA-256')
    check_equal(sorted(os.listdir(folder / 'in')), ['letters', 'long', 'one', 'two'], 'the part became the file')


@case('files in the clear are refused, and encrypted ones by a receiver without a key', is_long=True)
def _(server):
    alice, bob, folder = known_users(server)
    os.mkdir(folder / 'in')
    source = folder.make('one', 1000)
    there = bob.ibb('receive', '--directory', folder / 'in', '--count', '1', '--from', alice.account.bare)
    jid = there.wait_ready()
    os.mkdir(folder / 'letters')
    alice.account.ibb('send', source, jid).expect_failure('takes only encrypted files', told=('Offering',))
    alice.account.ibb('send', folder / 'letters', jid).expect_failure('takes only encrypted files', told=('Offering',))
    alice.ibb('send', source, jid).expect_done()
    there.expect_done()
    there = bob.account.ibb('receive', '--directory', folder / 'in', '--count', '1', '--from', alice.account.bare)
    jid = there.wait_ready()
    alice.ibb('send', source, jid).expect_failure('takes no encrypted session: --encrypt has to be given there, too')
    alice.ibb('send', source, source, jid).expect_failure('does not receive encrypted files (/ibb)')
    alice.ibb('send', folder / 'letters', jid).expect_failure('does not receive encrypted files (/ibb)')
    alice.account.ibb('send', source, jid).expect_done()
    there.expect_done()


@case('each error of --encrypt says what to do, and each private transfer that it is private', is_long=True)
def _(server):
    alice, bob, folder = known_users(server)
    os.mkdir(folder / 'in')
    os.mkdir(folder / 'letters')
    source = folder.make('one', 10)
    for arguments in (['send', source], ['send', source, source], ['send', folder / 'letters'], ['cat']):
        line = alice.ibb(*arguments, 'bob@localhost').expect_failure('check its address, and that it is online')
        check('tar c' not in line, line)

    there = bob.plain('receive', '--directory', folder / 'in', '--from', 'any')
    jid = there.wait_ready()
    alice.ibb('cat', jid).expect_failure('--encrypt has to be given there, too')
    alice.ibb('send', source, source, jid).expect_failure('“ibb receive --encrypt --directory” takes them')
    there.stop()
    there = bob.ibb('receive', '--directory', folder / 'in', '--count', '1', '--from', 'any')
    jid = there.wait_ready()
    alice.ibb('cat', jid).expect_failure('takes encrypted files, and no stream', 'ibb listen --encrypt')
    alice.ibb('send', '--peer-fingerprint', '00' * 32, source, jid).expect_failure(
        'Somebody may be in between', '“ibb key” prints there', told=['^Offering'])
    there.wait_line('ibb: .*does not trust the key of this end: give the other end --peer-fingerprint')
    here = alice.ibb('send', source, jid)
    here.expect_done()
    check(any(line.startswith('Offering “one” ') and line.endswith(f'to {jid} in private') for line in here.lines), here.lines)
    there.wait_line('^Receiving “one” .* in private$')
    check_equal(there.finish(), 0, there.lines)

    there = bob.ibb('listen', '--from', 'any')
    here = alice.ibb('cat', there.wait_ready())
    for end in here, there:
        end.expect_done()
        end.wait_line('^The session with “.*” is private$')
    os.unlink(alice.known)
    there = bob.ibb('listen', '--from', 'any')
    alice.ibb('cat', there.wait_ready()).expect_failure('name it with --peer-fingerprint; otherwise somebody may be in between')
    there.expect_failure('does not trust')


@case('one end has lost its list: only that one asks, and both show the digits')
def _(server):
    alice, bob, folder = users(server)
    bob.trust(alice)
    source = folder.make('original', 1000)
    there = bob.ibb('receive', '-o', folder / 'copy', '--from', alice.account.bare)
    here = ask(alice, 'send', str(source), there.wait_ready())
    digits = here.expect(r'six digits:\s+(\d{3} \d{3})\r?\n')[1]
    there.wait_line(f'“{alice.account.bare}” does not know the key .*six digits:$')
    there.wait_line(f'^ +{digits}$')
    here.expect('(yes/no)')
    here.type('yes')
    check_equal(here.finish(), 0, here.shown)
    there.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')


@case('a question stays whole: what other sessions bring, and a notice, come after the answer', is_long=True)
def _(server):
    alice, bob, folder = users(server)
    bob.trust(alice)
    carol = User(server, 'carol', folder)
    os.mkdir(folder / 'in')
    there = ask(bob, 'receive', '--directory', str(folder / 'in'), '--from', 'any')
    jid = there.expect(r'ready (\S+)')[1]
    other = ask(carol, 'send', str(folder.make('two', 10)), jid)
    for end in there, other:
        end.expect(r'\(yes/no\) ')
    alice.plain('send', '--encrypt', '--peer-fingerprint', bob.fingerprint(), folder.make('one', 10), jid).expect_done()
    there.type('no')
    there.expect('Received “one”')
    check(re.search(r'\(yes/no\) no\r\nReceiving “one”', there.shown), there.shown)
    there.stop()
    check_equal(there.finish(), 0, there.shown)
    other.type('no')
    other.finish()

    # A signal ends the question, and the line.
    there = ask(bob, 'receive', '--directory', str(folder / 'in'), '--from', 'any')
    other = ask(carol, 'send', str(folder / 'two'), there.expect(r'ready (\S+)')[1])
    other.expect(r'\(yes/no\) ')
    other.write(b'\x03')
    check_equal(other.finish(), -signal.SIGINT, other.shown)
    check(re.search(r'\(yes/no\) (\^C)?\r\n(.|\r)*ibb: Interrupted', other.shown), other.shown)
    there.stop()
    there.finish()


@case('an answer other than yes ends the session at both ends')
def _(server):
    alice, bob, folder = users(server)
    there = ask(bob, 'receive', '-o', str(folder / 'copy'), '--from', alice.account.bare)
    here = ask(alice, 'send', str(folder.make('original', 10)), there.expect(r'ready (\S+)')[1])
    for end in (here, there):
        end.expect('yes/no')
    here.type('no')
    check_equal(here.finish(), 1, here.shown)
    check_equal(there.finish(), 1, there.shown)
    check('is not trusted' in here.shown, here.shown)
    check('does not trust' in there.shown, there.shown)
    check(not os.path.exists(folder / 'copy'), 'no file')


@case('without a terminal the fingerprint names the key; an empty stream is confirmed as well')
def _(server):
    alice, bob, folder = users(server)
    bob.trust(alice)
    there = bob.ibb('receive', '-o', folder / 'copy', '--from', alice.account.bare)
    alice.ibb('send', '--peer-fingerprint', bob.fingerprint(), folder.make('original', 0), there.wait_ready()).expect_done()
    there.expect_done()
    alice.trust(bob)
    there = bob.ibb('receive', '-o', folder / 'other', '--from', alice.account.bare)
    alice.ibb('send', '--peer-fingerprint', '00' * 32, folder / 'original', there.wait_ready()).expect_failure(
        'is not trusted', 'another one than --peer-fingerprint names')
    there.expect_failure('does not trust')


@case('a URI names the peer and its key, for who opens a session and for who waits; nobody is asked', is_long=True)
def _(server):
    alice, bob, folder = users(server)
    there = bob.plain('receive', '-o', folder / 'copy', '--from', alice.uri())
    check_equal(there.wait_ready(), f'{bob.account.bare}/ibb', 'the usual resource')
    here = alice.plain('send', folder.make('original', 10), bob.uri())
    for end in (here, there):
        end.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(folder / 'original'), 'SHA-256')
    check(not os.path.exists(alice.known) and not os.path.exists(bob.known), 'nothing is remembered')

    # The key of another account, also of one that is known; a resource in the URI counts.
    alice.trust(bob)
    carol = User(server, 'carol', folder)
    foreign = carol.uri().replace('carol@', 'bob@').replace('?', '/desk?')
    there = bob.plain('listen', '--encrypt', '--from', alice.uri(), account=bob.account.options(resource='desk'))
    there.wait_ready()
    alice.plain('cat', foreign).expect_failure('is not trusted', 'another one than the URI names')
    there.expect_failure('does not trust', 'give the other end the URI that “ibb key --uri” prints here')


@case('expose: each --from has its own key, and not that of another, at each service', is_long=True)
def _(server):
    alice, bob, folder = users(server)
    carol = User(server, 'carol', folder)
    target = Target()
    other = Target()
    there = bob.plain('expose', '--json', '--service', f'web={cases.LOOPBACK}:{target.port}', '--service',
                      f'ssh={cases.LOOPBACK}:{other.port}', '--from', alice.uri().replace('alice@', 'carol@'), '--from', alice.uri())
    uris = [bob.uri().replace('?', f'/{name}?') for name in ('web', 'ssh')]
    for uri, service in zip(uris, (target, other)):
        there.wait_line(f'^ready {uri[5:].split("?")[0]}$')
    for uri, service in zip(uris, (target, other)):
        here = alice.plain('cat', uri)
        service.accept().close()
        here.expect_done()
        carol.plain('cat', uri).expect_failure('does not trust', 'give the other end the URI that “ibb key --uri” prints here')
        alice.plain('cat', uri.replace(uri[-64:], '0' * 64)).expect_failure('is not trusted', 'another one than the URI names')
    there.stop()
    refused = [event['message'] for event in there.events() if event['event'] == 'error']
    check_equal(sum('another one than the URI names' in message for message in refused), 2, f'{refused}')
    check(not any('digits' in line for line in there.lines), f'{there.lines}')


@case('key: the URI, its picture, and what is known of others', is_long=True)
def _(server):
    alice, bob, folder = users(server)
    uri = alice.uri()
    check_equal(uri, f"xmpp:{alice.account.bare}?ibb-key;sha256={alice.fingerprint().replace(':', '').lower()}", 'URI')
    check_equal(bob.key_command('--list').output, b'', 'nothing is known')
    bob.trust(alice)
    check_equal(bob.key_command('--list').output.decode(), f'{alice.fingerprint()} {alice.account.bare}\n', 'known')
    bob.key_command('--forget', 'ALICE@localhost')
    check_equal(bob.key_command('--list').output, b'', 'nothing is known')
    Program(IBB, 'key', '--forget', alice.account.bare, env=bob.environment).expect_failure('No key of “alice@localhost”')
    # Of an account only the address is needed.
    os.makedirs(folder / 'ibb-glib')
    with open(folder / 'ibb-glib/accounts', 'w', encoding='utf-8') as file:
        file.write(f'[home]\njid={alice.account.bare}\npassword-file=none\ncertificate=none\n')
    here = Program(IBB, 'key', '--uri', '--account', 'home', env={**alice.environment, 'XDG_CONFIG_HOME': folder.path})
    here.expect_done()
    check_equal(here.output.decode().strip(), uri, 'URI')

    try:
        library = ctypes.CDLL('libqrencode.so.4')
    except OSError as error:
        raise cases.Skip('libqrencode is not installed') from error
    drawn = Program(IBB, 'key', '--qr', '--jid', alice.account.bare, env=alice.environment)
    if drawn.finish() and 'libqrencode' in drawn.lines[-1]:
        raise cases.Skip('built without libqrencode')
    library.QRcode_encodeString8bit.restype = ctypes.POINTER(QRCode)
    code = library.QRcode_encodeString8bit(uri.encode(), 0, 0).contents
    width = code.width
    dark = {(n % width, n // width) for n in range(width * width) if code.data[n] & 1}
    lines = drawn.output.decode().splitlines()
    found = {(x - 4, 2 * y + half - 4) for y, line in enumerate(lines) for x, char in enumerate(line)
             for half in (0, 1) if char not in '█' + '▀▄'[half]}
    check_equal(found, dark, 'dark modules')
    check_equal({len(line) for line in lines}, {width + 8}, 'columns')
    check_equal(len(lines), (width + 9) // 2, 'lines')

    for columns, status in ((width + 8, 0), (width + 7, 1)):
        pid, terminal = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack('HHHH', 50, columns, 0, 0))
            os.execve(IBB, (IBB, 'key', '--qr', '--jid', alice.account.bare), {**os.environ, **alice.environment})
        shown = Terminal.of(pid, terminal)
        check_equal(shown.finish(), status, shown.shown)
        wanted = '\033[97;40m' if status == 0 else f'needs {width + 8} columns, and the terminal has {columns}'
        check(wanted in shown.shown.replace('\r\n', ' '), shown.shown)
    Program(IBB, 'key', '--qr', '--jid', 'a@b/' + '%' * 1000, env=alice.environment).expect_failure('too long')
    Program(IBB, 'key', '--qr', '--jid', 'a@b', env={**alice.environment, 'LC_ALL': 'C'}).expect_failure('UTF-8')


@case('in the background of a shell there is no terminal to ask on, and nothing stops the command')
def _(server):
    alice, bob, folder = users(server)
    alice.trust(bob)
    there = Terminal('/bin/bash', '-c', 'set -m; "$@" & wait', 'bash', IBB, 'receive', '--encrypt',
                     *bob.account.options(), '-o', str(folder / 'copy'), '--from', alice.account.bare,
                     env=bob.environment)
    here = alice.ibb('send', folder.make('original', 10), there.expect(r'ready (\S+)')[1])
    there.expect('is not trusted .*“ibb key” prints')
    here.expect_failure('does not trust')
    check('(yes/no)' not in there.shown, there.shown)
    there.finish()


@case('a yes about the key of one contact says nothing about that key in the name of another', is_long=True)
def _(server):
    alice, bob, folder = users(server)
    carol = User(server, 'carol', folder)
    alice.trust(bob)
    alice.fingerprint()
    shutil.copytree(alice.data, carol.data)
    with cases.listen() as service:
        there = ask(bob, 'expose', '--to', f'{cases.LOOPBACK}:{service.getsockname()[1]}', '--from', alice.account.bare,
                    '--from', carol.account.bare)
        jid = there.expect(r'ready (\S+)')[1]
        here = alice.ibb('cat', jid)
        there.expect(rf'The key of {alice.account.bare} is not known[^?]*\? \(yes/no\)')
        other = carol.ibb('cat', jid)
        there.type('yes')
        there.expect(rf'The key of {carol.account.bare} is not known[^?]*\? \(yes/no\)')
        there.type('no')
        other.expect_failure('does not trust', perhaps=['six digits', r'^ +\d{3} \d{3}$'])
        connection, _ = service.accept()
        connection.close()
        here.finish()
        there.stop()
        check_equal(there.finish(), 0, there.shown)
    with open(bob.known, encoding='utf-8') as file:
        check_equal([line.split()[1] for line in file], [alice.account.bare], 'known')


@case('cat and listen: each way until its own end, and both at the same time', is_long=True)
def _(server):
    alice, bob, folder = known_users(server)
    for first, second in ((b'', b''), (os.urandom(MIB), os.urandom(MIB)), (os.urandom(MIB), b'')):
        for name, data in (('first', first), ('second', second)):
            with open(folder / name, 'wb') as file:
                file.write(data)
        with open(folder / 'second', 'rb') as file:
            there = bob.ibb('listen', '--from', alice.account.bare, stdin=file)
        jid = there.wait_ready()
        with open(folder / 'first', 'rb') as file:
            here = alice.ibb('cat', jid, stdin=file)
        here.expect_done()
        there.expect_done()
        check(there.output == first and here.output == second, 'the bytes')


@case('forward and expose ask on their terminals, once, and without one say what to do', is_long=True)
def _(server):
    cases.need_ipv4()
    alice, bob, _ = users(server)
    with cases.listen() as service:
        arguments = '--to', f'{cases.LOOPBACK}:{service.getsockname()[1]}', '--from', alice.account.bare
        there = ask(bob, 'expose', *arguments)
        peer = there.expect(r'ready (\S+)')[1]
        here = ask(alice, 'forward', '--listen', cases.FREE_PORT, peer)
        address = cases.LOOPBACK, int(here.expect(r'ready 127\.0\.0\.1:(\d+)\r?\n')[1])
        with socket.create_connection(address) as connection, socket.create_connection(address) as second:
            digits = [end.expect(r'six digits:\s+(\d{3} \d{3})\r?\n')[1] for end in (here, there)]
            check_equal(digits[0], digits[1], 'digits')
            for end in (here, there):
                end.type('yes')
            connection.sendall(b'x')
            second.sendall(b'x')
            for _ in range(2):
                check_equal(service.accept()[0].recv(1), b'x', 'the byte')
            for end in (here, there):
                check_equal(end.shown.count('(yes/no)'), 1, f'questions: {end.shown}')
        for end in (here, there):
            end.stop()
            check_equal(end.finish(), 0, end.shown)

        os.unlink(bob.known)
        there = bob.ibb('expose', *arguments)
        peer = there.wait_ready()
        here = alice.ibb('forward', '--listen', cases.FREE_PORT, peer)
        socket.create_connection((cases.LOOPBACK, int(here.wait_ready().rsplit(':', 1)[1]))).close()
        there.wait_line('is not trusted .*“ibb key” prints .*--peer-fingerprint')
        here.wait_line('does not trust .*--peer-fingerprint .*“ibb key”')
        for program in (here, there):
            program.stop()


@case('a peer whose key is refused again and again causes few lines', is_long=True)
def _(server):
    alice, bob, _ = users(server)
    count = 30
    service = cases.listen(backlog=count)
    cases.defer(service.close)
    there = bob.ibb('expose', '--json', '--to', f'{cases.LOOPBACK}:{service.getsockname()[1]}', '--from', alice.account.bare,
                    '--peer-fingerprint', '00' * 32)
    here = alice.ibb('forward', '--json', '--listen', cases.FREE_PORT, '--peer-fingerprint', bob.fingerprint(), there.wait_ready())
    here.wait_ready()
    begin = time.monotonic()
    for _ in range(count):
        with socket.create_connection((cases.LOOPBACK, here.wait_event('ready')['port'])) as connection:
            expect_reset(connection)
    there.wait_for(lambda: sum(event['event'] == 'error' for event in there.events()) == count, 'all refusals')
    there.stop()
    own = [line for line in there.lines if 'is not trusted' in line]
    more = [int(match[1]) for line in there.lines if (match := re.match(r'Refused (\d+) more session', line))]
    check_equal(len(own) + sum(more), count, f'all are counted: {there.lines}')
    # Five in ten seconds, and a count of the others.
    intervals = int(time.monotonic() - begin) // 10 + 1
    check(len(own) + len(more) <= 6 * intervals, f'lines: {there.lines}')
    check(not select.select([service], [], [], 0)[0], 'nobody with such a key reaches the service')


@case('a peer whose key is trusted learns that the service cannot be reached, and nothing is left of the session')
def _(server):
    alice, bob, folder = known_users(server)
    there = bob.ibb('expose', '--json', '--to', f'unix:{folder / "socket"}', '--from', alice.account.bare)
    jid = there.wait_ready()
    alice.ibb('cat', jid).expect_failure('The service behind this address cannot be reached')
    there.wait_line('Cannot connect to .*socket” for “alice@')
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(folder / 'socket'))
        service.listen()
        here = alice.ibb('cat', jid)
        service.accept()[0].close()
        here.expect_done()
    there.stop()


@case('sessions in which the peer says nothing have no threads, and keep out no other account',
      is_long=True)
def _(server):
    alice, bob, folder = users(server)
    carol = User(server, 'carol', folder)
    bob.trust(carol)
    carol.trust(bob)
    target = Target()
    there = bob.ibb('expose', '--to', f'{cases.LOOPBACK}:{target.port}', '--from', alice.account.bare, '--from',
                    carol.account.bare)
    jid = there.wait_ready()
    silent = alice.plain('forward', '--json', '--listen', cases.FREE_PORT, jid)
    silent.wait_ready()
    port = silent.wait_event('ready')['port']
    for _ in range(40):
        tcp_socket(socket.create_connection((cases.LOOPBACK, port)))
    silent.wait_for(lambda: sum(event['event'] == 'opened' for event in silent.events()) == 40, 'all sessions')
    here = carol.ibb('cat', jid)
    target.accept().close()
    here.expect_done()
    check(len(os.listdir(f'/proc/{there.pid}/task')) < 20, 'not a thread for each')
    for program in (silent, there):
        program.stop()


@case('forward and expose: a question, its end, and the answer')
def _(server):
    alice, bob, _ = known_users(server)
    target = Target()
    there = bob.ibb('expose', '--to', f'{cases.LOOPBACK}:{target.port}', '--from', alice.account.bare)
    here = alice.ibb('forward', '--listen', cases.FREE_PORT, there.wait_ready())
    port = int(here.wait_ready().rsplit(':', 1)[1])
    for question in (os.urandom(200000), b''):
        with socket.create_connection((cases.LOOPBACK, port)) as connection:
            connection.sendall(question)
            connection.shutdown(socket.SHUT_WR)
            answered = target.accept()
            check_equal(read_all(answered), question, 'the question')
            answered.sendall(question[::-1])
            answered.close()
            check_equal(read_all(connection), question[::-1], 'the answer')
    for program in (here, there):
        program.wait_for(lambda end=program: sum(line.startswith('Session with “') for line in end.lines) == 2, 'good ends')
        moved = ' '.join(line for line in program.lines if line.startswith('Session with “')).replace('\xa0', ' ')
        check('195.3 KiB sent, 195.3 KiB received' in moved and '0 bytes sent, 0 bytes received' in moved, moved)
        program.stop()
        check_equal(program.errors(), [], f'errors of {program.name}')


class Swallow:
    """While it is entered, the server keeps elements of a user for itself, and says that they have arrived."""

    def __init__(self, server, user, elements='data|close'):
        self._is_entered = False
        server.when(f'<({elements}) ', self._swallow, user.account.bare.split('@')[0], 0)

    def _swallow(self, client, attributes):
        if self._is_entered:
            client.send(f"<iq type='result' id='{attributes['id']}' from='{attributes['to']}' to='{client.jid}'/>")
        return self._is_entered

    def __enter__(self):
        self._is_entered = True

    def __exit__(self, *_):
        self._is_entered = False


@case('cat or send, and listen: a server that swallows bytes after the end of the other direction is noticed')
def _(server):
    alice, bob, _ = known_users(server)
    for command in (('cat',), ('send', '-')):
        there = bob.ibb('listen', '--from', alice.account.bare, stdin=subprocess.PIPE)
        here = alice.ibb(*command, there.wait_ready(), stdin=subprocess.PIPE)
        here.stdin.write(b'first')
        here.stdin.flush()
        there.wait_for(lambda end=there: end.output == b'first', 'the first bytes')
        ended = threading.Event()
        server.when('<data ', lambda _client, block, seen=ended: server.when(  # alice has that block
            f" id='{block['id']}'", lambda *_: seen.set(), alice.account.bare.split('@')[0]), bob.account.bare.split('@')[0])
        there.stdin.close()
        check(ended.wait(cases.PATIENCE), 'the end of the other direction')
        with Swallow(server, alice):
            here.stdin.write(b'swallowed')
            here.stdin.close()
            here.expect_failure(f'“{bob.account.bare}', 'did not confirm')
        there.stop(-signal.SIGTERM)
        check_equal(there.output, b'first', 'what has arrived')


@case('send and listen: a server that swallows the end of TLS and closes the session is noticed')
def _(server):
    alice, bob, _ = known_users(server)
    there = bob.ibb('listen', '--from', alice.account.bare)
    here = alice.ibb('send', '-', there.wait_ready(), stdin=subprocess.PIPE)
    here.stdin.write(b'first')
    here.stdin.flush()
    there.wait_for(lambda: there.output == b'first', 'the first bytes')
    with Swallow(server, alice, 'data'):
        here.stdin.close()
        there.expect_failure(f'“{alice.account.bare}', 'is broken')
    here.expect_failure(f'“{bob.account.bare}')


@case('receive: a session that ends while the whole file comes to the disk takes nothing from it')
def _(server):
    alice, bob, folder = known_users(server)
    os.mkfifo(folder / 'pipe')
    there = bob.account.ibb('receive', '--encrypt', '-o', folder / 'copy', '--from', alice.account.bare, '--resume-timeout', '0',
                            env={**bob.environment, 'LD_PRELOAD': os.environ['IBB_TEST_FAILING_CALLS'],
                                 'IBB_TEST_SYNC_PIPE': folder / 'pipe'})
    here = alice.ibb('send', '-', there.wait_ready(), stdin=subprocess.PIPE)
    here.stdin.write(b'all')
    here.stdin.close()
    with open(folder / 'pipe', 'wb'):
        ended = threading.Event()
        server.when('</stream:stream>', lambda *_: ended.set(), 'bob')
        server.client_of('bob').send(STREAM_ERROR.format('reset'))
        check(ended.wait(cases.PATIENCE), 'the answer')
        there.wait_idle()
    there.expect_done()
    with open(folder / 'copy', 'rb') as file:
        check_equal(file.read(), b'all', 'the file')


@case('forward and expose: a server that swallows bytes after the end of the other direction is noticed')
def _(server):
    alice, bob, _ = known_users(server)
    with cases.listen() as service:
        there = bob.ibb('expose', '--to', f'{cases.LOOPBACK}:{service.getsockname()[1]}', '--from', alice.account.bare)
        peer = there.wait_ready()
        here = alice.ibb('forward', '--listen', cases.FREE_PORT, peer)
        port = here.wait_ready().rsplit(':', 1)[1]
        with socket.create_connection((cases.LOOPBACK, int(port))) as connection, service.accept()[0] as answered:
            answered.shutdown(socket.SHUT_WR)
            check_equal(connection.recv(1), b'', 'the end of the other direction')
            with Swallow(server, alice):
                connection.sendall(b'swallowed')
                connection.shutdown(socket.SHUT_WR)
                here.wait_line(f'^ibb: “{peer}” did not confirm')
            there.stop()
            expect_reset(answered)
        here.stop()


# An application beside a command, which confirms as the page says or does something else.
ENDS = """
#include <ibb-glib/ibb-glib.h>
#include <ibb-glib/xmpp/ibb-xmpp.h>
#include <stdio.h>
#include <string.h>

#define OUTPUT(stream) g_io_stream_get_output_stream (G_IO_STREAM (stream))
#define INPUT(stream) g_io_stream_get_input_stream (G_IO_STREAM (stream))
""" + find_listings('privacy.md', 'c', 'The end')[0] + """
static gboolean
trust_cb (IBBXmppIdentity *identity, IBBXmppTrustQuestion *question, gpointer user_data)
{
  ibb_xmpp_trust_question_accept (question, IBB_XMPP_ANSWER_FLAGS_NONE);
  return TRUE;
}

static gboolean
end (IBBTransport *transport, GTlsConnection *tls, const char *deed, GError **error)
{
  guint8 receipt[RECEIPT_LENGTH + 1];
  gsize n = g_str_equal (deed, "missing") ? 0 : g_str_equal (deed, "short") ? RECEIPT_LENGTH - 1
            : g_str_equal (deed, "long") ? RECEIPT_LENGTH + 1 : RECEIPT_LENGTH;

  if (g_str_equal (deed, "right"))
    return confirm (transport, tls, TRUE, TRUE, error) && g_io_stream_close (G_IO_STREAM (transport), NULL, error);
  if (g_str_equal (deed, "idle")) /* and the peer, which has read nothing, says nothing */
    return confirm (transport, tls, TRUE, FALSE, error)
           && g_input_stream_read_all (INPUT (transport), receipt, sizeof receipt, &n, NULL, error)
           && n == 0 && g_io_stream_close (G_IO_STREAM (transport), NULL, error);
  if (g_str_equal (deed, "silent"))
    return getchar () == EOF;
  if (g_str_equal (deed, "closed"))
    return g_io_stream_close (G_IO_STREAM (transport), NULL, error);
  make_receipt (tls, FALSE, receipt, NULL);
  if (g_str_equal (deed, "wrong"))
    receipt[0] ^= 1;
  if (g_str_equal (deed, "reflected"))
    g_input_stream_read_all (INPUT (transport), receipt, RECEIPT_LENGTH, NULL, NULL, NULL);
  g_output_stream_write_all (OUTPUT (transport), receipt, n, NULL, NULL, NULL);
  ibb_transport_shutdown_output (transport, NULL, NULL);
  while (g_input_stream_read (INPUT (transport), receipt, sizeof receipt, NULL, NULL) > 0)
    ;
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (IBBXmppClient) client = ibb_xmpp_client_new_from_account ("alice", NULL, &error);
  g_autoptr (IBBService) service = ibb_service_new (IBB_CONNECTION (client));
  g_autoptr (IBBXmppIdentity) identity = ibb_xmpp_identity_load_or_create (NULL, &error);
  g_autoptr (IBBTransport) transport = NULL;
  g_autoptr (GIOStream) stream = NULL;
  char bytes[2];
  gsize n;

  g_signal_connect (identity, "trust-requested", G_CALLBACK (trust_cb), NULL);
  if (!ibb_xmpp_client_login (client, NULL, &error)
      || (transport = ibb_service_open_session (service, argv[1], NULL, NULL, &error)) == NULL
      || (stream = ibb_xmpp_identity_encrypt (identity, transport, NULL, &error)) == NULL
      || !g_output_stream_write_all (OUTPUT (stream), "x", !g_str_equal (argv[2], "idle"), NULL, NULL, &error)
      || !g_output_stream_close (OUTPUT (stream), NULL, &error)
      || !g_input_stream_read_all (INPUT (stream), bytes, 2, &n, NULL, &error) || n > 1
      || !end (transport, G_TLS_CONNECTION (stream), argv[2], &error)
      || !ibb_xmpp_client_logout (client, NULL, &error))
    {
      g_printerr ("%s", error != NULL ? error->message : "several bytes");
      return 1;
    }
  return 0;
}
"""


@case('only the right receipt ends a session in good order: not a wrong, a reflected, a short, a long or no one', is_long=True)
def _(server):
    alice, bob, folder = users(server)
    bob.trust(alice)
    command = make_program(folder, 'ends', 'c', ENDS)
    environment = {**make_accounts(folder, {'alice': (alice.account, '')}), **alice.environment}
    byte = folder / 'byte'
    with open(byte, 'w', encoding='ascii') as file:
        file.write('y')

    def listen():
        with open(byte, 'rb') as file:
            return bob.ibb('listen', '--from', alice.account.bare, stdin=file)

    for deed in ('right', 'idle', 'wrong', 'reflected', 'short', 'long', 'missing', 'closed'):
        there = listen()
        here = Program(*command, there.wait_ready(), deed, env=environment)
        if deed in ('right', 'idle'):
            there.expect_done()
        else:
            there.expect_failure(f'“{alice.account.bare}', 'did not confirm')
        check_equal((here.finish(), here.lines), (0, []), f'{deed}: the application')

    there = listen()
    here = Program(*command, there.wait_ready(), 'silent', env=environment, stdin=subprocess.PIPE)
    there.wait_line(f'^Not done yet: waiting for “{alice.account.bare}.* to confirm')
    there.stop(-signal.SIGTERM)
    here.stdin.close()
    check_equal(here.finish(), 0, 'the silent application')

    # An end that has written nothing waits for nothing.
    there = bob.ibb('receive', '--from', alice.account.bare, '--output', folder / 'copy')
    here = Program(*command, there.wait_ready(), 'silent', env=environment, stdin=subprocess.PIPE)
    there.expect_done()
    here.stdin.close()
    check_equal(here.finish(), 0, 'the silent sender')


BREAKS = """
import sys

import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import GLib, IBB, IBBXmpp

with IBBXmpp.Client.new_from_account('alice') as client:
    service = IBB.Service.new(client)
    identity = IBBXmpp.Identity.load_or_create(None)
    identity.connect('trust-requested', lambda _, question: question.accept(IBBXmpp.AnswerFlags.NONE) or True)
    transport = service.open_session(sys.argv[1])
    stream = identity.encrypt(transport)
    transport.get_output_stream().write_all(b'no record of TLS' * 10)
    try:
        stream.get_input_stream().read_bytes(1)
    except GLib.Error:
        pass
"""


@case('an error of TLS names the peer', is_long=True)
def _(server):
    alice, bob, folder = users(server)
    bob.trust(alice)
    there = bob.ibb('receive', '-o', folder / 'copy', '--from', alice.account.bare)
    here = Program(*make_program(folder, 'breaks', 'python', BREAKS), there.wait_ready(),
                   env={**make_accounts(folder, {'alice': (alice.account, '')}), **alice.environment})
    there.expect_failure(f'The encrypted session with “{alice.account.bare}', 'is broken')
    check_equal(here.finish(), 0, 'the end that breaks')


if __name__ == '__main__':
    cases.main(FakeServer)
