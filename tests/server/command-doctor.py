#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What “ibb doctor” finds between an account and a peer."""

import fcntl
import os
import pty
import random
import re
import shutil
import signal
import socket
import struct
import termios

import cases
import certificates
import ejabberd
import prosody
from cases import Skip, case, check, check_equal
from command import DOCTOR_STEPS, IBB, ROOT, Account, Folder, Program, Valve, read_terminal
from fake_xmpp import BIND, BOUND, HEADER, SASL, FakeServer
from forward_proxy import ForwardProxy


def examine(program, status):
    """The events of a run by their steps, each step once and in its order."""
    check_equal(program.finish(), status, f'status after {program.lines}')
    events = [event for event in program.events() if event['event'] == 'check']
    check_equal([event['step'] for event in events], DOCTOR_STEPS, 'steps')
    check_equal(any(event['verdict'] == 'fail' for event in events), status == 1, f'a failure: {events}')
    return {event['step']: event for event in events}


UNITS = {'bytes': 1, 'KiB': 1 << 10, 'MiB': 1 << 20, 'GiB': 1 << 30}


def judge(step, message):
    """The verdict on a step that went well. On a busy machine the figure of two of them can be a bad one."""
    if step == 'rate':
        figure, unit = re.search(r'([0-9.]+)\s(\w+)/s', message).groups()
        return 'ok' if float(figure) * UNITS[unit] >= UNITS['KiB'] * 100 else 'warn'
    if step == 'round-trip':
        return 'ok' if float(re.search('([0-9.]+) ms', message)[1]) <= 1000 else 'warn'
    return 'ok'


def check_verdicts(found, **wanted):
    for step, verdict in wanted.items():
        event = found[step.replace('_', '-')]
        if verdict == 'ok' and event['verdict'] == 'warn':
            verdict = judge(event['step'], event['message'])
        check_equal(event['verdict'], verdict, f'{step}: {found}')


@case('a good way is told step by step, in words and as JSON')
def _(server):
    there = Account(server, 'bob').ibb('receive', '-o', Folder() / 'copy', '--from', 'any')
    alice = Account(server, 'alice')
    jid = there.wait_ready()
    here = alice.ibb('doctor', jid)
    found = examine(alice.ibb('doctor', '--json', jid), 0)
    check_verdicts(found, **{step: 'ok' for step in DOCTOR_STEPS})
    for step, word in (('login', 'SCRAM-SHA-'), ('certificate', 'SHA-256'), ('rate', '/s'),
                       ('peer', 'takes sessions')):
        check(word in found[step]['message'], f'{step}: {found[step]}')
    here.expect_done()
    lines = [line for line in here.output.decode().splitlines() if not line.startswith(' ')]
    check_equal([line[:19].split() for line in lines],
                [[judge(step, line), step] for step, line in zip(DOCTOR_STEPS, lines)], 'lines')


@case('a wrong password is told, and what could not be tried')
def _(server):
    program = Account(server, 'alice').ibb('doctor', '--json', env={'IBB_PASSWORD': 'wrong'})
    found = examine(program, 1)
    check_verdicts(found, dns='ok', connection='ok', certificate='ok', login='fail', rate='skip', peer='skip')
    check('--jid' in found['login']['advice'], found)


@case('without a password all is told that needs none, and what the server asks for')
def _(server):
    alice, folder = Account(server, 'alice'), Folder()
    options = alice.options()
    os.makedirs(folder / 'ibb-glib')
    with open(folder / 'ibb-glib/accounts', 'w', encoding='utf-8') as file:
        file.write(f'[home]\njid={alice.bare}\nserver={server.host}:{server.port}\n'
                   f'ca-file={server.environment["IBB_TEST_CA_FILE"]}\n')
    environment = {'IBB_PASSWORD': '', 'XDG_CONFIG_HOME': folder.path, 'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nonexistent'}
    for account in (options, ('--account', 'home')):
        found = examine(alice.ibb('doctor', '--json', account=account, env=environment), 0)
        check_verdicts(found, dns='ok', connection='ok', certificate='ok', login='skip', resumption='skip', peer='skip')
        check('SCRAM-SHA-1' in found['login']['message'], found)
        check('--password-file' in found['login']['advice'], found)
    # A terminal's columns hold, also beside a fingerprint.
    terminal, end = pty.openpty()
    fcntl.ioctl(end, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
    alice.ibb('doctor', account=options, env=environment, stdout=end)
    os.close(end)
    lines = read_terminal(terminal).decode().splitlines()
    check(all(len(line) <= 79 and re.match('(ok|skip) | {19}', line) for line in lines), lines)
    check(any(re.search('^ {19}[0-9A-F:]{59}:$', line) for line in lines), lines)
    # Nor does the reason of a failure.
    found = examine(alice.ibb('doctor', '--json', account=alice.options(ca='IBB_TEST_OTHER_CA_FILE'), env=environment), 1)
    check_verdicts(found, connection='ok', certificate='fail', login='skip')


@case('an unknown host, and a closed port are told; the port without one is that of the kind of TLS')
def _():
    def start(*account):
        return examine(Program(IBB, 'doctor', '--json', *account, env={'IBB_PASSWORD': 'x'}), 1)

    check_verdicts(start('--jid', 'alice@host.invalid'), dns='fail', connection='skip', login='skip', peer='skip')
    for tls, port in (('direct', 5223), ('starttls', 5222)):
        found = start('--jid', 'alice@localhost', '--server', '127.99.99.99', '--tls', tls)
        check_verdicts(found, dns='ok', connection='fail', login='skip')
        check(f'port {port} ' in found['connection']['message'], found)


@case('a login whose connection ends at once is told as it was')
def _():
    server = FakeServer()

    def let_in(client, attributes):
        client.send(BOUND.format(id=attributes['id'], jid='alice@localhost/r'))
        client.close()
        return True

    server.when('xmpp-bind', let_in)
    found = examine(server.account('alice').ibb('doctor', '--json'), 1)
    check_verdicts(found, connection='ok', certificate='warn', round_trip='fail', rate='fail')
    # The client may notice the end before the doctor looks at the login, or after it.
    login = found['login']['message'], found['login']['verdict']
    check(login in (('as alice@localhost; the connection was lost at once', 'ok'),
                    ('as alice@localhost/r by PLAIN, not bound to the TLS channel', 'warn')), f'login: {login}')


@case('a login that fails for another reason than the password has an advice')
def _():
    for pattern, answer, message, advice in (
            ('<stream:stream>', lambda client: client.end('host-unknown'), 'localhost', '--server'),
            ('<auth', lambda client: client.send(SASL.format('failure').replace('/>', '><temporary-auth-failure/></failure>')),
             'temporary-auth-failure', 'its log'),
            ('<stream:stream>', lambda client: client.send('<html></html>'), 'XMPP', '--server')):
        server = FakeServer()
        server.when(pattern, lambda client, _attributes, answer=answer: answer(client) or True)
        found = examine(server.account('alice').ibb('doctor', '--json'), 1)
        check_verdicts(found, connection='ok', login='fail')
        check(message in found['login']['message'] and advice in found['login'].get('advice', ''), found['login'])


@case('a certificate that is not trusted is told, with its fingerprint')
def _(server):
    alice = Account(server, 'alice')
    program = alice.ibb('doctor', '--json', account=alice.options(ca='IBB_TEST_OTHER_CA_FILE'))
    found = examine(program, 1)
    check_verdicts(found, connection='ok', certificate='fail', login='skip', rate='skip')
    check('--ca-file' in found['certificate']['advice'] and 'renew' not in found['certificate']['advice'], found)
    fingerprint = re.search('SHA-256 ([0-9A-F:]+)', found['certificate']['message'])[1]
    program = alice.ibb('doctor', '--json', '--fingerprint', fingerprint,
                        account=alice.options(ca='IBB_TEST_OTHER_CA_FILE'))
    found = examine(program, 0)
    check_verdicts(found, certificate='ok', login='ok', rate='ok')
    check(fingerprint in found['certificate']['message'], found)


@case('a certificate that has expired is told, and one that ends soon')
def _():
    usual = certificates.make_signed
    cases.defer(lambda: setattr(certificates, 'make_signed', usual))
    certificates.make_signed = lambda *arguments, **options: usual(*arguments, days=days, **options)
    for days, status, verdict in (('-1', 1, 'fail'), ('5', 0, 'warn')):
        with prosody.Prosody() as server:
            found = examine(Account(server, 'alice').ibb('doctor', '--json'), status)
            check_verdicts(found, certificate=verdict, login='skip' if status else 'ok')
            check(('expired' if status else 'valid until') in found['certificate']['message'], found)
            check(('renew' if status else 'ends soon') in found['certificate']['advice'], found)
            if status:
                check('--ca-file' not in found['certificate']['advice'], found)
                alice = Account(server, 'alice')
                line = alice.ibb('cat', alice.bare).expect_failure('has expired', '--fingerprint')
                check('--ca-file' not in line, line)
                fingerprint = re.search('SHA-256 ([0-9A-F:]+)', line)[1]
                found = examine(alice.ibb('doctor', '--json', '--fingerprint', fingerprint), 0)
                check_verdicts(found, certificate='warn', login='ok')
                check('has expired' in found['certificate']['advice'], found)


@case('a server that offers neither TLS nor a login is told')
def _():
    with prosody.Prosody(require_encryption=True) as server:
        found = examine(Account(server, 'alice', prosody.NO_TLS_DOMAIN).ibb('doctor', '--json'), 1)
        check_verdicts(found, connection='ok', login='fail')
        check('its log' in found['login']['advice'], found)


@case('where a proxy or a WebSocket leads to the server, DNS counts for nothing')
def _():
    with prosody.Prosody(modules=('smacks', 'websocket')) as server:
        alice = Account(server, 'alice')
        proxy = ForwardProxy({'xmpp.invalid': server.host})
        accounts = ([*alice.options(host='xmpp.invalid'), '--proxy', f'socks5://{cases.LOOPBACK}:{proxy.port}'],
                    [*alice.options(host='xmpp.invalid'), '--websocket', server.environment['IBB_TEST_WEBSOCKET_URI']])
        no_proxy, *running = [alice.ibb('doctor', '--json', *arguments, account=account) for account, arguments in (
            (None, ('--proxy', 'none')), *((account, ()) for account in accounts))]
        for account, program in zip(accounts, running):
            found = examine(program, 0)
            check_verdicts(found, dns='ok', connection='ok', certificate='ok', login='ok', resumption='ok',
                           rate='ok')
            way = (f'by the proxy “socks5://{cases.LOOPBACK}:{proxy.port}”', f'{cases.HOST}:{proxy.port}')
            if '--websocket' in account:
                way = (server.host, server.environment['IBB_TEST_WEBSOCKET_URI'])
            for step, word in zip(('dns', 'connection'), way):
                check(word in found[step]['message'], found)
        check_equal(proxy.asked, [('xmpp.invalid', server.port)] * 2, 'asked for')
        check_verdicts(examine(no_proxy, 0), dns='ok', connection='ok', login='ok')


def doctor_with_dns(account, *records):
    """A doctor for whom only a name server of its own exists, which has these records (of dnsmasq)."""
    if os.geteuid() != 0 or not shutil.which('dnsmasq'):
        raise Skip('root and dnsmasq make a name server')
    cases.need_ipv4()  # as each name server has an address of its own
    folder = Folder()
    address = f'127.{random.randrange(1, 255)}.{random.randrange(1, 255)}.53'
    with open(folder / 'resolv.conf', 'w', encoding='ascii') as file:
        file.write(f'nameserver {address}\n')
    name_server = Program('dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts',
                          '--user=root', '--pid-file=', f'--listen-address={address}', '--bind-interfaces',
                          '--local=/localhost/', *(f'--srv-host={record}' for record in records))
    while True:
        try:
            socket.create_connection((address, 53)).close()
            break
        except ConnectionRefusedError:
            # It tells nobody that it listens. A look by process.poll () could take its end from the thread that waits for it.
            check(not name_server.has_ended(0.02), 'the name server runs')
    return Program('unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/resolv.conf && exec "$@"',
                   folder / 'resolv.conf', IBB, 'doctor', '--json', '--jid', account.bare, '--ca-file',
                   account.server.environment['IBB_TEST_CA_FILE'],
                   env={'IBB_PASSWORD': account.password})


@case('SRV records are told, and lead to the server; a wrong one does not')
def _(server):
    alice = Account(server, 'alice')
    port = server.environment['IBB_TEST_DIRECT_TLS_PORT']
    usual, wrong, direct, none = [doctor_with_dns(alice, record) for record in (
        f'_xmpp-client._tcp.localhost,localhost,{server.port}', '_xmpp-client._tcp.localhost,localhost,9',
        f'_xmpps-client._tcp.localhost,localhost,{port}', '_xmpp-client._tcp.localhost')]
    check_verdicts(examine(wrong, 1), dns='ok', connection='fail', login='skip')
    # The domain says that it has no such service.
    found = examine(none, 1)
    check_verdicts(found, dns='fail', connection='skip', login='skip')
    check('offers no “xmpp-client” service' in found['dns']['message'], found)
    for program, record in ((usual, f'localhost:{server.port} (xmpp-client)'), (direct, f'localhost:{port} (xmpps-client)')):
        found = examine(program, 0)
        check_verdicts(found, dns='ok', connection='ok', certificate='ok', login='ok', rate='ok')
        check_equal(found['dns']['message'], f'SRV records: {record}', 'records')
        check_equal('TLS from the first byte' in found['connection']['message'], program == direct, 'TLS')


@case('a peer that is online elsewhere is told, and one that is not online')
def _():
    alice = FakeServer().account('alice')
    there = alice.ibb('receive', '-o', Folder() / 'copy', '--show-online', account=alice.options(resource='desk'))
    there.wait_ready()
    # Beside another server: alice is shown online by her doctor, too.
    running = [alice.ibb('doctor', '--json', f'{alice.bare}/ibb'),
               FakeServer().account('alice').ibb('doctor', '--json', 'carol@localhost')]
    for program, message in zip(running, (f'{alice.bare} is online as /desk, not as /ibb',
                                          '“carol@localhost/ibb” is not online')):
        check_equal(examine(program, 1)['peer']['message'], message, 'message')


@case('a peer whose server cannot be reached is told as that')
def _():
    for condition in ('remote-server-not-found', 'remote-server-timeout'):
        server = FakeServer()
        server.when("to='carol@elsewhere.test", lambda client, attributes, condition=condition:
                    attributes.get('type') == 'get' and (client.refuse(attributes, condition) or True), number=0)
        found = examine(server.account('alice').ibb('doctor', '--json', 'carol@elsewhere.test'), 1)['peer']
        check_equal(found['message'], 'the server of “elsewhere.test” cannot be reached', 'message')
        check('domain' in found['advice'], found)


@case('a limit of stanzas is told, and a small one is a warning; three pings are measured')
def _():
    running, pings = {}, []
    for size in (16383, 16384):
        server, limits = FakeServer(), f"<limits xmlns='urn:xmpp:stream-limits:0'><max-bytes>{size}</max-bytes></limits>"
        server.when('<stream:stream>', lambda client, _, limits=limits:
                    client.user and (client.send(HEADER % (BIND + limits)) or True), number=0)
        # The library's have other names.
        server.when('<ping ', lambda _, ping: ping['id'].startswith('ibb-') and pings.append(ping), number=0)
        running[size] = server.account('alice').ibb('doctor', '--json')
    for size, program in running.items():
        found = examine(program, 0)
        check_verdicts(found, limits='warn' if size == 16383 else 'ok')
        check_equal(found['limits']['message'], f'the server takes stanzas of {size} bytes (XEP-0478)', 'message')
    check_equal(len(pings), 6, 'pings of two doctors')


@case('a session that only one of both programs has is a failure of the rate')
def _():
    server = FakeServer()

    def answer(client, request):
        """In place of the second program, which goes."""
        client.send(f"<iq type='result' id='{request['id']}' from='{request['to']}' to='{client.jid}'/>")
        server.clients[request['to']].close()
        return True

    server.when('<open ', answer)
    found = examine(server.account('alice').ibb('doctor', '--json'), 1)
    check_verdicts(found, round_trip='ok', rate='fail', peer='skip')


@case('no folder for the settings of a desktop is made where there is no session')
def _():
    home = Folder()
    environment = {'HOME': home.path, 'XDG_RUNTIME_DIR': '', 'XDG_CACHE_HOME': home / 'cache'}
    examine(FakeServer().account('alice').ibb('doctor', '--json', env=environment), 0)
    check_equal(os.listdir(home.path), [], 'made')


@case('a server that limits its clients is told, also to a sender, once; as is one that does not resume')
def _():
    with prosody.Prosody(limits=True) as server, ejabberd.Ejabberd() as other:
        alice = Account(server, 'alice')
        running = [alice.ibb('doctor', '--json'), Account(other, 'alice').ibb('doctor', '--json')]
        valve = Valve(Account(server, 'bob'))
        valve.open()
        here = alice.ibb('send', Folder().make('file', 600000), valve.receiver.wait_ready(), '--sid', 'one')
        carol = Account(server, 'carol').ibb('receive', '--output', Folder() / 'copy', '--from', 'any')
        there = alice.ibb('send', '--json', Folder().make('file', 600000), carol.wait_ready())
        here.wait_line('^Only about .*/s pass to .bob@localhost')
        here.stop(status=-signal.SIGTERM)
        check_equal(sum('Only about' in line for line in here.lines), 1, 'lines')
        check_equal(there.wait_event('throttled', rate=1)['peer'], 'carol@localhost/ibb', 'peer')
        there.stop(status=-signal.SIGTERM)
        for program, resumption in zip(running, ('warn', 'ok')):
            found = examine(program, 0)
            check_verdicts(found, rate='warn', peer='skip', resumption=resumption)
            check('limits clients' in found['rate']['advice'], found)


def page():
    with open(os.path.join(ROOT, 'doc', 'servers.md'), encoding='utf-8') as file:
        return file.read()


@case('the limits that the page on servers recommends are enough')
def _():
    rate = re.search(r'c2s = \{ rate = "(\w+/s)" \}', page()).group(1)
    block = re.search('```yaml\n(shaper:\n.*?)```', page(), re.DOTALL).group(1)
    with prosody.Prosody(limits=rate) as server, ejabberd.Ejabberd(
            change=lambda text: ejabberd.replace_block(text, 'shaper', block)) as other:
        for program in [Account(one, 'alice').ibb('doctor', '--json') for one in (server, other)]:
            check_verdicts(examine(program, 0), rate='ok')


if __name__ == '__main__':
    with prosody.Prosody(modules=('smacks',)) as running:
        cases.main(running)
