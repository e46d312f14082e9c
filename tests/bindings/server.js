// SPDX-License-Identifier: LGPL-2.1-or-later

// The JavaScript binding through a server; run by prosody.py.

import Gio from 'gi://Gio';
import GLib from 'gi://GLib';
import IBB from 'gi://IBB?version=1.0';

import {assert, roundTrip, run} from './bindings.js';

function makeClient(name) {
    return new IBB.Client({
        jid: `${GLib.getenv(`IBB_TEST_${name}`)}/javascript`,
        password: GLib.getenv(`IBB_TEST_${name}_PASSWORD`),
        host: GLib.getenv('IBB_TEST_HOST'),
        port: Number(GLib.getenv('IBB_TEST_PORT')),
        tls_database: Gio.TlsFileDatabase.new(GLib.getenv('IBB_TEST_CA_FILE')),
    });
}

run({
    '/bindings/javascript/server': async () => {
        const alice = makeClient('ALICE');
        const bob = makeClient('BOB');
        await Promise.all([alice.login_async(null), bob.login_async(null)]);
        assert(alice.state === IBB.ConnectionState.ONLINE);

        const here = IBB.Service.new(alice);
        const there = IBB.Service.new(bob);
        assert(await alice.query_support_async(bob.local_jid, null));
        const accepted = there.expect_session_async(alice.local_jid, 'javascript', null, null);
        const opened = await here.open_session_async(bob.local_jid,
            new IBB.SessionParams({sid: 'javascript'}), null);
        await roundTrip(opened, await accepted);
        await Promise.all([alice.logout_async(null), bob.logout_async(null)]);
        assert(bob.state === IBB.ConnectionState.OFFLINE);
    },
});
