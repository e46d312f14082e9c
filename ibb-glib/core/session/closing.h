/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exchange of <close/>: ours, the peer's, both at once, orderly or not. Each direction has a
 * state; a table has the next state and the action for each event.
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
  IBB_OUT_DRAINING,   /* written bytes are still sent, for a limited time after the peer's close */
  IBB_OUT_SHUT,       /* the same without a limit: the application has shut the output down */
  IBB_OUT_CLOSE_SENT, /* all bytes are acknowledged, and our <close/> awaits its answer */
  IBB_OUT_ENDED,
} IBBOutState;

/* The peer's direction. */
typedef enum
{
  IBB_IN_OPEN,
  IBB_IN_CLOSE_OWED, /* the peer's <close/> awaits our answer, after our last block has arrived */
  IBB_IN_CLOSED,     /* answered at once: both ends closed at the same time (D-40) */
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

/* Conclusions. The session acts on them. */
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
  gboolean             half_close;  /* each peer counts as reading on after its close (D-39) */
  gboolean             peer_reads;  /* the peer's close says so */
  gboolean             is_whole;    /* the application closed both directions, or aborted */
  gboolean             output_shut; /* our close, or our answer, was sent */
  IBBPending           pending;     /* our <close/> */
  gint64               began;       /* begin of the timeout for the answer to our <close/> */
  gint64               at;          /* end of that timeout */
  gint64               linger_until;
  IBBStanza           *peer_close; /* (nullable): its result is owed */
} IBBClosing;

/* The table: what an event does in a state. */
IBBClosingStep ibb_closing_get_step (IBBOutState out, IBBInState in, IBBClosingEvent event);

void ibb_closing_init (IBBClosing *self, const IBBParameters *parameters);
void ibb_closing_clear (IBBClosing *self);
/* Ends the exchange. is_orderly: our blocks have arrived, and the peer knows of the end. */
void ibb_closing_end (IBBClosing *self, gboolean is_orderly);

void ibb_closing_shutdown (IBBClosing *self);
/* Queues our close: as the next step, or again. */
void ibb_closing_push (IBBClosing *self);
/* FALSE if it was called before. */
gboolean          ibb_closing_close (IBBClosing *self, gint64 now);
IBBClosingVerdict ibb_closing_drained (IBBClosing *self, gint64 now);
/* Sends the stanzas again that may not have arrived, after an interruption of that length (D-58).
 * has_moved: bytes, or a close, since the last resumption. */
void ibb_closing_resume (IBBClosing *self, gboolean has_moved, gint64 outage, gint64 now);
void ibb_closing_peer_moved (IBBClosing *self);
/* Tells the peer of the end and, unless the session is interrupted, the condition and text of
 * reason (nullable). */
void ibb_closing_tell_peer (IBBClosing *self, gboolean is_interrupted, const IBBFailure *reason);
/* Answers an owed <close/> of the peer by an error. */
void ibb_closing_refuse_owed (IBBClosing *self);

/* The peer's <close/>, for the first time and later. */
IBBClosingVerdict ibb_closing_receive (IBBClosing *self, IBBStanza *stanza, gint64 now);
IBBClosingVerdict ibb_closing_receive_again (IBBClosing *self, const IBBStanza *stanza);
/* Handles the peer's <close/>. Returns TRUE if our application can write no more. */
gboolean ibb_closing_stop (IBBClosing *self, gint64 now);

gboolean ibb_closing_is_peer_closed (const IBBClosing *self);
/* Whether our application may write on after the peer's close. */
gboolean ibb_closing_reads_on (const IBBClosing *self);
/* Whether the peer's <close/> explains the failure. */
gboolean ibb_closing_explains (const IBBClosing *self, const IBBFailure *failure);

/* Begins the linger time again: the peer still acknowledges (D-38). */
void ibb_closing_prolong_linger (IBBClosing *self, gint64 now);
/* Begins the timeout again: the peer still sends blocks, and answers after the last one. */
void              ibb_closing_prolong (IBBClosing *self, gint64 now);
IBBClosingVerdict ibb_closing_timeout (IBBClosing *self, gint64 now);

G_END_DECLS
