#!/usr/bin/gjs -m
// SPDX-License-Identifier: 0BSD

// take-files.js JID FOLDER: asks about each file that a peer offers, and stores it
// in a folder; until an interrupt. With promises.
//
// JID is the account, with the password in IBB_PASSWORD. IBB_SERVER=HOST:PORT
// connects there instead of where DNS says; IBB_CA_FILE names certificates to
// trust instead of the system's.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBXmpp from 'gi://IBBXmpp?version=1.0';
import IBBFiles from 'gi://IBBFiles?version=1.0';
import System from 'system';

Gio._promisify(IBBXmpp.Client.prototype, 'login_async', 'login_finish');
Gio._promisify(IBBXmpp.Client.prototype, 'logout_async', 'logout_finish');
Gio._promisify(IBBFiles.Transfer.prototype, 'accept_file_async', 'accept_file_finish');
Gio._promisify(Gio.DataInputStream.prototype, 'read_line_async', 'read_line_finish_utf8');

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

async function take(transfer, file) {
    try {
        await transfer.accept_file_async(file, IBBFiles.Existing.FAIL, null);
        print(`${file.get_path()} is there`);
    } catch (error) {
        printerr(`take-files.js: ${error.message}`);
    }
}

// One question after the other; files are received meanwhile.
async function ask(offers, folder, input) {
    while (offers.length > 0) {
        const transfer = offers[0];
        // A name without control characters is harmless on a terminal.
        const name = transfer.metadata.dup_safe_name();
        print(`Take “${name}” (${transfer.metadata.size} bytes) from ${transfer.peer_jid}? [y/n]`);
        const [line] = await input.read_line_async(GLib.PRIORITY_DEFAULT, null);
        if (line?.startsWith('y'))
            take(transfer, folder.get_child(name));
        else
            transfer.refuse('Not wanted');
        offers.shift();
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

async function takeFiles(jid, path) {
    const client = newClient(jid);
    const service = IBBFiles.Service.new(client);
    const folder = Gio.File.new_for_path(path);
    const input = Gio.DataInputStream.new(Gio.File.new_for_path('/dev/stdin').read(null));
    const offers = []; // the first one is asked about

    service.connect('file-offered', (_service, transfer) => {
        if (offers.push(transfer) === 1)
            ask(offers, folder, input);
        return true;
    });
    await client.login_async(null);
    printerr(`ready ${client.local_jid}`);
    await interrupted();
    await client.logout_async(null);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

if (ARGV.length === 2) {
    takeFiles(...ARGV)
        .then(() => (status = 0))
        .catch(error => printerr(`take-files.js: ${error.message}`))
        .finally(() => loop.quit());
    loop.run();
} else {
    printerr('Usage: take-files.js JID FOLDER');
    status = 2;
}
System.exit(status);
