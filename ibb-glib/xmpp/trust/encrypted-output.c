/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/encrypted-output.h"

struct _IBBEncryptedOutput
{
  GOutputStream parent_instance;

  IBBCipherPipe *pipe; /* (owned): immutable after construction */
};

static void output_pollable_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBEncryptedOutput,
                               ibb_encrypted_output,
                               G_TYPE_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      output_pollable_init))

static GOutputStream *
get_session_output (GOutputStream *stream)
{
  return g_io_stream_get_output_stream (
      G_IO_STREAM (IBB_ENCRYPTED_OUTPUT (stream)->pipe->transport));
}

static gssize
ibb_encrypted_output_write (
    GOutputStream *stream, const void *bytes, gsize n, GCancellable *cancellable, GError **error)
{
  return ibb_cipher_pipe_write (IBB_ENCRYPTED_OUTPUT (stream)->pipe, bytes, n, cancellable, error);
}

static gboolean
ibb_encrypted_output_flush (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  return ibb_cipher_pipe_push (IBB_ENCRYPTED_OUTPUT (stream)->pipe, cancellable, error) &&
         g_output_stream_flush (get_session_output (stream), cancellable, error);
}

static gboolean
ibb_encrypted_output_close (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  return ibb_cipher_pipe_shut (IBB_ENCRYPTED_OUTPUT (stream)->pipe, error) &&
         ibb_encrypted_output_flush (stream, cancellable, error);
}

static GTask *
new_task (GOutputStream      *stream,
          gpointer            tag,
          int                 priority,
          GCancellable       *cancellable,
          GAsyncReadyCallback callback,
          gpointer            data)
{
  GTask *task = g_task_new (stream, cancellable, callback, data);

  g_task_set_source_tag (task, tag);
  g_task_set_priority (task, priority);
  return task;
}

static void
ibb_encrypted_output_flush_async (GOutputStream      *stream,
                                  int                 priority,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            data)
{
  ibb_cipher_pipe_push_async (
      IBB_ENCRYPTED_OUTPUT (stream)->pipe,
      new_task (stream, ibb_encrypted_output_flush_async, priority, cancellable, callback, data));
}

static void
ibb_encrypted_output_close_async (GOutputStream      *stream,
                                  int                 priority,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            data)
{
  GTask *task =
      new_task (stream, ibb_encrypted_output_close_async, priority, cancellable, callback, data);
  GError *error = NULL;

  if (ibb_cipher_pipe_shut (IBB_ENCRYPTED_OUTPUT (stream)->pipe, &error))
    {
      ibb_cipher_pipe_push_async (IBB_ENCRYPTED_OUTPUT (stream)->pipe, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* Of a flush, and of a close. */
static gboolean
ibb_encrypted_output_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_boolean (G_TASK (result), error);
}

static gboolean
output_is_writable (GPollableOutputStream *stream)
{
  return g_pollable_output_stream_is_writable (
      G_POLLABLE_OUTPUT_STREAM (get_session_output (G_OUTPUT_STREAM (stream))));
}

static GSource *
output_create_source (GPollableOutputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) base = g_pollable_output_stream_create_source (
      G_POLLABLE_OUTPUT_STREAM (get_session_output (G_OUTPUT_STREAM (stream))), NULL);

  return g_pollable_source_new_full (stream, base, cancellable);
}

static gssize
output_write_nonblocking (GPollableOutputStream *stream, const void *bytes, gsize n, GError **error)
{
  return ibb_cipher_pipe_try_write (IBB_ENCRYPTED_OUTPUT (stream)->pipe, bytes, n, error);
}

static void
output_pollable_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = output_is_writable;
  iface->create_source = output_create_source;
  iface->write_nonblocking = output_write_nonblocking;
}

static void
ibb_encrypted_output_finalize (GObject *object)
{
  /* GOutputStream has closed itself in its dispose. */
  ibb_cipher_pipe_unref (IBB_ENCRYPTED_OUTPUT (object)->pipe);
  G_OBJECT_CLASS (ibb_encrypted_output_parent_class)->finalize (object);
}

static void
ibb_encrypted_output_class_init (IBBEncryptedOutputClass *class)
{
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (class);

  G_OBJECT_CLASS (class)->finalize = ibb_encrypted_output_finalize;
  stream_class->write_fn = ibb_encrypted_output_write;
  stream_class->flush = ibb_encrypted_output_flush;
  stream_class->flush_async = ibb_encrypted_output_flush_async;
  stream_class->flush_finish = ibb_encrypted_output_finish;
  stream_class->close_fn = ibb_encrypted_output_close;
  stream_class->close_async = ibb_encrypted_output_close_async;
  stream_class->close_finish = ibb_encrypted_output_finish;
}

static void
ibb_encrypted_output_init (IBBEncryptedOutput *self)
{
}

GOutputStream *
ibb_encrypted_output_new (IBBCipherPipe *pipe)
{
  IBBEncryptedOutput *self = g_object_new (IBB_TYPE_ENCRYPTED_OUTPUT, NULL);

  self->pipe = ibb_cipher_pipe_ref (pipe);
  return G_OUTPUT_STREAM (self);
}
