#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Other ways to build, and what takes long, before a release: doc/releasing.md says when. Each is a part of the
command line:

    lto           link-time optimization
    i386, s390x   cross compilers, and the programs under qemu-user: 32 bits, and the other byte order
    mechanisms    each of those of flow control is missed (tests/flow/ablation.py), in the build of tests/run.sh
"""

import argparse
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))
import debian_root  # noqa: E402
import run  # noqa: E402

# What needs no server.
SUITES = ('unit', 'simulation', 'loopback')
# Not under qemu-user: a program that runs itself; and the comparison of a session with a TCP connection, of
# which it does not tell enough.
LEFT_OUT = ('idle-memory',)
COMPARED, COMPARED_PREFIX = 'scenarios', '/ibb/scenarios/tcp'
# Debian's name of an architecture: GNU's and qemu's name, the prefix of the compiler, and the byte order.
ARCHITECTURES = {
    'i386': ('i386', 'i686-linux-gnu', 'x86', 'little'),
    's390x': ('s390x', 's390x-linux-gnu', 's390x', 'big'),
}
LIBRARIES = ('glib-networking', 'libglib2.0-dev', 'libgnutls28-dev', 'libgsasl-dev', 'libidn-dev', 'libidn2-dev',
             'libqrencode-dev', 'libsecret-1-dev', 'libxml2-dev', 'nettle-dev')
CROSS_FILE = '''[binaries]
c = '{prefix}-gcc'
ar = '{prefix}-ar'
strip = '{prefix}-strip'
pkgconfig = 'pkg-config'
exe_wrapper = ['qemu-{machine}-static', '-L', '{root}']

[built-in options]
c_args = ['--sysroot={root}']
c_link_args = ['--sysroot={root}']

[properties]
sys_root = '{root}'
pkg_config_libdir = ['{root}/usr/lib/{machine}-linux-gnu/pkgconfig', '{root}/usr/share/pkgconfig']
needs_exe_wrapper = true

[host_machine]
system = 'linux'
cpu_family = '{family}'
cpu = '{family}'
endian = '{endian}'
'''


def check_lto(tally):
    folder = '_build-release-lto'
    if run.build(folder, '-Db_lto=true', *run.BARE, suites=SUITES):
        run.test(folder, run.find_tests(folder, SUITES), tally)
    else:
        tally.add_failure(folder, 'does not build')


def check_architecture(name, tally):
    machine, prefix, family, endian = ARCHITECTURES[name]
    folder = f'_build-release-{name}'
    root = debian_root.DebianRoot(os.path.join(ROOT, folder + '-root'), 'bookworm', LIBRARIES, architecture=name)
    try:
        root.make()
    except debian_root.Unavailable as reason:
        tally.add_skip(name, str(reason))
        return
    cross_file = os.path.join(root.path, 'cross-file')
    with open(cross_file, 'w', encoding='utf-8') as file:
        file.write(CROSS_FILE.format(root=root.path, machine=machine, prefix=prefix, family=family, endian=endian))
    if run.build(folder, *run.BARE, suites=SUITES, setup=('--cross-file', cross_file)):
        tests = run.find_instrumented_tests(folder, SUITES)
        run.test(folder, [entry for entry in tests if entry['name'] not in (*LEFT_OUT, COMPARED)], tally)
        run.test(folder, [entry for entry in tests if entry['name'] == COMPARED], tally,
                 arguments=('-x', COMPARED_PREFIX))
    else:
        tally.add_failure(folder, 'does not build')


def check_mechanisms(tally):
    command = (os.path.join(ROOT, 'tests', 'flow', 'ablation.py'), '--build', os.path.join(ROOT, '_build'))
    if subprocess.run(command, check=False).returncode == 0:
        tally.add_pass()
    else:
        tally.add_failure('mechanisms', 'the loss of one is not noticed, see above')


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('part', nargs='+')
    tally = run.Tally()
    for part in parser.parse_args().part:
        run.say(part)
        if part == 'lto':
            check_lto(tally)
        elif part in ARCHITECTURES:
            check_architecture(part, tally)
        elif part == 'mechanisms':
            check_mechanisms(tally)
        else:
            parser.error(f'there is no part {part}')
    sys.exit(tally.show())


if __name__ == '__main__':
    main()
