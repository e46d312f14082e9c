/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

/* The task of an asynchronous call of object, with the name that a profiler shows. */
GTask *ibb_call_task_new (gpointer            object,
                          gpointer            source_tag,
                          const char         *name,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data);

G_END_DECLS
