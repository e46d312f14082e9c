#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-18, D-27, D-42, D-58: alice and bob are on two servers, a Prosody and an ejabberd, which
lose what is between them when their link breaks."""

import threading

import cases
from cases import case
from command import Account, Folder
from federation import Federation
from file_transfer import Transfer, check_continued, expect_ssh, in_both_directions

SILENCE = 20  # s: less than either server, or an end, waits for an answer


@case('ssh works through forward and expose')
def _(both):
    expect_ssh(both.ejabberd, both.prosody)


@case('D-18, D-27: files arrive although the link breaks')
def _(both):
    in_both_directions(*both.servers, both.cut)


@case('files arrive although the link carries nothing for a while')
def _(both):
    def be_silent():
        both.begin_hole()
        threading.Event().wait(SILENCE)
        both.end_hole()

    in_both_directions(*both.servers, be_silent)


@case('a missing peer or server is an error')
def _(both):
    prosody, ejabberd = both.servers
    folder = Folder()
    source = folder.make('original', 1)
    for here, jid in ((prosody, f'bob@{ejabberd.domain}/nobody'), (ejabberd, f'bob@{prosody.domain}/nobody'),
                      (prosody, 'bob@nowhere.example/ibb'), (ejabberd, 'bob@nowhere.example/ibb')):
        Account(here, 'alice').ibb('send', source, jid).expect_failure(jid.split('/')[0])


@case('D-58: a session goes on after a server was killed', timeout=2 * cases.TIMEOUT)
def _(both):
    for server in both.servers:
        def restart(server=server):
            server.kill()
            server.restart()

        check_continued(in_both_directions(*both.servers, restart))


@case('files arrive within the limits of both packages')
def _():
    with Federation({'limits': True}, {'shaper': True}) as both:
        prosody, ejabberd = both.servers
        for one in (Transfer(prosody, ejabberd, 65536), Transfer(ejabberd, prosody, 65536)):
            one.expect_done()


if __name__ == '__main__':
    with Federation({'modules': ('smacks',)}, {'shaper': False}) as federation:
        cases.main(federation)
