# SPDX-License-Identifier: LGPL-2.1-or-later
"""The type stubs of Python: mypy finds them where MYPYPATH says, also beside those of PyGObject, and knows the API.

usage: python-stubs.py MYPY FOLDER
"""

import ast
import importlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

import gi

gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
gi.require_version('IBBFiles', '1.0')
import cases  # noqa: E402
from cases import case, check, check_equal  # noqa: E402

MYPY, BUILT = sys.argv[1:3]
FOLDER = tempfile.TemporaryDirectory(prefix='ibb-mypy-')
ROOT = pathlib.Path(os.environ['IBB_TEST_SOURCE_ROOT'])

RIGHT = '''
import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import IBB, IBBXmpp

async def main(service: IBB.Service, client: IBBXmpp.Client) -> None:
    async with client, await service.open_session_async('a@b/c') as transport:
        reveal_type(transport)
        reveal_type(transport.props.bytes_queued)
        reveal_type(transport.make_streams()[0])
        reveal_type(await transport.drain_async())
        reveal_type(await client.query_features_async('a@b/c'))
        service.accept_async(None, lambda service, result: None)

with IBBXmpp.Client.new_from_account('home') as client:
    reveal_type(client)
reveal_type(IBB.StanzaType.IQ)
'''
REVEALED = ('gi.repository.IBB.Transport', 'builtins.int', 'asyncio.streams.StreamReader', 'builtins.bool',
            'builtins.list[builtins.str]', 'gi.repository.IBBXmpp.Client', 'gi.repository.IBB.StanzaType')

# Each line has one mistake.
WRONG = '''
import gi
from gi.repository import IBB, IBBXmpp
service = IBB.Service()
service.open_session(1)
service.props.session_limit = 'four'
service.set_session_limit()
IBBXmpp.Client.new_from_account('home', 'desk', 'more')
IBB.Loopback.new().attach()
IBB.SessionParams(block_size='4096')
IBB.no_such_function()
IBB.run(1)
class Own(IBB.Transport): ...
'''


# What pygobject-stubs has, in small.
OTHERS = {
    '__init__': 'def require_version(namespace: str, version: str) -> None: ...',
    'repository/__init__': '',
    'repository/Gio': '''
from gi.repository import GObject
class AsyncResult(GObject.GInterface): ...
class Cancellable(GObject.Object): ...
class IOStream(GObject.Object):
    class Props(GObject.Object.Props): ...
''',
    'repository/GLib': '''
def get_user_name() -> str: ...
class Error(RuntimeError):
    message: str
''',
    'repository/GObject': '''
class GInterface: ...
class GEnum(int): ...
class GFlags(int): ...
class Object:
    class Props: ...
''',
}
STRICT = '''
import gi
gi.require_version('IBB', '1.0')
gi.require_version('IBBXmpp', '1.0')
from gi.repository import GLib, IBB, IBBXmpp

async def main(service: IBB.Service) -> None:
    async with await service.open_session_async('a@b/c') as transport:
        reveal_type(transport)
        reveal_type(GLib.get_user_name())
'''


def make_interpreter(folder, others):
    """A Python that has these stubs beside its packages."""
    if not folder.exists():
        venv.create(folder, with_pip=False)
        (packages,) = (folder / 'lib').glob('python3*/site-packages')
        write_stubs(packages / 'gi-stubs', others)
    return folder / 'bin/python3'


def write_stubs(folder, texts):
    for name, text in texts.items():
        path = folder / f'{name}.pyi'
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding='utf-8')


def make_stubs(folder):
    """As they are installed."""
    untyped = (ROOT / 'ibb-glib/python/untyped.pyi').read_text(encoding='utf-8')
    built = {f'repository/{path.stem}': path.read_text(encoding='utf-8') for path in pathlib.Path(BUILT).glob('*.pyi')}
    write_stubs(folder / 'gi', {'__init__': untyped, 'repository/__init__': untyped, **built})
    return folder


STUBS = make_stubs(pathlib.Path(FOLDER.name) / 'stubs')


def check_types(*files, text=None, others=None, options=()):
    """What mypy says, line by line, of these programs, or of this text. others: stubs of PyGObject.
    What it knows of the libraries it keeps for the next call."""
    folder = pathlib.Path(FOLDER.name)
    kind = 'with-others' if others else 'alone'
    if text is not None:
        files = (folder / 'program.py',)
        files[0].write_text(text, encoding='utf-8')
    # The examples have no annotations. One that waits for a value begins with None.
    result = subprocess.run(
        (MYPY, '--python-executable', make_interpreter(folder / kind, others or {}), '--cache-dir', folder / f'{kind}-cache',
         *options, '--check-untyped-defs', '--no-strict-optional', '--disable-error-code=var-annotated',
         '--disable-error-code=func-returns-value', '--scripts-are-modules', '--no-error-summary', *files),
        check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=folder,
        env={**os.environ, 'MYPYPATH': str(STUBS)})
    return result.stdout.splitlines()


@case('/bindings/python/stubs/examples')
def examples():
    faults = check_types(*sorted((ROOT / 'examples').glob('*.py')))
    check(not faults, '\n'.join(faults))


@case('/bindings/python/stubs/types')
def types():
    lines = check_types(text=RIGHT)
    check_equal([line.split('"')[1] for line in lines if 'Revealed type' in line], list(REVEALED), 'types')
    check(not [line for line in lines if ' error: ' in line], '\n'.join(lines))


@case('/bindings/python/stubs/mistakes')
def mistakes():
    lines = check_types(text=WRONG)
    found = {int(line.split(':')[1]) for line in lines if ' error: ' in line}
    check_equal(found, set(range(5, len(WRONG.splitlines()) + 1)), f'lines with an error ({lines})')


@case('/bindings/python/stubs/others')
def with_others():
    """Those of PyGObject say what GLib is, ours what IBB is, and --strict finds no fault with either."""
    for others, name in ((OTHERS, 'builtins.str'), (None, 'Any')):
        lines = check_types(text=STRICT, others=others, options=('--strict',))
        check_equal([line.split('"')[1] for line in lines], ['gi.repository.IBB.Transport', name], lines)


@case('/bindings/python/stubs/names')
def names():
    """Each name of a stub is there; only what can be constructed has a constructor; the articles are right."""
    faults, count = [], 0
    for path in sorted(pathlib.Path(BUILT).glob('*.pyi')):
        module = importlib.import_module(f'gi.repository.{path.stem}')
        for node in ast.parse(path.read_text(encoding='utf-8')).body:
            if isinstance(node, ast.ClassDef):
                # A summary names a class without its namespace.
                faults += re.findall(r'\b[Aa]n [B-DF-HJ-NP-TV-Z][a-z]+|\b[Aa] [AEIO][a-z]+', ast.get_docstring(node) or '')
                can_construct = any(isinstance(one, ast.FunctionDef) and one.name == '__init__' for one in node.body)
                if can_construct and getattr(module, node.name).__gtype__.is_abstract():
                    faults.append(f'{path.stem}.{node.name}.__init__')
            owner = getattr(module, node.name, None) if isinstance(node, (ast.ClassDef, ast.FunctionDef)) else module
            if owner is None:
                faults.append(f'{path.stem}.{node.name}')
            for one in node.body if isinstance(node, ast.ClassDef) else ():
                # A virtual function can be implemented, and not called.
                if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef)) and not hasattr(owner, one.name) and \
                        not one.name.startswith('do_'):
                    faults.append(f'{path.stem}.{node.name}.{one.name}')
                # A member of an enumeration.
                if isinstance(one, ast.AnnAssign) and one.target.id.isupper() and not hasattr(owner, one.target.id):
                    faults.append(f'{path.stem}.{node.name}.{one.target.id}')
                count += 1
    check(count > 300, f'only {count} names')
    check(not faults, ', '.join(faults))


if __name__ == '__main__':
    del sys.argv[1:]
    cases.main()
