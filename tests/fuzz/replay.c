/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Gives a fuzz target every file of the folders that are named, and every
 * beginning of a small one: the corpus as an ordinary test. */

#include "config.h"

#include "fuzz.h"

#include <glib.h>

static void
replay (const char *path)
{
  g_autofree char   *contents = NULL;
  g_autoptr (GError) error = NULL;
  gsize              length;

  if (!g_file_get_contents (path, &contents, &length, &error))
    g_error ("%s", error->message);

  g_printerr ("%s\n", path);
  for (gsize i = length > 4096 ? length : 0; i <= length; i++)
    LLVMFuzzerTestOneInput ((const uint8_t *) contents, i);
}

int
main (int argc, char *argv[])
{
  guint n = 0;

  for (int i = 1; i < argc; i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GDir)   dir = g_dir_open (argv[i], 0, &error);
      const char        *name;

      if (dir == NULL)
        g_error ("%s", error->message);

      while ((name = g_dir_read_name (dir)) != NULL)
        {
          g_autofree char *path = g_build_filename (argv[i], name, NULL);

          replay (path);
          n++;
        }
    }

  g_assert_cmpuint (n, >, 0);

  return 0;
}
