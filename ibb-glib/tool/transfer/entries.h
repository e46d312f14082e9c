/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is in a folder, and in the folders below. */

#pragma once

#include <glib.h>

#define TOOL_ENTRIES_DEPTH_MAX 64 /* folders within one another, as in one that is received */

/* A folder in the folder parent, where no link is followed, or AT_FDCWD. One that cannot be read is
 * opened, too. Returns -1 with errno. */
int tool_entries_open (int parent, const char *name);
/* The names in the folder, in the order of the file system. NULL with errno. Free with
 * g_ptr_array_unref (). */
GPtrArray *tool_entries_list (int folder);
