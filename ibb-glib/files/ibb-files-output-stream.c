/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-files-output-stream.h"

#include "base/disk.h"
#include "base/intl.h"
#include "files/disk/sink.h"

/**
 * IBBFilesOutputStream:
 *
 * A file that gets its name when it is whole.
 *
 * The bytes go into a hidden part beside the place of the file. [method@Gio.OutputStream.close]
 * gives the part the name of the file, and replaces a file that has the name; when it has succeeded
 * the file is there after a power cut, too. A close with a cancelled [class@Gio.Cancellable]
 * removes the part, and so does the last reference of a stream that was not closed.
 *
 * It is meant for the bytes of a session, of which nobody knows the number:
 * [method@IBBFiles.Transfer.accept_file_async] does the same for a file that is offered.
 *
 * ```c
 * static gboolean
 * receive (IBBTransport *transport, GFile *place, GError **error)
 * {
 *   g_autoptr (IBBFilesOutputStream) file = ibb_files_output_stream_new (place, error);
 *   GInputStream *input = g_io_stream_get_input_stream (G_IO_STREAM (transport));
 *
 *   return file != NULL &&
 *          g_output_stream_splice (G_OUTPUT_STREAM (file), input, G_OUTPUT_STREAM_SPLICE_NONE,
 *                                  NULL, error) >= 0 &&
 *          g_output_stream_close (G_OUTPUT_STREAM (file), NULL, error);
 * }
 * ```
 *
 * ## Threads
 *
 * One thread at a time may use a stream. Its calls block while the file system answers.
 *
 * Since: 1.1
 */

struct _IBBFilesOutputStream
{
  GOutputStream parent_instance;

  IBBSink *sink;    /* (owned) (nullable): NULL after the end */
  GError  *failure; /* (owned) (nullable): of a write, after which the part lacks bytes */
  gboolean is_dropped;
};

G_DEFINE_FINAL_TYPE (IBBFilesOutputStream, ibb_files_output_stream, G_TYPE_OUTPUT_STREAM)

static gssize
write_bytes (GOutputStream *stream,
             const void    *bytes,
             gsize          length,
             GCancellable  *cancellable,
             GError       **error)
{
  IBBFilesOutputStream *self = IBB_FILES_OUTPUT_STREAM (stream);

  g_return_val_if_fail (self->sink != NULL, -1); /* made without arguments */

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return -1;
  if (self->failure == NULL && ibb_sink_write (self->sink, bytes, length, &self->failure))
    return (gssize) length;
  g_propagate_error (error, g_error_copy (self->failure));
  return -1;
}

static gboolean
commit (IBBFilesOutputStream *self, GCancellable *cancellable, GError **error)
{
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (self->failure == NULL)
    return ibb_sink_commit (self->sink, NULL, NULL, cancellable, error);
  g_propagate_error (error, g_error_copy (self->failure));
  return FALSE;
}

static gboolean
close_stream (GOutputStream *stream, GCancellable *cancellable, GError **error)
{
  IBBFilesOutputStream *self = IBB_FILES_OUTPUT_STREAM (stream);
  gboolean succeeded = self->sink == NULL || self->is_dropped || commit (self, cancellable, error);

  if (self->sink != NULL)
    ibb_sink_close (self->sink, FALSE);
  g_clear_pointer (&self->sink, ibb_sink_free);
  return succeeded;
}

static void
dispose (GObject *object)
{
  /* GIO closes a stream that was not closed. */
  IBB_FILES_OUTPUT_STREAM (object)->is_dropped = TRUE;

  G_OBJECT_CLASS (ibb_files_output_stream_parent_class)->dispose (object);
}

static void
finalize (GObject *object)
{
  g_clear_error (&IBB_FILES_OUTPUT_STREAM (object)->failure);

  G_OBJECT_CLASS (ibb_files_output_stream_parent_class)->finalize (object);
}

static void
ibb_files_output_stream_class_init (IBBFilesOutputStreamClass *klass)
{
  GObjectClass       *object_class = G_OBJECT_CLASS (klass);
  GOutputStreamClass *stream_class = G_OUTPUT_STREAM_CLASS (klass);

  object_class->dispose = dispose;
  object_class->finalize = finalize;
  stream_class->write_fn = write_bytes;
  stream_class->close_fn = close_stream;
}

static void
ibb_files_output_stream_init (IBBFilesOutputStream *self)
{
}

/* Returns 0 or an errno; ENXIO: no regular file. */
static int
check_place (const char *path, const char *folder)
{
  struct stat info;

  if (stat (path, &info) != 0)
    return errno == ENOENT ? 0 : errno;
  if (S_ISDIR (info.st_mode))
    return EISDIR;
  if (ibb_disk_is_planted_at (folder, &info))
    return EACCES;
  return S_ISREG (info.st_mode) ? 0 : ENXIO;
}

/**
 * ibb_files_output_stream_new:
 * @file: a local file, which need not exist
 * @error: return location for an error: %G_IO_ERROR_NOT_SUPPORTED if the file is not local,
 *   %G_IO_ERROR_IS_DIRECTORY or %G_IO_ERROR_NOT_REGULAR_FILE if something else is in its place;
 *   otherwise that of the file system
 *
 * Creates a stream for the bytes of a file. Nothing is made yet, but the call fails where writing
 * would. If @file is a symbolic link, the file to which it points is replaced or made.
 *
 * The file gets the owner and the permissions of the one that it replaces, as far as that is
 * allowed; other links to that one keep the old content.
 *
 * Returns: (transfer full): the stream
 *
 * Since: 1.1
 */
IBBFilesOutputStream *
ibb_files_output_stream_new (GFile *file, GError **error)
{
  g_autoptr (IBBFilesOutputStream) self = NULL;
  g_autofree char                 *place = NULL;
  g_autofree char                 *folder = NULL;
  g_autofree char                 *name = NULL;
  g_autofree char                 *key = NULL;
  g_autofree char                 *shown = NULL;
  const char                      *path;
  int                              failure;

  g_return_val_if_fail (G_IS_FILE (file), NULL);

  path = g_file_peek_path (file);
  if (path == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                           _ ("A file can only be received into a local folder"));
      return NULL;
    }
  shown = g_filename_display_name (path);
  place = ibb_disk_resolve (path);
  folder = place != NULL ? g_path_get_dirname (place) : NULL;
  failure = place != NULL ? check_place (path, folder) : errno;
  if (failure == ENXIO)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE,
                 /* Translators: the first %s is a file, the second says why */
                 _ ("Cannot write “%s”: %s"), shown, _ ("It is not a regular file"));
  else if (failure != 0)
    ibb_sink_fail (shown, failure, error);
  if (failure != 0)
    return NULL;

  name = g_path_get_basename (place);
  /* Nobody goes on with the part of a stream. The key is that of the command of 1.0, and no file
   * that has a sender has it. */
  key = g_strconcat ("--output ", name, NULL);
  self = g_object_new (IBB_FILES_TYPE_OUTPUT_STREAM, NULL);
  self->sink = ibb_sink_new (folder, name, key, IBB_SINK_REPLACE);
  return ibb_sink_open (self->sink, IBB_SINK_ANY_SIZE, FALSE, error) ? g_steal_pointer (&self)
                                                                     : NULL;
}

/**
 * ibb_files_output_stream_dup_part_path:
 * @self: a stream
 *
 * Gets where the bytes are until the file is whole, for a program that removes them when it has to
 * end at once.
 *
 * Returns: (transfer full) (nullable) (type filename): a path, or %NULL without any bytes and after
 * the end
 *
 * Since: 1.1
 */
char *
ibb_files_output_stream_dup_part_path (IBBFilesOutputStream *self)
{
  g_return_val_if_fail (IBB_FILES_IS_OUTPUT_STREAM (self), NULL);

  return self->sink != NULL ? ibb_sink_dup_part_path (self->sink) : NULL;
}
