/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-xmpp-worker-private.h"

/**
 * IBBXmppWorker:
 *
 * A thread that serves several connections.
 *
 * Each [class@IBBXmpp.Client] and [class@IBBXmpp.Component] has a thread of its own for its socket.
 * In a program with hundreds of clients that mostly wait, the threads need more memory than the
 * clients. Such a program passes one worker to all of them:
 *
 * ```c
 * static GPtrArray *
 * create_bots (const char *const *jids)
 * {
 *   g_autoptr (IBBXmppWorker) worker = ibb_xmpp_worker_new ();
 *   GPtrArray            *clients = g_ptr_array_new_with_free_func (g_object_unref);
 *
 *   for (; *jids != NULL; jids++)
 *     g_ptr_array_add (clients, ibb_xmpp_client_new_with_worker (*jids, worker));
 *   return clients;
 * }
 * ```
 *
 * Connections on one worker take turns, on one processor. A client that sends as fast as it can,
 * or whose server demands a costly login, makes the others wait.
 *
 * The thread ends when the worker and its connections are gone. To drop the worker waits for
 * neither.
 *
 * ## Threads
 *
 * Any thread may use a worker.
 *
 * [Threads](../ibb-glib-1.0/threads.html#many-clients-in-one-program) has figures.
 *
 * Since: 1.0
 */
struct _IBBXmppWorker
{
  GObject parent_instance;

  IBBThread *thread; /* immutable after construction */
};

G_DEFINE_FINAL_TYPE (IBBXmppWorker, ibb_xmpp_worker, G_TYPE_OBJECT)

static void
ibb_xmpp_worker_finalize (GObject *object)
{
  IBBXmppWorker *self = IBB_XMPP_WORKER (object);

  ibb_thread_quit (self->thread, NULL, NULL);
  G_OBJECT_CLASS (ibb_xmpp_worker_parent_class)->finalize (object);
}

static void
ibb_xmpp_worker_class_init (IBBXmppWorkerClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ibb_xmpp_worker_finalize;
}

static void
ibb_xmpp_worker_init (IBBXmppWorker *self)
{
  self->thread = ibb_xmpp_worker_create_thread (NULL);
}

/**
 * ibb_xmpp_worker_new:
 *
 * Starts a thread for several connections.
 *
 * Returns: (transfer full): the worker
 *
 * Since: 1.0
 */
IBBXmppWorker *
ibb_xmpp_worker_new (void)
{
  return g_object_new (IBB_XMPP_TYPE_WORKER, NULL);
}

IBBThread *
ibb_xmpp_worker_create_thread (IBBXmppWorker *self)
{
  return self != NULL ? ibb_thread_new_beside (self->thread) : ibb_thread_new ("ibb-client");
}
