/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/clock.h"

gint64
ibb_clock_get_time (const IBBClock *self, gint64 now)
{
  return (self->is_stopped ? self->stopped_at : now) - self->stood;
}

gint64
ibb_clock_get_callers_time (const IBBClock *self, gint64 time)
{
  return time + self->stood;
}

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

void
ibb_clock_abandon (IBBClock *self)
{
  self->is_stopped = FALSE;
  self->resumed_at = 0;
}

gboolean
ibb_clock_is_stopped (const IBBClock *self)
{
  return self->is_stopped;
}

gint64
ibb_clock_get_resumed_at (const IBBClock *self)
{
  return self->resumed_at;
}

gboolean
ibb_clock_was_resumed (const IBBClock *self)
{
  return self->resumed_at != 0;
}
