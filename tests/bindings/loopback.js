// SPDX-License-Identifier: LGPL-2.1-or-later

// The JavaScript binding within one process.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import GObject from 'gi://GObject';
import IBB from 'gi://IBB?version=1.0';

import {assert, roundTrip, run, same, write} from './bindings.js';

const ALICE = 'alice@example.org/a';
const BOB = 'bob@example.org/b';

// One of two connections: what one sends, the other receives.
const PairConnection = GObject.registerClass({
    Implements: [IBB.Connection],
    Properties: {'local-jid': GObject.ParamSpec.override('local-jid', IBB.Connection)},
}, class PairConnection extends GObject.Object {
    _init(jid) {
        super._init();
        this._jid = jid;
    }

    get local_jid() {
        return this._jid;
    }

    vfunc_send(stanza) {
        this._pass(stanza.to_xml());
        return true;
    }

    // Stands for the network and for the server, which stamps the sender.
    _pass(xml) {
        const stamped = xml
            .replace(/^(<[^>]*?) from=("[^"]*"|'[^']*')/, '$1')
            .replace(/^<(\w+)/, `<$1 from='${this._jid}'`);
        GLib.idle_add(GLib.PRIORITY_DEFAULT, () => {
            this.other._deliver(IBB.Stanza.new_from_xml(stamped, -1));
            return GLib.SOURCE_REMOVE;
        });
    }

    _deliver(stanza) {
        if (this.receive(stanza) || !['get', 'set'].includes(stanza.get_kind()))
            return;
        this._pass(`<iq type='error' id='${stanza.get_id()}' to='${stanza.get_from()}'>` +
            "<error type='cancel'><service-unavailable " +
            "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>");
    }
});

function services() {
    const loopback = new IBB.Loopback();
    return [ALICE, BOB].map(jid => IBB.Service.new(loopback.attach(jid)));
}

async function bothEnds([alice, bob]) {
    const accepted = bob.expect_session_async(ALICE, 'javascript', null);
    const opened = await alice.open_session_async(BOB, IBB.StanzaType.IQ, 0, 'javascript', null);
    return [opened, await accepted];
}

run({
    '/bindings/javascript/loopback': async () => {
        const [opened, accepted] = await bothEnds(services());
        assert(opened instanceof Gio.IOStream && opened.sid === 'javascript');
        await roundTrip(opened, accepted);
    },

    '/bindings/javascript/accept': async () => {
        const [alice, bob] = services();
        bob.session_limit = 1;
        const accepted = bob.accept_async(null);
        const opened = await alice.open_session_async(BOB, IBB.StanzaType.IQ, 512, null, null);
        assert(opened.block_size === 512);
        await roundTrip(opened, await accepted);
    },

    '/bindings/javascript/pollable': async () => {
        const [opened, accepted] = await bothEnds(services());
        const stream = accepted.get_input_stream();
        assert(stream.can_poll() && !stream.is_readable());
        const output = opened.get_output_stream();
        assert(output.can_poll() && output.is_writable());
        assert(output.write_nonblocking(new Uint8Array([1, 2, 3]), null) === 3);
        await opened.drain_async(null);
        assert(stream.is_readable());
        const bytes = await stream.read_bytes_async(10, GLib.PRIORITY_DEFAULT, null);
        assert(same(bytes.toArray(), [1, 2, 3]) && !stream.is_readable());
    },

    '/bindings/javascript/refused': async () => {
        const [alice, bob] = services();
        bob.session_limit = 1;
        bob.connect('session-requested', (_service, request) => {
            request.refuse(IBB.Error.NOT_ALLOWED, 'not today');
            return true;
        });
        let failure = null;
        try {
            await alice.open_session_async(BOB, IBB.StanzaType.IQ, 0, null, null);
        } catch (error) {
            failure = error;
        }
        assert(failure?.matches(IBB.error_quark(), IBB.Error.NOT_ALLOWED), `${failure}`);
    },

    '/bindings/javascript/own-connection': async () => {
        const alice = new PairConnection(ALICE);
        const bob = new PairConnection(BOB);
        [alice.other, bob.other] = [bob, alice];
        const [opened, accepted] = await bothEnds([IBB.Service.new(alice), IBB.Service.new(bob)]);
        await roundTrip(opened, accepted);
    },
});
