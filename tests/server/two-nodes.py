#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""D-42, D-58: alice and bob are on two nodes of one ejabberd, which lose each other, or die."""

import cases
from cases import case, check
from cluster import Cluster
from command import Account, Folder
from cut_proxy import CutProxy
from file_transfer import TIMEOUT, Transfer, check_continued, expect_unharmed, in_both_directions

# A node may take minutes to start on a busy machine.
PATIENT = '--resume-timeout', str(2 * TIMEOUT)


@case('D-42: the XML stream is resumed at the other node', timeout=TIMEOUT)
def _(both):
    first, second = both.servers
    way = CutProxy(second.port)

    def move():
        way.let_in(first.port)
        way.cut()

    one, = expect_unharmed([Transfer(first, second, there_port=way.port)], move)
    _, resumed, after = first.read_log().partition('Resumed session for bob')
    check(resumed, 'ejabberd has not resumed the XML stream')
    # It may end what it has just resumed, since the end of the stream at the other node reaches the
    # new one. The client may have to log in before it has told of the resumption.
    check('resumed' in one.kinds()[1] or 'Replaced by new connection (conflict)' in after,
          f'of {one.kinds()}')
    check_continued([one])


@case('D-58: a session goes on after the nodes have lost each other', timeout=2 * TIMEOUT)
def _(both):
    first, second = both.servers

    def part():
        both.cut()
        alice = Account(first, 'alice')
        alice.ibb('send', Folder().make('original', 1), f'bob@{second.domain}/ibb',
                  account=alice.options(resource='other')).expect_failure('service-unavailable')
        second.kill()
        both.restart(second)

    check_continued(in_both_directions(first, second, part, options=PATIENT))


@case('D-58: a session goes on after a node was killed and started again', timeout=2 * TIMEOUT)
def _(both):
    def restart():
        both.servers[1].kill()
        both.restart(both.servers[1])

    check_continued(in_both_directions(*both.servers, restart, options=PATIENT))


@case('D-58: a session goes on after its client went to the other node', timeout=2 * TIMEOUT)
def _(both):
    first, second = both.servers
    way = CutProxy(second.port)

    def kill():
        way.let_in(first.port)
        second.kill()

    moved, other = expect_unharmed([Transfer(first, second, there_port=way.port, options=PATIENT),
                                    Transfer(first, first, names=('carol', 'strasse'))], kill)
    both.restart(second)
    check_continued([moved])
    check('reconnected' in moved.kinds()[1], f'of {moved.kinds()}')
    check('interrupted' not in sum(other.kinds(), []), f'of {other.kinds()}')


if __name__ == '__main__':
    with Cluster() as cluster:
        cases.main(cluster)
