/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The WebSocket that a domain names (XEP-0156): over HTTPS only, with a certificate that is
 * trusted for the domain or that the application accepts. No DNS record is asked, which anybody
 * on the way could forge.
 */

#pragma once

#include <gio/gio.h>

#include "xmpp/reach/server-trust.h"

/* trust: of which a copy is taken. proxy_resolver (nullable): the system's. Has no timeout of its
 * own. */
void ibb_host_meta_async (const char           *domain,
                          const IBBServerTrust *trust,
                          GProxyResolver       *proxy_resolver,
                          GCancellable         *cancellable,
                          GAsyncReadyCallback   callback,
                          gpointer              user_data);
/* (transfer full): a URL with the scheme wss. untrusted (transfer full) (nullable): the certificate
 * by which the request has failed, and what is wrong with it in errors. */
char *ibb_host_meta_finish (GAsyncResult         *result,
                            GTlsCertificate     **untrusted,
                            GTlsCertificateFlags *errors,
                            GError              **error);

/* Returns the wss URL in the document, or NULL. */
char *ibb_host_meta_parse (const char *document, gsize length);
