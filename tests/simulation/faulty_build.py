# SPDX-License-Identifier: LGPL-2.1-or-later
"""A build with a fault in it: the sources are copied to a folder of their own and built there with
the sanitizers. Compiles the file that was changed, and runs tests by "meson test".
"""

import fnmatch
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from faulty_core import MEMORY_LIMIT, ROOT, compile_as, run

sys.path.insert(0, str(ROOT / 'tests/lib'))
from run import BARE, SANITIZER_ENVIRONMENT  # noqa: E402  pylint: disable=wrong-import-position

FOLDER = ROOT / '_build-faults'
SOURCE, BUILD = FOLDER / 'source', FOLDER / 'build'
OPTIONS = ('-Db_sanitize=address,undefined', '-Db_lundef=false', '-Ddebug=false', '-Doptimization=1',
           *BARE, '-Dtool=enabled')
# All tests together, in seconds. A fault may make a program hang: it has some times what they
# take without a fault, and no more than the bound, unless a busy machine needs half of that already.
BOUND = 120
FACTOR = 4
# Others are ended when one has failed.
BAD = ('FAIL', 'ERROR', 'TIMEOUT')
ENVIRONMENT = {**SANITIZER_ENVIRONMENT,
               'ASAN_OPTIONS': f'{SANITIZER_ENVIRONMENT["ASAN_OPTIONS"]}:hard_rss_limit_mb={MEMORY_LIMIT >> 20}'}


def copy_sources():
    """Writes what differs only, so that little is compiled again."""
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if not name.startswith(('_build', '.git', '__pycache__'))
                    and not os.path.exists(os.path.join(folder, name, 'build.ninja'))]
        target = SOURCE / pathlib.Path(folder).relative_to(ROOT)
        target.mkdir(parents=True, exist_ok=True)
        for name in files:
            path, copy = pathlib.Path(folder, name), target / name
            if not copy.exists() or copy.read_bytes() != path.read_bytes():
                shutil.copy(path, copy)


def select(names, patterns):
    """The names alone of those that match."""
    return {name.split('/')[1] for pattern in patterns for name in fnmatch.filter(names, pattern)}


class FaultyBuild:
    """The tests to run, and those of them to leave out, are SUITE/NAME with wildcards."""

    def __init__(self, patterns, without=()):
        self.temporary = tempfile.TemporaryDirectory(prefix='ibb-faults-')
        self.untouched = {}
        self.changed = None  # a file, and its own text
        self.seconds = None
        copy_sources()
        configure = ['ninja', '-C', BUILD, 'build.ninja'] if (BUILD / 'build.ninja').exists() else \
            ['meson', 'setup', BUILD, SOURCE, *OPTIONS]
        done = run(configure)
        if done.returncode != 0:
            raise SystemExit(done.stdout)
        with open(BUILD / 'compile_commands.json', encoding='utf-8') as file:
            self.commands = {pathlib.Path(os.path.normpath(BUILD / entry['file'])): entry for entry in json.load(file)}
        with open(BUILD / 'meson-info/intro-tests.json', encoding='utf-8') as file:
            names = {f'{suite.split(":")[-1]}/{test["name"]}' for test in json.load(file) for suite in test['suite']}
        self.tests = sorted(select(names, patterns) - select(names, without))

    def close(self):
        self.restore()
        self.temporary.cleanup()

    def restore(self):
        if self.changed:
            path, text = self.changed
            path.write_text(text, encoding='utf-8')
            self.changed = None

    def compile(self, path, source):
        """What the compiler makes of a source in the place of path, without the sanitizers, which know columns."""
        output = pathlib.Path(self.temporary.name, 'file.o')
        output = compile_as(self.commands[path], source, output, '-fno-sanitize=all')
        return output and output.read_bytes()

    def change(self, path, text, compare=False):
        """Puts a text in the place of a file. FALSE: no program comes of it, or, on demand, the same as before."""
        self.restore()
        copy = SOURCE / path.relative_to(ROOT)
        self.changed = copy, copy.read_text(encoding='utf-8')
        if compare and path not in self.untouched:
            self.untouched[path] = self.compile(copy, copy)
        copy.write_text(text, encoding='utf-8')
        return not compare or self.compile(copy, copy) not in (None, self.untouched[path])

    def who_notices(self, few=False):
        """The first test that fails; None when all pass."""
        del few  # of the simulation
        log = BUILD / 'meson-logs/testlog.json'
        log.unlink(missing_ok=True)
        with subprocess.Popen(['meson', 'test', '-C', BUILD, '--maxfail', '1', '--num-processes', '2', *self.tests],
                              stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              env={**os.environ, **ENVIRONMENT}) as process:
            try:
                process.wait(self.seconds)
            except subprocess.TimeoutExpired:
                process.terminate()  # it ends its tests
                return f'no end within {self.seconds:.0f} s'
        if process.returncode == 0:
            return None
        if not log.exists():
            raise SystemExit(f'does not build: ninja -C {BUILD}')
        with open(log, encoding='utf-8') as file:
            return next(result['name'] for result in map(json.loads, file) if result['result'] in BAD)

    def measure(self, few=False):
        """How long the tests take without a fault; what fails so."""
        for _ in range(2):  # the first time it also builds
            begin = time.monotonic()
            if noticed := self.who_notices(few):
                return noticed
        seconds = time.monotonic() - begin
        self.seconds = max(min(BOUND, 10 + FACTOR * seconds), 2 * seconds)
        return None
