# SPDX-License-Identifier: LGPL-2.1-or-later
"""The other end, a process with another XMPP library: does what lines of JSON on
its input tell it, at the same time if need be, and answers on its output.

{"id": 1, "call": "open", "to": "...", "sid": "..."}
{"id": 1, "value": ...} or {"id": 1, "condition": "not-acceptable"}

One with id 0 says that it is online, with its JID.
"""

import asyncio
import hashlib
import json
import os
import random
import sys
import traceback


# For what the library would wait for too briefly on a busy machine, in seconds.
PATIENCE = 180


class Refused(Exception):
    """A stanza error."""

    def __init__(self, condition, kind):
        super().__init__(condition)
        self.condition = condition
        self.kind = kind


class Session:
    def __init__(self):
        self.stream = None  # what the library has for it
        self.received = bytearray()
        self.ended = False
        self.error = None
        self.at_once = 0
        self.most_at_once = 0

    def report(self):
        return {'received': len(self.received), 'ended': self.ended, 'error': self.error,
                'sha256': hashlib.sha256(self.received).hexdigest(),
                'most_at_once': self.most_at_once}


def account():
    """JID, password, host and port."""
    name = os.environ['IBB_PEER_ACCOUNT'].upper()
    return (os.environ[f'IBB_TEST_{name}'] + '/' + os.environ['IBB_PEER_RESOURCE'],
            os.environ[f'IBB_TEST_{name}_PASSWORD'],
            os.environ['IBB_TEST_HOST'], int(os.environ['IBB_TEST_PORT']))


class Peer:
    """A base class: the methods that begin with do_ can be called."""

    def __init__(self, options):
        self.options = options
        self.sessions = {}
        self._waiting = []

    def session(self, sid):
        return self.sessions.setdefault(sid, Session())

    def changed(self):
        waiting, self._waiting = self._waiting, []
        for future in waiting:
            if not future.done():
                future.set_result(None)

    async def until(self, condition):
        while not condition():
            future = asyncio.get_running_loop().create_future()
            self._waiting.append(future)
            await future

    async def block_came(self, sid):
        """For one that is to be seen together with those in flight behind it. By time, as nobody announces that none
        comes; and brief, as our window grows by how long answers take. One of all blocks is enough for a case."""
        session = self.session(sid)
        session.at_once += 1
        session.most_at_once = max(session.most_at_once, session.at_once)
        self.changed()
        await asyncio.sleep(self.options['delay'])
        session.at_once -= 1

    async def do_report(self, sid, size=None):
        """Reports a session, once so many bytes came or it ended."""
        session = self.session(sid)
        await self.until(lambda: session.ended or
                         (size is not None and len(session.received) >= size))
        return session.report()

    async def do_blocks(self, sid, number):
        """Waits for so many at once."""
        await self.until(lambda: self.session(sid).most_at_once >= number)

    async def do_send(self, sid, size, seed, close=False):
        await self.until(lambda: self.session(sid).stream is not None)
        await self.send(self.session(sid), random.Random(seed).randbytes(size))
        if close:
            await self.do_close(sid)

    async def _call(self, line):
        request = json.loads(line)
        answer = {'id': request.pop('id')}
        try:
            method = getattr(self, 'do_' + request.pop('call'))
            answer['value'] = await method(**request)
        except Refused as error:
            answer.update(condition=error.condition, kind=error.kind)
        except Exception:  # pylint: disable=broad-except
            answer['failure'] = traceback.format_exc()
        print(json.dumps(answer), flush=True)

    async def run(self):
        print(json.dumps({'id': 0, 'value': str(await self.login())}), flush=True)
        reader = asyncio.StreamReader()
        await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        tasks = set()
        while line := await reader.readline():
            task = asyncio.ensure_future(self._call(line))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        os._exit(0)


def main(kind):
    asyncio.run(kind({'serve': True, 'delay': 0, 'greeting': '', 'capabilities': False, **json.loads(sys.argv[1])}).run())
