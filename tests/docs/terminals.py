#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Draws doc/terminals.svg: what two people see while one sends the other a file and a folder.

    meson devenv -C build /usr/bin/python3 $PWD/tests/docs/terminals.py doc/terminals.svg

The commands run for real, each on a terminal of its own, beside a private Prosody.
"""

import fcntl
import html
import os
import pty
import re
import struct
import sys
import termios

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import cases  # noqa: E402
from command import IBB, Folder, Terminal  # noqa: E402
from prosody import Prosody  # noqa: E402

COLUMNS = 88
# Of the picture, in its own units.
CHARACTER, LINE, MARGIN, BAR = 8.4, 20, 16, 28
WIDTH = COLUMNS * CHARACTER + 2 * MARGIN
DOMAIN = 'example.org'


def start(folder, title, words):
    """A person's terminal, with the accounts of both in a settings folder."""
    pid, terminal = pty.fork()
    if pid == 0:
        fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack('HHHH', 24, COLUMNS, 0, 0))
        home = folder / title
        os.makedirs(os.path.join(home, 'Downloads'), exist_ok=True)
        os.chdir(home)
        os.environ.update(XDG_CONFIG_HOME=folder / 'settings', XDG_DATA_HOME=os.path.join(home, 'data'), LC_ALL='C.UTF-8',
                          TERM='xterm')
        os.execv(IBB, ['ibb', *words])
    return Terminal.of(pid, terminal)


def write_accounts(folder, server):
    settings = folder / 'settings/ibb-glib'
    os.makedirs(settings)
    with open(os.path.join(settings, 'accounts'), 'w', encoding='utf-8') as file:
        for name in 'alice', 'bob':
            path = os.path.join(settings, f'{name}-password')
            with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), 'w', encoding='utf-8') as secret:
                secret.write(server.passwords[name])
            file.write(f'[{name}]\njid={name}@{DOMAIN}\nserver={server.host}:{server.port}\n'
                       f'ca-file={server.environment["IBB_TEST_CA_FILE"]}\npassword-file={path}\n')


def read_lines(shown):
    """The lines of a terminal that has shown this: a line that was written again shows its last form."""
    lines = []
    for line in shown.replace('\r\n', '\n').rstrip('\n').split('\n'):
        forms = [form for form in re.sub(r'\x1b\[[0-9;]*[A-Za-z]', '', line).split('\r') if form]
        text = forms[-1] if forms else ''
        lines += [text[i:i + COLUMNS] for i in range(0, max(len(text), 1), COLUMNS)]
    return lines


def draw(screens):
    """The picture: terminals one below the other, each a title and its lines."""
    parts, y = [], 0
    for title, lines in screens:
        height = BAR + len(lines) * LINE + MARGIN
        parts.append(f'<rect x="0.5" y="{y + 0.5}" width="{WIDTH - 1:.0f}" height="{height - 1}" rx="8" fill="#1d1f21" '
                     f'stroke="#7f8790"/>\n<text x="{WIDTH / 2:.0f}" y="{y + 20}" fill="#b4b9be" text-anchor="middle" '
                     f'font-family="sans-serif" font-size="13">{html.escape(title)}</text>')
        for number, line in enumerate(lines, 1):
            colour = '#8fd19e' if line.startswith('$ ') else '#f0f0f0'
            parts.append(f'<text x="{MARGIN}" y="{y + BAR + number * LINE - 4}" fill="{colour}" xml:space="preserve" '
                         f'textLength="{len(line) * CHARACTER:.1f}">{html.escape(line)}</text>' if line else '')
        y += height + 12
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:.0f} {y - 12}" width="{WIDTH:.0f}" '
            f'height="{y - 12}" font-family="monospace" font-size="14" role="img">\n'
            '<title>Two terminals: ibb receive and ibb send</title>\n' + '\n'.join(filter(None, parts)) + '\n</svg>\n')


def main():
    folder = Folder()
    with Prosody(domain=DOMAIN) as server:
        write_accounts(folder, server)
        os.makedirs(folder / 'alice/photos')
        folder.make('alice/letter.pdf', 2900000)
        for number in range(3):
            folder.make(f'alice/photos/beach-{number}.jpg', 1400000)
        take = ['receive', '--encrypt', '--account', 'bob', '--from', f'alice@{DOMAIN}', '--directory', 'Downloads', '--count', '2']
        send = ['send', '--encrypt', '--account', 'alice', 'letter.pdf', 'photos', f'bob@{DOMAIN}']
        there = start(folder, 'bob', take)
        there.expect('ready ')
        here = start(folder, 'alice', send)
        for end in here, there:
            end.expect(r'\(yes/no\)')
            end.type('yes')
        status = here.finish(), there.finish()
    cases.clean_up()
    if any(status):
        sys.exit(f'{status}: {here.shown} {there.shown}')
    with open(sys.argv[1], 'w', encoding='utf-8') as file:
        file.write(draw([('bob’s machine', [f'$ ibb {" ".join(take[:-2])}', *read_lines(there.shown)]),
                         ('alice’s machine', [f'$ ibb {" ".join(send)}', *read_lines(here.shown)])]))


if __name__ == '__main__':
    main()
