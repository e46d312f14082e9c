# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server that a test of the command runs beside: the one that IBB_TEST_SERVER names, prosody
by default, or ejabberd, without the limits of Debian's packages."""

import os

from ejabberd import Ejabberd
from prosody import Prosody


def make_server(resumes=False):
    """resumes: it resumes XML streams (XEP-0198)."""
    if os.environ.get('IBB_TEST_SERVER') == 'ejabberd':
        return Ejabberd(shaper=False, resumes=resumes)
    return Prosody(modules=('smacks',) if resumes else ())
