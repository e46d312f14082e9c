# SPDX-License-Identifier: LGPL-2.1-or-later
"""Keyrings for a test, which the user's own does not see: gnome-keyring, or the program

usage: secret_service.py KIND

which has no password, or gives none. KIND: mute, which answers nothing; locked, whose question to the user
stays without an answer; refused, whose question the user closes; memory, whose passwords are never on a disk.
"""

import subprocess
import sys

from command import Program

BUS = '''<busconfig>
  <type>session</type>
  <listen>unix:path={path}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
'''
SERVICE = '''<node>
  <interface name='org.freedesktop.Secret.Service'>
    <method name='OpenSession'>
      <arg type='s' direction='in'/><arg type='v' direction='in'/><arg type='v' direction='out'/><arg type='o' direction='out'/>
    </method>
    <method name='SearchItems'><arg type='a{ss}' direction='in'/><arg type='ao' direction='out'/><arg type='ao' direction='out'/></method>
    <method name='Unlock'><arg type='ao' direction='in'/><arg type='ao' direction='out'/><arg type='o' direction='out'/></method>
    <method name='ReadAlias'><arg type='s' direction='in'/><arg type='o' direction='out'/></method>
    <property name='Collections' type='ao' access='read'/>
  </interface>
  <interface name='org.freedesktop.Secret.Prompt'>
    <method name='Prompt'><arg type='s' direction='in'/></method>
    <signal name='Completed'><arg type='b'/><arg type='v'/></signal>
  </interface>
</node>'''
NAME = 'org.freedesktop.secrets'
ROOT = '/org/freedesktop/secrets'
PROMPT = ROOT + '/prompt/one'


def start_bus(folder):
    """What a program needs for a bus without any keyring, until the end of the case."""
    with open(folder / 'bus.conf', 'w', encoding='ascii') as file:
        file.write(BUS.format(path=folder / 'bus'))
    bus = Program('dbus-daemon', f'--config-file={folder / "bus.conf"}', '--nofork', '--nopidfile', '--print-address')
    bus.wait_for(lambda: b'\n' in bus.output, 'an address')
    return {'DBUS_SESSION_BUS_ADDRESS': bus.output.decode().strip(), 'XDG_RUNTIME_DIR': folder.path}


def wait_for_service(environment):
    Program('gdbus', 'wait', '--session', NAME, env=environment).expect_done()


def start(folder):
    """The same with an empty keyring."""
    environment = start_bus(folder)
    start_daemon(folder, environment)
    return environment


def start_daemon(folder, environment):
    daemon = Program('gnome-keyring-daemon', '--foreground', '--unlock', '--components=secrets', stdin=subprocess.PIPE,
                     env={**environment, 'XDG_DATA_HOME': folder.path})
    daemon.stdin.write(b'master')
    daemon.stdin.close()
    # The daemon takes its name on the bus once the keyring is unlocked.
    wait_for_service(environment)


def start_without_password(folder, kind):
    """The same with a keyring of that kind."""
    environment = start_bus(folder)
    Program('/usr/bin/python3', __file__, kind, env=environment)
    wait_for_service(environment)
    return environment


def serve(kind):
    # pylint: disable=import-outside-toplevel
    from gi.repository import Gio, GLib

    waiting = []

    def called(connection, _sender, _path, _interface, method, arguments, invocation):
        answers = {
            'OpenSession': ('(vo)', (GLib.Variant('s', ''), ROOT + '/session/one')),
            'SearchItems': ('(aoao)', ([], [ROOT + '/collection/one/1'] if kind in ('locked', 'refused') else [])),
            'Unlock': ('(aoo)', ([], PROMPT)),
            'ReadAlias': ('(o)', (ROOT + '/collection/session' if kind == 'memory' else '/',)),
            'Prompt': ('()', ()),
        }
        if kind == 'mute':
            waiting.append(invocation)
        elif method == 'OpenSession' and arguments[0] != 'plain':
            invocation.return_dbus_error('org.freedesktop.DBus.Error.NotSupported', 'plain only')
        else:
            invocation.return_value(GLib.Variant(*answers[method]))
            if method == 'Prompt' and kind == 'refused':
                connection.emit_signal(None, PROMPT, 'org.freedesktop.Secret.Prompt', 'Completed',
                                       GLib.Variant('(bv)', (True, GLib.Variant('ao', []))))

    def acquired(connection, _name):
        for path, interface in zip((ROOT, PROMPT), Gio.DBusNodeInfo.new_for_xml(SERVICE).interfaces):
            connection.register_object(path, interface, called, lambda *_: GLib.Variant('ao', []), None)

    Gio.bus_own_name(Gio.BusType.SESSION, NAME, Gio.BusNameOwnerFlags.NONE, acquired, None, None)
    GLib.MainLoop().run()


if __name__ == '__main__':
    serve(sys.argv[1])
