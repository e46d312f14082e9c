/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Attempts to come back to the server, one after another, with pauses that grow. A pause ends
 * early when the network comes or the machine wakes, and an attempt begins again when the network
 * changes. On the worker.
 */

#pragma once

#include "runtime/thread.h"
#include "xmpp/base/backoff.h"
#include "xmpp/login/negotiation.h"

G_BEGIN_DECLS

typedef struct _IBBAttempts IBBAttempts;

/* The owner may free the attempts in either. */
typedef struct
{
  /* A pause or an attempt is over: ibb_attempts_negotiate () is due. */
  void (*start) (gpointer owner);
  /* An attempt has ended. result is NULL on error; was_refused: see
   * ibb_negotiation_was_refused (). */
  void (*done) (IBBNegotiationResult *result,
                gboolean              was_refused,
                const GError         *error,
                gpointer              owner);
} IBBAttemptsHandler;

/* backoff outlives this. */
IBBAttempts *ibb_attempts_new (IBBThread                *thread,
                               IBBBackoff               *backoff,
                               const IBBAttemptsHandler *handler,
                               gpointer                  owner);
/* Gives up; nothing more is called. */
void ibb_attempts_free (IBBAttempts *self);

/* Pauses, from since on, but not beyond until; both in microseconds of the monotonic clock. */
void ibb_attempts_wait (IBBAttempts *self, gint64 since, gint64 until);
/* Takes what is in settings. */
void ibb_attempts_negotiate (IBBAttempts         *self,
                             IBBAccountSettings  *settings,
                             const IBBResumption *resumption);

G_END_DECLS
