/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way to a server: where it is (RFC 6120 §3.2), and the socket. */

#pragma once

#include <gio/gio.h>

#include "xmpp/base/account.h"

/* Called for each address before the connection to it is there: by what it was found, for people.
 */
typedef void (*IBBDialFound) (const char *text, gpointer owner);

/* By the host, the port, the TLS mode and the proxies of settings. Without a host it is the
 * domain's, by its SRV records unless there is a port. Port 0 with a host: the usual one. */
void ibb_dial_async (const char               *domain,
                     const IBBAccountSettings *settings,
                     IBBDialFound              found,
                     gpointer                  owner,
                     GCancellable             *cancellable,
                     GAsyncReadyCallback       callback,
                     gpointer                  user_data);
/* To a server of HTTPS, by a proxy for that; host has A-labels. domain is for messages.
 * proxy_resolver (nullable): the system's. found (nullable). */
void ibb_dial_web_async (const char         *domain,
                         const char         *host,
                         guint16             port,
                         GProxyResolver     *proxy_resolver,
                         IBBDialFound        found,
                         gpointer            owner,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data);
/* (transfer full) */
GSocketConnection *ibb_dial_finish (GAsyncResult *result, GError **error);
/* Whether the server expects TLS from the first byte on a connection that was made so. */
gboolean ibb_dial_is_direct (GSocketConnection *connection);
