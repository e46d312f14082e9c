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

/* No server answers so fast: the other end is in this process. Blocks pass by the
 * hundred there while its thread wakes up, and what is short in time is no queue. */
#define WITHIN_PROCESS 100
#define DELAY_NONE 500

/* The same as a delay: behind a throttle even one block takes longer, and a
 * second one would only delay the chat. */
#define DELAY_LOW (20 * 1000)
#define DELAY_HIGH (50 * 1000)

/* Near enough for one block at a time to be worth a trial, how long one takes,
 * and how many intervals pass between two: more and more, while they confirm
 * what is done. */
#define NEAR (2 * 1000)
#define NEAR_BLOCKS 16
#define INTERVAL (50 * 1000)
#define WAIT_MIN 4
#define WAIT_MAX 32

/* By how much the window must carry more to be worth the delay that it brings
 * to the chat. */
#define WINDOW_GAIN 1.05

/* One block: the first round trip must not hold a queue of our own making. */
#define INITIAL_WINDOW 4096

void
ibb_flow_init (IBBFlow *self)
{
  *self = (IBBFlow){
    .window = INITIAL_WINDOW,
    .slow_start = TRUE,
    .wait = WAIT_MIN,
    .left = 1,
  };
}

gboolean
ibb_flow_may_send (IBBFlow *self, gsize length)
{
  if (self->in_flight == 0 || (!self->one_block && self->in_flight + length <= self->window))
    return TRUE;

  self->limited = TRUE;
  self->interval_limited = TRUE;
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
  gboolean none = self->base < WITHIN_PROCESS && delay < DELAY_NONE;
  gboolean low = none || (queue < (double) (QUEUE_LOW_BLOCKS * block_size) && delay < DELAY_LOW);
  gboolean high = !low && (queue > (double) (QUEUE_HIGH_BLOCKS * block_size) || delay > DELAY_HIGH);

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

static void
note_rate (IBBFlow *self, gint64 now)
{
  double *rate = &self->rates[self->one_block ? 1 : 0];
  double  measured =
      (double) self->interval_acked * G_USEC_PER_SEC / (double) (now - self->interval_start);

  *rate = *rate <= 0 ? measured : (*rate + measured) / 2;
}

/* What the trial showed decides until the next one. */
static void
end_trial (IBBFlow *self)
{
  gboolean before = !self->one_block;
  gboolean one_block = self->rates[1] * WINDOW_GAIN > self->rates[0];

  self->wait = one_block == before ? MIN (2 * self->wait, WAIT_MAX) : WAIT_MIN;
  self->left = self->wait;
  self->one_block = one_block;
  self->trial = FALSE;
}

static void
end_interval (IBBFlow *self, gsize block_size, gint64 now)
{
  gboolean is_near = self->base > 0 && self->base < NEAR && self->window > block_size &&
                     self->window <= NEAR_BLOCKS * block_size;

  if (!is_near)
    self->one_block = self->trial = FALSE;
  else if (self->interval_limited) /* else it shows what there was to send */
    {
      note_rate (self, now);
      if (self->trial)
        end_trial (self);
      else if (--self->left == 0)
        {
          self->trial = TRUE;
          self->one_block = !self->one_block;
        }
    }

  self->left = MAX (self->left, 1);
  self->interval_start = now;
  self->interval_acked = 0;
  self->interval_limited = FALSE;
}

void
ibb_flow_note (
    IBBFlow *self, gsize length, gint64 sent, gint64 round_trip, gsize block_size, gint64 now)
{
  self->round_acked += length;
  self->interval_acked += length;
  if (now - self->interval_start >= INTERVAL)
    end_interval (self, block_size, now);
  if (round_trip <= 0)
    return;

  note_base (self, round_trip, now);
  if (self->round_fastest == 0 || round_trip < self->round_fastest)
    self->round_fastest = round_trip;

  /* A round is over when something sent since its beginning is answered. */
  if (sent < self->round_start)
    return;
  /* One block at a time says nothing about the window. */
  if (!self->one_block)
    end_round (self, block_size, now);
  self->round_start = now;
  self->round_fastest = 0;
  self->round_acked = 0;
  self->limited = FALSE;
}
