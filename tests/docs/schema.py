#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The XML Schema of doc/extension.md fits the examples there, and the proofs are right."""

import hashlib
import hmac
import pathlib
import re
import sys

try:
    from lxml import etree
except ImportError:
    print('1..0 # SKIP python3-lxml is not installed')
    sys.exit()

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'lib'))

import cases
from cases import case, check, check_equal

PAGE = (pathlib.Path(__file__).resolve().parents[2] / 'doc/extension.md').read_text(encoding='utf-8')
BLOCKS = re.findall(r'^```xml\n(.*?)^```$', PAGE, re.M | re.S)
FEATURE = '{urn:ibb-glib:1}'
OPTIONAL = 'ended', 'unclean', 'resumable', 'block-size'
# Global attributes stand in elements of another namespace, so an element of the test has them.
HOLDER = '<xs:element name="holder"><xs:complexType>{}</xs:complexType></xs:element>'


def read_schema():
    text, = (block for block in BLOCKS if block.startswith('<xs:schema'))
    names = [re.search("name='(.*?)'", line).group(1) for line in text.split('\n')
             if line.startswith('  <xs:attribute ')]
    references = ''.join(f'<xs:attribute ref="{name}"/>' for name in names)
    return etree.XMLSchema(etree.XML(text.replace('</xs:schema>', HOLDER.format(references) + '</xs:schema>')))


SCHEMA = read_schema()
EXAMPLES = [element for block in BLOCKS if not block.startswith('<xs:schema')
            for element in etree.XML(f'<all>{block}</all>').iter()]


def create_holder(attributes):
    return etree.Element(f'{FEATURE}holder', attributes)


def get_additions(element):
    """The additions of our feature, each as an element that the schema knows."""
    if element.tag.startswith(FEATURE):
        return [element]
    ours = {name: value for name, value in element.items() if name.startswith(FEATURE)}
    return [create_holder(ours)] if ours else []


@case('the schema accepts the examples')
def _():
    additions = [addition for element in EXAMPLES for addition in get_additions(element)]
    for addition in additions:
        SCHEMA.assertValid(addition)
    names = {etree.QName(name).localname for addition in additions
             for name in (addition.tag, *addition.keys()) if name.startswith(FEATURE)}
    check_equal(names, {'holder', 'unclean', 'reads', 'condition', 'text', 'asked', 'room', 'block-size', 'secret', 'ack', 'opened', 'resume',
                         'resumed'}, 'what has an example')


@case('the schema refuses malformed stanzas')
def _():
    def fails(element):
        check(not SCHEMA.validate(element), etree.tostring(element).decode())

    for name, value in (('secret', '0' * 31), ('secret', 'A' * 32), ('room', 'yes'), ('asked', 'a b'),
                        ('asked', 'a' * 257), ('unclean', ''), ('reads', 'on'), ('condition', 'No room'),
                        ('text', 'x' * 257), ('block-size', '0'), ('block-size', '65536')):
        fails(create_holder({FEATURE + name: value}))
    for element in EXAMPLES:
        if element.tag.startswith(FEATURE):
            for name in element.keys():
                if name not in OPTIONAL:
                    fails(create_without(element, name))
                if name != 'sid':
                    fails(create_with(element, name, '-1'))
            long_number = {'ack': 'delay', 'opened': 'block-size'}.get(etree.QName(element).localname, 'received')
            fails(create_with(element, long_number, str(2 ** 63)))


def create_without(element, name):
    result = etree.Element(element.tag, dict(element.items()))
    del result.attrib[name]
    return result


def create_with(element, name, value):
    return etree.Element(element.tag, {**dict(element.items()), name: value})


VECTOR = re.compile(r'^\| `(\w+)` \| `(\w+)` \| (\d+) \| (\d+) \| (\d+) \| `(\w+)` \|$', re.M)


@case('the proofs are right, and those in the examples are among them')
def _():
    secret, = (element.get(f'{FEATURE}secret') for element in EXAMPLES if element.get(f'{FEATURE}secret'))
    vectors = [vector.groups() for vector in VECTOR.finditer(PAGE)]
    for kind, role, count, received, acknowledged, proof in vectors:
        text = '\n'.join((kind, role, 's', count, received, acknowledged))
        check_equal(proof, hmac.new(secret.encode(), text.encode(), hashlib.sha256).hexdigest(), text)
    shown = [(element.get('received'), element.get('acknowledged'), element.get('proof'))
             for element in EXAMPLES if element.get('proof')]
    check(shown and not set(shown) - {vector[3:] for vector in vectors}, shown)


MALFORMED = re.compile(r"^\| `(<[^`]+)` \| [^|]+ \|$", re.M)
PLACE = re.compile(r'^\| (\d+) \| (\d+) \| (\d+) \| (expected|ahead|behind)', re.M)
COPY = re.compile(r'^\| (\d+) \| (as stored|another id, or other bytes) \| (a result|`unexpected-request/cancel`) \|$', re.M)


@case('the schema refuses the elements that the page calls malformed')
def _():
    section = PAGE.split('### What is malformed')[1].split('\n## ')[0]
    elements = MALFORMED.findall(section)
    check(len(elements) >= 9, f'only {len(elements)} elements')
    for element in elements:
        check(not SCHEMA.validate(etree.XML(element)), element)


@case('the numbers of blocks wrap as the rule for them says')
def _():
    places = PLACE.findall(PAGE)
    check({'32767', '32768'} <= {distance for _, _, distance, _ in places}, places)
    for expected, number, distance, place in places:
        right = (int(number) - int(expected)) % 65536
        check_equal((int(distance), place), (right, 'expected' if not right else 'behind' if right >= 32768 else 'ahead'),
                    f'{number}, where {expected} is expected')
    copies = COPY.findall(PAGE)
    check_equal(len(copies), 4, copies)
    for number, kind, answer in copies:
        # Where 300 is expected.
        is_copy = kind == 'as stored' and 300 - int(number) <= 256
        check_equal(answer == 'a result', is_copy, f'{number}, {kind}')


if __name__ == '__main__':
    cases.main()
