/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-source-private.h"

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

void
ibb_source_clear (GSource **source)
{
  if (*source == NULL)
    return;

  g_source_destroy (*source);
  g_clear_pointer (source, g_source_unref);
}
