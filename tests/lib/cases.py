# SPDX-License-Identifier: LGPL-2.1-or-later
"""Test cases that print one TAP line each, every one under a watchdog.

    @case('peer offline')
    def _(server): ...

    cases.main(server)      # the arguments of the program choose among them: parts of names, --short, --long
"""

import inspect
import os
import signal
import socket
import sys
import threading
import time
import traceback

import watchdog

# Only what hangs takes so long. On a busy machine a case may take ten times its time, and minutes for each server that
# it starts.
TIMEOUT = 1200
# For a wait within a case: it can say what it waits for, before the case is ended.
PATIENCE = 180


def find_loopback():
    with socket.socket() as probe:
        try:
            probe.bind(('127.0.0.1', 0))
        except OSError:
            return 'localhost'
    return '127.0.0.1'


# This machine, for those who connect: a name where there is only IPv6.
LOOPBACK = find_loopback()
# The address at which servers listen.
ADDRESS = '::1' if LOOPBACK == 'localhost' else LOOPBACK
FAMILY = socket.AF_INET6 if ADDRESS == '::1' else socket.AF_INET
# The same before a colon and a port.
HOST = '[::1]' if ADDRESS == '::1' else ADDRESS
# For "ibb forward": a free port there.
FREE_PORT = '[::1]:0' if ADDRESS == '::1' else '0'

_cases = []
_long = set()  # names
_cleanups = []
_witnesses = []
# What the watchdog of the case sets, while its function runs.
_running = []


class Skip(Exception):
    """The case needs something that is not there."""


def need_ipv4():
    if ADDRESS == '::1':
        raise Skip('there is no IPv4')


def listen(port=0, **options):
    """A socket that listens at ADDRESS."""
    return socket.create_server((ADDRESS, port), family=FAMILY, **options)


def case(name, timeout=TIMEOUT, is_long=False):
    """is_long: one of those that a test of its own runs, beside the others (--long)."""
    def register(function):
        _cases.append((name, function, timeout))
        if is_long:
            _long.add(name)
        return function
    return register


def defer(function):
    """Calls function at the end of the case, whatever happens in it."""
    _cleanups.append(function)


def ask_if_failed(function):
    """If the case fails, prints what function () returns: whichever end is at fault, the other one has its part in it."""
    _witnesses.append(function)


def show_witnesses():
    """Prints what the programs of the case have said. Each is asked before any is ended."""
    for text in [function() for function in _witnesses]:
        print('# ' + text.replace('\n', '\n# '))


def clean_up():
    """Calls the deferred functions; main () does so after each case."""
    while _cleanups:
        _cleanups.pop()()
    _witnesses.clear()


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def check_equal(have, want, what):
    if have != want:
        raise AssertionError(f'{what}: {have!r}, not {want!r}')


def _alarm(_number, _frame):
    """The stacks take a while to show: the function may be over by then, and the next case have begun."""
    if any(late.is_set() for late in _running):
        raise TimeoutError('the watchdog of the case')


def _call(function, arguments, late):
    _running.append(late)
    try:
        function(*(one() if isinstance(one, type) else one for one in arguments))
    finally:
        _running.clear()


def _watch(done, late, timeout):
    """The stacks first, while all of them stand; then the main thread is interrupted."""
    if done.wait(timeout):
        return
    late.set()
    watchdog.show_stacks(os.getpid())
    signal.pthread_kill(threading.main_thread().ident, signal.SIGALRM)
    # A call that blocks in C is not interrupted.
    if not done.wait(10):
        print('# the watchdog of the case', flush=True)
        os._exit(1)


def main(*arguments):
    """arguments: of each case; a class: each case has an object of its own."""
    wanted = [text for text in sys.argv[1:] if text not in ('--short', '--long')]
    chosen = [entry for entry in _cases
              if not wanted or any(text in entry[0] for text in wanted)]
    for option, is_long in (('--short', False), ('--long', True)):
        if option in sys.argv[1:]:
            chosen = [entry for entry in chosen if (entry[0] in _long) == is_long]
    # random-faults.py asks whether a fault is noticed at all, by those that run the function with it.
    stops = 'IBB_FAULT' in os.environ
    log = os.environ.get('IBB_FAULT_LOG')
    if order := os.environ.get('IBB_FAULT_CASES', '').split('\n')[:-1]:
        chosen = sorted((entry for entry in chosen if entry[0] in order), key=lambda entry: order.index(entry[0]))
    failures = 0
    signal.signal(signal.SIGALRM, _alarm)
    print(f'1..{len(chosen)}', flush=True)
    for number, (name, function, timeout) in enumerate(chosen, 1):
        line = f'ok {number} - {name}'
        begin = time.monotonic()
        if log:
            os.environ['IBB_FAULT_LOG'] = f'{log}.{number}'
        done, late = threading.Event(), threading.Event()
        threading.Thread(target=_watch, args=(done, late, timeout), daemon=True).start()
        try:
            # Some cases need no server.
            wants = [name for name, one in inspect.signature(function).parameters.items()
                     if one.default is one.empty]
            _call(function, arguments[:len(wants)], late)
        except Skip as reason:
            line += f' # SKIP {reason}'
        except Exception:  # pylint: disable=broad-except
            line = 'not ' + line
            failures += 1
            for frame in traceback.extract_tb(sys.exc_info()[2])[2:]:
                print(f'# {os.path.basename(frame.filename)}:{frame.lineno}: {frame.line}')
            for text in traceback.format_exception_only(*sys.exc_info()[:2]):
                print('# ' + text.rstrip().replace('\n', '\n# '))
        finally:
            done.set()
            # A binding may drop what is raised within its callbacks, and the case go on.
            if late.is_set() and line.startswith('ok'):
                line = 'not ' + line
                failures += 1
            if line.startswith('not'):
                show_witnesses()
            clean_up()
        print(f'# {time.monotonic() - begin:.1f} s')
        print(line, flush=True)
        if failures and stops:
            break
    if not chosen:
        print('# no such case')
    sys.exit(1 if failures or not chosen else 0)
