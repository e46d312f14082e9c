# SPDX-License-Identifier: LGPL-2.1-or-later
"""ibb-glib and QXmpp through a private Prosody."""

import cases
import file_exchanges
import other_end
from other_end import Gio, IBB, MIB

file_exchanges.add('qxmpp')


@cases.case('/interop/qxmpp/block-size fallback H-01 D-14 B-20')
def fallback(server):
    ends = file_exchanges.Ends(server, 'qxmpp')
    content = other_end.data('fallback', MIB // 4)
    transport = ends.open_session('fallback', len(content), 8192)
    cases.check_equal(transport.props.block_size, 4096, 'block size')
    other_end.write(transport, content)
    transport.close(None)
    other_end.check_report(ends.peer.call('report', sid='fallback'), content)


@cases.case('/interop/qxmpp/unknown open H-07')
def unknown(server):
    ends = file_exchanges.Ends(server, 'qxmpp')
    error = other_end.failure(other_end.open_session, ends.service, ends.peer, 'unknown')
    other_end.check_condition(error, IBB.Error.ITEM_NOT_FOUND)


@cases.case('/interop/qxmpp/one way H-12')
def one_way(server):
    """The end that offered the file does not listen: a write back fails, and the bytes that came are
    there."""
    ends = file_exchanges.Ends(server, 'qxmpp')
    content = other_end.data('one-way', 4 * MIB)
    transport, _sending = ends.start_receiving(content, 'one-way')

    def write_back():
        other_end.write(transport, b'hello')
        transport.drain(None)

    other_end.check_io_error(other_end.failure(write_back), Gio.IOErrorEnum.BROKEN_PIPE)
    error = transport.dup_error()
    other_end.check_condition(error, IBB.Error.ITEM_NOT_FOUND)


other_end.main()
