# SPDX-License-Identifier: LGPL-2.1-or-later
"""A password in the user's keyring, on a session bus of its own; run by prosody.py."""

import os
import subprocess
import tempfile

import cases
from bindings import make_client


def find_password(jid):
    return subprocess.run(('secret-tool', 'lookup', 'jid', jid), check=False, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL, text=True).stdout


@cases.case('/bindings/python/keyring')
def keyring():
    """A password is asked for once, and is in the keyring when the server has accepted it."""
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


with tempfile.TemporaryDirectory() as folder:
    bus = subprocess.Popen(('dbus-daemon', '--session', '--nofork', '--nopidfile', '--print-address'),
                           stdout=subprocess.PIPE, text=True)
    os.environ['DBUS_SESSION_BUS_ADDRESS'] = bus.stdout.readline().strip()
    daemon = subprocess.Popen(
        ('gnome-keyring-daemon', '--foreground', '--unlock', '--components=secrets'),
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, 'XDG_DATA_HOME': folder, 'XDG_RUNTIME_DIR': folder})
    try:
        daemon.stdin.write(b'master')
        daemon.stdin.close()
        # The daemon takes its name on the bus once the keyring is unlocked.
        subprocess.run(('gdbus', 'wait', '--session', 'org.freedesktop.secrets'), check=True)
        cases.main()
    finally:
        for process in (daemon, bus):
            process.kill()
            process.wait()
