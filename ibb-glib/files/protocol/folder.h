/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which paths the entries of a folder may have. */

#pragma once

#include <gio/gio.h>

#define IBB_FOLDER_ENTRIES_MAX 100000 /* files and empty folders */
#define IBB_FOLDER_DEPTH_MAX 64       /* components of a path */
#define IBB_FOLDER_PATH_MAX 2048      /* bytes of a path */

/* Whether the path stays in the folder, and each component is the name that a single file would get
 * here, and arrives as it is. */
gboolean ibb_folder_is_path (const char *path);
/* Whether a component is such a name. */
gboolean ibb_folder_is_name (const char *name);
