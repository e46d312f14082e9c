/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient logs in by SASL2 with Bind 2, and resumes in the same way. What a login makes of
 * each answer stands in tests/unit/negotiation.c. */

#include "config.h"

#include <string.h>

#include "client-fixture.h"
#include "fake-server.h"

#define SASL2(inner)                                                                               \
  "<authentication xmlns='urn:xmpp:sasl:2'><mechanism>PLAIN</mechanism>"                           \
  "<inline>" inner "</inline></authentication>"
#define BIND2 "<bind xmlns='urn:xmpp:bind:0'><inline><feature var='" FAKE_SM "'/></inline></bind>"
#define ENABLE "<enable xmlns='" FAKE_SM "' resume='true'/>"
#define SUCCESS(inner)                                                                             \
  "<success xmlns='urn:xmpp:sasl:2'>"                                                              \
  "<authorization-identifier>" FAKE_JID "/chosen</authorization-identifier>" inner "</success>"
#define BOUND                                                                                      \
  SUCCESS ("<bound xmlns='urn:xmpp:bind:0'>"                                                       \
           "<enabled xmlns='" FAKE_SM "' id='some-id' resume='1'/></bound>")
#define FEATURES "<stream:features>" FAKE_BIND FAKE_SM_OFFER "</stream:features>"
/* The server has counted the presence; what is sent again comes at once. */
#define RESUMED                                                                                    \
  SUCCESS (FAKE_SM_RESUMED) "<message from='a@b/c'><body>kept</body></message>" FEATURES

static const FakeStep steps[] = {
  { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN SASL2 (BIND2 FAKE_SM_OFFER)) },
  { "<bind xmlns='urn:xmpp:bind:0'>" ENABLE "</bind></authenticate>", BOUND FEATURES },
  { "</presence>", NULL },
  { NULL },
};
static const FakeStep again[] = {
  { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN SASL2 (BIND2 FAKE_SM_OFFER)) },
  { "</initial-response><resume xmlns='" FAKE_SM "' h='0' previd='some-id'/></authenticate>",
    RESUMED },
  { NULL },
};

static char *
assert_no_enable (const char *received)
{
  g_assert_null (strstr (received, "<enable"));
  return NULL;
}

static gboolean
received_cb (IBBConnection *connection, IBBStanza *stanza, guint *n_received)
{
  (*n_received)++;
  return TRUE;
}

/* Acknowledgements are on from the success: they are not asked for again, and what the server
 * sends counts. */
static void
test_login (void)
{
  FakeStep         here[G_N_ELEMENTS (steps)];
  FakeServer      *server;
  IBBClient       *client;
  guint            n_received = 0;
  g_autofree char *jid = NULL;
  g_autofree char *received = NULL;

  memcpy (here, steps, sizeof here);
  here[2].answer = assert_no_enable;
  server = fake_server_new (here);
  client = fake_create_client (server, FAKE_JID);
  g_signal_connect (client, "stanza-received", G_CALLBACK (received_cb), &n_received);
  assert_login (client);
  jid = ibb_connection_dup_local_jid (IBB_CONNECTION (client));
  g_assert_cmpstr (jid, ==, FAKE_JID "/chosen");
  fake_server_send (server, "<r xmlns='" FAKE_SM "'/>", -1);
  fake_server_expect (server, "<a xmlns='" FAKE_SM "' h='0'/>");

  fake_server_set_steps (server, again);
  fake_server_close (server);
  fake_wait_until_online (client, server, 2);
  while (n_received == 0)
    wait_a_moment ();
  fake_server_send (server, "<r xmlns='" FAKE_SM "'/>", -1);
  fake_server_expect (server, "<a xmlns='" FAKE_SM "' h='1'/>");
  fake_log_out (client, server, &received);
  g_assert_null (strstr (received, "urn:ietf:params:xml:ns:xmpp-bind"));
  g_assert_null (strstr (received, "user-agent"));
}

/* The server has forgotten the stream: a new login would follow, but is not wanted here. */
static void
test_forgotten (void)
{
  static const FakeStep forgotten[] = {
    { FAKE_OPEN, FAKE_FEATURES (FAKE_PLAIN SASL2 (BIND2 FAKE_SM_OFFER)) },
    { "</authenticate>",
      SUCCESS ("<failed xmlns='" FAKE_SM "'><item-not-found xmlns='" FAKE_STANZAS "'/></failed>") },
    { NULL },
  };
  FakeServer *server = fake_server_new (steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  assert_login (client);
  fake_server_expect (server, "");
  fake_server_set_steps (server, forgotten);
  fake_server_close (server);
  wait_for_state (client, IBB_CONNECTION_STATE_OFFLINE);
  g_assert_cmpuint (fake_server_get_n_clients (server), ==, 2);
  fake_end (client, server);
}

/* A resource, or acknowledgements, that were not asked for; and an address of somebody else. */
static void
refuse (const char *jid, const char *features, const char *success)
{
  FakeStep    answered[] = { { FAKE_OPEN, features }, { "</authenticate>", success }, { NULL } };
  FakeServer *server = fake_server_new (answered);
  IBBClient  *client = fake_create_client (server, jid);
  g_autofree char *received = NULL;

  assert_login_fails (client, IBB_ERROR, IBB_ERROR_PROTOCOL);
  drop_client (client);
  received = fake_server_free (server);
  g_assert_null (strstr (received, "<presence"));
  g_assert_null (strstr (received, "<iq"));
}

static void
test_unasked (void)
{
  refuse (FAKE_JID "/own", FAKE_FEATURES (SASL2 (BIND2)), BOUND FEATURES);
  refuse (FAKE_JID, FAKE_FEATURES (SASL2 ("")), BOUND FEATURES);
  refuse (FAKE_JID, FAKE_FEATURES (SASL2 ("<bind xmlns='urn:xmpp:bind:0'/>")), BOUND FEATURES);
  refuse (FAKE_JID, FAKE_FEATURES (SASL2 (BIND2 FAKE_SM_OFFER)),
          SUCCESS (FAKE_SM_RESUMED) FEATURES);
}

static void
test_other_account (void)
{
  refuse (FAKE_JID, FAKE_FEATURES (SASL2 (BIND2)),
          "<success xmlns='urn:xmpp:sasl:2'>"
          "<authorization-identifier>other@fake.test/r</authorization-identifier>"
          "<bound xmlns='urn:xmpp:bind:0'/></success>" FEATURES);
}

/* An id that the application sets is for the server, not for everybody on the way.
 * client-fake-fast.c has the same with TLS. */
static void
test_user_agent (void)
{
  static const FakeStep unnamed[] = {
    { FAKE_OPEN, FAKE_FEATURES (SASL2 (BIND2)) },
    { "</initial-response><bind", NULL },
    { "</authenticate>", BOUND FEATURES },
    { "</presence>", NULL },
    { NULL },
  };
  FakeServer      *server = fake_server_new (unnamed);
  IBBClient       *client = fake_create_client (server, FAKE_JID);
  g_autofree char *id = NULL;

  g_assert_null (ibb_client_dup_user_agent_id (client));
  ibb_client_set_user_agent_id (client, "d4565fa7");
  id = ibb_client_dup_user_agent_id (client);
  g_assert_cmpstr (id, ==, "d4565fa7");
  assert_login (client);
  fake_server_expect (server, "");
  fake_log_out (client, server, NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/sasl2/login", test_login);
  g_test_add_func ("/ibb/client/sasl2/forgotten", test_forgotten);
  g_test_add_func ("/ibb/client/sasl2/unasked", test_unasked);
  g_test_add_func ("/ibb/client/sasl2/other-account", test_other_account);
  g_test_add_func ("/ibb/client/sasl2/user-agent", test_user_agent);

  return g_test_run ();
}
