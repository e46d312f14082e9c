/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "file-sink.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct _ToolFileSink
{
  char          *path;
  char          *name;      /* for people, in quotes */
  char          *temporary; /* NULL: written in place, or committed */
  GOutputStream *stream;
  int            fd;
  gboolean       owns_fd;
};

static void set_error (GError **error, int failure, const char *format, ToolFileSink *self)
    G_GNUC_PRINTF (3, 0);

static void
set_error (GError **error, int failure, const char *action, ToolFileSink *self)
{
  g_set_error (error, G_IO_ERROR, g_io_error_from_errno (failure), "%s %s: %s", action, self->name,
               g_strerror (failure));
}

/* A new file beside path, with the permissions that path has or would get. */
static gboolean
open_temporary (ToolFileSink *self, const struct stat *existing)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autofree char *base = g_path_get_basename (self->path);
  g_autofree char *hidden = g_strconcat (".", base, ".XXXXXX", NULL);
  mode_t           mask;
  mode_t           mode;

  self->temporary = g_build_filename (directory, hidden, NULL);
  self->fd = g_mkstemp_full (self->temporary, O_WRONLY | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      g_clear_pointer (&self->temporary, g_free);
      return FALSE;
    }
  mask = umask (0);
  umask (mask);
  mode = existing != NULL ? existing->st_mode & 0777 : 0666 & ~mask;
  return fchmod (self->fd, mode) == 0;
}

/* path “-” is standard output. What is not a regular file, a pipe or a device,
 * is written in place. */
ToolFileSink *
tool_file_sink_open (const char *path, GError **error)
{
  g_autoptr (ToolFileSink) self = g_new0 (ToolFileSink, 1);
  g_autofree char         *shown = g_filename_display_name (path);
  struct stat              info;
  gboolean                 exists;

  self->fd = -1;
  if (g_str_equal (path, "-"))
    {
      self->name = g_strdup (_ ("standard output"));
      self->fd = STDOUT_FILENO;
      self->stream = g_unix_output_stream_new (self->fd, FALSE);
      return g_steal_pointer (&self);
    }

  self->name = g_strdup_printf ("“%s”", shown);
  self->owns_fd = TRUE;
  /* Through a symbolic link: the file it points to is what gets replaced. */
  self->path = realpath (path, NULL);
  if (self->path == NULL)
    self->path = strdup (path);
  exists = stat (self->path, &info) == 0;
  if (exists && S_ISDIR (info.st_mode))
    {
      set_error (error, EISDIR, _ ("Cannot write"), self);
      return NULL;
    }
  if (exists && !S_ISREG (info.st_mode))
    self->fd = open (self->path, O_WRONLY | O_CLOEXEC);
  else if (!open_temporary (self, exists ? &info : NULL))
    {
      set_error (error, errno, _ ("Cannot write"), self);
      return NULL;
    }
  if (self->fd < 0)
    {
      set_error (error, errno, _ ("Cannot write"), self);
      return NULL;
    }
  self->stream = g_unix_output_stream_new (self->fd, FALSE);
  return g_steal_pointer (&self);
}

GOutputStream *
tool_file_sink_get_stream (ToolFileSink *self)
{
  return self->stream;
}

const char *
tool_file_sink_get_name (ToolFileSink *self)
{
  return self->name;
}

/* What lies on the disk while the file is not whole; NULL for nothing. */
const char *
tool_file_sink_get_temporary (ToolFileSink *self)
{
  return self->temporary;
}

/* The file is whole: puts it in its place, on the disk and not only in memory. */
gboolean
tool_file_sink_commit (ToolFileSink *self, GError **error)
{
  int fd = self->fd;

  if (self->temporary == NULL)
    return TRUE;
  if (fsync (fd) != 0)
    {
      set_error (error, errno, _ ("Cannot write"), self);
      return FALSE;
    }
  self->fd = -1;
  if (close (fd) != 0 || g_rename (self->temporary, self->path) != 0)
    {
      set_error (error, errno, _ ("Cannot write"), self);
      return FALSE;
    }
  g_clear_pointer (&self->temporary, g_free);
  return TRUE;
}

/* Without a commit nothing is left. */
void
tool_file_sink_free (ToolFileSink *self)
{
  g_clear_object (&self->stream);
  if (self->owns_fd && self->fd >= 0)
    close (self->fd);
  if (self->temporary != NULL)
    unlink (self->temporary);
  g_free (self->temporary);
  free (self->path);
  g_free (self->name);
  g_free (self);
}
