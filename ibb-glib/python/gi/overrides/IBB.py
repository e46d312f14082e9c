# SPDX-License-Identifier: LGPL-2.1-or-later
"""What makes IBB feel at home in Python; everything works without it, too.

Calls without a callback can be awaited, under run(); a transport is a context
manager, and gives a file object or asyncio's streams.
The annotations are for the stubs, which ../../stubs.py makes.
"""

from __future__ import annotations

import io
import sys
import weakref

from gi.repository import GLib

from ..module import get_introspection_module
from ..overrides import override

IBB = get_introspection_module('IBB')

__all__ = ['Connection', 'Service', 'Transport', 'new_event_loop', 'run']


def _asyncio_loop():
    """The loop of this thread, or None; asyncio is not imported for it."""
    asyncio = sys.modules.get('asyncio')
    running = asyncio and asyncio._get_running_loop()
    if running is not None:
        return running
    own = sys.modules.get(f'{__package__}._ibb_asyncio')
    return own and own.get_idle_loop()


def _call(start, finish, arguments, cancellable, callback, user_data, gets_session=False):
    """Starts an asynchronous call: an awaitable where there is a loop of asyncio's and no callback."""
    loop = _asyncio_loop() if callback is None else None
    if loop is None:
        return start(*arguments, cancellable, callback, *user_data)
    from ._ibb_asyncio import await_call
    return await_call(loop, start, finish, arguments, cancellable, gets_session)


class _RawFile(io.RawIOBase):
    """A transport as io sees it. Closing it leaves the transport open, as socket.makefile()."""

    def __init__(self, transport):
        self._transport = transport
        self._input = transport.get_input_stream()
        self._output = transport.get_output_stream()

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, buffer):
        data = self._input.read_bytes(len(buffer)).get_data()
        buffer[:len(data)] = data
        return len(data)

    def write(self, data):
        return self._output.write(bytes(data))


class Transport(IBB.Transport):
    """With "with", it is closed in the end, and aborted if an exception ends the block.

    So it is with "async with", under run(). The close waits until the peer has acknowledged each byte.
    """

    def __repr__(self):
        state = 'ended' if self.has_ended() else 'closed' if self.is_closed() else 'open'
        return f'<IBB.Transport to {self.props.peer_jid} sid={self.props.sid!r} {state}>'

    def __enter__(self) -> Transport:
        return self

    def __exit__(self, exception_type, exception, traceback) -> None:
        if exception_type is None:
            self.close()
        else:
            self.abort()

    async def __aenter__(self) -> Transport:
        return self

    async def __aexit__(self, exception_type, exception, traceback) -> None:
        adapter = self._get_adapter()
        if exception_type is not None:
            self.abort()
        elif adapter is not None:
            adapter.close()
            await adapter.wait_closed()
        else:
            await self.close_async()

    def _get_adapter(self):
        return getattr(self, '_adapter', lambda: None)()

    def close_async(self, io_priority=GLib.PRIORITY_DEFAULT, cancellable=None, callback=None,
                    *user_data):
        """Closes both directions, and waits until the peer has acknowledged each byte."""
        return _call(super().close_async, self.close_finish, (io_priority,), cancellable, callback,
                     user_data)

    def drain_async(self, cancellable=None, callback=None, *user_data):
        """Waits until the peer has acknowledged each byte written so far."""
        return _call(super().drain_async, self.drain_finish, (), cancellable, callback, user_data)

    def shutdown_output_async(self, cancellable=None, callback=None, *user_data):
        """Ends this direction, once the peer has acknowledged each byte; this side can still read."""
        return _call(super().shutdown_output_async, self.shutdown_output_finish, (), cancellable,
                     callback, user_data)

    def makefile(self, mode: str = 'r', encoding: str | None = None, errors: str | None = None,
                 newline: str | None = None) -> IO[Any]:
        """A file object to read or write text ('r', 'w') or bytes ('rb', 'wb', 'rwb').

        As with socket.makefile(), its calls block, and closing it flushes it but
        leaves the transport open. There is no 'rw': a file of text drops what it
        has read ahead when it is written to.
        """
        raw = _RawFile(self)
        if mode == 'rwb':
            return io.BufferedRWPair(raw, raw)
        if mode not in ('r', 'rb', 'w', 'wb'):
            raise ValueError(f"mode {mode!r} is none of 'r', 'w', 'rb', 'wb', 'rwb'")
        file = io.BufferedReader(raw) if mode[0] == 'r' else io.BufferedWriter(raw)
        return file if 'b' in mode else io.TextIOWrapper(file, encoding, errors, newline)

    async def start_protocol(
            self, protocol_factory: Callable[[], asyncio.BaseProtocol]) -> tuple[asyncio.Transport, Any]:
        """Gives the stream to an asyncio.Protocol, as loop.create_connection() does: the
        asyncio.Transport and the protocol, which knows its transport by then. Under run()."""
        from ._ibb_asyncio import start_protocol
        self._check_no_adapter()
        return await start_protocol(self, protocol_factory)

    def make_streams(self, limit: int = 2 ** 16) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """An asyncio.StreamReader and an asyncio.StreamWriter, to be used under run().

        The start_tls() of the writer has one more argument, server_side.
        """
        from ._ibb_asyncio import make_streams
        self._check_no_adapter()
        return make_streams(self, limit)

    def _check_no_adapter(self):
        if self._get_adapter() is not None:
            raise RuntimeError('this transport has a protocol already')


Transport = override(Transport)


class Connection(IBB.Connection):
    """Its calls can be awaited under run()."""

    def query_async(self, stanza, timeout, cancellable=None, callback=None, *user_data):
        """Sends an IQ, and waits for its answer: milliseconds at most, 0 for no limit."""
        return _call(super().query_async, self.query_finish, (stanza, timeout), cancellable,
                     callback, user_data)

    def query_features_async(self, peer_jid, cancellable=None, callback=None, *user_data):
        """Asks a peer by service discovery what it can do."""
        return _call(super().query_features_async, self.query_features_finish, (peer_jid,),
                     cancellable, callback, user_data)


Connection = override(Connection)


class Service(IBB.Service):
    """Its calls can be awaited under run(); a call that has a callback is as without overrides."""

    def __bool__(self) -> bool:
        return True  # also while the list is empty

    def open_session_async(self, peer_jid, params=None, cancellable=None, callback=None,
                           *user_data):
        """Opens a session with a peer, given by its full JID. A task that is cancelled aborts it."""
        return _call(super().open_session_async, self.open_session_finish, (peer_jid, params),
                     cancellable, callback, user_data, gets_session=True)

    def expect_session_async(self, peer_jid, sid, params=None, cancellable=None, callback=None,
                             *user_data):
        """Accepts the session with this peer and sid. The expectation holds from the call on."""
        return _call(super().expect_session_async, self.expect_session_finish,
                     (peer_jid, sid, params), cancellable, callback, user_data, gets_session=True)

    def accept_async(self, cancellable=None, callback=None, *user_data):
        """The next session that nothing else accepts. A task that is cancelled loses none."""
        return _call(super().accept_async, self.accept_finish, (), cancellable, callback,
                     user_data, gets_session=True)


Service = override(Service)


def new_event_loop() -> asyncio.AbstractEventLoop:
    """A loop of asyncio's that does what GLib has to do in this thread, too.

    It need not be run: in a main loop of GLib's, such as that of Gtk.Application.run(),
    its tasks run as well, and calls of handlers can be awaited in them. Keep a reference, and close
    it in the end.
    """
    from ._ibb_asyncio import new_event_loop as new
    return new()


def run(main: Coroutine[Any, Any, T], *, debug: bool | None = None) -> T:
    """Runs a coroutine, as asyncio.run() does, beside what GLib has to do."""
    from ._ibb_asyncio import run as run_main
    return run_main(main, debug)
