/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/interactive.h"

#include "core/base/quirks.h"

/* For so long after a stanza of the application a person is likely to write another. So is a
 * session that sends little. */
#define CHAT_TIME (10 * G_USEC_PER_SEC)

void
ibb_interactive_note (IBBInteractive *self, gint64 now)
{
  self->at = now;
}

void
ibb_interactive_note_urgent (IBBInteractive *self, gint64 now)
{
  self->urgent_at = now;
}

static gboolean
is_recent (gint64 at, gint64 now)
{
  return at > 0 && now - at < CHAT_TIME;
}

void
ibb_interactive_update (IBBInteractive *self, gint64 now)
{
  self->is_on = is_recent (self->at, now);
  self->has_urgent = is_recent (self->urgent_at, now);
}

gsize
ibb_interactive_get_block (double passing, gsize limit)
{
  return MIN (limit, MAX (IBB_QUIRKS_BLOCK_MIN, (gsize) passing));
}
