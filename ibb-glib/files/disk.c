/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE /* O_PATH */

#include "config.h"

#include "files/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NO_REPLACE 1 /* RENAME_NOREPLACE of <linux/fs.h> */

/* A folder that cannot be read may still be written to. */
static int
open_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return fd < 0 && errno == EACCES ? open (path, O_PATH | O_DIRECTORY | O_CLOEXEC) : fd;
}

static int
check_access (int folder)
{
  return faccessat (folder, ".", W_OK | X_OK, AT_EACCESS);
}

static int
open_file (int folder, const char *name, gboolean creates)
{
  int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

  return openat (folder, name, creates ? flags | O_CREAT | O_EXCL : flags, 0600);
}

static int
lock (int fd)
{
  return flock (fd, LOCK_EX | LOCK_NB);
}

static gssize
read_file (int fd, void *data, gsize length, guint64 offset)
{
  return pread (fd, data, length, (off_t) offset);
}

static gssize
write_file (int fd, const void *data, gsize length, guint64 offset)
{
  return pwrite (fd, data, length, (off_t) offset);
}

static int
truncate_file (int fd)
{
  return ftruncate (fd, 0);
}

static int
stat_file (int fd, const char *name, struct stat *info)
{
  return name != NULL ? fstatat (fd, name, info, AT_SYMLINK_NOFOLLOW) : fstat (fd, info);
}

/* Not every C library has renameat2 (). */
static int
rename_file (int folder, const char *from, const char *to, gboolean replaces)
{
  if (replaces)
    return renameat (folder, from, folder, to);
#ifdef SYS_renameat2
  return (int) syscall (SYS_renameat2, folder, from, folder, to, NO_REPLACE);
#else
  errno = EINVAL;
  return -1;
#endif
}

static int
link_file (int folder, const char *from, const char *to)
{
  return linkat (folder, from, folder, to, 0);
}

static int
unlink_file (int folder, const char *name)
{
  return unlinkat (folder, name, 0);
}

static GPtrArray *
list (int folder, const char *prefix)
{
  int            fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR           *dir = fd >= 0 ? fdopendir (fd) : NULL;
  GPtrArray     *names;
  struct dirent *entry;

  if (dir == NULL)
    {
      int failure = errno;

      if (fd >= 0)
        close (fd);
      errno = failure;
      return NULL;
    }
  names = g_ptr_array_new_with_free_func (g_free);
  while ((entry = readdir (dir)) != NULL)
    if (g_str_has_prefix (entry->d_name, prefix))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  closedir (dir);
  return names;
}

static const IBBDisk system_disk = {
  .open_folder = open_folder,
  .access = check_access,
  .open = open_file,
  .close = close,
  .lock = lock,
  .read = read_file,
  .write = write_file,
  .truncate = truncate_file,
  .set_mode = fchmod,
  .set_owner = fchown,
  .stat = stat_file,
  .sync = fsync,
  .rename = rename_file,
  .link = link_file,
  .unlink = unlink_file,
  .list = list,
};

const IBBDisk *ibb_disk = &system_disk;
