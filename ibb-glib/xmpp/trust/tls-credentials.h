/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The certificate and the private key of this end, as GnuTLS reads them. */

#pragma once

#include <gio/gio.h>

typedef struct
{
  gatomicrefcount ref_count;
  /* (owned): immutable after construction */
  struct gnutls_certificate_credentials_st *credentials;
} IBBTlsCredentials;

/* Errors: %G_TLS_ERROR_BAD_CERTIFICATE, as of a certificate without a private key. */
IBBTlsCredentials *ibb_tls_credentials_new (GTlsCertificate *certificate, GError **error);
IBBTlsCredentials *ibb_tls_credentials_ref (IBBTlsCredentials *self);
void               ibb_tls_credentials_unref (IBBTlsCredentials *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBTlsCredentials, ibb_tls_credentials_unref)
