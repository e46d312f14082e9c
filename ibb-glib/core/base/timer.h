/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Timers, sorted by due time. Setting a timer costs O(log² n). */

#pragma once

#include <glib.h>

#define IBB_NEVER G_MAXINT64

typedef void (*IBBTimerFunc) (gpointer owner, gint64 now);

typedef struct
{
  gint64         due;
  GSequenceIter *iter; /* (nullable): its place among the timers, NULL when not set */
  IBBTimerFunc   func;
  gpointer       owner;
} IBBTimer;

typedef struct
{
  GSequence *sequence; /* (element-type IBBTimer): by due time */
} IBBTimers;

void ibb_timers_init (IBBTimers *self);
void ibb_timers_clear (IBBTimers *self);

/* When the next one is due, or IBB_NEVER. */
static inline gint64
ibb_timers_get_next (IBBTimers *self)
{
  if (g_sequence_is_empty (self->sequence))
    return IBB_NEVER;
  return ((IBBTimer *) g_sequence_get (g_sequence_get_begin_iter (self->sequence)))->due;
}

/* Calls the functions of the timers that are due; a function may set its timer again. */
void ibb_timers_advance (IBBTimers *self, gint64 now);

/* The end of a timeout in milliseconds. IBB_NEVER for 0. */
gint64 ibb_timer_get_deadline (gint64 now, guint milliseconds);

void ibb_timer_init (IBBTimer *self, IBBTimerFunc func, gpointer owner);
/* IBB_NEVER clears it. */
void ibb_timer_set (IBBTimer *self, IBBTimers *timers, gint64 due);
void ibb_timer_clear (IBBTimer *self);
