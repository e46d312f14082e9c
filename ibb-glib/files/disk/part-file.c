/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "files/disk/part-file.h"

#include "base/intl.h"
#include "files/disk/disk-error.h"

#include <ibb-glib/ibb-glib.h>
#include <string.h>

#define PREFIX ".ibb-"
#define KEY_LENGTH 16 /* hexadecimal digits */
#define PARTS_MAX 100 /* in a folder that nobody uses, before the oldest one of them goes */

char *
ibb_part_file_dup_text (const char *peer_jid, const char *name, guint64 size, GDateTime *date)
{
  return g_strdup_printf ("%.*s\n%s\n%" G_GUINT64_FORMAT "\n%" G_GINT64_FORMAT,
                          (int) strcspn (peer_jid, "/"), peer_jid, name, size,
                          date != NULL ? g_date_time_to_unix (date) : 0);
}

char *
ibb_part_file_dup_key (const char *text)
{
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  return g_strndup (digest, KEY_LENGTH);
}

char *
ibb_part_file_dup_name (const char *key, guint number)
{
  return g_strdup_printf (PREFIX "%s-%u.part", key, number);
}

static gboolean
is_name (const char *name)
{
  const char *p;

  if (!g_str_has_prefix (name, PREFIX))
    return FALSE;
  p = name + strlen (PREFIX);
  for (guint i = 0; i < KEY_LENGTH; i++)
    if (!g_ascii_isxdigit (*p++))
      return FALSE;
  return p[0] == '-' && p[1] >= '1' && p[1] <= '0' + IBB_PART_FILES_PER_KEY &&
         g_str_equal (p + 2, ".part");
}

int
ibb_part_file_open (int folder, const char *name, IBBDiskOwner *owner, struct stat *info)
{
  int failure = EPERM;
  int fd;

  IBB_DISK_CALL (fd, open (folder, name, FALSE));
  if (fd < 0)
    return -1;
  *owner = IBB_DISK_FOREIGN;
  if (ibb_disk->stat (fd, NULL, info) != 0)
    failure = errno;
  else if (ibb_disk_is_own (info))
    {
      *owner = ibb_disk_lock (folder, name, fd);
      failure = errno;
    }
  /* Read again: another program may have changed the file before it was locked. */
  if (*owner != IBB_DISK_FOREIGN)
    {
      if (ibb_disk->stat (fd, NULL, info) == 0)
        return fd;
      failure = errno;
    }
  ibb_disk->close (fd);
  errno = failure;
  return -1;
}

/* Returns 0 or an errno, which is EBUSY if somebody may use the part. */
static int
remove_unused (int folder, const char *name, gboolean is_asked)
{
  struct stat  info;
  IBBDiskOwner owner;
  int          fd = ibb_part_file_open (folder, name, &owner, &info);
  int          failure = EBUSY;

  if (fd < 0)
    return errno;
  if (owner == IBB_DISK_OWN || (owner == IBB_DISK_NO_LOCK && is_asked))
    failure = ibb_disk->unlink (folder, name) == 0 ? 0 : errno;
  ibb_disk->close (fd);
  return failure;
}

static void
part_free (gpointer data)
{
  IBBPartFile *part = data;

  g_free (part->name);
  g_free (part);
}

static int
compare_times (gconstpointer a, gconstpointer b)
{
  const IBBPartFile *const *first = a;
  const IBBPartFile *const *second = b;

  return ((*first)->time > (*second)->time) - ((*first)->time < (*second)->time);
}

/* NULL with errno. */
static GPtrArray *
list (int folder)
{
  g_autoptr (GPtrArray) names = ibb_disk_list (folder, PREFIX);
  g_autoptr (GPtrArray) parts = g_ptr_array_new_with_free_func (part_free);

  if (names == NULL)
    return NULL;
  for (guint i = 0; i < names->len; i++)
    {
      const char  *name = g_ptr_array_index (names, i);
      IBBPartFile *part;
      struct stat  info;

      if (!is_name (name))
        continue;
      if (ibb_disk->stat (folder, name, &info) != 0)
        {
          if (errno == ENOENT) /* gone meanwhile */
            continue;
          return NULL;
        }
      if (!ibb_disk_is_own (&info))
        continue;
      part = g_new0 (IBBPartFile, 1);
      part->name = g_strdup (name);
      part->size = (guint64) info.st_size;
      part->time = info.st_mtime;
      g_ptr_array_add (parts, part);
    }
  g_ptr_array_sort (parts, compare_times);
  return g_steal_pointer (&parts);
}

static gboolean
is_unused (int folder, const char *name)
{
  struct stat  info;
  IBBDiskOwner owner;
  int          fd = ibb_part_file_open (folder, name, &owner, &info);

  if (fd >= 0)
    ibb_disk->close (fd);
  return fd >= 0 && owner == IBB_DISK_OWN;
}

/* The parts in a folder that may be written to, but not read, are not counted. */
int
ibb_part_file_make_room (int folder)
{
  g_autoptr (GPtrArray) parts = list (folder);
  guint                 n_unused = 0;

  if (parts == NULL)
    return errno == EACCES ? 0 : errno;
  /* The newest ones stay. */
  for (guint i = parts->len; parts->len >= PARTS_MAX && i-- > 0;)
    {
      const IBBPartFile *part = g_ptr_array_index (parts, i);

      if (n_unused == PARTS_MAX - 1)
        remove_unused (folder, part->name, FALSE);
      else
        n_unused += is_unused (folder, part->name);
    }
  return 0;
}

gboolean
ibb_part_file_is_spoilt_by (const GError *error)
{
  return g_error_matches (error, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE) ||
         g_error_matches (error, IBB_ERROR, IBB_ERROR_PROTOCOL);
}

void
ibb_part_file_remove_unused (int folder, const char *key)
{
  for (guint i = 1; i <= IBB_PART_FILES_PER_KEY; i++)
    {
      g_autofree char *name = ibb_part_file_dup_name (key, i);

      remove_unused (folder, name, FALSE);
    }
}

/* name: (nullable): of a part. */
static void
set_error (const char *path, const char *name, int failure, GError **error)
{
  g_autofree char *place = g_build_filename (path, name, NULL);
  g_autofree char *shown = g_filename_display_name (place);

  g_set_error (error, G_IO_ERROR, ibb_disk_error_get_code (failure),
               /* Translators: the first %s is a file or folder, the second says why */
               name != NULL ? _ ("Cannot remove “%s”: %s") : _ ("Cannot read “%s”: %s"), shown,
               g_strerror (failure));
}

static int
open_folder (const char *path, GError **error)
{
  int folder;

  IBB_DISK_CALL (folder, open_folder (path));
  if (folder < 0)
    set_error (path, NULL, errno, error);
  return folder;
}

GPtrArray *
ibb_part_file_list (const char *path, GError **error)
{
  int        folder = open_folder (path, error);
  GPtrArray *parts;

  if (folder < 0)
    return NULL;
  parts = list (folder);
  if (parts == NULL)
    set_error (path, NULL, errno, error);
  for (guint i = 0; parts != NULL && i < parts->len; i++)
    {
      IBBPartFile *part = g_ptr_array_index (parts, i);
      struct stat  info;
      IBBDiskOwner owner;
      int          fd = ibb_part_file_open (folder, part->name, &owner, &info);

      part->is_in_use = fd >= 0 && owner == IBB_DISK_USED;
      if (fd >= 0)
        ibb_disk->close (fd);
    }
  ibb_disk->close (folder);
  return parts;
}

guint64
ibb_part_file_query_size (const char *path, const char *text)
{
  g_autofree char *key = ibb_part_file_dup_key (text);
  int              folder = open_folder (path, NULL);
  guint64          size = 0;

  for (guint i = 1; folder >= 0 && size == 0 && i <= IBB_PART_FILES_PER_KEY; i++)
    {
      g_autofree char *name = ibb_part_file_dup_name (key, i);
      struct stat      info;

      /* An empty part is removed. */
      if (ibb_disk->stat (folder, name, &info) == 0 && ibb_disk_is_own (&info))
        size = (guint64) info.st_size;
    }
  if (folder >= 0)
    ibb_disk->close (folder);
  return size;
}

gboolean
ibb_part_file_remove (const char *path, const char *name, GError **error)
{
  int folder = open_folder (path, error);
  int failure;

  if (folder < 0)
    return FALSE;
  failure = is_name (name) ? remove_unused (folder, name, TRUE) : EINVAL;
  ibb_disk->close (folder);
  if (failure != 0)
    set_error (path, name, failure, error);
  return failure == 0;
}
