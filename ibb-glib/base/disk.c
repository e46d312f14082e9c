/* SPDX-License-Identifier: LGPL-2.1-or-later */

#define _GNU_SOURCE /* O_PATH, O_TMPFILE, syncfs () */

#include "config.h"

#include "base/disk.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#define NO_REPLACE 1      /* RENAME_NOREPLACE of <linux/fs.h> */
#define LINKS_MAX 40      /* as Linux follows */
#define UNKNOWN_MASK 0077 /* where the system does not tell the umask of the process */
#define ACL_LENGTH 65536  /* bytes: no attribute is longer */

/* A folder that cannot be read may still be written to. */
static int
open_folder (const char *path)
{
  int fd = open (path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

  return fd < 0 && errno == EACCES ? open (path, O_PATH | O_DIRECTORY | O_CLOEXEC) : fd;
}

static int
make_folder (const char *path)
{
  g_autofree char *parent = g_path_get_dirname (path);
  int              result = mkdir (path, 0700);
  int              fd;

  if (result != 0 && errno == ENOENT && make_folder (parent) == 0)
    result = mkdir (path, 0700);
  if (result != 0)
    return errno == EEXIST ? 0 : -1;
  fd = open_folder (parent);
  if (fd < 0)
    return -1;
  result = ibb_disk_sync_folder (fd);
  close (fd);
  return result;
}

static int
open_folder_in (int folder, const char *name)
{
  int flags = O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat (folder, name, O_RDONLY | flags);

  return fd < 0 && errno == EACCES ? openat (folder, name, O_PATH | flags) : fd;
}

static int
make_folder_in (int folder, const char *name, mode_t mode)
{
  return mkdirat (folder, name, mode);
}

static int
check_access (int folder)
{
  return faccessat (folder, ".", W_OK | X_OK, AT_EACCESS);
}

static int
open_path (const char *path)
{
  return open (path, O_RDONLY | O_CLOEXEC);
}

static int
open_file (int folder, const char *name, gboolean creates)
{
  int flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;

  return openat (folder, name, creates ? flags | O_CREAT | O_EXCL : flags, 0600);
}

static int
open_to_read (int folder, const char *name)
{
  return openat (folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

static int
lock (int fd)
{
  return flock (fd, LOCK_EX | LOCK_NB);
}

static void
wait_for_lock (void)
{
  g_usleep (IBB_DISK_PAUSE);
}

static gssize
read_file (int fd, void *data, gsize length, guint64 offset)
{
  gssize n = pread (fd, data, length, (off_t) offset);

  return n < 0 && errno == ESPIPE ? read (fd, data, length) : n;
}

static gssize
write_file (int fd, const void *data, gsize length, guint64 offset)
{
  return pwrite (fd, data, length, (off_t) offset);
}

static int
truncate_file (int fd)
{
  return ftruncate (fd, 0);
}

/* The umask of the process, which can be read by a change only, but for this file. */
static mode_t
read_mask (void)
{
  g_autofree char *status = NULL;
  const char      *line;
  unsigned         mask;

  if (!g_file_get_contents ("/proc/self/status", &status, NULL, NULL))
    return UNKNOWN_MASK;
  line = strstr (status, "\nUmask:");
  return line != NULL && sscanf (line, "\nUmask: %o", &mask) == 1 ? mask : UNKNOWN_MASK;
}

/* As <linux/posix_acl_xattr.h> has it, in the byte order of Intel. */
typedef struct
{
  guint16 tag;
  guint16 permissions;
  guint32 id;
} AclEntry;

#define ACL_HEADER 4 /* bytes */
#define ACL_USER 0x01
#define ACL_GROUP 0x04
#define ACL_MASK 0x10 /* in the place of the group, where there is one */
#define ACL_OTHER 0x20

static mode_t
get_new_mode (int folder)
{
  g_autofree guint8 *acl = g_malloc (ACL_LENGTH);
  gssize             length = fgetxattr (folder, "system.posix_acl_default", acl, ACL_LENGTH);
  mode_t             user = 0, group = 0, mask = 0, other = 0;
  gboolean           has_mask = FALSE;

  if (length < ACL_HEADER)
    return 0777 & ~read_mask ();
  for (gssize i = ACL_HEADER; i + (gssize) sizeof (AclEntry) <= length; i += sizeof (AclEntry))
    {
      AclEntry entry;
      mode_t   permissions;

      memcpy (&entry, acl + i, sizeof entry);
      permissions = GUINT16_FROM_LE (entry.permissions) & 07;
      switch (GUINT16_FROM_LE (entry.tag))
        {
        case ACL_USER:
          user = permissions;
          break;
        case ACL_GROUP:
          group = permissions;
          break;
        case ACL_MASK:
          mask = permissions;
          has_mask = TRUE;
          break;
        case ACL_OTHER:
          other = permissions;
          break;
        default:
          break;
        }
    }
  return user << 6 | (has_mask ? mask : group) << 3 | other;
}

static int
set_time (int fd, gint64 time)
{
  const struct timespec times[] = { { .tv_nsec = UTIME_OMIT }, { .tv_sec = (time_t) time } };

  if (times[1].tv_sec != time)
    {
      errno = EOVERFLOW; /* time_t may have 32 bits */
      return -1;
    }
  return futimens (fd, times);
}

static int
stat_file (int fd, const char *name, struct stat *info)
{
  return name != NULL ? fstatat (fd, name, info, AT_SYMLINK_NOFOLLOW) : fstat (fd, info);
}

static int
stat_path (const char *path, struct stat *info)
{
  return lstat (path, info);
}

static char *
read_link (const char *path)
{
  char   target[PATH_MAX];
  gssize n = readlink (path, target, sizeof target);

  return n >= 0 ? g_strndup (target, (gsize) n) : NULL;
}

/* Not every C library has renameat2 (). */
static int
rename_file (int folder, const char *from, const char *to, gboolean replaces)
{
  if (replaces)
    return renameat (folder, from, folder, to);
#ifdef SYS_renameat2
  return (int) syscall (SYS_renameat2, folder, from, folder, to, NO_REPLACE);
#else
  errno = EINVAL;
  return -1;
#endif
}

static int
link_file (int folder, const char *from, const char *to)
{
  return linkat (folder, from, folder, to, 0);
}

static int
unlink_file (int folder, const char *name)
{
  return unlinkat (folder, name, 0);
}

static GPtrArray *
list (int folder, const char *prefix, guint most, int *failure)
{
  int            fd = openat (folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR           *dir = fd >= 0 ? fdopendir (fd) : NULL;
  GPtrArray     *names = g_ptr_array_new_with_free_func (g_free);
  struct dirent *entry;

  *failure = dir == NULL ? errno : 0;
  if (dir == NULL && fd >= 0)
    close (fd);
  while (dir != NULL && names->len < most)
    {
      errno = 0;
      entry = readdir (dir);
      if (entry == NULL)
        {
          *failure = errno;
          break;
        }
      if (!g_str_equal (entry->d_name, ".") && !g_str_equal (entry->d_name, "..") &&
          g_str_has_prefix (entry->d_name, prefix))
        g_ptr_array_add (names, g_strdup (entry->d_name));
    }
  if (dir != NULL)
    closedir (dir);
  return names;
}

/* A folder that cannot be read has no descriptor that the system synchronizes. A file in it that
 * has no name, and is never seen, stands for the whole file system. */
static int
sync_file (int fd)
{
  int flags = fcntl (fd, F_GETFL);
  int file;
  int result;
  int failure;

  if (flags < 0 || (flags & O_PATH) == 0)
    return fsync (fd);
  file = openat (fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0)
    return -1;
  result = syncfs (file);
  failure = errno;
  close (file);
  errno = failure;
  return result;
}

static const IBBDisk system_disk = {
  .open_folder = open_folder,
  .make_folder = make_folder,
  .open_folder_in = open_folder_in,
  .make_folder_in = make_folder_in,
  .access = check_access,
  .open_path = open_path,
  .open = open_file,
  .open_to_read = open_to_read,
  .close = close,
  .lock = lock,
  .pause = wait_for_lock,
  .read = read_file,
  .write = write_file,
  .truncate = truncate_file,
  .set_mode = fchmod,
  .get_new_mode = get_new_mode,
  .set_time = set_time,
  .set_owner = fchown,
  .stat = stat_file,
  .stat_path = stat_path,
  .read_link = read_link,
  .sync = sync_file,
  .rename = rename_file,
  .link = link_file,
  .unlink = unlink_file,
  .list = list,
};

const IBBDisk *ibb_disk = &system_disk;

/* Functions built from the calls above. */

char *
ibb_disk_resolve (const char *path)
{
  g_autofree char *current = g_strdup (path);

  for (int i = 0; i < LINKS_MAX; i++)
    {
      g_autofree char *folder = g_path_get_dirname (current);
      g_autofree char *target = NULL;
      struct stat      info;

      if (ibb_disk->stat_path (current, &info) != 0)
        return errno == ENOENT ? g_steal_pointer (&current) : NULL;
      if (!S_ISLNK (info.st_mode))
        return g_steal_pointer (&current);
      if (ibb_disk_is_planted_at (folder, &info))
        {
          errno = EACCES;
          return NULL;
        }
      target = ibb_disk->read_link (current);
      if (target == NULL)
        return NULL;
      g_free (current);
      /* The kernel resolves "..": the folder may be a link itself. */
      current =
          g_path_is_absolute (target) ? g_strdup (target) : g_build_filename (folder, target, NULL);
    }
  errno = ELOOP;
  return NULL;
}

/* In a folder such as /tmp everybody may put a link, a file or a pipe where a program will write.
 * There the kernel follows a link, and lets a program open an existing file or pipe, only if that
 * belongs to the user of the process or to the owner of the folder (protected_symlinks,
 * protected_regular, protected_fifos). Who replaces a file needs the same check. */
gboolean
ibb_disk_is_planted (int folder, const struct stat *entry)
{
  struct stat info;

  return ibb_disk->stat (folder, NULL, &info) != 0 ||
         ((info.st_mode & S_ISVTX) != 0 && (info.st_mode & S_IWOTH) != 0 &&
          entry->st_uid != geteuid () && entry->st_uid != info.st_uid);
}

gboolean
ibb_disk_is_planted_at (const char *path, const struct stat *entry)
{
  int      folder;
  gboolean is_planted = TRUE;

  IBB_DISK_CALL (folder, open_folder (path));
  if (folder >= 0)
    {
      is_planted = ibb_disk_is_planted (folder, entry);
      ibb_disk->close (folder);
    }
  return is_planted;
}

gboolean
ibb_disk_is_own (const struct stat *info)
{
  return S_ISREG (info->st_mode) && info->st_uid == geteuid ();
}

gboolean
ibb_disk_is_named (int folder, const char *name, int fd)
{
  struct stat by_name, own;

  return ibb_disk->stat (folder, name, &by_name) == 0 && ibb_disk->stat (fd, NULL, &own) == 0 &&
         by_name.st_dev == own.st_dev && by_name.st_ino == own.st_ino;
}

/* Somebody else may have removed or renamed the file before the lock was there. A lock that fails
 * only now is an error: the next one may get it. */
IBBDiskOwner
ibb_disk_lock (int folder, const char *name, int fd)
{
  int locked;

  IBB_DISK_CALL (locked, lock (fd));
  if (locked != 0 && (errno == ENOSYS || errno == EOPNOTSUPP || errno == EINVAL))
    return IBB_DISK_NO_LOCK;
  if (locked != 0)
    return errno == EWOULDBLOCK ? IBB_DISK_USED : IBB_DISK_FOREIGN;
  return ibb_disk_is_named (folder, name, fd) ? IBB_DISK_OWN : IBB_DISK_USED;
}

int
ibb_disk_rename_new (int folder, const char *from, const char *to)
{
  int result;

  IBB_DISK_CALL (result, rename (folder, from, to, FALSE));
  if (result == 0 || (errno != EINVAL && errno != ENOSYS))
    return result == 0 ? 0 : errno;
  IBB_DISK_CALL (result, link (folder, from, to));
  if (result != 0)
    return errno;
  ibb_disk->unlink (folder, from);
  return 0;
}

int
ibb_disk_sync_folder (int folder)
{
  int result;

  IBB_DISK_CALL (result, sync (folder));
  return result == 0 || errno == EINVAL || errno == EROFS || errno == EOPNOTSUPP || errno == EACCES
             ? 0
             : -1;
}

GPtrArray *
ibb_disk_list (int folder, const char *prefix)
{
  int                   failure;
  g_autoptr (GPtrArray) names = ibb_disk->list (folder, prefix, G_MAXUINT, &failure);

  errno = failure;
  return failure == 0 ? g_steal_pointer (&names) : NULL;
}
