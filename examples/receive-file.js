#!/usr/bin/gjs -m
// SPDX-License-Identifier: 0BSD

// receive-file.js JID PEER FILE: stores what one peer sends, with promises.
//
// JID is the account, with the password in IBB_PASSWORD; PEER is the bare JID
// that may send. IBB_SERVER=HOST:PORT connects there instead of where DNS says;
// IBB_CA_FILE names certificates to trust instead of the system's.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBXmpp from 'gi://IBBXmpp?version=1.0';
import System from 'system';

Gio._promisify(IBBXmpp.Client.prototype, 'login_async', 'login_finish');
Gio._promisify(IBBXmpp.Client.prototype, 'logout_async', 'logout_finish');
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

// The first session from peer; anybody else is refused.
function acceptFrom(service, peer) {
    return new Promise((resolve, reject) => {
        service.connect('session-requested', (_service, request) => {
            if (request.is_from(peer)) {
                try {
                    resolve(request.accept());
                } catch (error) {
                    reject(error);
                }
            } else {
                printerr(`receive-file.js: ${request.peer_jid} is not ${peer}`);
                request.refuse(IBB.StanzaCondition.NOT_ACCEPTABLE, 'You are not expected here');
            }
            return true;
        });
    });
}

// The file gets its name at the clean end, not before.
async function store(transport, path) {
    const file = Gio.File.new_for_path(path);
    const part = Gio.File.new_for_path(`${path}.part`);

    try {
        const sink = part.replace(null, false, Gio.FileCreateFlags.NONE, null);
        await sink.splice_async(transport.get_input_stream(),
            Gio.OutputStreamSpliceFlags.CLOSE_TARGET, GLib.PRIORITY_DEFAULT, null);
        part.move(file, Gio.FileCopyFlags.OVERWRITE, null, null);
    } catch (error) {
        part.delete(null);
        throw error;
    }
    await transport.close_async(GLib.PRIORITY_DEFAULT, null);
}

async function receiveFile(jid, peer, path) {
    const client = newClient(jid);
    const service = IBB.Service.new(client);

    service.set_session_limit(1);
    const accepted = acceptFrom(service, peer);
    await client.login_async(null);
    printerr(`ready ${client.local_jid}`);
    const transport = await accepted;
    await store(transport, path);
    print(`received ${transport.bytes_received} bytes`);
    await client.logout_async(null);
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

if (ARGV.length === 3) {
    receiveFile(...ARGV)
        .then(() => (status = 0))
        .catch(error => printerr(`receive-file.js: ${error.message}`))
        .finally(() => loop.quit());
    loop.run();
} else {
    printerr('Usage: receive-file.js JID PEER FILE');
    status = 2;
}
System.exit(status);
