/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/search.h"

#include "core/timer.h"

/* A measurement lasts for so long, at least, and for so many blocks or round trips. */
#define TIME_MIN (20 * 1000)
#define SAMPLES_MIN 24
#define ROUNDS_MAX 6

/* While starting: which share of a step has to arrive for the next one, and from where on
 * steps are larger. */
#define START_SHARE 0.4
#define START_ROUNDS 3 /* after which a window is as full as it becomes */
#define SLOW 2
#define FAST 4
#define FAST_FROM (16 * 1024)

/* Which share of a step has to arrive, for a larger window to be kept, and for a
 * smaller one not to be. */
#define RAISE_SHARE (1 / 5.0)
#define LOWER_SHARE (1 / 8.0)

/* A round trip that grew by so much, with the same in flight, is another path. */
#define STRANGE 2

/* Round trips without an acknowledgement that are an interruption. */
#define SILENCE 4

/* Microseconds. */
#define NOTICEABLE (100 * 1000)
#define HOPELESS_GAIN 1.02

#define LEAP 4
#define LEAP_TRIP_MAX (250 * 1000.0)
#define LEAP_TRIP_MIN (2 * 1000.0)

#define PAUSE_MIN 1
#define PAUSE_MAX 16

/* Beyond, what is known of the path is too old. */
#define IDLE_MAX (60 * G_USEC_PER_SEC)

static void
begin (IBBSearch *self, gboolean is_changed, gint64 now)
{
  self->from = is_changed ? IBB_NEVER : now;
  self->changed = now;
  self->round = now;
  self->n_rounds = 0;
  self->n_samples = 0;
  self->ahead = self->trips = 0;
  self->limited = FALSE;
}

void
ibb_search_init (IBBSearch *self, gsize window, gsize most)
{
  *self = (IBBSearch){
    .window = window,
    .most = most,
    .phase = IBB_SEARCH_STARTING,
    .leaps = TRUE,
  };
}

gsize
ibb_search_get_window (const IBBSearch *self)
{
  return self->window;
}

void
ibb_search_limit (IBBSearch *self)
{
  self->limited = TRUE;
}

double
ibb_search_get_rate (const IBBSearch *self)
{
  return self->phase == IBB_SEARCH_STARTING ? 0 : self->kept_rate;
}

static void
end_starting (IBBSearch *self, gsize window)
{
  self->window = self->kept = window;
  self->kept_rate = self->kept_trip = 0;
  self->phase = IBB_SEARCH_KEEPING;
  self->n_before = self->pause = PAUSE_MIN;
}

void
ibb_search_refused (IBBSearch *self)
{
  if (self->phase == IBB_SEARCH_STARTING)
    end_starting (self, self->window);
}

/* In whole blocks. */
static gsize
get_needed (const IBBSearch *self, double in_flight, gsize block)
{
  gsize n_blocks = (gsize) (in_flight / (double) block + 0.5);

  return CLAMP (n_blocks * block, block, MAX (block, self->window));
}

/* in_flight: how much was. */
static void
end_start (IBBSearch *self, double in_flight, double trip, gsize block, gint64 now)
{
  double   rate = in_flight / trip;
  gboolean limited = self->limited;
  guint    factor = self->window >= FAST_FROM ? FAST : SLOW;

  begin (self, FALSE, now);
  if (in_flight <= (double) self->kept)
    return; /* no more than before */

  if (self->least_trip <= 0 || trip < self->least_trip)
    self->least_trip = trip;
  if (rate < self->kept_rate * (1 + (self->growth - 1) * START_SHARE))
    end_starting (self, get_needed (self, MAX (rate, self->kept_rate) * self->least_trip, block));
  else if (limited && self->window < self->most)
    {
      self->kept = self->window;
      self->kept_rate = rate;
      self->growth = factor;
      self->window = MIN (MAX (self->window, block) * factor, self->most);
    }
}

/* Nagle's algorithm holds the second block until the first one is acknowledged, so that two
 * carry no more than one, but many do. Only a leap finds them. Near by one block carries enough,
 * and where a leap would take a person's time it is not done. */
static gsize
get_larger (IBBSearch *self, gsize block)
{
  gboolean leaps =
      self->leaps && self->kept_trip >= LEAP_TRIP_MIN && self->kept_trip * LEAP <= LEAP_TRIP_MAX;

  self->leaps = !self->leaps;
  return leaps ? self->kept * LEAP : self->kept + MAX (block, self->kept / 2);
}

static void
try (IBBSearch *self, gsize block, gint64 now)
{
  gsize step = MAX (block, self->kept / 3);

  if (self->lower_next && self->kept >= 2 * block)
    {
      self->phase = IBB_SEARCH_LOWERED;
      self->window = MAX (self->kept - step, block);
    }
  else
    {
      gsize larger = get_larger (self, block);

      self->phase = IBB_SEARCH_RAISED;
      self->window = MIN (larger, self->most);
    }
  begin (self, TRUE, now);
}

/* The path became another one, or has less room: from what would be right if it were
 * still as long as it was. */
static void
start_again (IBBSearch *self, double rate, gsize block, gint64 now)
{
  gsize window = (gsize) (rate * self->kept_trip);

  ibb_search_init (self, CLAMP (window, block, MAX (block, self->kept)), self->most);
  self->heard = now;
  begin (self, TRUE, now);
}

static void
end_kept (IBBSearch *self, double rate, double trip, gsize block, gint64 now)
{
  gboolean limited = self->limited;

  if (self->kept_trip > 0 && trip > STRANGE * self->kept_trip)
    {
      start_again (self, rate, block, now);
      return;
    }

  self->kept_rate = self->kept_rate > 0 ? (self->kept_rate + rate) / 2 : rate;
  self->kept_trip = trip;
  begin (self, FALSE, now);
  if (!limited)
    return;
  if (self->n_before > 0)
    self->n_before--;
  else
    try (self, block, now);
}

/* There may be much more room: as if it were the start. */
static void
go_on_growing (IBBSearch *self, double trip)
{
  self->phase = IBB_SEARCH_STARTING;
  self->least_trip = trip;
  self->growth = SLOW;
  self->window = MIN (self->kept * SLOW, self->most);
}

static void
end_trial (IBBSearch *self, double rate, double trip, gint64 now)
{
  double   step = (double) self->window / (double) self->kept;
  gboolean raised = self->phase == IBB_SEARCH_RAISED;
  gboolean is_better;

  if (raised)
    is_better = self->limited && rate > self->kept_rate * (1 + (step - 1) * RAISE_SHARE);
  else
    is_better = rate > self->kept_rate * (1 - (1 - step) * LOWER_SHARE);

  self->phase = IBB_SEARCH_KEEPING;
  if (!is_better)
    {
      self->window = self->kept;
      self->pause = MIN (2 * self->pause, PAUSE_MAX);
      self->n_before = self->pause;
      self->lower_next = !self->lower_next;
      begin (self, TRUE, now);
      return;
    }

  self->kept = self->window;
  self->kept_rate = rate;
  self->kept_trip = trip;
  self->pause = PAUSE_MIN;
  self->n_before = 0;
  begin (self, FALSE, now);
  if (raised)
    go_on_growing (self, trip);
}

static void
end_measurement (IBBSearch *self, gsize block, gint64 now)
{
  double rate = self->ahead / self->trips;
  double trip = self->trips / self->n_samples;

  self->is_interrupted = FALSE;
  if (self->phase == IBB_SEARCH_STARTING)
    end_start (self, self->ahead / self->n_samples, trip, block, now);
  else if (self->phase == IBB_SEARCH_KEEPING)
    end_kept (self, rate, trip, block, now);
  else
    end_trial (self, rate, trip, now);
}

/* A larger window that brings nothing but delay, so much that a person notices, is not
 * looked at for longer. */
static gboolean
is_hopeless (const IBBSearch *self)
{
  double trip = self->trips / self->n_samples;

  return self->phase == IBB_SEARCH_RAISED && trip > self->kept_trip + NOTICEABLE &&
         self->ahead / self->trips < self->kept_rate * HOPELESS_GAIN;
}

static gboolean
is_measured (const IBBSearch *self, gint64 now)
{
  if (self->phase == IBB_SEARCH_STARTING)
    return self->n_rounds >= START_ROUNDS;
  if (is_hopeless (self))
    return TRUE;
  return self->n_rounds >= 2 && (self->n_samples >= SAMPLES_MIN || self->n_rounds >= ROUNDS_MAX) &&
         now - self->from >= TIME_MIN;
}

/* A silence in which a reader, a server or this machine stood still, and after which all
 * that was in flight is acknowledged at once, tells nothing of the path. Two of them in
 * turn are how it is now. */
static gboolean
is_interruption (const IBBSearch *self, gint64 now)
{
  double usual = self->kept_trip > 0 ? self->kept_trip : self->least_trip;

  return !self->is_interrupted && usual > 0 && (double) (now - self->heard) > SILENCE * usual;
}

void
ibb_search_note (
    IBBSearch *self, gsize in_flight, gint64 sent, gint64 round_trip, gsize block, gint64 now)
{
  if (self->heard != 0 && now - self->heard > IDLE_MAX)
    ibb_search_init (self, MAX (block, MIN (4 * block, self->window)), self->most);
  if (is_interruption (self, now))
    {
      self->is_interrupted = TRUE;
      begin (self, TRUE, now);
    }
  self->heard = now;

  /* The queue that the window before had made is gone. */
  if (self->from == IBB_NEVER)
    {
      if (sent < self->changed)
        return;
      self->from = self->round = now;
      return;
    }
  if (sent < self->from)
    return;
  /* A window that has just grown fills with the blocks that are sent then: the first
   * that finds it full tells what it carries. */
  if (self->phase == IBB_SEARCH_STARTING && in_flight + block > self->window)
    {
      end_start (self, (double) in_flight, (double) round_trip, block, now);
      return;
    }

  self->n_samples++;
  self->ahead += (double) in_flight;
  self->trips += (double) round_trip;
  if (sent < self->round)
    return;
  self->n_rounds++;
  self->round = now;
  if (self->phase == IBB_SEARCH_STARTING && self->n_rounds < START_ROUNDS)
    self->ahead = self->trips = self->n_samples = 0;
  if (is_measured (self, now))
    end_measurement (self, block, now);
}
