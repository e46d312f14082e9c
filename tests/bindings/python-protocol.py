# SPDX-License-Identifier: LGPL-2.1-or-later
"""A protocol that misbehaves: an IBB transport does to it what asyncio's own TCP
transport does."""

import asyncio
import socket

import cases
from bindings import BOB, raises, services
from gi.repository import IBB


class Stop(BaseException):
    """Like asyncio.CancelledError, not an Exception."""


async def connect_tcp(peer, victim):
    loop = asyncio.get_running_loop()
    with cases.listen() as server:
        near = socket.create_connection(server.getsockname()[:2])
        far, _address = server.accept()
    near.setblocking(False)
    far.setblocking(False)
    await loop.create_connection(lambda: peer, sock=near)
    await loop.create_connection(lambda: victim, sock=far)


async def connect_ibb(peer, victim):
    alice, bob = services()
    bob.props.session_limit = 1
    expected = bob.accept_async()
    opened = await alice.open_session_async(BOB)
    accepted = await expected
    await opened.start_protocol(lambda: peer)
    await accepted.start_protocol(lambda: victim)


class Peer(asyncio.Protocol):
    """Says all its lines, and the end if it is told to; keeps what it hears."""

    def __init__(self, lines, says_end):
        self.lines = lines
        self.says_end = says_end
        self.heard = bytearray()
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport
        for line in self.lines:
            transport.write(line)
        if self.says_end:
            transport.write_eof()

    def data_received(self, data):
        self.heard += data

    def connection_lost(self, error):
        self.lost.set_result(error)


class Victim(asyncio.Protocol):
    """Keeps the lines that it hears. raises: what the callback of that name raises."""

    def __init__(self, **raises):
        self.raises = raises
        self.log = []
        self.rest = b''
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        *lines, self.rest = (self.rest + data).split(b'\n')
        self.log += lines

    def pause_writing(self):
        if 'pause_writing' in self.raises:
            raise self.raises['pause_writing']('by the test')

    def resume_writing(self):
        if 'resume_writing' in self.raises:
            raise self.raises['resume_writing']('by the test')

    def connection_lost(self, error):
        self.log.append(repr(error))
        if not self.lost.done():  # by the loop that ends
            self.lost.set_result(error)


@cases.case('/bindings/python/protocol/order')
def order():
    # Resume, pause and resume in one callback, while what was read is held back.
    class Order(Victim):
        def data_received(self, data):
            super().data_received(data)
            # The next read has begun when it is paused.
            asyncio.get_running_loop().call_soon(self.transport.pause_reading)
            asyncio.get_running_loop().call_later(0.002, self.again)

        def again(self):
            self.transport.resume_reading()
            self.transport.pause_reading()
            self.transport.resume_reading()

    async def main():
        lines = [b'%d\n' % i + b'x' * 70000 for i in range(40)]
        victim, peer = Order(), Peer([*lines, b'\n'], True)
        await connect_ibb(peer, victim)
        await victim.lost
        numbers = [int(line.lstrip(b'x')) for line in victim.log[:-2]]
        assert numbers == list(range(40)), numbers

    IBB.run(main())


@cases.case('/bindings/python/protocol/writing')
def writing():
    # What pause_writing() and resume_writing() raise is reported; the stream goes on.
    size = 20 * 2 ** 20

    async def play_writing(connect):
        loop = asyncio.get_running_loop()
        reports = set()
        loop.set_exception_handler(
            lambda _loop, context: reports.add((context['message'], repr(context['exception']))))
        victim = Victim(pause_writing=ValueError, resume_writing=Stop)
        peer = Peer([], False)
        await connect(peer, victim)
        await asyncio.sleep(0)
        victim.transport.write(bytes(size))
        victim.transport.close()
        await victim.lost
        await peer.lost
        loop.set_exception_handler(None)
        return victim.log, reports, len(peer.heard)

    wanted, got = IBB.run(play_writing(connect_tcp)), IBB.run(play_writing(connect_ibb))
    assert wanted == got and got[2] == size and len(got[1]) == 2, (wanted, got)


@cases.case('/bindings/python/protocol/types')
def types():
    async def main(connect):
        victim = Victim()
        await connect(Peer([], False), victim)
        await asyncio.sleep(0)
        for wrong in ('text', [1, 2], None):
            with raises(TypeError):
                victim.transport.write(wrong)
        for data in (b'1', bytearray(b'2'), memoryview(b'3'), b''):
            victim.transport.write(data)
        victim.transport.close()
        await victim.lost

    for connect in (connect_tcp, connect_ibb):
        IBB.run(main(connect))


cases.main()
