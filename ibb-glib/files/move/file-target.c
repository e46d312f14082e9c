/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/file-target.h"

#include "base/intl.h"
#include "files/disk/part-file.h"

#include <ibb-glib/ibb-glib.h>

struct _IBBFileTarget
{
  const struct Kind *kind;
  IBBSink           *sink;   /* (owned) (nullable) */
  GOutputStream     *stream; /* (owned) (nullable) */
};

typedef struct Kind
{
  gboolean (*open) (
      IBBFileTarget *self, guint64 size, gboolean goes_on, guint64 *length, GError **error);
  gboolean (*write) (IBBFileTarget *self,
                     const void    *data,
                     gsize          length,
                     GCancellable  *cancellable,
                     GError       **error);
  gboolean (*commit) (IBBFileTarget *self,
                      const char    *algorithm,
                      const char    *hash,
                      const char    *own_algorithm,
                      const char    *own,
                      GCancellable  *cancellable,
                      GError       **error);
} Kind;

/* A sink. */

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

static gboolean
commit_sink (IBBFileTarget *self,
             const char    *algorithm,
             const char    *hash,
             const char    *own_algorithm,
             const char    *own,
             GCancellable  *cancellable,
             GError       **error)
{
  return ibb_sink_commit (self->sink, hash != NULL ? algorithm : own_algorithm,
                          hash != NULL ? hash : own, cancellable, error);
}

static const Kind sink_kind = { open_sink, write_sink, commit_sink };

IBBFileTarget *
ibb_file_target_new_for_sink (IBBSink *sink)
{
  IBBFileTarget *self = g_new0 (IBBFileTarget, 1);

  self->kind = &sink_kind;
  self->sink = sink;
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

static const Kind no_kind = { open_nowhere };

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
    self->kind = &no_kind;
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
check_stream (const char *algorithm,
              const char *hash,
              const char *own_algorithm,
              const char *own,
              GError    **error)
{
  if (g_str_equal (algorithm, own_algorithm))
    return g_str_equal (own, hash) || ibb_hasher_fail (error);
  g_set_error (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE,
               _ ("The offer did not say that the hash would be by “%s”"), algorithm);
  return FALSE;
}

static gboolean
commit_stream (IBBFileTarget *self,
               const char    *algorithm,
               const char    *hash,
               const char    *own_algorithm,
               const char    *own,
               GCancellable  *cancellable,
               GError       **error)
{
  return (hash == NULL || check_stream (algorithm, hash, own_algorithm, own, error)) &&
         !g_cancellable_set_error_if_cancelled (cancellable, error) &&
         g_output_stream_flush (self->stream, NULL, error);
}

static const Kind stream_kind = { open_stream, write_stream, commit_stream };

IBBFileTarget *
ibb_file_target_new_for_stream (GOutputStream *stream)
{
  IBBFileTarget *self = g_new0 (IBBFileTarget, 1);

  self->kind = &stream_kind;
  self->stream = g_object_ref (stream);
  return self;
}

/* All. */

void
ibb_file_target_free (IBBFileTarget *self)
{
  g_clear_pointer (&self->sink, ibb_sink_free);
  g_clear_object (&self->stream);
  g_free (self);
}

gboolean
ibb_file_target_is_rival (IBBFileTarget *self, IBBFileTarget *other)
{
  return self->sink != NULL && other->sink != NULL && ibb_sink_is_rival (self->sink, other->sink);
}

gboolean
ibb_file_target_open (
    IBBFileTarget *self, guint64 size, gboolean goes_on, guint64 *length, GError **error)
{
  return self->kind->open (self, size, goes_on, length, error);
}

gboolean
ibb_file_target_write (
    IBBFileTarget *self, const void *data, gsize length, GCancellable *cancellable, GError **error)
{
  return self->kind->write (self, data, length, cancellable, error);
}

void
ibb_file_target_settle (IBBFileTarget *self)
{
  if (self->sink != NULL)
    ibb_sink_settle (self->sink);
}

gboolean
ibb_file_target_commit (IBBFileTarget *self,
                        const char    *algorithm,
                        const char    *hash,
                        const char    *own_algorithm,
                        const char    *own,
                        GCancellable  *cancellable,
                        GError       **error)
{
  return self->kind->commit (self, algorithm, hash, own_algorithm, own, cancellable, error);
}

GFile *
ibb_file_target_dup_file (IBBFileTarget *self)
{
  g_autofree char *path = self->sink != NULL ? ibb_sink_dup_path (self->sink) : NULL;

  return path != NULL ? g_file_new_for_path (path) : NULL;
}

IBBSink *
ibb_file_target_get_sink (IBBFileTarget *self)
{
  return self->sink;
}

void
ibb_file_target_close (IBBFileTarget *self, gboolean keeps)
{
  if (self->sink != NULL)
    ibb_sink_close (self->sink, keeps);
}
