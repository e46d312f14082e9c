/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a session begins: our open and its answer, or the peer's open and ours. */

#pragma once

#include <glib.h>

#include "core/session/state.h"

G_BEGIN_DECLS

void ibb_session_send_open (IBBSession *self, const IBBOpen *open, gint64 now);
/* from: whom the answer came from, normalised. */
void
ibb_session_open_answered (IBBSession *self, const IBBStanza *answer, const char *from, gint64 now);

/* The peer's open awaits our answer, ... */
void ibb_session_keep_request (IBBSession *self, IBBStanza *open);
/* ... that of our application, for accept-timeout at most. */
void ibb_session_ask (IBBSession *self, gint64 now);
void ibb_session_accept_now (IBBSession *self, gint64 now);
/* condition, text: for the peer. reason: why the session ends here. */
void ibb_session_refuse_now (IBBSession    *self,
                             IBBCondition   condition,
                             const char    *text,
                             IBBFailureKind reason);

/* Nobody waits for the outcome any more: our open is closed when it is accepted (D-15), the peer's
 * is refused. The session has to end. */
void ibb_session_give_up_opening (IBBSession *self, gint64 now);

G_END_DECLS
