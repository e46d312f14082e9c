# SPDX-License-Identifier: LGPL-2.1-or-later
"""A build with many faults, of which a run has one: the sources are copied to a folder of their own, each
function with a fault gets the changed body beside its own, and IBB_FAULT chooses. So all is compiled and linked
once, with the sanitizers. A fault that does not fit there, of a macro, is compiled alone.
"""

import collections
import concurrent.futures
import contextlib
import fnmatch
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import time

import c_tokens
from faulty_core import MEMORY_LIMIT, ROOT, compile_as, run

sys.path.insert(0, str(ROOT / 'tests/lib'))
from run import BARE, SANITIZER_ENVIRONMENT  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = ROOT / '_build-faults'
SOURCE, BUILD = FOLDER / 'source', FOLDER / 'build'
NOTICED = FOLDER / 'noticed.json'
OPTIONS = ('-Db_sanitize=address,undefined', '-Db_lundef=false', '-Ddebug=false', '-Doptimization=1',
           *BARE, '-Dtool=enabled')
# The tests link the shared library, which shows all its names, so that nothing else is linked again.
REPLACED = (("gnu_symbol_visibility: 'hidden',", ''),
            ('link_with: [base_library, core_library],', ''),
            ('link_with: internal_library', 'link_with: library'),
            ('link_with: xmpp_internal_library', 'link_with: xmpp_library'),
            ('link_with: files_internal_library', 'link_with: files_library'))
# Without a fault a test notes which functions with one it has run.
CHOOSER = ('ibb-glib/base/intl.c', r'''
#include <stdio.h>
#include <stdlib.h>
int ibb_fault (int number);
int
ibb_fault (int number)
{
  static int  chosen = -1;
  static char noted[1000];
  FILE       *log;

  if (chosen < 0)
    chosen = g_getenv ("IBB_FAULT") != NULL ? atoi (g_getenv ("IBB_FAULT")) : 0;
  if (chosen == 0 && !noted[number] && g_getenv ("IBB_FAULT_LOG") != NULL &&
      (log = fopen (g_getenv ("IBB_FAULT_LOG"), "a")) != NULL)
    {
      noted[number] = 1;
      fprintf (log, "%d\n", number);
      fclose (log);
    }
  return chosen == number;
}
''')
GENERATED = ('ibb-glib/ibb-enum-types.h', 'ibb-glib/files/ibb-files-enum-types.h', 'ibb-glib/xmpp/ibb-xmpp-enum-types.h')
NO_FAULT = 'none'
# What tests/lib/cases.py prints of a case.
CASE = re.compile(r'^# ([\d.]+) s\n(?:not )?ok (\d+) - (.*?)(?: # SKIP.*)?$', re.M)
# A fault may make a test hang: it has some times the seconds that it takes without a fault.
FACTOR, LEAST = 5, 20
BOUND = 300  # seconds, of all tests for one fault
ENVIRONMENT = {**os.environ, **SANITIZER_ENVIRONMENT, 'G_SLICE': 'always-malloc',  # slices hide what leaks
               'ASAN_OPTIONS': f'{SANITIZER_ENVIRONMENT["ASAN_OPTIONS"]}:hard_rss_limit_mb={MEMORY_LIMIT >> 20}'
                               ':detect_odr_violation=0'  # both libraries have some files
                               ':verify_asan_link_order=0'}  # tests preload libraries


class Fault:
    def __init__(self, path, text, start, end, instead, kind):
        self.path, self.text, self.start, self.end, self.instead, self.kind = path, text, start, end, instead, kind
        self.place = path.relative_to(ROOT)
        self.number = 0  # in the common build; 0: alone

    def apply(self, start=0, end=None):
        return self.text[start:self.start] + self.instead + self.text[self.end:end]

    def describe(self):
        """The line of the fault, before and after."""
        first = self.text.rfind('\n', 0, self.start) + 1
        last = self.text.find('\n', self.end)
        old = ' '.join(self.text[first:last].split())
        new = ' '.join(self.apply(first, last).split())
        return f'{self.place}:{c_tokens.line_of(self.text, self.start)}: {self.kind}: {old}  →  {new}'


def read_log(path):
    """The numbers of the faults whose functions were run."""
    with contextlib.suppress(FileNotFoundError):
        return set(map(int, pathlib.Path(path).read_text().split()))
    return ()


def write(path, content):
    """Writes what differs only, so that little is compiled again."""
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def kill(pid):
    """Ends a test and its children."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def copy_sources(changed):
    """changed: new content of files."""
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if not name.startswith(('_build', '.git', '__pycache__'))
                    and not os.path.exists(os.path.join(folder, name, 'build.ninja'))]
        place = pathlib.Path(folder).relative_to(ROOT)
        (SOURCE / place).mkdir(parents=True, exist_ok=True)
        for name in files:
            content = changed.get(pathlib.Path(folder, name)) or pathlib.Path(folder, name).read_bytes()
            for old, new in REPLACED if name == 'meson.build' else ():
                content = content.replace(old.encode(), new.encode())
            write(SOURCE / place / name, content + CHOOSER[1].encode() * (str(place / name) == CHOOSER[0]))
            (SOURCE / place / name).chmod(os.stat(os.path.join(folder, name)).st_mode)


def add_faults(text, faults):
    """The text with all faults of a file, and at which line the function with each begins."""
    result, lines, done = 'extern int ibb_fault (int);', {}, 0
    tokens = c_tokens.tokenize(text)
    for first, last in c_tokens.find_bodies(tokens):
        first, last = tokens[first].start, tokens[last].end
        inside = [fault for fault in faults if first < fault.start < last]
        if not inside:
            continue
        result += text[done:first] + '{'
        for fault in inside:
            result += f'if (ibb_fault ({fault.number}))\n'
            lines[fault] = result.count('\n') + 1
            result += fault.apply(first, last) + 'else\n'
        result += text[first:last] + '}'
        done = last
    return result + text[done:], lines


class FaultyBuild:
    """The tests to run, and those of them to leave out, are SUITE/NAME with wildcards."""

    def __init__(self, patterns, without=()):
        self.patterns, self.without = patterns, without
        self.temporary = tempfile.TemporaryDirectory(prefix='ibb-faults-')
        self.folder = pathlib.Path(self.temporary.name)
        self.folder.chmod(0o1777)  # tests that run as another user note there what they have run
        self.commands = {}
        self.tests = {}
        self.targets = []
        self.seconds = {}  # by the name of the test
        # By the number of the fault and the name of the test: the seconds of the cases that run its function; 0: of all.
        # A test that tells of no cases is one without a name.
        self.runs = collections.defaultdict(lambda: collections.defaultdict(dict))
        self.running = set()  # processes
        self.found = []  # tests that failed
        self.leaky = set()  # tests that leak without any fault, and so do not judge what leaks
        # By file: how often a test has noticed a fault there.
        self.noticed = collections.defaultdict(dict, json.loads(NOTICED.read_text()) if NOTICED.exists() else {})

    def prepare(self, faults):
        """Builds with all faults, and measures the tests."""
        for number, fault in enumerate(faults, 1):
            fault.number = number
        copy_sources({})
        if not (BUILD / 'build.ninja').exists():
            done = run(['meson', 'setup', BUILD, SOURCE, *OPTIONS])
            if done.returncode != 0:
                raise SystemExit(done.stdout)
        run(['ninja', '-C', BUILD, 'build.ninja'])
        self.read_build()
        by_path = collections.defaultdict(list)
        for fault in faults:
            by_path[fault.path].append(fault)
        run(['ninja', '-C', BUILD, *GENERATED])
        copy_sources({path: self.combine(path, of_file) for path, of_file in by_path.items()})
        self.build()
        begin = time.monotonic()
        self.run_tests(dict.fromkeys(self.tests, {}), 0)
        # With slices that hide nothing glib-networking 2.74 leaks the error of a read, in a test that a peer cuts off.
        self.leaky = {name.split(',')[0] for name in self.found}
        for name in self.leaky:
            if self.run_tests({name: {}}, 0):
                print(f'judges nothing, fails without any fault: {name}', flush=True)
                self.tests.pop(name)
        print(f'{len(self.tests)} tests, {time.monotonic() - begin:.0f} s; of each fault '
              f'{sum(map(len, self.runs.values())) / max(len(self.runs), 1):.0f}', flush=True)

    def read_build(self):
        with open(BUILD / 'compile_commands.json', encoding='utf-8') as file:
            self.commands = {pathlib.Path(os.path.normpath(BUILD / entry['file'])): entry for entry in json.load(file)}
        with open(BUILD / 'meson-info/intro-tests.json', encoding='utf-8') as file:
            tests = [(f'{suite.split(":")[-1]}/{test["name"]}', test) for test in json.load(file) for suite in test['suite']]
        left_out = {test['name'] for name, test in tests if any(fnmatch.fnmatch(name, pattern) for pattern in self.without)}
        self.tests = {test['name']: test for name, test in tests if test['name'] not in left_out
                      and any(fnmatch.fnmatch(name, pattern) for pattern in self.patterns)}
        with open(BUILD / 'meson-info/intro-targets.json', encoding='utf-8') as file:
            files = {target['id']: target['filename'] for target in json.load(file)}
        self.targets = sorted({os.path.relpath(file, BUILD) for test in self.tests.values()
                               for need in test['depends'] for file in files[need]})

    def combine(self, path, faults):
        """A file with those of its faults that compile beside each other."""
        text = faults[0].text
        while True:
            combined, lines = add_faults(text, faults)
            said = self.compile(path, combined, '-fsyntax-only')
            for fault in faults:
                fault.number *= fault in lines
            wrong = re.search(r'\.c:(\d+):\d+: error', said)
            if not said:
                return combined.encode()
            if not wrong:
                raise SystemExit(said)
            faults = sorted(lines, key=lines.get)
            guilty = [fault for fault in faults if lines[fault] <= int(wrong.group(1))][-1]
            guilty.number = 0
            faults.remove(guilty)

    def compile(self, path, text, *options):
        """What the compiler says of a text in the place of path; the object becomes file.o."""
        copy = self.folder / path.name
        copy.write_text(text, encoding='utf-8')
        source = SOURCE / path.relative_to(ROOT)
        return compile_as(self.commands[source], copy, self.folder / 'file.o', f'-I{source.parent}',
                          '-fdiagnostics-color=never', *options)

    def is_fault(self, fault):
        """Whether it compiles, and to other code, but for what knows lines and columns."""
        objects = []
        for version in (fault.text, fault.apply()):
            if self.compile(fault.path, version, '-fno-sanitize=all'):
                return False
            objects.append((self.folder / 'file.o').read_bytes())
        return objects[0] != objects[1]

    def build(self):
        done = run(['ninja', '-C', BUILD, *self.targets])
        if done.returncode != 0:
            raise SystemExit(done.stdout[-4000:])

    def run_test(self, name, number, cases):
        """Notes whether a test fails, unless another has failed. cases: the seconds of those to run."""
        is_measured = name in self.seconds
        if self.found and is_measured:
            return
        test, said, begin = self.tests[name], name, time.monotonic()
        log = self.folder / f'{name}.log'
        chosen = {'IBB_FAULT': str(number)} if is_measured else {'IBB_FAULT_LOG': str(log)}
        if cases:
            chosen['IBB_FAULT_CASES'] = ''.join(f'{case}\n' for case in cases if case)
        if name in self.leaky:
            chosen['ASAN_OPTIONS'] = f'{ENVIRONMENT["ASAN_OPTIONS"]}:detect_leaks=0'
        output = self.folder / f'{name}.out'
        with open(output, 'wb') as file, \
                subprocess.Popen(test['cmd'], cwd=test['workdir'], env={**ENVIRONMENT, **test['env'], **chosen},
                                 stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.DEVNULL,
                                 start_new_session=True) as process:
            self.running.add(process.pid)
            try:
                failed = process.wait(LEAST + FACTOR * (sum(cases.values()) or BOUND)) not in (0, 77)
            except subprocess.TimeoutExpired:
                failed = True
                said += ', no end'
            self.running.remove(process.pid)
            if failed:
                self.found.append(said)
                for pid in (process.pid, *self.running) if is_measured else ():
                    kill(pid)
        if not is_measured:
            self.seconds[name] = time.monotonic() - begin
            self.note_runs(name, log, CASE.findall(output.read_text(errors='replace')))

    def note_runs(self, name, log, cases):
        """Which functions the test has run, outside and inside of its cases."""
        whole = {case: float(seconds) for seconds, _, case in cases} or {'': self.seconds[name]}
        self.runs[0][name] = whole
        for _, number, case in cases:
            for fault in read_log(f'{log}.{number}'):
                self.runs[fault][name][case] = whole[case]
        for fault in read_log(log):
            self.runs[fault][name] = whole

    def run_tests(self, tests, number):
        """The first test that fails; None when all pass."""
        self.found = []
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            list(pool.map(self.run_test, tests.keys(), [number] * len(tests), tests.values()))
        return self.found[0] if self.found else None

    def who_notices(self, fault):
        """Of the tests that run the function first those that noticed the most faults of its file in a second,
        then that of the file, then the short ones; of each the short cases first."""
        if not fault.number:
            if not self.is_fault(fault):
                return NO_FAULT
            copy = SOURCE / fault.place
            combined = copy.read_bytes()
            copy.write_text(fault.apply(), encoding='utf-8')
            self.build()
        noticed = self.noticed[fault.path.name]
        word = re.sub(r'^ibb-', '', fault.path.stem)
        cases = sorted((seconds, test, case) for test, cases in self.runs[fault.number].items() if test in self.tests
                       for case, seconds in cases.items())
        together = itertools.accumulate(seconds for seconds, *_ in cases)
        chosen, left = collections.defaultdict(dict), set()
        for (seconds, test, case), sum_of_seconds in zip(cases, together):
            if sum_of_seconds < BOUND:
                chosen[test][case] = seconds
            else:
                left.add(f'{test} {case}')
        order = sorted(chosen, key=lambda test: (
            -noticed.get(test, 0) / sum(chosen[test].values()), word not in test, sum(chosen[test].values())))
        name = self.run_tests({test: chosen[test] for test in order}, fault.number)
        if name is None and left:
            print(f'      no time was left for {", ".join(sorted(left))}', flush=True)
        if not fault.number:
            copy.write_bytes(combined)
            self.build()
        elif name is None and not self.is_fault(fault):
            return NO_FAULT
        if name in self.tests:
            noticed[name] = noticed.get(name, 0) + 1
            NOTICED.write_text(json.dumps(self.noticed))
        return name

    def close(self):
        self.temporary.cleanup()
