/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls by which folders that are sent, received files, keys and lists of certificates use the
 * file system. A test puts a simulated disk in their place. The library for files and that with the
 * client have a copy each. */

#pragma once

#ifndef GETTEXT_PACKAGE
#error "A struct stat is only that of the functions here after config.h."
#endif

#include <errno.h>
#include <glib.h>
#include <sys/stat.h>

#define IBB_DISK_PAUSE 5000 /* µs */

/* Each call fails as the system call does: -1 (NULL) with errno. A name has no folder. */
typedef struct
{
  int (*open_folder) (const char *path);
  /* Makes the folder, for its owner only, and those above it. A power cut leaves them. */
  int (*make_folder) (const char *path);
  /* A folder in the folder, by name or "."; it follows no link. */
  int (*open_folder_in) (int folder, const char *name);
  int (*make_folder_in) (int folder, const char *name, mode_t mode);
  /* Whether files can be made in the folder. */
  int (*access) (int folder);
  /* Opens whatever a user has named, to read: it follows links, and waits for who writes to a pipe.
   */
  int (*open_path) (const char *path);
  /* Opens a file to read and write; it follows no link and waits for nobody. creates: the file must
   * not exist, and only its owner may use it. */
  int (*open) (int folder, const char *name, gboolean creates);
  /* The same for a file that is there and is only read. */
  int (*open_to_read) (int folder, const char *name);
  int (*close) (int fd);
  /* An exclusive lock, which ends with the descriptor or its process. EWOULDBLOCK: somebody has it.
   */
  int (*lock) (int fd);
  /* Waits for IBB_DISK_PAUSE, in which somebody else may end to use a lock. */
  void (*pause) (void);
  /* offset does not count where the descriptor has none. */
  gssize (*read) (int fd, void *data, gsize length, guint64 offset);
  gssize (*write) (int fd, const void *data, gsize length, guint64 offset);
  /* Drops all bytes of the file. */
  int (*truncate) (int fd);
  int (*set_mode) (int fd, mode_t mode);
  /* The permissions that the system gives a new file in the folder, if its program allows all: by
   * the default ACL of the folder, or the umask of the process. Never fails. */
  mode_t (*get_new_mode) (int folder);
  /* time: of the last change, in seconds since 1970. */
  int (*set_time) (int fd, gint64 time);
  int (*set_owner) (int fd, uid_t user, gid_t group);
  /* Of the file with the name, which may be a link; name NULL: of the descriptor. */
  int (*stat) (int fd, const char *name, struct stat *info);
  /* Of the file at a path: of the link itself if it is one, and the target of that link. */
  int (*stat_path) (const char *path, struct stat *info);
  char *(*read_link) (const char *path);
  /* EINVAL, EROFS, EOPNOTSUPP, EACCES: a folder that cannot be synchronized. */
  int (*sync) (int fd);
  /* replaces: a file that has the name; otherwise the call fails with EEXIST, or EINVAL where the
   * file system has no such call. */
  int (*rename) (int folder, const char *from, const char *to, gboolean replaces);
  int (*link) (int folder, const char *from, const char *to);
  int (*unlink) (int folder, const char *name);
  /* The names in the folder that begin with the prefix, at most so many. failure: 0, or the errno
   * with which they end too early. Free with g_ptr_array_unref (). */
  GPtrArray *(*list) (int folder, const char *prefix, guint most, int *failure);
} IBBDisk;

extern const IBBDisk *ibb_disk;

/* Repeats a call of the disk that a signal interrupts. */
#define IBB_DISK_CALL(result, call)                                                                \
  do                                                                                               \
    result = ibb_disk->call;                                                                       \
  while (result < 0 && errno == EINTR)

/* The file to which the path leads if its last part is a symbolic link, even if that file does not
 * exist yet. NULL with errno. Free with g_free (). */
char *ibb_disk_resolve (const char *path);
/* Whether an entry of the folder may be somebody's trap: what a program that follows a link, or
 * uses a file, has to look at where everybody may make one. */
gboolean ibb_disk_is_planted (int folder, const struct stat *entry);
gboolean ibb_disk_is_planted_at (const char *folder, const struct stat *entry);
/* Whether it is a file of this user. */
gboolean ibb_disk_is_own (const struct stat *info);
/* Whether the name is that of the file of the descriptor. name NULL: whether both are of one file.
 */
gboolean ibb_disk_is_named (int folder, const char *name, int fd);

typedef enum
{
  IBB_DISK_OWN, /* under our lock */
  IBB_DISK_USED,
  IBB_DISK_NO_LOCK, /* the file system never tells it */
  IBB_DISK_FOREIGN, /* a link, a pipe, another user's file: whatever somebody has put there */
} IBBDiskOwner;

/* Locks an own file that was opened by the name. FOREIGN with errno. */
IBBDiskOwner ibb_disk_lock (int folder, const char *name, int fd);
/* Never replaces a file. Returns 0 or an errno: EPERM, ENOSYS or EOPNOTSUPP where the file system
 * can neither rename so nor link, as exFAT by FUSE. */
int ibb_disk_rename_new (int folder, const char *from, const char *to);
/* All names in the folder that begin with the prefix. NULL with errno. Free with
 * g_ptr_array_unref (). */
GPtrArray *ibb_disk_list (int folder, const char *prefix);
/* It is no error if the file system cannot synchronize folders, or the folder can be neither read
 * nor written to, so that it has no new names. */
int ibb_disk_sync_folder (int folder);
