/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The writer of a received folder: entries of a bundle become files in a folder, whatever paths the
 * peer names and whatever else is in the folder. Each folder on the way is opened from the one
 * above by a descriptor, and no link is followed. One file is open at a time.
 *
 * A file that is there already with the name, size and date of an entry is not sent again: the end
 * of the entry tells by the hash whether the files are the same.
 *
 * One thread at a time uses a folder. All calls block. */

#pragma once

#include "files/disk/sink.h"
#include "files/protocol/bundle.h"
#include "files/protocol/folder.h"

typedef struct _IBBFolderSink IBBFolderSink;

/* path: where the folder will be. Who has a file in the place of an entry is treated by the policy.
 */
IBBFolderSink *ibb_folder_sink_new (const char       *path,
                                    const char       *peer_jid,
                                    IBBFilesMetadata *metadata,
                                    IBBSinkPolicy     policy);
void           ibb_folder_sink_free (IBBFolderSink *self);
/* Whether both receive the same folder of one account. */
gboolean    ibb_folder_sink_is_rival (IBBFolderSink *self, IBBFolderSink *other);
const char *ibb_folder_sink_get_path (IBBFolderSink *self);
/* Makes the folder, unless it is there. */
gboolean ibb_folder_sink_open (IBBFolderSink *self, GError **error);

/* Takes an event of an entry, and answers in the bundle. An entry that fails is counted. FALSE: the
 * folder as a whole has failed. */
gboolean ibb_folder_sink_take (IBBFolderSink        *self,
                               IBBBundle            *bundle,
                               const IBBBundleEvent *event,
                               IBBFolderProgress    *progress,
                               GCancellable         *cancellable,
                               GError              **error);
/* Delivers the entries that are whole, as soon as they are on the disk. */
gboolean ibb_folder_sink_flush (IBBFolderSink *self, IBBBundle *bundle, GError **error);
/* Why the folder is not whole; NULL: no entry has failed. */
GError *ibb_folder_sink_dup_error (IBBFolderSink *self);
/* No more events come. keeps: the part of a file that is not whole stays. */
void ibb_folder_sink_stop (IBBFolderSink *self, gboolean keeps);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBFolderSink, ibb_folder_sink_free)
