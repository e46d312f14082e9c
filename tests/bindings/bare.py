# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each type of all namespaces, made as a binding can make it: by its constructor without arguments. Each of its
methods may warn or fail then, but the process goes on."""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import gi

for name in ('IBB', 'IBBXmpp', 'IBBFiles'):
    gi.require_version(name, '1.0')

import cases
from gi.repository import Gio, GLib, GObject, IBB, IBBFiles, IBBXmpp

NAMESPACES = {
    'IBB': (IBB, 'ibb-glib/IBB-1.0.gir'),
    'IBBXmpp': (IBBXmpp, 'ibb-glib/xmpp/IBBXmpp-1.0.gir'),
    'IBBFiles': (IBBFiles, 'ibb-glib/files/IBBFiles-1.0.gir'),
}
GI = '{http://www.gtk.org/introspection/core/1.0}'


def find_methods():
    """The names of the methods of each type, in each namespace."""
    methods = {}
    for space, (module, path) in NAMESPACES.items():
        root = xml.etree.ElementTree.parse(os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], path)).getroot()
        for node in root.find(f'{GI}namespace'):
            if node.tag in (f'{GI}class', f'{GI}interface', f'{GI}record') and hasattr(module, node.get('name')):
                methods[getattr(module, node.get('name'))] = [
                    (method.get('name'), [get_type(each, space) for each in
                                          method.findall(f'{GI}parameters/{GI}parameter') if is_argument(each)])
                    for method in node.findall(f'{GI}method') if method.get('name') not in ('free', 'unref')]
    return methods


def is_argument(parameter):
    """Python fills the others in."""
    return parameter.get('direction') != 'out' and parameter.get('name') != 'user_data'


def get_type(parameter, space):
    kind = parameter.find(f'{GI}type')
    if parameter.find(f'{GI}array') is not None:
        return 'array'
    name = kind.get('name')
    return name if '.' in name or name.islower() or name.startswith('g') else f'{space}.{name}'


def make_argument(kind, folder):
    """A value that a program could pass. What would wait is cancelled."""
    if kind == 'Gio.Cancellable':
        cancelled = Gio.Cancellable()
        cancelled.cancel()
        return cancelled
    if kind == 'Gio.AsyncReadyCallback':
        return lambda *_: None
    if kind == 'Gio.AsyncResult':
        return Gio.Task.new(None, None, None)
    if kind == 'Gio.File':
        return Gio.File.new_for_path(os.path.join(folder, 'file'))
    if kind == 'Gio.TlsCertificate':
        return IBBXmpp.Identity.load_or_create(os.path.join(folder, 'key')).get_certificate()
    if kind in ('Gio.InputStream', 'Gio.OutputStream'):
        return getattr(Gio, f'Memory{kind[4:]}')()
    if kind == 'IBB.Stanza':
        return IBB.Stanza.new_from_xml("<iq type='get' to='a@b/c' id='i'><x xmlns='y'/></iq>", -1)
    if kind in ('IBB.Connection', 'IBB.Transport'):
        hub = IBB.Loopback.new()
        ends = [IBB.Service.new(hub.attach(jid)) for jid in ('a@b/c', 'd@e/f')]
        ends[1].set_session_limit(1)
        ends[1].accept_async(None, lambda *_: None)
        return ends[0].get_connection() if kind == 'IBB.Connection' else ends[0].open_session('d@e/f', None, None)
    if kind == 'array':
        return []
    if kind in ('utf8', 'filename'):
        return 'a@b/c'
    if kind == 'gboolean' or kind.startswith(('gint', 'guint', 'gsize', 'gssize')):
        return 1
    if kind == 'gdouble':
        return 1.0
    space, _, name = kind.partition('.')
    found = getattr(NAMESPACES[space][0] if space in NAMESPACES else sys.modules[f'gi.repository.{space}'], name)
    return found(0) if issubclass(found, (GObject.GEnum, GObject.GFlags)) else make(found)


def make(kind):
    """Without arguments; None where that is refused."""
    try:
        return GObject.new(kind) if issubclass(kind, GObject.Object) else kind()
    except (TypeError, NotImplementedError):
        return None


def call_all(first):
    """In a process of its own: each call from that number on, which is printed before it."""
    folder = tempfile.mkdtemp()
    number = 0
    GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR)
    os.environ['XDG_DATA_HOME'] = os.environ['XDG_CONFIG_HOME'] = folder
    methods = find_methods()
    for kind in methods:
        if not isinstance(kind, type):
            continue
        for owner in [each for each in methods if issubclass(kind, each)]:
            for name, types in methods[owner]:
                for is_empty in (False, True):
                    number += 1
                    if number < first:
                        continue
                    print(number, f'{kind.__name__}.{name}', 'None' if is_empty else '', flush=True)
                    call(kind, owner, name, [None if is_empty else make_argument(each, folder) for each in types])


def call(kind, owner, name, arguments):
    instance = make(kind)
    if instance is None or not hasattr(owner, name):
        return
    try:
        getattr(owner, name)(instance, *arguments)
    except (GLib.Error, TypeError, ValueError, NotImplementedError, OverflowError):
        pass
    context = GLib.MainContext.default()
    while context.iteration(False):
        pass


@cases.case('/bindings/bare')
def bare():
    crashed = []
    first = 1
    while True:
        run = subprocess.run((sys.executable, __file__, '--call', str(first)), check=False, stdout=subprocess.PIPE,
                             stderr=subprocess.DEVNULL, text=True)
        number, _, what = run.stdout.splitlines()[-1].partition(' ')
        if run.returncode == 0:
            break
        crashed.append(f'{what}: {run.returncode}')
        first = int(number) + 1
    cases.check(int(number) > 500, f'{number} calls')
    cases.check(not crashed, '\n'.join(crashed))


if sys.argv[1:2] == ['--call']:
    call_all(int(sys.argv[2]))
else:
    cases.main()
