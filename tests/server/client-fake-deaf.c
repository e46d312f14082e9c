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
      IBB_RECONNECTION_LOGIN_WAIT_MAX },
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
  g_test_add_func ("/ibb/client/deaf/D-42/policy-violation", test_policy_violation);

  return g_test_run ();
}
