/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-files-part.h"

#include "base/intl.h"
#include "files/disk/part-file.h"

G_DEFINE_BOXED_TYPE (IBBFilesPart, ibb_files_part, ibb_files_part_copy, ibb_files_part_free)

/**
 * ibb_files_part_copy:
 * @self: a part
 *
 * Copies what is known of the part.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.1
 */
IBBFilesPart *
ibb_files_part_copy (const IBBFilesPart *self)
{
  IBBFilesPart *copy;

  g_return_val_if_fail (self != NULL, NULL);

  copy = g_memdup2 (self, sizeof *self);
  copy->path = g_strdup (self->path);
  return copy;
}

/**
 * ibb_files_part_free:
 * @self: a part
 *
 * Frees what is known of the part, which stays on the disk.
 *
 * Since: 1.1
 */
void
ibb_files_part_free (IBBFilesPart *self)
{
  g_return_if_fail (self != NULL);

  g_free (self->path);
  g_free (self);
}

/**
 * ibb_files_part_list:
 * @folder: a local folder into which files are received
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error: %G_IO_ERROR_NOT_SUPPORTED if the folder is not local;
 *   otherwise that of the file system
 *
 * Lists the parts of files that did not arrive whole.
 *
 * A part holds the lock of its transfer, so each is opened for a moment. The folders in the folder
 * are not looked at, but received folders have the parts of their files in them. The call blocks
 * while the file system answers.
 *
 * Returns: (transfer container) (element-type IBBFilesPart): this user's parts, the oldest first
 *
 * Since: 1.1
 */
GPtrArray *
ibb_files_part_list (GFile *folder, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) found = NULL;
  GPtrArray            *parts;
  const char           *path;

  g_return_val_if_fail (G_IS_FILE (folder), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  path = g_file_peek_path (folder);
  if (path == NULL)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                         _ ("A file can only be received into a local folder"));
  else
    found = ibb_part_file_list (path, error);
  if (found == NULL)
    return NULL;
  parts = g_ptr_array_new_with_free_func ((GDestroyNotify) ibb_files_part_free);
  for (guint i = 0; i < found->len; i++)
    {
      const IBBPartFile *part = g_ptr_array_index (found, i);
      IBBFilesPart      *copy = g_new0 (IBBFilesPart, 1);

      copy->path = g_build_filename (path, part->name, NULL);
      copy->size = part->size;
      copy->time = part->time;
      copy->is_in_use = part->is_in_use;
      g_ptr_array_add (parts, copy);
    }
  return parts;
}

/**
 * ibb_files_part_remove:
 * @self: a part
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error: %G_IO_ERROR_BUSY if a transfer uses the part,
 *   %G_IO_ERROR_NOT_FOUND if it is gone; otherwise that of the file system
 *
 * Removes the part from the disk, unless a transfer of any program uses it. The next offer of its
 * file begins with the first byte. The call blocks while the file system answers.
 *
 * Returns: whether the part was removed
 *
 * Since: 1.1
 */
gboolean
ibb_files_part_remove (const IBBFilesPart *self, GCancellable *cancellable, GError **error)
{
  g_autofree char *folder = NULL;
  g_autofree char *name = NULL;

  g_return_val_if_fail (self != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  folder = g_path_get_dirname (self->path);
  name = g_path_get_basename (self->path);
  return ibb_part_file_remove (folder, name, error);
}

/**
 * ibb_files_part_query_stored:
 * @transfer: an offer
 * @folder: the folder into which the file would be received
 *
 * Asks how many bytes of the offered file are there, from an earlier transfer that was interrupted.
 * They need not be sent again, unless they are found to be others. The call blocks while the file
 * system answers, and takes no lock: another transfer may use them already.
 *
 * Returns: bytes; 0 for the offer of a folder, whose files have their parts in it
 *
 * Since: 1.1
 */
guint64
ibb_files_part_query_stored (IBBFilesTransfer *transfer, GFile *folder)
{
  IBBFilesMetadata *metadata;
  g_autofree char  *text = NULL;

  g_return_val_if_fail (IBB_FILES_IS_TRANSFER (transfer), 0);
  g_return_val_if_fail (G_IS_FILE (folder), 0);

  metadata = ibb_files_transfer_get_metadata (transfer);
  if (ibb_files_metadata_get_is_folder (metadata) || g_file_peek_path (folder) == NULL)
    return 0;
  text = ibb_part_file_dup_text (
      ibb_files_transfer_get_peer_jid (transfer), ibb_files_metadata_get_name (metadata),
      ibb_files_metadata_get_size (metadata), ibb_files_metadata_get_date (metadata));
  return ibb_part_file_query_size (g_file_peek_path (folder), text);
}
