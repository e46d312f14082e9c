/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/controller.h"

#include "core/base/timer.h"
#include "core/flow/scheduler.h"

#define BLOCK IBB_CONTROLLER_BLOCK

/* At the start: the share of a step that has to arrive before the next one, and the window from
 * which on steps are larger. */
#define START_SHARE 0.4
#define START_ROUNDS 3 /* after which a window is full */
#define SLOW 2
#define FAST 4
#define FAST_FROM (16 * 1024)
#define FASTEST 16

/* How many blocks or round trips a measurement has. It takes IBB_WINDOW_BLOCK_TIME at least. */
#define SAMPLES_MIN 24
#define ROUNDS_MIN 2
#define ROUNDS_MAX 6
/* Round trips without an acknowledgement after which there was an interruption. */
#define SILENCE 4
/* Time without an acknowledgement after which the path may be another one. */
#define OLD (60 * G_USEC_PER_SEC)

/* A larger window is kept if the rate grows by this share of the step. A smaller one is
 * kept if the rate falls by less than this share of it. */
#define SHARE (1 / 5.0)
/* A longer block, of no more than IBB_WINDOW_BLOCK_TIME, in microseconds, is kept if the rate stays
 * about the same, or, where more is in flight with it, grows by half of SHARE of that. */
#define LENGTH_LOSS 0.98

/* Most measurements before a trial, and trials before one of a longer block. */
#define LATE 24
/* Near by, beside other sessions, the pause after a trial of a larger window, as a multiple of its
 * time: then 99 of 100 blocks do not wait behind a trial. */
#define LARGER_PAUSE 100

/* The trials, in turn. */
typedef enum
{
  LARGER, /* window */
  SMALLER,
  LONGER, /* blocks */
  N_TRIALS,
} Trial;

void
ibb_controller_init (IBBController *self)
{
  /* One block: the first round trip must not measure a queue that we make ourselves. */
  *self = (IBBController){
    .size = { BLOCK, BLOCK },
    .first = G_MAXSIZE,
    .block_max = BLOCK,
    .leaps = TRUE,
  };
}

/* Bytes in flight. */

gboolean
ibb_controller_may_hurry (const IBBController *self, gint64 now)
{
  double trip = ibb_window_get_trip (self);

  return self->first <= IBB_QUIRKS_FIRST ||
         ((self->heard == 0 || now - self->heard <= OLD) &&
          ibb_window_takes_long (trip > 0 ? trip : self->answer_trip));
}

gsize
ibb_controller_get_block (const IBBController *self, gsize limit, gboolean is_chatting)
{
  gsize block = ibb_window_get_length (self, self->size.block, limit);

  if (!is_chatting || self->size.window >= 2 * BLOCK || !ibb_window_is_slow (self))
    return block;
  return ibb_controller_get_brief (self->kept_rate * IBB_CONTROLLER_WAIT, block);
}

gboolean
ibb_controller_may_send (IBBController *self, gsize length, gsize share, gboolean is_chatting)
{
  if (self->in_flight == 0)
    return TRUE;
  if (self->in_flight + length > share)
    return FALSE;
  /* While a person chats, a larger window is not tried, either. */
  if (is_chatting && ibb_controller_get_block (self, BLOCK, TRUE) < BLOCK)
    return FALSE;
  /* Nothing takes the place of what is answered before the last block of the first window: behind a
   * limit that lets some bytes pass at once, the window would leave again and again. */
  if (ibb_window_has_room (self, self->in_flight, length) &&
      !(ibb_window_is_first (self) && self->first < length))
    return TRUE;

  self->measurement.is_limited = TRUE;
  return FALSE;
}

void
ibb_controller_cap (IBBController *self)
{
  self->measurement.is_limited = TRUE;
  self->measurement.cap = self->in_flight;
}

void
ibb_controller_enlarge (IBBController *self, gsize length)
{
  gsize block = ibb_window_get_block (self);
  gsize window = MIN ((self->in_flight + length) / block * block, IBB_CONTROLLER_MAX);

  if (self->phase == IBB_CONTROLLER_KEEPING)
    self->kept.window = self->size.window = MAX (self->kept.window, window);
}

void
ibb_controller_sent (IBBController *self, gsize length)
{
  self->in_flight += length;
  self->first -= MIN (self->first, length);
}

void
ibb_controller_forget (IBBController *self, gsize length)
{
  g_assert (self->in_flight >= length);
  self->in_flight -= length;
}

gboolean
ibb_controller_learn (IBBController *self, const IBBController *other)
{
  gsize in_flight = self->in_flight;

  if (self->heard != 0)
    return FALSE;

  *self = *other;
  self->in_flight = in_flight;
  return TRUE;
}

/* Measurements. */

/* is_changed: the size has changed, so that only blocks count that are sent after the first
 * acknowledgement of a block of that size. */
static void
begin (IBBController *self, gboolean is_changed, gint64 now)
{
  self->measurement = (IBBMeasurement){
    .from = is_changed ? IBB_NEVER : now,
    .begun = now,
    .round = now,
  };
}

/* rate, trip, in_flight: of the size that is kept from now on; 0: not known. */
static void
keep (IBBController *self, double rate, double trip, double in_flight)
{
  self->phase = IBB_CONTROLLER_KEEPING;
  self->kept = self->size;
  self->kept_rate = rate;
  self->kept_trip = trip;
  self->kept_in_flight = in_flight;
}

static void
end_starting (IBBController *self, gsize window)
{
  self->size = (IBBSize){ window, MAX (self->kept.block, BLOCK) };
  ibb_window_lengthen (self);
  keep (self, 0, 0, 0);
  self->n_before = self->pause = 1;
}

void
ibb_controller_refused (IBBController *self)
{
  if (self->phase == IBB_CONTROLLER_STARTING)
    end_starting (self, self->size.window);
}

/* Forgets all that was measured, but not what sessions and others allow. A new search begins with
 * that window. */
static void
start_again (IBBController *self, gsize window, gsize max)
{
  IBBController before = *self;

  ibb_controller_init (self);
  self->size.window = CLAMP (window, BLOCK, MAX (BLOCK, max));
  self->in_flight = before.in_flight;
  self->block_max = before.block_max;
  self->fits = before.fits;
  self->has_fitted = before.has_fitted;
  self->has_others = before.has_others;
  self->hop_trip = before.hop_trip;
  self->next_larger = before.next_larger;
}

/* After a minute without an acknowledgement, search again from four blocks at most. */
static void
forget_old (IBBController *self, gint64 now)
{
  if (self->heard != 0 && now - self->heard > OLD)
    start_again (self, self->size.window, 4 * BLOCK);
}

/* The start. */

/* The window becomes larger, since the present one carries more than the one before. */
static void
grow (IBBController *self, guint factor, double in_flight)
{
  self->phase = IBB_CONTROLLER_STARTING;
  if (self->measurement.cap > 0) /* in_flight is the window in use */
    self->size.window = MIN (self->size.window, (gsize) in_flight);
  self->kept = self->size;
  self->size.window =
      MIN (MAX (self->size.window, ibb_window_get_block (self)) * factor, IBB_CONTROLLER_MAX);
  ibb_window_lengthen (self);
}

static gboolean
is_no_more (const IBBController *self, double in_flight)
{
  gsize before = self->kept.window;

  return before > 0 &&
         in_flight <= (double) (before + ibb_window_get_slack (ibb_window_get_block (self)));
}

/* How many times as much was in flight as before. Where our own link takes no more, that is
 * less than a larger window allows. */
static double
get_step (const IBBController *self, double in_flight, gboolean is_limited)
{
  double window = (double) self->size.window;

  return (is_limited ? window : MIN (in_flight, window)) / (double) self->kept.window;
}

/* How many times as large the next window is. A window that has grown leaves at once, and its last
 * block waits for those before it. So the time by which that block is later than a block alone is
 * to the round trip as the bytes in flight are to what the path holds. Half of that is the next
 * window, since a single delay may be short by chance. */
static guint
get_growth (const IBBController *self, double in_flight, double trip)
{
  double wait = MAX (trip - self->least_trip, self->least_trip / (2 * FASTEST));
  double share = self->measurement.cap > 0 ? 1 : in_flight / (double) self->size.window;

  /* After a start with several blocks that were not alone there is nothing to compare with. */
  if (ibb_window_is_noticed (self) || self->size.window < FAST_FROM ||
      (self->kept_rate <= 0 && !ibb_window_is_first (self)))
    return SLOW;
  return MAX (FAST, (guint) (share * self->least_trip / (2 * wait)));
}

/* Whether two fifths of a step have arrived. The first window is no step: its blocks are to take
 * little longer than a short stanza. */
static gboolean
has_grown (const IBBController *self, double step, double rate, double trip)
{
  if (self->kept_rate <= 0)
    return !ibb_window_is_first (self) ||
           trip <= self->answer_trip * IBB_QUIRKS_HELD_TRIPS + IBB_WINDOW_BLOCK_TIME;
  return rate >= self->kept_rate * (1 + (step - 1) * START_SHARE);
}

/* The present window carries no more than the one before: what the rate needs is kept, in whole
 * blocks. */
static void
stop_growing (IBBController *self, double rate, gint64 now)
{
  gsize  block = ibb_window_get_block (self);
  double best = MAX (rate, self->kept_rate) * self->least_trip;
  gsize  n_blocks = (gsize) (best / (double) block + 0.5);

  end_starting (self, CLAMP (n_blocks * block, block, MAX (block, self->size.window)));
  /* Blocks that have just left did so with the larger window. */
  begin (self, FALSE, now + 1);
  /* Where one block takes long, a person who chats must not wait until that is measured. */
  if (ibb_window_is_single (self, (double) self->size.window) &&
      ibb_window_takes_long ((double) block / rate))
    keep (self, rate, (double) block / rate, (double) block);
}

static void
note_trip (IBBController *self, double trip)
{
  /* Near by, the remaining bytes of the first window may leave now. */
  if (self->least_trip <= 0 && self->first <= IBB_QUIRKS_FIRST_NEAR &&
      !ibb_window_takes_long (self->answer_trip))
    self->first += IBB_QUIRKS_FIRST - IBB_QUIRKS_FIRST_NEAR;
  if (self->least_trip <= 0 || trip < self->least_trip)
    self->least_trip = trip;
}

/* in_flight: bytes, when the blocks of the measurement left. */
static void
end_start (IBBController *self, double in_flight, double trip, gint64 now)
{
  double   rate = in_flight / trip;
  gboolean limited = self->measurement.is_limited;
  gboolean no_more = is_no_more (self, in_flight);
  gboolean at_most;

  /* A peer that takes one block at a time: no larger window has more in flight. */
  if (!limited && ibb_window_is_single (self, in_flight) &&
      in_flight >= (double) ibb_window_get_block (self) &&
      ++self->n_single * START_ROUNDS >= SAMPLES_MIN)
    {
      end_starting (self, self->size.window);
      begin (self, FALSE, now);
      return;
    }
  /* The limit of blocks in flight may keep a larger window from use. */
  at_most = self->measurement.cap > 0 && (no_more || 2 * self->size.block > self->block_max);
  if (!at_most && no_more)
    {
      begin (self, FALSE, now);
      return;
    }

  note_trip (self, trip);
  if (at_most || !has_grown (self, get_step (self, in_flight, FALSE), rate, trip))
    {
      stop_growing (self, rate, now);
      return;
    }
  if (limited && self->size.window < IBB_CONTROLLER_MAX)
    {
      grow (self, get_growth (self, in_flight, trip), in_flight);
      self->kept_rate = rate;
    }
  begin (self, FALSE, now);
}

/* Trials. */

/* With blocks that fit a server may carry several times as much. So what was measured before tells
 * nothing, neither of a step nor of the window that was found. */
static void
begin_to_fit (IBBController *self, gint64 now)
{
  if (self->phase != IBB_CONTROLLER_STARTING)
    {
      self->size = self->kept;
      ibb_window_round (self);
      keep (self, 0, 0, 0);
      self->next = self->n_before = 0;
      self->leaps = TRUE;
    }
  else
    ibb_window_round (self);
  begin (self, TRUE, now);
}

static gboolean
is_possible (const IBBController *self, gboolean is_limited, gint64 now)
{
  gsize    longer = 2 * self->kept.block;
  gboolean single = !is_limited && ibb_window_is_single (self, self->kept_in_flight);

  switch (self->next)
    {
    case LARGER:
      return is_limited && self->kept.window < IBB_CONTROLLER_MAX && !ibb_window_is_slow (self) &&
             (now >= self->next_larger || !ibb_window_is_noticed (self));
    case SMALLER:
      return is_limited && self->kept.window >= 2 * ibb_window_get_block (self);
    default:
      return longer <= self->block_max && self->n_trials >= self->next_longer &&
             (single || (double) longer <= self->kept_rate * IBB_WINDOW_BLOCK_TIME);
    }
}

/* Behind Nagle's algorithm (quirks.h) only a leap finds a window that carries more. Near by one
 * block carries enough, and a leap that would make a person or others wait is not tried. Where the
 * distance takes the time, nobody waits for it. */
static gboolean
may_leap (const IBBController *self)
{
  return self->leaps && !self->has_others &&
         self->kept_trip >= IBB_QUIRKS_READ_TIME * (double) ibb_window_get_block (self) / BLOCK &&
         (!ibb_window_takes_long (self->kept_trip) ||
          ibb_window_is_single (self, self->kept_in_flight));
}

static void
change_size (IBBController *self)
{
  gsize window = self->kept.window;
  gsize block = ibb_window_get_block (self);

  switch (self->next)
    {
    case LARGER:
      window += may_leap (self) ? window * (IBB_QUIRKS_LEAP - 1) : MAX (block, window / 2);
      self->size.window = MIN (window, IBB_CONTROLLER_MAX);
      self->leaps = !self->leaps;
      ibb_window_lengthen (self);
      break;
    case SMALLER:
      self->size.window = MAX (window - MAX (block, window / 3), block);
      break;
    default:
      self->size.block *= 2;
      ibb_window_round (self);
    }
}

static void
try (IBBController *self, gboolean is_limited, gint64 now)
{
  guint n = 0;

  for (; n < N_TRIALS && !is_possible (self, is_limited, now); n++)
    self->next = (self->next + 1) % N_TRIALS;
  if (n == N_TRIALS)
    return;

  self->n_trials++;
  self->phase = IBB_CONTROLLER_TRYING;
  change_size (self);
  begin (self, TRUE, now);
}

static void
end_kept (IBBController *self, double in_flight, double trip, gint64 now)
{
  double   rate = in_flight / trip;
  double   usual = self->kept_trip;
  gboolean is_limited = self->measurement.is_limited;

  /* The path has changed, or has less room. The window starts from what the rate needs if the path
   * is as long as it was. */
  if (usual > 0 && trip > 2 * usual)
    {
      start_again (self, (gsize) (rate * usual), self->kept.window);
      ibb_window_lengthen (self);
      self->heard = now;
      begin (self, TRUE, now);
      return;
    }

  keep (self, self->kept_rate > 0 ? (self->kept_rate + rate) / 2 : rate, trip, in_flight);
  begin (self, FALSE, now);
  /* One block in flight beside each may be all that the peer allows. */
  if (!is_limited && in_flight < (double) ibb_window_get_block (self))
    return;
  if (self->n_before == 0)
    try (self, is_limited, now);
  else
    self->n_before--;
}

static gboolean
is_better (const IBBController *self, double in_flight, double rate)
{
  double   share = rate / self->kept_rate;
  gboolean is_limited = self->measurement.is_limited;
  double   step = get_step (self, in_flight, is_limited);

  switch (self->next)
    {
    case LARGER:
      /* As much was in flight as is tried, or a block more than before. */
      return (is_limited ||
              in_flight >= (double) (self->kept.window + ibb_window_get_block (self))) &&
             share > 1 + (step - 1) * SHARE;
    case SMALLER:
      return share > 1 - (1 - step) * SHARE;
    default:
      return share > LENGTH_LOSS + (step - 1) * SHARE / 2;
    }
}

static void
end_trial (IBBController *self, double in_flight, double trip, gint64 now)
{
  double rate = in_flight / trip;

  if (!is_better (self, in_flight, rate))
    {
      if (self->next == LONGER)
        {
          self->longer_pause = MIN (2 * self->longer_pause + 1, LATE);
          self->next_longer = self->n_trials + self->longer_pause;
        }
      if (self->next == LARGER)
        self->next_larger = now + MIN (LARGER_PAUSE * (now - self->measurement.begun), OLD);
      self->n_before = self->pause = MIN (2 * self->pause, LATE);
      self->next = (self->next + 1) % N_TRIALS;
      self->phase = IBB_CONTROLLER_KEEPING;
      self->size = self->kept;
      begin (self, TRUE, now);
      return;
    }

  keep (self, rate, trip, in_flight);
  self->pause = 1;
  self->n_before = 0;
  /* There may be much more room: the window doubles as at the start. Beside others it grows in
   * small steps: the next trial is of a larger one again. */
  if (self->next == LARGER && !self->has_others)
    {
      self->next = (self->next + 1) % N_TRIALS;
      self->least_trip = trip;
      self->n_single = 0;
      grow (self, SLOW, in_flight);
    }
  begin (self, FALSE, now);
}

static void
end_measurement (IBBController *self, gint64 now)
{
  double in_flight = self->measurement.in_flight / self->measurement.n_samples;
  double trip = self->measurement.trips / self->measurement.n_samples;

  self->had_silence = FALSE;
  if (self->phase == IBB_CONTROLLER_STARTING)
    end_start (self, in_flight, trip, now);
  else if (self->phase == IBB_CONTROLLER_KEEPING)
    end_kept (self, in_flight, trip, now);
  else
    end_trial (self, in_flight, trip, now);
}

static gboolean
is_measured (const IBBController *self, gint64 now)
{
  const IBBMeasurement *measurement = &self->measurement;

  if (self->phase == IBB_CONTROLLER_STARTING)
    return measurement->n_rounds >= START_ROUNDS;
  return measurement->n_rounds >= ROUNDS_MIN &&
         (measurement->n_samples >= SAMPLES_MIN || measurement->n_rounds >= ROUNDS_MAX) &&
         (double) (now - measurement->from) >= IBB_WINDOW_BLOCK_TIME;
}

void
ibb_controller_note_answer (IBBController *self, gint64 round_trip, gboolean is_alone, gint64 now)
{
  forget_old (self, now);
  if (self->answer_trip <= 0 || (double) round_trip < self->answer_trip)
    self->answer_trip = (double) round_trip;
  if (is_alone && self->heard == 0)
    {
      self->size.window = IBB_QUIRKS_FIRST;
      self->first =
          ibb_window_takes_long ((double) round_trip) ? IBB_QUIRKS_FIRST : IBB_QUIRKS_FIRST_NEAR;
    }
}

/* What the session and the others are like. Lengths that fit are new only once: of peers near by,
 * which share the path, some may take one block at a time, and theirs do not fit. A new path has
 * measured nothing. */
static void
note_session (IBBController *self, const IBBControllerSample *sample, gint64 now)
{
  gboolean begins = sample->fits && !self->has_fitted && self->heard != 0;

  self->hop_trip = (double) sample->hop_trip;
  self->has_others = sample->has_others;
  self->fits = sample->fits;
  self->has_fitted |= sample->fits;
  if (begins)
    begin_to_fit (self, now);
}

/* Whether this acknowledgement decides the step, at the start: the block filled the window, or the
 * rate already suffices, since Nagle's algorithm may hold the last blocks. With no more bytes in
 * flight than before, more may follow: short blocks may have taken the place of long ones. */
static gboolean
is_telling (const IBBController *self, const IBBControllerSample *sample)
{
  gsize    block = ibb_window_get_block (self);
  gsize    cap = self->measurement.cap;
  double   in_flight = (double) sample->in_flight;
  double   trip = (double) sample->round_trip;
  double   step = (double) self->size.window / (double) MAX (self->kept.window, 1);
  gboolean has_more;

  if (!ibb_window_has_room (self, sample->in_flight, block) ||
      (cap > 0 && sample->in_flight + block > cap && !is_no_more (self, in_flight)))
    return TRUE;
  has_more = has_grown (self, step, in_flight / trip, trip);
  return ibb_window_is_first (self) ? !has_more
                                    : has_more && self->measurement.is_limited && cap == 0;
}

void
ibb_controller_acknowledged (IBBController *self, const IBBControllerSample *sample, gint64 now)
{
  IBBMeasurement *measurement = &self->measurement;
  double          usual;

  note_session (self, sample, now);
  forget_old (self, now);
  /* A silence in which a reader, a server or this machine stood still, and after which all bytes in
   * flight are acknowledged at once, tells nothing about the path. Two of them in turn are normal
   * there. */
  usual = ibb_window_get_trip (self);
  if (!self->had_silence && usual > 0 && (double) (now - self->heard) > SILENCE * usual)
    {
      self->had_silence = TRUE;
      begin (self, TRUE, now);
    }
  self->heard = now;
  self->block_max = sample->limit;

  if (measurement->from == IBB_NEVER)
    {
      /* Only now the queue of the window before is gone. */
      if (sample->sent >= measurement->begun)
        measurement->from = measurement->round = now;
      return;
    }
  if (sample->sent < measurement->from)
    return;
  if (ibb_window_is_first (self))
    note_trip (self, (double) sample->round_trip);
  if (self->phase == IBB_CONTROLLER_STARTING && is_telling (self, sample))
    {
      end_start (self, (double) sample->in_flight, (double) sample->round_trip, now);
      return;
    }

  measurement->n_samples++;
  measurement->in_flight += (double) sample->in_flight;
  measurement->trips += (double) sample->round_trip;
  if (sample->sent < measurement->round)
    return;

  measurement->n_rounds++;
  measurement->round = now;
  if (is_measured (self, now))
    end_measurement (self, now);
  else if (self->phase == IBB_CONTROLLER_STARTING)
    {
      measurement->n_samples = 0;
      measurement->in_flight = measurement->trips = 0;
    }
}
