#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""An HTML reference: no link in it is dead, and the text of each property says
what GObject says.

usage: reference.py FOLDER GIR NAMESPACE
"""

import html.parser
import importlib
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse
import xml.etree.ElementTree

import gi
gi.require_version(sys.argv[3], '1.0')
from gi.repository import GObject

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))

import cases
from cases import case, check

FOLDER = pathlib.Path(sys.argv[1])
GIR = sys.argv[2]
NAMESPACE = importlib.import_module(f'gi.repository.{sys.argv[3]}')
# The header for the examples, and how many pages and properties there are at least.
HEADER, PAGES_MIN, PROPERTIES_MIN = {
    'IBB': ('ibb-glib.h', 100, 40),
    'IBBXmpp': ('xmpp/ibb-xmpp.h', 60, 20),
    'IBBFiles': ('files/ibb-files.h', 50, 19),
}[sys.argv[3]]
SOURCE = pathlib.Path(__file__).resolve().parents[2]
CORE = '{http://www.gtk.org/introspection/core/1.0}'
NAMED = {CORE + tag for tag in (
    'alias', 'bitfield', 'callback', 'class', 'constant', 'constructor', 'enumeration', 'field', 'function',
    'function-macro', 'interface', 'member', 'method', 'parameter', 'parameters', 'property', 'record',
    'return-value', 'union', 'virtual-method')}
NAMED.add('{http://www.gtk.org/introspection/glib/1.0}signal')
UNITS = r'\b(bytes|milliseconds|sessions|retries|port|priority|factor|probability|seed|seconds|files|names|from 0 to 1)\b'


class Page(html.parser.HTMLParser):
    """The links and anchors of a page."""

    def __init__(self, path):
        super().__init__()
        self.anchors = set()
        self.links = []  # (attributes, text)
        self._open = None
        self.feed(path.read_text(encoding='utf-8'))

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        for key in ('id', 'name'):
            if key in attributes:
                self.anchors.add(attributes[key])
        if tag == 'a':
            self._open = [attributes, '']
            self.links.append(self._open)
        elif tag in ('link', 'script', 'img'):
            target = attributes.get('href', attributes.get('src'))
            if target is not None:
                self.links.append([{'href': target}, tag])

    def handle_endtag(self, tag):
        if tag == 'a':
            self._open = None

    def handle_data(self, data):
        if self._open:
            self._open[1] += data


PAGES = {path.name: Page(path) for path in FOLDER.glob('*.html')}


def read_map():
    """The addresses of other libraries' references."""
    text = (FOLDER / 'urlmap.js').read_text(encoding='utf-8')
    return dict(re.findall(r"\['(\w+)', '([^']+)'\]", text))


def find_fault(name, attributes, text, libraries):
    """Says what is wrong with a link of a page; None if nothing is."""
    target = attributes.get('href')
    if 'data-namespace' in attributes:
        base = libraries.get(attributes['data-namespace'], '')
        link = attributes.get('data-link')
        if base.startswith('https://docs.gtk.org/') and link:
            return None
        if not base.startswith('../') or not link:
            return 'its library is not in urlmap.js'
        return None if (FOLDER / base / link.partition('#')[0]).is_file() else 'there is no such file'
    if target is None:
        return None
    if target == '':
        # The index has a row for the address of a web site, which there is not.
        return None if not text.strip() else 'it is empty'
    parts = urllib.parse.urlsplit(target)
    if parts.scheme in ('https', 'mailto'):
        return None
    if parts.scheme:
        return 'nothing is there'
    file = urllib.parse.unquote(parts.path) or name
    if not (FOLDER / file).is_file():
        return 'there is no such file'
    if parts.fragment and file in PAGES and \
            urllib.parse.unquote(parts.fragment) not in PAGES[file].anchors:
        return 'there is no such anchor'
    return None


@case('links')
def _():
    libraries = read_map()
    check(len(PAGES) >= PAGES_MIN, f'only {len(PAGES)} pages')
    faults = []
    for name, page in sorted(PAGES.items()):
        for attributes, text in page.links:
            fault = find_fault(name, attributes, text, libraries)
            if fault:
                faults.append(f'{name}: “{attributes.get("data-link", attributes.get("href"))}”: {fault}')
        if any('data-namespace' in attributes for attributes, _ in page.links):
            check(any(attributes.get('href') == 'urlmap.js' for attributes, _ in page.links),
                  f'{name} does not load urlmap.js')
    check(not faults, '\n'.join(faults))


@case('members of enumerations')
def _():
    """gi-docgen leaves out the member of [enum@IBB.StanzaType.IQ] without a word."""
    faults = []
    for path in [*SOURCE.glob('doc/*.md'), *SOURCE.glob('ibb-glib/**/*.[ch]')]:
        text = path.read_text(encoding='utf-8')
        for match in re.finditer(r'\[(?:enum|error|flags)@\w+\.\w+\.\w+\]', text):
            faults.append(f'{path.relative_to(SOURCE)}: {match.group()}: write [MEMBER][enum@IBB.Type]')
    check(not faults, '\n'.join(faults))


def get_anchors(text):
    """The anchors of the titles of a page, as a forge makes them."""
    titles = re.findall(r'^#+ (.*)$', re.sub(r'^```.*?^```$', '', text, flags=re.M | re.S), re.M)
    return {re.sub(r'[^\w -]', '', title.replace('`', '').lower()).replace(' ', '-') for title in titles}


@case('pages on a forge')
def _():
    """The links of the pages as they are read in the repository; and nothing that only gi-docgen understands."""
    faults = []
    for path in [*SOURCE.glob('*.md'), *SOURCE.glob('doc/*.md'), *SOURCE.glob('examples/*.md')]:
        text = re.sub(r'^```.*?^```$', '', path.read_text(encoding='utf-8'), flags=re.M | re.S)
        where = path.relative_to(SOURCE)
        if not text.startswith('# '):
            faults.append(f'{where} begins without a title')
        faults += [f'{where}: {link}' for link in re.findall(r'\[\w+@\w+\.[^]]*\]|%(?:IBB|G|TRUE|FALSE|NULL)\b\w*', text)]
        for target in re.findall(r'\]\(([^)\s]+)\)', text):
            if re.match(r'\w+:', target):
                continue
            file, _, anchor = target.partition('#')
            other = path.parent / file if file else path
            if not other.exists() or (anchor and anchor not in get_anchors(other.read_text(encoding='utf-8'))):
                faults.append(f'{where}: {target}')
    check(not faults, '\n'.join(faults))


@case('pages in the reference')
def _():
    """What is for the sources only does not show, and no link is left as it is written."""
    faults = []
    for path in FOLDER.glob('*.html'):
        text = re.sub(r'<pre.*?</pre>|<script>.*?</script>', '', path.read_text(encoding='utf-8'), flags=re.S)
        faults += [f'{path.name}: {found}' for found in re.findall(r'(?:&#8212;|—)>|\[\w+@IBB[^]]*\]|\]\([^)\s]*\.(?:md|html)', text)]
    check(not faults, '\n'.join(faults))


@case('contents of all libraries')
def _():
    """The start page leads to all that its search finds."""
    text = (FOLDER.parent / 'ibb-glib-1.0/contents.html').read_text(encoding='utf-8')
    found = json.loads(re.search(r'^const all = (.*);$', text, re.M)[1])
    check(len(found) > 400, f'only {len(found)} pages and symbols')
    check(all(any(f'/ibb-{name}-1.0/' in address for _, address, _ in found) for name in ('glib', 'xmpp', 'files')),
          'a library is missing')
    faults = [address for _, address, _ in found if not (FOLDER / address).is_file()]
    check(not faults, '\n'.join(faults))


def parse_default(text, kind):
    """The value that the text names after “Default:”; None if there is none."""
    match = re.search(r'Default: (\S+?)[.,;]?(?=\s|$)', text)
    if not match:
        return None
    value = match.group(1).lstrip('%')
    if kind == 'gboolean':
        return {'TRUE': True, 'FALSE': False}.get(value)
    if kind == 'utf8' and value == '""':
        return ''
    if kind in ('gint', 'guint', 'guint64'):
        return int(value) if re.fullmatch(r'-?\d+', value) else None
    if kind == 'gdouble':
        return float(value) if re.fullmatch(r'-?[\d.]+', value) else None
    return value


def get_default(pspec, kind):
    value = getattr(pspec, 'default_value', None)  # none for an object
    if pspec.value_type.is_a(GObject.TYPE_ENUM):
        # A number since PyGObject 3.50.
        return getattr(NAMESPACE, kind)(value).value_name
    return 'NULL' if value is None else value


@case('defaults and units of properties')
def _():
    faults = []
    tree = xml.etree.ElementTree.parse(GIR)
    n = 0
    for owner in tree.iter():
        if owner.tag not in (CORE + 'class', CORE + 'interface'):
            continue
        pspecs = {pspec.name: pspec for pspec in getattr(NAMESPACE, owner.get('name')).list_properties()} \
            if owner.tag == CORE + 'class' else {}
        for element in owner.findall(CORE + 'property'):
            name = element.get('name')
            where = f'{owner.get("name")}:{name}'
            kind = (element.find(CORE + 'type') if element.find(CORE + 'array') is None
                    else element.find(CORE + 'array')).get('name')
            text = element.find(CORE + 'doc').text
            n += 1
            if kind in ('gint', 'guint', 'guint64', 'gdouble') and not re.search(UNITS, text):
                faults.append(f'{where} names no unit')
            if element.get('writable') != '1':
                continue
            have = parse_default(text, kind)
            want = get_default(pspecs[name], kind)
            if have is None or have != want:
                faults.append(f'{where}: write “Default: {want}”' + (f', not {have}' if have is not None else ''))
    check(n >= PROPERTIES_MIN, f'only {n} properties')
    check(not faults, '\n'.join(faults))


def find_undocumented(element, path=''):
    """The public symbols of the GIR below an element, their arguments and results, without a text."""
    for child in element:
        name = f'{path}.{child.get("name", child.tag[len(CORE):])}'.lstrip('.')
        # A class structure repeats the virtual functions, and is opaque otherwise. The marks of
        # declarations stand in each of them.
        if child.tag not in NAMED or any(key.endswith('is-gtype-struct-for') for key in child.attrib) or \
                name.startswith(('AVAILABLE_IN_', 'DEPRECATED_IN_')):
            continue
        kind = child.find(f'{CORE}type')
        has_value = child.tag != CORE + 'return-value' or kind is None or kind.get('name') != 'none'
        if child.tag != CORE + 'parameters' and has_value and child.find(CORE + 'doc') is None:
            yield name
        yield from find_undocumented(child, name)


@case('texts')
def _():
    """Each public symbol has a text, and so has each argument and result."""
    namespace = xml.etree.ElementTree.parse(GIR).getroot().find(CORE + 'namespace')
    faults = sorted(find_undocumented(namespace))
    check(not faults, 'without a text: ' + ', '.join(faults))


@case('examples of classes')
def _():
    """Each class text has an example in C, and all of these compile."""
    flags = subprocess.run(('pkg-config', '--cflags', 'gio-2.0'), check=True, stdout=subprocess.PIPE,
                           text=True).stdout.split()
    build = os.environ['IBB_TEST_BUILD_ROOT']
    faults = []
    for owner in xml.etree.ElementTree.parse(GIR).iter():
        if owner.tag not in (CORE + 'class', CORE + 'interface'):
            continue
        examples = re.findall(r'```c\n(.*?)```', owner.find(CORE + 'doc').text, re.S)
        if not examples:
            faults.append(f'{owner.get("name")} has no example')
        for example in examples:
            program = f'#include <ibb-glib/{HEADER}>\n#include <string.h>\n\n{example}'
            result = subprocess.run(
                ('cc', '-x', 'c', '-fsyntax-only', '-Wall', '-Wextra', '-Werror', '-Wno-unused-function',
                 '-Wno-unused-parameter', f'-I{SOURCE}', f'-I{build}', f'-I{build}/ibb-glib', *flags, '-'),
                check=False, input=program, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
            if result.returncode:
                faults.append(f'{owner.get("name")}: {result.stdout}')
    check(not faults, '\n'.join(faults))


if __name__ == '__main__':
    del sys.argv[1:]
    cases.main()
