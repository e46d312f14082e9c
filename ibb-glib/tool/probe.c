/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "probe.h"

#include <glib/gi18n.h>

#define INTERVAL 10      /* s of silence before the peer is asked */
#define MAX_UNANSWERED 3 /* intervals that an answer may take */

/* References: the timer's, that of a question under way, and the starter's. */
struct _ToolProbe
{
  ToolRun      *run;         /* valid until cancelled */
  IBBClient    *client;      /* (owned) */
  IBBTransport *transport;   /* (owned) */
  GCancellable *cancellable; /* (owned) */
  GSource      *timer;       /* (owned) */

  /* main thread only */
  guint64  moved;      /* when last looked */
  gboolean answers;    /* it did at the start: then no answer means something */
  gboolean asking;     /* a question is under way */
  guint    unanswered; /* intervals since that */
};

static void
probe_clear (gpointer data)
{
  ToolProbe *self = data;

  g_object_unref (self->client);
  g_object_unref (self->transport);
  g_object_unref (self->cancellable);
  g_source_unref (self->timer);
}

static void
probe_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, probe_clear);
}

static void
fail (ToolProbe *self)
{
  tool_run_fail (self->run,
                 g_error_new (G_IO_ERROR, G_IO_ERROR_BROKEN_PIPE,
                              _ ("“%s” has gone before the end: nobody answers there any more"),
                              ibb_transport_get_peer_jid (self->transport)));
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
        self->answers = TRUE;
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
  ibb_client_query_support_async (self->client, ibb_transport_get_peer_jid (self->transport),
                                  self->cancellable, answered_cb, g_atomic_rc_box_acquire (self));
}

static gboolean
timer_cb (gpointer data)
{
  ToolProbe *self = data;
  guint64    moved = ibb_transport_get_bytes_received (self->transport) +
                  ibb_transport_get_bytes_sent (self->transport);

  if (g_cancellable_is_cancelled (self->cancellable) || ibb_transport_has_ended (self->transport))
    return G_SOURCE_REMOVE;
  if (moved != self->moved)
    self->unanswered = 0;
  else if (!self->asking)
    ask (self);
  else if (self->answers && ++self->unanswered >= MAX_UNANSWERED)
    fail (self);
  self->moved = moved;
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

/* Ends the run when the peer of transport has gone. From any thread. */
ToolProbe *
tool_probe_start (ToolRun *run, IBBClient *client, IBBTransport *transport)
{
  ToolProbe *self = g_atomic_rc_box_new0 (ToolProbe);

  self->run = run;
  self->client = g_object_ref (client);
  self->transport = g_object_ref (transport);
  self->cancellable = g_cancellable_new ();
  self->timer = g_timeout_source_new_seconds (INTERVAL);
  g_source_set_static_name (self->timer, "[ibb] probe");
  g_source_set_callback (self->timer, timer_cb, g_atomic_rc_box_acquire (self), probe_unref);
  g_source_attach (self->timer, NULL);
  g_idle_add_full (G_PRIORITY_DEFAULT, start_cb, g_atomic_rc_box_acquire (self), probe_unref);
  return self;
}

void
tool_probe_stop (ToolProbe *self)
{
  g_cancellable_cancel (self->cancellable);
  g_source_destroy (self->timer);
  probe_unref (self);
}
