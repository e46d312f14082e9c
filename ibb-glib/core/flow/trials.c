/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/trials.h"

/* A larger window is kept if the rate grows by this share of the step. A smaller one is
 * kept if the rate falls by less than this share of it. */
#define LARGER_SHARE (1 / 5.0)
#define SMALLER_SHARE (1 / 8.0)

/* A longer block is kept if the rate stays about the same, or, where more is in flight with it,
 * grows by a share of that. A shorter one is kept if the rate grows. Where the longer one takes
 * more than BLOCK_TIME, in microseconds, the rate may even fall a little. */
#define BLOCK_TIME (20 * 1000.0)
#define LONGER_LOSS 0.98
#define LONGER_SHARE 0.07
#define SHORTER_GAIN 1.05
#define SHORTER_LOSS 0.97

#define LEAP 4
#define PATIENCE (250 * 1000.0)

static const IBBTrialKind kinds[] = {
  IBB_TRIAL_LARGER, IBB_TRIAL_SMALLER, IBB_TRIAL_LONGER,
  IBB_TRIAL_LARGER, IBB_TRIAL_SMALLER, IBB_TRIAL_SHORTER,
};

void
ibb_trials_init (IBBTrials *self)
{
  *self = (IBBTrials){ .leaps = TRUE };
}

void
ibb_trials_start_again (IBBTrials *self)
{
  self->next = 0;
  self->leaps = TRUE;
  ibb_pauses_skip (&self->pauses);
}

void
ibb_trials_reset (IBBTrials *self)
{
  ibb_trials_start_again (self);
  ibb_pauses_reset (&self->pauses);
}

void
ibb_trials_set_others (IBBTrials *self, gboolean has_others)
{
  self->has_others = has_others;
}

/* They do near by, where their own round trip is short. */
gboolean
ibb_trials_are_noticed (const IBBTrials *self, double trip)
{
  return self->has_others && trip < BLOCK_TIME;
}

gboolean
ibb_trials_take_long (double trip)
{
  return trip * LEAP > PATIENCE;
}

void
ibb_trials_pause (IBBTrials *self, gboolean is_soon)
{
  ibb_pauses_begin (&self->pauses, is_soon);
}

void
ibb_trials_skip_pause (IBBTrials *self)
{
  ibb_pauses_skip (&self->pauses);
}

gboolean
ibb_trials_step (IBBTrials *self)
{
  return ibb_pauses_step (&self->pauses);
}

IBBTrialKind
ibb_trials_get_kind (const IBBTrials *self)
{
  return kinds[self->next];
}

gboolean
ibb_trials_is_more (const IBBTrials *self)
{
  IBBTrialKind kind = kinds[self->next];

  return kind == IBB_TRIAL_LARGER || kind == IBB_TRIAL_LONGER;
}

static void
advance (IBBTrials *self)
{
  self->next = (self->next + 1) % G_N_ELEMENTS (kinds);
}

static gboolean
may_lengthen (const IBBTrials     *self,
              const IBBOutcome    *kept,
              const IBBSizeLimits *limits,
              gboolean             is_limited)
{
  gsize    longer = 2 * kept->size.block;
  gboolean is_single = ibb_size_is_single (&kept->size, limits, kept->in_flight);

  return longer <= limits->block && ibb_pauses_may_lengthen (&self->pauses) &&
         ((!is_limited && is_single) || (double) longer <= kept->rate * BLOCK_TIME);
}

static gboolean
is_possible (const IBBTrials     *self,
             const IBBOutcome    *kept,
             const IBBSizeLimits *limits,
             gboolean             is_limited,
             gint64               now)
{
  switch (kinds[self->next])
    {
    case IBB_TRIAL_LARGER:
      return is_limited && kept->size.window < limits->window &&
             (ibb_pauses_may_enlarge (&self->pauses, now) ||
              !ibb_trials_are_noticed (self, kept->trip));
    case IBB_TRIAL_SMALLER:
      return is_limited && kept->size.window >= 2 * ibb_size_get_block (&kept->size, limits);
    case IBB_TRIAL_LONGER:
      return may_lengthen (self, kept, limits, is_limited);
    default:
      return kept->size.block >= 2 * ibb_size_get_least (limits);
    }
}

gboolean
ibb_trials_find (IBBTrials           *self,
                 const IBBOutcome    *kept,
                 const IBBSizeLimits *limits,
                 gboolean             is_limited,
                 gint64               now)
{
  guint n = 0;

  while (n < G_N_ELEMENTS (kinds) && !is_possible (self, kept, limits, is_limited, now))
    {
      advance (self);
      n++;
    }
  if (n == G_N_ELEMENTS (kinds))
    return FALSE;

  ibb_pauses_note_trial (&self->pauses);
  return TRUE;
}

/* Nagle's algorithm holds the second block until the first one is acknowledged, so that two blocks
 * carry no more than one, but many do. Only a leap finds them. Near by one block carries enough,
 * and a leap that would make a person or others wait is not tried. Where the distance takes the
 * time, nobody waits for it. */
static gsize
get_larger (IBBTrials           *self,
            const IBBOutcome    *kept,
            const IBBSizeLimits *limits,
            gsize                block,
            gboolean             is_far)
{
  gsize    window = kept->size.window;
  double   least = IBB_TRIALS_TRIP_MIN * (double) block / IBB_SIZE_BLOCK;
  gboolean waits = ibb_trials_take_long (kept->trip) && !is_far;
  gboolean leaps = self->leaps && !self->has_others && kept->trip >= least && !waits;
  gsize    step = leaps ? window * (LEAP - 1) : MAX (block, window / 2);

  self->leaps = !self->leaps;
  return MIN (window + step, limits->window);
}

IBBSize
ibb_trials_begin (IBBTrials           *self,
                  const IBBOutcome    *kept,
                  const IBBSizeLimits *limits,
                  gboolean             is_far)
{
  IBBSize size = kept->size;
  gsize   block = ibb_size_get_block (&size, limits);

  switch (kinds[self->next])
    {
    case IBB_TRIAL_LARGER:
      size.window = get_larger (self, kept, limits, block, is_far);
      ibb_size_lengthen (&size, limits);
      break;
    case IBB_TRIAL_SMALLER:
      size.window = MAX (size.window - MAX (block, size.window / 3), block);
      break;
    case IBB_TRIAL_LONGER:
      size.block *= 2;
      size.window = ibb_size_get_whole (&size, limits, !ibb_trials_are_noticed (self, kept->trip));
      break;
    default:
      size.block /= 2;
    }
  return size;
}

/* The least rate with shorter blocks that is good enough, as a share of the rate with longer
 * ones. */
static double
get_shorter_share (const IBBOutcome *kept)
{
  return (double) kept->size.block > kept->rate * BLOCK_TIME ? SHORTER_LOSS : SHORTER_GAIN;
}

gboolean
ibb_trials_is_better (
    const IBBTrials *self, const IBBOutcome *kept, double step, gboolean is_full, double rate)
{
  double share = rate / kept->rate;

  switch (kinds[self->next])
    {
    case IBB_TRIAL_LARGER:
      return is_full && share > 1 + (step - 1) * LARGER_SHARE;
    case IBB_TRIAL_SMALLER:
      return share > 1 - (1 - step) * SMALLER_SHARE;
    case IBB_TRIAL_LONGER:
      return share > LONGER_LOSS + (step - 1) * LONGER_SHARE;
    default:
      return get_shorter_share (kept) < share;
    }
}

gboolean
ibb_trials_kept (IBBTrials *self)
{
  ibb_pauses_found (&self->pauses);
  /* Beside others the window grows in small steps: the next trial is of a larger one again. */
  if (kinds[self->next] != IBB_TRIAL_LARGER || self->has_others)
    return FALSE;

  advance (self);
  return TRUE;
}

void
ibb_trials_give_up (IBBTrials *self)
{
  ibb_pauses_in_vain (&self->pauses);
  advance (self);
}

void
ibb_trials_in_vain (IBBTrials *self, gint64 begun, gint64 now)
{
  if (kinds[self->next] == IBB_TRIAL_LONGER)
    ibb_pauses_longer_in_vain (&self->pauses);
  if (kinds[self->next] == IBB_TRIAL_LARGER)
    ibb_pauses_larger_in_vain (&self->pauses, now - begun, now);
  ibb_trials_give_up (self);
}
