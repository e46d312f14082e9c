# SPDX-License-Identifier: LGPL-2.1-or-later
"""A private OpenSSH server, and the client that knows it."""

import os
import pwd
import subprocess

import cases
import prosody
from cases import check
from command import Folder, Program

SSHD = '/usr/sbin/sshd'


class Sshd:
    """A private OpenSSH server that lets ourselves in, with keys made for it."""

    def __init__(self):
        shell = pwd.getpwuid(os.geteuid()).pw_shell or '/bin/sh'
        if subprocess.run((shell, '-c', 'true'), stdout=subprocess.DEVNULL, check=False).returncode:
            raise cases.Skip(f'{shell}, the shell of this user, runs no command')
        self.folder = Folder()
        for name in ('host', 'user'):
            subprocess.run(('ssh-keygen', '-q', '-t', 'ed25519', '-N', '', '-f', self.folder / name),
                           check=True)
        os.rename(self.folder / 'user.pub', self.folder / 'authorized')
        if os.geteuid() == 0:
            # Where Debian's sshd locks itself in; made by what starts the system's.
            os.makedirs('/run/sshd', mode=0o755, exist_ok=True)
        for _ in range(5):
            self.port = prosody.free_ports(1)[0]
            # With its own HOME a shell runs none of the user's start files, which may print or wait.
            with open(self.folder / 'config', 'w', encoding='ascii') as file:
                file.write(f'''ListenAddress {cases.LOOPBACK}:{self.port}
HostKey {self.folder / 'host'}
AuthorizedKeysFile {self.folder / 'authorized'}
PidFile none
StrictModes no
UsePAM no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
Subsystem sftp internal-sftp
SetEnv HOME={self.folder.path}
''')
            self.program = Program(SSHD, '-D', '-e', '-f', self.folder / 'config')
            self.program.wait_for(lambda: any('listening' in line or 'fatal' in line or 'error' in line
                                              for line in self.program.lines), 'listening')
            if any('listening' in line for line in self.program.lines):
                break
        else:
            check(False, f'sshd does not start: {self.program.lines}')
        with open(self.folder / 'host.pub', encoding='ascii') as file:
            key = ' '.join(file.read().split()[:2])
        with open(self.folder / 'known', 'w', encoding='ascii') as file:
            file.write(f'test {key}\n')

    def options(self, port):
        return ('-F', 'none', '-o', 'BatchMode=yes', '-o', 'HostKeyAlias=test', '-o', f'Port={port}',
                '-o', f'UserKnownHostsFile={self.folder / "known"}',
                '-o', 'GlobalKnownHostsFile=none', '-o', 'IdentitiesOnly=yes', '-o', 'IdentityAgent=none',
                '-o', f'IdentityFile={self.folder / "user"}', '-o', f'User={pwd.getpwuid(os.geteuid()).pw_name}')

    def ssh(self, port, *command, **options):
        return Program('ssh', *self.options(port), '-T', cases.LOOPBACK, *command, **options)
