/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The TLS handshake with a server, and what is wrong with its certificate. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct
{
  const char      *domain;               /* or host: the certificate must be for it */
  GTlsDatabase    *database;             /* (nullable): the system's */
  GTlsCertificate *certificate;          /* (nullable): for a server that asks for one */
  GTlsCertificate *accepted_certificate; /* (nullable): of the server, by the application */
  gboolean         direct;               /* TLS from the first byte, no STARTTLS */
  const char      *protocol;             /* (nullable): to be agreed on by ALPN */
} IBBHandshakeParameters;

/* The client's certificate is sent only to a server whose own certificate the database
 * trusts, or is accepted_certificate. For any other, the handshake then fails with
 * %G_TLS_ERROR_BAD_CERTIFICATE. Without a client certificate it succeeds for any other,
 * too, and the caller has to judge the server before it sends anything.
 *
 * Both report the server's certificate in untrusted (transfer full), which is NULL
 * otherwise, and what is wrong with it in errors. */
void            ibb_handshake_async (GIOStream                    *base,
                                     const IBBHandshakeParameters *parameters,
                                     GCancellable                 *cancellable,
                                     GAsyncReadyCallback           callback,
                                     gpointer                      user_data);
GTlsConnection *ibb_handshake_finish (GAsyncResult         *result,
                                      GTlsCertificate     **untrusted,
                                      GTlsCertificateFlags *errors,
                                      GError              **error);
/* %G_TLS_ERROR_BAD_CERTIFICATE, with the reason and the fingerprint. */
GError *ibb_handshake_new_certificate_error (GTlsCertificate     *certificate,
                                             GTlsCertificateFlags errors,
                                             const char          *domain);

G_END_DECLS
