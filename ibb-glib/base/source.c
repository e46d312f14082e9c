/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/source.h"

GSource *
ibb_source_attach (GSource       *source,
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

/* A time that an attached source gets wakes its context, and this thread, about to sleep there,
 * would not sleep. */
void
ibb_source_attach_at (GSource *source, gint64 time, GMainContext *context)
{
  g_source_set_ready_time (source, time);
  g_source_attach (source, context);
}

static gboolean
cancel_cb (gpointer data)
{
  g_cancellable_cancel (data);
  return G_SOURCE_REMOVE;
}

GSource *
ibb_source_cancel_after (guint         delay,
                         GMainContext *context,
                         const char   *name,
                         GCancellable *cancellable)
{
  return ibb_source_attach (g_timeout_source_new (delay), context, name, cancel_cb,
                            g_object_ref (cancellable), g_object_unref);
}

void
ibb_source_clear (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}
