/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Values that the system has of this process and its threads. */

#pragma once

#include <gio/gio.h>
#include <string.h>

/* A number of /proc/PROCESS/status, with its unit there; 0 where it does not stand. */
static inline guint64
process_get_status (const char *process, const char *name)
{
  g_autofree char *path = g_build_filename ("/proc", process, "status", NULL);
  g_autofree char *line = g_strdup_printf ("\n%s:", name);
  g_autofree char *status = NULL;
  const char      *start;

  if (!g_file_get_contents (path, &status, NULL, NULL))
    return 0;
  start = strstr (status, line);
  return start != NULL ? g_ascii_strtoull (start + strlen (line), NULL, 10) : 0;
}

/* The threads of this process whose names begin with prefix, each as process_get_status ()
 * wants it. */
static inline GPtrArray *
process_list_threads (const char *prefix)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  GPtrArray       *threads = g_ptr_array_new_with_free_func (g_free);
  const char      *name;

  g_assert_nonnull (dir);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename ("/proc/self/task", name, "comm", NULL);
      g_autofree char *comm = NULL;

      if (g_file_get_contents (path, &comm, NULL, NULL) && g_str_has_prefix (comm, prefix))
        g_ptr_array_add (threads, g_build_filename ("self/task", name, NULL));
    }
  return threads;
}

static inline guint
process_count_threads (const char *prefix)
{
  g_autoptr (GPtrArray) threads = process_list_threads (prefix);

  return threads->len;
}
