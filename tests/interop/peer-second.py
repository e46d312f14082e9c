# SPDX-License-Identifier: LGPL-2.1-or-later
"""The receiving half of urn:ibb-glib:1, as peer.py says: written after doc/extension.md alone, with slixmpp for the
XML stream, so that it shows whether the page says enough. Its end has nothing to send."""

import base64
import binascii
import collections
import hashlib
import hmac
import os
import re
import sys
import xml.etree.ElementTree as ET

from slixmpp.xmlstream.handler import Callback
from slixmpp.xmlstream.matcher.base import MatcherBase

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import peer  # noqa: E402
import slixmpp_login  # noqa: E402

IN_BAND = 'http://jabber.org/protocol/ibb'
EXTENSION = 'urn:ibb-glib:1'
STANZAS = 'urn:ietf:params:xml:ns:xmpp-stanzas'
BUFFER = 65536  # bytes: what is stored and not read
LONGEST = 32768  # bytes of a block
RECENT = 64
TRUE = 'true', '1'
LARGEST = 2 ** 63 - 1


def u(name):
    return f'{{{EXTENSION}}}{name}'


def number(element, name, most):
    """-1: there is none, or it is malformed."""
    text = (element.get(name) or '').strip()
    return int(text) if re.fullmatch('[0-9]{1,20}', text) and int(text) <= most else -1


def bare(jid):
    return jid.partition('/')[0]


class Matches(MatcherBase):
    def match(self, xml):
        return self._criteria(xml)


class Session:
    """What this end knows of one, and of its blocks."""

    def __init__(self, ends, sid, result):
        self.own, self.peer = ends
        self.sid = sid
        self.result = result  # for the application
        self.longest = self.resumptions = 0  # bytes of a block; how often it went on
        self.secret, self.block_size = None, 0
        self.state = 'open'
        self.interrupted = self.resumed = False
        self.next, self.stored, self.acknowledged, self.read = 0, 0, 0, 0
        self.delayed = collections.deque()  # the ids of blocks, and where these end
        self.recent = collections.deque(maxlen=RECENT)
        self.waiting = []  # not read
        self.limit = None  # once a block has asked
        self.their_close = self.own_close = None
        self.count = self.their_count = 0
        self.attempts = 0  # since the interruption

    def prove(self, kind, role, count, positions):
        text = '\n'.join(map(str, (kind, role, self.sid, count, *positions)))
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    def is_proven(self, element, kind, count, positions):
        return hmac.compare_digest(element.get('proof', ''), self.prove(kind, 'initiator', count, positions))


class SecondPeer(peer.Peer):
    def __init__(self, options):
        super().__init__(options)
        self.of_name = {}  # sessions by the account of the peer and the sid
        self.questions = {}  # the sessions by the ids of our requests
        self.last_id = 0
        self.pause_at = self.lose_at = None

    async def login(self):
        self.client = slixmpp_login.make_client()
        for feature in IN_BAND, EXTENSION:
            self.client['xep_0030'].add_feature(feature)
        self.client.register_handler(Callback('second', Matches(self._is_ours), self._take, instream=True))
        return await slixmpp_login.login(self.client)

    def _is_ours(self, stanza):
        iq = stanza.xml
        if not iq.tag.endswith('}iq'):
            return False
        if iq.get('type') in ('result', 'error'):
            return iq.get('id') in self.questions
        return iq.get('type') == 'set' and len(iq) == 1 and iq[0].tag[1:].partition('}')[0] in (IN_BAND, EXTENSION)

    # What leaves.

    def _send(self, kind, to, id_, child=None):
        iq = ET.Element('{jabber:client}iq', {'type': kind, 'to': to, 'id': id_})
        if child is not None:
            iq.append(child)
        self.client.send_raw(ET.tostring(iq, encoding='unicode'))

    def _answer(self, iq, child=None):
        self._send('result', iq.get('from'), iq.get('id'), child)

    def _refuse(self, iq, condition, kind='cancel'):
        error = ET.Element('{jabber:client}error', {'type': kind})
        ET.SubElement(error, f'{{{STANZAS}}}{condition}')
        self._send('error', iq.get('from'), iq.get('id'), error)

    def _request(self, session, child, id_=None):
        if id_ is None:
            self.last_id += 1
            id_ = f'second-{self.last_id}'
        self.questions[id_] = session
        self._send('set', session.peer, id_, child)
        return id_

    def _close(self, session, **marks):
        close = ET.Element(f'{{{IN_BAND}}}close', {'sid': session.sid})
        for name, value in marks.items():
            close.set(u(name), value)
        return self._request(session, close, None if 'unclean' in marks else session.own_close)

    # What arrives.

    def _take(self, stanza):
        iq = stanza.xml
        if iq.get('type') in ('result', 'error'):
            self._take_answer(self.questions.pop(iq.get('id')), iq)
            return
        element = iq[0]
        name = element.tag.rpartition('}')[2]
        key = bare(iq.get('from')), element.get('sid', '').strip()
        session = self.of_name.get(key)
        if element.tag == u('resume'):
            self._take_resume(session, iq, element)
        elif name == 'open':
            self._take_open(key, session, iq, element)
        elif session is None or session.peer != iq.get('from') or session.state == 'over':
            asked = self.of_name.get((key[0], element.get(u('asked'), '').strip()))
            if name == 'close' and asked and asked.peer == iq.get('from') and asked.state != 'over':
                self._answer(iq)
            else:
                self._refuse(iq, 'item-not-found')
        elif session.interrupted:
            if name == 'close' and element.get(u('unclean')) in TRUE:
                self._take_close(session, iq, element)
        elif name == 'close':
            self._take_close(session, iq, element)
        elif name == 'data':
            self._take_block(session, iq, element)
        else:
            self._refuse(iq, 'feature-not-implemented')
        self.changed()

    def _take_open(self, key, session, iq, element):
        size = number(element, 'block-size', 65535)
        if size < 1 or not key[1]:
            self._refuse(iq, 'bad-request', 'modify')
            return
        if (session and session.state != 'over') or element.get('stanza', 'iq') != 'iq':
            self._refuse(iq, 'not-acceptable')
            return
        session = self.of_name[key] = Session((iq.get('to'), iq.get('from')), key[1], self.session(key[1]))
        session.result.stream = session
        session.block_size = size
        opened = ET.Element(u('opened'))
        secret = element.get(u('secret'), '')
        if re.fullmatch('[0-9a-f]{32}', secret):
            session.secret = secret
            opened.set('resumable', 'true')
        longer = number(element, u('block-size'), 65535)
        if size < longer <= LONGEST:
            session.block_size = longer
            opened.set('block-size', str(longer))
        self._answer(iq, opened if opened.keys() else None)

    # Blocks.

    def _take_block(self, session, iq, element):
        seq = number(element, 'seq', 65535)
        try:
            content = base64.b64decode(''.join((element.text or '').split()), validate=True)
        except (binascii.Error, ValueError):
            content = None
        if seq < 0 or content is None or len(content) > session.block_size or len(element):
            self._fail(session, iq, 'bad-request')
            return
        block = iq.get('id'), seq, content
        is_behind = (seq - session.next) % 65536 >= 32768
        if seq == session.next:
            if seq == self.lose_at:
                self.lose_at = None  # as if a server had lost it
                return
            self._store(session, element, block)
        elif any(id_ == block[0] for id_, _end in session.delayed) and block in session.recent:
            return
        elif block in session.recent or (session.resumed and is_behind):
            self._answer(iq)
        elif not is_behind and session.secret:
            self._interrupt(session)
            self._ask(session)
        else:
            self._fail(session, iq, 'unexpected-request')

    def _store(self, session, element, block):
        session.next = (session.next + 1) % 65536
        session.stored += len(block[2])
        session.recent.append(block)
        session.waiting.append(block[2])
        session.longest = max(session.longest, len(block[2]))
        session.delayed.append((block[0], session.stored))
        if element.get(u('room')) in TRUE:
            session.limit = max(session.limit or 0, session.read + BUFFER)
        self._read(session)

    def _read(self, session):
        """What the application does, and then the results that this makes possible."""
        while session.waiting and (self.pause_at is None or session.read < self.pause_at):
            content = session.waiting.pop(0)
            session.read += len(content)
            session.result.received += content
        if session.interrupted:
            return
        while session.delayed and session.delayed[0][1] <= max(session.read + BUFFER, session.limit or 0):
            self._acknowledge(session)

    def _acknowledge(self, session):
        id_, end = session.delayed.popleft()
        session.acknowledged = end
        ack = None
        if session.limit is not None:
            session.limit = max(session.limit, session.read + BUFFER)
            ack = ET.Element(u('ack'), {'room': str(session.limit - end), 'delay': '0'})
        self._send('result', session.peer, id_, ack)

    # Closes.

    def _take_close(self, session, iq, element):
        if element.get(u('unclean')) in TRUE:
            while session.delayed and not session.interrupted:
                self._acknowledge(session)
            self._answer(iq)
            self._end(session, element.get(u('condition'), 'unclean') + ': ' + element.get(u('text'), ''))
        elif session.their_close is not None and session.their_close.get('id') != iq.get('id'):
            self._refuse(iq, 'item-not-found')
        else:
            session.their_close = iq
            session.result.ended = True
            if session.own_close:
                self._answer(iq)
            elif element.get(u('reads')) not in TRUE or not self.options.get('holds'):
                self._finish(session)

    def _finish(self, session):
        """This end writes no more, and has nothing that is not acknowledged: it never writes."""
        self._answer(session.their_close)
        self._end(session)

    def _end(self, session, error=None):
        session.state = 'over'
        session.result.ended = True
        session.interrupted = False
        session.result.error = error
        if error:  # one that has ended in order is remembered
            self.of_name.pop((bare(session.peer), session.sid), None)

    def _fail(self, session, iq, condition):
        while session.delayed:
            self._acknowledge(session)
        self._refuse(iq, condition)
        self._close(session, unclean='true')
        self._end(session, condition)

    def _take_answer(self, session, iq):
        if session.state == 'over':
            return
        if iq.get('id') == session.own_close:
            if iq.get('type') == 'result':
                self._end(session)
            elif session.secret:
                self._interrupt(session)
                self._ask(session)
            else:
                self._end(session, 'close')
        elif session.interrupted:
            self._take_answer_to_resume(session, iq)
        self.changed()

    # Interruptions.

    def _interrupt(self, session):
        session.interrupted = True
        session.attempts = 0

    def _ask(self, session):
        if not session.interrupted or session.state == 'over':
            return
        session.count += 1
        positions = session.stored, session.acknowledged
        child = ET.Element(u('resume'), {
            'sid': session.sid, 'count': str(session.count), 'received': str(positions[0]),
            'acknowledged': str(positions[1]),
            'proof': session.prove('resume', 'responder', session.count, positions)})
        asked = self._request(session, child)
        self._later(min(5 * 2 ** session.attempts, 300), session, asked)
        session.attempts += 1

    def _later(self, seconds, session, asked):
        def again():
            if asked is None or self.questions.pop(asked, None):
                self._ask(session)

        self.client.loop.call_later(seconds, again)

    def _take_answer_to_resume(self, session, iq):
        condition = [child.tag.rpartition('}')[2] for child in iq.iter() if child.tag.startswith(f'{{{STANZAS}}}')]
        resumed = iq[0] if iq.get('type') == 'result' and len(iq) == 1 and iq[0].tag == u('resumed') else None
        if resumed is not None:
            kind = 'ended' if resumed.get('ended') in TRUE else 'resumed'
            positions = number(resumed, 'received', LARGEST), number(resumed, 'acknowledged', LARGEST)
            if positions == (0, 0) and session.is_proven(resumed, kind, session.count, positions):
                if kind == 'ended':
                    self._end(session)
                else:
                    self._go_on(session)
                return
        if 'item-not-found' in condition:
            self._end(session, 'item-not-found')
        else:
            self._later(min(2 ** session.attempts, 60), session, None)

    def _take_resume(self, session, iq, element):
        count = number(element, 'count', 2 ** 32 - 1)
        positions = number(element, 'received', LARGEST), number(element, 'acknowledged', LARGEST)
        proof = element.get('proof', '')
        if count < 0 or min(positions) < 0 or not re.fullmatch('[0-9a-f]{64}', proof) or len(element):
            self._refuse(iq, 'bad-request', 'modify')
            return
        kind = 'unclean' if element.get('unclean') in TRUE else 'ended' if element.get('ended') in TRUE else 'resume'
        if session is None or not session.secret or not session.is_proven(element, kind, count, positions):
            self._refuse(iq, 'item-not-found')
        elif session.state == 'over':
            if kind == 'resume':
                self._say(session, iq, count, 'ended')
            else:
                self._refuse(iq, 'item-not-found')
        elif kind == 'unclean':
            self._answer(iq)
            self._end(session, 'unclean')
        elif positions != (0, 0) or (kind == 'resume' and count <= session.their_count):
            self._refuse(iq, 'unexpected-request')
        elif kind == 'ended':
            self._answer(iq)
            self._end(session)
        else:
            session.their_count = count
            session.own, session.peer = iq.get('to'), iq.get('from')
            self._say(session, iq, count, 'resumed')
            self._go_on(session)

    def _say(self, session, iq, count, kind):
        positions = session.stored, session.acknowledged
        child = ET.Element(u('resumed'), {'received': str(positions[0]), 'acknowledged': str(positions[1]),
                                          'proof': session.prove(kind, 'responder', count, positions)})
        if kind == 'ended':
            child.set('ended', 'true')
        self._answer(iq, child)

    def _go_on(self, session):
        session.interrupted = False
        session.resumed = True
        session.resumptions += 1
        if session.own_close:
            self._close(session, reads='true')
        self._read(session)

    # What the test tells this end to do.

    async def do_accept(self):
        pass

    async def do_report(self, sid, size=None):
        report = await super().do_report(sid, size)
        session = self.session(sid).stream
        return {**report, 'resumptions': session.resumptions, 'longest': session.longest}

    async def do_pause(self, at):
        """Reads no more of any session from there on. None: reads on."""
        self.pause_at = at
        for session in self.of_name.values():
            self._read(session)
        self.changed()

    async def do_stored(self, sid, size):
        await self.until(lambda: self.session(sid).stream and self.session(sid).stream.stored >= size)

    async def do_lose(self, seq):
        self.lose_at = seq

    async def do_close(self, sid):
        """Ends the direction of this end, which has not written."""
        session = self.session(sid).stream
        session.own_close = self._close(session, reads='true')

    async def do_finish(self, sid):
        self._finish(self.session(sid).stream)

    async def do_abort(self, sid, condition, text):
        session = self.session(sid).stream
        self._close(session, unclean='true', condition=condition, text=text)
        self._end(session, 'aborted')
        self.changed()

    async def do_cut(self):
        """Loses the connection, with what is on its way, and logs in again."""
        sessions = [one for one in self.of_name.values() if one.state != 'over' and one.secret]
        for session in sessions:
            self._interrupt(session)
        self.client.abort()
        await self.login()
        for session in sessions:
            self._ask(session)


peer.main(SecondPeer)
