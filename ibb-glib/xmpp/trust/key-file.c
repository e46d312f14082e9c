/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Without config.h, by which time_t may be wider than that of GnuTLS. */

#include "xmpp/trust/key-file.h"

#include <errno.h>
#include <string.h>

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/intl.h"
#include "base/random.h"
#include "xmpp/trust/private-file.h"
#include "xmpp/trust/private-place.h"

#define SERIAL_LENGTH 16      /* bytes */
#define CLOCK_TOLERANCE 86400 /* s: the clock of the peer may be late */
/* RFC 5280 §4.1.2.5: there is no date at which the certificate ends. GnuTLS writes the last second
 * of the year 9999 for this value, which fits into 32 bits. */
#define NO_END ((time_t) -1)

static int
sign (gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key)
{
  const char *wrong;
  guchar      serial[SERIAL_LENGTH] = { 0 };
  time_t      now = (time_t) (g_get_real_time () / G_USEC_PER_SEC);
  int         code;

  ibb_random_fill (serial, sizeof serial);
  serial[0] = (guchar) ((serial[0] & 0x7f) | 0x40); /* RFC 5280 §4.1.2.2: positive */
  if ((code = gnutls_x509_crt_set_version (certificate, 3)) < 0 ||
      (code = gnutls_x509_crt_set_serial (certificate, serial, sizeof serial)) < 0 ||
      (code = gnutls_x509_crt_set_activation_time (certificate, now - CLOCK_TOLERANCE)) < 0 ||
      (code = gnutls_x509_crt_set_expiration_time (certificate, NO_END)) < 0 ||
      (code = gnutls_x509_crt_set_dn (certificate, "CN=ibb-glib", &wrong)) < 0 ||
      (code = gnutls_x509_crt_set_key (certificate, key)) < 0)
    return code;
  return gnutls_x509_crt_sign2 (certificate, certificate, key, GNUTLS_DIG_SHA256, 0);
}

static int export(gnutls_x509_crt_t certificate, gnutls_x509_privkey_t key, GString *pem)
{
  gnutls_datum_t datum = { NULL, 0 };
  int            code = gnutls_x509_crt_export2 (certificate, GNUTLS_X509_FMT_PEM, &datum);

  if (code < 0)
    return code;
  g_string_append_len (pem, (const char *) datum.data, datum.size);
  gnutls_free (datum.data);
  code =
      gnutls_x509_privkey_export2_pkcs8 (key, GNUTLS_X509_FMT_PEM, NULL, GNUTLS_PKCS_PLAIN, &datum);
  if (code < 0)
    return code;
  g_string_append_len (pem, (const char *) datum.data, datum.size);
  explicit_bzero (datum.data, datum.size);
  gnutls_free (datum.data);
  return 0;
}

/* A certificate without a name, so that servers and peers learn nothing from it. */
static gboolean
make (GString *pem, GError **error)
{
  gnutls_x509_crt_t     certificate = NULL;
  gnutls_x509_privkey_t key = NULL;
  int                   code;

  if ((code = gnutls_x509_crt_init (&certificate)) >= 0 &&
      (code = gnutls_x509_privkey_init (&key)) >= 0 &&
      (code = gnutls_x509_privkey_generate (
           key, GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS (GNUTLS_ECC_CURVE_SECP256R1), 0)) >= 0 &&
      (code = sign (certificate, key)) >= 0)
    code = export(certificate, key, pem);
  if (certificate != NULL)
    gnutls_x509_crt_deinit (certificate);
  if (key != NULL)
    gnutls_x509_privkey_deinit (key);
  if (code >= 0)
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED, _ ("Cannot make a key: %s"),
               gnutls_strerror (code));
  return FALSE;
}

/* Programs that begin at the same time use the same key: the file appears whole, and stays. */
static gboolean
store (const char *path, const GString *pem, GError **error)
{
  IBBPrivatePlace place;
  int             failure = ibb_private_place_open (&place, path, TRUE);

  if (failure == 0)
    failure = ibb_private_place_lock (&place);
  if (failure == 0)
    failure = ibb_private_place_write (&place, pem->str, pem->len);
  ibb_private_place_close (&place);
  if (failure == 0 || failure == EEXIST)
    return TRUE;
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure), _ ("Cannot make “%s”: %s"), path,
               g_strerror (failure));
  return FALSE;
}

static gboolean
create (const char *path, GError **error)
{
  /* Preallocated, so that growing leaves no copy of the key. */
  GString *pem = g_string_sized_new (4096);
  gboolean stored = make (pem, error) && store (path, pem, error);

  explicit_bzero (pem->str, pem->allocated_len);
  g_string_free (pem, TRUE);
  return stored;
}

/* A key that peers will be told of has to be there after a power cut, also if another program has
 * made it. */
static gboolean
settle (const char *path, GError **error)
{
  IBBPrivatePlace place;
  int             failure = ibb_private_place_open (&place, path, FALSE);

  if (failure == 0)
    failure = ibb_private_place_sync (&place);
  ibb_private_place_close (&place);
  if (failure == 0)
    return TRUE;
  g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (failure), g_strerror (failure));
  return FALSE;
}

GTlsCertificate *
ibb_key_file_load (const char *path, GError **error)
{
  g_autoptr (GError)          local_error = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (ibb_private_file_check (path, &local_error))
    certificate = ibb_private_file_load_certificate (path, NULL, &local_error);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    {
      g_clear_error (&local_error);
      if (!create (path, error))
        return NULL;
      certificate = ibb_private_file_load_certificate (path, NULL, &local_error);
    }
  if (certificate != NULL && settle (path, &local_error))
    return g_steal_pointer (&certificate);
  g_propagate_prefixed_error (error, g_steal_pointer (&local_error),
                              /* Translators: a reason follows */
                              _ ("Cannot read the certificate and the key in “%s”: "), path);
  return NULL;
}
