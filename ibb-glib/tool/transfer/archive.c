/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/transfer/archive.h"

#include <glib/gi18n.h>

#define CHUNK (1 << 20) /* bytes */

struct _ToolArchive
{
  GFilterInputStream parent_instance;

  GSubprocess *process; /* (owned) */
  char        *folder;  /* (owned): as it is shown */
};

G_DEFINE_FINAL_TYPE (ToolArchive, tool_archive, G_TYPE_FILTER_INPUT_STREAM)

/* The end of the bytes is no good end if tar has failed: where a file became shorter it writes
 * zeros in place of the rest. It has said why on standard error. */
static gssize
check_end (ToolArchive *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (g_subprocess_wait_check (self->process, cancellable, &reason))
    return 0;
  if (g_error_matches (reason, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&reason));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_FAILED,
                 _ ("“tar” could not read the folder “%s”, or files in it changed"), self->folder);
  return -1;
}

static gssize
tool_archive_read (
    GInputStream *stream, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  GInputStream *base = g_filter_input_stream_get_base_stream (G_FILTER_INPUT_STREAM (stream));
  gssize        n = g_input_stream_read (base, buffer, count, cancellable, error);

  return n == 0 && count > 0 ? check_end (TOOL_ARCHIVE (stream), cancellable, error) : n;
}

static void
tool_archive_finalize (GObject *object)
{
  ToolArchive *self = TOOL_ARCHIVE (object);

  g_subprocess_force_exit (self->process);
  g_object_unref (self->process);
  g_free (self->folder);
  G_OBJECT_CLASS (tool_archive_parent_class)->finalize (object);
}

static void
tool_archive_class_init (ToolArchiveClass *class)
{
  G_OBJECT_CLASS (class)->finalize = tool_archive_finalize;
  G_INPUT_STREAM_CLASS (class)->read_fn = tool_archive_read;
}

static void
tool_archive_init (ToolArchive *self)
{
}

GInputStream *
tool_archive_new (const char *folder, GError **error)
{
  g_autofree char *path = g_canonicalize_filename (folder, NULL);
  g_autofree char *parent = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  /* With the dot tar opens the folder that a link leads to, and fails where there is none now. */
  g_autofree char        *member = g_strconcat (name, "/.", NULL);
  g_autoptr (GSubprocess) process =
      g_subprocess_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE, error, "tar", "-c", "-f", "-", "-C", parent,
                        "--", g_str_equal (name, "/") ? "." : member, NULL);
  ToolArchive *self;

  if (process == NULL)
    return NULL;
  self =
      g_object_new (TOOL_TYPE_ARCHIVE, "base-stream", g_subprocess_get_stdout_pipe (process), NULL);
  self->process = g_steal_pointer (&process);
  self->folder = g_filename_display_name (folder);
  return G_INPUT_STREAM (self);
}

char *
tool_archive_dup_name (const char *folder)
{
  g_autofree char *path = g_canonicalize_filename (folder, NULL);
  g_autofree char *name = g_filename_display_basename (path);

  return g_strconcat (g_str_equal (name, "/") ? "root" : name, ".tar", NULL);
}

gboolean
tool_archive_measure (const char *folder, guint64 *size, GCancellable *cancellable, GError **error)
{
  g_autoptr (GInputStream) archive = tool_archive_new (folder, error);
  gssize                   n;

  if (archive == NULL)
    return FALSE;
  *size = 0;
  while ((n = g_input_stream_skip (archive, CHUNK, cancellable, error)) > 0)
    *size += (guint64) n;
  return n == 0;
}
