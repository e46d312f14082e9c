/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Wakes a source when a GCancellable is cancelled, in any thread. Not by
 * g_cancellable_source_new (): in GLib 2.74 such a source leaks, together with the
 * cancellable, when it is freed in one thread while another one is cancelling. Not by
 * g_cancellable_connect (): its disconnection waits for the cancelling thread, which may be
 * waiting for a lock that we hold. */

#pragma once

#include <gio/gio.h>

typedef struct _IBBCancelWatch IBBCancelWatch;

/* Sets the ready time of source, which has to be in its context already: GLib wakes no
 * context for a source that is being attached. NULL for a NULL cancellable. */
IBBCancelWatch *ibb_cancel_watch_new (GCancellable *cancellable, GSource *source);
/* Calls callback in context, at most once; NULL for a NULL cancellable. */
IBBCancelWatch *ibb_cancel_watch_new_callback (GCancellable *cancellable,
                                               GMainContext *context,
                                               GSourceFunc   callback,
                                               gpointer      data);
/* Call this in the thread of the context. It may be called in the callback. */
void ibb_cancel_watch_free (IBBCancelWatch *self);
