/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The files of IBBXmppIdentity: its key, and the certificates that it knows. */

#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "identities.h"

/* Of a file that has no key, and of one that cannot be made, the error names it. */
static void
test_key (void)
{
  g_autofree char         *bad = make_path ("bad.pem");
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;

  g_assert_true (
      g_file_set_contents_full (bad, "nothing", -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  g_assert_null (ibb_xmpp_identity_load_or_create (bad, &error));
  g_assert_nonnull (strstr (error->message, bad));
  g_clear_error (&error);
  g_assert_null (ibb_xmpp_identity_load_or_create ("/dev/null/key.pem", &error));
  g_assert_nonnull (strstr (error->message, "/dev/null/key.pem"));
  g_clear_error (&error);
  ibb_xmpp_identity_load_or_create_async (identities_folder, NULL, store_result_cb, &result);
  wait_until (result != NULL);
  g_assert_null (ibb_xmpp_identity_load_or_create_finish (result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY);
}

/* A pipe in the place of a key or a list is an error, and not waited for. */
static void
test_pipe (void)
{
  g_autofree char                     *path = make_path ("pipe");
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (path);
  g_auto (GStrv)                       fingerprints = NULL;

  g_assert_cmpint (mkfifo (path, 0600), ==, 0);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, ibb_xmpp_identity_load_or_create, path);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, ibb_xmpp_known_certificates_list, known,
                &fingerprints);
}

#define FILE_MAX 1048576 /* bytes */
#define LINE_LENGTH (64 + 1 + strlen ("1.example") + 1)

/* The list may have a MiB, and no change makes it longer. Where its folder cannot be made, nothing
 * is to be forgotten, and nothing can be added. */
static void
test_long (void)
{
  g_autofree char                     *path = make_path ("long");
  g_autoptr (IBBXmppKnownCertificates) none = ibb_xmpp_known_certificates_new ("/proc/none/known");
  g_autofree char                     *text = g_strnfill (FILE_MAX + 1, '\n');
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (path);
  g_autoptr (IBBXmppIdentity)          identity = create_identity ("long-key");
  GTlsCertificate                     *certificate = ibb_xmpp_identity_get_certificate (identity);

  assert_succeeds (g_file_set_contents_full, path, text, (gssize) (FILE_MAX - LINE_LENGTH),
                   G_FILE_SET_CONTENTS_NONE, 0600);
  assert_succeeds (ibb_xmpp_known_certificates_add, known, "1.example", certificate);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NO_SPACE, ibb_xmpp_known_certificates_add, known,
                "2.example", certificate);
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "1.example", certificate), ==,
                   IBB_XMPP_TRUST_KNOWN);
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "2.example", certificate), ==,
                   IBB_XMPP_TRUST_UNKNOWN);
  assert_succeeds (g_file_set_contents_full, path, text, FILE_MAX + 1, G_FILE_SET_CONTENTS_NONE,
                   0600);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_DATA, ibb_xmpp_known_certificates_forget, known,
                "1.example");
  assert_succeeds (ibb_xmpp_known_certificates_forget, none, "1.example");
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, ibb_xmpp_known_certificates_add, none,
                "1.example", certificate);
}

/* A certificate is known for the whole name only, and for no name that a line almost has. */
static void
test_names (void)
{
  static const char *const others[] = { "romeo@montague.exampl", "omeo@montague.example",
                                        "romeo@montague.example/", "montague.example", "" };
  g_autofree char         *digits = g_strnfill (65, 'a');
  g_autofree char         *lines = g_strdup_printf ("# romeo@montague.example\n"
                                                            "%.63s romeo@montague.example\n"
                                                            "%.65s romeo@montague.example\n"
                                                            "%.63sg romeo@montague.example\n"
                                                            "%.64s\tromeo@montague.example\n"
                                                            "%.64s\n"
                                                            "%.64s juliet@capulet.example\n",
                                                    digits, digits, digits, digits, digits, digits);
  g_autofree char         *text = NULL;
  g_autofree char         *path = make_path ("known");
  g_autofree char         *same_path = NULL;
  g_autofree char         *key = make_path ("key.pem");
  g_autoptr (IBBXmppKnownCertificates) same = NULL;
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (path);
  g_autoptr (IBBXmppIdentity) identity = assert_succeeds (ibb_xmpp_identity_load_or_create, key);
  GTlsCertificate            *certificate = ibb_xmpp_identity_get_certificate (identity);

  g_object_set (identity, "known-certificates", known, NULL);
  g_object_get (identity, "known-certificates", &same, NULL);
  g_assert_true (same == known);
  g_object_get (known, "path", &same_path, NULL);
  g_assert_cmpstr (same_path, ==, path);

  g_assert_true (g_file_set_contents (path, lines, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "romeo@montague.example", certificate),
                   ==, IBB_XMPP_TRUST_UNKNOWN);
  assert_succeeds (ibb_xmpp_known_certificates_add, known, "romeo@montague.example", certificate);
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "Romeo@Montague.Example", certificate),
                   ==, IBB_XMPP_TRUST_KNOWN);
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "juliet@capulet.example", certificate),
                   ==, IBB_XMPP_TRUST_CHANGED);
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    g_assert_cmpint (ibb_xmpp_known_certificates_check (known, others[i], certificate), ==,
                     IBB_XMPP_TRUST_UNKNOWN);

  /* Nothing else goes. */
  assert_succeeds (ibb_xmpp_known_certificates_forget, known, "romeo@MONTAGUE.example");
  g_assert_true (g_file_get_contents (path, &text, NULL, NULL));
  g_assert_cmpstr (text, ==, lines);
}

/* What is in the file is listed, but for lines that are not understood. */
static void
test_list (void)
{
  g_autofree char *digits = g_strnfill (64, 'a');
  g_autofree char *lines = g_strdup_printf (
      "# a note\n%s romeo@montague.example\n%s \n%s \xff@b\n%s m", digits, digits, digits, digits);
  g_autofree char                     *path = make_path ("listed");
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (path);
  g_auto (GStrv)                       fingerprints = NULL;
  g_auto (GStrv)                       names = NULL;
  g_autoptr (GError)                   error = NULL;

  names = assert_succeeds (ibb_xmpp_known_certificates_list, known, &fingerprints);
  g_assert_cmpuint (g_strv_length (names) + g_strv_length (fingerprints), ==, 0);
  g_clear_pointer (&names, g_strfreev);
  g_clear_pointer (&fingerprints, g_strfreev);

  g_assert_true (g_file_set_contents (path, lines, -1, NULL));
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
  names = assert_succeeds (ibb_xmpp_known_certificates_list, known, &fingerprints);
  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpuint (g_strv_length (fingerprints), ==, 2);
  g_assert_cmpstr (names[0], ==, "romeo@montague.example");
  g_assert_cmpstr (names[1], ==, "m");
  for (guint i = 0; i < 2; i++)
    {
      g_assert_true (g_str_has_prefix (fingerprints[i], "AA:AA:"));
      g_assert_cmpuint (strlen (fingerprints[i]), ==, 95);
    }

  g_clear_object (&known);
  g_clear_pointer (&fingerprints, g_strfreev);
  known = ibb_xmpp_known_certificates_new (identities_folder);
  g_assert_null (ibb_xmpp_known_certificates_list (known, &fingerprints, &error));
  g_assert_true (error->domain == G_IO_ERROR);
  g_assert_null (fingerprints);
}

/* What one end prints the other one reads, for any address. */
static void
test_uri (void)
{
  static const char *const addresses[][2] = {
    { "juliet@capulet.example", "xmpp:juliet@capulet.example" },
    { "capulet.example", "xmpp:capulet.example" },
    { "juliet@capulet.example/a/b@c#e f", "xmpp:juliet@capulet.example/a%2Fb%40c%23e%20f" },
    { "o'neil;x=y@[::1]/ibb", "xmpp:o%27neil;x=y@[::1]/ibb" },
    { "\xc3\xa9@b\xc3\xbc.example", "xmpp:%C3%A9@b%C3%BC.example" },
  };
  g_autoptr (IBBXmppIdentity) identity = create_identity ("uri.pem");
  g_autofree char            *expected =
      ibb_xmpp_known_certificates_dup_fingerprint (ibb_xmpp_identity_get_certificate (identity));

  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      g_autofree char *uri = ibb_xmpp_identity_dup_uri (identity, addresses[i][0]);
      g_autofree char *begin = g_strconcat (addresses[i][1], "?ibb-key;sha256=", NULL);
      g_autofree char *fingerprint = NULL;
      g_autofree char *jid = assert_succeeds (ibb_xmpp_identity_parse_uri, uri, &fingerprint);

      g_assert_true (g_str_has_prefix (uri, begin));
      g_assert_cmpuint (strlen (uri), ==, strlen (begin) + 64);
      g_assert_cmpstr (jid, ==, addresses[i][0]);
      g_assert_cmpstr (fingerprint, ==, expected);
    }
}

#define DIGITS "0123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCD"

/* URIs that others have written, good and bad. */
static void
test_foreign_uri (void)
{
  static const char *const good[][2] = {
    { "XMPP:a@b?ibb-key;sha256=" DIGITS, "a@b" },
    { "xmpp:%61@b/%2f?ibb-key;later=1;sha256=%30"
      "123456789abcdefABCDEF0123456789abcdefABCDEF0123456789abcdefABCD;x",
      "a@b//" },
    { "xmpp:\xc3\xa9@b?ibb-key;sha256=" DIGITS, "\xc3\xa9@b" },
    { "xmpp:a@b/c", "a@b/c" },
    { "xmpp:a@b?", "a@b" },
  };
  static const struct
  {
    const char *uri;
    int         code;
    const char *word;
  } bad[] = {
    { "", G_IO_ERROR_INVALID_ARGUMENT, "“xmpp:”" },
    { "a@b", G_IO_ERROR_INVALID_ARGUMENT, "“xmpp:”" },
    { "https://a/b", G_IO_ERROR_INVALID_ARGUMENT, "“xmpp:”" },
    { "xmpp:", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:?ibb-key;sha256=" DIGITS, G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:@b", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b/", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b@c", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a%40b@c", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b%3Fibb-key;sha256=" DIGITS, G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a%3Fb@c", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b/c%3fibb-key;sha256=" DIGITS, G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b%2Fc", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a%@b", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a%0@b", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a%00@b", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b/c%00d", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a%0A@b", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a%FF@b", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp://me@here/a@b", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b#c", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b?ibb-key;sha256=" DIGITS "#c", G_IO_ERROR_INVALID_ARGUMENT, "address" },
    { "xmpp:a@b?message;body=hello", G_IO_ERROR_NOT_SUPPORTED, "“message”" },
    { "xmpp:a@b?ibb-keys;sha256=" DIGITS, G_IO_ERROR_NOT_SUPPORTED, "“ibb-keys”" },
    { "xmpp:a@b?;sha256=" DIGITS, G_IO_ERROR_NOT_SUPPORTED, "“”" },
    { "xmpp:a@b?ibb-key", G_IO_ERROR_INVALID_ARGUMENT, "no fingerprint" },
    { "xmpp:a@b?ibb-key;sha1=" DIGITS, G_IO_ERROR_INVALID_ARGUMENT, "no fingerprint" },
    { "xmpp:a@b?ibb-key;sha256=", G_IO_ERROR_INVALID_ARGUMENT, "has 0" },
    { "xmpp:a@b?ibb-key;sha256=%", G_IO_ERROR_INVALID_ARGUMENT, "has 0" },
    { "xmpp:a@b?ibb-key;sha256=00", G_IO_ERROR_INVALID_ARGUMENT, "has 2" },
    { "xmpp:a@b?ibb-key;sha256=" DIGITS "0", G_IO_ERROR_INVALID_ARGUMENT, "has 65" },
    { "xmpp:a@b?ibb-key;sha256=0g" DIGITS, G_IO_ERROR_INVALID_ARGUMENT, "has 1" },
    { "xmpp:a@b?ibb-key;sha256=" DIGITS ";sha256=" DIGITS, G_IO_ERROR_INVALID_ARGUMENT, "two" },
  };
  g_autofree char *long_resource = g_strnfill (20000, 'a');
  g_autofree char *too_long = g_strconcat ("xmpp:a@b/", long_resource, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    {
      g_autofree char *fingerprint = NULL;
      g_autofree char *jid =
          assert_succeeds (ibb_xmpp_identity_parse_uri, good[i][0], &fingerprint);

      g_assert_cmpstr (jid, ==, good[i][1]);
      g_assert_cmpint (fingerprint != NULL, ==, strstr (good[i][0], "ibb-key") != NULL);
      if (fingerprint != NULL)
        g_assert_true (g_str_has_prefix (fingerprint, "01:23:45:67:89:AB:CD:EF:AB:CD:EF:01"));
    }
  for (gsize i = 0; i <= G_N_ELEMENTS (bad); i++)
    {
      gboolean           is_long = i == G_N_ELEMENTS (bad);
      g_autoptr (GError) error = NULL;
      g_autofree char   *fingerprint = NULL;

      g_test_message ("%s", is_long ? "too long" : bad[i].uri);
      g_assert_null (
          ibb_xmpp_identity_parse_uri (is_long ? too_long : bad[i].uri, &fingerprint, &error));
      g_assert_null (fingerprint);
      g_assert_true (error->domain == G_IO_ERROR);
      g_assert_cmpint (error->code, ==, is_long ? (int) G_IO_ERROR_INVALID_ARGUMENT : bad[i].code);
      g_assert_nonnull (strstr (error->message, is_long ? "address" : bad[i].word));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/ibb/identity/key", test_key);
  g_test_add_func ("/ibb/identity/pipe", test_pipe);
  g_test_add_func ("/ibb/identity/long", test_long);
  g_test_add_func ("/ibb/identity/names", test_names);
  g_test_add_func ("/ibb/identity/list", test_list);
  g_test_add_func ("/ibb/identity/uri", test_uri);
  g_test_add_func ("/ibb/identity/foreign-uri", test_foreign_uri);
  return run_with_identities ();
}
