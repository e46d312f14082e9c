/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The outgoing half of a session: the send buffer, the segmenting into blocks, the limit of the
 * blocks in flight, and the handling of replies (D-25 to D-33).
 */

#pragma once

#include <glib.h>

#include "core/base/byte-queue.h"
#include "core/base/failure.h"
#include "core/flow/scheduler.h"
#include "core/flow/send-window.h"
#include "core/peer/parameters.h"
#include "core/peer/server.h"
#include "core/send/flight.h"
#include "core/send/retry.h"

/* Conclusions from a reply. The session acts on them. */
typedef enum
{
  IBB_SENDER_GOES_ON = 0,
  IBB_SENDER_ADVANCED = 1 << 0, /* bytes were acknowledged */
  IBB_SENDER_FAILED = 1 << 1,   /* the session ends */
} IBBSenderVerdict;

typedef struct
{
  const IBBParameters *parameters;
  IBBByteQueue         queue;     /* written, not in blocks */
  guint64              written;   /* positions in the outgoing bytes: taken by write, ... */
  guint64              segmented; /* ... in blocks, the most that can have arrived, ... */
  guint64              passed;    /* ... passed to the connection, ... */
  guint64              delivered; /* ... and acknowledged; messages: sent */
  guint64              flush_to;  /* up to here a partial block may be sent */
  gboolean             auto_flush;
  IBBTurn              turn;
  guint16              next_seq;
  gboolean             is_interrupted;   /* nothing is sent */
  gboolean             refused_for_good; /* a block, since the last acknowledgement (D-45) */
  gsize                sending_size; /* D-16: smaller than the block size after policy-violation */
  IBBFlight            flight;
  IBBSendWindow        credit; /* of the reader of the peer (D-54) */
  IBBRetry             retry;
  IBBServer           *own_server;     /* (nullable): of a session by message (N-31) */
  IBBServer           *peer_server;    /* (nullable): likewise, once needed */
  IBBFailure           refusal;        /* of a block, which ends the session; without a text */
  IBBFailure           output_failure; /* why later writes fail */
  /* Reason for the loss of written bytes: NONE as long as delivery is possible, and after the
   * delivery of all bytes. A flush, drain, shutdown or close in progress fails with this reason,
   * not with output_failure: a close of the output half, or by the peer, sets output_failure while
   * delivery goes on. */
  IBBFailure delivery_failure;
} IBBSender;

void ibb_sender_init (IBBSender *self, const IBBParameters *parameters);
void ibb_sender_open (IBBSender *self, gint64 now);
/* Ends sending. failure: the reason for undelivered bytes. */
void ibb_sender_end (IBBSender *self, const IBBFailure *failure);
void ibb_sender_clear (IBBSender *self);

/* Writing. */
gsize ibb_sender_get_room (const IBBSender *self);
/* See ibb_session_is_worth_waking (). */
gboolean ibb_sender_is_worth_waking (const IBBSender *self, gsize length);
gsize    ibb_sender_write (IBBSender *self, const guint8 *bytes, gsize length, gint64 now);
void     ibb_sender_flush (IBBSender *self, gint64 now);
/* Later writes fail; the first reason counts. */
void     ibb_sender_stop_writes (IBBSender *self, IBBFailureKind kind);
gboolean ibb_sender_is_drained (const IBBSender *self); /* whether all bytes are acknowledged */

/* Sending. */
void ibb_sender_update_ready (IBBSender *self, gint64 now);
void ibb_sender_set_auto_flush (IBBSender *self, gboolean auto_flush, gint64 now);
/* size: set, of the next block. */
gboolean   ibb_sender_can_send (const IBBSender *self, gsize *size, gint64 now);
IBBStanza *ibb_sender_take_stanza (IBBSender *self, gint64 now);
void       ibb_sender_passed (IBBSender *self, const IBBBlock *block);
/* The connection has sent the block. Returns whether the block, a message, counts as acknowledged.
 */
gboolean ibb_sender_sent (IBBSender *self, IBBBlock *block, gint64 now);

/* Replies. The field refusal is set where the verdict is FAILED. */
IBBSenderVerdict
ibb_sender_block_answered (IBBSender *self, IBBBlock *block, const IBBStanza *answer, gint64 now);

/* Bytes of the longest stanza without a reply; 0: none. */
gsize ibb_sender_get_longest (const IBBSender *self);
/* The session is interrupted, and goes on (D-58). */
void ibb_sender_interrupt (IBBSender *self);
/* Whether the position of the peer in a <resume/>, or in the answer to one, is possible. */
gboolean ibb_sender_may_resume (const IBBSender *self, const IBBStanza *peer);
/* Sends the bytes again that the peer has not received. moved: bytes, both ways, since the last
 * resumption. send_at: when blocks are sent again; IBB_NEVER: at once. */
void ibb_sender_resume (
    IBBSender *self, const IBBStanza *peer, guint64 moved, gint64 send_at, gint64 now);

/* Waiting. */
static inline gboolean
ibb_sender_awaits_reply (const IBBSender *self)
{
  return self->flight.stall.n_blocks > 0 && !self->parameters->by_message;
}

/* Repeats a block whose reply may be lost. (nullable) */
IBBStanza *ibb_sender_repeat (IBBSender *self);
gint64     ibb_sender_get_due (const IBBSender *self);
void       ibb_sender_timeout (IBBSender *self, gint64 now);
