/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_FILES_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/files/ibb-files.h> can be included directly."
#endif

#include <ibb-glib/ibb-glib.h>

G_BEGIN_DECLS

#define IBB_FILES_TYPE_METADATA (ibb_files_metadata_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (IBBFilesMetadata, ibb_files_metadata, IBB_FILES, METADATA, GObject)

IBB_AVAILABLE_IN_1_0
IBBFilesMetadata *ibb_files_metadata_new (const char *name, guint64 size);

IBB_AVAILABLE_IN_1_0
const char *ibb_files_metadata_get_name (IBBFilesMetadata *self);

IBB_AVAILABLE_IN_1_0
char *ibb_files_metadata_dup_safe_name (IBBFilesMetadata *self);

IBB_AVAILABLE_IN_1_0
guint64 ibb_files_metadata_get_size (IBBFilesMetadata *self);

IBB_AVAILABLE_IN_1_0
const char *ibb_files_metadata_get_media_type (IBBFilesMetadata *self);

IBB_AVAILABLE_IN_1_0
void ibb_files_metadata_set_media_type (IBBFilesMetadata *self, const char *media_type);

IBB_AVAILABLE_IN_1_0
GDateTime *ibb_files_metadata_get_date (IBBFilesMetadata *self);

IBB_AVAILABLE_IN_1_0
void ibb_files_metadata_set_date (IBBFilesMetadata *self, GDateTime *date);

IBB_AVAILABLE_IN_1_0
const char *ibb_files_metadata_get_description (IBBFilesMetadata *self);

IBB_AVAILABLE_IN_1_0
void ibb_files_metadata_set_description (IBBFilesMetadata *self, const char *description);

IBB_AVAILABLE_IN_1_0
const char *ibb_files_metadata_get_hash (IBBFilesMetadata *self, const char *algorithm);

IBB_AVAILABLE_IN_1_0
void ibb_files_metadata_set_hash (IBBFilesMetadata *self, const char *algorithm, const char *hash);

IBB_AVAILABLE_IN_1_0
gboolean ibb_files_metadata_get_is_folder (IBBFilesMetadata *self);

IBB_AVAILABLE_IN_1_0
guint ibb_files_metadata_get_n_files (IBBFilesMetadata *self);

G_END_DECLS
