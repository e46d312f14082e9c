/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without config.h, by which time_t may be wider than that of GnuTLS. */

#include "xmpp/trust/tls-credentials.h"

#include <string.h>

#include <gnutls/gnutls.h>

#include "base/intl.h"

static gboolean
load (IBBTlsCredentials *self, GTlsCertificate *certificate, int *code)
{
  g_autofree char *chain = NULL;
  g_autofree char *key = NULL;
  GString         *pem = g_string_new (NULL);
  gnutls_datum_t   certificates, private_key;

  g_object_get (certificate, "private-key-pem", &key, NULL);
  for (GTlsCertificate *c = certificate; c != NULL; c = g_tls_certificate_get_issuer (c))
    {
      g_autofree char *one = NULL;

      g_object_get (c, "certificate-pem", &one, NULL);
      g_string_append (pem, one != NULL ? one : "");
    }
  chain = g_string_free (pem, FALSE);
  *code = GNUTLS_E_INSUFFICIENT_CREDENTIALS;
  if (key == NULL)
    return FALSE;
  certificates = (gnutls_datum_t){ (guint8 *) chain, (unsigned int) strlen (chain) };
  private_key = (gnutls_datum_t){ (guint8 *) key, (unsigned int) strlen (key) };
  *code = gnutls_certificate_allocate_credentials (&self->credentials);
  if (*code >= 0)
    *code = gnutls_certificate_set_x509_key_mem2 (self->credentials, &certificates, &private_key,
                                                  GNUTLS_X509_FMT_PEM, NULL, 0);
  explicit_bzero (key, strlen (key));
  return *code >= 0;
}

IBBTlsCredentials *
ibb_tls_credentials_new (GTlsCertificate *certificate, GError **error)
{
  IBBTlsCredentials *self = g_new0 (IBBTlsCredentials, 1);
  int                code;

  g_atomic_ref_count_init (&self->ref_count);
  if (load (self, certificate, &code))
    return self;
  g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
               _ ("The certificate of this end cannot be used: %s"), gnutls_strerror (code));
  ibb_tls_credentials_unref (self);
  return NULL;
}

IBBTlsCredentials *
ibb_tls_credentials_ref (IBBTlsCredentials *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_tls_credentials_unref (IBBTlsCredentials *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->credentials != NULL)
    gnutls_certificate_free_credentials (self->credentials);
  g_free (self);
}
