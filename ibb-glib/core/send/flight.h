/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The blocks of one session that are in flight: segmented and not yet
 * acknowledged. What follows from an answer is the sender's to decide.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/peer/parameters.h"
#include "core/peer/stall.h"

G_BEGIN_DECLS

typedef enum
{
  IBB_BLOCK_TO_SEND,   /* to be sent, for the first time or again */
  IBB_BLOCK_SENT,      /* taken, awaits its reply */
  IBB_BLOCK_REFUSED,   /* answered with .condition */
  IBB_BLOCK_DELIVERED, /* a message that the connection has sent: only an error can come */
} IBBBlockState;

typedef struct
{
  IBBPending    pending;
  GList         link;
  IBBBlockState state;
  guint16       seq;
  GBytes       *bytes;
  guint64       end;   /* position in the outgoing bytes after its last one */
  gint64        sent;  /* when it was taken last */
  gsize         ahead; /* bytes then in flight on its path, itself included */
  guint         attempts;
  gboolean      is_probe;  /* it was sent beyond the credit (D-54) */
  gboolean      ambiguous; /* an attempt ended so that the peer may have it (D-28) */
  IBBCondition  condition;
  IBBErrorType  error_type;
} IBBBlock;

typedef struct
{
  const IBBParameters *parameters;
  GQueue               blocks;         /* (element-type IBBBlock): by seq */
  GQueue               delivered;      /* (element-type IBBBlock): the last messages sent */
  GList               *to_send;        /* (nullable): in blocks, the first that is TO_SEND */
  guint                n_refused;      /* how many are REFUSED: replies of the rest are collected */
  gsize                refused_flight; /* bytes in flight when the first of them was refused */
  guint                n_flight_refused; /* blocks in flight then */
  IBBStall             stall;
} IBBFlight;

void ibb_flight_init (IBBFlight *self, const IBBParameters *parameters);
void ibb_flight_clear (IBBFlight *self);

/* When the oldest block was sent, if its acknowledgement is awaited; or IBB_NEVER. */
gint64    ibb_flight_get_oldest_sent (const IBBFlight *self);
IBBBlock *ibb_flight_peek_first (IBBFlight *self); /* (nullable) */

static inline IBBBlock *
ibb_flight_peek_unsent (const IBBFlight *self)
{
  return self->to_send != NULL ? self->to_send->data : NULL;
}

/* Which block is repeated after a silence; NULL for none. */
IBBBlock *ibb_flight_choose_repetition (IBBFlight *self);

/* bytes: (transfer full). The new block is the one to send next. */
void ibb_flight_add (IBBFlight *self, GBytes *bytes, guint16 seq, guint64 end);
/* The next to send is SENT now. is_probe: beyond the credit, and alone. */
IBBBlock *ibb_flight_send (IBBFlight *self, gboolean is_probe, gint64 now);
/* The first block is acknowledged: it goes. */
void ibb_flight_finish_first (IBBFlight *self);
void ibb_flight_refuse (IBBFlight *self, IBBBlock *block, const IBBStanza *answer);
/* Whether all that were refused have that condition (D-16, D-30). */
gboolean ibb_flight_is_refused_alike (IBBFlight *self, IBBCondition condition);
/* Lets all blocks be sent again as they are. */
void ibb_flight_resend (IBBFlight *self);
/* Counts nothing as in flight any more: the answers will not come, or not count. */
void ibb_flight_interrupt (IBBFlight *self);
/* Whether a block that was sent ends there. */
gboolean ibb_flight_was_sent_to (IBBFlight *self, guint64 end);
/* The blocks up to end have arrived, and their answers are still to come. */
void ibb_flight_note_received (IBBFlight *self, guint64 end, gint64 now);
/* The peer has another JID. */
void ibb_flight_peer_moved (IBBFlight *self);
/* The last block leaves if it ends behind start, and its bytes are returned: (transfer full)
 * (nullable). */
GBytes *ibb_flight_take_back (IBBFlight *self, guint64 start, guint16 *seq);
/* The size of the longest block that was sent and has no reply; 0 for none. */
gsize ibb_flight_get_longest (const IBBFlight *self);
/* The first block to be sent again that is longer than size. (nullable) */
const IBBBlock *ibb_flight_find_longer (const IBBFlight *self, gsize size);
/* A message was sent: it leaves the flight, but its refusal is still known. */
void ibb_flight_deliver (IBBFlight *self, IBBBlock *block);
/* The last message is to be sent again. */
void ibb_flight_resend_message (IBBFlight *self, IBBBlock *block);

IBBBlock *ibb_block_of_pending (IBBPending *pending);
gsize     ibb_block_get_size (const IBBBlock *self);

G_END_DECLS
