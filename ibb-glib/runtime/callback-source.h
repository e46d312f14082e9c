/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A source that does nothing but call back. It sleeps until another thread or its own
 * callback sets its ready time (g_source_set_ready_time (), from any thread and with locks
 * held). Before each call it goes back to sleep, so that a wake-up during the call causes
 * another call. */

#pragma once

#include <glib-object.h>

G_BEGIN_DECLS

GSource *ibb_callback_source_new (const char    *name,
                                  GSourceFunc    callback,
                                  gpointer       data,
                                  GDestroyNotify data_free);

/* Calls callback with a reference to object, for as long as object lives, and also in a
 * main loop that the callback itself runs: for a callback that emits signals. */
GSource *ibb_callback_source_new_for_object (const char *name,
                                             gpointer    object,
                                             void (*callback) (gpointer object));

G_END_DECLS
