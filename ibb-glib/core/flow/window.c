/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/window.h"

#define BLOCK IBB_CONTROLLER_BLOCK
/* How much longer than a short stanza a block takes whose length takes the time, as a multiple. */
#define SLOW_TRIPS 8
/* A round trip that makes a person wait, with four times as much in flight, in microseconds. */
#define PATIENCE (250 * 1000.0)

/* The least length that makes a difference. Blocks that are to fit fill a read at least. */
static gsize
get_least_block (const IBBController *self)
{
  return self->fits ? 2 * BLOCK : BLOCK;
}

gsize
ibb_window_get_length (const IBBController *self, gsize block, gsize limit)
{
  if (!self->fits || block < BLOCK)
    return MIN (block, limit);
  return ibb_quirks_get_length (MIN (MAX (block, get_least_block (self)), limit));
}

gsize
ibb_window_get_block (const IBBController *self)
{
  return ibb_window_get_length (self, self->size.block, self->block_max);
}

void
ibb_window_lengthen (IBBController *self)
{
  gsize longer = 2 * MAX (self->size.block, get_least_block (self));

  if (longer <= self->block_max &&
      self->size.window > IBB_CONTROLLER_BLOCKS_MAX * ibb_window_get_block (self))
    self->size.block = longer;
}

gboolean
ibb_window_is_noticed (const IBBController *self)
{
  return self->has_others && ibb_window_get_trip (self) < IBB_WINDOW_BLOCK_TIME;
}

void
ibb_window_round (IBBController *self)
{
  gsize block = ibb_window_get_block (self);
  gsize more = ibb_window_is_noticed (self) ? 0 : block - 1;

  self->size.window = MAX ((self->size.window + more) / block, 1) * block;
}

gboolean
ibb_window_takes_long (double trip)
{
  return trip * IBB_QUIRKS_LEAP > PATIENCE;
}

gboolean
ibb_window_is_slow (const IBBController *self)
{
  double answer = self->answer_trip > 0 ? self->answer_trip : self->hop_trip;

  return ibb_window_takes_long (self->kept_trip) &&
         ibb_window_is_single (self, self->kept_in_flight) &&
         (self->kept_trip - answer) * BLOCK > SLOW_TRIPS * answer * self->kept_in_flight;
}
