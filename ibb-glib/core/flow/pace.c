/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/pace.h"

#include "core/flow/controller.h"

/* Bytes that may be sent beyond the last answer. */
#define AHEAD_MAX (IBB_CONTROLLER_BLOCKS_MAX * IBB_CONTROLLER_BLOCK)

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
    self->due = now + G_USEC_PER_SEC;
  /* So early that the next answers come before the messages stop. */
  if (self->sent - self->asked >= AHEAD_MAX / 4)
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
