/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A handle to a thread that runs one context. The thread ends with its last handle.
 */

#pragma once

#include <gio/gio.h>

typedef struct _IBBThread IBBThread;

IBBThread *ibb_thread_new (const char *name); /* the process ends if no thread can begin */
IBBThread *ibb_thread_try_new (const char *name, GError **error);
/* A second handle to the same thread. */
IBBThread    *ibb_thread_new_beside (IBBThread *other);
GMainContext *ibb_thread_get_context (IBBThread *self);
/* Calls function in the thread, after the functions that were invoked before. */
void
ibb_thread_invoke (IBBThread *self, GSourceFunc function, gpointer data, GDestroyNotify data_free);
/* On the thread: quitting waits for each holder, because a call that it made has yet to come
 * back to the context. */
void ibb_thread_hold (IBBThread *self);
void ibb_thread_release (IBBThread *self);
/* The end of self. From any thread, also from this one; it does not wait. In the end the
 * thread frees data, which its sources may use until then. */
void ibb_thread_quit (IBBThread *self, gpointer data, GDestroyNotify data_free);
