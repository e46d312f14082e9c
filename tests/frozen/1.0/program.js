// SPDX-License-Identifier: LGPL-2.1-or-later

// A program for 1.0: a session, a private file, and a login that fails.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';
import IBBFiles from 'gi://IBBFiles?version=1.0';
import IBBXmpp from 'gi://IBBXmpp?version=1.0';
import System from 'system';

Gio._promisify(Gio.IOStream.prototype, 'close_async', 'close_finish');
Gio._promisify(Gio.InputStream.prototype, 'read_bytes_async', 'read_bytes_finish');
Gio._promisify(Gio.OutputStream.prototype, 'write_bytes_async', 'write_bytes_finish');
Gio._promisify(IBB.Service.prototype, 'expect_session_async', 'expect_session_finish');
Gio._promisify(IBB.Service.prototype, 'open_session_async', 'open_session_finish');
Gio._promisify(IBB.Transport.prototype, 'shutdown_output_async', 'shutdown_output_finish');
Gio._promisify(IBBFiles.Service.prototype, 'offer_stream_async', 'offer_stream_finish');
Gio._promisify(IBBFiles.Transfer.prototype, 'accept_file_async', 'accept_file_finish');
Gio._promisify(IBBFiles.Transfer.prototype, 'wait_async', 'wait_finish');
Gio._promisify(IBBXmpp.Client.prototype, 'login_async', 'login_finish');
Gio._promisify(IBBXmpp.Identity, 'load_or_create_async', 'load_or_create_finish');

const JULIET = 'juliet@example.org/balcony';
const ROMEO = 'romeo@example.org/orchard';
const LETTER = 'wherefore art thou romeo?';
const FOLDER = ARGV[0];

function check(condition, what) {
    if (!condition)
        throw new Error(what);
}

async function checkFails(promise, domain, code) {
    try {
        await promise;
    } catch (error) {
        check(error.matches(domain, code), `${error}`);
        return;
    }
    throw new Error('no error');
}

async function readAll(transport) {
    let text = '';
    let bytes;

    do {
        bytes = await transport.get_input_stream().read_bytes_async(10, GLib.PRIORITY_DEFAULT, null);
        text += new TextDecoder().decode(bytes.toArray());
    } while (bytes.get_size() > 0);
    return text;
}

async function checkSession(left, right) {
    const juliet = IBB.Service.new(left);
    const romeo = IBB.Service.new(right);
    const expected = romeo.expect_session_async(JULIET, 'talk', null, null);
    const params = new IBB.SessionParams({sid: 'talk'});
    const outgoing = await juliet.open_session_async(ROMEO, params, null);
    const incoming = await expected;

    check(outgoing.sid === 'talk' && !outgoing.incoming, 'properties');
    await outgoing.get_output_stream().write_bytes_async(
        new TextEncoder().encode(LETTER), GLib.PRIORITY_DEFAULT, null);
    await outgoing.shutdown_output_async(null);
    check(await readAll(incoming) === LETTER, 'what was read');
    await Promise.all([outgoing, incoming].map(end => end.close_async(GLib.PRIORITY_DEFAULT, null)));
    await checkFails(juliet.open_session_async(ROMEO, null, null), IBB.Error, IBB.Error.NOT_ACCEPTABLE);
}

async function makeService(connection, name, codes) {
    const service = IBBFiles.Service.new(connection);
    const identity = await IBBXmpp.Identity.load_or_create_async(`${FOLDER}/${name}.pem`, null);
    const own = IBBXmpp.KnownCertificates.dup_fingerprint(identity.certificate);
    const [jid, fingerprint] = IBBXmpp.Identity.parse_uri(identity.dup_uri('romeo@example.org'));

    check(jid === 'romeo@example.org' && fingerprint === own, 'URI');
    identity.known_certificates = IBBXmpp.KnownCertificates.new(`${FOLDER}/${name}.known`);
    identity.connect('trust-requested', (_identity, question) => {
        codes.push(question.code);
        question.accept(IBBXmpp.AnswerFlags.NONE);
        return true;
    });
    service.identity = identity;
    return service;
}

async function checkFile(left, right) {
    const codes = [];
    const juliet = await makeService(left, 'juliet', codes);
    const romeo = await makeService(right, 'romeo', codes);

    romeo.connect('file-offered', (_service, transfer) => {
        const place = Gio.File.new_for_path(`${FOLDER}/${transfer.metadata.dup_safe_name()}`);

        transfer.accept_file_async(place, IBBFiles.Existing.FAIL, null).catch(logError);
        return true;
    });
    const bytes = new TextEncoder().encode(LETTER);
    const transfer = await juliet.offer_stream_async(
        ROMEO, Gio.MemoryInputStream.new_from_bytes(bytes),
        new IBBFiles.Metadata({name: 'letter.txt', size: bytes.length}), null);

    await transfer.wait_async(null);
    check(transfer.state === IBBFiles.State.DELIVERED, 'state');
    check(codes.length === 2 && codes[0] === codes[1], 'codes');
    const [, contents] = GLib.file_get_contents(`${FOLDER}/letter.txt`);
    check(new TextDecoder().decode(contents) === LETTER, 'the file');
}

async function checkLogin() {
    const client = new IBBXmpp.Client({jid: 'romeo@example.org', host: '127.0.0.1', port: 1});

    client.set_password('secret');
    await checkFails(client.login_async(null), Gio.IOErrorEnum, Gio.IOErrorEnum.CONNECTION_REFUSED);
}

async function run() {
    const loopback = IBB.Loopback.new();
    const ends = [JULIET, ROMEO].map(jid => loopback.attach(jid));

    await checkSession(...ends);
    await checkFile(...ends);
    await checkLogin();
}

const loop = new GLib.MainLoop(null, false);
let status = 1;

run()
    .then(() => (status = 0))
    .catch(error => printerr(error, error.stack))
    .finally(() => loop.quit());
loop.run();
System.exit(status);
