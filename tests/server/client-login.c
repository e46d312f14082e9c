/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient beside a real server; see tests/lib/prosody.py for IBB_TEST_*. */

#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "../lib/account.h"
#include "../lib/fast-timers.h"
#include "client-fixture.h"

/* The last mechanism that a login in any thread chose. */
static GMutex lock;
static char  *mechanism; /* protected by lock */

static void
log_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  const char *with = strstr (message, " with ");

  if (!g_str_has_prefix (message, "Logging in to ") || with == NULL)
    return;

  g_mutex_lock (&lock);
  g_free (mechanism);
  mechanism = g_strdup (with + strlen (" with "));
  g_mutex_unlock (&lock);
}

/* Newer servers bind to the channel of TLS 1.3 as well: then SCRAM is SCRAM-PLUS. */
static void
assert_mechanism (const char *expected)
{
  g_autofree char *bound = g_strconcat (expected, "-PLUS", NULL);

  g_mutex_lock (&lock);
  if (g_strcmp0 (mechanism, bound) != 0)
    g_assert_cmpstr (mechanism, ==, expected);
  g_mutex_unlock (&lock);
}

static IBBClient *
create_client_at (const char *domain_variable)
{
  g_autofree char *jid = g_strdup_printf ("alice@%s", account_get (domain_variable));

  return account_create_client_for (jid, account_get ("IBB_TEST_ALICE_PASSWORD"));
}

static void
assert_logout (IBBClient *client)
{
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_OFFLINE);
}

static char *
dup_local_jid (IBBClient *client)
{
  return ibb_connection_dup_local_jid (IBB_CONNECTION (client));
}

/* The mechanism is the one that the settings of the server and of TLS allow. */
static void
test_mechanism (void)
{
  const char                 *expected = g_getenv ("IBB_TEST_EXPECTED_MECHANISM");
  IBBClient                  *client = account_create_client ("alice", NULL);
  g_autofree char            *used = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (expected == NULL)
    expected = "SCRAM-SHA-256";
  assert_login (client);
  assert_mechanism (expected);
  used = ibb_client_dup_mechanism (client);
  assert_mechanism (used);
  certificate = ibb_client_dup_peer_certificate (client);
  g_assert_true (G_IS_TLS_CERTIFICATE (certificate));
  assert_logout (client);
  g_assert_null (ibb_client_dup_mechanism (client));
  g_assert_null (ibb_client_dup_peer_certificate (client));
  ibb_client_set_password (client, "wrong");
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  assert_mechanism (expected);
  drop_client (client);
}

static void
test_plain_text (void)
{
  IBBClient *client = account_create_client ("alice", NULL);

  /* The server would take it. */
  ibb_client_set_tls_mode (client, IBB_TLS_MODE_NONE);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  ibb_client_set_password_policy (client, IBB_PASSWORD_POLICY_READABLE);
  assert_login (client);
  assert_mechanism ("PLAIN");
  drop_client (client);
}

/* Even over TLS: the server never sees it. */
static void
test_password_policy (void)
{
  IBBClient *client = account_create_client ("alice", NULL);

  g_assert_cmpint (ibb_client_get_password_policy (client), ==, IBB_PASSWORD_POLICY_ENCRYPTED);
  assert_login (client);
  assert_mechanism ("PLAIN");
  assert_logout (client);
  ibb_client_set_password_policy (client, IBB_PASSWORD_POLICY_HASHED);
  g_assert_cmpint (ibb_client_get_password_policy (client), ==, IBB_PASSWORD_POLICY_HASHED);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
}

static void
set_certificate (IBBClient *client, const char *name)
{
  g_autoptr (GError)          error = NULL;
  g_autoptr (GTlsCertificate) certificate =
      g_tls_certificate_new_from_file (account_get (name), &error);
  g_autoptr (GTlsCertificate) again = NULL;

  g_assert_no_error (error);
  ibb_client_set_certificate (client, certificate);
  again = ibb_client_dup_certificate (client);
  g_assert_true (again == certificate);
}

/* SASL EXTERNAL with a client certificate (XEP-0178). */
static void
test_external (void)
{
  IBBClient *client = account_create_client ("alice", NULL);

  /* Without a certificate the server offers only logins by password. */
  assert_login (client);
  assert_mechanism ("SCRAM-SHA-1");
  assert_logout (client);

  set_certificate (client, "IBB_TEST_ALICE_CERTIFICATE");
  assert_login (client);
  assert_mechanism ("EXTERNAL");
  assert_logout (client);
  ibb_client_set_password (client, NULL);
  assert_login (client);
  assert_mechanism ("EXTERNAL");
  assert_logout (client);

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                (guint) atoi (account_get ("IBB_TEST_DIRECT_TLS_PORT")));
  assert_login (client);
  assert_logout (client);

  /* Somebody else's. */
  set_certificate (client, "IBB_TEST_STRANGER_CERTIFICATE");
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);

  ibb_client_set_certificate (client, NULL);
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
}

/* The server knows nothing newer than TLS 1.1 (RFC 8996). PLAIN is all that it
 * offers, and nobody listens to it. */
static void
test_old_tls (void)
{
  IBBClient         *client = account_create_client ("alice", NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 2; i++)
    {
      g_assert_false (ibb_xmpp_connection_login (IBB_XMPP_CONNECTION (client), NULL, &error));
      g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE);
      g_test_message ("%s", error->message);
      g_assert_nonnull (strstr (error->message, "TLS 1.2"));
      g_assert_nonnull (strstr (error->message, account_get ("IBB_TEST_DOMAIN")));
      g_clear_error (&error);
      ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
      ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                    (guint) atoi (account_get ("IBB_TEST_DIRECT_TLS_PORT")));
    }
  g_mutex_lock (&lock);
  g_assert_null (mechanism);
  g_mutex_unlock (&lock);
  drop_client (client);
}

static void
test_tls_modes (void)
{
  g_autofree char *jid = NULL;
  IBBClient       *client = account_create_client ("alice", NULL);

  g_assert_null (dup_local_jid (client));
  assert_login (client);
  jid = dup_local_jid (client);
  g_assert_true (g_str_has_prefix (jid, "alice@localhost/"));
  assert_logout (client);
  g_assert_null (dup_local_jid (client));

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_NONE);
  assert_login (client);
  assert_logout (client);

  ibb_client_set_tls_mode (client, IBB_TLS_MODE_DIRECT);
  ibb_xmpp_connection_set_port (IBB_XMPP_CONNECTION (client),
                                (guint) atoi (account_get ("IBB_TEST_DIRECT_TLS_PORT")));
  assert_login (client);
  assert_logout (client);
  drop_client (client);

  client = create_client_at ("IBB_TEST_NO_TLS_DOMAIN");
  assert_login_fails (client, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE);
  drop_client (client);
}

static void
test_wrong_user (void)
{
  IBBClient *client = account_create_client_for ("nobody@localhost", "secret");

  assert_login_fails (client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  drop_client (client);
  client = account_create_client_for ("alice@unknown.test", "secret");
  assert_login_fails (client, IBB_ERROR, IBB_ERROR_ITEM_NOT_FOUND);
  drop_client (client);
}

static void
test_anonymous (void)
{
  IBBClient *client = account_create_client_for (account_get ("IBB_TEST_ANONYMOUS_DOMAIN"), NULL);

  assert_login (client);
  assert_mechanism ("ANONYMOUS");
  drop_client (client);
}

/* A session from alice to bob that carries a few bytes. */
static void
assert_session (IBBService *from, IBBService *to, const char *peer)
{
  GAsyncResult            *accepted = NULL;
  g_autoptr (IBBTransport) here = NULL;
  g_autoptr (IBBTransport) there = NULL;
  g_autoptr (GError)       error = NULL;
  char                     buffer[5] = "";

  ibb_service_accept_async (to, NULL, store_result_cb, &accepted);
  here = assert_succeeds (ibb_service_open_session, from, peer, NULL, NULL);
  there = assert_result (ibb_service_accept_finish, to, &accepted);
  assert_succeeds (g_output_stream_write_all, g_io_stream_get_output_stream (G_IO_STREAM (here)),
                   "hello", 5, NULL, NULL);
  g_assert_true (g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (there)),
                                          buffer, 5, NULL, NULL, &error));
  g_assert_cmpmem (buffer, 5, "hello", 5);
  assert_succeeds (g_io_stream_close, G_IO_STREAM (here), NULL);
}

/* A service ends with the login that it was made for, a client does not. */
static void
test_service (void)
{
  IBBClient         *alice = account_create_client ("alice", NULL);
  IBBClient         *bob = account_create_client ("bob", NULL);
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 3; i++)
    {
      IBBService      *from = ibb_service_new (IBB_CONNECTION (alice));
      IBBService      *to = ibb_service_new (IBB_CONNECTION (bob));
      g_autofree char *bobs = NULL;

      ibb_service_set_session_limit (to, 1);
      assert_login (alice);
      assert_login (bob);
      bobs = dup_local_jid (bob);
      assert_succeeds (ibb_client_query_support, alice, bobs, NULL);
      assert_session (from, to, bobs);
      assert_logout (alice);
      assert_logout (bob);
      g_assert_null (ibb_service_open_session (from, bobs, NULL, NULL, &error));
      g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      g_clear_error (&error);
      g_object_unref (from);
      g_object_unref (to);
    }
  run_pending ();
  drop_client (alice);
  drop_client (bob);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_log_set_handler ("ibb-glib", G_LOG_LEVEL_DEBUG, log_cb, NULL);
  start_watchdog ();
  if (g_getenv ("IBB_TEST_ALICE_CERTIFICATE") != NULL)
    {
      g_test_add_func ("/ibb/login/external", test_external);
      return g_test_run ();
    }
  if (g_getenv ("IBB_TEST_OLD_TLS") != NULL)
    {
      g_test_add_func ("/ibb/login/old-tls", test_old_tls);
      return g_test_run ();
    }
  g_test_add_func ("/ibb/login/mechanism", test_mechanism);
  if (g_getenv ("IBB_TEST_EXPECTED_MECHANISM") != NULL)
    {
      if (g_str_equal (g_getenv ("IBB_TEST_EXPECTED_MECHANISM"), "PLAIN"))
        {
          g_test_add_func ("/ibb/login/plain-text", test_plain_text);
          g_test_add_func ("/ibb/login/password-policy", test_password_policy);
        }
      return g_test_run ();
    }

  g_test_add_func ("/ibb/login/tls-modes", test_tls_modes);
  g_test_add_func ("/ibb/login/wrong-user", test_wrong_user);
  g_test_add_func ("/ibb/login/anonymous", test_anonymous);
  g_test_add_func ("/ibb/login/service", test_service);

  return g_test_run ();
}
