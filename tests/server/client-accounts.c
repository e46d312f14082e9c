/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The file of accounts, and those that it names. */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/certificate.h"
#include "client-fixture.h"

#define JID "user@fake.test"

/* A list of known certificates that is too long is neither read nor changed. */
static void
test_known_too_long (void)
{
  g_autofree char                     *folder = g_dir_make_tmp ("client-known-XXXXXX", NULL);
  g_autofree char                     *path = g_build_filename (folder, "known", NULL);
  g_autofree char                     *text = g_strnfill (1048577, '\n');
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (path);
  g_autoptr (GTlsCertificate)          one = load_certificate ("alone-1.pem");
  GStatBuf                             info;

  assert_succeeds (g_file_set_contents_full, path, text, 1048577, G_FILE_SET_CONTENTS_CONSISTENT,
                   0600);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_DATA, ibb_xmpp_known_certificates_add, known,
                "one.example", one);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_DATA, ibb_xmpp_known_certificates_forget, known,
                "one.example");
  assert_succeeds (g_file_set_contents_full, path, text, 1048576, G_FILE_SET_CONTENTS_CONSISTENT,
                   0600);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NO_SPACE, ibb_xmpp_known_certificates_add, known,
                "one.example", one);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, 1048576);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
remove_folder (const char *folder)
{
  static const char *const names[] = { "ibb-glib/accounts", "ibb-glib/password", "ibb-glib", "" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = g_build_filename (folder, names[i], NULL);

      g_remove (path);
    }
}

/* (transfer full) (nullable): fails the test if it is NULL. */
static void
drop (gpointer object)
{
  g_assert_nonnull (object);
  g_object_unref (object);
}

static void
write_accounts (const char *text)
{
  g_autofree char *folder = g_build_filename (g_get_user_config_dir (), "ibb-glib", NULL);
  g_autofree char *path = g_build_filename (folder, "accounts", NULL);
  g_autofree char *password = g_build_filename (folder, "password", NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  g_assert_true (g_file_set_contents_full (password, "secret\nnot this\n", -1,
                                           G_FILE_SET_CONTENTS_CONSISTENT, 0600, NULL));
}

/* Who can write the list decides whom this user trusts, and who reads the key or the
 * password is this user: all are judged by one rule, wherever their names come from. */
static void
test_modes (void)
{
  static const struct
  {
    int         mode;
    const char *key_warning; /* of a key and of a password */
    const char *list_warning;
  } modes[] = {
    { 0600, NULL, NULL },
    { 0640, NULL, NULL },
    { 0604, "*can read*", NULL },
    { 0602, "*can write*", "*can write*" },
  };
  g_autoptr (GTlsCertificate)          one = load_certificate ("alone-1.pem");
  g_autofree char                     *folder = g_dir_make_tmp ("client-modes-XXXXXX", NULL);
  g_autofree char                     *key = g_build_filename (folder, "key", NULL);
  g_autofree char                     *list = g_build_filename (folder, "list", NULL);
  g_autofree char                     *password = g_build_filename (folder, "password", NULL);
  g_autofree char                     *accounts = NULL;
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (list);

  drop (ibb_xmpp_identity_load_or_create (key, NULL)); /* makes it */
  assert_succeeds (ibb_xmpp_known_certificates_add, known, "one.example", one);
  g_assert_true (g_file_set_contents (password, "secret\n", -1, NULL));
  accounts = g_strdup_printf (
      "[home]\njid=a@b\npassword-file=%s\n[cert]\njid=a@b\ncertificate=%s\n", password, key);
  write_accounts (accounts);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (IBBXmppClient) client = ibb_xmpp_client_new ("a@b");

      g_assert_cmpint (g_chmod (key, modes[i].mode), ==, 0);
      g_assert_cmpint (g_chmod (list, modes[i].mode), ==, 0);
      g_assert_cmpint (g_chmod (password, modes[i].mode), ==, 0);
      for (int n = 0; modes[i].key_warning != NULL && n < 5; n++)
        g_test_expect_message ("ibb-glib", G_LOG_LEVEL_WARNING, modes[i].key_warning);
      if (modes[i].list_warning != NULL)
        g_test_expect_message ("ibb-glib", G_LOG_LEVEL_WARNING, modes[i].list_warning);
      drop (ibb_xmpp_identity_load_or_create (key, NULL));
      assert_succeeds (ibb_xmpp_client_load_certificate, client, key, NULL);
      assert_succeeds (ibb_xmpp_client_load_password, client, password);
      drop (ibb_xmpp_client_new_from_account ("home", NULL, NULL));
      drop (ibb_xmpp_client_new_from_account ("cert", NULL, NULL));
      g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "one.example", one), ==,
                       IBB_XMPP_TRUST_KNOWN);
      g_test_assert_expected_messages ();
    }
  g_unlink (key);
  g_unlink (list);
  g_unlink (password);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* The longest password, one that is longer, none, and one with a NUL. */
static void
test_password_file (void)
{
  g_autofree char          *folder = g_dir_make_tmp ("client-password-XXXXXX", NULL);
  g_autofree char          *path = g_build_filename (folder, "password", NULL);
  g_autofree char          *most = g_strnfill (4096, 'x');
  g_autoptr (IBBXmppClient) client = ibb_xmpp_client_new ("a@b");
  const struct
  {
    const char *before;
    const char *after;
    gsize       length; /* of what is after */
    gboolean    is_good;
  } rows[] = {
    { most, "\nmore", 5, TRUE }, { most, "", 0, TRUE },    { most, "x\n", 2, FALSE },
    { "a", "\r\n", 2, TRUE },    { "", "", 0, FALSE },     { "", "\nx", 2, FALSE },
    { "a", "\0b", 2, FALSE },    { "", "\r\n", 2, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) text = g_string_new (rows[i].before);
      g_autoptr (GError)  error = NULL;

      g_string_append_len (text, rows[i].after, (gssize) rows[i].length);
      assert_succeeds (g_file_set_contents_full, path, text->str, (gssize) text->len,
                       G_FILE_SET_CONTENTS_CONSISTENT, 0600);
      g_assert_cmpint (ibb_xmpp_client_load_password (client, path, &error), ==, rows[i].is_good);
      if (!rows[i].is_good)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_false (ibb_xmpp_client_load_password (client, path, NULL));
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* command-account.py logs in with such accounts. */
static void
test_accounts (void)
{
  const char *const     resources[][2] = { { "tower", JID "/tower" },
                                           { "", JID },
                                           { NULL, JID "/balcony" } };
  g_autoptr (GError)    error = NULL;
  g_auto (GStrv)        names = ibb_xmpp_client_list_accounts (&error);
  g_autofree char      *host = NULL;
  guint                 port;
  IBBXmppTlsMode        mode;
  IBBXmppPasswordPolicy policy;
  IBBXmppClient        *like;

  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (names), ==, 0);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, ibb_xmpp_client_new_from_account, "home", NULL);

  write_accounts ("[home]\njid=" JID "/balcony\npassword-file=password\nserver=127.0.0.1:5223\n"
                  "tls=none\npassword-policy=readable\nkeyring=false\n[other]\njid=a@b\n");
  g_strfreev (names);
  names = ibb_xmpp_client_list_accounts (NULL);
  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpstr (names[0], ==, "home");
  g_assert_null (ibb_xmpp_client_new_from_account ("hme", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "home, other"));

  for (guint i = 0; i < G_N_ELEMENTS (resources); i++)
    {
      g_autoptr (IBBXmppClient) client =
          assert_succeeds (ibb_xmpp_client_new_from_account, "home", resources[i][0]);

      g_assert_cmpstr (ibb_xmpp_client_get_jid (client), ==, resources[i][1]);
      if (i < 2)
        continue;
      /* The file is not read again for another client of the account. */
      write_accounts ("");
      like = ibb_xmpp_client_new_like (client, JID "/balcony");
      g_object_get (like, "host", &host, "port", &port, "tls-mode", &mode, "password-policy",
                    &policy, NULL);
      g_assert_cmpstr (host, ==, "127.0.0.1");
      g_assert_cmpuint (port, ==, 5223);
      g_assert_cmpint (mode, ==, IBB_XMPP_TLS_MODE_NONE);
      g_assert_cmpint (policy, ==, IBB_XMPP_PASSWORD_POLICY_READABLE);
      g_assert_false (ibb_xmpp_client_get_keyring (like));
      ibb_xmpp_client_set_keyring (like, 2);
      g_assert_cmpint (ibb_xmpp_client_get_keyring (like), ==, TRUE);
      drop_client (like);
    }
}

/* What editors leave in a file is told of as it is, or does no harm. */
static void
test_edited (void)
{
  const struct
  {
    const char *text;
    const char *said; /* (nullable): NULL: it is good */
  } rows[] = {
    { "[home]\njid=" JID "  \npassword-file=password\n", NULL },
    { "\xef\xbb\xbf[home]\njid=" JID "\n", "begins with a byte order mark" },
    { "[home]\njid=j\xfcliet@localhost\n", "is not in UTF-8" },
    { "[home]\njid=\"" JID "\"\n", "in quotation marks" },
    { "[home]\njid='" JID "'\n", "in quotation marks" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError)        error = NULL;
      g_autoptr (IBBXmppClient) client = NULL;

      write_accounts (rows[i].text);
      client = ibb_xmpp_client_new_from_account ("home", NULL, &error);
      if (rows[i].said == NULL)
        {
          g_assert_no_error (error);
          g_assert_cmpstr (ibb_xmpp_client_get_jid (client), ==, JID);
          continue;
        }
      g_assert_null (client);
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
      g_assert_nonnull (strstr (error->message, rows[i].said));
    }
}

/* Others may not write the file of accounts. */
static void
test_accounts_mode (void)
{
  g_autofree char *path = g_build_filename (g_get_user_config_dir (), "ibb-glib", "accounts", NULL);
  g_autoptr (IBBXmppClient) client = NULL;

  write_accounts ("[home]\njid=" JID "\n");
  g_assert_cmpint (g_chmod (path, 0666), ==, 0);
  g_test_expect_message ("ibb-glib", G_LOG_LEVEL_WARNING, "*accounts*");
  client = assert_succeeds (ibb_xmpp_client_new_from_account, "home", NULL);
  g_test_assert_expected_messages ();
  g_assert_cmpint (g_chmod (path, 0600), ==, 0);
}

static void
test_bad_account (gconstpointer data)
{
  g_autofree char   *text = g_strdup_printf ("[home]\n%s\n", (const char *) data);
  g_autoptr (GError) error = NULL;

  write_accounts (text);
  g_assert_null (ibb_xmpp_client_new_from_account ("home", NULL, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
}

/* What a program takes from elsewhere than the file of accounts. */
static void
test_parse_setting (void)
{
  static const struct
  {
    const char *key;
    const char *text;
    gboolean    is_good;
  } rows[] = {
    { "server", "[::1]:5280", TRUE }, { "server", "host:0", FALSE },
    { "tls", "direct", TRUE },        { "tls", "DIRECT", FALSE },
    { "websocket", "wss://x", TRUE }, { "websocket", "wss://user@x/", FALSE },
    { "proxy", "none", TRUE },        { "proxy", "socks5://x", FALSE },
    { "keyring", "true", TRUE },      { "keyring", "1", FALSE },
    { "jid", "a@b", FALSE },          { "password-file", "/dev/null", FALSE },
  };
  g_autoptr (IBBXmppClient)  client = ibb_xmpp_client_new ("a@b");
  IBBXmppEntity             *entity = IBB_XMPP_ENTITY (client);
  g_autofree char           *host = NULL;
  g_autofree char           *uri = NULL;
  g_autoptr (GProxyResolver) resolver = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    g_assert_cmpint (ibb_xmpp_client_parse_setting (client, rows[i].key, rows[i].text), ==,
                     rows[i].is_good);
  host = ibb_xmpp_entity_dup_host (entity);
  g_assert_cmpstr (host, ==, "::1");
  g_assert_cmpuint (ibb_xmpp_entity_get_port (entity), ==, 5280);
  g_assert_cmpint (ibb_xmpp_client_get_tls_mode (client), ==, IBB_XMPP_TLS_MODE_DIRECT);
  uri = ibb_xmpp_client_dup_websocket_uri (client);
  g_assert_cmpstr (uri, ==, "wss://x");
  g_assert_cmpint (ibb_xmpp_client_get_websocket_mode (client), ==, IBB_XMPP_WEBSOCKET_MODE_ALWAYS);
  resolver = ibb_xmpp_client_dup_proxy_resolver (client);
  g_assert_nonnull (resolver);
  g_assert_true (ibb_xmpp_client_get_keyring (client));

  /* The word replaces the URL, and the mode decides about the port. */
  g_assert_true (ibb_xmpp_client_parse_setting (client, "websocket", "fallback"));
  g_assert_null (ibb_xmpp_client_dup_websocket_uri (client));
  g_assert_true (ibb_xmpp_client_parse_setting (client, "server", "x"));
  g_assert_cmpuint (ibb_xmpp_entity_get_port (entity), ==, 0);
}

/* Nothing comes from the working folder, or gets there: above all no private key. */
static void
check_relative (void)
{
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (NULL);
  g_autoptr (GTlsCertificate)          one = load_certificate ("alone-1.pem");
  g_autofree char                     *folder = g_dir_make_tmp ("client-relative-XXXXXX", NULL);
  g_auto (GStrv)                       fingerprints = NULL;
  g_autoptr (GError)                   error = NULL;

  g_assert_nonnull (folder);
  g_assert_cmpint (g_chdir (folder), ==, 0);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, ibb_xmpp_identity_load_or_create, NULL);
  g_assert_null (ibb_xmpp_client_list_accounts (&error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, ibb_xmpp_client_new_from_account, "home",
                NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, ibb_xmpp_known_certificates_add, known,
                "one.example", one);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, ibb_xmpp_known_certificates_forget, known,
                "one.example");
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME, ibb_xmpp_known_certificates_list, known,
                &fingerprints);
  g_test_expect_message ("ibb-glib", G_LOG_LEVEL_WARNING, "*is not absolute*");
  g_assert_cmpint (ibb_xmpp_known_certificates_check (known, "one.example", one), ==,
                   IBB_XMPP_TRUST_UNKNOWN);
  g_test_assert_expected_messages ();
  g_assert_cmpint (g_chdir ("/"), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
set_or_unset (const char *variable, const char *value)
{
  if (value != NULL)
    g_setenv (variable, value, TRUE);
  else
    g_unsetenv (variable);
}

static void
test_relative (void)
{
  static const struct
  {
    const char *home;
    const char *xdg; /* (nullable) */
  } rows[] = { { "", NULL }, { "here", NULL }, { "/nonexistent", "here" } };
  static const char *const variables[] = { "HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME" };
  char                    *before[G_N_ELEMENTS (variables)];

  if (g_test_subprocess ())
    {
      check_relative ();
      return;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    before[i] = g_strdup (g_getenv (variables[i]));
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      for (gsize k = 0; k < G_N_ELEMENTS (variables); k++)
        set_or_unset (variables[k], k == 0 ? rows[i].home : rows[i].xdg);
      g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_INHERIT_STDERR);
      g_test_trap_assert_passed ();
    }
  for (gsize i = 0; i < G_N_ELEMENTS (variables); i++)
    {
      set_or_unset (variables[i], before[i]);
      g_free (before[i]);
    }
}

static void
test_is_refusal (void)
{
  static const int refusals[] = {
    IBB_ERROR_AUTHENTICATION, IBB_ERROR_CONFLICT,      IBB_ERROR_FORBIDDEN,
    IBB_ERROR_ITEM_NOT_FOUND, IBB_ERROR_JID_MALFORMED, IBB_ERROR_NOT_ALLOWED,
    IBB_ERROR_NOT_AUTHORIZED,
  };

  for (int code = 0; code <= IBB_ERROR_UNEXPECTED_REQUEST; code++)
    {
      g_autoptr (GError) error = g_error_new_literal (IBB_ERROR, code, "x");
      g_autoptr (GError) other = g_error_new_literal (G_IO_ERROR, code, "x");
      gboolean           is_refusal = FALSE;

      for (gsize i = 0; i < G_N_ELEMENTS (refusals); i++)
        is_refusal |= refusals[i] == code;
      g_assert_cmpint (ibb_xmpp_entity_is_refusal (error), ==, is_refusal);
      g_assert_false (ibb_xmpp_entity_is_refusal (other));
    }
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    const char *text;
  } bad[] = {
    { "no-jid", "tls=none" },
    { "unknown-key", "jid=a@b\npasswort=x" },
    { "tls", "jid=a@b\ntls=never" },
    { "keyring", "jid=a@b\nkeyring=maybe" },
    { "server", "jid=a@b\nserver=host:port" },
    { "server-port", "jid=a@b\nserver=host:0" },
    { "server-host", "jid=a@b\nserver=:5222" },
    { "policy", "jid=a@b\npassword-policy=open" },
    { "websocket", "jid=a@b\nwebsocket=ws://x" },
    { "websocket-host", "jid=a@b\nwebsocket=wss://" },
    { "websocket-user", "jid=a@b\nwebsocket=wss://user@x/" },
    { "websocket-port", "jid=a@b\nwebsocket=wss://x:0/" },
    { "proxy", "jid=a@b\nproxy=nowhere" },
    { "proxy-scheme", "jid=a@b\nproxy=ftp://x:1" },
    { "proxy-port", "jid=a@b\nproxy=socks5://x" },
    { "proxy-path", "jid=a@b\nproxy=http://x:1/path" },
    { "password-file", "jid=a@b\npassword-file=nowhere" },
    { "empty-password", "jid=a@b\npassword-file=/dev/null" },
    { "endless-password", "jid=a@b\npassword-file=/dev/zero" },
    { "ca-file", "jid=a@b\nca-file=nowhere" },
    { "certificate", "jid=a@b\ncertificate=nowhere" },
    { "no-key-file", "jid" },
  };

  g_autofree char *folder = g_dir_make_tmp ("client-accounts-XXXXXX", NULL);
  int              status;

  /* Not G_TEST_OPTION_ISOLATE_DIRS, which hides the schemas of GSettings, too: GIO's proxy resolver
   * needs them. */
  g_assert_nonnull (folder);
  g_test_init (&argc, &argv, NULL);
  /* A test that runs itself has set the folders. */
  if (!g_test_subprocess ())
    {
      g_setenv ("XDG_DATA_HOME", folder, TRUE);
      g_setenv ("XDG_CONFIG_HOME", folder, TRUE);
    }
  start_watchdog ();
  g_test_add_func ("/client/known/too-long", test_known_too_long);
  g_test_add_func ("/client/password-file", test_password_file);
  g_test_add_func ("/client/accounts", test_accounts);
  g_test_add_func ("/client/accounts/edited", test_edited);
  g_test_add_func ("/client/accounts/mode", test_accounts_mode);
  g_test_add_func ("/client/modes", test_modes);
  g_test_add_func ("/client/parse-setting", test_parse_setting);
  g_test_add_func ("/client/relative", test_relative);
  g_test_add_func ("/client/is-refusal", test_is_refusal);
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strconcat ("/client/accounts/bad/", bad[i].name, NULL);

      g_test_add_data_func (path, bad[i].text, test_bad_account);
    }

  status = g_test_run ();
  remove_folder (folder);
  return status;
}
