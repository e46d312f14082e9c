/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The way of a login to its server: TCP, or HTTPS where nothing else gets out. */

#pragma once

#include <gio/gio.h>

#include "xmpp/base/account.h"
#include "xmpp/reach/dial.h"
#include "xmpp/reach/endpoint.h"

/* A server sends a login on to another place, a host or the URI of a WebSocket. Changes settings so
 * that the next connection is made to it; FALSE: it is not followed. */
gboolean ibb_route_redirect (IBBAccountSettings *settings, const char *place, gboolean is_uri);
/* Copies what it needs of settings. Called in the context of the caller's thread.
 * accepted_certificate (nullable): of the web server of the domain, by the application. found: as
 * for ibb_dial_async (), at TCP and at a WebSocket. */
void ibb_route_async (const char               *domain,
                      const IBBAccountSettings *settings,
                      GTlsCertificate          *accepted_certificate,
                      IBBDialFound              found,
                      gpointer                  owner,
                      GCancellable             *cancellable,
                      GAsyncReadyCallback       callback,
                      gpointer                  user_data);
/* (transfer full). endpoint is that of a WebSocket, which takes TLS and a request of HTTP, or
 * NULL. untrusted (transfer full) (nullable): the certificate of the web server of the domain, by
 * which the search for the WebSocket has failed, and what is wrong with it in errors. */
GSocketConnection *ibb_route_finish (GAsyncResult         *result,
                                     IBBEndpoint         **endpoint,
                                     GTlsCertificate     **untrusted,
                                     GTlsCertificateFlags *errors,
                                     GError              **error);
/* Where a connection leads that was made so, for people. endpoint (nullable): that of the WebSocket
 * on it. (transfer full) */
char *ibb_route_describe (GSocketConnection *connection, IBBEndpoint *endpoint);
