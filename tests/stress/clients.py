#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many clients in one process, whose server is restarted: all of them come back.

    clients.py PROGRAM [ARGUMENT...]

PROGRAM is clients.c, which says what a client costs while it is idle, and how
the logins after the restart are spread.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
import prosody
from cases import case, check_equal
from command import Program

program = sys.argv[1:]
del sys.argv[1:]


@case('clients', timeout=1200)
def _():
    with prosody.Prosody() as server:
        clients = Program(*program, env=server.environment)
        clients.wait_for(lambda: b'ready\n' in clients.output, 'ready')
        server.kill()
        server.restart()
        check_equal(clients.finish(patience=900), 0, 'the status')
        for line in clients.output.decode().splitlines():
            if line.startswith('#'):
                print(line)


cases.main()
