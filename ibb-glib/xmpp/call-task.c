/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/call-task.h"

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
