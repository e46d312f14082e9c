#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The output of ibb on a terminal and as JSON, its log, and what becomes of control characters."""

import base64
import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import socket
import struct
import termios
import unicodedata

import cases
from cases import case, check, check_equal
from command import IBB, Folder, Program, Valve, make_locale, read_terminal
from fake_xmpp import ERROR, FakeServer

MIB = 1 << 20

# Bidirectional controls, marks, an escape sequence, C1, a line of its own, a tag, a soft hyphen.
HARMFUL = ('\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b\ufeff'
           '\u00ad\u2028\u2029\u0085\u009b\U000e0041')
CONTROLS = '\x1b]0;owned\x07\x9b2J\r\n\x7f'


def check_harmless(text, what):
    found = [char for char in HARMFUL + '\x1b\x07\x9b\x7f' if char in text]
    check(not found, f'{what} reach the terminal: {found!r} in {text!r}')


def shown_on_terminal(account, *arguments, **options):
    """Returns what a command shows on a terminal of its own, without the sequences that move the line."""
    status, shown = account.ibb_on_terminal(*arguments, **options)
    return status, shown.replace(b'\x1b[K', b'').decode()


def show_progress(server, name, **options):
    """What a terminal shows of a file of that name."""
    valve = Valve(server.account('bob'))
    status, shown = shown_on_terminal(server.account('alice'), 'send', Folder().make(name, 8 * MIB),
                                      valve.receiver.wait_ready(), valve=valve, until=b' left', **options)
    check_equal(status, 0, 'status')
    return shown


@case('control characters of a file name are replaced in the bar and in errors')
def _(server):
    folder = Folder()
    alice = server.account('alice')
    name = f'a{HARMFUL}{CONTROLS}b'
    shown = show_progress(server, name)
    check('%' in shown, f'a bar: {shown[:200]!r}')
    check_harmless(shown, 'signs of the bar')
    status, shown = shown_on_terminal(alice, 'send', folder / ('none' + name), 'bob@localhost')
    check_equal(status, 1, 'status')
    check('none' in shown and 'No such file' in shown, shown)
    check_harmless(shown, 'signs of the error')
    check_equal(shown.count('\n'), 1, 'lines')
    # For a program they are what they are, in a form that no terminal obeys.
    here = alice.ibb('send', '--json', folder / ('none' + name), 'bob@localhost')
    check_equal(here.finish(), 1, 'status')
    check_harmless(here.output.decode(), 'signs in JSON')
    check('none' + name in here.wait_event('error')['message'], here.output)


@case('the line of the progress fits the terminal, also with a long name of wide letters')
def _(server):
    shown = show_progress(server, 'original').replace('\xa0', ' ')
    check(re.search(r'original +\d+ % \[#*\.*\]  [\d.]+ .?i?B of 8.0.MiB  [\d.]+.*/s', shown), f'a bar: {shown[:500]!r}')
    shown = show_progress(server, '手紙' * 40)
    lines = [line for line in re.split('[\r\n]+', shown) if '%' in line]
    check(lines, f'a bar: {shown[:200]!r}')
    for line in lines:
        width = sum(2 if unicodedata.east_asian_width(char) == 'W' else 1 for char in line)
        check(width <= 79 and '… ' in line and 'MiB' in line and '/s' in line, f'{width} columns: {line}')
    check(re.search(r' \d+ s left', shown) and not re.search(r'[.,]\d+ s left', shown), f'whole seconds: {shown}')
    shown = show_progress(server, 'grüße ' * 10, env={'LC_ALL': 'C'})
    lines = [line for line in re.split('[\r\n]+', shown) if '%' in line]
    check(lines and all(len(line) <= 79 and line.startswith(r'gr\u00fc\u00dfe') and '...' in line for line in lines), lines)


@case('on a narrow terminal the rate and the time stay, no word is broken, and a dumb one gets whole lines')
def _(server):
    def narrow():
        fcntl.ioctl(2, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 50, 0, 0))

    shown = show_progress(server, 'a rather long name of a file', prepare=narrow)
    lines = [line for line in re.split('[\r\n]+', shown) if '%' in line]
    check(lines and all(len(line) <= 49 and re.search(r'/s(  [\d:.]+ (s|min|h) left)?$', line) for line in lines), lines)
    _, shown = shown_on_terminal(server.account('alice'), 'cat', 'bob@localhost', prepare=narrow)
    lines = shown.splitlines()
    check(len(lines) > 1 and all(len(line) <= 49 and line[0] != ' ' for line in lines), lines)
    check(re.search(r'^ibb: Peer “bob@localhost/ibb” refused the session, .*\(sid “\w+”\)$', ' '.join(lines)), lines)
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    server.account('alice').ibb('doctor', 'bob@localhost', stdout=end)
    os.close(end)
    lines = read_terminal(terminal).decode().splitlines()
    check(len(lines) > 10 and all(len(line) <= 79 for line in lines), lines)
    check(any(re.match(' {19}the TLS channel$', line) for line in lines), lines)
    valve = Valve(server.account('bob'))
    valve.open()
    _, shown = server.account('alice').ibb_on_terminal('send', Folder().make('original', 8 * MIB), valve.receiver.wait_ready(),
                                                       env={'TERM': 'dumb'})
    # A machine that is slow has a line that says so.
    check(re.fullmatch(rb'(Only about [^\r\x1b]*\r\n)?Sent to [^\r\x1b]*\r\n', shown), shown)


@case('control characters of a text from the peer are replaced')
def _(server):
    text = f"<text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>come{HARMFUL}here</text></error>"
    server.when('<open ', lambda client, iq: client.send(ERROR.format(
        name='iq', id=iq['id'], to=iq['to'], jid=client.jid, condition='not-acceptable').replace('</error>', text)) or True,
        number=0)
    alice = server.account('alice')
    status, shown = shown_on_terminal(alice, 'cat', 'bob@localhost')
    check_equal(status, 1, 'status')
    check('come' in shown and 'here' in shown, shown)
    check_harmless(shown, 'signs of the peer')
    # In the messages of the library none is left, as a program may show them as they are.
    here = alice.ibb('send', '--json', '-', 'bob@localhost')
    check_equal(here.finish(), 1, 'status')
    message = here.wait_event('error')['message']
    check('“come' in message and 'here”' in message, message)
    check_harmless(message, 'signs of the peer in a message')


@case('help that standard output does not take is an error')
def _():
    for arguments in (['--help'], ['--version'], ['send', '--help'], ['expose', '--help'], ['demo', '--size', '1K']):
        with open('/dev/full', 'wb') as full:
            Program(IBB, *arguments, stdout=full).expect_failure(
                'Cannot write standard output', 'No space left')


@case('JSON: an object and the end of its line are written at once, and a number has no more digits than it needs')
def _(server):
    check_json(server, None)


@case('JSON with the numbers of German is the same')
def _(server):
    check_json(server, make_locale(Folder(), 'de_DE'))


def check_json(server, env):
    folder = Folder()
    receiver = server.account('bob').ibb('receive', '--directory', folder.path, '--count', '1',
                                         '--from', 'alice@localhost')
    peer = receiver.wait_ready()
    # Each packet is what was written by one call.
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = server.account('alice').ibb('send', '--json', Folder().make('file', MIB), peer, stdout=there, env=env)
    there.close()
    program.expect_done()
    packets = []
    while data := here.recv(MIB):
        packets.append(data.decode())
    here.close()
    for packet in packets:
        check(packet.endswith('}\n'), f'a whole line: {packet!r}')
        json.loads(packet)
    numbers = re.findall(r'":(-?[0-9.]+)[,}]', ''.join(packets))
    check(len(numbers) >= 3, f'numbers: {packets}')
    for number in numbers:
        check(len(number.strip('-').replace('.', '').lstrip('0')) <= 15, f'{number} in {packets}')


@case('JSON: a file name that is not UTF-8 is made valid')
def _():
    # The first byte announces a sequence that hides the sign after it.
    for name in (b'a\xc0"b', b'a\xe0"b', b'a\xf0\\', b'a\xfc"'):
        for option in ('--password-file', '--certificate', '--ca-file'):
            program = Program(IBB, 'expose', '--json', '--to', 'a:1', '--jid', 'a@b', option, b'/none/' + name,
                              env={'IBB_PASSWORD': 'x'})
            check_equal(program.finish(), 1, 'status')
            message = program.wait_event('error')['message']
            check(name.decode(errors='replace') in message, message)


@case('the log tells the life of a session to a developer: ids, sizes and states, and nothing that is secret')
def _(server):
    folder = Folder()
    alice, bob = server.account('alice'), server.account('bob')
    secrets = [text for account in (alice, bob) for text in (
        account.password, base64.b64encode(f'\0{account.bare.split("@")[0]}\0{account.password}'.encode()).decode()[-16:-4])]
    payload = base64.b64encode(os.urandom(71250)).decode()
    with open(folder / 'original', 'w', encoding='ascii') as file:
        file.write(payload)
    for text in (payload, base64.b64encode(payload.encode()).decode()):
        secrets += [text[i:i + 12] for i in range(0, len(text) - 12, 12)]
    debug = {'G_MESSAGES_DEBUG': 'all'}
    there = bob.ibb('receive', '-o', '-', '--from', alice.bare, env=debug)
    jid = there.wait_ready()
    here = alice.ibb('send', '--sid', 'letter', '--stanza-type', 'iq', folder / 'original', jid, env=debug)
    check_equal((here.finish(), there.finish()), (0, 0), f'{here.lines} {there.lines}')
    check_equal(there.output, payload.encode(), 'the output')

    def expect(program, *patterns):
        rest = iter(program.lines)
        for pattern in patterns:
            check(any(re.search(f'ibb-glib-DEBUG: .*{pattern}', line) for line in rest), f'{pattern} in {program.lines}')

    peer = f'{alice.bare}/[^ ]*'
    # Two threads tell of the request, at either end, and of the session.
    expect(here, 'Logging in to localhost with PLAIN', f'Connection of {alice.bare}/.*ONLINE', f'Session letter with {jid}: opening')
    expect(here, f'Session letter with {jid}: open, blocks of [0-9]+ bytes by IQ',
           f'Session letter with {jid}: ended after 95000 bytes written, 95000 acknowledged, 0 received: no error')
    expect(there, f'Session letter with {peer}: requested, the peer offers blocks of [0-9]+ bytes')
    expect(there, f'Session letter with {peer}: open', f'Session letter with {peer}: ended .* 95000 received: no error')
    refused = alice.ibb('receive', '-o', '-', account=alice.options(resource='other'), env=debug)
    bob.ibb('send', '--stanza-type', 'message', folder / 'original', refused.wait_ready(), env=debug).finish()
    refused.wait_line(f'DEBUG: .*Session .* with {bob.bare}/.*: refused')
    for program in (here, there, refused):
        log = '\n'.join(program.lines)
        for secret in secrets:
            check(secret not in log, f'{secret} in {log}')


@case('two signals at once end expose and forward in good order')
def _(server):
    for command in (['expose', '--to', '127.0.0.1:9'], ['forward', '--listen', cases.FREE_PORT, 'nobody@localhost']):
        # So many last until the process has ended.
        for numbers in ((signal.SIGTERM, signal.SIGINT), (signal.SIGINT,) * 5, (signal.SIGTERM,) * 200000):
            there = server.account('bob').ibb(*command)
            there.wait_ready()
            for number in numbers:
                # It may have ended already.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(there.pid, number)
            there.expect_done()


if __name__ == '__main__':
    cases.main(FakeServer)
