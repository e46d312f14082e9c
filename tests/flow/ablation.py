#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Switches off each mechanism of flow control, and shows what falls without it.

usage: tests/flow/ablation.py [--build FOLDER] [NAME...]
A build with all tests is needed. A mechanism that has no row here, and whose loss no
group and no test shows, is deleted.
"""

import argparse
import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / 'simulation'))
from faulty_core import CORE, ROOT, FaultyCore, find_build  # noqa: E402  pylint: disable=wrong-import-position

CONTROLLER = 'flow/controller.c'
FIRST_HOP = 'peer/first-hop.c'
NEAR = 'peer/near.c'
TARGETS = 'test-flow-targets'
COLUMNS = ('goodput', 'chat', 'interactive')

# Name, file of the core, its text, the text without the mechanism, and what falls: a group of the
# sample with the column that becomes worse and by how much at least, or a test.
ROWS = (
    ('single: end of the start where one block is taken at a time', CONTROLLER,
     '++self->n_single * START_ROUNDS >= SAMPLES_MIN', 'FALSE', ('one-block', 'goodput', 0.9)),
    ('silence: measurement begun again after an interruption', CONTROLLER,
     'if (!self->had_silence && usual > 0 &&', 'if (FALSE &&', TARGETS),
    ('growth after a larger window was kept', CONTROLLER,
     'if (self->next == LARGER && !self->has_others)', 'if (FALSE)', 'unit-controller'),
    ('rare: seldom trials of longer blocks', CONTROLLER, 'self->n_trials >= self->next_longer', 'TRUE', TARGETS),
    ('smaller: trials of a smaller window', CONTROLLER,
     'return is_limited && self->kept.window >= 2 * get_block (self);', 'return FALSE;',
     ('interactive-bloat', 'chat', 1.2)),
    ('growth: up to 16-fold steps', CONTROLLER,
     'return MAX (FAST, (guint) (share * self->least_trip / (2 * wait)));', 'return FAST;', TARGETS),
    ('fast: fourfold steps', CONTROLLER, 'return MAX (FAST,', 'return MAX (SLOW,', TARGETS),
    ('bold: five blocks first, for a session that is alone', CONTROLLER,
     'self->size.window = IBB_QUIRKS_FIRST;', 'return;', TARGETS),
    ('early: a step before its last block is acknowledged', CONTROLLER,
     ': has_more && self->measurement.is_limited && cap == 0;', ': FALSE;', TARGETS),
    ('leaps: every other larger window is fourfold', CONTROLLER,
     'return self->leaps && !self->has_others &&', 'return FALSE &&', TARGETS),
    ('bound: bytes in flight to all peers (peer/first-hop.c)', FIRST_HOP,
     '      if (delay > tolerance)\n        bind (self, delay, rate);', '      (void) tolerance;',
     ('limit', 'chat', 1.2)),
    ('ours: a queue that fewer bytes in flight do not shorten', FIRST_HOP,
     'delay <= tolerance || is_ours (self, rate)', 'TRUE', TARGETS),
    ('late: no more in flight while a ping is out for long', FIRST_HOP,
     'if (is_late (self, now) &&', 'if (FALSE &&', ('limit-mixed', 'chat', 1.2)),
    ('pass: bytes that are not at our server leave room', FIRST_HOP,
     'if (self->is_bounded && delay <= IBB_CONTROLLER_WAIT / 2)', 'if (FALSE)', ('hostile', 'goodput', 0.9)),
    ('wait: a ping for a peer that the bound holds back', FIRST_HOP,
     'if (!self->is_bounded || !may_ping (self, now))', 'if (TRUE)', ('hostile', 'goodput', 0.9)),
    ('chat: one block that takes long is known at the end of the start', CONTROLLER,
     'if (is_single (self, (double) self->size.window) &&', 'if (FALSE &&', TARGETS),
    ('slow: no larger window where the length of a block takes the time', CONTROLLER,
     '!is_slow (self) &&', '', 'unit-engine-paths'),
    ('slack: single bytes beside a full window', CONTROLLER,
     'return MIN (length, IBB_SCHEDULER_URGENT_MAX) - 1;', 'return 0 * length;', ('interactive', 'interactive', 1.2)),
    ('noticed: seldom trials beside interactive sessions', CONTROLLER,
     'return self->has_others && ibb_controller_get_trip (self) < BLOCK_TIME;', 'return FALSE;', TARGETS),
    ('others: no fourfold windows beside interactive sessions', CONTROLLER,
     'return self->leaps && !self->has_others &&', 'return self->leaps &&', ('interactive-bloat', 'chat', 1.2)),
    ('near: the shared path of peers near by', NEAR, 'if (distance < NEAR_MAX)', 'if (FALSE)', TARGETS),
    ('share: windows as large as an equal share of the queue at our server', NEAR,
     'if (ibb_first_hop_grants (', 'if (FALSE && ibb_first_hop_grants (', TARGETS),
)

# Only real servers show these: rows of tests/bench/compare.py, with and without.
MEASURED = (
    ('near: the shared path of peers near by (peer/near.c)',
     'Prosody: alone beside ten sessions at 500 kB/s 0.78, 0.94; without 0.32, 0.24'),
    ('read alignment (base/quirks.c)', 'Prosody: 1.5 to 3 times the goodput'),
    ('bold: five blocks first', 'Prosody over TLS, of a raw client: 150 kB at 100 ms 0.62, 1 MiB 0.68; without 0.42, 0.51'),
)


def run_group(core, program, group):
    """The ratios of a group to the stored figures, by column."""
    output = subprocess.run([core.link(program), '--match', f'{group}:', '--against', ROOT / 'tests/flow/sample.txt'],
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout
    values = next(line.split() for line in output.splitlines() if line.startswith(f'{group} '))
    return dict(zip(COLUMNS, map(float, values[2:])))


def prove(core, programs, falls):
    """Whether it falls, and what shows that."""
    if isinstance(falls, str):
        program = programs[falls]
        return core.fails(program, *program.runs[0]), falls
    group, column, bound = falls
    value = run_group(core, programs['flow-grid'], group)[column]
    return (value < bound if column == 'goodput' else value > bound), f'{group}: {column} {value:.3f}'


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--build')
    parser.add_argument('names', nargs='*', metavar='NAME', help='only mechanisms whose names begin so')
    options = parser.parse_args()
    core = FaultyCore(find_build(options.build))
    programs = {pathlib.Path(program.name).name: program for program in core.programs}
    good = True
    for name, file, old, new, falls in ROWS:
        if options.names and not name.startswith(tuple(options.names)):
            continue
        path = CORE / file
        text = path.read_text(encoding='utf-8')
        if text.count(old) != 1 or not core.change(path, text.replace(old, new)):
            proven, shown = False, 'the text has changed'
        else:
            proven, shown = prove(core, programs, falls)
        good = good and proven
        print('falls' if proven else 'STAYS', f'{name}: {shown}', sep='\t', flush=True)
    for name, figure in MEASURED:
        print('measured', f'{name}: {figure}', sep='\t')
    core.close()
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
