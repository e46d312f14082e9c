/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

#include "base/thread.h"

/* The task of an asynchronous call of object, with the name that a profiler shows. */
GTask *ibb_call_task_new (gpointer            object,
                          gpointer            source_tag,
                          const char         *name,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data);

/* Returns TRUE, or the error (nullable), from the thread that has served the call. Both are taken,
 * and the caller has the only reference besides those of the task's own context.
 *
 * The thread unwinds first, and the task is dropped in its context. So the thread has let go of all
 * that belongs to the application when the application learns of the end: a program may end then,
 * and with it the interpreter of its language, which the thread must not enter any more. */
void ibb_call_task_return (GTask *task, GError *error, IBBThread *thread);
