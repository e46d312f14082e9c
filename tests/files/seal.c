/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An identity without keys: each end says in one byte whether it trusts the other, and every
 * further byte is changed by its position. */

#include "config.h"

#include "whole.h"

#define HANDSHAKE_TIMEOUT 60000 /* ms */

static void
change (guint8 *bytes, gsize length, guint64 *position)
{
  for (gsize i = 0; i < length; i++)
    bytes[i] ^= (guint8) (++*position * 7);
}

/* The input. */

typedef struct
{
  GFilterInputStream parent_instance;
  guint64            position;
} SealInput;

typedef GFilterInputStreamClass SealInputClass;
static GType                    seal_input_get_type (void);
G_DEFINE_TYPE (SealInput, seal_input, G_TYPE_FILTER_INPUT_STREAM)

static void
read_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  SealInput        *self = g_task_get_source_object (task);
  GError           *error = NULL;
  gssize            n = g_input_stream_read_finish (G_INPUT_STREAM (object), result, &error);

  if (n > 0)
    change (g_task_get_task_data (task), (gsize) n, &self->position);
  if (n < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, n);
}

static void
seal_input_read_async (GInputStream       *stream,
                       void               *buffer,
                       gsize               count,
                       int                 io_priority,
                       GCancellable       *cancellable,
                       GAsyncReadyCallback callback,
                       gpointer            user_data)
{
  GTask *task = g_task_new (stream, cancellable, callback, user_data);

  g_task_set_task_data (task, buffer, NULL);
  g_input_stream_read_async (g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream)),
                             buffer, count, io_priority, cancellable, read_cb, task);
}

static gssize
finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gssize
seal_input_read_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return finish (result, error);
}

static void
seal_input_class_init (SealInputClass *class)
{
  G_INPUT_STREAM_CLASS (class)->read_async = seal_input_read_async;
  G_INPUT_STREAM_CLASS (class)->read_finish = seal_input_read_finish;
}

static void
seal_input_init (SealInput *self)
{
}

/* The output. */

typedef struct
{
  GFilterOutputStream parent_instance;
  guint64             position;
} SealOutput;

typedef GFilterOutputStreamClass SealOutputClass;
static GType                     seal_output_get_type (void);
G_DEFINE_TYPE (SealOutput, seal_output, G_TYPE_FILTER_OUTPUT_STREAM)

static void
written_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError           *error = NULL;
  gsize             n;

  if (g_output_stream_write_all_finish (G_OUTPUT_STREAM (object), result, &n, &error))
    g_task_return_int (task, (gssize) n);
  else
    g_task_return_error (task, error);
}

static void
seal_output_write_async (GOutputStream      *stream,
                         const void         *buffer,
                         gsize               count,
                         int                 io_priority,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data)
{
  GTask  *task = g_task_new (stream, cancellable, callback, user_data);
  guint8 *changed = g_memdup2 (buffer, count);

  change (changed, count, &((SealOutput *) stream)->position);
  g_task_set_task_data (task, changed, g_free);
  g_output_stream_write_all_async (
      g_filter_output_stream_get_base_stream (G_FILTER_OUTPUT_STREAM (stream)), changed, count,
      io_priority, cancellable, written_cb, task);
}

static gssize
seal_output_write_finish (GOutputStream *stream, GAsyncResult *result, GError **error)
{
  return finish (result, error);
}

static void
seal_output_class_init (SealOutputClass *class)
{
  G_OUTPUT_STREAM_CLASS (class)->write_async = seal_output_write_async;
  G_OUTPUT_STREAM_CLASS (class)->write_finish = seal_output_write_finish;
}

static void
seal_output_init (SealOutput *self)
{
}

/* The identity. */

struct _Seal
{
  GObject  parent_instance;
  gboolean trusts;
};

static void identity_iface_init (IBBIdentityInterface *iface);

#define SEAL_TYPE (seal_get_type ())
G_DECLARE_FINAL_TYPE (Seal, seal, , SEAL, GObject)
G_DEFINE_FINAL_TYPE_WITH_CODE (Seal,
                               seal,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (IBB_TYPE_IDENTITY, identity_iface_init))

typedef struct
{
  IBBTransport *transport; /* (owned) */
  GSource      *timer;     /* (owned) */
  guint8        own;
  guint8        others;
} Handshake;

static void
handshake_free (gpointer data)
{
  Handshake *self = data;

  g_source_destroy (self->timer);
  g_source_unref (self->timer);
  g_object_unref (self->transport);
  g_free (self);
}

static gboolean
timeout_cb (gpointer transport)
{
  ibb_transport_abort (transport);
  return G_SOURCE_REMOVE;
}

/* error: (transfer full) (nullable). */
static void
fail (GTask *task, GError *error)
{
  Handshake *self = g_task_get_task_data (task);

  if (error == NULL)
    g_set_error_literal (&error, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED, "It is not trusted");
  ibb_transport_abort (self->transport);
  g_task_return_error (task, error);
}

static void
heard_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask)         task = data;
  Handshake                *self = g_task_get_task_data (task);
  GIOStream                *stream = G_IO_STREAM (self->transport);
  GError                   *error = NULL;
  g_autoptr (GInputStream)  input = NULL;
  g_autoptr (GOutputStream) output = NULL;

  if (g_input_stream_read_finish (G_INPUT_STREAM (object), result, &error) <= 0 || !self->own ||
      !self->others)
    {
      fail (task, error);
      return;
    }
  input = g_object_new (seal_input_get_type (), "base-stream",
                        g_io_stream_get_input_stream (stream), "close-base-stream", FALSE, NULL);
  output = g_object_new (seal_output_get_type (), "base-stream",
                         g_io_stream_get_output_stream (stream), "close-base-stream", FALSE, NULL);
  world.n_sealed++;
  g_task_return_pointer (task, g_simple_io_stream_new (input, output), g_object_unref);
}

static void
said_cb (GObject *object, GAsyncResult *result, gpointer data)
{
  GTask     *task = data;
  Handshake *self = g_task_get_task_data (task);
  GError    *error = NULL;

  if (g_output_stream_write_finish (G_OUTPUT_STREAM (object), result, &error) == 1)
    g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (self->transport)),
                               &self->others, 1, G_PRIORITY_DEFAULT, g_task_get_cancellable (task),
                               heard_cb, task);
  else
    {
      fail (task, error);
      g_object_unref (task);
    }
}

static void
seal_encrypt_async (IBBIdentity        *identity,
                    IBBTransport       *transport,
                    GCancellable       *cancellable,
                    GAsyncReadyCallback callback,
                    gpointer            user_data)
{
  GTask     *task = g_task_new (identity, cancellable, callback, user_data);
  Handshake *self = g_new0 (Handshake, 1);

  self->transport = g_object_ref (transport);
  self->own = ((Seal *) identity)->trusts;
  self->timer = g_timeout_source_new (HANDSHAKE_TIMEOUT);
  g_source_set_callback (self->timer, timeout_cb, transport, NULL);
  g_source_attach (self->timer, g_main_context_get_thread_default ());
  g_task_set_task_data (task, self, handshake_free);
  g_output_stream_write_async (g_io_stream_get_output_stream (G_IO_STREAM (transport)), &self->own,
                               1, G_PRIORITY_DEFAULT, cancellable, said_cb, task);
}

static GIOStream *
seal_encrypt_finish (IBBIdentity *identity, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
identity_iface_init (IBBIdentityInterface *iface)
{
  iface->encrypt_async = seal_encrypt_async;
  iface->encrypt_finish = seal_encrypt_finish;
}

static void
seal_class_init (SealClass *class)
{
}

static void
seal_init (Seal *self)
{
}

IBBIdentity *
seal_new (gboolean trusts)
{
  Seal *self = g_object_new (SEAL_TYPE, NULL);

  self->trusts = trusts;
  return IBB_IDENTITY (self);
}

static IBBIdentity *
get_identity (guint program)
{
  return program != WHOLE_STRANGER ? world.programs[program].identity : NULL;
}

gboolean
seal_is_private (const WholeFile *file)
{
  return get_identity (file->sender) != NULL && get_identity (file->receiver) != NULL;
}

gboolean
seal_is_bundled (const WholeFile *file)
{
  return file->sender != WHOLE_STRANGER && file->receiver != WHOLE_STRANGER;
}

gboolean
seal_can_meet (const WholeFile *file)
{
  IBBIdentity *sender = get_identity (file->sender);
  IBBIdentity *receiver = get_identity (file->receiver);

  return seal_is_private (file) ? ((Seal *) sender)->trusts && ((Seal *) receiver)->trusts
                                : sender == receiver;
}
