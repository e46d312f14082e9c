#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How the command ibb logs in to ejabberd: certificates of both sides."""

import os
import subprocess

import cases
from cases import case, check
from command import REFUSED, Account, transfer
from ejabberd import Ejabberd

NO_PASSWORD = {'IBB_PASSWORD': ''}


def without_ca(account):
    return account.options(ca='none: that of the system')


def get_fingerprint(server):
    """The fingerprint as openssl writes it: in capital pairs, with colons."""
    text = subprocess.run(('openssl', 'x509', '-noout', '-fingerprint', '-sha256', '-in',
                           os.path.join(server.directory, 'server.crt')),
                          check=True, stdout=subprocess.PIPE, text=True).stdout
    return text.strip().split('=')[1]


@case('a certificate logs in without a password; it and its key may be in two files, with relative names')
def _(server):
    options = Account(server, 'alice').options()
    certificate = server.environment['IBB_TEST_ALICE_CERTIFICATE']
    transfer(server, 1000, account=options + ['--certificate', certificate], env=NO_PASSWORD)
    options[options.index('--ca-file') + 1] = 'authority.crt'
    transfer(server, 1000, account=options + ['--certificate', 'alice.crt', '--key', 'alice.key'], env=NO_PASSWORD,
             cwd=server.directory)


@case('the server refuses the certificate of another account')
def _(server):
    alice = Account(server, 'alice')
    options = ['--certificate', server.environment['IBB_TEST_STRANGER_CERTIFICATE']]
    alice.ibb('cat', 'bob@localhost', account=alice.options() + options,
              env=NO_PASSWORD).expect_failure('certificate', 'alice@localhost', code=REFUSED)


@case('a certificate without its key is an error')
def _(server):
    alice = Account(server, 'alice')
    certificate = os.path.join(server.directory, 'alice.crt')
    os.chmod(certificate, 0o600)  # a file that could have the key is judged as one
    options = ['--certificate', certificate]
    alice.ibb('cat', 'bob@localhost', account=alice.options() + options,
              env=NO_PASSWORD).expect_failure('alice.crt')
    alice.ibb('cat', 'bob@localhost', account=alice.options() + ['--key', 'alice.key']
              ).expect_failure('--certificate', code=2)


@case('a wrong password: the error has the text of the server; of one that no login can carry it says so')
def _(server):
    alice = Account(server, 'alice')
    for password in ('tab\there', '\u00ad'):
        alice.ibb('cat', 'bob@localhost', env={'IBB_PASSWORD': password}).expect_failure(
            'The password is empty or has characters', 'RFC 4013', code=REFUSED)
    alice.ibb('cat', 'bob@localhost', env={'IBB_PASSWORD': 'guess'}).expect_failure(
        'alice@localhost', 'Invalid username or password', code=REFUSED)


@case('an untrusted certificate of the server: the error says why, and what to do')
def _(server):
    alice = Account(server, 'alice')
    fingerprint = get_fingerprint(server)
    line = alice.ibb('cat', 'bob@localhost', account=without_ca(alice)).expect_failure(
        fingerprint, '--fingerprint', '--ca-file')
    check('localhost' in line, 'the server')

    wrong = fingerprint.translate(str.maketrans('0123456789ABCDEF', '123456789ABCDEF0'))
    line = alice.ibb('cat', 'bob@localhost', account=without_ca(alice) + ['--fingerprint', wrong]
                     ).expect_failure(fingerprint, 'has another fingerprint', 'change --fingerprint')
    check('use --fingerprint' not in line, f'no advice to do what was done: {line}')
    alice.ibb('cat', 'bob@localhost', account=without_ca(alice) + ['--fingerprint', '12:34']
              ).expect_failure('--fingerprint', code=2)
    for text in (fingerprint, fingerprint.replace(':', '').lower()):
        transfer(server, 1000, account=without_ca(alice) + ['--fingerprint', text])


@case('no common version of TLS: the error names the server, the account and the possible causes')
def _(server):
    alice = Account(server, 'alice')
    old = {'G_TLS_GNUTLS_PRIORITY': 'NORMAL:-VERS-TLS1.3:-VERS-TLS1.2'}
    alice.ibb('cat', 'bob@localhost', env=old).expect_failure(
        'alice@localhost', 'server of “localhost”', 'TLS 1.2', 'certificate')


@case('direct TLS to a port for STARTTLS, or the other way round, is an error')
def _(server):
    alice = Account(server, 'alice')
    for tls, port, words in (('direct', server.port, 'STARTTLS'), ('starttls', server.direct_tls_port, 'may be for direct TLS')):
        alice.ibb('cat', 'bob@localhost', account=alice.options(tls=tls, port=port)).expect_failure(
            'localhost', 'server of “localhost”', words)


if __name__ == '__main__':
    with Ejabberd(shaper=False, client_certificates=True) as private:
        cases.main(private)
