# SPDX-License-Identifier: LGPL-2.1-or-later
"""Each function of the introspection data, called in C with one argument that is wrong and all others right.

Wrong is NULL where the data allow none, and an object of another class. The function says so by a critical message,
or its call fails, and returns. What is new is tried by itself. The calls are in a process of their own, whose death
names the function."""

import ctypes
import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

import gi

gi.require_version('IBBXmpp', '1.0')

import cases
from ends import C, GI, NAMESPACES, Ends
from gi.repository import Gio, GLib, GObject, IBBXmpp

TEXT = b'bob@example.org/b'
# For a record that no function makes here: another argument is wrong.
NOWHERE = ctypes.create_string_buffer(256)
# What functions have said of their arguments: one element for each message, and each error.
said = []


@ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)
def answered(_source, result, _data):
    if ctypes.CDLL('libgio-2.0.so.0').g_task_had_error(ctypes.c_void_p(result)):
        said.append('an error')


class Parameter:
    def __init__(self, namespace, node):
        type_node = node.find(f'{GI}type')
        self.name = node.get('name')
        self.is_array = type_node is None
        self.type = '' if self.is_array else type_node.get('name')
        self.c_type = (node.find(f'{GI}array') if self.is_array else type_node).get(f'{C}type', '')
        self.is_optional = '1' in (node.get('nullable'), node.get('allow-none'), node.get('optional'))
        self.is_out = node.get('direction') in ('out', 'inout')
        if self.type[:1].isupper() and '.' not in self.type and not self.type.startswith('GType'):
            self.type = f'{namespace}.{self.type}'

    def is_pointer(self):
        return self.c_type.endswith('*') and not self.is_out

    def find_class(self):
        """The class of the objects that it takes; None if it takes none."""
        kind = find_type(self.type) if self.is_pointer() else None
        return kind if isinstance(kind, type) and is_object(kind) else None

    def get_right(self, instances):
        if self.c_type in ('gdouble', 'double'):
            return ctypes.c_double(1)
        if 'AsyncReadyCallback' in self.type:
            return answered
        if self.is_out or (self.is_optional and self.name != 'self') or not self.is_pointer():
            return ctypes.c_void_p(None if self.is_out or self.is_optional or 'Callback' in self.type else 1)
        if self.type in ('utf8', 'filename'):
            return ctypes.c_char_p(TEXT)
        if self.is_array:
            return (ctypes.c_char_p * 2)(TEXT, None)
        return ctypes.c_void_p(find_address(find_type(self.type), instances))

    def get_wrong(self, other):
        """Each with a name."""
        if self.is_pointer() and not self.is_optional:
            yield 'NULL', ctypes.c_void_p(None)
        if self.find_class() is not None:
            yield 'another class', ctypes.c_void_p(hash(other))


def find_type(name):
    module, _, short = name.partition('.')
    modules = {**{key: value[0] for key, value in NAMESPACES.items()}, 'Gio': Gio, 'GLib': GLib, 'GObject': GObject}
    return getattr(modules[module], short) if module in modules else None


def find_address(kind, instances):
    for each in instances:
        if isinstance(each, kind):
            return hash(each)
    if not is_object(kind):
        return ctypes.addressof(NOWHERE)
    instances.append(GObject.new(kind))
    return hash(instances[-1])


def is_object(kind):
    return issubclass(kind, (GObject.Object, GObject.GInterface)) and kind is not GObject.Object


def find_functions():
    """The name, the parameters and whether there is an error, of each in C."""
    for namespace, (_module, path, library) in NAMESPACES.items():
        root = xml.etree.ElementTree.parse(os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], path))
        loaded = ctypes.CDLL(os.environ[library])
        for node in root.getroot().find(f'{GI}namespace').iter():
            name = node.get(f'{C}identifier', '_free')
            if node.tag not in (f'{GI}method', f'{GI}function', f'{GI}constructor') or name.endswith('_free'):
                continue  # NULL may be freed
            parameters = node.find(f'{GI}parameters')
            parameters = () if parameters is None else parameters
            yield loaded[name], [Parameter(namespace, each) for each in parameters]


def call_all(progress):
    """Prints the calls after which nothing was said."""
    ends = Ends()
    other = GObject.Object()
    instances = [*ends.all, Gio.File.new_for_path('/nowhere'), Gio.Cancellable(), Gio.Task.new()]
    instances += [each.get_certificate() for each in ends.all if isinstance(each, IBBXmpp.Identity)]
    for domain in ('ibb-glib', 'GLib', 'GLib-GObject', 'GLib-GIO'):
        GLib.log_set_handler(domain, GLib.LogLevelFlags.LEVEL_CRITICAL, lambda *_: said.append('critical'), None)
    n_calls = 0
    for function, parameters in find_functions():
        for i, parameter in enumerate(parameters):
            for what, wrong in parameter.get_wrong(other):
                arguments = [each.get_right(instances) for each in parameters]
                arguments[i] = wrong
                call = f'{function.__name__} (): {what} as {parameter.name}'
                progress.seek(0)
                progress.truncate()
                progress.write(call)
                progress.flush()
                said.clear()
                error = ctypes.c_void_p()
                function(*arguments, ctypes.byref(error))
                n_calls += 1
                while GLib.MainContext.default().iteration(False):
                    pass
                if not said and not error:
                    print(call, flush=True)
    print(n_calls)
    sys.stdout.flush()
    os._exit(0)  # what was done to the objects is not looked at


@cases.case('/bindings/arguments/wrong')
def wrong():
    with tempfile.NamedTemporaryFile('r', encoding='utf-8') as progress:
        run = subprocess.run([sys.executable, __file__, '--call', progress.name], stdout=subprocess.PIPE, text=True,
                             check=False)
        cases.check(run.returncode == 0, f'{run.stdout}{progress.read()}: status {run.returncode}')
    *silent, n_calls = run.stdout.splitlines()
    cases.check(not silent, '\n'.join(silent))
    cases.check(int(n_calls) > 0, 'nothing was called')


if __name__ == '__main__':
    if sys.argv[1:2] == ['--call']:
        with open(sys.argv[2], 'w', encoding='utf-8') as file:
            call_all(file)
    cases.main()
