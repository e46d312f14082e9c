/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/pauses.h"

#define SOON 1
#define LATE 16
#define LONGER_LATE 64

/* Near by, beside others, trials of a larger window take one part of the time in so many: then 99
 * of 100 blocks do not wait behind one. */
#define LARGER_PAUSE 100

void
ibb_pauses_reset (IBBPauses *self)
{
  *self = (IBBPauses){ .next_larger = self->next_larger };
}

void
ibb_pauses_begin (IBBPauses *self, gboolean is_soon)
{
  self->n_before = self->pause = is_soon ? SOON : LATE;
}

void
ibb_pauses_found (IBBPauses *self)
{
  self->pause = SOON;
  self->n_before = 0;
}

void
ibb_pauses_skip (IBBPauses *self)
{
  self->n_before = 0;
}

gboolean
ibb_pauses_step (IBBPauses *self)
{
  if (self->n_before == 0)
    return TRUE;

  self->n_before--;
  return FALSE;
}

void
ibb_pauses_note_trial (IBBPauses *self)
{
  self->n_trials++;
}

gboolean
ibb_pauses_may_lengthen (const IBBPauses *self)
{
  return self->n_trials >= self->next_longer;
}

gboolean
ibb_pauses_may_enlarge (const IBBPauses *self, gint64 now)
{
  return now >= self->next_larger;
}

void
ibb_pauses_in_vain (IBBPauses *self)
{
  self->pause = MIN (2 * self->pause, LATE);
  self->n_before = self->pause;
}

void
ibb_pauses_longer_in_vain (IBBPauses *self)
{
  self->longer_pause = MIN (2 * self->longer_pause + 1, LONGER_LATE);
  self->next_longer = self->n_trials + self->longer_pause;
}

void
ibb_pauses_larger_in_vain (IBBPauses *self, gint64 time, gint64 now)
{
  self->next_larger = now + MIN (LARGER_PAUSE * time, IBB_PAUSE_MAX);
}
