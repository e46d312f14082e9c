/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The destination of an offer: a sink, which a later transfer of the same file continues, a stream,
 * or a folder, whose files the thread of a bundle writes. */

#pragma once

#include <gio/gio.h>

#include "files/disk/hasher.h"
#include "files/disk/sink.h"
#include "files/ibb-files-metadata.h"
#include "files/move/folder-sink.h"

typedef struct
{
  gatomicrefcount ref_count;
  guint64         size;      /* of the whole file */
  const char     *algorithm; /* (unowned): the hash to compute */
  gboolean        goes_on;   /* from the bytes that are there */

  /* of the thread that uses it */
  IBBSink       *sink;   /* (owned) (nullable) */
  GOutputStream *stream; /* (owned) (nullable) */
  IBBFolderSink *folder; /* (owned) (nullable) */
  IBBHasher     *hasher; /* (owned) (nullable): of the bytes that were there */
  guint64        offset; /* how many these are */
} IBBPart;

/* A folder has one part for each file of an account, whose later offers find it. */
IBBPart *
ibb_part_new (GFile *place, const char *peer_jid, IBBFilesMetadata *metadata, IBBSinkPolicy policy);
IBBPart *ibb_part_new_for_stream (GOutputStream *stream, guint64 size);
IBBPart *ibb_part_ref (IBBPart *self);
void     ibb_part_unref (IBBPart *self);
gboolean ibb_part_is_rival (IBBPart *self, IBBPart *other);

/* All of these block. */

gboolean ibb_part_open (IBBPart *self, GCancellable *cancellable, GError **error);
gboolean ibb_part_write (
    IBBPart *self, const void *data, gsize length, GCancellable *cancellable, GError **error);
/* hash: of the bytes that came after those that were there. Only of a sink. */
gboolean ibb_part_check_range (IBBPart      *self,
                               const char   *algorithm,
                               const char   *hash,
                               GCancellable *cancellable,
                               GError      **error);
/* hash: (nullable): of the whole file, by the algorithm, which for a stream has to be the part's;
 * own: that of the bytes that came, by the part's, which a sink has to have. */
gboolean ibb_part_commit (IBBPart      *self,
                          const char   *algorithm,
                          const char   *hash,
                          const char   *own,
                          GCancellable *cancellable,
                          GError      **error);
/* After the commit; NULL for a stream. */
GFile *ibb_part_dup_file (IBBPart *self);
void   ibb_part_close (IBBPart *self, gboolean keeps);
