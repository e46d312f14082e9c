/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "file-sink.h"
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as many as Linux follows */

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

/* In a directory such as /tmp everybody may put a link. There the kernel follows a link only if it
 * belongs to the user of the process or to the owner of the directory (protected_symlinks). The
 * command reads the link instead of following it, so it needs the same check. */
static gboolean
is_planted (const char *directory, const struct stat *link)
{
  struct stat info;

  if (stat (directory, &info) != 0)
    return TRUE;
  return (info.st_mode & S_ISVTX) != 0 && (info.st_mode & S_IWOTH) != 0 &&
         link->st_uid != geteuid () && link->st_uid != info.st_uid;
}

/* Returns the file to which path leads if its last part is a symbolic link, even if that file does
 * not exist yet. NULL with errno. Free with g_free (). */
static char *
resolve (const char *path)
{
  g_autofree char *current = g_strdup (path);

  for (int i = 0; i < MAX_LINKS; i++)
    {
      g_autofree char *directory = g_path_get_dirname (current);
      g_autofree char *target = NULL;
      struct stat      info;

      if (lstat (current, &info) != 0 || !S_ISLNK (info.st_mode))
        return g_steal_pointer (&current);
      if (is_planted (directory, &info))
        {
          errno = EACCES;
          return NULL;
        }
      target = g_file_read_link (current, NULL);
      if (target == NULL)
        return NULL;
      g_free (current);
      current = g_path_is_absolute (target) ? g_strdup (target)
                                            : g_build_filename (directory, target, NULL);
    }
  errno = ELOOP;
  return NULL;
}

/* The new file gets the owner and the permissions of the one that it replaces, as far
 * as that is allowed, and no group gets rights that it did not have. */
static gboolean
copy_rights (ToolFileSink *self, const struct stat *existing)
{
  mode_t   mode = existing->st_mode & 0777;
  gboolean same_owner = fchown (self->fd, existing->st_uid, existing->st_gid) == 0;

  if (!same_owner && fchown (self->fd, (uid_t) -1, existing->st_gid) != 0)
    mode &= ~(mode_t) 070;
  if (!same_owner && existing->st_uid != geteuid ())
    tool_output_note (_ ("The new %s will be yours, not its present owner’s"), self->name);
  if (existing->st_nlink > 1)
    tool_output_note (_ ("The other hard links of %s will keep its old content"), self->name);
  return fchmod (self->fd, mode) == 0;
}

/* Makes a new file beside path. Its name does not depend on path, whose name may be as long as the
 * file system allows. */
static gboolean
open_temporary (ToolFileSink *self, const struct stat *existing)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  mode_t           mask;

  self->temporary = g_build_filename (directory, ".ibb-XXXXXX", NULL);
  self->fd = g_mkstemp_full (self->temporary, O_WRONLY | O_CLOEXEC, 0600);
  if (self->fd < 0)
    {
      g_clear_pointer (&self->temporary, g_free);
      return FALSE;
    }
  if (existing != NULL)
    return copy_rights (self, existing);
  mask = umask (0);
  umask (mask);
  return fchmod (self->fd, 0666 & ~mask) == 0;
}

/* Returns 0, or the errno of the error. */
static int
open_path (ToolFileSink *self, const char *path)
{
  struct stat info;
  gboolean    exists;

  /* If path is a symbolic link, the file to which it points is replaced, or made. */
  self->path = resolve (path);
  if (self->path == NULL)
    return errno;
  exists = stat (path, &info) == 0;
  if (!exists && errno != ENOENT)
    return errno;
  if (exists && S_ISDIR (info.st_mode))
    return EISDIR;
  /* Opened by the path as it was given: a link in /dev/fd need not name a file that can be
   * opened. */
  if (exists && !S_ISREG (info.st_mode))
    self->fd = open (path, O_WRONLY | O_CLOEXEC);
  else if (!open_temporary (self, exists ? &info : NULL))
    return errno;
  return self->fd >= 0 ? 0 : errno;
}

/* path “-” is standard output. A pipe, a device or another special file is written in
 * place; a regular file gets its name with the commit. */
ToolFileSink *
tool_file_sink_open (const char *path, GError **error)
{
  g_autoptr (ToolFileSink) self = g_new0 (ToolFileSink, 1);
  g_autofree char         *shown = g_filename_display_name (path);
  int                      failure;

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
  failure = open_path (self, path);
  if (failure != 0)
    {
      set_error (error, failure, _ ("Cannot write"), self);
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

/* The file on the disk while the transfer is not complete; NULL for none. */
const char *
tool_file_sink_get_temporary (ToolFileSink *self)
{
  return self->temporary;
}

/* Makes the name survive a crash, too. It is no error if the directory cannot be read, or its file
 * system cannot synchronize directories. */
static gboolean
sync_directory (const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  int              fd = open (directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  gboolean         synced;
  int              failure;

  if (fd < 0)
    return TRUE;
  synced = fsync (fd) == 0 || errno == EINVAL || errno == EROFS;
  failure = errno;
  close (fd);
  errno = failure;
  return synced;
}

/* The file is complete: moves it to its place. If this returns TRUE its content is on the disk, and
 * its name as well, as far as the file system can do that. */
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
  if (!sync_directory (self->path))
    {
      set_error (error, errno, _ ("Cannot write"), self);
      return FALSE;
    }
  return TRUE;
}

/* A file that was not committed is removed. */
void
tool_file_sink_free (ToolFileSink *self)
{
  g_clear_object (&self->stream);
  if (self->owns_fd && self->fd >= 0)
    close (self->fd);
  if (self->temporary != NULL)
    unlink (self->temporary);
  g_free (self->temporary);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}
