/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/tls-base.h"

#include "base/intl.h"

/* Bytes. A record may have 16 KiB, and a session ticket 64 KiB. */
#define MAX_WITHOUT_DATA (256 * 1024)

/* The input. */

#define IBB_TYPE_TLS_BASE_INPUT (ibb_tls_base_input_get_type ())
G_DECLARE_FINAL_TYPE (IBBTlsBaseInput, ibb_tls_base_input, IBB, TLS_BASE_INPUT, GFilterInputStream)

/* Read by the thread of the handshake, and by the worker afterwards: never by two at a time. */
struct _IBBTlsBaseInput
{
  GFilterInputStream parent;

  gboolean is_bounded;
  gsize    n_without_data; /* bytes */
};

struct _IBBTlsBase
{
  GIOStream parent;

  GIOStream       *connection; /* (owned) */
  IBBTlsBaseInput *input;      /* (owned) */
};

static void pollable_init (GPollableInputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBTlsBaseInput,
                               ibb_tls_base_input,
                               G_TYPE_FILTER_INPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_INPUT_STREAM, pollable_init))

G_DEFINE_FINAL_TYPE (IBBTlsBase, ibb_tls_base, G_TYPE_IO_STREAM)

static gboolean
check_bound (IBBTlsBaseInput *self, GError **error)
{
  if (!self->is_bounded || self->n_without_data <= MAX_WITHOUT_DATA)
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("The server sent more than %d KiB of TLS messages without any data"),
               MAX_WITHOUT_DATA / 1024);
  return FALSE;
}

static gssize
count (IBBTlsBaseInput *self, gssize n)
{
  if (n > 0)
    self->n_without_data += (gsize) n;
  return n;
}

static gssize
ibb_tls_base_input_read (
    GInputStream *stream, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  IBBTlsBaseInput *self = IBB_TLS_BASE_INPUT (stream);
  GInputStream    *base = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (self));

  if (!check_bound (self, error))
    return -1;
  return count (self, g_input_stream_read (base, buffer, size, cancellable, error));
}

static gssize
ibb_tls_base_input_read_nonblocking (GPollableInputStream *stream,
                                     void                 *buffer,
                                     gsize                 size,
                                     GError              **error)
{
  IBBTlsBaseInput *self = IBB_TLS_BASE_INPUT (stream);
  GInputStream    *base = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (self));

  if (!check_bound (self, error))
    return -1;
  return count (self, g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (base),
                                                                buffer, size, NULL, error));
}

static GPollableInputStream *
get_pollable (GPollableInputStream *stream)
{
  return G_POLLABLE_INPUT_STREAM (
      g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream)));
}

static gboolean
ibb_tls_base_input_is_readable (GPollableInputStream *stream)
{
  return g_pollable_input_stream_is_readable (get_pollable (stream));
}

static GSource *
ibb_tls_base_input_create_source (GPollableInputStream *stream, GCancellable *cancellable)
{
  g_autoptr (GSource) source = g_pollable_input_stream_create_source (get_pollable (stream), NULL);

  return g_pollable_source_new_full (stream, source, cancellable);
}

static void
pollable_init (GPollableInputStreamInterface *iface)
{
  iface->is_readable = ibb_tls_base_input_is_readable;
  iface->create_source = ibb_tls_base_input_create_source;
  iface->read_nonblocking = ibb_tls_base_input_read_nonblocking;
}

static void
ibb_tls_base_input_class_init (IBBTlsBaseInputClass *klass)
{
  G_INPUT_STREAM_CLASS (klass)->read_fn = ibb_tls_base_input_read;
}

static void
ibb_tls_base_input_init (IBBTlsBaseInput *self)
{
}

/* The connection. */

static GInputStream *
ibb_tls_base_get_input_stream (GIOStream *stream)
{
  return G_INPUT_STREAM (IBB_TLS_BASE (stream)->input);
}

static GOutputStream *
ibb_tls_base_get_output_stream (GIOStream *stream)
{
  return g_io_stream_get_output_stream (IBB_TLS_BASE (stream)->connection);
}

static gboolean
ibb_tls_base_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (IBB_TLS_BASE (stream)->connection, cancellable, error);
}

static void
ibb_tls_base_finalize (GObject *object)
{
  IBBTlsBase *self = IBB_TLS_BASE (object);

  G_OBJECT_CLASS (ibb_tls_base_parent_class)->finalize (object);

  g_object_unref (self->input);
  g_object_unref (self->connection);
}

static void
ibb_tls_base_class_init (IBBTlsBaseClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = ibb_tls_base_finalize;
  G_IO_STREAM_CLASS (klass)->get_input_stream = ibb_tls_base_get_input_stream;
  G_IO_STREAM_CLASS (klass)->get_output_stream = ibb_tls_base_get_output_stream;
  G_IO_STREAM_CLASS (klass)->close_fn = ibb_tls_base_close;
}

static void
ibb_tls_base_init (IBBTlsBase *self)
{
}

IBBTlsBase *
ibb_tls_base_new (GIOStream *connection)
{
  IBBTlsBase *self = g_object_new (IBB_TYPE_TLS_BASE, NULL);

  self->connection = g_object_ref (connection);
  self->input =
      g_object_new (IBB_TYPE_TLS_BASE_INPUT, "base-stream",
                    g_io_stream_get_input_stream (connection), "close-base-stream", FALSE, NULL);
  return self;
}

GIOStream *
ibb_tls_base_get_connection (IBBTlsBase *self)
{
  return self->connection;
}

IBBTlsBase *
ibb_tls_base_get (GTlsConnection *tls)
{
  g_autoptr (GIOStream) base = NULL;

  g_object_get (tls, "base-io-stream", &base, NULL);
  return IBB_TLS_BASE (base); /* tls holds a reference */
}

void
ibb_tls_base_note_data (IBBTlsBase *self)
{
  self->input->is_bounded = TRUE;
  self->input->n_without_data = 0;
}
