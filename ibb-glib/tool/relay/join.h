/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A TCP connection and a session made one, each way until its own end. */

#pragma once

#include <gio/gio.h>
#include <ibb-glib/ibb-glib.h>

void     tool_join_async (IBBTransport       *transport,
                          GSocketConnection  *connection,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data);
gboolean tool_join_finish (IBBTransport *transport,
                           GAsyncResult *result,
                           guint64      *sent,
                           guint64      *received,
                           GError      **error);
