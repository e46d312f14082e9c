/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The state of a session, how the state changes, and all timers of a session.
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
 * resume-timeout. The timer of the probes belongs to the peer.
 */

#pragma once

#include <glib.h>

#include "core/peer/parameters.h"
#include "core/peer/registration.h"
#include "core/receive/receiver.h"
#include "core/send/sender.h"
#include "core/session/closing.h"

G_BEGIN_DECLS

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

/* An interruption, and those before it that brought no progress (D-58). */
typedef struct
{
  gboolean   has_begun;  /* the times of this interruption are set */
  gint64     began;      /* this interruption */
  gint64     resumed;    /* the last resumption without progress after it, or this interruption */
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
  gpointer        data;
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
  IBBFailure      failure;       /* of the session as a whole */
  IBBFailure      cause;         /* of the interruption */
  gint64          silent_since;  /* the peer, or the wait for a reply began */
  gint64          untaken_until;
  IBBTimer        timer;
  IBBTimer        wait;
} IBBSession;

IBBSession *ibb_session_ref (IBBSession *self);
void        ibb_session_unref (IBBSession *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBSession, ibb_session_unref)

/* Open, or interrupted. */
gboolean ibb_session_is_lasting (const IBBSession *self);
/* Whether the session has ended, and has nothing left to read, not even an orderly end. */
gboolean ibb_session_is_over (const IBBSession *self);
/* A block or a <close/> has no reply yet. */
gboolean ibb_session_awaits_reply (const IBBSession *self);
/* Whether it waits for bytes of the peer: the application has read all, and more may come. */
gboolean ibb_session_listens (const IBBSession *self);
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
/* Interrupts an open session if the failure is one of the connection or the peer. Otherwise ends
 * the session here and, while it is open, at the peer, by an unclean <close/> (D-49). */
void ibb_session_fail (IBBSession *self, const IBBFailure *failure);

G_END_DECLS
