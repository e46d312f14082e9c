/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/disk/file-name.h"

#include <string.h>

#define SUFFIX_MAX 32 /* bytes; what is longer is no suffix */

char *
ibb_file_name_insert (const char *name, const char *text)
{
  gsize       length = strlen (name);
  const char *suffix = strrchr (name, '.');
  gsize       stem;

  if (suffix == NULL || suffix == name || strlen (suffix) > SUFFIX_MAX)
    suffix = name + length;
  stem = (gsize) (suffix - name);
  if (stem + strlen (text) + strlen (suffix) > IBB_FILE_NAME_MAX)
    for (stem = IBB_FILE_NAME_MAX - strlen (text) - strlen (suffix);
         stem > 0 && ((guchar) name[stem] & 0xc0) == 0x80; stem--)
      ;
  return g_strdup_printf ("%.*s%s%s", (int) stem, name, text, suffix);
}

char *
ibb_file_name_number (const char *name, guint number)
{
  g_autofree char *text = g_strdup_printf (" (%u)", number);

  return number == 1 ? g_strdup (name) : ibb_file_name_insert (name, text);
}
