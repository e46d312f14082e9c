/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The memory that received bytes take, of all sessions of a connection together
 * (D-23), and the sessions that delay acknowledgements until some is free.
 */

#pragma once

#include <glib.h>

#include "core/base/control.h"
#include "core/base/settings.h"

G_BEGIN_DECLS

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
/* More than half of it is taken, so nobody gets more than it needs. */
gboolean ibb_memory_is_half_taken (const IBBMemory *self);
/* How much a session with that block size may hold whatever the others do. */
gsize ibb_memory_get_share (const IBBMemory *self, guint block_size);
void  ibb_memory_remove_unread (IBBMemory *self, gsize length);
void  ibb_memory_remove_records (IBBMemory *self, gsize size);

/* Sessions that wait are not checked each time that a little is read, but when a stanza is taken
 * next. This notes that there may be room for them. */
void ibb_memory_note_room (IBBMemory *self);

G_END_DECLS
