/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a session begins: our open, or the peer's. It is gone once the session is
 * open.
 */

#pragma once

#include <glib.h>

#include "core/base/failure.h"
#include "core/peer/parameters.h"
#include "core/peer/registration.h"

G_BEGIN_DECLS

typedef struct
{
  IBBParameters   *parameters;   /* (unowned) */
  IBBRegistration *registration; /* (unowned) */
  IBBPending       pending;
  gint64           deadline; /* for the answer */
  gint64           sent;     /* when our open was */
  gboolean         fallback;
  guint            long_block_size; /* that our open offers beside the plain one, or 0 */
  IBBFailure       refusal;         /* the first of a series by fallback (D-14) */
  IBBStanza       *request;         /* (nullable): the peer's open */
} IBBOpening;

typedef enum
{
  IBB_OPENING_ACCEPTED,
  IBB_OPENING_TRIES_AGAIN, /* with smaller blocks (D-14) */
  IBB_OPENING_REFUSED,
} IBBOpeningVerdict;

/* Sends an open. */
IBBOpening *ibb_opening_new (IBBParameters   *parameters,
                             IBBRegistration *registration,
                             const IBBOpen   *open,
                             gint64           now);
/* The peer's open awaits our answer. */
IBBOpening *
ibb_opening_new_request (IBBParameters *parameters, IBBRegistration *registration, IBBStanza *open);
void     ibb_opening_free (IBBOpening *self);
gboolean ibb_opening_is_request (const IBBOpening *self);
gint64   ibb_opening_get_due (const IBBOpening *self);

/* Our open. from: whom the answer came from, normalised. */
IBBOpeningVerdict
ibb_opening_answered (IBBOpening *self, const IBBStanza *answer, const char *from, gint64 now);
const IBBFailure *ibb_opening_get_refusal (const IBBOpening *self);

/* An open of the peer: our application has accept-timeout to answer. */
void ibb_opening_ask (IBBOpening *self, gint64 now);
void ibb_opening_accept (IBBOpening *self);
void ibb_opening_refuse (IBBOpening *self, IBBCondition condition, const char *text);

/* Nobody waits for its outcome any more: ours is closed when it is accepted (D-15), the
 * peer's is refused. */
void ibb_opening_give_up (IBBOpening *self, gint64 now);
/* The same, because no answer came in time, or because our application aborts the
 * session: why the session ends. */
IBBFailureKind ibb_opening_timeout (IBBOpening *self, gint64 now);
IBBFailureKind ibb_opening_abort (IBBOpening *self, gint64 now);

G_END_DECLS
