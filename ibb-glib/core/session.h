/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One bytestream, as its application sees it. It belongs to an engine and is
 * called under the same serialisation; it stays readable after the engine is
 * gone.
 */

#pragma once

#include <glib.h>

#include "core/failure.h"
#include "core/stanza.h"

G_BEGIN_DECLS

typedef struct _IBBSession IBBSession;

typedef enum
{
  IBB_SESSION_OPENING,   /* our open awaits its answer */
  IBB_SESSION_REQUESTED, /* the peer's open awaits ours */
  IBB_SESSION_OPEN,      /* bytes may flow; closing in whatever stage included */
  IBB_SESSION_ENDED,     /* both directions are over; buffered bytes can still be read */
} IBBSessionState;

/* What a read finds. */
typedef enum
{
  IBB_INPUT_EMPTY,  /* nothing now, more may come */
  IBB_INPUT_DATA,   /* bytes can be read */
  IBB_INPUT_EOF,    /* every byte was read and the end was orderly */
  IBB_INPUT_FAILED, /* every byte was read, then the failure */
} IBBInput;

/* What a write finds. */
typedef enum
{
  IBB_OUTPUT_FULL,   /* no room now */
  IBB_OUTPUT_ROOM,   /* at least one byte is taken */
  IBB_OUTPUT_FAILED, /* see the failure */
} IBBOutput;

IBBSession *ibb_session_ref (IBBSession *self);
void        ibb_session_unref (IBBSession *self);
gpointer    ibb_session_get_data (IBBSession *self);
void        ibb_session_set_data (IBBSession *self, gpointer data); /* its transport, say */

IBBSessionState ibb_session_get_state (IBBSession *self);
const char     *ibb_session_get_sid (IBBSession *self);
const char     *ibb_session_get_peer (IBBSession *self); /* as first given, not normalised */
const char     *ibb_session_get_local (IBBSession *self);
guint           ibb_session_get_block_size (IBBSession *self); /* final once OPEN */
IBBCarrier      ibb_session_get_carrier (IBBSession *self);

/* Answers to a REQUESTED session. FALSE when it is no longer one. */
gboolean ibb_session_accept (IBBSession *self, gint64 now);
gboolean
ibb_session_refuse (IBBSession *self, IBBCondition condition, const char *text, gint64 now);

/* Input. read returns 0 when there is nothing (then ask get_input why). */
IBBInput ibb_session_get_input (IBBSession *self);
gsize    ibb_session_get_readable (IBBSession *self); /* bytes buffered */
gsize    ibb_session_read (IBBSession *self, guint8 *bytes, gsize length, gint64 now);

/* Output. write takes what there is room for, 0 when there is none. */
IBBOutput ibb_session_get_output (IBBSession *self);
gsize     ibb_session_get_writable (IBBSession *self); /* bytes of room */
/* Whether a writer that waits with so many bytes is to be woken: not for a block
 * at a time while the buffer is emptying, which would cost a switch of threads
 * for each. */
gboolean ibb_session_is_worth_waking (IBBSession *self, gsize length);
gsize    ibb_session_write (IBBSession *self, const guint8 *bytes, gsize length, gint64 now);

/* Positions in the outgoing stream, in bytes since its start. An operation
 * asks for flush, notes the written position, and is done when the handed
 * (flush) or delivered (drain) position has reached it, or the output failed. */
void    ibb_session_flush (IBBSession *self, gint64 now);
guint64 ibb_session_get_written (IBBSession *self);   /* taken by write */
guint64 ibb_session_get_handed (IBBSession *self);    /* handed to the connection */
guint64 ibb_session_get_delivered (IBBSession *self); /* acknowledged; messages: sent */
guint64 ibb_session_get_received (IBBSession *self);  /* bytes received in order */

void ibb_session_set_auto_flush (IBBSession *self, gboolean auto_flush, gint64 now);
void ibb_session_set_half_close (IBBSession *self, gboolean half_close, gint64 now);

/* Closing. close_output: later writes fail, nothing goes out but what was
 * written. close_input: buffered and later bytes are acked and discarded.
 * shutdown_output: drain, then <close/>. close: drain, <close/>, and the end
 * within close-timeout; input is given up. abort: at once (D-41); on an OPENING
 * session it abandons the open (D-15), on a REQUESTED one it refuses. */
void ibb_session_close_output (IBBSession *self, gint64 now);
void ibb_session_close_input (IBBSession *self, gint64 now);
void ibb_session_shutdown_output (IBBSession *self, gint64 now);
void ibb_session_close (IBBSession *self, gint64 now);
void ibb_session_abort (IBBSession *self, gint64 now);
/* After shutdown_output: everything delivered and the <close/> (or the owed
 * result, D-39) handed to the connection. */
gboolean ibb_session_is_output_shut (IBBSession *self);
gboolean ibb_session_is_close_begun (IBBSession *self); /* close or abort was called */

/* Why later reads, or later writes, fail; NONE while they need not. */
const IBBFailure *ibb_session_get_input_failure (IBBSession *self);
const IBBFailure *ibb_session_get_output_failure (IBBSession *self);
/* Why bytes already written will not be delivered: NONE while they may be, and
 * for ever once they all were. A flush, drain, shutdown_output or close in
 * progress fails with this, never with the output failure, which a close of
 * the output half or the peer's close sets while delivery still goes on. */
const IBBFailure *ibb_session_get_delivery_failure (IBBSession *self);
/* How the session as a whole ended: NONE for an orderly end or while it lives. */
const IBBFailure *ibb_session_get_failure (IBBSession *self);

/* Statistics. */
guint64
       ibb_session_get_cut (IBBSession *self); /* bytes that went into blocks; no more can arrive */
gsize  ibb_session_get_in_flight (IBBSession *self);  /* bytes handed over, no reply yet */
gint64 ibb_session_get_round_trip (IBBSession *self); /* smoothed, microseconds; 0 before one */
guint  ibb_session_get_retries (IBBSession *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBSession, ibb_session_unref)

G_END_DECLS
