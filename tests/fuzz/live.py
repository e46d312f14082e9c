#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs each fuzzer for twenty seconds, with new inputs, and with the sanitizers.

usage: live.py CORPUS BUILD NAME ...

The fuzzers are built with clang, in BUILD, which is kept. An input that fails is kept there,
too, and printed. The seed changes with the day, so that a finding comes again when the test is
repeated. IBB_TEST_FUZZ is another number of seconds, IBB_TEST_FUZZ_SEED another seed.
"""

import datetime
import os
import pathlib
import shutil
import subprocess
import sys

import cases

CORPUS, BUILD = map(pathlib.Path, sys.argv[1:3])
NAMES = sys.argv[3:]
ROOT = os.environ['IBB_TEST_SOURCE_ROOT']
SECONDS = int(os.environ.get('IBB_TEST_FUZZ', 20))
SEED = int(os.environ.get('IBB_TEST_FUZZ_SEED', 0)) or datetime.date.today().toordinal()
# An input that is longer tells little more, and takes long.
LENGTH_MAX = 512
# Megabytes, with what the sanitizer keeps. An allocation that is larger fails, too.
MEMORY_MAX = 1024
# Seconds, of a clock that runs on while other programs run: only what hangs takes so long.
INPUT_TIMEOUT = 600
BARE = ('introspection', 'vapi', 'docs', 'tool', 'python')
OPTIONS = (
    f'-seed={SEED}', f'-max_total_time={SECONDS}', f'-max_len={LENGTH_MAX}', f'-timeout={INPUT_TIMEOUT}',
    f'-rss_limit_mb={MEMORY_MAX}', '-print_final_stats=1', '-verbosity=0')
ENVIRONMENT = {
    **os.environ,
    'ASAN_OPTIONS': 'intercept_tls_get_addr=0:quarantine_size_mb=32',
    'UBSAN_OPTIONS': 'halt_on_error=1:print_stacktrace=1',
    'G_SLICE': 'always-malloc',
}


def run(*command, **environment):
    result = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, errors='replace',
                            env={**os.environ, **environment})
    cases.check(result.returncode == 0, f"{' '.join(map(str, command))}: {result.stdout[-6000:]}")


def build():
    if not (BUILD / 'build.ninja').exists():
        shutil.rmtree(BUILD, ignore_errors=True)
        run('meson', 'setup', BUILD, ROOT, '-Db_sanitize=address,undefined', '-Db_lundef=false',
            *(f'-D{name}=disabled' for name in BARE), CC='clang', CFLAGS='-fsanitize=fuzzer-no-link')
    run('ninja', '-C', BUILD, *(f'tests/fuzz/live-{name}' for name in NAMES))


def get_log(name):
    return BUILD / f'{name}.log'


def start(name):
    """The fuzzer, as a process. What it finds new is of no use to others."""
    new = BUILD / f'new-{name}'
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir()
    command = (BUILD / f'tests/fuzz/live-{name}', *OPTIONS, f'-artifact_prefix={BUILD}/{name}-', new,
               CORPUS / name)
    with open(get_log(name), 'wb') as log:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                env=ENVIRONMENT)


def judge(name, process):
    process.wait()
    output = get_log(name).read_text(encoding='utf-8', errors='replace')
    runs = [line for line in output.splitlines() if line.startswith('stat::number_of_executed_units')]
    print(f'# {name}: seed {SEED}', *runs, flush=True)
    if process.returncode == 0:
        return
    print(output[-20000:])
    # slow-unit-… is a remark of libFuzzer's, and no failure.
    for path in sorted(BUILD.glob(f'{name}-*')):
        if not path.name.startswith(f'{name}-slow-unit-'):
            print(f'{path}: {path.read_bytes().hex()}')
    print(f'Put the file into {CORPUS / name}: the test fuzz-{name} replays it.')
    raise AssertionError(f'live-{name} fails with seed {SEED}')


def main():
    del sys.argv[1:]
    if shutil.which('clang') is None:
        print('1..0 # SKIP clang is not installed')
        return
    build()
    for path in BUILD.glob('*-*-*'):
        if path.name.startswith(tuple(f'{name}-' for name in NAMES)):
            path.unlink()
    # All at once, so that it takes no longer than one.
    processes = {name: start(name) for name in NAMES}
    for name, process in processes.items():
        cases.case(name, timeout=SECONDS + INPUT_TIMEOUT + 60)(
            lambda name=name, process=process: judge(name, process))
    try:
        cases.main()
    finally:
        for process in processes.values():
            if process.poll() is None:
                process.kill()


main()
