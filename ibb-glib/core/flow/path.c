/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/flow/path.h"

#include "core/flow/brief.h"

/* One block: the first round trip must not measure a queue that we make ourselves. */
#define INITIAL_WINDOW IBB_SIZE_BLOCK

void
ibb_path_init (IBBPath *self)
{
  ibb_search_init (&self->search, INITIAL_WINDOW, IBB_PATH_MAX);
}

gsize
ibb_path_get_block (const IBBPath *self, gsize limit)
{
  return ibb_search_get_block (&self->search, limit);
}

gsize
ibb_path_get_brief (const IBBPath *self, gsize limit)
{
  gsize  block = ibb_path_get_block (self, limit);
  double rate = ibb_search_get_rate (&self->search);

  if (!ibb_search_is_slow (&self->search))
    return block;
  return ibb_brief_get_block (rate * IBB_BRIEF_WAIT, block);
}

gboolean
ibb_path_may_send (IBBPath *self, gsize length, gsize share, gboolean is_chatting)
{
  if (self->in_flight == 0)
    return TRUE;
  if (self->in_flight + length > share)
    return FALSE;
  /* While a person chats, a larger window is not tried, either. */
  if (is_chatting && ibb_path_get_brief (self, INITIAL_WINDOW) < INITIAL_WINDOW)
    return FALSE;
  if (ibb_search_has_room (&self->search, self->in_flight, length))
    return TRUE;

  ibb_search_limit (&self->search);
  return FALSE;
}

void
ibb_path_enlarge (IBBPath *self, gsize length)
{
  ibb_search_enlarge (&self->search, self->in_flight + length);
}

double
ibb_path_get_trip (const IBBPath *self)
{
  return ibb_search_get_trip (&self->search);
}

gboolean
ibb_path_is_far (const IBBPath *self, gint64 now)
{
  return ibb_search_is_far (&self->search, now);
}

void
ibb_path_cap (IBBPath *self)
{
  ibb_search_cap (&self->search, self->in_flight);
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
ibb_path_is_new (const IBBPath *self)
{
  return ibb_search_is_new (&self->search);
}

void
ibb_path_learn (IBBPath *self, const IBBPath *other)
{
  self->search = other->search;
}

void
ibb_path_set_fits (IBBPath *self, gboolean fits, gint64 now)
{
  ibb_search_set_fits (&self->search, fits, now);
}

void
ibb_path_set_others (IBBPath *self, gboolean has_others)
{
  ibb_search_set_others (&self->search, has_others);
}

void
ibb_path_note_answer (IBBPath *self, gint64 round_trip, gboolean is_alone)
{
  ibb_search_note_answer (&self->search, round_trip, is_alone);
}

void
ibb_path_note (
    IBBPath *self, gsize in_flight, gint64 sent, gint64 round_trip, gsize limit, gint64 now)
{
  ibb_search_note (&self->search, in_flight, sent, round_trip, limit, now);
}

void
ibb_path_refused (IBBPath *self)
{
  ibb_search_refused (&self->search);
}
