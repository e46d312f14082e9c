/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/chat.h"

/* For so long after a stanza of the application a person is likely to write another. */
#define CHAT_TIME (10 * G_USEC_PER_SEC)

void
ibb_chat_note (IBBChat *self, gint64 now)
{
  self->at = now;
}

void
ibb_chat_update (IBBChat *self, gint64 now)
{
  self->is_on = self->at > 0 && now - self->at < CHAT_TIME;
}

gboolean
ibb_chat_is_on (const IBBChat *self)
{
  return self->is_on;
}
