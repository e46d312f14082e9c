/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The choice of the program of a peer that gets a file, and of the protocol. */

#pragma once

#include "files/ibb-files-types.h"

typedef struct
{
  char       *peer_jid; /* (owned): the full JID, or that of a component */
  IBBFilesWay way;
  gboolean    is_own;       /* the program knows the extension of this library */
  gboolean    takes_bundle; /* by which it gets a file, too */
} IBBWayChoice;

void ibb_way_choice_free (IBBWayChoice *self);

/* Asks the programs of the peer what they can do. size: of the file; bundle: the namespace of the
 * bundle, private or not; needs_bundle: only a program that takes this bundle is chosen. */
void ibb_way_find_async (IBBConnection      *connection,
                         const char         *peer_jid,
                         guint64             size,
                         const char         *bundle,
                         gboolean            needs_bundle,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data);
/* Fails with IBB_ERROR_FEATURE_NOT_IMPLEMENTED, G_IO_ERROR_NOT_SUPPORTED, G_IO_ERROR_HOST_NOT_FOUND
 * or an error of a query. */
IBBWayChoice *ibb_way_find_finish (GAsyncResult *result, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBWayChoice, ibb_way_choice_free)
