#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The calls of the system whose result nobody reads: an error of theirs must not matter.

A call counts that is a statement of its own, also after (void): by name, or one of the calls of the disk
(ibb_disk->close). Each file that has such calls is in MEANT, with the reason.
"""

import os
import re
import sys

from graph import ROOT, without_comments

# What reports an error by its result and errno.
CALLS = (
    'access chmod chown close closedir dup2 faccessat fchmod fchown fclose fcntl fdatasync fflush flock fprintf fputs '
    'fstat fstatat fsync ftruncate futimens fwrite g_chmod g_close g_mkdir g_mkdir_with_parents g_poll g_remove '
    'g_rename g_rmdir g_setenv g_unlink ioctl kill link linkat lstat mkdir mkdirat open openat pipe '
    'poll pread prctl printf pthread_sigmask puts pwrite raise read readdir remove rename renameat rmdir setenv '
    'setrlimit setsockopt shutdown sigaction signal sigprocmask stat symlink syncfs syscall tcsetattr timerfd_settime '
    'truncate unlink unlinkat utimensat write'
).split()
DISK = (
    'access close link lock make_folder make_folder_in read rename set_mode set_owner set_time stat stat_path sync '
    'truncate unlink write'
).split()

READ = 'only read from'
LEFT = 'what is left is removed, or replaced, by the next one that comes across it'
NOWHERE = 'there is nowhere to say it'
CERTAIN = 'cannot fail with these arguments'

# By file and call.
MEANT = {
    ('files/move/file-source.c', 'disk close'): READ,
    ('files/move/folder-sink.c', 'disk close'): READ,
    ('files/move/folder-source.c', 'disk close'): READ,
    ('files/disk/part-file.c', 'disk close'): READ,
    ('files/disk/sink.c', 'disk close'): 'a file that counts was synchronized before; a part that was not is not trusted',
    ('files/disk/sink.c', 'disk set_mode'): 'without its mark the bytes of a part only count with a hash of the whole',
    ('files/disk/sink.c', 'disk set_time'): 'a file system may have no dates, or few',
    ('files/disk/sink.c', 'disk unlink'): LEFT,
    ('files/disk/walk.c', 'disk close'): READ,
    ('base/disk.c', 'close'): READ,
    ('base/disk.c', 'closedir'): READ,
    ('base/disk.c', 'disk close'): READ,
    ('base/disk.c', 'disk unlink'): 'the file has its name; a second one is removed by who finds the part',
    ('base/random.c', 'fclose'): READ,
    ('tool/account/run.c', 'raise'): CERTAIN,
    ('tool/account/run.c', 'signal'): CERTAIN,
    ('tool/account/run.c', 'unlink'): 'the command ends with an error already; a part that stays is listed by --list-parts',
    ('tool/command/demo.c', 'g_rmdir'): 'a temporary folder',
    ('tool/command/demo.c', 'g_unlink'): 'a temporary file',
    ('tool/command/main.c', 'g_setenv'): CERTAIN,
    ('tool/command/main.c', 'signal'): CERTAIN,
    ('tool/command/send.c', 'close'): READ,
    ('tool/relay/socket.c', 'close'): 'for a lock, or a question',
    ('tool/relay/socket.c', 'setsockopt'): CERTAIN,
    ('tool/relay/socket.c', 'unlink'): LEFT,
    ('tool/session/descriptors.c', 'setrlimit'): 'the limit stays as low as it was',
    ('tool/transfer/entries.c', 'close'): READ,
    ('tool/transfer/entries.c', 'closedir'): READ,
    ('tool/transfer/hooks.c', 'kill'): 'the group may have ended',
    ('tool/transfer/hooks.c', 'signal'): CERTAIN,
    ('tool/transfer/parts.c', 'close'): READ,
    ('tool/transfer/place.c', 'close'): 'nothing was written yet',
    ('tool/transfer/quota.c', 'close'): READ,
    ('tool/transfer/sending.c', 'g_poll'): 'the pause is shorter then',
    ('tool/words/output.c', 'fprintf'): NOWHERE,
    ('tool/words/output.c', 'fputs'): NOWHERE,
    ('tool/words/terminal.c', 'close'): READ,
    ('tool/words/terminal.c', 'g_poll'): 'the command ends in any case',
    ('tool/words/terminal.c', 'raise'): CERTAIN,
    ('tool/words/terminal.c', 'sigaction'): CERTAIN,
    ('tool/words/terminal.c', 'tcsetattr'): 'the former settings are restored, or the terminal is gone',
    ('xmpp/base/alarm.c', 'close'): 'a timer',
    ('xmpp/ibb-xmpp-client-files.c', 'close'): READ,
    ('xmpp/trust/private-file.c', 'disk close'): READ,
    ('xmpp/trust/private-place.c', 'disk close'): 'the file was synchronized before',
    ('xmpp/trust/private-place.c', 'disk unlink'): LEFT,
}

CAST = re.compile(r'\((?!void\))(?:(?:unsigned|const) )?\w+ ?\**\) ?(?=\w)')
STATEMENT = re.compile(rf'(?:^|(?<=[;{{}})])|\belse|\bdo)\s*(?:\(void\) )?'
                       rf'(?:(?:{"|".join(CALLS)})|ibb_disk->(?:{"|".join(DISK)})) \(')


def find_dropped(folder):
    """The statements by file and call, with their lines."""
    found = {}
    for path, _, names in os.walk(folder):
        for name in (name for name in names if name.endswith(('.c', '.h'))):
            full = os.path.join(path, name)
            with open(full, encoding='utf-8') as file:
                text = without_comments(file.read(), strings=True)
            text = CAST.sub(lambda match: ' ' * len(match.group()), text)
            # The parts of a for are no statements.
            text = re.sub(r'\bfor \([^\n]*(?:\n[^\n]*)?\)\n', lambda match: re.sub(r';', ' ', match.group()), text)
            for match in STATEMENT.finditer(text):
                call = re.search(r'[\w>-]+(?= \($)', match.group()).group().replace('ibb_disk->', 'disk ')
                line = text.count('\n', 0, match.end()) + 1
                found.setdefault((os.path.relpath(full, folder), call), []).append(line)
    return found


def main():
    found = find_dropped(os.path.join(ROOT, 'ibb-glib'))
    faults = [f'{path}:{lines[0]}: nobody reads the result of {call}'
              for (path, call), lines in sorted(found.items()) if (path, call) not in MEANT]
    faults += [f'no longer dropped, take from MEANT: {path}, {call}' for path, call in sorted(set(MEANT) - set(found))]
    print('\n'.join(faults or [f'{sum(map(len, found.values()))} results are not read, all of them meant']))
    return 1 if faults else 0


if __name__ == '__main__':
    sys.exit(main())
