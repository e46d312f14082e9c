#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whether the tests of the core would notice: deliberate faults, one at a time.

usage: mutations.py [-j JOBS] [--all] [NAME ...]
Copies the tree to a temporary folder, builds the core with its unit tests and
the simulation, and for each fault below, or those named: applies it, builds,
and runs the unit tests, then, unless one of those fails, each profile of the
simulation for a bounded number of schedules, until one fails. Prints a table;
fails when a fault was caught by nothing. The text of a fault has to stand in its
file exactly once.
"""

import argparse
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
CORE = 'ibb-glib/core/'
COUNTS = {'clean': 300, 'faulty': 500, 'timing': 500, 'closing': 500, 'peers': 500,
          'hostile': 40, 'shared': 100, 'crowd': 20, 'bulk': 10, 'wrap': 1}
TIME_LIMIT = 20  # seconds for one program: a fault may well hang it

# name, file, text, replacement, what it breaks; several texts in a list
MUTATIONS = [
    ('wrap', 'receiver.c', '  receiver->next_seq++;\n',
     '  receiver->next_seq = (guint16) ((receiver->next_seq + 1) % 65535);\n',
     'N-18: the number after 65534 is 0'),
    ('wrap-compare', 'receiver.c', '(guint16) (stanza->seq - receiver->next_seq) < 32768',
     'stanza->seq >= receiver->next_seq',
     'D-23: refusals across the wrap are taken for wrong numbers'),
    ('no-retry', 'reply.c',
     '    case IBB_CONDITION_REMOTE_SERVER_TIMEOUT:\n      return RETRY;',
     '    case IBB_CONDITION_REMOTE_SERVER_TIMEOUT:\n      return FINAL;',
     'D-25: a passing error is final'),
    ('retry-off-by-one', 'reply.c', 'sender->retries >= self->engine->settings.max_retries',
     'sender->retries > self->engine->settings.max_retries', 'D-26: one attempt too many'),
    ('no-backoff', 'reply.c', '    wait *= settings->wait_backoff_factor;',
     '    wait *= 1.0;', 'D-26: the waits do not grow'),
    ('new-number', 'reply.c', '      sender->next_seq = block->seq;\n', '',
     'D-16: blocks that are cut anew get new numbers'),
    ('close-before-flush', 'closing.c',
     'self->state != IBB_SESSION_OPEN || !ibb_sender_is_drained (self)',
     'self->state != IBB_SESSION_OPEN', 'N-36: close overtakes what was written'),
    ('never-parked', 'parking.c', '  sender->parked = TRUE;\n', '  sender->parked = FALSE;\n',
     'D-50: a stalled reader stops the others'),
    ('parked-without-answer', 'parking.c',
     'engine->ping_unanswered || engine->local_normal == NULL', 'TRUE',
     'D-50: congestion is taken for slow readers'),
    ('parked-by-old-answer', 'parking.c', ' && first->sender.late_since <= sent &&', ' &&',
     'D-50: so it is after an answer to what left before'),
    ('parked-for-good', 'parking.c', 'end == sender->parked_until && now - sent <', 'FALSE && now - sent <',
     'D-50: one block at a time for the rest of the session'),
    ('unparked-late', 'parking.c', ' && now - sent < get_patience (self))', ')',
     'D-50: a slow reader is in the shared count again and again'),
    ('parked-goes-on', 'parking.c', '    self->sender.parked_until = block->end;\n', '    (void) block;\n',
     'D-50: all of it when the first acknowledgement comes'),
    ('late-goes-on', 'parking.c', '  return !is_late (self) &&', '  return',
     'D-50: who is overdue asks on its own behalf'),
    ('late-kept', 'parking.c', '  if (now < get_overdue_time (self))\n    leave_late (self);\n', '',
     'D-50: late after the acknowledgement came'),
    ('many-pings', 'parking.c', '  if (engine->ping == NULL)\n    send_ping', '  send_ping',
     'D-50: more than one ping under way'),
    ('ping-not-cleared', 'parking.c',
     '  ibb_parking_forget_ping (engine);\n  ibb_parking_note_answer (engine, engine->ping_sent);\n',
     '  ibb_parking_note_answer (engine, engine->ping_sent);\n',
     'D-50: the server is asked once and never again'),
    ('ping-in-vain', 'parking.c', '  if (first == NULL || !has_room (first))',
     '  if (first == NULL)', 'D-50: pings without end, though nothing can be parked'),
    ('ping-kept', 'session.c', '    ibb_parking_forget_ping (engine);\n', '    ;\n',
     'D-50: a ping outlives the last session'),
    ('ping-awaited', 'parking.c', '  engine->ping_unanswered = TRUE;\n', '  (void) engine;\n',
     'D-50: a server that answers no ping is waited for without end'),
    ('probe-kept', 'peer.c', '  forget_query (self);\n  forget_probe (self);\n',
     '  forget_query (self);\n', 'D-27: a probe outlives the last session'),
    ('query-kept', 'peer.c', '  forget_query (self);\n  forget_probe (self);\n',
     '  forget_probe (self);\n', 'D-29: a query outlives the last session'),
    ('sid-only', 'engine.c',
     ['(g_str_hash (session->peer_normal) * 31)',
      '         g_str_equal (session_a->peer_normal, session_b->peer_normal) &&\n'], ['0', ''],
     'D-01: a session belongs to whoever knows its sid'),
    ('any-sender', 'incoming.c', 'pending == NULL || !reply_fits (self, pending, stanza, from)',
     'pending == NULL', 'D-33: anybody acknowledges'),
    ('servers-deaf', 'incoming.c',
     ' || strcmp (domain, from) == 0 || is_own_server (self, from);', ';',
     'N-31: the errors of servers that heed rules are not heard'),
    ('rules-anywhere', 'sender.c', 'return self->peer_server->heeds_rules;', 'return TRUE;',
     'N-31: rules go to a server that may not know them'),
    ('deliver-twice', 'receiver.c',
     '    ibb_engine_repeat_result (self->engine, stanza);',
     '    store (self, stanza, digest, now);',
     'D-20: a repeated block is delivered again'),
    ('forget-repeated', 'receiver.c', '  remember (self, digest);\n', '',
     'D-20: a repeated block is a wrong number'),
    ('ack-at-once', 'receiver.c',
     'held->end <= self->receiver.read + get_receive_buffer_size (self)', 'TRUE',
     'D-22: a slow reader stops nobody'),
    ('no-drip', 'receiver.c', '(may_drip (self) && now >= held->arrived + IBB_ACK_DELAY)', 'FALSE',
     'H-02: no acknowledgement for who gives up after 5 s'),
    ('no-bound', 'receiver.c', '  return receiver->held_bytes + length <= held_max &&',
     '  return TRUE || receiver->held_bytes + length <= held_max &&',
     'D-23: who does not wait fills the memory'),
    ('consume-refused', 'receiver.c', '  receiver->refusing = TRUE;\n',
     '  receiver->refusing = TRUE;\n  receiver->next_seq++;\n',
     'B-07: a refused block spends its number'),
    ('clean-after-refusal', 'closing.c',
     'unclean || receiver->refusing || receiver->answered_error',
     'unclean || receiver->answered_error',
     'D-45: a refused block is outstanding and the end looks clean'),
    ('clean-after-final', 'closing.c',
     '  if (self->sender.refused_for_good)\n    return FALSE;\n', '',
      'D-45: an end after a final refusal looks clean'),
    ('beside-repetition', 'reply.c', '  sender->one_block = TRUE;\n', '',
     'B-07: a later acknowledgement stands for a spent number'),
    ('unmarked', 'closing.c', 'make_close (self, id, TRUE)', 'make_close (self, id, FALSE)',
     'D-49: an abort looks like a clean end'),
    ('lost-is-clean', 'engine.c',
     '  ibb_failure_set (&failure, IBB_FAILURE_CONNECTION_LOST);\n  sessions',
     '  sessions', 'D-42, B-03: a lost stream looks like a clean end'),
    ('window-too-early', 'sender.c',
     '  if (!self->sender.acknowledged || self->sender.one_block ||',
     '  if (self->sender.one_block ||', 'D-29: several blocks before the first acknowledgement'),
    ('window-untrusted', 'sender.c',
     '      if (peer->order != IBB_ORDER_KEPT)\n        return 0;\n',
     '', 'D-29: several blocks for a peer that may reorder'),
    ('half-the-numbers', 'sender.c', 'sender->n_sent >= IBB_BLOCKS_IN_FLIGHT_MAX', 'FALSE',
     'N-16: so many blocks in flight that numbers are ambiguous'),
    ('hole', 'reply.c',
     'first != block && first->state == IBB_BLOCK_REFUSED && !self->peer->has_our_feature',
     'FALSE', 'B-07: a later acknowledgement hides a refused block'),
    ('too-large', 'sender.c', '  return CLAMP (limit, 1, size);', '  return size;',
     'D-16: stanzas longer than the server takes'),
    ('short-block', 'receiver.c',
     '         g_bytes_get_size (stanza->bytes) <= self->block_size &&\n', '',
     'D-17: blocks larger than agreed'),
    ('eager-message', 'sender.c',
     '  if (self->carrier == IBB_CARRIER_MESSAGE || !ibb_parking_may_send (self) ||',
     '  if (!ibb_parking_may_send (self) ||',
     'D-35: a message before the last was handed over'),
    ('no-linger', 'closing.c', '    self->linger_until = now + IBB_LINGER;\n', '',
     'D-38: who never takes the rest is waited for without end'),
    ('early-lost', 'opening.c', '      process_early (session, now);\n', '',
     'D-24: blocks before the answer to an open are lost'),
    ('stray-open', 'incoming.c',
     '      ibb_engine_abandoned_open_answered (self, pending, stanza);\n', '',
     'D-15: an accepted open that nobody waits for stays open at the peer'),
    ('duplicate-open', 'opening.c',
     'self->stopped || ibb_engine_has_session (self, local, peer, open->sid)', 'self->stopped',
     'D-05: a second open replaces the session'),
    ('unread-forgotten', 'receiver.c', '  forget_unread (self, length);\n  if (self->state',
     '  if (self->state', 'D-23: what was read counts as unread'),
    ('late-register', 'reply.c', 'sender->early_retries < EARLY_RETRIES',
     'sender->early_retries < 0', 'D-32: no second attempt with a late opener'),
    ('time-goes-on', 'engine.c',
     '  return (self->suspended ? self->suspended_at : now) - self->stood;', '  return now;',
     'D-42: time-outs run out while the stream is suspended'),
    ('sends-suspended', 'engine.c', '  if (self->suspended)\n    return NULL;\n', '',
     'D-42: stanzas are taken while there is no stream'),
    ('outage-sampled', 'reply.c', ' &&\n      block->sent >= self->engine->resumed_at', '',
     'D-42: an outage is taken for a round trip'),
    ('handed-is-sent', 'sender.c',
     '  self->sender.handed = MAX (self->sender.handed, block->end);\n',
     '  self->sender.handed = MAX (self->sender.handed, block->end);\n'
     '  if (block->state == IBB_BLOCK_SENT && self->carrier == IBB_CARRIER_MESSAGE)\n'
     '    give_message (self, block, 0);\n',
     'D-35: a message counts as sent before the server has it'),
    ('refused-again', 'reply.c',
     '  sender->one_block_ever = sender->n_refusals >= REFUSALS_MAX;\n', '',
     'D-30: several blocks in flight however often they are refused'),
    ('whole-window', 'reply.c', 'MAX (sender->refused_flight / 2, self->block_size)',
     'MAX (sender->refused_flight, self->block_size)',
     'D-30: as much in flight as was refused'),
    ('refused-after-close', 'reply.c', '(several && self->peer_closed) ||', 'FALSE ||',
     'D-30: refused blocks go again to a peer that has closed'),
    ('shorter-than-floor', 'reply.c',
     'MAX (g_bytes_get_size (block->bytes) / 2, (gsize) IBB_SENDING_SIZE_MIN)',
     '(g_bytes_get_size (block->bytes) / 2)', 'D-16: blocks shorter than the floor'),
    ('larger-window', 'flow.h', 'SESSION_MAX (4 * 1024', 'SESSION_MAX (16 * 1024',
     'D-29: more than 4 MiB of one session in flight'),
    ('set-without-bound', 'sender.c', 'MIN (MIN (window, IBB_FLOW_SESSION_MAX), ', 'MIN (window, ',
     'D-29: as much in flight as the application says'),
    ('fixed-buffer', 'sender.c', '  return MAX (size, 2 * self->sender.in_flight);',
     '  return size;', 'D-31: the send buffer does not grow with the window'),
    ('unused-unconfirmed', 'closing.c',
     '(self->carrier == IBB_CARRIER_IQ || self->sender.written == 0)',
     'self->carrier == IBB_CARRIER_IQ',
     'D-37: a close without anything written fails for its answer'),
    ('unused-unanswered', 'closing.c',
     'self->carrier == IBB_CARRIER_MESSAGE && self->sender.written > 0 &&',
     'self->carrier == IBB_CARRIER_MESSAGE &&',
     'D-37: a close without anything written fails without an answer'),
    ('crossing-untimed', 'closing.c',
     '        self->close_at = now + get_close_timeout (self);\n', '        ;\n',
     'D-40: the answer to a crossing close is awaited without end'),
    ('agreed-larger', 'opening.c', 'expectation->block_size != open->block_size))',
     'expectation->block_size < open->block_size))',
     'N-47: a smaller block size than was agreed is accepted'),
    ('agreed-halved', 'opening.c', '  session->fallback = !open->fixed_block_size;',
     '  session->fallback = TRUE;', 'N-46: what was agreed is bargained over again'),
    ('acks-after-shutdown', 'receiver.c', '  return held->end <= self->receiver.read',
     '  return self->shutdown || held->end <= self->receiver.read',
     'D-22: a slow reader stops nobody after shutdown_output'),
    ('half-share', 'receiver.c', 'receive_memory_limit / (2 * n)', 'receive_memory_limit / (4 * n)',
     'D-23: a session is sure of less than its share'),
    ('double-share', 'receiver.c', 'receive_memory_limit / (2 * n)', 'receive_memory_limit / n',
     'D-23: past the limit a session has more than its share'),
    ('share-of-one', 'receiver.c', '  return MAX (2 * (gsize) self->block_size, engine->settings',
     '  return MAX ((gsize) self->block_size, engine->settings',
     'D-23: a session is sure of one block only'),
    ('no-share', 'receiver.c',
     ' &&\n         self->receiver.queue.length > get_share (self);', ';',
     'D-23: one stalled session stops all others'),
    ('drips-past-limit', 'receiver.c',
     '2 * get_receive_buffer_size (self) && !is_beyond_share (self) &&',
     '2 * get_receive_buffer_size (self) &&', 'D-23: past the limit blocks drip in'),
    ('stores-past-limit', 'receiver.c', 'IBB_BLOCKS_IN_FLIGHT_MAX && !is_beyond_share (self);',
     'IBB_BLOCKS_IN_FLIGHT_MAX;', 'D-23: past the limit more than one block is stored'),
]


def run(arguments, **options):
    return subprocess.run(arguments, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors='replace', **options)


def mutate(name, whole, texts, replacements):
    if isinstance(texts, str):
        texts, replacements = [texts], [replacements]
    for text, replacement in zip(texts, replacements, strict=True):
        n = whole.count(text)
        assert n == 1, f'{name}: its text stands {n} times in its file'
        whole = whole.replace(text, replacement)
    return whole


def copy_tree():
    folder = pathlib.Path(tempfile.mkdtemp(prefix='ibb-mutations-'))
    shutil.copytree(ROOT, folder / 'tree', symlinks=True,
                    ignore=shutil.ignore_patterns('.git', 'build', '_build', '__pycache__'))
    return folder


def set_up(folder, jobs):
    """The names of the programs that are to be built and run."""
    build = folder / 'build'
    done = run(['meson', 'setup', build, folder / 'tree', '-Doptimization=1'])
    if done.returncode != 0:
        sys.exit(done.stdout)
    listing = run(['ninja', '-C', build, '-t', 'targets', 'all']).stdout
    targets = {line.split(':')[0] for line in listing.splitlines()}
    meson_file = (folder / 'tree/tests/unit/meson.build').read_text(encoding='utf-8')
    names = meson_file.split('engine_unit_tests = [')[1].split(']')[0]
    names = ['engine-' + name for name in names.replace(',', ' ').replace("'", ' ').split()]
    names += ['base64', 'byte-queue', 'condition', 'flow', 'jid', 'stanza', 'timer']
    unit = [f'tests/unit/unit-{name}' for name in names]
    assert targets.issuperset(unit), 'a unit test has another name'
    programs = unit + ['tests/simulation/simulate']
    make(folder, programs, jobs)
    return programs


def make(folder, programs, jobs):
    done = run(['ninja', f'-j{jobs}', '-C', folder / 'build', *programs])
    if done.returncode != 0:
        sys.exit(f'does not build:\n{done.stdout[-3000:]}')


def fails(program, *arguments):
    """What a program says when it does not succeed in time."""
    environment = dict(os.environ, G_DEBUG='')
    try:
        done = run([program, *arguments], timeout=TIME_LIMIT, env=environment)
    except subprocess.TimeoutExpired:
        return 'no end in time'
    if done.returncode == 0:
        return None
    lines = [line for line in done.stdout.splitlines()
             if line.startswith(('not ok', 'Bail out')) or ': at ' in line or 'died' in line]
    return (lines or ['failed'])[0]


def check(folder, programs, both):
    """The first unit test and the first profile that fail."""
    build = folder / 'build'
    unit = simulation = None
    for program in programs[:-1]:
        if unit is None and (said := fails(build / program)):
            unit = program.removeprefix('tests/unit/unit-') + ': ' + said
    if both or unit is None:
        for profile, count in COUNTS.items():
            arguments = ['--profile', profile, '--count', str(count)]
            if simulation is None and fails(build / programs[-1], *arguments):
                simulation = profile
    return unit, simulation


def shorten(unit):
    """The function that failed, from a line of TAP."""
    if unit is None:
        return '–'
    function = re.search(r':(test_\w+):', unit)
    return unit.split(':')[0] + (f', {function[1]}' if function else '')


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('-j', type=int, default=os.cpu_count(), metavar='JOBS', dest='jobs')
    parser.add_argument('--all', action='store_true', dest='both',
                        help='run the simulation even where a unit test fails')
    parser.add_argument('names', nargs='*', metavar='NAME')
    arguments = parser.parse_args()

    wanted = [m for m in MUTATIONS if not arguments.names or m[0] in arguments.names]
    for name, file, texts, replacements, _ in MUTATIONS:
        mutate(name, (ROOT / CORE / file).read_text(encoding='utf-8'), texts, replacements)

    folder = copy_tree()
    survived = []
    try:
        programs = set_up(folder, arguments.jobs)
        assert check(folder, programs, True) == (None, None), 'fails without any fault'
        print('| fault | what it breaks | unit test | simulation |')
        print('| --- | --- | --- | --- |', flush=True)
        for name, file, texts, replacements, what in wanted:
            path = folder / 'tree' / CORE / file
            whole = path.read_text(encoding='utf-8')
            path.write_text(mutate(name, whole, texts, replacements), encoding='utf-8')
            make(folder, programs, arguments.jobs)
            unit, simulation = check(folder, programs, arguments.both)
            path.write_text(whole, encoding='utf-8')
            os.utime(path, (time.time() + 1,) * 2)
            print(f'| {name} | {what} | {shorten(unit)} | {simulation or "–"} |', flush=True)
            if unit is None and simulation is None:
                survived.append(name)
    finally:
        shutil.rmtree(folder)
    print(f'{len(wanted) - len(survived)} of {len(wanted)} caught'
          + (', survived: ' + ' '.join(survived) if survived else ''))
    return 1 if survived else 0


if __name__ == '__main__':
    sys.exit(main())
