/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/path.h"

/* One block: the first round trip must not hold a queue of our own making. */
#define INITIAL_WINDOW 4096

void
ibb_path_init (IBBPath *self)
{
  ibb_search_init (&self->search, INITIAL_WINDOW, IBB_PATH_MAX);
  self->in_flight = 0;
}

gboolean
ibb_path_may_send (IBBPath *self, gsize length)
{
  if (self->in_flight == 0 || self->in_flight + length <= ibb_search_get_window (&self->search))
    return TRUE;

  ibb_search_limit (&self->search);
  return FALSE;
}

void
ibb_path_sent (IBBPath *self, gsize length)
{
  self->in_flight += length;
}

void
ibb_path_forget (IBBPath *self, gsize length)
{
  g_assert (self->in_flight >= length);
  self->in_flight -= length;
}

gsize
ibb_path_get_in_flight (const IBBPath *self)
{
  return self->in_flight;
}

gboolean
ibb_path_has_room (const IBBPath *self)
{
  return self->in_flight == 0 || self->in_flight < ibb_search_get_window (&self->search);
}

void
ibb_path_note (
    IBBPath *self, gsize in_flight, gint64 sent, gint64 round_trip, gsize block, gint64 now)
{
  ibb_search_note (&self->search, in_flight, sent, round_trip, block, now);
}

void
ibb_path_refused (IBBPath *self)
{
  ibb_search_refused (&self->search);
}
