/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What both ends of the transfer of a folder share: which paths its entries may have, and which of
 * them have failed. */

#pragma once

#include <gio/gio.h>

#define IBB_FOLDER_ENTRIES_MAX 100000 /* files and empty folders */
#define IBB_FOLDER_DEPTH_MAX 64       /* components of a path */
#define IBB_FOLDER_PATH_MAX 2048      /* bytes of a path */

/* Whether the path stays in the folder, and each component is the name that a single file would get
 * here. */
gboolean ibb_folder_is_path (const char *path);
/* Whether a component is such a name. */
gboolean ibb_folder_is_name (const char *name);

typedef struct
{
  guint   n;
  char   *path;  /* (owned) (nullable): of the first one */
  GError *error; /* (owned) (nullable): why it failed */
} IBBFolderFailures;

/* Takes error. */
void ibb_folder_failures_add (IBBFolderFailures *self, const char *path, GError *error);
/* NULL: nothing has failed. */
GError *ibb_folder_failures_dup_error (const IBBFolderFailures *self, guint n_files);
void    ibb_folder_failures_clear (IBBFolderFailures *self);
