/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way to a server: where it is (RFC 6120 §3.2), and the socket. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* host NULL: the domain's, by its SRV records if port is 0. Port 0 with a host:
 * the usual one. direct: TLS from the first byte (XEP-0368). */
void ibb_dial_async (const char         *domain,
                     const char         *host,
                     guint               port,
                     gboolean            direct,
                     GCancellable       *cancellable,
                     GAsyncReadyCallback callback,
                     gpointer            user_data);
/* To a server of HTTPS, by the proxy that the system names for it; host has A-labels. domain is
 * for messages. */
void ibb_dial_web_async (const char         *domain,
                         const char         *host,
                         guint16             port,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data);
/* (transfer full) */
GSocketConnection *ibb_dial_finish (GAsyncResult *result, GError **error);

G_END_DECLS
