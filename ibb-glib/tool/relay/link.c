/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/relay/link.h"

#include "tool/account/source.h"
#include "tool/relay/join.h"
#include "tool/relay/socket.h"
#include "tool/session/secure.h"
#include "tool/words/report.h"

#include <glib/gi18n.h>

#define TIMEOUT_STEPS 4 /* how often --timeout looks whether anything has moved */

struct _ToolLink
{
  char              *peer;
  char              *sid; /* (nullable) */
  const ToolOptions *options;
  double             timeout;
  IBBXmppIdentity   *identity; /* (nullable): sessions are encrypted */
  ToolLinkEndedFunc  ended;
  gpointer           data;
  ToolLinkReadyFunc  ready; /* (nullable) */
  gpointer           ready_data;
  GCancellable      *cancellable; /* (owned) */
  GSocketConnection *connection;  /* (owned) (nullable) */
  IBBTransport      *transport;   /* (owned) (nullable) */
  gboolean           is_ready;    /* the session is there, and encrypted if it has to be */
  GError            *reason;      /* (owned) (nullable): why it was given up */
  gboolean           is_refused;
  gint64             start;
  GSource           *timer; /* (owned) (nullable) */
  guint64            count; /* when last looked */
  guint              idle;  /* steps since that has changed */
};

ToolLink *
tool_link_new (const char        *peer,
               const char        *sid,
               const ToolOptions *options,
               double             timeout,
               IBBXmppIdentity   *identity,
               ToolLinkEndedFunc  ended,
               gpointer           data)
{
  ToolLink *self = g_new0 (ToolLink, 1);

  self->peer = g_strdup (peer);
  self->sid = g_strdup (sid);
  self->options = options;
  self->timeout = timeout;
  self->identity = identity;
  self->ended = ended;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  return self;
}

static void
end (ToolLink *self, const GError *error)
{
  self->ended (self, error, self->data);
  if (error != NULL && self->connection != NULL)
    tool_socket_reset (self->connection);
  tool_source_clear (&self->timer);
  g_clear_object (&self->connection);
  if (self->transport != NULL)
    tool_secure_forget_stream (self->transport);
  g_clear_object (&self->transport);
  g_object_unref (self->cancellable);
  g_clear_error (&self->reason);
  g_free (self->peer);
  g_free (self->sid);
  g_free (self);
}

const char *
tool_link_get_peer (ToolLink *self)
{
  return self->peer;
}

const char *
tool_link_get_sid (ToolLink *self)
{
  return self->sid;
}

gboolean
tool_link_is_refused (ToolLink *self)
{
  return self->is_refused;
}

GCancellable *
tool_link_get_cancellable (ToolLink *self)
{
  return self->cancellable;
}

void
tool_link_cancel (ToolLink *self)
{
  g_cancellable_cancel (self->cancellable);
}

void
tool_link_give_up (ToolLink *self, GError *reason)
{
  g_clear_error (&self->reason);
  self->reason = reason;
  tool_link_cancel (self);
}

void
tool_link_fail (ToolLink *self, GError *error)
{
  end (self, self->reason != NULL ? self->reason : error);
  g_error_free (error);
}

static void
joined_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ToolLink *self = data;
  GError   *error = NULL;
  gint64    duration = g_get_monotonic_time () - self->start;
  guint64   sent;
  guint64   received;

  if (!tool_join_finish (IBB_TRANSPORT (source), result, &sent, &received, &error))
    {
      tool_link_fail (self, error);
      return;
    }
  tool_report_session_done (self->transport, sent, received, (double) duration / G_USEC_PER_SEC,
                            self->identity != NULL);
  end (self, NULL);
}

static guint64
count_moved (ToolLink *self)
{
  return ibb_transport_get_bytes_acknowledged (self->transport) +
         ibb_transport_get_bytes_received (self->transport) +
         ibb_transport_get_bytes_queued (self->transport);
}

static gboolean
timer_cb (gpointer data)
{
  ToolLink *self = data;
  guint64   count = count_moved (self);

  self->idle = count == self->count ? self->idle + 1 : 0;
  self->count = count;
  if (self->idle < TIMEOUT_STEPS)
    return G_SOURCE_CONTINUE;
  tool_link_give_up (
      self, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                         _ ("Nothing happened for %g s in the session with “%s”; gave it up"),
                         self->timeout, self->peer));
  return G_SOURCE_REMOVE;
}

static void
start_timer (ToolLink *self)
{
  if (self->timeout <= 0)
    return;
  self->timer = tool_source_attach (
      g_timeout_source_new ((guint) MAX (self->timeout * 1000 / TIMEOUT_STEPS, 1)),
      g_main_context_get_thread_default (), "[ibb] timeout", timer_cb, self);
}

static void
tell_ready (ToolLink *self, gboolean succeeded)
{
  if (self->ready != NULL)
    self->ready (succeeded, self->ready_data);
}

static void
join (ToolLink *self)
{
  tool_report_opened (self->transport);
  start_timer (self);
  tool_join_async (self->transport, self->connection, self->cancellable, joined_cb, self);
}

void
tool_link_set_connection (ToolLink *self, GSocketConnection *connection)
{
  self->connection = g_object_ref (connection);
  tool_socket_prepare (connection);
  if (self->is_ready)
    join (self);
}

static void
set_ready (ToolLink *self)
{
  self->is_ready = TRUE;
  if (self->connection != NULL)
    join (self);
  tell_ready (self, TRUE);
}

static void
encrypted_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ToolLink             *self = data;
  g_autoptr (GError)    error = NULL;
  g_autoptr (GIOStream) stream =
      ibb_xmpp_identity_encrypt_finish (IBB_XMPP_IDENTITY (source), result, &error);

  if (stream == NULL)
    {
      ibb_transport_abort (self->transport);
      self->is_refused = ibb_transport_is_incoming (self->transport);
      tell_ready (self, FALSE);
      tool_link_fail (self, tool_secure_explain (self->options, error));
      return;
    }
  tool_secure_set_stream (self->transport, stream);
  set_ready (self);
}

void
tool_link_set_transport (ToolLink         *self,
                         IBBTransport     *transport,
                         ToolLinkReadyFunc ready,
                         gpointer          data)
{
  self->ready = ready;
  self->ready_data = data;
  g_free (self->sid);
  self->sid = g_strdup (ibb_transport_get_sid (transport));
  self->transport = g_object_ref (transport);
  self->start = g_get_monotonic_time ();
  if (self->identity != NULL)
    ibb_xmpp_identity_encrypt_async (self->identity, transport, self->cancellable, encrypted_cb,
                                     self);
  else
    set_ready (self);
}
