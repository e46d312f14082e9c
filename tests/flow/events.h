/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Events to come, in order of time; those at the same time in the order in which they were
 * added. */

#pragma once

#include <glib.h>

/* Times are nanoseconds: a stanza takes less than a microsecond on a fast link. */
#define FLOW_MICROSECOND G_GINT64_CONSTANT (1000)
#define FLOW_MILLISECOND (1000 * FLOW_MICROSECOND)
#define FLOW_SECOND (1000 * FLOW_MILLISECOND)
#define FLOW_NEVER G_MAXINT64

typedef void (*EventsFunc) (gpointer owner, gpointer item);

typedef struct
{
  GArray *heap;
  guint64 n_asked;
  gint64  now;
  gint64  clock; /* the same time as an engine's caller has it, in microseconds */
} Events;

void   events_init (Events *self);
void   events_clear (Events *self, GDestroyNotify free_item);
void   events_add (Events *self, gint64 time, EventsFunc func, gpointer owner, gpointer item);
gint64 events_from_clock (gint64 clock); /* an engine's time as a time of this clock */
/* Runs the events up to that time, included. */
void events_run (Events *self, gint64 end);
