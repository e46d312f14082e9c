/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The blocks of one session in flight: segmented and not yet acknowledged. The sender decides what
 * follows from an answer.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/peer/parameters.h"
#include "core/peer/stall.h"

typedef enum
{
  IBB_BLOCK_TO_SEND,   /* to be sent, for the first time or again */
  IBB_BLOCK_SENT,      /* without a reply */
  IBB_BLOCK_REFUSED,   /* answered with .condition, or set aside with an earlier block that was */
  IBB_BLOCK_DELIVERED, /* a message that the connection has sent; an error may follow */
} IBBBlockState;

typedef struct
{
  IBBPending    pending;
  GList         link;
  IBBBlockState state;
  guint16       seq;
  GBytes       *bytes;
  guint64       end;   /* position of its end in the outgoing bytes */
  gint64        sent;  /* when the block was taken last */
  gsize         ahead; /* bytes in flight on the path then, the block included */
  guint         attempts;
  gboolean      is_probe;    /* sent beyond the send window (D-54) */
  gboolean      ambiguous;   /* the peer may have the block after a refused attempt (D-28) */
  gboolean      is_missing;  /* at the peer: the block was refused, and not sent again since */
  gboolean      is_doubtful; /* the refusal: a later block has a result */
  IBBCondition  condition;
  IBBErrorType  error_type;
} IBBBlock;

static inline IBBBlock *
ibb_block_of_pending (IBBPending *pending)
{
  G_STATIC_ASSERT (G_STRUCT_OFFSET (IBBBlock, pending) == 0);
  return (IBBBlock *) pending;
}

static inline gsize
ibb_block_get_size (const IBBBlock *self)
{
  return g_bytes_get_size (self->bytes);
}

typedef struct
{
  const IBBParameters *parameters;
  GQueue               blocks;    /* (element-type IBBBlock): by seq */
  GQueue               delivered; /* (element-type IBBBlock): the last messages sent */
  GQueue cut; /* (element-type IBBBlock): cut after they had left, so that they may still arrive */
  GList *to_send;        /* (nullable): in blocks, the first that is TO_SEND */
  guint  n_refused;      /* blocks that are REFUSED, while the replies of the others are awaited */
  gsize  refused_flight; /* bytes in flight when the first of them was refused */
  guint  n_flight_refused; /* blocks in flight then */
  IBBStall stall;
} IBBFlight;

void ibb_flight_init (IBBFlight *self, const IBBParameters *parameters);
void ibb_flight_clear (IBBFlight *self);

/* When the oldest block was sent, if its acknowledgement is awaited; or IBB_NEVER. */
gint64 ibb_flight_get_oldest_sent (const IBBFlight *self);

static inline IBBBlock *
ibb_flight_peek_unsent (const IBBFlight *self)
{
  return self->to_send != NULL ? self->to_send->data : NULL;
}

/* The block to repeat after a silence. (nullable) */
IBBBlock *ibb_flight_choose_repetition (IBBFlight *self);

/* Adds the next block to send. bytes: (transfer full) */
void ibb_flight_add (IBBFlight *self, GBytes *bytes, guint16 seq, guint64 end);
/* Marks the next block as SENT. is_probe: beyond the send window, and alone. */
IBBBlock *ibb_flight_send (IBBFlight *self, gboolean is_probe, gint64 now);
/* Takes the round trip of an acknowledged block. delay: of the acknowledgement, as the peer tells.
 * Measurements that other peers share do not depend on the delay: a false one would harm these
 * peers. limit: the longest block that the session may send. */
void
ibb_flight_measure (IBBFlight *self, const IBBBlock *block, gint64 delay, gsize limit, gint64 now);
/* Frees the first block, which is acknowledged. */
void ibb_flight_finish_first (IBBFlight *self);
/* Frees the blocks up to last. Returns the bytes among them that counted as in flight to all peers.
 * A stalled session gets answers at any time, so its bytes tell no rate. */
gsize ibb_flight_finish_up_to (IBBFlight *self, const IBBBlock *last);
void  ibb_flight_refuse (IBBFlight *self, IBBBlock *block, const IBBStanza *answer);
/* The first block before last that was refused, and not sent again since. (nullable) */
IBBBlock *ibb_flight_find_missing (const IBBFlight *self, const IBBBlock *last);
/* The blocks behind first, up to last, have a result, and are sent again with first, which was
 * refused. */
void ibb_flight_set_aside (IBBFlight *self, IBBBlock *first, const IBBBlock *last);
/* Whether all refused blocks have that condition (D-16, D-30). */
gboolean ibb_flight_is_refused_alike (IBBFlight *self, IBBCondition condition);
/* Marks all blocks as to be sent again. */
void ibb_flight_resend (IBBFlight *self);
/* Marks the blocks up to end as SENT: they have arrived, and the answers are still to come. */
void ibb_flight_note_received (IBBFlight *self, guint64 end, gint64 now);
/* Notes another JID of the peer, or our own other one. */
void ibb_flight_peer_moved (IBBFlight *self);
/* Cuts the block into blocks of that size at most, and so each later one, with numbers from its
 * number on and new ids. None of them is SENT. Returns the number after the last one. */
guint16 ibb_flight_cut (IBBFlight *self, IBBBlock *first, gsize size);
/* Forgets the blocks that were cut before one that has a result: their results would have come
 * first. */
void ibb_flight_settle (IBBFlight *self, const IBBBlock *acknowledged);
/* Bytes of the longest block without a reply; 0: none. */
gsize ibb_flight_get_longest (const IBBFlight *self);
/* The first block to be sent again that is longer than size. (nullable) */
IBBBlock *ibb_flight_find_longer (const IBBFlight *self, gsize size);
/* Removes a sent message from the flight. A refusal is still recognised. */
void ibb_flight_deliver (IBBFlight *self, IBBBlock *block);
/* Marks the last message as to be sent again. */
void ibb_flight_resend_message (IBBFlight *self, IBBBlock *block);
