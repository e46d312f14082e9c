/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stanzas of a session in both directions: blocks, their answers, the exchange of <close/>, and
 * the silence of the peer.
 */

#pragma once

#include <glib.h>

#include "core/session/state.h"

G_BEGIN_DECLS

/* Stanzas of the peer: a block, or a close. receive_early: those that came before the session was
 * open. */
void ibb_session_receive (IBBSession *self, IBBStanza *stanza, gint64 now);
void ibb_session_receive_early (IBBSession *self, gint64 now);
void ibb_session_take_peer_close (IBBSession *self, IBBStanza *stanza, gint64 now);
/* Answers to our stanzas. */
void
ibb_session_block_answered (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now);
void ibb_session_close_answered (IBBSession *self, IBBStanza *answer, gint64 now);

/* Sending. */
IBBStanza *ibb_session_take_block (IBBSession *self, gint64 now);
/* The connection has passed on, or sent, a stanza of the session. */
void ibb_session_stanza_passed (IBBSession *self, IBBPending *pending);
void ibb_session_stanza_sent (IBBSession *self, IBBPending *pending, gint64 now);
/* Takes the next step of a close, if it can be taken now. */
void ibb_session_proceed (IBBSession *self, gint64 now);
void ibb_session_close_now (IBBSession *self, gint64 now);
void ibb_session_delivery_timeout (IBBSession *self, gint64 now);

/* The peer of a session (D-27). */
gboolean ibb_session_is_peer_listened_to (IBBPeer *peer); /* by any of its sessions */
/* Makes the next probe name a session that has listened in vain for a probe interval; in turn, if
 * there are several. */
void ibb_session_ask_about_idle (IBBPeer *peer, gint64 now);
void ibb_session_heed_peer (IBBSession *self, IBBPeerVerdict verdict, gint64 now);

/* Resumes the session after an interruption: sends everything again that the peer has not received
 * (D-58). */
void ibb_session_go_on (IBBSession *self, const IBBResumption *resumption, gint64 now);
/* Ends the session, which cannot be resumed: the peer had ended it in order, and the last stanza to
 * us, a close or the answer to ours, was lost; or the peer has forgotten the session. */
void ibb_session_peer_ended (IBBSession *self, const IBBPosition *peer, gint64 now);
void ibb_session_peer_forgot (IBBSession *self, IBBStanza *answer, gint64 now);

G_END_DECLS
