/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "fake-disk.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#define FIRST_DESCRIPTOR 1000
#define FIRST_TIME (G_GINT64_CONSTANT (1000000000) * G_USEC_PER_SEC)
#define TICK 100000 /* µs between two changes: some are within one second */

typedef struct
{
  FakeDiskFile *file; /* (owned) (nullable): NULL for the first folder */
  gboolean      is_open;
  int           writer;
} Descriptor;

/* A rename changes two names of a folder at once. */
typedef struct
{
  char         *names[2]; /* keys; the second one may be NULL */
  FakeDiskFile *files[2]; /* (nullable): what has the name from now on */
} Change;

static FakeDisk *disk; /* the one that is in place */

static gint64
get_time (FakeDisk *self)
{
  self->n_ticks++;
  return FIRST_TIME + self->n_ticks * TICK;
}

static void
touch (FakeDisk *self, FakeDiskFile *file)
{
  file->time = file->changed = get_time (self);
}

static FakeDiskFile *
file_new (FakeDisk *self, FakeDiskKind kind, uid_t owner)
{
  FakeDiskFile *file = g_new0 (FakeDiskFile, 1);

  g_atomic_ref_count_init (&file->ref_count);
  file->kind = kind;
  file->number = ++self->n_files;
  file->owner = owner;
  file->bytes = g_string_new (NULL);
  file->durable = g_string_new (NULL);
  file->mode = file->durable_mode = 0600;
  file->holder = -1;
  touch (self, file);
  return file;
}

static gpointer
file_ref (gpointer data)
{
  if (data != NULL)
    g_atomic_ref_count_inc (&((FakeDiskFile *) data)->ref_count);
  return data;
}

static void
file_unref (gpointer data)
{
  FakeDiskFile *file = data;

  if (file == NULL || !g_atomic_ref_count_dec (&file->ref_count))
    return;
  g_string_free (file->bytes, TRUE);
  g_string_free (file->durable, TRUE);
  g_free (file);
}

static void
change_free (gpointer data)
{
  Change *change = data;

  for (guint i = 0; i < 2; i++)
    {
      g_free (change->names[i]);
      file_unref (change->files[i]);
    }
  g_free (change);
}

static void
set_name (GHashTable *names, const char *name, FakeDiskFile *file)
{
  if (file != NULL)
    g_hash_table_insert (names, g_strdup (name), file_ref (file));
  else
    g_hash_table_remove (names, name);
}

static void
apply (GHashTable *names, const Change *change)
{
  for (guint i = 0; i < 2 && change->names[i] != NULL; i++)
    set_name (names, change->names[i], change->files[i]);
}

/* The key of a name: the number of its folder stands before it, unless that is the first one. */
static char *
dup_key (guint64 folder, const char *name)
{
  return folder > 0 ? g_strdup_printf ("%" G_GUINT64_FORMAT "/%s", folder, name) : g_strdup (name);
}

static guint64
get_folder (const char *key)
{
  return strchr (key, '/') != NULL ? g_ascii_strtoull (key, NULL, 10) : 0;
}

const char *
fake_disk_get_name (const char *key, const FakeDiskFile *folder)
{
  const char *slash = strchr (key, '/');

  if (folder == NULL)
    return slash == NULL ? key : NULL;
  return slash != NULL && slash != key && get_folder (key) == folder->number ? slash + 1 : NULL;
}

/* file NULL: the name goes. name: a key. */
static void
change (
    FakeDisk *self, const char *name, FakeDiskFile *file, const char *other, FakeDiskFile *moved)
{
  Change       *entry = g_new0 (Change, 1);
  FakeDiskFile *old = g_hash_table_lookup (self->names, name);

  /* Who replaces a file may have read it before. */
  if (old != NULL)
    {
      old->n_links--;
      self->n_lost += old->is_planted &&
                      (old->kind != FAKE_DISK_FILE || (file == NULL && old->owner != geteuid ()));
    }
  entry->names[0] = g_strdup (name);
  entry->files[0] = file_ref (file);
  entry->names[1] = g_strdup (other);
  entry->files[1] = file_ref (moved);
  apply (self->names, entry);
  g_ptr_array_add (self->journal, entry);
}

static Descriptor *
get_descriptor (int fd)
{
  Descriptor *descriptor =
      &g_array_index (disk->descriptors, Descriptor, (guint) (fd - FIRST_DESCRIPTOR));

  g_assert_true (descriptor->is_open);
  disk->last_used = descriptor->file != NULL ? descriptor->file->number : 0;
  return descriptor;
}

/* The key of a name in an open folder. */
static char *
dup_key_in (int folder, const char *name)
{
  FakeDiskFile *file = get_descriptor (folder)->file;

  g_assert_true (file == NULL || file->kind == FAKE_DISK_DIRECTORY);
  g_assert_null (strchr (name, '/'));
  g_assert_cmpstr (name, !=, "..");
  return dup_key (file != NULL ? file->number : 0, name);
}

static FakeDiskFile *
find (int folder, const char *name)
{
  g_autofree char *key = dup_key_in (folder, name);

  return g_hash_table_lookup (disk->names, key);
}

static int
add_descriptor (FakeDiskFile *file)
{
  Descriptor descriptor = { file_ref (file), TRUE, fake_disk_get_writer () };

  g_array_append_val (disk->descriptors, descriptor);
  disk->n_open++;
  return FIRST_DESCRIPTOR + (int) disk->descriptors->len - 1;
}

static void
close_descriptor (FakeDisk *self, guint i)
{
  Descriptor *descriptor = &g_array_index (self->descriptors, Descriptor, i);

  if (!descriptor->is_open)
    return;
  if (descriptor->file != NULL && descriptor->file->holder == FIRST_DESCRIPTOR + (int) i)
    descriptor->file->holder = -1;
  file_unref (g_steal_pointer (&descriptor->file));
  descriptor->is_open = FALSE;
  self->n_open--;
}

/* Who runs, and what goes wrong. */

static gboolean
happens (guint rate)
{
  return rate > 0 && g_rand_int_range (disk->random, 0, 1000) < (int) rate;
}

void
fake_disk_kill (FakeDisk *self, guint writer)
{
  self->is_dead[writer] = TRUE;
  self->n_killed++;
  for (guint i = 0; i < self->descriptors->len; i++)
    if (g_array_index (self->descriptors, Descriptor, i).writer == (int) writer)
      close_descriptor (self, i);
}

/* Whether the caller does not live any more. */
static gboolean
is_gone (FakeDisk *self)
{
  return self->is_off || self->is_dead[fake_disk_get_writer ()];
}

/* Begins a call. Returns FALSE with errno if it fails; errors end with 0. */
static gboolean
enter (const int *errors)
{
  guint n = 0;

  if (g_rand_int_range (disk->random, 0, 3) == 0)
    fake_disk_wait_for_others (disk);
  if (is_gone (disk))
    {
      errno = EIO;
      return FALSE;
    }
  disk->n_calls++;
  if (happens (disk->plant_rate))
    fake_disk_plant_any (disk, NULL);
  if (happens (disk->change_rate))
    disk->change ();
  while (errors[n] != 0)
    n++;
  if (disk->n_calls == disk->fails_at)
    disk->n_errors = n;
  if (n == 0 || !(disk->n_calls == disk->fails_at || happens (disk->fault_rate)))
    return TRUE;
  errno = errors[disk->fails_at > 0 ? disk->failure % n
                                    : (guint) g_rand_int_range (disk->random, 0, (int) n)];
  disk->n_faults++;
  return FALSE;
}

/* Ends a call that has succeeded, after which errno says nothing. */
static gint64
leave (gint64 result)
{
  errno = EDOM;
  if (disk->n_calls == disk->cut_at)
    {
      disk->is_off = TRUE;
      disk->last_writer = fake_disk_get_writer ();
    }
  if (disk->n_calls == disk->kill_at)
    fake_disk_kill (disk, (guint) fake_disk_get_writer ());
  return result;
}

static gint64
leave_with (int failure)
{
  leave (0);
  errno = failure;
  return -1;
}

#define ENTER(...)                                                                                 \
  do                                                                                               \
    {                                                                                              \
      static const int errors[] = { __VA_ARGS__, 0 };                                              \
                                                                                                   \
      if (!enter (errors))                                                                         \
        return -1;                                                                                 \
    }                                                                                              \
  while (0)

/* The calls. */

static int
open_folder (const char *path)
{
  FakeDiskFile *file;

  ENTER (EACCES, EMFILE, ENOENT, EINTR);
  if (g_str_equal (path, FAKE_DISK_FOLDER))
    return (int) (disk->has_no_folder ? leave_with (ENOENT) : leave (add_descriptor (NULL)));
  if (g_str_has_prefix (path, FAKE_DISK_FOLDER "/"))
    path += strlen (FAKE_DISK_FOLDER "/");
  file = g_hash_table_lookup (disk->names, path);
  if (file == NULL || file->kind != FAKE_DISK_DIRECTORY)
    return (int) leave_with (file == NULL ? ENOENT : ENOTDIR);
  return (int) leave (add_descriptor (file));
}

static int
open_folder_in (int folder, const char *name)
{
  FakeDiskFile *file;

  ENTER (EACCES, EMFILE, EIO, EINTR);
  if (g_str_equal (name, "."))
    return (int) leave (add_descriptor (get_descriptor (folder)->file));
  file = find (folder, name);
  if (file == NULL || file->kind != FAKE_DISK_DIRECTORY)
    return (int) leave_with (file == NULL ? ENOENT : ENOTDIR);
  return (int) leave (add_descriptor (file));
}

static int
make_folder_in (int folder, const char *name, mode_t mode)
{
  g_autofree char *key = NULL;
  FakeDiskFile    *file;

  ENTER (EACCES, ENOSPC, EDQUOT, EROFS, EMLINK, EIO);
  key = dup_key_in (folder, name);
  if (g_hash_table_contains (disk->names, key))
    return (int) leave_with (EEXIST);
  file = file_new (disk, FAKE_DISK_DIRECTORY, geteuid ());
  file->n_links = 1;
  file->mode = file->durable_mode = mode & 0755;
  change (disk, key, file, NULL, NULL);
  file_unref (file);
  return (int) leave (0);
}

static int
make_folder (const char *path)
{
  ENTER (EACCES, ENOSPC, EDQUOT, EROFS, EIO, EMFILE, EINTR);
  g_assert_cmpstr (path, ==, FAKE_DISK_FOLDER);
  disk->has_no_folder = FALSE;
  return (int) leave (0);
}

static int
check_access (int folder)
{
  ENTER (EACCES, EROFS);
  return (int) leave (0);
}

static FakeDiskFile *
find_first (const char *name)
{
  g_assert_null (strchr (name, '/'));
  return g_hash_table_lookup (disk->names, name);
}

/* The entry of the first folder, or what is in no folder. */
static FakeDiskFile *
find_path (const char *path)
{
  if (!g_str_has_prefix (path, FAKE_DISK_FOLDER "/"))
    return g_hash_table_lookup (disk->names, path);
  return disk->has_no_folder ? NULL : find_first (path + strlen (FAKE_DISK_FOLDER "/"));
}

static int
open_path (const char *path)
{
  FakeDiskFile *file;

  ENTER (EACCES, EMFILE, ENAMETOOLONG, EIO, EINTR);
  file = find_path (path);
  for (guint i = 0;
       i < 40 && file != NULL && file->kind == FAKE_DISK_LINK && file->owner == geteuid (); i++)
    file = find_first (file->bytes->str);
  if (file != NULL && file->kind == FAKE_DISK_LINK)
    return (int) leave_with (ELOOP);
  return (int) (file == NULL ? leave_with (ENOENT) : leave (add_descriptor (file)));
}

static int
open_file (int folder, const char *name, gboolean creates)
{
  static const int failures[] = { 0, ELOOP, 0, EISDIR };
  g_autofree char *key = NULL;
  FakeDiskFile    *file;

  ENTER (ENOSPC, EDQUOT, EACCES, EROFS, ENAMETOOLONG, EMFILE, EIO, EINTR);
  key = dup_key_in (folder, name);
  file = g_hash_table_lookup (disk->names, key);
  if (creates != (file == NULL))
    return (int) leave_with (creates ? EEXIST : ENOENT);
  if (creates)
    {
      file = file_new (disk, FAKE_DISK_FILE, geteuid ());
      file->n_links = 1;
      change (disk, key, file, NULL, NULL);
      file_unref (file);
    }
  return (int) (failures[file->kind] != 0 ? leave_with (failures[file->kind])
                                          : leave (add_descriptor (file)));
}

static int
open_to_read (int folder, const char *name)
{
  static const int failures[] = { 0, ELOOP, 0, 0 };
  FakeDiskFile    *file;

  ENTER (EACCES, ENAMETOOLONG, EMFILE, EIO, EINTR);
  file = find (folder, name);
  if (file == NULL || failures[file->kind] != 0)
    return (int) leave_with (file == NULL ? ENOENT : failures[file->kind]);
  return (int) leave (add_descriptor (file));
}

static void
pause_writer (void)
{
  fake_disk_wait_for_others (disk);
}

/* Closes even when it fails; of a dead writer it was closed before. */
static int
close_file (int fd)
{
  static const int errors[] = { EIO, 0 };
  gboolean         is_good = enter (errors);
  int              failure = errno;

  close_descriptor (disk, (guint) (fd - FIRST_DESCRIPTOR));
  if (is_good)
    return (int) leave (0);
  errno = failure;
  return -1;
}

static int
lock (int fd)
{
  FakeDiskFile *file;

  ENTER (EINTR, ENOLCK);
  if (!disk->has_locks)
    return (int) leave_with (ENOSYS);
  file = get_descriptor (fd)->file;
  if (file->holder >= 0 && file->holder != fd)
    return (int) leave_with (EWOULDBLOCK);
  file->holder = fd;
  return (int) leave (0);
}

/* Some of it, as the system may. */
static gsize
shorten (gsize length)
{
  return length > 1 && g_rand_int_range (disk->random, 0, 4) == 0
             ? (gsize) g_rand_int_range (disk->random, 1, (int) length)
             : length;
}

static gssize
read_file (int fd, void *data, gsize length, guint64 offset)
{
  FakeDiskFile *file;

  ENTER (EIO, EINTR);
  file = get_descriptor (fd)->file;
  if (file->kind != FAKE_DISK_FILE)
    return file->kind == FAKE_DISK_DIRECTORY ? leave_with (EISDIR) : leave (0);
  length = offset < file->bytes->len ? shorten (MIN (length, file->bytes->len - offset)) : 0;
  memcpy (data, file->bytes->str + MIN (offset, file->bytes->len), length);
  return leave ((gint64) length);
}

static gssize
write_file (int fd, const void *data, gsize length, guint64 offset)
{
  FakeDiskFile *file;

  ENTER (ENOSPC, EDQUOT, EIO, EFBIG, EINTR);
  if (happens (disk->fault_rate / 4) && ++disk->n_faults > 0)
    return leave_with (0) + 1; /* none, as no system should */
  file = get_descriptor (fd)->file;
  length = shorten (length);
  while (file->bytes->len < offset)
    g_string_append_c (file->bytes, '\0');
  g_string_overwrite_len (file->bytes, offset, data, (gssize) length);
  touch (disk, file);
  return leave ((gint64) length);
}

/* Never fails twice: after a call to synchronize that has failed, nothing else would help. */
static int
truncate_file (int fd)
{
  static const int errors[] = { EIO, EINTR, 0 };
  static const int none[] = { 0 };
  gboolean         is_dead = is_gone (disk);
  FakeDiskFile    *file = is_dead ? NULL : get_descriptor (fd)->file;

  if (!enter (file != NULL && file->is_lossy ? none : errors))
    return -1;
  g_string_truncate (file->bytes, 0);
  touch (disk, file);
  file->is_lossy = FALSE;
  return (int) leave (0);
}

static int
set_mode (int fd, mode_t mode)
{
  ENTER (EPERM, EIO);
  get_descriptor (fd)->file->mode = mode;
  get_descriptor (fd)->file->changed = get_time (disk);
  return (int) leave (0);
}

static int
set_time (int fd, gint64 time)
{
  FakeDiskFile *file;

  ENTER (EPERM, EIO);
  file = get_descriptor (fd)->file;
  file->changed = get_time (disk);
  file->time = (disk->has_odd_times ? time : time / 2 * 2) * G_USEC_PER_SEC;
  return (int) leave (0);
}

static mode_t
get_new_mode (int folder)
{
  return 0755;
}

static int
set_owner (int fd, uid_t user, gid_t group)
{
  ENTER (EPERM);
  return (int) leave (0);
}

static struct timespec
to_timespec (gint64 time)
{
  return (struct timespec){ time / G_USEC_PER_SEC, time % G_USEC_PER_SEC * 1000 };
}

/* file: NULL: the first folder. */
static int
describe (const FakeDiskFile *file, struct stat *info)
{
  static const mode_t kinds[] = { S_IFREG, S_IFLNK, S_IFIFO, S_IFDIR };

  memset (info, 0, sizeof *info);
  info->st_uid = file != NULL ? file->owner : geteuid ();
  info->st_ino = file != NULL ? file->number : 0;
  info->st_mode = file != NULL ? file->mode | kinds[file->kind] : S_IFDIR | 01777;
  info->st_nlink = file != NULL ? file->n_links : 1;
  info->st_size = file != NULL ? (off_t) file->bytes->len : 0;
  info->st_mtim = to_timespec (file != NULL ? file->time : 0);
  info->st_ctim = to_timespec (file != NULL ? file->changed : 0);
  return (int) leave (0);
}

static int
stat_file (int fd, const char *name, struct stat *info)
{
  FakeDiskFile *file;

  ENTER (EIO, EACCES);
  if (name != NULL && g_str_equal (name, "."))
    name = NULL;
  file = name != NULL ? find (fd, name) : get_descriptor (fd)->file;
  return file == NULL && name != NULL ? (int) leave_with (ENOENT) : describe (file, info);
}

static int
stat_path (const char *path, struct stat *info)
{
  FakeDiskFile *file;

  ENTER (EIO, EACCES, ENAMETOOLONG);
  file = find_path (path);
  return file == NULL ? (int) leave_with (ENOENT) : describe (file, info);
}

static char *
read_link (const char *path)
{
  static const int errors[] = { EIO, EACCES, 0 };
  FakeDiskFile    *file;

  if (!enter (errors))
    return NULL;
  file = find_path (path);
  leave_with (file == NULL ? ENOENT : EINVAL);
  return file != NULL && file->kind == FAKE_DISK_LINK ? g_strdup (file->bytes->str) : NULL;
}

/* The names of one folder. */
static void
sync_names (guint64 folder)
{
  for (guint i = 0; i < disk->journal->len; i++)
    {
      const Change *entry = g_ptr_array_index (disk->journal, i);

      if (get_folder (entry->names[0]) != folder)
        continue;
      apply (disk->durable, entry);
      g_ptr_array_remove_index (disk->journal, i--);
    }
}

static int
sync_file (int fd)
{
  static const int errors[] = { EIO, ENOSPC, EDQUOT, EINTR, 0 };
  gboolean         is_good = enter (errors);
  FakeDiskFile    *file;

  if (!is_good && is_gone (disk))
    return -1;
  file = get_descriptor (fd)->file;
  if (!is_good)
    {
      if (errno != EINTR && file != NULL && file->kind == FAKE_DISK_FILE)
        file->is_lossy = TRUE;
      return -1;
    }
  if (file == NULL || file->kind == FAKE_DISK_DIRECTORY)
    sync_names (file != NULL ? file->number : 0);
  else if (!file->is_lossy)
    {
      g_string_truncate (file->durable, 0);
      g_string_append_len (file->durable, file->bytes->str, (gssize) file->bytes->len);
      file->durable_mode = file->mode;
    }
  return (int) leave (0);
}

static int
rename_file (int folder, const char *from, const char *to, gboolean replaces)
{
  g_autofree char *key = NULL;
  g_autofree char *other = NULL;
  FakeDiskFile    *file, *old;

  ENTER (ENOSPC, EDQUOT, EACCES, EROFS, EIO, EINVAL, EINTR);
  file = find (folder, from);
  old = find (folder, to);
  if (!replaces && !disk->has_rename)
    return (int) leave_with (EINVAL);
  if (file == NULL)
    return (int) leave_with (ENOENT);
  if (old != NULL && (!replaces || old->kind == FAKE_DISK_DIRECTORY))
    return (int) leave_with (replaces ? EISDIR : EEXIST);
  key = dup_key_in (folder, to);
  other = dup_key_in (folder, from);
  change (disk, key, file, other, NULL);
  file->changed = get_time (disk);
  return (int) leave (0);
}

static int
link_file (int folder, const char *from, const char *to)
{
  g_autofree char *key = NULL;
  FakeDiskFile    *file;

  ENTER (EMLINK, EIO, ENOSPC, EINTR);
  if (!disk->has_links)
    return (int) leave_with (g_rand_boolean (disk->random) ? EPERM : ENOSYS);
  file = find (folder, from);
  if (file == NULL || find (folder, to) != NULL)
    return (int) leave_with (file == NULL ? ENOENT : EEXIST);
  file->n_links++;
  key = dup_key_in (folder, to);
  change (disk, key, file, NULL, NULL);
  return (int) leave (0);
}

static int
unlink_file (int folder, const char *name)
{
  g_autofree char *key = NULL;

  ENTER (EACCES, EROFS, EIO);
  key = dup_key_in (folder, name);
  if (!g_hash_table_contains (disk->names, key))
    return (int) leave_with (ENOENT);
  change (disk, key, NULL, NULL, NULL);
  return (int) leave (0);
}

/* Where it fails some names may come first. */
static GPtrArray *
list (int folder, const char *prefix, guint most, int *failure)
{
  static const int errors[] = { EMFILE, EACCES, EIO, 0 };
  GPtrArray       *names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter   iter;
  gpointer         key;
  gboolean         is_good = enter (errors);
  FakeDiskFile    *file;

  *failure = is_good ? 0 : errno;
  if (is_gone (disk))
    return names;
  file = get_descriptor (folder)->file;
  g_hash_table_iter_init (&iter, disk->names);
  while (names->len < most && (is_good || (*failure == EIO && g_rand_boolean (disk->random))) &&
         g_hash_table_iter_next (&iter, &key, NULL))
    {
      const char *name = fake_disk_get_name (key, file);

      if (name != NULL && g_str_has_prefix (name, prefix))
        g_ptr_array_add (names, g_strdup (name));
    }
  if (is_good)
    leave (0);
  return names;
}

static const IBBDisk calls = {
  .open_folder = open_folder,
  .make_folder = make_folder,
  .open_folder_in = open_folder_in,
  .make_folder_in = make_folder_in,
  .access = check_access,
  .open_path = open_path,
  .open = open_file,
  .open_to_read = open_to_read,
  .close = close_file,
  .lock = lock,
  .pause = pause_writer,
  .read = read_file,
  .write = write_file,
  .truncate = truncate_file,
  .set_mode = set_mode,
  .get_new_mode = get_new_mode,
  .set_time = set_time,
  .set_owner = set_owner,
  .stat = stat_file,
  .stat_path = stat_path,
  .read_link = read_link,
  .sync = sync_file,
  .rename = rename_file,
  .link = link_file,
  .unlink = unlink_file,
  .list = list,
};

FakeDisk *
fake_disk_new (guint32 seed)
{
  FakeDisk *self = g_new0 (FakeDisk, 1);

  self->random = g_rand_new_with_seed (seed);
  self->names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, file_unref);
  self->durable = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, file_unref);
  self->journal = g_ptr_array_new_with_free_func (change_free);
  self->descriptors = g_array_new (FALSE, TRUE, sizeof (Descriptor));
  self->has_locks = self->has_links = self->has_rename = self->has_odd_times = TRUE;
  g_mutex_init (&self->lock);
  g_cond_init (&self->turned);
  disk = self;
  self->replaced = ibb_disk;
  ibb_disk = &calls;
  return self;
}

void
fake_disk_free (FakeDisk *self)
{
  ibb_disk = self->replaced;
  for (guint i = 0; i < self->descriptors->len; i++)
    close_descriptor (self, i);
  g_array_unref (self->descriptors);
  g_ptr_array_unref (self->journal);
  g_hash_table_unref (self->names);
  g_hash_table_unref (self->durable);
  g_rand_free (self->random);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->turned);
  g_free (self);
}

/* Of bytes that were not synchronized any part may be there, or zeros in their place. */
static void
lose_bytes (FakeDisk *self, FakeDiskFile *file)
{
  gsize length = file->bytes->len;

  switch (file->is_planted ? 2 : g_rand_int_range (self->random, 0, 3))
    {
    case 0:
      g_string_truncate (file->bytes, 0);
      break;
    case 1:
      memset (file->bytes->str, 0, length);
      g_string_overwrite_len (file->bytes, 0, file->durable->str,
                              (gssize) MIN (length, file->durable->len));
      break;
    default:
      return;
    }
  if (file->bytes->len < file->durable->len)
    g_string_append_len (file->bytes, file->durable->str + file->bytes->len,
                         (gssize) (file->durable->len - file->bytes->len));
}

static void
lose_what_is_not_durable (FakeDisk *self)
{
  guint          n_kept = (guint) g_rand_int_range (self->random, 0, (int) self->journal->len + 1);
  GHashTableIter iter;
  gpointer       name, value;

  for (guint i = 0; i < n_kept; i++)
    apply (self->durable, g_ptr_array_index (self->journal, i));
  g_hash_table_remove_all (self->names);
  g_hash_table_iter_init (&iter, self->durable);
  while (g_hash_table_iter_next (&iter, &name, &value))
    {
      FakeDiskFile *file = value;

      file->n_links = 0;
      set_name (self->names, name, file);
    }
  g_hash_table_iter_init (&iter, self->durable);
  while (g_hash_table_iter_next (&iter, NULL, &value))
    {
      FakeDiskFile *file = value;

      if (file->n_links++ == 0)
        {
          lose_bytes (self, file);
          file->mode = file->is_planted ? file->mode : file->durable_mode;
          file->is_lossy = FALSE;
        }
    }
}

void
fake_disk_restart (FakeDisk *self)
{
  for (guint i = 0; self->is_off && i < self->descriptors->len; i++)
    if (!self->survives[g_array_index (self->descriptors, Descriptor, i).writer])
      close_descriptor (self, i);
  if (self->is_off)
    {
      lose_what_is_not_durable (self);
      g_ptr_array_set_size (self->journal, 0);
    }
  memset (self->is_dead, 0, sizeof self->is_dead);
  memset (self->survives, 0, sizeof self->survives);
  self->is_off = FALSE;
  self->fails_at = self->fault_rate = self->cut_at = self->kill_at = self->plant_rate = 0;
}

/* What others do. */

/* The key of a path in the first folder. NULL: nothing can be there. */
static char *
dup_key_of_path (FakeDisk *self, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  char          *key = g_strdup (names[0]);

  for (guint i = 1; key != NULL && names[i] != NULL; i++)
    {
      g_autofree char *above = key;
      FakeDiskFile    *folder = g_hash_table_lookup (self->names, above);

      key = folder != NULL && folder->kind == FAKE_DISK_DIRECTORY
                ? dup_key (folder->number, names[i])
                : NULL;
    }
  return key;
}

void
fake_disk_plant (FakeDisk *self, const char *key, FakeDiskKind kind, uid_t owner, const char *text)
{
  FakeDiskFile *file = file_new (self, kind, owner);

  file->is_planted = TRUE;
  file->mode = FAKE_DISK_MODE;
  file->n_links = 1;
  g_string_assign (file->bytes, text);
  g_string_assign (file->durable, text);
  change (self, key, file, NULL, NULL);
  file_unref (file);
  self->n_planted++;
}

void
fake_disk_plant_any (FakeDisk *self, const char *name)
{
  guint            n = name == NULL ? g_strv_length ((char **) self->places) : 0;
  g_autofree char *key =
      n > 0 ? dup_key_of_path (self, self->places[g_rand_int_range (self->random, 0, (int) n)])
            : g_strdup (name);

  if (n > 0 && (key == NULL || g_hash_table_contains (self->names, key)))
    return;
  fake_disk_plant (self, key, (FakeDiskKind) g_rand_int_range (self->random, 0, 4),
                   g_rand_boolean (self->random) ? geteuid () : FAKE_DISK_STRANGER, "planted");
}

FakeDiskFile *
fake_disk_find (FakeDisk *self, const FakeDiskFile *folder, const char *name)
{
  g_autofree char *key = dup_key (folder != NULL ? folder->number : 0, name);

  return g_hash_table_lookup (self->names, key);
}

void
fake_disk_remove (FakeDisk *self, const FakeDiskFile *folder, const char *name)
{
  g_autofree char *key = dup_key (folder != NULL ? folder->number : 0, name);

  set_name (self->names, key, NULL);
  set_name (self->durable, key, NULL);
}

FakeDiskFile *
fake_disk_make (FakeDisk *self, const FakeDiskFile *folder, const char *name, FakeDiskKind kind)
{
  g_autofree char *key = dup_key (folder != NULL ? folder->number : 0, name);
  FakeDiskFile    *file = file_new (self, kind, geteuid ());

  file->n_links = 1;
  set_name (self->names, key, file);
  set_name (self->durable, key, file);
  file_unref (file);
  return file;
}

void
fake_disk_rewrite (FakeDisk *self, FakeDiskFile *file, GBytes *bytes)
{
  gsize       length;
  const char *data = g_bytes_get_data (bytes, &length);

  g_string_truncate (file->bytes, 0);
  g_string_append_len (file->bytes, data, (gssize) length);
  g_string_truncate (file->durable, 0);
  g_string_append_len (file->durable, data, (gssize) length);
  touch (self, file);
}

void
fake_disk_set_time (FakeDisk *self, FakeDiskFile *file, gint64 time)
{
  file->changed = get_time (self);
  file->time = time;
}
