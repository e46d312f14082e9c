/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/part.h"

#include "files/mover.h"
#include "ibb-intl-private.h"

#include <string.h>
#include <unistd.h>

#define KEY_LENGTH 16 /* hexadecimal digits */

static IBBPart *
create (guint64 size)
{
  IBBPart *self = g_new0 (IBBPart, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->size = size;
  self->algorithm = IBB_HASHER_DEFAULT;
  return self;
}

/* What an offer has to repeat to go on with the bytes of an earlier one. */
static char *
dup_key (const char *peer_jid, IBBFilesMetadata *metadata)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  g_autofree char      *account = g_strndup (peer_jid, strcspn (peer_jid, "/"));
  GDateTime            *date = ibb_files_metadata_get_date (metadata);
  g_autofree char      *numbers = g_strdup_printf ("%" G_GUINT64_FORMAT " %" G_GINT64_FORMAT,
                                                   ibb_files_metadata_get_size (metadata),
                                              date != NULL ? g_date_time_to_unix (date) : 0);
  const char           *name = ibb_files_metadata_get_name (metadata);

  g_checksum_update (checksum, (const guint8 *) account, (gssize) strlen (account) + 1);
  g_checksum_update (checksum, (const guint8 *) name, (gssize) strlen (name) + 1);
  g_checksum_update (checksum, (const guint8 *) numbers, -1);
  return g_strndup (g_checksum_get_string (checksum), KEY_LENGTH);
}

IBBPart *
ibb_part_new (GFile *place, const char *peer_jid, IBBFilesMetadata *metadata, gboolean replaces)
{
  IBBPart          *self = create (ibb_files_metadata_get_size (metadata));
  g_autoptr (GFile) folder = g_file_get_parent (place);
  g_autofree char  *base = g_file_get_basename (place);
  g_autofree char  *key = dup_key (peer_jid, metadata);
  g_autofree char  *name = g_strdup_printf (".%s.%s.part", base, key);

  self->place = g_object_ref (place);
  self->replaces = replaces;
  self->hidden = folder != NULL ? g_file_get_child (folder, name) : NULL;
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
  g_clear_object (&self->place);
  g_clear_object (&self->hidden);
  g_clear_object (&self->stream);
  g_clear_pointer (&self->hasher, ibb_hasher_free);
  g_free (self);
}

/* A link, or another user's file, is not what an earlier transfer has left. */
static gboolean
is_own (GFileInfo *info)
{
  return g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR &&
         (!g_file_info_has_attribute (info, G_FILE_ATTRIBUTE_UNIX_UID) ||
          g_file_info_get_attribute_uint32 (info, G_FILE_ATTRIBUTE_UNIX_UID) == geteuid ());
}

/* Adds what is there to the hasher. */
static gboolean
read_existing (IBBPart *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileInputStream) input = NULL;
  g_autoptr (GFileInfo)        info =
      g_file_query_info (self->hidden,
                         G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE
                                                        "," G_FILE_ATTRIBUTE_UNIX_UID,
                         G_FILE_QUERY_INFO_NOFOLLOW_SYMLINKS, cancellable, NULL);

  if (info == NULL || !is_own (info) || (guint64) g_file_info_get_size (info) > self->size)
    return TRUE;
  input = g_file_read (self->hidden, cancellable, error);
  if (input == NULL)
    return FALSE;
  self->offset = (guint64) g_file_info_get_size (info);
  return ibb_mover_hash (G_INPUT_STREAM (input), self->hasher, self->offset, cancellable, error);
}

static GOutputStream *
open_hidden (IBBPart *self, GCancellable *cancellable, GError **error)
{
  if (self->offset > 0)
    return (GOutputStream *) g_file_append_to (self->hidden, G_FILE_CREATE_NONE, cancellable,
                                               error);
  /* A file that is created cannot be somebody else's, nor a link. */
  g_file_delete (self->hidden, cancellable, NULL);
  return (GOutputStream *) g_file_create (self->hidden, G_FILE_CREATE_NONE, cancellable, error);
}

gboolean
ibb_part_open (IBBPart *self, GCancellable *cancellable, GError **error)
{
  g_assert (self->hasher == NULL);

  self->hasher = ibb_hasher_new (self->algorithm);
  if (self->place == NULL)
    return TRUE;
  if (self->hidden == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
                           _ ("A file cannot take the place of the topmost folder"));
      return FALSE;
    }
  if (!self->replaces && g_file_query_exists (self->place, cancellable))
    {
      g_autofree char *name = g_file_get_parse_name (self->place);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, _ ("“%s” exists already"), name);
      return FALSE;
    }
  if (self->goes_on && !read_existing (self, cancellable, error))
    return FALSE;
  self->stream = open_hidden (self, cancellable, error);
  return self->stream != NULL;
}

char *
ibb_part_hash (IBBPart *self, const char *algorithm, GError **error)
{
  g_autoptr (IBBHasher)        hasher = ibb_hasher_new (algorithm);
  g_autoptr (GFileInputStream) input = NULL;

  if (hasher == NULL || self->place == NULL)
    return NULL;
  input = g_file_read (self->hidden, NULL, error);
  if (input == NULL || !ibb_mover_hash (G_INPUT_STREAM (input), hasher, G_MAXUINT64, NULL, error))
    return NULL;
  return ibb_hasher_finish (hasher);
}

gboolean
ibb_part_commit (IBBPart *self, GError **error)
{
  if (self->place == NULL)
    return g_output_stream_flush (self->stream, NULL, error);
  if (!g_output_stream_close (self->stream, NULL, error))
    return FALSE;
  return g_file_move (self->hidden, self->place,
                      self->replaces ? G_FILE_COPY_OVERWRITE : G_FILE_COPY_NONE, NULL, NULL, NULL,
                      error);
}

void
ibb_part_close (IBBPart *self, gboolean keeps)
{
  if (self->place == NULL || self->stream == NULL)
    return;
  g_output_stream_close (self->stream, NULL, NULL);
  if (!keeps)
    g_file_delete (self->hidden, NULL, NULL);
}
