/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Tells the worker of a cancellation in whatever thread. In place of
 * g_cancellable_source_new (): such a source leaks, and the cancellable with
 * it, when it goes in one thread while another is still cancelling
 * (GLib 2.74). In place of g_cancellable_connect (): to disconnect waits for
 * that other thread, which may wait for us. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IBBCancelWatch IBBCancelWatch;

/* Calls callback in context, once at most; NULL for a NULL cancellable. */
IBBCancelWatch *ibb_cancel_watch_new (GMainContext *context,
                                      GCancellable *cancellable,
                                      GSourceFunc   callback,
                                      gpointer      data);
/* In the thread of the context, from inside callback too. */
void ibb_cancel_watch_free (IBBCancelWatch *self);

G_END_DECLS
