# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python binding under asyncio: awaited calls, streams, the loop."""

import asyncio
import contextlib
import hashlib
import io
import itertools
import os
import random
import ssl
import subprocess
import tempfile

import bindings
import cases
from bindings import ALICE, BOB, DATA, check_fails_awaited, listing, raises
from gi.repository import Gio, GLib, IBB, IBBXmpp


def services():
    alice, bob = bindings.services()
    bob.props.session_limit = 100
    return alice, bob


async def ends(alice=None, bob=None, params=None):
    if alice is None:
        alice, bob = services()
    expected = bob.accept_async()
    return await alice.open_session_async(BOB, params), await expected


def case(name):
    """A case that is a coroutine."""
    def register(function):
        cases.case('/bindings/python/asyncio/' + name)(lambda: IBB.run(function(), debug=True))
        return function
    return register


async def wait_until(condition):
    """For a change that wakes no coroutine."""
    while not condition():
        await asyncio.sleep(0.002)


async def echo(transport):
    async with transport:
        reader, writer = transport.make_streams()
        async for line in reader:
            writer.write(line)
            await writer.drain()


@case('streams')
async def streams():
    # Many sessions at once, each with lines that cross blocks.
    alice, bob = services()

    async def serve():
        async with asyncio.TaskGroup() as group:
            for _ in range(20):
                group.create_task(echo(await bob.accept_async()))

    async def talk(number):
        line = b'%d ' % number * 500 + b'\n'
        async with await alice.open_session_async(BOB) as transport:
            reader, writer = transport.make_streams()
            writer.write(line * 30)
            for _ in range(30):
                assert await reader.readline() == line
        assert transport.dup_error() is None

    async with asyncio.TaskGroup() as group:
        group.create_task(serve())
        for number in range(20):
            group.create_task(talk(number))


@case('expect')
async def expect():
    # Expected from the call on, not from the await.
    alice, bob = services()
    bob.props.session_limit = 0
    expected = bob.expect_session_async(ALICE, 'agreed')
    params = IBB.SessionParams(stanza_type=IBB.StanzaType.MESSAGE, block_size=512, sid='agreed')
    opened = await alice.open_session_async(BOB, params)
    accepted = await expected
    assert isinstance(accepted, IBB.Transport) and accepted.props.block_size == 512
    async with accepted, opened:
        accepted.get_output_stream().write_all(DATA)
        assert await accepted.drain_async() is True


@case('errors')
async def errors():
    alice, bob = services()
    await check_fails_awaited(IBB.Error.SERVICE_UNAVAILABLE, alice.open_session_async('nobody@example.org/x'),
                              IBB.error_quark())
    await check_fails_awaited(Gio.IOErrorEnum.INVALID_ARGUMENT, alice.open_session_async('@'))
    # One's own cancellable is an error of the call, not of the task.
    cancellable = Gio.Cancellable()
    call = bob.accept_async(cancellable)
    cancellable.cancel()
    await check_fails_awaited(Gio.IOErrorEnum.CANCELLED, call)

    opened, accepted = await ends(alice, bob)
    reader, writer = accepted.make_streams()
    opened.abort()
    await check_fails_awaited(Gio.IOErrorEnum.CONNECTION_CLOSED, reader.read())
    await check_fails_awaited(Gio.IOErrorEnum.CONNECTION_CLOSED, writer.wait_closed())


@case('request')
async def request():
    # Answered by a coroutine that has to wait for something first.
    alice, bob = services()
    opened = asyncio.Event()
    answered = []

    async def answer(request):
        await opened.wait()
        if request.props.sid == 'welcome':
            answered.append(request.accept())
        else:
            request.refuse(IBB.StanzaCondition.FORBIDDEN, 'not you')

    def requested(_service, request):
        tasks.append(asyncio.ensure_future(answer(request)))
        if len(tasks) == 2:
            opened.set()
        return True

    tasks = []
    bob.connect('session-requested', requested)
    welcome = alice.open_session_async(BOB, IBB.SessionParams(sid='welcome'))
    await check_fails_awaited(IBB.Error.FORBIDDEN, alice.open_session_async(BOB, IBB.SessionParams(sid='other')),
                              IBB.error_quark())
    assert (await welcome).props.sid == answered[0].props.sid == 'welcome'


@case('cancel/call')
async def cancel_call():
    # What was cancelled is over: the next call of the kind is not "pending".
    alice, bob = services()
    bob.props.receive_buffer_size = 4096
    for _ in range(20):
        waiting = asyncio.ensure_future(bob.accept_async())
        await asyncio.sleep(0)
        waiting.cancel()
        with raises(asyncio.CancelledError):
            await waiting
    opened, accepted = await ends(alice, bob)
    opened.get_output_stream().write_all(bytes(30000))
    for _ in range(20):
        with raises(TimeoutError):
            async with asyncio.timeout(0.002):
                await opened.drain_async()
    reader, _writer = accepted.make_streams()
    assert (await asyncio.gather(opened.drain_async(), reader.readexactly(30000)))[0] is True


@case('cancel/read')
async def cancel_read():
    # Reads that are cancelled at any moment lose nothing.
    seed = random.randrange(2 ** 32)
    print(f'# seed {seed}')
    dice = random.Random(seed)
    data = dice.randbytes(1000000)
    opened, accepted = await ends()
    received = bytearray()
    cancelled = 0

    async def send():
        async with opened:
            _reader, writer = opened.make_streams()
            for start in range(0, len(data), 3001):
                writer.write(data[start:start + 3001])
                await writer.drain()

    sending = asyncio.ensure_future(send())
    reader, writer = accepted.make_streams()
    while not reader.at_eof():
        reading = asyncio.ensure_future(reader.read(dice.randrange(1, 20000)))
        # The first one once it waits: nothing has come yet.
        for _ in range(dice.randrange(4) if cancelled else 1):
            await asyncio.sleep(0)
        if dice.random() < 0.5 or not cancelled:
            reading.cancel()
        try:
            received += await reading
        except asyncio.CancelledError:
            cancelled += 1
    writer.close()
    await asyncio.gather(sending, writer.wait_closed())
    assert received == data and cancelled > 0, (len(received), cancelled)


@case('half-close')
async def half_close():
    # The answer to all there is: the question has to end first.
    alice, bob = services()
    opened, accepted = await ends(alice, bob)

    async def answer():
        async with accepted:
            reader, writer = accepted.make_streams()
            writer.write(hashlib.sha256(await reader.read()).digest())

    answering = asyncio.ensure_future(answer())
    async with opened:
        reader, writer = opened.make_streams()
        writer.write(DATA * 50)
        writer.write_eof()
        assert await reader.read() == hashlib.sha256(DATA * 50).digest()
        with raises(RuntimeError):
            writer.write(b'more')
    await answering


@case('async-with')
async def async_with():
    opened, accepted = await ends()
    reader, _writer = accepted.make_streams()
    with raises(KeyError):
        async with opened:
            _reader, writer = opened.make_streams()
            writer.write(DATA)
            raise KeyError('mine')
    await check_fails_awaited(Gio.IOErrorEnum.CONNECTION_CLOSED, reader.read())

    # Without streams, too; and the end of the block waits for the other side's.
    opened, accepted = await ends()
    async with accepted, opened:  # opened is closed first, once all has arrived
        opened.get_output_stream().write_all(DATA)
    assert accepted.props.bytes_received == len(DATA) and opened.has_ended()

    opened, accepted = await ends()
    opened.make_streams()
    with raises(RuntimeError):
        opened.make_streams()


def make_contexts():
    """What a client and a server of TLS know, by their arguments of start_tls()."""
    with tempfile.TemporaryDirectory() as folder:
        names = os.path.join(folder, 'key'), os.path.join(folder, 'certificate')
        subprocess.run(('openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                        'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=bob',
                        '-addext', 'subjectAltName=DNS:bob', '-keyout', names[0],
                        '-out', names[1]), check=True, capture_output=True)
        server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.load_cert_chain(names[1], names[0])
        client = ssl.create_default_context(cafile=names[1])
    return ((client, {'server_hostname': 'bob'}), (server, {'server_side': True}))


class Keeper(asyncio.Protocol):
    """Keeps what it hears."""

    def __init__(self):
        self.transport = None
        self.data = bytearray()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.data += data

    async def read(self, n):
        await wait_until(lambda: len(self.data) >= n)
        return bytes(self.data)


async def begin_tls_of_streams(session, context, side):
    reader, writer = session.make_streams()
    await writer.start_tls(context, **side)
    return writer, reader.readexactly


async def begin_tls_of_protocol(session, context, side):
    transport, keeper = await session.start_protocol(Keeper)
    loop = asyncio.get_running_loop()
    return await loop.start_tls(transport, keeper, context, **side), keeper.read


@case('start-tls')
async def start_tls():
    # Each end may be the server, with streams or a protocol.
    contexts = make_contexts()
    begins = (begin_tls_of_streams, begin_tls_of_protocol)
    data = b'hello\n' * 50000
    for begin, begin_other, server in itertools.product(begins, begins, (0, 1)):
        opened, accepted = await ends()
        async with opened, accepted:
            (near, read_near), (far, read_far) = await asyncio.gather(
                begin(opened, *contexts[1 - server]), begin_other(accepted, *contexts[server]))
            for number, end in ((1 - server, near), (server, far)):
                assert end.get_extra_info('ssl_object').server_side == bool(number)
            near.write(data)
            far.write(data.upper())
            assert await read_far(len(data)) == data
            assert await read_near(len(data)) == data.upper()


@case('protocol')
async def protocol():
    opened, accepted = await ends()
    async with opened, accepted:
        # The protocol is connected by then.
        transport, keeper = await opened.start_protocol(Keeper)
        assert isinstance(keeper, Keeper) and keeper.transport is transport
        assert transport.get_extra_info('ibb') is opened
        reader, writer = accepted.make_streams()
        transport.write(b'question\n')
        assert await reader.readline() == b'question\n'
        writer.write(b'answer')
        assert await keeper.read(6) == b'answer'
        for again in (lambda: opened.start_protocol(Keeper), lambda: accepted.start_protocol(Keeper)):
            with raises(RuntimeError):
                await again()

    # What the factory raises costs nothing.
    def fail():
        raise KeyError('mine')

    opened, accepted = await ends()
    async with opened, accepted:
        with raises(KeyError):
            await opened.start_protocol(fail)
        transport, _keeper = await opened.start_protocol(Keeper)
        reader, _writer = accepted.make_streams()
        transport.write(b'x\n')
        assert await reader.readline() == b'x\n'

    # A task that is cancelled meanwhile has no use for the stream.
    opened, accepted = await ends()
    starting = asyncio.ensure_future(opened.start_protocol(Keeper))
    await asyncio.sleep(0)
    starting.cancel()
    with raises(asyncio.CancelledError):
        await starting
    reader, _writer = accepted.make_streams()
    assert await reader.read() == b''


@case('encrypt')
async def encrypt():
    # The call of the page “Private from the servers”.
    opened, accepted = await ends()
    with tempfile.TemporaryDirectory() as folder:
        identities = [await IBBXmpp.Identity.load_or_create_async(os.path.join(folder, name))
                      for name in ('here', 'there')]
        for identity in identities:
            identity.set_known_certificates(None)
            identity.connect('trust-requested',
                             lambda _identity, question: question.accept(IBBXmpp.AnswerFlags.NONE) or True)
        here, there = await asyncio.gather(identities[0].encrypt_async(opened),
                                           identities[1].encrypt_async(accepted))
        assert isinstance(here, Gio.TlsConnection) and isinstance(there, Gio.TlsConnection)
    opened.abort()


@cases.case('/bindings/python/asyncio/page')
def page():
    # The program of the page, as it stands.
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        exec(listing('loops.md'), {})
    assert output.getvalue() == "b'HELLO\\n'\n", output.getvalue()


@cases.case('/bindings/python/asyncio/loop/idle')
def loop_idle():
    loop = IBB.new_event_loop()
    n = 0
    select = loop._selector.select

    def count(timeout=None):
        nonlocal n
        n += 1
        return select(timeout)

    loop._selector.select = count
    alice, bob = services()
    opened, accepted = loop.run_until_complete(ends(alice, bob))
    before = n
    # Nothing is to happen, which only time shows.
    loop.run_until_complete(asyncio.sleep(0.3))
    assert n - before < 20, n - before
    loop.close()


@cases.case('/bindings/python/asyncio/loop/closed')
def loop_closed():
    loop = IBB.new_event_loop()
    loop.close()
    with raises(RuntimeError):
        loop.run_forever()


async def talk_in_loop():
    """A loop runs calls and signals of GLib, timers, files and threads."""
    opened, accepted = await ends()
    answering = asyncio.ensure_future(echo(accepted))
    async with opened:
        reader, writer = opened.make_streams()
        writer.write(b'hello\n')
        assert await reader.readline() == b'hello\n'
    await answering
    await asyncio.sleep(0.005)  # a timer
    assert await asyncio.to_thread(lambda: 7) == 7
    process = await asyncio.create_subprocess_exec('echo', 'hello', stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0] == b'hello\n'
    try:
        async with asyncio.timeout(0.005):
            await asyncio.Event().wait()
    except TimeoutError:
        return 'talked'


@cases.case('/bindings/python/asyncio/loop/application')
def loop_application():
    # A task of the loop runs while Gio.Application.run() does.
    application = Gio.Application(application_id='org.example.IBB',
                                  flags=Gio.ApplicationFlags.NON_UNIQUE)
    loop = IBB.new_event_loop()
    said = []

    async def talk():
        try:
            said.append(await talk_in_loop())
        finally:
            application.quit()

    def activate(_application):
        application.hold()
        said.append(loop.create_task(talk()))

    application.connect('activate', activate)
    application.run(None)
    assert said[0].done() and said[0].result() is None and said[1] == 'talked', said
    # The loop can be run as well, before and after.
    assert loop.run_until_complete(talk_in_loop()) == 'talked'
    loop.close()


@cases.case('/bindings/python/asyncio/loop/handler')
def loop_handler():
    # A handler that a main loop of GLib's calls is in no task; what it begins can be awaited in one.
    main = GLib.MainLoop()
    loop = IBB.new_event_loop()
    alice, bob = services()
    said = []

    async def talk(opening, accepting):
        try:
            async with await opening as opened, await accepting as accepted:
                # A writer that nothing refers to closes its session (Python 3.13).
                ends = opened.make_streams(), accepted.make_streams()
                ends[0][1].write(b'hello\n')
                said.append(await ends[1][0].readline())
        finally:
            main.quit()

    def handler():
        accepting = bob.accept_async()
        said.append(loop.create_task(talk(alice.open_session_async(BOB), accepting)))

    GLib.idle_add(handler)
    main.run()
    assert said[1:] == [b'hello\n'], said
    loop.close()
    # Without a loop a call without a callback has nobody who waits for it, as without overrides.
    assert bob.accept_async() is None


cases.main()
