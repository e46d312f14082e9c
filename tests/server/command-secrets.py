#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The places where a command leaves a password. The server accepts only PLAIN, which sends the password itself."""

import base64
import os
import re

import cases
import prosody
from cases import case, check, check_equal
from command import Account, Folder

# The least that is looked for in memory: what is freed may be overwritten in part.
PIECE = 8


def encode_plain(account):
    """The message of PLAIN, from the first group that has nothing but the password."""
    before = f'\0{account.bare.partition("@")[0]}\0'
    text = base64.b64encode((before + account.password).encode())
    return text[-(-len(before) // 3) * 4:].rstrip(b'=')


def read_memory(pid):
    """Returns all memory that a process can read and write."""
    with open(f'/proc/{pid}/maps', encoding='utf-8') as maps, open(f'/proc/{pid}/mem', 'rb', 0) as memory:
        for line in maps:
            start, end, rights = re.match('(\\w+)-(\\w+) (..)', line).groups()
            if rights != 'rw':
                continue
            memory.seek(int(start, 16))
            try:
                yield memory.read(int(end, 16) - int(start, 16))
            except OSError:  # such as the clock's page
                pass


def count(pid, text):
    pieces = [text[i:i + PIECE] for i in range(0, len(text) - PIECE + 1, PIECE)]
    return max(sum(memory.count(piece) for memory in read_memory(pid)) for piece in pieces)


def expect_one_each(account, waiting):
    """The command keeps one copy for a new client, and its client one."""
    check_equal(count(waiting.pid, account.password.encode()), 2, 'copies of the password')
    check_equal(count(waiting.pid, encode_plain(account)), 0, 'copies of what was sent')


@case('the environment of a running command has no password')
def _(server):
    bob = Account(server, 'bob')
    waiting = bob.ibb('listen')
    waiting.wait_ready()
    for name in ('environ', 'cmdline'):
        with open(f'/proc/{waiting.pid}/{name}', 'rb') as file:
            check(bob.password.encode() not in file.read(), name)
    expect_one_each(bob, waiting)
    # Nor where it is not used.
    password = Folder() / 'password'
    with open(password, 'w', encoding='utf-8') as file:
        file.write(bob.password)
    waiting = bob.ibb('receive', '--output', '-', '--from', 'any', '--password-file', password,
                      account=bob.options(resource='other'), env={'IBB_PASSWORD': 'of no use'})
    waiting.wait_ready()
    with open(f'/proc/{waiting.pid}/environ', 'rb') as file:
        check(b'of no use' not in file.read(), 'environ')


@case('the memory of a command that has read a password file has one copy of the password')
def _(server):
    bob, folder = Account(server, 'bob'), Folder()
    with open(folder / 'password', 'w', encoding='utf-8') as file:
        file.write(bob.password + '\r\n')
    waiting = bob.ibb('listen', '--password-file', folder / 'password', env={'IBB_PASSWORD': ''})
    waiting.wait_ready()
    expect_one_each(bob, waiting)


if __name__ == '__main__':
    os.environ['MALLOC_PERTURB_'] = '0'  # Meson has memory overwritten that is freed
    with prosody.Prosody(mechanisms=('PLAIN',)) as private:
        cases.main(private)
