/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The delayed acknowledgements of one session. The peer sends no more until the blocks are read
 * (D-22).
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/peer/parameters.h"
#include "core/receive/receive-window.h"

typedef struct
{
  GList   link;
  char   *id;
  guint64 digest;
  guint64 end;
  gsize   cost;
  gint64  arrived;
} IBBDelayedAck;

typedef struct
{
  const IBBParameters *parameters;
  GQueue               blocks;      /* (element-type IBBDelayedAck): oldest first */
  GHashTable          *digests;     /* (nullable) (element-type guint64): of the blocks, for D-20 */
  gsize                bytes;       /* cost of the blocks */
  gsize                records;     /* bytes of the records, and of stanzas ahead of their turn */
  guint64              sent_to;     /* the position up to which results were sent */
  gboolean             has_refused; /* blocks, after which none was acknowledged */
  gboolean             is_waiting;  /* for memory, or for the end of a backlog */
  GList                memory_link;
} IBBAcks;

void ibb_acks_init (IBBAcks *self, const IBBParameters *parameters);
/* Forgets them without an answer. */
void ibb_acks_clear (IBBAcks *self);

gboolean ibb_acks_contain (const IBBAcks *self, guint64 digest);
/* The bytes that a block counts for towards the limits of memory. */
gsize ibb_acks_get_cost (const IBBStanza *stanza);

/* end: the position in the incoming bytes behind the block. */
void ibb_acks_add (IBBAcks *self, const IBBStanza *stanza, guint64 end, gint64 now);
/* Counts the bytes of a record. */
static inline void
ibb_acks_add_record (IBBAcks *self, gsize size)
{
  self->records += size;
  ibb_memory_add_records (&self->parameters->context->memory, size);
}

static inline void
ibb_acks_remove_record (IBBAcks *self, gsize size)
{
  self->records -= size;
  ibb_memory_remove_records (&self->parameters->context->memory, size);
}

/* Lets ibb_acks_contain () find the last block. */
void ibb_acks_note_digest (IBBAcks *self, guint64 digest);
/* Queues the first acknowledgement. room: (nullable) */
void ibb_acks_send_first (IBBAcks *self, const IBBRoom *room);
/* Queues the replies to all, however many they are: results for the blocks up to the position end,
 * and item-not-found for the others. */
void ibb_acks_send_all (IBBAcks *self, guint64 end);
/* The session goes on after an interruption: the delay of the acknowledgements counts from now. */
void ibb_acks_restart (IBBAcks *self, gint64 now);
/* Sets whether the session is checked again when memory is free. */
void ibb_acks_set_waiting (IBBAcks *self, gboolean is_waiting);
