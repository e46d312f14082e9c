/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* IBBClient online, beside servers that are silent, broken or hostile. */

#include "config.h"

#include <string.h>

#include "client-fixture.h"
#include "fake-server.h"
#include "ibb-connection-private.h"
#include "stanza/stanza-reader.h"

/* A service that counts. */
typedef struct
{
  IBBConnectionListener parent;

  int     n_lost;
  int     n_drained;
  int     n_chats;
  GError *error;
} Watcher;

static gboolean
watcher_notify (IBBConnectionListener *listener, const IBBConnectionEvent *event)
{
  Watcher *self = (Watcher *) listener;

  if (event->type == IBB_CONNECTION_DRAINED)
    g_atomic_int_inc (&self->n_drained);
  else if (event->type == IBB_CONNECTION_CHAT)
    g_atomic_int_inc (&self->n_chats);
  else if (event->type == IBB_CONNECTION_LOST)
    {
      g_assert_nonnull (event->error);
      g_clear_error (&self->error);
      self->error = g_error_copy (event->error);
      g_atomic_int_inc (&self->n_lost);
    }
  return FALSE;
}

static char **
watcher_dup_features (IBBConnectionListener *listener)
{
  return g_strsplit ("urn:ibb-glib:1", " ", 0);
}

static void
watcher_free (IBBConnectionListener *listener)
{
  Watcher *self = (Watcher *) listener;

  g_clear_error (&self->error);
  g_free (self);
}

static Watcher *
watch (IBBClient *client)
{
  static const IBBConnectionListenerClass class = {
    .notify = watcher_notify,
    .dup_features = watcher_dup_features,
    .free = watcher_free,
  };
  Watcher *self = g_new0 (Watcher, 1);

  ibb_connection_listener_init (&self->parent, &class);
  ibb_connection_add_listener (IBB_CONNECTION (client), &self->parent);

  return self;
}

static void
unwatch (IBBClient *client, Watcher *watcher)
{
  ibb_connection_remove_listener (IBB_CONNECTION (client), &watcher->parent);
}

/* Online. */

static const FakeStep online_steps[] = { FAKE_LOGIN, { NULL } };

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

  assert_login (client);
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
  g_assert_cmpint (g_atomic_int_get (&watcher->n_chats), ==, 0);

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
  g_assert_cmpint (g_atomic_int_get (&watcher->n_chats), ==, 4);
  g_assert_true (ibb_connection_send (IBB_CONNECTION (client), stanzas->pdata[1], NULL));
  g_assert_cmpint (g_atomic_int_get (&watcher->n_chats), ==, 5);

  unwatch (client, watcher);
  run_pending ();
  drop_client (client);
  {
    g_autofree char *all = fake_server_free (server);

    g_assert_null (strstr (all, "take"));
    g_assert_null (strstr (all, "'i4'"));
    g_assert_null (strstr (all, "'i5'"));
    g_assert_null (strstr (all, "'i6'"));
    g_assert_null (strstr (all, "'i7'"));
  }
}

/* Nobody runs the context in which signals are emitted, and strangers flood: 4 MiB of stanzas of
 * 100 KiB wait. The next stanza is the last one: others would find room as soon as the context
 * runs. */
static void
test_flood (void)
{
  g_autofree char      *text = g_strnfill (100 * 1024, 'x');
  const guint           n = 4 * 1024 / 100;
  FakeServer           *server = fake_server_new (online_steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  g_autoptr (GString)   flood = g_string_new (NULL);
  g_autoptr (GPtrArray) stanzas =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_unref);

  assert_login (client);
  g_signal_connect (client, "stanza-received", G_CALLBACK (received_cb), stanzas);
  for (guint i = 0; i < n + 1; i++)
    g_string_append_printf (flood, "<iq type='get' id='take'><x xmlns='urn:x'>%s</x></iq>", text);
  fake_server_send (server, flood->str, (gssize) flood->len);
  fake_server_expect (server, "<resource-constraint");
  run_pending ();
  g_assert_cmpuint (stanzas->len, ==, n);
  fake_server_send (server, UNKNOWN ("take"), -1);
  while (stanzas->len < n + 1)
    g_main_context_iteration (NULL, TRUE);
  fake_end (client, server);
}

/* A handler runs a main loop of its own, as a modal dialogue does. */
static gboolean
nested_cb (IBBConnection *connection, IBBStanza *stanza, gpointer user_data)
{
  GPtrArray *stanzas = user_data;

  g_ptr_array_add (stanzas, ibb_stanza_ref (stanza));
  while (stanzas->len < 5)
    g_main_context_iteration (NULL, TRUE);
  return TRUE;
}

static void
test_nested (void)
{
  FakeServer           *server = fake_server_new (online_steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  g_autoptr (GPtrArray) stanzas =
      g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_stanza_unref);

  assert_login (client);
  g_signal_connect (client, "stanza-received", G_CALLBACK (nested_cb), stanzas);
  fake_server_send (server, UNKNOWN ("0") UNKNOWN ("1") UNKNOWN ("2") UNKNOWN ("3"), -1);
  /* When the ping is answered, the stanzas before it wait for the signal. */
  fake_server_send (server,
                    UNKNOWN ("4") "<iq type='get' id='p'><ping xmlns='urn:xmpp:ping'/></iq>", -1);
  fake_server_expect (server, "id='p'");
  while (stanzas->len < 5)
    g_main_context_iteration (NULL, TRUE);
  run_pending ();
  g_assert_cmpuint (stanzas->len, ==, 5);
  for (guint i = 0; i < 5; i++)
    g_assert_cmpint (ibb_stanza_get_id (stanzas->pdata[i])[0] - '0', ==, (int) i);

  fake_server_send (server, UNKNOWN ("5"), -1);
  while (stanzas->len < 6)
    g_main_context_iteration (NULL, TRUE);
  fake_end (client, server);
}

/* Logout sends all that was queued, however little the socket takes at once. */
static void
test_logout (void)
{
  FakeServer           *server = fake_server_new (online_steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  Watcher              *watcher = watch (client);
  g_autofree char      *body = g_strnfill (4000, 'x');
  g_autofree char      *xml = g_strdup_printf ("<message><body>%s</body></message>", body);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml (xml, -1, NULL);
  g_autoptr (IBBStanza) last = ibb_stanza_new_from_xml ("<message id='last'/>", -1, NULL);
  GAsyncResult         *result = NULL;
  GAsyncResult         *login = NULL;
  int                   n_drained;

  fake_server_set_deaf (server);
  assert_login (client);
  g_assert_false (ibb_connection_is_congested (IBB_CONNECTION (client)));
  fake_server_set_paused (server, TRUE);
  for (guint i = 0; i < 4000; i++)
    g_assert_true (ibb_connection_send (IBB_CONNECTION (client), stanza, NULL));
  g_assert_true (ibb_connection_send (IBB_CONNECTION (client), last, NULL));
  g_assert_true (ibb_connection_is_congested (IBB_CONNECTION (client)));
  /* Until the buffers of the system were full the client may have drained. */
  n_drained = g_atomic_int_get (&watcher->n_drained);
  ibb_xmpp_connection_logout_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb, &result);
  g_assert_cmpint (g_atomic_int_get (&watcher->n_drained), ==, n_drained);
  fake_server_set_paused (server, FALSE);
  fake_server_expect (server, "id='last'");
  fake_server_expect (server, "</stream:stream>");
  g_assert_null (result);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, ibb_connection_send, IBB_CONNECTION (client),
                last);
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), NULL, store_result_cb, &login);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_PENDING, ibb_xmpp_connection_login_finish,
                       IBB_XMPP_CONNECTION (client), &login);

  fake_server_send (server, "</stream:stream>", -1);
  assert_result (ibb_xmpp_connection_logout_finish, IBB_XMPP_CONNECTION (client), &result);
  g_assert_cmpint (watcher->n_lost, ==, 1);
  g_assert_cmpint (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)), ==,
                   IBB_CONNECTION_STATE_OFFLINE);
  unwatch (client, watcher);
  fake_end (client, server);
}

/* Last references. */

static gpointer
log_in_and_drop (gpointer data)
{
  IBBClient *client = data;

  assert_login (client);
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

  /* Dropped while online, with notifications on their way, the client ends the XML stream in good
   * order. */
  client = fake_create_client (server, FAKE_JID);
  assert_login (client);
  drop_client (client);
  fake_server_expect (server, "</stream:stream>");

  /* Online, lost at the same time. */
  client = fake_create_client (server, FAKE_JID);
  assert_login (client);
  fake_server_close (server);
  drop_client (client);

  /* During a login, which holds one of its own. */
  client = fake_create_client (server, FAKE_JID);
  ibb_xmpp_connection_login_async (IBB_XMPP_CONNECTION (client), cancellable, NULL, NULL);
  g_cancellable_cancel (cancellable);
  drop_client (client);

  /* During a logout. */
  client = fake_create_client (server, FAKE_JID);
  assert_login (client);
  ibb_xmpp_connection_logout_async (IBB_XMPP_CONNECTION (client), NULL, NULL, NULL);
  drop_client (client);

  /* Dropped in a thread that ends with it. */
  client = fake_create_client (server, FAKE_JID);
  g_thread_join (g_thread_new ("drop", log_in_and_drop, client));
  fake_server_expect (server, "</stream:stream>");

  run_pending ();
  g_free (fake_server_free (server));
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

/* Without XEP-0198 a server that falls silent is noticed as well while the client writes; idle, it
 * is silent-server in reconnect.script. */
static void
test_silent_server (void)
{
  FakeServer           *server = fake_server_new (online_steps);
  IBBClient            *client = fake_create_client (server, FAKE_JID);
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml ("<message/>", -1, NULL);

  assert_login (client);
  /* Set only now: before, the connection would be lost by the time that the login is checked. */
  ibb_xmpp_connection_set_keepalive_interval (IBB_XMPP_CONNECTION (client), 100);
  ibb_xmpp_connection_set_keepalive_timeout (IBB_XMPP_CONNECTION (client), 100);
  while (ibb_xmpp_connection_get_state (IBB_XMPP_CONNECTION (client)) !=
         IBB_CONNECTION_STATE_OFFLINE)
    {
      if (!ibb_connection_is_congested (IBB_CONNECTION (client)))
        ibb_connection_send (IBB_CONNECTION (client), stanza, NULL);
      g_main_context_iteration (NULL, FALSE);
    }
  fake_end (client, server);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  start_watchdog ();
  g_test_add_func ("/ibb/client/answers", test_answers);
  g_test_add_func ("/ibb/client/flood", test_flood);
  g_test_add_func ("/ibb/client/nested", test_nested);
  g_test_add_func ("/ibb/client/logout", test_logout);
  g_test_add_func ("/ibb/client/drop", test_drop);
  g_test_add_func ("/ibb/client/keepalive/off", test_no_keepalive);
  g_test_add_func ("/ibb/client/silent-server", test_silent_server);

  return g_test_run ();
}
