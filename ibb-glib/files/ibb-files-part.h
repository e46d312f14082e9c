/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_FILES_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/files/ibb-files.h> can be included directly."
#endif

#include <ibb-glib/files/ibb-files-transfer.h>

G_BEGIN_DECLS

#define IBB_FILES_TYPE_PART (ibb_files_part_get_type ())

/**
 * IBBFilesPart:
 * @path: (type filename): its place
 * @size: bytes
 * @time: time of its last byte, in seconds since 1970
 * @is_in_use: whether a transfer, of any program, receives the file
 *
 * A part of a file that did not arrive whole: a hidden file in the folder into which it was to be
 * received. The next offer of the file goes on with the part.
 *
 * Only the library allocates it, by [func@IBBFiles.Part.list]. Later versions may add members at
 * its end.
 *
 * Since: 1.1
 */
typedef struct
{
  char    *path;
  guint64  size;
  gint64   time;
  gboolean is_in_use;
} IBBFilesPart;

IBB_AVAILABLE_IN_1_1
GType ibb_files_part_get_type (void);

IBB_AVAILABLE_IN_1_1
IBBFilesPart *ibb_files_part_copy (const IBBFilesPart *self);

IBB_AVAILABLE_IN_1_1
void ibb_files_part_free (IBBFilesPart *self);

IBB_AVAILABLE_IN_1_1
GPtrArray *ibb_files_part_list (GFile *folder, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_1
gboolean
ibb_files_part_remove (const IBBFilesPart *self, GCancellable *cancellable, GError **error);

IBB_AVAILABLE_IN_1_1
guint64 ibb_files_part_query_stored (IBBFilesTransfer *transfer, GFile *folder);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBFilesPart, ibb_files_part_free)

G_END_DECLS
