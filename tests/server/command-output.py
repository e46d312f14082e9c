#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The output of ibb on a terminal, and its errors when standard output takes nothing."""

import contextlib
import json
import os
import re
import signal
import socket
import sys
import unicodedata

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
from cases import case, check, check_equal
from command import IBB, Account, Folder, Program, Valve
from rawclient import RawClient
from servers import make_server

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


@case('control characters of a file name are replaced in the bar and in errors')
def _(server):
    folder = Folder()
    alice = Account(server, 'alice')
    name = f'a{HARMFUL}{CONTROLS}b'
    source = folder.make(name, 8 * MIB)
    valve = Valve(Account(server, 'bob'))
    status, shown = shown_on_terminal(alice, 'send', source, valve.receiver.wait_ready(),
                                      valve=valve, until=b'%')
    check_equal(status, 0, 'status')
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
    error = here.wait_event('error')
    check('none' + name in error['message'], repr(error['message']))


@case('the line of the progress fits the terminal, with a long name of wide letters')
def _(server):
    source = Folder().make('手紙' * 40, 8 * MIB)
    valve = Valve(Account(server, 'bob'))
    status, shown = shown_on_terminal(Account(server, 'alice'), 'send', source, valve.receiver.wait_ready(),
                                      valve=valve, until=b'%')
    check_equal(status, 0, 'status')
    lines = [line for line in re.split('[\r\n]+', shown) if '%' in line]
    check(lines, f'a bar: {shown[:200]!r}')
    for line in lines:
        width = sum(2 if unicodedata.east_asian_width(char) == 'W' else 1 for char in line)
        check(width <= 79 and '… ' in line and 'MiB' in line and '/s' in line, f'{width} columns: {line}')


@case('control characters of a text from the peer are replaced')
def _(server):
    raw = RawClient(server, 'bob', 'ibb', 'not-acceptable')
    raw.text = f'come{HARMFUL}here'
    status, shown = shown_on_terminal(Account(server, 'alice'), 'cat', raw.jid)
    check_equal(status, 1, 'status')
    check('come' in shown and 'here' in shown, shown)
    check_harmless(shown, 'signs of the peer')
    # In the messages of the library none is left, as a program may show them as they are.
    here = Account(server, 'alice').ibb('send', '--json', '-', raw.jid)
    check_equal(here.finish(), 1, 'status')
    error = here.wait_event('error')
    check('“come' in error['message'] and 'here”' in error['message'], repr(error['message']))
    check_harmless(error['message'], 'signs of the peer in a message')


# Standard output

def without_room(*arguments, start=Program, **options):
    with open('/dev/full', 'wb') as full:
        return start(*arguments, stdout=full, **options)


@case('a full standard output is an error')
def _(server):
    environment = {'IBB_PASSWORD': 'x', 'LC_ALL': 'C.UTF-8'}
    for arguments in (['--help'], ['--version'], ['send', '--help'], ['expose', '--help'],
                      ['demo', '--size', '1K'], ['bench', '--size', '1K'],
                      ['bench', '--size', '1K', '--json']):
        program = without_room(IBB, *arguments, env=environment)
        program.expect_failure('Cannot write standard output', 'No space left')
    folder = Folder()
    there = without_room('receive', '--json', '-o', folder / 'copy', '--from', 'any',
                         start=Account(server, 'bob').ibb)
    here = without_room('send', '--json', folder.make('original', 10), there.wait_ready(),
                        start=Account(server, 'alice').ibb)
    for end in (here, there):
        end.expect_failure('Cannot write standard output', 'No space left')


@case('a reader of standard output that has gone is an error')
def _():
    read_end, write_end = os.pipe()
    os.close(read_end)
    program = Program(IBB, '--help', stdout=write_end, env={'LC_ALL': 'C.UTF-8'})
    os.close(write_end)
    program.expect_failure('Cannot write standard output', 'Broken pipe')


@case('JSON: an object and the end of its line are written at once')
def _():
    # Each packet is what was written by one call.
    here, there = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = Program(IBB, 'bench', '--size', '1K', '--json', stdout=there)
    there.close()
    program.expect_done()
    packets = []
    while data := here.recv(MIB):
        packets.append(data)
    here.close()
    check(packets, 'objects')
    for packet in packets:
        check(packet.endswith(b'}\n'), f'a whole line: {packet!r}')
        json.loads(packet)


@case('JSON: a number has no more digits than it needs')
def _():
    program = Program(IBB, 'bench', '--size', '1K', '--json')
    program.expect_done()
    numbers = re.findall(r'":(-?[0-9.]+)[,}]', program.output.decode())
    check(len(numbers) >= 6, f'numbers: {program.output}')
    for number in numbers:
        check(len(number.strip('-').replace('.', '').lstrip('0')) <= 15, f'{number} in {program.output}')


@case('JSON: a file name that is not UTF-8 is made valid')
def _():
    # The first byte announces a sequence that hides the sign after it.
    for name in (b'a\xc0"b', b'a\xe0"b', b'a\xf0\\', b'a\xfc"'):
        for option in ('--password-file', '--certificate', '--ca-file'):
            program = Program(IBB, 'expose', '--json', '--to', 'a:1', '--jid', 'a@b', option, b'/none/' + name,
                              env={'IBB_PASSWORD': 'x', 'LC_ALL': 'C.UTF-8'})
            check_equal(program.finish(), 1, 'status')
            message = program.wait_event('error')['message']
            check(name.decode(errors='replace') in message, message)


# Signals

@case('the log tells the life of a session to a developer: ids, sizes and states, and nothing that is secret')
def _(server):
    folder = Folder()
    alice, bob = Account(server, 'alice'), Account(server, 'bob')
    with open(folder / 'original', 'w', encoding='utf-8') as file:
        file.write('the quick brown fox' * 5000)
    debug = {'G_MESSAGES_DEBUG': 'ibb-glib'}
    there = bob.ibb('receive', '-o', '-', '--from', alice.bare, env=debug)
    jid = there.wait_ready()
    here = alice.ibb('send', '--sid', 'letter', '--stanza-type', 'iq', folder / 'original', jid, env=debug)
    check_equal((here.finish(), there.finish()), (0, 0), f'{here.lines} {there.lines}')
    check_equal(there.output, b'the quick brown fox' * 5000, 'the output')

    def expect(program, *patterns):
        rest = iter(program.lines)
        for pattern in patterns:
            check(any(re.search(f'ibb-glib-DEBUG: .*{pattern}', line) for line in rest), f'{pattern} in {program.lines}')

    peer = f'{alice.bare}/[^ ]*'
    expect(here, f'Connection of {alice.bare}/.*ONLINE', f'Session letter with {jid}: opening',
           f'Session letter with {jid}: open, blocks of [0-9]+ bytes by IQ',
           f'Session letter with {jid}: ended after 95000 bytes written, 95000 acknowledged, 0 received: no error')
    # Two threads tell of the request and of the session.
    expect(there, f'Session letter with {peer}: requested, the peer offers blocks of [0-9]+ bytes')
    expect(there, f'Session letter with {peer}: open', f'Session letter with {peer}: ended .* 95000 received: no error')
    refused = alice.ibb('receive', '-o', '-', account=alice.options(resource='other'), env=debug)
    bob.ibb('send', '--stanza-type', 'message', folder / 'original', refused.wait_ready(), env=debug).expect_failure(
        'refused the session', 'it does not let this account in, or is full', perhaps=['DEBUG'])
    refused.wait_line(f'DEBUG: .*Session .* with {bob.bare}/.*: refused')
    for program in (here, there, refused):
        text = '\n'.join(program.lines)
        for secret in (alice.password, bob.password, 'quick brown'):
            check(secret not in text, f'{secret} in {text}')


@case('two signals at once end expose and forward in good order')
def _(server):
    for command in (['expose', '--to', '127.0.0.1:9'], ['forward', '--listen', '0', 'nobody@localhost']):
        # So many last until the process has ended.
        for numbers in ((signal.SIGTERM, signal.SIGINT), (signal.SIGINT,) * 5, (signal.SIGTERM,) * 200000):
            there = Account(server, 'bob').ibb(*command)
            there.wait_ready()
            for number in numbers:
                # It may have ended already.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(there.pid, number)
            there.expect_done()


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
