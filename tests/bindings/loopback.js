// SPDX-License-Identifier: LGPL-2.1-or-later

// The JavaScript binding within one process.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBFiles from 'gi://IBBFiles?version=1.0';
import System from 'system';

import {DATA, assert, checkFails, listing, roundTrip, run, same, write} from './bindings.js';

const ALICE = 'alice@example.org/a';
const BOB = 'bob@example.org/b';

// Two connections of the page: what one sends, the other receives.
function ownConnections() {
    const {OwnConnection} = listing('connection.md', 'OwnConnection');
    // Stands for the network and for the server, which stamps the sender.
    const make = (jid, other) => new OwnConnection(jid, xml => {
        const stamped = xml
            .replace(/^(<[^>]*?) from=("[^"]*"|'[^']*')/, '$1')
            .replace(/^<(\w+)/, `<$1 from='${jid}'`);
        GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
            other().deliver(stamped);
            return GLib.SOURCE_REMOVE;
        });
    });
    const alice = make(ALICE, () => bob);
    const bob = make(BOB, () => alice);
    return [alice, bob];
}

function services() {
    const loopback = new IBB.Loopback();
    return [ALICE, BOB].map(jid => IBB.Service.new(loopback.attach(jid)));
}

// Looks again after whatever the main context has to do.
async function until(condition) {
    while (!condition()) {
        await new Promise(resolve => GLib.timeout_add(GLib.PRIORITY_LOW, 1, () => {
            resolve();
            return GLib.SOURCE_REMOVE;
        }));
    }
}

async function bothEnds([alice, bob]) {
    const accepted = bob.expect_session_async(ALICE, 'javascript', null, null);
    const params = new IBB.SessionParams({sid: 'javascript'});
    const opened = await alice.open_session_async(BOB, params, null);
    return [opened, await accepted];
}

run({
    '/bindings/javascript/loopback': async () => {
        const [opened, accepted] = await bothEnds(services());
        assert(opened instanceof Gio.IOStream && opened.sid === 'javascript');
        await roundTrip(opened, accepted);
    },

    '/bindings/javascript/accept': async () => {
        const [alice, bob] = services();
        bob.session_limit = 1;
        const accepted = bob.accept_async(null);
        const params = new IBB.SessionParams({block_size: 512});
        const opened = await alice.open_session_async(BOB, params, null);
        assert(opened.block_size === 512);
        await roundTrip(opened, await accepted);
    },

    '/bindings/javascript/pollable': async () => {
        const [opened, accepted] = await bothEnds(services());
        const stream = accepted.get_input_stream();
        assert(stream.can_poll() && !stream.is_readable());
        const output = opened.get_output_stream();
        assert(output.can_poll() && output.is_writable());
        assert(output.write_nonblocking(new Uint8Array([1, 2, 3]), null) === 3);
        await opened.drain_async(null);
        assert(stream.is_readable());
        const bytes = await stream.read_bytes_async(10, GLib.PRIORITY_DEFAULT, null);
        assert(same(bytes.toArray(), [1, 2, 3]) && !stream.is_readable());
    },

    '/bindings/javascript/deferred': async () => {
        // The request is kept, and answered when somebody has made up his mind.
        const [alice, bob] = services();
        const requests = [];
        bob.session_limit = 2;
        bob.connect('session-requested', (_service, request) => {
            requests.push(request);
            return true;
        });
        const opening = ['one', 'two'].map(sid =>
            alice.open_session_async(BOB, new IBB.SessionParams({sid}), null));
        await until(() => requests.length === 2);
        assert(requests.map(request => request.sid).join() === 'one,two');
        requests[0].refuse(IBB.StanzaCondition.FORBIDDEN, null);
        const accepted = requests[1].accept();
        const refusal = await opening[0].catch(error => error);
        assert(IBB.Error.get_condition(refusal) === IBB.StanzaCondition.FORBIDDEN);
        await roundTrip(await opening[1], accepted);
    },

    '/bindings/javascript/page': async () => {
        // What the page shows: a question, its end, and the answer up to its end.
        const {fetch, blocks, write: writeAll} =
            listing('loops.md', 'fetch', 'blocks', 'write');
        const [alice, bob] = services();
        bob.session_limit = 2;
        const answered = new Promise((resolve, reject) => {
            bob.connect('session-accepted', (_service, transport) => {
                answer(transport).then(resolve, reject);
            });
        });
        const answer = async transport => {
            let question = '';
            for await (const block of blocks(transport))
                question += new TextDecoder().decode(block);
            await writeAll(transport, new TextEncoder().encode(question.toUpperCase()));
            await transport.close_async(GLib.PRIORITY_DEFAULT, null);
        };
        const long = 'wherefore art thou romeo? '.repeat(20000);
        assert(await fetch(alice, BOB, long) === long.toUpperCase());
        await answered;
    },

    '/bindings/javascript/errors': async () => {
        const pair = services();
        const open = (jid, size = 0) =>
            pair[0].open_session_async(jid, new IBB.SessionParams({block_size: size}), null);
        const domain = IBB.error_quark();
        await checkFails(open('nobody@example.org/x'), IBB.Error.SERVICE_UNAVAILABLE, domain);
        await checkFails(open(BOB), IBB.Error.NOT_ACCEPTABLE, domain);
        await checkFails(open('@'), Gio.IOErrorEnum.INVALID_ARGUMENT);
        await checkFails(open(BOB, 70000), Gio.IOErrorEnum.INVALID_ARGUMENT);
    },

    '/bindings/javascript/collected': async () => {
        // An operation keeps its transport; when nothing does, it is aborted.
        const pair = services();
        const [opened, reading] = await (async () => {
            const [here, there] = await bothEnds(pair);
            return [here, there.get_input_stream().read_bytes_async(
                10, GLib.PRIORITY_DEFAULT, null)];
        })();
        System.gc();
        await write(opened.get_output_stream(), new Uint8Array([1, 2, 3]));
        assert((await reading).get_size() === 3);
        await until(() => {
            System.gc();
            return opened.has_ended();
        });
        assert(opened.dup_error() !== null);
    },

    '/bindings/javascript/parts': () => {
        const folder = Gio.File.new_for_path(GLib.dir_make_tmp('ibb-XXXXXX'));
        const path = folder.get_child('.ibb-0123456789abcdef-1.part').get_path();
        GLib.file_set_contents(path, DATA);
        const [part, ...others] = IBBFiles.Part.list(folder, null);
        assert(part.path === path && part.size === DATA.length && part.time > 0 && !part.is_in_use);
        assert(others.length === 0 && part.remove(null));
        assert(IBBFiles.Part.list(folder, null).length === 0);
        const file = folder.get_child('file');
        const stream = IBBFiles.OutputStream.new(file);
        stream.write_all(DATA, null);
        assert(stream.dup_part_path() === IBBFiles.Part.list(folder, null)[0].path);
        stream.close(null);
        assert(same(GLib.file_get_contents(file.get_path())[1], DATA));
        file.delete(null);
        folder.delete(null);
    },

    '/bindings/javascript/own-connection': async () => {
        const [opened, accepted] = await bothEnds(ownConnections().map(one => IBB.Service.new(one)));
        await roundTrip(opened, accepted);
    },
});
