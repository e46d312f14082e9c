# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files through the Python binding, with and without the overrides."""

import contextlib
import io
import os
import tempfile

import gi

gi.require_version('IBBFiles', '1.0')

import cases
from bindings import ALICE, BOB, DATA, check_fails, check_fails_awaited, listing, raises, wait, wait_until
from gi.repository import Gio, GLib, IBB, IBBFiles

HAS_OVERRIDES = IBBFiles.Service.__module__ == 'gi.overrides.IBBFiles'


class Ends:
    """Alice offers, Bob decides; a folder for both."""

    def __init__(self):
        loopback = IBB.Loopback()
        self.alice = IBBFiles.Service.new(loopback.attach(ALICE))
        self.bob = IBBFiles.Service(connection=loopback.attach(BOB))
        self._folder = tempfile.TemporaryDirectory(prefix='ibb-files-')
        self.sent = self.place('sent.bin')
        with open(self.sent.get_path(), 'wb') as file:
            file.write(DATA)

    def place(self, name):
        return Gio.File.new_for_path(os.path.join(self._folder.name, name))

    def read(self, name):
        with open(os.path.join(self._folder.name, name), 'rb') as file:
            return file.read()

    def list(self):
        return sorted(os.listdir(self._folder.name))

    def on_offer(self, function):
        """The function gets each offer, and has taken it."""
        self.bob.connect('file-offered', lambda _service, transfer: function(transfer) or True)

    def offer(self):
        return self.alice.offer_file_finish(wait(self.alice.offer_file_async, BOB, self.sent, None))


@cases.case('/bindings/python/files/blocking')
def blocking():
    ends = Ends()
    seen = []

    def take(transfer):
        seen.append(transfer)
        place = ends.place(transfer.props.metadata.dup_safe_name() + '.got')
        transfer.accept_file_async(place, IBBFiles.Existing.FAIL, None, None)

    ends.on_offer(take)
    transfer = ends.offer()
    assert transfer.wait()
    assert seen[0].wait()
    assert transfer.props.state == seen[0].props.state == IBBFiles.State.DELIVERED
    assert transfer.props.way == IBBFiles.Way.JINGLE
    assert transfer.props.direction == IBBFiles.Direction.SEND
    assert (transfer.props.peer_jid, seen[0].props.peer_jid) == (BOB, ALICE)
    assert transfer.props.progress == 1 and transfer.props.bytes_moved == len(DATA)
    assert ends.read('sent.bin.got') == DATA and len(ends.list()) == 2


@cases.case('/bindings/python/files/callbacks')
def callbacks():
    ends = Ends()
    offered = []
    ends.on_offer(offered.append)
    metadata = IBBFiles.Metadata(name='ü.bin', size=len(DATA), description='Read & burn')
    source = Gio.MemoryInputStream.new_from_bytes(GLib.Bytes(DATA))
    result = wait(ends.alice.offer_stream_async, BOB, source, metadata)
    transfer = ends.alice.offer_stream_finish(result)
    wait_until(lambda: offered)
    told = offered[0].props.metadata.props
    assert (told.name, told.size, told.description) == ('ü.bin', len(DATA), 'Read & burn')
    sink = Gio.MemoryOutputStream.new_resizable()
    assert offered[0].accept_stream_finish(wait(offered[0].accept_stream_async, sink))
    assert transfer.wait_finish(wait(transfer.wait_async))
    sink.close()
    assert sink.steal_as_bytes().get_data() == DATA


@cases.case('/bindings/python/files/refused')
def refused():
    ends = Ends()
    transfer = ends.offer()  # nobody takes it
    check_fails(IBB.Error.FORBIDDEN, transfer.wait, quark=IBB.error_quark())
    assert transfer.dup_error().matches(IBB.error_quark(), IBB.Error.FORBIDDEN)
    ends.on_offer(lambda offered: offered.refuse('Not now'))
    check_fails(IBB.Error.FORBIDDEN, ends.offer().wait, quark=IBB.error_quark())


@cases.case('/bindings/python/files/no-way')
def no_way():
    ends = Ends()

    def offer(jid, file):
        ends.alice.offer_file_finish(wait(ends.alice.offer_file_async, jid, file, None))

    check_fails(Gio.IOErrorEnum.NOT_FOUND, offer, BOB, ends.place('missing'))
    check_fails(IBB.Error.SERVICE_UNAVAILABLE, offer, 'nobody@example.org/x', ends.sent,
                quark=IBB.error_quark())


@cases.case('/bindings/python/files/awaited')
def awaited():
    if not HAS_OVERRIDES:
        return
    ends = Ends()
    offered = []
    ends.on_offer(offered.append)

    async def talk():
        transfer = await ends.alice.offer_file_async(BOB, ends.sent)
        assert repr(transfer) == f"<IBBFiles.Transfer of 'sent.bin' to {BOB} offered>", repr(transfer)
        wait_until(lambda: offered)
        await offered[0].accept_file_async(ends.place('got'))
        await transfer.wait_async()

        # The place is taken: the file is replaced on demand only.
        transfer = await ends.alice.offer_file_async(BOB, ends.sent)
        wait_until(lambda: len(offered) == 2)
        await check_fails_awaited(Gio.IOErrorEnum.EXISTS, offered[1].accept_file_async(ends.place('got')))
        await check_fails_awaited(IBB.Error.FORBIDDEN, transfer.wait_async(), IBB.error_quark())

        transfer = await ends.alice.offer_file_async(BOB, ends.sent)
        wait_until(lambda: len(offered) == 3)
        await offered[2].accept_file_async(ends.place('got'), existing=IBBFiles.Existing.REPLACE)
        assert offered[2].props.file.get_basename() == 'got'
        await transfer.wait_async()

    IBB.run(talk(), debug=True)
    assert ends.read('got') == DATA and len(ends.list()) == 2


@cases.case('/bindings/python/files/cancelled')
def cancelled():
    """A cancelled task cancels the transfer that it has accepted; that of a wait goes on."""
    if not HAS_OVERRIDES:
        return
    import asyncio
    ends = Ends()
    offered = []
    ends.on_offer(offered.append)

    async def cancel(awaitable):
        task = asyncio.ensure_future(awaitable)
        await asyncio.sleep(0)
        task.cancel()
        with raises(asyncio.CancelledError):
            await task

    async def wait_for(awaitable):
        return await awaitable

    async def talk():
        transfer = await ends.alice.offer_file_async(BOB, ends.sent)
        await cancel(wait_for(transfer.wait_async()))
        assert transfer.props.state == IBBFiles.State.OFFERED
        wait_until(lambda: offered)
        await cancel(wait_for(offered[0].accept_file_async(ends.place('got'))))
        assert offered[0].dup_error().matches(Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
        with raises(GLib.Error):
            await transfer.wait_async()

    IBB.run(talk(), debug=True)
    assert ends.list() == ['sent.bin']


@cases.case('/bindings/python/files/parts')
def parts():
    ends = Ends()
    folder, part = ends.place(''), ends.place('.ibb-0123456789abcdef-1.part')
    offered = []
    ends.on_offer(offered.append)
    transfer = ends.offer()
    wait_until(lambda: offered)
    assert IBBFiles.Part.query_stored(offered[0], folder) == 0
    with open(part.get_path(), 'wb') as file:
        file.write(DATA)
    found, = IBBFiles.Part.list(folder, None)
    assert (found.path, found.size, found.is_in_use) == (part.get_path(), len(DATA), False) and found.time > 0
    assert found.remove(None)
    check_fails(Gio.IOErrorEnum.NOT_FOUND, found.remove, None)
    assert IBBFiles.Part.list(folder, None) == []
    transfer.cancel()


@cases.case('/bindings/python/files/output-stream')
def output_stream():
    ends = Ends()
    stream = IBBFiles.OutputStream.new(ends.place('got'))
    stream.write_all(DATA, None)
    assert stream.dup_part_path() == ends.place(min(ends.list())).get_path()
    stream.close(None)
    assert ends.list() == ['got', 'sent.bin'] and ends.read('got') == DATA


@cases.case('/bindings/python/files/page')
def page():
    # What the page shows.
    if not HAS_OVERRIDES:
        return
    ends = Ends()
    names = {}
    exec(listing('files.md'), names)
    os.mkdir(ends.place('in').get_path())
    names['take_files'](ends.bob, ends.place('in'))
    with contextlib.redirect_stdout(io.StringIO()) as output:
        IBB.run(names['offer'](ends.alice, BOB, ends.sent))
        wait_until(lambda: output.getvalue().count('sent.bin delivered') == 2)  # Bob may come last
    assert ends.read('in/sent.bin') == DATA


cases.main()
