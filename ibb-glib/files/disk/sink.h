/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The writer of a received file: a hidden part in the folder, which gets the name of the file when
 * the file is whole. The part belongs to one sink, which holds a lock on the part, whatever other
 * threads, programs and users do in the folder. The part exists from the first byte on.
 *
 * One thread at a time uses a sink. All calls block. */

#pragma once

#include <gio/gio.h>

#include "files/disk/hasher.h"

/* How a sink completes if a file has the name already. */
typedef enum
{
  IBB_SINK_FAIL,
  IBB_SINK_REPLACE, /* a regular file, and nothing else */
  IBB_SINK_NUMBER,  /* of a second letter.pdf it makes letter (2).pdf */
} IBBSinkPolicy;

#define IBB_SINK_ANY_SIZE G_MAXUINT64
#define IBB_SINK_NO_DATE G_MININT64

typedef struct _IBBSink IBBSink;

/* key: what a later sink has to repeat to go on with the part of this one; NULL: the name. */
IBBSink *ibb_sink_new (const char *folder, const char *name, const char *key, IBBSinkPolicy policy);
/* A sink of one of the files in a folder that is received. folder: a descriptor, for
 * ibb_sink_open (); shown: the place of the file, for errors; date: what the file gets, in seconds
 * since 1970, or IBB_SINK_NO_DATE; mode: the permissions that it gets at most. The caller makes
 * room for the part. */
IBBSink *ibb_sink_new_in (int           folder,
                          const char   *shown,
                          const char   *name,
                          const char   *key,
                          IBBSinkPolicy policy,
                          gint64        date,
                          guint         mode);
/* Adds the bytes of an open file to the hasher, from the offset to the end, or to where the file
 * ends. Returns 0 or an errno. */
int ibb_sink_hash_file (
    int fd, IBBHasher *hasher, guint64 *offset, guint64 end, GCancellable *cancellable);
/* The error of a file or a folder that cannot be written. Returns FALSE, for the caller to return.
 */
gboolean ibb_sink_fail (const char *shown, int failure, GError **error);
/* Closes the sink; a part of it stays. */
void ibb_sink_free (IBBSink *self);
/* Whether both would go on with the same part. */
gboolean ibb_sink_is_rival (IBBSink *self, IBBSink *other);
/* Opens the part. The errors are those that can be known before the first byte. goes_on: append to
 * the bytes of an earlier sink. */
gboolean ibb_sink_open (IBBSink *self, guint64 size, gboolean goes_on, GError **error);
/* The date that the file system keeps where a file gets that of the sink: FAT has no odd seconds,
 * ext4 no year after 2446. Makes the part, which has no bytes yet, for that. */
gint64 ibb_sink_try_date (IBBSink *self);
/* How many bytes are there. */
guint64  ibb_sink_get_length (IBBSink *self);
gboolean ibb_sink_write (IBBSink *self, const void *data, gsize length, GError **error);
/* No more bytes come for now: those that are there go to the disk. */
void ibb_sink_settle (IBBSink *self);
/* Whether the bytes that were there when the sink was opened are those that had come, even if the
 * power was cut since. Otherwise only a hash of them tells. */
gboolean ibb_sink_is_settled (IBBSink *self);
/* (nullable): where the bytes are until the commit. */
char *ibb_sink_dup_part_path (IBBSink *self);
/* Adds the bytes that are there, from the offset on, to the hasher. */
gboolean ibb_sink_hash (
    IBBSink *self, IBBHasher *hasher, guint64 offset, GCancellable *cancellable, GError **error);
/* The file is on the disk under its name when this returns TRUE. hash: (nullable): what the bytes
 * in the part have to be; otherwise their number decides. IBB_ERROR_NOT_ACCEPTABLE: they are not.
 */
gboolean ibb_sink_commit (IBBSink      *self,
                          const char   *algorithm,
                          const char   *hash,
                          GCancellable *cancellable,
                          GError      **error);
/* After the commit of a sink in a folder: the descriptor of the folder, which the caller
 * synchronizes and closes. */
int ibb_sink_steal_folder (IBBSink *self);
/* After the commit: where the file is. */
char *ibb_sink_dup_path (IBBSink *self);
/* keeps: a part with bytes stays, for a later sink, if the file system has locks. */
void ibb_sink_close (IBBSink *self, gboolean keeps);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBSink, ibb_sink_free)
