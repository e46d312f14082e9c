/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reader of a folder that is sent: a list of what is in it, made before the offer, and then the
 * entries of a bundle. Each folder on the way is opened from the one above by a descriptor, and no
 * link is followed. One file is open at a time.
 *
 * One thread at a time uses a folder. All calls block. */

#pragma once

#include "files/move/mover.h"
#include "files/protocol/folder.h"

#define IBB_FOLDER_SOURCE_LEFT_OUT_MAX 100 /* names that are kept */

typedef struct _IBBFolderSource IBBFolderSource;

/* Lists the folder at the path. */
IBBFolderSource      *
ibb_folder_source_new (const char *path, GCancellable *cancellable, GError **error);
void ibb_folder_source_free (IBBFolderSource *self);
/* For the offer: with the mode, the number of files and the bytes of all. */
IBBFilesMetadata *ibb_folder_source_describe (IBBFolderSource *self, const char *name);
/* The first ones of what is in the folder and not sent: links, devices, pipes, sockets, and names
 * that the receiver does not take. */
const char *const *ibb_folder_source_get_left_out (IBBFolderSource *self, guint *n);
/* Takes self. */
IBBMover *ibb_folder_source_new_mover (IBBFolderSource *self,
                                       const char      *peer_jid,
                                       GCancellable    *cancellable);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBFolderSource, ibb_folder_source_free)
