/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where a received file goes: a hidden file beside its place, which gets its name when it is whole,
 * and from which a later transfer of the same file goes on; or a stream. */

#pragma once

#include <gio/gio.h>

#include "files/hasher.h"
#include "files/ibb-files-metadata.h"

typedef struct
{
  gatomicrefcount ref_count;
  GFile          *place;  /* (owned) (nullable): NULL for a stream */
  GFile          *hidden; /* (owned) (nullable) */
  gboolean        replaces;
  guint64         size;      /* of the whole file */
  const char     *algorithm; /* (unowned): the hash to compute */
  gboolean        goes_on;   /* from the bytes that are there */

  /* of the thread that uses it */
  GOutputStream *stream; /* (owned) (nullable) */
  IBBHasher     *hasher; /* (owned) (nullable): of the bytes that were there */
  guint64        offset; /* how many these are */
} IBBPart;

/* The same file of the same account has the same hidden file. replaces: a file that is in the place
 * is replaced. */
IBBPart *
ibb_part_new (GFile *place, const char *peer_jid, IBBFilesMetadata *metadata, gboolean replaces);
IBBPart *ibb_part_new_for_stream (GOutputStream *stream, guint64 size);
IBBPart *ibb_part_ref (IBBPart *self);
void     ibb_part_unref (IBBPart *self);

/* All of these block. */

gboolean ibb_part_open (IBBPart *self, GCancellable *cancellable, GError **error);
/* Reads the whole file again; NULL for a stream, and for an unknown algorithm. */
char    *ibb_part_hash (IBBPart *self, const char *algorithm, GError **error);
gboolean ibb_part_commit (IBBPart *self, GError **error);
void     ibb_part_close (IBBPart *self, gboolean keeps);
