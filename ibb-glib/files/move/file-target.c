/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/file-target.h"

#include "base/intl.h"
#include "files/disk/part-file.h"

#include <ibb-glib/ibb-glib.h>

void
ibb_file_target_free (IBBFileTarget *self)
{
  g_clear_pointer (&self->sink, ibb_sink_free);
  g_clear_object (&self->stream);
  g_free (self);
}

/* A sink. */

static gboolean
is_rival_sink (IBBFileTarget *self, IBBFileTarget *other)
{
  return ibb_sink_is_rival (self->sink, other->sink);
}

static GFile *
dup_file (IBBFileTarget *self)
{
  g_autofree char *path = ibb_sink_dup_path (self->sink);

  return g_file_new_for_path (path);
}

static gboolean
open_sink (IBBFileTarget *self, guint64 size, gboolean goes_on, guint64 *length, GError **error)
{
  if (!ibb_sink_open (self->sink, size, goes_on, error))
    return FALSE;
  *length = ibb_sink_get_length (self->sink);
  return TRUE;
}

static gboolean
write_sink (
    IBBFileTarget *self, const void *data, gsize length, GCancellable *cancellable, GError **error)
{
  return ibb_sink_write (self->sink, data, length, error);
}

static void
settle_sink (IBBFileTarget *self)
{
  ibb_sink_settle (self->sink);
}

static gboolean
commit_sink (IBBFileTarget           *self,
             const IBBFileTargetHash *hash,
             GCancellable            *cancellable,
             GError                 **error)
{
  return ibb_sink_commit (self->sink, hash->hash != NULL ? hash->algorithm : hash->own_algorithm,
                          hash->hash != NULL ? hash->hash : hash->own, cancellable, error);
}

static void
close_sink (IBBFileTarget *self, gboolean keeps)
{
  ibb_sink_close (self->sink, keeps);
}

static const IBBFileTargetClass sink_class = {
  is_rival_sink, dup_file, open_sink, write_sink, settle_sink, commit_sink, close_sink,
};

IBBFileTarget *
ibb_file_target_new_for_sink (IBBSink *sink)
{
  IBBFileTarget *self = g_new0 (IBBFileTarget, 1);

  self->class = &sink_class;
  self->sink = sink;
  return self;
}

/* A stream. */

static gboolean
open_stream (IBBFileTarget *self, guint64 size, gboolean goes_on, guint64 *length, GError **error)
{
  *length = 0;
  return TRUE;
}

static gboolean
write_stream (
    IBBFileTarget *self, const void *data, gsize length, GCancellable *cancellable, GError **error)
{
  return g_output_stream_write_all (self->stream, data, length, NULL, cancellable, error);
}

/* The bytes cannot be read again for another function. */
static gboolean
check_stream (const IBBFileTargetHash *hash, GError **error)
{
  if (g_str_equal (hash->algorithm, hash->own_algorithm))
    return g_str_equal (hash->own, hash->hash) || ibb_hasher_fail (error);
  g_set_error (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE,
               _ ("The offer did not say that the hash would be by “%s”"), hash->algorithm);
  return FALSE;
}

static gboolean
commit_stream (IBBFileTarget           *self,
               const IBBFileTargetHash *hash,
               GCancellable            *cancellable,
               GError                 **error)
{
  return (hash->hash == NULL || check_stream (hash, error)) &&
         !g_cancellable_set_error_if_cancelled (cancellable, error) &&
         g_output_stream_flush (self->stream, NULL, error);
}

static void
close_nothing (IBBFileTarget *self, gboolean keeps)
{
}

static const IBBFileTargetClass stream_class = {
  .open = open_stream,
  .write = write_stream,
  .commit = commit_stream,
  .close = close_nothing,
};

IBBFileTarget *
ibb_file_target_new_for_stream (GOutputStream *stream)
{
  IBBFileTarget *self = g_new0 (IBBFileTarget, 1);

  self->class = &stream_class;
  self->stream = g_object_ref (stream);
  return self;
}

/* A place that is not on this computer. */

static gboolean
open_nowhere (IBBFileTarget *self, guint64 size, gboolean goes_on, guint64 *length, GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       _ ("A file can only be received into a local folder"));
  return FALSE;
}

static const IBBFileTargetClass no_class = {
  .open = open_nowhere,
  .close = close_nothing,
};

IBBFileTarget *
ibb_file_target_new (GFile            *place,
                     const char       *peer_jid,
                     IBBFilesMetadata *metadata,
                     IBBSinkPolicy     policy)
{
  IBBFileTarget   *self = ibb_file_target_new_for_sink (NULL);
  g_autofree char *path = g_file_get_path (place);
  g_autofree char *folder = path != NULL ? g_path_get_dirname (path) : NULL;
  g_autofree char *name = path != NULL ? g_path_get_basename (path) : NULL;
  g_autofree char *text = ibb_part_file_dup_text (peer_jid, ibb_files_metadata_get_name (metadata),
                                                  ibb_files_metadata_get_size (metadata),
                                                  ibb_files_metadata_get_date (metadata));

  if (path != NULL)
    self->sink = ibb_sink_new (folder, name, text, policy);
  else
    self->class = &no_class;
  return self;
}
