# SPDX-License-Identifier: LGPL-2.1-or-later
"""run.py shows the words of a gcovr that fails, and leaves no file."""

import contextlib
import io
import os
import shutil
import subprocess
import tempfile

import cases
import run

SOURCE = 'int main (int argc, char **argv) { if (argc > 1) return 1; return 0; }\n'


def measure(spoil):
    """Returns what coverage () finds and prints about a program that was run; spoil changes its counts."""
    if not shutil.which('gcovr') or not shutil.which('gcc'):
        raise cases.Skip('there is no gcovr or no gcc')
    tally = run.Tally()
    output = io.StringIO()
    with tempfile.TemporaryDirectory() as root:
        build = os.path.join(root, 'build')
        os.mkdir(build)
        with open(os.path.join(root, 'program.c'), 'w', encoding='ascii') as file:
            file.write(SOURCE)
        subprocess.run(('gcc', '--coverage', '-o', 'program', '../program.c'), cwd=build, check=True)
        subprocess.run(os.path.join(build, 'program'), cwd=build, check=True)
        spoil(os.path.join(build, 'program.gcda'))
        run.ROOT = root
        with contextlib.redirect_stdout(output):
            run.coverage('build', 'program', '.*', tally)
        cases.check_equal(sorted(os.listdir(root)), ['build', 'program.c'], 'files')
    return tally, output.getvalue()


@cases.case('/run/coverage/measured')
def measured():
    tally, output = measure(lambda path: None)
    cases.check_equal((tally.passed, tally.failed), (1, 0), 'tally')
    cases.check('branches: 50.0%' in output, output)


@cases.case('/run/coverage/negative')
def negative():
    """A branch that was taken more often than its block makes another's count -1."""
    def spoil(path):
        with open(path, 'r+b') as file:
            content = file.read()
            # The counts, of 8 bytes each, follow their tag and its length.
            file.seek(content.index(bytes.fromhex('0000a101')) + 8)
            file.write((1).to_bytes(8, 'little') + (2).to_bytes(8, 'little'))

    tally, output = measure(spoil)
    cases.check_equal((tally.passed, tally.failed), (0, 1), 'tally')
    cases.check('taken -1' in output, output)


cases.main()
