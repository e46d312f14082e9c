/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of each stanza that arrives: it answers our question, a service takes it, it is answered
 * here, or it goes to the application. On the worker. */

#pragma once

#include "xmpp/addresses.h"
#include "xmpp/management/keepalive.h"
#include "xmpp/management/outbox.h"
#include "xmpp/status.h"

/* The objects have to live as long. */
typedef struct
{
  IBBKeepalive *keepalive;
  IBBStatus    *status;
  IBBOutbox    *outbox;
  IBBAddresses *addresses; /* (nullable): it is a component's */
  IBBPresences *presences; /* (nullable): it is a client's */
} IBBReception;

/* Available presence that advertises what we can do, without an addressee. */
IBBStanza *
ibb_reception_create_presence (const IBBReception *self, IBBConnection *connection, int priority);
/* FALSE: it has no sender, which the server of a component has to name (XEP-0114). */
gboolean ibb_reception_check (const IBBReception *self, const IBBStanza *stanza, GError **error);
void ibb_reception_take (const IBBReception *self, IBBConnection *connection, IBBStanza *stanza);
