/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/cancel-watch.h"

#include "base/callback-source.h"
#include "base/source.h"

struct _IBBCancelWatch
{
  GCancellable *cancellable; /* (owned) */
  gulong        handler;
  GSource      *own_source; /* (owned) (nullable) */
};

static void
cancelled_cb (GCancellable *cancellable, gpointer data)
{
  g_source_set_ready_time (data, 0);
}

static void
unref_source (gpointer data, GClosure *closure)
{
  g_source_unref (data);
}

IBBCancelWatch *
ibb_cancel_watch_new (GCancellable *cancellable, GSource *source)
{
  IBBCancelWatch *self;

  if (cancellable == NULL)
    return NULL;

  self = g_new0 (IBBCancelWatch, 1);
  self->cancellable = g_object_ref (cancellable);
  /* The handler holds the source while it is called, so nobody has to wait for its end. */
  self->handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (cancelled_cb),
                                         g_source_ref (source), unref_source, 0);
  if (g_cancellable_is_cancelled (cancellable))
    g_source_set_ready_time (source, 0);
  return self;
}

IBBCancelWatch *
ibb_cancel_watch_new_callback (GCancellable *cancellable,
                               GMainContext *context,
                               GSourceFunc   callback,
                               gpointer      data)
{
  IBBCancelWatch *self;
  GSource        *source;

  if (cancellable == NULL)
    return NULL;

  source = ibb_callback_source_new ("[ibb-glib] cancelled", callback, data, NULL);
  g_source_attach (source, context);
  self = ibb_cancel_watch_new (cancellable, source);
  self->own_source = source;
  return self;
}

void
ibb_cancel_watch_free (IBBCancelWatch *self)
{
  g_signal_handler_disconnect (self->cancellable, self->handler);
  ibb_source_clear (&self->own_source);
  g_object_unref (self->cancellable);
  g_free (self);
}
