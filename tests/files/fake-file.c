/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A file or folder of the simulated disk as GIO shows it. */

#include "config.h"

#include "whole.h"

#include <errno.h>

/* The bytes of a file. */

typedef struct
{
  GFileInputStream parent_instance;
  int              fd;
  guint64          offset;
} FakeStream;

typedef GFileInputStreamClass FakeStreamClass;
static GType                  fake_stream_get_type (void);
G_DEFINE_TYPE (FakeStream, fake_stream, G_TYPE_FILE_INPUT_STREAM)

/* Returns -1, for the caller to return. */
static gssize
fail (GError **error)
{
  g_set_error_literal (error, G_IO_ERROR, (int) g_io_error_from_errno (errno), "The disk fails");
  return -1;
}

static gssize
stream_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  FakeStream *self = (FakeStream *) stream;
  gssize      n;

  IBB_DISK_CALL (n, read (self->fd, buffer, count, self->offset));
  if (n < 0)
    return fail (error);
  self->offset += (guint64) n;
  return n;
}

/* GIO's own threads do not take turns. */
static void
stream_read_async (GInputStream       *stream,
                   void               *buffer,
                   gsize               count,
                   int                 priority,
                   GCancellable       *cancellable,
                   GAsyncReadyCallback callback,
                   gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (stream, cancellable, callback, user_data);
  GError           *error = NULL;
  gssize            n = stream_read (stream, buffer, count, cancellable, &error);

  if (n < 0)
    g_task_return_error (task, error);
  else
    g_task_return_int (task, n);
}

static gssize
stream_read_finish (GInputStream *stream, GAsyncResult *result, GError **error)
{
  return g_task_propagate_int (G_TASK (result), error);
}

static gboolean
stream_close (GInputStream *stream, GCancellable *cancellable, GError **error)
{
  return ibb_disk->close (((FakeStream *) stream)->fd) == 0 || fail (error) == 0;
}

static GFileInfo *
describe (const struct stat *info)
{
  GFileInfo            *self = g_file_info_new ();
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (info->st_mtim.tv_sec);
  g_autofree char      *etag = g_strdup_printf (
           "%" G_GINT64_FORMAT ".%ld", (gint64) info->st_mtim.tv_sec, (long) info->st_mtim.tv_nsec);

  g_file_info_set_file_type (self, S_ISDIR (info->st_mode)   ? G_FILE_TYPE_DIRECTORY
                                   : S_ISREG (info->st_mode) ? G_FILE_TYPE_REGULAR
                                                             : G_FILE_TYPE_SPECIAL);
  g_file_info_set_size (self, info->st_size);
  g_file_info_set_display_name (self, "source");
  g_file_info_set_modification_date_time (self, date);
  g_file_info_set_content_type (self, "application/octet-stream");
  g_file_info_set_attribute_string (self, G_FILE_ATTRIBUTE_ETAG_VALUE, etag);
  g_file_info_set_attribute_uint64 (self, G_FILE_ATTRIBUTE_TIME_CHANGED,
                                    (guint64) info->st_ctim.tv_sec);
  g_file_info_set_attribute_uint32 (self, "time::changed-nsec", (guint32) info->st_ctim.tv_nsec);
  return self;
}

static GFileInfo *
stream_query_info (GFileInputStream *stream,
                   const char       *attributes,
                   GCancellable     *cancellable,
                   GError          **error)
{
  struct stat info;

  if (ibb_disk->stat (((FakeStream *) stream)->fd, NULL, &info) == 0)
    return describe (&info);
  fail (error);
  return NULL;
}

static void
fake_stream_class_init (FakeStreamClass *class)
{
  GInputStreamClass *stream = G_INPUT_STREAM_CLASS (class);

  stream->read_fn = stream_read;
  stream->read_async = stream_read_async;
  stream->read_finish = stream_read_finish;
  stream->close_fn = stream_close;
  class->query_info = stream_query_info;
}

static void
fake_stream_init (FakeStream *self)
{
}

/* The file. */

typedef struct
{
  GObject parent_instance;
  char   *path; /* (owned) */
} FakeFile;

typedef GObjectClass FakeFileClass;
static GType         fake_file_get_type (void);
static void          file_iface_init (GFileIface *iface);
G_DEFINE_TYPE_WITH_CODE (FakeFile,
                         fake_file,
                         G_TYPE_OBJECT,
                         G_IMPLEMENT_INTERFACE (G_TYPE_FILE, file_iface_init))

static char *
dup_path (GFile *file)
{
  return g_strdup (((FakeFile *) file)->path);
}

static char *
dup_name (GFile *file)
{
  return g_path_get_basename (((FakeFile *) file)->path);
}

static GFile *
dup_file (GFile *file)
{
  return g_object_ref (file);
}

/* The date of a folder that is sent tells it from others. */
static GFileInfo *
query_info (GFile              *file,
            const char         *attributes,
            GFileQueryInfoFlags flags,
            GCancellable       *cancellable,
            GError            **error)
{
  const char *path = ((FakeFile *) file)->path;
  struct stat info;

  if (ibb_disk->stat_path (path, &info) != 0)
    {
      fail (error);
      return NULL;
    }
  if (S_ISDIR (info.st_mode))
    info.st_mtim.tv_sec = 1000000000 + g_str_hash (path) % 100000;
  return describe (&info);
}

static void
query_info_async (GFile              *file,
                  const char         *attributes,
                  GFileQueryInfoFlags flags,
                  int                 priority,
                  GCancellable       *cancellable,
                  GAsyncReadyCallback callback,
                  gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (file, cancellable, callback, user_data);
  GError           *error = NULL;
  GFileInfo        *info = query_info (file, attributes, flags, cancellable, &error);

  if (info != NULL)
    g_task_return_pointer (task, info, g_object_unref);
  else
    g_task_return_error (task, error);
}

static void
read_file_async (GFile              *file,
                 int                 priority,
                 GCancellable       *cancellable,
                 GAsyncReadyCallback callback,
                 gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (file, cancellable, callback, user_data);
  GError           *error = NULL;
  FakeStream       *stream;
  int               fd;

  IBB_DISK_CALL (fd, open_path (((FakeFile *) file)->path));
  if (fd < 0)
    {
      fail (&error);
      g_task_return_error (task, error);
      return;
    }
  stream = g_object_new (fake_stream_get_type (), NULL);
  stream->fd = fd;
  g_task_return_pointer (task, stream, g_object_unref);
}

static GFileInputStream *
read_file_finish (GFile *file, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static GFileInfo *
query_info_finish (GFile *file, GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}

static void
file_iface_init (GFileIface *iface)
{
  iface->dup = dup_file;
  iface->get_path = dup_path;
  iface->get_basename = dup_name;
  iface->get_parse_name = dup_path;
  iface->query_info = query_info;
  iface->query_info_async = query_info_async;
  iface->query_info_finish = query_info_finish;
  iface->read_async = read_file_async;
  iface->read_finish = read_file_finish;
}

static void
fake_file_finalize (GObject *object)
{
  g_free (((FakeFile *) object)->path);
  G_OBJECT_CLASS (fake_file_parent_class)->finalize (object);
}

static void
fake_file_class_init (FakeFileClass *class)
{
  class->finalize = fake_file_finalize;
}

static void
fake_file_init (FakeFile *self)
{
}

GFile *
fake_file_new (const char *path)
{
  FakeFile *self = g_object_new (fake_file_get_type (), NULL);

  self->path = g_strdup (path);
  return G_FILE (self);
}
