# SPDX-License-Identifier: LGPL-2.1-or-later
"""The window opens where the way is long. Counted, not timed: how many blocks
were on their way at the same time."""

import cases
import ends
import prosody
from cut_proxy import DelayProxy

DELAY = 50  # ms each way
BLOCK = 4096

server = None


def most_unanswered(size, window):
    proxy = DelayProxy(server.port, DELAY)
    ends.transfer(server.environment, size, tls='none', port=proxy.port, window=window,
                  block_size=BLOCK)
    assert proxy.blocks * BLOCK >= size
    return proxy.unanswered


@cases.case('/server/window/one-block')
def one_block():
    assert most_unanswered(16 * BLOCK, BLOCK) == 1


@cases.case('/server/window/adaptive')
def adaptive():
    assert most_unanswered(8 * ends.MIB, 0) >= 10


@cases.case('/server/window/fixed')
def fixed():
    most = most_unanswered(ends.MIB, 20 * BLOCK)
    assert 10 <= most <= 20, most


with prosody.Prosody(tls=False) as server:
    cases.main()
