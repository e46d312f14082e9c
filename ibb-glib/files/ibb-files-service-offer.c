/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a service that offer a file. */

#include "config.h"

#include "base/intl.h"
#include "files/ibb-files-service-private.h"
#include "files/ibb-files-transfer-private.h"
#include "files/move/folder-source.h"
#include "files/protocol/bundle.h"
#include "files/session/way.h"

#define OWN_BLOCK_SIZE 32768 /* bytes, to a program that uses this library */

typedef struct
{
  char             *peer_jid; /* (owned) */
  GFile            *file;     /* (owned) (nullable) */
  GInputStream     *stream;   /* (owned) (nullable) */
  IBBFolderSource  *folder;   /* (owned) (nullable) */
  IBBFilesMetadata *metadata; /* (owned) (nullable) */
  char             *etag;     /* (owned) (nullable) */
  gboolean          has_callback;
} Offer;

static void
offer_free (gpointer data)
{
  Offer *self = data;

  g_free (self->peer_jid);
  g_clear_object (&self->file);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->folder, ibb_folder_source_free);
  g_clear_object (&self->metadata);
  g_free (self->etag);
  g_free (self);
}

/* Cancels a transfer that the caller of a call cancelled at the last moment has not fetched. */
static void
abandon (gpointer data)
{
  g_autoptr (IBBFilesTransfer) transfer = data;

  ibb_files_transfer_cancel (transfer);
}

static IBBCourier *
create_courier (IBBFilesService *self, IBBFilesTransfer *transfer)
{
  IBBCourierPlace place = ibb_files_service_get_place (self);

  return ibb_courier_new (&place, transfer->peer_jid, transfer->block_size, transfer->metadata);
}

/* A file with a longer description goes as to other programs. */
static void
choose_protocol (IBBFilesService *self, IBBFilesTransfer *transfer, gboolean takes_bundle)
{
  if (takes_bundle &&
      (self->identity != NULL || ibb_files_metadata_get_is_folder (transfer->metadata) ||
       ibb_bundle_can_describe (transfer->metadata)))
    {
      transfer->protocol = &ibb_files_transfer_in_bundle;
      transfer->courier = create_courier (self, transfer);
    }
  else if (transfer->way == IBB_FILES_WAY_JINGLE)
    transfer->protocol = &ibb_files_transfer_by_jingle;
  else
    transfer->protocol = &ibb_files_transfer_by_initiation;
}

static void
found_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)            task = user_data;
  IBBFilesService             *self = g_task_get_source_object (task);
  Offer                       *data = g_task_get_task_data (task);
  GError                      *error = NULL;
  g_autoptr (IBBWayChoice)     choice = ibb_way_find_finish (result, &error);
  g_autoptr (IBBFilesTransfer) transfer = NULL;

  if (choice == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  transfer = ibb_files_service_create_transfer (self, IBB_FILES_DIRECTION_SEND, choice->way,
                                                choice->peer_jid, data->metadata);
  g_object_get (self->sessions, "default-block-size", &transfer->block_size, NULL);
  if (choice->is_own)
    transfer->block_size = MAX (transfer->block_size, OWN_BLOCK_SIZE);
  if (ibb_files_service_add (self, transfer))
    {
      choose_protocol (self, transfer, choice->takes_bundle);
      ibb_files_transfer_offer (transfer, data->stream, data->file, data->etag,
                                g_steal_pointer (&data->folder));
    }
  g_task_return_pointer (task, g_steal_pointer (&transfer),
                         data->has_callback ? abandon : g_object_unref);
}

static void
find_way (GTask *task)
{
  IBBFilesService *self = g_task_get_source_object (task);
  Offer           *data = g_task_get_task_data (task);

  ibb_way_find_async (self->connection, data->peer_jid,
                      ibb_files_metadata_get_size (data->metadata),
                      self->identity != NULL ? IBB_BUNDLE_NAMESPACE : IBB_BUNDLE_PLAIN_NAMESPACE,
                      self->identity != NULL || data->folder != NULL, g_task_get_cancellable (task),
                      found_cb, g_object_ref (task));
}

/* Metadata of the file, below what the application has given. */
static IBBFilesMetadata *
describe (Offer *data, GFileInfo *info)
{
  IBBFilesMetadata     *given = data->metadata;
  g_autoptr (GDateTime) date = g_file_info_get_modification_date_time (info);
  const char           *type = g_file_info_get_content_type (info);
  g_autofree char      *media_type = type != NULL ? g_content_type_get_mime_type (type) : NULL;
  const char           *name = given != NULL && *ibb_files_metadata_get_name (given) != '\0'
                                   ? ibb_files_metadata_get_name (given)
                                   : g_file_info_get_display_name (info);
  IBBFilesMetadata *metadata = ibb_files_metadata_new (name, (guint64) g_file_info_get_size (info));

  ibb_files_metadata_set_date (metadata, date);
  ibb_files_metadata_set_media_type (metadata, media_type);
  if (given != NULL && ibb_files_metadata_get_media_type (given) != NULL)
    ibb_files_metadata_set_media_type (metadata, ibb_files_metadata_get_media_type (given));
  if (given != NULL)
    ibb_files_metadata_set_description (metadata, ibb_files_metadata_get_description (given));
  return metadata;
}

static void
return_unknown_size (GTask *task)
{
  Offer           *data = g_task_get_task_data (task);
  g_autofree char *name = g_file_get_parse_name (data->file);

  g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                           _ ("“%s” is not a file whose size is known"), name);
}

static void
probed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)  task = user_data;
  GError            *error = NULL;
  g_autoptr (GBytes) bytes =
      g_input_stream_read_bytes_finish (G_INPUT_STREAM (object), result, &error);

  if (bytes == NULL)
    {
      Offer           *data = g_task_get_task_data (task);
      g_autofree char *name = g_file_get_parse_name (data->file);

      /* Translators: a file; a reason follows */
      g_prefix_error (&error, _ ("Cannot read “%s”: "), name);
      g_task_return_error (task, error);
    }
  else if (g_bytes_get_size (bytes) > 0)
    return_unknown_size (task);
  else
    find_way (task);
}

static void
opened_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Offer            *data = g_task_get_task_data (task);
  GError           *error = NULL;
  GFileInputStream *stream = g_file_read_finish (G_FILE (object), result, &error);

  if (stream == NULL)
    {
      g_task_return_error (task, error);
      return;
    }
  data->stream = G_INPUT_STREAM (stream);
  /* The files of /proc have the size 0, and bytes. */
  if (ibb_files_metadata_get_size (data->metadata) == 0)
    g_input_stream_read_bytes_async (data->stream, 1, G_PRIORITY_DEFAULT,
                                     g_task_get_cancellable (task), probed_cb, g_object_ref (task));
  else
    find_way (task);
}

/* A folder. */

static void
list_thread (GTask *task, gpointer object, gpointer task_data, GCancellable *cancellable)
{
  Offer           *data = task_data;
  GError          *error = NULL;
  g_autofree char *path = g_file_get_path (data->file);

  if (path == NULL)
    {
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                               _ ("Only a local folder can be sent"));
      return;
    }
  data->folder = ibb_folder_source_new (path, cancellable, &error);
  if (data->folder != NULL)
    g_task_return_boolean (task, TRUE);
  else
    g_task_return_error (task, error);
}

static void
listed_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)            task = user_data;
  Offer                       *data = g_task_get_task_data (task);
  GError                      *error = NULL;
  g_autoptr (IBBFilesMetadata) metadata = NULL;

  if (!g_task_propagate_boolean (G_TASK (result), &error))
    {
      g_task_return_error (task, error);
      return;
    }
  metadata =
      ibb_folder_source_describe (data->folder, ibb_files_metadata_get_name (data->metadata));
  ibb_files_metadata_set_date (metadata, ibb_files_metadata_get_date (data->metadata));
  ibb_files_metadata_set_description (metadata,
                                      ibb_files_metadata_get_description (data->metadata));
  g_set_object (&data->metadata, metadata);
  find_way (task);
}

/* The list is made in a thread. That of the task stays until the task returns. */
static void
list_folder (GTask *task)
{
  g_autoptr (GTask) listing =
      g_task_new (NULL, g_task_get_cancellable (task), listed_cb, g_object_ref (task));

  g_task_set_source_tag (listing, list_folder);
  g_task_set_name (listing, "[ibb-files] list");
  g_task_set_task_data (listing, g_task_get_task_data (task), NULL);
  g_task_run_in_thread (listing, list_thread);
}

static void
described_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)            task = user_data;
  Offer                       *data = g_task_get_task_data (task);
  GError                      *error = NULL;
  g_autoptr (GFileInfo)        info = g_file_query_info_finish (G_FILE (object), result, &error);
  g_autoptr (IBBFilesMetadata) metadata = NULL;

  if (info == NULL)
    g_task_return_error (task, error);
  else if (g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR &&
           g_file_info_get_file_type (info) != G_FILE_TYPE_DIRECTORY)
    return_unknown_size (task);
  else
    {
      metadata = describe (data, info);
      g_set_object (&data->metadata, metadata);
      if (g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
        {
          list_folder (task);
          return;
        }
      data->etag = g_strdup (g_file_info_get_etag (info));
      g_file_read_async (data->file, G_PRIORITY_DEFAULT, g_task_get_cancellable (task), opened_cb,
                         g_object_ref (task));
    }
}

static GTask *
new_offer (IBBFilesService    *self,
           gpointer            tag,
           const char         *peer_jid,
           IBBFilesMetadata   *metadata,
           GCancellable       *cancellable,
           GAsyncReadyCallback callback,
           gpointer            user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);
  Offer *data = g_new0 (Offer, 1);

  g_task_set_source_tag (task, tag);
  g_task_set_name (task, "[ibb-files] offer");
  data->peer_jid = g_strdup (peer_jid);
  data->has_callback = callback != NULL;
  if (metadata != NULL)
    data->metadata = g_object_ref (metadata);
  g_task_set_task_data (task, data, offer_free);
  return task;
}

/**
 * ibb_files_service_offer_file_async:
 * @self: a service
 * @peer_jid: the full JID of the receiver; or, if [method@IBB.Connection.dup_resources] knows who
 *   is online, the bare JID of a contact: then the best of the contact's programs is chosen
 * @file: the file, whose size must be known, or a folder
 * @metadata: (nullable): a name, media type or description in place of those of the file; the size
 *   and the date are always those of the file
 * @cancellable: (nullable): cancels the call; [method@IBBFiles.Transfer.cancel] cancels the
 * transfer
 * @callback: (scope async): called when the offer has left
 * @user_data: data for @callback
 *
 * Offers a file to a peer. The call asks what the peer’s programs can do, and chooses: a program
 * that uses this library, one with Jingle, one with stream initiation.
 *
 * A file that changes while it is sent is an error at both ends.
 *
 * A folder is one transfer of all files in it and in the folders below, to a program that uses this
 * library. Links, devices, pipes, sockets, files whose names the receiver would have to change, and
 * what has gone while the folder was listed are left out: [property@IBBFiles.Transfer:left-out].
 * Each file is resumed and checked by itself. A file that fails does not stop the others; the
 * transfer then fails in the end.
 *
 * Errors:
 *
 * - %IBB_ERROR_FEATURE_NOT_IMPLEMENTED: no program of the peer receives files, or folders, or with
 *   [property@IBBFiles.Service:identity] encrypted ones; the message says which are online. One of
 *   them may take a stream ([method@IBB.Service.open_session])
 * - %G_IO_ERROR_NOT_SUPPORTED: the file is too large for the program of the peer, or the program is
 *   known to lose files; or a folder is not local, or is too large. A folder may have 100,000
 *   files, 64 levels, paths of 2048 bytes, and 16 MiB of paths
 * - %G_IO_ERROR_HOST_NOT_FOUND: the contact is not online
 * - %G_IO_ERROR_NOT_REGULAR_FILE: @file is a device, pipe or socket, or a file of the kernel with
 *   bytes and no size: its size is not known
 * - those of [method@IBB.Connection.query_features_async], and of reading the file
 *
 * Since: 1.0
 */
void
ibb_files_service_offer_file_async (IBBFilesService    *self,
                                    const char         *peer_jid,
                                    GFile              *file,
                                    IBBFilesMetadata   *metadata,
                                    GCancellable       *cancellable,
                                    GAsyncReadyCallback callback,
                                    gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Offer            *data;

  g_return_if_fail (IBB_FILES_IS_SERVICE (self));
  g_return_if_fail (peer_jid != NULL);
  g_return_if_fail (G_IS_FILE (file));
  g_return_if_fail (metadata == NULL || IBB_FILES_IS_METADATA (metadata));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = new_offer (self, ibb_files_service_offer_file_async, peer_jid, metadata, cancellable,
                    callback, user_data);
  data = g_task_get_task_data (task);
  data->file = g_object_ref (file);
  g_file_query_info_async (
      file,
      G_FILE_ATTRIBUTE_STANDARD_TYPE
      "," G_FILE_ATTRIBUTE_STANDARD_SIZE "," G_FILE_ATTRIBUTE_STANDARD_DISPLAY_NAME
      "," G_FILE_ATTRIBUTE_STANDARD_CONTENT_TYPE "," G_FILE_ATTRIBUTE_TIME_MODIFIED
      "," G_FILE_ATTRIBUTE_ETAG_VALUE,
      G_FILE_QUERY_INFO_NONE, G_PRIORITY_DEFAULT, cancellable, described_cb, g_object_ref (task));
}

/**
 * ibb_files_service_offer_file_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBFiles.Service.offer_file_async]
 *
 * Finishes [method@IBBFiles.Service.offer_file_async].
 *
 * Returns: (transfer full): the transfer; %NULL with @error set
 *
 * Since: 1.0
 */
IBBFilesTransfer *
ibb_files_service_offer_file_finish (IBBFilesService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_files_service_offer_file_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ibb_files_service_offer_stream_async:
 * @self: a service
 * @peer_jid: whom to offer the bytes to, as for [method@IBBFiles.Service.offer_file_async]
 * @stream: the bytes; a thread of the library’s reads them when the offer is accepted
 * @metadata: the name and the size, at least
 * @cancellable: (nullable): cancels the call; [method@IBBFiles.Transfer.cancel] cancels the
 * transfer
 * @callback: (scope async): called when the offer has left
 * @user_data: data for @callback
 *
 * Offers bytes to a peer as a file. The errors are those of
 * [method@IBBFiles.Service.offer_file_async]; %G_IO_ERROR_NOT_SUPPORTED also tells that @metadata
 * is that of a folder.
 *
 * Since: 1.0
 */
void
ibb_files_service_offer_stream_async (IBBFilesService    *self,
                                      const char         *peer_jid,
                                      GInputStream       *stream,
                                      IBBFilesMetadata   *metadata,
                                      GCancellable       *cancellable,
                                      GAsyncReadyCallback callback,
                                      gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  Offer            *data;

  g_return_if_fail (IBB_FILES_IS_SERVICE (self));
  g_return_if_fail (peer_jid != NULL);
  g_return_if_fail (G_IS_INPUT_STREAM (stream));
  g_return_if_fail (IBB_FILES_IS_METADATA (metadata));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = new_offer (self, ibb_files_service_offer_stream_async, peer_jid, metadata, cancellable,
                    callback, user_data);
  data = g_task_get_task_data (task);
  data->stream = g_object_ref (stream);
  if (ibb_files_metadata_get_is_folder (metadata))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                             _ ("A folder cannot be sent from a stream"));
  else
    find_way (task);
}

/**
 * ibb_files_service_offer_stream_finish:
 * @self: a service
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBFiles.Service.offer_file_async]
 *
 * Finishes [method@IBBFiles.Service.offer_stream_async].
 *
 * Returns: (transfer full): the transfer; %NULL with @error set
 *
 * Since: 1.0
 */
IBBFilesTransfer *
ibb_files_service_offer_stream_finish (IBBFilesService *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_files_service_offer_stream_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
