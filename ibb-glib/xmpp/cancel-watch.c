/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/cancel-watch.h"

struct _IBBCancelWatch
{
  GSource      *source;
  GCancellable *cancellable;
  gulong        handler;
};

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  g_source_set_ready_time (source, -1);

  return callback (user_data);
}

static GSourceFuncs source_funcs = { NULL, NULL, dispatch, NULL };

static void
cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  g_source_set_ready_time (user_data, 0);
}

static void
closure_free (gpointer data, GClosure *closure)
{
  g_source_unref (data);
}

IBBCancelWatch *
ibb_cancel_watch_new (GMainContext *context,
                      GCancellable *cancellable,
                      GSourceFunc   callback,
                      gpointer      data)
{
  IBBCancelWatch *self;

  if (cancellable == NULL)
    return NULL;

  self = g_new (IBBCancelWatch, 1);
  self->cancellable = g_object_ref (cancellable);
  self->source = g_source_new (&source_funcs, sizeof (GSource));
  g_source_set_static_name (self->source, "[ibb-glib] cancelled");
  g_source_set_callback (self->source, callback, data, NULL);
  /* Before it can be woken: GLib neither locks nor wakes a context for a source
   * that is just being attached. */
  g_source_attach (self->source, context);
  /* The signal holds the source for as long as it calls back. */
  self->handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (cancelled_cb),
                                         g_source_ref (self->source), closure_free, 0);
  if (g_cancellable_is_cancelled (cancellable))
    g_source_set_ready_time (self->source, 0);

  return self;
}

void
ibb_cancel_watch_free (IBBCancelWatch *self)
{
  g_signal_handler_disconnect (self->cancellable, self->handler);
  g_source_destroy (self->source);
  g_source_unref (self->source);
  g_object_unref (self->cancellable);
  g_free (self);
}
