/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Memory of the received bytes of all sessions of a connection (D-23), and the queue of sessions
 * that delay acknowledgements until memory is free.
 */

#pragma once

#include <glib.h>

#include "core/base/control.h"
#include "core/base/settings.h"

typedef struct
{
  const IBBSettings *settings;
  const IBBControl  *control;
  gsize              unread;    /* bytes received and not read */
  gsize              records;   /* bytes of the records of delayed acknowledgements */
  guint              n_sharers; /* sessions that count towards the limit (D-08) */
  gboolean           is_freed;  /* those that wait may go on */
  GQueue             waiting;   /* by links of the receivers; element: the session */
} IBBMemory;

gboolean ibb_memory_is_short (const IBBMemory *self);
/* Whether more than half of the limit is taken. Then no session is offered more than its buffer. */
gboolean ibb_memory_is_half_taken (const IBBMemory *self);
/* Bytes that a session may hold, whatever the other sessions hold. */
gsize ibb_memory_get_share (const IBBMemory *self, guint block_size);
static inline void
ibb_memory_add_unread (IBBMemory *self, gsize length)
{
  self->unread += length;
}

void ibb_memory_remove_unread (IBBMemory *self, gsize length);
static inline void
ibb_memory_add_records (IBBMemory *self, gsize size)
{
  self->records += size;
}

void ibb_memory_remove_records (IBBMemory *self, gsize size);

/* Notes that memory may be free. The waiting sessions are checked when the next stanza is taken,
 * and not after each read. */
void ibb_memory_note_room (IBBMemory *self);
/* Has the waiting sessions checked even if memory is short. */
static inline void
ibb_memory_wake (IBBMemory *self)
{
  self->is_freed = TRUE;
}

/* Whether the waiting sessions are to be checked now. */
static inline gboolean
ibb_memory_take_freed (IBBMemory *self)
{
  gboolean is_freed = self->is_freed;

  self->is_freed = FALSE;
  return is_freed;
}
