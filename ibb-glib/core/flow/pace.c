/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/pace.h"

#include "core/flow/controller.h"

/* Bytes that may be sent beyond the last answer. */
#define AHEAD_MAX (800 * 1024)
/* What is sent between two questions, at most: the next answers come before the messages stop. */
#define STEP (AHEAD_MAX / 4)
/* The first of these messages waits so long for a question. */
#define WAIT G_USEC_PER_SEC

G_STATIC_ASSERT (AHEAD_MAX == IBB_CONTROLLER_BLOCKS_MAX * IBB_CONTROLLER_BLOCK);

void
ibb_pace_init (IBBPace *self)
{
  *self = (IBBPace){ .due = IBB_NEVER };
}

gboolean
ibb_pace_may_send (const IBBPace *self)
{
  return self->sent - self->answered < AHEAD_MAX;
}

gint64
ibb_pace_get_due (const IBBPace *self)
{
  return self->due;
}

gsize
ibb_pace_get_longest (const IBBPace *self)
{
  return MAX (self->longest, self->longest_asked);
}

void
ibb_pace_sent (IBBPace *self, gsize size, gint64 now)
{
  self->sent += MAX (size, IBB_CONTROLLER_BLOCK);
  self->longest = MAX (self->longest, size);
  if (self->due == IBB_NEVER)
    self->due = now + WAIT;
  if (self->sent - self->asked >= STEP)
    self->due = MIN (self->due, now);
}

void
ibb_pace_asked (IBBPace *self)
{
  self->asked = self->sent;
  self->due = IBB_NEVER;
  self->longest_asked = MAX (self->longest_asked, self->longest);
  self->longest = 0;
}

void
ibb_pace_answered (IBBPace *self)
{
  self->answered = self->asked;
  self->longest_asked = 0;
}

void
ibb_pace_not_asked (IBBPace *self, gint64 due)
{
  self->asked = self->answered;
  if (self->sent > self->asked)
    self->due = MIN (self->due, due);
}
