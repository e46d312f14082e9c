/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/timer.h"

void
ibb_timers_init (IBBTimers *self)
{
  self->sequence = g_sequence_new (NULL);
}

void
ibb_timers_clear (IBBTimers *self)
{
  while (!g_sequence_is_empty (self->sequence))
    ibb_timer_clear (g_sequence_get (g_sequence_get_begin_iter (self->sequence)));
  g_sequence_free (self->sequence);
}

void
ibb_timers_advance (IBBTimers *self, gint64 now)
{
  while (ibb_timers_get_next (self) <= now)
    {
      IBBTimer *first = g_sequence_get (g_sequence_get_begin_iter (self->sequence));

      ibb_timer_clear (first);
      first->func (first->owner, now);
    }
}

gint64
ibb_timer_get_deadline (gint64 now, guint milliseconds)
{
  return milliseconds != 0 ? now + (gint64) milliseconds * 1000 : IBB_NEVER;
}

void
ibb_timer_init (IBBTimer *self, IBBTimerFunc func, gpointer owner)
{
  *self = (IBBTimer){ .due = IBB_NEVER, .func = func, .owner = owner };
}

/* The place behind all timers that are due by then. g_sequence_search () would allocate another
 * sequence. */
static GSequenceIter *
find_place (IBBTimers *self, gint64 due)
{
  GSequenceIter *first = g_sequence_get_begin_iter (self->sequence);
  GSequenceIter *end = g_sequence_get_end_iter (self->sequence);

  while (first != end)
    {
      GSequenceIter *middle = g_sequence_range_get_midpoint (first, end);

      if (((const IBBTimer *) g_sequence_get (middle))->due <= due)
        first = g_sequence_iter_next (middle);
      else
        end = middle;
    }
  return first;
}

void
ibb_timer_set (IBBTimer *self, IBBTimers *timers, gint64 due)
{
  if (due == IBB_NEVER)
    {
      ibb_timer_clear (self);
      return;
    }

  if (self->iter != NULL)
    g_sequence_move (self->iter, find_place (timers, due));
  else
    self->iter = g_sequence_insert_before (find_place (timers, due), self);
  self->due = due;
}

void
ibb_timer_clear (IBBTimer *self)
{
  if (self->iter != NULL)
    g_sequence_remove (self->iter);
  self->iter = NULL;
  self->due = IBB_NEVER;
}
