# SPDX-License-Identifier: LGPL-2.1-or-later
"""Looks at each source of the libraries and of the command with other headers than those of the build, without
compiling: the newest ones, which are those of Debian sid, and those of another C library, musl.
"""

import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import tempfile

import debian_root

HEADERS = ('libgirepository1.0-dev', 'libglib2.0-dev', 'libgnutls28-dev', 'libidn-dev', 'libidn2-dev',
           'libqrencode-dev', 'libsecret-1-dev', 'libxml2-dev', 'nettle-dev')
# Libraries whose headers lie beside those of the C library.
BESIDE = ('gnutls', 'idn-free.h', 'idn-int.h', 'idn2.h', 'nettle', 'qrencode.h', 'stringprep.h', 'unicode')
# Newer compilers refuse what GCC 12 only warns about.
STRICT = ('-Werror', '-Werror=implicit-function-declaration', '-Werror=incompatible-pointer-types',
          '-Werror=int-conversion')


def list_commands(build):
    """The arguments of the compiler for each source, without the output and what belongs to it."""
    with open(os.path.join(build, 'compile_commands.json'), encoding='utf-8') as file:
        for entry in json.load(file):
            if not os.path.normpath(os.path.join(build, entry['file'])).startswith(
                    os.path.join(os.path.dirname(build), 'ibb-glib') + os.sep):
                continue
            words = shlex.split(entry['command'])
            start = next(i for i, word in enumerate(words) if word.startswith('-'))
            yield [*words[start:words.index('-MD')], '-fdiagnostics-color=never', entry['file']]


def look(build, compiler):
    """compiler: makes of the arguments for the build those for the other headers. What it says where it fails."""
    def run(arguments):
        return subprocess.run(compiler(arguments), cwd=build, check=False, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        done = list(pool.map(run, list_commands(build)))
    assert done, f'{build} has no sources of the library'
    return ''.join(result.stdout for result in done if result.returncode != 0)


def look_at_sid(build):
    """Raises debian_root.Unavailable."""
    root = debian_root.DebianRoot(build + '-sid-root', 'sid', HEADERS, architecture='amd64')
    root.make()
    return look(build, lambda arguments: [
        'gcc', '-fsyntax-only', '--sysroot=' + root.path,
        *('-I=' + word[2:] if word.startswith('-I/usr/') else word for word in arguments), *STRICT])


def look_at_musl(build):
    with tempfile.TemporaryDirectory(prefix='ibb-musl-') as beside:
        for name in BESIDE:
            for folder in ('/usr/include', f'/usr/include/{os.uname().machine}-linux-gnu'):
                if os.path.exists(os.path.join(folder, name)):
                    pathlib.Path(beside, name).symlink_to(os.path.join(folder, name))
        return look(build, lambda arguments: ['musl-gcc', '-fsyntax-only', *arguments, '-isystem', beside, *STRICT])
