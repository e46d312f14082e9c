/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The files that the user has for all programs. */

#pragma once

#include <glib.h>

/* folder: one of the user, from GLib. (transfer full): the path of a file of ibb-glib there. */
char *ibb_user_file_dup_path (const char *folder, const char *name);
/* FALSE: that folder is relative, so that the file would lie in whatever folder the program works
 * in. The XDG Base Directory Specification calls such a path invalid; GLib takes it. */
gboolean ibb_user_file_check (const char *path, GError **error);
