#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private ejabberd for tests: Debian's stock configuration, other ports and paths.

    tests/lib/ejabberd.py [OPTION...] -- COMMAND...

starts a server on free ports of the loopback interface, runs the command with
the variables of tests/lib/private_server.py, passes its exit code on and removes
every trace of the server, also when this program is killed. In Python:

    with ejabberd.Ejabberd(shaper=False) as server:
        subprocess.run(command, env={**os.environ, **server.environment})

The server takes about four seconds to start. The configuration is the file from
which Debian's package makes /etc/ejabberd/ejabberd.yml, without the ports that are
not XMPP's (HTTP, MQTT, STUN, other servers). IBB_TEST_PORT requires TLS, as there;
IBB_TEST_PLAIN_PORT has none. It is one Erlang node without a name: it needs neither
epmd nor a cookie, and nothing of the system's ejabberd.
"""

import argparse
import glob
import os
import re

from private_server import (ACCOUNTS, ANONYMOUS_DOMAIN, COMPONENT_DOMAIN, DOMAIN, UNICODE_DOMAIN, WRONG_DOMAIN,
                            PrivateServer, run_beside)

STOCK_CONFIGURATION = '/usr/share/ejabberd/ejabberd.yml.example'


def erlang(text):
    """A string as an Erlang binary."""
    return '<<' + ','.join(str(byte) for byte in text.encode()) + '>>'


def find_library():
    """The folder of the installed ejabberd, such as …/ejabberd-23.01."""
    libraries = glob.glob('/usr/lib/*/ejabberd-*/ebin/ejabberd.app')
    if not libraries:
        raise RuntimeError('not installed, see tests/lib/packages.sh: ejabberd')
    return os.path.dirname(os.path.dirname(libraries[0]))


def is_old():
    """Whether it is that of Debian 12."""
    return '/ejabberd-23.' in find_library()


def replace_block(text, key, block):
    """Replaces a key at the top of a YAML file, with all below it."""
    result, n = re.subn(rf'^{key}:.*\n(?:[ #].*\n|\n)*', block + '\n', text, flags=re.MULTILINE)
    if n != 1:
        raise RuntimeError(f'{STOCK_CONFIGURATION}: {n} times “{key}”')
    return result


class Ejabberd(PrivateServer):
    """A running ejabberd.

    shaper: FALSE: without Debian's limit of 3 kB/s per client
    password_format: 'scram', as Debian has it, or 'plain': then the server knows the
      passwords, and offers SCRAM with each hash
    scram_hash: 'sha', as it is by default, 'sha256' or 'sha512'
    max_stanza_size: bytes, 0 for Debian's (256 KiB)
    resumes: FALSE: without stream management (XEP-0198)
    protocol_options: what is said to OpenSSL in place of Debian's options
    client_certificates, domain, federation: see PrivateServer
    websocket: XMPP over WebSocket is offered, too
    shared_domains: domains that several components share, each with how ejabberd deals out what is sent to
      it (domain_balancing): {domain: (type, number of components)}
    change (text): makes another configuration of the one that this class writes
    """

    name = 'ejabberd'
    programs = ('erl',)

    def __init__(self, shaper=True, password_format='scram', scram_hash='sha', max_stanza_size=0,
                 resumes=True, protocol_options=(), websocket=False, shared_domains=None,
                 change=lambda text: text, **options):
        super().__init__(**options)
        self.shaper = shaper
        self.password_format = password_format
        self.scram_hash = scram_hash
        self.max_stanza_size = max_stanza_size
        self.resumes = resumes
        self.protocol_options = tuple(protocol_options)
        if websocket:
            self.websocket_path = '/ws'
        self.shared_domains = shared_domains or {}
        self.change = change

    # Files

    def _listeners(self, stock):
        """The stock ones, moved, and one more without TLS."""
        entries = re.findall(r'^  -\n(?:    .*\n)+', stock, flags=re.MULTILINE)
        found = {}
        for entry in entries:
            if 'module: ejabberd_s2s_in' in entry:
                servers = re.sub(r'port: \d+', f'port: {self.s2s_port}', entry)
                servers = re.sub(r'ip: .*', f'ip: "{self.address}"', servers)
            if 'module: ejabberd_c2s' not in entry:
                continue
            direct = '    tls: true\n' in entry
            port = self.direct_tls_port if direct else self.port
            entry = re.sub(r'port: \d+', f'port: {port}', entry)
            entry = re.sub(r'ip: .*', f'ip: "{self.address}"', entry)
            if self.max_stanza_size:
                entry = re.sub(r'max_stanza_size: \d+', f'max_stanza_size: {self.max_stanza_size}',
                               entry)
            if not self.shaper:
                entry = entry.replace('    shaper: c2s_shaper\n', '')
            if self.client_certificates:
                entry += f'    tls_verify: true\n    cafile: "{self._path("authority.crt")}"\n'
            found[direct] = entry
        if set(found) != {False, True}:
            raise RuntimeError(f'{STOCK_CONFIGURATION}: unknown listeners')
        plain = (f'  -\n    port: {self.plain_port}\n    ip: "{self.address}"\n'
                 '    module: ejabberd_c2s\n    access: c2s\n')
        if self.shaper:
            plain += '    shaper: c2s_shaper\n'
        # Without global_routes: false a component of one domain gets what is sent to the others as well.
        component = (f'  -\n    port: {self.component_port}\n    ip: "{self.address}"\n'
                     '    module: ejabberd_service\n    access: all\n    global_routes: false\n    hosts:\n')
        for domain in (COMPONENT_DOMAIN, *self.shared_domains):
            component += f'      "{domain}":\n        password: "{self.component_secret}"\n'
        websocket = ''
        if self.websocket_path:
            websocket = (f'  -\n    port: {self.websocket_port}\n    ip: "{self.address}"\n'
                         '    module: ejabberd_http\n    tls: true\n    request_handlers:\n'
                         f'      {self.websocket_path}: ejabberd_http_ws\n')
            # 24.12 refuses SCRAM there without it (doc/upstream.md), 23.01 does not know it.
            if not is_old():
                websocket += '    allow_unencrypted_sasl2: true\n'
        if not self.federation:
            servers = ''
        return 'listen:\n' + found[False] + found[True] + plain + component + websocket + servers

    def _write_configuration(self):
        with open(STOCK_CONFIGURATION, encoding='utf-8') as file:
            text = file.read()
        text = replace_block(text, 'hosts', 'hosts:\n' + ''.join(
            f'  - {domain}\n' for domain in (self.domain, WRONG_DOMAIN, UNICODE_DOMAIN, ANONYMOUS_DOMAIN)))
        text = replace_block(text, 'certfiles', f'certfiles:\n  - "{self._path("server.pem")}"\n')
        text = replace_block(text, 'auth_password_format',
                             f'auth_password_format: {self.password_format}')
        text = replace_block(text, 'listen', self._listeners(text))
        if not self.shaper:
            text = text.replace('s2s_shaper: fast', 's2s_shaper: none')
        if not self.resumes:
            text = re.sub(r'  mod_stream_mgmt:\n(?:    .*\n)*', '', text)
        if self.protocol_options:
            text = re.sub(r"(  'TLS_OPTIONS':\n)(?:    - .*\n)+", r'\1' + ''.join(
                f'    - "{option}"\n' for option in self.protocol_options), text)
        # What the stock configuration does not say: it must not ask Let's Encrypt.
        text += (f'\nauth_scram_hash: {self.scram_hash}\nacme:\n  auto: false\n'
                 f'host_config:\n  {ANONYMOUS_DOMAIN}:\n    auth_method: anonymous\n'
                 '    anonymous_protocol: sasl_anon\n')
        if self.shared_domains:
            text += 'domain_balancing:\n' + ''.join(
                f'  {domain}:\n    type: {kind}\n    component_number: {number}\n'
                for domain, (kind, number) in self.shared_domains.items())
        if self.federation:
            text += f's2s_cafile: "{self._path("authority.crt")}"\n'
            # By default it may answer for up to five minutes that the other one is not there.
            text += 's2s_max_retry_delay: 3\n'
            # Without it a certificate decides.
            text = text.replace('  mod_s2s_dialback: {}\n', '')
        with open(self._path('ejabberd.yml'), 'w', encoding='utf-8') as file:
            file.write(self.change(text))

    # Life

    def _emulator_environment(self):
        """The environment without variables for the Erlang of the system."""
        environment = {name: value for name, value in os.environ.items()
                       if not name.startswith(('ERL_', 'EJABBERD_'))}
        return {**environment, 'HOME': self._path('home'), 'ERL_CRASH_DUMP_BYTES': '0'}

    def _emulator_options(self):
        """More arguments of erl."""
        if not self.federation:
            return ()
        return ('-eval', 'inet_db:set_lookup([dns]), '
                f'inet_db:ins_alt_ns({{127,0,0,1}}, {self.federation.name_server_port}).')

    def _launch(self):
        accounts = ''.join(
            f'case ejabberd_auth:try_register({erlang(name)}, {erlang(domain)}, '
            f'{erlang(self.passwords[name])}) of ok -> ok; {{error, exists}} -> ok end, '
            for domain in (self.domain, WRONG_DOMAIN, UNICODE_DOMAIN) for name in ACCOUNTS)
        if os.path.exists(self._path('ready')):
            os.remove(self._path('ready'))  # it starts again
        os.makedirs(self._path('home'), exist_ok=True)
        environment = self._emulator_environment()
        environment.update({
            'ERL_LIBS': os.path.dirname(find_library()),
            'EJABBERD_CONFIG_PATH': self._path('ejabberd.yml'),
            'EJABBERD_LOG_PATH': self.log_file,
            'EJABBERD_PID_PATH': self._path('ejabberd.pid'),
        })
        # One scheduler thread: a machine runs several of these at once.
        self._spawn(('erl', '-noinput', '+S', '1', '+SDio', '1', '+sbwt', 'none', '+K', 'true',
                     '-mnesia', 'dir', f'"{self._path("spool")}"',
                     '-ejabberd', 'log_rotate_count', '0', *self._emulator_options(),
                     '-s', 'ejabberd',
                     '-eval', accounts + f'ok = file:write_file("{self._path("ready")}", "").'),
                    env=environment)

    def _answers(self):
        return os.path.exists(self._path('ready')) and self._opens_stream()


def main():
    parser = argparse.ArgumentParser(description='Runs a command beside a private ejabberd.',
                                     usage='%(prog)s [OPTION...] -- COMMAND...')
    parser.add_argument('--no-shaper', action='store_true', help='do not limit clients to 3 kB/s')
    parser.add_argument('--password-format', choices=('scram', 'plain'), default='scram')
    parser.add_argument('--scram-hash', choices=('sha', 'sha256', 'sha512'), default='sha')
    parser.add_argument('--max-stanza-size', type=int, default=0, metavar='BYTES')
    parser.add_argument('--protocol-options', default='', metavar='NAME,...',
                        help="for OpenSSL, in place of Debian's, such as no_tlsv1_3")
    parser.add_argument('--client-certificates', action='store_true',
                        help='ask for a certificate, and offer EXTERNAL to who has one')
    parser.add_argument('--websocket', action='store_true', help='offer XMPP over WebSocket, too')
    parser.add_argument('command', nargs='+')
    options = parser.parse_args()
    run_beside(Ejabberd(shaper=not options.no_shaper, password_format=options.password_format,
                        scram_hash=options.scram_hash, max_stanza_size=options.max_stanza_size,
                        protocol_options=[name for name in options.protocol_options.split(',')
                                          if name],
                        client_certificates=options.client_certificates, websocket=options.websocket),
               options.command)


if __name__ == '__main__':
    main()
