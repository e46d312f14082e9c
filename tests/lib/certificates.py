#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes certificates for tests, with openssl.

    tests/lib/certificates.py FOLDER

writes authority.crt and other-authority.crt, the certificates that they sign,
each in one file with its key: romeo.pem, juliet.pem (for juliet.example),
expired.pem (for fake.test), and stranger.pem by the other authority; and
self-signed ones, alone-1.pem and alone-2.pem.
"""

import datetime
import os
import subprocess
import sys
import tempfile

DAYS = '3650'
KEY = ('-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes')


def openssl(*arguments):
    result = subprocess.run(('openssl',) + arguments, stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            check=False)
    if result.returncode != 0:
        raise RuntimeError(f'openssl {arguments[0]}: {result.stdout}')


def make_authority(path):
    """Makes an authority that signs other certificates: path.key and path.crt."""
    openssl('req', '-x509', *KEY, '-days', DAYS,
            '-subj', f'/CN=ibb-glib test authority {os.path.basename(path)}',
            '-addext', 'keyUsage=critical,keyCertSign,cRLSign',
            '-keyout', path + '.key', '-out', path + '.crt')


def date_of(days):
    return (datetime.datetime.now(datetime.timezone.utc)
            + datetime.timedelta(days=days)).strftime('%Y%m%d%H%M%SZ')


def make_signed(path, authority, name, purpose, alternatives=(), jid=None, addresses=(), days=DAYS):
    """Signed by an authority: path.key and path.crt; for a JID (RFC 6120 §13.7.1.4).

    It is valid from ten days ago on. Only "openssl ca" takes both dates with every version of
    OpenSSL.
    """
    names = [f'DNS:{text}' for text in alternatives] + [f'IP:{text}' for text in addresses]
    if jid:
        names.append(f'otherName:1.3.6.1.5.5.7.8.5;UTF8:{jid}')
    openssl('req', *KEY, '-subj', f'/CN={name}', '-keyout', path + '.key', '-out', path + '.csr')
    with tempfile.TemporaryDirectory() as folder:
        settings, index = os.path.join(folder, 'settings'), os.path.join(folder, 'index')
        with open(settings, 'w', encoding='ascii') as file:
            file.write('[ca]\ndefault_ca=ca\nrand_serial=yes\ndefault_md=sha256\npolicy=policy\n'
                       f'database={index}\nnew_certs_dir={folder}\n[policy]\ncommonName=supplied\n'
                       '[extensions]\nbasicConstraints=critical,CA:FALSE\n'
                       f'keyUsage=critical,digitalSignature\nextendedKeyUsage={purpose}\n')
            if names:
                file.write('subjectAltName=' + ','.join(names) + '\n')
        with open(index, 'w', encoding='ascii'):
            pass
        openssl('ca', '-batch', '-notext', '-config', settings, '-extensions', 'extensions',
                '-cert', authority + '.crt', '-keyfile', authority + '.key',
                '-startdate', date_of(-10), '-enddate', date_of(int(days)),
                '-in', path + '.csr', '-out', path + '.crt')
    os.remove(path + '.csr')


def make_alone(path, name):
    """Signed by itself: path.key and path.crt."""
    openssl('req', '-x509', *KEY, '-days', DAYS, '-subj', f'/CN={name}',
            '-addext', 'basicConstraints=critical,CA:FALSE',
            '-keyout', path + '.key', '-out', path + '.crt')


def join(path):
    """Certificate and key in one file, path.pem, as GTlsCertificate likes them."""
    with open(path + '.pem', 'w', encoding='ascii') as whole:
        for suffix in ('.crt', '.key'):
            with open(path + suffix, encoding='ascii') as part:
                whole.write(part.read())
    os.chmod(path + '.pem', 0o600)


def main(folder):
    os.makedirs(folder, exist_ok=True)
    for name in ('authority', 'other-authority'):
        make_authority(os.path.join(folder, name))
    for name, authority, purpose in (('romeo', 'authority', 'clientAuth'),
                                     ('juliet', 'authority', 'serverAuth'),
                                     ('stranger', 'other-authority', 'clientAuth,serverAuth')):
        path = os.path.join(folder, name)
        make_signed(path, os.path.join(folder, authority), name, purpose,
                    ('juliet.example',) if 'serverAuth' in purpose else ())
        join(path)
    path = os.path.join(folder, 'expired')
    make_signed(path, os.path.join(folder, 'authority'), 'expired', 'serverAuth', ('fake.test',), days='-1')
    join(path)
    for name in ('alone-1', 'alone-2'):
        path = os.path.join(folder, name)
        make_alone(path, name)
        join(path)


if __name__ == '__main__':
    main(sys.argv[1])
