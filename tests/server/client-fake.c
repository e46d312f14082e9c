/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient online, beside servers that are silent, broken or hostile. */

#include "config.h"

#include <string.h>

#include "client-fixture.h"
#include "fake-server.h"
#include "ibb-connection-private.h"
#include "xmpp/client-private.h"

/* A service that counts. */
typedef struct
{
  gatomicrefcount ref_count;
  int             n_lost;
  int             n_drained;
  GError         *error;
} Watcher;

static gboolean
watcher_receive (gpointer data, IBBStanza *stanza)
{
  return FALSE;
}

static void
watcher_lost (gpointer data, const GError *error)
{
  Watcher *self = data;

  g_assert_nonnull (error);
  g_clear_error (&self->error);
  self->error = g_error_copy (error);
  g_atomic_int_inc (&self->n_lost);
}

static void
watcher_drained (gpointer data)
{
  g_atomic_int_inc (&((Watcher *) data)->n_drained);
}

static void
watcher_ignore (gpointer data)
{
}

static void
watcher_confirmed (gpointer data, IBBStanza *stanza)
{
}

static char **
watcher_dup_features (gpointer data)
{
  return g_strsplit ("urn:ibb-glib:1", " ", 0);
}

static gpointer
watcher_ref (gpointer data)
{
  g_atomic_ref_count_inc (&((Watcher *) data)->ref_count);
  return data;
}

static void
watcher_unref (gpointer data)
{
  Watcher *self = data;

  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_error (&self->error);
  g_free (self);
}

static Watcher *
watch (IBBClient *client)
{
  static const IBBConnectionHooks hooks = {
    .receive = watcher_receive,
    .lost = watcher_lost,
    .restored = watcher_ignore,
    .suspended = watcher_ignore,
    .resumed = watcher_ignore,
    .confirmed = watcher_confirmed,
    .drained = watcher_drained,
    .dup_features = watcher_dup_features,
    .begin = watcher_ignore,
    .end = watcher_ignore,
    .ref = watcher_ref,
    .unref = watcher_unref,
  };
  Watcher *self = g_new0 (Watcher, 1);

  g_atomic_ref_count_init (&self->ref_count);
  ibb_connection_add_service (IBB_CONNECTION (client), &hooks, self);

  return self;
}

static void
unwatch (IBBClient *client, Watcher *watcher)
{
  ibb_connection_remove_service (IBB_CONNECTION (client), watcher);
  watcher_unref (watcher);
}
/* Online. */

static const FakeStep online_steps[] = { FAKE_LOGIN, { NULL } };

static void
test_lost (void)
{
  GString *deep = g_string_new (NULL);
  GString *oversize = g_string_new ("<message><body>");
  GString *attribute = g_string_new ("<message a='");
  GString *tag = g_string_new ("<message");

  for (guint i = 0; i < IBB_STANZA_MAX_DEPTH + 1; i++)
    g_string_append (deep, "<message>");
  while (oversize->len <= IBB_STANZA_MAX_LENGTH + 100)
    {
      g_string_append (oversize, "some text ");
      g_string_append (attribute, "some text ");
      g_string_append (tag, "          ");
    }

  {
    const struct
    {
      const char *sent;
      GQuark      domain;
      int         code;
      const char *answer; /* (nullable): the stream error that names it */
    } cases[] = {
      { "<!DOCTYPE a><x/>", IBB_ERROR, IBB_ERROR_PROTOCOL, "<stream:error>" },
      { "<message>&lol;</message>", IBB_ERROR, IBB_ERROR_PROTOCOL, "<restricted-xml" },
      { "<message><!-- a --></message>", IBB_ERROR, IBB_ERROR_PROTOCOL, "<restricted-xml" },
      { "<?php?>", IBB_ERROR, IBB_ERROR_PROTOCOL, "<restricted-xml" },
      { "<message></iq>", IBB_ERROR, IBB_ERROR_PROTOCOL, "<not-well-formed" },
      { deep->str, IBB_ERROR, IBB_ERROR_PROTOCOL, "<policy-violation" },
      { oversize->str, IBB_ERROR, IBB_ERROR_PROTOCOL, "<policy-violation" },
      { attribute->str, IBB_ERROR, IBB_ERROR_PROTOCOL, "<policy-violation" },
      { tag->str, IBB_ERROR, IBB_ERROR_PROTOCOL, "<policy-violation" },
      { "<stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
        G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "</stream:stream>" },
      { "</stream:stream>", G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, "</stream:stream>" },
      { NULL, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, NULL },
    };

    for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
      {
        FakeServer *server = fake_server_new (online_steps);
        IBBClient  *client = fake_create_client (server, FAKE_JID);
        Watcher    *watcher = watch (client);

        g_test_message ("%.40s", cases[i].sent);
        fake_assert_login (client);
        if (cases[i].sent != NULL)
          fake_server_send (server, cases[i].sent, -1);
        else
          fake_server_close (server);
        wait_for_state (client, IBB_CLIENT_STATE_OFFLINE);
        wait_for_int (&watcher->n_lost, 1);
        g_assert_error (watcher->error, cases[i].domain, cases[i].code);
        if (cases[i].answer != NULL)
          fake_server_expect (server, cases[i].answer);
        g_assert_null (ibb_connection_dup_local_jid (IBB_CONNECTION (client)));

        /* It can log in again, and is lost once a login. */
        fake_assert_login (client);
        g_assert_true (ibb_client_logout (client, NULL, NULL));
        g_assert_cmpint (watcher->n_lost, ==, 2);
        unwatch (client, watcher);
        iterate_until_idle ();
        drop_client (client);
        g_free (fake_server_free (server));
      }
  }
  g_string_free (deep, TRUE);
  g_string_free (oversize, TRUE);
  g_string_free (attribute, TRUE);
  g_string_free (tag, TRUE);
}

static gboolean
received_cb (IBBConnection *connection, IBBStanza *stanza, gpointer user_data)
{
  GPtrArray *stanzas = user_data;

  g_assert_true (g_main_context_is_owner (NULL));
  g_ptr_array_add (stanzas, ibb_stanza_ref (stanza));
  return g_str_has_prefix (ibb_stanza_get_id (stanza), "take");
}

#define UNKNOWN(id) "<iq type='get' id='" id "' from='p@d/r'><x xmlns='urn:x'/></iq>"
#define PING(id) "<iq type='get' id='" id "' from='p@d/r'><ping xmlns='urn:xmpp:ping'/></iq>"

static void
test_answers (void)
{
  FakeServer           *server = fake_server_new (online_steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  Watcher              *watcher = watch (client);
  g_autoptr (GPtrArray) stanzas =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_unref);

  fake_assert_login (client);
  fake_server_send (server, PING ("i1"), -1);
  fake_server_expect (server, "id='i1'");
  fake_server_send (server,
                    "<iq type='get' id='i2' from='p@d/r'><query "
                    "xmlns='http://jabber.org/protocol/disco#info'/></iq>",
                    -1);
  fake_server_expect (server, "<identity category='client'");
  fake_server_expect (server, "'http://jabber.org/protocol/disco#info'");
  fake_server_expect (server, "'urn:xmpp:ping'");
  fake_server_expect (server, "'urn:ibb-glib:1'");
  fake_server_send (server, UNKNOWN ("i3"), -1);
  fake_server_expect (server, "id='i3'");
  fake_server_expect (server, "<service-unavailable");
  /* No answer to these; the next ping is answered first. */
  fake_server_send (server,
                    "<iq type='result' id='i4' from='p@d/r'/><iq type='error' id='i5'/>"
                    "<message from='p@d/r' id='i6'><body>hello</body></message>"
                    "<presence from='p@d/r' id='i7'/>" PING ("i8"),
                    -1);
  fake_server_expect (server, "id='i8'");

  g_signal_connect (client, "stanza-received", G_CALLBACK (received_cb), stanzas);
  fake_server_send (
      server, UNKNOWN ("take1") "<message id='m1'/>" UNKNOWN ("leave1") UNKNOWN ("take2"), -1);
  while (stanzas->len < 4)
    g_main_context_iteration (NULL, TRUE);
  fake_server_expect (server, "id='leave1'");
  fake_server_expect (server, "<service-unavailable");
  g_assert_cmpstr (ibb_stanza_get_id (stanzas->pdata[0]), ==, "take1");
  g_assert_cmpstr (ibb_stanza_get_id (stanzas->pdata[1]), ==, "m1");
  g_assert_cmpstr (ibb_stanza_get_id (stanzas->pdata[2]), ==, "leave1");
  g_assert_cmpstr (ibb_stanza_get_id (stanzas->pdata[3]), ==, "take2");

  unwatch (client, watcher);
  iterate_until_idle ();
  drop_client (client);
  {
    g_autofree char *all = fake_server_free (server);

    g_assert_null (strstr (all, "take"));
    g_assert_null (strstr (all, "i4"));
    g_assert_null (strstr (all, "i5"));
    g_assert_null (strstr (all, "i6"));
    g_assert_null (strstr (all, "i7"));
  }
}

/* Nobody runs the context in which signals are emitted, and strangers flood. */
static void
test_flood (void)
{
  FakeServer           *server = fake_server_new (online_steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  g_autoptr (GString)   flood = g_string_new (NULL);
  g_autoptr (GPtrArray) stanzas =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_unref);

  fake_assert_login (client);
  g_signal_connect (client, "stanza-received", G_CALLBACK (received_cb), stanzas);
  for (guint i = 0; i < 1001; i++)
    g_string_append (flood, UNKNOWN ("take"));
  fake_server_send (server, flood->str, (gssize) flood->len);
  fake_server_expect (server, "<resource-constraint");
  iterate_until_idle ();
  g_assert_cmpuint (stanzas->len, ==, 1000);
  fake_server_send (server, UNKNOWN ("take"), -1);
  while (stanzas->len < 1001)
    g_main_context_iteration (NULL, TRUE);
  drop_client (client);
  g_free (fake_server_free (server));
}

static void
test_keepalive (void)
{
  FakeServer *server = fake_server_new (online_steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  ibb_client_set_keepalive_interval (client, 20);
  fake_assert_login (client);
  fake_server_expect (server, "   ");
  drop_client (client);
  g_free (fake_server_free (server));
}

/* Logout says all that was handed over, whatever the socket takes at once. */
static void
test_logout (void)
{
  FakeServer              *server = fake_server_new (online_steps);
  IBBClient               *client = fake_create_client (server, FAKE_JID);
  Watcher                 *watcher = watch (client);
  g_autofree char         *body = g_strnfill (4000, 'x');
  g_autofree char         *xml = g_strdup_printf ("<message><body>%s</body></message>", body);
  g_autoptr (IBBStanza)    stanza = ibb_stanza_new_from_xml (xml, -1, NULL);
  g_autoptr (IBBStanza)    last = ibb_stanza_new_from_xml ("<message id='last'/>", -1, NULL);
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) login = NULL;
  g_autoptr (GError)       error = NULL;

  fake_server_set_deaf (server);
  fake_assert_login (client);
  g_assert_false (ibb_connection_is_congested (IBB_CONNECTION (client)));
  fake_server_set_paused (server, TRUE);
  for (guint i = 0; i < 4000; i++)
    g_assert_true (ibb_connection_send (IBB_CONNECTION (client), stanza, NULL));
  g_assert_true (ibb_connection_send (IBB_CONNECTION (client), last, NULL));
  g_assert_true (ibb_connection_is_congested (IBB_CONNECTION (client)));
  g_assert_cmpint (g_atomic_int_get (&watcher->n_drained), ==, 0);
  ibb_client_logout_async (client, NULL, store_result_cb, &result);
  fake_server_set_paused (server, FALSE);
  fake_server_expect (server, "id='last'");
  fake_server_expect (server, "</stream:stream>");
  g_assert_null (result);
  g_assert_false (ibb_connection_send (IBB_CONNECTION (client), last, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  g_clear_error (&error);
  ibb_client_login_async (client, NULL, store_result_cb, &login);
  wait_for_result (&login);
  g_assert_false (ibb_client_login_finish (client, login, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);

  fake_server_send (server, "</stream:stream>", -1);
  wait_for_result (&result);
  g_assert_true (ibb_client_logout_finish (client, result, &error));
  g_assert_no_error (error);
  g_assert_cmpint (watcher->n_lost, ==, 1);
  g_assert_cmpint (ibb_client_get_state (client), ==, IBB_CLIENT_STATE_OFFLINE);
  unwatch (client, watcher);
  g_clear_object (&result);
  g_clear_object (&login);
  iterate_until_idle ();
  drop_client (client);
  g_free (fake_server_free (server));
}

static void
test_drained (void)
{
  FakeServer           *server = fake_server_new (online_steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  Watcher              *watcher = watch (client);
  g_autofree char      *body = g_strnfill (4000, 'x');
  g_autofree char      *xml = g_strdup_printf ("<message><body>%s</body></message>", body);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);

  fake_assert_login (client);
  fake_server_set_paused (server, TRUE);
  while (!ibb_connection_is_congested (IBB_CONNECTION (client)))
    g_assert_true (ibb_connection_send (IBB_CONNECTION (client), stanza, NULL));
  fake_server_set_paused (server, FALSE);
  wait_for_int (&watcher->n_drained, 1);
  g_assert_false (ibb_connection_is_congested (IBB_CONNECTION (client)));
  unwatch (client, watcher);
  drop_client (client);
  g_free (fake_server_free (server));
}

/* The server does not say good-bye. */
static void
test_logout_deaf (void)
{
  FakeServer        *server = fake_server_new (online_steps);
  IBBClient         *client = fake_create_client (server, FAKE_JID);
  g_autoptr (GError) error = NULL;

  fake_server_set_deaf (server);
  fake_assert_login (client);
  g_assert_true (ibb_client_logout (client, NULL, &error));
  g_assert_no_error (error);
  g_assert_true (ibb_client_logout (client, NULL, &error));
  iterate_until_idle ();
  drop_client (client);
  g_free (fake_server_free (server));
}

/* Queries. */

static char *
answer_query (const char *received, const char *rest)
{
  const char      *id = strstr (received, "id='ibb-") + strlen ("id='");
  g_autofree char *copy = g_strndup (id, strcspn (id, "'"));

  /* A forger is faster, and is not believed. */
  return g_strdup_printf ("<iq type='error' id='%s' from='other@d/r'><error type='cancel'>"
                          "<forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
                          "<iq id='%s' %s</iq>",
                          copy, copy, rest);
}

#define DISCO(feature)                                                                             \
  "from='p@d/r' type='result'><query xmlns='http://jabber.org/protocol/disco#info'>"               \
  "<feature var='" feature "'/></query>"

static char *
answer_yes (const char *received)
{
  return answer_query (received, DISCO ("http://jabber.org/protocol/ibb"));
}

static char *
answer_ours (const char *received)
{
  return answer_query (received, DISCO ("urn:ibb-glib:1"));
}

static char *
answer_no (const char *received)
{
  return answer_query (received, DISCO ("urn:other"));
}

static char *
answer_empty (const char *received)
{
  return answer_query (received, "from='p@d/r' type='result'>");
}

static char *
answer_error (const char *received)
{
  return answer_query (received, "from='P@D/r' type='error'><error type='cancel'><item-not-found "
                                 "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>");
}

static char *
answer_nameless (const char *received)
{
  return answer_query (received, "type='result'><query "
                                 "xmlns='http://jabber.org/protocol/disco#info'/>");
}

static void
test_query (void)
{
  static const struct
  {
    char *(*answer) (const char *received);
    const char *peer;
    int         code; /* -1: supported */
  } cases[] = {
    { answer_yes, "p@d/r", -1 },
    { answer_ours, "p@d/r", -1 },
    { answer_no, "p@d/r", IBB_ERROR_FEATURE_NOT_IMPLEMENTED },
    { answer_empty, "p@d/r", IBB_ERROR_PROTOCOL },
    { answer_error, "p@d/r", IBB_ERROR_ITEM_NOT_FOUND },
    { answer_nameless, "fake.test", IBB_ERROR_FEATURE_NOT_IMPLEMENTED },
    { answer_nameless, "user@fake.test", IBB_ERROR_FEATURE_NOT_IMPLEMENTED },
    { NULL, "p@d/", IBB_ERROR_JID_MALFORMED },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      const FakeStep     steps[] = { FAKE_LOGIN, { "</iq>", NULL, cases[i].answer }, { NULL } };
      FakeServer        *server = fake_server_new (steps);
      IBBClient         *client = fake_create_client (server, FAKE_JID);
      g_autoptr (GError) error = NULL;

      fake_assert_login (client);
      if (cases[i].code < 0)
        {
          g_assert_true (ibb_client_query_support (client, cases[i].peer, NULL, &error));
          g_assert_no_error (error);
        }
      else
        {
          g_assert_false (ibb_client_query_support (client, cases[i].peer, NULL, &error));
          g_assert_error (error, IBB_ERROR, cases[i].code);
          g_test_message ("%s", error->message);
        }
      drop_client (client);
      g_free (fake_server_free (server));
    }
}

static void
test_query_unanswered (void)
{
  FakeServer              *server = fake_server_new (online_steps);
  IBBClient               *client = fake_create_client (server, FAKE_JID);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) cancelled = NULL;
  g_autoptr (GAsyncResult) lost = NULL;
  g_autoptr (GError)       error = NULL;

  g_assert_false (ibb_client_query_support (client, "p@d/r", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED);
  g_clear_error (&error);

  fake_assert_login (client);
  ibb_client_query_support_async (client, "p@d/r", cancellable, store_result_cb, &cancelled);
  ibb_client_query_support_async (client, "p@d/r", NULL, store_result_cb, &lost);
  fake_server_expect (server, "</iq>");
  g_cancellable_cancel (cancellable);
  wait_for_result (&cancelled);
  g_assert_false (ibb_client_query_support_finish (client, cancelled, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_clear_error (&error);
  g_assert_null (lost);
  fake_server_close (server);
  wait_for_result (&lost);
  g_assert_false (ibb_client_query_support_finish (client, lost, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);

  g_clear_object (&cancelled);
  g_clear_object (&lost);
  iterate_until_idle ();
  drop_client (client);
  g_free (fake_server_free (server));
}

/* Last references. */

static gpointer
log_in_and_drop (gpointer data)
{
  IBBClient *client = data;

  fake_assert_login (client);
  g_object_unref (client);
  return NULL;
}

static void
test_drop (void)
{
  FakeServer              *server = fake_server_new (online_steps);
  IBBClient               *client = fake_create_client (server, FAKE_JID);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  /* Never used. */
  drop_client (client);

  /* While online, with notifications on their way: good-bye is said. */
  client = fake_create_client (server, FAKE_JID);
  fake_assert_login (client);
  drop_client (client);
  fake_server_expect (server, "</stream:stream>");

  /* Online, lost at the same time. */
  client = fake_create_client (server, FAKE_JID);
  fake_assert_login (client);
  fake_server_close (server);
  drop_client (client);

  /* During a login, which holds one of its own. */
  client = fake_create_client (server, FAKE_JID);
  ibb_client_login_async (client, cancellable, NULL, NULL);
  g_cancellable_cancel (cancellable);
  drop_client (client);

  /* During a logout. */
  client = fake_create_client (server, FAKE_JID);
  fake_assert_login (client);
  ibb_client_logout_async (client, NULL, NULL, NULL);
  drop_client (client);

  /* In a thread that ends with it. */
  client = fake_create_client (server, FAKE_JID);
  g_thread_join (g_thread_new ("drop", log_in_and_drop, client));
  fake_server_expect (server, "</stream:stream>");

  iterate_until_idle ();
  g_free (fake_server_free (server));
}

/* On the worker's thread, the client's own. */
static gboolean
block_cb (gpointer user_data)
{
  IBBClient        **client = user_data;
  g_autoptr (GError) error = NULL;

  g_assert_false (ibb_client_login (*client, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_false (ibb_client_logout (*client, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);
  g_assert_false (ibb_client_query_support (*client, "p@d/r", NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_object_unref (*client);
  g_atomic_pointer_set (client, NULL);

  return G_SOURCE_REMOVE;
}

static void
test_own_thread (void)
{
  FakeServer *server = fake_server_new (online_steps);
  IBBClient  *client = fake_create_client (server, FAKE_JID);

  fake_assert_login (client);
  /* Its last reference goes there, too. */
  g_main_context_invoke (ibb_connection_get_context (IBB_CONNECTION (client)), block_cb, &client);
  while (g_atomic_pointer_get (&client) != NULL)
    g_thread_yield ();
  fake_server_expect (server, "</stream:stream>");
  iterate_until_idle ();
  g_free (fake_server_free (server));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/lost", test_lost);
  g_test_add_func ("/ibb/client/answers", test_answers);
  g_test_add_func ("/ibb/client/flood", test_flood);
  g_test_add_func ("/ibb/client/keepalive", test_keepalive);
  g_test_add_func ("/ibb/client/logout", test_logout);
  g_test_add_func ("/ibb/client/logout/deaf", test_logout_deaf);
  g_test_add_func ("/ibb/client/drained", test_drained);
  g_test_add_func ("/ibb/client/query", test_query);
  g_test_add_func ("/ibb/client/query/unanswered", test_query_unanswered);
  g_test_add_func ("/ibb/client/drop", test_drop);
  g_test_add_func ("/ibb/client/own-thread", test_own_thread);

  return g_test_run ();
}
