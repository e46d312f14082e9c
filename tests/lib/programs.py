# SPDX-License-Identifier: LGPL-2.1-or-later
"""Programs made of listings of the pages, and the accounts that they log in with."""

import os
import shlex
import shutil
import subprocess

from cases import Skip
from command import ROOT

BUILD = os.environ.get('IBB_TEST_BUILD_ROOT', '')


def make_accounts(folder, accounts):
    """The environment of programs that have these accounts by name: an Account, and a resource with its slash."""
    settings = folder / 'settings/ibb-glib'
    os.makedirs(settings)
    with open(os.path.join(settings, 'accounts'), 'w', encoding='utf-8') as file:
        for name, (account, resource) in accounts.items():
            with open(os.path.join(settings, f'{name}-password'), 'w', encoding='utf-8') as secret:
                os.fchmod(secret.fileno(), 0o600)
                secret.write(f'{account.password}\n')
            server = account.server
            authority = server.environment.get('IBB_TEST_CA_FILE')
            file.write(f'[{name}]\njid={account.bare}{resource}\npassword-file={name}-password\n'
                       f'server={server.host}:{server.port}\n' +
                       (f'ca-file={authority}\n\n' if authority else 'tls=none\npassword-policy=readable\n\n'))
    return {'XDG_CONFIG_HOME': folder / 'settings', 'XDG_DATA_HOME': folder / 'data', 'LC_ALL': 'C.UTF-8'}


def get_library(text):
    """The package of the libraries that a listing uses: a stack of its own needs the first one only."""
    return 'ibb-xmpp-1.0' if 'IBBXmpp' in text else 'ibb-glib-1.0'


def get_flags(*packages):
    """What the compiler needs for the libraries as they are built here, and for others."""
    result = subprocess.run(
        ('pkg-config', '--cflags', '--libs', *packages), check=True, text=True, stdout=subprocess.PIPE,
        env={**os.environ, 'PKG_CONFIG_PATH': os.path.join(BUILD, 'meson-uninstalled')}).stdout
    return (f'-I{ROOT}', f'-I{BUILD}', *shlex.split(result), f'-Wl,-rpath,{BUILD}/ibb-glib:{BUILD}/ibb-glib/xmpp')


def make_program(folder, name, language, text, packages=()):
    """The command that runs a listing, as a person would build it."""
    source = folder / f'{name}.{ {"python": "py"}.get(language, language)}'
    with open(source, 'w', encoding='utf-8') as file:
        file.write(text)
    program = folder / f'{name}-{language}'
    library = get_library(text)
    if language == 'c':
        subprocess.run(('cc', '-Wall', '-Wextra', '-Wno-unused-parameter', '-Werror', '-o', program, source,
                        *get_flags(library, *packages)), check=True)
        return (program,)
    if not os.path.exists(os.path.join(BUILD, 'ibb-glib', 'IBB-1.0.typelib')):
        raise Skip('built without introspection')
    if language == 'python':
        if not os.environ.get('IBB_TEST_OVERRIDES'):
            raise Skip('built without the overrides')
        return ('/usr/bin/python3', source)
    if language == 'js':
        if not shutil.which('gjs'):
            raise Skip('there is no gjs')
        return ('gjs', '-m', source)
    if not os.path.exists(os.path.join(BUILD, 'ibb-glib', 'ibb-glib-1.0.vapi')):
        raise Skip('built without Vala')
    subprocess.run(('valac', '--quiet', '-o', program, f'--vapidir={BUILD}/devenv/share/vala/vapi',
                    f'--pkg={library}', *(f'--pkg={package}' for package in packages), source,
                    # What valac writes is not ours to warn about.
                    '-X', '-w', *(word for flag in get_flags(library) for word in ('-X', flag))),
                   check=True, cwd=folder.path,
                   env={**os.environ, 'PKG_CONFIG_PATH': os.path.join(BUILD, 'meson-uninstalled')})
    return (program,)
