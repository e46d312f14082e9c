#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many clients in one process, whose server is restarted: all of them come back.

    clients.py [--resumption] PROGRAM [ARGUMENT...]

PROGRAM is clients.c, which says what a client costs while it is idle, and how
the logins after the restart are spread. With --resumption, the server can resume
streams (XEP-0198): each client tries that first, at once.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
import prosody
from cases import case, check_equal
from command import Program

has_resumption = '--resumption' in sys.argv[1:2]
program = sys.argv[1 + has_resumption:]
del sys.argv[1:]


@case('clients', timeout=1200)
def _():
    # All clients have one account.
    settings = {'smacks_max_hibernated_sessions': 10000, 'smacks_max_old_sessions': 10000}
    modules = ('smacks',) if has_resumption else ()
    with prosody.Prosody(modules=modules, settings=settings if has_resumption else {}) as server:
        clients = Program(*program, env=server.environment)
        clients.wait_for(lambda: b'ready\n' in clients.output, 'ready')
        server.kill()
        server.restart()
        check_equal(clients.finish(patience=900), 0, 'the status')
        for line in clients.output.decode().splitlines():
            if line.startswith('#'):
                print(line)


cases.main()
