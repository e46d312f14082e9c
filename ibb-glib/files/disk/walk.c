/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/disk/walk.h"

#include "base/disk.h"

static void
clear_fd (int *fd)
{
  int failure = errno;

  if (*fd >= 0)
    ibb_disk->close (*fd);
  *fd = -1;
  errno = failure;
}

void
ibb_walk_init (IBBWalk *self, int root)
{
  self->root = root;
  self->folder = -1;
}

static int
open_name (gpointer data, int above, const char *name, gboolean is_known)
{
  int folder;

  IBB_DISK_CALL (folder, open_folder_in (above, name));
  return folder;
}

int
ibb_walk_to (IBBWalk *self, const char *path, IBBWalkEnter enter, gpointer data)
{
  g_autofree char *last_path = NULL;
  g_auto (GStrv)   last_names = NULL;
  g_auto (GStrv)   names = NULL;
  gboolean         is_known = TRUE;

  if (g_strcmp0 (path, self->path) == 0)
    return 0;
  last_path = g_steal_pointer (&self->path);
  last_names = g_strsplit (last_path != NULL ? last_path : "", "/", -1);
  names = g_strsplit (g_str_equal (path, ".") ? "" : path, "/", -1);
  clear_fd (&self->folder);
  self->folder = open_name (NULL, self->root, ".", TRUE);
  for (guint i = 0; self->folder >= 0 && names[i] != NULL; i++)
    {
      int above = self->folder;

      is_known = is_known && g_strcmp0 (last_names[i], names[i]) == 0;
      self->folder = (enter != NULL ? enter : open_name) (data, above, names[i], is_known);
      clear_fd (&above);
    }
  if (self->folder < 0)
    return errno;
  self->path = g_strdup (path);
  return 0;
}

void
ibb_walk_close (IBBWalk *self)
{
  g_clear_pointer (&self->path, g_free);
  clear_fd (&self->folder);
  clear_fd (&self->root);
}
