/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/ibb-worker-private.h"

struct _IBBWorker
{
  IBBThread *thread;
};

G_DEFINE_BOXED_TYPE (IBBWorker, ibb_worker, ibb_worker_ref, ibb_worker_unref)

/**
 * ibb_worker_new:
 *
 * Starts a thread for several connections.
 *
 * Returns: (transfer full): the worker
 *
 * Since: 1.0
 */
IBBWorker *
ibb_worker_new (void)
{
  IBBWorker *self = g_atomic_rc_box_new0 (IBBWorker);

  self->thread = ibb_worker_create_thread (NULL);

  return self;
}

/**
 * ibb_worker_ref:
 * @self: a worker
 *
 * Adds a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
IBBWorker *
ibb_worker_ref (IBBWorker *self)
{
  g_return_val_if_fail (self != NULL, NULL);

  return g_atomic_rc_box_acquire (self);
}

static void
worker_clear (gpointer data)
{
  IBBWorker *self = data;

  ibb_thread_quit (self->thread, NULL, NULL);
}

/**
 * ibb_worker_unref:
 * @self: (transfer full): a worker
 *
 * Drops a reference. It does not wait for the thread, nor for its connections.
 *
 * Since: 1.0
 */
void
ibb_worker_unref (IBBWorker *self)
{
  g_return_if_fail (self != NULL);

  g_atomic_rc_box_release_full (self, worker_clear);
}

IBBThread *
ibb_worker_create_thread (IBBWorker *self)
{
  return self != NULL ? ibb_thread_new_beside (self->thread) : ibb_thread_new ("ibb-client");
}
