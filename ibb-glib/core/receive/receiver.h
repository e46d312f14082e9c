/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The incoming half of a session: takes and acknowledges blocks. A delayed acknowledgement is the
 * back-pressure (D-22). A peer that asks for its send window gets acknowledgements at once within
 * the window (D-53).
 */

#pragma once

#include <glib.h>

#include "core/base/byte-queue.h"
#include "core/base/failure.h"
#include "core/peer/parameters.h"
#include "core/receive/acks.h"
#include "core/receive/receive-window.h"

/* How long the only acknowledgement of a session is delayed at most (D-22). */
#define IBB_ACK_DELAY (4 * G_USEC_PER_SEC)
#define IBB_EARLY_BLOCKS 8 /* kept before the answer to our open (D-24) */

/* Conclusion about a block. The session acts on it. The field mistake says why it is MISSING or
 * FAILED. */
typedef enum
{
  IBB_RECEIVER_HANDLED,  /* answered, or kept ahead of its turn (D-42) */
  IBB_RECEIVER_STORED,   /* the next block: a sign of life */
  IBB_RECEIVER_READABLE, /* the same, with bytes to read */
  IBB_RECEIVER_MISSING,  /* a block before it was lost: the session is interrupted (D-58) */
  IBB_RECEIVER_FAILED,   /* the session ends */
} IBBReceiverVerdict;

typedef struct
{
  const IBBParameters *parameters;
  IBBByteQueue         queue;    /* received, not read */
  guint64              received; /* positions in the incoming bytes */
  guint64              read;
  guint64             *recent;   /* (nullable): digests of the last accepted blocks (D-20) */
  guint64              n_recent; /* accepted blocks in all */
  guint16              next_seq;
  guint16              refused_seq;    /* of the last refused block that is outstanding, ... */
  gboolean             refusing;       /* ... if any (D-23, D-24) */
  gboolean             is_interrupted; /* no acknowledgement is sent */
  guint64          closed_at; /* the position behind which blocks are refused, not acknowledged */
  gboolean         discards;  /* we have closed the input half (D-51) */
  gboolean         eof;       /* the peer has ended in order */
  GQueue           early;     /* (element-type IBBStanza): before the answer to our open (D-24) */
  GQueue           ahead; /* (element-type IBBStanza): see ibb_receiver_defer (); blocks first */
  gint64           ahead_since; /* when the first of these arrived */
  IBBAcks          acks;
  IBBReceiveWindow offer;   /* to a peer that asks for it (D-53) */
  IBBFailure       mistake; /* of the peer, in a block; without a text */
  IBBFailure       failure; /* why later reads fail */
} IBBReceiver;

void ibb_receiver_init (IBBReceiver *self, const IBBParameters *parameters);
void ibb_receiver_clear (IBBReceiver *self);

/* Before the answer to our open (D-24). */
void ibb_receiver_receive_early (IBBReceiver *self, IBBStanza *stanza);

/* Stanzas ahead of their turn wait for the blocks before them: a server may deliver stanzas out of
 * order for a moment when a connection is resumed (D-42). */
/* Keeps a close, or the answer to ours, that may have overtaken a block after a resumption of the
 * connection: nothing else tells the end of the messages. */
gboolean ibb_receiver_defer (IBBReceiver *self, IBBStanza *stanza, gint64 now);
/* The next block; any of them, blocks first. (transfer full) (nullable) */
IBBStanza *ibb_receiver_take_next (IBBReceiver *self);
IBBStanza *ibb_receiver_pop_ahead (IBBReceiver *self);
gboolean   ibb_receiver_has_block_ahead (const IBBReceiver *self);
/* When the wait for the blocks before them is over, or IBB_NEVER. */
gint64 ibb_receiver_get_ahead_due (const IBBReceiver *self);
/* Refuses a block whose turn will not come. is_over: no more blocks are taken. */
IBBReceiverVerdict
ibb_receiver_refuse_ahead (IBBReceiver *self, const IBBStanza *stanza, gboolean is_over);
IBBReceiverVerdict ibb_receiver_receive_data (IBBReceiver *self, IBBStanza *stanza, gint64 now);
/* Refuses a malformed request. */
IBBReceiverVerdict ibb_receiver_refuse_malformed (IBBReceiver *self, const IBBStanza *stanza);
/* Refuses a block after the peer's close or ours. Returns whether the block is the next one in
 * sequence (N-36). */
gboolean
ibb_receiver_refuse_rest (IBBReceiver *self, const IBBStanza *stanza, gboolean is_peer_closed);

/* Acknowledgements: those that may be sent now; all, with refusals after a close. */
void ibb_receiver_release (IBBReceiver *self, gint64 now);
void ibb_receiver_release_waiting (IBBReceiver *self, gint64 now);
void ibb_receiver_release_all (IBBReceiver *self);
/* Refuses the waiting blocks: no bytes are read any more. */
void   ibb_receiver_refuse_all (IBBReceiver *self);
gint64 ibb_receiver_get_due (const IBBReceiver *self);

/* The session is interrupted, and goes on (D-58). */
void ibb_receiver_interrupt (IBBReceiver *self);
/* The application closes during an interruption, before unread bytes are dropped. */
void ibb_receiver_note_close (IBBReceiver *self, gint64 now);
void ibb_receiver_resume (IBBReceiver *self, gint64 now);
/* Positions for the peer: the bytes that it need not send again, and of these the acknowledged
 * ones. Bytes that were refused at a close belong to neither. */
guint64 ibb_receiver_get_kept (const IBBReceiver *self);
guint64 ibb_receiver_get_acknowledged (const IBBReceiver *self);

/* Whether nothing is known to be missing at the peer's close (D-45). */
gboolean ibb_receiver_is_complete (const IBBReceiver *self, gint64 now);
/* Ends the input. The first end counts. */
void ibb_receiver_end (IBBReceiver *self, gboolean orderly);
/* Later reads fail; the first reason counts. */
void ibb_receiver_fail (IBBReceiver *self, const IBBFailure *failure);

/* Reading. */
gsize ibb_receiver_read (IBBReceiver *self, guint8 *bytes, gsize length, gint64 now);
void  ibb_receiver_drop_unread (IBBReceiver *self);
/* The application reads no more: later bytes are acknowledged, and dropped (D-51). */
void ibb_receiver_discard (IBBReceiver *self, const IBBFailure *failure);
