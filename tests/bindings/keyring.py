# SPDX-License-Identifier: LGPL-2.1-or-later
"""A password in the user's keyring, on a session bus of its own; run by prosody.py."""

import os
import subprocess

import cases
import secret_service
from bindings import check_fails, failure, make_client
from command import Folder
from gi.repository import Gio, IBB, IBBXmpp


def find_password(jid):
    return subprocess.run(('secret-tool', 'lookup', 'jid', jid), check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


def make_client_of_keyring():
    client = make_client('ALICE', 'python')
    client.set_password(None)
    client.set_keyring(True)
    return client


def ask_without_keyring():
    client = make_client_of_keyring()
    answers = ['wrong', os.environ['IBB_TEST_ALICE_PASSWORD']]

    def password_requested(_client, question):
        error = question.dup_keyring_error()
        assert error.matches(Gio.io_error_quark(), Gio.IOErrorEnum.FAILED), error
        assert not question.get_can_remember()
        assert question.get_was_refused() == (len(answers) == 1)
        question.answer(answers.pop(0), IBBXmpp.AnswerFlags.REMEMBER)
        return True

    client.connect('password-requested', password_requested)
    check_fails(IBB.Error.AUTHENTICATION, client.login, None, quark=IBB.error_quark())
    assert client.login(None)
    assert client.logout(None)
    assert not answers


def ask_nobody_without_keyring():
    client = make_client_of_keyring()
    steps = []
    client.connect('login-step', lambda _, step, text, certificate: steps.append((step, text, certificate)))
    error = failure(client.login, None)
    assert error.matches(IBB.error_quark(), IBB.Error.AUTHENTICATION), error
    assert 'A password is needed' in error.message and 'keyring cannot be asked' in error.message, error
    assert [step for step, _, _ in steps] == [IBBXmpp.LoginStep.KEYRING, IBBXmpp.LoginStep.CONNECT, IBBXmpp.LoginStep.NEGOTIATE,
                                             IBBXmpp.LoginStep.AUTHENTICATE], steps
    assert os.environ['IBB_TEST_PORT'] in steps[2][1] and steps[3][2] is not None, steps


@cases.case('/bindings/python/keyring')
def keyring():
    """Without a keyring each question says so, also after a password that was refused, and so does the error of a login
    without a question. With one a password is asked for once, and is there when the server has accepted it."""
    folder = Folder()
    # Before the first connection to a bus, which ends before this process.
    os.environ.update(secret_service.start_bus(folder))
    bus = Gio.bus_get_sync(Gio.BusType.SESSION)
    bus.set_exit_on_close(False)
    ask_without_keyring()
    ask_nobody_without_keyring()
    secret_service.start_daemon(folder, os.environ)
    password = os.environ['IBB_TEST_ALICE_PASSWORD']
    asked = []

    def password_requested(_client, question):
        asked.append(question.get_jid())
        assert question.get_can_remember()
        question.answer(password, IBBXmpp.AnswerFlags.REMEMBER)
        return True

    for _ in range(2):
        client = make_client_of_keyring()
        client.connect('password-requested', password_requested)
        assert client.login(None)
        assert client.logout(None)
        while find_password(asked[0]) != password:
            pass  # the client stores it by itself
    assert len(asked) == 1, asked


cases.main()
