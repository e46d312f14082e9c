/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The questions of a login, what is remembered of the answers, and the file of accounts. */

#include "config.h"

#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "../lib/certificate.h"
#include "client-fixture.h"
#include "fake-server.h"

static char *
known_path (void)
{
  return g_build_filename (g_get_user_data_dir (), "ibb-glib", "known-certificates", NULL);
}

/* The certificate of a server. */

typedef enum
{
  ANSWER_NOTHING,
  ANSWER_KEEP,
  ANSWER_ACCEPT,
  ANSWER_REMEMBER,
} Answer;

typedef struct
{
  Answer       answer;
  guint        n_asked;
  gboolean     changed;
  char        *reason; /* (owned) (nullable) */
  guint        n_withdrawn;
  IBBQuestion *kept; /* (owned) (nullable) */
} User;

static void
withdrawn_cb (IBBQuestion *question, User *user)
{
  g_assert_false (ibb_question_is_pending (question));
  user->n_withdrawn++;
}

static gboolean
trust_cb (IBBClient *client, IBBTrustQuestion *question, User *user)
{
  g_assert_cmpstr (ibb_trust_question_get_name (question), ==, "fake.test");
  g_assert_cmpuint (strlen (ibb_trust_question_get_fingerprint (question)), ==, 32 * 3 - 1);
  g_assert_null (ibb_trust_question_get_code (question));
  g_assert_true (ibb_question_is_pending (IBB_QUESTION (question)));
  user->n_asked++;
  user->changed = ibb_trust_question_get_changed (question);
  g_free (user->reason);
  user->reason = ibb_trust_question_dup_reason (question);
  if (user->answer == ANSWER_KEEP)
    {
      g_signal_connect (question, "withdrawn", G_CALLBACK (withdrawn_cb), user);
      user->kept = g_object_ref (IBB_QUESTION (question));
    }
  else if (user->answer != ANSWER_NOTHING)
    ibb_trust_question_accept (question, user->answer == ANSWER_REMEMBER ? IBB_ANSWER_FLAGS_REMEMBER
                                                                         : IBB_ANSWER_FLAGS_NONE);
  return TRUE;
}

static const FakeStep login_steps[] = { FAKE_LOGIN, { NULL } };

static FakeServer *
create_server (const char *certificate_name)
{
  g_autoptr (GTlsCertificate) certificate = load_certificate (certificate_name);

  return fake_server_new_tls (login_steps, certificate);
}

static IBBClient *
create_client (FakeServer *server, User *user)
{
  g_autoptr (IBBKnownCertificates) known = ibb_known_certificates_new (NULL);
  IBBClient                       *client = fake_create_client (server, FAKE_JID);

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_client_set_known_certificates (client, known);
  g_signal_connect (client, "trust-requested", G_CALLBACK (trust_cb), user);
  return client;
}

/* A login at a server with this certificate: what the user is asked, and the connections. */
static void
assert_trust (
    const char *certificate, Answer answer, guint n_asked, gboolean changed, guint n_clients)
{
  FakeServer *server = create_server (certificate);
  User        user = { .answer = answer };
  IBBClient  *client = create_client (server, &user);

  assert_login (client);
  g_assert_cmpuint (user.n_asked, ==, n_asked);
  g_assert_cmpint (user.changed, ==, changed);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, n_clients);
  fake_log_out (client, server, NULL);
  g_free (user.reason);
}

static void
test_remember (void)
{
  g_autofree char *path = known_path ();
  struct stat      info;

  assert_trust ("alone-1.pem", ANSWER_ACCEPT, 1, FALSE, 2);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
  assert_trust ("alone-1.pem", ANSWER_REMEMBER, 1, FALSE, 2);
  g_assert_cmpint (g_stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
  /* No question, and no connection more than one. */
  assert_trust ("alone-1.pem", ANSWER_NOTHING, 0, FALSE, 1);
  /* The new certificate replaces the old one. */
  assert_trust ("alone-2.pem", ANSWER_REMEMBER, 1, TRUE, 2);
  assert_trust ("alone-2.pem", ANSWER_NOTHING, 0, FALSE, 1);
  assert_trust ("alone-1.pem", ANSWER_ACCEPT, 1, TRUE, 2);
  g_assert_cmpint (g_unlink (path), ==, 0);
}

/* A handler that neither answers nor keeps the question refuses, and the error says why. */
static void
test_refused (void)
{
  FakeServer        *server = create_server ("alone-1.pem");
  User               user = { .answer = ANSWER_REMEMBER };
  IBBClient         *client = create_client (server, &user);
  g_autofree char   *path = known_path ();
  g_autoptr (GError) error = NULL;

  assert_login (client);
  fake_log_out (client, server, NULL);

  server = create_server ("alone-2.pem");
  user.answer = ANSWER_NOTHING;
  client = create_client (server, &user);
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_nonnull (strstr (error->message, "has changed"));
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 1);
  fake_end (client, server);
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_free (user.reason);
}

/* The question names all that is wrong with the certificate, and the error has the same words. */
static void
test_reason (gconstpointer data)
{
  const char *const       *names = data;
  g_autofree char         *path = get_certificate_path ("authority.crt");
  g_autoptr (GTlsDatabase) authority = assert_succeeds (g_tls_file_database_new, path);
  FakeServer              *server = create_server (names[0]);
  User                     user = { .answer = ANSWER_NOTHING };
  IBBClient               *client = create_client (server, &user);
  g_autoptr (GError)       error = NULL;

  ibb_client_set_tls_database (client, authority);
  g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
  g_assert_cmpuint (user.n_asked, ==, 1);
  g_assert_cmpstr (user.reason, ==, names[1]);
  g_assert_nonnull (strstr (error->message, user.reason));
  fake_end (client, server);
  g_free (user.reason);
}

/* The answer comes from a dialogue, which the main loop runs. */
static void
test_later (void)
{
  FakeServer   *server = create_server ("alone-1.pem");
  User          user = { .answer = ANSWER_KEEP };
  IBBClient    *client = create_client (server, &user);
  GAsyncResult *result = NULL;

  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb, &result);
  wait_until (user.kept != NULL);
  fake_server_wait_for_clients (server, 1);
  run_pending ();
  g_assert_null (result);
  ibb_trust_question_accept (IBB_TRUST_QUESTION (user.kept), IBB_ANSWER_FLAGS_NONE);
  ibb_question_refuse (user.kept); /* too late */
  wait_until (result != NULL);
  assert_succeeds (ibb_xmpp_connection_login_finish, IBB_XMPP_CONNECTION (client), result);
  g_clear_object (&result);
  g_assert_cmpuint (user.n_withdrawn, ==, 0);
  g_clear_object (&user.kept);
  fake_log_out (client, server, NULL);
  g_free (user.reason);
}

/* A dialogue closes when nobody waits for its answer, which has no effect then. */
static void
test_withdrawn (void)
{
  FakeServer              *server = create_server ("alone-1.pem");
  User                     user = { .answer = ANSWER_KEEP };
  IBBClient               *client = create_client (server, &user);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *result = NULL;

  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), cancellable, store_result_cb,
                                   &result);
  wait_until (user.kept != NULL);
  g_cancellable_cancel (cancellable);
  wait_until (result != NULL);
  g_assert_false (ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (client), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_object (&result);
  wait_until (user.n_withdrawn == 1);
  ibb_trust_question_accept (IBB_TRUST_QUESTION (user.kept), IBB_ANSWER_FLAGS_REMEMBER);
  fake_end (client, server);
  g_clear_object (&user.kept);
  g_free (user.reason);
}

/* The file of known certificates. */

typedef struct
{
  char                 *folder;
  char                 *path;
  IBBKnownCertificates *known;
  GTlsCertificate      *one;
  GTlsCertificate      *two;
} Known;

static void
known_set_up (Known *self, gconstpointer data)
{
  self->folder = g_dir_make_tmp ("client-known-XXXXXX", NULL);
  g_assert_nonnull (self->folder);
  self->path = g_build_filename (self->folder, "known", NULL);
  self->known = ibb_known_certificates_new (self->path);
  self->one = load_certificate ("alone-1.pem");
  self->two = load_certificate ("alone-2.pem");
}

static void
known_tear_down (Known *self, gconstpointer data)
{
  g_remove (self->path);
  g_assert_cmpint (g_rmdir (self->folder), ==, 0); /* and nothing else was left in it */
  g_object_unref (self->known);
  g_object_unref (self->one);
  g_object_unref (self->two);
  g_free (self->path);
  g_free (self->folder);
}

static void
known_write (Known *self, const char *text, gssize length)
{
  g_assert_true (g_file_set_contents_full (self->path, text, length, G_FILE_SET_CONTENTS_CONSISTENT,
                                           0600, NULL));
}

static void
known_add (Known *self, const char *name, GTlsCertificate *certificate)
{
  assert_succeeds (ibb_known_certificates_add, self->known, name, certificate);
}

#define known_assert(self, name, certificate, trust)                                               \
  g_assert_cmpint (ibb_known_certificates_check ((self)->known, name, certificate), ==, trust)

/* What is too long is neither read nor changed. */
static void
test_known_too_long (Known *self, gconstpointer data)
{
  g_autofree char   *text = g_malloc (1048577);
  g_autoptr (GError) error = NULL;
  struct stat        info;

  memset (text, '\n', 1048577);
  known_write (self, text, 1048577);
  g_assert_false (ibb_known_certificates_add (self->known, "one.example", self->one, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);
  g_assert_false (ibb_known_certificates_forget (self->known, "one.example", &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
  g_clear_error (&error);

  known_write (self, text, 1048576);
  g_assert_false (ibb_known_certificates_add (self->known, "one.example", self->one, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE);
  g_assert_cmpint (g_stat (self->path, &info), ==, 0);
  g_assert_cmpint (info.st_size, ==, 1048576);
}

/* The link stays, and leads to what was changed; also one that leads nowhere yet. */
static void
test_known_link (Known *self, gconstpointer data)
{
  g_autofree char *folder = g_build_filename (self->folder, "elsewhere", NULL);
  g_autofree char *target = g_build_filename (folder, "list", NULL);

  g_assert_cmpint (symlink ("elsewhere/list", self->path), ==, 0);
  known_add (self, "one.example", self->one);
  known_add (self, "two.example", self->two);
  assert_succeeds (ibb_known_certificates_forget, self->known, "one.example");
  g_assert_true (g_file_test (self->path, G_FILE_TEST_IS_SYMLINK));
  g_assert_false (g_file_test (target, G_FILE_TEST_IS_SYMLINK));
  known_assert (self, "one.example", self->one, IBB_TRUST_UNKNOWN);
  known_assert (self, "two.example", self->two, IBB_TRUST_KNOWN);
  g_assert_cmpint (g_unlink (target), ==, 0);
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

/* The password of an account. */

typedef struct
{
  const char *password; /* NULL: none is given */
  guint       n_asked;
  gboolean    was_refused;
} Typist;

static gboolean
password_cb (IBBClient *client, IBBPasswordQuestion *question, Typist *typist)
{
  g_assert_cmpstr (ibb_password_question_get_jid (question), ==, FAKE_JID);
  typist->n_asked++;
  typist->was_refused = ibb_password_question_get_was_refused (question);
  if (typist->password != NULL)
    ibb_password_question_answer (question, typist->password, IBB_ANSWER_FLAGS_REMEMBER);
  return TRUE;
}

static void
test_password (void)
{
  static const FakeStep refusal[] = { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) },
                                      { "</auth>", FAKE_FAILURE ("<not-authorized/>") },
                                      { NULL } };
  FakeServer           *server = fake_server_new (refusal);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  Typist                typist = { NULL };
  g_autofree char      *received = NULL;

  ibb_client_set_password (client, NULL);
  g_signal_connect (client, "password-requested", G_CALLBACK (password_cb), &typist);
  assert_login_fails (client, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 0);
  g_assert_false (typist.was_refused);

  typist.password = "wrong";
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  g_assert_false (typist.was_refused);

  fake_server_set_steps (server, login_steps);
  typist.password = "secret";
  assert_login (client);
  g_assert_true (typist.was_refused);
  g_assert_cmpuint (typist.n_asked, ==, 3);

  /* The client knows the password now. */
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  assert_login (client);
  g_assert_cmpuint (typist.n_asked, ==, 3);
  fake_log_out (client, server, &received);
}

/* The file of accounts. */

static void
remove_folder (const char *folder)
{
  static const char *const names[] = { "ibb-glib/accounts", "ibb-glib/password",
                                       "ibb-glib/known-certificates", "ibb-glib", "" };

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
  g_autoptr (GTlsCertificate)      one = load_certificate ("alone-1.pem");
  g_autofree char                 *folder = g_dir_make_tmp ("client-modes-XXXXXX", NULL);
  g_autofree char                 *key = g_build_filename (folder, "key", NULL);
  g_autofree char                 *list = g_build_filename (folder, "list", NULL);
  g_autofree char                 *password = g_build_filename (folder, "password", NULL);
  g_autofree char                 *accounts = NULL;
  g_autoptr (IBBKnownCertificates) known = ibb_known_certificates_new (list);

  drop (ibb_identity_load_or_create (key, NULL)); /* makes it */
  assert_succeeds (ibb_known_certificates_add, known, "one.example", one);
  g_assert_true (g_file_set_contents (password, "secret\n", -1, NULL));
  accounts = g_strdup_printf (
      "[home]\njid=a@b\npassword-file=%s\n[cert]\njid=a@b\ncertificate=%s\n", password, key);
  write_accounts (accounts);
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autoptr (IBBClient) client = ibb_client_new ("a@b");

      g_assert_cmpint (g_chmod (key, modes[i].mode), ==, 0);
      g_assert_cmpint (g_chmod (list, modes[i].mode), ==, 0);
      g_assert_cmpint (g_chmod (password, modes[i].mode), ==, 0);
      for (int n = 0; modes[i].key_warning != NULL && n < 5; n++)
        g_test_expect_message ("ibb-glib", G_LOG_LEVEL_WARNING, modes[i].key_warning);
      if (modes[i].list_warning != NULL)
        g_test_expect_message ("ibb-glib", G_LOG_LEVEL_WARNING, modes[i].list_warning);
      drop (ibb_identity_load_or_create (key, NULL));
      assert_succeeds (ibb_client_load_certificate, client, key, NULL);
      assert_succeeds (ibb_client_load_password, client, password);
      drop (ibb_client_new_from_account ("home", NULL, NULL));
      drop (ibb_client_new_from_account ("cert", NULL, NULL));
      g_assert_cmpint (ibb_known_certificates_check (known, "one.example", one), ==,
                       IBB_TRUST_KNOWN);
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
  g_autofree char      *folder = g_dir_make_tmp ("client-password-XXXXXX", NULL);
  g_autofree char      *path = g_build_filename (folder, "password", NULL);
  g_autofree char      *most = g_strnfill (4096, 'x');
  g_autoptr (IBBClient) client = ibb_client_new ("a@b");
  const struct
  {
    const char *before;
    const char *after;
    gsize       length; /* of what is after */
    gboolean    is_good;
  } rows[] = {
    { most, "\nmore", 5, TRUE }, { most, "", 0, TRUE }, { most, "x\n", 2, FALSE },
    { "a", "\r\n", 2, TRUE },    { "", "", 0, FALSE },  { "", "\nx", 2, FALSE },
    { "a", "\0b", 2, FALSE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GString) text = g_string_new (rows[i].before);
      g_autoptr (GError)  error = NULL;

      g_string_append_len (text, rows[i].after, (gssize) rows[i].length);
      assert_succeeds (g_file_set_contents_full, path, text->str, (gssize) text->len,
                       G_FILE_SET_CONTENTS_CONSISTENT, 0600);
      g_assert_cmpint (ibb_client_load_password (client, path, &error), ==, rows[i].is_good);
      if (!rows[i].is_good)
        g_assert_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA);
    }
  g_assert_cmpint (g_unlink (path), ==, 0);
  g_assert_false (ibb_client_load_password (client, path, NULL));
  g_assert_cmpint (g_rmdir (folder), ==, 0);
}

static void
test_accounts (void)
{
  FakeServer      *server = fake_server_new (login_steps);
  g_autofree char *text =
      g_strdup_printf ("[home]\njid=" FAKE_JID "/balcony\npassword-file=password\n"
                       "server=127.0.0.1:%u\ntls=none\npassword-policy=readable\nkeyring=false\n"
                       "[other]\njid=a@b\n",
                       fake_server_get_port (server));
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     names = NULL;
  IBBClient *template;
  IBBClient       *client;
  g_autofree char *received = NULL;

  names = ibb_client_list_accounts (&error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (names), ==, 0);
  g_assert_null (ibb_client_new_from_account ("home", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_clear_error (&error);

  write_accounts (text);
  g_strfreev (names);
  names = ibb_client_list_accounts (&error);
  g_assert_no_error (error);
  g_assert_cmpuint (g_strv_length (names), ==, 2);
  g_assert_cmpstr (names[0], ==, "home");
  g_assert_null (ibb_client_new_from_account ("hme", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
  g_assert_nonnull (strstr (error->message, "home, other"));
  g_clear_error (&error);

  client = assert_succeeds (ibb_client_new_from_account, "home", "tower");
  g_assert_cmpstr (ibb_client_get_jid (client), ==, FAKE_JID "/tower");
  drop_client (client);
  client = assert_succeeds (ibb_client_new_from_account, "home", "");
  g_assert_cmpstr (ibb_client_get_jid (client), ==, FAKE_JID);
  drop_client (client);
  template = assert_succeeds (ibb_client_new_from_account, "home", NULL);
  g_assert_cmpstr (ibb_client_get_jid (template), ==, FAKE_JID "/balcony");
  /* The file is not read again for another client of the account. */
  write_accounts ("");
  client = ibb_client_new_like (template, FAKE_JID "/balcony");
  drop_client (template);
  g_assert_false (ibb_client_get_keyring (client));
  ibb_client_set_keyring (client, 2);
  g_assert_cmpint (ibb_client_get_keyring (client), ==, TRUE);
  assert_login (client);
  fake_log_out (client, server, &received);
  /* SASL PLAIN: NUL user NUL secret. */
  g_assert_nonnull (strstr (received, "AHVzZXIAc2VjcmV0"));
}

static void
test_bad_account (gconstpointer data)
{
  g_autofree char   *text = g_strdup_printf ("[home]\n%s\n", (const char *) data);
  g_autoptr (GError) error = NULL;

  write_accounts (text);
  g_assert_null (ibb_client_new_from_account ("home", NULL, &error));
  g_assert_nonnull (error);
  g_test_message ("%s", error->message);
}

static const char *const reasons[][2] = {
  { "stranger.pem", "it belongs to another name; it is not signed by a trusted authority" },
  { "juliet.pem", "it belongs to another name" },
  { "expired.pem", "it has expired" },
};

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
    { "policy", "jid=a@b\npassword-policy=open" },
    { "websocket", "jid=a@b\nwebsocket=ws://x" },
    { "proxy", "jid=a@b\nproxy=nowhere" },
    { "password-file", "jid=a@b\npassword-file=nowhere" },
    { "empty-password", "jid=a@b\npassword-file=/dev/null" },
    { "endless-password", "jid=a@b\npassword-file=/dev/zero" },
    { "ca-file", "jid=a@b\nca-file=nowhere" },
    { "certificate", "jid=a@b\ncertificate=nowhere" },
    { "no-key-file", "jid" },
  };

  static const struct
  {
    const char *name;
    void (*test) (Known *self, gconstpointer data);
  } known[] = {
    { "too-long", test_known_too_long },
    { "link", test_known_link },
  };

  g_autofree char *folder = g_dir_make_tmp ("client-trust-XXXXXX", NULL);
  int              status;

  /* Not G_TEST_OPTION_ISOLATE_DIRS, which hides the schemas of GSettings, too: GIO's proxy resolver
   * needs them. */
  g_assert_nonnull (folder);
  g_setenv ("XDG_DATA_HOME", folder, TRUE);
  g_setenv ("XDG_CONFIG_HOME", folder, TRUE);
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/client/trust/remember", test_remember);
  g_test_add_func ("/client/trust/refused", test_refused);
  g_test_add_data_func ("/client/trust/reason/several", reasons[0], test_reason);
  g_test_add_data_func ("/client/trust/reason/name", reasons[1], test_reason);
  g_test_add_data_func ("/client/trust/reason/expired", reasons[2], test_reason);
  g_test_add_func ("/client/trust/later", test_later);
  g_test_add_func ("/client/trust/withdrawn", test_withdrawn);
  g_test_add_func ("/client/password", test_password);
  g_test_add_func ("/client/password-file", test_password_file);
  g_test_add_func ("/client/accounts", test_accounts);
  g_test_add_func ("/client/modes", test_modes);
  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *path = g_strconcat ("/client/known/", known[i].name, NULL);

      g_test_add (path, Known, NULL, known_set_up, known[i].test, known_tear_down);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autofree char *path = g_strconcat ("/client/accounts/bad/", bad[i].name, NULL);

      g_test_add_data_func (path, bad[i].text, test_bad_account);
    }

  status = g_test_run ();
  remove_folder (folder);
  return status;
}
