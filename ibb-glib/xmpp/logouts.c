/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/logouts.h"

#include "base/call-task.h"
#include "base/cancel-watch.h"
#include "base/intl.h"

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

  g_assert (wait->task == NULL && wait->cancelled == NULL);
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

/* The watch goes first: it holds an object of the application's. */
static void
end (Wait *wait, GError *error)
{
  g_clear_pointer (&wait->cancelled, ibb_cancel_watch_free);
  ibb_call_task_return (g_steal_pointer (&wait->task), error, wait->logouts->thread);
}

static gboolean
cancelled_cb (gpointer user_data)
{
  Wait   *wait = user_data;
  GError *error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                           _ ("The wait for the logout was cancelled; the logout goes on"));

  end (wait, error);
  g_ptr_array_remove (wait->logouts->waits, wait);
  return G_SOURCE_REMOVE;
}

void
ibb_logouts_add (IBBLogouts *self, GTask *task)
{
  Wait *wait = g_new0 (Wait, 1);

  wait->logouts = self;
  wait->task = task;
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
    end (g_ptr_array_index (waits, i), NULL);
}
