/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "file-sink.h"
#include "output.h"
#include "slow-open.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gunixoutputstream.h>
#include <glib/gi18n.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as many as Linux follows */
#define DIGEST_LENGTH 12

struct _ToolFileSink
{
  char          *given;     /* NULL: standard output */
  char          *path;      /* of the file, where given is a symbolic link to it */
  char          *name;      /* for people, in quotes */
  char          *temporary; /* NULL: written in place, or committed */
  GOutputStream *stream;
  int            fd;
  gboolean       exists; /* at the check */
  struct stat    info;   /* if it exists */
  mode_t         mask;   /* of the process */
};

#ifdef HAVE_FILES
#define FOLDER_MESSAGE _ ("Cannot write %s: %s; name a file in it, or use --directory")
#else
#define FOLDER_MESSAGE _ ("Cannot write %s: %s; name a file in it")
#endif

static void
set_error (ToolFileSink *self, int failure, GError **error)
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

/* In a directory such as /tmp everybody may put a link, a file or a pipe where the command will
 * write. There the kernel follows a link, and lets a program open an existing file or pipe, only if
 * that belongs to the user of the process or to the owner of the directory (protected_symlinks,
 * protected_regular, protected_fifos). The command reads the link itself and replaces the file, so
 * it needs the same check. */
static gboolean
is_planted (const char *directory, const struct stat *entry)
{
  struct stat info;

  if (stat (directory, &info) != 0)
    return TRUE;
  return (info.st_mode & S_ISVTX) != 0 && (info.st_mode & S_IWOTH) != 0 &&
         entry->st_uid != geteuid () && entry->st_uid != info.st_uid;
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

/* Whether the file gets its name with the commit. Anything else is written in place. */
static gboolean
is_replaced (ToolFileSink *self)
{
  return !self->exists || S_ISREG (self->info.st_mode);
}

/* Finds out what is at the path. Returns 0, or the errno of what makes it impossible to write. */
static int
check_path (ToolFileSink *self)
{
  g_autofree char *directory = NULL;
  gboolean         allowed;

  /* If the path is a symbolic link, the file to which it points is replaced, or made. */
  self->path = resolve (self->given);
  if (self->path == NULL)
    return errno;
  self->exists = stat (self->given, &self->info) == 0;
  if (!self->exists && errno != ENOENT)
    return errno;
  if (self->exists && S_ISDIR (self->info.st_mode))
    return EISDIR;
  directory = g_path_get_dirname (self->path);
  if (self->exists && is_planted (directory, &self->info))
    return EACCES;
  if (is_replaced (self))
    allowed = faccessat (AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) == 0;
  else
    allowed = faccessat (AT_FDCWD, self->given, W_OK, AT_EACCESS) == 0;
  return allowed ? 0 : errno;
}

/* Opens nothing yet, but fails where opening would: before anybody types a password, and before the
 * login. path “-” is standard output. Not while other threads run, as the umask can be read only by
 * a change. */
ToolFileSink *
tool_file_sink_new (const char *path, GError **error)
{
  g_autoptr (ToolFileSink) self = g_new0 (ToolFileSink, 1);
  g_autofree char         *shown = g_filename_display_name (path);
  int                      failure;

  self->fd = -1;
  if (g_str_equal (path, "-"))
    {
      self->name = g_strdup (_ ("standard output"));
      return g_steal_pointer (&self);
    }

  self->mask = umask (0);
  umask (self->mask);
  self->given = g_strdup (path);
  self->name = g_strdup_printf ("“%s”", shown);
  failure = check_path (self);
  if (failure == 0)
    return g_steal_pointer (&self);
  set_error (self, failure, error);
  return NULL;
}

/* The common part of the hidden files of this path. Of fixed length, as the name of the file may be
 * as long as the file system allows. */
static char *
dup_hidden_prefix (ToolFileSink *self)
{
  g_autofree char *name = g_path_get_basename (self->path);
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, name, -1);

  return g_strdup_printf (".ibb-%.*s-", DIGEST_LENGTH, digest);
}

/* Removes the hidden file if the command that made it was killed: it held a lock. The lock is kept
 * until the file is removed, so that lock_hidden () of another command notices. */
static void
remove_if_stale (const char *path)
{
  struct stat info;
  int         fd;

  if (lstat (path, &info) != 0 || !S_ISREG (info.st_mode) || info.st_uid != geteuid ())
    return;
  fd = open (path, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0)
    return;
  if (flock (fd, LOCK_EX | LOCK_NB) == 0)
    unlink (path);
  close (fd);
}

static void
remove_stale (const char *directory, const char *prefix)
{
  g_autoptr (GDir) entries = g_dir_open (directory, 0, NULL);
  const char      *name;

  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    if (g_str_has_prefix (name, prefix))
      {
        g_autofree char *path = g_build_filename (directory, name, NULL);

        remove_if_stale (path);
      }
}

/* FALSE if another command, which looks for stale files, was faster. A file system without locks
 * has no stale files removed. */
static gboolean
lock_hidden (int fd)
{
  struct stat info;

  if (flock (fd, LOCK_EX | LOCK_NB) != 0)
    return errno != EWOULDBLOCK;
  return fstat (fd, &info) != 0 || info.st_nlink > 0;
}

/* Makes a new file beside the path. It gets the permissions of the finished file only with the
 * commit: a program that could open it before would read all that arrives. Returns 0 or an errno.
 */
static int
open_hidden (ToolFileSink *self)
{
  g_autofree char *directory = g_path_get_dirname (self->path);
  g_autofree char *prefix = dup_hidden_prefix (self);

  remove_stale (directory, prefix);
  do
    {
      g_autofree char *name = g_strconcat (prefix, "XXXXXX", NULL);

      if (self->fd >= 0)
        close (self->fd);
      g_free (self->temporary);
      self->temporary = g_build_filename (directory, name, NULL);
      self->fd = g_mkstemp_full (self->temporary, O_WRONLY | O_CLOEXEC, 0600);
      if (self->fd < 0)
        {
          int failure = errno;

          g_clear_pointer (&self->temporary, g_free);
          return failure;
        }
    }
  while (!lock_hidden (self->fd));
  return 0;
}

/* Opened by the path as it was given: a link in /dev/fd need not name a file that can be opened.
 * Returns 0 or an errno. */
static int
open_in_place (ToolFileSink *self, GCancellable *cancellable)
{
  struct stat info;

  self->fd = tool_slow_open (self->given, O_WRONLY, cancellable);
  if (self->fd < 0)
    return errno;
  if (fstat (self->fd, &info) != 0)
    return errno;
  /* Somebody may have put another one there since the check. */
  return info.st_dev == self->info.st_dev && info.st_ino == self->info.st_ino ? 0 : EACCES;
}

/* A pipe, a device or another special file is written in place; a regular file gets its name with
 * the commit. A pipe waits for its reader. */
gboolean
tool_file_sink_open (ToolFileSink *self, GCancellable *cancellable, GError **error)
{
  int failure = 0;

  if (self->given == NULL)
    self->fd = STDOUT_FILENO;
  else
    failure = is_replaced (self) ? open_hidden (self) : open_in_place (self, cancellable);
  if (failure != 0)
    {
      set_error (self, failure, error);
      return FALSE;
    }
  self->stream = g_unix_output_stream_new (self->fd, FALSE);
  return TRUE;
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

/* The new file gets the owner and the permissions of the one that it replaces, as far
 * as that is allowed, and no group gets rights that it did not have. */
static gboolean
copy_rights (ToolFileSink *self)
{
  mode_t   mode = self->info.st_mode & 0777;
  gboolean same_owner = fchown (self->fd, self->info.st_uid, self->info.st_gid) == 0;

  if (!same_owner && fchown (self->fd, (uid_t) -1, self->info.st_gid) != 0)
    mode &= ~(mode_t) 070;
  if (!same_owner && self->info.st_uid != geteuid ())
    tool_output_note (_ ("The new %s is yours, not its former owner’s"), self->name);
  if (self->info.st_nlink > 1)
    tool_output_note (_ ("The other hard links of %s keep its old content"), self->name);
  return fchmod (self->fd, mode) == 0;
}

static gboolean
set_rights (ToolFileSink *self)
{
  return self->exists ? copy_rights (self) : fchmod (self->fd, 0666 & ~self->mask) == 0;
}

/* The file is complete: moves it to its place. If this returns TRUE its content is on the disk, and
 * its name as well, as far as the file system can do that. The descriptor, and with it the lock, is
 * kept until the end. */
gboolean
tool_file_sink_commit (ToolFileSink *self, GError **error)
{
  if (self->temporary == NULL)
    return TRUE;
  if (!set_rights (self) || fsync (self->fd) != 0 || g_rename (self->temporary, self->path) != 0)
    {
      set_error (self, errno, error);
      return FALSE;
    }
  g_clear_pointer (&self->temporary, g_free);
  if (!sync_directory (self->path))
    {
      set_error (self, errno, error);
      return FALSE;
    }
  return TRUE;
}

/* A file that was not committed is removed. */
void
tool_file_sink_free (ToolFileSink *self)
{
  g_clear_object (&self->stream);
  if (self->temporary != NULL)
    unlink (self->temporary);
  if (self->given != NULL && self->fd >= 0)
    close (self->fd);
  g_free (self->temporary);
  g_free (self->given);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}
