#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The XML Schema of doc/protocol.md fits the examples there, and what the fields may be."""

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

PAGE = (pathlib.Path(__file__).resolve().parents[2] / 'doc/protocol.md').read_text(encoding='utf-8')
SECTION = PAGE.split('\n## What our feature adds\n', 1)[1].split('\n## ', 1)[0]
BLOCKS = re.findall(r'^```xml\n(.*?)^```$', SECTION, re.M | re.S)
FEATURE = '{urn:ibb-glib:1}'
OPTIONAL = 'ended', 'resumable', 'block-size'
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
                if name not in ('sid', 'ended'):
                    fails(create_with(element, name, '-1'))
            long_number = {'ack': 'delay', 'opened': 'block-size'}.get(etree.QName(element).localname, 'received')
            fails(create_with(element, long_number, str(2 ** 63)))


def create_without(element, name):
    result = etree.Element(element.tag, dict(element.items()))
    del result.attrib[name]
    return result


def create_with(element, name, value):
    return etree.Element(element.tag, {**dict(element.items()), name: value})


def prove(secret, kind, role, sid, count, element):
    words = kind, role, sid, count, element.get('received'), element.get('acknowledged')
    return hmac.new(secret.encode(), '\n'.join(words).encode(), hashlib.sha256).hexdigest()


@case('the proofs in the examples are right')
def _():
    secret, = (element.get(f'{FEATURE}secret') for element in EXAMPLES if element.get(f'{FEATURE}secret'))
    resume, = (element for element in EXAMPLES if element.tag == f'{FEATURE}resume')
    answer, = (element for element in EXAMPLES if element.tag == f'{FEATURE}resumed')
    sid, count = resume.get('sid'), resume.get('count')
    check_equal(resume.get('proof'), prove(secret, 'resume', 'initiator', sid, count, resume), 'of the question')
    check_equal(answer.get('proof'), prove(secret, 'ended', 'responder', sid, count, answer), 'of the answer')


if __name__ == '__main__':
    cases.main()
