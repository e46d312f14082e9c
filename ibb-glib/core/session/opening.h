/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The begin of a session: our open and its answer, or the peer's open and our answer. */

#pragma once

#include <glib.h>

#include "core/session/state.h"

G_BEGIN_DECLS

void ibb_session_send_open (IBBSession *self, const IBBOpen *open, gint64 now);
/* from: the sender of the answer, normalised. */
void
ibb_session_open_answered (IBBSession *self, const IBBStanza *answer, const char *from, gint64 now);

/* Keeps the peer's open until our answer. */
void ibb_session_keep_request (IBBSession *self, IBBStanza *open);
/* Begins accept-timeout for the answer of our application. */
void ibb_session_ask (IBBSession *self, gint64 now);
void ibb_session_accept_now (IBBSession *self, gint64 now);
/* condition, text: for the peer. reason: why the session ends here. */
void ibb_session_refuse_now (IBBSession    *self,
                             IBBCondition   condition,
                             const char    *text,
                             IBBFailureKind reason);

/* Gives up the opening: our open is closed once accepted (D-15), the peer's open is refused. The
 * session has to end. */
void ibb_session_give_up_opening (IBBSession *self, gint64 now);

G_END_DECLS
