/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The servers to which a server sends a login on: by host (RFC 6120 §4.9.3.19), or by the URI of a
 * WebSocket (RFC 7395 §3.6.1). What names the first one is trusted with the login; what a server
 * names is trusted only with a certificate for the domain of the account.
 */

#pragma once

#include "xmpp/base/account.h"
#include "xmpp/reach/endpoint.h"

G_BEGIN_DECLS

/* The redirects of one login. Zeroed: none was followed. */
typedef struct
{
  guint n_followed;
} IBBRedirect;

/* place (nullable): a URI if it comes over a WebSocket, else a host, with a port or without.
 * Changes settings so that the next connection is made to it; FALSE: it is not followed. */
gboolean ibb_redirect_follow (IBBRedirect        *self,
                              const char         *place,
                              gboolean            is_uri,
                              IBBAccountSettings *settings);
/* The name that the server's certificate must be for; endpoint (nullable): of a WebSocket. */
const char *ibb_redirect_get_identity (const IBBRedirect *self,
                                       const IBBEndpoint *endpoint,
                                       const char        *domain);

G_END_DECLS
