#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Type stubs of a namespace for Python, from its GIR and the annotations of its overrides.

usage: stubs.py GIR OVERRIDES >NAMESPACE.pyi
"""

import ast
import keyword
import re
import sys
import xml.etree.ElementTree

CORE = '{http://www.gtk.org/introspection/core/1.0}'
C = '{http://www.gtk.org/introspection/c/1.0}'
GLIB = '{http://www.gtk.org/introspection/glib/1.0}'

# A checker takes a file that its setting names for one of the user's own, and would find fault with it.
HEADER = '''# Made by stubs.py: do not edit.
# mypy: ignore-errors
import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import IO, Any, ClassVar, TypeVar, final, overload

from typing_extensions import Self

from gi.repository import Gio, GLib, GObject{imports}

T = TypeVar('T')
'''
NUMBERS = {'gint', 'guint', 'gint8', 'guint8', 'gint16', 'guint16', 'gint32', 'guint32', 'gint64', 'guint64', 'gsize',
           'gssize', 'glong', 'gulong', 'gunichar'}
SIMPLE = {'none': 'None', 'gboolean': 'bool', 'gdouble': 'float', 'gfloat': 'float', 'utf8': 'str', 'filename': 'str',
          'GLib.Quark': 'int', 'gpointer': 'Any', 'gconstpointer': 'Any', 'GType': 'type', **{name: 'int' for name in NUMBERS}}


def shorten_link(match):
    """What a link names, without the namespace, which may have the other article."""
    article, name = match.groups()
    return name if article is None else f'{article}{"n" if name[0] in "AEIOaeio" else ""} {name}'


class Namespace:
    def __init__(self, gir, overrides):
        root = xml.etree.ElementTree.parse(gir).getroot()
        self.element = root.find(CORE + 'namespace')
        self.name = self.element.get('name')
        self.includes = {one.get('name') for one in root.findall(CORE + 'include')} - {'Gio', 'GLib', 'GObject'}
        self.overrides = {}
        self.functions = []
        with open(overrides, encoding='utf-8') as file:
            self.read_overrides(ast.parse(file.read()).body)

    def read_overrides(self, body):
        """The classes by name, and the functions that are public."""
        for node in body:
            if isinstance(node, ast.If):
                self.read_overrides(node.body)
            elif isinstance(node, ast.ClassDef):
                self.overrides[node.name] = node
            elif isinstance(node, ast.FunctionDef) and not node.name.startswith('_'):
                self.functions.append(node)

    # Types

    def get_type(self, element):
        """The type of an argument, a result or a property."""
        array, kind = element.find(CORE + 'array'), element.find(CORE + 'type')
        if array is not None:
            item = array.find(CORE + 'type').get('name')
            result = 'bytes' if item == 'guint8' else f'list[{self.get_name(item)}]'
        elif kind is None:
            return 'Any'
        else:
            result = self.get_name(kind.get('name'))
        return f'{result} | None' if element.get('nullable') == '1' and result != 'Any' else result

    def get_name(self, name):
        if name in SIMPLE:
            return SIMPLE[name]
        if name == 'Gio.AsyncReadyCallback' or name.endswith(('Callback', 'Func', 'Notify')):
            return 'Callable[..., Any]'
        return name.removeprefix(self.name + '.')

    # Functions

    def get_arguments(self, element):
        """What a caller in Python passes: (name, type, is optional, is a callback)."""
        parameters = element.findall(f'{CORE}parameters/{CORE}parameter')
        hidden = set()
        for one in parameters:
            for key in ('closure', 'destroy'):
                if one.get(key) is not None:
                    hidden.add(int(one.get(key)))
            array = one.find(CORE + 'array')
            if array is not None and array.get('length') is not None:
                hidden.add(int(array.get('length')))
        shown = [one for number, one in enumerate(parameters)
                 if number not in hidden and one.get('direction') != 'out' and one.find(CORE + 'varargs') is None]
        result = []
        for number, one in enumerate(shown):
            # PyGObject takes None for the last ones.
            optional = all(later.get('nullable') == '1' for later in shown[number:])
            name = one.get('name')
            result.append((name + '_' if keyword.iskeyword(name) else name, self.get_type(one), optional,
                           one.get('closure') is not None))
        return result

    def get_result(self, element):
        values = [self.get_type(element.find(CORE + 'return-value'))]
        values += [self.get_type(one) for one in element.findall(f'{CORE}parameters/{CORE}parameter')
                   if one.get('direction') == 'out']
        if values[0] == 'None' and len(values) > 1:
            values.pop(0)
        return values[0] if len(values) == 1 else f'tuple[{", ".join(values)}]'

    def write_function(self, element, first='self', name=None, indent='    ', is_awaitable=False, result=None):
        """The lines of a function. first: self, cls or nothing."""
        name = name or element.get('name')
        arguments = self.get_arguments(element)
        result = result or self.get_result(element)
        documentation = self.get_summary(element)
        decorators = ['@classmethod'] if first == 'cls' else ['@staticmethod'] if not first and indent else []
        words = [first] if first else []
        plain = []
        for word, kind, optional, is_callback in arguments:
            plain.append((f'{word}: {kind}' + (' = ...' if optional else ''), is_callback))
        forms = []
        if is_awaitable:
            awaited = [text for text, is_callback in plain if not is_callback]
            forms.append((words + awaited, f'Awaitable[{is_awaitable}]'))
            called = [text if not is_callback else 'callback: Callable[..., Any]' for text, is_callback in plain]
            # An argument with a default cannot stand before the callback.
            called = [text.replace(' = ...', '') for text in called] + ['*user_data: Any']
            forms.append((words + called, 'None'))
        else:
            texts = []
            for text, is_callback in plain:
                texts.append(text)
                if is_callback:
                    texts.append('*user_data: Any')
            forms.append((words + texts, result))
        for texts, value in forms:
            if is_awaitable:
                # The class above, without overrides, has only the form with a callback.
                ignored = '  # type: ignore[override]' if texts is forms[0][0] else ''
                yield f'{indent}@overload{ignored}'
            for decorator in decorators:
                yield f'{indent}{decorator}'
            yield f'{indent}def {name}({", ".join(texts)}) -> {value}:'
            yield f'{indent}    {documentation}' if documentation else f'{indent}    ...'

    def get_summary(self, element):
        """The first sentence of the text, as a docstring."""
        text = element.find(CORE + 'doc')
        if text is None:
            return ''
        first = re.split(r'\n\n|(?<=[.]) ', text.text.strip())[0].replace('\n', ' ').rstrip(':')
        first = re.sub(r'(?:\b([Aa])n? )?\[\w+@(?:\w+\.)?([\w.:-]+)\]', shorten_link, first)
        first = re.sub(r'\[([^\]]*)\]\[[^\]]*\]', r'\1', first).replace('%', '').replace('\\', '\\\\')
        return f'"""{first}"""' if not first.endswith('"') else f'"""{first} """'

    # Classes

    def find_override(self, name):
        """The functions of the class in the overrides, those of its mixins first."""
        node = self.overrides.get(name)
        if node is None:
            return []
        mixins = [one for base in node.bases if isinstance(base, ast.Name) for one in self.find_override(base.id)]
        return mixins + [one for one in node.body if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))]

    def find_method(self, name, element):
        """A method or function of a class, of what it derives from or of what it implements."""
        by_name = {one.get('name'): one for one in self.element}
        waiting = [element]
        while waiting:
            owner = waiting.pop(0)
            for one in owner.findall(CORE + 'method') + owner.findall(CORE + 'function'):
                if one.get('name') == name:
                    return one
            names = [owner.get('parent')] + [one.get('name') for one in owner.findall(CORE + 'implements')]
            waiting += [by_name[one] for one in names if one in by_name]
        return None

    def write_override(self, node, element):
        """The lines of a function of the overrides. Those that end in _async are awaitable."""
        if node.name.endswith('_async'):
            method = self.find_method(node.name, element)
            finish = self.find_method(node.name.replace('_async', '_finish'), element)
            if method is not None and finish is not None:
                first = 'self' if method.tag == CORE + 'method' else ''
                yield from self.write_function(method, first, is_awaitable=self.get_result(finish))
                return
            kind = 'bool' if node.name == 'close_async' else 'Any'  # of Gio
            arguments = [one.arg for one in node.args.args]
            optional = arguments[-3:]
            awaited = [one + ': Any = ...' if one in optional or one == 'io_priority' else one for one in arguments[:-1]]
            yield '    @overload  # type: ignore[override]'
            yield f'    def {node.name}({", ".join(awaited)}) -> Awaitable[{kind}]: ...'
            yield '    @overload'
            yield f'    def {node.name}({", ".join(arguments[:-1])}, callback: Callable[..., Any], *user_data: Any) -> None: ...'
            return
        copy = ast.parse(ast.unparse(node)).body[0]
        text = ast.get_docstring(copy)
        copy.body = [ast.Expr(ast.Constant(text))] if text else [ast.Expr(ast.Constant(...))]
        if copy.returns is None:
            copy.returns = ast.parse('str' if copy.name == '__repr__' else 'None').body[0].value
        for argument in copy.args.args[1:] + ([copy.args.vararg] if copy.args.vararg else []):
            if argument.annotation is None:
                argument.annotation = ast.parse('Any').body[0].value
        copy.args.defaults = [ast.Constant(...) for _ in copy.args.defaults]
        for line in ast.unparse(ast.fix_missing_locations(copy)).split('\n'):
            yield '    ' + line

    def write_class(self, element):
        name = element.get('name')
        parent = element.get('parent')
        bases = [self.get_name(parent)] if parent else ['GObject.GInterface'] if element.tag == CORE + 'interface' else []
        bases += [self.get_name(one.get('name')) for one in element.findall(CORE + 'implements')]
        overrides = self.find_override(name)
        overridden = {one.name for one in overrides}
        if element.get('final') == '1':
            yield '@final'
        yield f'class {name}({", ".join(bases)}):' if bases else f'class {name}:'
        node = self.overrides.get(name)
        own = ast.get_docstring(node) if node else None
        documentation = f'"""{own}"""' if own else self.get_summary(element)
        yield f'    {documentation or "..."}'
        properties = element.findall(CORE + 'property')
        if properties:
            above = [base for base in bases if base.startswith('Gio.') or base.split('.')[-1] in ('Connection', 'Entity')]
            yield f'    class Props({", ".join(base + ".Props" for base in above)}):' if above else '    class Props:'
            for one in properties:
                optional = ' | None' if self.is_nullable(one, element) else ''
                yield f'        {one.get("name").replace("-", "_")}: {self.get_type(one)}{optional}'
            yield '    props: Props  # type: ignore[assignment]'
            settable = [one for one in properties if one.get('writable') == '1' or one.get('construct-only') == '1']
            if element.tag == CORE + 'class' and element.get('abstract') != '1':
                words = [f'{one.get("name").replace("-", "_")}: {self.get_type(one)} | None = ...' for one in settable]
                yield f'    def __init__(self, {"*, " + ", ".join(words) + ", " if words else ""}**properties: Any) -> None: ...'
        for one in element.findall(CORE + 'field'):
            if element.tag == CORE + 'record' and one.get('private') != '1' and one.get('readable') != '0':
                yield f'    {one.get("name")}: {self.get_type(one)}'
        for one in element:
            if one.get('introspectable') == '0' or one.get('shadowed-by'):
                continue
            called = one.get('shadows') or one.get('name')
            if one.tag == CORE + 'constructor':
                yield from self.write_function(one, first='cls', name=called, result=name)
            elif one.tag == CORE + 'method' and called not in overridden:
                yield from self.write_function(one, name=called)
            elif one.tag == CORE + 'function' and called not in overridden:
                yield from self.write_function(one, first='', name=called)
            elif one.tag == CORE + 'virtual-method' and element.tag == CORE + 'interface':
                yield from self.write_function(one, name=f'do_{called}')
        for one in overrides:
            yield from self.write_override(one, element)

    def is_nullable(self, one, element):
        """The GIR does not say it of a property, but of its getter."""
        getter = one.get('getter')
        method = self.find_method(getter, element) if getter else None
        if method is None:
            return self.get_type(one) not in ('bool', 'int', 'float')
        return method.find(CORE + 'return-value').get('nullable') == '1'

    def write_enumeration(self, element):
        name = element.get('name')
        yield f'class {name}(GObject.{"GFlags" if element.tag == CORE + "bitfield" else "GEnum"}):'
        yield f'    {self.get_summary(element) or "..."}'
        for one in element.findall(CORE + 'member'):
            yield f'    {one.get("name").upper()}: ClassVar[{name}]  # type: ignore[misc]'
        for one in element.findall(CORE + 'function'):
            if one.get('introspectable') != '0':
                yield from self.write_function(one, first='')

    def write(self):
        yield HEADER.format(imports=''.join(f', {one}' for one in sorted(self.includes)))
        for one in self.element:
            if one.get('introspectable') == '0' or one.get(GLIB + 'is-gtype-struct-for') or one.get('moved-to') or \
                    one.get('name', '').startswith('_'):
                continue
            if one.tag in (CORE + 'class', CORE + 'interface', CORE + 'record'):
                yield from self.write_class(one)
            elif one.tag in (CORE + 'enumeration', CORE + 'bitfield'):
                yield from self.write_enumeration(one)
            elif one.tag == CORE + 'constant':
                yield f'{one.get("name")}: {self.get_type(one)}'
            elif one.tag == CORE + 'function':
                yield from self.write_function(one, first='', indent='')
            else:
                continue
            yield ''
        for node in self.functions:
            text = ast.get_docstring(node)
            node.body = [ast.Expr(ast.Constant(text))] if text else [ast.Expr(ast.Constant(...))]
            yield ast.unparse(ast.fix_missing_locations(node))


if __name__ == '__main__':
    print('\n'.join(Namespace(*sys.argv[1:3]).write()))
