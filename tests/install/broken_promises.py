# SPDX-License-Identifier: LGPL-2.1-or-later
"""The comparison of promises notices a change of each kind, and lets pass what is new.

Each case changes a copy of what was read from this build, as a later version would read."""

import copy
import os
import xml.etree.ElementTree as xml

import cases
import promises

NAMESPACE = '{http://www.gtk.org/introspection/core/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'
SERVICE = "{*}namespace/{*}class[@name='Service']/"
TABLE = "{*}namespace/{*}record[@name='ConnectionInterface']"
GUINT64 = {'name': 'guint64', '{http://www.gtk.org/introspection/c/1.0}type': 'guint64'}

before = promises.read(os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], 'ibb-glib'), os.environ['IBB_TEST_SOURCE_ROOT'])
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


def set_property(now, index, value):
    next(each for each in now['properties'] if each[:2] == ['IBBService', 'max-retries'])[index] = value


@cases.case('nothing has changed')
def _():
    cases.check_equal(promises.compare(described, promises.describe(copy.deepcopy(before))), [], 'faults')


change('property: another type', 'IBBService:max-retries: ')(lambda now: set_property(now, 2, 'guint64'))
change('property: no longer writable', 'IBBService:max-retries: ')(lambda now: set_property(now, 3, 1))
change('property: another default', 'IBBService:max-retries: ')(lambda now: set_property(now, 4, 6))
change('property: another name', 'IBBService:max-retries: ')(lambda now: set_property(now, 1, 'retries'))
change('property: new')(lambda now: now['properties'].append(['IBBService', 'new', 'guint', 3, 0]))

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

cases.main()
