#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Switches off each mechanism of flow control, and shows what the tests flow-sample and flow-targets miss then.

usage: tests/flow/ablation.py [--build FOLDER] [NAME...]
A build with all tests is needed. A mechanism that has no row here, and whose loss neither test
shows, is deleted.
"""

import argparse
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'simulation'))
from faulty_core import CORE, FaultyCore, find_build, run  # noqa: E402  pylint: disable=wrong-import-position

CONTROLLER = 'flow/controller.c'
WINDOW = 'flow/window.c'
FIRST_HOP = 'peer/first-hop.c'
NEAR = 'peer/near.c'

# Name, file of the core, its text, and the text without the mechanism.
ROWS = (
    ('single: end of the start where one block is taken at a time', CONTROLLER,
     '++self->n_single * START_ROUNDS >= SAMPLES_MIN', 'FALSE'),
    ('silence: measurement begun again after an interruption', CONTROLLER,
     'if (!self->had_silence && usual > 0 &&', 'if (FALSE &&'),
    ('growth after a larger window was kept', CONTROLLER,
     'if (self->next == LARGER && !self->has_others)', 'if (FALSE)'),
    ('rare: seldom trials of longer blocks', CONTROLLER, 'self->n_trials >= self->next_longer', 'TRUE'),
    ('smaller: trials of a smaller window', CONTROLLER,
     'return is_limited && self->kept.window >= 2 * ibb_window_get_block (self);', 'return FALSE;'),
    ('growth: up to 16-fold steps', CONTROLLER,
     'return MAX (FAST, (guint) (share * self->least_trip / (2 * wait)));', 'return FAST;'),
    ('fast: fourfold steps', CONTROLLER, 'return MAX (FAST,', 'return MAX (SLOW,'),
    ('bold: five blocks first, for a session that is alone', CONTROLLER,
     'self->size.window = IBB_QUIRKS_FIRST;', 'return;'),
    ('early: a step before its last block is acknowledged', CONTROLLER,
     ': has_more && self->measurement.is_limited && cap == 0;', ': FALSE;'),
    ('leaps: every other larger window is fourfold', CONTROLLER,
     'return self->leaps && !self->has_others &&', 'return FALSE &&'),
    ('bound: bytes in flight to all peers (peer/first-hop.c)', FIRST_HOP,
     '      if (delay > tolerance)\n        bind (self, delay, rate);', '      (void) tolerance;'),
    ('ours: a queue that fewer bytes in flight do not shorten', FIRST_HOP,
     'delay <= tolerance || is_ours (self, rate)', 'TRUE'),
    ('late: no more in flight while a ping is out for long', FIRST_HOP,
     'if (is_late (self, now) &&', 'if (FALSE &&'),
    ('pass: bytes that are not at our server leave room', FIRST_HOP,
     'if (self->is_bounded && delay <= IBB_CONTROLLER_WAIT / 2)', 'if (FALSE)'),
    ('wait: a ping for a peer that the bound holds back', FIRST_HOP,
     'if (!self->is_bounded || !may_ping (self, now))', 'if (TRUE)'),
    ('fits: blocks that fill what a server reads', FIRST_HOP,
     'self->is_fast = (double)', 'self->is_fast = FALSE && (double)'),
    ('hold: no blocks until the server has read everything', FIRST_HOP, 'self->is_holding = TRUE;', ''),
    ('chat: one block that takes long is known at the end of the start', CONTROLLER,
     'if (ibb_window_is_single (self, (double) self->size.window) &&', 'if (FALSE &&'),
    ('slow: no larger window where the length of a block takes the time', CONTROLLER,
     '!ibb_window_is_slow (self) &&', ''),
    ('slack: single bytes beside a full window', 'flow/window.h',
     'return MIN (length, IBB_SCHEDULER_URGENT_MAX) - 1;', 'return 0 * length;'),
    ('noticed: seldom trials beside interactive sessions', WINDOW,
     'return self->has_others && ibb_window_get_trip (self) < IBB_WINDOW_BLOCK_TIME;', 'return FALSE;'),
    ('others: no fourfold windows beside interactive sessions', CONTROLLER,
     'return self->leaps && !self->has_others &&', 'return self->leaps &&'),
    ('near: the shared path of peers near by', NEAR, 'if (distance < NEAR_MAX)', 'if (FALSE)'),
    ('share: windows as large as an equal share of the queue at our server', NEAR,
     'if (ibb_first_hop_grants (', 'if (FALSE && ibb_first_hop_grants ('),
)


def prove(core, programs):
    """What the first test misses that misses anything: bounds of the sample, or a case."""
    for name in ('flow-grid', 'test-flow-targets'):
        program = programs[name]
        (test, arguments), = program.runs
        output = run([core.link(program), *arguments]).stdout.splitlines()
        missed = [line for line in output if line.startswith(('goodput', 'not ok', 'Bail out'))]
        if missed:
            return f'{test}, {len(missed)} times: {missed[0]}'
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build')
    parser.add_argument('names', nargs='*', metavar='NAME', help='only mechanisms whose names begin so')
    options = parser.parse_args()
    core = FaultyCore(find_build(options.build))
    programs = {pathlib.Path(program.name).name: program for program in core.programs}
    good = True
    for name, file, old, new in ROWS:
        if options.names and not name.startswith(tuple(options.names)):
            continue
        path = CORE / file
        text = path.read_text(encoding='utf-8')
        if text.count(old) != 1 or not core.change(path, text.replace(old, new)):
            raise SystemExit(f'{name}: the text has changed')
        missed = prove(core, programs)
        good = good and bool(missed)
        print('falls' if missed else 'STAYS', name, missed, sep='\t', flush=True)
    core.close()
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
