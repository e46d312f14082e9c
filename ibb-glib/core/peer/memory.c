/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/peer/memory.h"

static gsize
get_taken (const IBBMemory *self)
{
  return self->unread + self->records + self->control->replies;
}

gboolean
ibb_memory_is_short (const IBBMemory *self)
{
  return get_taken (self) > self->settings->receive_memory_limit;
}

gboolean
ibb_memory_is_half_taken (const IBBMemory *self)
{
  return get_taken (self) > self->settings->receive_memory_limit / 2;
}

gsize
ibb_memory_get_share (const IBBMemory *self, guint block_size)
{
  gsize n = MAX (self->n_sharers, 1); /* also those that ended with unread bytes */

  return MAX (2 * (gsize) block_size, self->settings->receive_memory_limit / (2 * n));
}

void
ibb_memory_remove_unread (IBBMemory *self, gsize length)
{
  g_assert (self->unread >= length);
  self->unread -= length;
  ibb_memory_note_room (self);
}

void
ibb_memory_remove_records (IBBMemory *self, gsize size)
{
  self->records -= size;
  ibb_memory_note_room (self);
}

void
ibb_memory_note_room (IBBMemory *self)
{
  self->is_freed |= !ibb_memory_is_short (self);
}
