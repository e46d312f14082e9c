/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A source that does nothing but call back. It sleeps until another thread or its own
 * callback sets its ready time (g_source_set_ready_time (), from any thread and with locks
 * held), or requests a call. Before each call it goes back to sleep, so that a wake-up during
 * the call causes another call. */

#pragma once

#include <glib-object.h>

GSource *ibb_callback_source_new (const char    *name,
                                  GSourceFunc    callback,
                                  gpointer       data,
                                  GDestroyNotify data_free);

/* Requests a call as soon as possible. Any thread. In the thread of the context this costs no
 * system call, unlike a ready time: the loop asks the source before it polls. */
void ibb_callback_source_request (GSource *source);
/* Withdraws the request. TRUE: there was one. */
gboolean ibb_callback_source_take (GSource *source);
gboolean ibb_callback_source_is_requested (GSource *source);

/* Calls callback with a reference to object, for as long as object lives, and also in a
 * main loop that the callback itself runs: for a callback that emits signals. */
GSource *ibb_callback_source_new_for_object (const char *name,
                                             gpointer    object,
                                             void (*callback) (gpointer object));
