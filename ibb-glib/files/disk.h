/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls by which a sink uses the file system. A test puts a simulated disk in their place. */

#pragma once

#include <glib.h>
#include <sys/stat.h>

/* Each call fails as the system call does: -1 (NULL) with errno. A name has no folder. */
typedef struct
{
  int (*open_folder) (const char *path);
  /* Whether files can be made in the folder. */
  int (*access) (int folder);
  /* Opens a file to read and write; it follows no link and waits for nobody. creates: the file must
   * not exist, and only its owner may use it. */
  int (*open) (int folder, const char *name, gboolean creates);
  int (*close) (int fd);
  /* An exclusive lock, which ends with the descriptor or its process. EWOULDBLOCK: somebody has it.
   */
  int (*lock) (int fd);
  gssize (*read) (int fd, void *data, gsize length, guint64 offset);
  gssize (*write) (int fd, const void *data, gsize length, guint64 offset);
  /* Drops all bytes of the file. */
  int (*truncate) (int fd);
  int (*set_mode) (int fd, mode_t mode);
  int (*set_owner) (int fd, uid_t user, gid_t group);
  /* Of the file with the name, which may be a link; name NULL: of the descriptor. */
  int (*stat) (int fd, const char *name, struct stat *info);
  /* EINVAL, EROFS, EBADF: a folder that cannot be synchronized. */
  int (*sync) (int fd);
  /* replaces: a file that has the name; otherwise the call fails with EEXIST, or EINVAL where the
   * file system has no such call. */
  int (*rename) (int folder, const char *from, const char *to, gboolean replaces);
  int (*link) (int folder, const char *from, const char *to);
  int (*unlink) (int folder, const char *name);
  /* The names in the folder that begin with the prefix. Free with g_ptr_array_unref (). */
  GPtrArray *(*list) (int folder, const char *prefix);
} IBBDisk;

extern const IBBDisk *ibb_disk;
