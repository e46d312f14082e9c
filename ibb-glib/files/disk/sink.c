/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/disk/sink.h"

#include "base/intl.h"
#include "files/disk/disk-error.h"
#include "files/disk/file-name.h"
#include "files/disk/part-file.h"

#include <ibb-glib/ibb-glib.h>
#include <string.h>
#include <unistd.h>

#define STEP_SIZE 65536    /* bytes that are read at a time */
#define PRIVATE_MODE 0600  /* until the file is whole */
#define SETTLED_MODE 01600 /* while nobody writes, and all bytes of the part are on the disk */

struct _IBBSink
{
  char         *path;  /* (owned): of the folder */
  char         *name;  /* (owned) */
  char         *shown; /* (owned): the place of the file, for errors */
  char         *key;   /* (owned) */
  IBBSinkPolicy policy;
  guint64       size;
  int           parent; /* (unowned): the folder, if the caller has opened it; otherwise -1 */
  gint64        date;   /* there */
  guint         mode;   /* at most */

  int      folder;     /* -1: not open */
  int      fd;         /* -1: no part */
  char    *part;       /* (owned) (nullable): the name of the part, which is the descriptor's */
  guint64  length;     /* bytes in the part that count */
  gboolean is_stale;   /* the bytes in the part are another sink's, and do not count */
  gboolean is_settled; /* the bytes that were found are all on the disk; or there were none */
  gboolean is_spoilt;
  gboolean is_unlocked;  /* the part, which no later sink goes on with */
  gboolean has_replaced; /* a file that was there, once the part has its name */
  char    *final;        /* (owned) (nullable) */
};

gboolean
ibb_sink_fail (const char *shown, int failure, GError **error)
{
  if (failure == EEXIST)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_EXISTS, _ ("“%s” exists already"), shown);
  else
    g_set_error (error, G_IO_ERROR, ibb_disk_error_get_code (failure),
                 /* Translators: the first %s is a file, the second says why */
                 _ ("Cannot write “%s”: %s"), shown, g_strerror (failure));
  return FALSE;
}

static gboolean
fail (IBBSink *self, int failure, GError **error)
{
  return ibb_sink_fail (self->shown, failure, error);
}

static IBBSink *
create (const char *shown, const char *name, const char *key, IBBSinkPolicy policy)
{
  IBBSink *self = g_new0 (IBBSink, 1);

  self->name = g_strdup (name);
  self->shown = g_filename_display_name (shown);
  self->key = ibb_part_file_dup_key (key != NULL ? key : name);
  self->policy = policy;
  self->mode = 0666;
  self->parent = -1;
  self->folder = -1;
  self->fd = -1;
  return self;
}

IBBSink *
ibb_sink_new (const char *folder, const char *name, const char *key, IBBSinkPolicy policy)
{
  g_autofree char *path =
      g_str_equal (folder, ".") ? g_strdup (name) : g_build_filename (folder, name, NULL);
  IBBSink *self = create (path, name, key, policy);

  self->path = g_strdup (folder);
  return self;
}

IBBSink *
ibb_sink_new_in (int           folder,
                 const char   *shown,
                 const char   *name,
                 const char   *key,
                 IBBSinkPolicy policy,
                 gint64        date,
                 guint         mode)
{
  IBBSink *self = create (shown, name, key, policy);

  self->parent = folder;
  self->date = date;
  self->mode = mode;
  return self;
}

void
ibb_sink_free (IBBSink *self)
{
  ibb_sink_close (self, TRUE);
  g_free (self->path);
  g_free (self->name);
  g_free (self->shown);
  g_free (self->key);
  g_free (self->final);
  g_free (self);
}

gboolean
ibb_sink_is_rival (IBBSink *self, IBBSink *other)
{
  return g_str_equal (self->key, other->key) && g_str_equal (self->path, other->path);
}

/* Before the first byte. */

/* Whether the final name can be used. Returns 0 or an errno. */
static int
check_name (IBBSink *self, struct stat *info, gboolean *exists)
{
  *exists = ibb_disk->stat (self->folder, self->name, info) == 0;
  if (!*exists)
    return errno == ENOENT ? 0 : errno;
  if (self->policy == IBB_SINK_NUMBER)
    return 0;
  if (self->policy == IBB_SINK_FAIL)
    return EEXIST;
  if (S_ISDIR (info->st_mode))
    return EISDIR;
  if (!S_ISREG (info->st_mode))
    return EEXIST;
  return ibb_disk_is_planted (self->folder, info) ? EACCES : 0;
}

/* A sink may have been interrupted when its file was whole: a power cut must not bring that mode
 * back when the part has other bytes. */
static gboolean
make_private (int fd, const struct stat *info)
{
  int result;

  if ((info->st_mode & 07777) == PRIVATE_MODE)
    return TRUE;
  if (ibb_disk->set_mode (fd, PRIVATE_MODE) != 0)
    return FALSE;
  IBB_DISK_CALL (result, sync (fd));
  return result == 0;
}

/* Takes the part of an earlier sink, if there is one that nobody uses. A file that has two names
 * is not continued: a sink was interrupted while it gave the file its name by a link. An empty part
 * must not hide a longer one. */
static void
take_part (IBBSink *self, gboolean goes_on)
{
  for (guint i = 1; i <= IBB_PART_FILES_PER_KEY; i++)
    {
      g_autofree char *name = ibb_part_file_dup_name (self->key, i);
      struct stat      info;
      IBBDiskOwner     owner;
      int              fd = ibb_part_file_open (self->folder, name, &owner, &info);

      if (fd < 0)
        continue;
      if (owner == IBB_DISK_OWN && info.st_nlink == 1 && info.st_size > 0 &&
          make_private (fd, &info))
        {
          self->fd = fd;
          self->part = g_steal_pointer (&name);
          self->is_stale = !goes_on || (guint64) info.st_size > self->size;
          self->length = self->is_stale ? 0 : (guint64) info.st_size;
          self->is_settled = (info.st_mode & 07777) == SETTLED_MODE;
          return;
        }
      if (owner == IBB_DISK_OWN)
        ibb_disk->unlink (self->folder, name);
      ibb_disk->close (fd);
    }
}

gboolean
ibb_sink_open (IBBSink *self, guint64 size, gboolean goes_on, GError **error)
{
  struct stat info;
  gboolean    exists;
  int         failure;

  g_assert (self->folder < 0);

  self->size = size;
  self->is_settled = TRUE;
  if (self->parent >= 0)
    IBB_DISK_CALL (self->folder, open_folder_in (self->parent, "."));
  else
    IBB_DISK_CALL (self->folder, open_folder (self->path));
  if (self->folder < 0 || ibb_disk->access (self->folder) != 0)
    return fail (self, errno, error);
  failure = check_name (self, &info, &exists);
  if (failure != 0)
    return fail (self, failure, error);
  take_part (self, goes_on);
  return TRUE;
}

guint64
ibb_sink_get_length (IBBSink *self)
{
  return self->length;
}

/* The bytes. */

static gboolean
create_part (IBBSink *self, GError **error)
{
  int failure = self->parent < 0 ? ibb_part_file_make_room (self->folder) : 0;

  if (failure != 0)
    return fail (self, failure, error);
  for (guint i = 1; i <= IBB_PART_FILES_PER_KEY; i++)
    {
      g_autofree char *name = ibb_part_file_dup_name (self->key, i);
      IBBDiskOwner     owner;

      IBB_DISK_CALL (self->fd, open (self->folder, name, TRUE));
      if (self->fd < 0 && errno != EEXIST)
        return fail (self, errno, error);
      if (self->fd < 0)
        continue;
      owner = ibb_disk_lock (self->folder, name, self->fd);
      if (owner == IBB_DISK_OWN || owner == IBB_DISK_NO_LOCK)
        {
          self->part = g_steal_pointer (&name);
          self->is_unlocked = owner == IBB_DISK_NO_LOCK;
          return TRUE;
        }
      /* Without the lock nobody knows whether another sink has taken the part: it stays. */
      if (owner == IBB_DISK_FOREIGN)
        return fail (self, errno, error);
      ibb_disk->close (self->fd);
      self->fd = -1;
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_BUSY,
               _ ("Too many transfers receive “%s” at the same time"), self->shown);
  return FALSE;
}

/* Makes the part, or what an earlier sink has left of it, an own one. */
static gboolean
begin (IBBSink *self, GError **error)
{
  int result;

  if (self->fd < 0 && !create_part (self, error))
    return FALSE;
  if (!self->is_stale)
    return TRUE;
  IBB_DISK_CALL (result, truncate (self->fd));
  if (result != 0)
    return fail (self, errno, error);
  self->is_stale = FALSE;
  self->is_settled = TRUE;
  return TRUE;
}

gint64
ibb_sink_try_date (IBBSink *self)
{
  struct stat info;

  return begin (self, NULL) && ibb_disk->set_time (self->fd, self->date) == 0 &&
                 ibb_disk->stat (self->fd, NULL, &info) == 0
             ? info.st_mtime
             : self->date;
}

gboolean
ibb_sink_write (IBBSink *self, const void *data, gsize length, GError **error)
{
  const guint8 *bytes = data;

  if (!begin (self, error))
    return FALSE;
  while (length > 0)
    {
      gssize n;

      IBB_DISK_CALL (n, write (self->fd, bytes, length, self->length));
      if (n <= 0)
        return fail (self, n < 0 ? errno : EIO, error);
      self->length += (guint64) n;
      bytes += n;
      length -= (gsize) n;
    }
  return TRUE;
}

/* A power cut may leave a part with its length, and zeros in the place of bytes: also of a part
 * that this sink only goes on with. */
void
ibb_sink_settle (IBBSink *self)
{
  int result;

  if (self->part == NULL || self->is_stale || !self->is_settled || self->length == 0)
    return;
  IBB_DISK_CALL (result, sync (self->fd));
  if (result == 0)
    ibb_disk->set_mode (self->fd, SETTLED_MODE);
}

gboolean
ibb_sink_is_settled (IBBSink *self)
{
  return self->is_settled;
}

char *
ibb_sink_dup_part_path (IBBSink *self)
{
  return self->part != NULL ? g_build_filename (self->path, self->part, NULL) : NULL;
}

int
ibb_sink_hash_file (
    int fd, IBBHasher *hasher, guint64 *offset, guint64 end, GCancellable *cancellable)
{
  g_autofree guint8 *buffer = g_malloc (STEP_SIZE);
  gssize             n = 1;

  while (n > 0 && *offset < end && !g_cancellable_is_cancelled (cancellable))
    {
      IBB_DISK_CALL (n, read (fd, buffer, (gsize) MIN (end - *offset, STEP_SIZE), *offset));
      if (n < 0)
        return errno;
      ibb_hasher_update (hasher, buffer, (gsize) n);
      *offset += (guint64) n;
    }
  return 0;
}

gboolean
ibb_sink_hash (
    IBBSink *self, IBBHasher *hasher, guint64 offset, GCancellable *cancellable, GError **error)
{
  int failure = ibb_sink_hash_file (self->fd, hasher, &offset, self->length, cancellable);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (failure == 0 && offset < self->length)
    failure = EIO;
  return failure == 0 || fail (self, failure, error);
}

/* The end. */

/* The next sink begins with no bytes. */
static gboolean
fail_check (IBBSink *self, GError **error)
{
  self->is_spoilt = TRUE;
  ibb_part_file_remove_unused (self->folder, self->key);
  return ibb_hasher_fail (error);
}

/* Looks at the file itself: others may have written to it, or put another one in its place. */
static gboolean
check_bytes (IBBSink      *self,
             const char   *algorithm,
             const char   *hash,
             GCancellable *cancellable,
             GError      **error)
{
  g_autoptr (IBBHasher) hasher = hash != NULL ? ibb_hasher_new (algorithm) : NULL;
  g_autofree char      *own = NULL;
  struct stat           info;

  if (ibb_disk->stat (self->fd, NULL, &info) != 0)
    return fail (self, errno, error);
  if (!ibb_disk_is_named (self->folder, self->part, self->fd))
    return fail (self, ENOENT, error);
  if ((guint64) info.st_size != self->length)
    return fail_check (self, error);
  if (self->size != IBB_SINK_ANY_SIZE && self->length != self->size)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT,
                           _ ("The peer stopped before the file was complete"));
      return FALSE;
    }
  if (hasher == NULL)
    return TRUE;
  if (!ibb_sink_hash (self, hasher, 0, cancellable, error))
    return FALSE;
  own = ibb_hasher_finish (hasher);
  return g_str_equal (own, hash) || fail_check (self, error);
}

/* The file gets the owner and the permissions of the one that it replaces, as far as that is
 * allowed, and no group gets rights that it did not have; a private file gives it none. */
static gboolean
copy_rights (IBBSink *self, const struct stat *info)
{
  mode_t   mode = info->st_mode & 0777;
  gboolean same_owner = ibb_disk->set_owner (self->fd, info->st_uid, info->st_gid) == 0;

  if (!same_owner && ibb_disk->set_owner (self->fd, (uid_t) -1, info->st_gid) != 0)
    mode &= ~(mode_t) 070;
  mode |= self->mode & 0100;
  if ((self->mode & 077) == 0)
    mode &= 0700;
  return ibb_disk->set_mode (self->fd, mode) == 0;
}

/* Whether the mode could not be set since the mount gives each file an owner, who is another user,
 * and permissions. */
static gboolean
is_of_mount (IBBSink *self, int failure)
{
  struct stat info;

  return failure == EPERM && ibb_disk->stat (self->fd, NULL, &info) == 0 &&
         info.st_uid != geteuid ();
}

static gboolean
set_rights (IBBSink *self, GError **error)
{
  struct stat info;
  gboolean    exists;
  int         failure = check_name (self, &info, &exists);

  if (failure != 0)
    return fail (self, failure, error);
  self->has_replaced = exists && self->policy == IBB_SINK_REPLACE;
  if (self->has_replaced)
    return copy_rights (self, &info) || fail (self, errno, error);
  failure = ibb_disk->set_mode (self->fd, self->mode & ibb_disk->get_new_mode (self->folder)) == 0
                ? 0
                : errno;
  return failure == 0 || is_of_mount (self, failure) || fail (self, failure, error);
}

/* Makes an empty file, which keeps the name free of others, and replaces that. A program that is
 * killed between the two leaves it. Returns 0 or an errno. */
static int
reserve_name (IBBSink *self, const char *from, const char *name)
{
  struct stat info;
  int         result, failure;

  IBB_DISK_CALL (result, open (self->folder, name, TRUE));
  if (result < 0)
    return errno;
  ibb_disk->close (result);
  if (ibb_disk->stat (self->folder, name, &info) != 0)
    return errno;
  if (!S_ISREG (info.st_mode) || info.st_size > 0) /* somebody uses it already */
    return EEXIST;
  IBB_DISK_CALL (result, rename (self->folder, from, name, TRUE));
  if (result == 0)
    return 0;
  failure = errno;
  ibb_disk->unlink (self->folder, name);
  return failure;
}

/* Never replaces a file. Returns 0 or an errno. */
static int
give_new_name (IBBSink *self, const char *from, const char *name)
{
  int failure = ibb_disk_rename_new (self->folder, from, name);

  return failure == EPERM || failure == ENOSYS || failure == EOPNOTSUPP
             ? reserve_name (self, from, name)
             : failure;
}

/* Returns 0 or an errno. */
static int
give_name (IBBSink *self)
{
  int result;

  self->final = g_strdup (self->name);
  if (self->policy == IBB_SINK_REPLACE)
    {
      IBB_DISK_CALL (result, rename (self->folder, self->part, self->name, TRUE));
      return result == 0 ? 0 : errno;
    }
  result = give_new_name (self, self->part, self->final);
  for (guint i = 2; i < IBB_FILE_NAMES_MAX && result == EEXIST && self->policy == IBB_SINK_NUMBER;
       i++)
    {
      g_free (self->final);
      self->final = ibb_file_name_number (self->name, i);
      result = give_new_name (self, self->part, self->final);
    }
  return result;
}

/* Compares the bytes of the file of a descriptor with those of the part. Returns 0 or an errno. */
static int
compare_bytes (IBBSink *self, int fd)
{
  g_autofree guint8 *bytes = g_malloc (STEP_SIZE);
  g_autofree guint8 *own = g_malloc (STEP_SIZE);
  guint64            offset = 0;
  int                result;

  while (offset < self->length)
    {
      gssize n, n_own;

      IBB_DISK_CALL (n, read (fd, bytes, (gsize) MIN (self->length - offset, STEP_SIZE), offset));
      if (n < 0)
        return errno;
      IBB_DISK_CALL (n_own, read (self->fd, own, (gsize) n, offset));
      if (n_own < 0)
        return errno;
      if (n_own == 0 || memcmp (bytes, own, (gsize) n_own) != 0)
        return ESTALE;
      offset += (guint64) n_own;
    }
  IBB_DISK_CALL (result, sync (fd));
  return result == 0 ? 0 : errno;
}

/* Somebody may have put another file in the place of the part before that got its name. The number
 * of the file does not tell on a file system that numbers names, as FUSE may: the bytes do. Returns
 * 0 or an errno. */
static int
check_final (IBBSink *self)
{
  struct stat info, own;
  int         failure = ESTALE;
  int         fd;

  if (ibb_disk_is_named (self->folder, self->final, self->fd))
    return 0;
  IBB_DISK_CALL (fd, open_to_read (self->folder, self->final));
  if (fd < 0)
    return errno;
  if (ibb_disk->stat (fd, NULL, &info) != 0 || ibb_disk->stat (self->fd, NULL, &own) != 0)
    failure = errno;
  else if (S_ISREG (info.st_mode) && info.st_uid == own.st_uid &&
           (guint64) info.st_size == self->length)
    failure = compare_bytes (self, fd);
  ibb_disk->close (fd);
  return failure;
}

/* The file whose name may not be on the disk has not arrived, and becomes the part again: a later
 * sink goes on with its bytes, and gets the name. A file that was replaced does not come back.
 * Takes part. */
static void
take_name_back (IBBSink *self, char *part)
{
  if (self->has_replaced || give_new_name (self, self->final, part) != 0)
    {
      g_free (part);
      return;
    }
  self->part = part;
  ibb_sink_settle (self);
}

/* Another program may have renamed the folder, or one above: the file would get its name where
 * nobody looks for that. Returns 0 or an errno. */
static int
check_place (IBBSink *self)
{
  gboolean is_there;
  int      folder;

  if (self->parent >= 0)
    return 0; /* the caller knows the place */
  IBB_DISK_CALL (folder, open_folder (self->path));
  if (folder < 0)
    return errno;
  is_there = ibb_disk_is_named (folder, NULL, self->folder);
  ibb_disk->close (folder);
  return is_there ? 0 : ENOENT;
}

gboolean
ibb_sink_commit (IBBSink      *self,
                 const char   *algorithm,
                 const char   *hash,
                 GCancellable *cancellable,
                 GError      **error)
{
  g_autofree char *part = NULL;
  int              result;

  if (!begin (self, error) || !check_bytes (self, algorithm, hash, cancellable, error) ||
      g_cancellable_set_error_if_cancelled (cancellable, error) || !set_rights (self, error))
    return FALSE;
  /* A file system without dates, or with few, is no obstacle. */
  if (self->parent >= 0 && self->date != IBB_SINK_NO_DATE)
    ibb_disk->set_time (self->fd, self->date);
  IBB_DISK_CALL (result, sync (self->fd));
  if (result != 0)
    {
      int failure = errno;

      /* After a failure the kernel takes the pages for written: the next sync would succeed. */
      self->is_spoilt = TRUE;
      IBB_DISK_CALL (result, truncate (self->fd));
      return fail (self, failure, error);
    }
  /* A cancellation up to here comes first. */
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  result = check_place (self);
  if (result == 0)
    result = give_name (self);
  if (result != 0)
    return fail (self, result, error);
  part = g_steal_pointer (&self->part);
  result = check_final (self);
  if (result != 0)
    return fail (self, result, error);
  ibb_part_file_remove_unused (self->folder, self->key);
  if (self->parent >= 0 || ibb_disk_sync_folder (self->folder) == 0)
    return TRUE;
  result = errno;
  take_name_back (self, g_steal_pointer (&part));
  return fail (self, result, error);
}

int
ibb_sink_steal_folder (IBBSink *self)
{
  int folder = self->folder;

  self->folder = -1;
  return folder;
}

char *
ibb_sink_dup_path (IBBSink *self)
{
  return g_build_filename (self->path, self->final, NULL);
}

/* The bytes of another sink stay: nothing has come in their place. */
void
ibb_sink_close (IBBSink *self, gboolean keeps)
{
  gboolean is_removed =
      self->is_spoilt || self->is_unlocked || (!self->is_stale && (!keeps || self->length == 0));

  if (self->part != NULL && is_removed && ibb_disk_is_named (self->folder, self->part, self->fd))
    ibb_disk->unlink (self->folder, self->part);
  /* Nothing was written into the part of another transfer: the part is as it was found. */
  if (self->part != NULL && !is_removed && self->is_stale && self->is_settled)
    ibb_disk->set_mode (self->fd, SETTLED_MODE);
  g_clear_pointer (&self->part, g_free);
  if (self->fd >= 0)
    ibb_disk->close (self->fd);
  if (self->folder >= 0)
    ibb_disk->close (self->folder);
  self->fd = -1;
  self->folder = -1;
}
