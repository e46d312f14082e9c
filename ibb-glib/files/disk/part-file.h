/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The hidden files of parts in a folder, .ibb-KEY-N.part. The key stands for the file that is
 * received. */

#pragma once

#include <gio/gio.h>

#include "base/disk.h"

#define IBB_PART_FILES_PER_KEY 8 /* of sinks that receive the same file at the same time */

typedef struct
{
  char    *name; /* (owned) */
  guint64  size;
  gint64   time; /* of its last byte, in seconds since 1970 */
  gboolean is_in_use;
} IBBPartFile;

/* What an offer has to repeat to go on with the bytes of an earlier one. date: (nullable). */
char *
ibb_part_file_dup_text (const char *peer_jid, const char *name, guint64 size, GDateTime *date);
char *ibb_part_file_dup_key (const char *text);
/* number: from 1 to IBB_PART_FILES_PER_KEY. */
char *ibb_part_file_dup_name (const char *key, guint number);
/* info: as it is under the lock. Returns -1 with errno; EPERM: the part is foreign. */
int ibb_part_file_open (int folder, const char *name, IBBDiskOwner *owner, struct stat *info);
/* Before one more part is made: removes the oldest ones of those that nobody uses, if the folder
 * has too many. Those that are used do not count, as their transfers have bounds of their own.
 * Returns 0 or an errno. */
int ibb_part_file_make_room (int folder);
/* Whether the bytes that have come are worthless after the error of a transfer, or of an entry of a
 * folder: they are not those of the file, or the peer broke the rules. Otherwise a later transfer
 * may go on with the part. A cancellation tells nothing of the bytes: it also ends the calls of a
 * transfer that has failed, and its caller decides about the part. */
gboolean ibb_part_file_is_spoilt_by (const GError *error);
/* Removes the parts with the key that nobody uses. */
void ibb_part_file_remove_unused (int folder, const char *key);

/* The parts in the folder, the oldest first. Returns: (element-type IBBPartFile). */
GPtrArray *ibb_part_file_list (const char *path, GError **error);
/* The bytes of the part that a file with this text goes on with, or 0. Takes no lock, which a
 * transfer that begins meanwhile would find, so that the first part of the key counts as the one
 * that nobody else uses. */
guint64 ibb_part_file_query_size (const char *path, const char *text);
/* G_IO_ERROR_BUSY: somebody uses the part; G_IO_ERROR_NOT_FOUND: it is gone. EINVAL: it is none. */
gboolean ibb_part_file_remove (const char *path, const char *name, GError **error);
