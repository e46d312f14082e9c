# SPDX-License-Identifier: LGPL-2.1-or-later
"""A program that hangs shows the stacks of all its threads, however it is watched."""

import os
import shutil
import signal
import subprocess
import sys

import cases

FOLDER = os.path.dirname(os.path.abspath(__file__))
WATCHDOG = os.path.join(FOLDER, 'watchdog.py')
BUILD = os.environ['IBB_TEST_BUILD_ROOT']
HANGS = os.path.join(BUILD, 'tests', 'lib', 'hangs')

# A thread beside the main one, and a child that is no Python.
IN_PYTHON = f'''
import subprocess, threading
child = subprocess.Popen([{HANGS!r}], stdout=subprocess.PIPE, text=True)
child.stdout.readline()
hangs = threading.Event()
def hanging_thread():
    hangs.set()
    threading.Event().wait()
def hanging_main():
    hangs.wait()
    print('ready', flush=True)
    child.wait()
threading.Thread(target=hanging_thread, daemon=True).start()
hanging_main()
'''

IN_CASE = '''
import threading
import cases
def wait():
    threading.Event().wait()
@cases.case('hanging', timeout=0.1)
def hanging_case():
    print('ready', flush=True)
    {}
cases.main()
'''

# As in a callback of a binding.
DROPPED = '''
    try:
        wait()
    except TimeoutError:
        pass
'''


def start_and_wait(*command):
    """A process that hangs, once it does."""
    process = subprocess.Popen(command, text=True, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    cases.defer(process.wait)
    cases.defer(process.kill)
    while process.stdout.readline() not in ('ready\n', ''):
        pass
    return process


def check_end(process, code, *words):
    output, _ = process.communicate()
    for word in words:
        cases.check(word in output, f'no {word} in\n{output}')
    cases.check_equal(process.returncode, code, 'exit status')


def check_native(process, code, *words):
    threads = ('hanging_thread', 'main (') if shutil.which('gdb') else ('gdb',)
    check_end(process, code, *threads, *words)


@cases.case('/watchdog/program')
def program():
    """Below "meson test"."""
    process = start_and_wait(sys.executable, WATCHDOG, BUILD, HANGS)
    process.send_signal(signal.SIGALRM)
    check_native(process, 124, 'ran out of time')


@cases.case('/watchdog/program/by-itself')
def program_by_itself():
    process = start_and_wait('env', '-u', 'IBB_TEST_WATCHDOG', HANGS, 'watched')
    process.send_signal(signal.SIGALRM)
    check_native(process, 1)


@cases.case('/watchdog/python')
def python():
    process = start_and_wait(sys.executable, WATCHDOG, BUILD, sys.executable, '-c', IN_PYTHON)
    process.send_signal(signal.SIGALRM)
    check_native(process, 124, 'in hanging_main', 'in hanging_thread')


@cases.case('/watchdog/case')
def one_case():
    for wait in 'wait()', DROPPED:
        process = start_and_wait(sys.executable, '-c', IN_CASE.format(wait))
        check_end(process, 1, 'in hanging_case', 'not ok 1')


@cases.case('/watchdog/status')
def status():
    """A program that ends in time ends as without a watchdog."""
    for script, code in (('exit 0', 0), ('exit 77', 77), ('kill -SEGV $$', -signal.SIGSEGV)):
        result = subprocess.run((sys.executable, WATCHDOG, BUILD, 'sh', '-c', script), check=False)
        cases.check_equal(result.returncode, code, script)


cases.main()
