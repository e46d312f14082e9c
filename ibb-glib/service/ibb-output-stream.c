/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-output-stream.h"

#include "base/call-task.h"
#include "runtime/stream-operation.h"
#include "service/ibb-transport-private.h"

/**
 * IBBOutputStream:
 *
 * The writing half of an [class@IBB.Transport].
 *
 * A write queues as many bytes as the send buffer has room for, and waits while
 * it has none. Small writes are collected into blocks while others are in flight.
 * A flush also sends partial blocks, and is done when every byte so far is sent.
 * [method@IBB.Transport.drain] waits until the peer has acknowledged them. Errors
 * are always [error@Gio.IOErrorEnum].
 *
 * A cancelled write or flush, or one past [property@IBB.Transport:write-timeout],
 * loses and duplicates nothing, and can be repeated. Closing this half flushes,
 * and makes later writes fail. It tells the peer nothing: see
 * [method@IBB.Transport.shutdown_output].
 *
 * The half holds no reference to its transport: while nothing is in progress,
 * dropping the transport ends the session.
 *
 * ```c
 * static gboolean
 * send_line (IBBTransport *transport, const char *line, GError **error)
 * {
 *   GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (transport));
 *
 *   return g_output_stream_printf (output, NULL, NULL, error, "%s\n", line) &&
 *          g_output_stream_flush (output, NULL, error);
 * }
 * ```
 *
 * ## Threads
 *
 * Any thread may write, one at a time. A blocking call that would have to wait in the thread that
 * serves the connection fails with %G_IO_ERROR_WOULD_BLOCK. Asynchronous calls complete in the
 * thread-default context of their caller. If another thread cancels a write at the moment at which
 * it succeeds, it may fail with %G_IO_ERROR_CANCELLED although its bytes were taken, as with any
 * [class@Gio.OutputStream]. The pollable calls never wait, and a source may be attached to the
 * context of any thread.
 *
 * Since: 1.0
 */

struct _IBBOutputStream
{
  GOutputStream parent_instance;

  /* immutable after construction */
  IBBChannel *channel; /* (owned) (nullable) */
};

static void pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBOutputStream,
                               ibb_output_stream,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM, pollable_init))

static gboolean
ibb_output_stream_writev (GOutputStream       *stream,
                          const GOutputVector *vectors,
                          gsize                n_vectors,
                          gsize               *bytes_written,
                          GCancellable        *cancellable,
                          GError             **error)
{
  gssize size = ibb_stream_operation_run (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_WRITE,
                                          vectors, n_vectors, cancellable, error);

  if (bytes_written != NULL)
    *bytes_written = MAX (size, 0);
  return size >= 0;
}

static gssize
ibb_output_stream_write (GOutputStream *stream,
                         const void    *buffer,
                         gsize          count,
                         GCancellable  *cancellable,
                         GError       **error)
{
  const GOutputVector vector = { buffer, count };

  return ibb_stream_operation_run (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_WRITE, &vector,
                                   1, cancellable, error);
}

static void
ibb_output_stream_write_async (GOutputStream      *stream,
                               const void         *buffer,
                               gsize               count,
                               int                 io_priority,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data)
{
  const GOutputVector vector = { buffer, count };
  g_autoptr (GTask)   task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, ibb_output_stream_write_async);
  g_task_set_priority (task, io_priority);
  ibb_stream_operation_start (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_WRITE, &vector, 1,
                              task, NULL, NULL);
}

static gssize
ibb_output_stream_write_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), -1);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_output_stream_write_async), -1);

  return g_task_propagate_int (G_TASK (result), error);
}

static void
clear_pending (gpointer data)
{
  g_output_stream_clear_pending (data);
}

/* GIO keeps other writes away from each of its calls, but not from this one. */
static void
ibb_output_stream_writev_async (GOutputStream       *stream,
                                const GOutputVector *vectors,
                                gsize                n_vectors,
                                int                  io_priority,
                                GCancellable        *cancellable,
                                GAsyncReadyCallback  callback,
                                gpointer             user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  GError           *error = NULL;

  g_task_set_source_tag (task, ibb_output_stream_writev_async);
  g_task_set_priority (task, io_priority);
  if (g_output_stream_set_pending (stream, &error))
    ibb_stream_operation_start (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_WRITE, vectors,
                                n_vectors, task, clear_pending, stream);
  else
    g_task_return_error (task, error);
}

static gboolean
ibb_output_stream_writev_finish (GOutputStream *stream,
                                 GAsyncResult  *result,
                                 gsize         *bytes_written,
                                 GError       **error)
{
  gssize size;

  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_output_stream_writev_async), FALSE);

  size = g_task_propagate_int (G_TASK (result), error);
  if (bytes_written != NULL)
    *bytes_written = MAX (size, 0);
  return size >= 0;
}

static gboolean
ibb_output_stream_flush (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  return ibb_stream_operation_run (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_FLUSH, NULL, 0,
                                   cancellable, error) == 0;
}

static void
ibb_output_stream_flush_async (GOutputStream      *stream,
                               int                 io_priority,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_source_tag (task, ibb_output_stream_flush_async);
  g_task_set_priority (task, io_priority);
  ibb_stream_operation_start (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_FLUSH, NULL, 0, task,
                              NULL, NULL);
}

static gboolean
ibb_output_stream_flush_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_output_stream_flush_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/* GIO has flushed the stream before it calls the close functions. */

static gboolean
ibb_output_stream_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  ibb_channel_close_output (IBB_OUTPUT_STREAM (stream)->channel);
  return TRUE;
}

static void
ibb_output_stream_close_async (GOutputStream      *stream,
                               int                 io_priority,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data)
{
  g_autoptr (GTask) task =
      ibb_call_task_new (stream, ibb_output_stream_close_async, "[ibb-glib] close output",
                         cancellable, callback, user_data);

  g_task_set_priority (task, io_priority);
  ibb_channel_close_output (IBB_OUTPUT_STREAM (stream)->channel);
  g_task_return_boolean (task, TRUE);
}

static gboolean
ibb_output_stream_close_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_output_stream_close_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
ibb_output_stream_is_writable (GPollableOutputStream *stream)
{
  return ibb_stream_operation_is_ready (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_WRITE);
}

static GSource *
ibb_output_stream_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  GSource *source = g_pollable_source_new_full (stream, NULL, cancellable);

  ibb_stream_operation_add_source (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_WRITE, source);
  return source;
}

static gssize
ibb_output_stream_write_nonblocking (GPollableOutputStream *stream,
                                     const void            *buffer,
                                     gsize                  count,
                                     GError               **error)
{
  const GOutputVector vector = { buffer, count };

  return ibb_stream_operation_try (IBB_OUTPUT_STREAM (stream)->channel, IBB_STREAM_WRITE, &vector,
                                   error);
}

static void
pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = ibb_output_stream_is_writable;
  iface->create_source = ibb_output_stream_create_source;
  iface->write_nonblocking = ibb_output_stream_write_nonblocking;
}

static void
ibb_output_stream_finalize (GObject *object)
{
  IBBOutputStream *self = IBB_OUTPUT_STREAM (object);

  g_clear_pointer (&self->channel, ibb_channel_unref);
  G_OBJECT_CLASS (ibb_output_stream_parent_class)->finalize (object);
}

static void
ibb_output_stream_class_init (IBBOutputStreamClass *class)
{
  GObjectClass       *object_class = G_OBJECT_CLASS (class);
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (class);

  object_class->finalize = ibb_output_stream_finalize;

  stream_class->write_fn = ibb_output_stream_write;
  stream_class->write_async = ibb_output_stream_write_async;
  stream_class->write_finish = ibb_output_stream_write_finish;
  stream_class->writev_fn = ibb_output_stream_writev;
  stream_class->writev_async = ibb_output_stream_writev_async;
  stream_class->writev_finish = ibb_output_stream_writev_finish;
  stream_class->flush = ibb_output_stream_flush;
  stream_class->flush_async = ibb_output_stream_flush_async;
  stream_class->flush_finish = ibb_output_stream_flush_finish;
  stream_class->close_fn = ibb_output_stream_close;
  stream_class->close_async = ibb_output_stream_close_async;
  stream_class->close_finish = ibb_output_stream_close_finish;
}

static void
ibb_output_stream_init (IBBOutputStream *self)
{
}

GOutputStream *
ibb_output_stream_new (IBBChannel *channel)
{
  IBBOutputStream *self = g_object_new (IBB_TYPE_OUTPUT_STREAM, NULL);

  self->channel = ibb_channel_ref (channel);
  return G_OUTPUT_STREAM (self);
}
