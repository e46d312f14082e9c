/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The place of a file of this user, which programs that share the file change one after the other:
 * the program with the lock of the file with ".new" at the end of the name writes the new file, and
 * renames it. A reader sees the old file or the new one, whole; a power cut leaves one of both; and
 * the next change removes the new file of a program that was killed. */

#pragma once

#include "xmpp/trust/private-file.h"

#include <sys/types.h>

typedef struct
{
  int      folder; /* -1: not open */
  char    *name;   /* (owned): in the folder, whatever links have led there */
  char    *beside; /* (owned): the name of the new file */
  int      fd;     /* of the new file, with its lock; -1: there is none */
  gboolean exists; /* a file was read there */
  mode_t   mode;   /* its permissions, or those of a new one */
} IBBPrivatePlace;

/* Each function returns 0 or an errno. ENOENT: there is no folder, and makes_folder is FALSE. */
int ibb_private_place_open (IBBPrivatePlace *self, const char *path, gboolean makes_folder);
/* EBUSY: another program has kept the lock for five seconds. */
int ibb_private_place_lock (IBBPrivatePlace *self);
/* What ibb_private_file_read () gives; "" if there is no file. */
char *ibb_private_place_read (
    IBBPrivatePlace *self, const char *path, gsize max, gsize *length, GError **error);
/* After that a power cut leaves the name, and what was renamed to it. */
int ibb_private_place_sync (IBBPrivatePlace *self);
/* Puts the text in the place of what was read, with its permissions; if there was nothing, or it
 * was not read, EEXIST: there is something. With the lock. */
int  ibb_private_place_write (IBBPrivatePlace *self, const char *text, gsize length);
void ibb_private_place_close (IBBPrivatePlace *self);
