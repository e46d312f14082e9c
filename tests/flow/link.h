/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One direction of a path: a queue without a limit, a rate, a delay and jitter. Packets arrive in
 * the order in which they leave. */

#pragma once

#include "events.h"
#include "random.h"

typedef struct
{
  Events *events;
  double  rate; /* bytes a second; 0: no limit */
  gint64  delay;
  gint64  jitter; /* at most so much more, uniformly */
  /* 0: each packet has a jitter of its own. Since none overtakes another, many at a time have
   * nearly the most. Else it goes from one value to the next in that time, whatever the load. */
  gint64     jitter_time;
  Random     random;
  EventsFunc arrived;
  gpointer   owner;

  gint64 free_at; /* when all that was sent has left */
  gint64 last_arrival;
  gint64 jitter_period;    /* number of the one that the values are of */
  gint64 jitter_values[2]; /* at its beginning and end */
} Link;

/* item goes to arrived, at the other end. Returns when it begins to leave. */
gint64 link_send (Link *self, gsize size, gpointer item);
/* When fewer than so many bytes will wait to leave: now, or later. */
gint64 link_get_time_below (const Link *self, gsize size);
