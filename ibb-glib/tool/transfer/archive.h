/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A folder as the bytes of a tar archive. */

#pragma once

#include <gio/gio.h>

#define TOOL_TYPE_ARCHIVE (tool_archive_get_type ())

G_DECLARE_FINAL_TYPE (ToolArchive, tool_archive, TOOL, ARCHIVE, GFilterInputStream)

/* Starts tar. */
GInputStream *tool_archive_new (const char *folder, GError **error);
/* For people and for the peer: NAME.tar. */
char *tool_archive_dup_name (const char *folder);
/* Reads an archive to its end. */
gboolean
tool_archive_measure (const char *folder, guint64 *size, GCancellable *cancellable, GError **error);
