# SPDX-License-Identifier: LGPL-2.1-or-later
"""The core with a fault in it: compiles the file that was changed, and runs the tests of the core.

A build with all tests is needed, which stays as it is: each test is linked again from its
objects, with the changed file before the archive of the core.
"""

import json
import os
import pathlib
import re
import resource
import shlex
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = ROOT / 'ibb-glib/core'
ARCHIVE = 'ibb-glib/libibb-core.a'
# How many schedules of each profile are tried first; then as many as the suite runs.
FEW = {'clean': 300, 'faulty': 500, 'timing': 500, 'closing': 500, 'peers': 500,
       'hostile': 40, 'outages': 500, 'shared': 100, 'crowd': 20, 'bulk': 10, 'wrap': 1}
# A fault may make a program hang, or take all memory there is. The time is that of the
# processor, in seconds, beside what the program takes without a fault, so that a busy
# machine notices nothing.
CPU_LIMIT = 2
CPU_FACTOR = 4
CPU_UNKNOWN = {'unit': 4, 'sanitized': 40, 'simulation': 100}
MEMORY_LIMIT = 4 << 30
# What the sanitizers find ends the program. GLib's slices would hide what leaks; the other
# options are explained in tests/lib/run.py.
SANITIZE = ['-fsanitize=address,undefined', '-fno-sanitize-recover=undefined']
SANITIZER_ENVIRONMENT = {'ASAN_OPTIONS': f'intercept_tls_get_addr=0:hard_rss_limit_mb={MEMORY_LIMIT >> 20}',
                         'G_SLICE': 'always-malloc'}


def run(arguments, **options):
    return subprocess.run(arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors='replace', check=False, **options)


def defined_names(path, *options):
    """The names of the functions and variables of an object or a program."""
    lines = run(['nm', '--defined-only', *options, path]).stdout.splitlines()
    return {line.split()[-1] for line in lines if line.strip()}


def find_build(path=None):
    """The build that is meant: that of the test run, or a folder of the tree."""
    for candidate in (path, os.environ.get('IBB_TEST_BUILD_ROOT'), ROOT / '_build', ROOT / 'build'):
        if candidate and os.path.exists(os.path.join(candidate, 'build.ninja')):
            return pathlib.Path(candidate).resolve()
    raise SystemExit('There is no build. Build the tests, and name its folder with --build.')


def compile_as(entry, source, output, *options):
    """What the compiler of an entry of compile_commands.json says of a source: empty when the object is there."""
    command = shlex.split(entry['command'])
    command[command.index('-o') + 1] = str(output)
    command[command.index('-c') + 1] = str(source)
    for option in ('-MF', '-MQ'):
        where = command.index(option)
        del command[where:where + 2]
    command = [part for part in command if part not in ('-MD', '-g', '-Werror', 'ccache')]
    # A header that was changed is found before the others. No fault is one of style.
    command[1:1] = [f'-I{output.parent}']
    return run([*command, '-w', *options], cwd=entry['directory']).stdout


class Program:
    """A test of the core: what it is linked from, and how it is run."""

    def __init__(self, name, objects, link_arguments):
        self.name = name
        self.objects = objects
        self.link_arguments = link_arguments
        self.runs = []  # (name, arguments)


class FaultyCore:
    """suites: the tests to run. sanitize: with the changed file instrumented, and leaks looked for."""

    def __init__(self, build, suites=('unit', 'simulation'), sanitize=False):
        self.build = build
        self.suites = suites
        self.sanitize = SANITIZE if sanitize else []
        self.temporary = tempfile.TemporaryDirectory(prefix='ibb-faults-')
        self.folder = pathlib.Path(self.temporary.name)
        with open(build / 'compile_commands.json', encoding='utf-8') as file:
            commands = json.load(file)
        self.commands = {pathlib.Path(os.path.normpath(build / command['file'])): command for command in commands
                         if command['output'].startswith(ARCHIVE + '.p/')}
        self.programs = self.find_programs()
        self.order = [(program, name, arguments) for program in self.programs for name, arguments in program.runs]
        self.objects = []
        self.names = set()  # that the objects define
        self.untouched = {}
        self.linked = set()
        self.symbols = {}
        self.seconds = {}  # of the processor, by the name of the test

    def close(self):
        self.temporary.cleanup()

    def find_programs(self):
        """The programs of the suites that link the core alone."""
        rules = (self.build / 'build.ninja').read_text(encoding='utf-8')
        found = {}
        for name, inputs, needs, link in re.findall(
                r'^build (tests/\S+): c_LINKER ([^|\n]*)\|([^\n]*)\n(?: \w+ = [^\n]*\n)*? LINK_ARGS = ([^\n]*)',
                rules, re.M):
            if ARCHIVE in needs and 'libibb-internal.a' not in needs:
                found[str(self.build / name)] = Program(name, inputs.split(), shlex.split(link))
        with open(self.build / 'meson-info/intro-tests.json', encoding='utf-8') as file:
            tests = json.load(file)
        for test in tests:
            program = found.get(os.path.realpath(test['cmd'][0]))
            suites = {suite.split(':')[-1] for suite in test['suite']}
            if not program or suites.isdisjoint(self.suites):
                continue
            arguments = test['cmd'][1:]
            if '--profile' in arguments:
                profile = arguments[arguments.index('--profile') + 1]
                if profile in FEW:
                    program.runs.append((f'{profile}, few', ['--profile', profile, '--count', str(FEW[profile])]))
            program.runs.append((test['name'] + ', sanitized' * bool(self.sanitize), arguments))
        programs = [program for program in found.values() if program.runs]
        # The unit tests of the engine first, which have a harness; the simulation last.
        programs.sort(key=lambda program: ('simulat' in program.name, len(program.objects) < 2))
        for program in programs:
            program.runs.sort(key=lambda entry: not entry[0].endswith('few'))
        return programs

    def compile(self, path, source, *options):
        """The object made of the text at source, which stands for path; None: it does not compile."""
        output = self.folder / (path.stem + '.o')
        return None if compile_as(self.commands[path], source, output, *self.sanitize, *options) else output

    def change(self, path, text, compare=False):
        """Puts a text in the place of a file of the core. FALSE: no program comes of it,
        or, on demand, the same as before."""
        copy = self.folder / path.relative_to(ROOT / 'ibb-glib')
        copy.parent.mkdir(parents=True, exist_ok=True)
        self.restore()
        if compare and path not in self.untouched:
            copy.write_text(path.read_text(encoding='utf-8'), encoding='utf-8')
            self.untouched[path] = self.compile(path, copy, '-O1').read_bytes()
        copy.write_text(text, encoding='utf-8')
        try:
            for file in [path] if path.suffix == '.c' else sorted(self.commands):
                compiled = self.compile(file, copy if file == path else file, '-O1' if compare else '-O0')
                if compiled is None:
                    return False
                self.objects.append(compiled)
        finally:
            copy.unlink()
        self.names = set().union(*(defined_names(compiled, '--extern-only') for compiled in self.objects))
        return not compare or self.objects[0].read_bytes() != self.untouched[path]

    def restore(self):
        self.objects = []
        self.linked = set()

    def link(self, program):
        output = self.folder / os.path.basename(program.name)
        if program not in self.linked:
            done = run(['gcc', *self.sanitize, '-o', output, *program.objects, *self.objects,
                        *program.link_arguments], cwd=self.build)
            if done.returncode != 0:
                raise RuntimeError(f'{program.name}: {done.stdout[-2000:]}')
            self.linked.add(program)
        return output

    def fails(self, program, name, arguments):
        """Whether a program does not succeed in time."""
        unit = 'sanitized' if self.sanitize else 'unit'
        suite = unit if program.name.startswith('tests/unit/') else 'simulation'
        seconds = CPU_FACTOR * self.seconds[name] if name in self.seconds else CPU_UNKNOWN[suite]

        def limit():
            if not self.sanitize:  # it takes address space without end
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY_LIMIT, MEMORY_LIMIT))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            resource.setrlimit(resource.RLIMIT_CPU, (CPU_LIMIT + int(seconds),) * 2)

        environment = dict(os.environ, G_DEBUG='', **SANITIZER_ENVIRONMENT if self.sanitize else {})
        done = run([self.link(program), *arguments], preexec_fn=limit, cwd=self.folder, env=environment)
        return done.returncode != 0

    def measure(self, few=False):
        """How long each test takes without a fault; what fails so."""
        for program, name, arguments in self.order:
            if few and '--profile' in arguments and not name.endswith('few'):
                continue
            before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
            if self.fails(program, name, arguments):
                return name
            self.seconds[name] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        # What is quick goes first, the unit tests before the simulation.
        self.order.sort(key=lambda entry: (not entry[0].name.startswith('tests/unit/'), self.seconds.get(entry[1], 1e9)))
        return None

    def needs(self, program):
        """Whether a changed file is in a program at all."""
        if program not in self.symbols:
            self.symbols[program] = defined_names(self.build / program.name)
        return not self.names.isdisjoint(self.symbols[program])

    def who_notices(self, few=False):
        """The first test that fails; None when all pass. few: of the simulation run few schedules only."""
        for program, test, arguments in self.order:
            if few and '--profile' in arguments and not test.endswith('few'):
                continue
            if self.objects and not self.needs(program):
                continue
            if self.fails(program, test, arguments):
                return test
        return None
