/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/protocol/folder.h"

#include "files/ibb-files-metadata.h"
#include "files/protocol/description.h"

#include <string.h>

gboolean
ibb_folder_is_name (const char *name)
{
  g_autoptr (IBBFilesMetadata) metadata = NULL;
  g_autofree char             *safe = NULL;

  if (*name == '\0' || !g_utf8_validate (name, -1, NULL) || !ibb_description_can_have (name))
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
