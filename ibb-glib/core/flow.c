/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow.h"

/* The base is the fastest round trip of the last one to two epochs, so that a
 * path that became longer is believed after a minute (RFC 6817 §2.4.2 keeps a
 * history of ten minutes; ours only feeds one connection). */
#define EPOCH (30 * G_USEC_PER_SEC)

/* Standing queue in bytes below which the window grows and above which it
 * shrinks. More than 8 KiB at a server that reads in steps of 8 KiB halves the
 * throughput, less than two blocks leaves it idle between them. */
#define QUEUE_LOW_BLOCKS 2
#define QUEUE_HIGH_BLOCKS 4

/* The same as a delay: behind a throttle even one block takes longer, and a
 * second one would only delay the chat. */
#define DELAY_LOW (20 * 1000)
#define DELAY_HIGH (50 * 1000)

/* One block: the first round trip must not hold a queue of our own making. */
#define INITIAL_WINDOW 4096

void
ibb_flow_init (IBBFlow *self)
{
  *self = (IBBFlow){
    .window = INITIAL_WINDOW,
    .slow_start = TRUE,
  };
}

gboolean
ibb_flow_may_send (IBBFlow *self, gsize length)
{
  if (self->in_flight == 0 || self->in_flight + length <= self->window)
    return TRUE;

  self->limited = TRUE;
  return FALSE;
}

void
ibb_flow_sent (IBBFlow *self, gsize length)
{
  self->in_flight += length;
}

void
ibb_flow_forget (IBBFlow *self, gsize length)
{
  g_assert (self->in_flight >= length);
  self->in_flight -= length;
}

void
ibb_flow_refused (IBBFlow *self)
{
  self->slow_start = FALSE;
}

static void
note_base (IBBFlow *self, gint64 round_trip, gint64 now)
{
  if (self->next_base == 0)
    self->epoch = now;
  else if (now - self->epoch >= EPOCH)
    {
      self->base = self->next_base;
      self->next_base = 0;
      self->epoch = now;
    }

  if (self->next_base == 0 || round_trip < self->next_base)
    self->next_base = round_trip;
  if (self->base == 0 || round_trip < self->base)
    self->base = round_trip;
}

static void
end_round (IBBFlow *self, gsize block_size, gint64 now)
{
  gint64   elapsed = MAX (now - self->round_start, 1);
  gint64   delay = self->round_fastest - self->base;
  double   queue = (double) delay * (double) self->round_acked / (double) elapsed;
  gsize    step = self->slow_start ? self->window : MAX (block_size, self->window / 16);
  gboolean low = queue < (double) (QUEUE_LOW_BLOCKS * block_size) && delay < DELAY_LOW;
  gboolean high = queue > (double) (QUEUE_HIGH_BLOCKS * block_size) || delay > DELAY_HIGH;

  if (low && self->limited)
    self->window = MIN (self->window + step, IBB_FLOW_CONNECTION_MAX);
  else if (high)
    {
      gsize excess = MIN ((gsize) queue, self->window / 2);

      self->window = MAX (self->window - MAX (excess / 2, self->window / 16), block_size);
    }
  if (!low)
    self->slow_start = FALSE;
}

void
ibb_flow_note (
    IBBFlow *self, gsize length, gint64 sent, gint64 round_trip, gsize block_size, gint64 now)
{
  self->round_acked += length;
  if (round_trip <= 0)
    return;

  self->smoothed =
      self->smoothed == 0 ? round_trip : self->smoothed + (round_trip - self->smoothed) / 8;
  note_base (self, round_trip, now);
  if (self->round_fastest == 0 || round_trip < self->round_fastest)
    self->round_fastest = round_trip;

  /* A round is over when something sent since its beginning is answered. */
  if (sent < self->round_start)
    return;
  end_round (self, block_size, now);
  self->round_start = now;
  self->round_fastest = 0;
  self->round_acked = 0;
  self->limited = FALSE;
}
