#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds and runs the test suites; tests/run.sh installs what is needed first."""

import argparse
import concurrent.futures
import contextlib
import ctypes
import glob
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import traceback

import abi
import budget
import debian_root
import graph
import other_headers
import products

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SUITES = ('unit', 'simulation', 'loopback', 'files', 'server', 'bindings', 'install', 'interop', 'fuzz', 'docs',
          'bench')
# What shows the core by itself; how much of it has to be shown (of the branches, in
# percent). doc/testing.md says which are not.
CORE_SUITES = ('unit', 'simulation')
CORE_BRANCHES = 96
# The same of the rest of the library, without the command and without the branches
# that only a mistake of a programmer takes.
REST_BRANCHES = 80
GUARDS = r'.*\b(g_return_if_fail|g_return_val_if_fail|g_assert\w*) .*'
# These need neither bindings nor the command: they also run with the sanitizers, and in the build that measures
# the coverage. "client" is a part of the suite "server".
CHECKS_SUITE = 'checks'  # these tests run with --checks, or where another suite of theirs is named
INSTRUMENTED_SUITES = CORE_SUITES + ('loopback', 'files', 'fuzz', 'client')
# A build without bindings and the command.
BARE = ('-Dintrospection=disabled', '-Dvapi=disabled', '-Ddocs=disabled', '-Dtool=disabled', '-Dpython=disabled')
# What promises are read from: the libraries, their introspection data, the vapis and the command.
PROMISED = ('-Ddocs=disabled', '-Dpython=disabled', '-Dtests=disabled')
# The figures of the modelled networks do not depend on how the core is compiled, and take long
# with sanitizers: tests with these names run in the usual build.
MODELS = 'flow'
# Not with instruments, nor with 32 bits: minutes of searches there, in lines that "decision" takes as well.
LONG = 'decision-long'
# Two minutes: "quick" is a part of the suite "server", beside Prosody.
QUICK_SUITES = CORE_SUITES + ('loopback', 'files', 'quick')
# The next release of Debian, in a root of its own: the packages, by their groups in packages.sh, and
# what runs there.
NEXT_RELEASE, NEXT_FOLDER = 'trixie', '_build-debian-13'
NEXT_PACKAGES = ('build', 'server', 'test')
NEXT_SUITES = ('unit', 'loopback', 'bindings', 'quick')
# This release, with 32 bits: the packages, and the suites. ejabberd would bring Erlang.
I386_FOLDER = '_build-i386'
I386_PACKAGES = ('dbus-daemon', 'e2fsprogs', 'gcc', 'gettext', 'glib-networking', 'libc6-dev', 'libgnutls28-dev',
                 'libglib2.0-dev', 'libgsasl-dev', 'libidn-dev', 'libidn2-dev', 'libqrencode-dev', 'libsecret-1-dev',
                 'libxml2-dev', 'meson', 'nettle-dev', 'ninja-build', 'openssl', 'pkg-config', 'prosody',
                 'prosody-modules', 'python3')
I386_SUITES = ('unit', 'loopback', 'files', 'client')
# The tarball, with the other compiler.
TARBALL_FOLDER, TARBALL_SUITES = '_build-tarball', ('unit', 'loopback')
# GCC 12's sanitizer guesses where a library that was loaded later, such as GIO's
# TLS module, keeps its thread-local variables; at times it guesses wrong, and
# then its search for leaks crashes ("Tracer caught signal 11").
SANITIZER_ENVIRONMENT = {
    'ASAN_OPTIONS': 'intercept_tls_get_addr=0',
    # Otherwise undefined behaviour is only printed (Meson 1.0 does not set it).
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
}
# LeakSanitizer of GCC 12 finds a thread by the number that the kernel gave it. It takes a living
# thread for one that ended with the same number, and then calls a leak what GLib keeps for each
# thread. Of 32,768 numbers each comes again within half a minute of the tests; a namespace has as
# many as systemd sets. Before Linux 6.14 all namespaces have one limit.
SANITIZER_NAMESPACE = ('unshare', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c',
                       'echo 4194304 > /proc/sys/kernel/pid_max && "$@"; exit $?', 'sh')
# The tests of a server sleep for more than half of their time.
N_PROCESSES = 2 * (os.cpu_count() or 1)
# How many times the time that it has on a quiet machine a test may take: two copies of
# all tests, and other programs, may run on two processors.
PATIENCE = 4
# How much of the output of what failed is shown, in characters.
SHOWN = 100000
CLANG_FORMAT = 'clang-format-14'
PR_SET_CHILD_SUBREAPER = 36

TAP_LINE = re.compile(r'(not )?ok\b(?:\s+\d+)?(?:\s+-)?\s*([^#]*)(?:#\s*(\w+)\S*\s*(.*))?')

class Tally:
    """What came of the tests."""

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
        """Adds an entry of Meson's testlog.json. Its TAP lines are cases of their own."""
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

    def show(self):
        """Prints it; the exit status."""
        for note in self.notes:
            print(note)
        print(f'{self.passed} passed, {self.failed} failed, {self.skipped} skipped', flush=True)
        return 1 if self.failed else 0


def say(text):
    print(f'\n== {text}', flush=True)


def run(*command, **options):
    return subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, check=False, **options)


def introspect(folder, what):
    path = os.path.join(ROOT, folder, 'meson-info', f'intro-{what}.json')
    with open(path, encoding='utf-8') as file:
        return json.load(file)


def has_options(path, options):
    """Whether a build was configured so, by us or by examples/quickstart.sh."""
    values = {option['name']: option['value'] for option in introspect(path, 'buildoptions')}
    for option in options:
        name, value = option[len('-D'):].split('=')
        if str(values.get(name)).lower() != value:
            return False
    return True


def find_tests(folder, suites):
    """The tests of these suites, as Meson describes them."""
    return [entry for entry in introspect(folder, 'tests')
            if not {suite.split(':')[-1] for suite in entry['suite']}.isdisjoint(suites)]


def find_instrumented_tests(folder, suites=INSTRUMENTED_SUITES):
    return [entry for entry in find_tests(folder, suites) if not entry['name'].startswith((LONG, MODELS))]


def find_needed(folder, suites):
    """The files to build for the tests of these suites."""
    files = {target['id']: target['filename'] for target in introspect(folder, 'targets')}
    return sorted({file for entry in find_tests(folder, suites) for name in entry['depends'] for file in files[name]})


def build(folder, *options, suites=(), enter=(), setup=()):
    """Configures (once) and builds, on demand what some suites need only; whether that worked.
    enter: what stands before a command that runs in a root. setup: options of "meson setup" only."""
    path = os.path.join(ROOT, folder)
    # What is switched off is named; all else has to be found.
    options = ('-Dwerror=true', '-Dauto_features=enabled') + options
    if not os.path.exists(os.path.join(path, 'build.ninja')):
        shutil.rmtree(path, ignore_errors=True)
        command = enter + ('meson', 'setup', path) + setup + options
    elif not has_options(path, options):
        command = enter + ('meson', 'setup', '--reconfigure', path) + options
    else:
        command = ()
    if command:
        result = run(*command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            print(result.stdout)
            return False
    needed = find_needed(folder, suites) if suites else []
    result = run(*enter, 'ninja', '-C', path, *(os.path.relpath(file, path) for file in needed),
                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode != 0:
        print(result.stdout[-SHOWN:])
        return False
    return True


def show_failure(result):
    """Shows all lines of a test; Meson shows the last hundred, and stacks are longer."""
    print(f"\n-- {result['name']}: {result['result']}")
    for stream in ('stdout', 'stderr'):
        print(result.get(stream, '')[-SHOWN:], flush=True)


def test(folder, tests, tally, environment=None, enter=(), arguments=()):
    if not tests:
        return
    log = os.path.join(ROOT, folder, 'meson-logs', 'testlog.json')
    if os.path.exists(log):
        os.remove(log)
    command = [*enter, 'meson', 'test', '-C', os.path.join(ROOT, folder), '--no-rebuild',
               '--num-processes', str(N_PROCESSES), '--timeout-multiplier', str(PATIENCE)]
    if arguments:
        command.append('--test-args=' + ' '.join(arguments))
    command += [entry['name'] for entry in tests]
    status = run(*command, env={**os.environ, **(environment or {})}).returncode
    failed = tally.failed
    try:
        with open(log, encoding='utf-8') as file:
            for line in file:
                result = json.loads(line)
                tally.add_result(folder, result)
                if result['result'] not in ('OK', 'EXPECTEDFAIL', 'SKIP'):
                    show_failure(result)
    except FileNotFoundError:
        pass
    if status != 0 and tally.failed == failed:
        tally.add_failure(f'{folder}: meson test', f'exit status {status}')


def do_now(job):
    return job()


def coverage(folder, name, pattern, tally, least=0, guards='$^'):
    """Prints what was run so far of some files; at least so much of the branches must be,
    without those of lines that match guards."""
    path = os.path.join(ROOT, folder)
    report = f'coverage-{name.replace(" ", "-")}.txt'
    result = run('gcovr', '--root', ROOT, '--filter', pattern, '--exclude-unreachable-branches',
                 # Where the compiler worked, and where gcov's own files may lie.
                 '--object-directory', path,
                 # Never /dev/null: gcovr removes its output first, and root may.
                 '--print-summary', '-o', os.path.join(path, report),
                 '--exclude-branches-by-pattern', guards,
                 '--branches', path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    figures = [line for line in result.stdout.splitlines() if line.startswith(('lines', 'branches'))]
    print(f'coverage, {name}: ' + ('; '.join(figures) or 'unknown'), flush=True)
    taken = re.search(r'^branches: .*\((\d+) out of (\d+)\)', result.stdout, re.M)
    if result.returncode != 0 or not taken or taken[2] == '0':
        print(result.stderr[-SHOWN:], flush=True)
        tally.add_failure(f'coverage, {name}', f'gcovr: exit status {result.returncode}')
    elif 100 * int(taken[1]) < least * int(taken[2]):
        tally.add_failure(f'coverage, {name}',
                          f'{taken[1]} of {taken[2]} branches are less than {least} %, '
                          f'see {folder}/{report}')
    else:
        tally.add_pass()


def measure_coverage(folder, tally):
    for path, _, names in os.walk(os.path.join(ROOT, folder)):
        for name in names:
            if name.endswith('.gcda'):
                os.remove(os.path.join(path, name))
    test(folder, find_instrumented_tests(folder, CORE_SUITES), tally)
    coverage(folder, 'core', 'ibb-glib/core/', tally, CORE_BRANCHES)
    test(folder, find_instrumented_tests(folder, [suite for suite in INSTRUMENTED_SUITES if suite not in CORE_SUITES]),
         tally)
    coverage(folder, 'library', 'ibb-glib/(?!tool/)', tally)
    coverage(folder, 'library without the core', 'ibb-glib/(?!tool/|core/)', tally)
    coverage(folder, 'library without the core and without guards', 'ibb-glib/(?!tool/|core/)', tally,
             REST_BRANCHES, GUARDS)


def source_files():
    """The C files of the project; git, which may not be there, is not needed."""
    found = []
    for top in ('ibb-glib', 'tests', 'examples'):
        for folder, _, names in os.walk(os.path.join(ROOT, top)):
            found += [os.path.relpath(os.path.join(folder, name), ROOT)
                      for name in names if name.endswith(('.c', '.h'))]
    return sorted(found)


def check_format(tally):
    if not shutil.which(CLANG_FORMAT):
        # Another version lays sources out in another way.
        tally.add_skip('formatting', f'{CLANG_FORMAT} is not installed')
        return
    files = [name for name in source_files() if os.path.exists(os.path.join(ROOT, name))]
    result = run(CLANG_FORMAT, '--dry-run', '--Werror', *files,
                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode == 0:
        tally.add_pass()
        return
    print(result.stdout[-4000:])
    names = sorted({line.split(':')[0] for line in result.stdout.splitlines() if ': error:' in line})
    tally.add_failure('formatting', f"{CLANG_FORMAT} -i {' '.join(names)}")


def check_graph(tally, show=False):
    """The files of the library depend one way, without circles; the core stays pure."""
    faults = graph.check_product(show)
    if not faults:
        tally.add_pass()
        return
    print('\n'.join(faults))
    tally.add_failure('graph', f'{len(faults)} faults, see above; python3 tests/lib/graph.py shows all')


def check_licences(tally):
    """Each file has a licence and a copyright, by itself or in .reuse/dep5."""
    if not shutil.which('reuse'):
        tally.add_skip('licences', 'reuse is not installed')
        return
    result = run('reuse', 'lint', stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode == 0:
        tally.add_pass()
        return
    print(result.stdout[-SHOWN:])
    tally.add_failure('licences', 'reuse lint, see above')


def check_translations(tally):
    """po/POTFILES.in names each file that has a message, and the translations keep the placeholders."""
    with open(os.path.join(ROOT, 'po', 'POTFILES.in'), encoding='utf-8') as file:
        named = {line.strip() for line in file if line.strip() and not line.startswith('#')}
    found = set()
    for name in source_files():
        with open(os.path.join(ROOT, name), encoding='utf-8') as file:
            if name.startswith('ibb-glib/') and re.search(r'\b(?:N?C?_|ngettext) \(\s*"', file.read()):
                found.add(name)
    found.add('examples/gtk/ibb-files.py')
    if found != named:
        tally.add_failure('translations', f'po/POTFILES.in: {" ".join(sorted(found ^ named))}')
        return
    for catalogue in sorted(glob.glob(os.path.join(ROOT, 'po', '*.po'))):
        checked = subprocess.run(('msgfmt', '--check', '--output-file=/dev/null', catalogue), check=False,
                                 stderr=subprocess.PIPE, text=True)
        if checked.returncode != 0:
            tally.add_failure('translations', checked.stderr)
            return
    tally.add_pass()


def look_at_sid():
    return other_headers.look_at_sid(os.path.join(ROOT, '_build'))


def look_at_musl():
    return other_headers.look_at_musl(os.path.join(ROOT, '_build'))


def add_faults(tally, name, faults):
    if faults:
        print(faults[-SHOWN:])
        tally.add_failure(name, 'see above')
    else:
        tally.add_pass()


def run_other_headers(tally, get=do_now):
    """Needs the build."""
    for name, look in ('Debian sid', look_at_sid), ('musl', look_at_musl):
        say(f'The headers of {name}')
        try:
            add_faults(tally, f'headers of {name}', get(look))
        except debian_root.Unavailable as reason:
            tally.add_skip(f'headers of {name}', str(reason))


def look_at_products():
    return products.look_at_build(os.path.join(ROOT, '_build'))


def add_products(tally, name, faults):
    """faults: None without clang-query"""
    if faults is None:
        tally.add_skip(f'products, {name}', f'{products.CLANG_QUERY} is not installed')
    else:
        add_faults(tally, f'products, {name}', faults)


def check_products(tally, get=do_now):
    """Needs the build."""
    say('Products of sizes and times')
    add_products(tally, '64 bits', get(look_at_products))


def compare_abi():
    return abi.compare(os.path.join(ROOT, '_build'), os.path.join(ROOT, '_build-abi'), PROMISED)


def check_abi(tally, get=do_now):
    say('The ABI and the other promises, beside those that are frozen')
    try:
        add_faults(tally, 'ABI', get(compare_abi))
    except abi.Unavailable as reason:
        tally.add_skip('ABI', str(reason))
        return
    say('Files from and to that release')
    test('_build', find_tests('_build', ('versions',)), tally,
         {'IBB_TEST_FROZEN': os.path.join(ROOT, '_build-abi', 'usr', 'bin', 'ibb')})


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


def adopt():
    """What loses its parent below this process becomes its child."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_at_signal(*_):
    """Of SIGTERM, which may come twice."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


def end_all():
    """Ends everything below this process, as Meson does not end its tests when it is killed."""
    while left := left_running():
        for pid, _ in left:
            os.kill(pid, signal.SIGKILL)
        time.sleep(0.05)


def run_suites(suites, tally, checks, begin=lambda: None):
    """suites (empty: all, with what is left to the checks if they are wanted). begin: is called once all is built"""
    say('Building')
    if not build('_build', suites=suites):
        tally.add_failure('_build', 'does not build')
        return
    begin()
    left_out = set() if suites or checks else {entry['name'] for entry in find_tests('_build', (CHECKS_SUITE,))}
    suites = suites or SUITES
    say('Testing: ' + ' '.join(suites))
    for suite in suites:
        if not find_tests('_build', (suite,)):
            tally.add_skip(f'_build: suite {suite}', 'has no tests in this build')
    test('_build', [entry for entry in find_tests('_build', suites) if entry['name'] not in left_out], tally)


def build_sanitizers():
    return build('_build-sanitize', '-Db_sanitize=address,undefined', '-Db_lundef=false', *BARE)


def run_sanitizers(tally, get=do_now):
    say('Building with the address and undefined-behaviour sanitizers')
    if get(build_sanitizers):
        say('Testing with sanitizers: ' + ' '.join(INSTRUMENTED_SUITES))
        # Some containers allow no namespace.
        is_allowed = run(*SANITIZER_NAMESPACE, 'true', stderr=subprocess.DEVNULL).returncode == 0
        test('_build-sanitize', find_instrumented_tests('_build-sanitize'), tally, SANITIZER_ENVIRONMENT,
             enter=SANITIZER_NAMESPACE if is_allowed else ())
        # The interpreters have no sanitizer, but take our libraries that have.
        test('_build', [entry for entry in find_tests('_build', ('bindings',)) if entry['name'] == 'bindings-getters'],
             tally, {'IBB_TEST_SANITIZED': os.path.join(ROOT, '_build-sanitize', 'ibb-glib')})
    else:
        tally.add_failure('_build-sanitize', 'does not build')


def build_coverage():
    return build('_build-coverage', '-Db_coverage=true', '-Doptimization=1', *BARE)


def run_coverage(tally, get=do_now):
    say('Measuring coverage: ' + ' '.join(INSTRUMENTED_SUITES))
    if get(build_coverage):
        measure_coverage('_build-coverage', tally)
    else:
        tally.add_failure('_build-coverage', 'does not build')


def run_soak(hours, tally):
    say('Building')
    if not build('_build'):
        tally.add_failure('_build', 'does not build')
        return
    say(f'Soaking for {hours:g} hours')
    command = (sys.executable, os.path.join(ROOT, 'tests', 'lib', 'soak.py'), '--hours', str(hours))
    if run(*command).returncode == 0:
        tally.add_pass()
    else:
        tally.add_failure('soak', 'see the tables above')


@contextlib.contextmanager
def do_beside():
    """A function that begins what the checks need, two jobs at a time, while tests sleep; and one that returns the
    result of a job."""
    jobs = (compare_abi, *(() if is_next_release() else (build_next_release,)), build_sanitizers, look_at_sid, build_coverage,
            look_at_musl, look_at_products, build_i386, build_tarball)
    results = {}
    # A thread has its own priority, and programs that it starts inherit that.
    with concurrent.futures.ThreadPoolExecutor(2, initializer=os.nice, initargs=(5,)) as pool:
        try:
            yield (lambda: results.update((job, pool.submit(job)) for job in jobs),
                   lambda job: results[job].result() if job in results else job())
        finally:
            pool.shutdown(cancel_futures=True)


def run_all(options, suites, tally):
    if options.checks:
        say('Checking formatting, the graph of the files, licences and translations')
        check_format(tally)
        check_graph(tally, show=True)
        check_licences(tally)
        check_translations(tally)
        say('The budget')
        budget.show()
    if options.soak is not None:
        run_soak(options.soak, tally)
        return
    if not options.checks:
        run_suites(suites, tally, False)
        return
    with do_beside() as (begin, get):
        run_suites(suites, tally, True, begin)
        check_abi(tally, get)
        run_sanitizers(tally, get)
        run_coverage(tally, get)
        run_other_headers(tally, get)
        check_products(tally, get)
        run_next_release(tally, get)
        run_i386(tally, get)
        run_tarball(tally, get)


def build_tarball():
    """Whether "meson dist" packed it, and it was built."""
    path = os.path.join(ROOT, TARBALL_FOLDER)
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    packed = run('meson', 'dist', '-C', os.path.join(ROOT, '_build'), '--no-tests', '--formats', 'gztar',
                 stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if packed.returncode != 0:
        print(packed.stdout)
        return False
    archives = glob.glob(os.path.join(ROOT, '_build', 'meson-dist', '*.tar.gz'))
    run('tar', '-x', '-z', '-C', path, '--strip-components=1', '-f', max(archives, key=os.path.getmtime))
    native_file = os.path.join(path, 'clang.ini')
    with open(native_file, 'w', encoding='ascii') as file:
        file.write("[binaries]\nc = 'clang'\n")
    return build(TARBALL_FOLDER + '/build', *BARE, suites=TARBALL_SUITES, setup=(path, '--native-file', native_file))


def run_tarball(tally, get=do_now):
    """What "meson dist" packs is complete, and clang has no warnings for it."""
    say('The tarball, with clang: building, and testing ' + ' '.join(TARBALL_SUITES))
    if get(build_tarball):
        test(TARBALL_FOLDER + '/build', find_tests(TARBALL_FOLDER + '/build', TARBALL_SUITES), tally)
    else:
        tally.add_failure(TARBALL_FOLDER, 'does not build')


def is_next_release():
    with open('/etc/os-release', encoding='utf-8') as file:
        return f'VERSION_CODENAME={NEXT_RELEASE}\n' in file.read()


def build_next_release():
    """What stands before a command in the root, and whether it was built there."""
    path = os.path.join(ROOT, NEXT_FOLDER)
    root = debian_root.DebianRoot(path + '-root', NEXT_RELEASE, debian_root.list_packages(*NEXT_PACKAGES))
    root.make()
    enter = root.enter(ROOT, path)
    return enter, build(NEXT_FOLDER, '-Ddocs=disabled', suites=NEXT_SUITES, enter=enter)


def run_next_release(tally, get=do_now):
    """Builds and tests in a root of the next release. Where none can be made, that is one skip."""
    if is_next_release():
        return
    say('Debian 13: building, and testing ' + ' '.join(NEXT_SUITES))
    try:
        enter, built = get(build_next_release)
    except debian_root.Unavailable as reason:
        tally.add_skip('Debian 13', str(reason))
        return
    if built:
        test(NEXT_FOLDER, find_tests(NEXT_FOLDER, NEXT_SUITES), tally, enter=enter)
    else:
        tally.add_failure(NEXT_FOLDER, 'does not build')


def build_i386(suites=I386_SUITES):
    """Products with the headers of the root, what stands before a command there, and whether it was built there."""
    if os.uname().machine != 'x86_64':
        raise debian_root.Unavailable('this machine is no amd64')
    path = os.path.join(ROOT, I386_FOLDER)
    root = debian_root.DebianRoot(path + '-root', 'bookworm', I386_PACKAGES, architecture='i386', runs=True)
    root.make()
    enter = root.enter(ROOT, path)
    return (products.look_at_i386(os.path.join(ROOT, '_build'), root.path), enter,
            build(I386_FOLDER, *BARE, '-Doptimization=1', '-Ddebug=false', suites=suites, enter=enter))


def run_i386(tally, get=do_now, suites=I386_SUITES):
    """Builds and tests with 32 bits, in a root of this release. Where none can be made or run, that is one skip."""
    say('i386: building, and testing ' + ' '.join(suites))
    try:
        faults, enter, built = get(build_i386)
    except debian_root.Unavailable as reason:
        tally.add_skip('i386', str(reason))
        return
    add_products(tally, '32 bits', faults)
    if not built:
        tally.add_failure(I386_FOLDER, 'does not build')
        return
    tests = []
    for entry in find_tests(I386_FOLDER, suites):
        if any(os.path.basename(word) == 'ejabberd.py' for word in entry['cmd']):
            tally.add_skip(f"{I386_FOLDER}: {entry['name']}", 'this root has no ejabberd')
        # Without a program of its own a test looks at texts, which are those of the usual build.
        elif entry['depends'] and entry['name'] != LONG:
            tests.append(entry)
    test(I386_FOLDER, tests, tally, enter=enter)


def main():
    parser = argparse.ArgumentParser(prog='tests/run.sh')
    parser.add_argument('suite', nargs='*', metavar='SUITE',
                        help=f"run these suites only: {', '.join(SUITES)}")
    parser.add_argument('--checks', action='store_true', help='check the sources and the other builds, too, as CI does')
    parser.add_argument('--quick', action='store_true', help='run what takes two minutes')
    parser.add_argument('--soak', nargs='?', type=float, const=1, metavar='HOURS',
                        help='run all tests for so long (1), beside load and under other circumstances')
    options = parser.parse_args()
    suites = QUICK_SUITES if options.quick else options.suite
    if options.quick + options.checks + (options.soak is not None) + bool(options.suite) > 1:
        parser.error('--quick, --checks and --soak choose the suites')
    for suite in options.suite:
        if suite not in SUITES:
            parser.error(f'there is no suite {suite}; there are {", ".join(SUITES)}')
    tally = Tally()
    begin = time.monotonic()
    adopt()

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
    sys.exit(tally.show())


if __name__ == '__main__':
    main()
