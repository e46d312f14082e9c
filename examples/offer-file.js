#!/usr/bin/gjs -m
// SPDX-License-Identifier: 0BSD

// offer-file.js JID PEER FILE: offers a file to a peer, with its name, and waits
// for the end; with promises.
//
// JID is the account, with the password in IBB_PASSWORD; PEER is a full JID,
// with its resource. IBB_SERVER=HOST:PORT connects there instead of where DNS
// says; IBB_CA_FILE names certificates to trust instead of the system's.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBXmpp from 'gi://IBBXmpp?version=1.0';
import IBBFiles from 'gi://IBBFiles?version=1.0';
import System from 'system';

Gio._promisify(IBBXmpp.Client.prototype, 'login_async', 'login_finish');
Gio._promisify(IBBXmpp.Client.prototype, 'logout_async', 'logout_finish');
Gio._promisify(IBBFiles.Service.prototype, 'offer_file_async', 'offer_file_finish');
Gio._promisify(IBBFiles.Transfer.prototype, 'wait_async', 'wait_finish');

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

async function offerFile(jid, peer, path) {
    const client = newClient(jid);
    await client.login_async(null);
    const service = IBBFiles.Service.new(client);
    const transfer = await service.offer_file_async(peer, Gio.File.new_for_path(path), null, null);
    transfer.connect('notify::progress', () =>
        printerr(`${Math.round(transfer.progress * 100)} %`));
    await transfer.wait_async(null);
    // Only some programs say that they have the file.
    const isDelivered = transfer.state === IBBFiles.State.DELIVERED;
    print(`${transfer.metadata.name}: ${isDelivered ? 'delivered' : 'sent'}`);
    await client.logout_async(null);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

if (ARGV.length === 3) {
    offerFile(...ARGV)
        .then(() => (status = 0))
        .catch(error => printerr(`offer-file.js: ${error.message}`))
        .finally(() => loop.quit());
    loop.run();
} else {
    printerr('Usage: offer-file.js JID PEER FILE');
    status = 2;
}
System.exit(status);
