#!/usr/bin/gjs -m
// SPDX-License-Identifier: 0BSD

// echo-service.js JID PEER: sends back what PEER sends, with promises, in as many
// sessions as it likes, until it is interrupted.
//
// JID is the account, with the password in IBB_PASSWORD; PEER a JID without its
// resource. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
// IBB_CA_FILE names certificates to trust instead of the system's.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBXmpp from 'gi://IBBXmpp?version=1.0';
import System from 'system';

Gio._promisify(IBBXmpp.Client.prototype, 'login_async', 'login_finish');
Gio._promisify(IBBXmpp.Client.prototype, 'logout_async', 'logout_finish');
Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');
Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async', 'write_bytes_finish');
Gio._promisify(Gio.IOStream.prototype, 'close_async', 'close_finish');

const SIGINT = 2;

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

async function echo(transport) {
    let length = 0;

    try {
        for await (const bytes of blocks(transport)) {
            await write(transport, bytes);
            length += bytes.get_size();
        }
        await transport.close_async(GLib.PRIORITY_DEFAULT, null);
        print(`${length} bytes for ${transport.peer_jid}`);
    } catch (error) {
        transport.abort();
        printerr(`echo-service.js: ${error.message}`);
    }
}

async function interrupted() {
    // GLib 2.80 has moved it; GJS 1.82 knows it there by the long name only.
    const signalAdd = await import('gi://GLibUnix')
        .then(({default: unix}) => unix.signal_add ?? unix.signal_add_full)
        .catch(() => GLib.unix_signal_add);

    await new Promise(resolve => signalAdd(GLib.PRIORITY_DEFAULT, SIGINT, () => {
        resolve();
        return GLib.SOURCE_REMOVE;
    }));
}

async function serve(jid, peer) {
    const client = newClient(jid);
    await client.login_async(null);
    const service = IBB.Service.new(client);
    service.session_limit = 100;
    service.connect('session-requested', (_service, request) => {
        if (request.peer_jid.split('/')[0] === peer) {
            // The read or write in progress keeps the transport.
            echo(request.accept());
        } else {
            printerr(`echo-service.js: ${request.peer_jid} is not ${peer}`);
            request.refuse(IBB.StanzaCondition.NOT_ACCEPTABLE, null);
        }
        return true;
    });
    printerr(`ready ${client.local_jid}`);
    await interrupted();
    service.stop(); // what is still open is aborted
    await client.logout_async(null);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

if (ARGV.length === 2) {
    serve(...ARGV)
        .then(() => (status = 0))
        .catch(error => printerr(`echo-service.js: ${error.message}`))
        .finally(() => loop.quit());
    loop.run();
} else {
    printerr('Usage: echo-service.js JID PEER');
    status = 2;
}
System.exit(status);
