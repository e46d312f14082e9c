# SPDX-License-Identifier: LGPL-2.1-or-later
"""Files between ibb-glib and the clients that people use, through a private Prosody."""

import os
import shutil
import socket
import tempfile
import time

import cases
import cut_proxy
import gi
import other_end
import private_network
import prosody
from other_end import MIB, PATIENCE, Gio, GLib, IBB, Peer

gi.require_version('IBBFiles', '1.0')
from gi.repository import IBBFiles  # noqa: E402

NAME = 'ä ö & <x> "q".txt'
SIZES = (1, 200_000, 5 * MIB)  # more than may be in flight to us (D-23)
LONG = 20 * MIB  # there is time to cancel it
SOME = 100_000
INITIATION, JINGLE = IBBFiles.Way.STREAM_INITIATION, IBBFiles.Way.JINGLE
CHATS = ('dino', 'gajim')  # whole programs, which know contacts


def until(condition, what):
    """Iterates the context of our end. It looks now and then: a thread that has an answer of the peer wakes nobody."""
    context = GLib.MainContext.default()
    deadline = time.monotonic() + PATIENCE
    timer = GLib.timeout_add(20, lambda: True)
    try:
        while not condition():
            cases.check(time.monotonic() < deadline, f'no {what}')
            context.iteration(True)
    finally:
        GLib.source_remove(timer)


def result(future):
    """The answer to a call of the peer's, which may need ours."""
    until(future.done, 'answer of the peer')
    return future.result()


def make_folder():
    folder = tempfile.mkdtemp()
    cases.defer(lambda: shutil.rmtree(folder))
    return folder


def begin_network(server):
    """Dino finds its server by the name of the domain, at port 5222: a network in which it is there."""
    try:
        network = private_network.Namespace()
    except PermissionError as error:
        raise cases.Skip('only root makes a network, in which dino finds its server') from error
    cases.defer(network.close)
    listener = network.call(lambda: socket.create_server(('127.0.0.1', 5222)))
    cut_proxy.CutProxy(server.port, listener=listener)
    return network.enter


class Ends:
    """Ours, with a folder, and the peer's."""

    def __init__(self, server, library):
        if library in CHATS:
            theirs = prosody.NO_TLS_DOMAIN if library == 'gajim' else prosody.DOMAIN
            server.add_contact(prosody.DOMAIN, 'alice', f'bob@{theirs}')
            server.add_contact(theirs, 'bob', f'alice@{prosody.DOMAIN}')
        self.folder = make_folder()
        self.service = IBBFiles.Service.new(other_end.make_client(server))
        self.offers = []
        self.service.connect('file-offered', self._offered)
        other_end.login(self.service.props.connection)
        self.jid = self.service.props.connection.props.local_jid
        prepare = begin_network(server) if library == 'dino' else None
        self.peer = Peer(server, library, prepare=prepare, profile=make_folder(), transfers=True)

    def _offered(self, _service, transfer):
        self.offers.append(transfer)
        return True

    def call(self, name, **arguments):
        return result(self.peer.start(name, **arguments))

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, content):
        with open(self.path(name), 'wb') as file:
            file.write(content)
        return self.path(name)

    def check_file(self, name, content):
        with open(self.path(name), 'rb') as file:
            other_end.check_content(file.read(), content)

    def check_names(self, *names):
        """Files that are there, hidden ones as well."""
        cases.check_equal(sorted(os.listdir(self.folder)), sorted(names), 'files')

    # The peer offers.

    def let_offer(self, content, name=NAME):
        """The peer offers a file: our transfer, and the call of the peer."""
        sending = self.peer.start('send', to=self.jid, sid=GLib.uuid_string_random(),
                                  path=self.write(name, content))
        until(lambda: self.offers or (sending.done() and sending.exception()), 'offer')
        if not self.offers:
            sending.result()
        transfer = self.offers.pop()
        metadata = transfer.props.metadata
        cases.check_equal((metadata.props.name, metadata.props.size), (name, len(content)), 'offer')
        cases.check_equal(transfer.props.peer_jid, self.peer.jid, 'sender')
        return transfer, sending

    def accept(self, transfer):
        """Into the file "received"."""
        transfer.accept_file_async(Gio.File.new_for_path(self.path('received')), IBBFiles.Existing.FAIL, None, None)

    # We offer.

    def offer(self, content, name=NAME):
        file = Gio.File.new_for_path(self.write(name, content))
        results = []
        self.service.offer_file_async(self.peer.jid, file, None, None,
                                      lambda _service, answer: results.append(answer))
        until(lambda: results, 'way to offer')
        return self.service.offer_file_finish(results[0])


def check_fails(transfer, domain, code):
    """How the transfer ends."""
    error = other_end.failure(transfer.wait, None)
    cases.check(error.matches(domain, code), f'{error!r} is not {code}')
    cases.check_equal(transfer.props.state, IBBFiles.State.FAILED, 'state')


def add_sending(library, way=INITIATION, sends_empty=True, cancels=True):
    """Registers the cases in which the library sends."""

    def case(name):
        return cases.case(f'/interop/transfers/{library}/it sends: {name}')

    def receive(ends, content):
        transfer, sending = ends.let_offer(content)
        ends.accept(transfer)
        transfer.wait(None)
        cases.check_equal(transfer.props.state, IBBFiles.State.DELIVERED, 'state')
        cases.check_equal(transfer.props.way, way, 'way')
        cases.check_equal(transfer.props.bytes_moved, len(content), 'bytes moved')
        ends.check_file('received', content)
        ends.check_names(NAME, 'received')
        os.unlink(ends.path('received'))
        return sending

    def check_knows(sending):
        """Chat programs show nothing."""
        if way == JINGLE:
            return
        until(sending.done, 'answer of the peer')
        cases.check(sending.exception() is not None, 'the peer believes that the file was sent')

    @case('sizes')
    def _(server):
        ends = Ends(server, library)
        for size in SIZES:
            result(receive(ends, other_end.data('it sends', size)))

    @case('an empty file')
    def _(server):
        if not sends_empty:
            raise cases.Skip(f'{library} offers no empty file')
        receive(Ends(server, library), b'')

    @case('we refuse')
    def _(server):
        ends = Ends(server, library)
        transfer, sending = ends.let_offer(other_end.data('refused', SOME))
        transfer.refuse('Not now')
        check_fails(transfer, IBB.error_quark(), IBB.Error.FORBIDDEN)
        check_knows(sending)
        ends.check_names(NAME)

    @case('it cancels')
    def _(server):
        if not cancels:
            raise cases.Skip(f'{library} cannot cancel')
        ends = Ends(server, library)
        ends.call('cancel', after=SOME)
        transfer, _sending = ends.let_offer(other_end.data('cancelled', LONG))
        ends.accept(transfer)
        if way == JINGLE:
            check_fails(transfer, IBB.error_quark(), IBB.Error.GONE)
        else:
            check_fails(transfer, Gio.io_error_quark(), Gio.IOErrorEnum.PARTIAL_INPUT)
        ends.check_names(NAME)

    @case('we cancel')
    def _(server):
        ends = Ends(server, library)
        transfer, sending = ends.let_offer(other_end.data('cancelled', LONG))
        ends.accept(transfer)
        until(lambda: transfer.props.bytes_moved > SOME, 'bytes')
        transfer.cancel()
        check_fails(transfer, Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
        check_knows(sending)
        ends.check_names(NAME)

    @case("the stock limit of Debian's Prosody")
    def _(_server):
        with prosody.Prosody(limits=True) as slow:
            ends = Ends(slow, library)
            result(receive(ends, other_end.data('limited', SOME // 2)))
            ends.peer.kill()


def add_receiving(library):
    """Registers the cases in which the library receives, by stream initiation."""

    def case(name):
        return cases.case(f'/interop/transfers/{library}/we send: {name}')

    @case('sizes')
    def _(server):
        ends = Ends(server, library)
        for size in (0, *SIZES):
            content = other_end.data('we send', size)
            transfer = ends.offer(content)
            transfer.wait(None)
            # No receiver says that the file is there.
            cases.check_equal(transfer.props.state, IBBFiles.State.SENT, 'state')
            cases.check_equal(transfer.props.way, INITIATION, 'way')
            report = ends.call('report')
            other_end.check_report(report, content)
            cases.check_equal(report['name'], NAME, 'name at the peer')
            cases.check(not report['error'], report['error'])

    @case('it refuses')
    def _(server):
        ends = Ends(server, library)
        ends.call('decline')
        transfer = ends.offer(other_end.data('refused', SOME))
        check_fails(transfer, IBB.error_quark(), IBB.Error.FORBIDDEN)

    @case('it cancels')
    def _(server):
        ends = Ends(server, library)
        ends.call('cancel', after=SOME)
        transfer = ends.offer(other_end.data('cancelled', LONG))
        check_fails(transfer, Gio.io_error_quark(), Gio.IOErrorEnum.BROKEN_PIPE)
        cases.check(transfer.props.bytes_moved < LONG, 'all was sent')

    @case('we cancel')
    def _(server):
        ends = Ends(server, library)
        transfer = ends.offer(other_end.data('cancelled', LONG))
        until(lambda: transfer.props.bytes_moved > SOME, 'bytes')
        transfer.cancel()
        check_fails(transfer, Gio.io_error_quark(), Gio.IOErrorEnum.CANCELLED)
        cases.check(ends.call('report')['received'] < LONG, 'all was sent')


for one in ('gloox', 'purple', 'qxmpp', 'slixmpp'):
    add_sending(one, sends_empty=one != 'gloox')
    add_receiving(one)
for one in CHATS:
    add_sending(one, way=JINGLE, sends_empty=False, cancels=one != 'dino')

other_end.main()
