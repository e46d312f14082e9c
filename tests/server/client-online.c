/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The words of a script of client-script.c for a client that is online: what a service on its
 * connection is told, whether its thread wakes up by itself; and for one beside a real server. */

#include "config.h"

#include "client-online.h"

#include <string.h>

#include "../lib/account.h"
#include "../lib/process.h"
#include "client-fixture.h"
#include "connection/ibb-connection-private.h"

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
watch (IBBXmppClient *client)
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
has_timer (IBBXmppClient *client)
{
  Look                look = { 0, FALSE };
  g_autoptr (GSource) source = g_idle_source_new ();

  g_source_set_callback (source, look_cb, &look, NULL);
  g_source_attach (source, ibb_connection_get_context (IBB_CONNECTION (client)));
  wait_for_int (&look.is_known, 1);
  return look.is_armed;
}

struct _Online
{
  IBBXmppEntity  **client;  /* (unowned): that of the case */
  Watcher         *watcher; /* (owned) (nullable) */
  GAsyncResult    *logout;  /* (owned) (nullable) */
  GThread         *thread;  /* (nullable) */
  IBBXmppClient   *stuck;   /* (owned) (nullable): in a login that has no end */
  GAsyncResult    *stuck_login;
  GSocketListener *silent; /* (owned) (nullable): where it logs in */
};

static void
start_watching (Online *self, Words *words)
{
  self->watcher = watch (IBB_XMPP_CLIENT (*self->client));
}

/* "told lost|drained|chats N" */
static void
check_told (Online *self, Words *words)
{
  static const char *const names[] = { "lost", "drained", "chats" };
  int  *counts[] = { &self->watcher->n_lost, &self->watcher->n_drained, &self->watcher->n_chats };
  guint i = script_find (names, G_N_ELEMENTS (names), words_take (words));

  g_assert_cmpint (g_atomic_int_get (counts[i]), ==, words_take_number (words));
}

static void
check_timer (Online *self, Words *words)
{
  g_assert_cmpint (has_timer (IBB_XMPP_CLIENT (*self->client)), ==, words_take_switch (words));
}

static void
check_congested (Online *self, Words *words)
{
  g_assert_cmpint (ibb_connection_is_congested (IBB_CONNECTION (*self->client)), ==,
                   words_take_switch (words));
}

/* The client is given more until it is offline. */
static void
send_on (Online *self, Words *words)
{
  g_autoptr (IBBStanza) stanza =
      assert_succeeds (ibb_stanza_new_from_xml, words_take_rest (words), -1);

  while (ibb_xmpp_entity_get_state (*self->client) != IBB_CONNECTION_STATE_OFFLINE)
    {
      if (!ibb_connection_is_congested (IBB_CONNECTION (*self->client)))
        ibb_connection_send (IBB_CONNECTION (*self->client), stanza, NULL);
      g_main_context_iteration (NULL, FALSE);
    }
}

static void
begin_logout (Online *self, Words *words)
{
  int n_drained = self->watcher != NULL ? g_atomic_int_get (&self->watcher->n_drained) : 0;

  ibb_xmpp_client_logout_async (IBB_XMPP_CLIENT (*self->client), NULL, store_result_cb,
                                &self->logout);
  /* Until the buffers of the system were full the client may have drained. */
  if (self->watcher != NULL)
    g_assert_cmpint (g_atomic_int_get (&self->watcher->n_drained), ==, n_drained);
}

/* Once its stream has ended, the client takes neither a stanza nor a login. */
static void
check_logging_out (Online *self, Words *words)
{
  g_autoptr (IBBStanza) stanza = ibb_stanza_new_from_xml ("<message/>", -1, NULL);
  GAsyncResult         *login = NULL;

  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED, ibb_connection_send,
                IBB_CONNECTION (*self->client), stanza);
  ibb_xmpp_client_login_async (IBB_XMPP_CLIENT (*self->client), NULL, store_result_cb, &login);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_PENDING, ibb_xmpp_client_login_finish,
                       IBB_XMPP_CLIENT (*self->client), &login);
  g_assert_null (self->logout);
}

static void
end_logout (Online *self, Words *words)
{
  assert_result (ibb_xmpp_client_logout_finish, IBB_XMPP_CLIENT (*self->client), &self->logout);
}

static gpointer
log_in_and_drop (gpointer data)
{
  assert_login (data);
  g_object_unref (data);
  return NULL;
}

/* Another client of the same server logs in, and is dropped, in a thread that ends with it. */
static void
use_thread (Online *self, Words *words)
{
  IBBXmppClient *client = IBB_XMPP_CLIENT (*self->client);

  self->thread = g_thread_new ("drop", log_in_and_drop,
                               ibb_xmpp_client_new_like (client, ibb_xmpp_client_get_jid (client)));
}

/* Nobody waits for the end of the login, which is cancelled, or of the logout. */
static void
log_in_unheard (Online *self, Words *words)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  ibb_xmpp_client_login_async (IBB_XMPP_CLIENT (*self->client), cancellable, NULL, NULL);
  g_cancellable_cancel (cancellable);
}

static void
log_out_unheard (Online *self, Words *words)
{
  ibb_xmpp_client_logout_async (IBB_XMPP_CLIENT (*self->client), NULL, NULL, NULL);
}

/* ---- a thread for several clients ---- */

#define CLIENTS 3

static IBBXmppClient *
new_on (IBBXmppWorker *worker, guint port)
{
  IBBXmppClient *client = ibb_xmpp_client_new_with_worker ("user@fake.test", worker);

  g_object_set (client, "host", "127.0.0.1", "port", port, "password", "secret", "tls-mode",
                IBB_XMPP_TLS_MODE_NONE, "password-policy", IBB_XMPP_PASSWORD_POLICY_READABLE, NULL);
  return client;
}

/* "worker PORT": from now on the client, of the server at that port, shares its thread with another
 * one, whose server never says a word. */
static void
share_worker (Online *self, Words *words)
{
  g_autoptr (IBBXmppWorker) worker = ibb_xmpp_worker_new ();

  g_clear_object (self->client);
  *self->client = IBB_XMPP_ENTITY (new_on (worker, (guint) words_take_number (words)));
  self->silent = g_socket_listener_new ();
  self->stuck = new_on (worker, g_socket_listener_add_any_inet_port (self->silent, NULL, NULL));
  ibb_xmpp_client_login_async (self->stuck, NULL, store_result_cb, &self->stuck_login);
}

/* The thread of a client that was dropped ends by itself, some time later. */
static void
check_threads (Online *self, Words *words)
{
  guint n = words_take_number (words);

  while (process_count_threads ("ibb-client") != n)
    wait_a_moment ();
}

/* The other client goes. */
static void
drop_stuck (Online *self, Words *words)
{
  assert_succeeds (ibb_xmpp_client_logout, self->stuck, NULL);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_xmpp_client_login_finish, self->stuck,
                       &self->stuck_login);
  drop_client (g_steal_pointer (&self->stuck));
  g_clear_object (&self->silent);
}

typedef struct
{
  IBBXmppClient *other;
  int            done; /* atomic */
} Call;

static gboolean
call_cb (gpointer data)
{
  Call *call = data;

  assert_fails (G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, ibb_xmpp_client_login, call->other, NULL);
  g_atomic_int_inc (&call->done);
  return G_SOURCE_REMOVE;
}

/* A blocking call on another client of the same thread could never end, so it fails. */
static void
check_blocking (Online *self, Words *words)
{
  g_autoptr (IBBXmppWorker)    worker = ibb_xmpp_worker_new ();
  g_autoptr (IBBXmppClient)    client = new_on (worker, 1);
  g_autoptr (IBBXmppComponent) component =
      g_object_new (IBB_XMPP_TYPE_COMPONENT, "domain", "bots.example", "worker", worker, NULL);
  Call call = { .other = client };

  g_main_context_invoke (ibb_connection_get_context (IBB_CONNECTION (component)), call_cb, &call);
  wait_for_int (&call.done, 1);
}

static gpointer
drop_thread (gpointer port)
{
  for (int i = 0; i < 50; i++)
    {
      g_autoptr (IBBXmppWorker) worker = ibb_xmpp_worker_new ();
      IBBXmppClient            *clients[CLIENTS];

      for (int j = 0; j < CLIENTS; j++)
        clients[j] = new_on (worker, GPOINTER_TO_UINT (port));
      ibb_xmpp_client_login_async (clients[i % CLIENTS], NULL, NULL, NULL);
      for (int j = 0; j < CLIENTS; j++)
        g_object_unref (clients[j]);
    }
  return NULL;
}

/* "drop-workers PORT": several threads drop references to workers and clients at once. */
static void
drop_workers (Online *self, Words *words)
{
  gpointer port = GUINT_TO_POINTER ((guint) words_take_number (words));
  GThread *threads[3];

  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("drop", drop_thread, port);
  for (guint i = 0; i < G_N_ELEMENTS (threads); i++)
    g_thread_join (threads[i]);
}

/* ---- a real server ---- */

/* "real JID | PASSWORD": from now on the client is one of its accounts. */
static void
use_account (Online *self, Words *words)
{
  g_auto (GStrv) parts = g_strsplit (words_take_rest (words), " |", 2);
  const char    *password = g_strchug (parts[1]);

  g_clear_object (self->client);
  *self->client =
      IBB_XMPP_ENTITY (account_create_client_for (parts[0], *password != '\0' ? password : NULL));
}

/* The mechanism that the last login in any thread chose. */
static GMutex   lock;
static char    *chosen;   /* (nullable): protected by lock */
static gboolean is_sasl2; /* protected by lock */

static void
log_cb (const char *domain, GLogLevelFlags level, const char *message, gpointer user_data)
{
  const char *with = strstr (message, " with ");

  if (!g_str_has_prefix (message, "Logging in to ") || with == NULL)
    return;

  g_mutex_lock (&lock);
  g_free (chosen);
  chosen = g_strdup (with + strlen (" with "));
  is_sasl2 = strstr (message, " by SASL2 with ") != NULL;
  g_mutex_unlock (&lock);
}

/* Newer servers bind to the channel of TLS 1.3 as well: then SCRAM is SCRAM-PLUS. */
static void
check_chosen (Online *self, Words *words)
{
  const char      *expected = words_take (words);
  g_autofree char *bound = g_strconcat (expected, "-PLUS", NULL);

  g_mutex_lock (&lock);
  if (g_strcmp0 (chosen, bound) != 0)
    g_assert_cmpstr (chosen != NULL ? chosen : "none", ==, expected);
  g_mutex_unlock (&lock);
}

/* The same, which the client tells while it is online, with the certificate of the server. */
static void
check_mechanism (Online *self, Words *words)
{
  IBBXmppClient              *client = IBB_XMPP_CLIENT (*self->client);
  g_autoptr (GTlsCertificate) certificate = ibb_xmpp_client_dup_peer_certificate (client);
  g_autofree char            *used = ibb_xmpp_client_dup_mechanism (client);

  if (words_take_if (words, "none"))
    {
      g_assert_null (used);
      g_assert_null (certificate);
      return;
    }
  g_mutex_lock (&lock);
  g_assert_cmpstr (used, ==, chosen);
  g_mutex_unlock (&lock);
  check_chosen (self, words);
  g_assert_cmpint (G_IS_TLS_CERTIFICATE (certificate), ==,
                   ibb_xmpp_client_get_tls_mode (client) != IBB_XMPP_TLS_MODE_NONE);
}

/* The same of a login by SASL2. */
static void
check_sasl2 (Online *self, Words *words)
{
  check_chosen (self, words);
  g_mutex_lock (&lock);
  g_assert_true (is_sasl2);
  g_mutex_unlock (&lock);
}

/* The server has issued a token of this mechanism. */
static void
check_issued (Online *self, Words *words)
{
  g_autoptr (IBBXmppToken) token = ibb_xmpp_client_dup_token (IBB_XMPP_CLIENT (*self->client));

  g_assert_nonnull (token);
  g_assert_cmpstr (ibb_xmpp_token_get_mechanism (token), ==, words_take (words));
  g_assert_nonnull (ibb_xmpp_token_get_expiry (token));
}

/* %REAL-NAME is the variable IBB_TEST_NAME. */
static void
define_variables (void)
{
  g_auto (GStrv) names = g_listenv ();
  const char    *expected = g_getenv ("IBB_TEST_EXPECTED_MECHANISM");

  for (guint i = 0; names[i] != NULL; i++)
    if (g_str_has_prefix (names[i], "IBB_TEST_"))
      script_define (
          g_strdelimit (g_strconcat ("REAL-", names[i] + strlen ("IBB_TEST_"), NULL), "_", '-'),
          g_strdup (g_getenv (names[i])));
  script_define (g_strdup ("EXPECTED"), g_strdup (expected != NULL ? expected : "SCRAM-SHA-256"));
}

static const ScriptWord calls[] = {
  SCRIPT_WORD ("blocking", check_blocking),
  SCRIPT_WORD ("drop-stuck", drop_stuck),
  SCRIPT_WORD ("drop-workers", drop_workers),
  SCRIPT_WORD ("threads", check_threads),
  SCRIPT_WORD ("worker", share_worker),
  SCRIPT_WORD ("chosen", check_chosen),
  SCRIPT_WORD ("issued", check_issued),
  SCRIPT_WORD ("mechanism", check_mechanism),
  SCRIPT_WORD ("sasl2", check_sasl2),
  SCRIPT_WORD ("real", use_account),
  SCRIPT_WORD ("begin-log-out", begin_logout),
  SCRIPT_WORD ("congested", check_congested),
  SCRIPT_WORD ("log-in-thread", use_thread),
  SCRIPT_WORD ("logged-out", end_logout),
  SCRIPT_WORD ("logging-out", check_logging_out),
  SCRIPT_WORD ("log-in-unheard", log_in_unheard),
  SCRIPT_WORD ("log-out-unheard", log_out_unheard),
  SCRIPT_WORD ("send-on", send_on),
  SCRIPT_WORD ("timer", check_timer),
  SCRIPT_WORD ("told", check_told),
  SCRIPT_WORD ("watch-connection", start_watching),
};

gboolean
online_call (Online *self, const char *name, Words *words)
{
  return SCRIPT_CALL (calls, self, name, words);
}

Online *
online_new (IBBXmppEntity **client)
{
  Online *self = g_new0 (Online, 1);

  self->client = client;
  define_variables ();
  if (g_getenv ("IBB_TEST_HOST") != NULL)
    g_log_set_handler ("ibb-glib", G_LOG_LEVEL_DEBUG, log_cb, NULL);
  return self;
}

void
online_free (Online *self)
{
  g_clear_pointer (&self->thread, g_thread_join);
  if (self->watcher != NULL)
    ibb_connection_remove_listener (IBB_CONNECTION (*self->client), &self->watcher->parent);
  g_free (self);
}
