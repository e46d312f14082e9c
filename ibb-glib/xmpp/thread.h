/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The worker: a thread that runs one context until it is told to stop. */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

typedef struct _IBBThread IBBThread;

IBBThread    *ibb_thread_new (void);
GMainContext *ibb_thread_get_context (IBBThread *self);
gboolean      ibb_thread_is_current (IBBThread *self);
/* Calls function there, soon, after what was invoked before. */
void
ibb_thread_invoke (IBBThread *self, GSourceFunc function, gpointer data, GDestroyNotify data_free);
/* On the thread: quitting waits for those who hold it, because calls of theirs
 * have yet to come back to the context. */
void ibb_thread_hold (IBBThread *self);
void ibb_thread_release (IBBThread *self);
/* From any thread, its own included; does not wait. The end of self. */
void ibb_thread_quit (IBBThread *self);

G_END_DECLS
