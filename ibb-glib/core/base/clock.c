/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/clock.h"

void
ibb_clock_stop (IBBClock *self, gint64 now)
{
  if (self->is_stopped)
    return;

  self->is_stopped = TRUE;
  self->stopped_at = now;
}

void
ibb_clock_resume (IBBClock *self, gint64 now)
{
  if (!self->is_stopped)
    return;

  self->is_stopped = FALSE;
  self->stood += now - self->stopped_at;
  self->resumed_at = ibb_clock_get_time (self, now);
}
