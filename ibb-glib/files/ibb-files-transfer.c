/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/ibb-files-transfer.h"

#include "base/intl.h"
#include "files/ibb-files-enum-types.h"
#include "files/ibb-files-transfer-private.h"

/**
 * IBBFilesTransfer:
 *
 * One file on its way to a peer or from one.
 *
 * [method@IBBFiles.Service.offer_file_async] makes a transfer that sends, and the signal
 * [signal@IBBFiles.Service::file-offered] brings one that receives. A transfer that receives waits
 * for [method@IBBFiles.Transfer.accept_file_async],
 * [method@IBBFiles.Transfer.accept_stream_async] or [method@IBBFiles.Transfer.refuse].
 *
 * ![The states of a transfer](transfer.svg)
 *
 * The properties [property@IBBFiles.Transfer:state], [property@IBBFiles.Transfer:progress],
 * [property@IBBFiles.Transfer:rate] and [property@IBBFiles.Transfer:time-left] notify; the last
 * three at most ten times a second.
 *
 * ```c
 * static void
 * show_progress (IBBFilesTransfer *transfer, GParamSpec *pspec, gpointer user_data)
 * {
 *   IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (transfer);
 *
 *   g_print ("%s: %.0f %%\n", ibb_files_metadata_get_name (metadata),
 *            ibb_files_transfer_get_progress (transfer) * 100);
 * }
 *
 * static void
 * watch (IBBFilesTransfer *transfer)
 * {
 *   g_signal_connect (transfer, "notify::progress", G_CALLBACK (show_progress), NULL);
 * }
 * ```
 *
 * ## Going on
 *
 * Between two programs that use this library a transfer outlives a lost connection, if the
 * connection logs in again: [property@IBB.Service:resume-sessions] of
 * [property@IBBFiles.Service:sessions] is set. A transfer also goes on after both programs have
 * ended. The received bytes are in a hidden part in the folder of the whole file. When the same
 * account offers a file with the same name, size and date, only the missing bytes are sent
 * (XEP-0234 §7). The hash of the whole file decides whether the bytes fit.
 *
 * ## Threads
 *
 * Use a transfer in the thread-default context in which its [class@IBBFiles.Service] was
 * constructed. The bytes move in a thread of their own.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_DIRECTION,
  PROP_PEER_JID,
  PROP_WAY,
  PROP_METADATA,
  PROP_STATE,
  PROP_BYTES_MOVED,
  PROP_BYTES_RESUMED,
  PROP_PROGRESS,
  PROP_RATE,
  PROP_TIME_LEFT,
  PROP_TRANSPORT,
  PROP_FILE,
  PROP_ERROR,
  PROP_LEFT_OUT,
  PROP_N_LEFT_OUT,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (IBBFilesTransfer, ibb_files_transfer, G_TYPE_OBJECT)

static void
ibb_files_transfer_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBFilesTransfer *self = IBB_FILES_TRANSFER (object);

  switch (prop_id)
    {
    case PROP_DIRECTION:
      g_value_set_enum (value, self->direction);
      break;
    case PROP_PEER_JID:
      g_value_set_string (value, self->peer_jid);
      break;
    case PROP_WAY:
      g_value_set_enum (value, self->way);
      break;
    case PROP_METADATA:
      g_value_set_object (value, self->metadata);
      break;
    case PROP_STATE:
      g_value_set_enum (value, self->state);
      break;
    case PROP_BYTES_MOVED:
      g_value_set_uint64 (value, ibb_files_transfer_get_bytes_moved (self));
      break;
    case PROP_BYTES_RESUMED:
      g_value_set_uint64 (value, ibb_files_transfer_get_bytes_resumed (self));
      break;
    case PROP_PROGRESS:
      g_value_set_double (value, ibb_files_transfer_get_progress (self));
      break;
    case PROP_RATE:
      g_value_set_uint64 (value, ibb_files_transfer_get_rate (self));
      break;
    case PROP_TIME_LEFT:
      g_value_set_int (value, ibb_files_transfer_get_time_left (self));
      break;
    case PROP_TRANSPORT:
      g_value_set_object (value, self->transport);
      break;
    case PROP_FILE:
      g_value_set_object (value, self->file);
      break;
    case PROP_ERROR:
      g_value_set_boxed (value, self->error);
      break;
    case PROP_LEFT_OUT:
      g_value_set_boxed (value, ibb_files_transfer_get_left_out (self));
      break;
    case PROP_N_LEFT_OUT:
      g_value_set_uint (value, ibb_files_transfer_get_n_left_out (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_files_transfer_finalize (GObject *object)
{
  IBBFilesTransfer *self = IBB_FILES_TRANSFER (object);

  g_clear_object (&self->service);
  g_clear_object (&self->connection);
  g_free (self->peer_jid);
  g_free (self->local_jid);
  g_clear_object (&self->metadata);
  g_clear_error (&self->error);
  g_clear_error (&self->early);
  g_clear_error (&self->withdrawal);
  g_clear_pointer (&self->courier, ibb_courier_unref);
  g_clear_pointer (&self->jingle, ibb_jingle_free);
  g_free (self->sid);
  g_free (self->request_id);
  g_strfreev (self->left_out);
  g_clear_pointer (&self->late, ibb_stanza_unref);
  g_clear_object (&self->cancellable);
  g_clear_object (&self->transport);
  g_clear_pointer (&self->mover, ibb_mover_unref);
  g_clear_object (&self->file);
  G_OBJECT_CLASS (ibb_files_transfer_parent_class)->finalize (object);
}

static void
ibb_files_transfer_class_init (IBBFilesTransferClass *class)
{
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass     *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_files_transfer_get_property;
  object_class->finalize = ibb_files_transfer_finalize;

  /**
   * IBBFilesTransfer:direction:
   *
   * Whether the file is sent or received.
   *
   * Since: 1.0
   */
  props[PROP_DIRECTION] = g_param_spec_enum ("direction", NULL, NULL, IBB_FILES_TYPE_DIRECTION,
                                             IBB_FILES_DIRECTION_SEND, read_only);

  /**
   * IBBFilesTransfer:peer-jid:
   *
   * The full JID of the other end.
   *
   * Since: 1.0
   */
  props[PROP_PEER_JID] = g_param_spec_string ("peer-jid", NULL, NULL, NULL, read_only);

  /**
   * IBBFilesTransfer:way:
   *
   * How both programs have agreed on the transfer.
   *
   * Since: 1.0
   */
  props[PROP_WAY] =
      g_param_spec_enum ("way", NULL, NULL, IBB_FILES_TYPE_WAY, IBB_FILES_WAY_NONE, read_only);

  /**
   * IBBFilesTransfer:metadata:
   *
   * The description of the file. For a file of a peer these are the peer’s words.
   *
   * Since: 1.0
   */
  props[PROP_METADATA] =
      g_param_spec_object ("metadata", NULL, NULL, IBB_FILES_TYPE_METADATA, read_only);

  /**
   * IBBFilesTransfer:state:
   *
   * What happens to the transfer.
   *
   * Since: 1.0
   */
  props[PROP_STATE] = g_param_spec_enum ("state", NULL, NULL, IBB_FILES_TYPE_STATE,
                                         IBB_FILES_STATE_OFFERED, read_only);

  /**
   * IBBFilesTransfer:bytes-moved:
   *
   * How many bytes of the file are at the other end, those of an earlier transfer included.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_MOVED] =
      g_param_spec_uint64 ("bytes-moved", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBFilesTransfer:bytes-resumed:
   *
   * How many bytes of the file an earlier transfer has moved.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_RESUMED] =
      g_param_spec_uint64 ("bytes-resumed", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBFilesTransfer:progress:
   *
   * The share of the file that has moved, from 0 to 1.
   *
   * Since: 1.0
   */
  props[PROP_PROGRESS] = g_param_spec_double ("progress", NULL, NULL, 0, 1, 0, read_only);

  /**
   * IBBFilesTransfer:rate:
   *
   * The smoothed rate, in bytes per second; 0 while nothing moves. It is
   * [property@IBB.Transport:send-rate] or [property@IBB.Transport:receive-rate] of
   * [property@IBBFiles.Transfer:transport].
   *
   * Since: 1.0
   */
  props[PROP_RATE] = g_param_spec_uint64 ("rate", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBFilesTransfer:time-left:
   *
   * How long the rest takes at this rate, in seconds; -1 if that is not known.
   *
   * Since: 1.0
   */
  props[PROP_TIME_LEFT] = g_param_spec_int ("time-left", NULL, NULL, -1, G_MAXINT, -1, read_only);

  /**
   * IBBFilesTransfer:transport:
   *
   * The in-band session that moves the bytes; %NULL before it is open. Reading from it or writing
   * to it would break the file.
   *
   * Since: 1.0
   */
  props[PROP_TRANSPORT] =
      g_param_spec_object ("transport", NULL, NULL, IBB_TYPE_TRANSPORT, read_only);

  /**
   * IBBFilesTransfer:file:
   *
   * The received file or folder; %NULL before it has its name, and for one that goes to a stream.
   *
   * Since: 1.0
   */
  props[PROP_FILE] = g_param_spec_object ("file", NULL, NULL, G_TYPE_FILE, read_only);

  /**
   * IBBFilesTransfer:error: (getter dup_error)
   *
   * Why the transfer has failed; %NULL unless it has.
   *
   * Since: 1.0
   */
  props[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, read_only);

  /**
   * IBBFilesTransfer:left-out:
   *
   * The files in a folder of this end that are not sent: links, devices, pipes, sockets, names that
   * the receiver would have to change ([method@IBBFiles.Metadata.dup_safe_name]), such as those
   * that begin with a dot, names that XML cannot have, and, since 1.1, what has gone while the
   * folder was listed. Paths in the folder, of the first 100.
   *
   * Since: 1.0
   */
  props[PROP_LEFT_OUT] = g_param_spec_boxed ("left-out", NULL, NULL, G_TYPE_STRV, read_only);

  /**
   * IBBFilesTransfer:n-left-out:
   *
   * How many names there are of these in all.
   *
   * Since: 1.0
   */
  props[PROP_N_LEFT_OUT] = g_param_spec_uint ("n-left-out", NULL, NULL, 0, G_MAXUINT, 0, read_only);

  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
ibb_files_transfer_init (IBBFilesTransfer *self)
{
  self->cancellable = g_cancellable_new ();
  g_queue_init (&self->waits);
}

IBBFilesTransfer *
ibb_files_transfer_new (GObject          *service,
                        IBBService       *sessions,
                        GPtrArray        *transfers,
                        IBBFarewells     *farewells,
                        IBBFilesDirection direction,
                        IBBFilesWay       way,
                        const char       *peer_jid,
                        IBBFilesMetadata *metadata)
{
  IBBFilesTransfer *self = g_object_new (IBB_FILES_TYPE_TRANSFER, NULL);

  self->service = g_object_ref (service);
  self->sessions = sessions;
  self->transfers = transfers;
  self->farewells = farewells;
  self->connection = g_object_ref (ibb_service_get_connection (sessions));
  self->direction = direction;
  self->way = way;
  self->peer_jid = g_strdup (peer_jid);
  self->metadata = g_object_ref (metadata);
  return self;
}

/**
 * ibb_files_transfer_refuse:
 * @self: a transfer that was offered
 * @reason: (nullable): a sentence to the sender
 *
 * Refuses the offer. The transfer fails with %IBB_ERROR_FORBIDDEN. Nothing happens if it waits for
 * no decision.
 *
 * Since: 1.0
 */
void
ibb_files_transfer_refuse (IBBFilesTransfer *self, const char *reason)
{
  g_return_if_fail (IBB_FILES_IS_TRANSFER (self));

  if (!ibb_files_transfer_waits_for_decision (self))
    return;
  self->protocol->tell (self, IBB_REASON_DECLINE, reason);
  ibb_files_transfer_fail (
      self, g_error_new_literal (IBB_ERROR, IBB_ERROR_FORBIDDEN, _ ("The offer was refused")));
}

/**
 * ibb_files_transfer_cancel:
 * @self: a transfer
 *
 * Ends the transfer with %G_IO_ERROR_CANCELLED here, and %IBB_ERROR_GONE at the other end; nothing
 * if it is over. A received file that is in its place stays, and the transfer is delivered;
 * otherwise both ends delete what was received. If a receiver that uses this library is checking
 * the file, and in private, the transfer ends later: when both ends know whether the end or the
 * cancellation came first. [method@IBBFiles.Transfer.wait_async] reports which. To go on later,
 * abort the session instead ([method@IBB.Transport.abort] of
 * [property@IBBFiles.Transfer:transport]), or let the program end.
 *
 * Since: 1.0
 */
void
ibb_files_transfer_cancel (IBBFilesTransfer *self)
{
  g_return_if_fail (IBB_FILES_IS_TRANSFER (self));

  if (ibb_files_transfer_is_over (self) || self->failure != NULL)
    return;
  if (ibb_files_transfer_waits_for_decision (self))
    {
      ibb_files_transfer_refuse (self, NULL);
      return;
    }
  self->keeps_part = FALSE;
  ibb_files_transfer_withdraw (self, g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED,
                                                          _ ("The transfer was cancelled")));
}

/* Waiting. */

static void
destroy_source (gpointer source)
{
  g_source_destroy (source);
  g_source_unref (source);
}

/* The wait ends; the transfer goes on. */
static gboolean
wait_cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  GTask            *task = user_data;
  IBBFilesTransfer *self = g_task_get_source_object (task);

  if (g_queue_remove (&self->waits, task))
    {
      g_task_return_error_if_cancelled (task);
      g_object_unref (task);
    }
  return G_SOURCE_REMOVE;
}

void
ibb_files_transfer_add_wait (IBBFilesTransfer *self, GTask *task, GCancellableSourceFunc cancelled)
{
  GCancellable *cancellable = g_task_get_cancellable (task);

  g_task_set_check_cancellable (task, FALSE);
  if (ibb_files_transfer_is_over (self))
    {
      ibb_files_transfer_return (self, task);
      return;
    }
  g_queue_push_tail (&self->waits, task);
  if (cancellable != NULL)
    {
      GSource *source = g_cancellable_source_new (cancellable);

      g_source_set_callback (source, G_SOURCE_FUNC (cancelled), task, NULL);
      g_source_attach (source, g_task_get_context (task));
      g_task_set_task_data (task, source, destroy_source);
    }
}

/**
 * ibb_files_transfer_wait_async:
 * @self: a transfer
 * @cancellable: (nullable): ends the waiting, not the transfer
 * @callback: (scope async): called when the transfer is over
 * @user_data: data for @callback
 *
 * Waits until the transfer is over. Then the receiver has the whole file or, if the peer’s program
 * does not say so, has acknowledged all bytes: see [property@IBBFiles.Transfer:state].
 *
 * Errors:
 *
 * - %IBB_ERROR_FORBIDDEN: the receiver has refused
 * - %IBB_ERROR_GONE: the peer has cancelled
 * - %G_IO_ERROR_CANCELLED: [method@IBBFiles.Transfer.cancel], or @cancellable
 * - %G_IO_ERROR_TIMED_OUT: nobody has answered the offer for an hour, the bytes did not begin, or a
 *   promised hash did not come. Or the receiver uses this library, and does not say whether it has
 *   the file
 * - %G_IO_ERROR_WRONG_ETAG, %G_IO_ERROR_PARTIAL_INPUT: the file has changed, or become shorter,
 *   while it was sent
 * - %IBB_ERROR_NOT_ACCEPTABLE: the hash of the received bytes is not that of the file, or nothing
 *   tells whether the bytes of an earlier transfer are
 * - %IBB_ERROR_PROTOCOL: the sender has sent more bytes than it has offered, or the receiver has
 *   chosen a way that was not offered
 * - %IBB_ERROR_CONFLICT: the peer has offered the file again
 * - %IBB_ERROR_RESOURCE_CONSTRAINT: the peer takes no more files at the moment
 * - %IBB_ERROR_SERVICE_UNAVAILABLE: the peer went offline before the decision
 * - %G_IO_ERROR_CONNECTION_CLOSED: the connection was lost before the decision: after a new login
 * the file can be offered again
 * - %IBB_ERROR_FAILED: the peer has ended the transfer for another reason, or does not know it any
 *   more
 * - those of [method@IBB.Service.open_session], of reading and of writing the file
 *
 * Since: 1.0
 */
void
ibb_files_transfer_wait_async (IBBFilesTransfer   *self,
                               GCancellable       *cancellable,
                               GAsyncReadyCallback callback,
                               gpointer            user_data)
{
  GTask *task;

  g_return_if_fail (IBB_FILES_IS_TRANSFER (self));
  g_return_if_fail (self->metadata != NULL); /* a binding can make a bare transfer */
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_files_transfer_wait_async);
  g_task_set_name (task, "[ibb-files] wait");
  ibb_files_transfer_add_wait (self, task, wait_cancelled_cb);
}

/**
 * ibb_files_transfer_wait_finish:
 * @self: a transfer
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBFiles.Transfer.wait_async]
 *
 * Finishes [method@IBBFiles.Transfer.wait_async].
 *
 * Returns: whether the file has arrived
 *
 * Since: 1.0
 */
gboolean
ibb_files_transfer_wait_finish (IBBFilesTransfer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_files_transfer_wait_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

static void
take_result_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  *(GAsyncResult **) user_data = g_object_ref (result);
}

/**
 * ibb_files_transfer_wait:
 * @self: a transfer
 * @cancellable: (nullable): ends the waiting, not the transfer
 * @error: return location for an error, see [method@IBBFiles.Transfer.wait_async]
 *
 * Waits until the transfer is over. Meanwhile the call iterates the thread-default main context,
 * which has to be that of the [class@IBBFiles.Service]. It is for programs without a main loop.
 *
 * Returns: whether the file has arrived
 *
 * Since: 1.0
 */
gboolean
ibb_files_transfer_wait (IBBFilesTransfer *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_ref_thread_default ();
  g_autoptr (GAsyncResult) result = NULL;

  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (self), FALSE);
  g_return_val_if_fail (self->metadata != NULL, FALSE); /* a binding can make a bare transfer */
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  ibb_files_transfer_wait_async (self, cancellable, take_result_cb, &result);
  while (result == NULL)
    g_main_context_iteration (context, TRUE);
  return ibb_files_transfer_wait_finish (self, result, error);
}
