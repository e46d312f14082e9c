/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <glib-object.h>

#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

/**
 * IBBWorker:
 *
 * A thread that serves several connections.
 *
 * Each [class@IBB.Client] and [class@IBB.Component] has a thread of its own for its socket. In a
 * program with hundreds of clients that mostly wait, the threads need more memory than the
 * clients. Such a program passes one worker to all of them:
 *
 * ```c
 * static GPtrArray *
 * create_bots (const char *const *jids)
 * {
 *   g_autoptr (IBBWorker) worker = ibb_worker_new ();
 *   GPtrArray            *clients = g_ptr_array_new_with_free_func (g_object_unref);
 *
 *   for (; *jids != NULL; jids++)
 *     g_ptr_array_add (clients,
 *                      g_object_new (IBB_TYPE_CLIENT, "jid", *jids, "worker", worker, NULL));
 *   return clients;
 * }
 * ```
 *
 * Connections on one worker take turns, on one processor. A client that sends as fast as it can,
 * or whose server demands a costly login, makes the others wait.
 *
 * The thread ends when the worker and its connections are gone. Any thread may use a worker.
 *
 * [Threads](threads.html#many-clients-in-one-program) has figures.
 *
 * Since: 1.0
 */
typedef struct _IBBWorker IBBWorker;

#define IBB_TYPE_WORKER (ibb_worker_get_type ())

IBB_AVAILABLE_IN_1_0
GType ibb_worker_get_type (void);

IBB_AVAILABLE_IN_1_0
IBBWorker *ibb_worker_new (void);

IBB_AVAILABLE_IN_1_0
IBBWorker *ibb_worker_ref (IBBWorker *self);

IBB_AVAILABLE_IN_1_0
void ibb_worker_unref (IBBWorker *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBWorker, ibb_worker_unref)

G_END_DECLS
