# SPDX-License-Identifier: LGPL-2.1-or-later
"""A keyring for a test, which the user's own does not see."""

import subprocess

from command import Program


def start(folder):
    """What a program needs for an empty keyring on a bus of its own, until the end of the case."""
    bus = Program('dbus-daemon', '--session', '--nofork', '--nopidfile', '--print-address')
    bus.wait_for(lambda: b'\n' in bus.output, 'an address')
    environment = {'DBUS_SESSION_BUS_ADDRESS': bus.output.decode().strip(), 'XDG_RUNTIME_DIR': folder.path}
    daemon = Program('gnome-keyring-daemon', '--foreground', '--unlock', '--components=secrets', stdin=subprocess.PIPE,
                     env={**environment, 'XDG_DATA_HOME': folder.path})
    daemon.stdin.write(b'master')
    daemon.stdin.close()
    # The daemon takes its name on the bus once the keyring is unlocked.
    Program('gdbus', 'wait', '--session', 'org.freedesktop.secrets', env=environment).expect_done()
    return environment
