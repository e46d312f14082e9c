# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test cases that print one TAP line each, every one under a watchdog.

    @case('peer offline')
    def _(server): ...

    cases.main(server)      # the arguments of the program choose among them
"""

import faulthandler
import inspect
import os
import signal
import sys
import time
import traceback

TIMEOUT = 90

_cases = []
_cleanups = []


class Skip(Exception):
    """What the case needs is not there."""


def case(name, timeout=TIMEOUT):
    def register(function):
        _cases.append((name, function, timeout))
        return function
    return register


def defer(function):
    """Calls function at the end of the case, whatever happens in it."""
    _cleanups.append(function)


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def check_equal(have, want, what):
    if have != want:
        raise AssertionError(f'{what}: {have!r}, not {want!r}')


def _alarm(_number, _frame):
    raise TimeoutError('the watchdog of the case')


def main(*arguments):
    wanted = sys.argv[1:]
    chosen = [entry for entry in _cases
              if not wanted or any(text in entry[0] for text in wanted)]
    failures = 0
    signal.signal(signal.SIGALRM, _alarm)
    print(f'1..{len(chosen)}', flush=True)
    for number, (name, function, timeout) in enumerate(chosen, 1):
        line = f'ok {number} - {name}'
        begin = time.monotonic()
        signal.alarm(timeout)
        # Where that cannot interrupt, in a call that blocks in C.
        faulthandler.dump_traceback_later(timeout + 5, exit=True)
        try:
            # Some cases need no server.
            wants = [name for name, one in inspect.signature(function).parameters.items()
                     if one.default is one.empty]
            function(*arguments[:len(wants)])
        except Skip as reason:
            line += f' # SKIP {reason}'
        except Exception:  # pylint: disable=broad-except
            line = 'not ' + line
            failures += 1
            for frame in traceback.extract_tb(sys.exc_info()[2])[1:]:
                print(f'# {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}')
            for text in traceback.format_exception_only(*sys.exc_info()[:2]):
                print('# ' + text.rstrip().replace('\n', '\n# '))
        finally:
            signal.alarm(0)
            faulthandler.cancel_dump_traceback_later()
            while _cleanups:
                _cleanups.pop()()
        print(f'# {time.monotonic() - begin:.1f} s')
        print(line, flush=True)
    if not chosen:
        print('# no such case')
    sys.exit(1 if failures or not chosen else 0)
