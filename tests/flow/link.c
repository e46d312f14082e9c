/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "link.h"

gint64
link_send (Link *self, gsize size, gpointer item)
{
  gint64 start = MAX (self->free_at, self->events->now);
  gint64 arrival;

  self->free_at = start;
  if (self->rate > 0)
    self->free_at += (gint64) ((double) size * FLOW_SECOND / self->rate);
  arrival = self->free_at + self->delay;
  if (self->jitter > 0)
    arrival += random_between (&self->random, 0, self->jitter);
  self->last_arrival = MAX (self->last_arrival, arrival);
  events_add (self->events, self->last_arrival, self->arrived, self->owner, item);
  return start;
}

gint64
link_get_time_below (const Link *self, gsize size)
{
  if (self->rate <= 0)
    return self->events->now;
  return MAX (self->events->now,
              self->free_at - (gint64) ((double) size * FLOW_SECOND / self->rate) + 1);
}
