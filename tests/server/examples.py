#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The examples: each language sends to the next one, and talks to itself."""

import hashlib
import os
import shutil
import signal
import subprocess
from functools import partial

import certificates
import cases
from cases import Skip, case, check, check_equal
from command import ROOT, Account, Folder, Program, sha256
from servers import make_server

BUILD = os.environ['IBB_TEST_BUILD_ROOT']
LANGUAGES = ('c', 'py', 'js', 'vala')
SOUP = 'Soup-3.0' in subprocess.run(
    ('/usr/bin/python3', '-c', 'import gi; gi.require_version("Soup", "3.0"); print("Soup-3.0")'),
    check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout


def example(name, language):
    """The command that runs one, or Skip."""
    if language in ('c', 'vala'):
        program = os.path.join(BUILD, 'examples', ('vala-' if language == 'vala' else 'example-') + name)
        if not os.path.exists(program):
            raise Skip('built without Vala')
        return (program,)
    if not os.path.exists(os.path.join(BUILD, 'ibb-glib', 'IBB-1.0.typelib')):
        raise Skip('built without introspection')
    program = os.path.join(ROOT, 'examples', f'{name}.{language}')
    if name in ('offer-file', 'take-files') and \
            not os.path.exists(os.path.join(BUILD, 'ibb-glib', 'files', 'IBBFiles-1.0.typelib')):
        raise Skip('built without files')
    if name.startswith(('echo', 'offer', 'take')) and language == 'py' and not os.environ.get('IBB_TEST_OVERRIDES'):
        raise Skip('built without the overrides')
    if name.startswith('http') and not SOUP:
        raise Skip('there is no libsoup 3 for Python')
    if language == 'js':
        if not shutil.which('gjs'):
            raise Skip('there is no gjs')
        return ('gjs', '-m', program)
    return ('/usr/bin/python3', program)


def start(server, account, command, *arguments, **options):
    environment = server.environment
    return Program(*command, account.bare, *arguments, **options, env={
        'IBB_PASSWORD': account.password,
        'LC_ALL': 'C.UTF-8',
        'IBB_SERVER': f'{server.host}:{server.port}',
        # As a person may write it: GIO takes absolute names only.
        'IBB_CA_FILE': os.path.relpath(environment['IBB_TEST_CA_FILE'], options.get('cwd'))})


def transfer(server, sender, receiver):
    """Names with a colon are no URIs. A stranger gets an error, and leaves no file."""
    send, receive = example('send-file', sender), example('receive-file', receiver)
    folder = Folder()
    source = folder.make('original:final', 700000)
    alice, bob, carol = (Account(server, name) for name in ('alice', 'bob', 'carol'))
    there = start(server, bob, receive, alice.bare, 'copy:final', cwd=folder.path)
    jid = there.wait_ready()
    stranger = start(server, carol, send, jid, 'original:final', cwd=folder.path)
    check_equal(stranger.finish(), 1, 'the stranger')
    check_equal(folder.names(), ['original:final'], 'files')
    here = start(server, alice, send, jid, 'original:final', cwd=folder.path)
    check_equal((here.finish(), here.lines), (0, []), 'the sender')
    check_equal((there.finish(), len(there.lines)), (0, 2), 'the receiver')
    check(carol.bare in there.lines[1], f'who is refused: {there.lines}')
    check_equal(here.output, b'sent 700000 bytes\n', 'what the sender says')
    check_equal(there.output, b'received 700000 bytes\n', 'what the receiver says')
    check_equal(sha256(folder / 'copy:final'), sha256(source), 'SHA-256')
    check_equal(folder.names(), ['copy:final', 'original:final'], 'files')


for index, language in enumerate(LANGUAGES):
    following = LANGUAGES[(index + 1) % len(LANGUAGES)]
    case(f'send-file in {language} to receive-file in {following}')(
        partial(transfer, sender=language, receiver=following))


def offer(server, sender, receiver):
    """A person takes one file, and refuses another."""
    send, take = example('offer-file', sender), example('take-files', receiver)
    here, there = Folder(), Folder()
    wanted, other = here.make('wanted: file', 700000), here.make('other', 1)
    alice, bob = Account(server, 'alice'), Account(server, 'bob')
    os.mkdir(there / 'in:box')
    taker = start(server, bob, take, 'in:box', stdin=subprocess.PIPE, cwd=there.path)
    jid = taker.wait_ready()
    for path, size, word in ((wanted, 700000, b'y'), (other, 1, b'n')):
        offerer = start(server, alice, send, jid, os.path.basename(path), cwd=here.path)
        question = f'Take “{os.path.basename(path)}” ({size} bytes) from {alice.bare}/'
        taker.wait_for(lambda: question in taker.output.decode(), 'the question')
        taker.process.stdin.write(word + b'\n')
        taker.process.stdin.flush()
        check_equal(offerer.finish(), 0 if word == b'y' else 1, 'the sender')
        check_equal(offerer.output, b'wanted: file: delivered\n' if word == b'y' else b'', 'what the sender says')
    check('has refused the file' in offerer.lines[-1], f'{offerer.lines}')
    taker.wait_for(lambda: f'{there / "in:box/wanted: file"} is there' in taker.output.decode(), 'the file')
    os.kill(taker.pid, signal.SIGINT)
    check_equal((taker.finish(), len(taker.lines)), (0, 1), 'the receiver')
    check_equal(sha256(there / 'in:box/wanted: file'), sha256(wanted), 'SHA-256')
    check_equal(os.listdir(there / 'in:box'), ['wanted: file'], 'files')


for index, language in enumerate(LANGUAGES):
    following = LANGUAGES[(index + 1) % len(LANGUAGES)]
    case(f'offer-file in {language} to take-files in {following}')(
        partial(offer, sender=language, receiver=following))


@case('errors of the examples have their quotation marks')
def _():
    for name, *arguments in (('send-file', os.devnull), ('offer-file', os.devnull), ('receive-file', Folder() / 'file'), ('tls-question', 'a', 'b'),
                             ('dbus-greeting',)):
        for language in LANGUAGES:
            source = f'{name}.{language}'
            if os.path.exists(os.path.join(ROOT, 'examples', source)):
                program = Program(*example(name, language), 'a@@b', 'c@d/e', *arguments,
                                  env={'IBB_PASSWORD': 'x'})
                check_equal(program.finish(), 1, f'status of {source}')
                check('“a@@b” is not a valid XMPP address' in program.lines[-1], f'{source}: {program.lines}')


def echo(server, service, client):
    """Many sessions at once, a stranger's, and the end by an interrupt."""
    serve, say = example('echo-service', service), example('echo-client', client)
    alice, bob, carol = (Account(server, name) for name in ('alice', 'bob', 'carol'))
    there = start(server, bob, serve, alice.bare)
    jid = there.wait_ready()
    lines = [f'{number} grüße' for number in range(200)] + ['x' * 100000]
    # As many at once as may ask at once (D-47).
    several = [start(server, alice, say, jid, *lines) for _ in range(4)]
    for here in several:
        check_equal((here.finish(), here.lines), (0, []), 'the client')
        check_equal(here.output.decode(), '\n'.join(lines) + '\n', 'what comes back')
    stranger = start(server, carol, say, jid, 'hello')
    check_equal((stranger.finish(), stranger.output), (1, b''), 'the stranger')
    # The client may end before the service has said what it echoed.
    there.wait_for(lambda: there.output.count(b'\n') >= 4, 'four times how much')
    os.kill(there.pid, signal.SIGINT)
    check_equal(there.finish(), 0, 'the service')
    check_equal(len(there.output.splitlines()), 4, 'what the service says')


for service, client in (('py', 'py'), ('py', 'js'), ('js', 'py'), ('js', 'js')):
    case(f'echo-service in {service}, echo-client in {client}')(
        partial(echo, service=service, client=client))


@case('echo-component and echo-client answer')
def component(server):
    """Each address of a component, but not the domain itself."""
    serve, say = example('echo-component', 'py'), example('echo-client', 'py')
    domain = server.environment['IBB_TEST_COMPONENT']
    there = Program(*serve, domain, env={
        'IBB_SECRET': server.component_secret,
        'LC_ALL': 'C.UTF-8',
        'IBB_SERVER': f'{server.host}:{server.component_port}'})
    check_equal(there.wait_ready(), domain, 'the domain')
    alice = Account(server, 'alice')
    for node in ('one', 'two'):
        here = start(server, alice, say, f'{node}@{domain}', 'grüße')
        check_equal((here.finish(), here.output.decode()), (0, 'grüße\n'), 'what comes back')
    refused = start(server, alice, say, domain, 'grüße')
    check_equal((refused.finish(), refused.output), (1, b''), 'the domain')
    there.wait_for(lambda: there.output.count(b'\n') >= 2, 'two that were served')
    os.kill(there.pid, signal.SIGINT)
    check_equal(there.finish(), 0, 'the component')


def ask_in_tls(server, asker, answerer):
    """Asks again with a certificate that the other end does not expect."""
    ask, answer = example('tls-question', asker), example('tls-question', answerer)
    alice, bob = Account(server, 'alice'), Account(server, 'bob')
    folder = Folder()
    for name in ('here', 'there', 'other'):
        certificates.make_alone(folder / name, name)
        certificates.join(folder / name)
    for own, expected in (('here', True), ('other', False)):
        there = start(server, bob, answer, alice.bare, folder / 'there.pem', folder / 'here.pem')
        jid = there.wait_ready()
        here = start(server, alice, ask, jid, folder / f'{own}.pem', folder / 'there.pem', 'hello')
        check_equal((here.finish(), there.finish()), (0, 0) if expected else (1, 1),
                    f'the ends ({here.lines}, {there.lines})')
        check_equal(here.output.decode(), f'{jid} says: HELLO\n' if expected else '', 'what is said')
        check_equal(b' asks: hello\n' in there.output, expected, 'what is asked')


for asker, answerer in (('c', 'py'), ('py', 'c')):
    case(f'tls-question in {asker} and {answerer}')(
        partial(ask_in_tls, asker=asker, answerer=answerer))


def call_by_dbus(server, caller, called):
    call, serve = example('dbus-greeting', caller), example('dbus-greeting', called)
    alice, bob, carol = (Account(server, name) for name in ('alice', 'bob', 'carol'))
    there = start(server, bob, serve, alice.bare)
    jid = there.wait_ready()
    stranger = start(server, carol, call, jid, 'stranger')
    check_equal((stranger.finish(), stranger.output), (1, b''), 'the stranger')
    here = start(server, alice, call, jid, 'World')
    check_equal((here.finish(), here.lines), (0, []), 'the caller')
    check(here.output.decode().startswith(f'Hello World, you are {alice.bare}/'), here.output)
    check_equal((there.finish(), len(there.lines)), (0, 1), 'the called')


for caller, called in (('c', 'py'), ('py', 'c')):
    case(f'dbus-greeting in {caller} and {called}')(
        partial(call_by_dbus, caller=caller, called=called))


@case('http-folder serves a folder')
def http_folder(server):
    cases.need_ipv4()
    program = example('http-folder', 'py')
    alice, bob, carol = (Account(server, name) for name in ('alice', 'bob', 'carol'))
    folder = Folder()
    os.mkdir(folder / 'site')
    small, large = folder.make('site/small', 1000), folder.make('site/large', 3000000)
    folder.make('secret', 1000)
    there = start(server, bob, program, alice.bare, 'serve', folder / 'site')
    jid = there.wait_ready()
    here = start(server, alice, program, jid, 'get', 'small', '/large', '/small')
    check_equal((here.finish(), here.lines), (0, []), 'the client')
    expected = b''.join(open(path, 'rb').read() for path in (small, large, small))
    check_equal(hashlib.sha256(here.output).digest(), hashlib.sha256(expected).digest(), 'SHA-256')
    for path in ('/nothing', '/../secret', '/%2e%2e/secret'):
        here = start(server, alice, program, jid, 'get', path)
        check_equal((here.finish(), here.output), (1, b''), path)
    stranger = start(server, carol, program, jid, 'get', '/small')
    check_equal((stranger.finish(), stranger.output), (1, b''), 'the stranger')
    os.kill(there.pid, signal.SIGINT)
    check_equal((there.finish(), len(there.lines)), (0, 1), 'the server')


def loopback(_server, language):
    program = Program(*example('loopback', language))
    check_equal((program.finish(), program.lines), (0, []), 'the end')
    check_equal(program.output.decode(), 'romeo hears: wherefore art thou romeo?\n'
                'juliet hears: call me but love\n', 'the talk')


for language in LANGUAGES:
    case(f'loopback in {language}')(partial(loopback, language=language))


@case('the Jingle example in Python transfers')
def jingle(_server):
    program = Program(*example('jingle', 'py'))
    check_equal((program.finish(), program.lines), (0, []), 'the end')
    check_equal(program.output.decode(), 'juliet has a session with 4096 bytes a block\n'
                'juliet hears: my bounty is as boundless as the sea\n', 'the talk')


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
