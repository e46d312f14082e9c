# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each function without arguments returns, twice, beside what the introspection data say of it.

The data decide who frees a value: a language that frees what was lent dies at the second call. So each
function is called as C calls it, to see whether it gives or lends, and as Python calls it, under the
garbage collector. getters.js does so in JavaScript, and compares with what Python found. The program that
runs it is the first argument of this one."""

import ctypes
import gc
import json
import os
import signal
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

# For sanitized libraries in this folder. What an interpreter keeps is no leak.
if SANITIZED := os.environ.pop('IBB_TEST_SANITIZED', None):
    RUNTIME = [subprocess.check_output(['cc', f'-print-file-name=lib{name}.so'], text=True).strip()
               for name in ('asan', 'ubsan')]
    os.environ.update({'LD_PRELOAD': ':'.join(RUNTIME), 'LD_LIBRARY_PATH': f'{SANITIZED}:{SANITIZED}/xmpp:{SANITIZED}/files',
                       'ASAN_OPTIONS': 'detect_leaks=0:intercept_tls_get_addr=0',
                       'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
                       'IBB_TEST_LIBRARY': f'{SANITIZED}/libibb-glib-1.0.so.0',
                       'IBB_TEST_XMPP_LIBRARY': f'{SANITIZED}/xmpp/libibb-xmpp-1.0.so.0',
                       'IBB_TEST_FILES_LIBRARY': f'{SANITIZED}/files/libibb-files-1.0.so.0'})
    os.execv(sys.executable, [sys.executable, *sys.argv])

import gi

gi.require_version('IBBXmpp', '1.0')

import cases
from ends import C, GI, NAMESPACES, Ends
from gi.repository import Gio, GLib, GObject, IBBXmpp

CLOSED = """
import gi
gi.require_version('IBBXmpp', '1.0')
from gi.repository import IBBXmpp
print(type('Derived', (IBBXmpp.Entity,), {})().props.host)
"""
POINTER_SIZE = ctypes.sizeof(ctypes.c_void_p)


class Getter:
    """A function of the introspection data whose only argument is the object."""

    def __init__(self, library, kind, node):
        value = node.find(f'{GI}return-value')
        self.kind = kind.get('name')
        self.name = node.get('name')
        self.transfer = value.get('transfer-ownership')
        self.is_nullable = value.get('nullable') == '1'
        type_node = value.find(f'{GI}array')
        self.is_list = type_node is not None and type_node.get('name') == 'GLib.PtrArray'
        self.is_array = type_node is not None
        if not self.is_array:
            type_node = value.find(f'{GI}type')
        self.is_text = type_node.get('name') in ('utf8', 'filename')
        self.is_pointer = type_node.get(f'{C}type', '').endswith('*')
        self._function = library[node.get(f'{C}identifier')]
        self._function.restype = ctypes.c_void_p if self.is_pointer else ctypes.c_int
        self._function.argtypes = [ctypes.c_void_p]

    def call(self, instance):
        return self._function(hash(instance))  # the hash is the address

    def __str__(self):
        return f'{self.kind}.{self.name} ()'


def takes_nothing(node):
    parameters = node.find(f'{GI}parameters')
    return ((parameters is None or not parameters.findall(f'{GI}parameter')) and
            node.get('throws') is None and node.get('introspectable') != '0' and
            node.get('name') not in ('ref', 'copy') and
            node.find(f'{GI}return-value/{GI}type[@name="none"]') is None)


def find_getters(namespace):
    """By the name of their class."""
    _module, path, library = NAMESPACES[namespace]
    root = xml.etree.ElementTree.parse(os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], path))
    loaded = ctypes.CDLL(os.environ[library])
    return {kind.get('name'): [Getter(loaded, kind, node) for node in kind.findall(f'{GI}method')
                               if takes_nothing(node)]
            for kind in root.getroot().find(f'{GI}namespace')}


def read_words(address):
    """Where an object or a boxed value counts its references: at its beginning or, in a box of GLib, before it."""
    return list((ctypes.c_uint32 * 16).from_address(address - 32))


def read_pointers(address):
    """Of an array that a NULL ends."""
    pointers = []
    while True:
        pointer = ctypes.c_void_p.from_address(address + len(pointers) * POINTER_SIZE).value
        if pointer is None:
            return pointers
        pointers.append(pointer)


def get_data(address):
    """The data of a GPtrArray."""
    data = ctypes.c_void_p.from_address(address).value
    length = ctypes.c_uint.from_address(address + POINTER_SIZE).value
    return list((ctypes.c_void_p * length).from_address(data)) if length > 0 else []


def find_transfer(getter, instance):
    """What a second call does: None if it returns NULL. What it gives is leaked."""
    first = getter.call(instance)
    if first is None:
        return None
    before = None if getter.is_text else read_words(first)
    second = getter.call(instance)
    if first == second:
        # A count of references has grown, or nothing has changed.
        return 'none' if getter.is_text or read_words(first) == before else 'full'
    if getter.is_list:
        return 'container' if get_data(first) == get_data(second) else 'full'
    if getter.is_array and read_pointers(first) and read_pointers(first) == read_pointers(second):
        return 'container'
    return 'full'


def make_bare(module):
    """An object of each class that can be made without arguments, also one of a derived class. Some say that
    they are of no use so."""
    old = GLib.log_set_always_fatal(GLib.LogLevelFlags.LEVEL_ERROR)
    bare = []
    for name in dir(module):
        kind = getattr(module, name)
        if not isinstance(kind, type) or not issubclass(kind, GObject.Object):
            continue
        if not GObject.type_test_flags(kind.__gtype__, GObject.TypeFlags.ABSTRACT):
            bare.append(GObject.new(kind))
        elif not hasattr(kind, '__abstractmethods__') and kind is not IBBXmpp.Entity:
            bare.append(type(f'Derived{name}', (kind,), {})())
    GLib.log_set_always_fatal(old)
    return bare


def find_kinds(instance, module, getters):
    return [name for name, own in getters.items() if own and isinstance(instance, getattr(module, name))]


def walk(function):
    """Calls function for each object of each namespace, with the getters of its classes, and whether it was
    made as an application makes it or gets it."""
    ends = Ends()
    for namespace, (module, _path, _library) in NAMESPACES.items():
        getters = find_getters(namespace)
        for instances, is_whole in ((ends.all, True), (make_bare(module), False)):
            for instance in instances:
                function(instance, [getter for kind in find_kinds(instance, module, getters)
                                    for getter in getters[kind]], is_whole)
    ends.folder.cleanup()


@cases.case('/bindings/getters/transfer')
def transfer():
    wrong = set()

    def compare(instance, getters, is_whole):
        for getter in getters:
            if not getter.is_pointer:
                continue
            found = find_transfer(getter, instance)
            if found is None and is_whole and not getter.is_nullable:
                wrong.add(f'{getter} of {type(instance).__name__} returns NULL')
            if found not in (None, getter.transfer):
                wrong.add(f'{getter} of {type(instance).__name__}: transfer {found}, not {getter.transfer}')

    walk(compare)
    cases.check(not wrong, '\n'.join(sorted(wrong)))


@cases.case('/bindings/getters/twice')
def twice():
    wrong = set()

    def call(instance, getters, is_whole):
        properties = instance.list_properties() if isinstance(instance, GObject.Object) else ()
        for _ in range(2):
            for getter in getters:
                repr(getattr(instance, getter.name)())
            for each in properties:
                if not each.flags & GObject.ParamFlags.READABLE:
                    continue
                value = instance.get_property(each.name)
                is_set = is_whole or each.flags & GObject.ParamFlags.CONSTRUCT_ONLY
                default = getattr(each, 'default_value', None)  # newer PyGObject tells that of a value only
                if not is_set and each.flags & GObject.ParamFlags.WRITABLE and value != default:
                    wrong.add(f'{type(instance).__name__}:{each.name} is {value!r}, not {default!r}')
            gc.collect()

    walk(call)
    cases.check(not wrong, '\n'.join(sorted(wrong)))


class Finish:
    """A finish function, with an object for it."""

    def __init__(self, library, name, instance):
        self.name = name
        self.instance = instance
        # The method of the interface is that of the class.
        self.takes = [name.replace('ibb_identity_', 'ibb_xmpp_identity_').replace('_finish', '_async')]
        self._function = library[name]

    def takes_error(self, task):
        """Whether the function has returned the error of the task."""
        error = ctypes.c_void_p()
        first = [ctypes.c_void_p(hash(self.instance))] if self.instance is not None else []
        self._function(*first, task, ctypes.byref(error))
        return error.value is not None


def find_calls(instances):
    """The finish functions of all namespaces, and the addresses that tag the tasks of their calls."""
    finishes, tags = [], {}
    for module, path, library in NAMESPACES.values():
        root = xml.etree.ElementTree.parse(os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], path))
        loaded = ctypes.CDLL(os.environ[library])
        for kind in root.getroot().find(f'{GI}namespace'):
            for node in (*kind.findall(f'{GI}method'), *kind.findall(f'{GI}function')):
                name = node.get(f'{C}identifier')
                if name.endswith('_async'):
                    tags[name] = ctypes.cast(loaded[name], ctypes.c_void_p).value
                elif name.endswith('_finish'):
                    is_method = node.tag == f'{GI}method'
                    finishes.append(Finish(loaded, name, next(
                        each for each in instances if isinstance(each, getattr(module, kind.get('name'))))
                        if is_method else None))
    return finishes, tags


def make_task(instance, tag):
    """(transfer full): the address of a task that has returned an error."""
    gio = ctypes.CDLL('libgio-2.0.so.0')
    gio.g_task_new.restype = gio.g_error_new_literal.restype = ctypes.c_void_p
    task = ctypes.c_void_p(gio.g_task_new(ctypes.c_void_p(instance and hash(instance)), None, None, None))
    gio.g_task_set_source_tag(task, ctypes.c_void_p(tag))
    gio.g_task_return_error(task, ctypes.c_void_p(gio.g_error_new_literal(Gio.io_error_quark(), 0, b'')))
    return task


@cases.case('/bindings/getters/finish')
def finish():
    """A finish function takes the result of its own call, and no other's of the same object."""
    said, wrong = [], []
    GLib.log_set_handler('ibb-glib', GLib.LogLevelFlags.LEVEL_CRITICAL, lambda *_: said.append(True), None)
    ends = Ends()
    finishes, tags = find_calls(ends.all)
    for each in finishes:
        taken = []
        for name, tag in tags.items():
            said.clear()
            task = make_task(each.instance, tag)
            if each.takes_error(task) and not said:
                taken.append(name)
            elif len(said) != 1:
                wrong.append(f'{each.name} refuses {name} in silence')
            GLib.MainContext.default().iteration(False)
            ctypes.CDLL('libgobject-2.0.so.0').g_object_unref(task)
        if taken != each.takes:
            wrong.append(f'{each.name} takes {taken}')
    ends.folder.cleanup()
    cases.check(finishes and not wrong, '\n'.join(wrong))


def describe(value, is_whole):
    """What another language has to find, too: of objects as an application gets them only the type."""
    if value is None or isinstance(value, (list, tuple)) and not value:
        return None
    if isinstance(value, bool):
        return 'boolean' if is_whole else value
    if isinstance(value, (int, float)):
        return 'number' if is_whole else float(value)
    if isinstance(value, str):
        return 'string' if is_whole else f'“{value}”'
    if isinstance(value, GLib.Error):
        return 'GError'
    return 'list' if isinstance(value, (list, tuple)) else value.__gtype__.name


@cases.case('/bindings/getters/closed')
def closed():
    """A class that is derived from that of the client and of the component ends the program with a reason."""
    done = subprocess.run((sys.executable, '-c', CLOSED), check=False, stderr=subprocess.PIPE, text=True)
    cases.check(done.returncode in (-signal.SIGTRAP, -signal.SIGABRT) and 'Derived: only IBBXmppClient and' in done.stderr, done)


@cases.case('/bindings/getters/javascript')
def javascript():
    if not GJS:
        raise cases.Skip('no gjs')
    found = {'objects': []}

    def note(instance, getters, is_whole):
        kind = type(instance)
        if kind.__module__ == __name__ and not is_whole:
            return  # derived here
        properties = instance.list_properties() if isinstance(instance, GObject.Object) else ()
        found['objects'].append({
            'kind': [instance.__module__.split('.')[-1], kind.__gtype__.name if is_whole else kind.__name__],
            'isWhole': is_whole,
            'getters': {each.name: describe(getattr(instance, each.name)(), is_whole) for each in getters},
            'properties': {each.name: describe(instance.get_property(each.name), is_whole) for each in properties
                           if each.flags & GObject.ParamFlags.READABLE}})

    walk(note)
    with tempfile.NamedTemporaryFile('w', prefix='ibb-getters-') as file:
        json.dump(found, file)
        file.flush()
        done = subprocess.run([*GJS, '-m', os.path.join(os.path.dirname(__file__), 'getters.js'), file.name],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    cases.check(done.returncode == 0, f'{done.returncode}: {done.stdout}')


if __name__ == '__main__':
    GJS = [sys.argv.pop(1)] if len(sys.argv) > 1 and os.path.isabs(sys.argv[1]) else []
    cases.main()
