#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private Prosody for tests: own configuration, accounts and certificates.

    tests/lib/prosody.py [OPTION...] -- COMMAND...

starts a server on free ports of the loopback interface, runs the command with
the IBB_TEST_* variables below, passes its exit code on and removes every trace
of the server, also when this program is killed. In Python:

    with prosody.Prosody(limits=True) as server:
        subprocess.run(command, env={**os.environ, **server.environment})

The variables are those of tests/lib/private_server.py; here IBB_TEST_PORT and
IBB_TEST_PLAIN_PORT are one, unless --require-encryption, and there is

  IBB_TEST_NO_TLS_DOMAIN    the same accounts where STARTTLS is not offered
"""

import argparse
import os

from private_server import (ANONYMOUS_DOMAIN, COMPONENT_DOMAIN, DOMAIN,  # noqa: F401
                            UNICODE_DOMAIN, WRONG_DOMAIN, PrivateServer, die_with_parent, free_ports, run_beside)

NO_TLS_DOMAIN = 'no-tls.localhost'
STOCK_LIMIT_OF_SERVERS = '30kb/s'


def lua(value):
    """A Python value as Lua."""
    if isinstance(value, bool):
        return 'true' if value else 'false'
    if isinstance(value, (int, float)):
        return repr(value)
    if isinstance(value, str):
        return '"' + value.replace('\\', '\\\\').replace('"', '\\"') + '"'
    if isinstance(value, dict):
        return '{ ' + ''.join(f'[{lua(key)}] = {lua(item)}; ' for key, item in value.items()) + '}'
    return '{ ' + ''.join(f'{lua(item)}; ' for item in value) + '}'


def encode(name):
    """A file name as Prosody's datamanager writes it."""
    return ''.join(chr(c) if chr(c).isalnum() and c < 0x80 else f'%{c:02x}' for c in name.encode())


class Prosody(PrivateServer):
    """A running Prosody.

    limits: TRUE for Debian's stock limit of 10 kB/s per client, or a rate such
      as '100kb/s'
    mechanisms: the only SASL mechanisms offered, e.g. ('PLAIN',)
    require_encryption: nobody comes in without TLS
    max_stanza_size: bytes, 0 for Prosody's own default (256 KiB)
    modules: names of more modules, e.g. ('smacks',), which comes with its repair
      in prosody-modules
    repaired: FALSE for smacks as it is, which may be deaf after a resumption
    settings: more global settings
    tls_protocol: the only version of TLS, such as 'tlsv1_1'
    tls, domain, federation: see PrivateServer
    """

    name = 'prosody'
    programs = ('prosody',)

    def __init__(self, limits=False, mechanisms=(), tls=True, require_encryption=False,
                 max_stanza_size=0, modules=(), repaired=True, settings=None, tls_protocol=None, **options):
        super().__init__(tls, **options)
        self.limits = '10kb/s' if limits is True else limits
        self.mechanisms = tuple(mechanisms)
        self.require_encryption = require_encryption
        self.max_stanza_size = max_stanza_size
        self.modules = tuple(modules)
        self.repaired = repaired
        self.settings = dict(settings or {})
        self.tls_protocol = tls_protocol
        self._log_begin = 0
        if 'websocket' in self.modules:
            self.websocket_path = '/xmpp-websocket'

    # Files

    def _prepare(self):
        for domain in (self.domain, NO_TLS_DOMAIN, WRONG_DOMAIN, UNICODE_DOMAIN):
            folder = encode(domain)
            os.makedirs(self._path('data', folder, 'accounts'))
            for name, password in self.passwords.items():
                self._write_account(folder, name, password)

    def _write_account(self, folder, name, password):
        path = self._path('data', folder, 'accounts', f'{name}.dat')
        with open(path, 'w', encoding='utf-8') as file:
            file.write('return ' + lua({'password': password}) + ';\n')

    def set_password(self, name, password):
        """Sets the password of an account of the first domain, while the server does not run."""
        self._write_account(self.domain, name, password)

    def add_contact(self, domain, name, contact):
        """Puts a contact into the roster of an account that is not online: each sees the other's presence."""
        folder = self._path('data', encode(domain), 'roster')
        os.makedirs(folder, exist_ok=True)
        roster = {False: {'version': 1}, contact: {'subscription': 'both', 'groups': {}}}
        with open(os.path.join(folder, f'{name}.dat'), 'w', encoding='utf-8') as file:
            file.write('return ' + lua(roster) + ';\n')

    def _write_configuration(self):
        self.plain_port = self.port
        modules = ['roster', 'saslauth', 'disco', 'ping', 'posix']
        if self.tls:
            modules.append('tls')
        if self.limits:
            modules.append('limits')
        if self.federation:
            modules.append('dialback')
        modules += [name for name in self.modules if name not in modules]
        if 'smacks' in modules and self.repaired:
            modules.append('resumed_stream')
        if 'sasl2' in modules:
            modules.append('sasl2_old_prosody')
        if 'sasl2_sm' in modules:
            modules.append('sasl2_sm_old_prosody')
        settings = {
            'run_as_root': True,
            'daemonize': False,
            'pidfile': self._path('prosody.pid'),
            'data_path': self._path('data'),
            'plugin_paths': (os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                          'prosody-modules'),),
            'certificates': self.directory,
            'interfaces': (self.address,),
            'c2s_ports': (self.port,),
            'c2s_direct_tls_ports': (self.direct_tls_port,) if self.tls else (),
            's2s_ports': (self.s2s_port,) if self.federation else (),
            'component_interfaces': (self.address,),
            'component_ports': (self.component_port,),
            'http_ports': (),
            'https_ports': (self.websocket_port,) if self.websocket_path else (),
            'authentication': 'internal_plain',
            'storage': 'internal',
            'c2s_require_encryption': self.require_encryption,
            'allow_unencrypted_plain_auth': True,
            'modules_enabled': modules,
            'modules_disabled': ('offline',) if self.federation else ('s2s', 's2s_auth_certs', 'offline'),
            'statistics': False,
            'log': ({'levels': {'min': 'info'}, 'to': 'file', 'filename': self.log_file},),
        }
        if self.tls:
            settings['ssl'] = {'key': self._path('server.key'),
                               'certificate': self._path('server.crt')}
            if self.tls_protocol:
                # OpenSSL does without versions that are not secure any more, unless asked.
                settings['ssl'].update(protocol=self.tls_protocol, ciphers='DEFAULT@SECLEVEL=0')
        if self.federation:
            settings['s2s_require_encryption'] = settings['s2s_secure_auth'] = True
            settings['ssl']['cafile'] = self._path('authority.crt')
            settings['unbound'] = {'resolvconf': False, 'hoststxt': False,
                                   'forward': f'127.0.0.1@{self.federation.name_server_port}',
                                   'options': {'do-not-query-localhost:': 'no'}}
        if self.limits:
            settings['limits'] = {'c2s': {'rate': self.limits}}
            if self.federation:
                settings['limits']['s2sin'] = {'rate': STOCK_LIMIT_OF_SERVERS}
        if self.mechanisms:
            every = {'PLAIN', 'SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS', 'SCRAM-SHA-256',
                     'SCRAM-SHA-256-PLUS', 'DIGEST-MD5', 'LOGIN', 'OAUTHBEARER'}
            settings['disable_sasl_mechanisms'] = sorted(every - set(self.mechanisms))
        if self.max_stanza_size:
            settings['c2s_stanza_size_limit'] = self.max_stanza_size
        settings.update(self.settings)

        lines = [f'{key} = {lua(value)}' for key, value in settings.items()]
        lines += [f'VirtualHost {lua(self.domain)}',
                  f'VirtualHost {lua(WRONG_DOMAIN)}',
                  f'VirtualHost {lua(UNICODE_DOMAIN)}',
                  f'VirtualHost {lua(NO_TLS_DOMAIN)}', '\tmodules_disabled = { "tls" }',
                  f'VirtualHost {lua(ANONYMOUS_DOMAIN)}', '\tauthentication = "anonymous"',
                  f'Component {lua(COMPONENT_DOMAIN)}',
                  f'\tcomponent_secret = {lua(self.component_secret)}']
        with open(self._path('prosody.cfg.lua'), 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines) + '\n')

    # Life

    def _launch(self):
        self._log_begin = os.path.getsize(self.log_file) if os.path.exists(self.log_file) else 0
        self._spawn(('prosody', '-F', '--config', self._path('prosody.cfg.lua')))

    def _answers(self):
        return self._opens_stream() and not self._has_failed()

    def _has_failed(self):
        """It goes on without a port that it does not get. What it has said before it was started does not count."""
        if super()._has_failed():
            return True
        try:
            with open(self.log_file, 'rb') as file:
                file.seek(self._log_begin)
                return b'\terror\t' in file.read()
        except FileNotFoundError:
            return False

    @property
    def environment(self):
        return {**super().environment, 'IBB_TEST_NO_TLS_DOMAIN': NO_TLS_DOMAIN}


def main():
    parser = argparse.ArgumentParser(
        description='Runs a command beside a private Prosody.', usage='%(prog)s [OPTION...] -- COMMAND...')
    parser.add_argument('--limits', nargs='?', const=True, default=False, metavar='RATE',
                        help='limit each client, as Debian does, to 10kb/s or to RATE')
    parser.add_argument('--mechanisms', default='', metavar='NAME,...',
                        help='offer these SASL mechanisms only')
    parser.add_argument('--no-tls', action='store_true', help='offer no TLS at all')
    parser.add_argument('--require-encryption', action='store_true', help='let nobody in without TLS')
    parser.add_argument('--max-stanza-size', type=int, default=0, metavar='BYTES')
    parser.add_argument('--module', action='append', default=[], metavar='NAME',
                        help='load one more module of Prosody')
    parser.add_argument('--setting', action='append', default=[], metavar='NAME=NUMBER',
                        help='one more global setting')
    parser.add_argument('--tls-protocol', metavar='VERSION',
                        help='offer this version of TLS only, such as tlsv1_1')
    parser.add_argument('command', nargs='+')
    options = parser.parse_args()

    run_beside(Prosody(limits=options.limits,
                       mechanisms=[name for name in options.mechanisms.split(',') if name],
                       tls=not options.no_tls, require_encryption=options.require_encryption,
                       max_stanza_size=options.max_stanza_size, modules=options.module,
                       settings={name: int(number) for name, number in
                                 (text.split('=') for text in options.setting)},
                       tls_protocol=options.tls_protocol),
               options.command)


if __name__ == '__main__':
    main()
