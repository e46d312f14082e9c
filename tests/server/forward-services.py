#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Real services through ibb forward and ibb expose: OpenSSH, and HTTP with curl."""

import hashlib
import os
import re
import shlex
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))

import cases
from cases import case, check, check_equal
from command import Folder, Program, sha256
from servers import make_server
from sshd import Sshd
from tunnel import Tunnel

MIB = 1 << 20
PYTHON = '/usr/bin/python3'


def expect_success(program, patience=180):
    code = program.finish(patience)
    check_equal(code, 0, f'status of {program.name} ({program.lines})')


def expect_done(tunnel, count):
    """Waits for so many sessions, all of which end well; then ends the tunnel."""
    tunnel.wait_events('done', count)
    tunnel.end()


@case('ssh: commands give their output and their status')
def _(server):
    sshd = Sshd()
    tunnel = Tunnel(server, sshd.port)
    here = sshd.ssh(tunnel.port, 'echo out; echo err >&2; exit 42')
    check_equal(here.finish(), 42, f'status ({here.lines})')
    check_equal((here.output, here.lines), (b'out\n', ['err']), 'output')
    here = sshd.ssh(tunnel.port, 'wc -c', stdin=subprocess.PIPE)
    here.stdin.write(b'x' * 12345)
    here.stdin.close()
    expect_success(here)
    check_equal(here.output, b'12345\n', 'output')
    expect_done(tunnel, 2)


@case('ssh: 8 MiB arrive each way', timeout=600)
def _(server):
    sshd = Sshd()
    folder = Folder()
    source = folder.make('original', 8 * MIB)
    wanted = sha256(source)
    tunnel = Tunnel(server, sshd.port)
    with open(folder / 'down', 'wb') as file:
        down = sshd.ssh(tunnel.port, f'cat {shlex.quote(source)}', stdout=file)
        expect_success(down)
    check_equal(sha256(folder / 'down'), wanted, 'SHA-256 of what was read')
    # scp speaks SFTP.
    up = Program('scp', '-q', *sshd.options(tunnel.port), source, f'127.0.0.1:{folder / "up"}')
    expect_success(up)
    check_equal(sha256(folder / 'up'), wanted, 'SHA-256 of what was written')
    done = tunnel.wait_events('done', 2)
    check(done[0]['bytes-received'] > 8 * MIB and done[1]['bytes-sent'] > 8 * MIB, done)
    tunnel.end()


# HTTP.

class HttpServer:
    """python3 -m http.server of a folder."""

    def __init__(self, folder):
        self.program = Program(PYTHON, '-u', '-m', 'http.server', '--bind', '127.0.0.1',
                               '--directory', folder.path, '0')
        pattern = re.compile(rb'port (\d+) ')
        self.program.wait_for(lambda: pattern.search(self.program.output), 'its port')
        self.port = int(pattern.search(self.program.output).group(1))


def curl(port, *arguments, fail='--fail'):
    """arguments may name files as /NAME, for the server's."""
    return Program('curl', '-q', '-sS', fail, '--noproxy', '*',
                   *(f'http://127.0.0.1:{port}{word}' if str(word).startswith('/page') else word
                     for word in arguments))


@case('http: a page, a large body and many requests at once arrive', timeout=600)
def _(server):
    pages, folder = Folder(), Folder()
    for number in range(24):
        pages.make(f'page-{number}', 1000 + number * 9973)
    pages.make('page-large', 6 * MIB)
    tunnel = Tunnel(server, HttpServer(pages).port)
    one = curl(tunnel.port, '/page-3')
    expect_success(one)
    check_equal(hashlib.sha256(one.output).hexdigest(), sha256(pages / 'page-3'), 'SHA-256')
    large = curl(tunnel.port, '-o', folder / 'large', '/page-large')
    many = curl(tunnel.port, '--parallel', '--parallel-immediate', '--parallel-max', '12',
                *(word for number in range(24)
                  for word in ('-o', folder / f'page-{number}', f'/page-{number}')))
    expect_success(many)
    expect_success(large)
    check_equal(sha256(folder / 'large'), sha256(pages / 'page-large'), 'SHA-256 of the large one')
    for number in range(24):
        check_equal(sha256(folder / f'page-{number}'), sha256(pages / f'page-{number}'), f'page {number}')
    tunnel.wait_events('done', 26)
    # With --fail it would hang up before it has read the page that says so.
    missing = curl(tunnel.port, '-o', os.devnull, '-w', '%{http_code}', '/page-missing',
                   fail='--no-fail')
    expect_success(missing)
    check_equal(missing.output, b'404', 'status')
    expect_done(tunnel, 27)


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
