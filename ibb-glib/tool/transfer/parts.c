/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/parts.h"

#include "tool/transfer/entries.h"
#include "tool/words/exit-status.h"
#include "tool/words/output.h"
#include "tool/words/report.h"
#include "tool/words/text.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gi18n.h>
#include <ibb-glib/files/ibb-files.h>
#include <sys/stat.h>
#include <unistd.h>

#define DAY (24 * 60 * 60) /* s */

static void
show (const IBBFilesPart *part, const char *prefix, gboolean is_removed)
{
  g_autofree char      *base = g_path_get_basename (part->path);
  g_autofree char      *place = g_strconcat (prefix, base, NULL);
  g_autofree char      *name = tool_text_make_printable (place);
  g_autoptr (GDateTime) time = g_date_time_new_from_unix_local (part->time);
  g_autofree char      *date =
      time != NULL ? g_date_time_format (time, "%Y-%m-%d %H:%M") : g_strdup ("-");
  g_autofree char *size = g_format_size_full (part->size, G_FORMAT_SIZE_IEC_UNITS);
  g_autofree char *line = NULL;
  const char      *state = NULL;

  if (is_removed)
    /* Translators: about a part of a file, in a list */
    state = _ ("removed");
  else if (part->is_in_use)
    /* Translators: about a part of a file, in a list */
    state = _ ("in use");
  line = g_strjoin ("  ", name, date, size, state, NULL);
  tool_output_print (line);
  tool_output_print ("\n");
}

/* Whether the part was removed. One that somebody uses, or that is gone, is no error. */
static gboolean
remove_part (const IBBFilesPart *part, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (ibb_files_part_remove (part, NULL, &reason))
    return TRUE;
  if (!g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_BUSY) &&
      !g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* Those of a folder, which has the prefix in the list. latest: in seconds since 1970; the time of
 * the last byte. */
static int
show_all (GPtrArray *parts, const char *prefix, gboolean removes, gint64 latest)
{
  int status = TOOL_EXIT_DONE;

  for (guint i = 0; i < parts->len; i++)
    {
      const IBBFilesPart *part = g_ptr_array_index (parts, i);
      g_autoptr (GError)  failure = NULL;

      if (part->time > latest)
        continue;
      show (part, prefix, removes && remove_part (part, &failure));
      if (failure == NULL)
        continue;
      tool_report_error (failure);
      status = TOOL_EXIT_FAILED;
    }
  return status;
}

/* The folders in the folder, which links are not. */
static GPtrArray *
list_folders (const char *path, GError **error)
{
  int                   folder = tool_entries_open (AT_FDCWD, path);
  g_autoptr (GPtrArray) names = folder >= 0 ? tool_entries_list (folder) : NULL;
  g_autoptr (GPtrArray) folders = g_ptr_array_new_with_free_func (g_free);
  g_autofree char      *shown = g_filename_display_name (path);
  int                   failure = names == NULL ? errno : 0;

  for (guint i = 0; failure == 0 && i < names->len; i++)
    {
      const char *name = g_ptr_array_index (names, i);
      struct stat info;

      if (fstatat (folder, name, &info, AT_SYMLINK_NOFOLLOW) != 0)
        failure = errno == ENOENT ? 0 : errno;
      else if (S_ISDIR (info.st_mode))
        g_ptr_array_add (folders, g_strdup (name));
    }
  if (folder >= 0)
    close (folder);
  if (failure == 0)
    return g_steal_pointer (&folders);
  g_set_error (error, G_IO_ERROR, (int) g_io_error_from_errno (failure),
               /* Translators: the first %s is a file or folder, the second says why */
               _ ("Cannot read “%s”: %s"), shown, g_strerror (failure));
  return NULL;
}

/* Received folders have the parts of their files within them. */
static int
show_below (const char *folder, const char *prefix, gboolean removes, gint64 latest, guint depth)
{
  g_autoptr (GFile)     file = g_file_new_for_path (folder);
  g_autoptr (GError)    error = NULL;
  g_autoptr (GPtrArray) parts = ibb_files_part_list (file, NULL, &error);
  g_autoptr (GPtrArray) names = parts != NULL ? list_folders (folder, &error) : NULL;
  int status = parts != NULL ? show_all (parts, prefix, removes, latest) : TOOL_EXIT_FAILED;

  if (error != NULL)
    {
      tool_report_error (error);
      return TOOL_EXIT_FAILED;
    }
  for (guint i = 0; depth < TOOL_ENTRIES_DEPTH_MAX && i < names->len; i++)
    {
      const char      *name = g_ptr_array_index (names, i);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *below = g_strconcat (prefix, name, "/", NULL);

      if (show_below (path, below, removes, latest, depth + 1) != TOOL_EXIT_DONE)
        status = TOOL_EXIT_FAILED;
    }
  return status;
}

int
tool_parts_show (const char *folder, gboolean removes, guint days)
{
  gint64 now = g_get_real_time () / G_USEC_PER_SEC;

  return show_below (folder, "", removes, days > 0 ? now - (gint64) days * DAY : G_MAXINT64, 0);
}

void
tool_parts_note_full (const char *folder, const GError *error)
{
  g_autofree char      *shown = g_filename_display_name (folder);
  g_autofree char      *size = NULL;
  g_autoptr (GFile)     file = NULL;
  g_autoptr (GPtrArray) parts = NULL;
  guint64               bytes = 0;

  if (!g_error_matches (error, G_IO_ERROR, G_IO_ERROR_NO_SPACE))
    return;
  file = g_file_new_for_path (folder);
  parts = ibb_files_part_list (file, NULL, NULL);
  for (guint i = 0; parts != NULL && i < parts->len; i++)
    bytes += ((IBBFilesPart *) g_ptr_array_index (parts, i))->size;
  if (bytes == 0)
    return;
  size = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  /* Translators: the first %s is a size, the second a folder */
  tool_output_note (_ ("Parts of files that did not arrive whole take up %s: see “ibb receive "
                       "--directory %s --list-parts”, or --remove-parts"),
                    size, shown);
}
