#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The help of the command ibb, wrong command lines, and what the completion scripts of three shells offer. No server."""

import os
import pty
import re
import shlex
import shutil
import subprocess
import unicodedata

import cases
from cases import Skip, case, check, check_equal
from command import IBB, ROOT, Folder, Program, make_locale

COMPLETIONS = os.path.join(ROOT, 'ibb-glib', 'tool', 'completions')
ENVIRONMENT = {'LC_ALL': 'C.UTF-8', 'PATH': os.path.dirname(IBB) + ':' + os.environ['PATH']}


def run(*command, env=None, **options):
    done = subprocess.run(command, env={**os.environ, **ENVIRONMENT, **(env or {})}, check=True,
                          stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, **options)
    return done.stdout.decode()


def usage(*arguments, word):
    """The command line is refused, without any network."""
    program = Program(IBB, *arguments, env={'IBB_PASSWORD': 'x'})
    line = program.expect_failure(word, '--help', code=2)
    check_equal(program.output, b'', 'output')
    return line


@case('a locale that is not UTF-8 gets text of its own encoding')
def _():
    for arguments in (['--help'], ['send', '--help'], ['nonsense']):
        done = subprocess.run([IBB, *arguments], env={**os.environ, 'LC_ALL': 'C'}, check=False,
                              stdin=subprocess.DEVNULL, capture_output=True)
        text = done.stdout + done.stderr
        check(text.isascii(), f'{arguments}: {text}')
        check(b'?' not in text, text)
    folder = Folder()
    missing = Program(IBB, 'send', '--jid', 'a@b', folder / 'grüße “1”.pdf', 'c@d', env={'LC_ALL': 'C'})
    missing.expect_failure('Cannot open "', '/gr\\u00fc\\u00dfe "1".pdf": No such file')


def commands():
    return [line.split('\t')[0] for line in run(IBB, '--complete').splitlines()]


def options(command):
    """The lines of an option each: name, kind of the value, description."""
    return [line.split('\t') for line in run(IBB, command, '--complete').splitlines()]


def width(line):
    return sum(0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in 'WF' else 1
               for char in line)


def locales():
    """The languages that the build has, and English."""
    with open(os.path.join(ROOT, 'po', 'LINGUAS'), encoding='utf-8') as file:
        return [''] + [line.strip() for line in file if line.strip() and not line.startswith('#')]


def translated(language):
    """What a command needs beside a locale for the messages of the build in a language."""
    return {'LANGUAGE': language, 'LD_PRELOAD': os.environ['IBB_TEST_BUILD_MESSAGES'],
            'IBB_TEST_MESSAGES': os.path.join(os.environ['IBB_TEST_BUILD_ROOT'], 'po')}


@case('each line of each help fits 80 columns, in each language')
def _():
    names = commands()
    check('send' in names and 'demo' in names, names)
    if not shutil.which('msgfmt'):
        raise Skip('there is no msgfmt')
    # Newer C libraries translate nothing in the locale C.UTF-8.
    environment = make_locale(Folder(), 'en_US')
    for language in locales():
        for command in [None, *names]:
            text = run(IBB, *([command] if command else []), '--help', env={**environment, **translated(language)})
            check_equal('Usage:' in text, not language, f'{command} in “{language}”')
            check(text[0] != '\n' and '\n\n\n' not in text, f'empty lines: {text}')
            for line in text.splitlines():
                check(not re.match('[、。」』）ー\u3041\u3043\u3045\u3047\u3049\u3063\u3083\u3085\u3087\u30a1\u30a3\u30a5'
                                   '\u30a7\u30a9\u30c3\u30e3\u30e5\u30e7]', line.strip()),
                      f'no line begins with such a sign: {line}')
                check(width(line) <= 79, f'{command} in “{language}”: {line}')
                check_equal(line.rstrip(), line, 'a line without spaces at its end')


@case('with the numbers of German and the letters of Arabic: addresses and sizes can be read')
def _():
    folder = Folder()
    for locale, number in (('de_DE', r'1,0\xa0MiB'), ('ar_EG', r'1.0\xa0MiB')):
        environment = make_locale(folder, locale)
        shown = run(IBB, 'demo', '--size', '1M', env=environment)
        check(re.search(number, shown) and 'juliet@' in shown, shown)
        check_equal(run(IBB, 'send', '--help', env=environment), run(IBB, 'send', '--help'), 'the help')


@case('the help, the manual page and the completions have the same options')
def _():
    with open(os.path.join(ROOT, 'doc', 'ibb.1'), encoding='utf-8') as file:
        page = file.read().replace('\\-', '-')
    for command in commands():
        text = run(IBB, command, '--help')
        shown = re.findall(r'^ {2}(?:-\w, |    )(--[a-z-]+)', text, re.MULTILINE)
        check_equal([line[0] for line in options(command)], shown, f'options of {command}')
        check_equal(len(shown), len(set(shown)), f'options of {command} once')
        for option in shown:
            check(re.search(rf'^(\.B |.*\\fB){option}\b', page, re.MULTILINE), f'{option} in ibb.1')


@case('the page for users and the manual page have the keys of an account')
def _():
    with open(os.path.join(ROOT, 'ibb-glib', 'xmpp', 'ibb-xmpp-client-account.c'), encoding='utf-8') as file:
        have = re.findall(r'^  \{ "([a-z-]+)", (?:NULL|set_\w+|parse_\w+) \},$', file.read(), re.MULTILINE)
    with open(os.path.join(ROOT, 'doc', 'start.md'), encoding='utf-8') as file:
        section = file.read().partition('## Two accounts')[2].partition('\n## ')[0]
    with open(os.path.join(ROOT, 'doc', 'ibb.1'), encoding='utf-8') as file:
        page = file.read().rpartition('.SH FILES\n')[2].replace('\\-', '-')
    rows = ' '.join(re.findall(r'^\| (.*?) \|', section, re.MULTILINE))
    check_equal(sorted(re.findall(r'`([a-z-]+)`', rows)), sorted(have), 'keys on the page')
    for key in have:
        check(f'\\fI{key}\\fP' in page or f'\n{key}=' in page, f'{key} in the manual page')


@case('the words that are offered for an option are taken')
def _():
    arguments = {'send': ['--jid', 'a@b'], 'receive': ['--jid', 'a@b', 'x']}
    n_words = 0
    for command, more in arguments.items():
        for name, kind, _text in options(command):
            if kind in ('-', 'text', 'file', 'directory'):
                continue
            for word in kind.split(' '):
                program = Program(IBB, command, name, word, *more, env=ENVIRONMENT)
                line = program.expect_failure(code=2)
                check(name not in line, f'{name} {word}: {line}')
                n_words += 1
    check(n_words > 8, f'{n_words} words')


@case('the exit statuses in the help, the manual page, the page for users and the sources are the same')
def _():
    text = run(IBB, '--help').partition('Exit status:\n')[2]
    shown = re.findall(r'^ {2}(\d+(?:\+N)?) {2}', text, re.MULTILINE)
    with open(os.path.join(ROOT, 'ibb-glib', 'tool', 'words', 'exit-status.h'), encoding='utf-8') as file:
        have = [number + ('+N' if name == 'SIGNAL' else '')
                for name, number in re.findall(r'#define TOOL_EXIT_(\w+) (\d+)', file.read())]
    with open(os.path.join(ROOT, 'doc', 'ibb.1'), encoding='utf-8') as file:
        section = file.read().partition('.SH EXIT STATUS\n')[2].partition('\n.SH ')[0]
    with open(os.path.join(ROOT, 'doc', 'trouble.md'), encoding='utf-8') as file:
        table = file.read().partition('## Exit status')[2].partition('\n## ')[0]
    check_equal(shown, have, 'statuses in the help')
    check_equal(re.findall(r'^\| (\d\S*) \|', table, re.MULTILINE), have, 'statuses on the page')
    check_equal(re.findall(r'^\.B (\d\S*)$', section, re.MULTILINE), have, 'statuses in the manual page')


def in_bash(*words):
    """What bash offers in place of the last word."""
    script = f'''. "{COMPLETIONS}/ibb.bash"; compopt () {{ :; }}
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _ibb; printf '%s\\n' "${{COMPREPLY[@]}}"'''
    return run('bash', '-c', script, 'bash', *words).split()


@case('bash completes commands, options, words and files')
def _():
    check_equal(in_bash('ibb', ''), commands(), 'commands')
    check_equal(in_bash('ibb', 'se'), ['send'], 'a command')
    check_equal(in_bash('ibb', 'send', '--'), [line[0] for line in options('send')], 'options')
    check_equal(in_bash('ibb', 'cat', 'a@b', '--stan'), ['--stanza-type'], 'an option')
    check_equal(in_bash('ibb', 'send', '--tls', 'd'), ['direct'], 'a word')
    check_equal(in_bash('ibb', 'send', '--tls', '=', 'st'), ['starttls'], 'a word behind “=”')
    check_equal(in_bash('ibb', 'send', '--tls', '='), ['automatic', 'starttls', 'direct', 'none'], 'all words')
    check_equal(in_bash('ibb', 'send', '--timeout', ''), [], 'a number')
    folder = Folder()
    path = folder.make('letter.pdf', 1)
    os.mkdir(folder / 'letters')
    check_equal(sorted(in_bash('ibb', 'send', folder / 'let')), [path, folder / 'letters'], 'a file to send')
    check_equal(in_bash('ibb', 'receive', '--directory', folder / 'let'), [folder / 'letters'], 'a folder')
    check_equal(in_bash('ibb', 'cat', folder / 'let'), [], 'a peer')


def in_fish(line):
    """What fish offers for the end of a line: words, perhaps with descriptions."""
    if not shutil.which('fish'):
        raise Skip('fish is not installed')
    folder = Folder()
    return [each.split('\t')[0] for each in run(
        'fish', '--no-config', '-c', f'source {shlex.quote(COMPLETIONS)}/ibb.fish; complete -C $argv[1]', line,
        env={'HOME': folder.path}).splitlines()]


@case('fish completes commands, options, words and files')
def _():
    check_equal(sorted(in_fish('ibb ')), sorted(commands()), 'commands')
    check_equal(sorted(in_fish('ibb send --')), sorted(line[0] for line in options('send')), 'options')
    check_equal(in_fish('ibb send --tls d'), ['direct'], 'a word')
    check_equal(in_fish('ibb send --tls=st'), ['--tls=starttls'], 'a word behind “=”')
    folder = Folder()
    folder.make('letter.pdf', 1)
    os.mkdir(folder / 'letters')
    check_equal(sorted(in_fish(f'ibb send {folder.path}/let')),
                [folder / 'letter.pdf', folder / 'letters/'], 'a file to send')
    check_equal(in_fish(f'ibb receive --directory {folder.path}/let'), [folder / 'letters/'], 'a folder')


class Zsh:
    """An interactive shell with a terminal."""

    def __init__(self):
        if not shutil.which('zsh'):
            raise Skip('zsh is not installed')
        folder = Folder()
        self.terminal, end = pty.openpty()
        self.shell = Program('zsh', '-f', '-i', stdin=end, stdout=end, stderr=end,
                             env={**ENVIRONMENT, 'HOME': folder.path, 'TERM': 'dumb', 'COLUMNS': '200'})
        os.close(end)
        cases.defer(lambda: os.close(self.terminal))
        self.type(f'fpath=({shlex.quote(COMPLETIONS)} $fpath); autoload -U compinit; compinit -u -D; PS1=; '
                  'unsetopt menu_complete auto_menu always_last_prompt; echo rea""dy\n')
        self.wait('ready')

    def type(self, text):
        os.write(self.terminal, text.encode())

    def wait(self, text):
        """Reads until the text was shown."""
        shown = ''
        while text not in shown:
            shown += os.read(self.terminal, 4096).decode(errors='replace')
        return shown

    def complete(self, line):
        """The whole line after the tab, and what was listed."""
        self.type(line + '\t')
        # The line is taken as a text, not run: a widget shows it.
        self.type('\x01print -r -- "<\x05>"\n')
        shown = self.wait('>\r\n')
        return re.findall(r'\n<(.*)>\r\n', shown)[-1].rstrip(' ')


@case('zsh completes commands, options and words')
def _():
    zsh = Zsh()
    check_equal(zsh.complete('ibb rec'), 'ibb receive', 'a command')
    check_equal(zsh.complete('ibb send --stan'), 'ibb send --stanza-type', 'an option')
    check_equal(zsh.complete('ibb send --enc'), 'ibb send --encrypt', 'an option without a value')
    check_equal(zsh.complete('ibb send --tls=d'), 'ibb send --tls=direct', 'a word behind “=”')
    check_equal(zsh.complete('ibb send --tls au'), 'ibb send --tls automatic', 'a word')
    folder = Folder()
    folder.make('letter.pdf', 1)
    check_equal(zsh.complete(f'ibb send {folder.path}/let'), f'ibb send {folder.path}/letter.pdf', 'a file')


# The command line

@case('wrong arguments: the error names the argument, and the status is 2')
def _():
    usage(word='command is missing')
    usage('fetch', word='fetch')
    usage('--jid', word='--jid')
    usage('send', '--jid', 'a@b', 'file', word='PEER')
    usage('send', '--jid', 'a@b', 'c@d', IBB, word=f'FILE comes before PEER: ibb send {IBB} c@d')
    usage('send', '--jid', 'a@b', '--from', 'a@b', 'file', 'c@d', word='account is --account or --jid')
    usage('cat', '--jid', 'a@b', '--account', 'home', 'c@d', word='leave out --jid')
    usage('send', 'file', 'c@d', word='--jid')
    usage('send', '--no-such-option', word='--no-such-option')
    usage('send', '--jid', 'a@b', '--password', 'secret', 'file', 'c@d', word='--password')
    for typed, meant in ('sned', 'send'), ('act', 'cat'), ('recieve', 'receive'), ('recv', 'receive'), ('exposed', 'expose'):
        check(f'did you mean “{meant}”?' in usage(typed, 'a@b', word=typed), typed)
    for typed, meant in ('--encypt', 'encrypt'), ('-encrypt', 'encrypt'), ('--jdi=a@b', 'jid'), ('--pass-file', 'password-file'):
        check(f'did you mean “--{meant}”?' in usage('send', typed, 'file', 'c@d', word=typed.partition('=')[0]), typed)
    check('mean' not in usage('frobnicate', word='frobnicate') + usage('send', '--xyzzy', word='--xyzzy'), 'no hint')
    usage('send', '--jid', 'a@b', '--tls', 'maybe', 'file', 'c@d', word='maybe')
    usage('send', '--jid', 'a@b', '--websocket', 'ws://b', 'file', 'c@d', word='ws://b')
    usage('send', '--jid', 'a@b', '--password-policy', 'plain', 'file', 'c@d', word='plain')
    for uri in ('', 'h:1', 'socks5://', 'socks5://h', 'socks5://:1', 'socks4://h:1', 'https://h:1', 'http://h:0',
                'http://h:1/path', 'http://h:1?x', 'http://h:65536'):
        usage('send', '--jid', 'a@b', '--proxy', uri, 'file', 'c@d', word=f'not “{uri}”')
    check('secret' not in usage('cat', '--jid', 'a@b', '--proxy', 'ftp://jo:secret@h:1', 'c@d', word='…@h:1'),
          'no password')
    usage('send', '--jid', 'a@b', '--stanza-type', 'pigeon', 'file', 'c@d', word='pigeon')
    usage('send', '--jid', 'a@b', '--window', 'wide', 'file', 'c@d', word='wide')
    for host in (':', 'a b', 'a/b', 'a=b', 'a\tb', '"a"', '-a'):
        usage('send', '--jid', 'a@b', '--server', host, 'file', 'c@d', word='--server')
    for proxy in ('socks5://a b:1', 'http://a%20b:1'):
        usage('send', '--jid', 'a@b', '--proxy', proxy, 'file', 'c@d', word='--proxy')
    usage('send', '--jid', 'a@b', '--websocket', 'wss://a b/', 'file', 'c@d', word='--websocket')
    usage('send', '--jid', 'a@b', IBB, '-', 'c@d', word='standard input beside other files')
    usage('send', '--jid', 'a@b', '--timeout', 'soon', 'file', 'c@d', word='soon')
    for uri in ('wss://', 'wss:///x', 'wss://h:0/x', 'wss://h:65536/x', 'wss://h/x#y', 'wss://[::1/x'):
        usage('send', '--jid', 'a@b', '--websocket', uri, 'file', 'c@d', word=f'not “{uri}”')
    for scheme in ('ws', 'wss', 'WSS'):
        check('secret' not in usage('cat', '--jid', 'a@b', '--websocket', f'{scheme}://jo:secret@h/x', 'c@d',
                                    word='…@h/x'), 'no password')


@case('a time, size or number that is none, or out of bounds, is an error')
def _():
    # A time so short that it would be rounded to 0 would never end.
    for seconds in ('-1', '-0', '+1', ' 1', 'nan', 'inf', '1e9', '1e3', '1e-300', '0.0009', '1000001', '0x10', '.', '1.2.3',
                    '9' * 400, '', '5s', '1,5'):
        usage('send', '--jid', 'a@b', '--timeout', seconds, 'file', 'c@d', word=f'such as 1.5, not “{seconds}”')
    Program(IBB, 'send', '--jid', 'a@b', '--timeout', '0.001', '/missing', 'c@d').expect_failure('/missing')
    for option in ('--peer-timeout', '--resume-timeout'):
        usage('send', '--jid', 'a@b', option, '-1', 'file', 'c@d', word='not “-1”')
    for size in ('0', '-1', '+1', ' 1', '1.5', '1e3', '0x10', '9' * 30, '9007199254740992G'):
        usage('cat', '--jid', 'a@b', '--window', size, 'c@d', word=f'not “{size}”')
    usage('demo', '--size', '-1', word='not “-1”')
    for number in ('0', '-1', '-2147483648', '2147483648', '4294967297', '+1', ' 1', '1.5', '1e3', '0x10', '9' * 30, ''):
        usage('expose', '--jid', 'a@b', '--to', 'c:1', '--max-per-peer', number, word=f'not {number}')
    usage('expose', '--jid', 'a@b', '--to', 'c:1', '--max-sessions', '0', word='not 0')
    usage('forward', '--jid', 'a@b', '--listen', '0', '--max-sessions', '0', 'c@d', word='not 0')


@case('wrong arguments of receive and other commands: the error names the argument')
def _():
    usage('receive', '--jid', 'a@b', 'file', word='file')
    usage('receive', '--jid', 'a@b', '--json', word='--output')
    usage('receive', '--jid', 'a@b', '--output', '', word='--output is empty')
    usage('receive', '--jid', 'a@b', '--directory', '/none', word='is not a folder')
    usage('receive', '--jid', 'a@b', '--directory', '/', '--output', 'x', word='goes without --output')
    usage('receive', '--jid', 'a@b', '--count', '1', '--output', 'x', word='needs --directory')
    usage('receive', '--jid', 'a@b', '--directory', '/', '--count', '0', word='a number from 1')
    for option in ('--max-size', '--max-total'):
        usage('receive', '--jid', 'a@b', '--output', 'x', option, '1', word='need --directory')
        for size in ('0', '-1', '', 'large', '9007199254740992G'):
            usage('receive', '--jid', 'a@b', '--directory', '/', option, size, word=f'{option} is a number of bytes, at least 1, not “{size}”')
    usage('receive', '--jid', 'a@b', '--output', 'x', '--on-received', 'true', word='needs --directory')
    usage('receive', '--jid', 'a@b', '--directory', '/', '--on-received', '', word='is a command')
    for days in ('0', '-1', '', '1d'):
        usage('receive', '--directory', '/', '--list-parts', '--older-than', days, word=f'from 1, not “{days}”')
    usage('receive', '--jid', 'a@b', '--directory', '/', '--older-than', '1', word='needs --list-parts')
    usage('cat', '--jid', 'a@b', '--encrypt', '--peer-fingerprint', 'abc', 'c@d', word='abc')
    usage('receive', '--jid', 'a@b', '--json', '--output', '-', word='--json')
    usage('cat', '--jid', 'a@b', word='PEER')
    usage('cat', '--jid', 'a@b', '--', '-c@', word='“-c@”')
    usage('listen', '--jid', 'a@b', 'c@d', word='c@d')
    usage('demo', '--size', '1X', word='1X')
    for command in ('key', 'demo'):
        usage(command, 'more', word='“more”')
    usage('cat', '--jid', 'a@b', '--key', '/none', 'c@d', word='--key goes with --certificate')
    usage('cat', '--jid', 'a@b', '--peer-fingerprint', '00' * 32, 'c@d', word='goes with --encrypt')


@case('a URI with a key that is wrong is an error')
def _():
    uri = 'xmpp:c@d?ibb-key;sha256=' + '00' * 32
    for wrong, word in ((uri[:-1], 'has 63'), (uri + '0', 'has 65'), (uri.replace('ibb-key', 'join'), '“join”'),
                        ('xmpp:', 'no valid address'), ('xmpp:c%zz@d', 'no valid address'), ('XMPP:c@d/', 'no valid address'),
                        ('xmpp:host', 'is a host'), ('xmpp:c@d%3Fibb-key;sha256=' + '00' * 32, 'no valid address'),
                        ('xmpp:c@d/e%3fibb-key;sha256=' + '00' * 32, 'no valid address'),
                        ('xmpp%3Ac@d?ibb-key;sha256=' + '00' * 32, 'Invalid JID')):
        for command in (('send', IBB), ('cat',), ('forward', '--listen', '0'), ('doctor',)):
            usage(*command, '--jid', 'a@b', wrong, word=word)
        for command in (('receive', '-o', '-'), ('listen',), ('expose', '--to', 'c:1')):
            usage(*command, '--jid', 'a@b', '--from', wrong, word=word)
    usage('cat', '--jid', 'a@b', '--encrypt', '--peer-fingerprint', '00' * 32, uri, word='exclude each other')
    for other in ('e@f', 'any', 'xmpp:e@f'):
        usage('listen', '--jid', 'a@b', '--from', uri, '--from', other, word='no other key counts')
    usage('key', '--uri', word='--jid or --account is missing')
    usage('key', '--jid', 'a@b', word='go with --uri')
    usage('key', '--uri', '--qr', '--jid', 'a@b', word='exclude')
    usage('key', '--list', '--forget', 'a@b', word='exclude')
    usage('key', '--forget', '', word='--forget is empty')
    for option in ('--password-file', '--ca-file', '--certificate', '--key'):
        usage('cat', '--jid', 'a@b', option, '', 'c@d', word=f'{option} is empty')
    for where in ('a b:80', 'a/b:80', '-a:80', ':80', 'a', 'a:0'):
        usage('expose', '--jid', 'a@b', f'--to={where}', word=f'not “{where}”')
        usage('expose', '--jid', 'a@b', f'--service=x={where}', word=f'not “{where}”')
    usage('key', '--uri', '--jid', 'a@', word='Invalid JID')
    usage('key', '--uri', '--jid', 'a', word='is a host')
    usage('cat', '--jid', 'a@b/c?d', 'c@d', word='Invalid JID')
    for digits in ('0', '00' * 31, '0g' * 32):
        usage('cat', '--jid', 'a@b', '--fingerprint', digits, 'c@d', word=f'not “{digits}”')


@case('wrong arguments of forward and expose: the error names the argument')
def _():
    usage('forward', '--listen', '0', 'c@d', word='--jid')
    usage('forward', '--jid', 'a@b', '--listen', '0', word='PEER')
    usage('forward', '--jid', 'a@b', '--listen', '0', 'c@d', 'more', word='too many')
    usage('forward', '--jid', 'a@b', 'c@d', word='--listen')
    for wrong in ('', 'x', '-1', '65536', '80x', 'localhost:80', '::1:80', '[::1]', '[::1]80', ':80',
                  '127.0.0.1:', '[]:80', '1.2.3:80'):
        usage('forward', '--jid', 'a@b', f'--listen={wrong}', 'c@d', word=f'“{wrong}”')
    usage('forward', '--jid', 'a@b', '--listen', 'localhost:80', 'c@d', word='an address is numeric')
    usage('forward', '--jid', 'a@b', '--listen', '0', '--sid', 'x', 'c@d', word='--sid')
    usage('expose', '--to', 'localhost:22', word='--jid')
    usage('expose', '--jid', 'a@b', word='--to')
    usage('expose', '--jid', 'a@b', '--to', 'localhost:22', 'c@d', word='c@d')
    for wrong in ('', 'localhost', 'localhost:', ':22', 'localhost:0', 'localhost:70000', '::1:22'):
        usage('expose', '--jid', 'a@b', f'--to={wrong}', word=f'“{wrong}”')
    usage('expose', '--jid', 'a@b', '--to', 'localhost:22', '--max-sessions', '-1', word='not -1')
    usage('expose', '--jid', 'a@b', '--to', 'localhost:22', '--stanza-type', 'iq', word='--stanza-type')


@case('receive does not write to a terminal without --output')
def _():
    terminal, end = pty.openpty()
    cases.defer(lambda: os.close(terminal))
    program = Program(IBB, 'receive', '--jid', 'a@b', stdout=end)
    os.close(end)
    program.expect_failure('--output', code=2)


@case('a block size of 65536 is an error')
def _():
    for size in ('65536', '0', '-7', '-1', '4K', ''):
        for command in ('send', 'receive', 'cat', 'listen', 'forward', 'expose'):
            usage(command, '--jid', 'a@b', '--block-size', size, word=f'not {size}')


@case('a folder of the user that is not absolute gets no key')
def _():
    base = {key: value for key, value in os.environ.items() if key != 'HOME' and not key.startswith('XDG_')}
    for variables in ({'HOME': ''}, {'HOME': 'here'}, {}, {'XDG_DATA_HOME': 'here', 'HOME': Folder().path}):
        folder = Folder()
        options = {'user': 65534} if os.geteuid() == 0 and 'XDG_DATA_HOME' not in variables else {}
        os.chmod(folder.path, 0o777)
        try:
            done = subprocess.run([IBB, 'key'], env={**base, **variables}, cwd=folder.path, check=False, stdin=subprocess.DEVNULL,
                                  capture_output=True, **options)
        except PermissionError:
            raise cases.Skip('only root can run what was built') from None
        check_equal(done.returncode, 0 if 'XDG_DATA_HOME' in variables else 1, f'status with {variables}: {done.stderr}')
        check_equal(folder.names(), [], f'files with {variables}')


@case('a user without a name gets no words of GLib')
def _():
    if os.geteuid() != 0:
        raise cases.Skip('only root can be another user')
    base = {key: value for key, value in os.environ.items() if key != 'HOME' and not key.startswith('XDG_')}
    try:
        done = subprocess.run([IBB, 'key'], env=base, check=False, stdin=subprocess.DEVNULL, capture_output=True, user=4242)
    except PermissionError:
        raise cases.Skip('only root can run what was built') from None
    check_equal((done.returncode, done.stderr.count(b'\n'), b'GLib' in done.stderr), (1, 1, False), done.stderr)


# What is no address or name is told before anybody could wait for it in vain.
NO_JIDS = ('', '@', 'c@@d', '@@/', '@d', 'c@', 'c@d/', '/r', 'c d@e', 'c@d e', 'c@d..', 'c@.',
           'mailto:c@d', 'c@d\u00a0e', 'c' * 1024 + '@d', 'c@' + 'd' * 1024, 'c@d/' + 'r' * 1024)


@case('a PEER that is not a JID is an error')
def _():
    for peer in NO_JIDS:
        for command in (['send', '-'], ['cat'], ['forward', '--listen', '0']):
            usage(*command, '--jid', 'a@b', peer, word=f'Invalid JID “{peer}” for PEER (expected user@host)')
    usage('cat', '--jid', 'a@b', 'juliet', word='“juliet” for PEER is a host, not an account')
    usage('cat', '--jid', 'a@b', 'c@d/\n', word='PEER')
    usage('cat', '--jid', 'a@b', b'c\xff@d', word='PEER')


@case('a --from that is not a JID is an error')
def _():
    for peer in (*NO_JIDS, 'any/', 'anybody@'):
        for command in (['receive', '--output', '-'], ['listen'], ['expose', '--to', 'localhost:22']):
            usage(*command, '--jid', 'a@b', '--from', 'any', '--from', peer,
                  word=f'Invalid JID “{peer}” for --from (expected user@host, or any)')
    usage('listen', '--jid', 'a@b', '--from', 'juliet', word='“juliet” for --from is a host, not an account')


@case('a --jid that is not a JID is an error')
def _():
    for jid in NO_JIDS[1:]:
        usage('listen', '--jid', jid, word=f'Invalid JID “{jid}” for --jid (expected user@host)')
    usage('listen', '--jid', '', word='--jid or --account is missing')


@case('each valid JID is accepted as PEER, --from and --jid')
def _():
    for jid in ('d.', 'd/r', 'c@d', 'c@d/r', 'C@D/R R', 'c@d/@/', '\u00e4@\u00f6/\u00a0', 'c' * 1023 + '@d',
                'c@d/' + 'r' * 1023):
        # The next thing to go wrong is the file.
        here = Program(IBB, 'send', '--jid', jid, '/none', jid,
                       env={'IBB_PASSWORD': 'x'})
        here.expect_failure('/none', 'No such file')


@case('an invalid sid is an error')
def _():
    for sid in ('', 'a b', 'a/b', 'a' * 257):
        for command in (['send', '-', 'c@d'], ['receive', '--output', '-'], ['cat', 'c@d'], ['listen']):
            usage(*command, '--jid', 'a@b', '--sid', sid, word=f'not “{sid}”')


if __name__ == '__main__':
    cases.main()
