/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "files/ibb-files-metadata.h"

/* Makes it the metadata of a folder. */
void ibb_files_metadata_set_folder (IBBFilesMetadata *self, guint n_files);
/* The permissions that the file, or the folder, may have at most where it arrives: those of the
 * group and of others go if only its owner has any at the sender. 0666 or 0777 at first. */
void  ibb_files_metadata_set_mode (IBBFilesMetadata *self, guint mode);
guint ibb_files_metadata_get_mode (IBBFilesMetadata *self);
/* What the application does with the metadata later does not change the copy. */
IBBFilesMetadata *ibb_files_metadata_copy (IBBFilesMetadata *self);
