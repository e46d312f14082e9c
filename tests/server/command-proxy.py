#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command ibb behind a proxy, which alone knows the name of the server; and behind one that
refuses, is not there, or is no proxy."""

import time

import cases
from cases import case, check, check_equal
from command import Account, transfer
from forward_proxy import BadProxy, ForwardProxy
from private_server import free_ports
from prosody import Prosody

HOST = 'xmpp.invalid'  # no other resolver knows it
SCHEMES = 'socks5', 'socks4a', 'http'


@case('a file arrives by SOCKS5, SOCKS4a and HTTP: the proxy looks up the name, and breaks once')
def _(server):
    for scheme in SCHEMES:
        proxy = ForwardProxy({HOST: server.host}, cut_at=[100000])
        uri = f'{scheme}://jo:a%40b@{cases.LOOPBACK}:{proxy.port}'
        transfer(server, 200000, account=[*Account(server, 'alice').options(host=HOST), '--proxy', uri])
        check_equal(proxy.asked, [(HOST, server.port)] * 2, 'asked for')
        check_equal(proxy.logins, [('jo', 'a@b')] * 2 if scheme != 'socks4a' else [], 'logins')
        check(proxy.passed > 200000, 'bytes by the proxy')


@case('direct TLS and a WebSocket go through a proxy')
def _(server):
    alice = Account(server, 'alice')
    direct = alice.options(tls='direct', host=HOST)
    web = [*alice.options(), '--websocket', server.environment['IBB_TEST_WEBSOCKET_URI']]
    tls = HOST, int(server.environment['IBB_TEST_DIRECT_TLS_PORT'])
    for account, asked in ((direct, tls), (web, ('localhost', server.websocket_port))):
        proxy = ForwardProxy({'localhost': server.host, HOST: server.host})
        transfer(server, 10000, account=[*account, '--proxy', f'socks5://{cases.LOOPBACK}:{proxy.port}'])
        check_equal(proxy.asked, [asked], 'asked for')


@case('the environment names the proxy, and --proxy none uses none')
def _(server):
    proxy = ForwardProxy({HOST: server.host})
    alice = Account(server, 'alice')
    environment = {'GIO_USE_PROXY_RESOLVER': 'libproxy', 'no_proxy': '',
                   'http_proxy': f'socks5://jo:secret@{cases.LOOPBACK}:{proxy.port}'}
    transfer(server, 10000, account=alice.options(host=HOST), env=environment)
    check_equal(proxy.logins, [('jo', 'secret')], 'logins')
    for none in ('none', 'direct://'):
        transfer(server, 10000, account=[*alice.options(), '--proxy', none], env=environment)
    check_equal(len(proxy.asked), 1, 'requests')


@case('a proxy that is not there, or does not find the server: the error names it without its password')
def _(server):
    cases.need_ipv4()  # by its name the proxy could not be told from the server
    alice = Account(server, 'alice')
    port, = free_ports(1)
    web = [*alice.options(), '--websocket', 'always']
    for scheme in SCHEMES:
        for account in (alice.options(host=HOST), web):
            uri = f'{scheme}://jo:secret@{cases.LOOPBACK}:{port}'
            here = alice.ibb('cat', 'bob@localhost', account=[*account, '--proxy', uri])
            line = here.expect_failure(f'The proxy “{scheme}://{cases.LOOPBACK}:{port}” cannot be reached')
            check('secret' not in line, 'no password')
        proxy = ForwardProxy({})
        uri = f'{scheme}://{cases.LOOPBACK}:{proxy.port}'
        here = alice.ibb('cat', 'bob@localhost', account=[*alice.options(host=HOST), '--proxy', uri])
        here.expect_failure(f'“{uri}”', 'server of “localhost”')


# What it answers, and whether it closes the connection then.
BAD = {
    'closes': (b'', True),
    'garbage': (bytes(range(200, 240)) + b'\r\n\r\n', False),
    'says nothing': (b'', False),
    'stops in the middle': (b'\5', False),
}


@case('a program that is no proxy: the error names it, within the time of a connection')
def _(server):
    cases.need_ipv4()
    alice = Account(server, 'alice')
    running = []
    begin = time.monotonic()
    for answer, closes in BAD.values():
        for scheme in SCHEMES:
            proxy = BadProxy(answer, closes)
            uri = f'{scheme}://{cases.LOOPBACK}:{proxy.port}'
            account = [*alice.options(host=HOST), '--proxy', uri]
            running.append((uri, alice.ibb('cat', 'bob@localhost', account=account)))
    for uri, here in running:
        here.expect_failure(f'The proxy “{uri}” does not connect to the server of “localhost”')
    print(f'# {time.monotonic() - begin:.1f} s')


if __name__ == '__main__':
    with Prosody(modules=('smacks', 'websocket')) as private:
        cases.main(private)
