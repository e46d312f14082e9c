# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds of the library with other options, for the tests of this folder."""

import os
import re
import shutil
import subprocess
import tempfile

ROOT = os.environ['IBB_TEST_SOURCE_ROOT']


def read(name):
    """A file of the sources."""
    with open(os.path.join(ROOT, name), encoding='utf-8') as file:
        return file.read()


# Of libibb-glib, the command and all that is released together; and of the two other libraries.
VERSION = re.search(r"^  version: '([\d.]+)',$", read('meson.build'), re.M).group(1)
VERSIONS = {'glib': VERSION, **{name: re.match(rf"{name}_version = '([\d.]+)'", read(f'ibb-glib/{name}/meson.build')).group(1)
                               for name in ('xmpp', 'files')}}


def run(*command, **options):
    """Runs a command; what it printed. A failure shows what it printed."""
    result = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, **options)
    if result.returncode != 0:
        raise AssertionError(f"{' '.join(command)}: {result.returncode}\n{result.stdout[-6000:]}")
    return result.stdout


def fails(*command, **options):
    """Runs a command that has to fail; what it printed."""
    result = subprocess.run(command, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, text=True, **options)
    assert result.returncode != 0, f"{' '.join(command)} succeeded"
    return result.stdout


def example(page, language, holds=''):
    """The first listing of a language (''  for commands) on a page that has some words."""
    listings = re.findall(r'^```(\w*)\n(.*?)^```', read(f'doc/{page}'), re.DOTALL | re.MULTILINE)
    return next(text for name, text in listings if name == language and holds in text)


class Folder:
    """A temporary directory that is removed in the end."""

    def __init__(self):
        self.path = tempfile.mkdtemp(prefix='ibb-install-')

    def __enter__(self):
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)

    def __truediv__(self, name):
        return os.path.join(self.path, name)

    def write(self, name, text):
        path = self / name
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        return path
