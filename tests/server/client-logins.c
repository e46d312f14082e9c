/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-58 beside a real server: streams are lost for good in the middle of a transfer, and the
 * same client logs in again. See tests/lib/prosody.py for IBB_TEST_*; IBB_TEST_TOTAL is how
 * many bytes go each way. */

#include "config.h"

#include "party.h"

#define TOTAL (4 << 20)

static void log_in_again (Party *party);

static void
login_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  Party             *party = data;
  g_autoptr (GError) error = NULL;

  if (ibb_xmpp_connection_login_finish (IBB_XMPP_CONNECTION (IBB_CLIENT (object)), result, &error))
    return;
  g_test_message ("%s", error->message);
  log_in_again (party);
}

static void
log_in_again (Party *party)
{
  party->count++;
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (party->client), NULL, login_cb, party);
}

static void
state_cb (IBBClient *client, GParamSpec *pspec, Party *party)
{
  if (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)) == IBB_CONNECTION_STATE_OFFLINE)
    log_in_again (party);
}

static void
create_party (Party *party, const char *name, const char *resource)
{
  party_init (party, name, resource, G_CALLBACK (state_cb));
  ibb_client_set_resumable (party->client, FALSE);
  ibb_service_set_resume_sessions (party->service, TRUE);
}

static void
set_up (Parties *self, gconstpointer data)
{
  create_party (&self->alice, "alice", data);
  create_party (&self->bob, "bob", "train");
}

/* Sends both ways, while the connections of those in which are cut again and again in the middle of
 * stanzas. */
static void
transfer (Parties *self, guint which, guint n_cuts)
{
  g_autoptr (IBBTransport) alice = NULL;
  g_autoptr (IBBTransport) bob = NULL;
  GAsyncResult            *closed = NULL;
  End                      ends[2] = { { { NULL } } };
  const char              *text = g_getenv ("IBB_TEST_TOTAL");
  gsize                    total = text != NULL ? strtoul (text, NULL, 10) : TOTAL;
  guint64                  step = 2 * total / (n_cuts + 1);

  assert_login (self->alice.client);
  assert_login (self->bob.client);
  parties_open_session (self, IBB_STANZA_TYPE_IQ, &alice, &bob);
  end_start (&ends[0], alice, total);
  end_start (&ends[1], bob, total);
  if ((which & 1) != 0)
    cut_proxy_cut_every (self->alice.proxy, step, n_cuts);
  if ((which & 2) != 0)
    cut_proxy_cut_every (self->bob.proxy, step + step / 3, n_cuts);
  wait_until (g_atomic_int_get (&ends[0].n_done) == 2 && g_atomic_int_get (&ends[1].n_done) == 2);
  end_join (&ends[0]);
  end_join (&ends[1]);
  ends_compare (ends);
  g_io_stream_close_async (G_IO_STREAM (alice), G_PRIORITY_DEFAULT, NULL, store_result_cb, &closed);
  assert_result (g_io_stream_close_finish, G_IO_STREAM (alice), &closed);

  if ((which & 1) != 0)
    g_assert_cmpuint (self->alice.count, >=, n_cuts);
  if ((which & 2) != 0)
    g_assert_cmpuint (self->bob.count, >=, n_cuts);
  wait_until (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (self->alice.client)) ==
                  IBB_CONNECTION_STATE_ONLINE &&
              ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (self->bob.client)) ==
                  IBB_CONNECTION_STATE_ONLINE);
}

static void
test_one (Parties *self, gconstpointer data)
{
  transfer (self, 1, 4);
}

static void
test_both (Parties *self, gconstpointer data)
{
  transfer (self, 3, 4);
}

static void
test_moving (Parties *self, gconstpointer data)
{
  transfer (self, 1, 3);
}

static gboolean
certificate_cb (IBBClient *client, GTlsCertificate *certificate, GTlsCertificateFlags errors)
{
  g_assert_not_reached ();
}

/* A login that the client makes by itself does not ask the application about a certificate, and
 * goes on. */
static void
test_untrusted (Parties *self, gconstpointer data)
{
  Party             *alice = &self->alice;
  g_autoptr (GError) error = NULL;

  g_signal_handlers_disconnect_by_data (alice->client, alice); /* it logs in by itself */
  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (alice->client), TRUE);
  assert_login (alice->client);
  g_signal_connect (alice->client, "accept-certificate", G_CALLBACK (certificate_cb), NULL);
  ibb_client_set_tls_database (alice->client, NULL);
  cut_proxy_cut (alice->proxy);
  while (!g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE))
    {
      wait_a_moment ();
      g_clear_error (&error);
      error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (alice->client));
    }
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (alice->client)), ==,
                   IBB_CONNECTION_STATE_CONNECTING);
  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (alice->client), FALSE);
  wait_for_state (alice->client, IBB_CONNECTION_STATE_OFFLINE);
  g_clear_error (&error);
  error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (alice->client));
  g_assert_error (error, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();

#define add(path, resource, function)                                                              \
  g_test_add ("/ibb/logins/D-58/" path, Parties, resource, set_up, function, parties_tear_down)
  add ("one", "train", test_one);
  add ("both", "train", test_both);
  add ("moving", NULL, test_moving); /* the server chooses a resource each time */
  g_test_add ("/ibb/logins/untrusted", Parties, "train", set_up, test_untrusted, parties_tear_down);

  return g_test_run ();
}
