/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Blocks and their answers, and the silence of the peer. */

#pragma once

#include "core/session/session.h"

/* A block, or a close, of the peer. receive_early: those that came before the session was open. */
void ibb_delivery_receive (IBBSession *self, IBBStanza *stanza, gint64 now);
void ibb_delivery_receive_early (IBBSession *self, gint64 now);
/* Handles stanzas that are ahead of their turn, unless a block before them is known to be missing.
 */
void ibb_delivery_take_deferred (IBBSession *self, gint64 now);
/* Answers to our stanzas. */
void
ibb_delivery_block_answered (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now);
void ibb_delivery_cut_block_answered (IBBSession *self, const IBBStanza *answer);
void ibb_delivery_close_answered (IBBSession *self, IBBStanza *answer, gint64 now);
/* The next block. (transfer full) */
IBBStanza *ibb_delivery_take_block (IBBSession *self, gint64 now);
/* The connection has passed on, or sent, a stanza of the session. */
void ibb_delivery_stanza_passed (IBBSession *self, IBBPending *pending);
void ibb_delivery_stanza_sent (IBBSession *self, IBBPending *pending, gint64 now);
void ibb_delivery_timeout (IBBSession *self, gint64 now);

/* The peer of a session (D-27). */
/* Makes the next probe name a session that has listened in vain for a probe interval; in turn, if
 * there are several. */
void ibb_delivery_ask_about_idle (IBBPair *pair, gint64 now);
void ibb_delivery_heed_peer (IBBSession *self, IBBPeerVerdict verdict, gint64 now);
