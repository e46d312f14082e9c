/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Our open and its answer, or the peer's open and our answer. */

#pragma once

#include "core/session/session.h"

void ibb_opening_begin (IBBSession *self, const IBBOpen *open, gint64 now);
/* from: the sender of the answer, normalised. */
void ibb_opening_answered (IBBSession *self, const IBBStanza *answer, const char *from, gint64 now);
/* Keeps the peer's open until our answer. */
void ibb_opening_keep_request (IBBSession *self, IBBStanza *open);
/* Begins accept-timeout for the answer of our application. */
void ibb_opening_ask (IBBSession *self, gint64 now);
void ibb_opening_accept (IBBSession *self, gint64 now);
/* condition, text: for the peer. reason: why the session ends here. */
void ibb_opening_refuse (IBBSession    *self,
                         IBBCondition   condition,
                         const char    *text,
                         IBBFailureKind reason);
/* Gives up the opening: our open is closed once accepted (D-15), the peer's open is refused. The
 * session has to end. */
void ibb_opening_give_up (IBBSession *self, gint64 now);
