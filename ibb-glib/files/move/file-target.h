/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The place of a file that is received: a sink, which a later transfer of the same file continues,
 * or a stream. */

#pragma once

#include "files/disk/sink.h"
#include "files/ibb-files-metadata.h"

typedef struct _IBBFileTarget IBBFileTarget;

/* What the bytes of a whole file have to be. */
typedef struct
{
  const char *algorithm;     /* of the hash */
  const char *hash;          /* (nullable): of the whole file, in base64 */
  const char *own_algorithm; /* for a stream the same */
  const char *own;           /* (nullable): of the bytes that came, without a hash */
} IBBFileTargetHash;

/* Where the bytes go. All but the first two block. */
typedef struct
{
  /* (nullable): whether both, of one class, have the same part. */
  gboolean (*is_rival) (IBBFileTarget *self, IBBFileTarget *other);
  /* (nullable): where the file is after the commit. */
  GFile *(*dup_file) (IBBFileTarget *self);
  /* goes_on, length: from the bytes that are there, and how many these are. */
  gboolean (*open) (
      IBBFileTarget *self, guint64 size, gboolean goes_on, guint64 *length, GError **error);
  gboolean (*write) (IBBFileTarget *self,
                     const void    *data,
                     gsize          length,
                     GCancellable  *cancellable,
                     GError       **error);
  /* (nullable): no more bytes come for now, and those that are there go to the disk. */
  void (*settle) (IBBFileTarget *self);
  gboolean (*commit) (IBBFileTarget           *self,
                      const IBBFileTargetHash *hash,
                      GCancellable            *cancellable,
                      GError                 **error);
  void (*close) (IBBFileTarget *self, gboolean keeps);
} IBBFileTargetClass;

struct _IBBFileTarget
{
  const IBBFileTargetClass *class;
  IBBSink       *sink;   /* (owned) (nullable) */
  GOutputStream *stream; /* (owned) (nullable): nobody can read its bytes again */
};

/* The place has one part for each file of an account, whose later offers find it. */
IBBFileTarget *ibb_file_target_new (GFile            *place,
                                    const char       *peer_jid,
                                    IBBFilesMetadata *metadata,
                                    IBBSinkPolicy     policy);
/* Takes sink. */
IBBFileTarget *ibb_file_target_new_for_sink (IBBSink *sink);
IBBFileTarget *ibb_file_target_new_for_stream (GOutputStream *stream);
void           ibb_file_target_free (IBBFileTarget *self);
