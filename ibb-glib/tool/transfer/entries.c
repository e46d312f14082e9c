/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE /* O_PATH */

#include "config.h"

#include "tool/transfer/entries.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static int
open_with (int parent, const char *name, int flags)
{
  int fd;

  do
    fd = openat (parent, name, flags | O_DIRECTORY | O_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  return fd;
}

int
tool_entries_open (int parent, const char *name)
{
  int flags = parent == AT_FDCWD ? 0 : O_NOFOLLOW;
  int fd = open_with (parent, name, O_RDONLY | flags);

  return fd < 0 && errno == EACCES ? open_with (parent, name, O_PATH | flags) : fd;
}

GPtrArray *
tool_entries_list (int folder)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  int                   fd = open_with (folder, ".", O_RDONLY);
  DIR                  *dir = fd >= 0 ? fdopendir (fd) : NULL;
  struct dirent        *entry;
  int                   failure = errno;

  if (dir == NULL && fd >= 0)
    close (fd);
  while (dir != NULL && (errno = 0, entry = readdir (dir)) != NULL)
    if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, ".."))
      g_ptr_array_add (names, g_strdup (entry->d_name));
  if (dir != NULL)
    {
      failure = errno;
      closedir (dir);
    }
  errno = failure;
  return dir != NULL && failure == 0 ? g_steal_pointer (&names) : NULL;
}
