#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The work of the command ibb when all goes well, beside a server of this program's own; once beside Prosody."""

import os
import re
import subprocess

import cases
from cases import case, check, check_equal
from command import IBB, SANITIZED, Folder, Program, sha256, transfer
from fake_xmpp import BIND, HEADER, FakeServer
from prosody import Prosody

MIB = 1 << 20
STREAM_MANAGEMENT = "<sm xmlns='urn:xmpp:sm:3'/>"
STREAM_MANAGEMENT_FAILED = "<failed xmlns='urn:xmpp:sm:3'/>"


@case('beside Prosody, with TLS: peak memory stays below 40 MiB')
def _():
    with Prosody() as server:
        for end in transfer(server, 32 * MIB):
            check(end.usage.ru_maxrss < 40 * 1024 or SANITIZED, f'{end.name}: {end.usage.ru_maxrss} KiB')
            print(f'# {end.name}: peak {end.usage.ru_maxrss / 1024:.1f} MiB, processor '
                  f'{(end.usage.ru_utime + end.usage.ru_stime) * 16:.1f} s/GiB')


@case('the options of a session, and the events of both ends')
def _(server):
    resumable = []
    server.when('<stream:stream>', lambda client, _: client.user and (client.send(HEADER % (BIND + STREAM_MANAGEMENT)) or True),
                number=0)
    server.when('<enable ', lambda client, _: resumable.append(client.user) or client.send(STREAM_MANAGEMENT_FAILED) or True,
                number=0)
    here, there = transfer(server, 3 * MIB, receive=('--json', '--sid', 'my-own', '--resume-timeout', '0'), send=(
        '--block-size', '1000', '--sid', 'my-own', '--window', '16K', '--stanza-type', 'message', '--json', '--resume-timeout', '1'))
    check_equal(resumable, ['alice'], 'whose connection is resumable')
    opened = here.wait_event('opened')
    check_equal([opened[name] for name in ('block-size', 'sid', 'stanza-type')], [1000, 'my-own', 'message'], 'session')
    for end, kinds in ((here, ['opened', 'done']), (there, ['ready', 'opened', 'done'])):
        # Beside those that tell of a slow machine.
        check_equal([event['event'] for event in end.events() if event['event'] not in ('progress', 'throttled')], kinds, 'events')
        done = end.wait_event('done')
        check_equal((done['bytes'], done['seconds'] > 0), (3 * MIB, True), 'the end')
    check_equal(opened['peer'], there.wait_event('ready')['jid'], 'peer')
    check_equal(there.wait_event('opened')['peer'], opened['local'], 'local')


@case('an empty file arrives, and with --quiet only “ready” is printed')
def _(server):
    here, there = transfer(server, 0, send=('--quiet',), receive=('--quiet',))
    check_equal((here.lines, len(there.lines), here.output + there.output), ([], 1, b''), 'output')


@case('a stream without a known end has progress events without a total')
def _(server):
    there = server.account('bob').ibb('receive', '-o', Folder() / 'copy', '--from', 'any', '--json')
    here = server.account('alice').ibb('send', '--json', '/dev/zero', there.wait_ready())
    first = here.wait_event('progress', bytes=1)
    check('total' not in first, 'no total')
    check(here.wait_event('progress', bytes=first['bytes'] + 1)['rate'] > 0, 'rate')
    there.wait_event('progress', bytes=1)


@case('--from decides who comes in')
def _(server):
    alice, bob, carol = (server.account(name) for name in ('alice', 'bob', 'carol'))
    full = alice.options(resource='one')
    # What receives accepts; the senders in order: those refused, then who is let in.
    for accepts, refused, welcome in (
            ((), [(alice, None)], (bob, None)),
            (('any',), [], (carol, None)),
            ((alice.bare,), [(carol, None), (bob, None)], (alice, None)),
            ((alice.bare.upper(), carol.bare), [(bob, None)], (carol, None)),
            ((f'{alice.bare}/one',), [(alice, alice.options(resource='two'))], (alice, full)),
            ((f'{alice.bare}/ONE', f'{alice.bare}/one'), [], (alice, full))):
        folder = Folder()
        source = folder.make('original', 5000)
        there = bob.ibb('receive', '-o', folder / 'copy', *(word for jid in accepts for word in ('--from', jid)))
        jid = there.wait_ready()
        for account, options in refused:
            account.ibb('send', source, jid, account=options).expect_failure(jid)
            check(not os.path.exists(folder / 'copy'), 'no file of a stranger')
        account, options = welcome
        account.ibb('send', source, jid, account=options).expect_done()
        there.expect_done()
        check_equal(sha256(folder / 'copy'), sha256(source), f'SHA-256, --from {accepts}')
        check_equal(sum(line.startswith('Refused ') for line in there.lines), len(refused), 'refusals that were told')
        for account, _ in refused:
            there.wait_line(f'^Refused a session from “{account.bare}/.*--from {account.bare} would let it in$')
        check_equal(any('--from lets others in' in line for line in there.lines), not accepts,
                    f'the option was told, --from {accepts}')


@case('standard output is the default unless it is a terminal')
def _(server):
    there = server.account('bob').ibb('receive', '--from', 'any')
    here = server.account('alice').ibb('send', '-', there.wait_ready(), stdin=subprocess.PIPE)
    data = os.urandom(300000)
    here.stdin.write(data)
    here.stdin.close()
    here.expect_done()
    there.expect_done()
    check(there.output == data, 'the same bytes')


@case('cat and listen: a request, its end, then the response')
def _(server):
    there = server.account('bob').ibb('listen', '--from', 'any', stdin=subprocess.PIPE)
    here = server.account('alice').ibb('cat', there.wait_ready(), stdin=subprocess.PIPE)
    request, response = os.urandom(300000), os.urandom(700000)
    here.stdin.write(request)
    here.stdin.close()
    there.wait_for(lambda: there.output_ended, 'the end of the request')
    check(there.output == request, 'the request')
    there.stdin.write(response)
    there.stdin.close()
    here.expect_done()
    there.expect_done()
    check(here.output == response, 'the response')


@case('contacts see a command online only where messages may come to it')
def _(server):
    shown = []
    server.when('^<presence', lambda client, attributes: 'to' in attributes or shown.append(client.user), number=0)
    for stanza_type, users in (('iq', []), ('message', ['alice'])):
        transfer(server, 20000, send=('--stanza-type', stanza_type))
        check_equal(sorted(set(shown)), users, f'who is shown with {stanza_type}')


@case('demo compares the hashes')
def _():
    demo = Program(IBB, 'demo', '--size', '1M')
    demo.expect_done()
    hashes = re.findall(rb'[0-9a-f]{64}', demo.output)
    check_equal((len(hashes), len(set(hashes))), (2, 1), 'hashes')


if __name__ == '__main__':
    cases.main(FakeServer)
