/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/logouts.h"

#include "ibb-intl-private.h"
#include "runtime/cancel-watch.h"

struct _IBBLogouts
{
  IBBThread *thread;
  GPtrArray *waits; /* (owned) (element-type Wait) */
};

typedef struct
{
  IBBLogouts     *logouts;
  GTask          *task;      /* (owned): holds the client */
  IBBCancelWatch *cancelled; /* (owned) (nullable) */
} Wait;

static void
wait_free (gpointer data)
{
  Wait *wait = data;

  g_clear_pointer (&wait->cancelled, ibb_cancel_watch_free);
  g_object_unref (wait->task);
  g_free (wait);
}

IBBLogouts *
ibb_logouts_new (IBBThread *thread)
{
  IBBLogouts *self = g_new0 (IBBLogouts, 1);

  self->thread = thread;
  self->waits = g_ptr_array_new_with_free_func (wait_free);

  return self;
}

void
ibb_logouts_free (IBBLogouts *self)
{
  g_assert (self->waits->len == 0);

  g_ptr_array_unref (self->waits);
  g_free (self);
}

static gboolean
cancelled_cb (gpointer user_data)
{
  Wait             *wait = user_data;
  g_autoptr (GTask) task = g_object_ref (wait->task);

  g_ptr_array_remove (wait->logouts->waits, wait);
  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                           _ ("The wait for the logout was cancelled; the logout goes on"));
  return G_SOURCE_REMOVE;
}

void
ibb_logouts_add (IBBLogouts *self, GTask *task)
{
  Wait *wait = g_new0 (Wait, 1);

  wait->logouts = self;
  wait->task = g_object_ref (task);
  g_ptr_array_add (self->waits, wait);
  wait->cancelled = ibb_cancel_watch_new_callback (
      g_task_get_cancellable (task), ibb_thread_get_context (self->thread), cancelled_cb, wait);
}

void
ibb_logouts_finish (IBBLogouts *self)
{
  g_autoptr (GPtrArray) waits = g_steal_pointer (&self->waits);

  self->waits = g_ptr_array_new_with_free_func (wait_free);
  for (guint i = 0; i < waits->len; i++)
    g_task_return_boolean (((Wait *) g_ptr_array_index (waits, i))->task, TRUE);
}
