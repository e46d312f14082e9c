/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The life of a session: whether it is open, and what its end means for the halves, for
 * the stanzas that are kept, and for the peer. Whether it has to end is for others to say.
 */

#pragma once

#include <glib.h>

#include "core/peer/parameters.h"
#include "core/receive/receiver.h"
#include "core/send/sender.h"
#include "core/session/closing.h"

G_BEGIN_DECLS

typedef enum
{
  IBB_LIFE_NEW, /* stanzas of the peer are kept until it is open (D-24) */
  IBB_LIFE_OPEN,
  IBB_LIFE_INTERRUPTED, /* open for the application; nothing is sent or taken (D-58) */
  IBB_LIFE_ENDED,       /* buffered bytes can still be read */
} IBBLifeState;

/* What the owner of the session has to do. */
typedef enum
{
  IBB_LIFE_NO_NEWS = 0,
  IBB_LIFE_HAS_CHANGED = 1 << 0, /* the application may wait for that */
  IBB_LIFE_HAS_ENDED = 1 << 1,
} IBBLifeNews;

typedef struct
{
  const IBBParameters *parameters;
  IBBSender           *sender;   /* (unowned) */
  IBBReceiver         *receiver; /* (unowned) */
  IBBClosing          *closing;  /* (unowned) */
  IBBLifeState         state;
  guint                news;    /* IBBLifeNews */
  IBBFailure           failure; /* of the session as a whole */
  IBBFailure           cause;   /* of the interruption */
} IBBLife;

void ibb_life_init (IBBLife             *self,
                    const IBBParameters *parameters,
                    IBBSender           *sender,
                    IBBReceiver         *receiver,
                    IBBClosing          *closing);
void ibb_life_clear (IBBLife *self);

void         ibb_life_begin (IBBLife *self);
IBBLifeState ibb_life_get_state (const IBBLife *self);
gboolean     ibb_life_is_open (const IBBLife *self);
/* Open, or interrupted. */
gboolean ibb_life_is_lasting (const IBBLife *self);
gboolean ibb_life_is_interrupted (const IBBLife *self);
void     ibb_life_changed (IBBLife *self);
/* The news since they were taken last. */
IBBLifeNews       ibb_life_take_news (IBBLife *self);
const IBBFailure *ibb_life_get_failure (const IBBLife *self);

/* Interrupts the session: the ends do not reach each other now, and may later. FALSE if only an end
 * can follow. */
gboolean          ibb_life_interrupt (IBBLife *self, const IBBFailure *cause);
gboolean          ibb_life_needs_stream (const IBBLife *self); /* whether it would be FALSE now */
const IBBFailure *ibb_life_get_cause (const IBBLife *self);
/* The session has been interrupted for too long. */
void ibb_life_give_up (IBBLife *self);
/* The session is open again. Its owner resumes the two halves. */
void ibb_life_resume (IBBLife *self);

/* Ends it here; says nothing to the peer. */
void ibb_life_end (IBBLife *self, const IBBFailure *failure);
/* Everything that we wrote has arrived; the input may have failed. */
void ibb_life_end_orderly (IBBLife *self);
/* An error, or no answer at all, came to our <close/>. Every byte was acknowledged, except
 * for those in messages (D-37). */
void ibb_life_end_unconfirmed (IBBLife *self, const IBBFailure *failure);
void ibb_life_end_unanswered (IBBLife *self);
/* Ends it here and, while it is open, at the peer, by an unclean <close/> (D-49); or
 * interrupts it, if it is open and the failure is none of the session itself. */
void ibb_life_fail (IBBLife *self, const IBBFailure *failure);

G_END_DECLS
