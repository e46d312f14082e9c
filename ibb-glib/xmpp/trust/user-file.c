/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/user-file.h"

#include <gio/gio.h>

#include "base/intl.h"

char *
ibb_user_file_dup_path (const char *folder, const char *name)
{
  return g_build_filename (folder, "ibb-glib", name, NULL);
}

gboolean
ibb_user_file_check (const char *path, GError **error)
{
  if (g_path_is_absolute (path))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_FILENAME,
               /* Translators: a file; the other words are variables of the environment */
               _ ("The folder of “%s” is not absolute: see HOME, XDG_CONFIG_HOME and "
                  "XDG_DATA_HOME"),
               path);
  return FALSE;
}
