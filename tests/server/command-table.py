#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How each command of ibb ends: what doc/ibb-endings.7 says is done and compared, row by row.

A row names commands, and what happens. For each of the commands the function of WAYS with that name makes it happen,
to two commands beside a server of this program's own, at a moment that a stanza names. The row has the exit status,
the code of --json and the last line of the command; then those of the other end; then what is on the disk.
"""

import base64
import contextlib
import operator
import os
import re
import resource
import signal
import socket
import struct
import subprocess
import threading

import cases
from cases import check, check_equal
from command import DOCTOR_STEPS, IBB, ROOT, Folder, Program, sha256
from fake_xmpp import FakeServer

PARTNERS = {'send': 'receive --directory', 'send -': 'receive --output', 'cat': 'listen', 'forward': 'expose'}
OPENERS = tuple(PARTNERS)
PARTNERS.update({there: here for here, there in PARTNERS.items()})
WITH_JSON = 'send', 'receive', 'forward', 'expose', 'doctor'
SIZE = 1 << 20
PEER = 'bob@localhost/ibb'
# What a stanza of the opener has at a moment.
OPEN, DATA, CLOSE = '<open |session-initiate', '<data ', '<close '


def frame(header):
    """A block in which a frame of a bundle begins, at any byte. header: in hexadecimal."""
    return '|'.join(re.escape(base64.b64encode(bytes(n) + bytes.fromhex(header)).decode()[start:start + 10])
                    for n, start in enumerate((0, 2, 3)))


# Of file 1: 8184 of its bytes, its end, and the receiver's word that it has the file.
FRAME, END, DELIVERED = map(frame, ('03001ff800000001', '0400002000000001', '0500002000000001'))
# A session and a file that come when the command has closed its stream to the server.
LATE = ("<iq type='set' id='late' from='carol@localhost/late' to='{0}'>"
        "<open xmlns='http://jabber.org/protocol/ibb' sid='late' block-size='4096'/></iq>"
        "<iq type='set' id='later' from='carol@localhost/late' to='{0}'>"
        "<jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' sid='late' initiator='carol@localhost/late'>"
        "<content creator='initiator' name='file'><description xmlns='urn:xmpp:jingle:apps:file-transfer:5'>"
        "<file><name>late</name><size>1</size></file></description>"
        "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' block-size='4096' sid='later'/></content></jingle></iq>")
WAYS = {}
OF_GIO = ('broken-pipe', 'cancelled', 'connection-refused', 'invalid-argument', 'no-space', 'not-supported',
          'partial-input', 'permission-denied', 'timed-out', 'wrong-etag')
# What each event has, as EVENTS of the page says.
MEMBERS = {'ready': 'jid', 'suspended': 'jid', 'resumed': 'jid', 'disconnected': 'jid message domain code', 'reconnected': 'jid',
           'opened': 'peer local sid block-size stanza-type', 'interrupted': 'peer sid', 'continued': 'peer sid',
           'waiting': '', 'offered': 'peer name size way', 'progress': 'bytes rate', 'done': 'seconds',
           'retrying': 'peer name message domain code',
           'throttled': 'peer rate', 'slow': 'peer rate seconds advice', 'check': 'step verdict message', 'error': 'message domain code'}
# What a word of the page stands for.
WORDS = {'COMMAND': r'\w+', 'PEER': r'(?:alice|bob)@localhost/\w+', 'ACCOUNT': r'(?:alice|bob)@localhost(?:/ibb)?', 'FILE': 'original',
         'PORT': r'\d+', 'SID': '[0-9a-f-]+', '…': '.*'}


def way(text):
    def register(function):
        WAYS[text] = function
        return function
    return register


def get_user(command):
    return 'alice' if command in OPENERS or command == 'doctor' else 'bob'


class Run:
    """Two commands, here and there (nullable), and their server."""

    def __init__(self, command):
        self.command = command
        self.server = FakeServer()
        self.folder = Folder()
        self.source = self.folder.make('original', SIZE)
        self.here = self.there = self.client = self.service = None
        self.data = {name: self.folder / name for name in ('alice', 'bob')}
        self.clocks = {}
        self.number = 0  # of the last signal
        self.pings = []
        self.reached = threading.Event()
        os.mkdir(self.folder / 'in')
        self.old = sha256(self.folder.make('copy', 100))

    @property
    def here_user(self):
        return get_user(self.command)

    @property
    def there_user(self):
        return get_user(PARTNERS[self.command])

    def start(self, command, *more, output=None, **options):
        """A command as an end of a session: the opener is alice."""
        name = get_user(command)
        user = self.server.account(name)
        self.clocks[name] = self.folder / f'clock of {name}'
        with open(self.clocks[name], 'wb') as file:
            file.write(bytes(24))
        env = {'LD_PRELOAD': os.environ['IBB_TEST_FAKE_WALL_CLOCK'], 'IBB_TEST_WALL_CLOCK': self.clocks[name],
               'XDG_DATA_HOME': self.data[name], **options.pop('env', {})}
        words = command.split()
        arguments = {'send': [self.source, PEER], 'send -': [PEER], 'cat': [PEER], 'forward': ['--listen', cases.FREE_PORT, PEER],
                     'receive --output': [output or self.folder / 'copy'], 'receive --directory': [self.folder / 'in'],
                     'expose': ['--to', f'{cases.LOOPBACK}:{self.serve()}'] if command == 'expose' else []}.get(command, [])
        if words[0] in WITH_JSON and output != '-':
            more = '--json', *more
        if command in PARTNERS and command not in OPENERS and '--from' not in more:
            more = '--from', 'any', *more
        if command in ('send -', 'cat') and 'stdin' not in options:
            options['stdin'] = open(self.source, 'rb')
            cases.defer(options['stdin'].close)
        if command == 'listen':
            options.setdefault('stdin', subprocess.PIPE)
        # Nobody sees a stanza before self.here is set.
        with self.server.lock:
            program = user.ibb(words[0], *words[1:], *arguments, *more, env=env, **options)
            if command == self.command and self.here is None:
                self.here = program
            else:
                self.there = program
        return program

    @property
    def bytes(self):
        """The moment that bytes of the file are sent."""
        return FRAME if self.command in ('send', 'receive --directory') else DATA

    def serve(self):
        """A TCP service that reads nothing."""
        self.service = cases.listen()
        cases.defer(self.service.close)
        return self.service.getsockname()[1]

    def both(self, here=(), there=(), options=None):
        """Both ends, the one that waits first. options: of the process here."""
        for command in sorted((self.command, PARTNERS[self.command]), key=lambda name: name in OPENERS):
            is_here = command == self.command
            program = self.start(command, *(here if is_here else there), **(options or {} if is_here else {}))
            if command not in OPENERS or command == 'forward':
                program.wait_ready()
            if command == 'forward':
                self.connect(program)

    def connect(self, program):
        self.client = socket.create_connection((cases.LOOPBACK, program.wait_event('ready')['port']))
        cases.defer(self.client.close)
        # A session that the peer refuses ends the connection, perhaps before the last byte.
        with contextlib.suppress(ConnectionError):
            self.client.sendall(bytes(100000))

    def when(self, moment, deed, who='alice', number=1):
        """Keeps that stanza, and does something."""
        def keep(client, attributes):
            deed(client, attributes)
            self.reached.set()
            return True
        self.server.when(moment, keep, who, number)

    def stall(self, deed):
        """At the third block, or frame of a bundle; from then on none arrives. The block with the second frame may have
        the end of the first one."""
        self.when(self.bytes, deed, number=3)
        self.server.when(DATA, lambda *_: self.reached.is_set(), 'alice', 0)

    def wait_for_part(self):
        """Before an end is stopped: a receiver's part has bytes, and who listens has the session."""
        for program in self.here, self.there:
            if program.command[1] == 'receive':
                program.wait_event('progress', bytes=1)
            elif program.command[1] == 'listen':
                program.wait_line('Session from')

    def kill(self, program, number=signal.SIGTERM):
        self.number = number
        os.kill(program.pid, number)

    def pass_time(self, seconds, user=None):
        """So much at a time for the end here, or that of a user, until it ends, or reports an error and goes on."""
        user = user or self.here_user
        program = self.here if user == self.here_user else self.there
        check(self.reached.wait(cases.PATIENCE), 'the moment')
        with open(self.clocks[user], 'r+b', buffering=0) as file:
            now = 0
            while not program.has_ended(0.05) and b'"error"' not in program.output:
                now += seconds
                file.seek(16)
                file.write(struct.pack('q', now))

    def disk(self):
        """What a receiver has: the file, or else the old one, which was there before."""
        names = os.listdir(self.folder / 'in') + [name for name in self.folder.names() if name.startswith('.ibb')]
        copies = [sha256(self.folder / 'copy'), *(sha256(self.folder / 'in/original') for _ in range(names.count('original')))]
        if sha256(self.source) in copies and len(set(names)) <= 1:
            return 'the file'
        check_equal(copies, [self.old], 'the file that was there')
        return 'nothing' if not names else 'a part' if all(name.endswith('.part') for name in names) else ' '.join(names)


# Success, and what needs no peer

@way('all goes well')
def _(run):
    if run.command in ('key', 'demo'):
        run.here = Program(IBB, run.command, env={'XDG_DATA_HOME': run.data['alice']})
    elif run.command == 'doctor':
        run.start('doctor', '--timeout', '0')
    elif run.command in ('forward', 'expose'):
        run.both()
        with run.service.accept()[0] as answered:
            run.client.shutdown(socket.SHUT_WR)
            while answered.recv(65536):
                pass
        for program in (run.here, run.there):
            program.wait_event('done')
            run.kill(program)
    else:
        # The library asks the server with its name in "to", how long the way is.
        run.server.when('<ping ', lambda _, has: run.pings.extend([] if 'to' in has else [has]), number=0)
        run.both(*(['--count', '1'] if command == 'receive --directory' else []
                   for command in (run.command, PARTNERS[run.command])))
        for program in (run.here, run.there):
            if program.stdin:
                program.stdin.close()


@way('the command line is wrong')
def _(run):
    run.start(run.command, '--nonsense')


@way('its folder cannot be written to')
def _(run):
    run.here = Program(IBB, 'key', env={'XDG_DATA_HOME': os.path.join(run.source, 'x')})


@way('standard output takes nothing')
def _(run):
    with open('/dev/full', 'wb') as full:
        if PARTNERS.get(run.command) is None:
            run.here = Program(IBB, run.command, stdout=full, env={'XDG_DATA_HOME': run.data['alice']})
        else:
            run.both(options={'stdout': full})


# An output that fails, while the input is at its end from the start

def fail_to_store(run, receiver, sender, **options):
    for command in sorted((receiver, sender), key=lambda name: name in OPENERS):
        if command == receiver:
            more = {'output': '-'} if receiver == 'receive --output' else {'stdin': subprocess.DEVNULL}
            program = run.start(command, **more, **options)
        else:
            with open(run.source, 'rb') as source:
                program = run.start(command, stdin=source)
        if command not in OPENERS:
            program.wait_ready()


def take_nothing(run, receiver, sender):
    with open('/dev/full', 'wb') as full:
        fail_to_store(run, receiver, sender, stdout=full)


def take_the_first(run, receiver, sender):
    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (SIZE // 4, SIZE // 4))

    with open(run.folder / 'short', 'wb') as short:
        fail_to_store(run, receiver, sender, stdout=short, prepare=limit)


def fail_at_the_end(run, receiver, sender):
    preload = f'{os.environ["IBB_TEST_FAKE_WALL_CLOCK"]}:{os.environ["IBB_TEST_FAILING_CALLS"]}'
    with open(run.folder / 'unclosed', 'wb') as unclosed:
        fail_to_store(run, receiver, sender, stdout=unclosed, env={'LD_PRELOAD': preload})


for what, fail in (('takes nothing', take_nothing), ('takes only the first bytes', take_the_first), ('cannot be closed', fail_at_the_end)):
    way(f'its input has ended, and standard output {what}')(
        lambda run, fail=fail: fail(run, run.command, PARTNERS[run.command]))
    way(f'the other end is listen, whose input has ended and whose standard output {what}')(
        lambda run, fail=fail: fail(run, 'listen', run.command))


# The login

@way('the password is wrong')
def _(run):
    run.server.passwords = {name: 'another' for name in run.server.passwords}
    run.start(run.command, env={'IBB_PASSWORD': 'wrong'})


@way('the server does not serve the domain')
def _(run):
    run.when('<stream:stream>', lambda client, _: client.end('host-unknown'), who=None)
    run.start(run.command)


@way('the server breaks off the login')
def _(run):
    run.when('<stream:stream>', lambda client, _: client.end('policy-violation'), who=None)
    run.start(run.command)


@way('the server cannot be reached')
def _(run):
    cases.need_ipv4()  # of localhost the last address would be the reason
    run.server.go()
    run.start(run.command)


@way('a signal, during the login')
def _(run):
    run.when('<auth ', lambda *_: run.kill(run.here), who=None)
    run.start(run.command)


@way('--timeout passes, during the login')
def _(run):
    run.when('<auth ', lambda *_: None, who=None)
    run.start(run.command, '--timeout', '60')
    run.pass_time(61)


@way('another command has the resource')
def _(run):
    run.start(run.command).wait_ready()
    run.here, run.there = None, run.here
    run.start(run.command)


# The wait for a peer

@way('a signal, while it waits for a peer')
def _(run):
    run.start(run.command).wait_ready()
    client, logout = run.server.client_of(run.here_user), threading.Event()

    def log_out(*_):
        logout.set()
        client.send(LATE.format(client.jid))

    run.server.when('</stream:stream>', log_out, run.here_user)
    run.here.wait_idle()
    run.kill(run.here)
    client.join(cases.PATIENCE)
    check(logout.is_set(), 'the logout')


@way('a hang-up (SIGHUP), while it waits for a peer')
def _(run):
    run.start(run.command).wait_ready()
    run.kill(run.here, signal.SIGHUP)


@way('a signal, while it logs in again')
def _(run):
    run.start(run.command).wait_ready()
    run.server.go()
    run.here.wait_event('disconnected')
    if run.command == 'forward':
        run.connect(run.here)
        run.here.wait_idle()
    run.kill(run.here)


@way('--timeout passes, while it waits for a peer')
def _(run):
    run.start(run.command, '--timeout', '60').wait_ready()
    run.reached.set()
    run.pass_time(61)


@way('another login takes the resource, while it waits for a peer')
def _(run):
    run.start(run.command).wait_ready()
    run.server.client_of(run.here_user).end('conflict')


@way('the connection is lost, and the password is not accepted any more')
def _(run):
    run.start(run.command).wait_ready()
    run.server.passwords = {name: 'another' for name in run.server.passwords}
    run.server.client_of(run.here_user).close()


# The session is opened, or a file is offered

@way('--from of the peer names others')
def _(run):
    run.both(there=['--from', 'carol@localhost'])


@way('the file is larger than --max-size of the peer')
def _(run):
    run.both(there=['--max-size', str(SIZE - 1)])


@way('with a part that is there, the file is larger than --max-total of the peer')
def _(run):
    os.rename(run.folder.make('part', 1), run.folder / 'in/.ibb-0123456789abcdef-1.part')
    run.both(there=['--max-total', '1M'])


@way('nobody is at the address')
def _(run):
    run.start(run.command)
    if run.command == 'forward':
        run.here.wait_ready()
        run.connect(run.here)


@way('the peer gives no answer')
def _(run):
    run.when(OPEN, lambda *_: None)
    run.both(here=['--timeout', '60'])
    run.pass_time(61)


@way('a signal, while the peer has not answered')
def _(run):
    run.when(OPEN, lambda *_: run.kill(run.here))
    run.both()


@way('the receiver is stopped before the transfer')
def _(run):
    run.when('session-accept', lambda *_: run.kill(run.there), who='bob')
    run.both()


@way('the other end has no --encrypt')
def _(run):
    run.both(here=['--encrypt'])


def make_key(run, user):
    """Returns its fingerprint."""
    done = Program(IBB, 'key', env={'XDG_DATA_HOME': run.data[user]})
    done.expect_done()
    return done.output.decode().strip()


@way('the key of the peer is not known')
def _(run):
    run.both(here=['--encrypt'], there=['--encrypt', '--peer-fingerprint', make_key(run, run.here_user)])


@way('the key of the peer is not that of --peer-fingerprint')
def _(run):
    run.both(here=['--encrypt', '--peer-fingerprint', '00' * 32],
             there=['--encrypt', '--peer-fingerprint', make_key(run, run.here_user)])


# The transfer

@way('a signal, during the transfer')
def _(run):
    def interrupt(*_):
        run.wait_for_part()
        run.kill(run.here, signal.SIGINT)

    run.stall(interrupt)
    run.both()


@way('a hang-up (SIGHUP), during the transfer')
def _(run):
    run.stall(lambda *_: run.kill(run.here, signal.SIGHUP))
    run.both()


@way('--timeout passes, during the transfer')
def _(run):
    run.stall(lambda *_: None)
    run.both(here=['--timeout', '60', '--peer-timeout', '0'])
    run.pass_time(61)


@way('the peer is killed, during the transfer')
def _(run):
    def kill(*_):
        run.wait_for_part()
        run.kill(run.there, signal.SIGKILL)
        run.server.client_of(run.there_user).close()

    run.stall(kill)
    run.both()
    run.there.finish()
    run.pass_time(61)


@way('the peer falls silent, during the transfer')
def _(run):
    run.stall(lambda *_: None)
    run.server.when('', lambda *_: run.reached.is_set(), run.there_user, 0)
    run.both()
    run.pass_time(61)


@way('the connection is lost, with --resume-timeout 0')
def _(run):
    run.when(DATA, lambda *_: run.server.go(), number=2)
    run.both(*[['--resume-timeout', '0']] * 2)


@way('the connection is lost for good, during the transfer')
def _(run):
    lose(run, run.bytes)


@way('the connection is lost for good, after the last byte')
def _(run):
    lose(run, CLOSE)


@way('the connection is lost for good, before the receiver has said that it has the file')
def _(run):
    run.when(DELIVERED, lambda *_: run.server.go(), who='bob')
    run.both()
    run.pass_time(61)


def lose(run, moment):
    def go(*_):
        if moment != CLOSE:
            run.wait_for_part()
        run.server.go()

    run.when(moment, go, number=1 if moment == CLOSE else 3)
    run.both()
    for user in (run.here_user, run.there_user):
        run.pass_time(61, user)


@way('another login takes the resource, during the transfer')
def _(run):
    run.stall(lambda *_: run.server.client_of(run.here_user).end('conflict'))
    run.both()
    run.here.finish()
    run.pass_time(61, run.there_user)


@way('the disk of the receiver is full')
def _(run):
    for size in (1, SIZE):
        os.truncate(run.source, size)
        run.here = None
        run.start('receive --output', output='/dev/full').wait_ready()
        run.start('send -')
        if size == 1:
            check_equal((run.here.finish(), run.there.finish()), (1, 1), 'statuses')


@way('the reader of standard output goes')
def _(run):
    reader, writer = os.pipe()
    os.close(reader)
    run.both(options={'stdout': writer})
    os.close(writer)


@way('the input cannot be read')
def _(run):
    with open('/proc/self/mem', 'rb') as memory:
        run.both(options={'stdin': memory})


@way('the file changes while it is sent')
def _(run):
    def change(*_):
        with open(run.source, 'r+b') as file:
            file.write(b'other')

    run.server.when(run.bytes, change, 'alice')
    run.both()


@way('the file shrinks while it is sent')
def _(run):
    run.server.when(run.bytes, lambda *_: os.truncate(run.source, SIZE // 2), 'alice')
    run.both()


@way('a signal, after the last byte')
def _(run):
    # A receiver that has the hash may have checked the file, or not.
    # Two blocks may share the end, which has the hash: one of them has the frame's header, or all of the hash's beginning.
    moment = {'send': DELIVERED, 'receive --directory': f'{END}|{frame(sha256(run.source)[:16])}'}.get(run.command, CLOSE)
    run.when(moment, lambda *_: run.kill(run.here), who='bob' if moment == DELIVERED else 'alice')
    run.both()
    if run.command == 'send':
        run.there.wait_event('done')
    elif run.command == 'receive --directory':
        run.here.finish()
        run.pass_time(61, run.there_user)


@way('a signal, before the sender knows that the file is here')
def _(run):
    run.server.when(DELIVERED, lambda *_: run.kill(run.here), who='bob')
    run.both()


@way('the command of --on-received fails')
def _(run):
    run.both(here=['--count', '1', '--on-received', 'exit 3'])


@way('a signal, while the command of --on-received hangs')
def _(run):
    run.both(here=['--on-received', 'trap "" TERM; sleep 1000; sleep 1000'])
    run.there.finish()
    run.here.wait_event('done')
    run.kill(run.here)


# The page

def read_rows():
    """What the page has: the commands, what happens, and the cells of a row."""
    with open(os.path.join(ROOT, 'doc', 'ibb-endings.7'), encoding='utf-8') as file:
        section = file.read().partition('.SH ENDINGS\n')[2].partition('\n.SH ')[0]
    for text in section.split('.TP\n')[1:]:
        for name, sign in (('\\-', '-'), ('\\(lq', '“'), ('\\(rq', '”'), ('\\fB', ''), ('\\fP', ''), ('...', '…'),
                           ('\n.br\n', '\n')):
            text = text.replace(name, sign)
        head, *cells = text.strip().split('\n')
        commands, _, what = head.partition(': ')
        yield commands.split(', '), what, dict(cell.split(': ', 1) for cell in cells)


def expect(run, program, cell):
    """The cell is "STATUS", "STATUS CODE “LINE”", or "goes on", perhaps with a line."""
    status, code, line = re.fullmatch(r'(goes on|128\+N|\d+)(?: ([a-z-]+))?(?: “(.*)”)?', cell).groups()
    pattern = line and '^(?:ibb: )?' + ''.join(WORDS.get(word, re.escape(word)) for word in re.split(
        f'({"|".join(WORDS)})', line)) + '$'
    if status == 'goes on':
        if pattern:
            program.wait_line(pattern)
        run.kill(program)
        program.finish()
    else:
        check_equal(program.finish(), -run.number if status == '128+N' else int(status), f'status: {program.lines}')
        check(re.search(pattern, program.lines[-1]) if pattern else program.errors() == [],
              f'“{line}” is not the last of {program.lines}')
    if '--json' in program.command:
        expect_events(program, is_whole=code == 'failed' or status == '0')
    if code and program.command[1] in WITH_JSON:
        error = next(event for event in reversed(program.events()) if event['event'] == 'error')
        check_equal(error['code'], code, 'code')
        check(code == 'failed' or (error['domain'] == 'g-io-error-quark') == (code in OF_GIO), f'the domain of {error}')
        check(error['message'] in program.lines[-1], f'{error} {program.lines}')


def expect_events(program, is_whole):
    """Each has its members, and the connection is not lost twice without a login in between."""
    events = program.events()
    for event in events:
        check(event.keys() >= set(MEMBERS[event['event']].split()), f'members of {event}')
        check('total' in event or event['event'] != 'progress' or 'name' not in event, f'total of {event}')
    states = [event['event'] for event in events if event['event'] in ('ready', 'disconnected', 'reconnected')]
    check(all(map(operator.ne, states, states[1:])), f'states {states}')
    if program.command[1] == 'doctor' and is_whole:
        check_equal([event['step'] for event in events if event['event'] == 'check'], DOCTOR_STEPS, 'steps')


def add(command, what, cells):
    @cases.case(f'{command}: {what}')
    def _():
        run = Run(command)
        WAYS[what](run)
        expect(run, run.here, cells['Here'])
        if 'There' in cells:
            expect(run, run.there, cells['There'])
        check_equal(run.pings, [], 'questions, also at the logout')
        check_equal(run.disk(), cells.get('Disk', 'nothing'), 'disk')


@cases.case('the page has each way, and each way is on the page')
def _():
    check_equal(sorted({what for _, what, _ in read_rows()}), sorted(WAYS), 'ways')


for commands_of_row, *rest in read_rows():
    for each in commands_of_row:
        add(each, *rest)
if __name__ == '__main__':
    cases.main()
