/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/credit.h"

gboolean
ibb_credit_covers (const IBBCredit *self, guint64 end)
{
  return !self->is_told || end <= self->limit;
}

gboolean
ibb_credit_must_ask (const IBBCredit *self, guint64 end, gint64 resumed_at)
{
  return !self->is_told || self->told_at <= resumed_at || end > self->limit;
}

void
ibb_credit_ask_again (IBBCredit *self)
{
  self->told_at = G_MININT64;
}

void
ibb_credit_note_asked (IBBCredit *self)
{
  self->has_asked = TRUE;
}

/* A room that a peer tells without having been asked may mean something else. */
static gboolean
tells (const IBBCredit *self, const IBBStanza *answer)
{
  return self->has_asked && answer->tells_room;
}

void
ibb_credit_acknowledged (IBBCredit *self, const IBBStanza *answer, guint64 end, gint64 now)
{
  if (tells (self, answer))
    {
      self->is_told = TRUE;
      self->room = answer->room;
      self->told_at = now;
    }
  self->limit = end + self->room;
}

gint64
ibb_credit_get_delay (const IBBCredit *self, const IBBStanza *answer)
{
  return tells (self, answer) ? answer->delay : 0;
}
