/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/search.h"

#include "core/flow/brief.h"

/* At the start: the share of a step that has to arrive before the next one, and the window from
 * which on steps are larger. */
#define START_SHARE 0.4
#define START_ROUNDS 3 /* after which a window is full */
#define START_SINGLE 8 /* measurements with one block in flight, after which the window stays */
#define SLOW 2
#define FAST 4
#define FAST_FROM (16 * 1024)
/* The first window of a session that is alone, where the distance takes the time. Its stanzas have
 * 11 kB, and those of the next one 22: Prosody's stock limit lets 20 kB pass at once. */
#define FAR_WINDOW (2 * IBB_SIZE_BLOCK)

/* A round trip that becomes so many times as long, with the same bytes in flight, is another
 * path. */
#define STRANGE 2

/* After so many round trips without an acknowledgement there was an interruption. */
#define SILENCE 4

/* What a trial has to carry that adds a delay, to be measured to its end. */
#define DELAYING_GAIN 1.02

#define BRIEF_SHARE 0.75 /* of the rate, which brief blocks carry if length takes the time */

void
ibb_search_init (IBBSearch *self, gsize window, gsize most)
{
  *self = (IBBSearch){
    .size = { window, IBB_SIZE_BLOCK },
    .limits = { most, IBB_SIZE_BLOCK, FALSE },
    .phase = IBB_SEARCH_STARTING,
  };
  ibb_trials_init (&self->trials);
}

double
ibb_search_get_trip (const IBBSearch *self)
{
  return self->kept.trip > 0 ? self->kept.trip : ibb_start_get_least (&self->start);
}

/* A session that sends a few bytes now and then may send although the window is full (D-50). These
 * bytes must not take the room of a block: a window of a few blocks would carry one less for as
 * long as they are in flight. Near by, one block more would only make the others wait. */
static gsize
get_slack (const IBBSearch *self, gsize length)
{
  return ibb_search_get_trip (self) >= IBB_TRIALS_TRIP_MIN ? MIN (length, IBB_BRIEF_BLOCK) - 1 : 0;
}

gboolean
ibb_search_has_room (const IBBSearch *self, gsize in_flight, gsize length)
{
  return in_flight + length <= self->size.window + get_slack (self, length);
}

gsize
ibb_search_get_window (const IBBSearch *self)
{
  return self->size.window;
}

void
ibb_search_set_others (IBBSearch *self, gboolean has_others)
{
  ibb_trials_set_others (&self->trials, has_others);
}

/* Whether the last measurement of the path is too old, so that its window tells little. */
static gboolean
is_old (const IBBSearch *self, gint64 now)
{
  return self->heard != 0 && now - self->heard > IBB_PAUSE_MAX;
}

gboolean
ibb_search_is_far (const IBBSearch *self, gint64 now)
{
  double trip = ibb_search_get_trip (self);

  return !is_old (self, now) && (trip > 0 ? ibb_trials_take_long (trip) : self->starts_far);
}

static gboolean
is_noticed (const IBBSearch *self)
{
  return ibb_trials_are_noticed (&self->trials, ibb_search_get_trip (self));
}

void
ibb_search_limit (IBBSearch *self)
{
  ibb_measurement_limit (&self->measurement);
}

void
ibb_search_cap (IBBSearch *self, gsize in_flight)
{
  ibb_measurement_cap (&self->measurement, in_flight);
}

gboolean
ibb_search_is_slow (const IBBSearch *self)
{
  return self->is_slow && self->size.window < 2 * IBB_SIZE_BLOCK;
}

double
ibb_search_get_rate (const IBBSearch *self)
{
  return self->phase == IBB_SEARCH_STARTING ? 0 : self->kept.rate;
}

gboolean
ibb_search_is_new (const IBBSearch *self)
{
  return self->heard == 0;
}

gsize
ibb_search_get_block (const IBBSearch *self, gsize limit)
{
  return ibb_size_get_length (&self->limits, self->size.block, limit);
}

/* The length of blocks in the session that was acknowledged last. */
static gsize
get_block (const IBBSearch *self)
{
  return ibb_size_get_block (&self->size, &self->limits);
}

void
ibb_search_enlarge (IBBSearch *self, gsize in_flight)
{
  gsize block = get_block (self);
  gsize window = MIN (in_flight / block * block, self->limits.window);

  if (self->phase == IBB_SEARCH_KEEPING)
    self->kept.size.window = self->size.window = MAX (self->kept.size.window, window);
}

static void
return_to_kept (IBBSearch *self)
{
  self->phase = IBB_SEARCH_KEEPING;
  self->size = self->kept.size;
}

static void
end_starting (IBBSearch *self, gsize window)
{
  self->size = (IBBSize){ window, MAX (self->kept.size.block, IBB_SIZE_BLOCK) };
  ibb_size_lengthen (&self->size, &self->limits);
  self->kept = (IBBOutcome){ .size = self->size };
  self->former_trip = 0;
  self->phase = IBB_SEARCH_KEEPING;
  ibb_trials_pause (&self->trials, TRUE);
}

void
ibb_search_refused (IBBSearch *self)
{
  if (self->phase == IBB_SEARCH_STARTING)
    end_starting (self, self->size.window);
}

/* The window that carries so much, in whole blocks. */
static gsize
get_needed (const IBBSearch *self, double in_flight)
{
  gsize block = get_block (self);
  gsize n_blocks = (gsize) (in_flight / (double) block + 0.5);

  return CLAMP (n_blocks * block, block, MAX (block, self->size.window));
}

static gboolean
is_single (const IBBSearch *self, double in_flight)
{
  return ibb_size_is_single (&self->size, &self->limits, in_flight);
}

/* The present window carries more than the one before, so the next one is larger by this factor.
 * is_capped: so much was in flight instead of the window. */
static void
grow (IBBSearch *self, guint factor, gboolean is_capped, double in_flight)
{
  self->phase = IBB_SEARCH_STARTING;
  self->has_asked = FALSE;
  if (is_capped)
    self->size.window = MIN (self->size.window, (gsize) in_flight);
  self->kept.size = self->size;
  self->size.window = MIN (MAX (self->size.window, get_block (self)) * factor, self->limits.window);
  ibb_size_lengthen (&self->size, &self->limits);
}

static void
begin_brief (IBBSearch *self)
{
  self->phase = IBB_SEARCH_BRIEF;
  self->size = (IBBSize){ IBB_BRIEF_BLOCK, IBB_BRIEF_BLOCK };
}

static void
start_brief (IBBSearch *self, double rate, double trip, gint64 now)
{
  self->has_asked = TRUE;
  self->kept = (IBBOutcome){ self->size, rate, trip, rate * trip };
  begin_brief (self);
  ibb_measurement_begin (&self->measurement, TRUE, now);
}

/* Whether one block at a time takes so long that it matters why: the distance, or its length. */
static gboolean
is_in_question (const IBBSearch *self, double in_flight, double trip)
{
  return ibb_trials_take_long (trip) && is_single (self, in_flight) &&
         get_block (self) > IBB_BRIEF_BLOCK;
}

static gboolean
is_no_more (const IBBSearch *self, double in_flight)
{
  gsize before = self->kept.size.window;

  return before > 0 && in_flight <= (double) (before + get_slack (self, get_block (self)));
}

/* How many times as much was in flight as before. Where our own link takes no more, that is
 * less than a larger window allows. */
static double
get_step (const IBBSearch *self, double in_flight)
{
  double window = (double) self->size.window;

  if (!ibb_measurement_is_limited (&self->measurement))
    window = MIN (in_flight, window);
  return window / (double) self->kept.size.window;
}

/* How many times as large the next window is. */
static guint
get_growth (const IBBSearch *self, double trip)
{
  if (is_noticed (self) || self->size.window < FAST_FROM)
    return SLOW;
  /* The first window is compared with nothing. */
  if (self->kept.rate <= 0)
    return FAST;
  return MAX (FAST, ibb_start_get_growth (&self->start, trip));
}

/* Whether the window is the first one, and has several blocks: none was alone. */
static gboolean
is_first_of_several (const IBBSearch *self)
{
  return self->starts_far && self->kept.rate <= 0;
}

/* Whether two fifths of the step have arrived. The first window is no step. */
static gboolean
has_grown (const IBBSearch *self, double in_flight, double rate)
{
  if (is_first_of_several (self))
    return !ibb_start_is_slow (&self->start);
  if (self->kept.rate <= 0)
    return TRUE;
  return rate >= self->kept.rate * (1 + (get_step (self, in_flight) - 1) * START_SHARE);
}

/* Whether a few blocks bring no more than fewer only because all but the first were held. Near by
 * one block carries enough. */
static gboolean
is_held (const IBBSearch *self, double trip)
{
  return self->kept.rate > 0 && self->kept.size.window < FAST_FROM &&
         ibb_start_get_least (&self->start) >= IBB_TRIALS_TRIP_MIN &&
         ibb_start_is_held (&self->start, trip);
}

/* Whether a larger window would have no more in flight, since only so many blocks may be. */
static gboolean
is_at_most (const IBBSearch *self, double in_flight)
{
  return ibb_measurement_is_capped (&self->measurement) &&
         (is_no_more (self, in_flight) || 2 * self->size.block > self->limits.block);
}

/* How long a block takes without others in front of it, microseconds. */
static double
get_alone (const IBBSearch *self)
{
  return is_first_of_several (self) ? ibb_start_get_answer (&self->start)
                                    : ibb_start_get_least (&self->start);
}

/* The present window carries no more than the one before. */
static void
stop_growing (IBBSearch *self, double rate, double trip, gint64 now)
{
  double most = MAX (rate, self->kept.rate);

  end_starting (self, get_needed (self, most * get_alone (self)));
  /* Blocks that have just left did so with the larger window. */
  ibb_measurement_begin (&self->measurement, FALSE, now + 1);
  if (is_in_question (self, (double) self->size.window, (double) get_block (self) / rate))
    start_brief (self, rate, trip, now);
}

/* in_flight: bytes, when the blocks of the measurement left. */
static void
end_start (IBBSearch *self, double in_flight, double trip, gint64 now)
{
  double   rate = in_flight / trip;
  gboolean limited = ibb_measurement_is_limited (&self->measurement);
  gboolean at_most = is_at_most (self, in_flight);
  gboolean is_capped = ibb_measurement_is_capped (&self->measurement);
  gboolean has_more, held;

  ibb_measurement_begin (&self->measurement, FALSE, now);
  /* A peer that takes one block at a time: no larger window has more in flight. */
  if (!limited && is_single (self, in_flight) && in_flight >= (double) get_block (self) &&
      ++self->n_single >= START_SINGLE)
    {
      end_starting (self, self->size.window);
      return;
    }
  if (!at_most && is_no_more (self, in_flight))
    return;

  ibb_start_note_full (&self->start, trip);
  has_more = has_grown (self, in_flight, rate);
  held = limited && !has_more && is_held (self, trip);
  if (at_most || (!has_more && !held))
    stop_growing (self, rate, trip, now);
  else if (limited && self->size.window < self->limits.window)
    {
      grow (self, held ? SLOW : get_growth (self, trip), is_capped, in_flight);
      self->kept.rate = rate;
    }
}

/* Trials. */

/* Whether brief blocks have to be tried first: if the length takes the time, more bytes in flight
 * would make a person wait. */
static gboolean
needs_brief (const IBBSearch *self)
{
  return !self->is_far && is_in_question (self, self->kept.in_flight, self->kept.trip);
}

/* With blocks that fit a server may carry several times as much. So what was measured before tells
 * nothing, neither of a step nor of the window that was found. */
static void
begin_to_fit (IBBSearch *self, gint64 now)
{
  gboolean is_more = !is_noticed (self);

  if (self->phase == IBB_SEARCH_STARTING)
    self->size.window = ibb_size_get_whole (&self->size, &self->limits, is_more);
  else
    {
      self->kept.size.window = ibb_size_get_whole (&self->kept.size, &self->limits, is_more);
      return_to_kept (self);
      self->kept.rate = self->kept.trip = self->former_trip = 0;
      ibb_trials_start_again (&self->trials);
      self->is_slow = FALSE;
    }
  ibb_measurement_begin (&self->measurement, TRUE, now);
}

/* Only the first time: of peers near by, which share the path, some may take one block at a time,
 * and theirs do not fit. A new path has measured nothing. */
void
ibb_search_set_fits (IBBSearch *self, gboolean fits, gint64 now)
{
  gboolean begins = fits && !self->has_fitted && self->heard != 0;

  self->limits.fits = fits;
  self->has_fitted |= fits;
  if (begins)
    begin_to_fit (self, now);
}

static void
try (IBBSearch *self, gboolean is_limited, gint64 now)
{
  if (!ibb_trials_find (&self->trials, &self->kept, &self->limits, is_limited, now))
    return;

  if (ibb_trials_is_more (&self->trials) && needs_brief (self))
    begin_brief (self);
  else
    {
      self->phase = IBB_SEARCH_TRYING;
      self->size = ibb_trials_begin (&self->trials, &self->kept, &self->limits, self->is_far);
    }
  self->is_far = FALSE;
  ibb_measurement_begin (&self->measurement, TRUE, now);
}

/* Forgets all that was measured. */
static void
reset (IBBSearch *self, gsize window)
{
  IBBSearch before = *self;

  ibb_search_init (self, window, before.limits.window);
  self->limits = before.limits;
  self->has_fitted = before.has_fitted;
  self->trials = before.trials;
  ibb_trials_reset (&self->trials);
}

/* The path has changed, or has less room. The window starts from what the rate needs if the path is
 * as long as it was. */
static void
start_again (IBBSearch *self, gsize window, gint64 now)
{
  reset (self, CLAMP (window, IBB_SIZE_BLOCK, MAX (IBB_SIZE_BLOCK, self->kept.size.window)));
  ibb_size_lengthen (&self->size, &self->limits);
  self->heard = now;
  ibb_measurement_begin (&self->measurement, TRUE, now);
}

static void
end_kept (IBBSearch *self, double in_flight, double trip, gint64 now)
{
  double   rate = in_flight / trip;
  double   usual = self->kept.trip;
  gboolean limited = ibb_measurement_is_limited (&self->measurement);
  gboolean full = ibb_measurement_is_full (&self->measurement);

  if (self->former_trip > 0)
    usual = MIN (usual, self->former_trip);
  if (usual > 0 && trip > STRANGE * usual)
    {
      start_again (self, (gsize) (rate * usual), now);
      return;
    }

  self->kept.rate = self->kept.rate > 0 ? (self->kept.rate + rate) / 2 : rate;
  self->former_trip = self->kept.trip;
  self->kept.trip = trip;
  self->kept.in_flight = in_flight;
  ibb_measurement_begin (&self->measurement, FALSE, now);
  if (!self->has_asked && is_in_question (self, in_flight, trip))
    {
      start_brief (self, self->kept.rate, trip, now);
      return;
    }
  if (!limited && !full)
    return;
  if (ibb_trials_step (&self->trials))
    try (self, limited, now);
}

static void
end_in_vain (IBBSearch *self, gint64 now)
{
  return_to_kept (self);
  ibb_measurement_begin (&self->measurement, TRUE, now);
}

/* If the distance takes the time of a block, the larger window that was put off is tried now. */
static void
end_brief (IBBSearch *self, double rate, gint64 now)
{
  gboolean is_far = rate < self->kept.rate * BRIEF_SHARE;

  self->is_slow = !is_far;
  if (is_far)
    {
      self->is_far = TRUE;
      ibb_trials_skip_pause (&self->trials);
    }
  else
    ibb_trials_give_up (&self->trials);
  end_in_vain (self, now);
}

/* Whether as much was in flight as is tried, or a block more than before. */
static gboolean
is_used (const IBBSearch *self, double in_flight)
{
  return ibb_measurement_is_limited (&self->measurement) ||
         in_flight >= (double) (self->kept.size.window + get_block (self));
}

static void
end_trial (IBBSearch *self, double in_flight, double trip, gint64 now)
{
  double   rate = in_flight / trip;
  gboolean is_capped = ibb_measurement_is_capped (&self->measurement);
  gboolean goes_on;

  if (!ibb_trials_is_better (&self->trials, &self->kept, get_step (self, in_flight),
                             is_used (self, in_flight), rate))
    {
      ibb_trials_in_vain (&self->trials, ibb_measurement_get_begun (&self->measurement), now);
      end_in_vain (self, now);
      return;
    }

  self->phase = IBB_SEARCH_KEEPING;
  self->kept = (IBBOutcome){ self->size, rate, trip, in_flight };
  self->former_trip = 0;
  goes_on = ibb_trials_kept (&self->trials);
  ibb_measurement_begin (&self->measurement, FALSE, now);
  if (!goes_on)
    return;
  /* There may be much more room: the window doubles as at the start. */
  ibb_start_again (&self->start, trip);
  self->n_single = 0;
  grow (self, SLOW, is_capped, in_flight);
}

static void
end_measurement (IBBSearch *self, gint64 now)
{
  double in_flight = ibb_measurement_get_in_flight (&self->measurement);
  double trip = ibb_measurement_get_trip (&self->measurement);
  double rate = in_flight / trip;

  self->had_silence = FALSE;
  if (self->phase == IBB_SEARCH_STARTING)
    end_start (self, in_flight, trip, now);
  else if (self->phase == IBB_SEARCH_KEEPING)
    end_kept (self, in_flight, trip, now);
  else if (self->phase == IBB_SEARCH_BRIEF)
    end_brief (self, rate, now);
  else
    end_trial (self, in_flight, trip, now);
}

/* A trial ends early if it adds only delay, so much that a person notices it. */
static gboolean
only_delays (const IBBSearch *self)
{
  double trip = ibb_measurement_get_trip (&self->measurement);
  double rate = ibb_measurement_get_in_flight (&self->measurement) / trip;

  return self->phase == IBB_SEARCH_TRYING && ibb_trials_is_more (&self->trials) &&
         trip > self->kept.trip + IBB_BRIEF_WAIT && rate < self->kept.rate * DELAYING_GAIN;
}

static gboolean
is_measured (const IBBSearch *self, gint64 now)
{
  if (self->phase == IBB_SEARCH_STARTING)
    return ibb_measurement_get_n_rounds (&self->measurement) >= START_ROUNDS;
  return only_delays (self) || ibb_measurement_is_enough (&self->measurement, now);
}

/* A silence in which a reader, a server or this machine stood still, and after which all bytes in
 * flight are acknowledged at once, tells nothing about the path. Two of them in turn are normal
 * there. */
static gboolean
is_lone_silence (const IBBSearch *self, gint64 now)
{
  double usual = ibb_search_get_trip (self);

  return !self->had_silence && usual > 0 && (double) (now - self->heard) > SILENCE * usual;
}

/* The window of an old measurement is only where the next search begins. */
static void
forget (IBBSearch *self)
{
  IBBStart before = self->start;

  reset (self, CLAMP (self->size.window, IBB_SIZE_BLOCK, 4 * IBB_SIZE_BLOCK));
  /* A session that has just been opened has measured this one. */
  ibb_start_copy_answer (&self->start, &before);
}

/* Whether so much is in flight as may be, before a block of the usual length leaves. Where that is
 * no more than before, more may follow: short blocks may have taken the place of long ones. */
static gboolean
is_filled (const IBBSearch *self, gsize in_flight)
{
  gsize block = get_block (self);

  return !ibb_search_has_room (self, in_flight, block) ||
         (ibb_measurement_is_at_cap (&self->measurement, in_flight, block) &&
          !is_no_more (self, (double) in_flight));
}

void
ibb_search_note_answer (IBBSearch *self, gint64 round_trip, gboolean is_alone)
{
  ibb_start_note_answer (&self->start, round_trip);
  if (is_alone && ibb_search_is_new (self) && ibb_trials_take_long ((double) round_trip))
    {
      self->size.window = FAR_WINDOW;
      self->starts_far = TRUE;
    }
}

void
ibb_search_note (
    IBBSearch *self, gsize in_flight, gint64 sent, gint64 round_trip, gsize limit, gint64 now)
{
  if (is_old (self, now))
    forget (self);
  if (is_lone_silence (self, now))
    {
      self->had_silence = TRUE;
      ibb_measurement_begin (&self->measurement, TRUE, now);
    }
  self->heard = now;
  self->limits.block = limit;

  if (!ibb_measurement_covers (&self->measurement, sent, now))
    return;
  /* A window that has just grown fills with the blocks that are sent next. The first block that
   * finds it full tells what the window carries. */
  if (self->phase == IBB_SEARCH_STARTING && is_filled (self, in_flight))
    {
      end_start (self, (double) in_flight, (double) round_trip, now);
      return;
    }

  if (!ibb_measurement_add (&self->measurement, in_flight, sent, round_trip,
                            in_flight >= get_block (self), now))
    return;
  if (is_measured (self, now))
    end_measurement (self, now);
  else if (self->phase == IBB_SEARCH_STARTING)
    ibb_measurement_drop_samples (&self->measurement);
}
