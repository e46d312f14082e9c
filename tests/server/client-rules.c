/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* N-31 over IBBClient: a server says that it knows XEP-0079, and sees the rules. */

#include "config.h"

#include <string.h>

#include "../lib/open.h"
#include "client-fixture.h"
#include "fake-server.h"

#define PEER "peer@fake.test/p"

/* An answer of from to the request that was received last. */
static char *
answer (const char *received, const char *from, const char *inner)
{
  const char      *id = strstr (received, "id='") + strlen ("id='");
  g_autofree char *copy = g_strndup (id, strcspn (id, "'"));

  return g_strdup_printf ("<iq type='result' id='%s' from='%s'>%s</iq>", copy, from, inner);
}

static char *
answer_open (const char *received)
{
  g_assert_nonnull (strstr (received, "<open "));
  return answer (received, PEER, "");
}

/* A ping comes behind: once it is answered, what was before it is known. */
static char *
answer_query (const char *received)
{
  g_autofree char *info = NULL;

  g_assert_nonnull (strstr (received, " to='fake.test'>"));
  info = answer (received, "fake.test",
                 "<query xmlns='http://jabber.org/protocol/disco#info'>"
                 "<feature var='http://jabber.org/protocol/amp'/></query>");
  return g_strconcat (
      info, "<iq type='get' id='ping' from='fake.test'><ping xmlns='urn:xmpp:ping'/></iq>", NULL);
}

static void
test_rules (void)
{
  static const FakeStep steps[] = {
    FAKE_LOGIN,
    { "</iq>", NULL, answer_open },
    { "</iq>", NULL, answer_query },
    { "id='ping'", NULL },
    { NULL },
  };
  FakeServer   *server = fake_server_new (steps);
  IBBClient    *client = fake_create_client (server, FAKE_JID);
  IBBService   *service = ibb_service_new (IBB_CONNECTION (client));
  IBBTransport *transport;

  assert_login (client);
  transport = assert_succeeds (open_with, service, PEER, IBB_STANZA_TYPE_MESSAGE, 0, NULL);
  fake_server_expect (server, "");
  assert_succeeds (g_output_stream_write, g_io_stream_get_output_stream (G_IO_STREAM (transport)),
                   "x", 1, NULL);
  fake_server_expect (server, "<message type='normal'");
  fake_server_expect (server, "<amp xmlns='http://jabber.org/protocol/amp'>");
  fake_server_expect (server, "condition='match-resource' value='other'");
  fake_server_expect (server, "</message>");

  g_object_unref (transport);
  g_object_unref (service);
  g_assert_true (ibb_xmpp_connection_logout (IBB_XMPP_CONNECTION (client), NULL, NULL));
  fake_end (client, server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/rules/N-31", test_rules);

  return g_test_run ();
}
