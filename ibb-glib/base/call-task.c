/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/call-task.h"

#include "base/source.h"

typedef struct
{
  GTask  *task;  /* (owned) */
  GError *error; /* (owned) (nullable) */
} Return;

GTask *
ibb_call_task_new (gpointer            object,
                   gpointer            source_tag,
                   const char         *name,
                   GCancellable       *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer            user_data)
{
  GTask *task = g_task_new (object, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  g_task_set_name (task, name);
  /* If a cancellation comes too late, the call returns its result. */
  g_task_set_check_cancellable (task, FALSE);

  return task;
}

static void
return_free (gpointer data)
{
  Return *self = data;

  g_clear_error (&self->error);
  g_object_unref (self->task);
  g_free (self);
}

static gboolean
return_cb (gpointer data)
{
  Return *self = data;

  if (self->error != NULL)
    g_task_return_error (self->task, g_steal_pointer (&self->error));
  else
    g_task_return_boolean (self->task, TRUE);
  return G_SOURCE_REMOVE;
}

/* The thread has unwound. */
static gboolean
leave_cb (gpointer data)
{
  Return *self = data;
  /* The task may be gone before this function returns, and a source uses its context when it is
   * freed. */
  g_autoptr (GMainContext) context = g_main_context_ref (g_task_get_context (self->task));
  g_autoptr (GSource)      source = ibb_source_attach (
           g_idle_source_new (), context, "[ibb-glib] return", return_cb, self, return_free);

  return G_SOURCE_REMOVE;
}

void
ibb_call_task_return (GTask *task, GError *error, IBBThread *thread)
{
  Return *self = g_new (Return, 1);

  self->task = task;
  self->error = error;
  ibb_thread_invoke (thread, leave_cb, self, NULL);
}
