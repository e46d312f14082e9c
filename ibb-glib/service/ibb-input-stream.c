/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-input-stream.h"

#include "base/call-task.h"
#include "runtime/stream-operation.h"
#include "service/ibb-transport-private.h"

/**
 * IBBInputStream:
 *
 * The reading half of an [class@IBB.Transport].
 *
 * A read returns as soon as at least one byte has arrived. It returns 0 only at
 * the end of file, after the peer's orderly close. Bytes that arrived before a
 * failure can still be read; then every read returns the failure, always as a
 * [error@Gio.IOErrorEnum].
 *
 * A cancelled read, or one past [property@IBB.Transport:read-timeout], takes no
 * byte and can be repeated. Closing this half makes later reads fail; what
 * still arrives is acknowledged to the peer and discarded.
 *
 * The half holds no reference to its transport: while nothing is in progress,
 * dropping the transport ends the session.
 *
 * ```c
 * static GBytes *
 * read_some (IBBTransport *transport, GError **error)
 * {
 *   GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (transport));
 *
 *   return g_input_stream_read_bytes (input, 4096, NULL, error); // empty: the peer has closed
 * }
 * ```
 *
 * ## Threads
 *
 * Any thread may read, one at a time. A blocking read that would have to wait
 * in the thread that serves the connection fails with
 * %G_IO_ERROR_WOULD_BLOCK. Asynchronous reads complete in the thread-default
 * context of their caller. The pollable calls never wait, and a source may be
 * attached to the context of any thread.
 *
 * Since: 1.0
 */

struct _IBBInputStream
{
  GInputStream parent_instance;

  IBBChannel *channel; /* (owned) (nullable): immutable after construction */
};

static void pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBInputStream,
                               ibb_input_stream,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, pollable_init))

static gssize
ibb_input_stream_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  const GOutputVector place = { buffer, count };

  return ibb_stream_operation_run (IBB_INPUT_STREAM (stream)->channel, IBB_STREAM_READ, &place, 1,
                                   cancellable, error);
}

static void
ibb_input_stream_read_async (GInputStream       *stream,
                             void               *buffer,
                             gsize               count,
                             int                 io_priority,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  const GOutputVector place = { buffer, count };
  g_autoptr (GTask)   task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, ibb_input_stream_read_async);
  g_task_set_priority (task, io_priority);
  ibb_stream_operation_start (IBB_INPUT_STREAM (stream)->channel, IBB_STREAM_READ, &place, 1, task,
                              NULL, NULL);
}

static gssize
ibb_input_stream_read_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_input_stream_read_async), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
ibb_input_stream_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  IBBInputStream *self = IBB_INPUT_STREAM (stream);

  ibb_channel_close_input (self->channel);
  return TRUE;
}

static void
ibb_input_stream_close_async (GInputStream       *stream,
                              int                 io_priority,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_autoptr (GTask) task =
      ibb_call_task_new (stream, ibb_input_stream_close_async, "[ibb-glib] close input",
                         cancellable, callback, user_data);

  g_task_set_priority (task, io_priority);
  ibb_channel_close_input (IBB_INPUT_STREAM (stream)->channel);
  g_task_return_boolean (task, TRUE);
}

static gboolean
ibb_input_stream_close_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_input_stream_close_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
ibb_input_stream_is_readable (GPollableInputStream *stream)
{
  return ibb_stream_operation_is_ready (IBB_INPUT_STREAM (stream)->channel, IBB_STREAM_READ);
}

static GSource *
ibb_input_stream_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  GSource *source = g_pollable_source_new_full (stream, NULL, cancellable);

  ibb_stream_operation_add_source (IBB_INPUT_STREAM (stream)->channel, IBB_STREAM_READ, source);
  return source;
}

static gssize
ibb_input_stream_read_nonblocking (GPollableInputStream *stream,
                                   void                 *buffer,
                                   gsize                 count,
                                   GError              **error)
{
  const GOutputVector place = { buffer, count };

  return ibb_stream_operation_try (IBB_INPUT_STREAM (stream)->channel, IBB_STREAM_READ, &place,
                                   error);
}

static void
pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = ibb_input_stream_is_readable;
  iface->create_source = ibb_input_stream_create_source;
  iface->read_nonblocking = ibb_input_stream_read_nonblocking;
}

static void
ibb_input_stream_finalize (GObject *object)
{
  IBBInputStream *self = IBB_INPUT_STREAM (object);

  g_clear_pointer (&self->channel, ibb_channel_unref);
  G_OBJECT_CLASS (ibb_input_stream_parent_class)->finalize (object);
}

static void
ibb_input_stream_class_init (IBBInputStreamClass *class)
{
  GObjectClass      *object_class = G_OBJECT_CLASS (class);
  GInputStreamClass *stream_class = G_INPUT_STREAM_CLASS (class);

  object_class->finalize = ibb_input_stream_finalize;

  stream_class->read_fn = ibb_input_stream_read;
  stream_class->read_async = ibb_input_stream_read_async;
  stream_class->read_finish = ibb_input_stream_read_finish;
  stream_class->close_fn = ibb_input_stream_close;
  stream_class->close_async = ibb_input_stream_close_async;
  stream_class->close_finish = ibb_input_stream_close_finish;
}

static void
ibb_input_stream_init (IBBInputStream *self)
{
}

GInputStream *
ibb_input_stream_new (IBBChannel *channel)
{
  IBBInputStream *self = g_object_new (IBB_TYPE_INPUT_STREAM, NULL);

  self->channel = ibb_channel_ref (channel);
  return G_INPUT_STREAM (self);
}
