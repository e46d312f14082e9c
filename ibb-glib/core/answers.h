/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The answers to our stanzas: each is passed to the object that sent the stanza (IBBPending). What
 * it shows of a peer or of our server is passed to the sessions. Times are of the engine's clock.
 */

#pragma once

#include "core/peer/context.h"

/* from: normalised. FALSE: the stanza is no such answer. */
gboolean ibb_answers_receive (IBBContext *context, IBBStanza *stanza, const char *from, gint64 now);
/* The connection refused the stanza for good. */
void ibb_answers_not_sent (IBBContext *context, const IBBStanza *stanza, gint64 now);

/* The timers of an IBBPair and of the first hop, whose owner is the context. */
void ibb_answers_peer_timeout (gpointer pair, gint64 now);
void ibb_answers_ping_timeout (gpointer context, gint64 now);
