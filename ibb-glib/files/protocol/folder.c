/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/folder.h"

#include "base/intl.h"
#include "files/ibb-files-metadata.h"

#include <string.h>

gboolean
ibb_folder_is_name (const char *name)
{
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  g_autofree char             *safe = NULL;

  if (*name == '\0' || !g_utf8_validate (name, -1, NULL))
    return FALSE;
  metadata = ibb_files_metadata_new (name, 0);
  safe = ibb_files_metadata_dup_safe_name (metadata);
  return g_str_equal (safe, name);
}

gboolean
ibb_folder_is_path (const char *path)
{
  g_auto (GStrv) names = NULL;

  if (strlen (path) > IBB_FOLDER_PATH_MAX)
    return FALSE;
  names = g_strsplit (path, "/", -1);
  for (guint i = 0; names[i] != NULL; i++)
    if (i == IBB_FOLDER_DEPTH_MAX || !ibb_folder_is_name (names[i]))
      return FALSE;
  return names[0] != NULL;
}

void
ibb_folder_failures_add (IBBFolderFailures *self, const char *path, GError *error)
{
  if (self->n++ > 0)
    {
      g_error_free (error);
      return;
    }
  self->path = g_strdup (path);
  self->error = error;
}

GError *
ibb_folder_failures_dup_error (const IBBFolderFailures *self, guint n_files)
{
  g_autofree char *shown = NULL;

  if (self->n == 0)
    return NULL;
  shown = g_filename_display_name (self->path);
  return g_error_new (IBB_ERROR, IBB_ERROR_FAILED,
                      /* Translators: a file of a folder, and a sentence: why it failed */
                      _ ("%u of %u files failed; the first is “%s”: %s"), self->n, n_files, shown,
                      self->error->message);
}

void
ibb_folder_failures_clear (IBBFolderFailures *self)
{
  g_clear_pointer (&self->path, g_free);
  g_clear_error (&self->error);
}
