/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What opens, closes and aborts a session, and its timers. */

#pragma once

#include "core/session/session.h"

/* The application. */

/* Answers to a REQUESTED session. FALSE in another state. */
gboolean ibb_lifecycle_accept (IBBSession *self, gint64 now);
gboolean ibb_lifecycle_refuse (IBBSession *self, IBBCondition condition, const char *text);

/* Sets whether an OPEN session waits to be taken. It is aborted after accept-timeout. */
void ibb_lifecycle_set_untaken (IBBSession *self, gboolean untaken, gint64 now);

/* shutdown_output: drain, then <close/>. close: drain, <close/>, and the end within
 * IBB_CLOSE_TIMEOUT; input is given up. abort: at once (D-41); on an OPENING session it abandons
 * the open (D-15), on a REQUESTED one it refuses. */
void ibb_lifecycle_shutdown_output (IBBSession *self, gint64 now);
void ibb_lifecycle_close (IBBSession *self, gint64 now);
void ibb_lifecycle_abort (IBBSession *self, gint64 now);
/* Tells the peer the reason. text: (nullable) */
void ibb_lifecycle_abort_with_reason (IBBSession  *self,
                                      IBBCondition condition,
                                      const char  *text,
                                      gint64       now);

/* The engine. */

/* Ours: the open is sent. time: the caller's. NULL with failure set: IN_USE, NO_ROOM. */
IBBSession *
ibb_lifecycle_open (IBBContext *context, const IBBOpen *open, gint64 time, IBBFailure *failure);
/* The peer's, with the block size that we take. NULL where none of our blocks would fit into a
 * stanza (D-16). */
IBBSession *ibb_lifecycle_take_request (
    IBBContext *context, IBBStanza *open, guint block_size, const char *local, const char *peer);
/* A session that is not open yet ends with STOPPED; an open one is aborted if abort_open. */
void ibb_lifecycle_stop (IBBSession *self, gboolean abort_open, gint64 now);
void ibb_lifecycle_settings_changed (IBBSession *self, gint64 now);
