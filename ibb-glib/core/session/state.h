/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of a session, its timers, and the functions that its files share. session.h is for the
 * application.
 *
 * Two timers belong to a session. The field timer runs by the time of the engine, and is set for
 * the first of:
 * - opening->deadline: the answer to an open is late (open-timeout, accept-timeout)
 * - untaken_until: no application has taken the session (D-09)
 * - sender: a refused block is sent again, or an acknowledgement is late (D-30, D-65)
 * - receiver: the only acknowledgement is no longer delayed (D-22); a block before the kept ones
 * does not come (D-42)
 * - closing: the answer to <close/> is late (D-37); the peer takes no more (D-38)
 * - silent_since: the peer is asked whether it is there (D-27)
 * - resume.at: the peer is asked to resume the session (D-58)
 *
 * The field wait runs by the time of the caller, and ends a session that has waited for
 * resume-timeout. The timer of the probes belongs to the pair.
 */

#pragma once

#include <glib.h>

#include "core/base/proof.h"
#include "core/peer/parameters.h"
#include "core/peer/registration.h"
#include "core/receive/receiver.h"
#include "core/send/sender.h"

typedef enum
{
  IBB_SESSION_OPENING,     /* our open awaits its answer; stanzas of the peer are kept (D-24) */
  IBB_SESSION_REQUESTED,   /* the peer's open awaits ours */
  IBB_SESSION_OPEN,        /* bytes may flow; closing in whatever stage included */
  IBB_SESSION_ENDED,       /* both directions are over; buffered bytes can still be read */
  IBB_SESSION_INTERRUPTED, /* open for the application; nothing is sent or taken (D-58) */
} IBBSessionState;

/* An open, ours or the peer's, that has no answer yet. */
typedef struct
{
  IBBPending pending;
  gint64     deadline; /* for the answer */
  gint64     sent;     /* when our open was */
  gboolean   fallback;
  guint      long_block_size; /* that our open offers beside the plain one, or 0 */
  IBBFailure refusal;         /* the first of a series by fallback (D-14) */
  IBBStanza *request;         /* (nullable): the peer's open */
} IBBOpening;

/* Our direction. */
typedef enum
{
  IBB_OUT_OPEN,       /* the application may write */
  IBB_OUT_DRAINING,   /* written bytes are still sent, for a limited time after the peer's close */
  IBB_OUT_SHUT,       /* the same without a limit: the application has shut the output down */
  IBB_OUT_CLOSE_SENT, /* all bytes are acknowledged, and our <close/> awaits its answer */
  IBB_OUT_ENDED,
} IBBOutState;

/* The exchange of <close/>. */
typedef struct
{
  IBBOutState out;
  gboolean    half_close;  /* each peer counts as reading on after its close (D-39) */
  gboolean    peer_reads;  /* the peer's close says so */
  gboolean    is_whole;    /* the application closed both directions, or aborted */
  gboolean    output_shut; /* all bytes are delivered, and our close, or our answer, was sent */
  IBBPending  pending;     /* our <close/> */
  gint64      began;       /* begin of the timeout for the answer to our <close/> */
  gint64      at;          /* end of that timeout */
  gint64      linger_until;
  gboolean    is_peer_closed;
  IBBStanza  *peer_close; /* (nullable): its result is owed, after our last block has arrived */
} IBBClosing;

/* An interruption, and earlier ones without progress (D-58). */
typedef struct
{
  gboolean   has_begun;  /* the times of this interruption are set */
  gint64     began;      /* this interruption */
  gint64     resumed;    /* last resumption that has brought no progress, or this interruption */
  gint64     spent;      /* time that brought no progress, before this interruption */
  guint64    progress;   /* at the last resumption */
  guint64    reached;    /* the furthest position that the peer has received */
  guint      n_vain;     /* resumptions in a row that had blocks sent again in vain */
  gint64     send_at;    /* when blocks are sent again next */
  guint      n_attempts; /* to resume, since the last progress */
  gint64     at;         /* of the next attempt */
  gint64     asked;      /* when our last <resume/> was sent */
  guint32    count;      /* of our last <resume/> */
  guint32    peer_count; /* of the peer's */
  IBBPending pending;    /* ours */
  gint64     since;      /* the wait began; caller's time; IBB_NEVER: the session does not wait */
} IBBResume;

typedef struct _IBBSession
{
  grefcount       ref_count;
  gpointer        data; /* of the caller: a transport, say */
  IBBParameters   parameters;
  IBBRegistration registration;
  IBBSender       sender;
  IBBReceiver     receiver;
  IBBClosing      closing;
  IBBOpening     *opening; /* (owned) (nullable): while OPENING or REQUESTED */
  IBBResume       resume;
  IBBSessionState state;
  gboolean        has_changed;   /* the application may wait for the change */
  gboolean        has_ended;     /* the end is not reported yet */
  gboolean        is_waiting;    /* for its application */
  gboolean        heeds_silence; /* of the peer: the application has been told */
  IBBFailure failure; /* of the session as a whole: NONE before the end, or after an orderly one */
  IBBFailure cause;   /* of the interruption */
  gint64     silent_since; /* the peer, or the wait for a reply began */
  gint64     untaken_until;
  IBBTimer   timer;
  IBBTimer   wait;
} IBBSession;

/* state.c */

IBBSession *ibb_session_ref (IBBSession *self);
void        ibb_session_unref (IBBSession *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBSession, ibb_session_unref)

/* The time of the engine at the caller's time now. */
gint64 ibb_session_get_time (const IBBSession *self, gint64 now);
/* Open, or interrupted. */
gboolean ibb_session_is_lasting (const IBBSession *self);
/* Whether the session has ended, and has nothing left to read, not even an orderly end. */
gboolean ibb_session_is_over (const IBBSession *self);
/* A block or a <close/> has no reply yet. */
gboolean ibb_session_awaits_reply (const IBBSession *self);
/* Whether only the peer can go on: the application has read everything, and more may come; or it
 * reads no more, or the peer has closed, and our output is open. A session that is closed has times
 * of its own. */
gboolean ibb_session_needs_peer (const IBBSession *self);
void     ibb_session_begin (IBBSession *self, gint64 now);

/* Reports the changes of a call after which no timer is due earlier than before. */
void ibb_session_report (IBBSession *self);
/* Reports the changes of any call, and sets the timer. */
void ibb_session_settle (IBBSession *self);
void ibb_session_update_timer (IBBSession *self);
/* An ended session with nothing left to read no longer counts towards the limit (D-08). */
void ibb_session_check_counted (IBBSession *self);

/* Interrupts the session: the ends do not reach each other now, and may later. FALSE if only an end
 * can follow. */
gboolean ibb_session_interrupt (IBBSession *self, const IBBFailure *cause);
/* Whether ibb_session_interrupt () would return FALSE now. */
gboolean ibb_session_needs_stream (const IBBSession *self);
/* The session has been interrupted for too long. */
void ibb_session_give_up (IBBSession *self);

/* Ends the session here, without a stanza to the peer. */
void ibb_session_end (IBBSession *self, const IBBFailure *failure);
void ibb_session_end_for (IBBSession *self, IBBFailureKind kind);
/* The same after all written bytes have arrived; the input may have failed. */
void ibb_session_end_orderly (IBBSession *self);
/* An error, or no answer at all, came to our <close/>. Every byte was acknowledged, except
 * for those in messages (D-37). */
void ibb_session_end_unconfirmed (IBBSession *self, const IBBFailure *failure);
void ibb_session_end_unanswered (IBBSession *self);
/* Interrupts an open session if the failure is one of the connection or the peer. Otherwise ends
 * the session here and, while it is open, at the peer, by an unclean <close/> (D-49). */
void ibb_session_fail (IBBSession *self, const IBBFailure *failure);

/* opening.c: our open and its answer, or the peer's open and our answer. */

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

/* delivery.c: blocks and their answers, and the silence of the peer. */

/* A block, or a close, of the peer. receive_early: those that came before the session was open. */
void ibb_session_receive (IBBSession *self, IBBStanza *stanza, gint64 now);
void ibb_session_receive_early (IBBSession *self, gint64 now);
/* Handles stanzas that are ahead of their turn, unless a block before them is known to be missing.
 */
void ibb_session_take_deferred (IBBSession *self, gint64 now);
/* Answers to our stanzas. */
void
ibb_session_block_answered (IBBSession *self, IBBPending *pending, IBBStanza *answer, gint64 now);
void ibb_session_close_answered (IBBSession *self, IBBStanza *answer, gint64 now);
/* The next block. (transfer full) */
IBBStanza *ibb_session_take_block (IBBSession *self, gint64 now);
/* The connection has passed on, or sent, a stanza of the session. */
void ibb_session_stanza_passed (IBBSession *self, IBBPending *pending);
void ibb_session_stanza_sent (IBBSession *self, IBBPending *pending, gint64 now);
void ibb_session_delivery_timeout (IBBSession *self, gint64 now);

/* The peer of a session (D-27). */
void     ibb_session_heard (IBBSession *self, gint64 now);
gboolean ibb_session_is_peer_needed (const IBBPair *pair); /* by any of its sessions */
/* Makes the next probe name a session that has listened in vain for a probe interval; in turn, if
 * there are several. */
void ibb_session_ask_about_idle (IBBPair *pair, gint64 now);
void ibb_session_heed_peer (IBBSession *self, IBBPeerVerdict verdict, gint64 now);

/* closing.c: the exchange of <close/>. */

void ibb_session_clear_closing (IBBSession *self);
/* Takes the next step of a close, if it can be taken now. */
void ibb_session_proceed (IBBSession *self, gint64 now);
/* Queues our close again. */
void ibb_session_push_close (IBBSession *self);
void ibb_session_take_peer_close (IBBSession *self, IBBStanza *stanza, gint64 now);
void ibb_session_take_close_answer (IBBSession *self, const IBBStanza *answer, gint64 now);
/* Tells the peer of the end and, unless the session is interrupted, the condition and text of
 * reason (nullable). */
void ibb_session_tell_peer (IBBSession *self, const IBBFailure *reason);
/* Begins the timeout again: the peer still sends blocks, and answers after the last one. */
void ibb_session_prolong_close (IBBSession *self, gint64 now);
/* Begins the linger time again: the peer still acknowledges (D-38). */
void ibb_session_prolong_linger (IBBSession *self, gint64 now);
void ibb_session_closing_timeout (IBBSession *self, gint64 now);
/* Sends the stanzas again that may not have arrived, after an interruption of that length (D-58).
 * has_moved: bytes, or a close, since the last resumption. */
void ibb_session_resume_closing (IBBSession *self, gboolean has_moved, gint64 outage, gint64 now);
/* The session, or its peer, has another address. */
void ibb_session_move_closing (IBBSession *self);
/* Ends the session, which cannot be resumed: the peer had ended it in order, and the last stanza to
 * us, a close or the answer to ours, was lost; or the peer has forgotten the session. */
void ibb_session_peer_ended (IBBSession *self, const IBBStanza *answer, gint64 now);
void ibb_session_peer_forgot (IBBSession *self, const IBBStanza *answer, gint64 now);

/* resume.c: the resumption of an interrupted session (D-58), and the limit of the wait for a
 * connection or the peer. */

/* The XML stream broke and may be resumed: the session waits from time on, a caller's time. */
void ibb_session_suspend (IBBSession *self, gint64 time);
/* The XML stream was resumed. Ends the wait unless the session is interrupted. */
void ibb_session_continue (IBBSession *self);
/* There is a connection again, with the JID local. */
void ibb_session_restored (IBBSession *self, const char *local, const char *normal);
void ibb_session_wait_settings_changed (IBBSession *self);
void ibb_session_resume_timeout (IBBSession *self, gint64 now);
/* Adds the proof that we know the secret of the session. */
void ibb_session_sign (const IBBSession *self, IBBStanza *stanza, IBBProofKind kind, guint32 count);
/* Whether a <resume/> of the peer's account has the proof of the session; an IBBPlaceFilter. */
gboolean ibb_session_is_proven (gpointer session, const IBBStanza *resume);
/* Handles a <resume/> for the session; from: its sender, normalised. */
void ibb_session_receive_resume (IBBSession *self, IBBStanza *stanza, const char *from, gint64 now);
/* The peer answered our <resume/>; NULL: the connection has refused to send it. */
void ibb_session_resume_answered (IBBSession *self, IBBStanza *answer, gint64 now);
