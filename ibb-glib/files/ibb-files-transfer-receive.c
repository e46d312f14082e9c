/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/intl.h"
#include "files/ibb-files-transfer-private.h"
#include "files/move/folder-sink.h"

#define OPEN_TIMEOUT 60000  /* ms for the sender to open the session after the accept */
#define CHECKSUM_TIMEOUT 60 /* s for a checksum that the sender has promised */
#define CLOSE_TIMEOUT 5     /* s for one that it has not, and for the reason of an early close */
#define RIVAL_TIMEOUT 10000 /* ms for the sender of an older transfer to know its session */

/* The end. */

static void
done_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer  *self = IBB_FILES_TRANSFER (object);
  g_autoptr (GError) error = NULL;
  gboolean           is_done = g_task_propagate_boolean (G_TASK (result), &error);

  self->is_checking = FALSE;
  /* The file is in its place: what came meanwhile came too late. */
  if (is_done)
    {
      g_clear_error (&self->failure);
      self->is_in_place = TRUE;
      self->file = self->mover->class->dup_file (self->mover);
    }
  else if (self->failure == NULL)
    ibb_files_transfer_fail (self, g_steal_pointer (&error));
  else
    ibb_files_transfer_tell_failure (self);
  if (ibb_files_transfer_end_call (self))
    self->protocol->deliver (self);
}

/* The strongest hash that the sender has given. */
static const char *
find_hash (IBBFilesMetadata *metadata, const char **algorithm)
{
  for (guint i = 0; ibb_hasher_algorithms[i].name != NULL; i++)
    {
      const char *hash = ibb_files_metadata_get_hash (metadata, ibb_hasher_algorithms[i].name);

      *algorithm = ibb_hasher_algorithms[i].name;
      if (hash != NULL)
        return hash;
    }
  return NULL;
}

typedef struct
{
  IBBMover   *mover;     /* (owned) */
  char       *hash;      /* (owned) (nullable): from the sender */
  const char *algorithm; /* static; undefined without a hash */
  gboolean    is_range;  /* the hash is that of the bytes of this transfer only */
  gboolean    is_unsure; /* bytes of an earlier transfer may be those of another file */
  char       *own;       /* (owned): what was computed meanwhile */
} Check;

static void
check_free (gpointer data)
{
  Check *check = data;

  ibb_mover_unref (check->mover);
  g_free (check->hash);
  g_free (check->own);
  g_free (check);
}

/* The hash of the bytes that came after those that were there. */
static gboolean
check_range (Check *check, GCancellable *cancellable, GError **error)
{
  g_autoptr (IBBHasher) hasher = ibb_hasher_new (check->algorithm);
  g_autofree char      *own = NULL;

  if (!ibb_sink_hash (check->mover->target->sink, hasher, ibb_mover_get_offset (check->mover),
                      cancellable, error))
    return FALSE;
  own = ibb_hasher_finish (hasher);
  return g_str_equal (own, check->hash) || ibb_hasher_fail (error);
}

static void
check_thread (GTask *task, gpointer object, gpointer task_data, GCancellable *cancellable)
{
  Check                  *check = task_data;
  IBBFileTarget          *target = check->mover->target;
  const IBBFileTargetHash hash = { check->algorithm, check->is_range ? NULL : check->hash,
                                   ibb_hasher_get_algorithm (check->mover->hasher), check->own };
  GError                 *error = NULL;

  if (check->is_unsure)
    g_set_error_literal (&error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE,
                         _ ("Nothing tells whether the bytes that were there are of this file"));
  else if (!check->is_range || check_range (check, cancellable, &error))
    target->class->commit (target, &hash, cancellable, &error);
  if (error != NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  target->class->close (target, FALSE);
  g_task_return_boolean (task, TRUE);
}

void
ibb_files_transfer_check (IBBFilesTransfer *self)
{
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, done_cb, NULL);
  Check            *data = g_new0 (Check, 1);
  IBBSink          *sink = self->mover->target->sink;

  ibb_files_transfer_set_timer (self, 0, NULL);
  data->mover = ibb_mover_ref (self->mover);
  data->algorithm = ibb_hasher_get_algorithm (self->mover->hasher);
  if (sink == NULL)
    data->hash = g_strdup (ibb_files_metadata_get_hash (self->metadata, data->algorithm));
  if (data->hash == NULL)
    data->hash = g_strdup (find_hash (self->metadata, &data->algorithm));
  if (data->hash == NULL && self->jingle != NULL && self->jingle->range != NULL)
    {
      data->hash = g_strdup (find_hash (self->jingle->range, &data->algorithm));
      data->is_range = data->hash != NULL;
    }
  /* Many files have the same name and size, and few the same date as well. */
  data->is_unsure = self->mover->offset > 0 &&
                    (data->hash == NULL ||
                     (data->is_range && (ibb_files_metadata_get_date (self->metadata) == NULL ||
                                         !ibb_sink_is_settled (sink))));
  data->own = ibb_hasher_finish (self->mover->hasher);
  self->has_all = FALSE;
  self->is_checking = TRUE;
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_source_tag (task, ibb_files_transfer_check);
  g_task_set_name (task, "[ibb-files] check");
  g_task_set_task_data (task, data, check_free);
  ibb_files_transfer_begin_call (self);
  g_task_run_in_thread (task, check_thread);
}

static gboolean
checksum_timeout_cb (gpointer user_data)
{
  IBBFilesTransfer *self = user_data;

  self->timer = 0;
  if (self->jingle != NULL && self->jingle->promised != NULL)
    ibb_files_transfer_fail (self, g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                                                _ ("“%s” has not sent the hash that it promised"),
                                                self->peer_jid));
  else
    ibb_files_transfer_check (self);
  return G_SOURCE_REMOVE;
}

/* The file is whole if no byte follows: all programs that send by stream initiation close the
 * session after the last one. By Jingle some do not, and say more about the file instead. */
void
ibb_files_transfer_check_when_known (IBBFilesTransfer *self)
{
  IBBJingle *jingle = self->jingle;
  gboolean   has_said_all = jingle != NULL && (jingle->has_checksum ||
                                             ibb_reason_is (jingle->reason, IBB_REASON_SUCCESS));

  if (has_said_all || (self->has_ended && (jingle == NULL || jingle->promised == NULL)))
    ibb_files_transfer_check (self);
}

static void
ended_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer *self = user_data;

  self->has_ended = TRUE;
  /* A byte beyond the size that was offered is a lie about the size. */
  if (g_input_stream_skip_finish (G_INPUT_STREAM (object), result, NULL) > 0)
    ibb_files_transfer_fail (
        self, g_error_new_literal (IBB_ERROR, IBB_ERROR_PROTOCOL,
                                   _ ("The peer sent more bytes than it had offered")));
  if (ibb_files_transfer_end_call (self) && self->has_all)
    ibb_files_transfer_check_when_known (self);
}

static gboolean
reason_timeout_cb (gpointer user_data)
{
  IBBFilesTransfer *self = user_data;

  self->timer = 0;
  ibb_files_transfer_fail (self, g_steal_pointer (&self->early));
  return G_SOURCE_REMOVE;
}

static void
moved_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer *self = IBB_FILES_TRANSFER (object);
  GError           *error = NULL;

  if (!ibb_mover_run_finish (result, &error))
    {
      /* Gajim closes the session before it says why. */
      if (self->jingle != NULL && self->jingle->state != IBB_JINGLE_ENDED &&
          g_error_matches (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT))
        {
          self->early = error;
          ibb_files_transfer_set_timer (self, CLOSE_TIMEOUT, reason_timeout_cb);
          ibb_files_transfer_end_call (self);
          return;
        }
      ibb_files_transfer_fail (self, error);
    }
  if (!ibb_files_transfer_end_call (self))
    return;
  self->has_all = TRUE;
  self->has_ended = self->transport == NULL;
  ibb_files_transfer_set_timer (
      self,
      self->jingle != NULL && self->jingle->promised != NULL ? CHECKSUM_TIMEOUT : CLOSE_TIMEOUT,
      checksum_timeout_cb);
  if (self->transport != NULL)
    {
      ibb_files_transfer_begin_call (self);
      g_input_stream_skip_async (g_io_stream_get_input_stream (G_IO_STREAM (self->transport)), 1,
                                 G_PRIORITY_DEFAULT, self->cancellable, ended_cb, self);
    }
  ibb_files_transfer_check_when_known (self);
  ibb_files_transfer_set_state (self, IBB_FILES_STATE_CHECKING);
}

/* The beginning. */

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer        *self = user_data;
  g_autoptr (GError)       error = NULL;
  g_autoptr (IBBTransport) transport =
      ibb_service_expect_session_finish (IBB_SERVICE (object), result, &error);
  gboolean is_late = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  if (transport != NULL && self->failure != NULL)
    ibb_transport_abort (transport);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    {
      g_autoptr (IBBSessionParams) params = ibb_files_transfer_dup_params (self);

      ibb_farewells_guard (self->farewells, self->sessions, self->peer_jid, params);
    }
  else if (transport != NULL)
    self->transport = g_steal_pointer (&transport);
  else if (is_late && ibb_files_metadata_get_size (self->metadata) > 0)
    ibb_files_transfer_fail (
        self,
        g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                     _ ("“%s” has not begun to send the file that was accepted"), self->peer_jid));
  /* A sender may open no session for an empty file. */
  else if (!is_late)
    ibb_files_transfer_fail (self, g_steal_pointer (&error));
  if (!ibb_files_transfer_end_call (self))
    return;
  ibb_mover_set_transport (self->mover, self->transport);
  ibb_files_transfer_move (self, moved_cb);
}

/* Before the accept: Dino opens before it has answered. */
void
ibb_files_transfer_expect_session (IBBFilesTransfer *self)
{
  g_autoptr (IBBSessionParams) params = ibb_files_transfer_dup_params (self);

  ibb_session_params_set_expect_timeout (params, OPEN_TIMEOUT);
  ibb_farewells_unguard (self->farewells, self->peer_jid, self->sid);
  ibb_files_transfer_begin_call (self);
  ibb_service_expect_session_async (self->sessions, self->peer_jid, self->sid, params,
                                    self->cancellable, opened_cb, self);
}

static void
prepared_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBFilesTransfer *self = IBB_FILES_TRANSFER (object);
  GError           *error = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    ibb_files_transfer_fail (self, error);
  if (!ibb_files_transfer_end_call (self))
    return;
  ibb_files_transfer_set_timer (self, 0, NULL);
  self->protocol->accept (self);
}

static void
prepare_thread (GTask *task, gpointer object, gpointer task_data, GCancellable *cancellable)
{
  IBBMover *mover = task_data;
  GError   *error = NULL;

  if (mover->class->open (mover, &error))
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
prepare (IBBFilesTransfer *self)
{
  g_autoptr (GTask) task = g_task_new (self, self->cancellable, prepared_cb, NULL);

  g_task_set_source_tag (task, prepare);
  g_task_set_name (task, "[ibb-files] prepare");
  g_task_set_task_data (task, ibb_mover_ref (self->mover), (GDestroyNotify) ibb_mover_unref);
  ibb_files_transfer_begin_call (self);
  g_task_run_in_thread (task, prepare_thread);
}

/* Other transfers of the same file, or folder, to the same place. Where the sender was started
 * again, the older one ends, and this one goes on with its part. A program that still knows the
 * session has offered twice what only looks the same: then both go on. */

typedef struct
{
  IBBFilesTransfer *self;   /* (unowned): its call runs */
  IBBFilesTransfer *rival;  /* (owned) (nullable): the one that is asked about, or ends */
  GPtrArray        *beside; /* (owned) (element-type IBBFilesTransfer): go on beside this one */
} Rivalry;

static void
rivalry_free (Rivalry *rivalry)
{
  g_clear_object (&rivalry->rival);
  g_ptr_array_unref (rivalry->beside);
  g_free (rivalry);
}

/* The last one: it waits for those before it. */
static IBBFilesTransfer *
find_rival (IBBFilesTransfer *self, GPtrArray *beside)
{
  for (guint i = self->transfers->len; i-- > 0;)
    {
      IBBFilesTransfer *other = g_ptr_array_index (self->transfers, i);

      if (other != self && other->direction == self->direction && other->mover != NULL &&
          other->keeps_part && other->mover->class == self->mover->class &&
          !g_ptr_array_find (beside, other, NULL) &&
          self->mover->class->is_rival (self->mover, other->mover))
        return other;
    }
  return NULL;
}

static void meet_rivals (Rivalry *rivalry);

static void
rival_over_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Rivalry *rivalry = user_data;

  g_clear_object (&rivalry->rival);
  if (ibb_files_transfer_end_call (rivalry->self))
    meet_rivals (rivalry);
  else
    rivalry_free (rivalry);
}

static void
rival_asked_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  Rivalry              *rivalry = user_data;
  g_autoptr (IBBStanza) answer =
      ibb_connection_query_finish (IBB_CONNECTION (object), result, NULL);

  if (!ibb_files_transfer_end_call (rivalry->self))
    {
      rivalry_free (rivalry);
      return;
    }
  if (answer != NULL)
    {
      g_ptr_array_add (rivalry->beside, g_steal_pointer (&rivalry->rival));
      meet_rivals (rivalry);
      return;
    }
  ibb_files_transfer_begin_call (rivalry->self);
  ibb_files_transfer_wait_async (rivalry->rival, NULL, rival_over_cb, rivalry);
  ibb_files_transfer_fail (rivalry->rival,
                           g_error_new_literal (IBB_ERROR, IBB_ERROR_CONFLICT,
                                                _ ("The peer has offered the file again")));
}

/* Takes rivalry. */
static void
meet_rivals (Rivalry *rivalry)
{
  IBBFilesTransfer     *self = rivalry->self;
  IBBFilesTransfer     *rival = self->keeps_part ? find_rival (self, rivalry->beside) : NULL;
  g_autofree char      *ping = NULL;
  g_autoptr (IBBStanza) question = NULL;

  if (rival == NULL)
    {
      rivalry_free (rivalry);
      prepare (self);
      return;
    }
  ping = rival->courier != NULL ? ibb_courier_dup_ping (rival->courier)
                                : ibb_jingle_dup_ping (rival->jingle);
  question = ibb_files_transfer_new_iq (rival, "set", NULL, ping);
  rivalry->rival = g_object_ref (rival);
  ibb_files_transfer_begin_call (self);
  ibb_connection_query_async (self->connection, question, RIVAL_TIMEOUT, self->cancellable,
                              rival_asked_cb, rivalry);
}

static void
begin (IBBFilesTransfer *self, IBBMover *mover)
{
  const char *algorithm;
  gboolean    has_hash = find_hash (self->metadata, &algorithm) != NULL;
  const char *promised = self->jingle != NULL ? self->jingle->promised : NULL;
  Rivalry    *rivalry = g_new0 (Rivalry, 1);

  self->mover = ibb_mover_ref (mover);
  if (!has_hash)
    algorithm = promised != NULL ? promised : IBB_HASHER_DEFAULT;
  if (self->jingle != NULL)
    self->keeps_part = self->jingle->takes_range && (promised != NULL || has_hash);
  ibb_mover_prepare (mover, algorithm, self->keeps_part);
  rivalry->self = self;
  rivalry->beside = g_ptr_array_new_with_free_func (g_object_unref);
  meet_rivals (rivalry);
}

/* Deciding on an offer. */

/* The wait of an accept is the transfer. */
static gboolean
accept_cancelled_cb (GCancellable *cancellable, gpointer user_data)
{
  ibb_files_transfer_cancel (g_task_get_source_object (user_data));
  return G_SOURCE_REMOVE;
}

static IBBMover *
create_mover (IBBFilesTransfer *self, GFile *place, IBBSinkPolicy policy)
{
  g_autofree char *path = g_file_get_path (place);

  if (path != NULL && ibb_files_metadata_get_is_folder (self->metadata))
    return ibb_folder_sink_new_mover (path, self->peer_jid, self->metadata, policy,
                                      self->cancellable);
  return ibb_mover_new_for_target (
      ibb_file_target_new (place, self->peer_jid, self->metadata, policy),
      ibb_files_metadata_get_size (self->metadata), self->cancellable);
}

/* Takes the mover and the task. */
static void
accept_to (IBBFilesTransfer *self, IBBMover *mover, GTask *task)
{
  if (ibb_files_transfer_waits_for_decision (self))
    {
      ibb_files_transfer_add_wait (self, task, accept_cancelled_cb);
      begin (self, mover);
    }
  else
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PENDING,
                               _ ("The offer was accepted or refused already"));
      g_object_unref (task);
    }
  ibb_mover_unref (mover);
}

/**
 * ibb_files_transfer_accept_file_async:
 * @self: a transfer that was offered
 * @file: the place of the file, in a folder of this computer
 * @existing: what happens if something is in that place when the file is whole
 * @cancellable: (nullable): ends the transfer, as [method@IBBFiles.Transfer.cancel] does
 * @callback: (scope async): called when the transfer is over
 * @user_data: data for @callback
 *
 * Accepts the offer, and receives the file, or the folder.
 *
 * The file appears in its place when it is whole, its size and hash have been checked, and it is on
 * the disk. Until then the bytes are in a hidden part in the same folder: `.ibb-KEY-N.part`, where
 * the key stands for the account of the sender, and the name, size and date that were offered. A
 * later offer of the same file goes on with it.
 *
 * [property@IBBFiles.Transfer:file] tells which name the file got.
 *
 * A folder is made at @file, unless one is there, and each file of it is treated in this way, with
 * @existing. The files get the date of those of the sender. Since 1.1, a file that its owner may
 *   execute there may be executed here, and one that is private is private here. What is there
 *   already with the same name, size and date is not sent again: its hash is compared. A link is
 *   not followed. A file that fails does not stop the others, unless the disk is full. The transfer
 *   then fails in the end, with %IBB_ERROR_FAILED. The message has the number of the failed files,
 *   and the first of them.
 *
 * Fails like [method@IBBFiles.Transfer.wait_async]; also with %G_IO_ERROR_EXISTS if something is in
 * the place that @existing lets be, and with %G_IO_ERROR_PENDING if the transfer waits for no
 * decision. The offer is refused if it is known before the first byte that the file cannot be
 * made.
 *
 * Since: 1.0
 */
void
ibb_files_transfer_accept_file_async (IBBFilesTransfer   *self,
                                      GFile              *file,
                                      IBBFilesExisting    existing,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data)
{
  static const IBBSinkPolicy policies[] = { IBB_SINK_FAIL, IBB_SINK_REPLACE, IBB_SINK_NUMBER };
  GTask                     *task;

  g_return_if_fail (IBB_FILES_IS_TRANSFER (self));
  g_return_if_fail (self->metadata != NULL); /* a binding can make a bare transfer */
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (existing <= IBB_FILES_EXISTING_NUMBER);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_files_transfer_accept_file_async);
  g_task_set_name (task, "[ibb-files] accept");
  accept_to (self, create_mover (self, file, policies[existing]), task);
}

/**
 * ibb_files_transfer_accept_file_finish:
 * @self: a transfer
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBFiles.Transfer.accept_file_async]
 *
 * Finishes [method@IBBFiles.Transfer.accept_file_async].
 *
 * Returns: whether the file is in its place
 *
 * Since: 1.0
 */
gboolean
ibb_files_transfer_accept_file_finish (IBBFilesTransfer *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_files_transfer_accept_file_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ibb_files_transfer_accept_stream_async:
 * @self: a transfer that was offered
 * @stream: where the bytes go; it is flushed in the end, and not closed
 * @cancellable: (nullable): ends the transfer, as [method@IBBFiles.Transfer.cancel] does
 * @callback: (scope async): called when the transfer is over
 * @user_data: data for @callback
 *
 * Accepts the offer, and writes the bytes to a stream, in a thread of the library’s. If the call
 * fails, a part of the file or bytes with another hash may have been written.
 *
 * The errors are those of [method@IBBFiles.Transfer.accept_file_async]; also
 * %G_IO_ERROR_NOT_SUPPORTED for a folder, whose offer goes on to wait for the decision.
 *
 * Since: 1.0
 */
void
ibb_files_transfer_accept_stream_async (IBBFilesTransfer   *self,
                                        GOutputStream      *stream,
                                        GCancellable       *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer            user_data)
{
  GTask *task;

  g_return_if_fail (IBB_FILES_IS_TRANSFER (self));
  g_return_if_fail (self->metadata != NULL); /* a binding can make a bare transfer */
  g_return_if_fail (G_IS_OUTPUT_STREAM (stream));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_files_transfer_accept_stream_async);
  g_task_set_name (task, "[ibb-files] accept");
  if (ibb_files_metadata_get_is_folder (self->metadata))
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               _ ("A folder cannot be received into a stream"));
      g_object_unref (task);
      return;
    }
  accept_to (self,
             ibb_mover_new_for_target (ibb_file_target_new_for_stream (stream),
                                       ibb_files_metadata_get_size (self->metadata),
                                       self->cancellable),
             task);
}

/**
 * ibb_files_transfer_accept_stream_finish:
 * @self: a transfer
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBFiles.Transfer.accept_stream_async]
 *
 * Finishes [method@IBBFiles.Transfer.accept_stream_async].
 *
 * Returns: whether the stream has got the whole file
 *
 * Since: 1.0
 */
gboolean
ibb_files_transfer_accept_stream_finish (IBBFilesTransfer *self,
                                         GAsyncResult     *result,
                                         GError          **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_files_transfer_accept_stream_async),
                        FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}
