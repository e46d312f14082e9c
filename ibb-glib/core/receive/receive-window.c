/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/receive/receive-window.h"

/* Time after which bytes that were read no longer count. */
#define MEMORY G_USEC_PER_SEC

void
ibb_receive_window_ask (IBBReceiveWindow *self, guint64 limit)
{
  if (!self->is_asked)
    self->limit = limit;
  self->is_asked = TRUE;
  self->is_told = FALSE;
}

/* Whether the room that the peer was told last, counted from this block on, is near enough. */
static gboolean
is_near (const IBBReceiveWindow *self, guint64 end, guint64 limit, gsize slack)
{
  guint64 implied = end + self->room;

  if (self->room == 0)
    return MAX (self->limit, limit) <= end;
  return implied <= limit + slack && implied + slack >= limit && MAX (self->limit, limit) > end;
}

gboolean
ibb_receive_window_tell (
    IBBReceiveWindow *self, guint64 end, guint64 limit, gsize slack, IBBRoom *room)
{
  gboolean is_silent = self->is_told && room->delay == 0 && is_near (self, end, limit, slack);

  self->limit = MAX (self->limit, is_silent ? end + self->room : limit);
  if (is_silent)
    return FALSE;

  self->is_told = TRUE;
  self->room = (guint32) MIN (self->limit - MIN (self->limit, end), G_MAXUINT32);
  room->room = self->room;
  return TRUE;
}

gsize
ibb_receive_window_get_recent (const IBBReceiveWindow *self, gint64 now)
{
  gint64 age = CLAMP (now - self->recent_at, 0, MEMORY);

  return (gsize) (self->recent * (double) (MEMORY - age) / MEMORY);
}

void
ibb_receive_window_note_read (IBBReceiveWindow *self, gsize length, gint64 now)
{
  gint64 age = CLAMP (now - self->recent_at, 0, MEMORY);

  self->recent = self->recent * (double) (MEMORY - age) / MEMORY + (double) length;
  self->recent_at = now;
}
