/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The bytes of a file that is sent, from a stream or from an entry of a folder, and whether they
 * change meanwhile. All calls block. */

#pragma once

#include <gio/gio.h>
#include <time.h>

typedef struct _IBBFileSource IBBFileSource;

/* stream NULL: there is no byte. file, etag (nullable): the file that the stream reads, as it was
 * offered. */
IBBFileSource *ibb_file_source_new (GInputStream *stream, GFile *file, const char *etag);
/* A regular file in a folder. folder: a descriptor, for ibb_file_source_open (); place: of the
 * file, for errors; size, time: as they were offered. */
IBBFileSource *ibb_file_source_new_in (
    int folder, const char *name, const char *place, guint64 size, struct timespec time);
/* The error of a file or a folder that cannot be read. Returns FALSE, for the caller to return. */
gboolean ibb_file_source_fail (const char *place, int failure, GError **error);
void     ibb_file_source_free (IBBFileSource *self);

gboolean ibb_file_source_open (IBBFileSource *self, GCancellable *cancellable, GError **error);
/* As a stream does: 0 is the end. */
gssize ibb_file_source_read (
    IBBFileSource *self, void *buffer, gsize size, GCancellable *cancellable, GError **error);
/* After the last byte: whether the file is as it was offered, and nothing was written to it since
 * it was opened. */
gboolean ibb_file_source_check (IBBFileSource *self, GCancellable *cancellable, GError **error);
