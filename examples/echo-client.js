#!/usr/bin/gjs -m
// SPDX-License-Identifier: 0BSD

// echo-client.js JID PEER LINE...: says the lines to an echo service, with promises,
// and prints what comes back meanwhile.
//
// JID is the account, with the password in IBB_PASSWORD; PEER is a full JID, with
// its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
// IBB_CA_FILE names certificates to trust instead of the system's.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBXmpp from 'gi://IBBXmpp?version=1.0';
import System from 'system';

Gio._promisify(IBBXmpp.Client.prototype, 'login_async', 'login_finish');
Gio._promisify(IBBXmpp.Client.prototype, 'logout_async', 'logout_finish');
Gio._promisify(IBB.Service.prototype, 'open_session_async', 'open_session_finish');
Gio._promisify(IBB.Transport.prototype, 'shutdown_output_async', 'shutdown_output_finish');
Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');
Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async', 'write_bytes_finish');
Gio._promisify(Gio.IOStream.prototype, 'close_async', 'close_finish');

function newClient(jid) {
    const client = IBBXmpp.Client.new(jid);
    const server = GLib.getenv('IBB_SERVER');
    const caFile = GLib.getenv('IBB_CA_FILE');

    client.set_password(GLib.getenv('IBB_PASSWORD'));
    if (server !== null) {
        const address = Gio.NetworkAddress.parse(server, 5222);
        client.set_host(address.get_hostname());
        client.set_port(address.get_port());
    }
    if (caFile !== null)
        client.set_tls_database(Gio.TlsFileDatabase.new(GLib.canonicalize_filename(caFile, null)));
    return client;
}

// What the peer sends, up to its clean end.
async function* blocks(transport) {
    const stream = transport.get_input_stream();

    for (;;) {
        const bytes = await stream.read_bytes_async(65536, GLib.PRIORITY_DEFAULT, null);
        if (bytes.get_size() === 0)
            return;
        yield bytes;
    }
}

// A write takes what there is room for: the rest is written again.
async function write(transport, bytes) {
    const stream = transport.get_output_stream();

    while (bytes.get_size() > 0) {
        const n = await stream.write_bytes_async(bytes, GLib.PRIORITY_DEFAULT, null);
        bytes = bytes.new_from_bytes(n, bytes.get_size() - n);
    }
}

async function say(transport, lines) {
    for (const line of lines)
        await write(transport, new GLib.Bytes(new TextEncoder().encode(`${line}\n`)));
    await transport.shutdown_output_async(null);
}

async function hear(transport) {
    const parts = [];

    for await (const bytes of blocks(transport))
        parts.push(...bytes.toArray());
    print(new TextDecoder().decode(Uint8Array.from(parts)).trimEnd());
}

async function talk(jid, peer, ...lines) {
    const client = newClient(jid);
    await client.login_async(null);
    const service = IBB.Service.new(client);
    const transport = await service.open_session_async(peer, null, null);
    await Promise.all([say(transport, lines), hear(transport)]);
    await transport.close_async(GLib.PRIORITY_DEFAULT, null);
    await client.logout_async(null);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

if (ARGV.length >= 3) {
    talk(...ARGV)
        .then(() => (status = 0))
        .catch(error => printerr(`echo-client.js: ${error.message}`))
        .finally(() => loop.quit());
    loop.run();
} else {
    printerr('Usage: echo-client.js JID PEER LINE...');
    status = 2;
}
System.exit(status);
