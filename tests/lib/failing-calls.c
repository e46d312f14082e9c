/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* To be loaded before the C library into a program under test: a directory cannot be
 * brought to the disk, and neither can a whole file system; a part of a file whose key begins with
 * zeros cannot be removed; the list of a directory with an entry “unread” breaks off there; and
 * nothing can be found out about an entry “lost”; and a file “unclosed” turns out to have no room
 * when it is closed. Or, where the environment names a pipe: the first
 * file comes to the disk only when the test, which learns by opening the pipe that the program has
 * come so far, closes it.
 */

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static void
wait_for_test (const char *pipe)
{
  static int has_waited;
  char       byte;
  int        fd;

  if (__atomic_exchange_n (&has_waited, 1, __ATOMIC_SEQ_CST) != 0)
    return;
  fd = open (pipe, O_RDONLY | O_CLOEXEC);
  while (read (fd, &byte, 1) > 0)
    ;
  close (fd);
}

int
fsync (int fd)
{
  const char *pipe = getenv ("IBB_TEST_SYNC_PIPE");
  struct stat info;

  if (fstat (fd, &info) == 0 && S_ISDIR (info.st_mode) && pipe == NULL)
    {
      errno = EIO;
      return -1;
    }
  if (pipe != NULL && S_ISREG (info.st_mode))
    wait_for_test (pipe);
  return (int) syscall (SYS_fsync, fd);
}

int
close (int fd)
{
  char    link[32];
  char    path[4096];
  ssize_t length;
  int     result;

  snprintf (link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink (link, path, sizeof path);
  result = (int) syscall (SYS_close, fd);
  if (length < 9 || memcmp (path + length - 9, "/unclosed", 9) != 0)
    return result;
  errno = ENOSPC;
  return -1;
}

int
syncfs (int fd __attribute__ ((unused)))
{
  errno = EIO;
  return -1;
}

int
unlinkat (int folder, const char *name, int flags)
{
  if (strncmp (name, ".ibb-0000", 9) == 0)
    {
      errno = EACCES;
      return -1;
    }
  return (int) syscall (SYS_unlinkat, folder, name, flags);
}

static int
is_unread (const char *name)
{
  if (strcmp (name, "unread") != 0)
    return 0;
  errno = EIO;
  return 1;
}

static int
is_lost (const char *name)
{
  if (strcmp (name, "lost") != 0)
    return 0;
  errno = EIO;
  return 1;
}

struct dirent *
readdir (DIR *dir)
{
  struct dirent *(*real) (DIR *) = dlsym (RTLD_NEXT, "readdir");
  struct dirent *entry = real (dir);

  return entry != NULL && is_unread (entry->d_name) ? NULL : entry;
}

struct dirent64 *
readdir64 (DIR *dir)
{
  struct dirent64 *(*real) (DIR *) = dlsym (RTLD_NEXT, "readdir64");
  struct dirent64 *entry = real (dir);

  return entry != NULL && is_unread (entry->d_name) ? NULL : entry;
}

int
fstatat (int folder, const char *name, struct stat *info, int flags)
{
  int (*real) (int, const char *, struct stat *, int) = dlsym (RTLD_NEXT, "fstatat");

  return is_lost (name) ? -1 : real (folder, name, info, flags);
}

int
fstatat64 (int folder, const char *name, struct stat64 *info, int flags)
{
  int (*real) (int, const char *, struct stat64 *, int) = dlsym (RTLD_NEXT, "fstatat64");

  return is_lost (name) ? -1 : real (folder, name, info, flags);
}
