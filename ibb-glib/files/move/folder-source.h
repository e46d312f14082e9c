/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The reader of a folder that is sent: a list of what is in it, made before the offer, and then the
 * entries of a bundle. Each folder on the way is opened from the one above by a descriptor, and no
 * link is followed. One file is open at a time.
 *
 * One thread at a time uses a folder. All calls block. */

#pragma once

#include "files/protocol/bundle.h"
#include "files/protocol/folder.h"

#define IBB_FOLDER_SOURCE_LEFT_OUT_MAX 100 /* names that are kept */

typedef struct _IBBFolderSource IBBFolderSource;

/* Lists the folder at the path. */
IBBFolderSource      *
ibb_folder_source_new (const char *path, GCancellable *cancellable, GError **error);
void ibb_folder_source_free (IBBFolderSource *self);
/* Nothing is read any more. What was left out and what has failed can still be asked for. */
void  ibb_folder_source_stop (IBBFolderSource *self);
guint ibb_folder_source_get_n_files (IBBFolderSource *self);
/* Of the folder itself, see ibb_files_metadata_set_mode (). */
guint ibb_folder_source_get_mode (IBBFolderSource *self);
/* Bytes of all files. */
guint64 ibb_folder_source_get_size (IBBFolderSource *self);
/* The first ones of what is in the folder and not sent: links, devices, pipes, sockets, and names
 * that the receiver does not take. */
const char *const *ibb_folder_source_get_left_out (IBBFolderSource *self, guint *n);
/* Before the first of the next calls. */
void ibb_folder_source_set_peer (IBBFolderSource *self, const char *peer_jid);

typedef enum
{
  IBB_FOLDER_SOURCE_WAITS, /* for the receiver */
  IBB_FOLDER_SOURCE_WORKS,
  IBB_FOLDER_SOURCE_ENDED, /* each entry is delivered or has failed */
} IBBFolderSourceState;

/* Offers the next entry of the folder, which is accepted, or sends the next bytes of one. */
IBBFolderSourceState ibb_folder_source_send (IBBFolderSource   *self,
                                             IBBBundle         *bundle,
                                             guint32            folder,
                                             IBBFolderProgress *progress,
                                             GCancellable      *cancellable);
/* Takes an event of an entry. */
void ibb_folder_source_take (IBBFolderSource      *self,
                             const IBBBundleEvent *event,
                             IBBFolderProgress    *progress);
/* Why the folder is not whole; NULL: no entry has failed. */
GError *ibb_folder_source_dup_error (IBBFolderSource *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBFolderSource, ibb_folder_source_free)
