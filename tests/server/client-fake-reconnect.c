/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-42: a client that logs in again by itself after a stream that cannot be resumed, beside
 * servers that refuse, drop or forget it. How long it waits is up to the test. */

#include "config.h"

#include <string.h>

#include "../lib/fake-clock.h"
#include "../lib/fake-monitor.h"
#include "../lib/fake-random.h"
#include "../lib/fake-sleep.h"
#include "../lib/open.h"
#include "../lib/process.h"
#include "client-fixture.h"
#include "fake-server.h"
#include "xmpp/reconnection.h"

#define NEVER 100000000 /* ms: for longer than a test takes */

static const FakeStep online[] = { FAKE_LOGIN, { NULL } };
static const FakeStep dropped[] = { FAKE_LOGIN_AS (FAKE_BOUND, "</stream:stream>"), { NULL } };
static const FakeStep silent[] = { { NULL } };

static IBBClient *
create_client (FakeServer *server)
{
  IBBClient *client = fake_create_client (server, FAKE_JID);

  g_assert_false (ibb_xmpp_connection_get_auto_reconnect (IBB_XMPP_CONNECTION (client)));
  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (client), TRUE);
  g_assert_true (ibb_xmpp_connection_get_auto_reconnect (IBB_XMPP_CONNECTION (client)));
  return client;
}

/* The network comes or goes, once the client listens for that. */
static void
change_network (gboolean available)
{
  while (!fake_monitor_has_handlers ())
    wait_a_moment ();
  fake_monitor_change (available);
}

static void
lose (FakeServer *server)
{
  fake_server_send (server, "</stream:stream>", -1);
}

/* The service lets a session in, which the server asks for, to an accept from before. */
static void
assert_accepts (IBBService    *service,
                FakeServer    *server,
                const char    *local_jid,
                GAsyncResult **stored)
{
  g_autofree char *open =
      g_strdup_printf ("<iq type='set' id='open' from='p@d/r' to='%s'><open "
                       "xmlns='http://jabber.org/protocol/ibb' block-size='4096' sid='s'/></iq>",
                       local_jid);
  g_autoptr (IBBTransport) transport = NULL;

  fake_server_send (server, open, -1);
  transport = assert_result (ibb_service_accept_finish, service, stored);
  assert_local_jid (transport, local_jid);
  fake_server_expect (server, "id='open'");
  ibb_transport_abort (transport);
}

/* The service goes on, under the new address, and answers who asks what it can do. */
static void
test_returns (void)
{
  static const FakeStep elsewhere[] = {
    FAKE_LOGIN_AS (FAKE_BOUND_TO ("user@fake.test/other"), NULL),
    { NULL },
  };
  FakeServer        *server = fake_server_new (online);
  IBBClient         *client = create_client (server);
  IBBService        *service = ibb_service_new (IBB_CONNECTION (client));
  GAsyncResult      *accepted = NULL;
  GAsyncResult      *expected = NULL;
  g_autofree char   *local_jid = NULL;
  g_autofree char   *received = NULL;
  g_autoptr (GError) error = NULL;

  fake_random_start (NEVER);
  ibb_service_set_session_limit (service, 1);
  ibb_service_accept_async (service, NULL, store_result_cb, &accepted);
  assert_login (client);
  ibb_service_expect_session_async (service, "a@b/c", "sid", NULL, NULL, store_result_cb,
                                    &expected);
  fake_server_set_steps (server, elsewhere);
  lose (server);
  wait_for_state (client, IBB_CONNECTION_STATE_CONNECTING);
  error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_assert_null (ibb_connection_dup_local_jid (IBB_CONNECTION (client)));
  assert_fails (G_IO_ERROR, G_IO_ERROR_PENDING, ibb_xmpp_connection_login,
                IBB_XMPP_CONNECTION (client), NULL);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_expect_session_finish,
                       service, &expected);
  g_assert_null (accepted);

  fake_random_start (0);
  change_network (TRUE);
  fake_wait_until_online (client, server, 2);
  g_assert_null (ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client)));
  local_jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
  g_assert_cmpstr (local_jid, ==, "user@fake.test/other");
  assert_accepts (service, server, local_jid, &accepted);
  fake_server_send (server,
                    "<iq type='get' id='disco' from='p@d/r'><query "
                    "xmlns='http://jabber.org/protocol/disco#info'/></iq>",
                    -1);
  fake_server_expect (server, "'urn:ibb-glib:1'");
  g_object_unref (service);
  fake_log_out (client, server, &received);

  /* The account names no resource: the first login takes what it gets, the second one asks for
   * the same, and both send presence. */
  g_assert_nonnull (strstr (received, "<resource>r</resource>"));
  g_assert_null (strstr (strstr (received, "<resource>") + 1, "<resource>"));
  g_assert_nonnull (strstr (strstr (received, "<resource>"), "<presence"));
}

/* Without the property the application logs in again, and its services go on, too. */
static void
test_by_hand (void)
{
  FakeServer   *server = fake_server_new (online);
  IBBClient    *client = fake_create_client (server, FAKE_JID);
  IBBService   *service = ibb_service_new (IBB_CONNECTION (client));
  GAsyncResult *accepted = NULL;

  ibb_service_set_session_limit (service, 1);
  for (guint i = 0; i < 3; i++)
    {
      assert_login (client);
      ibb_service_accept_async (service, NULL, store_result_cb, &accepted);
      assert_accepts (service, server, FAKE_JID "/r", &accepted);
      ibb_service_accept_async (service, NULL, store_result_cb, &accepted);
      lose (server);
      wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
      assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_accept_finish,
                           service, &accepted);
      g_assert_cmpuint (fake_server_get_n_clients (server), ==, i + 1);
    }
  g_object_unref (service);
  fake_log_out (client, server, NULL);
}

/* An error that does not pass by itself ends the attempts, with the reason. Then the application
 * may log in. */
static void
test_in_vain (void)
{
  static const struct
  {
    const char *lost; /* how the server ends the first stream */
    FakeStep    steps[5];
    int         domain; /* 0: IBB_ERROR */
    int         code;
    guint       n_clients;
  } cases[] = {
    { FAKE_STREAM_ERROR ("conflict"), { { NULL } }, 0, IBB_ERROR_CONFLICT, 1 },
    { "</stream:stream>",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_FAILURE ("<not-authorized/>") } },
      0,
      IBB_ERROR_AUTHENTICATION,
      2 },
    { "</stream:stream>",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) },
        { "</auth>", FAKE_FAILURE ("<account-disabled/>") } },
      0,
      IBB_ERROR_AUTHENTICATION,
      2 },
    { "</stream:stream>",
      { { FAKE_OPEN, FAKE_FEATURES (FAKE_SASL ("<mechanism>X-OWN</mechanism>")) } },
      0,
      IBB_ERROR_AUTHENTICATION,
      2 },
    { FAKE_STREAM_ERROR ("host-gone"),
      { { FAKE_OPEN, FAKE_HEADER FAKE_STREAM_ERROR ("host-unknown") } },
      0,
      IBB_ERROR_ITEM_NOT_FOUND,
      2 },
    { "</stream:stream>",
      { { FAKE_OPEN, FAKE_HEADER FAKE_STREAM_ERROR ("policy-violation") } },
      0,
      IBB_ERROR_POLICY_VIOLATION,
      2 },
    { "</stream:stream>",
      { FAKE_AUTHENTICATE (FAKE_BIND), { "</iq>", FAKE_NOT_BOUND ("auth", "forbidden") } },
      0,
      IBB_ERROR_FORBIDDEN,
      2 },
    { "</stream:stream>",
      { { FAKE_OPEN, FAKE_FEATURES ("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/>"
                                    "</starttls>" FAKE_PLAIN) } },
      1,
      G_TLS_ERROR_UNAVAILABLE,
      2 },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer              *server = fake_server_new (online);
      IBBClient               *client = create_client (server);
      IBBService              *service = ibb_service_new (IBB_CONNECTION (client));
      GAsyncResult            *accepted = NULL;
      GQuark                   domain = cases[i].domain == 0 ? IBB_ERROR : G_TLS_ERROR;
      g_autoptr (GError)       error = NULL;
      g_autoptr (GError)       reason = NULL;
      g_autoptr (GAsyncResult) result = NULL;

      fake_random_start (0);
      ibb_service_set_session_limit (service, 1);
      assert_login (client);
      ibb_service_accept_async (service, NULL, store_result_cb, &accepted);
      fake_server_set_steps (server, cases[i].steps);
      fake_server_send (server, cases[i].lost, -1);
      wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
      error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client));
      g_assert_error (error, domain, cases[i].code);
      g_test_message ("%s", error->message);
      g_assert_cmpuint (fake_server_get_n_clients (server), ==, cases[i].n_clients);
      result = wait_for_result (&accepted);
      g_assert_null (ibb_service_accept_finish (service, result, &reason));
      g_assert_error (reason, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
      g_assert_nonnull (strstr (reason->message, error->message));
      g_clear_object (&result); /* it holds the service */

      fake_server_set_steps (server, online);
      assert_login (client);
      ibb_service_accept_async (service, NULL, store_result_cb, &accepted);
      assert_accepts (service, server, FAKE_JID "/r", &accepted);
      g_object_unref (service);
      fake_log_out (client, server, NULL);
    }
}

/* A server that lets the client in and drops it at once is left alone for longer and longer. */
static void
test_backoff (void)
{
  FakeServer *server = fake_server_new (dropped);
  IBBClient  *client = create_client (server);
  guint       bound = IBB_RECONNECTION_LOGIN_WAIT_MIN;

  fake_random_start (0);
  assert_succeeds (ibb_xmpp_connection_login, IBB_XMPP_CONNECTION (client), NULL);
  for (guint i = 0; i < 20; i++)
    {
      while (fake_random_get_bound (i) == 0)
        wait_a_moment ();
      g_assert_cmpuint (fake_random_get_bound (i), ==, bound);
      bound = MIN (bound * 2, IBB_RECONNECTION_LOGIN_WAIT_MAX);
    }

  /* A person who logs in does not wait for that, and the waits are short again. */
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  fake_random_start (0);
  assert_succeeds (ibb_xmpp_connection_login, IBB_XMPP_CONNECTION (client), NULL);
  while (fake_random_get_bound (0) == 0)
    wait_a_moment ();
  g_assert_cmpuint (fake_random_get_bound (0), ==, IBB_RECONNECTION_LOGIN_WAIT_MIN);
  fake_log_out (client, server, NULL);
}

/* A client that has broken a rule of the server waits long before it comes back. */
static void
test_policy (void)
{
  FakeServer *server = fake_server_new (online);
  IBBClient  *client = create_client (server);

  fake_random_start (0);
  assert_login (client);
  fake_server_send (server, FAKE_STREAM_ERROR ("policy-violation"), -1);
  fake_wait_until_online (client, server, 2);
  g_assert_cmpuint (fake_random_get_bound (0), ==, IBB_RECONNECTION_LOGIN_WAIT_MAX);
  fake_log_out (client, server, NULL);
}

/* During a wait, and during a login. */
static void
test_logout (void)
{
  for (guint i = 0; i < 2; i++)
    {
      FakeServer   *server = fake_server_new (online);
      IBBClient    *client = create_client (server);
      IBBService   *service = ibb_service_new (IBB_CONNECTION (client));
      GAsyncResult *accepted = NULL;

      fake_random_start (i == 0 ? NEVER : 0);
      assert_login (client);
      ibb_service_accept_async (service, NULL, store_result_cb, &accepted);
      fake_server_set_steps (server, silent);
      lose (server);
      fake_server_wait_for_clients (server, i + 1);
      wait_for_state (client, IBB_CONNECTION_STATE_CONNECTING);
      assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
      g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                       IBB_CONNECTION_STATE_OFFLINE);
      g_assert_null (ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client)));
      assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_accept_finish,
                           service, &accepted);
      while (fake_monitor_has_handlers ())
        wait_a_moment ();

      fake_server_set_steps (server, online);
      assert_login (client);
      g_assert_cmpuint (fake_server_get_n_clients (server), ==, i + 2);
      g_object_unref (service);
      fake_log_out (client, server, NULL);
    }
}

static void
test_switched_off (void)
{
  FakeServer        *server = fake_server_new (online);
  IBBClient         *client = create_client (server);
  IBBService        *service = ibb_service_new (IBB_CONNECTION (client));
  GAsyncResult      *accepted = NULL;
  g_autoptr (GError) error = NULL;

  fake_random_start (NEVER);
  assert_login (client);
  ibb_service_accept_async (service, NULL, store_result_cb, &accepted);
  lose (server);
  wait_for_state (client, IBB_CONNECTION_STATE_CONNECTING);
  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (client), FALSE);
  wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
  error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_accept_finish, service,
                       &accepted);

  /* The attempts do not begin again by themselves. */
  ibb_xmpp_connection_set_auto_reconnect (IBB_XMPP_CONNECTION (client), TRUE);
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 1);
  g_object_unref (service);
  fake_log_out (client, server, NULL);
}

/* A network that comes cuts the wait short; one that goes, or changes all the time, does not. */
static void
test_network (void)
{
  FakeServer *server = fake_server_new (online);
  IBBClient  *client = create_client (server);

  fake_random_start (NEVER);
  assert_login (client);
  for (guint i = 0; i < 2; i++)
    {
      lose (server);
      wait_for_state (client, IBB_CONNECTION_STATE_CONNECTING);
      change_network (FALSE);
      fake_monitor_change (TRUE);
      if (i == 0)
        fake_wait_until_online (client, server, 2);
    }
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 2);
  fake_log_out (client, server, NULL);
}

static const FakeStep managed[] = {
  FAKE_SM_LOGIN ("<enabled xmlns='" FAKE_SM "' id='some-id' resume='true' max='600'/>"
                 "<r xmlns='" FAKE_SM "'/>"),
  { "<a xmlns='" FAKE_SM "'", NULL },
  { NULL },
};
static const FakeStep back[] = { FAKE_SM_RETURN (FAKE_SM_RESUMED), { NULL } };

/* The same for an XML stream that can be resumed: the first attempt is made at once, and the waits
 * between the next ones grow up to half a minute. */
static void
test_network_resumes (void)
{
  static const FakeStep closed[] = { { FAKE_OPEN, FAKE_HEADER "</stream:stream>" }, { NULL } };
  static const guint    bounds[] = { 500, 1000, 2000, 4000, 8000, 16000, 30000, 30000 };
  FakeServer           *server = fake_server_new (managed);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  guint                 n_clients;

  fake_random_start (0);
  assert_login (client);
  fake_server_set_steps (server, closed);
  fake_server_send (server, "<message/>", -1);
  fake_server_close (server);
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      while (fake_random_get_bound (i) == 0)
        wait_a_moment ();
      g_assert_cmpuint (fake_random_get_bound (i), ==, bounds[i]);
    }
  fake_random_start (NEVER);
  while (fake_random_get_bound (0) == 0)
    wait_a_moment ();
  fake_server_set_steps (server, back);
  n_clients = fake_server_get_n_clients (server);
  while (!fake_monitor_has_handlers ())
    wait_a_moment ();
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_SUSPENDED);
  fake_monitor_change (FALSE);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, n_clients);
  fake_monitor_change (TRUE);
  fake_wait_until_online (client, server, n_clients + 1);
  fake_log_out (client, server, NULL);
}

/* A server that breaks each stream that it resumes is not asked without a pause, until one has
 * lasted. */
static void
test_breaks_resumed (void)
{
  static const struct
  {
    gint64 duration; /* of the stream that breaks */
    guint  bound;    /* of the pause then; 0: there is none */
  } breaks[] = { { 0, 0 },
                 { 0, IBB_RECONNECTION_WAIT_MIN },
                 { 0, 2 * IBB_RECONNECTION_WAIT_MIN },
                 { IBB_RECONNECTION_STREAM_MIN - 1, 4 * IBB_RECONNECTION_WAIT_MIN },
                 { IBB_RECONNECTION_STREAM_MIN, 0 },
                 { 0, IBB_RECONNECTION_WAIT_MIN } };
  FakeServer *server = fake_server_new (managed);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  fake_clock_stop ();
  assert_login (client);
  fake_server_set_steps (server, back);
  for (guint i = 0; i < G_N_ELEMENTS (breaks); i++)
    {
      fake_random_start (0);
      fake_clock_advance (breaks[i].duration);
      fake_server_send (server, "<message/>", -1);
      fake_server_close (server);
      fake_wait_until_online (client, server, i + 2);
      g_assert_cmpuint (fake_random_get_bound (0), ==, breaks[i].bound);
      g_assert_cmpuint (fake_random_get_bound (1), ==, 0);
    }
  fake_clock_start ();
  fake_log_out (client, server, NULL);
}

/* The last reference goes, and everything with it. */
static void
test_dropped (void)
{
  for (guint i = 0; i < 2; i++)
    {
      FakeServer *server = fake_server_new (online);
      IBBClient  *client = create_client (server);

      fake_random_start (i == 0 ? NEVER : 0);
      assert_login (client);
      fake_server_set_steps (server, silent);
      lose (server);
      fake_server_wait_for_clients (server, i + 1);
      wait_for_state (client, IBB_CONNECTION_STATE_CONNECTING);
      drop_client (client);
      while (process_count_threads ("ibb-client") > 0 || fake_monitor_has_handlers ())
        wait_a_moment ();
      g_free (fake_server_free (server));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  fake_monitor_install ();

  g_test_add_func ("/ibb/client/reconnect/D-42/returns", test_returns);
  g_test_add_func ("/ibb/client/reconnect/D-42/by-hand", test_by_hand);
  g_test_add_func ("/ibb/client/reconnect/in-vain", test_in_vain);
  g_test_add_func ("/ibb/client/reconnect/backoff", test_backoff);
  g_test_add_func ("/ibb/client/reconnect/policy", test_policy);
  g_test_add_func ("/ibb/client/reconnect/logout", test_logout);
  g_test_add_func ("/ibb/client/reconnect/switched-off", test_switched_off);
  g_test_add_func ("/ibb/client/reconnect/network", test_network);
  g_test_add_func ("/ibb/client/reconnect/network-resumes", test_network_resumes);
  g_test_add_func ("/ibb/client/reconnect/breaks-resumed", test_breaks_resumed);
  g_test_add_func ("/ibb/client/reconnect/dropped", test_dropped);

  return g_test_run ();
}
