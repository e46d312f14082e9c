/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* SASL2, Bind 2 and tokens beside a real server, and what works over such a login; see
 * tests/lib/prosody.py for IBB_TEST_*. */

#include "config.h"

#include <string.h>

#include "party.h"

#define TOTAL (1 << 20)

/* The messages of the last logins, in any thread. */
static GMutex   lock;
static GString *log_text; /* protected by lock */

static void
log_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  g_mutex_lock (&lock);
  g_string_append_printf (log_text, "%s\n", message);
  g_mutex_unlock (&lock);
}

/* Compares and forgets the messages. */
static void
assert_logged (const char *expected)
{
  g_mutex_lock (&lock);
  if (strstr (log_text->str, expected) == NULL)
    g_error ("“%s” was expected in “%s”", expected, log_text->str);
  g_string_truncate (log_text, 0);
  g_mutex_unlock (&lock);
}

static void
state_cb (IBBClient *client, GParamSpec *pspec, Party *party)
{
  if (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)) ==
      IBB_CONNECTION_STATE_SUSPENDED)
    party->count++;
}

static void
set_up (Parties *self, gconstpointer data)
{
  party_init (&self->alice, "alice", NULL, G_CALLBACK (state_cb));
  party_init (&self->bob, "bob", "train", G_CALLBACK (state_cb));
}

static void
assert_resource (IBBClient *client, const char *expected)
{
  g_autofree char *jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
  const char      *resource = strchr (jid, '/') + 1;

  g_test_message ("%s", jid);
  if (expected != NULL)
    g_assert_cmpstr (resource, ==, expected);
  else
    g_assert_cmpstr (resource, !=, "");
}

static void
transfer (Parties *self, guint n_cuts)
{
  g_autoptr (IBBTransport) alice = NULL;
  g_autoptr (IBBTransport) bob = NULL;
  GAsyncResult            *closed = NULL;
  End                      ends[2] = { { { NULL } } };

  parties_open_session (self, IBB_STANZA_TYPE_IQ, &alice, &bob);
  end_start (&ends[0], alice, TOTAL);
  end_start (&ends[1], bob, TOTAL);
  if (n_cuts > 0)
    cut_proxy_cut_every (self->alice.proxy, 2 * TOTAL / (n_cuts + 1), n_cuts);
  wait_until (g_atomic_int_get (&ends[0].n_done) == 2 && g_atomic_int_get (&ends[1].n_done) == 2);
  end_join (&ends[0]);
  end_join (&ends[1]);
  ends_compare (ends);
  g_io_stream_close_async (G_IO_STREAM (alice), G_PRIORITY_DEFAULT, NULL, store_result_cb, &closed);
  assert_result (g_io_stream_close_finish, G_IO_STREAM (alice), &closed);
}

/* The server chooses one resource; the other one is named, and is bound in the old way. */
static void
test_transfer (Parties *self, gconstpointer data)
{
  assert_login (self->alice.client);
  assert_logged (" by SASL2 with SCRAM-SHA-256");
  assert_resource (self->alice.client, NULL);
  assert_login (self->bob.client);
  assert_logged (" by SASL2 with SCRAM-SHA-256");
  assert_resource (self->bob.client, "train");
  transfer (self, 0);
}

/* A connection that breaks is resumed by a login that goes by SASL2, too. */
static void
test_resumed (Parties *self, gconstpointer data)
{
  assert_login (self->alice.client);
  if (g_getenv ("IBB_TEST_INLINE") != NULL)
    assert_logged ("With the login came <enabled/>");
  assert_login (self->bob.client);
  transfer (self, 3);
  g_assert_cmpuint (self->alice.count, >=, 1);
  assert_logged (g_getenv ("IBB_TEST_INLINE") != NULL ? "With the login came <resumed/>"
                                                      : " by SASL2 with SCRAM-SHA-256");
}

static void
test_wrong_password (Parties *self, gconstpointer data)
{
  ibb_client_set_password (self->alice.client, "wrong");
  assert_login_fails (self->alice.client, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  assert_logged (" by SASL2 with SCRAM-SHA-256");
}

#define AGENT "d4565fa7-4d72-4749-b3d3-740edbf87770"

static void
token_cb (IBBClient *client, GParamSpec *pspec, guint *n_changes)
{
  (*n_changes)++;
}

/* The token of the last login, as a store would give it back to another run of the program. */
static IBBToken *
restore_token (IBBClient *client)
{
  g_autoptr (IBBToken) token = ibb_client_dup_token (client);

  g_assert_nonnull (token);
  g_assert_cmpstr (ibb_token_get_mechanism (token), ==, g_getenv ("IBB_TEST_EXPECTED_MECHANISM"));
  g_assert_nonnull (ibb_token_get_expiry (token));
  return ibb_token_new (ibb_token_get_secret (token), ibb_token_get_mechanism (token),
                        ibb_token_get_expiry (token));
}

static void
log_out (IBBClient *client)
{
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  assert_logged ("");
}

/* Issued after the password, used without it, and another one issued instead; by the token the
 * server binds, and resumes, and sessions work. */
static void
test_token (Parties *self, gconstpointer data)
{
  IBBClient       *alice = self->alice.client;
  g_autofree char *expected =
      g_strconcat (" by SASL2 with ", g_getenv ("IBB_TEST_EXPECTED_MECHANISM"), "\n", NULL);
  guint                n_changes = 0;
  g_autoptr (IBBToken) first = NULL;
  g_autoptr (IBBToken) second = NULL;

  g_signal_connect (alice, "notify::token", G_CALLBACK (token_cb), &n_changes);
  ibb_client_set_user_agent_id (alice, AGENT);
  assert_login (alice);
  assert_logged (" by SASL2 with SCRAM-SHA-256");
  first = restore_token (alice);
  log_out (alice);
  wait_until (n_changes == 1);

  ibb_client_set_password (alice, NULL);
  ibb_client_set_token (alice, first); /* the one that it has */
  g_assert_cmpuint (n_changes, ==, 1);
  assert_login (alice);
  assert_logged (expected);
  second = restore_token (alice);
  g_assert_cmpstr (ibb_token_get_secret (second), !=, ibb_token_get_secret (first));
  wait_until (n_changes == 2);

  assert_login (self->bob.client);
  assert_logged (" by SASL2 with SCRAM-SHA-256");
  transfer (self, 2);
  g_assert_cmpuint (self->alice.count, >=, 1);
  assert_logged (expected);
  g_signal_handlers_disconnect_by_data (alice, &n_changes);
}

/* The password stands in once for a token that the server does not accept. */
static void
test_bad_token (Parties *self, gconstpointer data)
{
  IBBClient           *alice = self->alice.client;
  const char          *mechanism = g_getenv ("IBB_TEST_EXPECTED_MECHANISM");
  g_autoptr (IBBToken) bad = ibb_token_new ("secret-token:other", mechanism, NULL);
  g_autoptr (IBBToken) issued = NULL;
  g_autoptr (IBBToken) left = NULL;

  ibb_client_set_user_agent_id (alice, AGENT);
  ibb_client_set_token (alice, bad);
  assert_login (alice);
  assert_logged (" by SASL2 with SCRAM-SHA-256");
  issued = restore_token (alice);
  g_assert_cmpstr (ibb_token_get_secret (issued), !=, ibb_token_get_secret (bad));
  log_out (alice);

  ibb_client_set_token (alice, bad);
  ibb_client_set_password (alice, NULL);
  assert_login_fails (alice, IBB_ERROR, IBB_ERROR_AUTHENTICATION);
  left = ibb_client_dup_token (alice);
  g_assert_null (left);
}

#define ADD(path, test)                                                                            \
  g_test_add ("/ibb/sasl2/" path, Parties, NULL, set_up, test, parties_tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  log_text = g_string_new (NULL);
  g_log_set_handler ("ibb-glib", G_LOG_LEVEL_DEBUG, log_cb, NULL);
  ADD ("transfer", test_transfer);
  ADD ("resumed", test_resumed);
  ADD ("wrong-password", test_wrong_password);
  ADD ("token", test_token);
  ADD ("bad-token", test_bad_token);

  return g_test_run ();
}
