# SPDX-License-Identifier: LGPL-2.1-or-later
"""A password in the user's keyring, on a session bus of its own; run by prosody.py."""

import os
import subprocess

import cases
import secret_service
from bindings import make_client
from command import Folder


def find_password(jid):
    return subprocess.run(('secret-tool', 'lookup', 'jid', jid), check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


@cases.case('/bindings/python/keyring')
def keyring():
    """A password is asked for once, and is in the keyring when the server has accepted it."""
    # Before the first connection to a bus.
    os.environ.update(secret_service.start(Folder()))
    password = os.environ['IBB_TEST_ALICE_PASSWORD']
    asked = []

    def password_requested(_client, question):
        asked.append(question.get_jid())
        assert question.get_can_remember()
        question.answer(password, True)
        return True

    for _ in range(2):
        client = make_client('ALICE', 'python')
        client.set_password(None)
        client.set_keyring(True)
        client.connect('password-requested', password_requested)
        assert client.login(None)
        assert client.logout(None)
        while find_password(asked[0]) != password:
            pass  # the client stores it by itself
    assert len(asked) == 1, asked


cases.main()
