/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/place.h"

#include "tool/session/slow-open.h"
#include "tool/session/stream.h"
#include "tool/words/output.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <ibb-glib/files/ibb-files.h>
#include <sys/stat.h>
#include <unistd.h>

struct _ToolPlace
{
  char                 *given; /* (owned) (nullable): NULL for standard output */
  char                 *name;  /* (owned): for people, in quotes */
  IBBFilesOutputStream *file;  /* (owned) (nullable): NULL for what is written in place */
  struct stat           info;  /* of what is written in place, at the check */
  ToolStreamOutput      output;
  ToolRun              *run;
  gboolean              has_begun;
};

#define FOLDER_MESSAGE _ ("Cannot write %s: %s; name a file in it, or use --directory")

static void
set_error (ToolPlace *self, int failure, GError **error)
{
  int         code = tool_stream_get_code (failure);
  const char *reason = g_strerror (failure);

  if (failure == EISDIR)
    g_set_error (error, G_IO_ERROR, code, FOLDER_MESSAGE, self->name, reason);
  else if (failure == ENOENT)
    g_set_error (error, G_IO_ERROR, code, _ ("Cannot write %s: %s; make its folder first"),
                 self->name, reason);
  else
    g_set_error (error, G_IO_ERROR, code,
                 /* Translators: the first %s is “standard output” or a file in quotes, the second
                    says why */
                 _ ("Cannot write %s: %s"), self->name, reason);
}

/* Finds out what is at the path. */
static gboolean
check_path (ToolPlace *self, GError **error)
{
  g_autoptr (GFile)  file = g_file_new_for_path (self->given);
  g_autoptr (GError) reason = NULL;

  self->file = ibb_files_output_stream_new (file, &reason);
  if (self->file != NULL)
    return TRUE;
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY))
    set_error (self, EISDIR, error);
  else if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    set_error (self, ENOENT, error);
  else if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE))
    g_propagate_error (error, g_steal_pointer (&reason));
  else if (stat (self->given, &self->info) == 0 &&
           faccessat (AT_FDCWD, self->given, W_OK, AT_EACCESS) == 0)
    return TRUE;
  else
    set_error (self, errno, error);
  return FALSE;
}

/* Makes nothing yet, but fails where writing would: before anybody types a password, and before the
 * login. path “-” is standard output. */
ToolPlace *
tool_place_new (const char *path, GError **error)
{
  g_autoptr (ToolPlace) self = g_new0 (ToolPlace, 1);
  g_autofree char      *shown = g_filename_display_name (path);

  if (g_str_equal (path, "-"))
    {
      self->name = g_strdup (_ ("standard output"));
      return g_steal_pointer (&self);
    }
  self->given = g_strdup (path);
  self->name = g_strdup_printf ("“%s”", shown);
  return check_path (self, error) ? g_steal_pointer (&self) : NULL;
}

/* Opened by the path as it was given: a link in /dev/fd need not name a file that can be opened. A
 * pipe waits for its reader. Returns a descriptor, or -1 with errno. */
static int
open_in_place (ToolPlace *self, GCancellable *cancellable)
{
  int         fd = tool_slow_open (self->given, O_WRONLY, cancellable);
  struct stat info;

  if (fd < 0)
    return -1;
  if (fstat (fd, &info) == 0 && info.st_dev == self->info.st_dev &&
      info.st_ino == self->info.st_ino)
    return fd;
  /* Somebody has put another one there since the check. */
  close (fd);
  errno = EACCES;
  return -1;
}

gboolean
tool_place_open (ToolPlace *self, ToolRun *run, GError **error)
{
  int fd = STDOUT_FILENO;

  self->run = run;
  if (self->file != NULL)
    return TRUE;
  if (self->given != NULL)
    fd = open_in_place (self, tool_run_get_cancellable (run));
  if (fd < 0)
    {
      set_error (self, errno, error);
      return FALSE;
    }
  self->output.stream = g_unix_output_stream_new (fd, TRUE);
  self->output.name = self->name;
  return TRUE;
}

const char *
tool_place_get_name (ToolPlace *self)
{
  return self->name;
}

/* A ToolStreamWrite. */
gboolean
tool_place_write (
    gpointer data, gconstpointer bytes, gsize length, GCancellable *cancellable, GError **error)
{
  ToolPlace       *self = data;
  g_autofree char *part = NULL;

  if (self->file == NULL)
    return tool_stream_write (&self->output, bytes, length, cancellable, error);
  if (!g_output_stream_write_all (G_OUTPUT_STREAM (self->file), bytes, length, NULL, NULL, error))
    return FALSE;
  if (self->has_begun)
    return TRUE;
  self->has_begun = TRUE;
  part = ibb_files_output_stream_dup_part_path (self->file);
  tool_run_set_temporary (self->run, part);
  return TRUE;
}

/* If this returns TRUE the file is on the disk, under its name. */
gboolean
tool_place_commit (ToolPlace *self, GCancellable *cancellable, GError **error)
{
  struct stat former = { 0 }, info;
  gboolean    replaces;

  if (self->file == NULL)
    return tool_stream_close (&self->output, cancellable, error);
  replaces = stat (self->given, &former) == 0;
  if (!g_output_stream_close (G_OUTPUT_STREAM (self->file), cancellable, error))
    return FALSE;
  /* The next command may make a part of the same name. */
  tool_run_set_temporary (self->run, NULL);
  if (replaces && former.st_uid != geteuid () && stat (self->given, &info) == 0 &&
      info.st_uid != former.st_uid)
    tool_output_note (_ ("The new %s is yours, not its former owner’s"), self->name);
  if (replaces && former.st_nlink > 1)
    tool_output_note (_ ("The other hard links of %s keep their old content"), self->name);
  return TRUE;
}

/* What was not committed is removed. */
void
tool_place_free (ToolPlace *self)
{
  g_clear_object (&self->file);
  g_clear_object (&self->output.stream);
  g_free (self->given);
  g_free (self->name);
  g_free (self);
}
