#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a release needs: doc/releasing.md says when. "all" runs all parts, the most valuable ones first, and prints a
table for the note of the release. It can be stopped at any time: called again, it goes on with the part that was not at
its end, and with those that failed, as long as the commit and the hours are the same. Each part can be named alone:

"""

import argparse
import datetime
import functools
import glob
import hashlib
import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import traceback

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
import debian_root  # noqa: E402
import run  # noqa: E402

# What "all" remembers, and its table.
STATE = '_build-release'
PACKAGES = '_build-release-packages'
# With --hours 1.
SCHEDULES, TRANSFERS, FAULTS, SOAK, HOUR = 1000000, 50000, 100, 4, 3600
# Fewer cannot tell whether 95 % are noticed.
FAULTS_MIN = 20
# What needs no server.
SUITES = ('unit', 'simulation', 'loopback')
# Not under qemu-user: programs that run themselves.
LEFT_OUT = ('idle-memory', 'lock-order', 'progress', 'report')
# Nor these cases: the comparison of a session with a TCP connection, of which qemu-user does not tell enough; and the
# conversion of a character that ASCII lacks, of which iconv there drops the upper bits in place of failing.
CASES_LEFT_OUT = {'scenarios': '/ibb/scenarios/tcp', 'text': '/tool/text/locale'}
# With 32 bits, more than .ci/run runs.
I386_SUITES = (*run.I386_SUITES, 'simulation')
LIBRARIES = ('glib-networking', 'libglib2.0-dev', 'libgnutls28-dev', 'libgsasl-dev', 'libidn-dev', 'libidn2-dev',
             'libqrencode-dev', 'libsecret-1-dev', 'libxml2-dev', 'nettle-dev')
CROSS_FILE = '''[binaries]
c = 's390x-linux-gnu-gcc'
ar = 's390x-linux-gnu-ar'
strip = 's390x-linux-gnu-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-s390x-static', '-L', '{root}']

[built-in options]
c_args = ['--sysroot={root}']
c_link_args = ['--sysroot={root}']

[properties]
sys_root = '{root}'
pkg_config_libdir = ['{root}/usr/lib/s390x-linux-gnu/pkgconfig', '{root}/usr/share/pkgconfig']
needs_exe_wrapper = true

[host_machine]
system = 'linux'
cpu_family = 's390x'
cpu = 's390x'
endian = 'big'
'''


def check_lto(tally):
    folder = '_build-release-lto'
    if run.build(folder, '-Db_lto=true', *run.BARE, suites=SUITES):
        run.test(folder, run.find_tests(folder, SUITES), tally)
    else:
        tally.add_failure(folder, 'does not build')


def check_i386(tally):
    run.run_i386(tally, lambda build: build(I386_SUITES), I386_SUITES)


def check_s390x(tally):
    folder = '_build-release-s390x'
    for program in ('s390x-linux-gnu-gcc', 'qemu-s390x-static'):
        if not shutil.which(program):
            tally.add_skip('s390x', f'{program} is not installed')
            return
    root = debian_root.DebianRoot(os.path.join(ROOT, folder + '-root'), 'bookworm', LIBRARIES, architecture='s390x')
    try:
        root.make()
    except debian_root.Unavailable as reason:
        tally.add_skip('s390x', str(reason))
        return
    cross_file = os.path.join(root.path, 'cross-file')
    with open(cross_file, 'w', encoding='utf-8') as file:
        file.write(CROSS_FILE.format(root=root.path))
    if run.build(folder, *run.BARE, suites=SUITES, setup=('--cross-file', cross_file)):
        tests = run.find_instrumented_tests(folder, SUITES)
        run.test(folder, [entry for entry in tests if entry['name'] not in (*LEFT_OUT, *CASES_LEFT_OUT)], tally)
        for name, prefix in CASES_LEFT_OUT.items():
            run.test(folder, [entry for entry in tests if entry['name'] == name], tally, arguments=('-x', prefix))
    else:
        tally.add_failure(folder, 'does not build')


def check_sources(tally):
    run.check_format(tally)
    run.check_graph(tally)
    run.check_licences(tally)
    run.check_translations(tally)


def run_beside(name, commands, tally, environment=None):
    """Runs commands at the same time."""
    print('\n'.join(map(shlex.join, commands)), flush=True)
    started = [subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(environment or {})}, stdin=subprocess.DEVNULL)
               for command in commands]
    try:
        for command, process in zip(commands, started):
            if process.wait() == 0:
                tally.add_pass()
            else:
                tally.add_failure(name, shlex.join(command))
    finally:
        for process in started:
            process.kill()


def check_seeds(name, command, count, tally):
    """Divides schedules, whose seeds nobody has used before, among the cores."""
    cores, first = os.cpu_count() or 1, int(time.time()) * 1000000
    count = max(int(count) // cores, 1)
    run_beside(name, [(os.path.join(ROOT, '_build', 'tests', command[0]), *command[1:], '--first',
                       str(first + core * count), '--count', str(count)) for core in range(cores)], tally)


def check_schedules(tally, hours):
    """Of each profile as many as its share of the suite is."""
    tests = [entry['cmd'] for entry in run.find_tests('_build', ('simulation',)) if '--profile' in entry['cmd']]
    counts = {words[words.index('--profile') + 1]: int(words[words.index('--count') + 1]) for words in tests}
    for profile, count in counts.items():
        check_seeds(f'schedules, {profile}', ('simulation/simulate', '--profile', profile),
                    SCHEDULES * hours * count / sum(counts.values()), tally)


def check_whole(tally, hours):
    check_seeds('whole', ('files/files-whole',), TRANSFERS * hours, tally)


def check_fuzzers(tally, hours):
    for entry in run.find_tests('_build', ('live',)):
        run_beside('fuzzers', [entry['cmd']], tally, {**entry['env'], 'IBB_TEST_FUZZ': str(max(int(HOUR * hours), 1))})


def check_faults(folder, tally, hours):
    run_beside(f'random faults in {folder}', [(
        os.path.join(ROOT, 'tests', 'simulation', 'random-faults.py'), '--folder', folder, '--count',
        str(max(int(FAULTS * hours), FAULTS_MIN)), '--seed', datetime.date.today().strftime('%Y%m%d'))], tally)


def check_soak(tally, hours):
    run_beside('soak', [(os.path.join(ROOT, 'tests', 'lib', 'soak.py'), '--hours', str(SOAK * hours))], tally)


def digest(folder):
    """Of each package that was built there."""
    found = {}
    for path in glob.glob(os.path.join(folder, '*.deb')):
        with open(path, 'rb') as file:
            found[os.path.basename(path)] = hashlib.sha256(file.read()).hexdigest()
    return found


def check_packages(tally):
    if not shutil.which('dh'):
        tally.add_skip('packages', 'dh is not installed: apt-get build-dep ./tests/install')
        return
    builds = [os.path.join(ROOT, PACKAGES, name) for name in ('first', 'second')]
    for folder in builds:
        shutil.rmtree(folder, ignore_errors=True)
        if run.run('sh', 'tests/install/debian.sh', folder).returncode != 0:
            tally.add_failure('packages', 'are not built')
            return
    first, second = map(digest, builds)
    if first == second:
        tally.add_pass()
    else:
        tally.add_failure('packages', 'differ: ' + ' '.join(sorted(
            name for name in first | second if first.get(name) != second.get(name))))
    if not shutil.which('lintian'):
        tally.add_skip('packages', 'lintian is not installed')
    elif run.run('lintian', '-i', '-I', '--fail-on', 'error,warning', *glob.glob(builds[0] + '/*.changes')).returncode:
        tally.add_failure('packages', 'lintian has errors or warnings, see above')
    else:
        tally.add_pass()


def check_bare_root(tally):
    packages = glob.glob(os.path.join(ROOT, PACKAGES, 'first', '*.deb'))
    if not packages:
        tally.add_skip('bare root', 'there are no packages: see the part packages')
        return
    folder = os.path.join(ROOT, '_build-release-bare')
    with open('/etc/os-release', encoding='utf-8') as file:
        release = next(line.split('=')[1].strip() for line in file if line.startswith('VERSION_CODENAME='))
    # One that was used has more than nothing.
    shutil.rmtree(folder, ignore_errors=True)
    root = debian_root.DebianRoot(folder, release, ('apt', 'ca-certificates'))
    try:
        root.make()
        enter = root.enter(ROOT, os.path.join(ROOT, PACKAGES))
    except debian_root.Unavailable as reason:
        tally.add_skip('bare root', str(reason))
        return
    for command in (('apt-get', 'update', '-q'), ('apt-get', 'install', '-q', '-y', *packages), ('ibb', '--version'), ('ibb', 'demo'),
                    ('apt-get', 'install', '-q', '-y', 'autopkgtest'),
                    ('autopkgtest', os.path.join(ROOT, PACKAGES, 'first', 'ibb-glib'), '--', 'null')):
        if run.run(*enter, *command).returncode != 0:
            tally.add_failure('bare root', shlex.join(command))
            return
        tally.add_pass()


def check_mechanisms(tally):
    command = (os.path.join(ROOT, 'tests', 'flow', 'ablation.py'), '--build', os.path.join(ROOT, '_build'))
    if subprocess.run(command, check=False).returncode == 0:
        tally.add_pass()
    else:
        tally.add_failure('mechanisms', 'the loss of one is not noticed, see above')


def simple(function, *arguments):
    """A part whose length the hours do not change."""
    return lambda tally, _hours: function(*arguments, tally)


# The most valuable first, but for what needs another part. Each has its words for the table.
PARTS = {
    'sources': ('layout, graph of the files, licences, translations', simple(check_sources)),
    'suites': ('every suite, with what only .ci/run runs', simple(lambda tally: run.run_suites((), tally, True))),
    'abi': ('the ABI and the promises of the last release', simple(run.check_abi)),
    'sanitizers': ('addresses and undefined behaviour', simple(run.run_sanitizers)),
    'tarball': ('built with clang', simple(run.run_tarball)),
    'debian-13': ('the next release of Debian', simple(run.run_next_release)),
    'i386': ('32 bits, in a root of i386, with the simulation', simple(check_i386)),
    's390x': ('the other byte order, under qemu-user', simple(check_s390x)),
    'lto': ('link-time optimization', simple(check_lto)),
    'coverage': ('the branches that the tests take', simple(run.run_coverage)),
    'headers': ('the headers of Debian sid and of musl', simple(run.run_other_headers)),
    'products': ('products of sizes and times with too few bits', simple(run.check_products)),
    'mechanisms': ('flow control without each of its mechanisms', simple(check_mechanisms)),
    'schedules': (f'{SCHEDULES:,} schedules of the simulation', check_schedules),
    'whole': (f'{TRANSFERS:,} schedules of whole transfers', check_whole),
    'fuzzers': ('each fuzzer for an hour', check_fuzzers),
    **{f'faults-{folder.replace("/", "-")}': (f'{FAULTS} random faults in {folder}', functools.partial(check_faults, folder))
       for folder in ('core', 'base', 'runtime', 'files', 'xmpp/trust', 'xmpp', 'tool')},
    'soak': (f'{SOAK} hours under other circumstances', check_soak),
    'packages': ('built twice with the same bytes, lintian', simple(check_packages)),
    'bare-root': ('the packages on a Debian with nothing else', simple(check_bare_root)),
}


def describe_tree(root=ROOT):
    """What is tested, as results of something else do not count: the commit, and what the files hold if that is not all
    of the commit."""
    def git(*words):
        return subprocess.run(('git', '-C', root, *words), check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    commit = git('describe', '--always').decode().strip()
    if commit and not git('status', '--porcelain'):
        return commit
    names = git('ls-files', '-z', '--cached', '--others', '--exclude-standard').split(b'\0') if commit else [
        os.fsencode(os.path.relpath(path, root)) for path in glob.glob(f'{root}/**', recursive=True)
        if not os.path.relpath(path, root).startswith('_build')]
    digest = hashlib.sha256()
    for name in sorted(set(names)):
        path = os.path.join(os.fsencode(root), name)
        if os.path.isfile(path):
            with open(path, 'rb') as file:
                digest.update(b'%s\0%o %s' % (name, os.stat(path).st_mode, hashlib.sha256(file.read()).digest()))
    return f'{commit}-changed-{digest.hexdigest()[:12]}'.lstrip('-')


def run_part(name, hours):
    """What came of it, for the state and the table."""
    run.say(name)
    tally, begin = run.Tally(), time.monotonic()
    try:
        PARTS[name][1](tally, hours)
    except Exception as error:  # the other parts have to run
        traceback.print_exc()
        tally.add_failure(name, repr(error))
    tally.show()
    return {'passed': tally.passed, 'failed': tally.failed, 'skipped': tally.skipped,
            'notes': [note.replace('\n', ' ') for note in tally.notes], 'seconds': round(time.monotonic() - begin)}


def show_table(tree, hours, results):
    lines = [f'{tree}, {hours:g} × the hours and counts of this table, no fewer than {FAULTS_MIN} faults each:', '',
             '| part | what | passed | failed | skipped | seconds | why |', '| --- | --- | --- | --- | --- | --- | --- |']
    for name, (words, _) in PARTS.items():
        result = results.get(name)
        if result is None:
            lines.append(f'| {name} | {words} | | | | | has not run |')
            continue
        # Reasons for the failures, and where nothing ran at all.
        notes = result['notes'] if not result['passed'] else [note for note in result['notes'] if 'FAILED' in note]
        why = '; '.join(notes[:3]) + ('; …' if notes[3:] else '')
        lines.append(f"| {name} | {words} | {result['passed']} | {result['failed']} | {result['skipped']} | "
                     f"{result['seconds']} | {why.replace('|', ' ')} |")
    with open(os.path.join(ROOT, STATE, 'table.md'), 'w', encoding='utf-8') as file:
        file.write('\n'.join(lines) + '\n')
    print('\n' + '\n'.join(lines), flush=True)


def run_all(hours):
    """Whether every part passed."""
    path = os.path.join(ROOT, STATE, 'state.json')
    os.makedirs(os.path.join(ROOT, STATE), exist_ok=True)
    about = {'tree': describe_tree(), 'hours': hours}
    state = {**about, 'results': {}}
    if os.path.exists(path):
        with open(path, encoding='utf-8') as file:
            old = json.load(file)
        if {key: old[key] for key in about} == about:
            state = old
    results = state['results']
    try:
        for name in PARTS:
            if name in results and not results[name]['failed']:
                continue
            results[name] = run_part(name, hours)
            with open(path + '.new', 'w', encoding='utf-8') as file:
                json.dump(state, file, indent=1)
            os.replace(path + '.new', path)
    finally:
        show_table(about['tree'], hours, results)
    return not any(result['failed'] for result in results.values())


def main():
    parser = argparse.ArgumentParser(description=__doc__ + '\n'.join(
        f'    {name:<18}  {words}' for name, (words, _) in PARTS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', nargs='+')
    parser.add_argument('--hours', type=float, default=1, metavar='N',
                        help=f'N times the hours and counts above, no fewer than {FAULTS_MIN} faults each')
    options = parser.parse_args()
    for name in options.part:
        if name not in (*PARTS, 'all'):
            parser.error(f'there is no part {name}')
    signal.signal(signal.SIGTERM, run.end_at_signal)
    run.adopt()
    try:
        if 'all' in options.part:
            passed = run_all(options.hours)
        else:
            passed = not any([run_part(name, options.hours)['failed'] for name in options.part])
    finally:
        run.end_all()
    sys.exit(0 if passed else 1)


if __name__ == '__main__':
    main()
