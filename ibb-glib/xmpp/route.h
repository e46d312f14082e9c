/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of a login to its server: TCP, or HTTPS where nothing else gets out. */

#pragma once

#include <gio/gio.h>

#include "xmpp/account.h"
#include "xmpp/endpoint.h"

G_BEGIN_DECLS

/* Copies what it needs of settings. Called in the context of the caller's thread. */
void ibb_route_async (const char               *domain,
                      const IBBAccountSettings *settings,
                      GCancellable             *cancellable,
                      GAsyncReadyCallback       callback,
                      gpointer                  user_data);
/* (transfer full). endpoint is that of a WebSocket, which takes TLS and a request of HTTP, or
 * NULL. */
GSocketConnection *ibb_route_finish (GAsyncResult *result, IBBEndpoint **endpoint, GError **error);

G_END_DECLS
