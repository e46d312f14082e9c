# SPDX-License-Identifier: LGPL-2.1-or-later
"""ibb-glib and gloox through a private Prosody."""

import cases
import file_exchanges
import other_end
from other_end import Gio, MIB

file_exchanges.add('gloox')


@cases.case('/interop/gloox/largest blocks H-01')
def largest(server):
    ends = file_exchanges.Ends(server, 'gloox')
    content = other_end.data('largest')
    transport = ends.open_session('largest', len(content), 65535)
    cases.check_equal(transport.props.block_size, 65535, 'block size')
    other_end.write(transport, content)
    transport.close(None)
    other_end.check_report(ends.peer.call('report', sid='largest'), content)


@cases.case('/interop/gloox/a flood that nobody reads D-22 D-23 D-45')
def flood(server):
    """gloox sends everything at once, and waits for no acknowledgement: blocks that do not fit are
    refused, and the reader learns that bytes are missing."""
    ends = file_exchanges.Ends(server, 'gloox', receive_buffer_size=65536)
    content = other_end.data('flood', 16 * MIB)
    transport, sending = ends.start_receiving(content, 'flood')
    # Until it hears that one was refused.
    error = sending.exception(other_end.PATIENCE)
    cases.check('closed' in str(error), error)
    # It does not say so: it has forgotten the session. Its answer to our block
    # comes behind all of its own.
    write_error = other_end.failure(lambda: (other_end.write(transport, b'?'),
                                             transport.drain(None)))
    other_end.check_io_error(write_error, Gio.IOErrorEnum.BROKEN_PIPE)
    cases.check(transport.has_ended(), 'not ended')
    got = bytearray()
    stream = transport.get_input_stream()

    def read_on():
        while piece := stream.read_bytes(65536, None).get_data():
            got.extend(piece)

    error = other_end.failure(read_on)
    other_end.check_io_error(error, Gio.IOErrorEnum.BROKEN_PIPE)
    other_end.check_content(bytes(got), content[:len(got)])
    # Not more than is promised: twice the buffer, the bound, a block.
    cases.check(65536 < len(got) <= 2 * 65536 + 4 * MIB + 4096, f'{len(got)} bytes kept')


other_end.main()
