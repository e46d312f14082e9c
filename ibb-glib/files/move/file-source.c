/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/move/file-source.h"

#include "base/disk.h"
#include "base/intl.h"
#include "files/disk/disk-error.h"

/* The state of an open file. The time of the inode shows a change after which the date of the bytes
 * was put back. */
typedef struct
{
  guint64 size;
  gint64  change; /* s since 1970 */
  guint32 change_nsec;
} Stamp;

struct _IBBFileSource
{
  const struct Kind *kind;
  Stamp              stamp; /* when it was opened */

  GInputStream *stream; /* (owned) (nullable) */
  GFile        *file;   /* (owned) (nullable) */
  char         *etag;   /* (owned) (nullable) */

  int             folder; /* (unowned) */
  int             fd;     /* or -1 */
  char           *name;   /* (owned) (nullable) */
  char           *place;  /* (owned) (nullable) */
  guint64         size;
  struct timespec time;
  guint64         offset; /* of the next byte */
};

typedef struct Kind
{
  /* (nullable) */
  gboolean (*open) (IBBFileSource *self, GError **error);
  gssize (*read) (
      IBBFileSource *self, void *buffer, gsize size, GCancellable *cancellable, GError **error);
  /* Fails unless the file is as it was offered. */
  gboolean (*look) (IBBFileSource *self, Stamp *stamp, GCancellable *cancellable, GError **error);
} Kind;

static gboolean
fail_changed (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG,
                       _ ("The file changed while it was being sent"));
  return FALSE;
}

/* A stream. */

static gssize
read_stream (
    IBBFileSource *self, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  return self->stream != NULL ? g_input_stream_read (self->stream, buffer, size, cancellable, error)
                              : 0;
}

/* The stamp stays empty where the stream does not tell. */
static gboolean
look_at_stream (IBBFileSource *self, Stamp *stamp, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFileInfo) info = NULL;
  g_autoptr (GFileInfo) open_info = NULL;
  GError               *reason = NULL;

  if (self->file == NULL)
    return TRUE;
  open_info = g_file_input_stream_query_info (G_FILE_INPUT_STREAM (self->stream),
                                              G_FILE_ATTRIBUTE_STANDARD_SIZE
                                              "," G_FILE_ATTRIBUTE_TIME_CHANGED
                                              "," G_FILE_ATTRIBUTE_TIME_CHANGED_NSEC,
                                              cancellable, &reason);
  if (open_info != NULL)
    {
      stamp->size = g_file_info_get_attribute_uint64 (open_info, G_FILE_ATTRIBUTE_STANDARD_SIZE);
      stamp->change =
          (gint64) g_file_info_get_attribute_uint64 (open_info, G_FILE_ATTRIBUTE_TIME_CHANGED);
      stamp->change_nsec =
          g_file_info_get_attribute_uint32 (open_info, G_FILE_ATTRIBUTE_TIME_CHANGED_NSEC);
    }
  else if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED))
    {
      g_propagate_error (error, reason);
      return FALSE;
    }
  g_clear_error (&reason);
  info = g_file_query_info (self->file, G_FILE_ATTRIBUTE_ETAG_VALUE, G_FILE_QUERY_INFO_NONE,
                            cancellable, error);
  return info != NULL &&
         (g_strcmp0 (g_file_info_get_etag (info), self->etag) == 0 || fail_changed (error));
}

static const Kind stream_kind = { NULL, read_stream, look_at_stream };

IBBFileSource *
ibb_file_source_new (GInputStream *stream, GFile *file, const char *etag)
{
  IBBFileSource *self = g_new0 (IBBFileSource, 1);

  self->kind = &stream_kind;
  g_set_object (&self->stream, stream);
  g_set_object (&self->file, file);
  self->etag = g_strdup (etag);
  self->fd = -1;
  return self;
}

/* An entry of a folder. */

gboolean
ibb_file_source_fail (const char *place, int failure, GError **error)
{
  g_autofree char *shown = g_filename_display_name (place);

  g_set_error (error, G_IO_ERROR, ibb_disk_error_get_code (failure), _ ("Cannot read “%s”: %s"),
               shown, g_strerror (failure));
  return FALSE;
}

static gboolean
open_entry (IBBFileSource *self, GError **error)
{
  IBB_DISK_CALL (self->fd, open_to_read (self->folder, self->name));
  return self->fd >= 0 || ibb_file_source_fail (self->place, errno, error);
}

static gssize
read_entry (
    IBBFileSource *self, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  gssize n;

  IBB_DISK_CALL (n, read (self->fd, buffer, size, self->offset));
  if (n < 0)
    ibb_file_source_fail (self->place, errno, error);
  else
    self->offset += (guint64) n;
  return n;
}

static gboolean
look_at_entry (IBBFileSource *self, Stamp *stamp, GCancellable *cancellable, GError **error)
{
  struct stat info;

  if (ibb_disk->stat (self->fd, NULL, &info) != 0)
    return ibb_file_source_fail (self->place, errno, error);
  stamp->size = (guint64) info.st_size;
  stamp->change = info.st_ctim.tv_sec;
  stamp->change_nsec = (guint32) info.st_ctim.tv_nsec;
  return (S_ISREG (info.st_mode) && stamp->size == self->size &&
          info.st_mtim.tv_sec == self->time.tv_sec && info.st_mtim.tv_nsec == self->time.tv_nsec) ||
         fail_changed (error);
}

static const Kind entry_kind = { open_entry, read_entry, look_at_entry };

IBBFileSource *
ibb_file_source_new_in (
    int folder, const char *name, const char *place, guint64 size, struct timespec time)
{
  IBBFileSource *self = g_new0 (IBBFileSource, 1);

  self->kind = &entry_kind;
  self->folder = folder;
  self->fd = -1;
  self->name = g_strdup (name);
  self->place = g_strdup (place);
  self->size = size;
  self->time = time;
  return self;
}

/* Both. */

void
ibb_file_source_free (IBBFileSource *self)
{
  if (self->fd >= 0)
    ibb_disk->close (self->fd);
  g_clear_object (&self->stream);
  g_clear_object (&self->file);
  g_free (self->etag);
  g_free (self->name);
  g_free (self->place);
  g_free (self);
}

gboolean
ibb_file_source_open (IBBFileSource *self, GCancellable *cancellable, GError **error)
{
  return (self->kind->open == NULL || self->kind->open (self, error)) &&
         self->kind->look (self, &self->stamp, cancellable, error);
}

gssize
ibb_file_source_read (
    IBBFileSource *self, void *buffer, gsize size, GCancellable *cancellable, GError **error)
{
  return self->kind->read (self, buffer, size, cancellable, error);
}

/* A file of /proc has bytes beyond its size. */
gboolean
ibb_file_source_check (IBBFileSource *self, GCancellable *cancellable, GError **error)
{
  Stamp  stamp = { 0, 0, 0 };
  guint8 byte;
  gssize n = self->kind->read (self, &byte, 1, cancellable, error);

  if (n < 0)
    return FALSE;
  if (n > 0)
    return fail_changed (error);
  return self->kind->look (self, &stamp, cancellable, error) &&
         ((stamp.size == self->stamp.size && stamp.change == self->stamp.change &&
           stamp.change_nsec == self->stamp.change_nsec) ||
          fail_changed (error));
}
