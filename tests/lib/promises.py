#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a build promises to programs and scripts beside the symbols: a name and a description of each promise.

The introspection data have the functions, signals, tables of interfaces, enumerations and error domains. The libraries
have the defaults of their properties, the command has its options, and the sources have the exit statuses and the
members of --json."""

import glob
import json
import os
import re
import subprocess
import xml.etree.ElementTree as xml

NAMESPACES = ('IBB', 'IBBXmpp', 'IBBFiles')
# Elements of the introspection data that are promises of their own. All else is a part of one of these.
NAMED = {'alias', 'bitfield', 'callback', 'class', 'constant', 'constructor', 'enumeration', 'function', 'function-macro',
         'glib:boxed', 'glib:signal', 'implements', 'interface', 'member', 'method', 'namespace', 'prerequisite', 'property',
         'record', 'union', 'virtual-method'}
# Text, and what may change.
IGNORED = {'attribute', 'deprecated', 'deprecated-version', 'doc', 'doc-deprecated', 'doc-version', 'docsection', 'getter',
           'glib:get-property', 'glib:set-property', 'setter', 'source-position', 'version'}
PREFIXES = {'http://www.gtk.org/introspection/core/1.0': '', 'http://www.gtk.org/introspection/c/1.0': 'c:',
            'http://www.gtk.org/introspection/glib/1.0': 'glib:', 'http://www.w3.org/XML/1998/namespace': 'xml:'}
VERSION = re.compile('M(?:AJOR|INOR|ICRO)_VERSION$')
# Readable, writable, at the construction, and only there. Other flags do not concern programs.
FLAGS = 15


def get_name(name):
    """A name of ElementTree, as it stands in the file."""
    if '}' not in name:
        return name
    address, _, name = name[1:].partition('}')
    return PREFIXES[address] + name


def show(element):
    """An element with its attributes and the parts that are no promises of their own."""
    attributes = sorted((get_name(name), value) for name, value in element.items())
    shown = [get_name(element.tag)] + [f'{name}={value}' for name, value in attributes if name not in IGNORED]
    shown += [show(part) for part in element
              if get_name(part.tag) not in IGNORED | {'field'} and (get_name(part.tag) not in NAMED or
                                                                    get_name(element.tag) == 'field')]
    return '(' + ' '.join(shown) + ')'


def describe_table(element, key, promises):
    """The places of a structure. A function may take a place of the padding; the others stay where they are."""
    place, others = 0, []
    for field in element.findall('{*}field'):
        array = field.find('{*}array')
        if field.get('private') == '1' and array is not None:
            place += int(array.get('fixed-size'))
            continue
        promises[f'{key}, place {place}'] = show(field)
        if field.find('{*}callback') is None:
            others.append(show(field))
        place += 1
    promises[f'{key}, size'] = f"{place} places, not of functions: {' '.join(others)}"


def describe_data(element, promises, outer=''):
    """What an element of the introspection data promises, and those within it."""
    key = f"{outer}{get_name(element.tag)} {element.get('name')}"
    if not (get_name(element.tag) == 'constant' and VERSION.search(element.get('name'))):
        promises[key] = show(element)
    if element.find('{*}field') is not None:
        describe_table(element, key, promises)
    for part in element:
        if get_name(part.tag) in NAMED:
            describe_data(part, promises, f'{key}, ')


def list_properties():
    """The names, types, flags and defaults of all properties, of the libraries that the environment names."""
    import gi
    found = []
    for namespace in NAMESPACES:
        gi.require_version(namespace, '1.0')
        module = getattr(__import__('gi.repository', fromlist=[namespace]), namespace)
        for name in dir(module):
            owner = getattr(getattr(module, name), '__gtype__', None)
            if owner is None or owner.fundamental.name not in ('GObject', 'GInterface'):
                continue
            for each in gi.repository.GObject.list_properties(owner):
                if each.owner_type == owner:
                    default = each.default_value
                    found.append([owner.name, each.name, each.value_type.name, int(each.flags) & FLAGS,
                                  int(default) if each.value_type.is_a(gi.repository.GObject.TYPE_ENUM) else default])
    return found


def find(folder, pattern):
    found = glob.glob(os.path.join(folder, '**', pattern), recursive=True)
    if not found:
        raise RuntimeError(f'{folder} has no {pattern}')
    return found


def read(folder, source):
    """What describe () looks at. folder: with the libraries, their introspection data and the command, which source made"""
    def join(pattern):
        return ':'.join(sorted({os.path.dirname(path) for path in find(folder, pattern)}))
    environment = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LD_LIBRARY_PATH': join('libibb-*-1.0.so'),
                   'GI_TYPELIB_PATH': join('IBB*-1.0.typelib')}
    command = next(path for path in find(folder, 'ibb') if os.path.isfile(path) and os.access(path, os.X_OK))

    def run(*arguments):
        return subprocess.run(arguments, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True).stdout

    def get_text(*names):
        text = ''
        for path in sorted(find(source, os.path.join(*names))):
            with open(path, encoding='utf-8') as file:
                text += file.read()
        return text

    commands = [line.split('\t')[0] for line in run(command, '--complete').splitlines()]
    return {'data': [xml.parse(find(folder, f'{name}-1.0.gir')[0]).getroot() for name in NAMESPACES],
            'properties': json.loads(run('/usr/bin/python3', os.path.abspath(__file__))),
            'options': {name: run(command, name, '--complete') for name in commands},
            'exits': get_text('ibb-glib', 'tool', '**', '*.h'),
            'events': get_text('ibb-glib', 'tool', '**', '*.c'),
            'page': get_text('doc', 'ibb.1')}


def describe(found):
    """The promises in what was read."""
    promises = {}
    for root in found['data']:
        describe_data(root.find('{*}namespace'), promises)
    for owner, name, *kind in found['properties']:
        promises[f'{owner}:{name}'] = 'type {}, flags {}, default {!r}'.format(*kind)
    for command, lines in found['options'].items():
        for line in lines.splitlines():
            name, kind, _ = line.split('\t')
            promises[f'ibb {command} {name}'] = 'without a value' if kind == '-' else 'with a value'
            if kind not in ('-', 'text', 'file', 'directory'):
                promises.update({f'ibb {command} {name} {word}': 'taken' for word in kind.split()})
    for name, number in re.findall(r'#define TOOL_EXIT_(\w+) (\d+)', found['exits']):
        promises[f'exit status {name}'] = number
    for kind, name in re.findall(r'tool_event_(\w+) \(\w+, "([\w-]+)"', found['events']):
        promises[f'--json, member {name}, {kind}'] = 'printed'
    section = found['page'].partition('.SH EVENTS\n')[2].partition('\n.SH ')[0].replace('\\-', '-')
    for names, text in re.findall(r'^\.TP\n\.B (\S+)\n(.*?)(?=^\.TP\n|\Z)', section, re.M | re.S):
        members = ['event'] + re.findall(r'\\fB([a-z][a-z-]*)\\fP', text)
        promises.update({f'--json, event {names}, member {member}': 'described' for member in members})
    return promises


def compare(before, now):
    """A line for each promise that is gone or different. New ones are allowed."""
    return [f'{name}: {text} is now {now.get(name, "gone")}' for name, text in before.items() if now.get(name) != text]


if __name__ == '__main__':
    print(json.dumps(list_properties()))
