/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-transport.h"

#include "ibb-enum-types.h"
#include "ibb-error-private.h"
#include "ibb-input-stream-private.h"
#include "ibb-intl-private.h"
#include "ibb-output-stream-private.h"
#include "ibb-transport-private.h"
#include "runtime/delivery-operation.h"

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
 * [method@Gio.IOStream.close] delivers what was written, then closes the
 * session, and waits until the peer has confirmed it. Once everything is acknowledged
 * that takes ten seconds at most, or up to ten times as long
 * while blocks of the peer still arrive; a peer that reads slowly acknowledges late. GIO
 * lets a close happen once: one that was cancelled or that timed out goes on in the
 * background, and [property@IBB.Transport:ended] and [property@IBB.Transport:error] tell how it
 * went. Closing one half of the transport sends nothing of the kind; the half-close is
 * [method@IBB.Transport.shutdown_output]. [method@IBB.Transport.abort] ends it at once.
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

enum
{
  PROP_0,
  PROP_SID,
  PROP_BLOCK_SIZE,
  PROP_PEER_JID,
  PROP_LOCAL_JID,
  PROP_STANZA_TYPE,
  PROP_WAITING,
  PROP_BYTES_ACKNOWLEDGED,
  PROP_BYTES_RECEIVED,
  PROP_BYTES_QUEUED,
  PROP_BYTES_IN_FLIGHT,
  PROP_SEND_RATE,
  PROP_RECEIVE_RATE,
  PROP_ENDED,
  PROP_ERROR,
  PROP_READ_TIMEOUT,
  PROP_WRITE_TIMEOUT,
  PROP_AUTO_FLUSH,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

struct _IBBTransport
{
  GIOStream parent_instance;

  /* immutable after construction */
  IBBChannel      *channel; /* (owned) */
  IBBInputStream  *input;   /* (owned) */
  IBBOutputStream *output;  /* (owned) */

  int shutting; /* atomic: a shutdown_output is in progress */
};

G_DEFINE_FINAL_TYPE (IBBTransport, ibb_transport, G_TYPE_IO_STREAM)

static GInputStream *
ibb_transport_get_input_stream (GIOStream *stream)
{
  return (GInputStream *) IBB_TRANSPORT (stream)->input;
}

static GOutputStream *
ibb_transport_get_output_stream (GIOStream *stream)
{
  return (GOutputStream *) IBB_TRANSPORT (stream)->output;
}

/* Marks the halves closed. GIO flushes a half when it is closed; with closing set that does not
 * wait. A half with an operation in progress refuses to close. That operation ends by itself, and
 * later ones fail because the session is closed. */
static void
close_halves (IBBTransport *self)
{
  g_output_stream_close (G_OUTPUT_STREAM (self->output), NULL, NULL);
  g_input_stream_close (G_INPUT_STREAM (self->input), NULL, NULL);
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
      success = ibb_delivery_operation_run (self->channel, IBB_DELIVERY_CLOSE, cancellable, error);
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
  ibb_delivery_operation_start (self->channel, IBB_DELIVERY_CLOSE, task, NULL, NULL);
  close_halves (self);
}

static gboolean
ibb_transport_close_finish (GIOStream *stream, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, stream), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_transport_close_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static guint64
get_counter (IBBChannel *channel, guint prop_id)
{
  IBBStatistics statistics;

  ibb_channel_get_statistics (channel, &statistics);
  switch (prop_id)
    {
    case PROP_BYTES_ACKNOWLEDGED:
      return statistics.bytes_acknowledged;
    case PROP_BYTES_RECEIVED:
      return statistics.bytes_received;
    case PROP_BYTES_QUEUED:
      return statistics.bytes_queued;
    case PROP_BYTES_IN_FLIGHT:
      return statistics.bytes_in_flight;
    case PROP_SEND_RATE:
      return statistics.send_rate;
    case PROP_RECEIVE_RATE:
    default:
      return statistics.receive_rate;
    }
}

static void
ibb_transport_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBChannel *channel = IBB_TRANSPORT (object)->channel;
  IBBSession *session;

  /* A transport that a binding has constructed has no session. */
  if (channel == NULL)
    {
      if (prop_id == PROP_SID || prop_id == PROP_PEER_JID)
        g_value_set_static_string (value, "");
      return;
    }

  session = ibb_channel_get_session (channel);
  switch (prop_id)
    {
    case PROP_SID:
      g_value_set_string (value, ibb_session_get_sid (session));
      break;
    case PROP_BLOCK_SIZE:
      g_value_set_uint (value, ibb_session_get_block_size (session));
      break;
    case PROP_PEER_JID:
      g_value_take_string (value, ibb_channel_dup_peer (channel));
      break;
    case PROP_LOCAL_JID:
      g_value_take_string (value, ibb_channel_dup_local (channel));
      break;
    case PROP_WAITING:
      g_value_set_enum (value, ibb_channel_get_wait (channel));
      break;
    case PROP_STANZA_TYPE:
      g_value_set_enum (value, ibb_channel_get_stanza_type (channel));
      break;
    case PROP_BYTES_ACKNOWLEDGED:
    case PROP_BYTES_RECEIVED:
    case PROP_BYTES_QUEUED:
    case PROP_BYTES_IN_FLIGHT:
    case PROP_SEND_RATE:
    case PROP_RECEIVE_RATE:
      g_value_set_uint64 (value, get_counter (channel, prop_id));
      break;
    case PROP_ENDED:
      g_value_set_boolean (value, ibb_channel_has_ended (channel));
      break;
    case PROP_ERROR:
      g_value_take_boxed (value, ibb_channel_dup_error (channel));
      break;
    case PROP_READ_TIMEOUT:
      g_value_set_uint (value, ibb_channel_get_read_timeout (channel));
      break;
    case PROP_WRITE_TIMEOUT:
      g_value_set_uint (value, ibb_channel_get_write_timeout (channel));
      break;
    case PROP_AUTO_FLUSH:
      g_value_set_boolean (value, ibb_channel_get_auto_flush (channel));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_transport_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  IBBChannel *channel = IBB_TRANSPORT (object)->channel;
  gboolean    changed = FALSE;

  if (channel == NULL)
    return;
  switch (prop_id)
    {
    case PROP_READ_TIMEOUT:
      changed = ibb_channel_set_read_timeout (channel, g_value_get_uint (value));
      break;
    case PROP_WRITE_TIMEOUT:
      changed = ibb_channel_set_write_timeout (channel, g_value_get_uint (value));
      break;
    case PROP_AUTO_FLUSH:
      changed = ibb_channel_set_auto_flush (channel, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
  if (changed)
    g_object_notify_by_pspec (object, pspec);
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
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags read_write =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass   *object_class = G_OBJECT_CLASS (class);
  GIOStreamClass *stream_class = G_IO_STREAM_CLASS (class);

  object_class->get_property = ibb_transport_get_property;
  object_class->set_property = ibb_transport_set_property;
  object_class->dispose = ibb_transport_dispose;
  object_class->finalize = ibb_transport_finalize;

  stream_class->get_input_stream = ibb_transport_get_input_stream;
  stream_class->get_output_stream = ibb_transport_get_output_stream;
  stream_class->close_fn = ibb_transport_close;
  stream_class->close_async = ibb_transport_close_async;
  stream_class->close_finish = ibb_transport_close_finish;

  /**
   * IBBTransport:sid:
   *
   * The session identifier.
   *
   * Since: 1.0
   */
  props[PROP_SID] = g_param_spec_string ("sid", NULL, NULL, NULL, read_only);

  /**
   * IBBTransport:block-size:
   *
   * The negotiated size: no block, in either direction, carries more bytes.
   *
   * Since: 1.0
   */
  props[PROP_BLOCK_SIZE] =
      g_param_spec_uint ("block-size", NULL, NULL, 0, IBB_BLOCK_SIZE_MAX, 0, read_only);

  /**
   * IBBTransport:peer-jid: (getter dup_peer_jid)
   *
   * The JID of the other end. Its resource may change when a session is resumed.
   *
   * Since: 1.0
   */
  props[PROP_PEER_JID] = g_param_spec_string ("peer-jid", NULL, NULL, NULL, read_only);

  /**
   * IBBTransport:local-jid: (getter dup_local_jid)
   *
   * The JID of this end. Its resource may change as well.
   *
   * Since: 1.0
   */
  props[PROP_LOCAL_JID] = g_param_spec_string ("local-jid", NULL, NULL, NULL, read_only);

  /**
   * IBBTransport:stanza-type:
   *
   * The stanza type of the session.
   *
   * Since: 1.0
   */
  props[PROP_STANZA_TYPE] = g_param_spec_enum ("stanza-type", NULL, NULL, IBB_TYPE_STANZA_TYPE,
                                               IBB_STANZA_TYPE_IQ, read_only);

  /**
   * IBBTransport:waiting:
   *
   * Which end keeps the open session from going on, since it cannot be reached: our own
   * connection, while it is resumed (XEP-0198) or logs in again, or the peer. Reads and writes
   * wait meanwhile. No byte is lost.
   *
   * Since: 1.0
   */
  props[PROP_WAITING] =
      g_param_spec_enum ("waiting", NULL, NULL, IBB_TYPE_WAIT, IBB_WAIT_NOTHING, read_only);

  /**
   * IBBTransport:bytes-acknowledged:
   *
   * How many bytes the peer has acknowledged; with the stanza type message, how many
   * were sent. It notifies ten times a second at most, and at the end.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_ACKNOWLEDGED] =
      g_param_spec_uint64 ("bytes-acknowledged", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:bytes-received:
   *
   * How many bytes have arrived, whether read or not. It notifies ten times a second at most, and
   * at the end.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_RECEIVED] =
      g_param_spec_uint64 ("bytes-received", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:bytes-queued:
   *
   * How many bytes were written and are not acknowledged yet. It does not
   * notify.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_QUEUED] =
      g_param_spec_uint64 ("bytes-queued", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:bytes-in-flight:
   *
   * How many of the bytes that are not acknowledged may have arrived: those that
   * went into blocks. It stays as it was when the session ends, and does not
   * notify.
   *
   * After a failure the peer has [property@IBB.Transport:bytes-acknowledged] bytes at
   * least, and so many more at most.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_IN_FLIGHT] =
      g_param_spec_uint64 ("bytes-in-flight", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:send-rate:
   *
   * How fast the peer acknowledges bytes, in bytes per second: the mean of the last few seconds,
   * which becomes 0 while nothing moves. It notifies with
   * [property@IBB.Transport:bytes-acknowledged].
   *
   * Since: 1.0
   */
  props[PROP_SEND_RATE] =
      g_param_spec_uint64 ("send-rate", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:receive-rate:
   *
   * How fast bytes arrive, in bytes per second: the mean of the last few seconds, which
   * becomes 0 while nothing moves. It notifies with [property@IBB.Transport:bytes-received].
   *
   * Since: 1.0
   */
  props[PROP_RECEIVE_RATE] =
      g_param_spec_uint64 ("receive-rate", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:ended: (getter has_ended)
   *
   * Whether both directions have ended. Bytes that came before can still be read.
   *
   * It notifies once. A handler may do anything, dropping the last reference included.
   *
   * Since: 1.0
   */
  props[PROP_ENDED] = g_param_spec_boolean ("ended", NULL, NULL, FALSE, read_only);

  /**
   * IBBTransport:error: (getter dup_error)
   *
   * The precise reason for which the session ended; %NULL while it lives, and for an orderly end.
   * It notifies before [property@IBB.Transport:ended].
   *
   * Since: 1.0
   */
  props[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, read_only);

  /**
   * IBBTransport:read-timeout:
   *
   * How long one read may wait, in milliseconds; 0 means without end. A read past it
   * fails with %G_IO_ERROR_TIMED_OUT; the session goes on, and the read can be
   * repeated.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_READ_TIMEOUT] =
      g_param_spec_uint ("read-timeout", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBTransport:write-timeout:
   *
   * How long one write, flush, drain, shutdown or close may wait, in
   * milliseconds; 0 means without end. A call past it fails with %G_IO_ERROR_TIMED_OUT;
   * the session goes on, and the call can be repeated, except for a close,
   * which goes on in the background.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_WRITE_TIMEOUT] =
      g_param_spec_uint ("write-timeout", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBTransport:auto-flush:
   *
   * Whether a partial block leaves as soon as nothing is in flight. If not,
   * only full blocks leave before a flush.
   *
   * Default: %TRUE.
   *
   * Since: 1.0
   */
  props[PROP_AUTO_FLUSH] = g_param_spec_boolean ("auto-flush", NULL, NULL, TRUE, read_write);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_transport_init (IBBTransport *self)
{
}

static void
notify_changes (GObject *object, IBBChannelNews news)
{
  if ((news & IBB_CHANNEL_PEER_JID) != 0)
    g_object_notify_by_pspec (object, props[PROP_PEER_JID]);
  if ((news & IBB_CHANNEL_LOCAL_JID) != 0)
    g_object_notify_by_pspec (object, props[PROP_LOCAL_JID]);
  if ((news & IBB_CHANNEL_WAITING) != 0)
    g_object_notify_by_pspec (object, props[PROP_WAITING]);
  if ((news & IBB_CHANNEL_ACKNOWLEDGED) != 0)
    {
      g_object_notify_by_pspec (object, props[PROP_BYTES_ACKNOWLEDGED]);
      g_object_notify_by_pspec (object, props[PROP_SEND_RATE]);
    }
  if ((news & IBB_CHANNEL_RECEIVED) != 0)
    {
      g_object_notify_by_pspec (object, props[PROP_BYTES_RECEIVED]);
      g_object_notify_by_pspec (object, props[PROP_RECEIVE_RATE]);
    }
  if ((news & IBB_CHANNEL_ENDED) != 0)
    {
      g_object_notify_by_pspec (object, props[PROP_ERROR]);
      g_object_notify_by_pspec (object, props[PROP_ENDED]);
    }
}

IBBTransport *
ibb_transport_new (IBBChannel *channel)
{
  IBBTransport *self = g_object_new (IBB_TYPE_TRANSPORT, NULL);

  self->channel = ibb_channel_ref (channel);
  self->input = ibb_input_stream_new (channel);
  self->output = ibb_output_stream_new (channel);
  ibb_channel_set_owner (channel, G_OBJECT (self), notify_changes);
  return self;
}

IBBTransport *
ibb_transport_new_take (IBBChannel *channel)
{
  g_autoptr (IBBChannel) owned = channel;

  return owned != NULL ? ibb_transport_new (owned) : NULL;
}

IBBChannel *
ibb_transport_get_channel (IBBTransport *self)
{
  return self->channel;
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

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_transport_drain_async);
  ibb_delivery_operation_start (self->channel, IBB_DELIVERY_DRAIN, task, NULL, NULL);
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

  return ibb_delivery_operation_run (self->channel, IBB_DELIVERY_DRAIN, cancellable, error);
}

/* A shutdown counts as a write: GIO's own flag keeps writes away from it, and it from writes. Where
 * the output half is closed, only a second shutdown has to be kept away. */
static gboolean
begin_shutdown (IBBTransport *self, GError **error)
{
  GOutputStream *output = (GOutputStream *) self->output;

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
  if (g_output_stream_has_pending ((GOutputStream *) self->output))
    g_output_stream_clear_pending ((GOutputStream *) self->output);
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

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_transport_shutdown_output_async);
  if (begin_shutdown (self, &error))
    ibb_delivery_operation_start (self->channel, IBB_DELIVERY_SHUTDOWN, task, end_shutdown, self);
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
 * Returns: TRUE if every byte was delivered and the peer is told
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
 * Returns: TRUE if every byte was delivered and the peer is told
 *
 * Since: 1.0
 */
gboolean
ibb_transport_shutdown_output (IBBTransport *self, GCancellable *cancellable, GError **error)
{
  gboolean success;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);

  if (!begin_shutdown (self, error))
    return FALSE;
  success = ibb_delivery_operation_run (self->channel, IBB_DELIVERY_SHUTDOWN, cancellable, error);
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
