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


def check_logins(events):
    """One violation teaches the limit. A server that closes its socket while blocks are on their way
    resets the connection, and the reset may discard the reason: that login teaches nothing."""
    lost = [event for event in events if event['event'] == 'disconnected']
    taught = [event for event in lost if event['code'] == 'policy-violation']
    check(len(taught) <= 1, f'violations: {lost}')
    for event in lost:
        check(event in taught or event['code'] == 'broken-pipe', f'no reset: {event}')


@case('a file arrives, and one violation teaches the limit')
def _(server):
    folder = Folder()
    source = folder.make('original', SIZE)
    receiver = Account(server, 'bob').ibb('receive', '--output', folder / 'copy', '--from', 'any')
    sender = Account(server, 'alice').ibb('send', '--json', source, receiver.wait_ready())
    sender.expect_done()
    receiver.expect_done()
    check_equal(sha256(folder / 'copy'), sha256(source), 'SHA-256')
    check_logins(sender.events())


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
    check_logins(tunnel.forward.events())
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
