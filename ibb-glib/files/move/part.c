/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/part.h"

#include "base/intl.h"
#include "files/disk/part-file.h"

#include <ibb-glib/ibb-glib.h>

static IBBPart *
create (guint64 size)
{
  IBBPart *self = g_new0 (IBBPart, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->size = size;
  self->algorithm = IBB_HASHER_DEFAULT;
  return self;
}

IBBPart *
ibb_part_new (GFile *place, const char *peer_jid, IBBFilesMetadata *metadata, IBBSinkPolicy policy)
{
  IBBPart         *self = create (ibb_files_metadata_get_size (metadata));
  g_autofree char *path = g_file_get_path (place);
  g_autofree char *folder = path != NULL ? g_path_get_dirname (path) : NULL;
  g_autofree char *name = path != NULL ? g_path_get_basename (path) : NULL;
  g_autofree char *text =
      ibb_part_file_dup_text (peer_jid, ibb_files_metadata_get_name (metadata), self->size,
                              ibb_files_metadata_get_date (metadata));

  if (path != NULL && ibb_files_metadata_get_is_folder (metadata))
    self->folder = ibb_folder_sink_new (path, peer_jid, metadata, policy);
  else if (path != NULL)
    self->sink = ibb_sink_new (folder, name, text, policy);
  return self;
}

IBBPart *
ibb_part_new_for_stream (GOutputStream *stream, guint64 size)
{
  IBBPart *self = create (size);

  self->stream = g_object_ref (stream);
  return self;
}

IBBPart *
ibb_part_ref (IBBPart *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_part_unref (IBBPart *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->sink, ibb_sink_free);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->folder, ibb_folder_sink_free);
  g_clear_pointer (&self->hasher, ibb_hasher_free);
  g_free (self);
}

gboolean
ibb_part_is_rival (IBBPart *self, IBBPart *other)
{
  if (self->folder != NULL && other->folder != NULL)
    return ibb_folder_sink_is_rival (self->folder, other->folder);
  return self->sink != NULL && other->sink != NULL && ibb_sink_is_rival (self->sink, other->sink);
}

gboolean
ibb_part_open (IBBPart *self, GCancellable *cancellable, GError **error)
{
  g_assert (self->hasher == NULL);

  self->hasher = ibb_hasher_new (self->algorithm);
  if (self->stream != NULL)
    return TRUE;
  if (self->folder != NULL)
    return ibb_folder_sink_open (self->folder, error);
  if (self->sink == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("A file can only be received into a local folder"));
      return FALSE;
    }
  if (!ibb_sink_open (self->sink, self->size, self->goes_on, error))
    return FALSE;
  self->offset = ibb_sink_get_length (self->sink);
  return ibb_sink_hash (self->sink, self->hasher, 0, cancellable, error);
}

gboolean
ibb_part_write (
    IBBPart *self, const void *data, gsize length, GCancellable *cancellable, GError **error)
{
  if (self->sink != NULL)
    return ibb_sink_write (self->sink, data, length, error);
  return g_output_stream_write_all (self->stream, data, length, NULL, cancellable, error);
}

gboolean
ibb_part_check_range (IBBPart      *self,
                      const char   *algorithm,
                      const char   *hash,
                      GCancellable *cancellable,
                      GError      **error)
{
  g_autoptr (IBBHasher) hasher = ibb_hasher_new (algorithm);
  g_autofree char      *own = NULL;

  if (!ibb_sink_hash (self->sink, hasher, self->offset, cancellable, error))
    return FALSE;
  own = ibb_hasher_finish (hasher);
  return g_str_equal (own, hash) || ibb_hasher_fail (error);
}

/* The bytes of a stream cannot be read again for another function than the part's. */
static gboolean
check_stream (
    IBBPart *self, const char *algorithm, const char *hash, const char *own, GError **error)
{
  if (g_str_equal (algorithm, self->algorithm))
    return g_str_equal (own, hash) || ibb_hasher_fail (error);
  g_set_error (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE,
               _ ("The offer did not say that the hash would be by “%s”"), algorithm);
  return FALSE;
}

gboolean
ibb_part_commit (IBBPart      *self,
                 const char   *algorithm,
                 const char   *hash,
                 const char   *own,
                 GCancellable *cancellable,
                 GError      **error)
{
  if (self->sink != NULL)
    {
      if (!ibb_sink_commit (self->sink, hash != NULL ? algorithm : self->algorithm,
                            hash != NULL ? hash : own, cancellable, error))
        return FALSE;
      ibb_sink_close (self->sink, FALSE);
      return TRUE;
    }
  return (hash == NULL || check_stream (self, algorithm, hash, own, error)) &&
         !g_cancellable_set_error_if_cancelled (cancellable, error) &&
         g_output_stream_flush (self->stream, NULL, error);
}

GFile *
ibb_part_dup_file (IBBPart *self)
{
  g_autofree char *path = self->sink != NULL ? ibb_sink_dup_path (self->sink) : NULL;

  if (self->folder != NULL)
    return g_file_new_for_path (ibb_folder_sink_get_path (self->folder));
  return path != NULL ? g_file_new_for_path (path) : NULL;
}

void
ibb_part_close (IBBPart *self, gboolean keeps)
{
  if (self->folder != NULL)
    ibb_folder_sink_stop (self->folder, keeps);
  if (self->sink != NULL)
    ibb_sink_close (self->sink, keeps);
}
