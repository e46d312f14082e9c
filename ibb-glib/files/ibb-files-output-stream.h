/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_FILES_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/files/ibb-files.h> can be included directly."
#endif

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

#define IBB_FILES_TYPE_OUTPUT_STREAM (ibb_files_output_stream_get_type ())

IBB_AVAILABLE_IN_1_1
G_DECLARE_FINAL_TYPE (
    IBBFilesOutputStream, ibb_files_output_stream, IBB_FILES, OUTPUT_STREAM, GOutputStream)

IBB_AVAILABLE_IN_1_1
IBBFilesOutputStream *ibb_files_output_stream_new (GFile *file, GError **error);

IBB_AVAILABLE_IN_1_1
char *ibb_files_output_stream_dup_part_path (IBBFilesOutputStream *self);

G_END_DECLS
