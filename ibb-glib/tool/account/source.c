/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/account/source.h"

GSource *
tool_source_attach_full (GSource       *source,
                         GMainContext  *context,
                         const char    *name,
                         GSourceFunc    callback,
                         gpointer       data,
                         GDestroyNotify data_free)
{
  g_source_set_priority (source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (source, name);
  g_source_set_callback (source, callback, data, data_free);
  g_source_attach (source, context);
  return source;
}

GSource *
tool_source_attach (
    GSource *source, GMainContext *context, const char *name, GSourceFunc callback, gpointer data)
{
  return tool_source_attach_full (source, context, name, callback, data, NULL);
}

static gboolean
cancel_cb (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

GSource *
tool_source_cancel_after (guint seconds, const char *name, GCancellable *cancellable)
{
  return tool_source_attach_full (g_timeout_source_new_seconds (seconds), NULL, name, cancel_cb,
                                  g_object_ref (cancellable), g_object_unref);
}

static void
unref_cancellable (gpointer cancellable, GClosure *closure)
{
  g_object_unref (cancellable);
}

gulong
tool_source_cancel_at (gpointer object, const char *signal, GCancellable *cancellable)
{
  return g_signal_connect_data (object, signal, G_CALLBACK (g_cancellable_cancel),
                                g_object_ref (cancellable), unref_cancellable, G_CONNECT_SWAPPED);
}

void
tool_source_clear (GSource **source)
{
  if (*source == NULL)
    return;
  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}
