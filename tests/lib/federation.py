# SPDX-License-Identifier: LGPL-2.1-or-later
"""Two private servers of different domains that reach each other by a link of their own.

    with federation.Federation(ejabberd_options={'shaper': False}) as both:
        alice, bob = Account(both.prosody, 'alice'), Account(both.ejabberd, 'bob')
        both.cut()

Each server finds the other one as on the Internet: by SRV records, which a private name
server has. It demands TLS, and a certificate of the authority that the two trust. The
records name a proxy in front of each server, so that the link breaks or falls silent when
a test says so.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time

import certificates
import ejabberd
import prosody
from linked_servers import LinkedServers
from private_server import die_with_parent, free_ports

# Nobody has them (RFC 2606). A resolver may refuse those below “test” by itself.
PROSODY_DOMAIN = 'prosody.example'
EJABBERD_DOMAIN = 'ejabberd.example'
PATIENCE = 60  # s, for the name server


class Federation(LinkedServers):
    """A Prosody and an ejabberd; a context manager.

    prosody_options, ejabberd_options: see Prosody and Ejabberd
    """

    def __init__(self, prosody_options=None, ejabberd_options=None):
        self.prosody = prosody.Prosody(domain=PROSODY_DOMAIN, federation=self, **(prosody_options or {}))
        self.ejabberd = ejabberd.Ejabberd(domain=EJABBERD_DOMAIN, federation=self, **(ejabberd_options or {}))
        super().__init__((self.prosody, self.ejabberd), (PROSODY_DOMAIN, EJABBERD_DOMAIN))
        self.name_server_port = None
        self._directory = None
        self._name_server = None

    def start(self):
        self._directory = tempfile.mkdtemp(prefix='ibb-federation-')
        certificates.make_authority(self._path('authority'))
        self._start_name_server()
        super().start()

    def stop(self):
        super().stop()
        if self._name_server:
            self._name_server.kill()
            self._name_server.wait()
        if self._directory:
            shutil.rmtree(self._directory, ignore_errors=True)

    def _path(self, name):
        return os.path.join(self._directory, name)

    def copy_authority(self, path):
        """For a server that starts."""
        for suffix in ('.crt', '.key'):
            shutil.copy(self._path('authority') + suffix, path + suffix)

    def set_port(self, domain, port):
        """At which the server of that domain expects others."""
        self.ways[domain].let_in(port)

    def _start_name_server(self):
        if not shutil.which('dnsmasq'):
            raise RuntimeError('not installed, see tests/lib/packages.sh: dnsmasq-base')
        self.name_server_port, = free_ports(1)
        # ejabberd asks the C library for the address.
        records = [f'--srv-host=_xmpp-server._tcp.{domain},localhost,{way.port}' for domain, way in self.ways.items()]
        self._name_server = subprocess.Popen(
            ('dnsmasq', '--keep-in-foreground', '--conf-file=/dev/null', '--no-resolv', '--no-hosts', '--user=root',
             '--pid-file=', '--listen-address=127.0.0.1', '--bind-interfaces', '--local=/example/',
             f'--port={self.name_server_port}', *records),
            stdin=subprocess.DEVNULL, preexec_fn=die_with_parent(9))
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(('127.0.0.1', self.name_server_port)).close()
                return
            except OSError:
                if time.monotonic() > deadline or self._name_server.poll() is not None:
                    raise RuntimeError('the name server does not start') from None
            time.sleep(0.02)  # it tells nobody that it listens
