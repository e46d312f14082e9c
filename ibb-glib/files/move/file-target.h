/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The place of a file that is received: a sink, which a later transfer of the same file continues,
 * or a stream. All calls but the makers block. */

#pragma once

#include "files/disk/hasher.h"
#include "files/disk/sink.h"
#include "files/ibb-files-metadata.h"

typedef struct _IBBFileTarget IBBFileTarget;

/* The place has one part for each file of an account, whose later offers find it. */
IBBFileTarget *ibb_file_target_new (GFile            *place,
                                    const char       *peer_jid,
                                    IBBFilesMetadata *metadata,
                                    IBBSinkPolicy     policy);
/* Takes sink. */
IBBFileTarget *ibb_file_target_new_for_sink (IBBSink *sink);
IBBFileTarget *ibb_file_target_new_for_stream (GOutputStream *stream);
void           ibb_file_target_free (IBBFileTarget *self);
gboolean       ibb_file_target_is_rival (IBBFileTarget *self, IBBFileTarget *other);

/* goes_on, length: from the bytes that are there, and how many these are. */
gboolean ibb_file_target_open (
    IBBFileTarget *self, guint64 size, gboolean goes_on, guint64 *length, GError **error);
gboolean ibb_file_target_write (
    IBBFileTarget *self, const void *data, gsize length, GCancellable *cancellable, GError **error);
/* No more bytes come for now: those that are there go to the disk. */
void ibb_file_target_settle (IBBFileTarget *self);
/* own, own_algorithm: the hash of the bytes that came; hash: (nullable): what the whole file has to
 * have, by the algorithm, which for a stream has to be the own one. */
gboolean ibb_file_target_commit (IBBFileTarget *self,
                                 const char    *algorithm,
                                 const char    *hash,
                                 const char    *own_algorithm,
                                 const char    *own,
                                 GCancellable  *cancellable,
                                 GError       **error);
/* After the commit; NULL for a stream. */
GFile *ibb_file_target_dup_file (IBBFileTarget *self);
/* NULL for a stream, whose bytes nobody can read again. */
IBBSink *ibb_file_target_get_sink (IBBFileTarget *self);
void     ibb_file_target_close (IBBFileTarget *self, gboolean keeps);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBFileTarget, ibb_file_target_free)
