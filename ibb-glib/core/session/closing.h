/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exchange of <close/>, and the ends that the peer is told. */

#pragma once

#include "core/session/session.h"

/* An error, or no answer at all, came to our <close/>. Every byte was acknowledged, except
 * for those in messages (D-37). */
void ibb_closing_end_unconfirmed (IBBSession *self, const IBBFailure *failure);
/* Interrupts an open session if the failure is one of the connection or the peer. Otherwise ends
 * the session here and, while it is open, at the peer, by an unclean <close/> (D-49). */
void ibb_closing_fail (IBBSession *self, const IBBFailure *failure);
/* The session has been interrupted for too long. */
void ibb_closing_give_up (IBBSession *self);

/* Takes the next step of a close, if it can be taken now. */
void ibb_closing_proceed (IBBSession *self, gint64 now);
/* Queues our close again. */
void ibb_closing_push (IBBSession *self);
void ibb_closing_take_peer_close (IBBSession *self, IBBStanza *stanza, gint64 now);
/* The peer has told whether it has our feature. */
void ibb_closing_peer_known (IBBSession *self, gint64 now);
void ibb_closing_take_answer (IBBSession *self, const IBBStanza *answer, gint64 now);
/* Tells the peer of the end and, unless the session is interrupted, the condition and text of
 * reason (nullable). */
void ibb_closing_tell_peer (IBBSession *self, const IBBFailure *reason);
/* Begins the timeout for the answer to our <close/>. */
void ibb_closing_begin_timeout (IBBSession *self, gint64 now);
/* Begins the timeout again: the peer still sends blocks, and answers after the last one. */
void ibb_closing_prolong (IBBSession *self, gint64 now);
/* Begins the linger time again: the peer still acknowledges (D-38). */
void ibb_closing_prolong_linger (IBBSession *self, gint64 now);
void ibb_closing_timeout (IBBSession *self, gint64 now);
/* Sends the stanzas again that may not have arrived, after an interruption of that length (D-58).
 * has_moved: bytes, or a close, since the last resumption. */
void ibb_closing_resume (IBBSession *self, gboolean has_moved, gint64 outage, gint64 now);
/* The session, or its peer, has another address. */
void ibb_closing_move (IBBSession *self);
/* Ends the session, which cannot be resumed: the peer had ended it in order, and the last stanza to
 * us, a close or the answer to ours, was lost; or the peer has forgotten the session. */
void ibb_closing_peer_ended (IBBSession *self, const IBBStanza *answer, gint64 now);
void ibb_closing_peer_forgot (IBBSession *self, const IBBStanza *answer, gint64 now);
/* Begins the timeout for the answer to our <close/>. */
void ibb_closing_begin_timeout (IBBSession *self, gint64 now);
