/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The TLS handshake with a server, and what is wrong with its certificate. */

#pragma once

#include <gio/gio.h>

#include "trust/ibb-known-certificates.h"

typedef struct
{
  const char           *domain;               /* or host: the certificate must be for it */
  GTlsDatabase         *database;             /* (nullable): the system's */
  GTlsCertificate      *certificate;          /* (nullable): for a server that asks for one */
  GTlsCertificate      *accepted_certificate; /* (nullable): of the server, by the application */
  IBBKnownCertificates *known;                /* (nullable) */
  gboolean              direct;               /* TLS from the first byte, no STARTTLS */
  const char           *protocol;             /* (nullable): to be agreed on by ALPN */
} IBBHandshakeParameters;

/* The server's certificate has to be one that the database trusts, accepted_certificate or a known
 * one. Otherwise the handshake fails with %G_TLS_ERROR_BAD_CERTIFICATE before the server has got
 * the client's certificate; untrusted (transfer full), which is NULL for each other error, is the
 * server's, and errors is what is wrong with it. */
void            ibb_handshake_async (GIOStream                    *base,
                                     const IBBHandshakeParameters *parameters,
                                     GCancellable                 *cancellable,
                                     GAsyncReadyCallback           callback,
                                     gpointer                      user_data);
GTlsConnection *ibb_handshake_finish (GAsyncResult         *result,
                                      GTlsCertificate     **untrusted,
                                      GTlsCertificateFlags *errors,
                                      GError              **error);
