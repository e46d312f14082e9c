#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a build promises to programs and scripts beside the symbols: a name and a description of each promise.

The introspection data have the functions, signals, tables of interfaces, enumerations and error domains, and the vapi
what of these Vala sees. The libraries have the ranges and defaults of their properties, and the command has its options
with their defaults. The sources have the exit statuses, the members of --json, the environment variables, and what the
overrides for Python add."""

import ast
import collections
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
FLAGS, WRITABLE = 15, 2
# In the help of an option.
DEFAULT = re.compile(r'\((default\b[^()]*)\)|(\S+) \(default\)')


class Range(collections.namedtuple('Range', 'least most written')):
    """Of the numbers of a property. A later version may take more of them, and give fewer."""

    def holds(self, now):
        if not isinstance(now, Range):
            return False
        wide, narrow = (now, self) if self.written else (self, now)
        return wide.least <= narrow.least and narrow.most <= wide.most

    def __str__(self):
        return f"{'takes' if self.written else 'gives'} {self.least} to {self.most}"


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
    """The names, types, flags, defaults and ranges of all properties, of the libraries that the environment names."""
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
                                  int(default) if each.value_type.is_a(gi.repository.GObject.TYPE_ENUM) else default,
                                  getattr(each, 'minimum', None), getattr(each, 'maximum', None)])
    return found


def find(folder, pattern):
    found = glob.glob(os.path.join(folder, '**', pattern), recursive=True)
    if not found:
        raise RuntimeError(f'{folder} has no {pattern}')
    return found


def read(folder, source):
    """What describe () looks at. folder: with the libraries, their introspection data and the command, which source made.
    Other sources may lie below that."""
    def join(pattern):
        return ':'.join(sorted({os.path.dirname(path) for path in find(folder, pattern)}))
    environment = {**os.environ, 'LC_ALL': 'C.UTF-8', 'LD_LIBRARY_PATH': join('libibb-*-1.0.so'),
                   'GI_TYPELIB_PATH': join('IBB*-1.0.typelib')}
    command = next(path for path in find(folder, 'ibb') if os.path.isfile(path) and os.access(path, os.X_OK))

    def run(*arguments):
        return subprocess.run(arguments, check=True, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              text=True).stdout

    def get_text(path):
        with open(path, encoding='utf-8') as file:
            return file.read()

    def get_sources(place, pattern):
        return ''.join(map(get_text, sorted(find(os.path.join(source, 'ibb-glib', place), pattern))))

    commands = [line.split('\t')[0] for line in run(command, '--complete').splitlines()]
    return {'data': [xml.parse(find(folder, f'{name}-1.0.gir')[0]).getroot() for name in NAMESPACES],
            'properties': json.loads(run('/usr/bin/python3', os.path.abspath(__file__))),
            'options': {name: run(command, name, '--complete') for name in commands},
            'exits': get_sources('tool', '*.h'),
            'events': get_sources('tool', '*.c'),
            'variables': get_sources('', '*.c'),
            'overrides': {name: get_text(os.path.join(source, 'ibb-glib/python/gi/overrides', name + '.py')) for name in NAMESPACES},
            'vapis': [get_text(find(folder, f'ibb-{name}-1.0.vapi')[0]) for name in ('glib', 'xmpp', 'files')],
            'page': get_text(os.path.join(source, 'doc', 'ibb.1'))}


def describe_function(function, key, promises):
    """A function of Python: its arguments by place and name, and their defaults. One more with a default is allowed."""
    arguments = function.args
    places = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(places) - len(arguments.defaults)) + arguments.defaults
    promises[key] = ('coroutine' if isinstance(function, ast.AsyncFunctionDef) else 'function') + ' that needs ' + ', '.join(
        [argument.arg for argument, default in zip(places, defaults) if default is None] +
        [argument.arg for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults) if default is None])
    for place, (argument, default) in enumerate(zip(places, defaults)):
        promises[f'{key}, argument {place}'] = argument.arg + (f'={ast.unparse(default)}' if default else '')
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults):
        promises[f'{key}, argument {argument.arg}'] = f'={ast.unparse(default)}' if default else ''
    for argument, stars in (arguments.vararg, '*'), (arguments.kwarg, '**'):
        if argument is not None:
            promises[f'{key}, argument {stars}'] = 'taken'


def describe_overrides(name, text, promises):
    """What a module of overrides has for those who import it. A hidden class stands for its methods."""
    module = ast.parse(text)
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    named = {node.name: node for node in module.body if isinstance(node, (ast.ClassDef, *functions))}
    exported = next(ast.literal_eval(node.value) for node in module.body if isinstance(node, ast.Assign)
                    and ast.unparse(node.targets[0]) == '__all__')

    def describe_class(node, key):
        for base in node.bases:
            if isinstance(base, ast.Name) and base.id in named:
                describe_class(named[base.id], key)
        for method in node.body:
            if isinstance(method, functions) and not re.match('_(?!_)', method.name):
                describe_function(method, f'{key}.{method.name}', promises)

    for each in exported:
        key, node = f'Python, {name}.{each}', named.get(each)
        if isinstance(node, functions):
            describe_function(node, key, promises)
        else:
            promises[key] = 'there'
        if isinstance(node, ast.ClassDef):
            describe_class(node, key)


def describe_vapi(text, promises):
    """Each declaration of a vapi, in what holds it. Attributes are for the C compiler."""
    holders = []
    for line in map(str.strip, text.splitlines()):
        if line == '}':
            holders.pop()
        elif line.endswith('{'):
            name, _, parents = line[:-1].strip().partition(' : ')
            holders.append(name)
            promises['Vala, ' + ', '.join(holders)] = 'declared'
            promises.update({f"Vala, {', '.join(holders)}, is {parent}": 'declared' for parent in parents.split(', ') if parent})
        elif line and not line.startswith(('[', '/*')):
            promises[f"Vala, {', '.join(holders)}, {line.rstrip(',;')}"] = 'declared'


def describe(found):
    """The promises in what was read."""
    promises = {}
    for root in found['data']:
        describe_data(root.find('{*}namespace'), promises)
    for owner, name, kind, flags, default, least, most in found['properties']:
        promises[f'{owner}:{name}'] = f'type {kind}, flags {flags}, default {default!r}'
        if least is not None:
            promises[f'{owner}:{name}, range'] = Range(least, most, bool(flags & WRITABLE))
    for command, lines in found['options'].items():
        for line in lines.splitlines():
            name, kind, text = line.split('\t')
            promises[f'ibb {command} {name}'] = 'without a value' if kind == '-' else 'with a value'
            if kind not in ('-', 'text', 'file', 'directory'):
                promises.update({f'ibb {command} {name} {word}': 'taken' for word in kind.split()})
            for words in DEFAULT.findall(text):
                promises[f'ibb {command} {name}, default'] = ''.join(words)
    for name, number in re.findall(r'#define TOOL_EXIT_(\w+) (\d+)', found['exits']):
        promises[f'exit status {name}'] = number
    for kind, name in re.findall(r'tool_event_(\w+) \(\w+, "([\w-]+)"', found['events']):
        promises[f'--json, member {name}, {kind}'] = 'printed'
    for name in re.findall(r'getenv \("(\w+)"\)', found['variables']):
        promises[f'environment variable {name}'] = 'read'
    for name, text in found['overrides'].items():
        describe_overrides(name, text, promises)
    for text in found['vapis']:
        describe_vapi(text, promises)

    def get_section(title):
        return found['page'].partition(f'.SH {title}\n')[2].partition('\n.SH ')[0].replace('\\-', '-')
    for name in re.findall(r'^\.TP\n\.B (\w+)$', get_section('ENVIRONMENT'), re.M):
        promises[f'environment variable {name}, on the page'] = 'described'
    for names, text in re.findall(r'^\.TP\n\.B (\S+)\n(.*?)(?=^\.TP\n|\Z)', get_section('EVENTS'), re.M | re.S):
        members = ['event'] + re.findall(r'\\fB([a-z][a-z-]*)\\fP', text)
        promises.update({f'--json, event {names}, member {member}': 'described' for member in members})
    return promises


def compare(before, now):
    """A line for each promise that is gone or different. New ones are allowed."""
    def holds(name, text):
        return text.holds(now.get(name)) if isinstance(text, Range) else text == now.get(name)
    return [f'{name}: {text} is now {now.get(name, "gone")}' for name, text in before.items() if not holds(name, text)]


if __name__ == '__main__':
    print(json.dumps(list_properties()))
