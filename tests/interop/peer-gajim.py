# SPDX-License-Identifier: LGPL-2.1-or-later
"""Gajim as it is packaged, on a screen and a session bus of its own, as peer.hpp says: it sends.

Its own application runs here. What its windows call is called when a line of the input says so.
"""

import json
import os
import sys

import screen

OPTIONS = json.loads(sys.argv[1])
ACCOUNT = 'peer'
# Gajim, too, writes lines.
ANSWERS = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)

screen.begin(OPTIONS['profile'])

# pylint: disable=wrong-import-position,wrong-import-order
import gajim.gajim  # noqa: E402

gajim.gajim._check_required_deps()  # pylint: disable=protected-access

from gajim.common import app, configpaths, ged  # noqa: E402
from gajim.common.file_props import FilesProp  # noqa: E402
from gajim.common.settings import Settings  # noqa: E402
from gajim.gtk.application import GajimApplication  # noqa: E402
from gi.repository import GLib  # noqa: E402
from nbxmpp.namespaces import Namespace  # noqa: E402
from nbxmpp.protocol import JID  # noqa: E402


def answer(number, **members):
    print(json.dumps({'id': number, **members}), file=ANSWERS, flush=True)


def write_profile():
    name = os.environ['IBB_PEER_ACCOUNT']
    configpaths.set_config_root(OPTIONS['profile'])
    configpaths.init()
    configpaths.create_paths()
    settings = Settings()
    settings.init()
    for key, value in {'use_keyring': False, 'check_for_update': False, 'remote_control': False,
                       'plugins_update_check': False}.items():
        settings.set_app_setting(key, value)
    settings.add_account(ACCOUNT)
    for key, value in {
            'account_label': ACCOUNT, 'active': True, 'name': name,
            'hostname': os.environ['IBB_TEST_NO_TLS_DOMAIN'],
            'password': os.environ[f'IBB_TEST_{name.upper()}_PASSWORD'],
            'resource': os.environ['IBB_PEER_RESOURCE'], 'anonymous_auth': False,
            'use_custom_host': True, 'custom_host': os.environ['IBB_TEST_HOST'],
            'custom_port': int(os.environ['IBB_TEST_PORT']), 'custom_type': 'PLAIN',
            'use_plain_connection': True, 'confirm_unencrypted_connection': False}.items():
        settings.set_account_setting(ACCOUNT, key, value)
    settings.save()


class Gajim:
    def __init__(self):
        self.cancels_after = float('inf')
        self.sending = {}  # calls by the sid of the transfer

    def listen(self, _event):
        """Once the login is complete."""
        client = app.get_client(ACCOUNT)
        answer(0, value=str(client.get_own_jid()))
        GLib.io_add_watch(sys.stdin.fileno(), GLib.PRIORITY_DEFAULT, GLib.IO_IN | GLib.IO_HUP, self.read)
        app.ged.register_event_handler('file-progress', ged.POSTGUI, self.moved)
        app.ged.register_event_handler('file-completed', ged.POSTGUI, self.completed)
        for name in ('file-error', 'file-send-error', 'file-request-error'):
            app.ged.register_event_handler(name, ged.POSTGUI, self.failed)

    def read(self, _source, _condition):
        line = sys.stdin.readline()
        if not line:
            os._exit(0)
        request = json.loads(line)
        number = request.pop('id')
        getattr(self, request.pop('call'))(number, **request)
        return True

    def cancel(self, number, after):
        self.cancels_after = after
        answer(number, value=None)

    def send(self, number, to, path, sid):
        """Offers the file when the features of the contact are known; it chooses the sid itself."""
        contacts = app.get_client(ACCOUNT).get_module('Contacts')
        jid = JID.from_string(to)
        contact = contacts.get_contact(jid)
        if not all(contact.supports(name) for name in (Namespace.JINGLE_FILE_TRANSFER_5, Namespace.JINGLE_IBB)):
            GLib.timeout_add(50, lambda: self.send(number, to, path, sid))
            return False
        before = set(self.list_sids())
        app.interface.instances['file_transfers'].send_file(
            ACCOUNT, contacts.get_contact(jid.bare), jid, path)
        for one in set(self.list_sids()) - before:
            self.sending[one] = number
        return False

    def list_sids(self):
        return [one.sid for one in FilesProp.getFilePropByAccount(ACCOUNT)]

    def moved(self, event):
        if event.file_props.received_len >= self.cancels_after:
            self.cancels_after = float('inf')
            GLib.idle_add(app.interface.instances['file_transfers'].cancel_transfer, event.file_props)

    def completed(self, event):
        answer(self.sending.pop(event.file_props.sid), value=None)

    def failed(self, event):
        number = self.sending.pop(event.file_props.sid, None)
        if number:
            answer(number, failure=event.name)


write_profile()
peer = Gajim()
application = GajimApplication()
GLib.idle_add(lambda: app.ged.register_event_handler('signed-in', ged.POSTGUI, peer.listen))
application.run([sys.argv[0], '--config-path', OPTIONS['profile'], '--separate', '--quiet'])
