/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "relay.h"

#include "account.h"
#include "join.h"
#include "report.h"
#include "session.h"
#include "socket.h"

#include <glib/gi18n.h>
#include <string.h>

#define TIMEOUT_STEPS 4 /* how often --timeout looks whether anything has moved */

struct _ToolRelay
{
  const ToolOptions    *options;
  IBBClient            *client;
  char                 *local_jid; /* (owned) the address that the server gave */
  IBBService           *service;   /* (owned) */
  const ToolRelayFuncs *funcs;
  gpointer              data;
  double                timeout;     /* s; of a session, 0: none */
  GMainContext         *context;     /* (owned) */
  GHashTable           *links;       /* (element-type ToolLink), a set */
  guint                 holds;       /* operations that nobody may leave behind */
  int                   interrupted; /* atomic */
  GError               *error;       /* why the account is lost */
};

struct _ToolLink
{
  ToolRelay         *relay;
  char              *peer;
  char              *sid;         /* NULL: not known yet */
  GCancellable      *cancellable; /* (owned) */
  GSocketConnection *connection;  /* (owned) (nullable) */
  IBBTransport      *transport;   /* (owned) (nullable) */
  GError            *reason;      /* why it was cancelled */
  gint64             start;
  GSource           *timer; /* (owned) (nullable) */
  guint64            count; /* when last looked */
  guint              idle;  /* steps since that has changed */
};

/* Links. */

static guint64
count_moved (ToolLink *link)
{
  return ibb_transport_get_bytes_sent (link->transport) +
         ibb_transport_get_bytes_received (link->transport);
}

/* What was joined or is about to be ends in its own callback, later. */
static void
cancel (ToolLink *link, const GError *reason)
{
  if (link->reason == NULL && reason != NULL)
    link->reason = g_error_copy (reason);
  g_cancellable_cancel (link->cancellable);
}

ToolLink *
tool_link_new (ToolRelay *relay, const char *peer, const char *sid)
{
  ToolLink *self = g_new0 (ToolLink, 1);

  self->relay = relay;
  self->peer = g_strdup (peer);
  self->sid = g_strdup (sid);
  self->cancellable = g_cancellable_new ();
  g_hash_table_add (relay->links, self);
  return self;
}

GCancellable *
tool_link_get_cancellable (ToolLink *self)
{
  return self->cancellable;
}

void
tool_link_set_connection (ToolLink *self, GSocketConnection *connection)
{
  self->connection = g_object_ref (connection);
  tool_socket_prepare (connection);
}

static void
remove_link (ToolLink *self)
{
  ToolRelay *relay = self->relay;

  g_hash_table_remove (relay->links, self);
  if (self->timer != NULL)
    g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
  g_clear_object (&self->connection);
  g_clear_object (&self->transport);
  g_object_unref (self->cancellable);
  g_clear_error (&self->reason);
  g_free (self->peer);
  g_free (self->sid);
  g_free (self);
  if (relay->funcs->link_gone != NULL)
    relay->funcs->link_gone (relay, relay->data);
}

/* What ends all at once is told once, by who ends it. */
static gboolean
is_over (ToolRelay *self)
{
  return g_atomic_int_get (&self->interrupted) || self->error != NULL ||
         ibb_client_get_state (self->client) == IBB_CLIENT_STATE_OFFLINE;
}

/* Whoever is at the connection reads an error. Takes error, and frees self. */
void
tool_link_fail (ToolLink *self, GError *error)
{
  if (!is_over (self->relay))
    tool_report_session_error (self->reason != NULL ? self->reason : error, self->peer, self->sid);
  if (self->connection != NULL)
    tool_socket_reset (self->connection);
  g_error_free (error);
  remove_link (self);
}

static void
joined_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ToolLink *self = data;
  GError   *error = NULL;
  gint64    duration = g_get_monotonic_time () - self->start;

  if (!tool_join_finish (IBB_TRANSPORT (source), result, &error))
    {
      tool_link_fail (self, error);
      return;
    }
  tool_report_session_done (self->transport, (double) duration / G_USEC_PER_SEC);
  remove_link (self);
}

static gboolean
timer_cb (gpointer data)
{
  ToolLink          *self = data;
  guint64            count = count_moved (self) + ibb_transport_get_bytes_queued (self->transport);
  g_autoptr (GError) error = NULL;

  self->idle = count == self->count ? self->idle + 1 : 0;
  self->count = count;
  if (self->idle < TIMEOUT_STEPS)
    return G_SOURCE_CONTINUE;
  error = g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                       _ ("Nothing happened for %g s in the session with “%s”; gave it up"),
                       self->relay->timeout, self->peer);
  cancel (self, error);
  return G_SOURCE_REMOVE;
}

static void
start_timer (ToolLink *self)
{
  double timeout = self->relay->timeout;

  if (timeout <= 0)
    return;
  self->timer = g_timeout_source_new ((guint) MAX (timeout * 1000 / TIMEOUT_STEPS, 1));
  g_source_set_static_name (self->timer, "[ibb] time-out");
  g_source_set_callback (self->timer, timer_cb, self, NULL);
  g_source_attach (self->timer, self->relay->context);
}

/* The connection is there, and now the session. */
void
tool_link_join (ToolLink *self, IBBTransport *transport)
{
  g_free (self->sid);
  self->sid = g_strdup (ibb_transport_get_sid (transport));
  self->transport = g_object_ref (transport);
  self->start = g_get_monotonic_time ();
  tool_report_opened (transport);
  start_timer (self);
  tool_join_async (transport, self->connection, self->cancellable, joined_cb, self);
}

/* The whole. */

const ToolOptions *
tool_relay_get_options (ToolRelay *self)
{
  return self->options;
}

gpointer
tool_relay_get_data (ToolRelay *self)
{
  return self->data;
}

const char *
tool_relay_get_local_jid (ToolRelay *self)
{
  return self->local_jid;
}

IBBService *
tool_relay_get_service (ToolRelay *self)
{
  return self->service;
}

guint
tool_relay_count_links (ToolRelay *self)
{
  return g_hash_table_size (self->links);
}

/* Those with any client of the account, a bare JID. */
guint
tool_relay_count_links_with (ToolRelay *self, const char *account)
{
  gsize          length = strlen (account);
  GHashTableIter iter;
  gpointer       item;
  guint          count = 0;

  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    {
      const char *peer = ((ToolLink *) item)->peer;

      if (strncmp (peer, account, length) == 0 && (peer[length] == '/' || peer[length] == '\0'))
        count++;
    }
  return count;
}

/* The end waits until there are as many releases as holds. */
void
tool_relay_hold (ToolRelay *self)
{
  self->holds++;
}

void
tool_relay_release (ToolRelay *self)
{
  self->holds--;
}

/* An accept that never gets a session: either there is a handler for them, or
 * the limit is 0. It ends when the connection does, and tells why. */
static void
lost_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ToolRelay               *self = data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport = NULL;

  transport = ibb_service_accept_finish (IBB_SERVICE (source), result, &error);
  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    self->error = g_steal_pointer (&error);
  tool_relay_release (self);
}

/* On the main thread. A source of GIO's would leak now and then when it is
 * cancelled from another thread. */
static void
interrupted_cb (GCancellable *cancellable, gpointer data)
{
  ToolRelay *self = data;

  g_atomic_int_set (&self->interrupted, TRUE);
  g_main_context_wakeup (self->context);
}

/* Until a signal comes or the account is lost. */
static gboolean
serve (ToolRelay *self, ToolRun *run, GError **error)
{
  g_autoptr (GCancellable) watch = g_cancellable_new ();
  GCancellable            *interrupt = tool_run_get_cancellable (run);
  gulong                   handler;
  GHashTableIter           iter;
  gpointer                 link;
  gboolean                 started;

  handler = g_cancellable_connect (interrupt, G_CALLBACK (interrupted_cb), self, NULL);
  tool_relay_hold (self);
  ibb_service_accept_async (self->service, watch, lost_cb, self);
  tool_run_begin_phase (run, _ ("waiting for connections"), TOOL_RUN_UNLIMITED);
  tool_run_set_signal_is_end (run);

  started = self->funcs->start (self, self->data, error);
  while (started && !g_atomic_int_get (&self->interrupted) && self->error == NULL)
    g_main_context_iteration (self->context, TRUE);

  g_cancellable_disconnect (interrupt, handler);
  if (started)
    self->funcs->stop (self, self->data);
  g_cancellable_cancel (watch);
  g_hash_table_iter_init (&iter, self->links);
  while (g_hash_table_iter_next (&iter, &link, NULL))
    cancel (link, NULL);
  while (self->holds > 0 || g_hash_table_size (self->links) > 0)
    g_main_context_iteration (self->context, TRUE);

  if (started && self->error != NULL)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (started)
    return TRUE;
  return FALSE;
}

/* To be called from tool_run(). A signal is a good end. */
gboolean
tool_relay_run (
    ToolRun *run, IBBClient *client, const ToolRelayFuncs *funcs, gpointer data, GError **error)
{
  const ToolOptions *options = tool_run_get_options (run);
  ToolRelay          self = { .options = options, .client = client, .funcs = funcs, .data = data };
  gboolean           served = FALSE;

  self.context = g_main_context_new ();
  self.links = g_hash_table_new (NULL, NULL);
  g_main_context_push_thread_default (self.context);
  self.service = tool_session_new_service (IBB_CONNECTION (client), options, TRUE);
  self.timeout = options->timeout >= 0 ? options->timeout : funcs->session_timeout;
  self.local_jid = tool_account_login (run, client, error);
  if (self.local_jid != NULL)
    {
      served = serve (&self, run, error);
      tool_account_logout (client, error);
    }
  g_clear_object (&self.service);
  g_main_context_pop_thread_default (self.context);
  g_hash_table_unref (self.links);
  g_clear_error (&self.error);
  g_main_context_unref (self.context);
  g_free (self.local_jid);
  return served;
}
