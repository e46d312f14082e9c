/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The entries of a folder that have failed, at either end. */

#pragma once

#include "files/ibb-files-types.h"
#include "files/protocol/bundle.h"

typedef struct
{
  IBBFilesDirection direction;
  guint             n;
  char             *path;  /* (owned) (nullable): of the first one */
  GError           *error; /* (owned) (nullable): why it failed */
} IBBFolderFailures;

/* An entry fails here: the peer learns why. Takes error. */
void ibb_folder_failures_add (
    IBBFolderFailures *self, const char *path, IBBBundle *bundle, guint32 number, GError *error);
/* The peer has failed an entry. */
void ibb_folder_failures_take (IBBFolderFailures    *self,
                               const char           *path,
                               const char           *peer_jid,
                               const IBBBundleEvent *event);
/* NULL: nothing has failed. */
GError *ibb_folder_failures_dup_error (const IBBFolderFailures *self, guint n_files);
void    ibb_folder_failures_clear (IBBFolderFailures *self);
