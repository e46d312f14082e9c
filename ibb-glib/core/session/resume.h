/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a session that was interrupted goes on: when this end asks the other one, what the two
 * tell each other, and where each of them is then (D-58). How long a session waits for its
 * connection or its peer.
 */

#pragma once

#include <glib.h>

#include "core/base/stanza.h"
#include "core/base/timer.h"
#include "core/peer/parameters.h"
#include "core/peer/registration.h"
#include "core/session/duplex.h"

G_BEGIN_DECLS

typedef struct
{
  const IBBParameters *parameters;
  IBBRegistration     *registration; /* (unowned) */
  IBBDuplex           *duplex;       /* (unowned) */
  gboolean             is_active;    /* the session is interrupted, and this has taken note of it */
  gboolean             has_begun;    /* the times of this interruption are set */
  gint64               began;        /* this interruption */
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
  gint64     since;      /* the wait began; caller's time; IBB_NEVER: it does not wait */
  IBBTimer   timer;      /* its end, by the caller's time */
} IBBResume;

/* timeout: called with the caller's time when the session has waited for resume-timeout. */
void ibb_resume_init (IBBResume           *self,
                      const IBBParameters *parameters,
                      IBBRegistration     *registration,
                      IBBDuplex           *duplex,
                      IBBTimerFunc         timeout);
/* The session has ended. */
void ibb_resume_finish (IBBResume *self);

/* After any call: the session may have been interrupted by it. */
void   ibb_resume_update (IBBResume *self);
gint64 ibb_resume_get_due (const IBBResume *self);
void   ibb_resume_timeout (IBBResume *self, gint64 now);

/* The XML stream broke and may be resumed: the session waits from time on, a caller's time. */
void ibb_resume_suspend (IBBResume *self, gint64 time);
/* The XML stream was resumed: the wait is over unless the session is interrupted. */
void ibb_resume_continue (IBBResume *self);
void ibb_resume_settings_changed (IBBResume *self);

/* Our connection is lost. FALSE if the session cannot outlive it. */
gboolean ibb_resume_interrupt (IBBResume *self, const IBBFailure *cause);
/* There is a connection again, with the JID local. */
void ibb_resume_restored (IBBResume *self, const char *local, const char *normal);

/* Whether a <resume/> of the peer's account is for the session: its proof says so. */
gboolean ibb_resume_is_proven (const IBBResume *self, const IBBStanza *resume);
/* A <resume/> that is for the session; from: its sender, normalised. */
void ibb_resume_receive (IBBResume *self, IBBStanza *stanza, const char *from, gint64 now);
/* The peer answered our <resume/>; NULL: the connection has refused to send it. */
void ibb_resume_answered (IBBResume *self, IBBStanza *answer, gint64 now);

G_END_DECLS
