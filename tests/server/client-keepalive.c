/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How IBBClient finds out whether its server is still there. */

#include "config.h"

#include "../lib/fake-clock.h"
#include "../lib/fake-monitor.h"
#include "../lib/fake-sleep.h"
#include "client-fixture.h"
#include "fake-server.h"
#include "ibb-connection-private.h"
#include "xmpp/management/keepalive.h"

static const FakeStep online_steps[] = { FAKE_LOGIN, { NULL } };

static void
test_keepalive (void)
{
  FakeServer *server = fake_server_new (online_steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (client), 20);
  assert_login (client);
  for (guint i = 0; i < 3; i++)
    {
      fake_server_expect (server, "urn:xmpp:ping");
      fake_server_send (server, " ", -1); /* whatever comes is a sign of life */
    }
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_ONLINE);
  fake_end (client, server);
}

/* A server that ends XML streams on which nothing comes (XEP-0478) gets something before, whatever
 * it sends itself. */
static void
test_idle_limit (void)
{
  static const FakeStep steps[] = { FAKE_AUTHENTICATE (FAKE_BIND
                                                       "<limits xmlns='urn:xmpp:stream-limits:0'>"
                                                       "<idle-seconds>1</idle-seconds></limits>"),
                                    { "</iq>", FAKE_BOUND },
                                    { "</presence>", NULL },
                                    { NULL } };
  FakeServer           *server = fake_server_new (steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);

  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (client), 3600000);
  assert_login (client);
  for (guint i = 0; i < 3; i++)
    {
      fake_server_expect (server, "urn:xmpp:ping");
      fake_server_send (server, " ", -1);
    }
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_ONLINE);
  fake_end (client, server);
}

typedef struct
{
  int      is_known; /* atomic */
  gboolean is_armed;
} Look;

/* A timer that goes on while the machine sleeps is a descriptor. */
static gboolean
is_timer (int fd)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/fd/%d", fd);
  g_autofree char *target = g_file_read_link (path, NULL);

  return target != NULL && strstr (target, "timerfd") != NULL;
}

/* Runs on the client's thread: would it wake up by itself? */
static gboolean
look_cb (gpointer user_data)
{
  Look         *look = user_data;
  GMainContext *context = g_main_context_get_thread_default ();
  GPollFD       fds[16];
  int           timeout, priority, n_fds;

  g_main_context_prepare (context, &priority);
  n_fds = g_main_context_query (context, G_MAXINT, &timeout, fds, G_N_ELEMENTS (fds));
  g_assert_cmpint (n_fds, <=, G_N_ELEMENTS (fds));
  g_main_context_check (context, priority, fds, n_fds);
  look->is_armed = timeout >= 0;
  for (int i = 0; i < n_fds; i++)
    look->is_armed |= is_timer (fds[i].fd);
  g_atomic_int_set (&look->is_known, 1);
  return G_SOURCE_REMOVE;
}

static gboolean
has_timer (IBBClient *client)
{
  Look                look = { 0, FALSE };
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, look_cb, &look, NULL);
  g_source_attach (source, ibb_connection_get_context (IBB_CONNECTION (client)));
  wait_for_int (&look.is_known, 1);
  return look.is_armed;
}

/* A client that neither asks nor gives up does not wake; each setter starts it again. */
static void
test_no_keepalive (void)
{
  FakeServer *server = fake_server_new (online_steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (client), 0);
  ibb_xmpp_connection_set_keepalive_timeout (IBB_XMPP_CONNECTION (client), 0);
  assert_login (client);
  g_assert_false (has_timer (client));
  ibb_xmpp_connection_set_keepalive_timeout (IBB_XMPP_CONNECTION (client), 60000);
  g_assert_true (has_timer (client));
  ibb_xmpp_connection_set_keepalive_timeout (IBB_XMPP_CONNECTION (client), 0);
  g_assert_false (has_timer (client));
  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (client), 20);
  fake_server_expect (server, "urn:xmpp:ping");
  fake_end (client, server);
}

/* Without XEP-0198 a server that falls silent is noticed as well, and a call that waits for a
 * session learns of it: idle, or while it writes. */
static void
test_silent_server (gconstpointer data)
{
  gboolean                 writes = GPOINTER_TO_INT (data);
  FakeServer              *server = fake_server_new (online_steps);
  IBBClient               *client = fake_create_client (server, FAKE_JID);
  IBBService              *service = ibb_service_new (IBB_CONNECTION (client));
  g_autoptr (IBBStanza)    stanza = ibb_stanza_new_from_xml ("<message/>", -1, NULL);
  g_autoptr (GAsyncResult) result = NULL;

  assert_login (client);
  /* Set only now: before, the connection would be lost by the time that the login is checked. */
  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (client), 100);
  ibb_xmpp_connection_set_keepalive_timeout (IBB_XMPP_CONNECTION (client), 100);
  ibb_service_set_session_limit (service, 1);
  ibb_service_accept_async (service, NULL, store_result_cb, &result);
  while (result == NULL)
    {
      if (writes && !ibb_connection_is_congested (IBB_CONNECTION (client)))
        ibb_connection_send (IBB_CONNECTION (client), stanza, NULL);
      g_main_context_iteration (NULL, !writes);
    }
  assert_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, ibb_service_accept_finish, service,
                result);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_OFFLINE);
  g_clear_object (&result);
  g_object_unref (service);
  fake_end (client, server);
}

int
main (int argc, char **argv)
{
  fake_monitor_install ();
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/keepalive", test_keepalive);
  g_test_add_func ("/ibb/client/idle-limit", test_idle_limit);
  g_test_add_func ("/ibb/client/keepalive/off", test_no_keepalive);
  g_test_add_data_func ("/ibb/client/silent-server/idle", GINT_TO_POINTER (FALSE),
                        test_silent_server);
  g_test_add_data_func ("/ibb/client/silent-server/writing", GINT_TO_POINTER (TRUE),
                        test_silent_server);

  return g_test_run ();
}
