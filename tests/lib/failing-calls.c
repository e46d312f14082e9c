/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* To be loaded before the C library into a program under test: a directory cannot be
 * brought to the disk, and a part of a file whose key begins with zeros cannot be removed.
 */

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

int
fsync (int fd)
{
  struct stat info;

  if (fstat (fd, &info) == 0 && S_ISDIR (info.st_mode))
    {
      errno = EIO;
      return -1;
    }
  return (int) syscall (SYS_fsync, fd);
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
