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
#include "files/move/mover.h"

/* path: where the folder will be; policy: for a file that is in the place of an entry. */
IBBMover *ibb_folder_sink_new_mover (const char       *path,
                                     const char       *peer_jid,
                                     IBBFilesMetadata *metadata,
                                     IBBSinkPolicy     policy,
                                     GCancellable     *cancellable);
