/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "link.h"

static gint64
draw_jitter (Link *self)
{
  return random_between (&self->random, 0, self->jitter);
}

static gint64
get_jitter (Link *self, gint64 time)
{
  gint64 elapsed;

  if (self->jitter_time <= 0)
    return draw_jitter (self);

  while (self->jitter_period <= time / self->jitter_time)
    {
      self->jitter_values[0] = self->jitter_values[1];
      self->jitter_values[1] = draw_jitter (self);
      self->jitter_period++;
    }
  elapsed = time % self->jitter_time;
  return self->jitter_values[0] +
         (gint64) ((double) (self->jitter_values[1] - self->jitter_values[0]) * (double) elapsed /
                   (double) self->jitter_time);
}

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
    arrival += get_jitter (self, self->free_at);
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
