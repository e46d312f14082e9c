/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One bytestream, as its application sees it. It belongs to an engine and is
 * called under the same serialisation; it stays readable after the engine is
 * gone.
 */

#pragma once

#include <glib.h>

#include "core/base/failure.h"
#include "core/base/stanza.h"
#include "core/peer/context.h"
#include "core/peer/parameters.h"
#include "core/peer/peer.h"

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
gboolean        ibb_session_is_by_message (IBBSession *self);

/* Whether the session has ended, and has nothing left to read, not even an orderly end. */
gboolean ibb_session_is_over (IBBSession *self);
/* A session that waits for its application counts towards the limit, even when it has ended, unless
 * it is over (D-08). */
void ibb_session_set_waiting (IBBSession *self, gboolean is_waiting);

/* Answers to a REQUESTED session. FALSE when it is no longer one. */
gboolean ibb_session_accept (IBBSession *self, gint64 now);
gboolean ibb_session_refuse (IBBSession *self, IBBCondition condition, const char *text);

/* An OPEN session that nobody has taken yet is aborted after the time that an
 * answer to a request may take. */
void ibb_session_set_untaken (IBBSession *self, gboolean untaken, gint64 now);

/* Input. read returns 0 when there is nothing (then ask get_input why). */
IBBInput ibb_session_get_input (IBBSession *self);
gsize    ibb_session_read (IBBSession *self, guint8 *bytes, gsize length, gint64 now);

/* Output. write takes what there is room for, 0 when there is none. */
IBBOutput ibb_session_get_output (IBBSession *self);
gsize     ibb_session_get_writable (IBBSession *self); /* bytes of room */
/* Whether a writer that waits with so many bytes is to be woken: not for a block
 * at a time while the buffer is emptying, which would cost a switch of threads
 * for each. */
gboolean ibb_session_is_worth_waking (IBBSession *self, gsize length);
gsize    ibb_session_write (IBBSession *self, const guint8 *bytes, gsize length, gint64 now);

/* Positions in the outgoing data, in bytes since its start. An operation
 * asks for flush, notes the written position, and is done when the passed
 * (flush) or delivered (drain) position has reached it, or the output failed. */
void    ibb_session_flush (IBBSession *self, gint64 now);
guint64 ibb_session_get_written (IBBSession *self);   /* taken by write */
guint64 ibb_session_get_passed (IBBSession *self);    /* passed to the connection */
guint64 ibb_session_get_delivered (IBBSession *self); /* acknowledged; messages: sent */
guint64 ibb_session_get_received (IBBSession *self);  /* bytes received in order */

gboolean ibb_session_get_auto_flush (IBBSession *self);
void     ibb_session_set_auto_flush (IBBSession *self, gboolean auto_flush, gint64 now);

/* Closing. close_output: later writes fail, nothing goes out but what was
 * written. close_input: buffered and later bytes are acked and discarded.
 * shutdown_output: drain, then <close/>. close: drain, <close/>, and the end
 * within close-timeout; input is given up. abort: at once (D-41); on an OPENING
 * session it abandons the open (D-15), on a REQUESTED one it refuses. */
void ibb_session_close_output (IBBSession *self);
void ibb_session_close_input (IBBSession *self);
void ibb_session_shutdown_output (IBBSession *self, gint64 now);
void ibb_session_close (IBBSession *self, gint64 now);
void ibb_session_abort (IBBSession *self, gint64 now);
/* Tells the peer the reason. text: (nullable) */
void ibb_session_abort_with_reason (IBBSession  *self,
                                    IBBCondition condition,
                                    const char  *text,
                                    gint64       now);
/* After shutdown_output: everything delivered and the <close/> (or the owed
 * result, D-39) passed to the connection. */
gboolean ibb_session_is_output_shut (IBBSession *self);

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

/* Bytes that went into blocks; no more can arrive. */
guint64 ibb_session_get_segmented (IBBSession *self);

/* For the engine. */

/* Ours: the open is sent. time: the caller's. NULL with failure set: IN_USE, NO_ROOM. */
IBBSession *
ibb_session_new (IBBContext *context, const IBBOpen *open, gint64 time, IBBFailure *failure);
/* The peer's, with the block size that we take. NULL where none of our blocks would fit into a
 * stanza (D-16). */
IBBSession *ibb_session_new_request (
    IBBContext *context, IBBStanza *open, guint block_size, const char *local, const char *peer);
/* The session waits for the answer of our application, for accept-timeout at most. */
void ibb_session_ask (IBBSession *self, gint64 now);
void ibb_session_accept_now (IBBSession *self, gint64 now);
/* The peer closes a session that it has only asked for. */
void ibb_session_withdraw (IBBSession *self);

/* Answers to stanzas of the session. from: whom it came from, normalised. */
void ibb_session_open_answered (IBBSession *self, IBBStanza *answer, const char *from, gint64 now);
void
ibb_session_block_answered (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now);
void ibb_session_close_answered (IBBSession *self, IBBStanza *answer, gint64 now);
/* A block, or a close. */
void ibb_session_receive (IBBSession *self, IBBStanza *stanza, gint64 now);

/* What the connection did with a stanza of the session. */
void ibb_session_stanza_passed (IBBSession *self, IBBPending *pending);
void ibb_session_stanza_sent (IBBSession *self, IBBPending *pending, gint64 now);
void ibb_session_send_failed (IBBSession *self);
/* The bytes of the longest stanza of the session that was sent and has no reply; 0 for none. */
gsize ibb_session_get_longest (IBBSession *self);
/* Whether a stanza of the session has room for data, after a change of the limit. */
gboolean ibb_session_has_room (IBBSession *self);

/* The next block, as far as the session is concerned; how many bytes it has. */
gboolean   ibb_session_can_send (IBBSession *self, gint64 now);
gsize      ibb_session_get_next_size (IBBSession *self);
gboolean   ibb_session_has_in_flight (IBBSession *self);
IBBStanza *ibb_session_take_block (IBBSession *self, gint64 now);
void       ibb_session_update_ready (IBBSession *self, gint64 now);
/* The memory, or the end of the backlog, that the session waited for is there. */
void ibb_session_release_waiting (IBBSession *self, gint64 now);
void ibb_session_settings_changed (IBBSession *self, gint64 now);

/* The peer of a session (D-27). */
gboolean ibb_session_is_peer_listened_to (IBBPeer *peer); /* by any of its sessions */
/* The next probe names a session that has listened, and heard nothing for as long as a silent peer
 * is not asked; in turn, if there are several. */
void ibb_session_ask_about_idle (IBBPeer *peer, gint64 now);
void ibb_session_heed_peer (IBBSession *self, IBBPeerVerdict verdict, gint64 now);
void ibb_session_peer_not_probed (IBBSession *self);
/* A session that is not open yet ends with STOPPED; an open one is aborted if abort_open. */
void ibb_session_stop (IBBSession *self, gboolean abort_open, gint64 now);

/* What keeps an open session from going on, beside the readers at both ends. */
typedef enum
{
  IBB_SESSION_WAIT_NONE,
  IBB_SESSION_WAIT_CONNECTION, /* ours is suspended, or lost */
  IBB_SESSION_WAIT_PEER,       /* it is to agree to go on (D-58), or has not answered (D-27) */
} IBBSessionWait;

IBBSessionWait ibb_session_get_wait (IBBSession *self);

/* Interruptions (D-58). Our connection is lost: FALSE if the session cannot outlive it. */
gboolean ibb_session_interrupt (IBBSession *self, const IBBFailure *cause);
gboolean ibb_session_is_interrupted (IBBSession *self);
gboolean ibb_session_needs_stream (IBBSession *self); /* whether it would be FALSE now */
/* The XML stream broke and may be resumed: the session waits from time on, a caller's time. */
void ibb_session_suspend (IBBSession *self, gint64 time);
void ibb_session_continue (IBBSession *self); /* it was resumed */
/* There is a connection again, with the JID local. */
void ibb_session_restored (IBBSession *self, const char *local, const char *normal);
/* Whether a <resume/> of the peer's account is for the session. */
gboolean ibb_session_is_proven (IBBSession *self, const IBBStanza *resume);
/* A <resume/> that is for the session; from: its sender, normalised. */
void ibb_session_receive_resume (IBBSession *self, IBBStanza *stanza, const char *from, gint64 now);
/* The peer answered our <resume/>; NULL: the connection has refused to send it. */
void ibb_session_resume_answered (IBBSession *self, IBBStanza *answer, gint64 now);

/* Ends it here; says nothing to the peer. */
void ibb_session_end (IBBSession *self, const IBBFailure *failure);
void ibb_session_take_change (IBBSession *self); /* its change is being reported */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBSession, ibb_session_unref)

G_END_DECLS
