# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a program with windows needs, for as long as this process lives: a screen and a session bus."""

import os
import signal
import subprocess

import private_server


def _start(*command):
    """Starts a program that writes a line to the descriptor in its last argument: that line."""
    reading, writing = os.pipe()
    subprocess.Popen((*command[:-1], command[-1] % writing), pass_fds=(writing,),
                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                     preexec_fn=private_server.die_with_parent(signal.SIGKILL))
    os.close(writing)
    with os.fdopen(reading) as file:
        return file.readline().strip()


def begin(home):
    """Puts both, and a home folder, into the environment."""
    os.environ.update(
        HOME=home, XDG_DATA_HOME=home, XDG_CONFIG_HOME=home, XDG_CACHE_HOME=home, XDG_RUNTIME_DIR=home,
        GDK_BACKEND='x11', GSETTINGS_BACKEND='memory', NO_AT_BRIDGE='1',
        DISPLAY=':' + _start('Xvfb', '-nolisten', 'tcp', '-displayfd', '%d'),
        DBUS_SESSION_BUS_ADDRESS=_start('dbus-daemon', '--session', '--nofork', '--print-address=%d'))
