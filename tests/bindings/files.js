// SPDX-License-Identifier: LGPL-2.1-or-later

// Files through the JavaScript binding.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBFiles from 'gi://IBBFiles?version=1.0';

import {DATA, assert, checkFails, run, same} from './bindings.js';

Gio._promisify(IBBFiles.Service.prototype, 'offer_file_async', 'offer_file_finish');
Gio._promisify(IBBFiles.Service.prototype, 'offer_stream_async', 'offer_stream_finish');
Gio._promisify(IBBFiles.Transfer.prototype, 'accept_file_async', 'accept_file_finish');
Gio._promisify(IBBFiles.Transfer.prototype, 'wait_async', 'wait_finish');

const ALICE = 'alice@example.org/a';
const BOB = 'bob@example.org/b';

function services() {
    const loopback = new IBB.Loopback();
    return [ALICE, BOB].map(jid => new IBBFiles.Service({connection: loopback.attach(jid)}));
}

// The next offer.
function offered(service) {
    return new Promise(resolve => {
        const id = service.connect('file-offered', (_service, transfer) => {
            service.disconnect(id);
            resolve(transfer);
            return true;
        });
    });
}

run({
    '/bindings/javascript/files/file': async () => {
        const [alice, bob] = services();
        const folder = GLib.dir_make_tmp('ibb-files-XXXXXX');
        const [sent, place] = ['sent', 'got'].map(name =>
            Gio.File.new_for_path(GLib.build_filenamev([folder, name])));
        sent.replace_contents(DATA, null, false, Gio.FileCreateFlags.NONE, null);
        const offer = offered(bob);
        const transfer = await alice.offer_file_async(BOB, sent, null, null);
        const received = await offer;
        assert(received.metadata.name === 'sent' && received.metadata.size === DATA.length);
        await received.accept_file_async(place, IBBFiles.Existing.FAIL, null);
        await transfer.wait_async(null);
        assert(transfer.state === IBBFiles.State.DELIVERED && transfer.progress === 1);
        assert(received.direction === IBBFiles.Direction.RECEIVE && received.peer_jid === ALICE);
        assert(same(place.load_contents(null)[1], DATA), 'content');
        for (const file of [sent, place, Gio.File.new_for_path(folder)])
            file.delete(null);
    },

    '/bindings/javascript/files/declined': async () => {
        const [alice, bob] = services();
        const offer = offered(bob);
        const source = Gio.MemoryInputStream.new_from_bytes(new GLib.Bytes(DATA));
        const metadata = IBBFiles.Metadata.new('a', DATA.length);
        const transfer = await alice.offer_stream_async(BOB, source, metadata, null);
        (await offer).reject('Not now');
        await checkFails(transfer.wait_async(null), IBB.Error.FORBIDDEN, IBB.error_quark());
        assert(transfer.dup_error().code === IBB.Error.FORBIDDEN);
    },
});
