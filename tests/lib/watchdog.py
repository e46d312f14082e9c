# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs one test. When the time that Meson gives it is nearly over, prints the stacks
of all threads of all its processes, and ends it.

usage: watchdog.py BUILD-ROOT COMMAND...

"meson test" runs every test below it (add_test_setup in tests/lib/meson.build). A
SIGALRM to it means that the time is over.
"""

import argparse
import faulthandler
import json
import os
import resource
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

# Meson kills a test without a word when its time is over; the stacks need some of it.
SHARE = 0.8
# What one process may take to show its stacks, on a busy machine; seconds.
PATIENCE = 30
# As timeout(1) ends.
OUT_OF_TIME = 124
GDB = ('gdb', '-batch', '-nx', '-iex', 'set debuginfod enabled off', '-iex', 'set width 0',
       '-ex', 'thread apply all backtrace 50')


def read_status(pid):
    with open(f'/proc/{pid}/status', encoding='utf-8', errors='replace') as file:
        return dict(line.rstrip('\n').split(':\t', 1) for line in file if ':\t' in line)


def descendants(root):
    """The processes below one and itself, without zombies."""
    parents = {}
    for name in os.listdir('/proc'):
        if name.isdigit():
            try:
                status = read_status(name)
            except OSError:
                continue
            if not status['State'].startswith('Z'):
                parents[int(name)] = int(status['PPid'])
    found = [root] if root in parents else []
    for pid in found:
        found += sorted(child for child, parent in parents.items() if parent == pid)
    return found


def command_line(pid):
    try:
        with open(f'/proc/{pid}/cmdline', 'rb') as file:
            return file.read().split(b'\0')[:-1]
    except OSError:
        return []


def is_python(pid):
    try:
        return os.path.basename(os.readlink(f'/proc/{pid}/exe')).startswith('python')
    except OSError:
        return False


def catches_alarm(pid):
    try:
        return not is_python(pid) and int(read_status(pid)['SigCgt'], 16) >> signal.SIGALRM - 1 & 1
    except OSError:
        return False


def wait_for_end(pid):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and descendants(pid):
        time.sleep(0.05)


def say(text):
    sys.stdout.flush()
    sys.stderr.write(text + '\n')
    sys.stderr.flush()


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def show_native_stacks(pid):
    words = b' '.join(command_line(pid)).decode(errors='replace')
    say(f'-- stacks of {pid}: {words[:400]}')
    if not shutil.which('gdb'):
        say('   there is no debugger: apt-get install gdb')
        return
    # Not a pipe: this process may be the one that gdb stops, and could not read it.
    with tempfile.TemporaryFile('w+', errors='replace') as file:
        # timeout(1) ends gdb even if this process is stopped.
        subprocess.run(('timeout', str(PATIENCE)) + GDB + ('-p', str(pid)),
                       stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT, check=False)
        file.seek(0)
        text = file.read()
    threads = text.find('\nThread ')
    say(text[max(threads, 0):].strip() or f'   gdb said nothing within {PATIENCE} s')


def show_stacks(root):
    """Shows the stacks of the processes below one. Those in Python print their own, and end."""
    pids = descendants(root)
    for pid in pids:
        show_native_stacks(pid)
    for pid in pids:
        if catches_alarm(pid):
            send(pid, signal.SIGALRM)  # a scenario says where it is
    if os.getpid() in pids:
        say(f'-- Python stacks of {os.getpid()}')
        faulthandler.dump_traceback(all_threads=True)
    for pid in pids:
        if pid != os.getpid() and is_python(pid):
            say(f'-- Python stacks of {pid}')
            # The handler of PYTHONFAULTHANDLER, which main() sets.
            send(pid, signal.SIGABRT)
            wait_for_end(pid)


def read_multiplier():
    """The multiplier that "meson test", our parent, was given."""
    parser = argparse.ArgumentParser(add_help=False)
    parser.add_argument('-t', '--timeout-multiplier', type=float, default=1)
    words = [word.decode(errors='replace') for word in command_line(os.getppid())]
    return parser.parse_known_args(words[1:])[0].timeout_multiplier


def find_limit(build_root, command):
    """The seconds that Meson gives this command; 0 means no limit."""
    with open(os.path.join(build_root, 'meson-info', 'intro-tests.json'), encoding='utf-8') as file:
        tests = json.load(file)
    return read_multiplier() * max((test['timeout'] for test in tests
                                    if command[:len(test['cmd'])] == test['cmd']), default=0)


def in_our_session(pid):
    try:
        return os.getsid(pid) == os.getsid(0)
    except ProcessLookupError:
        return False


def end(process):
    """Shows and kills. What has a session of its own ends with its parent, as prosody.py's."""
    pids = [pid for pid in descendants(process.pid) if in_our_session(pid)]
    show_stacks(process.pid)
    for pid in pids:
        if in_our_session(pid):
            send(pid, signal.SIGKILL)
    process.wait()


def leave_as(code):
    """Ends as the test did, by the same signal if it was one."""
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


def main():
    build_root, command = sys.argv[1], sys.argv[2:]
    if read_status(os.getpid())['TracerPid'].strip() != '0':
        os.execvp(command[0], command)  # "meson test --gdb"

    # A byte for each thing that comes: 0 for the end of the test, else a signal. A
    # signal alone would be missed right before the wait.
    coming, news = os.pipe()
    os.set_blocking(news, False)
    signal.set_wakeup_fd(news)
    signal.signal(signal.SIGALRM, lambda _number, _frame: None)
    process = subprocess.Popen(command, env={**os.environ, 'PYTHONFAULTHANDLER': '1',
                                             'IBB_TEST_WATCHDOG': '1'})

    def wait():
        process.wait()
        os.write(news, b'\0')

    threading.Thread(target=wait, daemon=True).start()
    limit = SHARE * find_limit(build_root, command)
    in_time = select.select([coming], [], [], limit or None)[0]
    if in_time and os.read(coming, 1) == b'\0':
        code = process.wait()
    else:
        say(f'watchdog: {command[0]} ran out of time')
        end(process)
        code = OUT_OF_TIME
    leave_as(code)


if __name__ == '__main__':
    main()
