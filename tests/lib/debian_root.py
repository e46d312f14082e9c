# SPDX-License-Identifier: LGPL-2.1-or-later
"""A root of another release or architecture of Debian, made by mmdebstrap, and commands in it.

It is kept between runs: it depends on nothing but the list of packages and the archive of
Debian. After a week, or with another list, it is made again.
"""

import hashlib
import os
import re
import shutil
import subprocess
import time

LIB = os.path.dirname(os.path.abspath(__file__))
WEEK = 7 * 24 * 3600
# A mirror that does not answer must not hold up the tests; in seconds. Tests may run beside.
PATIENCE = 1200
ARCHIVE = 'http://deb.debian.org/debian'
# Mounts are seen by the command only, and end with it as all processes do.
ENTER = r'''
set -e
root=$1 source=$2 build=$3
shift 3
mount --make-rprivate /
mount --bind "$root" "$root" # so that tests find a mount at /
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mkdir -p "$root$source" "$build"
mount --bind "$source" "$root$source"
mount -o remount,ro,bind "$root$source"
mount --bind "$build" "$root$build"
exec chroot "$root" env -i -C "$source" PATH=/usr/sbin:/usr/bin HOME=/root LANG=C.UTF-8 "$@"
'''


class Unavailable(Exception):
    """No root can be made here, and why."""


def list_packages(*groups):
    return subprocess.run(('sh', '-c', '. "$0"; for group; do eval "echo \\$ibb_packages_$group"; done',
                           os.path.join(LIB, 'packages.sh'), *groups),
                          check=True, stdout=subprocess.PIPE, text=True).stdout.split()


class DebianRoot:
    def __init__(self, folder, release, packages, architecture=None, runs=False):
        """architecture: another one, whose packages are only unpacked, for a cross compiler, unless runs is true: this
        machine can run it."""
        self.path = folder
        self._release = release
        self._packages = packages
        self._architecture = architecture
        self._variant = 'extract' if architecture and not runs else 'essential'
        self._stamp = os.path.join(folder, 'made-of')

    def _is_fresh(self):
        try:
            with open(self._stamp, encoding='ascii') as file:
                return file.read() == self._describe() and time.time() < os.path.getmtime(self._stamp) + WEEK
        except FileNotFoundError:
            return False

    def _describe(self):
        parts = (self._release, self._architecture or '', *sorted(self._packages))
        return hashlib.sha256(' '.join(parts).encode()).hexdigest()

    def make(self):
        """Makes it unless it is there; raises Unavailable."""
        if os.geteuid() != 0:
            raise Unavailable('only root can make a root of another release')
        for program in ('mmdebstrap', 'unshare'):
            if not shutil.which(program):
                raise Unavailable(f'{program} is not installed')
        if self._is_fresh():
            return
        shutil.rmtree(self.path, ignore_errors=True)
        os.makedirs(os.path.dirname(self.path), exist_ok=True)
        # What runs nothing but our tests needs no archive of security updates; a mirror that is no longer
        # updated will do.
        kind, archive = (), ()
        if self._architecture:
            kind = ('--architectures=' + self._architecture, '--aptopt=Acquire::Check-Valid-Until "false"')
            archive = (ARCHIVE,)
        try:
            # What mmdebstrap mounts ends with it, also where it is killed.
            result = subprocess.run(
                ('unshare', '--mount', '--pid', '--mount-proc', '--fork', '--kill-child',
                 'mmdebstrap', '--mode=root', '--variant=' + self._variant, *kind, '--include=' + ','.join(self._packages),
                 '--dpkgopt=force-unsafe-io', '--dpkgopt=path-exclude=/usr/share/doc/*',
                 '--dpkgopt=path-exclude=/usr/share/man/*', '--dpkgopt=path-exclude=/usr/share/locale/*',
                 self._release, self.path, *archive),
                check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Unavailable(f'mmdebstrap {self._release} takes more than {PATIENCE} s') from None
        if result.returncode != 0:
            print(result.stdout[-4000:], flush=True)
            # Later errors follow from the first one.
            reason = re.search('^E: (.*)', result.stdout, re.MULTILINE)
            raise Unavailable(f"mmdebstrap {self._release} fails: {reason[1] if reason else 'see above'}")
        with open(self._stamp, 'w', encoding='ascii') as file:
            file.write(self._describe())

    def enter(self, source, build):
        """What stands before a command that runs there: in the folder of the source, which is read-only;
        build, a folder in it, is not. Raises Unavailable where mounts are not allowed, as in some
        containers."""
        command = ('unshare', '--mount', '--pid', '--fork', '--kill-child', 'sh', '-c', ENTER, 'sh', self.path,
                   source, build)
        result = subprocess.run((*command, 'true'), check=False, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True)
        if result.returncode != 0:
            raise Unavailable(f'nothing can be mounted in a root of {self._release}: {result.stdout.strip()}')
        return command
