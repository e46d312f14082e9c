/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/flush-source.h"

typedef struct
{
  GSource source;
  int     requested; /* atomic */
} FlushSource;

static gboolean
prepare (GSource *source, int *timeout)
{
  *timeout = -1;

  return ibb_flush_source_is_requested (source);
}

static gboolean
dispatch (GSource *source, GSourceFunc callback, gpointer user_data)
{
  return callback (user_data);
}

GSource *
ibb_flush_source_new (GSourceFunc callback, gpointer data)
{
  static GSourceFuncs funcs = { prepare, ibb_flush_source_is_requested, dispatch, NULL };
  GSource            *source = g_source_new (&funcs, sizeof (FlushSource));

  g_source_set_static_name (source, "[ibb-glib] flush");
  g_source_set_callback (source, callback, data, NULL);

  return source;
}

void
ibb_flush_source_request (GSource *source)
{
  GMainContext *context = g_source_get_context (source);

  if (g_atomic_int_compare_and_exchange (&((FlushSource *) source)->requested, 0, 1) &&
      !g_main_context_is_owner (context))
    g_main_context_wakeup (context);
}

gboolean
ibb_flush_source_take (GSource *source)
{
  return g_atomic_int_compare_and_exchange (&((FlushSource *) source)->requested, 1, 0);
}

gboolean
ibb_flush_source_is_requested (GSource *source)
{
  return g_atomic_int_get (&((FlushSource *) source)->requested);
}
