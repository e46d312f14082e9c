#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The programs and commands of the page “Cookbook”, as they stand, but for addresses and ports."""

import hashlib
import os
import re
import shlex
import shutil
import socket
import struct
import subprocess
from functools import partial

import cases
import prosody
from cases import Skip, case, check, check_equal
from command import IBB, Account, Folder, Program, sha256
from listings import find_listings
from programs import make_accounts, make_program
from servers import make_server
from sshd import Sshd

PAGE = 'cookbook.md'


class Ends:
    """The accounts home and away of the page, and what runs there."""

    def __init__(self, server):
        self.folder = Folder()
        self.alice, self.bob = Account(server, 'alice'), Account(server, 'bob')
        self.environment = make_accounts(self.folder, {'home': (self.bob, '/home'), 'family': (self.bob, ''),
                                                       'away': (self.alice, '')})
        self.environment['PATH'] = f'{os.path.dirname(IBB)}:{os.environ["PATH"]}'

    def adapt(self, text):
        return text.replace('juliet@example.org', self.bob.bare).replace('romeo@example.net', self.alice.bare)

    def listings(self, language, section):
        return [self.adapt(text) for text in find_listings(PAGE, language, section)]

    def commands(self, section):
        """The words of each line of shell."""
        return [shlex.split(line, comments=True) for text in self.listings('sh', section) for line in text.splitlines()]

    def start(self, *command):
        return Program(*command, env=self.environment)

    def make(self, name, text, language='python', packages=()):
        return make_program(self.folder, name, language, text, packages)

    def ask(self, there, *command):
        """Runs a command until the other end serves it: a person would see that it waits. The output."""
        while (here := self.start(*command)).finish() != 0:
            check(not there.has_ended(0), f'the other end is there for {here.lines}')
        # Of a transfer that takes more than ten seconds, as beside load, the command tells the rate.
        check(re.fullmatch('(Only about .*)?', '\n'.join(here.lines)), f'the end that asks: {here.lines}')
        return here.output.decode()


def need(module):
    if subprocess.run(('/usr/bin/python3', '-c', module), check=False, stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip(f'Python cannot do: {module}')


@case('finding a peer')
def _(server):
    ends = Ends(server)
    server.add_contact(server.domain, 'alice', ends.bob.bare)
    server.add_contact(server.domain, 'bob', ends.alice.bare)
    (find,) = ends.listings('python', 'Finding a peer')
    here = ends.start(*ends.make('find', find))
    there = ends.start('ibb', 'receive', '--account', 'home', '--from', ends.alice.bare, '--show-online',
                       '--output', ends.folder / 'file')
    jid = there.wait_ready()
    check_equal((here.finish(), here.output.decode(), here.lines), (0, f'{jid}\n', []), 'who is found')


for section, needed, said in (('HTTP with aiohttp', 'import aiohttp', 'hello romeo\n'),
                              ('JSON-RPC', 'import gi; gi.require_version("Jsonrpc", "1.0")', '7.5\n')):
    @case(section)
    def _(server, section=section, needed=needed, said=said):
        need(needed)
        ends = Ends(server)
        serve, ask = ends.listings('python', section)
        there = ends.start(*ends.make('serve', serve))
        check_equal(ends.ask(there, *ends.make('ask', ask)), said, 'the answer')
        check_equal(there.lines, [], 'what the server says')


def process(server, language, packages=()):
    """Much more than a pipe has room for comes back, also after the peer has ended its direction."""
    ends = Ends(server)
    (serve,) = ends.listings(language, 'A process behind a session')
    with open(ends.folder / 'text', 'w', encoding='ascii') as file:
        file.write('text ' * 500000)
    there = ends.start(*ends.make('serve', serve, language, packages))
    ask = f'exec ibb cat --account away {ends.bob.bare}/home <{ends.folder / "text"}'
    check_equal(ends.ask(there, 'sh', '-c', ask), 'TEXT ' * 500000, 'what comes back')
    check_equal((there.finish(), there.lines), (0, []), 'the other end')


case('a process under asyncio')(partial(process, language='python'))
case('a process with GIO')(partial(process, language='vala', packages=('gio-unix-2.0',)))


def configure_ssh(ends, sshd):
    """The page's ~/.ssh/config, with the keys of the private server."""
    (lines,) = find_listings(PAGE, 'text', 'SSH')
    options = iter(sshd.options(sshd.port)[2:])  # without -F
    with open(ends.folder / 'config', 'w', encoding='utf-8') as file:
        file.write(ends.adapt(lines))
        for option in options:
            name, _, value = next(options).partition('=')
            assert option == '-o'
            file.write(f'    {name} {value}\n')
    return ('ssh', '-F', ends.folder / 'config')


@case('SSH and rsync')
def _(server):
    ends, sshd = Ends(server), Sshd()
    ssh = configure_ssh(ends, sshd)
    (expose,) = ends.commands('SSH')
    there = ends.start(*(word.replace('localhost:22', f'{cases.LOOPBACK}:{sshd.port}') for word in expose))
    there.wait_ready()
    check_equal(ends.ask(there, *ssh, 'home', 'echo hello'), 'hello\n', 'the output')

    if not shutil.which('rsync'):
        raise Skip('there is no rsync')
    os.mkdir(ends.folder / 'Pictures')
    os.mkdir(ends.folder / 'there')
    for number in range(5):
        ends.folder.make(f'Pictures/{number}', number * 100003)
    (rsync,) = ends.commands('rsync')
    here = Program(*(word.replace('home:Pictures/', f'home:{ends.folder / "there"}/') for word in rsync),
                   cwd=ends.folder.path, env={**ends.environment, 'RSYNC_RSH': shlex.join(ssh)})
    check_equal((here.finish(), here.lines), (0, []), 'rsync')
    for number in range(5):
        check_equal(sha256(ends.folder / f'there/{number}'), sha256(ends.folder / f'Pictures/{number}'), number)


def tunnel(ends, expose, forward, port):
    """The page's two ends, for a service at a port; the port at which it is found."""
    ends.start(*(re.sub(r'localhost:\d+$', f'{cases.LOOPBACK}:{port}', word) for word in expose)).wait_ready()
    forward = [re.sub(r'^\d+$', cases.FREE_PORT, word) for word in forward]
    here = ends.start(*forward, '--json')
    here.wait_ready()
    return here.wait_event('ready')['port']


@case('A receiver left alone: the command takes the file, and parts go by their age')
def _(server):
    ends = Ends(server)
    ends.environment['HOME'] = ends.folder.path
    there = ends.folder / 'in'
    *lines, remove = [[word.replace('~/in', there) for word in words] for words in ends.commands('A receiver left alone')]
    make, receive, send = lines
    ends.start(*make).expect_done()
    receiver = ends.start(*receive, '--count', '1')
    jid = receiver.wait_ready()
    source = ends.folder.make('letter.pdf', 1000)
    ends.start(*[source if word == 'letter.pdf' else word for word in send[:-1]], jid).expect_done()
    receiver.expect_done()
    with open(ends.folder / 'sums', encoding='utf-8') as file:
        check_equal(file.read(), f"{sha256(source)}  {there}/letter.pdf\n", 'what the command wrote')
    ends.start(*remove).expect_done()


@case('every night: the folder goes to a receiver that comes later')
def _(server):
    ends = Ends(server)
    (line,) = ends.listings('crontab', 'Every night')
    words = line.split()[5:]
    source = words[words.index('/var/backups')] = ends.folder / 'backups'
    os.mkdir(source)
    ends.folder.make('backups/monday', 1000)
    os.mkdir(ends.folder / 'in')
    here = ends.start(*words)
    receiver = ends.start('ibb', 'receive', '--account', 'home', '--from', ends.alice.bare, '--directory',
                          ends.folder / 'in', '--count', '1')
    here.expect_done()
    receiver.expect_done()
    check_equal(here.lines, [], 'a mail of cron')
    check_equal(sha256(ends.folder / 'in/backups/monday'), sha256(ends.folder / 'backups/monday'), 'SHA-256')


@case('any TCP service')
def _(server):
    ends = Ends(server)
    page = ends.folder.make('page', 100000)
    there = Program('/usr/bin/python3', '-u', '-m', 'http.server', '--bind', cases.ADDRESS, '--directory',
                    ends.folder.path, '0')
    pattern = re.compile(rb'port (\d+) ')
    there.wait_for(lambda: pattern.search(there.output), 'its port')
    commands = ends.commands('Any TCP service')
    for expose, forward in commands[:2], commands[2:]:
        port = tunnel(ends, expose, forward, int(pattern.search(there.output)[1]))
        here = ends.start('curl', '-qsS', '--noproxy', '*', f'http://{cases.LOOPBACK}:{port}/page')
        check_equal((here.finish(), here.lines), (0, []), 'curl')
        check_equal(hashlib.sha256(here.output).hexdigest(), sha256(page), 'SHA-256')


def read_screen(port):
    """The size of a screen, and its bytes (RFC 6143, without authentication, raw encoding)."""
    with socket.create_connection((cases.LOOPBACK, port), cases.PATIENCE) as connection, connection.makefile('rwb') as file:
        def say(data):
            file.write(data)
            file.flush()

        say(file.read(12))  # the version
        check(1 in file.read(file.read(1)[0]), 'the security type None')
        say(b'\x01')
        check_equal(file.read(4), bytes(4), 'the security result')
        say(b'\x01')
        width, height, bits, name_length = struct.unpack('>HHB15xI', file.read(24))
        file.read(name_length)
        say(struct.pack('>BBHi', 2, 0, 1, 0) + struct.pack('>BBHHHH', 3, 0, 0, 0, width, height))
        count, screen = struct.unpack('>xxH', file.read(4))[0], b''
        for _ in range(count):
            _x, _y, w, h, encoding = struct.unpack('>HHHHi', file.read(12))
            check_equal(encoding, 0, 'the encoding')
            screen += file.read(w * h * bits // 8)
        return (width, height), screen


@case('VNC')
def _(server):
    if not shutil.which('Xtigervnc'):
        raise Skip('there is no Xtigervnc')
    ends = Ends(server)
    screen, expose, forward = ends.commands('VNC')
    (port,) = prosody.free_ports(1)
    # A display that is free, which it writes to a descriptor.
    there = ends.start(*(word.replace('5901', str(port)) for word in screen if word != ':1'),
                       '-geometry', '320x200', '-displayfd', '1')
    there.wait_for(lambda: b'\n' in there.output, 'its display')
    size, data = read_screen(tunnel(ends, expose, forward, port))
    check_equal((size, len(data)), ((320, 200), 320 * 200 * 4), 'the screen')


def with_stack(server, section, language, changes, packages=()):
    """A program with another XMPP library asks one of the page “Getting started”. changes: text that is inserted
    after a pattern, for a server that DNS does not know, or takes its place."""
    ends = Ends(server)
    (answer,) = find_listings('start.md', 'python', 'The end that answers')
    (fetch,) = find_listings('connection.md', language, section)
    node, domain = ends.alice.bare.split('@')
    fetch = ends.adapt(fetch).replace("'example.net'", repr(domain)).replace("'romeo'", repr(node))
    for pattern, text in changes.items():
        check_equal(fetch.count(pattern), 1, f'“{pattern}” in the program')
        fetch = fetch.replace(pattern, text)
    ends.environment['XMPP_PASSWORD'] = ends.alice.password
    there = ends.start(*ends.make('answer', answer.replace("'answer'", "'home'")))
    program = ends.make('fetch', fetch, language, packages)
    if language == 'c':
        linked = subprocess.run(('readelf', '-d', *program), check=True, text=True, stdout=subprocess.PIPE).stdout
        check_equal(re.findall(r'\[(libibb-.*)\]', linked), ['libibb-glib-1.0.so.0'], 'our libraries')
    while True:
        here = ends.start(*program)
        here.finish()
        if b'HELLO' in here.output or there.has_ended(0):
            break
    check_equal(here.output, b'HELLO\n', f'the end that asks ({here.lines})')
    # The libraries say what they miss.
    check(not [line for line in here.lines if 'Traceback' in line or 'CRITICAL' in line], here.lines)
    check_equal((there.finish(), there.lines), (0, []), 'the end that answers')


@case('a connection with libstrophe')
def _(server):
    if subprocess.run(('pkg-config', '--exists', 'libstrophe'), check=False).returncode != 0:
        raise Skip('there is no libstrophe')
    with_stack(server, 'With libstrophe', 'c', {
        'if (xmpp_connect_client (self->conn, NULL, 0,':
            f'xmpp_conn_set_cafile (self->conn, "{server.environment["IBB_TEST_CA_FILE"]}");'
            f'if (xmpp_connect_client (self->conn, "{server.host}", {server.port},'}, ('libstrophe',))


@case('a connection with slixmpp')
def _(server):
    need('import slixmpp')
    cases.need_ipv4()  # slixmpp 1.8 goes to port 5222 of an address of IPv6
    address = server.host, server.port
    with_stack(server, 'With slixmpp', 'python', {
        # slixmpp 1.10 would begin with TLS at once, and takes two arguments.
        'xmpp.connect()': f'xmpp.ca_certs = {server.environment["IBB_TEST_CA_FILE"]!r}\n'
                          '    xmpp.enable_direct_tls = False\n    import inspect\n'
                          "    one = 'host' not in inspect.signature(xmpp.connect).parameters\n"
                          f'    xmpp.connect(*({(address,)!r} if one else {address!r}))'})


@case('a connection with nbxmpp')
def _(server):
    need('import nbxmpp')
    with_stack(server, 'With nbxmpp', 'python', {
        'xmpp.connect()': 'from nbxmpp.const import ConnectionProtocol, ConnectionType\n'
                          f'xmpp.set_custom_host({f"{server.host}:{server.port}"!r}, ConnectionProtocol.TCP, '
                          'ConnectionType.START_TLS)\nxmpp.set_ignore_tls_errors(True)\nxmpp.connect()'})


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
