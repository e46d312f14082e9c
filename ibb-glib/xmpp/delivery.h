/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The stanzas that are for the application: emitted, one after another, in the context in
 * which the client was constructed. Any thread may call.
 */

#pragma once

#include "ibb-connection.h"
#include "xmpp/management/outbox.h"

G_BEGIN_DECLS

typedef struct _IBBDelivery IBBDelivery;

/* Emits stanza-received of connection, to which it holds no reference, in the caller's
 * thread-default context. A request that nobody takes is answered. */
IBBDelivery *ibb_delivery_new (IBBConnection *connection, IBBOutbox *outbox);
/* The application has dropped the connection: nothing is emitted from now on, and the context is
 * dropped, in the caller's thread. */
void ibb_delivery_end (IBBDelivery *self);
void ibb_delivery_free (IBBDelivery *self);
/* FALSE: too much waits already. */
gboolean ibb_delivery_post (IBBDelivery *self, IBBStanza *stanza);

G_END_DECLS
