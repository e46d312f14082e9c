/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The resumption of an interrupted session (D-58), and the limit of the wait for a connection or
 * the peer. */

#pragma once

#include "core/session/session.h"

/* The XML stream broke and may be resumed: the session waits from time on, a caller's time. */
void ibb_resume_suspend (IBBSession *self, gint64 time);
/* The XML stream was resumed. Ends the wait unless the session is interrupted. */
void ibb_resume_continue (IBBSession *self);
/* There is a connection again, with the JID local. */
void ibb_resume_restored (IBBSession *self, const char *local, const char *normal);
void ibb_resume_settings_changed (IBBSession *self);
void ibb_resume_timeout (IBBSession *self, gint64 now);
/* Whether a <resume/> of the peer's account has the proof of the session; an IBBPlaceFilter. */
gboolean ibb_resume_is_proven (gpointer session, const IBBStanza *resume);
/* Handles a <resume/> for the session; from: its sender, normalised. */
void ibb_resume_receive (IBBSession *self, IBBStanza *stanza, const char *from, gint64 now);
/* The peer answered our <resume/>; NULL: the connection has refused to send it. */
void ibb_resume_answered (IBBSession *self, IBBStanza *answer, gint64 now);
