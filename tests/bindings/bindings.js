// SPDX-License-Identifier: LGPL-2.1-or-later

// What the tests of the JavaScript binding share.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import IBB from 'gi://IBB?version=1.0';
import System from 'system';

Gio._promisify(IBB.Service.prototype, 'open_session_async', 'open_session_finish');
Gio._promisify(IBB.Service.prototype, 'expect_session_async', 'expect_session_finish');
Gio._promisify(IBB.Service.prototype, 'accept_async', 'accept_finish');
Gio._promisify(IBB.Transport.prototype, 'drain_async', 'drain_finish');
Gio._promisify(IBB.Transport.prototype, 'shutdown_output_async', 'shutdown_output_finish');
Gio._promisify(Gio.IOStream.prototype, 'close_async', 'close_finish');
Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');
Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async', 'write_bytes_finish');
export const DATA = new Uint8Array(10247).map((_, i) => (i * 7) & 255);

export function assert(condition, what = 'assertion failed') {
    if (!condition)
        throw new Error(what);
}

// The failure of a promise, which has to have one.
export async function failure(promise) {
    try {
        await promise;
    } catch (error) {
        return error;
    }
    throw new Error('no failure');
}

export async function checkFails(promise, code, domain = Gio.io_error_quark()) {
    const error = await failure(promise);
    assert(error.matches?.(domain, code), `${error}`);
}

// The JavaScript listing of a page of the reference: what it says has to work.
export function listing(page, ...names) {
    const path = GLib.build_filenamev([GLib.getenv('IBB_TEST_SOURCE_ROOT'), 'doc', page]);
    const text = new TextDecoder().decode(GLib.file_get_contents(path)[1]);
    const code = text.match(/```js\n([^]*?)```/)[1];
    return new Function('Gio', 'GLib', 'GObject', 'IBB', `${code}; return {${names}};`)(Gio, GLib, GObject, IBB);
}

export function same(a, b) {
    return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

export async function write(stream, data) {
    for (let at = 0; at < data.length;) {
        const bytes = new GLib.Bytes(data.slice(at));
        at += await stream.write_bytes_async(bytes, GLib.PRIORITY_DEFAULT, null);
    }
}

export async function read(stream, length) {
    const data = [];
    while (data.length < length) {
        const bytes = await stream.read_bytes_async(4096, GLib.PRIORITY_DEFAULT, null);
        if (bytes.get_size() === 0)
            break;
        data.push(...bytes.toArray());
    }
    return Uint8Array.from(data);
}

// DATA there and back, and a close.
export async function roundTrip(opened, accepted) {
    const [, echo] = await Promise.all([
        write(opened.get_output_stream(), DATA),
        read(accepted.get_input_stream(), DATA.length),
    ]);
    assert(same(echo, DATA), 'there');
    const [, back] = await Promise.all([
        write(accepted.get_output_stream(), echo),
        read(opened.get_input_stream(), DATA.length),
    ]);
    assert(same(back, DATA), 'back');
    await opened.drain_async(null);
    assert(opened.bytes_acknowledged === DATA.length, 'bytes-acknowledged');
    const [, end] = await Promise.all([
        opened.close_async(GLib.PRIORITY_DEFAULT, null),
        read(accepted.get_input_stream(), 1),
    ]);
    assert(end.length === 0, 'end of stream');
    await accepted.close_async(GLib.PRIORITY_DEFAULT, null);
}

// Runs asynchronous cases by name and speaks TAP.
export function run(cases) {
    const loop = new GLib.MainLoop(null, false);
    const names = Object.keys(cases);
    let failed = 0;

    (async () => {
        print(`1..${names.length}`);
        for (const [i, name] of names.entries()) {
            try {
                await cases[name]();
                print(`ok ${i + 1} ${name}`);
            } catch (error) {
                failed++;
                print(`# ${error}\n# ${`${error.stack}`.replaceAll('\n', '\n# ')}`);
                print(`not ok ${i + 1} ${name}`);
            }
        }
        loop.quit();
    })();
    loop.run();
    System.exit(failed ? 1 : 0);
}
