/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "files/ibb-files-metadata.h"

/* Makes it the metadata of a folder. */
void ibb_files_metadata_set_folder (IBBFilesMetadata *self, guint n_files);
