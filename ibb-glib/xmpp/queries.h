/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The questions that the application asks of peers by disco#info, and the answers. On the
 * worker, but for ibb_queries_start ().
 */

#pragma once

#include "core/base/stanza.h"
#include "runtime/thread.h"
#include "xmpp/management/outbox.h"
#include "xmpp/status.h"

G_BEGIN_DECLS

typedef struct _IBBQueries IBBQueries;

IBBQueries *ibb_queries_new (IBBThread *thread, IBBOutbox *outbox, IBBStatus *status);
void        ibb_queries_free (IBBQueries *self); /* none is under way */
/* Any thread. Takes the task, which holds the client, and gives it a boolean. */
void ibb_queries_start (IBBQueries *self, GTask *task, const char *peer_jid);
/* TRUE: it is the answer to one of them. */
gboolean ibb_queries_take_answer (IBBQueries *self, const IBBStanza *stanza);
void     ibb_queries_fail (IBBQueries *self, const GError *error);

G_END_DECLS
