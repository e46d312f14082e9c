#!/usr/bin/gjs -m
// SPDX-License-Identifier: 0BSD

// send-file.js JID PEER FILE: sends a file to a peer, with promises.
//
// JID is the account, with the password in IBB_PASSWORD; PEER is a full JID,
// with its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS
// says; IBB_CA_FILE names certificates to trust instead of the system's.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBXmpp from 'gi://IBBXmpp?version=1.0';
import System from 'system';

Gio._promisify(IBBXmpp.Client.prototype, 'login_async', 'login_finish');
Gio._promisify(IBBXmpp.Client.prototype, 'logout_async', 'logout_finish');
Gio._promisify(IBB.Service.prototype, 'open_session_async', 'open_session_finish');
Gio._promisify(Gio.OutputStream.prototype, 'splice_async', 'splice_finish');
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

async function sendFile(jid, peer, path) {
    const source = Gio.File.new_for_path(path).read(null);
    const client = newClient(jid);
    await client.login_async(null);
    const service = IBB.Service.new(client);
    const transport = await service.open_session_async(peer, null, null);
    await transport.get_output_stream().splice_async(source,
        Gio.OutputStreamSpliceFlags.CLOSE_SOURCE, GLib.PRIORITY_DEFAULT, null);
    // Fails unless the peer has acknowledged every byte.
    await transport.close_async(GLib.PRIORITY_DEFAULT, null);
    print(`sent ${transport.bytes_acknowledged} bytes`);
    await client.logout_async(null);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

if (ARGV.length === 3) {
    sendFile(...ARGV)
        .then(() => (status = 0))
        .catch(error => printerr(`send-file.js: ${error.message}`))
        .finally(() => loop.quit());
    loop.run();
} else {
    printerr('Usage: send-file.js JID PEER FILE');
    status = 2;
}
System.exit(status);
