/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "probe.h"

#include <glib/gi18n.h>

#define INTERVAL 10      /* s of silence before the peer is asked */
#define MAX_UNANSWERED 3 /* intervals that an answer may take */

/* References: the timer's, that of a question under way, and the starter's. */
struct _ToolProbe
{
  IBBClient            *client; /* (owned) */
  char                 *peer;
  const ToolProbeFuncs *funcs;
  gpointer              data;        /* (owned) if there is a way to destroy it */
  GCancellable         *cancellable; /* (owned) */
  GSource              *timer;       /* (owned) */

  /* only in the context of the timer */
  guint64  counted;    /* when last looked */
  gboolean answers;    /* it did at the start: then no answer means something */
  gboolean asking;     /* a question is under way */
  guint    unanswered; /* intervals since that */
};

static void
probe_clear (gpointer data)
{
  ToolProbe *self = data;

  if (self->funcs->destroy != NULL)
    self->funcs->destroy (self->data);
  g_object_unref (self->client);
  g_object_unref (self->cancellable);
  g_source_unref (self->timer);
  g_free (self->peer);
}

static void
probe_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, probe_clear);
}

static void
fail (ToolProbe *self)
{
  self->funcs->gone (g_error_new (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                                  _ ("“%s” has gone before the end: nobody answers there any more"),
                                  self->peer),
                     self->data);
}

static void
answered_cb (GObject *source, GAsyncResult *result, gpointer data)
{
  ToolProbe         *self = data;
  g_autoptr (GError) error = NULL;

  ibb_client_query_support_finish (IBB_CLIENT (source), result, &error);
  self->asking = FALSE;
  if (!g_cancellable_is_cancelled (self->cancellable))
    {
      /* Many peers do not name what they do; that is an answer, too. */
      if (error == NULL || g_error_matches (error, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED))
        {
          g_debug ("%s answers", self->peer);
          self->answers = TRUE;
        }
      else if (self->answers)
        fail (self);
    }
  probe_unref (self);
}

static void
ask (ToolProbe *self)
{
  self->asking = TRUE;
  self->unanswered = 0;
  ibb_client_query_support_async (self->client, self->peer, self->cancellable, answered_cb,
                                  g_atomic_rc_box_acquire (self));
}

static gboolean
timer_cb (gpointer data)
{
  ToolProbe *self = data;
  guint64    counted;

  if (g_cancellable_is_cancelled (self->cancellable))
    return G_SOURCE_REMOVE;
  counted = self->funcs->count (self->data);
  /* While we are away ourselves, silence says nothing of the peer. */
  if (counted != self->counted || ibb_client_get_state (self->client) != IBB_CLIENT_STATE_ONLINE)
    self->unanswered = 0;
  else if (!self->asking)
    ask (self);
  else if (self->answers && ++self->unanswered >= MAX_UNANSWERED)
    fail (self);
  self->counted = counted;
  return G_SOURCE_CONTINUE;
}

static gboolean
start_cb (gpointer data)
{
  ToolProbe *self = data;

  if (!g_cancellable_is_cancelled (self->cancellable))
    ask (self);
  return G_SOURCE_REMOVE;
}

/* From any thread; what comes of it comes in its thread-default context. funcs
 * has to stay. */
ToolProbe *
tool_probe_start_full (IBBClient            *client,
                       const char           *peer,
                       const ToolProbeFuncs *funcs,
                       gpointer              data)
{
  ToolProbe          *self = g_atomic_rc_box_new0 (ToolProbe);
  g_autoptr (GSource) first = g_idle_source_new ();
  GMainContext       *context = g_main_context_get_thread_default ();

  self->client = g_object_ref (client);
  self->peer = g_strdup (peer);
  self->funcs = funcs;
  self->data = data;
  self->cancellable = g_cancellable_new ();
  self->timer = g_timeout_source_new_seconds (INTERVAL);
  g_source_set_static_name (self->timer, "[ibb] probe");
  g_source_set_callback (self->timer, timer_cb, g_atomic_rc_box_acquire (self), probe_unref);
  g_source_attach (self->timer, context);
  g_source_set_priority (first, G_PRIORITY_DEFAULT);
  g_source_set_callback (first, start_cb, g_atomic_rc_box_acquire (self), probe_unref);
  g_source_attach (first, context);
  return self;
}

void
tool_probe_stop (ToolProbe *self)
{
  g_cancellable_cancel (self->cancellable);
  g_source_destroy (self->timer);
  probe_unref (self);
}

/* The one session of a run. */
typedef struct
{
  ToolRun      *run;
  IBBTransport *transport; /* (owned) */
} Session;

static guint64
session_count (gpointer data)
{
  Session *self = data;

  return ibb_transport_get_bytes_received (self->transport) +
         ibb_transport_get_bytes_sent (self->transport);
}

static void
session_gone (GError *error, gpointer data)
{
  Session *self = data;

  if (ibb_transport_has_ended (self->transport))
    g_error_free (error);
  else
    tool_run_fail (self->run, error);
}

static void
session_free (gpointer data)
{
  Session *self = data;

  g_object_unref (self->transport);
  g_free (self);
}

static const ToolProbeFuncs session_funcs = { session_count, session_gone, session_free };

/* Ends the run when the peer of transport has gone. From any thread without a
 * context of its own. */
ToolProbe *
tool_probe_start (ToolRun *run, IBBClient *client, IBBTransport *transport)
{
  Session *session = g_new (Session, 1);

  session->run = run;
  session->transport = g_object_ref (transport);
  return tool_probe_start_full (client, ibb_transport_get_peer_jid (transport), &session_funcs,
                                session);
}
