#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Makes the HTML reference of one library: by gi-docgen, of the pages in this folder, which are written for a forge.

A page begins with its title, links to other pages as `[Files](files.md)`, and names symbols as `IBBService` or
`ibb_service_new ()`. gi-docgen wants a head, addresses of HTML and links such as [class@IBB.Service]: turn_page () makes
them of the page. Its output gets what readers of three libraries need: a bar that leads from one to the others, the
next page, tables that scroll; and the reference of the first library a page of contents with one search.
"""

import argparse
import html
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import tomllib
import xml.etree.ElementTree

DOC = pathlib.Path(__file__).resolve().parent
# By the name of the library, its namespace: the first is that of the streams.
LIBRARIES = {'glib': 'IBB', 'xmpp': 'IBBXmpp', 'files': 'IBBFiles'}
CORE = '{http://www.gtk.org/introspection/core/1.0}'
C_TYPE = '{http://www.gtk.org/introspection/c/1.0}type'
C_IDENTIFIER = '{http://www.gtk.org/introspection/c/1.0}identifier'
ERROR_DOMAIN = '{http://www.gtk.org/introspection/glib/1.0}error-domain'
SIGNAL = '{http://www.gtk.org/introspection/glib/1.0}signal'
TYPES = {'class': 'class', 'interface': 'iface', 'record': 'struct', 'enumeration': 'enum', 'bitfield': 'flags'}
# What stays as it is: listings; links, whose texts cannot have links; comments; then code.
PIECES = re.compile(r'(?P<listing>^```.*?^```$)|(?P<comment><!--.*?-->)|(?P<link>!?\[[^]\n]*(?:\n[^]\n]*)?\]\([^)]*\))|'
                    r'`(?P<code>[^`\n]+)`', re.M | re.S)
STYLE = """<style>
.ibb-bar a { margin-right: 1em; } .ibb-table { overflow-x: auto; } .ibb-table td:not(:last-child) { padding-right: 1em; }
.ibb-row { white-space: nowrap; } .content { overflow-wrap: break-word; } .content h6 a { overflow-wrap: anywhere; }
.content h1 { flex-wrap: wrap; } .toc nav { margin: 0 1em; } .ibb-table code { word-break: normal; }
</style>"""


def read_symbols(gir):
    """What gi-docgen's links to the symbols of a library are: by the names that C has for them."""
    namespace = xml.etree.ElementTree.parse(gir).getroot().find(CORE + 'namespace')
    name = namespace.get('name')
    found = {}
    for element in namespace:
        kind = TYPES.get(element.tag.removeprefix(CORE))
        if element.get('moved-to'):
            continue
        if element.tag == CORE + 'function':
            found[element.get(C_IDENTIFIER) + ' ()'] = f'[func@{name}.{element.get("name")}]'
        if kind is None or element.get(C_TYPE) is None:
            continue
        if element.get(ERROR_DOMAIN):
            kind = 'error'
        own, c_type = f'{name}.{element.get("name")}', element.get(C_TYPE)
        found[c_type] = f'[{kind}@{own}]'
        for child in element:
            called, c_name = child.get('name'), child.get(C_IDENTIFIER)
            if child.tag == CORE + 'member':
                found[c_name] = f'[{c_name}][{kind}@{own}]'
            elif child.tag in (CORE + 'method', CORE + 'function', CORE + 'constructor'):
                link = {'method': 'method', 'function': 'func', 'constructor': 'ctor'}[child.tag.removeprefix(CORE)]
                found[f'{c_name} ()'] = f'[{link}@{own}.{called}]'
            elif child.tag == CORE + 'property':
                found[f'{c_type}:{called}'] = f'[property@{own}:{called}]'
            elif child.tag == SIGNAL:
                found[f'{c_type}::{called}'] = f'[signal@{own}::{called}]'
            elif child.tag == CORE + 'virtual-method':
                found[f'{c_type}.{called} ()'] = f'[vfunc@{own}.{called}]'
    return found


def turn_symbol(code, link, library):
    """A link to a symbol, of gi-docgen where the reference of the library has the other one among its dependencies."""
    kind, space, path, anchor = re.search(r'\[(\w+)@(\w+)\.([\w.]+)(?:::?([\w-]+))?\]$', link).groups()
    other = next((name for name, namespace in LIBRARIES.items() if namespace == space), None)
    if other in (None, library):
        return link
    if kind == 'func' and '.' in path:
        kind = 'type_func'
    page = '.'.join(filter(None, (kind, path, anchor)))
    return f'[`{code}`](../ibb-{other}-1.0/{page}.html)'


def read_pages(name):
    """The pages of a library, in their order."""
    with open(DOC / f'ibb-{name}.toml.in', 'rb') as file:
        return tomllib.load(file)['extra']['content_files']


def read_title(page):
    return (DOC / page).read_text(encoding='utf-8').split('\n', 1)[0].removeprefix('# ')


def turn_link(link, library):
    """A link of a page to another one; what the reference does not have, such as an example, remains as text."""
    text, target = re.fullmatch(r'(!?\[.*\])\((.*)\)', link, re.S).groups()
    path, anchor, rest = target.partition('#')
    if text.startswith('!') or ':' in path or not path:
        return link
    for name in LIBRARIES:
        if path in read_pages(name):
            base = '' if name == library else f'../ibb-{name}-1.0/'
            return f'{text}({base}{path.removesuffix(".md")}.html{anchor}{rest})'
    return text[1:-1]


def turn_page(page, library, symbols):
    """The page for gi-docgen, with a link to the next one at its end."""
    def turn(match):
        if match['comment']:
            return ''
        if match['link']:
            return turn_link(match['link'], library)
        if match['code'] in symbols:
            return turn_symbol(match['code'], symbols[match['code']], library)
        return match[0]

    text = PIECES.sub(turn, (DOC / page).read_text(encoding='utf-8'))
    pages = read_pages(library)
    following = pages[pages.index(page) + 1:][:1]
    for other in following:
        text += f'\n\nNext: [{read_title(other)}]({other.removesuffix(".md")}.html)\n'
    return f'Title: {read_title(page)}\nSlug: {page.removesuffix(".md")}\n\n{text}'


def finish(folder, libraries):
    """Adds to all pages of a reference what gi-docgen's have not."""
    bar = '<p class="ibb-bar">' + ''.join(
        f'<a href="../ibb-{name}-1.0/{page}.html">{text}</a>' for name, page, text in
        [('glib', 'contents', 'Contents')] + [(name, 'index', LIBRARIES[name]) for name in libraries]) + '</p>'
    for path in folder.glob('*.html'):
        text = path.read_text(encoding='utf-8')
        text = text.replace('</head>', STYLE + '\n</head>', 1)
        text = re.sub(r'(<section id="main" class="content">)', r'\1\n' + bar, text, count=1)
        text = re.sub(r'<td>(?=[A-Z]-\d+</td>)', '<td class="ibb-row">', text)
        text = re.sub(r'<table.*?</table>', r'<div class="ibb-table">\g<0></div>', text, flags=re.S)
        path.write_text(text, encoding='utf-8')


def list_found(folder, name):
    """The pages and symbols of a reference, for the search: a name, an address, a sentence."""
    base = f'../ibb-{name}-1.0/'
    found = [(read_title(page), base + page.removesuffix('.md') + '.html', '') for page in read_pages(name)]
    kinds = {'alias': 'alias', 'bitfield': 'flags', 'callback': 'callback', 'class': 'class', 'constant': 'const',
             'ctor': 'ctor', 'domain': 'error', 'enum': 'enum', 'function': 'func', 'interface': 'iface',
             'method': 'method', 'property': 'property', 'record': 'struct', 'signal': 'signal',
             'type_func': 'type_func', 'vfunc': 'vfunc', 'class_method': 'class_method'}
    for symbol in json.loads((folder / 'index.json').read_text(encoding='utf-8'))['symbols']:
        owner, own = symbol.get('type_name') or symbol.get('struct_for') or '', symbol['name']
        address = f'{kinds.get(symbol["type"], symbol["type"])}.{owner + "." if owner else ""}{own}.html'
        if (folder / address).exists():
            summary = re.sub(r'\[\w+@([\w.:-]+)\]', r'\1', symbol.get('summary', '')).replace('...', '…')
            called = symbol.get('ident') or symbol.get('ctype') or f'{LIBRARIES[name]}{owner}:{own}'
            found.append((called, base + address, summary))
    return found


def make_contents(folder, references):
    """One start page: what each library has, and a search over all of them."""
    found = [one for name, path in references.items() for one in list_found(path, name)]
    sections = ''.join(
        f'<h2><a href="../ibb-{name}-1.0/index.html">{LIBRARIES[name]}</a></h2>\n<ol>' + ''.join(
            f'<li><a href="../ibb-{name}-1.0/{page.removesuffix(".md")}.html">{html.escape(read_title(page))}</a></li>\n'
            for page in read_pages(name)) + '</ol>\n' for name in references)
    template = (DOC / 'contents.html').read_text(encoding='utf-8')
    (folder / 'contents.html').write_text(
        template.replace('@SECTIONS@', sections).replace('@FOUND@', json.dumps(found, ensure_ascii=False)
                                                         .replace('<', '\\u003c')), encoding='utf-8')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--gi-docgen', required=True)
    parser.add_argument('--library', choices=LIBRARIES, required=True)
    parser.add_argument('--config', required=True)
    parser.add_argument('--include', required=True, help='folder with the introspection data of the first library')
    parser.add_argument('--symbols', action='append', required=True, help='introspection data of each library that is built')
    parser.add_argument('gir')
    parser.add_argument('output', type=pathlib.Path)
    options = parser.parse_args()

    symbols = {}
    places = [pathlib.Path(place) / 'gir-1.0'
              for place in (os.environ.get('XDG_DATA_DIRS') or '/usr/local/share:/usr/share').split(':')]
    for name in 'GLib', 'GObject', 'Gio':
        for place in places:
            if (place / f'{name}-2.0.gir').exists():
                symbols.update(read_symbols(place / f'{name}-2.0.gir'))
                break
    for gir in options.symbols:
        symbols.update(read_symbols(gir))
    with tempfile.TemporaryDirectory() as content:
        for path in DOC.glob('*.*'):
            if path.suffix in ('.svg', '.png', '.js'):
                shutil.copy(path, content)
        for page in read_pages(options.library):
            (pathlib.Path(content) / page).write_text(turn_page(page, options.library, symbols), encoding='utf-8')
        shutil.rmtree(options.output, ignore_errors=True)
        subprocess.run((options.gi_docgen, 'generate', '--quiet', '--fatal-warnings', '--no-namespace-dir',
                        f'--config={options.config}', f'--add-include-path={options.include}', f'--content-dir={content}',
                        f'--output-dir={options.output}', options.gir), check=True)
    built = [pathlib.Path(gir).name for gir in options.symbols]
    libraries = [name for name, namespace in LIBRARIES.items() if f'{namespace}-1.0.gir' in built]
    finish(options.output, libraries)
    if options.library == 'glib':
        make_contents(options.output, {name: options.output.parent / f'ibb-{name}-1.0' for name in libraries})


if __name__ == '__main__':
    main()
