/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* One bytestream: its state, what ends or interrupts it here, and what the application reads and
 * writes. Called under the serialisation of its engine. Readable also after the engine is freed.
 * The caller sets data, and may read state, failure, parameters, the positions and failures of
 * sender and receiver, and closing.output_shut.
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
  guint      long_block_size; /* offered by our open beside the plain one, or 0 */
  IBBFailure refusal;         /* the first of a series by fallback (D-14) */
  IBBStanza *request;         /* (nullable): the peer's open */
} IBBOpening;

/* Our direction. */
typedef enum
{
  IBB_OUT_OPEN,     /* the application may write */
  IBB_OUT_DRAINING, /* written bytes are still sent, for a limited time after the peer's close */
  IBB_OUT_SHUT,     /* the peer takes our bytes without a limit: the application has shut the output
                       down */
  IBB_OUT_CLOSE_SENT, /* all bytes are acknowledged, and our <close/> awaits its answer */
  IBB_OUT_ENDED,
} IBBOutState;

/* The exchange of <close/>. */
typedef struct
{
  IBBOutState out;
  gboolean    half_close;  /* each peer counts as reading on after its close (D-39) */
  gboolean    confirms;    /* our answer says that the application has closed (D-67) */
  gboolean    is_mutual;   /* both ends have shut their output, and each answers later (D-67) */
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

/* The last answer to our <resume/>, if it did not resume the session. */
typedef enum
{
  IBB_RESUME_NOT_ANSWERED, /* or not by the peer itself */
  IBB_RESUME_REFUSED,
  IBB_RESUME_NOT_PROVEN,
  IBB_RESUME_NOT_POSSIBLE, /* with a position that cannot be */
} IBBResumeAnswer;

/* An interruption, and earlier ones without progress (D-58). */
typedef struct
{
  gboolean        has_begun; /* the times of this interruption are set */
  gint64          began;     /* this interruption */
  gint64          resumed;  /* last resumption that has brought no progress, or this interruption */
  gint64          spent;    /* time that brought no progress, before this interruption */
  guint64         progress; /* at the last resumption */
  guint64         reached;  /* the furthest position that the peer has received */
  guint           n_vain;   /* resumptions in a row that had blocks sent again in vain */
  gint64          send_at;  /* when blocks are sent again next */
  guint           n_attempts; /* to resume, since the last progress */
  gint64          at;         /* of the next attempt */
  gint64          asked;      /* when our last <resume/> was sent */
  guint32         count;      /* of our last <resume/> */
  guint32         peer_count; /* of the peer's */
  IBBPending      pending;    /* ours */
  IBBResumeAnswer answer;
  gint64          since; /* the wait began; caller's time; IBB_NEVER: the session does not wait */
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

/* Result of a read. */
typedef enum
{
  IBB_INPUT_EMPTY,  /* nothing yet */
  IBB_INPUT_DATA,   /* bytes can be read */
  IBB_INPUT_EOF,    /* every byte was read and the end was orderly */
  IBB_INPUT_FAILED, /* every byte was read, then the failure */
} IBBInput;

/* Result of a write. */
typedef enum
{
  IBB_OUTPUT_FULL,   /* no room now */
  IBB_OUTPUT_ROOM,   /* at least one byte is taken */
  IBB_OUTPUT_FAILED, /* see the failure */
} IBBOutput;

/* Reason for the wait of an open session, beside the readers at both ends. */
typedef enum
{
  IBB_SESSION_WAIT_NONE,
  IBB_SESSION_WAIT_CONNECTION, /* ours is suspended, or lost */
  IBB_SESSION_WAIT_PEER,       /* the peer has not answered (D-27, D-58) */
} IBBSessionWait;

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
/* Whether nothing more leaves, or the session cannot end, before the peer answers: a block, a
 * <close/>, or the question behind as many messages as may leave. */
gboolean ibb_session_waits_for_peer (const IBBSession *self);
gboolean ibb_session_is_peer_awaited (const IBBPair *pair); /* by any of its sessions */
/* Whether only the peer can go on: the application has read everything, and more may come; or it
 * reads no more, or the peer has closed, and our output is open. A session that is closed has times
 * of its own. */
gboolean ibb_session_needs_peer (const IBBSession *self);
gboolean ibb_session_is_peer_needed (const IBBPair *pair); /* by any of its sessions */
/* A sign of life of the peer (D-27). */
void ibb_session_heard (IBBSession *self, gint64 now);
void ibb_session_begin (IBBSession *self, gint64 now);

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
/* Ends the session here, without a stanza to the peer. */
void ibb_session_end (IBBSession *self, const IBBFailure *failure);
void ibb_session_end_for (IBBSession *self, IBBFailureKind kind);
/* Ends the session after all written bytes have arrived; the input may have failed. */
void ibb_session_end_orderly (IBBSession *self);

/* Adds the proof that we know the secret of the session (D-58). */
void ibb_session_sign (const IBBSession *self, IBBStanza *stanza, IBBProofKind kind, guint32 count);
/* Whether a stanza of the peer has that proof. */
gboolean ibb_session_is_signed (const IBBSession *self,
                                const IBBStanza  *stanza,
                                IBBProofKind      kind,
                                guint32           count);

/* The application. */

IBBSessionState ibb_session_get_state (IBBSession *self);
IBBSessionWait  ibb_session_get_wait (IBBSession *self);

/* Sets whether the session waits for its application. Then an ended session counts towards the
 * limit until its bytes are read (D-08). */
void ibb_session_set_waiting (IBBSession *self, gboolean is_waiting);

/* Input. read returns 0 if there is nothing to read; get_input tells why. */
IBBInput ibb_session_get_input (IBBSession *self);
gsize    ibb_session_read (IBBSession *self, guint8 *bytes, gsize length, gint64 now);

/* Output. write returns the number of bytes taken, 0 without room. */
IBBOutput ibb_session_get_output (IBBSession *self);
gsize     ibb_session_get_writable (IBBSession *self); /* bytes of room */
/* Whether to wake a writer that waits with length bytes: not for each block while the buffer is
 * emptying, which would cost a switch of threads for each. */
gboolean ibb_session_is_worth_waking (IBBSession *self, gsize length);
gsize    ibb_session_write (IBBSession *self, const guint8 *bytes, gsize length, gint64 now);

/* An operation asks for flush, notes the written position, and is done when the passed (flush) or
 * delivered (drain) position has reached the noted one, or the output failed. */
void ibb_session_flush (IBBSession *self, gint64 now);

void ibb_session_set_auto_flush (IBBSession *self, gboolean auto_flush, gint64 now);

/* Later bytes, and those that nobody has read, are acknowledged and discarded. */
void ibb_session_close_input (IBBSession *self, gint64 now);
/* Later writes fail; bytes that were written still leave. */
void ibb_session_close_output (IBBSession *self);
