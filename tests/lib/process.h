/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the system has of this process. */

#pragma once

#include <gio/gio.h>

/* The threads of this process whose names begin with prefix. */
static inline guint
process_count_threads (const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  const char      *name;
  guint            count = 0;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "comm", NULL);
      g_autofree char *comm = NULL;

      if (g_file_get_contents (path, &comm, NULL, NULL) && g_str_has_prefix (comm, prefix))
        count++;
    }
  return count;
}

/* With that by which they are counted. */
static inline guint
process_count_descriptors (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint            count = 0;

  g_assert_nonnull (dir);
  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}
