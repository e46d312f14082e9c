# SPDX-License-Identifier: LGPL-2.1-or-later
"""The listings of a page in doc/: what a page says has to work."""

import os
import re

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def find_listings(page, language, section=None):
    """All listings of a language, on the page or in the section with this title."""
    with open(os.path.join(ROOT, 'doc', page), encoding='utf-8') as file:
        text = file.read()
    if section is not None:
        # A listing may have a comment that begins as a title does.
        titles = [match for match in re.finditer(r'^(#+) ([^\n]*)$|^```.*?^```$', text, re.M | re.S) if match[1]]
        match = next(match for match in titles if match[2] == section)
        following = [other.start() for other in titles
                     if other.start() > match.start() and len(other[1]) <= len(match[1])]
        text = text[match.end():following[0] if following else None]
    return re.findall(rf'^```{language}\n(.*?)^```$', text, re.M | re.S)
