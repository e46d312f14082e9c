// SPDX-License-Identifier: LGPL-2.1-or-later

// What getters.py found of each object, in JavaScript: each getter and property, twice, under the garbage
// collector. The first argument is the file with what was found.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import IBB from 'gi://IBB?version=1.0';
import IBBXmpp from 'gi://IBBXmpp?version=1.0';
import IBBFiles from 'gi://IBBFiles?version=1.0';
import System from 'system';

const ALICE = 'alice@example.org/a';
const BOB = 'bob@example.org/b';
const folder = GLib.dir_make_tmp('ibb-getters-XXXXXX');

function waitUntil(condition) {
    while (!condition())
        GLib.MainContext.default().iteration(true);
}

function wait(object, call, ...args) {
    let result = null;
    object[`${call}_async`](...args, null, (_object, done) => (result = done));
    waitUntil(() => result);
    return object[`${call}_finish`](result);
}

// The argument of the next emission of a signal.
function expect(object, signal) {
    const seen = [];
    object.connect(signal, (_object, argument) => seen.push(argument) > 0);
    return () => {
        waitUntil(() => seen.length);
        return seen[0];
    };
}

function file(name, text) {
    const path = GLib.build_filenamev([folder, name]);
    GLib.file_set_contents(path, text);
    return path;
}

function bothEnds([alice, bob], sid) {
    const params = new IBB.SessionParams({sid});
    let accepted = null;
    bob.expect_session_async(ALICE, sid, null, null, (_bob, result) => (accepted = bob.expect_session_finish(result)));
    const opened = wait(alice, 'open_session', BOB, params);
    waitUntil(() => accepted);
    return [opened, accepted];
}

function request([alice, bob]) {
    const requested = expect(bob, 'session-requested');
    alice.open_session_async(BOB, null, null, null);
    return requested();
}

function clientObjects(transports) {
    const client = IBBXmpp.Client.new(ALICE);
    const known = IBBXmpp.KnownCertificates.new(GLib.build_filenamev([folder, 'known']));
    const identity = IBBXmpp.Identity.load_or_create(GLib.build_filenamev([folder, 'key']));
    const certificate = identity.get_certificate();
    identity.known_certificates = known;
    Object.assign(client, {
        known_certificates: known,
        certificate,
        proxy_resolver: Gio.SimpleProxyResolver.new('socks5://localhost', null),
        tls_database: Gio.TlsFileDatabase.new(file('ca.pem', certificate.certificate_pem)),
        host: 'localhost',
        user_agent_id: GLib.uuid_string_random(),
        websocket_uri: 'wss://localhost/',
        token: IBBXmpp.Token.new('HT-SHA-256-NONE', 'secret', GLib.DateTime.new_now_utc()),
    });
    const asked = expect(identity, 'trust-requested');
    transports.forEach(transport => identity.encrypt_async(transport, null, null));
    return [client, new IBBXmpp.Client(), known, identity, client.token, IBBXmpp.Component.new('bots.example.org'),
        new IBBXmpp.Worker(), asked()];
}

function fileObjects(connections) {
    const [alice, bob] = connections.map(connection => IBBFiles.Service.new(connection));
    const offered = expect(bob, 'file-offered');
    const metadata = IBBFiles.Metadata.new('name.txt', 1);
    Object.assign(metadata, {description: 'A file', media_type: 'text/plain', date: GLib.DateTime.new_now_utc()});
    const sent = wait(alice, 'offer_file', BOB, Gio.File.new_for_path(file('sent', 'bytes')), null);
    return [alice, bob, metadata, sent, offered()];
}

// As those of getters.py, in the same order.
function makeObjects() {
    const loopback = new IBB.Loopback();
    const connections = [ALICE, BOB].map(jid => loopback.attach(jid));
    const services = connections.map(connection => IBB.Service.new(connection));
    services[1].session_limit = 10;
    const transports = bothEnds(services, 'known');
    const stanza = IBB.Stanza.new_from_xml(
        `<iq type='get' id='1' from='${ALICE}' to='${BOB}'><a xmlns='urn:a'>b<c/></a></iq>`, -1);
    const objects = [loopback, connections[0], ...services, ...transports,
        new IBB.SessionParams({sid: 'sid', local_jid: ALICE}), stanza,
        ...transports.flatMap(end => [end.get_input_stream(), end.get_output_stream()]),
        stanza.dup_element(), stanza.dup_element().get_child('a', null), transports[0].dup_statistics(),
        request(services)];
    const ended = bothEnds(services, 'ended');
    objects.push(...clientObjects(ended));
    ended[0].abort();
    waitUntil(() => ended[1].has_ended());
    objects.push(...ended);
    objects.push(...fileObjects(connections));
    return objects;
}

// As describe () of getters.py.
function describe(value, isWhole) {
    if (value === null || value === undefined)
        return null;
    if (typeof value === 'boolean' || typeof value === 'number')
        return isWhole ? typeof value : value;
    if (typeof value === 'string')
        return isWhole ? 'string' : `“${value}”`;
    if (value instanceof GLib.Error)
        return 'GError';
    if (Array.isArray(value) || value instanceof Uint8Array)
        return value.length ? 'list' : null;
    return value.constructor.$gtype.name;
}

const found = JSON.parse(new TextDecoder().decode(GLib.file_get_contents(ARGV[0])[1]));
const namespaces = {IBB, IBBXmpp, IBBFiles};
const objects = makeObjects();
// Some objects that are made without arguments say that they are of no use.
GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR);
const wrong = new Set();
let place = 0; // each namespace begins with the first object
for (const {kind, isWhole, getters, properties} of found.objects) {
    const object = isWhole ? objects[place++ % objects.length] : new namespaces[kind[0]][kind[1]]();
    if (isWhole && object.constructor.$gtype.name !== kind[1])
        throw new Error(`${object.constructor.$gtype.name} in the place of ${kind[1]}`);
    const compare = (name, value, expected) => {
        const have = describe(value, isWhole);
        if (have !== expected)
            wrong.add(`${kind[1]}.${name} is ${have}, in Python ${expected}`);
    };
    for (let i = 0; i < 2; i++) {
        for (const [name, expected] of Object.entries(getters))
            compare(name, object[name](), expected);
        for (const [name, expected] of Object.entries(properties))
            compare(name, object[name.replaceAll('-', '_')], expected);
        System.gc();
    }
}
GLib.spawn_command_line_sync(`rm -r ${GLib.shell_quote(folder)}`);
print([...wrong].map(line => `# ${line}`).join('\n'));
System.exit(wrong.size ? 1 : 0);
