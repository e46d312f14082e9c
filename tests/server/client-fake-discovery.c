/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What IBBClient tells of itself, and asks others: service discovery, its presence, its version.
 */

#include "config.h"

#include <string.h>

#include "client-fixture.h"
#include "fake-server.h"

static const FakeStep online_steps[] = { FAKE_LOGIN, { NULL } };

#define INFO_ABOUT(id, node)                                                                       \
  "<iq type='get' id='" id "' from='p@d/r'><query "                                                \
  "xmlns='http://jabber.org/protocol/disco#info' node='" node "'/></iq>"

/* Answers a query for the features that the presence names. */
static char *
ask_for_capabilities (const char *received)
{
  const char      *ver = strstr (received, " ver='");
  g_autofree char *value = NULL;

  g_assert_nonnull (ver);
  ver += strlen (" ver='");
  value = g_strndup (ver, strcspn (ver, "'"));
  return g_strdup_printf (INFO_ABOUT ("c1", "urn:ibb-glib#%s"), value);
}

/* D-60: the answer has all that the client can do, whether or not a service would accept it. */
static void
test_capabilities (void)
{
  static const FakeStep steps[] = {
    FAKE_AUTHENTICATE (FAKE_BIND),
    { "</iq>", FAKE_BOUND },
    { "</presence>", NULL, ask_for_capabilities },
    { NULL },
  };
  FakeServer *server = fake_server_new (steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  assert_login (client);
  fake_server_expect (server, "id='c1'");
  fake_server_expect (server, " node='urn:ibb-glib#");
  fake_server_expect (server, "<feature var='jabber:iq:version'/>");
  fake_server_expect (server, "<feature var='http://jabber.org/protocol/ibb'/></query></iq>");
  fake_server_send (server, INFO_ABOUT ("c2", "urn:ibb-glib#other"), -1);
  fake_server_expect (server, "id='c2'");
  fake_server_expect (server, "<item-not-found");
  fake_end (client, server);
}

/* The name and the version, and nothing of the system (XEP-0092). */
static void
test_version (void)
{
  FakeServer *server = fake_server_new (online_steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  assert_login (client);
  fake_server_send (
      server, "<iq type='get' id='v' from='p@d/r'><query xmlns='jabber:iq:version'/></iq>", -1);
  fake_server_expect (server, "<iq type='result' id='v' to='p@d/r'><query "
                              "xmlns='jabber:iq:version'><name>ibb-glib</name>"
                              "<version>" PACKAGE_VERSION "</version></query></iq>");
  fake_end (client, server);
}

/* A change of what the presence says sends another one; a subscription request is shown, and nobody
 * answers. */
static gboolean
stanza_cb (IBBConnection *connection, IBBStanza *stanza, GString *seen)
{
  g_string_append_printf (seen, "%s ", ibb_stanza_get_kind (stanza));
  return TRUE;
}

static void
resource_cb (IBBClient *client, const char *jid, gboolean available, GString *seen)
{
  g_string_append_printf (seen, "%s%s ", available ? "+" : "-", jid);
}

static void
test_presence (void)
{
  FakeServer         *server = fake_server_new (online_steps);
  IBBClient          *client = fake_create_client (server, FAKE_JID);
  g_autoptr (GString) stanzas = g_string_new (NULL);
  g_autoptr (GString) resources = g_string_new (NULL);
  g_auto (GStrv)      jids = NULL;

  g_signal_connect (client, "stanza-received", G_CALLBACK (stanza_cb), stanzas);
  g_signal_connect (client, "resource-changed", G_CALLBACK (resource_cb), resources);
  assert_login (client);
  ibb_connection_add_feature (IBB_CONNECTION (client), "urn:xmpp:jingle:1");
  fake_server_expect (server, "<presence>");
  ibb_client_set_priority (client, 3);
  fake_server_expect (server, "<presence><priority>3</priority>");
  ibb_client_set_send_presence (client, FALSE);
  fake_server_expect (server, "<presence type='unavailable'/>");
  ibb_client_set_priority (client, 4);
  ibb_client_set_send_presence (client, TRUE);
  fake_server_expect (server, "<presence><priority>4</priority>");

  fake_server_send (server,
                    "<presence from='p@d/r'/><presence from='p@d/s'/>"
                    "<presence from='q@d' type='subscribe'/>",
                    -1);
  wait_until (strstr (stanzas->str, "subscribe") != NULL);
  wait_until (strstr (resources->str, "p@d/s") != NULL);
  g_assert_cmpstr (resources->str, ==, "+p@d/r +p@d/s ");
  jids = ibb_client_dup_resources (client, "p@d");
  g_assert_cmpuint (g_strv_length (jids), ==, 2);
  g_string_truncate (resources, 0);
  assert_succeeds (ibb_xmpp_connection_logout, IBB_XMPP_CONNECTION (client), NULL);
  wait_until (strstr (resources->str, "p@d/s") != NULL);
  g_assert_nonnull (strstr (resources->str, "-p@d/r"));
  fake_end (client, server);
}

/* The answer to a query, behind its id; set before the server starts. */
static const char *answer_rest;

static char *
answer_query (const char *received)
{
  const char      *id = strstr (received, "id='ibb-") + strlen ("id='");
  g_autofree char *copy = g_strndup (id, strcspn (id, "'"));

  /* A forger is faster, and is not believed. */
  return g_strdup_printf ("<iq type='error' id='%s' from='other@d/r'><error type='cancel'>"
                          "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
                          "<iq id='%s' %s</iq>",
                          copy, copy, answer_rest);
}

#define DISCO(feature)                                                                             \
  "from='p@d/r' type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"               \
  "<feature var='" feature "'/></query>"
#define NAMELESS "type='result'><query xmlns='http://jabber.org/protocol/disco#info'/>"

static void
test_query (void)
{
  static const struct
  {
    const char *rest;
    const char *peer;
    int         code; /* -1: supported */
  } cases[] = {
    { DISCO ("http://jabber.org/protocol/ibb"), "p@d/r", -1 },
    { DISCO ("urn:ibb-glib:1"), "p@d/r", -1 },
    { DISCO ("urn:other"), "p@d/r", IBB_ERROR_FEATURE_NOT_IMPLEMENTED },
    { "from='p@d/r' type='result'>", "p@d/r", IBB_ERROR_PROTOCOL },
    { "from='P@D/r' type='error'><error type='cancel'><item-not-found "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>",
      "p@d/r", IBB_ERROR_ITEM_NOT_FOUND },
    { NAMELESS, "fake.test", IBB_ERROR_FEATURE_NOT_IMPLEMENTED },
    { NAMELESS, "user@fake.test", IBB_ERROR_FEATURE_NOT_IMPLEMENTED },
    { NULL, "p@d/", IBB_ERROR_JID_MALFORMED },
  };
  static const FakeStep steps[] = { FAKE_LOGIN, { "</iq>", NULL, answer_query }, { NULL } };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      FakeServer *server;
      IBBClient  *client;

      answer_rest = cases[i].rest;
      server = fake_server_new (answer_rest != NULL ? steps : online_steps);
      client = fake_create_client (server, FAKE_JID);
      assert_login (client);
      if (cases[i].code < 0)
        assert_succeeds (ibb_client_query_support, client, cases[i].peer, NULL);
      else
        assert_fails (IBB_ERROR, cases[i].code, ibb_client_query_support, client, cases[i].peer,
                      NULL);
      fake_end (client, server);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/capabilities/D-60", test_capabilities);
  g_test_add_func ("/ibb/client/version/D-61", test_version);
  g_test_add_func ("/ibb/client/presence", test_presence);
  g_test_add_func ("/ibb/client/query", test_query);

  return g_test_run ();
}
