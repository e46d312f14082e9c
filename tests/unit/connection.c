/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What a connection tells the engine of its service, beside stanzas. */

#include "config.h"

#include "ibb-connection.h"

#include "../loopback/stack.h"
#include "connection/ibb-connection-private.h"
#include "core/engine.h"
#include "service/ibb-service-private.h"

#define OWN "romeo@montague.example/orchard"
#define PEER "juliet@capulet.example/balcony"

static gboolean
take_chat_time (IBBService *service)
{
  IBBHost    *host = service->host;
  IBBContext *context;
  gboolean    is_set;

  ibb_host_lock (host);
  context = host->engine->context;
  is_set = context->chat_at > 0 && context->chat_at <= g_get_monotonic_time ();
  context->chat_at = 0;
  ibb_host_unlock (host);
  return is_set;
}

static IBBStanza *
new_stanza (const char *xml)
{
  g_autoptr (GError) error = NULL;
  IBBStanza         *stanza = ibb_stanza_new_from_xml (xml, -1, &error);

  g_assert_no_error (error);
  return stanza;
}

static void
receive (StackConnection *connection, const char *xml)
{
  g_autoptr (IBBStanza) stanza = new_stanza (xml);

  ibb_connection_receive (IBB_CONNECTION (connection), stanza);
}

static void
send (StackConnection *connection, const char *xml)
{
  g_autoptr (IBBStanza) stanza = new_stanza (xml);
  g_autoptr (GError)    error = NULL;
  gboolean              sent = ibb_connection_send (IBB_CONNECTION (connection), stanza, &error);

  g_assert_cmpint (sent, ==, error == NULL);
}

/* The application's stanzas are noticed, both ways, and none of the service's. */
static void
test_chat (void)
{
  StackConnection         *connection = stack_connection_new (OWN);
  IBBService              *service = ibb_service_new (IBB_CONNECTION (connection));
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_assert_false (take_chat_time (service));
  send (connection, "<message to='" PEER "'/>");
  g_assert_true (take_chat_time (service));
  receive (connection, "<presence from='" PEER "'/>");
  g_assert_true (take_chat_time (service));
  receive (connection, "<iq type='get' id='a' from='" PEER "'><ping xmlns='urn:xmpp:ping'/></iq>");
  g_assert_true (take_chat_time (service));
  ibb_connection_note_stanza (IBB_CONNECTION (connection));
  g_assert_true (take_chat_time (service));

  connection->refuses = TRUE;
  send (connection, "<message to='" PEER "'/>");
  connection->refuses = FALSE;
  receive (connection, "<iq type='set' id='b' from='" PEER
                       "'><close xmlns='http://jabber.org/protocol/ibb' sid='none'/></iq>");
  ibb_service_open_session_async (service, PEER, NULL, cancellable, NULL, NULL);
  while (connection->n_sent < 3) /* the message, the answer to the close, and the open */
    g_main_context_iteration (NULL, TRUE);
  g_assert_false (take_chat_time (service));

  ibb_service_stop (service);
  receive (connection, "<iq type='set' id='c' from='" PEER
                       "'><close xmlns='http://jabber.org/protocol/ibb' sid='none'/></iq>");
  g_assert_false (take_chat_time (service));

  g_object_unref (service);
  while (g_main_context_iteration (NULL, FALSE))
    ;
  g_assert_finalize_object (connection);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/connection/chat", test_chat);
  return g_test_run ();
}
