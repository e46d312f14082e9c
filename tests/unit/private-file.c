/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files with keys. */

#include "config.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#include "xmpp/trust/key-file.h"
#include "xmpp/trust/private-file.h"

#include "../lib/calls.h"

#define LENGTH_MAX 100000
#define PEM_MAX 1048576 /* bytes */

static char *folder;

static char *
store (const char *name, const char *text, gsize length)
{
  char *path = g_build_filename (folder, name, NULL);

  assert_succeeds (g_file_set_contents_full, path, text, (gssize) length, G_FILE_SET_CONTENTS_NONE,
                   0600);
  return path;
}

/* A file of each length around those at which the memory for it grows. */
static void
test_lengths (void)
{
  static const gsize lengths[] = { 0,    1,    4095,           4096,       4097,
                                   8192, 8193, LENGTH_MAX - 1, LENGTH_MAX, LENGTH_MAX + 1 };
  g_autofree char   *text = g_malloc (LENGTH_MAX + 1);

  for (gsize i = 0; i <= LENGTH_MAX; i++)
    text[i] = (char) (i % 251);
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      g_autofree char   *path = store ("file", text, lengths[i]);
      g_autofree char   *read = NULL;
      g_autoptr (GError) error = NULL;
      gsize              length = 0;

      read = ibb_private_file_load (path, IBB_PRIVATE_FILE_SECRET, LENGTH_MAX, &length, &error);
      if (lengths[i] > LENGTH_MAX)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
          continue;
        }
      g_assert_no_error (error);
      g_assert_cmpmem (read, length, text, lengths[i]);
      g_assert_cmpint (read[length], ==, '\0');
    }
}

static void
test_fails (void)
{
  gsize length;

  assert_fails (G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY, ibb_private_file_load, folder,
                IBB_PRIVATE_FILE_SECRET, LENGTH_MAX, &length);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, ibb_private_file_load, "/dev/null/none",
                IBB_PRIVATE_FILE_SECRET, LENGTH_MAX, &length);
}

/* All certificates have the same issuer: so each has another serial number (RFC 5280 §4.1.2.2).
 * The clock of the peer may be a day late. */
static void
test_serial (void)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  GByteArray           *ders[2];

  for (guint i = 0; i < 2; i++)
    {
      g_autofree char            *path = g_strdup_printf ("%s/serial-%u", folder, i);
      g_autoptr (GTlsCertificate) certificate = assert_succeeds (ibb_key_file_load, path);
      g_autoptr (GDateTime)       begin = g_tls_certificate_get_not_valid_before (certificate);
      g_autoptr (GDateTime)       end = g_tls_certificate_get_not_valid_after (certificate);

      g_assert_cmpint (g_date_time_difference (now, begin) / G_TIME_SPAN_HOUR, >=, 23);
      /* GnuTLS reads no later year where its time_t has 32 bits. */
      g_assert_true (g_date_time_get_year (end) == 9999 || g_date_time_get_year (end) == 2037);
      g_object_get (certificate, "certificate", &ders[i], NULL);
      g_assert_cmpmem (ders[i]->data + 12, 2, "\2\20", 2); /* an integer of 16 bytes */
    }
  g_assert_cmpint (memcmp (ders[0]->data + 14, ders[1]->data + 14, 16), !=, 0);
  g_byte_array_unref (ders[0]);
  g_byte_array_unref (ders[1]);
}

/* A certificate and its key in two files, or in one; without a key it is of no use. A file may have
 * a MiB. */
static void
test_certificate (void)
{
  g_autofree char            *both_path = g_build_filename (folder, "both", NULL);
  g_autoptr (GTlsCertificate) both = assert_succeeds (ibb_key_file_load, both_path);
  g_autofree char            *both_text = NULL;
  g_autofree char            *long_path = NULL;
  g_autofree char            *most = g_strnfill (PEM_MAX + 1, '\n');
  g_autofree char            *certificate_path = NULL;
  g_autofree char            *key_path = NULL;
  g_autoptr (GTlsCertificate) loaded = NULL;
  const char                 *key;

  assert_succeeds (g_file_get_contents, both_path, &both_text, NULL);
  key = strstr (both_text, "-----BEGIN PRIVATE");
  memcpy (most, both_text, strlen (both_text));
  long_path = store ("long", most, PEM_MAX);
  loaded = assert_succeeds (ibb_private_file_load_certificate, long_path, NULL);
  g_clear_object (&loaded);
  g_free (store ("long", most, PEM_MAX + 1));
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_DATA, ibb_private_file_load_certificate, long_path,
                NULL);
  /* Without the end of the line. */
  certificate_path = store ("certificate", both_text, (gsize) (key - both_text) - 1);
  key_path = store ("key", key, strlen (key));

  loaded = assert_succeeds (ibb_private_file_load_certificate, certificate_path, key_path);
  g_assert_true (g_tls_certificate_is_same (loaded, both));
  g_clear_object (&loaded);
  loaded = assert_succeeds (ibb_private_file_load_certificate, both_path, both_path);
  g_assert_true (g_tls_certificate_is_same (loaded, both));
  assert_fails (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, ibb_private_file_load_certificate,
                certificate_path, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY, ibb_private_file_load_certificate, folder,
                key_path);
  g_free (certificate_path);
  certificate_path = store ("empty", "", 0);
  assert_fails (G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE, ibb_private_file_load_certificate,
                certificate_path, key_path);
}

int
main (int argc, char **argv)
{
  g_autofree char *command = NULL;
  int              status;

  g_test_init (&argc, &argv, NULL);
  folder = assert_succeeds (g_dir_make_tmp, "ibb-private-file-XXXXXX");
  g_test_add_func ("/private-file/lengths", test_lengths);
  g_test_add_func ("/private-file/fails", test_fails);
  g_test_add_func ("/private-file/serial", test_serial);
  g_test_add_func ("/private-file/certificate", test_certificate);
  status = g_test_run ();
  command = g_strdup_printf ("rm -r '%s'", folder);
  g_assert_cmpint (system (command), ==, 0);
  g_free (folder);
  return status;
}
