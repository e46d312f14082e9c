/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/place.h"

#include "base/disk.h"
#include "files/disk/sink.h"
#include "tool/session/slow-open.h"
#include "tool/session/stream.h"
#include "tool/words/output.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <sys/stat.h>
#include <unistd.h>

struct _ToolPlace
{
  char            *given; /* (owned) (nullable): NULL for standard output */
  char            *name;  /* (owned): for people, in quotes */
  IBBSink         *sink;  /* (owned) (nullable): NULL for what is written in place */
  struct stat      info;  /* of what is written in place, at the check */
  ToolStreamOutput output;
  ToolRun         *run;
  gboolean         has_begun;
};

#define FOLDER_MESSAGE _ ("Cannot write %s: %s; name a file in it, or use --directory")

static void
set_error (ToolPlace *self, int failure, GError **error)
{
  int         code = g_io_error_from_errno (failure);
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

/* Nobody goes on with the part of a stream, and no file that has a sender has this key. */
static gboolean
open_sink (ToolPlace *self, const char *directory, const char *path, GError **error)
{
  g_autofree char   *name = g_path_get_basename (path);
  g_autofree char   *key = g_strconcat ("--output ", name, NULL);
  g_autoptr (GError) local_error = NULL;

  self->sink = ibb_sink_new (directory, name, key, IBB_SINK_REPLACE);
  if (ibb_sink_open (self->sink, IBB_SINK_ANY_SIZE, FALSE, &local_error))
    return TRUE;
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    set_error (self, ENOENT, error);
  else
    g_propagate_error (error, g_steal_pointer (&local_error));
  return FALSE;
}

/* Finds out what is at the path. */
static gboolean
check_path (ToolPlace *self, GError **error)
{
  /* If the path is a symbolic link, the file to which it points is replaced, or made. */
  g_autofree char *path = ibb_disk_resolve (self->given);
  g_autofree char *directory = NULL;
  gboolean         exists;
  int              failure = 0;

  if (path == NULL)
    {
      set_error (self, errno, error);
      return FALSE;
    }
  directory = g_path_get_dirname (path);
  exists = stat (self->given, &self->info) == 0;
  if (!exists && errno != ENOENT)
    failure = errno;
  else if (exists && S_ISDIR (self->info.st_mode))
    failure = EISDIR;
  else if (exists && ibb_disk_is_planted_at (directory, &self->info))
    failure = EACCES;
  else if (!exists || S_ISREG (self->info.st_mode))
    return open_sink (self, directory, path, error);
  else if (faccessat (AT_FDCWD, self->given, W_OK, AT_EACCESS) != 0)
    failure = errno;
  if (failure != 0)
    set_error (self, failure, error);
  return failure == 0;
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
  if (self->sink != NULL)
    return TRUE;
  if (self->given != NULL)
    fd = open_in_place (self, tool_run_get_cancellable (run));
  if (fd < 0)
    {
      set_error (self, errno, error);
      return FALSE;
    }
  self->output.stream = g_unix_output_stream_new (fd, self->given != NULL);
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

  if (self->sink == NULL)
    return tool_stream_write (&self->output, bytes, length, cancellable, error);
  if (!ibb_sink_write (self->sink, bytes, length, error))
    return FALSE;
  if (self->has_begun)
    return TRUE;
  self->has_begun = TRUE;
  part = ibb_sink_dup_part_path (self->sink);
  tool_run_set_temporary (self->run, part);
  return TRUE;
}

/* If this returns TRUE the file is on the disk, under its name. */
gboolean
tool_place_commit (ToolPlace *self, GCancellable *cancellable, GError **error)
{
  if (self->sink == NULL)
    return TRUE;
  if (!ibb_sink_commit (self->sink, NULL, NULL, cancellable, error))
    return FALSE;
  /* The next command may make a part of the same name. */
  tool_run_set_temporary (self->run, NULL);
  if (ibb_sink_has_lost_owner (self->sink))
    tool_output_note (_ ("The new %s is yours, not its former owner’s"), self->name);
  if (ibb_sink_has_left_links (self->sink))
    tool_output_note (_ ("The other hard links of %s keep its old content"), self->name);
  return TRUE;
}

/* What was not committed is removed. */
void
tool_place_free (ToolPlace *self)
{
  if (self->sink != NULL)
    ibb_sink_close (self->sink, FALSE);
  g_clear_pointer (&self->sink, ibb_sink_free);
  g_clear_object (&self->output.stream);
  g_free (self->given);
  g_free (self->name);
  g_free (self);
}
