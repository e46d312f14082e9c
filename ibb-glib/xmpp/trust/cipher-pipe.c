/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/cipher-pipe.h"

#include "base/intl.h"
#include "base/source.h"

static void
pipe_clear (gpointer data)
{
  IBBCipherPipe *self = data;

  g_assert (self->pusher == NULL);
  ibb_tls_session_free (self->tls);
  g_object_unref (self->transport);
  ibb_thread_quit (self->thread, NULL, NULL);
  g_mutex_clear (&self->lock);
}

IBBCipherPipe *
ibb_cipher_pipe_ref (IBBCipherPipe *self)
{
  return g_atomic_rc_box_acquire (self);
}

void
ibb_cipher_pipe_unref (gpointer self)
{
  g_atomic_rc_box_release_full (self, pipe_clear);
}

static GInputStream *
get_input (IBBCipherPipe *self)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (self->transport));
}

static GOutputStream *
get_output (IBBCipherPipe *self)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (self->transport));
}

const char *
ibb_cipher_pipe_get_cipher (IBBCipherPipe *self)
{
  const char *cipher;

  g_mutex_lock (&self->lock);
  cipher = ibb_tls_session_get_cipher (self->tls);
  g_mutex_unlock (&self->lock);
  return cipher;
}

GBytes *
ibb_cipher_pipe_dup_exporter (IBBCipherPipe *self)
{
  GBytes *exporter;

  g_mutex_lock (&self->lock);
  exporter = ibb_tls_session_dup_exporter (self->tls);
  g_mutex_unlock (&self->lock);
  return exporter;
}

GBytes *
ibb_cipher_pipe_dup_end_point (IBBCipherPipe *self)
{
  GBytes *end_point;

  g_mutex_lock (&self->lock);
  end_point = ibb_tls_session_dup_end_point (self->tls);
  g_mutex_unlock (&self->lock);
  return end_point;
}

/* Reading. */

static void
receive_locked (IBBCipherPipe *self, const guint8 *bytes, gssize n)
{
  if (n > 0)
    ibb_tls_session_receive (self->tls, bytes, (gsize) n);
  else
    ibb_tls_session_receive_end (self->tls);
}

/* Returns FALSE if bytes of the session are needed. Otherwise n_read is set, or -1 with error. */
static gboolean
decrypt_locked (IBBCipherPipe *self, void *bytes, gsize n, gssize *n_read, GError **error)
{
  gsize        size;
  IBBTlsResult result = ibb_tls_session_read (self->tls, bytes, n, &size);

  *n_read = (gssize) size;
  if (result == IBB_TLS_FAILED)
    {
      g_propagate_error (error, ibb_tls_session_dup_error (self->tls));
      *n_read = -1;
    }
  return result != IBB_TLS_WAIT;
}

gssize
ibb_cipher_pipe_try_read (IBBCipherPipe *self, void *bytes, gsize n, GError **error)
{
  guint8 buffer[IBB_TLS_RECORD_MAX];
  gssize n_read;

  g_mutex_lock (&self->lock);
  while (!decrypt_locked (self, bytes, n, &n_read, error))
    {
      gsize wanted = MIN (ibb_tls_session_get_wanted (self->tls), sizeof buffer);

      n_read = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (get_input (self)),
                                                         buffer, wanted, NULL, error);
      if (n_read < 0)
        break;
      receive_locked (self, buffer, n_read);
    }
  g_mutex_unlock (&self->lock);
  return n_read;
}

/* The lock is not held while the call waits for the session. */
gssize
ibb_cipher_pipe_read (
    IBBCipherPipe *self, void *bytes, gsize n, GCancellable *cancellable, GError **error)
{
  guint8 buffer[IBB_TLS_RECORD_MAX];
  gssize n_read;

  g_mutex_lock (&self->lock);
  while (!decrypt_locked (self, bytes, n, &n_read, error))
    {
      gsize wanted = MIN (ibb_tls_session_get_wanted (self->tls), sizeof buffer);

      g_mutex_unlock (&self->lock);
      n_read = g_input_stream_read (get_input (self), buffer, wanted, cancellable, error);
      if (n_read < 0)
        return -1;
      g_mutex_lock (&self->lock);
      receive_locked (self, buffer, n_read);
    }
  g_mutex_unlock (&self->lock);
  return n_read;
}

gboolean
ibb_cipher_pipe_has_input (IBBCipherPipe *self)
{
  gboolean has_input;

  g_mutex_lock (&self->lock);
  has_input = ibb_tls_session_is_readable (self->tls);
  g_mutex_unlock (&self->lock);
  return has_input;
}

gboolean
ibb_cipher_pipe_is_readable (IBBCipherPipe *self)
{
  return ibb_cipher_pipe_has_input (self) ||
         g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (get_input (self)));
}

/* Writing. */

/* As far as the session takes the output now. FALSE with error, which may be
 * %G_IO_ERROR_WOULD_BLOCK. */
static gboolean
try_push_locked (IBBCipherPipe *self, GError **error)
{
  GByteArray *output = ibb_tls_session_get_output (self->tls);

  while (output->len > 0 && !self->is_sending)
    {
      gssize n = g_pollable_output_stream_write_nonblocking (
          G_POLLABLE_OUTPUT_STREAM (get_output (self)), output->data, output->len, NULL, error);

      if (n < 0)
        return FALSE;
      g_byte_array_remove_range (output, 0, (guint) n);
    }
  return TRUE;
}

static gboolean
push_cb (GObject *output, gpointer data)
{
  IBBCipherPipe     *self = data;
  g_autoptr (GError) error = NULL;
  gboolean           goes_on;

  g_mutex_lock (&self->lock);
  /* Any other error meets the next call. */
  goes_on = !try_push_locked (self, &error) &&
            g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  if (!goes_on)
    g_clear_pointer (&self->pusher, g_source_unref);
  g_mutex_unlock (&self->lock);
  return goes_on;
}

/* The application may not call again before the peer has answered what lies here. */
static void
leave_output_locked (IBBCipherPipe *self)
{
  if (ibb_tls_session_get_output (self->tls)->len == 0 || self->pusher != NULL)
    return;
  self->pusher = ibb_source_attach (
      g_pollable_output_stream_create_source (G_POLLABLE_OUTPUT_STREAM (get_output (self)), NULL),
      ibb_thread_get_context (self->thread), "[ibb-glib] encrypted bytes", G_SOURCE_FUNC (push_cb),
      ibb_cipher_pipe_ref (self), ibb_cipher_pipe_unref);
}

IBBCipherPipe *
ibb_cipher_pipe_new (IBBTransport *transport, IBBTlsSession *tls, IBBThread *thread)
{
  IBBCipherPipe *self = g_atomic_rc_box_new0 (IBBCipherPipe);

  g_mutex_init (&self->lock);
  self->transport = g_object_ref (transport);
  self->thread = ibb_thread_new_beside (thread);
  self->tls = tls;
  leave_output_locked (self); /* the last word of the agreement */
  return self;
}

/* Takes the output, so that the lock is not held while the call waits. */
static GByteArray *
take_output_locked (IBBCipherPipe *self)
{
  GByteArray *output = ibb_tls_session_get_output (self->tls);
  GByteArray *taken = g_byte_array_sized_new (output->len);

  g_byte_array_append (taken, output->data, output->len);
  g_byte_array_set_size (output, 0);
  self->is_sending = TRUE;
  return taken;
}

/* Takes taken, of which so many bytes were sent. */
static void
give_output_back_locked (IBBCipherPipe *self, GByteArray *taken, gsize n_sent)
{
  if (n_sent < taken->len)
    g_byte_array_prepend (ibb_tls_session_get_output (self->tls), taken->data + n_sent,
                          (guint) (taken->len - n_sent));
  g_byte_array_unref (taken);
  self->is_sending = FALSE;
}

gboolean
ibb_cipher_pipe_push (IBBCipherPipe *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) reason = NULL;
  GByteArray        *taken;
  gboolean           succeeded;
  gsize              n;

  g_mutex_lock (&self->lock);
  succeeded = try_push_locked (self, &reason);
  if (!succeeded && g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&reason);
      taken = take_output_locked (self);
      g_mutex_unlock (&self->lock);
      succeeded = g_output_stream_write_all (get_output (self), taken->data, taken->len, &n,
                                             cancellable, &reason);
      g_mutex_lock (&self->lock);
      give_output_back_locked (self, taken, n);
    }
  /* What is left counts as written, and the application may not come back. */
  if (!succeeded)
    leave_output_locked (self);
  g_mutex_unlock (&self->lock);
  if (!succeeded)
    g_propagate_error (error, g_steal_pointer (&reason));
  return succeeded;
}

static gssize
encrypt_locked (IBBCipherPipe *self, const void *bytes, gsize n, GError **error)
{
  /* GIO does not look whether the stream is closed before it writes without a wait. */
  if (ibb_tls_session_is_shut (self->tls))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The stream is closed"));
      return -1;
    }
  n = MIN (n, IBB_TLS_RECORD_MAX);
  if (n == 0 || ibb_tls_session_write (self->tls, bytes, n) == IBB_TLS_DONE)
    return (gssize) n;
  g_propagate_error (error, ibb_tls_session_dup_error (self->tls));
  return -1;
}

gssize
ibb_cipher_pipe_write (
    IBBCipherPipe *self, const void *bytes, gsize n, GCancellable *cancellable, GError **error)
{
  gssize written;

  if (!ibb_cipher_pipe_push (self, cancellable, error))
    return -1;
  g_mutex_lock (&self->lock);
  written = encrypt_locked (self, bytes, n, error);
  g_mutex_unlock (&self->lock);
  if (written > 0)
    ibb_cipher_pipe_push (self, cancellable, NULL);
  return written;
}

gssize
ibb_cipher_pipe_try_write (IBBCipherPipe *self, const void *bytes, gsize n, GError **error)
{
  gssize written = -1;

  g_mutex_lock (&self->lock);
  if (try_push_locked (self, error))
    {
      written = encrypt_locked (self, bytes, n, error);
      if (written > 0)
        try_push_locked (self, NULL);
    }
  leave_output_locked (self);
  g_mutex_unlock (&self->lock);
  return written;
}

gboolean
ibb_cipher_pipe_shut (IBBCipherPipe *self, GError **error)
{
  gboolean succeeded;

  g_mutex_lock (&self->lock);
  succeeded = ibb_tls_session_shut (self->tls) == IBB_TLS_DONE;
  if (!succeeded)
    g_propagate_error (error, ibb_tls_session_dup_error (self->tls));
  g_mutex_unlock (&self->lock);
  return succeeded;
}

/* Asynchronous sending. */

typedef struct
{
  IBBCipherPipe *pipe;  /* (owned) */
  GByteArray    *taken; /* (owned) (nullable): while written */
} Push;

static void
push_free (gpointer data)
{
  Push *self = data;

  ibb_cipher_pipe_unref (self->pipe);
  g_free (self);
}

static void go_on (GTask *task);

static void
flushed_cb (GObject *output, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError           *error = NULL;

  if (g_output_stream_flush_finish (G_OUTPUT_STREAM (output), result, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
written_cb (GObject *output, GAsyncResult *result, gpointer data)
{
  GTask   *task = data;
  Push    *self = g_task_get_task_data (task);
  GError  *error = NULL;
  gsize    n = 0;
  gboolean succeeded =
      g_output_stream_write_all_finish (G_OUTPUT_STREAM (output), result, &n, &error);

  g_mutex_lock (&self->pipe->lock);
  give_output_back_locked (self->pipe, g_steal_pointer (&self->taken), n);
  if (!succeeded)
    leave_output_locked (self->pipe);
  g_mutex_unlock (&self->pipe->lock);
  if (succeeded)
    {
      go_on (task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/* Takes task. */
static void
go_on (GTask *task)
{
  Push          *self = g_task_get_task_data (task);
  IBBCipherPipe *pipe = self->pipe;
  GError        *error = NULL;
  gboolean       is_sent;

  g_mutex_lock (&pipe->lock);
  is_sent = try_push_locked (pipe, &error);
  if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK))
    {
      g_clear_error (&error);
      self->taken = take_output_locked (pipe);
    }
  g_mutex_unlock (&pipe->lock);
  if (is_sent)
    g_output_stream_flush_async (get_output (pipe), g_task_get_priority (task),
                                 g_task_get_cancellable (task), flushed_cb, task);
  else if (self->taken != NULL)
    g_output_stream_write_all_async (get_output (pipe), self->taken->data, self->taken->len,
                                     g_task_get_priority (task), g_task_get_cancellable (task),
                                     written_cb, task);
  else
    {
      g_task_return_error (task, error);
      g_object_unref (task);
    }
}

void
ibb_cipher_pipe_push_async (IBBCipherPipe *self, GTask *task)
{
  Push *push = g_new0 (Push, 1);

  push->pipe = ibb_cipher_pipe_ref (self);
  g_task_set_task_data (task, push, push_free);
  go_on (task);
}
