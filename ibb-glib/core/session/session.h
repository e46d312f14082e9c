/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One bytestream, as the application sees it. Called under the serialisation of its engine.
 * Readable also after the engine is freed. The caller sets data, and may read state, failure,
 * parameters, the positions and failures of sender and receiver, and closing.output_shut.
 */

#pragma once

#include <glib.h>

#include "core/session/state.h"

/* Result of a read. */
typedef enum
{
  IBB_INPUT_EMPTY,  /* nothing yet */
  IBB_INPUT_DATA,   /* bytes can be read */
  IBB_INPUT_EOF,    /* every byte was read and the end was orderly */
  IBB_INPUT_FAILED, /* every byte was read, then the failure */
} IBBInput;

/* Result of a write. */
typedef enum
{
  IBB_OUTPUT_FULL,   /* no room now */
  IBB_OUTPUT_ROOM,   /* at least one byte is taken */
  IBB_OUTPUT_FAILED, /* see the failure */
} IBBOutput;

IBBSessionState ibb_session_get_state (IBBSession *self);

/* Sets whether the session waits for its application. Then an ended session counts towards the
 * limit until its bytes are read (D-08). */
void ibb_session_set_waiting (IBBSession *self, gboolean is_waiting);

/* Answers to a REQUESTED session. FALSE in another state. */
gboolean ibb_session_accept (IBBSession *self, gint64 now);
gboolean ibb_session_refuse (IBBSession *self, IBBCondition condition, const char *text);

/* Sets whether an OPEN session waits to be taken. It is aborted after accept-timeout. */
void ibb_session_set_untaken (IBBSession *self, gboolean untaken, gint64 now);

/* Input. read returns 0 if there is nothing to read; get_input tells why. */
IBBInput ibb_session_get_input (IBBSession *self);
gsize    ibb_session_read (IBBSession *self, guint8 *bytes, gsize length, gint64 now);

/* Output. write returns the number of bytes taken, 0 without room. */
IBBOutput ibb_session_get_output (IBBSession *self);
gsize     ibb_session_get_writable (IBBSession *self); /* bytes of room */
/* Whether to wake a writer that waits with length bytes: not for each block while the buffer is
 * emptying, which would cost a switch of threads for each. */
gboolean ibb_session_is_worth_waking (IBBSession *self, gsize length);
gsize    ibb_session_write (IBBSession *self, const guint8 *bytes, gsize length, gint64 now);

/* An operation asks for flush, notes the written position, and is done when the passed (flush) or
 * delivered (drain) position has reached the noted one, or the output failed. */
void ibb_session_flush (IBBSession *self, gint64 now);

void ibb_session_set_auto_flush (IBBSession *self, gboolean auto_flush, gint64 now);

/* Closing. close_output: later writes fail, nothing goes out but what was
 * written. close_input: buffered and later bytes are acked and discarded.
 * shutdown_output: drain, then <close/>. close: drain, <close/>, and the end
 * within IBB_CLOSE_TIMEOUT; input is given up. abort: at once (D-41); on an OPENING
 * session it abandons the open (D-15), on a REQUESTED one it refuses. */
void ibb_session_close_output (IBBSession *self);
void ibb_session_close_input (IBBSession *self, gint64 now);
void ibb_session_shutdown_output (IBBSession *self, gint64 now);
void ibb_session_close (IBBSession *self, gint64 now);
void ibb_session_abort (IBBSession *self, gint64 now);
/* Tells the peer the reason. text: (nullable) */
void ibb_session_abort_with_reason (IBBSession  *self,
                                    IBBCondition condition,
                                    const char  *text,
                                    gint64       now);
/* Reason for the wait of an open session, beside the readers at both ends. */
typedef enum
{
  IBB_SESSION_WAIT_NONE,
  IBB_SESSION_WAIT_CONNECTION, /* ours is suspended, or lost */
  IBB_SESSION_WAIT_PEER,       /* the peer has not answered (D-27, D-58) */
} IBBSessionWait;

IBBSessionWait ibb_session_get_wait (IBBSession *self);

/* For the engine. */

/* Ours: the open is sent. time: the caller's. NULL with failure set: IN_USE, NO_ROOM. */
IBBSession *
ibb_session_new (IBBContext *context, const IBBOpen *open, gint64 time, IBBFailure *failure);
/* The peer's, with the block size that we take. NULL where none of our blocks would fit into a
 * stanza (D-16). */
IBBSession *ibb_session_new_request (
    IBBContext *context, IBBStanza *open, guint block_size, const char *local, const char *peer);
/* A session that is not open yet ends with STOPPED; an open one is aborted if abort_open. */
void ibb_session_stop (IBBSession *self, gboolean abort_open, gint64 now);
void ibb_session_settings_changed (IBBSession *self, gint64 now);
