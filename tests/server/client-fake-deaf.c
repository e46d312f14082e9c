/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-42: beside servers that resume an XML stream and hear nothing on it, as Prosody 0.12 may. How
 * long the client waits before it logs in again is up to the test. */

#include "config.h"

#include "../lib/fake-clock.h"
#include "../lib/fake-random.h"
#include "client-fixture.h"
#include "fake-server.h"
#include "xmpp/management/keepalive.h"
#include "xmpp/reconnection.h"
#include "xmpp/relogin.h"

#define SM FAKE_SM
#define ENABLED "<enabled xmlns='" SM "' id='some-id' resume='true' max='60'/>"
#define ACKNOWLEDGEMENT "<a xmlns='" SM "' h='1'/>"

static const FakeStep managed[] = { FAKE_SM_LOGIN (ENABLED), { NULL } };
static const FakeStep back[] = { FAKE_SM_RETURN (FAKE_SM_RESUMED), { NULL } };
static const FakeStep online[] = { FAKE_LOGIN, { NULL } };

static void
break_stream (FakeServer *server)
{
  fake_server_send (server, "<message/>", -1);
  fake_server_close (server);
}

/* Beside a server that resumes the stream again and again and never says a word, a client that may
 * not log in again gives up after some silences. */
static void
test_gives_up (void)
{
  FakeServer *server = fake_server_new (managed);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  fake_random_start (0);
  assert_login (client);
  fake_server_set_steps (server, back);
  break_stream (server);
  fake_wait_until_online (client, server, 2);
  ibb_xmpp_connection_set_keepalive_timeout (IBB_XMPP_CONNECTION (client), 20);
  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (client), 10);
  wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, IBB_KEEPALIVE_MAX_SILENCES + 1);
  fake_log_out (client, server, NULL);
}

typedef enum
{
  STAYS_ANSWERED,
  STAYS_NEEDED,
  STAYS_UNHEARD,
  STAYS_BY_HAND,
  STAYS_FOR_EVER,
  LOGS_IN,
} Kind;

typedef struct
{
  FakeServer   *server;
  IBBClient    *client;
  IBBService   *service;
  IBBTransport *transport;
} End;

/* A session with a peer that knows no other way to resume it. */
static void
accept_session (End *end)
{
  GAsyncResult *accepted = NULL;

  ibb_service_accept_async (end->service, NULL, store_result_cb, &accepted);
  fake_server_send (end->server,
                    "<iq type='set' id='open' from='p@d/r' to='" FAKE_JID "/r'><open "
                    "xmlns='http://jabber.org/protocol/ibb' block-size='4096' sid='s'/></iq>",
                    -1);
  end->transport = assert_result (ibb_service_accept_finish, end->service, &accepted);
  fake_server_expect (end->server, "id='open'");
}

static void
send_message (End *end)
{
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml ("<message to='p@d'/>", -1, NULL);

  g_assert_nonnull (stanza);
  g_assert_true (ibb_connection_send (IBB_CONNECTION (end->client), stanza, NULL));
}

static void
begin (End *end, Kind kind)
{
  end->server = fake_server_new (managed);
  end->client = fake_create_client (end->server, FAKE_JID);
  end->service = ibb_service_new (IBB_CONNECTION (end->client));
  ibb_service_set_session_limit (end->service, 1);
  ibb_service_set_resume_sessions (end->service, TRUE);
  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (end->client), kind != STAYS_BY_HAND);
  if (kind == STAYS_FOR_EVER)
    ibb_xmpp_connection_set_keepalive_timeout (IBB_XMPP_CONNECTION (end->client), 0);
  assert_login (end->client);
  if (kind == STAYS_NEEDED)
    accept_session (end);
  if (kind == STAYS_UNHEARD)
    send_message (end);
  fake_server_set_steps (end->server, back);
  break_stream (end->server);
  fake_wait_until_online (end->client, end->server, 2);
  fake_server_expect (end->server, "<r xmlns='" SM "'/>");
  if (kind == STAYS_NEEDED)
    fake_server_expect (end->server, "id='open'"); /* again, after the request */
  if (kind == STAYS_ANSWERED)
    fake_server_send (end->server, ACKNOWLEDGEMENT, -1);
  fake_server_set_steps (end->server, online);
}

static void
finish (End *end)
{
  if (end->transport != NULL)
    ibb_transport_abort (end->transport);
  g_clear_object (&end->transport);
  g_object_unref (end->service);
  fake_log_out (end->client, end->server, NULL);
}

/* A client that may log in again does so when the first thing that it asks is not answered. But not
 * if a session would end by that, or a stanza of the application be lost. */
static void
test_unanswered (void)
{
  End ends[LOGS_IN + 1] = { 0 };

  fake_random_start (0);
  for (guint kind = 0; kind < G_N_ELEMENTS (ends); kind++)
    begin (&ends[kind], kind);
  fake_wait_until_online (ends[LOGS_IN].client, ends[LOGS_IN].server, 3);
  for (guint kind = 0; kind < LOGS_IN; kind++)
    {
      g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (ends[kind].client)), ==,
                       IBB_CONNECTION_STATE_ONLINE);
      g_assert_cmpuint (fake_server_get_n_clients (ends[kind].server), ==, 2);
    }
  for (guint kind = 0; kind < G_N_ELEMENTS (ends); kind++)
    finish (&ends[kind]);
}

/* Streams that break before the answer can come are resumed, but not for ever. */
static void
test_breaks (void)
{
  FakeServer *server = fake_server_new (managed);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  fake_random_start (0);
  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (client), TRUE);
  assert_login (client);
  fake_server_set_steps (server, back);
  for (guint i = 0; i < IBB_KEEPALIVE_MAX_SILENCES; i++)
    {
      break_stream (server);
      fake_wait_until_online (client, server, i + 2);
    }
  fake_server_set_steps (server, online);
  break_stream (server);
  fake_wait_until_online (client, server, IBB_KEEPALIVE_MAX_SILENCES + 2);
  fake_log_out (client, server, NULL);
}

/* A deaf server takes all that comes for one stanza, which may be too long for it: then the next
 * login comes at once. One that has heard the client means what it says. */
static void
test_policy_violation (void)
{
  static const struct
  {
    const char *said;
    gint64      duration; /* of the stream */
    guint       bound;    /* of the wait; 0: there is none */
  } cases[] = {
    { FAKE_STREAM_ERROR ("policy-violation"), 0, 0 },
    /* The answer may be to a request from before the resumption. */
    { ACKNOWLEDGEMENT FAKE_STREAM_ERROR ("policy-violation"), IBB_RECONNECTION_STREAM_MIN - 1, 0 },
    { ACKNOWLEDGEMENT FAKE_STREAM_ERROR ("policy-violation"), IBB_RECONNECTION_STREAM_MIN,
      IBB_RELOGIN_WAIT_MAX },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer *server = fake_server_new (managed);
      IBBClient  *client = fake_create_client (server, FAKE_JID);

      fake_random_start (0);
      fake_clock_stop ();
      ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (client), TRUE);
      assert_login (client);
      fake_server_set_steps (server, back);
      break_stream (server);
      fake_wait_until_online (client, server, 2);
      fake_clock_advance (cases[i].duration);
      fake_server_set_steps (server, online);
      fake_server_send (server, cases[i].said, -1);
      fake_wait_until_online (client, server, 3);
      g_assert_cmpuint (fake_random_get_bound (0), ==, cases[i].bound);
      fake_clock_start ();
      fake_log_out (client, server, NULL);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();

  g_test_add_func ("/ibb/client/deaf/D-42/gives-up", test_gives_up);
  g_test_add_func ("/ibb/client/deaf/D-42/unanswered", test_unanswered);
  g_test_add_func ("/ibb/client/deaf/D-42/breaks", test_breaks);
  g_test_add_func ("/ibb/client/deaf/D-42/policy-violation", test_policy_violation);

  return g_test_run ();
}
