/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-42 beside a real server: connections break and are resumed (XEP-0198), or
 * are not. See tests/lib/prosody.py for IBB_TEST_*; IBB_TEST_TLS is "none" for
 * connections without TLS; with IBB_TEST_WEBSOCKET they go over WebSocket. With SASL2 the login
 * that resumes brings the resumption, or uses a token if there is an IBB_TEST_USER_AGENT. */

#include "config.h"

#include <string.h>

#include "party.h"

static int n_expected; /* atomic: messages with IBB_TEST_EXPECTED_MESSAGE */

static void
log_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer expected)
{
  if (strstr (message, expected) != NULL)
    g_atomic_int_inc (&n_expected);
}

static void
create_party (Party *party, const char *name)
{
  party_init (party, name, "train");
  ibb_xmpp_client_set_user_agent_id (party->client, g_getenv ("IBB_TEST_USER_AGENT"));
  if (g_strcmp0 (g_getenv ("IBB_TEST_TLS"), "none") == 0)
    ibb_xmpp_client_set_tls_mode (party->client, IBB_XMPP_TLS_MODE_NONE);
  if (g_getenv ("IBB_TEST_WEBSOCKET") != NULL)
    party_use_websocket (party);
}

static void
log_in (Party *party)
{
  assert_login (party->client);
  /* The server says a moment later that it can be resumed, before this answer. */
  g_strfreev (assert_succeeds (ibb_connection_query_features, IBB_CONNECTION (party->client),
                               account_get ("IBB_TEST_DOMAIN"), NULL));
}

static void
set_up (Parties *self, gconstpointer data)
{
  create_party (&self->alice, "alice");
  create_party (&self->bob, "bob");
}

/* Logs both in first. */
static void
open_session (Parties *self, IBBStanzaType stanza_type, IBBTransport **alice, IBBTransport **bob)
{
  log_in (&self->alice);
  log_in (&self->bob);
  parties_open_session (self, stanza_type, alice, bob);
}

/* Sends both ways, while the connections of all ends are cut again and again in the middle of
 * stanzas. */
static void
transfer (Parties *self, IBBStanzaType stanza_type, gsize total, gsize step, guint n_cuts)
{
  g_autoptr (IBBTransport) alice = NULL;
  g_autoptr (IBBTransport) bob = NULL;
  End                      ends[2] = { { { NULL } } };

  /* Prosody takes each byte of a WebSocket by itself. */
  if (g_getenv ("IBB_TEST_WEBSOCKET") != NULL)
    {
      total /= 4;
      step /= 4;
    }

  open_session (self, stanza_type, &alice, &bob);
  cut_proxy_cut_every (self->alice.proxy, step, n_cuts);
  cut_proxy_cut_every (self->bob.proxy, step + step / 3, n_cuts);
  end_start (&ends[0], alice, total);
  end_start (&ends[1], bob, total);
  ends_finish (ends);

  /* There were enough cuts: each needed another connection, at least. */
  g_assert_cmpuint (cut_proxy_get_n_left (self->alice.proxy), ==, 0);
  g_assert_cmpuint (cut_proxy_get_n_left (self->bob.proxy), ==, 0);
  g_assert_cmpuint (cut_proxy_get_n_connections (self->alice.proxy), >, n_cuts);
  g_assert_cmpuint (cut_proxy_get_n_connections (self->bob.proxy), >, n_cuts);
  g_assert_cmpint (ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (self->alice.client)), ==,
                   IBB_CONNECTION_STATE_ONLINE);
  g_assert_cmpint (ibb_xmpp_entity_get_state (IBB_XMPP_ENTITY (self->bob.client)), ==,
                   IBB_CONNECTION_STATE_ONLINE);
}

static void
test_iq (Parties *self, gconstpointer data)
{
  transfer (self, IBB_STANZA_TYPE_IQ, 8 << 20, 3 << 20, 5);
}

/* Nothing breaks. */
static void
test_whole (Parties *self, gconstpointer data)
{
  transfer (self, IBB_STANZA_TYPE_IQ, 4 << 20, 1 << 20, 0);
}

/* Messages are lost no more than blocks in IQs are: each is sent when the server has the one
 * before (D-35, D-31). */
static void
test_message (Parties *self, gconstpointer data)
{
  transfer (self, IBB_STANZA_TYPE_MESSAGE, 2 << 20, 700000, 5);
}

/* Bob sends all that he may while Alice is away. */
static void
wait_for_full_window (IBBTransport *bob)
{
  guint64 before;

  do
    {
      before = ibb_transport_get_bytes_in_flight (bob);
      for (guint i = 0; i < 20; i++)
        wait_a_moment ();
    }
  while (ibb_transport_get_bytes_in_flight (bob) != before);
  g_assert_cmpuint (before, >, 0);
}

/* D-65: a server keeps so many stanzas for a client that is away, and no more. Prosody, which keeps
 * 500, then cannot resume the stream. Blocks are very short here, so that many fit in a window. */
static void
test_short_blocks (Parties *self, gconstpointer data)
{
  const guint              step = 12 * 1024;
  g_autoptr (IBBTransport) alice = NULL;
  g_autoptr (IBBTransport) bob = NULL;
  End                      ends[2] = { { { NULL } } };

  g_object_set (self->alice.service, "default-block-size", 16, NULL);
  open_session (self, IBB_STANZA_TYPE_IQ, &alice, &bob);
  end_start (&ends[0], alice, 4 * step);
  end_start (&ends[1], bob, 4 * step);
  for (guint i = 1; i <= 3; i++)
    {
      while (ibb_transport_get_bytes_acknowledged (bob) < i * step)
        wait_a_moment ();
      cut_proxy_set_closed (self->alice.proxy, TRUE);
      cut_proxy_cut (self->alice.proxy);
      wait_for_state (self->alice.client, IBB_CONNECTION_STATE_SUSPENDED);
      wait_for_full_window (bob);
      cut_proxy_set_closed (self->alice.proxy, FALSE);
      wait_for_state (self->alice.client, IBB_CONNECTION_STATE_ONLINE);
    }
  ends_finish (ends);
}

static void
assert_lost (IBBTransport *transport)
{
  g_autoptr (GError) error = NULL;
  char               byte;

  g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (transport)),
                                        &byte, 1, NULL, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_test_message ("%s", error->message);
}

/* Keeps the transport busy until it fails: a peer that has nothing to say does
 * not find out that nobody is there. */
static void
write_until_lost (IBBTransport *transport)
{
  GOutputStream     *output = g_io_stream_get_output_stream (G_IO_STREAM (transport));
  g_autoptr (GError) error = NULL;

  while (g_output_stream_write_all (output, "something to lose", 17, NULL, NULL, &error))
    ;
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

/* B-03: the server has given the session to another login meanwhile; both ends
 * learn that it is over, and neither takes that for a clean end. */
static void
test_forgotten (Parties *self, gconstpointer data)
{
  g_autoptr (IBBTransport)  alice = NULL;
  g_autoptr (IBBTransport)  bob = NULL;
  g_autoptr (IBBXmppClient) other = NULL;

  open_session (self, IBB_STANZA_TYPE_IQ, &alice, &bob);
  cut_proxy_set_closed (self->alice.proxy, TRUE);
  cut_proxy_cut (self->alice.proxy);
  wait_for_state (self->alice.client, IBB_CONNECTION_STATE_SUSPENDED);

  other = account_create_client ("alice", "train");
  assert_succeeds (ibb_xmpp_client_login, other, NULL);

  cut_proxy_set_closed (self->alice.proxy, FALSE);
  wait_for_state (self->alice.client, IBB_CONNECTION_STATE_OFFLINE);
  assert_lost (alice);
  write_until_lost (bob);
  assert_lost (bob);
  assert_succeeds (ibb_xmpp_client_logout, other, NULL);
  log_in (&self->alice); /* and once more from the beginning */
}

/* From here on the way is silent, and the client soon asks. It asked later before: a slow server
 * would be taken for a silent one. */
static void
begin_silence (Party *party, guint interval, guint timeout)
{
  cut_proxy_stall (party->proxy);
  g_object_set (party->client, "keepalive-timeout", timeout, "keepalive-interval", interval, NULL);
}

/* The client has come again, and has time. */
static void
end_silence (Party *party)
{
  g_assert_cmpuint (cut_proxy_get_n_connections (party->proxy), ==, 2);
  g_object_set (party->client, "keepalive-interval", 15000, "keepalive-timeout", 15000, NULL);
  cut_proxy_let_in (party->proxy);
}

/* The way is silent, and nobody says so: a question without an answer does. */
static void
test_silence (Parties *self, gconstpointer data)
{
  const char              *expected = g_getenv ("IBB_TEST_EXPECTED_MESSAGE");
  g_autoptr (IBBTransport) alice = NULL;
  g_autoptr (IBBTransport) bob = NULL;
  char                     bytes[5];

  open_session (self, IBB_STANZA_TYPE_IQ, &alice, &bob);
  g_log_set_handler ("ibb-glib", G_LOG_LEVEL_DEBUG, log_cb,
                     (gpointer) (expected != NULL ? expected : ""));
  begin_silence (&self->alice, 100, 300);
  assert_succeeds (g_output_stream_write_all, g_io_stream_get_output_stream (G_IO_STREAM (alice)),
                   "hello", 5, NULL, NULL);
  while (cut_proxy_get_n_connections (self->alice.proxy) < 2)
    wait_a_moment ();
  end_silence (&self->alice);
  assert_succeeds (g_input_stream_read_all, g_io_stream_get_input_stream (G_IO_STREAM (bob)), bytes,
                   5, NULL, NULL);
  g_assert_cmpmem (bytes, 5, "hello", 5);
  g_assert_cmpuint (cut_proxy_get_n_connections (self->alice.proxy), ==, 2);
  g_assert_cmpint (g_atomic_int_get (&n_expected), >, 0);
}

/* The longest ones run over TCP only. */
static gboolean
runs_long_cases (void)
{
  return g_getenv ("IBB_TEST_WEBSOCKET") == NULL;
}

/* ejabberd 23.01 does not resume a stream over WebSocket that breaks while it is sending: the
 * process of that stream waits for 15 s, longer than the next one waits for it. */
static gboolean
resumes_in_stanzas (void)
{
  return g_getenv ("IBB_TEST_WEBSOCKET") == NULL ||
         g_strcmp0 (account_get ("IBB_TEST_SERVER"), "ejabberd") != 0;
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();

#define add(path, function)                                                                        \
  g_test_add ("/ibb/resume/" path, Parties, NULL, set_up, function, parties_tear_down)
  if (resumes_in_stanzas ())
    add ("D-42/iq", test_iq);
  else
    add ("whole", test_whole);
  if (runs_long_cases ())
    add ("D-42/D-35/D-31/message", test_message);
  if (resumes_in_stanzas ())
    add ("D-42/D-65/short-blocks", test_short_blocks);
  add ("D-42/B-03/forgotten", test_forgotten);
  add ("D-42/silence", test_silence);

  return g_test_run ();
}
