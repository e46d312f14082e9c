/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/start.h"

#define GROWTH_MAX 16

/* Of a block alone: a short stanza takes so much where the distance takes the time. */
#define FAR_SHARE 0.75
/* Of a stanza alone: one that is held for one round trip takes no longer, with some noise. */
#define HELD_TRIPS 2.5

void
ibb_start_note_answer (IBBStart *self, gint64 round_trip)
{
  if (self->answer_trip <= 0 || (double) round_trip < self->answer_trip)
    self->answer_trip = (double) round_trip;
}

void
ibb_start_copy_answer (IBBStart *self, const IBBStart *from)
{
  self->answer_trip = from->answer_trip;
}

void
ibb_start_note_full (IBBStart *self, double trip)
{
  if (self->least_trip <= 0 || trip < self->least_trip)
    self->least_trip = trip;
}

void
ibb_start_again (IBBStart *self, double trip)
{
  self->least_trip = trip;
}

double
ibb_start_get_least (const IBBStart *self)
{
  return self->least_trip;
}

double
ibb_start_get_answer (const IBBStart *self)
{
  return self->answer_trip;
}

gboolean
ibb_start_is_slow (const IBBStart *self)
{
  return self->answer_trip > 0 && self->least_trip > self->answer_trip * HELD_TRIPS;
}

/* A window that has grown leaves at once, and its last block waits for those before it. So the time
 * by which that block is later than a block alone is to the round trip as the window is to what the
 * path holds. Half of that is the next window, since a single delay may be short by chance. */
guint
ibb_start_get_growth (const IBBStart *self, double trip)
{
  double wait = MAX (trip - self->least_trip, self->least_trip / (2 * GROWTH_MAX));

  return (guint) (self->least_trip / (2 * wait));
}

/* Nagle's algorithm at a server holds an answer until the one before has arrived, so that two
 * blocks carry no more than one, and many do. A slow server looks the same, but answers a short
 * stanza much sooner than a block. That answer may have been held, too. */
gboolean
ibb_start_is_held (const IBBStart *self, double trip)
{
  return trip <= self->least_trip * HELD_TRIPS &&
         self->answer_trip >= self->least_trip * FAR_SHARE &&
         self->answer_trip <= self->least_trip * HELD_TRIPS;
}
