#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-16: a server that takes stanzas of 12,000 bytes and does not say so ends the XML stream for a
longer one.

IBB_TEST_SERVER: prosody, or ejabberd
IBB_TEST_RESUMES: if set, the server resumes XML streams (XEP-0198)
"""

import os
import socket
import threading

import cases
from cases import case, check, check_equal
from command import Account, Folder, sha256
from ejabberd import Ejabberd
from prosody import Prosody
from tunnel import Tunnel, read_all

LIMIT = 12000
# Enough for blocks to become longer than the limit.
SIZE = 8 << 20


@case('a file arrives, with one new login at each end at most')
def _(server):
    folder = Folder()
    source = folder.make('original', SIZE)
    receiver = Account(server, 'bob').ibb('receive', '--output', folder / 'copy', '--from', 'any')
    sender = Account(server, 'alice').ibb('send', '--json', source, receiver.wait_ready())
    sender.expect_done()
    receiver.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    kinds = [event['event'] for event in sender.events()]
    check(kinds.count('disconnected') <= 1, f'logins: {kinds}')


def upload(here, data):
    here.sendall(data)
    here.shutdown(socket.SHUT_WR)


@case('an upload through a tunnel arrives, and so does the next one')
def _(server):
    tunnel = Tunnel(server)
    data = os.urandom(SIZE)
    for _ in range(2):
        here, there = tunnel.pair()
        writer = threading.Thread(target=upload, args=(here, data), daemon=True)
        writer.start()
        check(read_all(there) == data, 'the same bytes')
        there.close()
        writer.join()
        # Only then both ends are done with the session, and no stop aborts it.
        check_equal(read_all(here), b'', 'the answer')
        here.close()
    kinds = [event['event'] for event in tunnel.forward.events()]
    check(kinds.count('disconnected') <= 1, f'logins: {kinds}')
    tunnel.end()


def main():
    resumes = 'IBB_TEST_RESUMES' in os.environ
    if os.environ.get('IBB_TEST_SERVER') == 'ejabberd':
        server = Ejabberd(shaper=False, max_stanza_size=LIMIT, resumes=resumes)
    else:
        server = Prosody(max_stanza_size=LIMIT, modules=('smacks',) if resumes else ())
    with server:
        cases.main(server)


if __name__ == '__main__':
    main()
