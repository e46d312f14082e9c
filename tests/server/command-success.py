#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The work of the command ibb through a private server when all goes well."""

import os
import pty
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
from cases import case, check, check_equal
from command import IBB, Account, Folder, Program, Valve, read_terminal, sha256
from programs import make_accounts, make_program
from servers import make_server

MIB = 1 << 20


def transfer(server, size, send=(), receive=(), sender='alice', receiver='bob'):
    """A file of that size from one to the other; both commands, ended well."""
    folder = Folder()
    source = folder.make('original', size)
    there = Account(server, receiver).ibb('receive', '--output', folder / 'copy',
                                          '--from', f'{sender}@{server.domain}', *receive)
    jid = there.wait_ready()
    here = Account(server, sender).ibb('send', *send, source, jid)
    here.expect_done()
    there.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    check_equal(folder.names(), ['copy', 'original'], 'files')
    return here, there


@case('a file of 0 bytes arrives')
def _(server):
    transfer(server, 0)


@case('a file of 10 MiB arrives')
def _(server):
    transfer(server, 10 * MIB)


@case('a file arrives with direct TLS, and without TLS')
def _(server):
    for tls in ('direct', 'none'):
        folder = Folder()
        source = folder.make('original', 100000)
        bob = Account(server, 'bob')
        alice = Account(server, 'alice')
        there = bob.ibb('receive', '-o', folder / 'copy', '--from', 'any',
                        account=bob.options(tls=tls))
        here = alice.ibb('send', source, there.wait_ready(), account=alice.options(tls=tls))
        here.expect_done()
        there.expect_done()
        check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')


@case('--block-size, --sid and --window set the session')
def _(server):
    here, _there = transfer(server, 100000, send=('--block-size', '1000', '--sid', 'my-own',
                                                  '--window', '16K', '--json'),
                            receive=('--sid', 'my-own'))
    opened = here.wait_event('opened')
    check_equal(opened['block-size'], 1000, 'block size')
    check_equal(opened['sid'], 'my-own', 'sid')


@case('a file arrives in messages')
def _(server):
    here, _there = transfer(server, 200000, send=('--stanza-type', 'message', '--json'))
    check_equal(here.wait_event('opened')['stanza-type'], 'message', 'stanza type')


@case('--json prints the events of both ends')
def _(server):
    here, there = transfer(server, 3 * MIB, send=('--json',), receive=('--json',))
    check_equal([e['event'] for e in here.events() if e['event'] != 'progress'],
                ['opened', 'done'], 'events of send')
    check_equal([e['event'] for e in there.events() if e['event'] != 'progress'],
                ['ready', 'opened', 'done'], 'events of receive')
    check_equal(here.wait_event('opened')['peer'], there.wait_event('ready')['jid'], 'peer')
    check_equal(there.wait_event('opened')['peer'], here.wait_event('opened')['local'], 'local')
    for end in (here, there):
        done = end.wait_event('done')
        check_equal(done['bytes'], 3 * MIB, 'bytes')
        check(done['seconds'] > 0, 'seconds')


@case('an endless transfer has progress events')
def _(server):
    folder = Folder()
    there = Account(server, 'bob').ibb('receive', '-o', folder / 'copy', '--from', 'any', '--json')
    here = Account(server, 'alice').ibb('send', '--json', '/dev/zero', there.wait_ready())
    first = here.wait_event('progress', bytes=1)
    check('total' not in first, 'no total')
    later = here.wait_event('progress', bytes=first['bytes'] + 1)
    check(later['rate'] > 0, 'rate')
    there.wait_event('progress', bytes=1)


@case('--quiet prints only ready')
def _(server):
    here, there = transfer(server, 1000, send=('--quiet',), receive=('--quiet',))
    check_equal(here.lines, [], 'lines of send')
    check_equal(len(there.lines), 1, 'lines of receive')
    check_equal(here.output + there.output, b'', 'output')


@case('a bare PEER means its resource ibb')
def _(server):
    folder = Folder()
    source = folder.make('original', 1000)
    there = Account(server, 'bob').ibb('receive', '-o', folder / 'copy', '--from', 'any')
    check_equal(there.wait_ready(), f'bob@{server.domain}/ibb', 'address')
    Account(server, 'alice').ibb('send', source, f'bob@{server.domain}').expect_done()
    there.expect_done()


@case('--jid may have a resource')
def _(server):
    bob = Account(server, 'bob')
    folder = Folder()
    there = bob.ibb('receive', '-o', folder / 'copy', account=bob.options(resource='desk'))
    check_equal(there.wait_ready(), f'{bob.bare}/desk', 'address')
    bob.ibb('send', folder.make('original', 10), f'{bob.bare}/desk').expect_done()
    there.expect_done()


@case('--from decides who comes in')
def _(server):
    alice, bob, carol = (Account(server, name) for name in ('alice', 'bob', 'carol'))
    full = [*alice.options(resource='one')]
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
        arguments = [word for jid in accepts for word in ('--from', jid)]
        there = bob.ibb('receive', '-o', folder / 'copy', *arguments)
        jid = there.wait_ready()
        for account, options in refused:
            here = account.ibb('send', source, jid, account=options)
            here.expect_failure(jid)
            check(not os.path.exists(folder / 'copy'), 'no file of a stranger')
        account, options = welcome
        account.ibb('send', source, jid, account=options).expect_done()
        there.expect_done()
        check_equal(sha256(folder / 'copy'), sha256(source), f'SHA-256, --from {accepts}')
        check_equal(sum(line.startswith('Refused ') for line in there.lines), len(refused),
                    'refusals that were told')
        for account, options in refused:
            there.wait_line(f'^Refused a session from “{account.bare}/.*--from {account.bare} would let it in$')
        check_equal(any('--from lets others in' in line for line in there.lines), not accepts,
                    f'the option was told, --from {accepts}')


@case('standard input goes to standard output')
def _(server):
    there = Account(server, 'bob').ibb('receive', '--output', '-', '--from', 'any')
    here = Account(server, 'alice').ibb('send', '-', there.wait_ready(), stdin=subprocess.PIPE)
    data = os.urandom(300000)
    here.stdin.write(data)
    here.stdin.close()
    here.expect_done()
    there.expect_done()
    check(there.output == data, 'the same bytes')


@case('standard output is the default unless it is a terminal')
def _(server):
    there = Account(server, 'bob').ibb('receive', '--from', 'any')
    here = Account(server, 'alice').ibb('send', '-', there.wait_ready(), stdin=subprocess.PIPE)
    here.stdin.write(b'abc')
    here.stdin.close()
    here.expect_done()
    there.expect_done()
    check_equal(there.output, b'abc', 'output')


@case('a file that exists is replaced, and keeps its permissions')
def _(server):
    folder = Folder()
    source = folder.make('original', 1000)
    folder.make('copy', 5000)
    os.chmod(folder / 'copy', 0o640)
    os.symlink('copy', folder / 'link')
    there = Account(server, 'bob').ibb('receive', '-o', folder / 'link', '--from', 'any')
    Account(server, 'alice').ibb('send', source, there.wait_ready()).expect_done()
    there.expect_done()
    check(os.path.islink(folder / 'link'), 'the link is one still')
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    check_equal(os.stat(folder / 'copy').st_mode & 0o777, 0o640, 'permissions')


@case('cat and listen: a request, its end, then the response')
def _(server):
    there = Account(server, 'bob').ibb('listen', '--from', 'any', stdin=subprocess.PIPE)
    here = Account(server, 'alice').ibb('cat', there.wait_ready(), stdin=subprocess.PIPE)
    request = os.urandom(300000)
    response = os.urandom(700000)
    here.stdin.write(request)
    here.stdin.close()
    there.wait_for(lambda: there.output_ended, 'the end of the request')
    check(there.output == request, 'the request')
    there.stdin.write(response)
    there.stdin.close()
    here.expect_done()
    there.expect_done()
    check(here.output == response, 'the response')


CLOSES = """
import gi
gi.require_version('IBB', '1.0')
from gi.repository import IBB

with IBB.Client.new_from_account('answer') as client:
    service = IBB.Service.new(client)
    service.props.session_limit = 1
    print('ready', flush=True)
    with service.accept() as transport:
        transport.get_output_stream().write_all(b'hello')
"""


@case('cat ends when the peer has closed the session, although its input goes on')
def _(server):
    folder = Folder()
    bob = Account(server, 'bob')
    environment = make_accounts(folder, {'answer': (bob, '/answer')})
    there = Program(*make_program(folder, 'closes', 'python', CLOSES), env=environment)
    there.wait_for(lambda: there.output, 'the end that closes')
    here = Account(server, 'alice').ibb('cat', f'{bob.bare}/answer', stdin=subprocess.PIPE)
    here.expect_done()
    check_equal(here.output, b'hello', 'the output')
    check_equal(there.finish(), 0, 'the end that closes')


@case('the password may come from a file')
def _(server):
    folder = Folder()
    bob = Account(server, 'bob')
    with open(folder / 'password', 'w', encoding='utf-8') as file:
        file.write(bob.password + '\nnot this\n')
    there = bob.ibb('receive', '-o', folder / 'copy', '--password-file', folder / 'password',
                    env={'IBB_PASSWORD': 'wrong'})
    bob.ibb('send', folder.make('original', 10), there.wait_ready()).expect_done()
    there.expect_done()


@case('a password is typed on a terminal, and not shown')
def _(server):
    folder = Folder()
    bob = Account(server, 'bob')
    there = bob.ibb('receive', '-o', folder / 'copy')
    jid = there.wait_ready()
    source = folder.make('original', 10)
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ.pop('IBB_PASSWORD', None)
        os.environ['LC_ALL'] = 'C.UTF-8'
        os.execv(IBB, [IBB, 'send', *bob.options(), source, jid])
    shown = b''
    while not shown.endswith(b': '):
        shown += os.read(terminal, 1000)
    check(b'Password of ' + bob.bare.encode() in shown, f'the question: {shown!r}')
    os.write(terminal, bob.password.encode() + b'\n')
    shown += read_terminal(terminal)
    _, status = os.waitpid(pid, 0)
    check_equal(status, 0, f'status ({shown!r})')
    check(bob.password.encode() not in shown, 'the password is not shown')
    there.expect_done()


@case('a terminal shows a progress bar')
def _(server):
    folder = Folder()
    source = folder.make('original', 8 * MIB)
    valve = Valve(Account(server, 'bob'))
    status, shown = Account(server, 'alice').ibb_on_terminal(
        'send', source, valve.receiver.wait_ready(), valve=valve, until=b' left')
    check_equal(status, 0, 'status')
    valve.receiver.expect_done()
    valve.join()
    check_equal(valve.n_bytes, 8 * MIB, 'bytes')
    check(re.search(rb'original +\d+ % \[#*\.*\]  [\d.]+ .?i?B of 8.0.MiB  [\d.]+.*/s', shown.replace(
        b'\xc2\xa0', b' ')), f'a bar: {shown[:500]!r}')
    check(b' left' in shown, 'what is left')


@case('peak memory stays below 40 MiB', timeout=600)
def _(server):
    here, there = transfer(server, 44 * MIB)
    for end in (here, there):
        check(end.usage.ru_maxrss < 40 * 1024, f'{end.name}: {end.usage.ru_maxrss} KiB')
        print(f'# {end.name}: peak {end.usage.ru_maxrss / 1024:.1f} MiB, processor '
              f'{(end.usage.ru_utime + end.usage.ru_stime) * 16:.1f} s/GiB')


@case('demo compares the hashes')
def _():
    demo = Program(IBB, 'demo', '--size', '1M', env={'LC_ALL': 'C.UTF-8'})
    demo.expect_done()
    hashes = re.findall(rb'[0-9a-f]{64}', demo.output)
    check_equal(len(hashes), 2, 'hashes')
    check_equal(hashes[0], hashes[1], 'hashes')


@case('bench measures on the loopback')
def _():
    bench = Program(IBB, 'bench', '--size', '2M', '--json', env={'LC_ALL': 'C.UTF-8'})
    bench.expect_done()
    done = bench.wait_event('done')
    check_equal(done['bytes'], 2 * MIB, 'bytes')
    for name in ('goodput-mib-per-second', 'round-trip-ms', 'peak-rss-mib'):
        check(done[name] > 0, name)
    table = Program(IBB, 'bench', '--size', '1M', env={'LC_ALL': 'C.UTF-8'})
    table.expect_done()
    check(b'MiB/s' in table.output and b's/GiB' in table.output, 'a table')


@case('--help and --version print')
def _():
    for arguments in (('--help',), ('--version',), *((name, '--help') for name in (
            'send', 'receive', 'cat', 'listen', 'demo', 'bench'))):
        program = Program(IBB, *arguments, env={'LC_ALL': 'C.UTF-8'})
        program.expect_done()
        check_equal(program.lines, [], 'nothing on standard error')
        check(b'ibb' in program.output, 'the name')


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
