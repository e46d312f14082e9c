/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/send-window.h"

gboolean
ibb_send_window_covers (const IBBSendWindow *self, guint64 end)
{
  return !self->is_told || end <= self->limit;
}

gboolean
ibb_send_window_must_ask (const IBBSendWindow *self, guint64 end, gint64 resumed_at)
{
  return !self->is_told || self->told_at <= resumed_at || end > self->limit;
}

void
ibb_send_window_ask_again (IBBSendWindow *self)
{
  self->told_at = G_MININT64;
}

void
ibb_send_window_note_asked (IBBSendWindow *self)
{
  self->has_asked = TRUE;
}

/* A room that a peer tells without having been asked may mean something else. */
static gboolean
tells (const IBBSendWindow *self, const IBBStanza *answer)
{
  return self->has_asked && answer->tells_room;
}

void
ibb_send_window_acknowledged (IBBSendWindow *self, const IBBStanza *answer, guint64 end, gint64 now)
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
ibb_send_window_get_delay (const IBBSendWindow *self, const IBBStanza *answer)
{
  return tells (self, answer) ? answer->delay : 0;
}
