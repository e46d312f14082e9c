/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "trust/session-base.h"

#include "ibb-transport-private.h"

struct _IBBSessionBase
{
  GIOStream parent_instance;

  /* immutable after construction */
  IBBTransport  *transport; /* (owned) */
  GOutputStream *output;    /* (owned) */
};

G_DEFINE_FINAL_TYPE (IBBSessionBase, ibb_session_base, G_TYPE_IO_STREAM)

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
  self->output = ibb_transport_create_output (transport);
  return G_IO_STREAM (self);
}
