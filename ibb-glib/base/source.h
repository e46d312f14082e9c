/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sources that call back, and their end. */

#pragma once

#include <gio/gio.h>

/* Takes the reference to source and returns it. data_free is (nullable). */
GSource *ibb_source_attach (GSource       *source,
                            GMainContext  *context,
                            const char    *name,
                            GSourceFunc    callback,
                            gpointer       data,
                            GDestroyNotify data_free);
/* Attaches a source that has its callback, to be dispatched at that time: µs of
 * g_get_monotonic_time (), 0: at once, -1: when somebody sets another time. */
void ibb_source_attach_at (GSource *source, gint64 time, GMainContext *context);
/* Cancels after so many milliseconds. */
GSource *ibb_source_cancel_after (guint         delay,
                                  GMainContext *context,
                                  const char   *name,
                                  GCancellable *cancellable);
/* Destroys *source and drops the reference; NULL is left alone. */
void ibb_source_clear (GSource **source);
