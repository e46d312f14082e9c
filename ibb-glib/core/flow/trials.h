/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which size a search tries beside the one that it keeps, and whether that is better (D-55). */

#pragma once

#include "core/flow/outcome.h"
#include "core/flow/pauses.h"

G_BEGIN_DECLS

/* Round trips shorter than this, in microseconds, need no more than one block. */
#define IBB_TRIALS_TRIP_MIN (2 * 1000.0)

typedef enum
{
  IBB_TRIAL_LARGER, /* window */
  IBB_TRIAL_SMALLER,
  IBB_TRIAL_LONGER, /* blocks */
  IBB_TRIAL_SHORTER,
} IBBTrialKind;

typedef struct
{
  guint     next;       /* which kind the next trial is of */
  gboolean  leaps;      /* so does the next trial, if it is of a larger window */
  gboolean  has_others; /* sessions that send little, which wait behind the window */
  IBBPauses pauses;
} IBBTrials;

void ibb_trials_init (IBBTrials *self);
/* Another path: only what others notice is as before. */
void ibb_trials_reset (IBBTrials *self);
/* What was tried before tells nothing any more. */
void ibb_trials_start_again (IBBTrials *self);
void ibb_trials_set_others (IBBTrials *self, gboolean has_others);
/* Whether others notice a larger window, with that round trip. */
gboolean ibb_trials_are_noticed (const IBBTrials *self, double trip);
/* Whether a larger window makes a person wait, unless the distance takes that round trip. */
gboolean ibb_trials_take_long (double trip);

/* When the next one follows: another size is kept, ... */
void ibb_trials_pause (IBBTrials *self, gboolean is_soon);
/* ... at once, ... */
void ibb_trials_skip_pause (IBBTrials *self);
/* ... or a measurement is over. Returns whether a trial follows. */
gboolean ibb_trials_step (IBBTrials *self);

/* Finds one that is possible. is_limited: the window keeps back bytes. */
gboolean ibb_trials_find (IBBTrials           *self,
                          const IBBOutcome    *kept,
                          const IBBSizeLimits *limits,
                          gboolean             is_limited,
                          gint64               now);
/* Its kind, and whether that has more in flight. */
IBBTrialKind ibb_trials_get_kind (const IBBTrials *self);
gboolean     ibb_trials_is_more (const IBBTrials *self);
/* Returns the size that is tried. is_far: it is known that the distance takes the round trip. */
IBBSize ibb_trials_begin (IBBTrials           *self,
                          const IBBOutcome    *kept,
                          const IBBSizeLimits *limits,
                          gboolean             is_far);
/* Whether that size is better. step: how many times as much was in flight as before. is_full: as
 * much as it allows, or a block more than before. rate: bytes a microsecond. */
gboolean ibb_trials_is_better (
    const IBBTrials *self, const IBBOutcome *kept, double step, gboolean is_full, double rate);

/* The size is kept. Returns whether the window may grow on, as at the start. */
gboolean ibb_trials_kept (IBBTrials *self);
/* It was tried in vain, since begun. */
void ibb_trials_in_vain (IBBTrials *self, gint64 begun, gint64 now);
/* Another kind follows, without a trial of this one. */
void ibb_trials_give_up (IBBTrials *self);

G_END_DECLS
