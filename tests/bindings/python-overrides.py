# SPDX-License-Identifier: LGPL-2.1-or-later
"""The additions of the overrides to blocking calls."""

import shutil
import tempfile
import threading

import cases
from bindings import ALICE, BOB, DATA, both_ends, check_fails, listen, listing, raises, read_all, services
from gi.repository import Gio, GLib, IBB


def ends(sid):
    return both_ends(*services(), ALICE, BOB, sid)


def in_thread(function):
    """Runs it in a thread; join() gives its result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function()))
    thread.start()

    def join():
        thread.join()
        return results[0]

    return join


@cases.case('/bindings/python/overrides/loaded')
def loaded():
    assert IBB.Transport.__module__ == 'gi.overrides.IBB'
    # What is not overridden is there nevertheless.
    assert IBB.Loopback and IBB.Error.NOT_ACCEPTABLE and IBB.MAJOR_VERSION == 1


@cases.case('/bindings/python/overrides/defaults')
def defaults():
    alice, bob = services()
    bob.props.session_limit = 2
    accepted = []
    bob.connect('session-accepted', lambda _service, transport: accepted.append(transport))
    opened = alice.open_session(BOB)
    assert (opened.props.stanza_type, opened.props.block_size) == (IBB.StanzaType.IQ, 32768)
    opened = alice.open_session(BOB, IBB.SessionParams(sid='mine', block_size=1000))
    assert (opened.props.sid, opened.props.block_size) == ('mine', 1000)


@cases.case('/bindings/python/overrides/repr')
def representation():
    opened, accepted = ends('repr')
    assert repr(opened) == "<IBB.Transport to bob@example.org/b sid='repr' open>", repr(opened)
    assert 'alice@example.org/a' in str(accepted)
    opened.abort()
    assert repr(opened).endswith(' ended>')


@cases.case('/bindings/python/overrides/with')
def context_manager():
    opened, accepted = ends('with')
    received = in_thread(lambda: (read_all(accepted), accepted.close()))
    with opened as transport:
        assert transport is opened
        transport.get_output_stream().write_all(DATA)
    assert received()[0] == DATA
    assert opened.is_closed() and opened.dup_error() is None


@cases.case('/bindings/python/overrides/with/exception')
def context_manager_exception():
    # The other end must not take what it has for all there is.
    opened, accepted = ends('exception')
    with raises(KeyError), opened:
        opened.get_output_stream().write_all(DATA)
        opened.drain()
        raise KeyError('mine')
    check_fails(Gio.IOErrorEnum.CONNECTION_CLOSED, read_all, accepted)
    check_fails(Gio.IOErrorEnum.CLOSED, opened.get_output_stream().write, b'more')


@cases.case('/bindings/python/overrides/with/close-fails')
def context_manager_close_fails():
    opened, accepted = ends('fails')

    def block():
        with opened:
            # More than anybody takes who does not read.
            in_thread(accepted.abort)()
            opened.get_output_stream().write_all(DATA)

    check_fails(Gio.IOErrorEnum.CONNECTION_CLOSED, block)


@cases.case('/bindings/python/overrides/makefile')
def makefile():
    opened, accepted = ends('makefile')

    def answer():
        with accepted, accepted.makefile('rwb') as file:
            for line in file:
                file.write(line.upper())
                file.flush()

    answered = in_thread(answer)
    with opened.makefile('r', encoding='utf-8') as reader, opened.makefile('wb') as writer:
        with opened.makefile('w', encoding='utf-8') as other:
            print('juliet', file=other)
        assert reader.readline() == 'JULIET\n'
        writer.write('grüß dich\none\ntwo\n'.encode())
        writer.flush()
        assert next(reader) == 'GRüß DICH\n'
        assert [next(reader), next(reader)] == ['ONE\n', 'TWO\n']
    # Closing the file has closed nothing else.
    assert not opened.has_ended()
    opened.close()
    answered()


@cases.case('/bindings/python/overrides/makefile/bytes')
def makefile_bytes():
    opened, accepted = ends('bytes')
    copy = tempfile.TemporaryFile()
    received = in_thread(lambda: (shutil.copyfileobj(accepted.makefile('rb'), copy),
                                  accepted.close()))
    with opened, opened.makefile('wb') as file, tempfile.TemporaryFile() as source:
        source.write(DATA * 100)
        source.seek(0)
        shutil.copyfileobj(source, file)
    received()
    copy.seek(0)
    assert copy.read() == DATA * 100

    for mode in ('', 'x', 'a', 'b', 'rw', 'rwb+'):
        with raises(ValueError):
            opened.makefile(mode)


@cases.case('/bindings/python/overrides/makefile/failure')
def makefile_failure():
    opened, accepted = ends('failure')
    file = accepted.makefile('rb')
    opened.get_output_stream().write_all(b'hello')
    opened.drain()
    assert file.read(5) == b'hello'
    opened.abort()
    check_fails(Gio.IOErrorEnum.CONNECTION_CLOSED, file.read, 1)


@cases.case('/bindings/python/overrides/page')
def page():
    # What the page shows.
    names = {}
    exec(listing('loops.md', 1), names)
    alice, bob = services()
    bob.props.session_limit = 1

    def answer():
        with bob.accept() as transport:
            transport.get_output_stream().write_all(transport.makefile('rb').read() * 2)

    listen(bob)
    answered = in_thread(answer)
    assert names['fetch'](alice, BOB, 'name') == b'name\nname\n'
    answered()


@cases.case('/bindings/python/overrides/callbacks')
def callbacks():
    # With a callback everything is as without overrides, by keyword too.
    opened, accepted = ends('callbacks')
    loop = GLib.MainLoop()
    seen = []

    def drained(transport, result, number, word):
        seen.append((transport.drain_finish(result), number, word))
        loop.quit()

    opened.get_output_stream().write_all(DATA)
    opened.drain_async(None, drained, 7, 'word')
    loop.run()
    opened.drain_async(callback=lambda transport, result: drained(transport, result, 8, ''))
    loop.run()
    assert seen == [(True, 7, 'word'), (True, 8, '')]
    # Nobody asked to hear of this one.
    assert accepted.close_async() is None


cases.main()
