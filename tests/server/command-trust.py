#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The command ibb with accounts of a file, and certificates that the user has to trust."""

import os
import re
import stat

import cases
import certificates
import secret_service
from cases import Skip, case, check, check_equal
from command import IBB, Account, Folder, Program, Terminal
from servers import make_server


class Home:
    """The folders of a user who knows an account, and not its server's authority."""

    def __init__(self, server, name, **keys):
        self.account = Account(server, name)
        self.folder = Folder()
        os.makedirs(os.path.join(self.folder / 'config', 'ibb-glib'))
        self.accounts = os.path.join(self.folder / 'config', 'ibb-glib', 'accounts')
        self.known = os.path.join(self.folder / 'data', 'ibb-glib', 'known-certificates')
        keys = {'jid': self.account.bare, 'server': f'{server.host}:{server.port}', **keys}
        with open(self.accounts, 'w', encoding='utf-8') as file:
            file.write('[home]\n' + ''.join(f'{key}={value}\n' for key, value in keys.items()))
        self.environment = {'XDG_CONFIG_HOME': str(self.folder / 'config'),
                            'XDG_DATA_HOME': str(self.folder / 'data'), 'LC_ALL': 'C.UTF-8',
                            'DBUS_SESSION_BUS_ADDRESS': 'unix:path=/nonexistent'}

    def ibb(self, command, *arguments, **options):
        return Program(IBB, command, '--account', 'home', *arguments,
                       env={'IBB_PASSWORD': self.account.password, **self.environment}, **options)

    def on_terminal(self, *arguments, answers, environment=None):
        """The exit status of a command that is asked on a terminal, and what that shows. answers: of what
        is typed at the end of each question."""
        terminal = Terminal(IBB, *arguments, env={**self.environment, **(environment or {})})
        for end, answer in answers:
            terminal.expect(re.escape(end) + '$')
            terminal.type(answer)
        return terminal.finish(), terminal.shown


def needs_bus():
    if not os.environ.get('IBB_TEST_KEYRING'):
        raise Skip('without libsecret or gnome-keyring')


@case('an account that is not there: the message has those that are')
def _(server):
    home = Home(server, 'alice')
    here = Program(IBB, 'cat', '--account', 'hme', 'a@b', env=home.environment)
    here.expect_failure('hme', 'home', code=2)
    here = Program(IBB, 'cat', '--account', 'home', '--jid', 'a@b', 'a@b', env=home.environment)
    here.expect_failure('--account', '--jid', code=2)


@case('a certificate is trusted on a terminal, and remembered; a changed one is refused')
def _(server):
    home = Home(server, 'alice')
    question = ('(yes/no) ', 'yes')
    password = (': ', home.account.password)
    status, shown = home.on_terminal('cat', '--account', 'home', 'nobody@localhost',
                                     answers=[('(yes/no) ', 'no')],
                                     environment={'IBB_PASSWORD': home.account.password})
    check_equal(status, 1, shown)
    check('is not trusted' in shown, shown)
    check('it is not signed by a trusted authority' in shown and 'from now on' in shown, shown)
    check(not os.path.exists(home.known), 'nothing is remembered')

    # The keyring is not there, so the password is asked for, and not whether to keep it; then the certificate; then all is known.
    status, shown = home.on_terminal('cat', '--account', 'home', 'nobody@localhost',
                                     answers=[password, question])
    check_equal(status, 1, shown)
    check('nobody@localhost' in shown.splitlines()[-1], shown)
    check(home.account.password not in shown, 'the password is not shown')
    check_equal(stat.S_IMODE(os.stat(home.known).st_mode), 0o600, 'mode')
    with open(home.known, encoding='utf-8') as file:
        lines = file.read().splitlines()
    check_equal(len(lines), 1, f'lines: {lines}')
    check(re.fullmatch('[0-9a-f]{64} localhost', lines[0]), lines[0])
    check(lines[0][:4].upper() in shown.replace(':', ''), 'the fingerprint was shown')
    home.ibb('cat', 'nobody@localhost').expect_failure('nobody@localhost')
    home.ibb('cat', '--fingerprint', '00' * 32, 'nobody@localhost').expect_failure('whether the certificate is new, then change --fingerprint')

    with open(home.known, 'w', encoding='utf-8') as file:
        file.write('00' * 32 + ' localhost\n')
    here = home.ibb('cat', 'nobody@localhost')
    here.expect_failure('has changed', str(home.known))


@case('beside --ca-file a certificate is trusted once, and the question says so')
def _(server):
    home = Home(server, 'alice')
    path = home.folder / 'authority'
    certificates.make_authority(path)
    status, shown = home.on_terminal('cat', '--account', 'home', '--ca-file', f'{path}.crt', 'nobody@localhost',
                                     answers=[('this time? (yes/no) ', 'yes')],
                                     environment={'IBB_PASSWORD': home.account.password})
    check_equal(status, 1, shown)
    check('nobody@localhost' in shown.splitlines()[-1] and 'from now on' not in shown, shown)
    check(not os.path.exists(home.known), 'nothing is remembered')


@case('a password that was typed is kept in the keyring if the user says so, and not asked for again')
def _(server):
    needs_bus()
    home = Home(server, 'alice', **{'ca-file': server.environment['IBB_TEST_CA_FILE']})
    environment = secret_service.start(Folder())
    password = (': ', home.account.password)
    for answers in ([password, ('(yes/no) ', 'no')], [password, ('(yes/no) ', 'yes')], []):
        status, shown = home.on_terminal('cat', '--account', 'home', 'nobody@localhost', answers=answers,
                                         environment=environment)
        check_equal(status, 1, shown)
        check('nobody@localhost' in shown.splitlines()[-1] and home.account.password not in shown, shown)


@case('a keyring that gives no answer is named, and is not waited for without end')
def _(server):
    needs_bus()
    home = Home(server, 'alice', **{'ca-file': server.environment['IBB_TEST_CA_FILE']})
    for kind in ('mute', 'locked'):
        environment = {**home.environment, **secret_service.start_without_password(Folder(), kind)}
        here = Program(IBB, 'cat', '--account', 'home', '--timeout', '1', 'nobody@localhost', env=environment)
        here.expect_failure('nothing happened for 1 s', 'waiting for the keyring')
        here = Program(IBB, 'doctor', '--account', 'home', '--timeout', '1', '--json', env=environment)
        check_equal(here.finish(), 1, here.output)
        shown = {event['step']: event['message'] for event in here.events() if event['event'] == 'check'}
        check(shown['connection'] == 'not tried: see login' and 'keyring has not answered' in shown['login'], shown)
        # The keyring says nothing about what needs no password.
        here = Program(IBB, 'cat', '--account', 'home', '--timeout', '60', 'nobody@localhost',
                       env={**environment, 'IBB_PASSWORD': home.account.password})
        here.expect_failure('nobody@localhost')


@case('a keyring that is not there, stays locked, or forgets, is named where the password is asked for')
def _(server):
    needs_bus()
    home = Home(server, 'alice', **{'ca-file': server.environment['IBB_TEST_CA_FILE']})
    for environment, word in ((secret_service.start_bus(Folder()), 'keyring cannot be asked'),
                              (secret_service.start_without_password(Folder(), 'refused'), 'the password is locked'),
                              (secret_service.start_without_password(Folder(), 'memory'), 'in memory only')):
        status, shown = home.on_terminal('cat', '--account', 'home', 'nobody@localhost',
                                         answers=[(': ', home.account.password)], environment=environment)
        check_equal(status, 1, shown)
        check('nobody@localhost' in shown.splitlines()[-1] and word in shown and 'Keep the password' not in shown, shown)
        here = Program(IBB, 'cat', '--account', 'home', 'nobody@localhost', env={**home.environment, **environment})
        here.expect_failure(word, '--password-file')


if __name__ == '__main__':
    with make_server() as private:
        cases.main(private)
