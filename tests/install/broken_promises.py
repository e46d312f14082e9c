# SPDX-License-Identifier: LGPL-2.1-or-later
"""The comparison of promises notices a change of each kind, and lets pass what is new.

Most cases change a copy of what was read from this build, as a later version would read. The last ones change files of
a checkout in which the frozen sources lie, too, and read these as .ci/run does."""

import atexit
import copy
import os
import shutil
import stat
import subprocess
import tempfile
import xml.etree.ElementTree as xml

import abi
import cases
import promises

NAMESPACE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
SERVICE = "{*}namespace/{*}class[@name='Service']/"
TABLE = "{*}namespace/{*}record[@name='ConnectionInterface']"
GUINT64 = {'name': 'guint64', '{http://www.gtk.org/introspection/c/1.0}type': 'guint64'}

ROOT = os.environ['IBB_TEST_SOURCE_ROOT']
BUILD = os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], 'ibb-glib')
before = promises.read(BUILD, ROOT)
described = promises.describe(before)


def change(title, *expected):
    """A case: what the function does to the copy breaks promises whose names begin so, and no others."""
    def register(function):
        @cases.case(title)
        def _():
            now = copy.deepcopy(before)
            function(now)
            now = promises.describe(now)
            cases.check(now != described, 'nothing has changed')
            faults = promises.compare(described, now)
            cases.check_equal(bool(faults), bool(expected), f'faults: {faults}')
            for name in expected:
                cases.check(any(fault.startswith(name) for fault in faults), f'{name}: {faults}')
            for fault in faults:
                cases.check(fault.startswith(expected), f'only {expected}: {fault}')
        return function
    return register


def get(now, path):
    element = now['data'][0].find(path)
    cases.check(element is not None, path)
    return element


def remove(now, path, name):
    parent = get(now, path)
    parent.remove(parent.find(name))


def replace(now, part, old, new):
    cases.check(old in now[part], old)
    now[part] = now[part].replace(old, new)


def set_property(now, index, value, owner='IBBService', name='max-retries'):
    next(each for each in now['properties'] if each[:2] == [owner, name])[index] = value


@cases.case('nothing has changed')
def _():
    cases.check_equal(promises.compare(described, promises.describe(copy.deepcopy(before))), [], 'faults')


change('property: another type', 'IBBService:max-retries: ')(lambda now: set_property(now, 2, 'guint64'))
change('property: no longer writable', 'IBBService:max-retries: ')(lambda now: set_property(now, 3, 1))
change('property: another default', 'IBBService:max-retries: ')(lambda now: set_property(now, 4, 6))
change('property: another name', 'IBBService:max-retries')(lambda now: set_property(now, 1, 'retries'))
change('property: new')(lambda now: now['properties'].append(['IBBService', 'new', 'guint', 3, 0, 0, 9]))
change('property: a larger least number', 'IBBService:max-retries, range: takes 0 to 4294967295 is now takes 1 ')(
    lambda now: set_property(now, 5, 1))
change('property: a smaller greatest number', 'IBBService:max-retries, range: ')(lambda now: set_property(now, 6, 100))
change('property: takes more')(lambda now: set_property(now, 6, 1 << 33))
change('property: takes any number', 'IBBService:max-retries, range: ')(lambda now: set_property(now, 5, None))
change('property: gives more', 'IBBTransport:block-size, range: ')(
    lambda now: set_property(now, 6, 1 << 17, 'IBBTransport', 'block-size'))
change('property: gives less')(lambda now: set_property(now, 5, 1, 'IBBTransport', 'block-size'))

SIGNAL = SERVICE + "{*}signal[@name='session-requested']"
SIGNAL_NAME = 'namespace IBB, class Service, glib:signal session-requested: '
change('signal: gone', SIGNAL_NAME)(lambda now: remove(now, SERVICE + '.', "{*}signal[@name='session-requested']"))
change('signal: another parameter', SIGNAL_NAME)(
    lambda now: get(now, SIGNAL + '/{*}parameters/{*}parameter/{*}type').set('name', 'Transport'))
change('signal: one more parameter', SIGNAL_NAME)(
    lambda now: get(now, SIGNAL + '/{*}parameters').append(xml.Element(NAMESPACE + 'parameter', name='more')))
change('signal: another result', SIGNAL_NAME)(lambda now: get(now, SIGNAL + '/{*}return-value/{*}type').set('name', 'none'))
change('signal: other flags', SIGNAL_NAME)(lambda now: get(now, SIGNAL).set('when', 'first'))
change('signal: without its detail', 'namespace IBB, interface Connection, glib:signal stanza-received: ')(
    lambda now: get(now, "{*}namespace/{*}interface/{*}signal[@name='stanza-received']").attrib.pop('detailed'))
change('signal: new')(lambda now: get(now, SERVICE + '.').append(xml.Element(GLIB + 'signal', name='new')))


def make_function(name):
    field = xml.Element(NAMESPACE + 'field', name=name)
    xml.SubElement(field, NAMESPACE + 'callback', name=name)
    return field


def add_function(now, from_end, taken):
    """A function in the table: from_end is its place, behind which the padding is, of which some is taken."""
    table = get(now, TABLE)
    table.insert(len(table) - from_end, make_function('new'))
    array = table.find("{*}field[@name='padding']/{*}array")
    array.set('fixed-size', str(int(array.get('fixed-size')) - taken))


change('table: a function takes a place of the padding')(lambda now: add_function(now, 1, 1))
change('table: a function takes no place', 'namespace IBB, record ConnectionInterface, size: ')(
    lambda now: add_function(now, 1, 0))
change('table: the padding is shorter', 'namespace IBB, record ConnectionInterface, size: ')(
    lambda now: get(now, TABLE + "/{*}field[@name='padding']/{*}array").set('fixed-size', '1'))
change('table: a function moves another one', 'namespace IBB, record ConnectionInterface, place 6: ')(
    lambda now: add_function(now, 2, 1))
change('table: no function takes the place', 'namespace IBB, record ConnectionInterface, size: ')(
    lambda now: add_function(now, 1, 1) or
    get(now, TABLE + "/{*}field[@name='new']").remove(get(now, TABLE + "/{*}field[@name='new']/{*}callback")))
change('table: another result of a function', 'namespace IBB, record ConnectionInterface, place 5: ')(
    lambda now: get(now, TABLE + "/{*}field[@name='get_stanza_limit']//{*}return-value/{*}type").attrib.update(GUINT64))

ERROR = "{*}namespace/{*}enumeration[@name='Error']"
change('enumeration: another number', 'namespace IBB, enumeration Error, member gone: ')(
    lambda now: get(now, ERROR + "/{*}member[@name='gone']").set('value', '99'))
change('enumeration: a member is gone', 'namespace IBB, enumeration Error, member gone: ')(
    lambda now: remove(now, ERROR, "{*}member[@name='gone']"))
change('enumeration: a new member')(
    lambda now: get(now, ERROR).append(xml.Element(NAMESPACE + 'member', name='new', value='99')))
change('error domain: another name', 'namespace IBB, enumeration Error: ')(
    lambda now: get(now, ERROR).set(GLIB + 'error-domain', 'ibb-failure-quark'))


def method(name):
    return f"{SERVICE}{{*}}method[@name='{name}']", f'namespace IBB, class Service, method {name}: '


LIMIT, LIMIT_NAME = method('get_session_limit')
OPEN, OPEN_NAME = method('open_session')
SET, SET_NAME = method('set_session_limit')
change('function: another scalar as its result', LIMIT_NAME)(
    lambda now: get(now, LIMIT + '/{*}return-value/{*}type').attrib.update(GUINT64))
change('function: another scalar as an argument', SET_NAME)(
    lambda now: get(now, SET + "/{*}parameters/{*}parameter/{*}type").attrib.update(GUINT64))
change('function: gone', LIMIT_NAME)(lambda now: remove(now, SERVICE + '.', "{*}method[@name='get_session_limit']"))
change('function: new')(lambda now: get(now, SERVICE + '.').append(xml.Element(NAMESPACE + 'method', name='new')))
change('annotation: an argument may no longer be NULL', OPEN_NAME)(
    lambda now: get(now, OPEN + "/{*}parameters/{*}parameter[@name='params']").attrib.pop('nullable'))
change('annotation: a result may be NULL', OPEN_NAME)(lambda now: get(now, OPEN + '/{*}return-value').set('nullable', '1'))
change('annotation: another transfer', OPEN_NAME)(
    lambda now: get(now, OPEN + '/{*}return-value').set('transfer-ownership', 'none'))

change('exit status: another number', 'exit status REFUSED: ')(
    lambda now: replace(now, 'exits', 'TOOL_EXIT_REFUSED 3', 'TOOL_EXIT_REFUSED 4'))
change('exit status: gone', 'exit status REFUSED: ')(lambda now: replace(now, 'exits', '#define TOOL_EXIT_REFUSED 3', ''))
change('exit status: new')(
    lambda now: replace(now, 'exits', '#define TOOL_EXIT_DONE', '#define TOOL_EXIT_NEW 9\n#define TOOL_EXIT_DONE'))


def set_option(now, old, new):
    cases.check(old in now['options']['send'], old)
    now['options']['send'] = now['options']['send'].replace(old, new)


change('option: gone', 'ibb send --tar: ')(lambda now: set_option(now, '--tar\t', '--pack\t'))
change('option: takes a value', 'ibb send --tar: ')(lambda now: set_option(now, '--tar\t-\t', '--tar\ttext\t'))
change('option: a word is gone', 'ibb send --stanza-type message: ')(lambda now: set_option(now, '\tiq message\t', '\tiq\t'))
change('option: a new word')(lambda now: set_option(now, '\tiq message\t', '\tiq message presence\t'))
change('option: new')(lambda now: set_option(now, '--tar\t', '--new\t-\t\n--tar\t'))
change('option: another default', 'ibb send --peer-timeout, default: default 600 is now default 60')(
    lambda now: set_option(now, '(default 600)', '(default 60)'))
change('option: another word is the default', 'ibb send --stanza-type, default: iq is now message')(
    lambda now: set_option(now, 'iq (default), or message', 'iq, or message (default)'))
change('command: gone', 'ibb demo ')(lambda now: now['options'].pop('demo'))

change('--json: a member has another type', '--json, member block-size, int: ')(
    lambda now: replace(now, 'events', 'tool_event_int (event, "block-size"', 'tool_event_string (event, "block-size"'))
change('--json: a member is gone', '--json, member block-size, int: ')(
    lambda now: replace(now, 'events', '(event, "block-size"', '(event, "size-of-blocks"'))
change('--json: an event lacks a member', '--json, event throttled, member rate: ')(
    lambda now: replace(now, 'page', '.B throttled\n\\fBpeer\\fP, \\fBrate\\fP', '.B throttled\n\\fBpeer\\fP'))
change('--json: an event is gone', '--json, event throttled, ')(
    lambda now: replace(now, 'page', '.B throttled\n', '.B delayed\n'))
change('--json: a new member')(
    lambda now: replace(now, 'events', 'tool_event_emit (', 'tool_event_int (event, "new", 1); tool_event_emit ('))

change('environment variable: not read', 'environment variable NOTIFY_SOCKET: ')(
    lambda now: replace(now, 'variables', 'getenv ("NOTIFY_SOCKET")', 'getenv ("NOTIFY")'))
change('environment variable: gone from the page', 'environment variable NOTIFY_SOCKET, on the page: ')(
    lambda now: replace(now, 'page', '.B NOTIFY_SOCKET\n', '.B NOTIFY\n'))
change('environment variable: new')(lambda now: now.update(variables=now['variables'] + ' getenv ("IBB_NEW")'))


def set_override(now, old, new):
    cases.check(old in now['overrides']['IBB'], old)
    now['overrides']['IBB'] = now['overrides']['IBB'].replace(old, new)


STREAMS = 'def make_streams(self, limit: int = 2 ** 16)'
change('Python: a method is gone', 'Python, IBB.Transport.make_streams')(
    lambda now: set_override(now, STREAMS, 'def create_streams(self, limit: int = 2 ** 16)'))
change('Python: another default', 'Python, IBB.Transport.make_streams, argument 1: ')(
    lambda now: set_override(now, STREAMS, 'def make_streams(self, limit: int = 2 ** 8)'))
change('Python: another name of an argument', 'Python, IBB.Transport.make_streams, argument 1: ')(
    lambda now: set_override(now, STREAMS, 'def make_streams(self, bound: int = 2 ** 16)'))
change('Python: one more argument that is needed', 'Python, IBB.Transport.make_streams: ')(
    lambda now: set_override(now, STREAMS, 'def make_streams(self, limit: int = 2 ** 16, *, more)'))
change('Python: one more argument with a default')(
    lambda now: set_override(now, STREAMS, 'def make_streams(self, limit: int = 2 ** 16, more=None)'))
change('Python: other annotations, which are for the stubs')(
    lambda now: set_override(now, STREAMS, 'def make_streams(self, limit: float = 2 ** 16, more=None)'))
change('Python: a method no longer waits', 'Python, IBB.Transport.start_protocol: ')(
    lambda now: set_override(now, 'async def start_protocol(', 'def start_protocol('))
change('Python: a function is no longer exported', 'Python, IBB.run')(
    lambda now: set_override(now, "'new_event_loop', 'run']", "'new_event_loop']"))
change('Python: no class for "with"', 'Python, IBBXmpp.Client.')(
    lambda now: now['overrides'].update(IBBXmpp=now['overrides']['IBBXmpp'].replace('class Client(_Account, ', 'class Client(')))


def set_vapi(now, old, new):
    cases.check(old in now['vapis'][0], old)
    now['vapis'][0] = now['vapis'][0].replace(old, new)


DECLARATION = 'public uint get_session_limit ();'
change('Vala: a method is gone', 'Vala, namespace IBB, public sealed class Service, public uint get_session_limit ()')(
    lambda now: set_vapi(now, DECLARATION, ''))
change('Vala: another type', 'Vala, namespace IBB, public sealed class Service, public uint get_session_limit ()')(
    lambda now: set_vapi(now, DECLARATION, 'public int get_session_limit ();'))
change('Vala: no longer an interface of the class', 'Vala, namespace IBB, public sealed class Service, is GLib.ListModel')(
    lambda now: set_vapi(now, 'class Service : GLib.Object, GLib.ListModel {', 'class Service : GLib.Object {'))
change('Vala: a new method')(lambda now: set_vapi(now, DECLARATION, DECLARATION + '\npublic void more ();'))

# A checkout with what .ci/run installs in it: the libraries and the command of this build stand for those of both
# versions.
checkout = tempfile.mkdtemp(prefix='ibb-test-')
atexit.register(shutil.rmtree, checkout, ignore_errors=True)
FROZEN = os.path.join(checkout, '_build-abi')
INSTALLED = ['tool/ibb'] + [f'{folder}{name}' for folder, name in (
    (folder, name) for folder, library, namespace in (('', 'glib', 'IBB'), ('xmpp/', 'xmpp', 'IBBXmpp'), ('files/', 'files', 'IBBFiles'))
    for name in (f'libibb-{library}-1.0.so', f'libibb-{library}-1.0.so.0', f'ibb-{library}-1.0.vapi', f'{namespace}-1.0.gir',
                 f'{namespace}-1.0.typelib'))]
for place in (checkout, os.path.join(FROZEN, 'source')):
    for folder, _, names in os.walk(os.path.join(ROOT, 'ibb-glib')):
        for name in names:
            if name.endswith(('.c', '.h', '.py')):
                copied = os.path.join(place, os.path.relpath(os.path.join(folder, name), ROOT))
                os.makedirs(os.path.dirname(copied), exist_ok=True)
                shutil.copy(os.path.join(folder, name), copied)
    os.makedirs(os.path.join(place, 'doc'))
    shutil.copy(os.path.join(ROOT, 'doc', 'ibb.1'), os.path.join(place, 'doc'))
for place in ('usr', 'now'):
    for name in INSTALLED:
        path = os.path.join(FROZEN, place, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        os.symlink(os.path.join(BUILD, name), path)

# Changes a property where the libraries of "now" are loaded.
PROPERTY = r'''
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

void *
g_param_spec_uint (const char *name, const char *nick, const char *blurb, unsigned least, unsigned most, unsigned usual, int flags)
{
  void *(*next) (const char *, const char *, const char *, unsigned, unsigned, unsigned, int) = dlsym (RTLD_NEXT, "g_param_spec_uint");

  if (strcmp (name, "max-retries") == 0 && strstr (getenv ("LD_LIBRARY_PATH"), "/_build-abi/now") != NULL)
    most = 9;
  return next (name, nick, blurb, least, most, usual, flags);
}
'''


def used(title, path, old, new, *expected):
    """A case: with other words in a file of the checkout, promises whose names begin so are broken, and no others."""
    @cases.case(title)
    def _():
        target = os.path.join(checkout, path)
        with open(target, encoding='utf-8') as file:
            text = file.read()
        link = os.readlink(target) if os.path.islink(target) else None
        if link:
            os.remove(target)
        cases.check(old in text, old)
        with open(target, 'w', encoding='utf-8') as file:
            file.write(text.replace(old, new, 1))
        try:
            faults = abi.compare_promises(FROZEN, checkout)
        finally:
            os.remove(target)
            if link:
                os.symlink(link, target)
            else:
                with open(target, 'w', encoding='utf-8') as file:
                    file.write(text)
        for name in expected:
            cases.check(any(fault.startswith(name) for fault in faults), f'{name}: {faults}')
        for fault in faults:
            cases.check(fault.startswith(expected), f'only {expected}: {fault}')


@cases.case('as used: nothing has changed')
def _():
    cases.check_equal(abi.compare_promises(FROZEN, checkout), [], 'faults')


@cases.case('as used: the range of a property')
def _():
    library = os.path.join(checkout, 'property.so')
    subprocess.run(('cc', '-shared', '-fPIC', '-x', 'c', '-', '-o', library), check=True, input=PROPERTY, text=True)
    os.environ['LD_PRELOAD'] = library
    try:
        faults = abi.compare_promises(FROZEN, checkout)
    finally:
        del os.environ['LD_PRELOAD']
    cases.check_equal(faults, ['IBBService:max-retries, range: takes 0 to 4294967295 is now takes 0 to 9'], 'faults')


@cases.case('as used: an option')
def _():
    target = os.path.join(FROZEN, 'now', 'tool', 'ibb')
    command = os.readlink(target)
    os.remove(target)
    with open(target, 'w', encoding='ascii') as file:
        file.write(f'#!/bin/sh\n"{command}" "$@" | sed "s/^--tar\\t/--pack\\t/; s/(default 600)/(default 60)/"\n')
    os.chmod(target, stat.S_IRWXU)
    faults = abi.compare_promises(FROZEN, checkout)
    os.remove(target)
    os.symlink(command, target)
    cases.check('ibb send --tar: without a value is now gone' in faults, faults)
    cases.check('ibb expose --peer-timeout, default: default 600 is now default 60' in faults, faults)
    for fault in faults:
        cases.check('--tar' in fault or '--peer-timeout, default' in fault, fault)


used('as used: an exit status', 'ibb-glib/tool/words/exit-status.h', '#define TOOL_EXIT_REFUSED 3', '#define REFUSED 3', 'exit status REFUSED: ')
used('as used: a member of --json', 'ibb-glib/tool/words/report.c', '(event, "block-size"', '(event, "size"',
     '--json, member block-size, int: ')
used('as used: an event', 'doc/ibb.1', '.B throttled\n', '.B delayed\n', '--json, event throttled, ')
used('as used: an environment variable', 'ibb-glib/xmpp/ibb-xmpp-client-account.c', '"CREDENTIALS_DIRECTORY"', '"CREDENTIALS"',
     'environment variable CREDENTIALS_DIRECTORY: ')
used('as used: a method of the overrides', 'ibb-glib/python/gi/overrides/IBBFiles.py', 'def offer_file_async(', 'def offer_async(',
     'Python, IBBFiles.Service.offer_file_async')
used('as used: a function', '_build-abi/now/IBB-1.0.gir', '<method name="get_session_limit"', '<method name="session_limit"',
     'namespace IBB, class Service, method get_session_limit: ')
used('as used: a declaration for Vala', '_build-abi/now/xmpp/ibb-xmpp-1.0.vapi', 'public bool login (', 'public bool log_in (',
     'Vala, namespace IBBXmpp, public sealed class Client, public bool login (')

cases.main()
