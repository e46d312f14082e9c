#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""folder.py [--files 1000] [--delay 20] [--encrypt] [--folder /tmp]: how long a folder of small files takes beside one file
of the same size, both ends so many ms away from a private Prosody, each way. Run as root, under meson devenv."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

sys.path[:0] = [os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib')]


def move(arguments):
    """Runs in the network of the ends: prints the seconds of each transfer."""
    import gi
    for name in ('IBB', 'IBBXmpp', 'IBBFiles'):
        gi.require_version(name, '1.0')
    from gi.repository import Gio, IBB, IBBFiles, IBBXmpp
    environment = os.environ

    def new_client(name, resource):
        client = IBBXmpp.Client.new(f'{environment["IBB_TEST_" + name]}/{resource}')
        client.set_password(environment[f'IBB_TEST_{name}_PASSWORD'])
        client.set_host(environment['IBB_TEST_HOST'])
        client.set_port(int(environment['IBB_TEST_PORT']))
        client.set_tls_database(Gio.TlsFileDatabase.new(environment['IBB_TEST_CA_FILE']))
        return client

    def trust(_identity, question):
        question.accept(IBBXmpp.AnswerFlags.NONE)
        return True

    def encrypt(service, name):
        identity = IBBXmpp.Identity.load_or_create(os.path.join(arguments.folder, name))
        identity.set_known_certificates(None)
        identity.connect('trust-requested', trust)
        service.set_identity(identity)

    async def run():
        async with new_client('ALICE', 'a') as alice, new_client('BOB', 'b') as bob:
            sender, receiver = IBBFiles.Service.new(alice), IBBFiles.Service.new(bob)
            if arguments.encrypt:
                encrypt(sender, 'a.key')
                encrypt(receiver, 'b.key')
            peer = f'{environment["IBB_TEST_BOB"]}/b'

            def offered(_service, transfer):
                place = os.path.join(arguments.folder, f'got-{time.monotonic_ns()}')
                transfer.accept_file_async(Gio.File.new_for_path(place), IBBFiles.Existing.FAIL, None, None)
                return True

            receiver.connect('file-offered', offered)
            seconds = {}
            for name in ('first', 'file', 'folder', 'file again', 'folder again'):
                start = time.monotonic()
                source = os.path.join(arguments.folder, 'folder' if 'folder' in name else 'file')
                transfer = await sender.offer_file_async(peer, Gio.File.new_for_path(source))
                await transfer.wait_async()
                seconds[name] = round(time.monotonic() - start, 2)
            print(json.dumps(seconds))

    IBB.run(run())


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--files', type=int, default=1000)
    parser.add_argument('--delay', type=int, default=20)
    parser.add_argument('--encrypt', action='store_true')
    parser.add_argument('--folder', default=tempfile.gettempdir())
    parser.add_argument('--inside', action='store_true', help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.inside:
        move(arguments)
        return
    from private_network import PrivateNetwork
    from prosody import Prosody
    network = PrivateNetwork(delay=arguments.delay)
    try:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as folder, \
                network.at_server(), Prosody(host=network.host) as server:
            os.mkdir(os.path.join(folder, 'folder'))
            for i in range(arguments.files):
                with open(os.path.join(folder, 'folder', f'file-{i}'), 'wb') as file:
                    file.write(os.urandom(4096))
            with open(os.path.join(folder, 'file'), 'wb') as file:
                file.write(os.urandom(4096 * arguments.files))
            subprocess.run([sys.executable, __file__, '--inside', '--folder', folder, *(['--encrypt'] * arguments.encrypt)],
                           env={**os.environ, **server.environment}, preexec_fn=network.prepare, check=True)
    finally:
        network.end()


if __name__ == '__main__':
    main()
