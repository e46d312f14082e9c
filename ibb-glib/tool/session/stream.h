/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Bytes between a descriptor and a session. */

#pragma once

#include <gio/gio.h>
#include <ibb-glib/ibb-glib.h>

#include "tool/account/run.h"

gboolean tool_stream_send (ToolRun      *run,
                           IBBTransport *transport,
                           GInputStream *source,
                           const char   *name,
                           guint64      *n_bytes,
                           GCancellable *reading,
                           GCancellable *cancellable,
                           GError      **error);
/* Writes all bytes; the error names where. */
typedef gboolean (*ToolStreamWrite) (
    gpointer target, gconstpointer data, gsize length, GCancellable *cancellable, GError **error);

typedef struct
{
  GOutputStream *stream;
  const char    *name; /* for errors */
} ToolStreamOutput;

gboolean tool_stream_write (
    gpointer output, gconstpointer data, gsize length, GCancellable *cancellable, GError **error);
gboolean
tool_stream_close (const ToolStreamOutput *output, GCancellable *cancellable, GError **error);
/* The G_IO_ERROR of a call of the system that fails on a file. */
int      tool_stream_get_code (int failure);
gboolean tool_stream_receive (IBBTransport   *transport,
                              ToolStreamWrite write,
                              gpointer        target,
                              guint64        *n_bytes,
                              GCancellable   *cancellable,
                              GError        **error);
gboolean
tool_stream_expect_end (IBBTransport *transport, GCancellable *cancellable, GError **error);

/* Bytes within TLS, if the session is encrypted. */
typedef struct
{
  guint64 n_read;
  guint64 n_written;
} ToolStreamMoved;

gboolean tool_stream_join (ToolRun         *run,
                           IBBConnection   *connection,
                           IBBTransport    *transport,
                           ToolStreamMoved *moved,
                           GError         **error);

void tool_stream_set_error (GError **error, IBBTransport *transport, GError *seen);
