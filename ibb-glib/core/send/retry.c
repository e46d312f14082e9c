/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/send/retry.h"

/* After we have accepted a session its opener may not know the session yet (D-32). */
#define EARLY_TIME (5 * G_USEC_PER_SEC)
#define EARLY_RETRIES 3
#define EARLY_WAIT (250 * 1000)
#define REFUSALS_MAX 3        /* then one block at a time for good (D-30) */
#define FIRST_MAX (64 * 1024) /* bytes in flight before the first acknowledgement (D-29) */

void
ibb_retry_init (IBBRetry *self)
{
  self->at = IBB_NEVER;
  self->cap = G_MAXSIZE;
  self->resumed = G_MAXUINT64;
}

void
ibb_retry_forget (IBBRetry *self)
{
  self->at = IBB_NEVER;
  self->n = 0;
  self->one_block = FALSE;
}

void
ibb_retry_acknowledged (IBBRetry *self, guint64 length)
{
  self->acknowledged = TRUE;
  if (self->resumed < G_MAXINT64)
    self->resumed += 2 * length;
  ibb_retry_forget (self);
}

/* Without the limit, a peer that takes nothing would get all blocks in flight again for each
 * <resume/>, which is short. */
void
ibb_retry_resume (IBBRetry *self, guint64 moved, gint64 at)
{
  self->resumed = moved;
  self->at = at;
}

IBBReaction
ibb_retry_classify (const IBBRetry *self, const IBBBlock *block, gboolean is_initiator, gint64 now)
{
  switch (block->condition)
    {
    case IBB_CONDITION_RECIPIENT_UNAVAILABLE:
    case IBB_CONDITION_REMOTE_SERVER_TIMEOUT:
      return IBB_REACTION_RETRY;

    case IBB_CONDITION_RESOURCE_CONSTRAINT:
    case IBB_CONDITION_INTERNAL_SERVER_ERROR:
      return block->error_type == IBB_ERROR_TYPE_WAIT ? IBB_REACTION_RETRY : IBB_REACTION_FINAL;

    case IBB_CONDITION_POLICY_VIOLATION:
      if (ibb_block_get_size (block) > IBB_SENDING_SIZE_MIN)
        return IBB_REACTION_RETRY_SMALLER;
      return block->error_type == IBB_ERROR_TYPE_WAIT ? IBB_REACTION_RETRY : IBB_REACTION_FINAL;

    case IBB_CONDITION_ITEM_NOT_FOUND:
      return !is_initiator && block->seq == 0 && !self->acknowledged &&
                     now - self->accepted < EARLY_TIME && self->n_early < EARLY_RETRIES
                 ? IBB_REACTION_RETRY_EARLY
                 : IBB_REACTION_FINAL;

    default:
      return IBB_REACTION_FINAL;
    }
}

void
ibb_retry_wait (IBBRetry *self, guint n, const IBBSettings *settings, gint64 now)
{
  self->n = n;
  self->at = now + ibb_settings_get_wait (settings, n);
}

void
ibb_retry_wait_early (IBBRetry *self, gint64 now)
{
  self->n_early++;
  self->at = now + EARLY_WAIT;
}

/* No block leaves beside the repetition: where the peer has used up the number of the refused block
 * (B-07), the reply to a later block would acknowledge the refused one. */
void
ibb_retry_alone (IBBRetry *self, const IBBSettings *settings, gint64 now)
{
  self->one_block = TRUE;
  ibb_retry_wait (self, self->n + 1, settings, now);
}

void
ibb_retry_limit (IBBRetry *self, gsize in_flight, guint block_size)
{
  self->n_refusals++;
  self->one_block_ever = self->n_refusals >= REFUSALS_MAX;
  self->cap = MAX (in_flight / 2, block_size);
}

gsize
ibb_retry_get_window (const IBBRetry *self, gboolean may_hurry)
{
  gsize window = (gsize) MIN (self->cap, self->resumed);

  if (self->one_block || self->one_block_ever)
    return 0;
  if (self->acknowledged)
    return window;
  return may_hurry ? MIN (window, FIRST_MAX) : 0;
}
