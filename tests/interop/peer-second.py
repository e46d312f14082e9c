# SPDX-License-Identifier: LGPL-2.1-or-later
"""The receiving half of urn:ibb-glib:1, as peer.py says, written from doc/extension.md alone.

Options: holds: it answers a <close/> with reads only when told to finish.
"""

import asyncio
import base64
import collections
import contextlib
import hashlib
import hmac
import math
import os
import re
import sys
import time
import uuid
from typing import Any, Callable, NamedTuple, Optional
from xml.etree.ElementTree import Element, SubElement, tostring
from xml.sax.saxutils import quoteattr

from slixmpp import Iq
from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher import MatchXPath, StanzaPath

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
import slixmpp_login  # noqa: E402

IBB = '{http://jabber.org/protocol/ibb}'
EXTENSION = '{urn:ibb-glib:1}'
# In bytes: what is unread before results are delayed, and before blocks are refused.
ROOM, MOST = 131072, 4194304
SECONDS = 600  # for which it remembers a session, and asks without progress
UNREACHABLE = {'service-unavailable', 'gone', 'remote-server-not-found', 'item-not-found'}


class Block(NamedTuple):
    key: tuple[str, int, bytes]  # its id, its number, and the hash of its bytes
    end: int  # the position behind it
    since: float  # when it came


class Session(peer.Session):
    """The responder's end. received is what the reader has read."""

    def __init__(self, sid: str, address: str, block_size: int, secret: Optional[str]) -> None:
        super().__init__()
        self.sid, self.address, self.block_size, self.secret = sid, address, block_size, secret
        self.state, self.interrupted, self.over_since = 'open', False, 0.0
        self.unread = bytearray()
        self.stored = self.acknowledged = self.expected = self.longest = self.resumptions = 0
        self.refuses = self.tells_room = self.at_end = self.writes_no_more = False
        self.delayed: collections.deque[Block] = collections.deque()
        self.last: collections.deque[Block] = collections.deque(maxlen=64)
        self.count = self.peer_count = self.without_progress = 0
        self.timer: Optional[asyncio.TimerHandle] = None  # for an answer to the own close, or to a question
        self.peer_close: Any = None  # the stanza
        self.own_close: Optional[tuple[str, Element]] = None  # its id, and the element

    def stop_timer(self) -> None:
        if self.timer:
            self.timer.cancel()
        self.timer = None

    def reads_on(self) -> bool:
        """Whether only the peer's close, or a result of the own one, ends this direction in order."""
        return not self.own_close or (not self.peer_close and is_true(self.own_close[1], f'{EXTENSION}reads'))

    def report(self) -> dict:
        return {**super().report(), 'longest': self.longest, 'resumptions': self.resumptions}

    def proof(self, *lines: object) -> str:
        said, by, *numbers = map(str, lines)
        return hmac.new((self.secret or '').encode(), '\n'.join((said, by, self.sid, *numbers)).encode(),
                        hashlib.sha256).hexdigest()

    def proves(self, position: tuple) -> bool:
        said, *numbers, proof = position
        return hmac.compare_digest(proof, self.proof(said, 'initiator', *numbers))

    def say(self, name: str, said: str, count: int, **others: str) -> Element:
        """A <resume/> or a <resumed/> with the position of this end."""
        numbers = (0, 0) if said == 'unclean' else (self.stored, self.acknowledged)
        marks = {} if said in ('resume', 'resumed') else {said: 'true'}
        asks = {'sid': self.sid, 'count': str(count)} if name == 'resume' else {}
        return Element(f'{EXTENSION}{name}', {
            'received': str(numbers[0]), 'acknowledged': str(numbers[1]),
            'proof': self.proof(said, 'responder', count, *numbers), **asks, **marks, **others})


def number(text: Optional[str], most: int) -> Optional[int]:
    return int(text) if text and re.fullmatch('[0-9]{1,19}', text) and int(text) <= most else None


def is_true(element: Element, name: str) -> bool:
    return element.get(name) in ('true', '1')


def parse(element: Optional[Element], said: str, count: Optional[int]) -> Optional[tuple]:
    """What is said in a <resume/> or a <resumed/>, the count, both positions, and the proof."""
    if element is None or count is None or len(element) or element.text:
        return None
    numbers = [number(element.get(name), 2**63 - 1) for name in ('received', 'acknowledged')]
    proof = element.get('proof') or ''
    mark = next((mark for mark in ('ended', 'unclean') if is_true(element, mark)), said)
    return (mark, count, *numbers, proof) if None not in numbers and re.fullmatch('[0-9a-f]{64}', proof) else None


def decode(text: Optional[str]) -> Optional[bytes]:
    with contextlib.suppress(ValueError):
        return base64.b64decode(''.join((text or '').split()), validate=True)
    return None


def outcome(iq: Iq) -> str:
    return 'result' if iq['type'] == 'result' else f"{iq['error']['condition']}/{iq['error']['type']}"


class SecondPeer(peer.Peer):
    def __init__(self, options: dict) -> None:
        super().__init__(options)
        self.kept: list[Session] = []
        self.questions: dict[str, tuple[str, Callable[[Iq], object]]] = {}
        self.read_up_to: float = math.inf
        self.lost_seq: Optional[int] = None
        self.online = asyncio.Event()

    async def login(self) -> str:
        self.client = slixmpp_login.make_client()
        for feature in (IBB, EXTENSION):
            self.client['xep_0030'].add_feature(feature[1:-1])
        for name, handle in ((f'{IBB}open', self.open_came), (f'{IBB}data', self.data_came),
                             (f'{IBB}close', self.close_came), (f'{EXTENSION}resume', self.resume_came)):
            self.client.register_handler(Callback(
                name, MatchXPath(f'{{jabber:client}}iq/{name}'),
                lambda iq, name=name, handle=handle: iq['type'] == 'set' and handle(iq, iq.xml.find(name))))
        for kind in ('result', 'error'):
            self.client.register_handler(Callback(kind, StanzaPath(f'iq@type={kind}'), self.answer_came))
        self.client.add_event_handler('disconnected', self.disconnected)
        jid = await slixmpp_login.login(self.client)
        self.online.set()
        return jid

    def send(self, kind: str, to: str, stanza_id: str, payload: Optional[Element] = None) -> None:
        # slixmpp leaves out attributes that have a namespace.
        content = '' if payload is None else tostring(payload, encoding='unicode')
        self.client.send_raw(f'<iq type="{kind}" to={quoteattr(to)} id={quoteattr(stanza_id)}>{content}</iq>')

    def refuse(self, iq: Iq, condition: str, kind: str = 'cancel') -> None:
        error = Element('error', type=kind)
        SubElement(error, f'{{urn:ietf:params:xml:ns:xmpp-stanzas}}{condition}')
        self.send('error', str(iq['from']), iq['id'], error)

    def ask(self, to: str, payload: Element, answered: Callable[[Iq], object], stanza_id: str = '') -> None:
        stanza_id = stanza_id or uuid.uuid4().hex
        self.questions[stanza_id] = (to, answered)
        self.send('set', to, stanza_id, payload)

    async def answer(self, to: str, payload: Element) -> Iq:
        future = asyncio.get_running_loop().create_future()
        self.ask(to, payload, future.set_result)
        return await future

    def answer_came(self, iq: Iq) -> None:
        to, answered = self.questions.get(iq['id'], ('', None))
        if answered and to == str(iq['from']):
            del self.questions[iq['id']]
            answered(iq)

    def find(self, address: str, sid: Optional[str]) -> Optional[Session]:
        return next((session for session in self.kept if session.state != 'over'
                     and session.sid == sid and session.address == address), None)

    def open_came(self, iq: Iq, element: Element) -> None:
        sid, address, size = element.get('sid'), str(iq['from']), number(element.get('block-size'), 65535)
        if not sid or not size:
            self.refuse(iq, 'bad-request', 'modify')
            return
        if element.get('stanza', 'iq') != 'iq' or self.find(address, sid):
            self.refuse(iq, 'not-acceptable')
            return
        opened = Element(f'{EXTENSION}opened')
        longer = number(element.get(f'{EXTENSION}block-size'), 65535) or 0
        if longer > size:
            opened.set('block-size', str(longer))
        secret = element.get(f'{EXTENSION}secret') or ''
        if re.fullmatch('[0-9a-f]{32}', secret):
            opened.set('resumable', 'true')
        self.kept = [one for one in self.kept if one.state != 'over' or one.over_since + SECONDS > time.monotonic()]
        self.sessions[sid] = Session(sid, address, max(longer, size), secret if opened.get('resumable') else None)
        self.kept.append(self.sessions[sid])
        self.send('result', address, iq['id'], opened if opened.attrib else None)

    def data_came(self, iq: Iq, element: Element) -> None:
        session = self.find(str(iq['from']), element.get('sid'))
        seq, content = number(element.get('seq'), 65535), decode(element.text)
        if not session or (session.peer_close and not session.interrupted):
            self.refuse(iq, 'item-not-found')
            return
        if session.interrupted:
            return
        if seq == self.lost_seq is not None:
            self.lost_seq = None
            return
        if seq is None or content is None or len(content) > session.block_size:
            self.fail_block(session, iq, 'bad-request')
            return
        session.tells_room = session.tells_room or is_true(element, f'{EXTENSION}room')
        key = (iq['id'], seq, hashlib.sha256(content).digest())
        block = Block(key, session.stored + len(content), time.monotonic())
        ahead = (seq - session.expected) % 65536
        if any(one.key == key for one in session.delayed):
            return
        if repeated := next((one for one in session.last if one.key == key), None):
            self.acknowledge(session, repeated._replace(since=block.since))
        elif ahead >= 32768 and session.resumptions:
            self.send('result', session.address, iq['id'])
        elif ahead < 32768 and (ahead or len(session.unread) + len(content) > MOST) and (session.refuses or not ahead):
            session.refuses = True
            self.refuse(iq, 'resource-constraint', 'wait')
        elif not ahead:
            self.store(session, block, content)
        elif ahead < 32768 and session.secret:
            self.interrupt(session)
        else:
            self.fail_block(session, iq, 'unexpected-request')

    def fail_block(self, session: Session, iq: Iq, condition: str) -> None:
        self.read(session, True)
        self.refuse(iq, condition)
        self.give_up(session, condition)

    def store(self, session: Session, block: Block, content: bytes) -> None:
        session.refuses, session.without_progress = False, 0
        session.expected = (session.expected + 1) % 65536
        session.stored = block.end
        session.longest = max(session.longest, len(content))
        session.unread += content
        session.delayed.append(block)
        if session.timer:
            self.wait(session, 10, self.end)
        self.read(session)

    def acknowledge(self, session: Session, block: Block) -> None:
        told = None
        if session.tells_room:
            told = Element(f'{EXTENSION}ack', room=str(max(0, len(session.received) + ROOM - block.end)),
                           delay=str(int((time.monotonic() - block.since) * 1000000)))
        session.acknowledged = max(session.acknowledged, block.end)
        self.send('result', session.address, block.key[0], told)

    def read(self, session: Session, flush: bool = False) -> None:
        """The application reads, and results follow where there is room; flush: or not."""
        size = int(min(len(session.unread), max(0, self.read_up_to - len(session.received))))
        session.received += session.unread[:size]
        del session.unread[:size]
        while session.delayed and not session.interrupted and (
                flush or session.delayed[0].end <= len(session.received) + ROOM):
            session.last.append(session.delayed.popleft())
            self.acknowledge(session, session.last[-1])
        session.ended = session.at_end and not session.unread
        self.changed()

    def close_came(self, iq: Iq, element: Element) -> None:
        address = str(iq['from'])
        session = self.find(address, element.get('sid'))
        if not session and self.find(address, element.get(f'{EXTENSION}asked')):
            self.send('result', address, iq['id'])
        elif not session:
            self.refuse(iq, 'item-not-found')
        elif is_true(element, f'{EXTENSION}unclean'):
            session.interrupted = False
            self.read(session, True)
            reason = (element.get(f'{EXTENSION}condition'), element.get(f'{EXTENSION}text'))
            self.end(session, ': '.join(filter(None, reason)) or 'unclean')
            self.send('result', address, iq['id'])
        elif session.interrupted:
            return
        elif session.peer_close and session.peer_close['id'] != iq['id']:
            self.refuse(iq, 'item-not-found')
        else:
            session.peer_close, session.at_end = iq, True
            self.read(session, True)
            session.writes_no_more |= not self.options.get('holds') or not is_true(element, f'{EXTENSION}reads')
            if session.state == 'shut':
                self.send('result', address, iq['id'])
                self.wait(session, 10, self.end)
            else:
                session.state = 'closed'
                self.answer_close(session)

    def answer_close(self, session: Session) -> None:
        if session.state == 'closed' and session.writes_no_more and not session.interrupted:
            self.send('result', session.address, session.peer_close['id'])
            session.state = 'shut'
            self.end(session)

    def send_close(self, session: Session, stanza_id: str, element: Element) -> None:
        self.ask(session.address, element, lambda iq: self.close_answered(session, iq), stanza_id)
        if not session.reads_on():
            self.wait(session, 10, self.end)

    def close_answered(self, session: Session, iq: Iq) -> None:
        if iq['type'] == 'result' or not session.reads_on():
            self.end(session)
        elif session.secret and iq['error']['condition'] in UNREACHABLE:
            self.interrupt(session)
        else:
            self.end(session, iq['error']['condition'])

    def end(self, session: Session, error: Optional[str] = None) -> None:
        if session.state == 'over':
            return
        if session.state == 'closed' and self.online.is_set():
            self.refuse(session.peer_close, 'item-not-found')
        session.state, session.interrupted, session.at_end = 'over', False, True
        session.error, session.over_since = error, time.monotonic()
        session.delayed.clear()
        session.stop_timer()
        self.read(session)

    def give_up(self, session: Session, condition: str, text: str = '') -> None:
        """Ends it in disorder, and tells the peer."""
        if session.interrupted:
            payload = session.say('resume', 'unclean', 0)
        else:
            payload = Element(f'{IBB}close', {'sid': session.sid, f'{EXTENSION}unclean': 'true',
                                              f'{EXTENSION}condition': condition, f'{EXTENSION}text': text})
        self.ask(session.address, payload, lambda iq: None)
        self.end(session, condition)

    async def disconnected(self, _event: object) -> None:
        self.online.clear()
        self.questions.clear()
        for session in self.kept:
            session.stop_timer()
            session.interrupted = session.state != 'over'
            if not session.secret:
                self.end(session, 'disconnected')
        await slixmpp_login.login(self.client)
        self.online.set()
        for session in self.kept:
            if session.interrupted:
                self.interrupt(session)

    def interrupt(self, session: Session) -> None:
        session.interrupted = True
        if self.online.is_set():
            self.question(session, 5, 2)

    def question(self, session: Session, silent: int, refused: int) -> None:
        """silent, refused: the seconds to the next one without an answer, and after an error."""
        if session.without_progress > SECONDS:
            self.give_up(session, 'remote-server-timeout')
            return
        session.count += 1
        count = session.count

        # At once: the blocks behind the answer are of the session that goes on.
        def answered(iq: Iq) -> None:
            if session.interrupted and count == session.count and not self.take_answer(session, count, iq):
                self.wait(session, refused, self.question, silent, min(2 * refused, 60))

        self.ask(session.address, session.say('resume', 'resume', count), answered)
        self.wait(session, silent, self.question, min(2 * silent, 300), refused)

    def wait(self, session: Session, seconds: int, then: Callable, *arguments: object) -> None:
        session.stop_timer()
        session.without_progress += seconds
        session.timer = asyncio.get_running_loop().call_later(seconds, then, session, *arguments)

    def take_answer(self, session: Session, count: int, iq: Iq) -> bool:
        """Whether it tells how the session goes on."""
        told = parse(iq.xml.find(f'{EXTENSION}resumed'), 'resumed', count)
        if outcome(iq) == 'item-not-found/cancel':
            self.end(session, 'item-not-found' if session.reads_on() else None)
        elif not told or not session.proves(told) or any(told[2:4]):
            return False
        elif told[0] == 'ended':
            self.end(session)
        else:
            self.go_on(session, session.address)
        return True

    def go_on(self, session: Session, address: str) -> None:
        session.interrupted, session.address = False, address
        if session.peer_close:
            session.peer_close['from'] = address
        session.resumptions += 1
        session.stop_timer()
        self.read(session)
        if session.own_close:
            self.send_close(session, *session.own_close)
        self.answer_close(session)

    def resume_came(self, iq: Iq, element: Element) -> None:
        sid, address = element.get('sid'), str(iq['from'])
        asked = parse(element, 'resume', number(element.get('count'), 2**32 - 1))
        if not sid or not asked:
            self.refuse(iq, 'bad-request', 'modify')
            return
        session = next((one for one in self.kept if one.secret and one.sid == sid
                        and one.address.partition('/')[0] == iq['from'].bare and one.proves(asked)), None)
        if not session or (session.state == 'over' and (asked[0] != 'resume' or session.error)):
            self.refuse(iq, 'item-not-found')
        elif asked[0] != 'resume':
            self.send('result', address, iq['id'])
            self.end(session, 'unclean' if asked[0] == 'unclean' else None)
        elif session.state == 'over':
            self.send('result', address, iq['id'], session.say('resumed', 'ended', asked[1]))
        # Nothing was sent from here, and 0 is the only position.
        elif asked[1] <= session.peer_count or any(asked[2:4]):
            self.refuse(iq, 'unexpected-request')
        elif self.find(address, sid) not in (None, session):
            self.refuse(iq, 'conflict')
        else:
            session.peer_count = asked[1]
            self.send('result', address, iq['id'], session.say('resumed', 'resumed', asked[1]))
            self.go_on(session, address)

    async def do_pause(self, at: Optional[int]) -> None:
        """Its readers stop after so many bytes; None: they go on."""
        self.read_up_to = math.inf if at is None else at
        for session in self.kept:
            self.read(session)

    async def do_stored(self, sid: str, size: int) -> None:
        await self.until(lambda: self.sessions[sid].stored >= size)

    async def do_lose(self, seq: int) -> None:
        self.lost_seq = seq

    async def do_cut(self) -> None:
        self.online.clear()
        self.client.abort()
        await self.online.wait()

    async def do_close(self, sid: str, reads: bool = True) -> None:
        session = self.sessions[sid]
        session.state, session.own_close = 'shut', (uuid.uuid4().hex, Element(
            f'{IBB}close', {'sid': sid, f'{EXTENSION}reads': 'true' if reads else 'false'}))
        self.send_close(session, *session.own_close)

    async def do_finish(self, sid: str) -> None:
        self.sessions[sid].writes_no_more = True
        self.answer_close(self.sessions[sid])

    async def do_abort(self, sid: str, condition: str, text: str) -> None:
        self.give_up(self.sessions[sid], condition, text)

    async def do_ask(self, to: str, asked: str) -> str:
        """What the peer answers to the question for a session."""
        return outcome(await self.answer(to, Element(f'{IBB}close', {'sid': 'none', f'{EXTENSION}asked': asked})))

    async def do_resume(self, of: str, said: str = 'resume', count: int = 0, **others: str) -> str:
        """What the peer answers to a <resume/>, with others instead of the right attributes."""
        session = self.sessions[of]
        iq = await self.answer(session.address, session.say('resume', said, count, **others))
        told = parse(iq.xml.find(f'{EXTENSION}resumed'), 'resumed', count)
        return told[0] if told and session.proves(told) else outcome(iq)


peer.main(SecondPeer)
