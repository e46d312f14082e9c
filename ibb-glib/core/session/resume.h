/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Resumption of an interrupted session: the requests of both ends and their positions (D-58), and
 * the limit of the wait for a connection or the peer.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/session/state.h"

G_BEGIN_DECLS

/* The XML stream broke and may be resumed: the session waits from time on, a caller's time. */
void ibb_session_suspend (IBBSession *self, gint64 time);
/* The XML stream was resumed. Ends the wait unless the session is interrupted. */
void ibb_session_continue (IBBSession *self);
/* There is a connection again, with the JID local. */
void ibb_session_restored (IBBSession *self, const char *local, const char *normal);
void ibb_session_wait_settings_changed (IBBSession *self);
void ibb_session_resume_timeout (IBBSession *self, gint64 now);

/* Whether a <resume/> of the peer's account has the proof of the session. */
gboolean ibb_session_is_proven (const IBBSession *self, const IBBStanza *resume);
/* Handles a <resume/> for the session; from: its sender, normalised. */
void ibb_session_receive_resume (IBBSession *self, IBBStanza *stanza, const char *from, gint64 now);
/* The peer answered our <resume/>; NULL: the connection has refused to send it. */
void ibb_session_resume_answered (IBBSession *self, IBBStanza *answer, gint64 now);

G_END_DECLS
