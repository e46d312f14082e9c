/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-42: XEP-0198 beside servers that count wrong, forget, or answer what was not
 * asked. */

#include "config.h"

#include <string.h>

#include "client-fixture.h"
#include "fake-server.h"

#define SM FAKE_SM
#define ENABLED "<enabled xmlns='" SM "' id='some-id' resume='true' max='60'/>"

static const FakeStep managed[] = { FAKE_SM_LOGIN (ENABLED), { NULL } };
static const FakeStep back[] = { FAKE_SM_RETURN (FAKE_SM_RESUMED), { NULL } };

static void
count_cb (guint *n_calls)
{
  (*n_calls)++;
}

/* A question whose answer comes after all that the client had to read. */
static void
round_trip (FakeServer *server)
{
  static guint     n;
  g_autofree char *ping = g_strdup_printf (
      "<iq type='get' id='ping-%u' from='fake.test'><ping xmlns='urn:xmpp:ping'/></iq>", n);
  g_autofree char *id = g_strdup_printf ("ping-%u", n++);

  fake_server_send (server, ping, -1);
  fake_server_expect (server, id);
}

/* Counts that cannot be, and none at all: it is over, and not to be resumed. */
static void
test_hostile (void)
{
  static const struct
  {
    const char *sent;
    const char *answer;
  } cases[] = {
    { "<a xmlns='" SM "' h='2'/>",
      "<handled-count-too-high xmlns='" SM "' h='2' send-count='1'/>" },
    { "<a xmlns='" SM "' h='4294967295'/>", "<handled-count-too-high" },
    { "<a xmlns='" SM "' h='1'/><a xmlns='" SM "' h='0'/>", "<handled-count-too-high" },
    { "<a xmlns='" SM "'/>", "<undefined-condition" },
    { "<a xmlns='" SM "' h=''/>", "<undefined-condition" },
    { "<a xmlns='" SM "' h='-1'/>", "<undefined-condition" },
    { "<a xmlns='" SM "' h='one'/>", "<undefined-condition" },
    { "<a xmlns='" SM "' h='4294967296'/>", "<undefined-condition" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer *server = fake_server_new (managed);
      IBBClient  *client = fake_create_client (server, FAKE_JID);

      assert_login (client);
      fake_server_send (server, cases[i].sent, -1);
      fake_server_expect (server, "<stream:error>");
      fake_server_expect (server, cases[i].answer);
      fake_server_expect (server, "</stream:stream>");
      wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
      g_assert_cmpuint (fake_server_get_n_clients (server), ==, 1);
      fake_log_out (client, server, NULL);
    }
}

/* An answer without a request, or a second one, does no harm. */
static void
test_unasked (void)
{
  static const FakeStep  plain[] = { FAKE_LOGIN, { NULL } };
  static const FakeStep  silent[] = { FAKE_SM_LOGIN (NULL), { NULL } };
  static const char      every[] = "<r xmlns='" SM "'/><a xmlns='" SM "' h='77'/>"
                                   "<resumed xmlns='" SM "' previd='x' h='3'/>"
                                   "<unheard-of xmlns='" SM "'/>";
  static const FakeStep *all[] = { plain, silent };
  FakeServer            *server;
  IBBClient             *client;

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autofree char *received = NULL;

      server = fake_server_new (all[i]);
      client = fake_create_client (server, FAKE_JID);
      assert_login (client);
      fake_server_send (server, every, -1);
      if (all[i] == plain)
        fake_server_send (server, ENABLED "<failed xmlns='" SM "'/>", -1);
      round_trip (server);
      g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                       IBB_CONNECTION_STATE_ONLINE);
      fake_log_out (client, server, &received);
      g_assert_null (strstr (received, "<a "));
      g_assert_cmpint (strstr (received, "<enable") != NULL, ==, all[i] == silent);
    }

  server = fake_server_new (managed);
  client = fake_create_client (server, FAKE_JID);
  assert_login (client);
  fake_server_send (server,
                    "<enabled xmlns='" SM "' id='another'/><failed xmlns='" SM "'/>"
                    "<resumed xmlns='" SM "' previd='x' h='3'/><r xmlns='" SM "'/>",
                    -1);
  fake_server_expect (server, "<a xmlns='" SM "' h='0'/>");
  round_trip (server);
  fake_server_set_steps (server, back); /* of the first id */
  fake_server_close (server);
  fake_wait_until_online (client, server, 2);
  fake_server_expect (server, "previd='some-id'");
  fake_log_out (client, server, NULL);
}

/* The server does not grant it after all. */
static void
test_not_granted (void)
{
  static const FakeStep all[][7] = {
    { FAKE_SM_LOGIN ("<failed xmlns='" SM "'><unexpected-request xmlns='" FAKE_STANZAS
                     "'/></failed>") },
    { FAKE_SM_LOGIN ("<enabled xmlns='" SM "'/>") },               /* no resumption */
    { FAKE_SM_LOGIN ("<enabled xmlns='" SM "' resume='true'/>") }, /* no id */
    { FAKE_SM_LOGIN ("<enabled xmlns='" SM "' id='i' resume='no'/>") },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      FakeServer *server = fake_server_new (all[i]);
      IBBClient  *client = fake_create_client (server, FAKE_JID);

      assert_login (client);
      round_trip (server);
      g_assert_cmpint (ibb_connection_confirms (IBB_CONNECTION (client)), ==, i > 0);
      fake_server_close (server);
      wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
      g_assert_cmpuint (fake_server_get_n_clients (server), ==, 1);
      fake_log_out (client, server, NULL);
    }
}

static void
test_switched_off (void)
{
  static const FakeStep steps[] = {
    FAKE_AUTHENTICATE (FAKE_BIND FAKE_SM_OFFER),
    { "</iq>", FAKE_BOUND },
    { "</presence>", NULL },
    { NULL },
  };
  FakeServer      *server = fake_server_new (steps);
  IBBClient       *client = fake_create_client (server, FAKE_JID);
  g_autofree char *received = NULL;

  ibb_client_set_resumable (client, FALSE);
  assert_login (client);
  round_trip (server);
  fake_log_out (client, server, &received);
  g_assert_null (strstr (received, SM));
}

/* Each stanza counts, even one that is dropped, and nothing else does. */
static void
test_count (void)
{
  FakeServer         *server = fake_server_new (managed);
  IBBClient          *client = fake_create_client (server, FAKE_JID);
  g_autofree char    *received = NULL;
  g_autoptr (GString) inflated = g_string_new ("<message><body>");
  const char         *last;

  assert_login (client);
  fake_server_send (server, "<r xmlns='" SM "'/>", -1);
  fake_server_expect (server, "<a xmlns='" SM "' h='0'/>");
  fake_server_send (server,
                    "<message><body>1</body></message> \n<presence/><iq type='result' id='3'/>"
                    "<a xmlns='" SM "' h='1'/><something xmlns='else'/><r xmlns='" SM "'/>",
                    -1);
  fake_server_expect (server, "<a xmlns='" SM "' h='3'/>");
  /* Written out it is longer than a stanza may be: it is dropped, and counts. */
  for (guint i = 0; i < 100000; i++)
    g_string_append_c (inflated, '>');
  g_string_append (inflated, "</body></message><r xmlns='" SM "'/>");
  fake_server_send (server, inflated->str, (gssize) inflated->len);
  fake_server_expect (server, "<a xmlns='" SM "' h='4'/>");
  fake_log_out (client, server, &received);

  /* The server learns at the end how much was handled. */
  last = g_strrstr (received, "<a xmlns='" SM "' h='4'/>");
  g_assert_nonnull (last);
  g_assert_cmpstr (last, ==, "<a xmlns='" SM "' h='4'/></stream:stream>");
}

static void
send_message (IBBClient *client, const char *id)
{
  g_autofree char      *xml = g_strdup_printf ("<message to='a@b' id='%s'/>", id);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);

  assert_succeeds (ibb_connection_send, IBB_CONNECTION (client), stanza);
}

/* Stanzas that the server has not counted are sent again, and those that have come in still
 * count. */
static void
test_resume (void)
{
  static const FakeStep steps[] = {
    FAKE_SM_RETURN ("<resumed xmlns='" SM "' previd='some-id' h='2'/><message/>"),
    { NULL },
  };
  FakeServer      *server = fake_server_new (managed);
  IBBClient       *client = fake_create_client (server, FAKE_JID);
  g_autofree char *received = NULL;
  const char      *resume;

  assert_login (client);
  round_trip (server); /* one in, two out with the presence */
  send_message (client, "one");
  send_message (client, "two");
  fake_server_expect (server, "two");
  fake_server_set_steps (server, steps);
  fake_server_close (server);
  fake_wait_until_online (client, server, 2);
  fake_server_expect (server, " h='1' previd='some-id'/>");
  fake_server_expect (server, "two");
  fake_server_send (server, "<r xmlns='" SM "'/>", -1);
  fake_server_expect (server, "<a xmlns='" SM "' h='2'/>");
  fake_log_out (client, server, &received);

  resume = strstr (received, "<resume ");
  g_assert_null (strstr (resume, "<bind"));
  g_assert_null (strstr (resume, "<presence"));
  g_assert_null (strstr (resume, "ping-"));
  g_assert_nonnull (strstr (strstr (resume, "'one'"), "'two'"));
  g_assert_null (strstr (strstr (resume, "'two'") + 1, "'two'"));
}

/* B-03: it is over when the server does not know the stream, another one, or
 * more of it than there was, and no second attempt is made. */
static void
test_refused (void)
{
#define RESUMED(attributes) "<resumed xmlns='" SM "' " attributes "/>"
  static const FakeStep all[][5] = {
    { FAKE_SM_RETURN ("<failed xmlns='" SM "' h='1'><item-not-found xmlns='" FAKE_STANZAS
                      "'/></failed>") },
    { FAKE_SM_RETURN ("<failed xmlns='" SM "'/>") },
    { FAKE_SM_RETURN (RESUMED ("previd='his' h='1'")) },
    { FAKE_SM_RETURN (RESUMED ("h='1'")) },
    { FAKE_SM_RETURN (RESUMED ("previd='some-id'")) },
    { FAKE_SM_RETURN (RESUMED ("previd='some-id' h='x'")) },
    { FAKE_SM_RETURN (RESUMED ("previd='some-id' h='3'")) }, /* too many */
    { FAKE_SM_RETURN (RESUMED ("previd='some-id' h='1'")) }, /* fewer than before */
    /* No resumption is offered any more; the account is not let in any more. */
    { FAKE_AUTHENTICATE (FAKE_BIND) },
    { { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN) },
      { "</auth>", FAKE_FAILURE ("<not-authorized/>") } },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      FakeServer      *server = fake_server_new (managed);
      IBBClient       *client = fake_create_client (server, FAKE_JID);
      IBBService      *service = ibb_service_new (IBB_CONNECTION (client));
      g_autofree char *received = NULL;
      GAsyncResult    *result = NULL;

      ibb_service_expect_session_async (service, "a@b/c", "sid", NULL, NULL, store_result_cb,
                                        &result);
      assert_login (client);
      fake_server_send (server, "<a xmlns='" SM "' h='1'/>", -1);
      round_trip (server);
      fake_server_send (server, "<a xmlns='" SM "' h='2'/>", -1);
      fake_server_set_steps (server, all[i]);
      fake_server_close (server);
      wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
      assert_result_fails (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                           ibb_service_expect_session_finish, service, &result);
      g_assert_cmpuint (fake_server_get_n_clients (server), ==, 2);
      g_object_unref (service);
      fake_log_out (client, server, &received);
      g_assert_null (strstr (strstr (received, "<bind") + 1, "<bind"));
    }
}

/* How the server ends a stream tells whether it can be resumed. */
static void
test_stream_errors (void)
{
  static const struct
  {
    const char *sent;
    gboolean    resumed;
  } cases[] = {
    { FAKE_STREAM_ERROR ("connection-timeout"), TRUE },
    { FAKE_STREAM_ERROR ("reset"), TRUE },
    { FAKE_STREAM_ERROR ("conflict"), FALSE },
    { FAKE_STREAM_ERROR ("policy-violation"), FALSE },
    { FAKE_STREAM_ERROR ("system-shutdown"), FALSE },
    { "</stream:stream>", FALSE },
    { "<broken", FALSE }, /* cut in the middle of an element: resumed, below */
  };

  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer *server = fake_server_new (managed);
      IBBClient  *client = fake_create_client (server, FAKE_JID);
      gboolean    resumed = cases[i].resumed || i == G_N_ELEMENTS (cases) - 1;

      assert_login (client);
      round_trip (server);
      fake_server_set_steps (server, back);
      fake_server_send (server, cases[i].sent, -1);
      if (i == G_N_ELEMENTS (cases) - 1)
        fake_server_close (server);
      if (resumed)
        {
          fake_wait_until_online (client, server, 2);
        }
      else
        wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
      g_assert_cmpuint (fake_server_get_n_clients (server), ==, resumed ? 2 : 1);
      fake_log_out (client, server, NULL);
    }
}

/* The server may wish to be met elsewhere, and be mistaken. */
static void
test_location (void)
{
  FakeServer      *elsewhere = fake_server_new (back);
  g_autofree char *enabled =
      g_strdup_printf ("<enabled xmlns='" SM "' id='some-id' resume='1' location='127.0.0.1:%u'/>",
                       fake_server_get_port (elsewhere));
  const FakeStep steps[] = { FAKE_SM_LOGIN (enabled), { NULL } };
  FakeServer    *server = fake_server_new (steps);
  IBBClient     *client = fake_create_client (server, FAKE_JID);

  assert_login (client);
  round_trip (server);
  fake_server_set_steps (server, back);
  fake_server_close (server);
  fake_wait_until_online (client, elsewhere, 1);
  g_assert_cmpuint (fake_server_get_n_clients (elsewhere), ==, 1);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 1);

  fake_server_close (elsewhere);
  g_free (fake_server_free (elsewhere));
  fake_wait_until_online (client, server, 2);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 2);
  fake_log_out (client, server, NULL);
}

/* A logout while the client is suspended leaves no disconnect error, not even for a
 * moment. */
static void
test_logout_suspended (void)
{
  static const FakeStep silent[] = { { NULL } };
  FakeServer           *server = fake_server_new (managed);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  guint                 n_changes = 0;
  g_autoptr (GError)    error = NULL;

  assert_login (client);
  round_trip (server);
  fake_server_set_steps (server, silent);
  fake_server_close (server);
  wait_for_state (client, IBB_CONNECTION_STATE_SUSPENDED);
  run_pending ();
  error = ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
  g_signal_connect_swapped (client, "notify::disconnect-error", G_CALLBACK (count_cb), &n_changes);
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_OFFLINE);
  run_pending ();
  g_assert_null (ibb_xmpp_connection_dup_disconnect_error (IBB_XMPP_CONNECTION (client)));
  g_assert_cmpuint (n_changes, ==, 1);
  fake_end (client, server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();

  g_test_add_func ("/ibb/client/resume/D-42/hostile", test_hostile);
  g_test_add_func ("/ibb/client/resume/D-42/unasked", test_unasked);
  g_test_add_func ("/ibb/client/resume/D-42/not-granted", test_not_granted);
  g_test_add_func ("/ibb/client/resume/D-42/switched-off", test_switched_off);
  g_test_add_func ("/ibb/client/resume/D-42/count", test_count);
  g_test_add_func ("/ibb/client/resume/D-42/resume", test_resume);
  g_test_add_func ("/ibb/client/resume/D-42/B-03/refused", test_refused);
  g_test_add_func ("/ibb/client/resume/D-42/stream-errors", test_stream_errors);
  g_test_add_func ("/ibb/client/resume/D-42/location", test_location);
  g_test_add_func ("/ibb/client/resume/D-42/logout", test_logout_suspended);

  return g_test_run ();
}
