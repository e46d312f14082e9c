#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""How large the project is: the table of CONTRIBUTING.md, and the row of this tree.

usage: budget.py [TREE]
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SOURCES = ('.c', '.h', '.in', '.py', '.vala', '.js', '.script', '.sh')
# The things that can be done in several ways: for each way, what only its sources contain.
WAYS = (
    # Stream initiation, Jingle, bundle.
    ('INITIATION_PROFILE', 'DESCRIPTION_NAMESPACE', 'BUNDLE_NAMESPACE'),
    # Digits, fingerprint, URI.
    ('ibb_xmpp_trust_question_get_code', 'ibb_xmpp_known_certificates_dup_fingerprint', 'ibb_xmpp_identity_parse_uri'),
    # SASL, SASL2, FAST.
    ('IBB_SASL_NAMESPACE', 'IBB_SASL2_NAMESPACE', 'IBB_FAST_NAMESPACE'),
    # A signal, accept, expect, the list.
    ('"session-accepted"', 'ibb_service_accept_async', 'ibb_service_expect_session_async', 'G_TYPE_LIST_MODEL'),
)


def read(folder):
    return [path.read_text(encoding='utf-8') for path in sorted(folder.rglob('*')) if path.suffix in SOURCES]


def count(tree):
    """The cells of the row: lines of the product and of the tests, public functions, ways."""
    product = read(tree / 'ibb-glib')
    text = '\n'.join(product)
    return (sum(content.count('\n') for content in product),
            sum(content.count('\n') for content in read(tree / 'tests')),
            len(re.findall(r'^IBB_AVAILABLE_IN_\w+\n', text, re.M)),
            *(sum(way in text for way in ways) for ways in WAYS))


def show(tree=ROOT):
    table = re.search(r'^\| release \|.*\n(?:\|.*\n)*', (ROOT / 'CONTRIBUTING.md').read_text(encoding='utf-8'), re.M)
    print(table.group(), end='')
    print(f'| now | {" | ".join(f"{number:,}" for number in count(tree))} |')


if __name__ == '__main__':
    show(*(pathlib.Path(tree) for tree in sys.argv[1:]))
