/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bytestreams of one XMPP connection: opens, expectations, limits, and the
 * order in which stanzas leave.
 *
 * The engine is told what happened (ibb_engine_receive, ibb_engine_advance, and
 * the calls on its sessions), always with the time; it answers when asked:
 *
 *   ibb_engine_take_stanza  what to send now,
 *   ibb_engine_take_event   what the application is to learn,
 *   ibb_engine_get_wake_time  when to call ibb_engine_advance.
 *
 * All three are to be asked after every call; each is O(1) when there is
 * nothing. No call re-enters the caller. Nothing here locks: the caller
 * serialises. Times are microseconds of any monotonic clock.
 *
 * While the connection is suspended (ibb_engine_suspend) the engine's own time
 * stands still, nothing is to be sent, and nothing wakes; the application may
 * read, write, open and close as usual.
 */

#pragma once

#include <glib.h>

#include "core/outgoing.h"
#include "core/session/acceptor.h"
#include "core/session/event.h"
#include "core/session/session.h"

/* The caller may set context->settings, context->named_limit and, at first, context->names, and
 * read the state of the connection in context. */
typedef struct
{
  IBBContext *context;
  IBBAcceptor acceptor;
  GQueue      events; /* (element-type IBBEvent): all but IBB_EVENT_CHANGED, which come last */
  IBBOutgoing outgoing;
} IBBEngine;

IBBEngine *ibb_engine_new (IBBRandomFunc random, gpointer random_data);
void       ibb_engine_free (IBBEngine *self); /* sessions that are left end with CONNECTION_LOST */
/* Checks all sessions after a change of the settings: some may go on. */
void ibb_engine_settings_changed (IBBEngine *self, gint64 now);

/* Our full JID on the connection: the default address of opens, and of stanzas without "to". NULL
 * while unknown. A domain stands for all its addresses (D-59). */
void ibb_engine_set_local_jid (IBBEngine *self, const char *jid);

/* Returns TRUE if the stanza was for the engine, which has handled it. FALSE: it concerns the
 * engine less than least, if at all. With IBB_CLAIM_NONE the first engine that takes the stanza
 * answers that it is for none (ibb_claim_get_next ()). */
gboolean ibb_engine_receive (IBBEngine *self, IBBStanza *stanza, IBBClaim least, gint64 now);
/* Notes that the application has sent or received a stanza of its own, which should not wait behind
 * blocks. */
void ibb_engine_note_chat (IBBEngine *self, gint64 now);
/* The XML stream broke and may be resumed (XEP-0198); the XML stream was resumed, and the server
 * gets the stanzas that were taken before. Sessions are resumed (D-58) after ibb_engine_restored
 * (). */
void ibb_engine_suspend (IBBEngine *self, gint64 now);
void ibb_engine_resume (IBBEngine *self, gint64 now);
/* The server has ended the XML stream for a stanza that it did not take. Call this before
 * ibb_engine_lost (). Returns whether blocks are shorter from now on. */
gboolean ibb_engine_note_violation (IBBEngine *self);
/* The XML stream is gone for good: everything ends with CONNECTION_LOST (D-42), except for
 * sessions that the peer has agreed to resume (D-58). */
void ibb_engine_lost (IBBEngine *self);
/* Whether a session would end in ibb_engine_lost (). */
gboolean ibb_engine_needs_stream (IBBEngine *self);
/* A new XML stream took the place of the lost one: sessions can be opened and accepted again, and
 * interrupted sessions go on. */
void ibb_engine_restored (IBBEngine *self);
/* From now on nothing new is opened or accepted. Pending calls end with STOPPED. With
 * abort_sessions open sessions are aborted. */
void ibb_engine_stop (IBBEngine *self, gboolean abort_sessions, gint64 now);
void ibb_engine_advance (IBBEngine *self, gint64 now);
/* G_MAXINT64 when there is nothing to wait for. */
gint64 ibb_engine_get_wake_time (IBBEngine *self);

/* The next stanza to pass to the connection: answers first, then blocks of the
 * sessions in turn, as far as windows allow. (transfer full) (nullable).
 * Call it only while the connection takes more (not congested). Each one taken
 * is reported, in order: ibb_engine_sent when the connection has taken it
 * ("passed": flush, pacing of messages), ibb_engine_send_failed when it
 * refused it for good. A connection that can tell when the server has a message
 * reports ibb_engine_passed first, which is enough for a flush, and
 * ibb_engine_sent then. */
IBBStanza *ibb_engine_take_stanza (IBBEngine *self, gint64 now);
/* Whether a stanza can be taken. */
gboolean ibb_engine_has_stanza (IBBEngine *self, gint64 now);
void     ibb_engine_passed (IBBEngine *self, IBBStanza *stanza);
void     ibb_engine_sent (IBBEngine *self, IBBStanza *stanza, gint64 now);
void     ibb_engine_send_failed (IBBEngine *self, IBBStanza *stanza, gint64 now);

/* The caller owns event->session and clears event->failure. FALSE: none. */
gboolean ibb_engine_take_event (IBBEngine *self, IBBEvent *event);

/* Begins to open a session: state OPENING. (transfer full). NULL with failure
 * set: IN_USE when the key is taken, NO_ROOM when the addresses are too long for a
 * stanza, STOPPED, CONNECTION_LOST. The caller has
 * checked JID, sid and block size (ibb_jid_normalize, ibb_stanza_is_valid_sid)
 * and that the peer is not ourselves (D-04). */
IBBSession *ibb_engine_open (IBBEngine *self, const IBBOpen *open, gint64 now, IBBFailure *failure);

/* Expects one session of that peer with that sid (D-09), whose block size is no larger (N-47). NULL
 * with failure set: IN_USE, STOPPED, CONNECTION_LOST. data comes back in the event that ends the
 * expectation; after ibb_acceptor_remove () no event comes. */
IBBExpectation *
ibb_engine_expect (IBBEngine *self, const IBBOpen *open, gpointer data, IBBFailure *failure);

/* For the features that D-43 advertises: ours while running, the namespace of XEP-0047 while a
 * session can be accepted. */
gboolean ibb_engine_is_running (IBBEngine *self); /* neither stopped nor lost */
gboolean ibb_engine_can_accept (IBBEngine *self);

/* Whether jid is an address of the connection; FALSE while our JID is unknown. */
gboolean ibb_engine_has_address (IBBEngine *self, const char *jid);
