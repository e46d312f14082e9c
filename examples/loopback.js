#!/usr/bin/gjs -m
// SPDX-License-Identifier: 0BSD

// loopback.js: a question and its answer between two ends in this process,
// without any server, with promises.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import System from 'system';

Gio._promisify(IBB.Service.prototype, 'open_session_async', 'open_session_finish');
Gio._promisify(IBB.Service.prototype, 'expect_session_async', 'expect_session_finish');
Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');
Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async', 'write_bytes_finish');
Gio._promisify(Gio.IOStream.prototype, 'close_async', 'close_finish');

const JULIET = 'juliet@example.org/balcony';
const ROMEO = 'romeo@example.org/orchard';

async function say(transport, text) {
    await transport.get_output_stream().write_bytes_async(
        new TextEncoder().encode(text), GLib.PRIORITY_DEFAULT, null);
}

async function hear(transport) {
    const bytes = await transport.get_input_stream().read_bytes_async(
        100, GLib.PRIORITY_DEFAULT, null);
    return new TextDecoder().decode(bytes.toArray());
}

async function answer(expected) {
    const transport = await expected;

    print(`romeo hears: ${await hear(transport)}`);
    await say(transport, 'call me but love');
    await transport.close_async(GLib.PRIORITY_DEFAULT, null);
}

async function ask(service) {
    const params = new IBB.SessionParams({sid: 'talk'});
    const transport = await service.open_session_async(ROMEO, params, null);

    await say(transport, 'wherefore art thou romeo?');
    print(`juliet hears: ${await hear(transport)}`);
    // Nothing more: the peer's clean end.
    if (await hear(transport) !== '')
        throw new Error('juliet hears more than the answer');
    await transport.close_async(GLib.PRIORITY_DEFAULT, null);
}

async function talk() {
    const loopback = IBB.Loopback.new();
    const juliet = IBB.Service.new(loopback.attach(JULIET));
    const romeo = IBB.Service.new(loopback.attach(ROMEO));

    // The expectation holds from the moment of the call.
    const expected = romeo.expect_session_async(JULIET, 'talk', null, null);
    await Promise.all([answer(expected), ask(juliet)]);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

talk()
    .then(() => (status = 0))
    .catch(error => printerr(`loopback.js: ${error.message}`))
    .finally(() => loop.quit());
loop.run();
System.exit(status);
