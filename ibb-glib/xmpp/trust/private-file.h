/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that decide whom this user is, or whom the user trusts. */

#pragma once

#include <gio/gio.h>

typedef enum
{
  IBB_PRIVATE_FILE_SECRET, /* a key or a password: nobody else may read it, or write it */
  IBB_PRIVATE_FILE_TRUST,  /* a list of certificates: nobody else may write it */
} IBBPrivateFile;

/* Logs a warning if everybody on this machine may do to fd what kind forbids. path: its name. */
void ibb_private_file_judge (int fd, const char *path, IBBPrivateFile kind);
/* Reads what is open at fd, from its begin: judged, and at most max bytes, otherwise
 * G_IO_ERROR_INVALID_DATA. A NUL follows. The errors name no file. */
char *ibb_private_file_read (
    int fd, const char *path, IBBPrivateFile kind, gsize max, gsize *length, GError **error);
/* Opens a file and reads it likewise. G_IO_ERROR_NOT_FOUND: there is none. */
/* FALSE: path is a pipe, whose writer would be waited for. */
gboolean ibb_private_file_check (const char *path, GError **error);
char    *ibb_private_file_load (
       const char *path, IBBPrivateFile kind, gsize max, gsize *length, GError **error);
/* A certificate and its private key, both PEM. key_path: NULL: in the same file. */
GTlsCertificate *
ibb_private_file_load_certificate (const char *path, const char *key_path, GError **error);
