/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Both halves of a session, and what each means for the other: what arrives, what
 * is sent, the silence of the peer, and when both end. How the session was opened
 * is not known here. After a call its owner asks its life for the news, and when
 * something is due.
 */

#pragma once

#include <glib.h>

#include "core/base/proof.h"
#include "core/peer/parameters.h"
#include "core/receive/receiver.h"
#include "core/send/sender.h"
#include "core/session/closing.h"
#include "core/session/life.h"
#include "core/session/silence.h"

G_BEGIN_DECLS

typedef struct
{
  const IBBParameters *parameters;
  IBBSender            sender;
  IBBReceiver          receiver;
  IBBClosing           closing;
  IBBSilence           silence;
  IBBLife              life;
} IBBDuplex;

void   ibb_duplex_init (IBBDuplex *self, const IBBParameters *parameters);
void   ibb_duplex_clear (IBBDuplex *self);
void   ibb_duplex_open (IBBDuplex *self, gint64 now);
gint64 ibb_duplex_get_due (const IBBDuplex *self);
void   ibb_duplex_timeout (IBBDuplex *self, gint64 now);

IBBLife *ibb_duplex_get_life (IBBDuplex *self);
/* The other parts, to look at. */
const IBBSender   *ibb_duplex_get_sender (const IBBDuplex *self);
const IBBReceiver *ibb_duplex_get_receiver (const IBBDuplex *self);
const IBBClosing  *ibb_duplex_get_closing (const IBBDuplex *self);
/* The application has read everything, and more may come. */
gboolean ibb_duplex_listens (const IBBDuplex *self);
/* Whether it listens, we await no answer of the peer, and the session has long been silent. */
gboolean ibb_duplex_is_idle (const IBBDuplex *self, gint64 now);

/* The peer sent a block or a close; receive_early: those that came before the session was
 * open. */
void ibb_duplex_receive (IBBDuplex *self, IBBStanza *stanza, gint64 now);
void ibb_duplex_receive_early (IBBDuplex *self, gint64 now);
/* Answers to our stanzas. */
void
ibb_duplex_block_answered (IBBDuplex *self, IBBPending *pending, IBBStanza *answer, gint64 now);
void ibb_duplex_close_answered (IBBDuplex *self, IBBStanza *answer, gint64 now);

/* Sending. */
void       ibb_duplex_update_ready (IBBDuplex *self, gint64 now);
IBBStanza *ibb_duplex_take_block (IBBDuplex *self, gint64 now);
void       ibb_duplex_passed (IBBDuplex *self, IBBPending *pending);
/* Returns whether the stanza counts as acknowledged, as a message does. */
gboolean ibb_duplex_sent (IBBDuplex *self, IBBPending *pending, gint64 now);

/* Takes what has become known of the peer (D-27). */
void ibb_duplex_heed_peer (IBBDuplex *self, IBBPeerVerdict verdict, gint64 now);

/* The memory or the settings that limit the session have changed. */
void ibb_duplex_release_waiting (IBBDuplex *self, gint64 now);
void ibb_duplex_settings_changed (IBBDuplex *self, gint64 now);

/* Interruptions (D-58). How far we have got, and whether the peer may have got so far. */
IBBPosition ibb_duplex_get_position (const IBBDuplex *self);
gboolean    ibb_duplex_may_resume (IBBDuplex *self, const IBBPosition *peer);
/* The session goes on: everything that the peer has not received is sent again. */
void ibb_duplex_resume (IBBDuplex *self, const IBBResumption *resumption, gint64 now);
/* The session does not go on: the peer had ended it in order before, or has forgotten it. */
void ibb_duplex_peer_ended (IBBDuplex *self, const IBBPosition *peer, gint64 now);
void ibb_duplex_peer_forgot (IBBDuplex *self, IBBStanza *answer, gint64 now);
/* The peer has ended it uncleanly, and says so by this request. */
void ibb_duplex_peer_gave_up (IBBDuplex *self, IBBStanza *request, gint64 now);
void ibb_duplex_peer_moved (IBBDuplex *self);

/* For the application: see IBBSession. */
gsize ibb_duplex_read (IBBDuplex *self, guint8 *bytes, gsize length, gint64 now);
gsize ibb_duplex_write (IBBDuplex *self, const guint8 *bytes, gsize length, gint64 now);
void  ibb_duplex_flush (IBBDuplex *self, gint64 now);
void  ibb_duplex_set_auto_flush (IBBDuplex *self, gboolean auto_flush, gint64 now);
void  ibb_duplex_close_output (IBBDuplex *self);
void  ibb_duplex_close_input (IBBDuplex *self);
void  ibb_duplex_shutdown_output (IBBDuplex *self, gint64 now);
void  ibb_duplex_close (IBBDuplex *self, gint64 now);
/* reason: of the end of the session as a whole; its condition and text are for the peer. */
void ibb_duplex_abort (IBBDuplex *self, const IBBFailure *reason);

G_END_DECLS
