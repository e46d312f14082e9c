/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/session/slow-open.h"

#include <errno.h>
#include <fcntl.h>

typedef struct
{
  char *path;
  int   flags;
} Opening;

static void
opening_free (gpointer data)
{
  Opening *opening = data;

  g_free (opening->path);
  g_free (opening);
}

static void
open_thread (GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
  const Opening *opening = data;
  int            fd = open (opening->path, opening->flags | O_CLOEXEC);

  g_task_return_int (task, fd >= 0 ? fd : -errno);
}

/* Returns -1 with errno, which is ECANCELED if it was cancelled. The thread then waits on, until
 * the other end comes or the command ends. */
int
tool_slow_open (const char *path, int flags, GCancellable *cancellable)
{
  g_autoptr (GTask)  task = g_task_new (NULL, cancellable, NULL, NULL);
  g_autoptr (GError) error = NULL;
  Opening           *opening = g_new (Opening, 1);
  gssize             result;

  opening->path = g_strdup (path);
  opening->flags = flags;
  g_task_set_source_tag (task, tool_slow_open);
  g_task_set_task_data (task, opening, opening_free);
  g_task_set_return_on_cancel (task, TRUE);
  g_task_run_in_thread_sync (task, open_thread);
  result = g_task_propagate_int (task, &error);
  if (error == NULL && result >= 0)
    return (int) result;
  errno = error != NULL ? ECANCELED : (int) -result;
  return -1;
}
