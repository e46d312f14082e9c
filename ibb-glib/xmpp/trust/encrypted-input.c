/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/encrypted-input.h"

struct _IBBEncryptedInput
{
  GInputStream parent_instance;

  IBBCipherPipe *pipe; /* (owned): immutable after construction */
};

static void input_pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBEncryptedInput,
                               ibb_encrypted_input,
                               G_TYPE_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM,
                                                      input_pollable_init))
static gssize
ibb_encrypted_input_read (
    GInputStream *stream, void *bytes, gsize n, GCancellable *cancellable, GError **error)
{
  return ibb_cipher_pipe_read (IBB_ENCRYPTED_INPUT (stream)->pipe, bytes, n, cancellable, error);
}

static gboolean
input_is_readable (GPollableInputStream *stream)
{
  return ibb_cipher_pipe_is_readable (IBB_ENCRYPTED_INPUT (stream)->pipe);
}

/* Is ready while TLS has read bytes of the session that the application has not: a source of the
 * session alone would sleep over these. */
typedef struct
{
  GSource        parent;
  IBBCipherPipe *pipe; /* (owned) */
} PendingSource;

static gboolean
pending_check (GSource *source)
{
  return ibb_cipher_pipe_has_input (((PendingSource *) source)->pipe);
}

static gboolean
pending_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  return pending_check (source);
}

static gboolean
pending_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
pending_finalize (GSource *source)
{
  ibb_cipher_pipe_unref (((PendingSource *) source)->pipe);
}

static GSourceFuncs pending_funcs = {
  pending_prepare, pending_check, pending_dispatch, pending_finalize, NULL, NULL,
};

static GSource *
input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  IBBCipherPipe      *pipe = IBB_ENCRYPTED_INPUT (stream)->pipe;
  g_autoptr (GSource) session = g_pollable_input_stream_create_source (
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (pipe->transport))), NULL);
  g_autoptr (GSource) pending = g_source_new (&pending_funcs, sizeof (PendingSource));
  GSource            *source = g_pollable_source_new_full (stream, session, cancellable);

  ((PendingSource *) pending)->pipe = ibb_cipher_pipe_ref (pipe);
  g_source_set_static_name (pending, "[ibb-glib] decrypted bytes");
  g_source_add_child_source (source, pending);
  return source;
}

static gssize
input_read_nonblocking (GPollableInputStream *stream, void *bytes, gsize n, GError **error)
{
  return ibb_cipher_pipe_try_read (IBB_ENCRYPTED_INPUT (stream)->pipe, bytes, n, error);
}

static void
input_pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = input_is_readable;
  iface->create_source = input_create_source;
  iface->read_nonblocking = input_read_nonblocking;
}

static void
ibb_encrypted_input_finalize (GObject *object)
{
  ibb_cipher_pipe_unref (IBB_ENCRYPTED_INPUT (object)->pipe);
  G_OBJECT_CLASS (ibb_encrypted_input_parent_class)->finalize (object);
}

static void
ibb_encrypted_input_class_init (IBBEncryptedInputClass *class)
{
  G_OBJECT_CLASS (class)->finalize = ibb_encrypted_input_finalize;
  G_INPUT_STREAM_CLASS (class)->read_fn = ibb_encrypted_input_read;
}

static void
ibb_encrypted_input_init (IBBEncryptedInput *self)
{
}

GInputStream *
ibb_encrypted_input_new (IBBCipherPipe *pipe)
{
  IBBEncryptedInput *self = g_object_new (IBB_TYPE_ENCRYPTED_INPUT, NULL);

  self->pipe = ibb_cipher_pipe_ref (pipe);
  return G_INPUT_STREAM (self);
}
