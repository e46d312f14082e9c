/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The engine's own time. It stands still while the connection is suspended, so
 * that no timeout runs out meanwhile (D-42).
 */

#pragma once

#include <glib.h>

typedef struct
{
  gboolean is_stopped;
  gint64   stopped_at; /* by the caller's clock */
  gint64   stood;      /* for how long it has, altogether */
  gint64   resumed_at; /* by our own; 0 before the first resumption */
} IBBClock;

/* The own time for one of the caller's, and the other way round. */
static inline gint64
ibb_clock_get_time (const IBBClock *self, gint64 now)
{
  return (self->is_stopped ? self->stopped_at : now) - self->stood;
}

static inline gint64
ibb_clock_get_callers_time (const IBBClock *self, gint64 time)
{
  return time + self->stood;
}
