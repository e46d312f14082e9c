/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exchange of <close/>: ours, the peer's, both at once, orderly or not. Each
 * direction has its state; a table says what follows in which.
 */

#pragma once

#include <glib.h>

#include "core/base/failure.h"
#include "core/peer/parameters.h"

G_BEGIN_DECLS

/* Our direction. */
typedef enum
{
  IBB_OUT_OPEN,       /* the application may write */
  IBB_OUT_DRAINING,   /* what was written still goes out, for a limited time once the peer closed */
  IBB_OUT_SHUT,       /* the same for as long as it takes: the application has shut it down */
  IBB_OUT_CLOSE_SENT, /* all is acknowledged, and our <close/> awaits its answer */
  IBB_OUT_ENDED,
} IBBOutState;

/* The peer's direction. */
typedef enum
{
  IBB_IN_OPEN,
  IBB_IN_CLOSE_OWED, /* the peer's <close/> awaits our answer, which tells that all arrived */
  IBB_IN_CLOSED,     /* it was answered at once: both closed at the same time (D-40) */
  IBB_IN_ENDED,
} IBBInState;

typedef enum
{
  IBB_CLOSING_ON_SHUTDOWN,   /* the application has written all */
  IBB_CLOSING_ON_CLOSE,      /* the application closes both directions */
  IBB_CLOSING_ON_PEER_CLOSE, /* the peer's <close/> came */
  IBB_CLOSING_ON_STOP,       /* ... and the peer does not read on (D-38, D-39) */
  IBB_CLOSING_ON_DRAINED,    /* all that was written is acknowledged */
  IBB_CLOSING_ON_END,
} IBBClosingEvent;

typedef enum
{
  IBB_CLOSING_DO_NOTHING,
  IBB_CLOSING_DO_SEND,   /* our <close/> */
  IBB_CLOSING_DO_OWE,    /* keep the peer's <close/> until our blocks have arrived */
  IBB_CLOSING_DO_ANSWER, /* the peer's <close/>: a result */
} IBBClosingAction;

typedef struct
{
  IBBOutState      out;
  IBBInState       in;
  IBBClosingAction action;
} IBBClosingStep;

/* What its owner has to do. */
typedef enum
{
  IBB_CLOSING_GOES_ON,
  IBB_CLOSING_SENT,     /* our <close/> leaves: a new silence begins */
  IBB_CLOSING_ENDS,     /* orderly, as far as the peer is concerned */
  IBB_CLOSING_LINGERED, /* the peer has closed and takes no more: the rest is not delivered */
  IBB_CLOSING_ABORTED,  /* the peer does not wait for the rest of our bytes */
  IBB_CLOSING_UNANSWERED,
} IBBClosingVerdict;

typedef struct
{
  const IBBParameters *parameters;
  IBBOutState          out;
  IBBInState           in;
  gboolean   half_close;  /* each peer counts as one that reads on after its close (D-39) */
  gboolean   peer_reads;  /* the peer's close says that it does */
  gboolean   is_whole;    /* the application closed both directions, or aborted */
  gboolean   output_shut; /* our close, or our answer, was sent */
  IBBPending pending;     /* our <close/> */
  gint64     began;       /* when the timeout for the answer to it began */
  gint64     at;          /* when it ends */
  gint64     linger_until;
  IBBStanza *peer_close; /* (nullable): its result is owed */
} IBBClosing;

/* The table: what an event does in a state. */
IBBClosingStep ibb_closing_get_step (IBBOutState out, IBBInState in, IBBClosingEvent event);

void ibb_closing_init (IBBClosing *self, const IBBParameters *parameters);
void ibb_closing_clear (IBBClosing *self);
/* The session is over. is_orderly: our blocks have arrived, and the peer knows the end. */
void ibb_closing_end (IBBClosing *self, gboolean is_orderly);

void ibb_closing_shutdown (IBBClosing *self);
/* Queues our close: as the next step, or again. */
void ibb_closing_push (IBBClosing *self);
/* FALSE if it was called before. */
gboolean          ibb_closing_close (IBBClosing *self, gint64 now);
IBBClosingVerdict ibb_closing_drained (IBBClosing *self, gint64 now);
/* The session goes on after an interruption of that length: what may not have arrived is sent again
 * (D-58). has_moved: bytes, or a close, since the one before. */
void ibb_closing_resume (IBBClosing *self, gboolean has_moved, gint64 outage, gint64 now);
void ibb_closing_peer_moved (IBBClosing *self);
/* The peer learns that it is over and, unless the session is interrupted, the condition and text of
 * the reason, (nullable). */
void ibb_closing_tell_peer (IBBClosing *self, gboolean is_interrupted, const IBBFailure *reason);
/* Answers the peer's <close/> by an error, if it still waits for its answer. */
void ibb_closing_refuse_owed (IBBClosing *self);

/* The peer's <close/>, for the first time and later. */
IBBClosingVerdict ibb_closing_receive (IBBClosing *self, IBBStanza *stanza, gint64 now);
IBBClosingVerdict ibb_closing_receive_again (IBBClosing *self, const IBBStanza *stanza);
/* The peer's <close/> has come. TRUE if our application writes no more from now on. */
gboolean ibb_closing_stop (IBBClosing *self, gint64 now);

gboolean ibb_closing_is_peer_closed (const IBBClosing *self);
/* Whether our application may write on after the peer's close. */
gboolean ibb_closing_reads_on (const IBBClosing *self);
/* Whether a failure says no more than the peer's <close/> did. */
gboolean ibb_closing_explains (const IBBClosing *self, const IBBFailure *failure);

/* Our bytes were acknowledged: the peer still takes them (D-38). */
void ibb_closing_prolong_linger (IBBClosing *self, gint64 now);
/* A block came that the peer still had to send: the answer comes after the last. */
void              ibb_closing_prolong (IBBClosing *self, gint64 now);
IBBClosingVerdict ibb_closing_timeout (IBBClosing *self, gint64 now);

G_END_DECLS
