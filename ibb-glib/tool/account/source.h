/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sources that call back, and their end, in any thread: g_timeout_add () knows the main context
 * only, and what the library has for them is not public. */

#pragma once

#include <gio/gio.h>

/* Takes the reference to source and returns it. context: (nullable): that of the main thread. */
GSource *tool_source_attach (
    GSource *source, GMainContext *context, const char *name, GSourceFunc callback, gpointer data);
/* data_free may run in another thread, but only once callback has returned. */
GSource *tool_source_attach_full (GSource       *source,
                                  GMainContext  *context,
                                  const char    *name,
                                  GSourceFunc    callback,
                                  gpointer       data,
                                  GDestroyNotify data_free);
/* Cancels after so many seconds, in the main thread. */
GSource *tool_source_cancel_after (guint seconds, const char *name, GCancellable *cancellable);
/* Cancels at a signal. The handler may still run in another thread once it is disconnected. Returns
 * the handler. */
gulong tool_source_cancel_at (gpointer object, const char *signal, GCancellable *cancellable);
/* Destroys *source and drops the reference; NULL is left alone. */
void tool_source_clear (GSource **source);
