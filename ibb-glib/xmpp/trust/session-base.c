/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/session-base.h"

/* The output of a session, whose own close leaves the session open for writing. */
#define IBB_TYPE_SESSION_BASE_OUTPUT (ibb_session_base_output_get_type ())
G_DECLARE_FINAL_TYPE (
    IBBSessionBaseOutput, ibb_session_base_output, IBB, SESSION_BASE_OUTPUT, GFilterOutputStream)

struct _IBBSessionBaseOutput
{
  GFilterOutputStream parent_instance;
};

struct _IBBSessionBase
{
  GIOStream parent_instance;

  /* immutable after construction */
  IBBTransport  *transport; /* (owned) */
  GOutputStream *output;    /* (owned) */
};

static void output_iface_init (GPollableOutputStreamInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBSessionBaseOutput,
                               ibb_session_base_output,
                               G_TYPE_FILTER_OUTPUT_STREAM,
                               G_IMPLEMENT_INTERFACE (G_TYPE_POLLABLE_OUTPUT_STREAM,
                                                      output_iface_init))
G_DEFINE_FINAL_TYPE (IBBSessionBase, ibb_session_base, G_TYPE_IO_STREAM)

static GPollableOutputStream *
get_pollable (gpointer output)
{
  return G_POLLABLE_OUTPUT_STREAM (
      g_filter_output_stream_get_base_stream (G_FILTER_OUTPUT_STREAM (output)));
}

static gboolean
output_is_writable (GPollableOutputStream *output)
{
  return g_pollable_output_stream_is_writable (get_pollable (output));
}

static GSource *
output_create_source (GPollableOutputStream *output, GCancellable *cancellable)
{
  g_autoptr (GSource) base =
      g_pollable_output_stream_create_source (get_pollable (output), cancellable);

  return g_pollable_source_new_full (output, base, NULL);
}

static gssize
output_write_nonblocking (GPollableOutputStream *output,
                          const void            *buffer,
                          gsize                  count,
                          GError               **error)
{
  return g_pollable_output_stream_write_nonblocking (get_pollable (output), buffer, count, NULL,
                                                     error);
}

static void
output_iface_init (GPollableOutputStreamInterface *iface)
{
  iface->is_writable = output_is_writable;
  iface->create_source = output_create_source;
  iface->write_nonblocking = output_write_nonblocking;
}

static void
ibb_session_base_output_class_init (IBBSessionBaseOutputClass *class)
{
}

static void
ibb_session_base_output_init (IBBSessionBaseOutput *self)
{
}

static GInputStream *
ibb_session_base_get_input_stream (GIOStream *stream)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (IBB_SESSION_BASE (stream)->transport));
}

static GOutputStream *
ibb_session_base_get_output_stream (GIOStream *stream)
{
  return IBB_SESSION_BASE (stream)->output;
}

static gboolean
ibb_session_base_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  return g_io_stream_close (G_IO_STREAM (IBB_SESSION_BASE (stream)->transport), cancellable, error);
}

static void
ibb_session_base_finalize (GObject *object)
{
  IBBSessionBase *self = IBB_SESSION_BASE (object);

  /* GIOStream looks at both halves once more. */
  G_OBJECT_CLASS (ibb_session_base_parent_class)->finalize (object);

  g_object_unref (self->output);
  g_object_unref (self->transport);
}

static void
ibb_session_base_class_init (IBBSessionBaseClass *class)
{
  G_OBJECT_CLASS (class)->finalize = ibb_session_base_finalize;
  G_IO_STREAM_CLASS (class)->get_input_stream = ibb_session_base_get_input_stream;
  G_IO_STREAM_CLASS (class)->get_output_stream = ibb_session_base_get_output_stream;
  G_IO_STREAM_CLASS (class)->close_fn = ibb_session_base_close;
}

static void
ibb_session_base_init (IBBSessionBase *self)
{
}

GIOStream *
ibb_session_base_new (IBBTransport *transport)
{
  IBBSessionBase *self = g_object_new (IBB_TYPE_SESSION_BASE, NULL);

  self->transport = g_object_ref (transport);
  self->output = g_object_new (IBB_TYPE_SESSION_BASE_OUTPUT, "base-stream",
                               g_io_stream_get_output_stream (G_IO_STREAM (transport)),
                               "close-base-stream", FALSE, NULL);
  return G_IO_STREAM (self);
}
