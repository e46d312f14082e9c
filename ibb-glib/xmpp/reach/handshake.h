/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The TLS handshake with a server, and what is wrong with its certificate. */

#pragma once

#include <gio/gio.h>

#include "xmpp/reach/server-trust.h"

typedef struct
{
  const char           *domain;      /* or host: the certificate must be for it */
  const IBBServerTrust *trust;       /* copied */
  GTlsCertificate      *certificate; /* (nullable): for a server that asks for one */
  gboolean              direct;      /* TLS from the first byte, no STARTTLS */
  const char           *protocol;    /* (nullable): to be agreed on by ALPN */
} IBBHandshakeParameters;

/* The server's certificate has to be one that trust names, or that its database trusts where it
 * names no fingerprint. Otherwise the handshake fails with %G_TLS_ERROR_BAD_CERTIFICATE before the
 * server has got the client's certificate; untrusted (transfer full) is the server's, and errors is
 * what is wrong with it. It is NULL for each other error, and where there is nothing to ask about.
 */
void            ibb_handshake_async (GIOStream                    *base,
                                     const IBBHandshakeParameters *parameters,
                                     GCancellable                 *cancellable,
                                     GAsyncReadyCallback           callback,
                                     gpointer                      user_data);
GTlsConnection *ibb_handshake_finish (GAsyncResult         *result,
                                      GTlsCertificate     **untrusted,
                                      GTlsCertificateFlags *errors,
                                      GError              **error);
