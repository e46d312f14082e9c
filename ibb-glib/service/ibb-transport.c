/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-transport.h"

#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "runtime/stream-operation.h"
#include "service/ibb-transport-private.h"

/**
 * IBBTransport:
 *
 * One in-band bytestream: a [class@Gio.IOStream] between two XMPP entities.
 *
 * It can be used in place of a socket connection of GLib. Its halves are an
 * [class@IBB.InputStream] and an [class@IBB.OutputStream].
 *
 * [method@IBB.Service.open_session], [method@IBB.Service.expect_session_async],
 * [method@IBB.Service.accept_async] and [method@IBB.Request.accept] return one; it has no
 * constructor. Keep a reference while the session is needed: when the last reference is
 * dropped before a close has begun, the session is aborted.
 *
 * ```c
 * static gboolean
 * send_text (IBBTransport *transport, const char *text, GError **error)
 * {
 *   GOutputStream *output = g_io_stream_get_output_stream (G_IO_STREAM (transport));
 *
 *   return g_output_stream_write_all (output, text, strlen (text), NULL, NULL, error) &&
 *          g_io_stream_close (G_IO_STREAM (transport), NULL, error); // the peer has all of it
 * }
 * ```
 *
 * ## Delivery
 *
 * A write is done when its bytes are queued, a flush when they are sent.
 * [method@IBB.Transport.drain], [method@IBB.Transport.shutdown_output] and
 * [method@Gio.IOStream.close] are done when the peer has acknowledged them, and fail if
 * a byte was not delivered. With [IBB_STANZA_TYPE_MESSAGE][enum@IBB.StanzaType] the peer
 * acknowledges nothing; then these calls wait until the server has the bytes, where that
 * can be known.
 *
 * ## Closing
 *
 * [method@Gio.IOStream.close] delivers what was written, then closes the session, and waits until
 * the peer has confirmed it. Once everything is acknowledged that takes ten seconds at most, or up
 * to ten times as long while blocks of the peer still arrive; a peer that reads slowly acknowledges
 * late. GIO lets a close happen once. A close that was cancelled or timed out goes on in the
 * background; [property@IBB.Transport:ended] and [property@IBB.Transport:error] say how it ended.
 * Closing one half of the transport sends nothing to the peer; the half-close is
 * [method@IBB.Transport.shutdown_output]. [method@IBB.Transport.abort] ends the session at once.
 *
 * ## Errors
 *
 * Reads, writes and what else GIO defines fail with [error@Gio.IOErrorEnum]
 * only: %G_IO_ERROR_INVALID_DATA for what the peer sent wrong,
 * %G_IO_ERROR_CLOSED after our own close or abort, %G_IO_ERROR_BROKEN_PIPE
 * (which is %G_IO_ERROR_CONNECTION_CLOSED) when the peer or the connection
 * ended it, %G_IO_ERROR_TIMED_OUT, %G_IO_ERROR_CANCELLED, %G_IO_ERROR_PENDING,
 * %G_IO_ERROR_WOULD_BLOCK, else %G_IO_ERROR_FAILED.
 * [method@IBB.Transport.dup_error] has the precise reason.
 *
 * ## Threads
 *
 * A transport may be used from several threads: one reader and one writer at a
 * time, and one close beside them. [method@IBB.Transport.drain],
 * [method@IBB.Transport.abort] and the properties may be used by any number of
 * threads at once. Blocking calls work in any thread, with or without a main
 * loop, except in the one that serves the connection, where a call that would
 * have to wait fails with %G_IO_ERROR_WOULD_BLOCK. Asynchronous calls complete in
 * the thread-default context of their caller. Properties notify in the
 * thread-default context in which the service was constructed. The last reference
 * may be dropped in any thread.
 *
 * Since: 1.0
 */

G_DEFINE_FINAL_TYPE (IBBTransport, ibb_transport, G_TYPE_IO_STREAM)

static GInputStream *
ibb_transport_get_input_stream (GIOStream *stream)
{
  return IBB_TRANSPORT (stream)->input;
}

static GOutputStream *
ibb_transport_get_output_stream (GIOStream *stream)
{
  return IBB_TRANSPORT (stream)->output;
}

/* Marks the halves closed. GIO flushes a half when it is closed; with closing set that does not
 * wait. A half with an operation in progress refuses to close. That operation ends by itself, and
 * later ones fail because the session is closed. */
static void
close_halves (IBBTransport *self)
{
  g_output_stream_close (self->output, NULL, NULL);
  g_input_stream_close (self->input, NULL, NULL);
}

static gboolean
ibb_transport_close (GIOStream *stream, GCancellable *cancellable, GError **error)
{
  IBBTransport       *self = IBB_TRANSPORT (stream);
  g_autoptr (GObject) owner = NULL;
  gboolean            success = TRUE;

  if (self->channel == NULL)
    return TRUE;

  /* In dispose there is no owner any more: the session has been aborted or is closing, and nobody
   * waits for it. */
  owner = ibb_channel_hold_owner (self->channel, NULL);
  if (owner != NULL)
    {
      ibb_channel_begin_close (self->channel);
      success = ibb_stream_operation_run (self->channel, IBB_STREAM_CLOSE, NULL, 0, cancellable,
                                          error) == 0;
    }
  close_halves (self);
  return success;
}

static void
ibb_transport_close_async (GIOStream          *stream,
                           int                 io_priority,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  IBBTransport     *self = IBB_TRANSPORT (stream);
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, ibb_transport_close_async);
  g_task_set_priority (task, io_priority);
  if (self->channel == NULL)
    {
      g_task_return_boolean (task, TRUE);
      return;
    }
  ibb_channel_begin_close (self->channel);
  ibb_stream_operation_start (self->channel, IBB_STREAM_CLOSE, NULL, 0, task, NULL, NULL);
  close_halves (self);
}

static gboolean
ibb_transport_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_transport_close_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
ibb_transport_dispose (GObject *object)
{
  IBBTransport *self = IBB_TRANSPORT (object);

  /* Before the dispose function of GIOStream, which would flush and close, and wait for both. */
  if (self->channel != NULL)
    ibb_channel_drop_owner (self->channel, object);
  G_OBJECT_CLASS (ibb_transport_parent_class)->dispose (object);
}

static void
ibb_transport_finalize (GObject *object)
{
  IBBTransport *self = IBB_TRANSPORT (object);

  g_clear_object (&self->input);
  g_clear_object (&self->output);
  g_clear_pointer (&self->channel, ibb_channel_unref);
  G_OBJECT_CLASS (ibb_transport_parent_class)->finalize (object);
}

static void
ibb_transport_class_init (IBBTransportClass *class)
{
  GObjectClass   *object_class = G_OBJECT_CLASS (class);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (class);

  object_class->dispose = ibb_transport_dispose;
  object_class->finalize = ibb_transport_finalize;

  stream_class->get_input_stream = ibb_transport_get_input_stream;
  stream_class->get_output_stream = ibb_transport_get_output_stream;
  stream_class->close_fn = ibb_transport_close;
  stream_class->close_async = ibb_transport_close_async;
  stream_class->close_finish = ibb_transport_close_finish;
  ibb_transport_install_properties (object_class);
}

static void
ibb_transport_init (IBBTransport *self)
{
}

IBBTransport *
ibb_transport_new_ended (IBBChannel *channel)
{
  IBBTransport *self = g_object_new (IBB_TYPE_TRANSPORT, NULL);

  self->channel = channel;
  self->input = ibb_input_stream_new (channel);
  self->output = ibb_output_stream_new (channel);
  return self;
}

IBBTransport *
ibb_transport_new_take (IBBChannel *channel)
{
  IBBTransport *self;

  if (channel == NULL)
    return NULL;

  self = ibb_transport_new_ended (channel);
  ibb_channel_set_owner (channel, G_OBJECT (self), ibb_transport_notify_changes);
  return self;
}

/**
 * ibb_transport_drain_async:
 * @self: a transport
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when every byte so far was acknowledged
 * @user_data: for @callback
 *
 * Waits until the peer has acknowledged every byte written so far.
 *
 * Partial blocks are sent, as with a flush. With
 * [IBB_STANZA_TYPE_MESSAGE][enum@IBB.StanzaType] it waits until the server has
 * the bytes, where that can be known. Cancelled, or past
 * [property@IBB.Transport:write-timeout], it loses nothing and can be repeated.
 *
 * Since: 1.0
 */
void
ibb_transport_drain_async (IBBTransport       *self,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (IBB_IS_TRANSPORT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_transport_drain_async);
  ibb_stream_operation_start (self->channel, IBB_STREAM_DRAIN, NULL, 0, task, NULL, NULL);
}

/**
 * ibb_transport_drain_finish:
 * @self: a transport
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes [method@IBB.Transport.drain_async].
 *
 * The errors are those of [class@IBB.Transport].
 *
 * Returns: TRUE if every byte was acknowledged
 *
 * Since: 1.0
 */
gboolean
ibb_transport_drain_finish (IBBTransport *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_transport_drain_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ibb_transport_drain:
 * @self: a transport
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits until the peer has acknowledged every byte written so far.
 *
 * The blocking variant of [method@IBB.Transport.drain_async].
 *
 * Returns: TRUE if every byte was acknowledged
 *
 * Since: 1.0
 */
gboolean
ibb_transport_drain (IBBTransport *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  return ibb_stream_operation_run (self->channel, IBB_STREAM_DRAIN, NULL, 0, cancellable, error) ==
         0;
}

/* A shutdown counts as a write: GIO's own flag keeps writes away from it, and it from writes. Where
 * the output half is closed, only a second shutdown has to be kept away. */
static gboolean
begin_shutdown (IBBTransport *self, GError **error)
{
  GOutputStream *output = self->output;

  if (self->channel == NULL)
    return TRUE;

  if (!g_atomic_int_compare_and_exchange (&self->shutting, FALSE, TRUE))
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PENDING,
                           _ ("The output is already being shut down"));
      return FALSE;
    }
  if (g_output_stream_is_closed (output) || g_output_stream_set_pending (output, error))
    return TRUE;

  g_atomic_int_set (&self->shutting, FALSE);
  return FALSE;
}

static void
end_shutdown (gpointer data)
{
  IBBTransport *self = data;

  if (self->channel == NULL)
    return;
  g_atomic_int_set (&self->shutting, FALSE);
  if (g_output_stream_has_pending (self->output))
    g_output_stream_clear_pending (self->output);
}

/**
 * ibb_transport_shutdown_output_async:
 * @self: a transport
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the output is shut
 * @user_data: for @callback
 *
 * Delivers every byte written so far, then tells the peer that no more will
 * come: the half-close.
 *
 * Reading goes on until the peer closes too. A peer that is ibb-glib reads the
 * end of file, and may write on until it closes. Most other implementations take
 * it for a close of the whole session (XEP-0047 §2.3 only says that they may send
 * on); those then send no more.
 *
 * It counts as a write: while it is in progress writes fail with
 * %G_IO_ERROR_PENDING, and afterwards with %G_IO_ERROR_CLOSED. It works after the
 * output half was closed as well. Cancelled, or past
 * [property@IBB.Transport:write-timeout], it loses nothing, goes on in the
 * background, and can be repeated.
 *
 * Since: 1.0
 */
void
ibb_transport_shutdown_output_async (IBBTransport       *self,
                                     GCancellable       *cancellable,
                                     GAsyncReadyCallback callback,
                                     gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError           *error = NULL;

  g_return_if_fail (IBB_IS_TRANSPORT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_transport_shutdown_output_async);
  if (begin_shutdown (self, &error))
    ibb_stream_operation_start (self->channel, IBB_STREAM_SHUTDOWN, NULL, 0, task, end_shutdown,
                                self);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_transport_shutdown_output_finish:
 * @self: a transport
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes [method@IBB.Transport.shutdown_output_async].
 *
 * The errors are those of [class@IBB.Transport].
 *
 * Returns: TRUE if every byte was delivered and the peer knows of the end
 *
 * Since: 1.0
 */
gboolean
ibb_transport_shutdown_output_finish (IBBTransport *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_transport_shutdown_output_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ibb_transport_shutdown_output:
 * @self: a transport
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Delivers every byte written so far, then tells the peer that no more will
 * come: the half-close.
 *
 * The blocking variant of [method@IBB.Transport.shutdown_output_async].
 *
 * Returns: TRUE if every byte was delivered and the peer knows of the end
 *
 * Since: 1.0
 */
gboolean
ibb_transport_shutdown_output (IBBTransport *self, GCancellable *cancellable, GError **error)
{
  gboolean success;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!begin_shutdown (self, error))
    return FALSE;
  success = ibb_stream_operation_run (self->channel, IBB_STREAM_SHUTDOWN, NULL, 0, cancellable,
                                      error) == 0;
  end_shutdown (self);
  return success;
}

/**
 * ibb_transport_abort:
 * @self: a transport
 *
 * Ends the session at once.
 *
 * Bytes not delivered yet are dropped, pending operations fail with
 * %G_IO_ERROR_CLOSED, and the peer is told that the end was not orderly. It
 * never waits, works in every state and from any thread.
 *
 * Since: 1.0
 */
void
ibb_transport_abort (IBBTransport *self)
{
  g_return_if_fail (IBB_IS_TRANSPORT (self));

  if (self->channel != NULL)
    ibb_channel_abort (self->channel, NULL, NULL);
}

/**
 * ibb_transport_abort_with_reason:
 * @self: a transport
 * @condition: the reason; %IBB_STANZA_CONDITION_NONE stands for `undefined-condition`
 * @text: (nullable): what to tell the peer's user, at most 256 bytes of UTF-8 in
 *   one line, or NULL; more is cut off
 *
 * Ends the session at once, as [method@IBB.Transport.abort] does, and tells the
 * peer the reason.
 *
 * A peer that is ibb-glib finds @condition and @text in the error of
 * [method@IBB.Transport.dup_error], and both in the messages of the errors of its
 * streams. `resource-constraint` says that this side has no room for more,
 * `recipient-unavailable` that it was stopped, and `internal-server-error` that it
 * met an error of its own. Other peers do not learn the reason.
 *
 * Since: 1.0
 */
void
ibb_transport_abort_with_reason (IBBTransport *self, IBBStanzaCondition condition, const char *text)
{
  const IBBCondition reason = ibb_error_to_condition (condition, IBB_CONDITION_UNDEFINED_CONDITION);

  g_return_if_fail (IBB_IS_TRANSPORT (self));

  if (self->channel != NULL)
    ibb_channel_abort (self->channel, &reason, text);
}
