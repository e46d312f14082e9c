#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds and runs the test suites; tests/run.sh installs what is needed first."""

import argparse
import ctypes
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUITES = ('unit', 'simulation', 'loopback', 'server', 'bindings', 'install', 'interop', 'fuzz')
# What shows the core by itself; how much of it has to be shown (of the branches, in
# percent). CONTRIBUTING.md says which are not.
CORE_SUITES = ('unit', 'simulation')
CORE_BRANCHES = 95
# What runs without a server and without bindings runs instrumented, too; with
# sanitizers also the client, which is a part of the suite "server".
PURE_SUITES = CORE_SUITES + ('loopback', 'fuzz')
SANITIZED_SUITES = PURE_SUITES + ('client',)
# GCC 12's sanitizer guesses where a library that was loaded later, such as GIO's
# TLS module, keeps its thread-local variables; at times it guesses wrong, and
# then its search for leaks crashes ("Tracer caught signal 11").
SANITIZER_ENVIRONMENT = {'ASAN_OPTIONS': 'intercept_tls_get_addr=0'}
CLANG_FORMAT = 'clang-format-14'
PR_SET_CHILD_SUBREAPER = 36

TAP_LINE = re.compile(r'(not )?ok\b(?:\s+\d+)?(?:\s+-)?\s*([^#]*)(?:#\s*(\w+)\S*\s*(.*))?')
# All that the core may include beside its own headers and the C library's.
CORE_HEADERS = re.compile(r'#\s*include\s*<(glib\.h|string\.h|stdint\.h|math\.h)>')
CORE_FORBIDDEN = re.compile(
    r'\b(g_object_\w+|g_signal_\w+|g_thread_\w+|g_mutex_\w+|g_rec_mutex_\w+|g_cond_\w+|g_atomic_(?!ref_count)\w+'
    r'|g_get_monotonic_time|g_get_real_time|g_date_time_new_now\w*|g_timer_\w+|clock_gettime|time \('
    r'|gettimeofday|g_main_\w+|g_source_\w+|g_timeout_\w+|g_idle_\w+|g_file_\w+|g_random_\w+'
    r'|g_input_\w+|g_output_\w+|g_cancellable_\w+|G_DEFINE_\w*TYPE\w*|G_LOCK\w*'
    r'|static (?!const|inline|void|gboolean|int|guint|char)\w+ \*?\w+( = [^(]*)?;)')

# The rooms of the core that are plain data, which the client shares.
CORE_DATA = ('base64.h', 'condition.h', 'jid.h', 'stanza.h')


class Tally:
    def __init__(self):
        self.passed = 0
        self.failed = 0
        self.skipped = 0
        self.notes = []

    def add_pass(self):
        self.passed += 1

    def add_failure(self, name, why=''):
        self.failed += 1
        self.notes.append(f'FAILED  {name}' + (f': {why}' if why else ''))

    def add_skip(self, name, why):
        self.skipped += 1
        self.notes.append(f'SKIPPED {name}: {why or "no reason given"}')

    def add_result(self, where, result):
        """One entry of Meson's testlog.json; its TAP lines are cases of their own."""
        name = f"{where}: {result['name']}"
        outcome = result['result']
        failed = self.failed
        cases = 0
        for line in result.get('stdout', '').splitlines():
            match = TAP_LINE.match(line)
            if not match:
                continue
            cases += 1
            bad, title, directive, why = match.groups()
            case = f'{name} {title.strip()}'
            directive = (directive or '').upper()
            if directive.startswith('SKIP'):
                self.add_skip(case, why)
            elif directive.startswith('TODO'):
                self.add_skip(case, f'to do: {why}')
            elif bad:
                self.add_failure(case)
            else:
                self.add_pass()
        if outcome in ('OK', 'EXPECTEDFAIL'):
            if cases == 0:
                self.add_pass()
        elif outcome == 'SKIP':
            if cases == 0:
                output = (result.get('stdout', '') + result.get('stderr', '')).strip()
                self.add_skip(name, output.splitlines()[-1] if output else '')
        elif self.failed == failed:
            self.add_failure(name, f"{outcome}, exit status {result.get('returncode')}")


def say(text):
    print(f'\n== {text}', flush=True)


def run(*command, **options):
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False, **options)


def has_options(path, options):
    """Whether a build was configured so, by us or by examples/quickstart.sh."""
    with open(os.path.join(path, 'meson-info', 'intro-buildoptions.json'), encoding='utf-8') as file:
        values = {option['name']: option['value'] for option in json.load(file)}
    for option in options:
        name, value = option[len('-D'):].split('=')
        if str(values.get(name)).lower() != value:
            return False
    return True


def build(folder, *options):
    """Configures (once) and builds; whether that worked."""
    path = os.path.join(ROOT, folder)
    # What is switched off is named; all else has to be found.
    options = ('-Dwerror=true', '-Dauto_features=enabled') + options
    if not os.path.exists(os.path.join(path, 'build.ninja')):
        shutil.rmtree(path, ignore_errors=True)
        setup = ('meson', 'setup', path) + options
    elif not has_options(path, options):
        setup = ('meson', 'setup', '--reconfigure', path) + options
    else:
        setup = ()
    if setup:
        result = run(*setup, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            print(result.stdout)
            return False
    result = run('ninja', '-C', path, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        print(result.stdout[-20000:])
        return False
    return True


def known_suites(folder):
    """The suites that have tests in this build."""
    with open(os.path.join(ROOT, folder, 'meson-info', 'intro-tests.json'), encoding='utf-8') as file:
        return {suite.split(':')[-1] for test in json.load(file) for suite in test['suite']}


def test(folder, suites, tally, multiplier=1, environment=None):
    there = known_suites(folder)
    for suite in suites:
        if suite not in there:
            tally.add_skip(f'{folder}: suite {suite}', 'has no tests in this build')
    wanted = [suite for suite in suites if suite in there]
    if not wanted:
        return
    log = os.path.join(ROOT, folder, 'meson-logs', 'testlog.json')
    if os.path.exists(log):
        os.remove(log)
    command = ['meson', 'test', '-C', os.path.join(ROOT, folder), '--no-rebuild',
               '--print-errorlogs', '--timeout-multiplier', str(multiplier)]
    for suite in wanted:
        command += ['--suite', suite]
    status = run(*command, env={**os.environ, **(environment or {})}).returncode
    failed = tally.failed
    try:
        with open(log, encoding='utf-8') as file:
            for line in file:
                tally.add_result(folder, json.loads(line))
    except FileNotFoundError:
        pass
    if status != 0 and tally.failed == failed:
        tally.add_failure(f'{folder}: meson test', f'exit status {status}')


def coverage(folder, name, pattern, tally, least=0):
    """Prints what was run so far of some files; at least so much of the branches must be."""
    result = run('gcovr', '--root', ROOT, '--filter', pattern, '--exclude-unreachable-branches',
                 # Never /dev/null: gcovr removes its output first, and root may.
                 '--print-summary', '-o', os.path.join(ROOT, folder, f'coverage-{name}.txt'),
                 '--branches', os.path.join(ROOT, folder),
                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    figures = [line for line in result.stdout.splitlines() if line.startswith(('lines', 'branches'))]
    print(f'coverage, {name}: ' + ('; '.join(figures) or 'unknown'), flush=True)
    taken = re.search(r'^branches: .*\((\d+) out of (\d+)\)', result.stdout, re.M)
    if not taken:
        tally.add_failure(f'coverage, {name}', f'gcovr: exit status {result.returncode}')
    elif 100 * int(taken[1]) < least * int(taken[2]):
        tally.add_failure(f'coverage, {name}',
                          f'{taken[1]} of {taken[2]} branches are less than {least} %, '
                          f'see {folder}/coverage-{name}.txt')
    else:
        tally.add_pass()


def measure_coverage(folder, tally):
    for path, _, names in os.walk(os.path.join(ROOT, folder)):
        for name in names:
            if name.endswith('.gcda'):
                os.remove(os.path.join(path, name))
    # The results count where they were first had.
    unused = Tally()
    test(folder, CORE_SUITES, unused, multiplier=2)
    coverage(folder, 'core', 'ibb-glib/core/', tally, CORE_BRANCHES)
    test(folder, [suite for suite in PURE_SUITES if suite not in CORE_SUITES], unused, multiplier=2)
    coverage(folder, 'library', 'ibb-glib/(?!tool/)', tally)
    if unused.failed:
        tally.add_failure(folder, '; '.join(unused.notes))


def source_files():
    """The C files of the project; git, which may not be there, is not needed."""
    found = []
    for top in ('ibb-glib', 'tests', 'examples'):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            found += [os.path.relpath(os.path.join(folder, name), ROOT)
                      for name in names if name.endswith(('.c', '.h'))]
    return sorted(found)


def check_format(tally):
    files = [name for name in source_files() if os.path.exists(os.path.join(ROOT, name))]
    result = run(CLANG_FORMAT, '--dry-run', '--Werror', *files,
                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode == 0:
        tally.add_pass()
        return
    print(result.stdout[-4000:])
    names = sorted({line.split(':')[0] for line in result.stdout.splitlines() if ': error:' in line})
    tally.add_failure('formatting', f"{CLANG_FORMAT} -i {' '.join(names)}")


def without_comments(text):
    def blank(match):
        return re.sub(r'[^\n]', ' ', match.group()) if match.group().startswith('/') else match.group()

    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\])*"', blank, text, flags=re.DOTALL)


def check_layers(tally):
    """The core stays pure, and arrows between the folders point one way."""
    faults = []
    for name in source_files():
        path = os.path.join(ROOT, name)
        if not name.startswith('ibb-glib/') or not os.path.exists(path):
            continue
        with open(path, encoding='utf-8') as file:
            lines = without_comments(file.read()).splitlines()
        for number, line in enumerate(lines, 1):
            where = f'{name}:{number}'
            include = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
            target = include.group(2) if include else ''
            if name.startswith('ibb-glib/core/'):
                if include and include.group(1) == '<' and not CORE_HEADERS.match(line):
                    faults.append(f'{where}: the core includes <{target}>')
                if include and include.group(1) == '"' and '/' in target \
                        and not target.startswith('core/'):
                    faults.append(f'{where}: the core includes {target}')
                if include and include.group(1) == '"' and os.path.basename(target).startswith('ibb-'):
                    faults.append(f'{where}: the core includes {target}')
                match = CORE_FORBIDDEN.search(line)
                if match:
                    faults.append(f'{where}: the core uses {match.group()}')
            elif name.startswith('ibb-glib/tool/'):
                if 'core/' in target or target.endswith('-private.h'):
                    faults.append(f'{where}: the command includes {target}, which is not public')
            elif name.startswith('ibb-glib/xmpp/'):
                if 'core/' in target and os.path.basename(target) not in CORE_DATA:
                    faults.append(f'{where}: the client includes {target}')
            elif 'xmpp/' in target and name != 'ibb-glib/ibb-glib.h':
                faults.append(f'{where}: a public class knows the built-in client')
    if not faults:
        tally.add_pass()
        return
    print('\n'.join(faults))
    tally.add_failure('layering', f'{len(faults)} places, see above')


def check_translations(tally):
    """po/POTFILES.in names each file that has a message."""
    with open(os.path.join(ROOT, 'po', 'POTFILES.in'), encoding='utf-8') as file:
        named = {line.strip() for line in file if line.strip() and not line.startswith('#')}
    found = set()
    for name in source_files():
        with open(os.path.join(ROOT, name), encoding='utf-8') as file:
            if name.startswith('ibb-glib/') and re.search(r'\b(?:N?C?_|ngettext) \(\s*"', file.read()):
                found.add(name)
    if found == named:
        tally.add_pass()
    else:
        tally.add_failure('translations', f'po/POTFILES.in: {" ".join(sorted(found ^ named))}')


def left_running():
    """Our children; those whose parent has gone have become ours, too."""
    found = []
    with open(f'/proc/self/task/{os.getpid()}/children', encoding='ascii') as file:
        for pid in file.read().split():
            try:
                with open(f'/proc/{pid}/cmdline', 'rb') as command:
                    text = command.read().replace(b'\0', b' ').decode(errors='replace').strip()
            except OSError:
                continue
            if text:
                found.append((int(pid), text))
    return found


def run_all(options, suites, tally):
    if options.checks:
        say('Checking formatting, layers and translations')
        check_format(tally)
        check_layers(tally)
        check_translations(tally)

    say('Building')
    if build('_build'):
        say('Testing: ' + ' '.join(suites))
        test('_build', suites, tally)
    else:
        tally.add_failure('_build', 'does not build')

    if not options.suite:
        say('Building with the address and undefined-behaviour sanitizers')
        bare = ('-Dintrospection=disabled', '-Dvapi=disabled', '-Ddocs=disabled',
                '-Dtool=disabled', '-Dpython=disabled')
        if build('_build-sanitize', '-Db_sanitize=address,undefined', '-Db_lundef=false', *bare):
            say('Testing with sanitizers: ' + ' '.join(SANITIZED_SUITES))
            test('_build-sanitize', SANITIZED_SUITES, tally, multiplier=4,
                 environment=SANITIZER_ENVIRONMENT)
        else:
            tally.add_failure('_build-sanitize', 'does not build')

        say('Measuring coverage')
        if build('_build-coverage', '-Db_coverage=true', '-Doptimization=1', *bare):
            measure_coverage('_build-coverage', tally)
        else:
            tally.add_failure('_build-coverage', 'does not build')


def main():
    parser = argparse.ArgumentParser(prog='tests/run.sh')
    parser.add_argument('suite', nargs='*', metavar='SUITE',
                        help=f"run these suites only: {', '.join(SUITES)}")
    parser.add_argument('--checks', action='store_true', help='check formatting and layering, too')
    options = parser.parse_args()
    suites = options.suite or SUITES
    for suite in suites:
        if suite not in SUITES:
            parser.error(f'there is no suite {suite}; there are {", ".join(SUITES)}')
    tally = Tally()
    begin = time.monotonic()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)

    try:
        run_all(options, suites, tally)
    except Exception as error:
        # The last line has to come whatever happens.
        traceback.print_exc()
        tally.add_failure('tests/run.sh', repr(error))

    for pid, command in left_running():
        tally.add_failure('left running', f'{pid} {command}')
        os.kill(pid, signal.SIGKILL)

    print(f'\n{time.monotonic() - begin:.0f} s')
    for note in tally.notes:
        print(note)
    print(f'{tally.passed} passed, {tally.failed} failed, {tally.skipped} skipped', flush=True)
    sys.exit(1 if tally.failed else 0)


if __name__ == '__main__':
    main()
