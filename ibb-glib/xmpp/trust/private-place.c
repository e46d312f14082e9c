/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/trust/private-place.h"

#include "base/disk.h"

#include <string.h>

/* A change takes milliseconds; a program that was stopped within one may keep the lock. */
#define LOCK_TIMEOUT (5 * G_USEC_PER_SEC)
#define NEW_MODE 0600

int
ibb_private_place_open (IBBPrivatePlace *self, const char *path, gboolean makes_folder)
{
  g_autofree char *target = ibb_disk_resolve (path);
  g_autofree char *folder = NULL;
  int              result;

  *self = (IBBPrivatePlace){ .folder = -1, .fd = -1, .mode = NEW_MODE };
  if (target == NULL)
    return errno;
  folder = g_path_get_dirname (target);
  IBB_DISK_CALL (self->folder, open_folder (folder));
  if (self->folder < 0 && errno == ENOENT && makes_folder)
    {
      IBB_DISK_CALL (result, make_folder (folder));
      if (result == 0)
        IBB_DISK_CALL (self->folder, open_folder (folder));
    }
  if (self->folder < 0)
    return errno;
  self->name = g_path_get_basename (target);
  self->beside = g_strconcat (self->name, ".new", NULL);
  return 0;
}

/* Removes a file whose maker was killed. The maker may also be about to lock the file, or use it:
 * then the result is EWOULDBLOCK. Returns 0 or an errno. */
static int
remove_left (IBBPrivatePlace *self)
{
  struct stat info;
  int         fd;
  int         failure = EACCES;

  IBB_DISK_CALL (fd, open (self->folder, self->beside, FALSE));
  if (fd < 0)
    return errno == ENOENT ? 0 : errno;
  if (ibb_disk->stat (fd, NULL, &info) == 0 && ibb_disk_is_own (&info))
    switch (ibb_disk_lock (self->folder, self->beside, fd))
      {
      case IBB_DISK_OWN:
        failure = ibb_disk->unlink (self->folder, self->beside) == 0 ? 0 : errno;
        break;
      case IBB_DISK_USED:
      case IBB_DISK_NO_LOCK:
        failure = EWOULDBLOCK;
        break;
      case IBB_DISK_FOREIGN:
        failure = errno;
        break;
      }
  ibb_disk->close (fd);
  return failure;
}

/* EWOULDBLOCK: somebody else was faster. */
static int
create_new (IBBPrivatePlace *self)
{
  IBBDiskOwner owner;
  int          failure;

  IBB_DISK_CALL (self->fd, open (self->folder, self->beside, TRUE));
  if (self->fd < 0)
    return errno;
  owner = ibb_disk_lock (self->folder, self->beside, self->fd);
  failure = owner == IBB_DISK_FOREIGN ? errno : EWOULDBLOCK;
  /* On a file system without locks, the file that only one program can make is the lock. */
  if (owner == IBB_DISK_OWN || owner == IBB_DISK_NO_LOCK)
    return 0;
  ibb_disk->close (self->fd);
  self->fd = -1;
  return failure;
}

int
ibb_private_place_lock (IBBPrivatePlace *self)
{
  for (guint i = 0; i < LOCK_TIMEOUT / IBB_DISK_PAUSE; i++)
    {
      int failure = create_new (self);

      if (failure == EEXIST)
        {
          failure = remove_left (self);
          if (failure == 0)
            continue;
        }
      if (failure != EWOULDBLOCK)
        return failure;
      ibb_disk->pause ();
    }
  return EBUSY;
}

char *
ibb_private_place_read (
    IBBPrivatePlace *self, const char *path, gsize max, gsize *length, GError **error)
{
  struct stat info;
  char       *text = NULL;
  int         failure = 0;
  int         fd;

  *length = 0;
  IBB_DISK_CALL (fd, open (self->folder, self->name, FALSE));
  if (fd < 0 && errno == ENOENT)
    return g_strdup ("");
  if (fd < 0 || ibb_disk->stat (fd, NULL, &info) != 0)
    failure = errno;
  else if (!S_ISREG (info.st_mode))
    failure = EEXIST;
  else
    text = ibb_private_file_read (fd, path, IBB_PRIVATE_FILE_TRUST, max, length, error);
  if (failure != 0)
    g_set_error_literal (error, G_IO_ERROR, g_io_error_from_errno (failure), g_strerror (failure));
  if (fd >= 0)
    ibb_disk->close (fd);
  if (text != NULL)
    {
      self->exists = TRUE;
      self->mode = info.st_mode & 0755;
    }
  return text;
}

static gboolean
write_new (IBBPrivatePlace *self, const char *text, gsize length)
{
  gssize n;
  int    result;

  if (self->mode != NEW_MODE && ibb_disk->set_mode (self->fd, self->mode) != 0)
    return FALSE;
  for (gsize done = 0; done < length; done += (gsize) n)
    {
      IBB_DISK_CALL (n, write (self->fd, text + done, length - done, done));
      if (n == 0)
        errno = EIO;
      if (n <= 0)
        return FALSE;
    }
  IBB_DISK_CALL (result, sync (self->fd));
  return result == 0;
}

int
ibb_private_place_sync (IBBPrivatePlace *self)
{
  return ibb_disk_sync_folder (self->folder) == 0 ? 0 : errno;
}

/* The name may have been free, and been given by somebody else since. */
static int
give_name (IBBPrivatePlace *self)
{
  struct stat info;
  int         result;

  if (!self->exists)
    {
      int failure = ibb_disk_rename_new (self->folder, self->beside, self->name);

      if (failure != EPERM && failure != ENOSYS && failure != EOPNOTSUPP)
        return failure;
      if (ibb_disk->stat (self->folder, self->name, &info) == 0)
        return EEXIST;
      if (errno != ENOENT)
        return errno;
    }
  IBB_DISK_CALL (result, rename (self->folder, self->beside, self->name, TRUE));
  return result == 0 ? 0 : errno;
}

int
ibb_private_place_write (IBBPrivatePlace *self, const char *text, gsize length)
{
  int failure = write_new (self, text, length) ? give_name (self) : errno;

  if (failure != 0)
    return failure;
  /* From now on somebody else may make the new file. */
  ibb_disk->close (self->fd);
  self->fd = -1;
  return ibb_private_place_sync (self);
}

void
ibb_private_place_close (IBBPrivatePlace *self)
{
  if (self->fd >= 0)
    {
      ibb_disk->unlink (self->folder, self->beside);
      ibb_disk->close (self->fd);
    }
  if (self->folder >= 0)
    ibb_disk->close (self->folder);
  g_free (self->name);
  g_free (self->beside);
}
