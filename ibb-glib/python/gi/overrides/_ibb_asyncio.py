# SPDX-License-Identifier: LGPL-2.1-or-later
"""asyncio and GLib in one thread; loaded when it is used."""

import asyncio
import math
import selectors
import threading

from gi.repository import Gio, GLib

# What one call may read, or write.
READ_SIZE = WRITE_SIZE = 65536

# In seconds; the loop asks again.
MAX_WAIT = 3600


class _Wakeup(GLib.Source):
    """Ends an iteration of the context when a file of the selector is ready."""

    def __init__(self, fd):
        super().__init__()
        self._poll = GLib.PollFD(fd, GLib.IOCondition.IN)
        self.add_poll(self._poll)
        self.timeout = -1

    def prepare(self):
        return False, self.timeout

    def check(self):
        return bool(self._poll.revents)

    def dispatch(self, callback, arguments):
        return GLib.SOURCE_CONTINUE


class _Selector(selectors.DefaultSelector):
    """Waits in an iteration of a GMainContext; its own descriptor tells of its files."""

    def __init__(self, context):
        super().__init__()
        self._context = context
        self._wakeup = _Wakeup(self.fileno())
        self._wakeup.attach(context)

    def select(self, timeout=None):
        wait = MAX_WAIT if timeout is None else min(max(timeout, 0), MAX_WAIT)
        self._wakeup.timeout = math.ceil(wait * 1000)
        self._context.iteration(wait > 0)
        return super().select(0)

    def close(self):
        self._wakeup.destroy()
        super().close()


class _EventLoop(asyncio.SelectorEventLoop):
    """Iterates the thread-default context of the thread that made it."""

    def __init__(self):
        super().__init__(_Selector(GLib.MainContext.ref_thread_default()))


def new_event_loop():
    return _EventLoop()


def run(main, debug):
    context = None
    if threading.current_thread() is not threading.main_thread() and \
            GLib.MainContext.get_thread_default() is None:
        # The default context is the main thread's.
        context = GLib.MainContext()
        context.push_thread_default()
    try:
        with asyncio.Runner(debug=debug, loop_factory=_EventLoop) as runner:
            return runner.run(main)
    finally:
        if context is not None:
            context.pop_thread_default()


class _Call(asyncio.Future):
    """An asynchronous call of GIO's.

    Cancelling it cancels the GCancellable, and it is over when the call is, so
    that whoever cancelled may call again at once.
    """

    def __init__(self, loop, cancellable):
        super().__init__(loop=loop)
        self._cancellable = cancellable
        self._cancelled_with = None

    def cancel(self, msg=None):
        if self.done():
            return False
        self._cancelled_with = (msg,)
        self._cancellable.cancel()
        return True

    def finish(self, finish, result):
        value = error = None
        try:
            value = finish(result)
        except GLib.Error as exception:
            error = exception
        if self.done() or self.get_loop().is_closed():
            return
        if self._cancelled_with is not None:
            # Even if it has succeeded: a task must not miss that it was cancelled.
            super().cancel(*self._cancelled_with)
        elif error is not None:
            self.set_exception(error)
        else:
            self.set_result(value)


def _check_loop(loop):
    if type(loop).__module__.split('.')[0] in ('asyncio', 'uvloop'):
        raise RuntimeError('this loop does nothing for GLib: run the program with IBB.run(), '
                           'or on a loop of IBB.new_event_loop()')


def await_call(loop, start, finish, arguments, cancellable):
    _check_loop(loop)
    call = _Call(loop, cancellable or Gio.Cancellable())
    start(*arguments, call._cancellable, lambda _source, result: call.finish(finish, result))
    return call


class _StreamTransport(asyncio.Transport):
    """An IBB.Transport under a protocol of asyncio's.

    What asyncio cancels waits for this object's buffers: the reads and writes
    themselves are never cancelled, so no byte is ever in doubt.
    """

    _start_tls_compatible = True

    def __init__(self, loop, transport, protocol):
        super().__init__({'peername': transport.props.peer_jid,
                          'sockname': transport.props.local_jid, 'ibb': transport})
        self._loop = loop
        self._transport = transport
        self._input = transport.get_input_stream()
        self._output = transport.get_output_stream()
        self._protocol = protocol
        self._reading = False           # a read is in progress
        self._paused = False            # by the protocol
        self._held = None               # what was read when it was paused
        self._read_over = False         # the end came, or nobody wants any more
        self._writing = False           # a write, shutdown or close is in progress
        self._unwritten = bytearray()
        self._protocol_paused = False
        self._eof = None                # write_eof() was called, and then: was done
        self._closing = False
        self._closed = loop.create_future()
        self.set_write_buffer_limits()
        loop.call_soon(protocol.connection_made, self)
        loop.call_soon(self._read)

    def get_protocol(self):
        return self._protocol

    def set_protocol(self, protocol):
        self._protocol = protocol

    # The reading half

    def _read(self):
        if not (self._reading or self._paused or self._read_over):
            self._reading = True
            self._input.read_bytes_async(READ_SIZE, GLib.PRIORITY_DEFAULT, None, self._read_cb)

    def _read_cb(self, stream, result):
        self._reading = False
        try:
            data = stream.read_bytes_finish(result).get_data()
        except GLib.Error as error:
            if not self._read_over:
                self._lose(error)
            return
        if self._paused:
            self._held = data
        else:
            self._received(data)

    def _received(self, data):
        if self._paused:
            self._held = data
        elif self._read_over:
            pass
        elif data:
            self._deliver(data)
            self._read()
        else:
            self._read_over = True
            if not self._protocol.eof_received():
                self.close()

    def _deliver(self, data):
        if not isinstance(self._protocol, asyncio.BufferedProtocol):
            self._protocol.data_received(data)
            return
        while data:
            buffer = self._protocol.get_buffer(len(data))
            n = min(len(buffer), len(data))
            buffer[:n] = data[:n]
            self._protocol.buffer_updated(n)
            data = data[n:]

    def is_reading(self):
        return not (self._paused or self._read_over)

    def pause_reading(self):
        self._paused = True

    def resume_reading(self):
        if not self._paused:
            return
        self._paused = False
        held, self._held = self._held, None
        if held is not None:
            self._loop.call_soon(self._received, held)
        else:
            self._read()

    # The writing half

    def write(self, data):
        if self._eof is not None:
            raise RuntimeError('cannot write after write_eof()')
        if self._closing:
            return
        self._unwritten += data
        self._write()
        if len(self._unwritten) > self._high and not self._protocol_paused:
            self._protocol_paused = True
            self._protocol.pause_writing()

    def can_write_eof(self):
        return True

    def write_eof(self):
        if self._eof is None and not self._closing:
            self._eof = False
            self._write()

    def get_write_buffer_size(self):
        return len(self._unwritten)

    def get_write_buffer_limits(self):
        return self._low, self._high

    def set_write_buffer_limits(self, high=None, low=None):
        if high is None:
            high = 65536 if low is None else 4 * low
        if low is None:
            low = high // 4
        if not high >= low >= 0:
            raise ValueError(f'high ({high!r}) must be >= low ({low!r}) must be >= 0')
        self._high, self._low = high, low

    def _write(self):
        """Begins what is next: a write, the shutdown or the close."""
        if self._writing or self._closed.done():
            return
        self._writing = True
        if self._unwritten:
            data = GLib.Bytes(bytes(self._unwritten[:WRITE_SIZE]))
            self._output.write_bytes_async(data, GLib.PRIORITY_DEFAULT, None, self._write_cb)
        elif self._closing:
            self._transport.close_async(GLib.PRIORITY_DEFAULT, None, self._close_cb)
        elif self._eof is False:
            self._transport.shutdown_output_async(None, self._shutdown_cb)
        else:
            self._writing = False

    def _write_cb(self, stream, result):
        self._writing = False
        try:
            del self._unwritten[:stream.write_bytes_finish(result)]
        except GLib.Error as error:
            self._lose(error)
            return
        if self._closed.done():
            return
        if self._protocol_paused and len(self._unwritten) <= self._low:
            self._protocol_paused = False
            self._protocol.resume_writing()
        self._write()

    def _shutdown_cb(self, transport, result):
        self._writing = False
        self._eof = True
        try:
            transport.shutdown_output_finish(result)
        except GLib.Error as error:
            self._lose(error)
            return
        self._write()

    # The end

    def is_closing(self):
        return self._closing

    def close(self):
        """Writes what is left, and then closes. connection_lost() tells how it went."""
        if not self._closing:
            self._closing = self._read_over = True
            self._write()

    def _close_cb(self, transport, result):
        try:
            transport.close_finish(result)
        except GLib.Error as error:
            self._lose(error)
        else:
            self._lose(None)

    def abort(self):
        self._lose(None)

    def _lose(self, error):
        if self._closed.done():
            return
        self._transport.abort()
        self._closing = self._read_over = True
        self._unwritten.clear()
        if not self._loop.is_closed():
            self._closed.set_result(error)
            self._loop.call_soon(self._protocol.connection_lost, error)

    async def wait_closed(self):
        error = await asyncio.shield(self._closed)
        if error is not None:
            raise error


def start_protocol(transport, protocol):
    loop = asyncio.get_running_loop()
    _check_loop(loop)
    return _StreamTransport(loop, transport, protocol)


def make_streams(transport, limit):
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    return reader, asyncio.StreamWriter(transport.start_protocol(protocol), protocol, reader, loop)
