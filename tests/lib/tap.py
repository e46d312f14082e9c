# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test cases in Python that speak TAP, as Meson reads it.

    @tap.case('/bindings/loopback')
    def loopback():
        assert ...

    tap.main()

Arguments of the program are the names, or beginnings of names, to run.
"""

import faulthandler
import sys
import traceback

WATCHDOG = 120

_cases = []


class Skip(Exception):
    """Raised by a case that cannot run; says why."""


def case(name, watchdog=WATCHDOG):
    def register(function):
        _cases.append((name, function, watchdog))
        return function

    return register


def main():
    wanted = sys.argv[1:]
    cases = [each for each in _cases
             if not wanted or any(each[0].startswith(prefix) for prefix in wanted)]
    failed = 0
    print(f'1..{len(cases)}', flush=True)
    for number, (name, function, watchdog) in enumerate(cases, 1):
        # A test that hangs shows where, and ends.
        faulthandler.dump_traceback_later(watchdog, exit=True)
        try:
            function()
        except Skip as reason:
            print(f'ok {number} {name} # SKIP {reason}', flush=True)
        except Exception:
            failed += 1
            sys.stdout.write(''.join(f'# {line}\n' for line in traceback.format_exc().splitlines()))
            print(f'not ok {number} {name}', flush=True)
        else:
            print(f'ok {number} {name}', flush=True)
        faulthandler.cancel_dump_traceback_later()
    sys.exit(1 if failed else 0)
