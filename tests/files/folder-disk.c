/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders on disks that fail, that have too many files, and that change what they are given. */

#include "config.h"

#include "folder-ends.h"

#include "base/disk.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

static void
refuse (Files *self)
{
  ibb_files_transfer_refuse (self->offered, NULL);
  assert_fails (IBB_ERROR, IBB_ERROR_FORBIDDEN, ibb_files_transfer_wait, self->sent, NULL);
  g_clear_object (&self->sent);
  g_clear_object (&self->offered);
}

/* The path of a folder in the one that is sent. */
typedef struct
{
  guint       n_levels;
  guint       n_bytes; /* of each name */
  guint       n_last;  /* bytes of the last one */
  const char *words;   /* of the error if the path is a byte or a level longer */
} Path;

static void
make_path (Files *self, const Path *path, guint n_levels, guint n_last)
{
  g_autoptr (GString) command = g_string_new ("rm -rf sent && mkdir sent && cd sent");

  for (guint i = 1; i <= n_levels; i++)
    {
      g_autofree char *name = g_strnfill (i < n_levels ? path->n_bytes : n_last, 'a');

      g_string_append_printf (command, " && mkdir %s && cd -P %s", name, name);
    }
  run (self, command->str);
}

static void
test_path (Files *self, gconstpointer data)
{
  const Path *path = data;
  gboolean    is_deep = path->n_bytes == path->n_last;

  make_path (self, path, path->n_levels, path->n_last);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL);
  refuse (self);
  make_path (self, path, path->n_levels + is_deep, path->n_last + !is_deep);
  assert_no_offer (self, G_IO_ERROR_NOT_SUPPORTED, path->words);
}

/* A disk with as many files as a folder may have, and one more. */

typedef struct
{
  guint       n;      /* files */
  int         length; /* bytes of each name */
  gint64      size;   /* of each file */
  const char *words;  /* of the error if there is one more */
} Bound;

static const IBBDisk *real_disk;
static Bound          bound;

static GPtrArray *
list_bound (int folder, const char *prefix, guint most, int *failure)
{
  GPtrArray *names = g_ptr_array_new_with_free_func (g_free);

  for (guint i = 0; i < MIN (bound.n, most); i++)
    g_ptr_array_add (names, g_strdup_printf ("%0*u", bound.length, i));
  *failure = 0;
  return names;
}

static int
stat_bound (int fd, const char *name, struct stat *info)
{
  if (name == NULL)
    return real_disk->stat (fd, name, info);
  *info = (struct stat){ .st_mode = S_IFREG | 0644, .st_size = bound.size };
  return 0;
}

static void
test_bounds (Files *self, gconstpointer data)
{
  static const Bound bounds[] = {
    { 100000, 20, 0, "has more than 100000 files" },
    { 65536, 255, 0, "have more than 16 MiB" },
    { 1, 1, G_MAXINT64, "are too large together" },
  };
  IBBDisk disk = *ibb_disk;

  real_disk = ibb_disk;
  disk.list = list_bound;
  disk.stat = stat_bound;
  run (self, "mkdir sent");
  ibb_disk = &disk;
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      bound = bounds[i];
      bound.n++;
      assert_no_offer (self, G_IO_ERROR_NOT_SUPPORTED, bound.words);
      bound.n--;
      self->sent = offer (self, JULIET);
      wait_until (self->offered != NULL);
      g_assert_cmpuint (
          ibb_files_metadata_get_n_files (ibb_files_transfer_get_metadata (self->offered)), ==,
          bound.n);
      refuse (self);
    }
  ibb_disk = real_disk;
}

/* Names that go between the list of their folder and the look at each. */

static int
stat_gone (int fd, const char *name, struct stat *info)
{
  if (g_strcmp0 (name, "gone") != 0)
    return real_disk->stat (fd, name, info);
  errno = ENOENT;
  return -1;
}

static int
open_no_gone_folder (int folder, const char *name)
{
  if (!g_str_equal (name, "gone folder"))
    return real_disk->open_folder_in (folder, name);
  errno = ENOENT;
  return -1;
}

static GPtrArray *
list_not_gone (int folder, const char *prefix, guint most, int *failure)
{
  GPtrArray *names = real_disk->list (folder, prefix, most, failure);

  if (names->len == 1 && g_str_equal (g_ptr_array_index (names, 0), "inner"))
    {
      g_ptr_array_set_size (names, 0);
      *failure = ENOENT;
    }
  return names;
}

static void
test_gone (Files *self, gconstpointer data)
{
  IBBDisk            disk = *ibb_disk;
  const char *const *left_out;

  real_disk = ibb_disk;
  disk.stat = stat_gone;
  disk.open_folder_in = open_no_gone_folder;
  disk.list = list_not_gone;
  make_small (self, 3);
  run (self, "cd sent && mkdir -p deep 'gone folder' unlisted && touch gone deep/gone deep/kept "
             "'gone folder/in it' unlisted/inner");
  ibb_disk = &disk;
  complete (self);
  ibb_disk = real_disk;
  left_out = ibb_files_transfer_get_left_out (self->sent);
  g_assert_cmpuint (g_strv_length ((char **) left_out), ==, 4);
  g_assert_true (g_strv_contains (left_out, "gone"));
  g_assert_true (g_strv_contains (left_out, "deep/gone"));
  g_assert_true (g_strv_contains (left_out, "gone folder"));
  g_assert_true (g_strv_contains (left_out, "unlisted"));
  run (self, "rm -r sent/*gone* sent/unlisted sent/deep/gone && diff -r sent received");
}

/* A disk that fails. */

static gint        n_written; /* atomic: calls */
static const char *received_path;

static gssize
write_until_full (int fd, const void *data, gsize length, guint64 offset)
{
  if (g_atomic_int_add (&n_written, 1) < 5)
    return real_disk->write (fd, data, length, offset);
  errno = ENOSPC;
  return -1;
}

/* The names are not on the disk, although the files are. */
static int
sync_no_folder (int fd)
{
  struct stat info;

  if (real_disk->stat (fd, NULL, &info) == 0 && S_ISDIR (info.st_mode) && n_written > 0)
    {
      errno = EIO;
      return -1;
    }
  return real_disk->sync (fd);
}

static gssize
count_written (int fd, const void *data, gsize length, guint64 offset)
{
  g_atomic_int_inc (&n_written);
  return real_disk->write (fd, data, length, offset);
}

/* What concerns all files ends the folder: nothing is delivered that may not be there. */
static void
test_disk (Files *self, gconstpointer data)
{
  gboolean           is_full = data != NULL;
  int                code = is_full ? G_IO_ERROR_NO_SPACE : G_IO_ERROR_FAILED;
  IBBDisk            disk = *ibb_disk;
  g_autoptr (GError) error = NULL;

  real_disk = ibb_disk;
  n_written = 0;
  disk.write = is_full ? write_until_full : count_written;
  disk.sync = is_full ? disk.sync : sync_no_folder;
  make_small (self, 100);
  ibb_disk = &disk;
  begin_folder (self);
  assert_result_fails (G_IO_ERROR, code, ibb_files_transfer_accept_file_finish, self->offered,
                       &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  error = ibb_files_transfer_dup_error (self->sent);
  g_assert_true ((strstr (error->message, "“The disk is full”") != NULL) == is_full);
  ibb_disk = real_disk;
  complete (self);
  run (self, "diff -r sent received");
}

static int failure;

/* Of “file 3”, which alone has so many bytes. */
static gssize
write_not (int fd, const void *data, gsize length, guint64 offset)
{
  if (length != 43)
    return real_disk->write (fd, data, length, offset);
  errno = failure;
  return -1;
}

static gssize
read_not (int fd, void *data, gsize length, guint64 offset)
{
  struct stat info;

  if (real_disk->stat (fd, NULL, &info) != 0 || info.st_size != 43)
    return real_disk->read (fd, data, length, offset);
  errno = failure;
  return -1;
}

/* Each failure of one file is that of this file alone, and neither end takes it for what it is not
 * on a disk. */
static void
test_failures (Files *self, gconstpointer data)
{
  static const int failures[] = { EIO,    ESTALE,    ENOMEM,    ENOTDIR,    ELOOP,
                                  EISDIR, ETIMEDOUT, ECANCELED, ECONNRESET, EOPNOTSUPP };
  gboolean         is_read = data != NULL;
  IBBDisk          disk = *ibb_disk;

  real_disk = ibb_disk;
  if (is_read)
    disk.read = read_not;
  else
    disk.write = write_not;
  make_small (self, 5);
  ibb_disk = &disk;
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree char *path = get_path (self, is_read ? "sent/file 3" : "received/file 3");
      g_autofree char *message = NULL;

      failure = failures[i];
      message = g_strdup_printf ("Cannot %s “%s”: %s", is_read ? "read" : "write", path,
                                 g_strerror (failure));
      fail_with (self, "1 of 5 files failed; the first is “file 3”");
      assert_says (is_read ? self->sent : self->offered, message);
      if (is_read)
        assert_says (self->offered, "“The file cannot be read”");
      else if (failure == ENOTDIR || failure == ELOOP)
        assert_says (self->sent, "“A file or a link is in the way of a folder”");
      else if (failure == EISDIR)
        assert_says (self->sent, "“A folder is in the way of the file”");
      else
        assert_says (self->sent, "“The file cannot be written”");
    }
  ibb_disk = real_disk;
}

static ino_t unknown; /* the folder of which nothing can be found out */

static int
stat_not (int fd, const char *name, struct stat *info)
{
  int result = real_disk->stat (fd, name, info);

  if (result != 0 || name != NULL || info->st_ino != unknown)
    return result;
  errno = EIO;
  return -1;
}

/* A folder within, of which nothing can be found out, fails alone, and nothing of it is sent: it
 * may be private. */
static void
test_unknown_folder (Files *self, gconstpointer data)
{
  IBBDisk          disk = *ibb_disk;
  g_autofree char *path = get_path (self, "sent/lost");
  struct stat      info;

  real_disk = ibb_disk;
  disk.stat = stat_not;
  make_small (self, 2);
  run (self, "mkdir -m 700 sent/lost && touch sent/lost/key");
  g_assert_cmpint (stat (path, &info), ==, 0);
  unknown = info.st_ino;
  ibb_disk = &disk;
  fail_with (self, "1 of 3 files failed; the first is “lost”");
  assert_says (self->sent, "Cannot read");
  assert_says (self->offered, "“The file cannot be read”");
  ibb_disk = real_disk;
  run (self, "test \"$(stat -c '%a %h' received/lost)\" = '700 2' && rmdir received/lost");
  complete (self);
  run (self, "diff -r sent received && test $(stat -c %a received/lost) = 700");
}

/* The same for a file: it has not arrived, and becomes its part again. */
static void
test_lost_name (Files *self, gconstpointer data)
{
  IBBDisk          disk = *ibb_disk;
  g_autofree char *failed = get_path (self, "received");

  real_disk = ibb_disk;
  n_written = 0;
  disk.write = count_written;
  disk.sync = sync_no_folder;
  self->existing = IBB_FILES_EXISTING_NUMBER;
  ibb_disk = &disk;
  begin (self, 1000);
  accept_as (self, "received", &self->result);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  ibb_disk = real_disk;
  g_assert_false (g_file_test (failed, G_FILE_TEST_EXISTS));
  run (self, "test $(stat -c %a .ibb-*.part) = 1600");
  complete (self);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (self->sent), ==, 1000);
  g_assert_cmpuint (count_files (self), ==, 2);
  assert_content (self, "received", self->bytes);
}

static int
sync_not (int fd)
{
  struct stat info;

  if (real_disk->stat (fd, NULL, &info) != 0 || !S_ISREG (info.st_mode) || info.st_size != 43)
    return real_disk->sync (fd);
  errno = EIO;
  return -1;
}

/* A file that is there already, and may not be on the disk, is not delivered. */
static void
test_found (Files *self, gconstpointer data)
{
  IBBDisk disk = *ibb_disk;

  real_disk = ibb_disk;
  disk.sync = sync_not;
  make_small (self, 5);
  run (self, "cp -pr sent received");
  ibb_disk = &disk;
  fail_with (self, "1 of 5 files failed; the first is “file 3”");
  assert_says (self->sent, "“The file cannot be written”");
  ibb_disk = real_disk;
  complete (self);
}

/* Another program renames a folder while something comes into it. */

typedef struct
{
  const char *set_up;    /* a command */
  const char *place;     /* of what comes */
  const char *from, *to; /* the names of the folder */
  gboolean    is_early;  /* before the first file is whole */
  const char *after;     /* a command */
} Renamed;

static const Renamed renamed_root = {
  "mkdir sent && echo a > sent/a", "received", "received", "moved", FALSE, "cmp sent/a moved/a",
};
static const Renamed renamed_below = {
  "mkdir -p sent/b && echo a > sent/b/a",
  "received",
  "received/b",
  "received/c",
  FALSE,
  "cmp sent/b/a received/c/a",
};
static const Renamed renamed_empty = {
  "mkdir sent", "received", "received", "moved", TRUE, "test -d moved",
};
static const Renamed renamed_file = {
  "echo a > sent && mkdir received",
  "received/a",
  "received",
  "moved",
  FALSE,
  "test ! -e moved/a && test -e moved/.ibb-*.part",
};

static const Renamed *renamed;
static char          *renamed_paths[2]; /* NULL: it is renamed */

static int
rename_and_sync (int fd)
{
  struct stat info;

  g_assert_cmpint (real_disk->stat (fd, NULL, &info), ==, 0);
  if (renamed_paths[0] != NULL && (S_ISDIR (info.st_mode) != 0) == renamed->is_early)
    {
      g_assert_cmpint (rename (renamed_paths[0], renamed_paths[1]), ==, 0);
      g_clear_pointer (&renamed_paths[0], g_free);
      g_clear_pointer (&renamed_paths[1], g_free);
    }
  return real_disk->sync (fd);
}

/* Nothing is delivered that is not where the application wants it. */
static void
test_renamed (Files *self, gconstpointer data)
{
  IBBDisk disk = *ibb_disk;

  renamed = data;
  renamed_paths[0] = get_path (self, renamed->from);
  renamed_paths[1] = get_path (self, renamed->to);
  real_disk = ibb_disk;
  disk.sync = rename_and_sync;
  run (self, renamed->set_up);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL);
  ibb_disk = &disk;
  accept_as (self, renamed->place, &self->result);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  assert_says (self->sent, "“The file cannot be written”");
  ibb_disk = real_disk;
  run (self, renamed->after);
}

static int
sync_not_received (int fd)
{
  struct stat info;
  struct stat received;

  if (real_disk->stat (fd, NULL, &info) != 0 || stat (received_path, &received) != 0 ||
      info.st_ino != received.st_ino)
    return real_disk->sync (fd);
  errno = EIO;
  return -1;
}

/* The name of a folder that is there may not be on the disk: a transfer was killed. */
static void
test_interrupted (Files *self, gconstpointer data)
{
  IBBDisk          disk = *ibb_disk;
  g_autofree char *path = get_path (self, "received");

  real_disk = ibb_disk;
  received_path = path;
  disk.sync = sync_not_received;
  run (self, "mkdir -p sent/a sent/b received/a && touch sent/a/one");
  ibb_disk = &disk;
  begin_folder (self);
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_says (self->offered, "2 of 2 files");
  ibb_disk = real_disk;
  complete (self);
  run (self, "diff -r sent received");
}

/* File systems that change what they are given. */

/* FAT has no odd seconds, and ends in 2107, as ext4 in 2446. */
static int
set_even_time (int fd, gint64 time)
{
  return real_disk->set_time (fd, MIN (time, 4354819198) / 2 * 2);
}

/* A name that a file gets later has a file number of its own, and a program finds that out. */
static int
stat_other_number (int fd, const char *name, struct stat *info)
{
  int result = real_disk->stat (fd, name, info);

  if (name != NULL && !g_str_has_prefix (name, ".ibb-"))
    info->st_ino++;
  return result;
}

static int
rename_by_link (int folder, const char *from, const char *to, gboolean replaces)
{
  errno = EINVAL;
  return replaces ? real_disk->rename (folder, from, to, TRUE) : -1;
}

/* Only parts can be written to. */
static int
open_read_only (int folder, const char *name, gboolean creates)
{
  if (creates || g_str_has_prefix (name, ".ibb-"))
    return real_disk->open (folder, name, creates);
  errno = EACCES;
  return -1;
}

/* The name that a file has in the received folder; the sent one is on another file system. */
static char *
fold (int folder, const char *name)
{
  struct stat info, received;
  gboolean    is_received = real_disk->stat (folder, NULL, &info) == 0 &&
                         stat (received_path, &received) == 0 && info.st_ino == received.st_ino;

  return is_received ? g_ascii_strdown (name, -1) : g_strdup (name);
}

static int
stat_folded (int fd, const char *name, struct stat *info)
{
  g_autofree char *folded = name != NULL ? fold (fd, name) : NULL;

  return real_disk->stat (fd, folded, info);
}

static int
open_folded (int folder, const char *name, gboolean creates)
{
  g_autofree char *folded = fold (folder, name);

  return real_disk->open (folder, folded, creates);
}

static int
open_to_read_folded (int folder, const char *name)
{
  g_autofree char *folded = fold (folder, name);

  return real_disk->open_to_read (folder, folded);
}

static int
rename_folded (int folder, const char *from, const char *to, gboolean replaces)
{
  g_autofree char *folded = fold (folder, to);

  return real_disk->rename (folder, from, folded, replaces);
}

/* The byte of an earlier transfer keeps its date. */
static int
set_time_of_other (int fd, gint64 time)
{
  struct stat info;

  g_assert_cmpint (real_disk->stat (fd, NULL, &info), ==, 0);
  g_assert_cmpint (info.st_size, !=, 1);
  return real_disk->set_time (fd, time);
}

typedef struct
{
  IBBDisk     disk;    /* calls that are replaced */
  const char *before;  /* (nullable): a command */
  guint64     resumed; /* bytes that are there the first time */
  const char *after;   /* a command: how the received folder has to be */
} Changed;

static const Changed even_dates = {
  .disk.set_time = set_even_time,
  .before = "touch -d '2001-01-01 00:00:01' sent/* && touch -d '2300-01-01' 'sent/file 7'",
  .after = "diff -r sent received",
};
static const Changed other_numbers = {
  .disk = { .stat = stat_other_number, .rename = rename_by_link },
  .after = "diff -r sent received",
};
static const Changed read_only = {
  .disk.open = open_read_only,
  .after = "diff -r sent received",
};
/* x and x (2) have one size and date, and another x is there. */
static const Changed numbered_twins = {
  .before = "echo a > sent/x && echo b > 'sent/x (2)' && touch -r sent/x 'sent/x (2)' && mkdir "
            "received && echo c > received/x && touch -d '2001-01-01' received/x",
  .after = "cmp sent/x 'received/x (2)' && cmp 'sent/x (2)' 'received/x (2) (2)' && "
           "test $(ls received | wc -l) = 13",
};
/* x has the bytes, and x (2) the date. */
static const Changed touched_twin = {
  .before = "echo a > sent/x && mkdir received && echo a > received/x && touch -d '2001-01-01' "
            "received/x && echo b > 'received/x (2)' && touch -r sent/x 'received/x (2)'",
  .resumed = 2,
  .after = "cmp sent/x received/x && test $(ls received | wc -l) = 12",
};
/* Another x is there, and the first byte of x. */
static const Changed interrupted_twin = {
  .disk.set_time = set_time_of_other,
  .before = "echo a > sent/x && touch -d @1000000000 sent/x && mkdir received && "
            "echo b > received/x && umask 077 && printf a > received/.ibb-$(printf "
            "'romeo@montague.example\\nx\\n2\\n1000000000' | sha256sum | head -c 16)-1.part",
  .resumed = 1,
  .after = "cmp sent/x 'received/x (2)' && test $(ls -A received | wc -l) = 12",
};
static const Changed folded_twins = {
  .disk = { .stat = stat_folded,
            .open = open_folded,
            .open_to_read = open_to_read_folded,
            .rename = rename_folded },
  .before = "echo a > sent/X && echo b > sent/x && touch -r sent/x sent/X",
  .after = "cmp sent/X received/x && cmp sent/x 'received/x (2)' && test $(ls received | wc -l) = "
           "12",
};

/* The folder is there after the first time, and nothing of it comes or is made again. */
static void
test_file_system (Files *self, gconstpointer data)
{
  const Changed   *changed = data;
  IBBDisk          disk = *ibb_disk;
  g_autofree char *path = get_path (self, "received");
  guint64          size;

  real_disk = ibb_disk;
  received_path = path;
#define REPLACE(call) disk.call = changed->disk.call != NULL ? changed->disk.call : disk.call
  REPLACE (set_time);
  REPLACE (stat);
  REPLACE (rename);
  REPLACE (open);
  REPLACE (open_to_read);
#undef REPLACE
  self->existing = IBB_FILES_EXISTING_NUMBER;
  make_small (self, 10);
  if (changed->before != NULL)
    run (self, changed->before);
  ibb_disk = &disk;
  complete (self);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (self->sent), ==, changed->resumed);
  complete (self);
  ibb_disk = real_disk;
  size = ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (self->sent));
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (self->sent), ==, size);
  run (self, changed->after);
}

int
main (int argc, char **argv)
{
  static const Path levels = { 63, 1, 1, "has more than 64 levels of folders" };
  static const Path path = { 9, 227, 224, "has more than 2048 bytes" };

  if (!begin_as_user (&argc, &argv))
    return 0;
  add_test_of ("bounds/levels", &levels, set_up, test_path);
  add_test_of ("bounds/path", &path, set_up, test_path);
  add_test_of ("bounds", NULL, set_up, test_bounds);
  add_test_of ("gone", NULL, set_up, test_gone);
  add_test_of ("disk/full", "", set_up, test_disk);
  add_test_of ("disk/lost-names", NULL, set_up, test_disk);
  add_test_of ("disk/failures/read", "", set_up, test_failures);
  add_test_of ("disk/failures/write", NULL, set_up, test_failures);
  add_test_of ("disk/unknown-folder", NULL, set_up, test_unknown_folder);
  add_test_of ("disk/lost-name", NULL, set_up, test_lost_name);
  add_test_of ("disk/found", NULL, set_up, test_found);
  add_test_of ("renamed/root", &renamed_root, set_up, test_renamed);
  add_test_of ("renamed/below", &renamed_below, set_up, test_renamed);
  add_test_of ("renamed/empty", &renamed_empty, set_up, test_renamed);
  add_test_of ("renamed/file", &renamed_file, set_up, test_renamed);
  add_test_of ("disk/interrupted", NULL, set_up, test_interrupted);
  add_test_of ("file-system/even-dates", &even_dates, set_up, test_file_system);
  add_test_of ("file-system/other-numbers", &other_numbers, set_up, test_file_system);
  add_test_of ("file-system/read-only", &read_only, set_up, test_file_system);
  add_test_of ("file-system/numbered-twins", &numbered_twins, set_up, test_file_system);
  add_test_of ("file-system/touched-twin", &touched_twin, set_up, test_file_system);
  add_test_of ("file-system/interrupted-twin", &interrupted_twin, set_up, test_file_system);
  add_test_of ("file-system/folded-twins", &folded_twins, set_up, test_file_system);
  return g_test_run ();
}
