# SPDX-License-Identifier: LGPL-2.1-or-later
"""The server that a test of the command runs beside: the one that IBB_TEST_SERVER names, prosody
by default, or ejabberd. With IBB_TEST_LIMITS it limits each client to 10 kB/s (Prosody) or 3 kB/s
(ejabberd), as Debian has it."""

import os

from ejabberd import Ejabberd
from prosody import Prosody


def make_server(resumes=False):
    """resumes: it resumes XML streams (XEP-0198)."""
    limited = 'IBB_TEST_LIMITS' in os.environ
    if os.environ.get('IBB_TEST_SERVER') == 'ejabberd':
        return Ejabberd(shaper=limited, resumes=resumes)
    return Prosody(limits=limited, modules=('smacks',) if resumes else ())
