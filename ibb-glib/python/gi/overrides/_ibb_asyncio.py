# SPDX-License-Identifier: LGPL-2.1-or-later
"""asyncio and GLib in one thread; loaded when it is used."""

import asyncio
import math
import selectors
import signal
import threading
import weakref

from gi.repository import Gio, GLib

# PyGObject makes a class when it is first asked for, and two if two threads ask at once.
Bytes = GLib.Bytes
Cancellable = Gio.Cancellable

# What one call may read, or write.
READ_SIZE = WRITE_SIZE = 65536

# In seconds; the loop asks again.
MAX_WAIT = 3600

# The loops of each thread, the newest last.
_own = threading.local()


def _get_open_loops():
    loops = [get_loop() for get_loop in getattr(_own, 'get_loops', ())]
    return [loop for loop in loops if loop is not None and not loop.is_closed()]


class _Wakeup(GLib.Source):
    """Ends an iteration of the context when a file of the selector is ready.

    In an iteration that is not the loop's own, such as one of Gio.Application.run(), it
    lets the loop do what it has to do.
    """

    def __init__(self, fd):
        super().__init__()
        self._poll = GLib.PollFD(fd, GLib.IOCondition.IN)
        self.add_poll(self._poll)
        self.timeout = -1
        self.get_loop = lambda: None

    def _get_idle_loop(self):
        loop = self.get_loop()
        return loop if loop is not None and asyncio._get_running_loop() is None else None

    def prepare(self):
        loop = self._get_idle_loop()
        if loop is None:
            return False, self.timeout
        wait = loop._get_wait()
        return wait == 0, wait

    def check(self):
        loop = self._get_idle_loop()
        return bool(self._poll.revents) or loop is not None and loop._get_wait() == 0

    def dispatch(self, callback, arguments):
        loop = self._get_idle_loop()
        if loop is not None:
            loop._run_one_turn()
        return GLib.SOURCE_CONTINUE


class _Selector(selectors.DefaultSelector):
    """Waits in an iteration of a GMainContext; its own descriptor tells of its files."""

    def __init__(self, context):
        super().__init__()
        self._context = context
        self.iterates = True
        self.wakeup = _Wakeup(self.fileno())
        self.wakeup.attach(context)

    def select(self, timeout=None):
        if self.iterates:
            wait = MAX_WAIT if timeout is None else min(max(timeout, 0), MAX_WAIT)
            self.wakeup.timeout = math.ceil(wait * 1000)
            self._context.iteration(wait > 0)
        return super().select(0)

    def close(self):
        self.wakeup.destroy()
        super().close()


class _EventLoop(asyncio.SelectorEventLoop):
    """Iterates the thread-default context of the thread that made it, or is run by
    whatever iterates that."""

    def __init__(self):
        super().__init__(_Selector(GLib.MainContext.ref_thread_default()))
        self._selector.wakeup.get_loop = weakref.ref(self)
        _own.get_loops = [weakref.ref(loop) for loop in (*_get_open_loops(), self)]

    def run_forever(self):
        self._check_closed()
        wakes = self._wake_on_signals()
        try:
            super().run_forever()
        finally:
            if wakes and not self._signal_handlers:
                signal.set_wakeup_fd(-1)

    def _wake_on_signals(self):
        """Python calls the handler of a signal between two instructions of the main thread.
        A signal that comes right before the poll, or to another thread, has to end it."""
        if threading.current_thread() is not threading.main_thread():
            return False
        before = signal.set_wakeup_fd(self._csock.fileno(), warn_on_full_buffer=False)
        if before != -1:
            # Such as that of a main loop around this one.
            signal.set_wakeup_fd(before, warn_on_full_buffer=False)
        return before == -1

    def _get_wait(self):
        """The wait of a GLib.Source, in milliseconds."""
        if self.is_closed():
            return -1
        if self._ready:
            return 0
        if not self._scheduled:
            return -1
        return max(0, math.ceil(min(self._scheduled[0].when() - self.time(), MAX_WAIT) * 1000))

    def _run_one_turn(self):
        self._selector.iterates = False
        try:
            self.stop()
            self.run_forever()
        finally:
            self._selector.iterates = True


def new_event_loop():
    return _EventLoop()


def get_idle_loop():
    """The loop of this thread that a main loop around it runs, or None: a handler that this main loop calls
    is in no task."""
    loops = _get_open_loops()
    return loops[-1] if loops else None


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
    that the caller may call again at once.
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
        if self.done() or self.get_loop().is_closed():
            return
        if self._cancelled_with is not None:
            # Even if it has succeeded: a task must not miss that it was cancelled.
            super().cancel(*self._cancelled_with)
            return
        try:
            self._succeed(finish, result)
        except GLib.Error as error:
            self.set_exception(error)

    def _succeed(self, finish, result):
        self.set_result(finish(result))


class _Turn(asyncio.Future):
    """The future of a task that waits for a call. (The task checks the result before it knows whether
    it was cancelled.)"""

    def __init__(self, call):
        super().__init__(loop=call.get_loop())
        self._call = call
        call.add_done_callback(self._end)

    def _end(self, call):
        self._call = None
        if not self.done():
            self.set_result(None)

    def cancel(self, msg=None):
        return self._call is not None and self._call.cancel(msg)


class _SessionCall(_Call):
    """A call that gets a session.

    The session is fetched when the result is taken. If the task is cancelled between
    the end of the call and its own turn, nobody fetches it: the session of an accept or
    an expect stays with the service, which gives it to the next call; that of an open is
    aborted.
    """

    def __init__(self, loop, cancellable):
        super().__init__(loop, cancellable)
        self._fetch = None

    def _succeed(self, finish, result):
        if result.had_error():
            finish(result)  # raises it
        self._fetch = lambda: finish(result)
        self.set_result(None)

    def result(self):
        super().result()
        if self._fetch is not None:
            fetch, self._fetch = self._fetch, None
            self._session = fetch()
        return self._session

    def __await__(self):
        turn = None
        try:
            if not self.done():
                turn = _Turn(self)
                yield from turn
            return self.result()
        finally:
            del self, turn  # a traceback that is kept must not keep the session

    __iter__ = __await__


def _check_loop(loop):
    if type(loop).__module__.split('.')[0] in ('asyncio', 'uvloop'):
        raise RuntimeError('this loop does nothing for GLib: run the program with IBB.run(), '
                           'or on a loop of IBB.new_event_loop()')


def await_call(loop, start, finish, arguments, cancellable, gets_session):
    _check_loop(loop)
    call_class = _SessionCall if gets_session else _Call
    call = call_class(loop, cancellable or Cancellable())
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
        self._received = None           # what was read, b'' for the end, and is to be delivered
        self._delivering = False        # that is scheduled, or in progress
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

    def _then(self, function):
        """A callback of GIO's that lets the loop call function: with the loop's ways to
        report what a protocol raises, and to end by it."""
        def completed(source, result):
            if not self._loop.is_closed():
                self._loop.call_soon(function, source, result)
        return completed

    def _call_protocol(self, name, *arguments):
        """Whether the call has succeeded, and its result. If not, the stream is lost."""
        try:
            return True, getattr(self._protocol, name)(*arguments)
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._fail(error, name)
            return False, None

    def _fail(self, error, name):
        if not isinstance(error, OSError):
            self._report(error, f'Fatal error: protocol.{name}() call failed.')
        self._lose(error)

    def _report(self, error, message):
        self._loop.call_exception_handler({'message': message, 'exception': error,
                                           'transport': self, 'protocol': self._protocol})

    def get_protocol(self):
        return self._protocol

    def set_protocol(self, protocol):
        self._protocol = protocol

    # The reading half

    def _read(self):
        """Begins what is next: a read, or the delivery of what was read. One of them is
        in progress at a time, so the order is kept."""
        if self._reading or self._delivering or self._paused or self._read_over:
            return
        if self._received is None:
            self._reading = True
            self._input.read_bytes_async(READ_SIZE, GLib.PRIORITY_DEFAULT, None,
                                         self._then(self._read_cb))
        else:
            self._delivering = True
            self._loop.call_soon(self._deliver)

    def _read_cb(self, stream, result):
        self._reading = False
        try:
            self._received = stream.read_bytes_finish(result).get_data()
        except GLib.Error as error:
            if not self._read_over:
                self._lose(error)
            return
        self._deliver()

    def _deliver(self):
        self._delivering = True
        try:
            if not (self._paused or self._read_over):
                data, self._received = self._received, None
                self._pass(data)
        finally:
            self._delivering = False
        self._read()

    def _pass(self, data):
        if not data:
            self._read_over = True
            success, keep_open = self._call_protocol('eof_received')
            if success and not keep_open:
                self.close()
        elif isinstance(self._protocol, asyncio.BufferedProtocol):
            self._fill_buffer(data)
        else:
            self._call_protocol('data_received', data)

    def _fill_buffer(self, data):
        success, buffer = self._call_protocol('get_buffer', len(data))
        if not success:
            return
        n = min(len(buffer), len(data))
        if n == 0:
            self._fail(RuntimeError('get_buffer() returned an empty buffer'), 'get_buffer')
            return
        buffer[:n] = data[:n]
        # The rest waits: the protocol may pause, or hand over to another one.
        self._received = data[n:] or None
        self._call_protocol('buffer_updated', n)

    def is_reading(self):
        return not (self._paused or self._closing)

    def pause_reading(self):
        if not self._closing:
            self._paused = True

    def resume_reading(self):
        if not self._closing and self._paused:
            self._paused = False
            self._read()

    # The writing half

    def write(self, data):
        if not isinstance(data, (bytes, bytearray, memoryview)):
            raise TypeError('data argument must be a bytes-like object, '
                            f'not {type(data).__name__!r}')
        if self._eof is not None:
            raise RuntimeError('cannot write after write_eof()')
        if self._closing:
            return
        self._unwritten += data
        self._write()
        self._pause_writing()

    def _pause_writing(self):
        if len(self._unwritten) > self._high and not self._protocol_paused:
            self._protocol_paused = True
            self._tell_writer('pause_writing')

    def _resume_writing(self):
        if len(self._unwritten) <= self._low and self._protocol_paused:
            self._protocol_paused = False
            self._tell_writer('resume_writing')

    def _tell_writer(self, name):
        # As asyncio's transports do, it goes on.
        try:
            getattr(self._protocol, name)()
        except (SystemExit, KeyboardInterrupt):
            raise
        except BaseException as error:
            self._report(error, f'protocol.{name}() failed')

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
        self._pause_writing()

    def _write(self):
        """Begins what is next: a write, the shutdown or the close."""
        if self._writing or self._closed.done():
            return
        self._writing = True
        if self._unwritten:
            data = Bytes(bytes(self._unwritten[:WRITE_SIZE]))
            self._output.write_bytes_async(data, GLib.PRIORITY_DEFAULT, None,
                                           self._then(self._write_cb))
        elif self._closing:
            self._transport.close_async(GLib.PRIORITY_DEFAULT, None, self._then(self._close_cb))
        elif self._eof is False:
            self._transport.shutdown_output_async(None, self._then(self._shutdown_cb))
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
        self._resume_writing()
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


class _StreamWriter(asyncio.StreamWriter):
    async def start_tls(self, sslcontext, *, server_side=False, **arguments):
        if server_side:
            # asyncio takes the side of the server for streams that have this callback: those of
            # its own servers. If connection_made() found the callback, there would be a second
            # writer, which closes the transport when nothing refers to the writer (Python 3.13).
            await asyncio.sleep(0)
            self._protocol._client_connected_cb = lambda reader, writer: None
        await super().start_tls(sslcontext, **arguments)


def _attach(loop, transport, protocol):
    _check_loop(loop)
    adapter = _StreamTransport(loop, transport, protocol)
    transport._adapter = weakref.ref(adapter)
    return adapter


async def start_protocol(transport, protocol_factory):
    loop = asyncio.get_running_loop()
    protocol = protocol_factory()
    adapter = _attach(loop, transport, protocol)
    # connection_made() is called before.
    made = loop.create_future()
    loop.call_soon(lambda: made.done() or made.set_result(None))
    try:
        await made
    except BaseException:
        adapter.close()
        raise
    return adapter, protocol


def make_streams(transport, limit):
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=limit, loop=loop)
    protocol = asyncio.StreamReaderProtocol(reader, loop=loop)
    return reader, _StreamWriter(_attach(loop, transport, protocol), protocol, reader, loop)
