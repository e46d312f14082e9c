/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders: whole trees between two ends, in private and in the clear; what goes on after an
 * interruption; files that fail; and the entries of a peer that wants to write elsewhere. */

#include "config.h"

#include "ends.h"

#include "base/disk.h"
#include "files/ibb-files-metadata-private.h"
#include "files/move/folder-sink.h"

#include <glib/gstdio.h>
#include <grp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utime.h>

#define NOBODY 65534

static void
run (Files *self, const char *format)
{
  g_autofree char *command = g_strconcat ("cd '", self->folder, "' && ", format, NULL);

  g_assert_cmpint (system (command), ==, 0);
}

static void
make_small (Files *self, guint n)
{
  run (self, "mkdir -p sent");
  for (guint i = 0; i < n; i++)
    {
      g_autofree char   *name = g_strdup_printf ("sent/file %u", i);
      g_autoptr (GBytes) bytes = make_bytes (i % 100 == 0 ? 0 : 40 + i, i);
      g_autoptr (GFile)  file = make_file (self, name, bytes);
    }
}

static void
make_large (Files *self, const char *name, gsize size)
{
  g_autoptr (GBytes) bytes = make_bytes (size, 3);
  g_autoptr (GFile)  file = make_file (self, name, bytes);
}

static void
begin_folder (Files *self)
{
  g_clear_object (&self->sent);
  g_clear_object (&self->offered);
  g_clear_object (&self->result);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL || ibb_files_transfer_dup_error (self->sent) != NULL);
  accept_as (self, "received", &self->result);
}

static void
complete (Files *self)
{
  begin_folder (self);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
}

/* Both ends name the number of the files that have failed, and one of them. */
static void
fail_with (Files *self, const char *words)
{
  g_autoptr (GError) sent = NULL;
  g_autoptr (GError) received = NULL;

  begin_folder (self);
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  sent = ibb_files_transfer_dup_error (self->sent);
  received = ibb_files_transfer_dup_error (self->offered);
  g_test_message ("%s; %s", sent->message, received->message);
  g_assert_nonnull (strstr (sent->message, words));
  g_assert_nonnull (strstr (received->message, words));
}

static void
test_tree (Files *self, gconstpointer data)
{
  guint              n_small = GPOINTER_TO_UINT (data);
  g_autofree char   *path = get_path (self, "received/deep/er/old");
  IBBFilesMetadata  *metadata;
  struct stat        info;
  const char *const *left_out;

  make_small (self, n_small);
  run (self, "mkdir -p sent/deep/er/est sent/empty && cp sent/file*9 sent/deep && echo x > "
             "sent/deep/er/old && touch -d @1000000000 sent/deep/er/old");
  make_large (self, "sent/deep/large", 3000000);
  run (self, "mkfifo sent/pipe && ln -s /etc sent/deep/link && touch sent/.hidden && "
             "touch -d @1000000001 sent");
  complete (self);
  left_out = ibb_files_transfer_get_left_out (self->sent);
  g_assert_cmpuint (ibb_files_transfer_get_n_left_out (self->sent), ==, 3);
  g_assert_cmpuint (g_strv_length ((char **) left_out), ==, 3);
  g_assert_true (g_strv_contains (left_out, "deep/link"));
  run (self, "rm sent/pipe sent/deep/link sent/.hidden && diff -r sent received");
  metadata = ibb_files_transfer_get_metadata (self->offered);
  g_assert_true (ibb_files_metadata_get_is_folder (metadata));
  g_assert_cmpstr (ibb_files_metadata_get_name (metadata), ==, "sent");
  g_assert_cmpuint (ibb_files_metadata_get_n_files (metadata), ==, n_small + n_small / 10 + 4);
  g_assert_cmpint (g_date_time_to_unix (ibb_files_metadata_get_date (metadata)), ==, 1000000001);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_moved (self->offered), ==,
                    ibb_files_metadata_get_size (metadata));
  g_assert_cmpuint (ibb_files_transfer_get_bytes_moved (self->sent), ==,
                    ibb_files_metadata_get_size (metadata));
  g_assert_cmpint (stat (path, &info), ==, 0);
  g_assert_cmpint (info.st_mtime, ==, 1000000000);
}

static void
test_empty (Files *self, gconstpointer data)
{
  run (self, "mkdir sent");
  complete (self);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
  run (self, "diff -r sent received");
}

/* Nothing is sent twice, and no second file is made. */
static void
test_again (Files *self, gconstpointer data)
{
  guint64 size;

  self->existing = IBB_FILES_EXISTING_NUMBER;
  make_small (self, 100);
  run (self, "mkdir -p received && echo other > 'received/file 7'");
  complete (self);
  complete (self);
  size = ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (self->sent));
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (self->sent), ==, size);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (self->offered), ==, size);
  run (self, "cmp 'sent/file 7' 'received/file 7 (2)' && rm 'received/file 7 (2)' && "
             "cp -p 'sent/file 7' 'received/file 7' && diff -r sent received");
}

#define LONG (4 * 1024 * 1024)

/* A folder whose last file takes as long as the test wants. */
static void
begin_long (Files *self)
{
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ .rate = LONG / 20 });
  make_small (self, 20);
  make_large (self, "sent/large", LONG);
  begin_folder (self);
  wait_until (ibb_files_transfer_get_bytes_moved (self->offered) > LONG / 100);
}

/* The session is lost in a large file; the files before are there, and the large one goes on. */
static void
test_goes_on (Files *self, gconstpointer data)
{
  guint64 resumed;

  begin_long (self);
  ibb_transport_abort (ibb_files_transfer_get_transport (self->offered));
  wait_until (self->result != NULL &&
              ibb_files_transfer_get_state (self->sent) == IBB_FILES_STATE_FAILED);
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ 0 });
  complete (self);
  resumed = ibb_files_transfer_get_bytes_resumed (self->sent);
  g_assert_cmpuint (resumed, >=, LONG / 100);
  g_assert_cmpuint (resumed, ==, ibb_files_transfer_get_bytes_resumed (self->offered));
  run (self, "diff -r sent received");
}

static void
test_cancelled (Files *self, gconstpointer data)
{
  begin_long (self);
  ibb_files_transfer_cancel (data != NULL ? self->sent : self->offered);
  if (data != NULL)
    assert_result_fails (IBB_ERROR, IBB_ERROR_GONE, ibb_files_transfer_accept_file_finish,
                         self->offered, &self->result);
  else
    assert_fails (IBB_ERROR, IBB_ERROR_GONE, ibb_files_transfer_wait, self->sent, NULL);
  run (self, "rm sent/large && diff -r sent received");
}

static void
note_state_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, gpointer data)
{
  *(IBBFilesState *) data = ibb_files_transfer_get_state (transfer);
}

static void
cancel_in_place_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, gpointer data)
{
  if (ibb_files_transfer_get_state (transfer) == IBB_FILES_STATE_CHECKING)
    ibb_files_transfer_cancel (transfer);
}

/* The sender is told that all is in its place, and the receiver says the same. The handler, and not
 * the test, sees the last of the transfer. */
static void
test_cancelled_late (Files *self, gconstpointer data)
{
  IBBFilesState state = IBB_FILES_STATE_OFFERED;

  make_small (self, 5);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL);
  g_signal_connect (self->offered, "notify::state", G_CALLBACK (cancel_in_place_cb), NULL);
  g_signal_connect (self->offered, "notify::state", G_CALLBACK (note_state_cb), &state);
  accept_as (self, "received", &self->result);
  g_clear_object (&self->offered);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  wait_until (self->result != NULL);
  g_assert_cmpint (state, ==, IBB_FILES_STATE_DELIVERED);
}

/* The sender cannot tell which of its bytes were those of the offer. */
static void
test_changed_meanwhile (Files *self, gconstpointer data)
{
  g_autofree char *path = get_path (self, "sent/large");

  begin_long (self);
  if (data != NULL)
    rewrite_in_place (path);
  else
    run (self, "touch -d '2001-01-01' sent/large");
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ 0 });
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  g_assert_nonnull (strstr (ibb_files_transfer_dup_error (self->sent)->message,
                            "1 of 21 files failed; the first is “large”"));
  run (self, "rm sent/large && diff -r sent received");
}

/* One file has changed since the offer; the others arrive. */
static void
test_changed (Files *self, gconstpointer data)
{
  make_small (self, 10);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL);
  run (self, "echo more >> 'sent/file 5' && rm 'sent/file 6'");
  accept_as (self, "received", &self->result);
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  run (self, "rm 'sent/file 5' && diff -r sent received");
  g_assert_nonnull (strstr (ibb_files_transfer_dup_error (self->sent)->message,
                            "2 of 10 files failed; the first is “file 5”"));
}

static void
abort_cb (IBBFilesTransfer *sent, GParamSpec *pspec, gpointer data)
{
  if (ibb_files_transfer_get_state (sent) == IBB_FILES_STATE_FAILED)
    ibb_transport_abort (ibb_files_transfer_get_transport (sent));
}

/* The receiver knows of the failure before the sender does, whose program may end then. */
static void
test_failed_first (Files *self, gconstpointer data)
{
  make_small (self, 10);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL);
  g_signal_connect (self->sent, "notify::state", G_CALLBACK (abort_cb), NULL);
  run (self, "rm 'sent/file 6'");
  accept_as (self, "received", &self->result);
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  g_assert_nonnull (strstr (ibb_files_transfer_dup_error (self->offered)->message,
                            "1 of 10 files failed; the first is “file 6”"));
}

/* A file that looks the same and is not stays. */
static void
test_different (Files *self, gconstpointer data)
{
  make_small (self, 10);
  run (self, "mkdir received && tr '\\0-\\377' x < 'sent/file 5' > 'received/file 5' && "
             "touch -r 'sent/file 5' 'received/file 5'");
  fail_with (self, "1 of 10 files failed; the first is “file 5”");
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_FAILED);
  run (self, "grep -q '^x*$' 'received/file 5' && cp 'sent/file 5' received && "
             "diff -r sent received");
}

static void
test_existing (Files *self, gconstpointer data)
{
  make_small (self, 10);
  run (self, "mkdir received 'received/file 4' && echo mine > 'received/file 5'");
  fail_with (self, "2 of 10 files failed; the first is “file 4”");
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_FAILED);
  run (self, "rm 'sent/file 4' && rmdir 'received/file 4'");
  self->existing = IBB_FILES_EXISTING_REPLACE;
  complete (self);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
  run (self, "diff -r sent received");
}

/* The place of the folder is a link, or a file. */
static void
test_no_place (Files *self, gconstpointer data)
{
  make_small (self, 1);
  run (self, data);
  begin_folder (self);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_NOT_DIRECTORY, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FORBIDDEN, ibb_files_transfer_wait, self->sent, NULL);
  run (self, "test ! -e elsewhere/*");
}

static void
test_stream (Files *self, gconstpointer data)
{
  g_autoptr (GOutputStream) stream = g_memory_output_stream_new_resizable ();

  make_small (self, 1);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL);
  ibb_files_transfer_accept_stream_async (self->offered, stream, NULL, store_result_cb,
                                          &self->result);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                       ibb_files_transfer_accept_stream_finish, self->offered, &self->result);
  g_clear_object (&self->result);
  accept_as (self, "received", &self->result);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  g_clear_object (&self->result);
  ibb_files_service_offer_stream_async (self->romeo, JULIET, g_memory_input_stream_new (),
                                        ibb_files_transfer_get_metadata (self->offered), NULL,
                                        store_result_cb, &self->result);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, ibb_files_service_offer_stream_finish,
                       self->romeo, &self->result);
}

static void
assert_no_offer (Files *self, int code)
{
  g_autofree char  *path = get_path (self, "sent");
  g_autoptr (GFile) file = g_file_new_for_path (path);

  ibb_files_service_offer_file_async (self->romeo, JULIET, file, NULL, NULL, store_result_cb,
                                      &self->result);
  if (code == IBB_ERROR_FEATURE_NOT_IMPLEMENTED)
    assert_result_fails (IBB_ERROR, code, ibb_files_service_offer_file_finish, self->romeo,
                         &self->result);
  else
    assert_result_fails (G_IO_ERROR, code, ibb_files_service_offer_file_finish, self->romeo,
                         &self->result);
  g_assert_null (self->offered);
}

/* An end without an identity offers nothing to one with an identity, and the reverse. */
static void
test_unable (Files *self, gconstpointer data)
{
  make_small (self, 1);
  set_identity (self, self->juliet, TRUE);
  assert_no_offer (self, IBB_ERROR_FEATURE_NOT_IMPLEMENTED);
  ibb_files_service_set_identity (self->juliet, NULL);
  set_identity (self, self->romeo, TRUE);
  assert_no_offer (self, IBB_ERROR_FEATURE_NOT_IMPLEMENTED);
}

static void
test_too_deep (Files *self, gconstpointer data)
{
  g_autofree char *path = g_strnfill (2 * 64 + 2, '/');
  g_autofree char *command = NULL;

  for (guint i = 0; i < strlen (path); i += 2)
    path[i] = 'a';
  command = g_strconcat ("mkdir -p sent/", path, NULL);
  run (self, command);
  assert_no_offer (self, G_IO_ERROR_NOT_SUPPORTED);
}

/* A disk with as many files as a folder may have, and one more. */

typedef struct
{
  guint  n;      /* files */
  int    length; /* bytes of each name */
  gint64 size;   /* of each file */
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
  static const Bound bounds[] = { { 100000, 20, 0 }, { 65536, 255, 0 }, { 1, 1, G_MAXINT64 } };
  IBBDisk            disk = *ibb_disk;

  real_disk = ibb_disk;
  disk.list = list_bound;
  disk.stat = stat_bound;
  run (self, "mkdir sent");
  ibb_disk = &disk;
  for (guint i = 0; i < G_N_ELEMENTS (bounds); i++)
    {
      bound = bounds[i];
      bound.n++;
      assert_no_offer (self, G_IO_ERROR_NOT_SUPPORTED);
      bound.n--;
      self->sent = offer (self, JULIET);
      wait_until (self->offered != NULL);
      g_assert_cmpuint (
          ibb_files_metadata_get_n_files (ibb_files_transfer_get_metadata (self->offered)), ==,
          bound.n);
      ibb_files_transfer_refuse (self->offered, NULL);
      assert_fails (IBB_ERROR, IBB_ERROR_FORBIDDEN, ibb_files_transfer_wait, self->sent, NULL);
      g_clear_object (&self->sent);
      g_clear_object (&self->offered);
    }
  ibb_disk = real_disk;
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
  g_assert_nonnull (strstr (ibb_files_transfer_dup_error (self->offered)->message, "2 of 2 files"));
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

typedef struct
{
  IBBDisk     disk;   /* calls that are replaced */
  const char *before; /* (nullable): a command */
  const char *after;  /* a command: how the received folder has to be */
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
  complete (self);
  ibb_disk = real_disk;
  size = ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (self->sent));
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (self->sent), ==, size);
  run (self, changed->after);
}

/* A file that its user has touched is no other one. */
static void
test_touched (Files *self, gconstpointer data)
{
  self->existing = IBB_FILES_EXISTING_NUMBER;
  make_small (self, 10);
  complete (self);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
  run (self, "touch -d '2001-01-01' 'received/file 5' 'received/file 0'");
  complete (self);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
  run (self, "diff -r sent received");
}

static void
assert_rights (Files *self, const char *rights)
{
  g_autofree char *command = g_strdup_printf (
      "cd received && test \"$(stat -c '%%a %%n' . start plain secret private none private/* | tr "
      "'\\n' ' ')\" = '%s '",
      rights);

  run (self, command);
}

/* The rights are those of the receiver, but for the owner's to execute, and a private file or
 * folder stays private. */
static void
test_rights (Files *self, gconstpointer data)
{
  mode_t mask = umask (022);

  run (self, "mkdir -p sent && cd sent && mkdir -m 700 private none && touch start plain secret "
             "private/key private/open && chmod 775 start && chmod 666 plain private/open && chmod "
             "600 secret private/key");
  complete (self);
  g_assert_cmpuint (
      ibb_files_metadata_get_n_files (ibb_files_transfer_get_metadata (self->offered)), ==, 7);
  assert_rights (self, "755 . 755 start 644 plain 600 secret 700 private 700 none 600 private/key "
                       "644 private/open");
  run (self, "rm -r received && chmod 700 sent");
  umask (027);
  complete (self);
  assert_rights (self, "700 . 750 start 640 plain 600 secret 700 private 700 none 600 private/key "
                       "640 private/open");
  /* A file that is replaced gives its rights to the new one. */
  run (self, "for i in start plain secret; do echo old > received/$i; chmod 664 received/$i; done");
  self->existing = IBB_FILES_EXISTING_REPLACE;
  complete (self);
  assert_rights (self, "700 . 764 start 664 plain 600 secret 700 private 700 none 600 private/key "
                       "640 private/open");
  umask (mask);
}

/* Whatever this user may not read at the sender, or write at the receiver, fails alone. */
static void
test_denied (Files *self, gconstpointer data)
{
  make_small (self, 4);
  run (self, "cd sent && mkdir closed kept listed && for i in *d *t; do echo $i > $i/a; done && "
             "chmod 0 'file 1' closed && chmod 444 listed && mkdir -p ../received/kept && "
             "chmod 555 ../received/kept");
  fail_with (self, "4 of 7 files failed");
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_FAILED);
  run (self, "chmod 755 sent/closed sent/listed received/kept && chmod 644 'sent/file 1' && "
             "test \"$(find received -type f | sort | tr -d '\\n')\" = "
             "'received/file 0received/file 2received/file 3'");
  complete (self);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
  run (self, "diff -r sent received");
}

/* A sender that was started again, while the receiver still waits for its first transfer. */
static void
test_offered_again (Files *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) first = NULL;
  GAsyncResult                *again = NULL;

  begin_long (self);
  first = g_object_ref (self->offered);
  g_clear_object (&self->sent);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != first);
  accept_as (self, "received", &again);
  assert_result_fails (IBB_ERROR, IBB_ERROR_CONFLICT, ibb_files_transfer_accept_file_finish, first,
                       &self->result);
  /* Before, the first one could have ended in time. */
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ 0 });
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &again);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  run (self, "diff -r sent received");
}

/* Two folders of one name and account go into one place at the same time. */
static void
test_namesakes (Files *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) first = NULL;
  g_autoptr (IBBFilesTransfer) second = NULL;
  g_autoptr (IBBFilesTransfer) other = NULL;
  g_autofree char             *path = get_path (self, "other/sent");
  g_autoptr (GFile)            file = g_file_new_for_path (path);
  GAsyncResult                *offered = NULL;
  GAsyncResult                *first_result = NULL;

  run (self, "mkdir -p sent other/sent && echo 1 > sent/one && echo 22 > other/sent/two");
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL);
  first = g_object_ref (self->offered);
  ibb_files_service_offer_file_async (self->romeo, JULIET, file, NULL, NULL, store_result_cb,
                                      &offered);
  other = assert_result (ibb_files_service_offer_file_finish, self->romeo, &offered);
  wait_until (self->offered != first);
  second = g_object_ref (self->offered);
  accept_as (self, "received", &self->result);
  g_set_object (&self->offered, first);
  accept_as (self, "received", &first_result);
  assert_result (ibb_files_transfer_accept_file_finish, first, &first_result);
  assert_result (ibb_files_transfer_accept_file_finish, second, &self->result);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  assert_succeeds (ibb_files_transfer_wait, other, NULL);
  run (self, "cmp sent/one received/one && cmp other/sent/two received/two");
}

/* A peer that speaks the frames itself. */

static void
write_frame (IBBTransport *stream, guint8 type, const char *rest, gsize length)
{
  const guint8 header[] = { type, 0, (guint8) (length >> 8), (guint8) length, 0, 0, 0, 1 };

  write_bytes (stream, header, sizeof header);
  write_bytes (stream, rest, length);
}

static IBBTransport *
open_bundle (Files *self)
{
  g_autoptr (IBBSessionParams) params = ibb_session_params_new ();
  g_autoptr (IBBStanza)        answer = NULL;
  g_autoptr (IBBStanza)        request = NULL;
  GAsyncResult                *result = NULL;

  request = new_stanza (
      "<iq type='set' to='" JULIET "'><jingle xmlns='urn:xmpp:jingle:1' action='session-initiate' "
      "sid='s'><content creator='initiator' name='c'><description xmlns='urn:ibb-glib:folders:1'/>"
      "<transport xmlns='urn:xmpp:jingle:transports:ibb:1' block-size='4096' sid='b'/></content>"
      "</jingle></iq>");
  ibb_connection_query_async (self->romeo_connection, request, 0, NULL, store_result_cb, &result);
  answer = assert_result (ibb_connection_query_finish, self->romeo_connection, &result);
  ibb_session_params_set_sid (params, "b");
  ibb_session_params_set_block_size (params, 4096);
  ibb_session_params_set_agreed (params, TRUE);
  ibb_service_open_session_async (ibb_files_service_get_sessions (self->romeo), JULIET, params,
                                  NULL, store_result_cb, &result);
  return assert_result (ibb_service_open_session_finish,
                        ibb_files_service_get_sessions (self->romeo), &result);
}

/* No part stays of a file of which a byte too many came. */
static void
test_more_than_offered (Files *self, gconstpointer data)
{
  static const char        offer_of_file[] = "<file xmlns='urn:xmpp:jingle:apps:file-transfer:5'>"
                                             "<name>a</name><size>1000</size></file>";
  g_autoptr (IBBTransport) stream = open_bundle (self);
  g_autofree char         *bytes = g_strnfill (600, 'x');
  char                     accept[4096];
  GAsyncResult            *read = NULL;

  write_frame (stream, 1, offer_of_file, strlen (offer_of_file));
  accept_as (self, "received", &self->result);
  g_input_stream_read_async (get_input (stream), accept, sizeof accept, G_PRIORITY_DEFAULT, NULL,
                             store_result_cb, &read);
  assert_result (g_input_stream_read_finish, get_input (stream), &read);
  write_frame (stream, 3, bytes, 600);
  wait_until (ibb_files_transfer_get_bytes_moved (self->offered) == 600);
  g_assert_cmpuint (count_files (self), ==, 1);
  write_frame (stream, 3, bytes, 401);
  assert_result_fails (IBB_ERROR, IBB_ERROR_PROTOCOL, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  g_assert_cmpuint (count_files (self), ==, 0);
}

/* A peer that names what it likes. */

typedef struct
{
  IBBBundle *sender;
  IBBBundle *receiver;
  IBBMover  *mover; /* of the received folder */
  GString   *log;
  GError    *error;
} Peer;

static void
push (IBBBundle *from, IBBBundle *to)
{
  g_autoptr (GBytes) output = ibb_bundle_take_output (from);

  if (output != NULL)
    ibb_bundle_push (to, g_bytes_get_data (output, NULL), g_bytes_get_size (output));
}

static void
exchange (Peer *self)
{
  IBBBundleEvent event;

  push (self->sender, self->receiver);
  while (ibb_bundle_next (self->receiver, &event))
    if (event.folder > 0)
      self->mover->class->take (self->mover, self->receiver, &event, &self->error);
  g_assert_null (self->receiver->mistake);
  self->mover->class->flush (self->mover, self->receiver, &self->error);
  push (self->receiver, self->sender);
  while (ibb_bundle_next (self->sender, &event))
    if (event.type == IBB_BUNDLE_FAILED)
      g_string_append_printf (self->log, "failed:%s ", event.text);
    else if (event.type == IBB_BUNDLE_DELIVERED)
      g_string_append (self->log, "delivered ");
}

/* With an offer of the folder “root”, which is there, accepted. */
static void
peer_init (Peer *self, Files *files)
{
  g_autofree char             *path = get_path (files, "root");
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("root", 100);
  g_autoptr (GCancellable)     cancellable = g_cancellable_new ();
  IBBBundleEvent               event;

  *self = (Peer){ ibb_bundle_new (TRUE), ibb_bundle_new (FALSE) };
  ibb_files_metadata_set_folder (metadata, 100);
  self->log = g_string_new (NULL);
  self->mover = ibb_folder_sink_new_mover (path, ROMEO, metadata, IBB_SINK_FAIL, cancellable);
  assert_succeeds (self->mover->class->open, self->mover);
  ibb_bundle_offer (self->sender, metadata);
  push (self->sender, self->receiver);
  g_assert_true (ibb_bundle_next (self->receiver, &event));
  ibb_bundle_accept (self->receiver, 1, 0);
  exchange (self);
}

static void
peer_clear (Peer *self)
{
  ibb_mover_unref (self->mover);
  ibb_bundle_free (self->sender);
  ibb_bundle_free (self->receiver);
  g_string_free (self->log, TRUE);
}

static const guint8 hash_of_a[] = { 0xca, 0x97, 0x81, 0x12, 0xca, 0x1b, 0xbd, 0xca,
                                    0xfa, 0xc2, 0x31, 0xb3, 0x9a, 0x23, 0xdc, 0x4d,
                                    0xa7, 0x86, 0xef, 0xf8, 0x14, 0x7c, 0x4e, 0x72,
                                    0xb9, 0x80, 0x77, 0x85, 0xaf, 0xee, 0x48, 0xbb };

static void
send_entry (Peer *self, const char *path)
{
  gboolean                     is_folder = g_str_has_suffix (path, "//");
  g_autofree char             *name = g_strndup (path, strlen (path) - (is_folder ? 2 : 0));
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new (name, is_folder ? 0 : 1);
  guint32                      number;

  if (is_folder)
    ibb_files_metadata_set_folder (metadata, 0);
  number = ibb_bundle_offer_entry (self->sender, 1, metadata);
  exchange (self);
  if (!ibb_bundle_can_send (self->sender, number))
    return;
  if (!is_folder)
    ibb_bundle_send (self->sender, number, "a", 1);
  ibb_bundle_end (self->sender, number, hash_of_a);
  exchange (self);
}

#define BAD "failed:The name cannot be used "
#define UNABLE "failed:A file or a link is in the way of a folder "

static const struct
{
  const char *set_up; /* (nullable): a command */
  const char *paths;  /* by “|”; a folder ends in “//” */
  const char *log;
} entries[] = {
  { NULL, "a|b/c|b/d|e//", "delivered delivered delivered delivered " },
  { NULL, "../a|b/../../a|b/..|..|.|b/./a", BAD BAD BAD BAD BAD BAD },
  { NULL, "/a|b//a|b/|./a|/", BAD BAD BAD BAD BAD },
  { NULL,
    "b\\..\\a|.bashrc|.ibb-0123456789abcdef-1.part|a\xe2\x80\xae"
    "b",
    BAD BAD BAD BAD },
  { NULL, "a|a/b", "delivered " UNABLE },
  { NULL, "a/b|a|a//", "delivered failed:There is a file of this name already delivered " },
  { NULL, "a|a", "delivered failed:There is a file of this name already " },
  { "ln -s ../elsewhere root/b", "b/a|b//|b|a",
    UNABLE UNABLE "failed:There is a file of this name already delivered " },
  { "ln -s ../elsewhere/a root/a && mkfifo root/b", "a|b|b/c",
    "failed:There is a file of this name already failed:There is a file of this name "
    "already " UNABLE },
  { "ln -s ../elsewhere/a root/.ibb-0123456789abcdef-1.part", "a", "delivered " },
};

static void
test_hostile (Files *self, gconstpointer data)
{
  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      g_auto (GStrv) paths = g_strsplit (entries[i].paths, "|", -1);
      Peer           peer;

      run (self, "rm -rf root elsewhere && mkdir root elsewhere");
      if (entries[i].set_up != NULL)
        run (self, entries[i].set_up);
      peer_init (&peer, self);
      for (guint j = 0; paths[j] != NULL; j++)
        send_entry (&peer, paths[j]);
      g_test_message ("%s", entries[i].paths);
      g_assert_no_error (peer.error);
      g_assert_cmpstr (peer.log->str, ==, entries[i].log);
      run (self, "test -z \"$(ls -A elsewhere)\" && test ! -e a && test -z \"$(find root -name "
                 "'.ibb-*' -type f)\"");
      peer_clear (&peer);
    }
}

/* The folder in which a name was made that is not on the disk. */
static ino_t unsynced;

static ino_t
get_number (int fd)
{
  struct stat info;

  g_assert_cmpint (real_disk->stat (fd, NULL, &info), ==, 0);
  return info.st_ino;
}

static int
rename_and_note (int folder, const char *from, const char *to, gboolean replaces)
{
  int result = real_disk->rename (folder, from, to, replaces);

  if (result == 0)
    unsynced = get_number (folder);
  return result;
}

static int
sync_and_note (int fd)
{
  if (get_number (fd) == unsynced)
    unsynced = 0;
  return real_disk->sync (fd);
}

/* While the bytes of a file come another one is offered, in another folder or below a file: the
 * folder of the first one is synchronized before that is delivered. */
static void
test_other_folder (Files *self, gconstpointer data)
{
  IBBDisk                      disk = *ibb_disk;
  g_autoptr (IBBFilesMetadata) first = ibb_files_metadata_new ("x/a", 1);
  g_autoptr (IBBFilesMetadata) second = ibb_files_metadata_new (data, 1);
  Peer                         peer;
  guint32                      number;

  real_disk = ibb_disk;
  unsynced = 0;
  disk.rename = rename_and_note;
  disk.sync = sync_and_note;
  run (self, "mkdir root");
  peer_init (&peer, self);
  ibb_disk = &disk;
  send_entry (&peer, "file");
  number = ibb_bundle_offer_entry (peer.sender, 1, first);
  exchange (&peer);
  ibb_bundle_send (peer.sender, number, "a", 1);
  ibb_bundle_offer_entry (peer.sender, 1, second);
  exchange (&peer);
  g_assert_cmpint (unsynced, ==, 0);
  ibb_bundle_end (peer.sender, number, hash_of_a);
  exchange (&peer);
  ibb_disk = real_disk;
  g_assert_no_error (peer.error);
  g_assert_true (g_str_has_suffix (peer.log->str, "delivered "));
  g_assert_cmpint (unsynced, ==, 0);
  peer_clear (&peer);
}

#define add_test_of(path, data, set_up, function)                                                  \
  g_test_add ("/ibb/files/folder/" path, Files, data, set_up, function, tear_down)

/* Returns FALSE if this process is not root's, or nobody can make no files. */
static gboolean
become_nobody (void)
{
  return geteuid () == 0 && setgroups (0, NULL) == 0 && setgid (NOBODY) == 0 &&
         setuid (NOBODY) == 0 && access (g_get_tmp_dir (), W_OK | X_OK) == 0 &&
         prctl (PR_SET_DUMPABLE, 1) == 0; /* the search for leaks needs that */
}

int
main (int argc, char **argv)
{
  if (argc > 1 && g_str_equal (argv[argc - 1], "--as-nobody"))
    {
      if (!become_nobody ())
        {
          g_print (
              "1..0 # SKIP only root becomes nobody, who needs a folder for temporary files\n");
          return 0;
        }
      argc--;
    }
  test_init (&argc, &argv);
  add_test_of ("tree/plain", GUINT_TO_POINTER (2000), set_up, test_tree);
  add_test_of ("tree/private", GUINT_TO_POINTER (100), set_up_private, test_tree);
  add_test_of ("empty", NULL, set_up, test_empty);
  add_test_of ("again", NULL, set_up, test_again);
  add_test_of ("goes-on", NULL, set_up_private, test_goes_on);
  add_test_of ("cancelled/receiver", NULL, set_up, test_cancelled);
  add_test_of ("cancelled/sender", "", set_up, test_cancelled);
  add_test_of ("cancelled/late", NULL, set_up, test_cancelled_late);
  add_test_of ("changed", NULL, set_up, test_changed);
  add_test_of ("changed/known-first/clear", NULL, set_up, test_failed_first);
  add_test_of ("changed/known-first/private", NULL, set_up_private, test_failed_first);
  add_test_of ("changed/meanwhile", NULL, set_up, test_changed_meanwhile);
  add_test_of ("changed/date-put-back", "", set_up, test_changed_meanwhile);
  add_test_of ("different", NULL, set_up, test_different);
  add_test_of ("existing", NULL, set_up, test_existing);
  add_test_of ("no-place/link", "mkdir elsewhere && ln -s elsewhere received", set_up,
               test_no_place);
  add_test_of ("no-place/file", "mkdir elsewhere && touch received", set_up, test_no_place);
  add_test_of ("stream", NULL, set_up, test_stream);
  add_test_of ("unable", NULL, set_up, test_unable);
  add_test_of ("too-deep", NULL, set_up, test_too_deep);
  add_test_of ("bounds", NULL, set_up, test_bounds);
  add_test_of ("disk/full", "", set_up, test_disk);
  add_test_of ("disk/lost-names", NULL, set_up, test_disk);
  add_test_of ("disk/interrupted", NULL, set_up, test_interrupted);
  add_test_of ("file-system/even-dates", &even_dates, set_up, test_file_system);
  add_test_of ("file-system/other-numbers", &other_numbers, set_up, test_file_system);
  add_test_of ("file-system/read-only", &read_only, set_up, test_file_system);
  add_test_of ("file-system/numbered-twins", &numbered_twins, set_up, test_file_system);
  add_test_of ("file-system/folded-twins", &folded_twins, set_up, test_file_system);
  add_test_of ("rights", NULL, set_up, test_rights);
  if (geteuid () != 0)
    add_test_of ("denied", NULL, set_up, test_denied);
  add_test_of ("touched", NULL, set_up, test_touched);
  add_test_of ("disk/other-folder", "y/c", set_up, test_other_folder);
  add_test_of ("disk/no-folder", "file/c", set_up, test_other_folder);
  add_test_of ("offered-again", NULL, set_up_private, test_offered_again);
  add_test_of ("namesakes", NULL, set_up, test_namesakes);
  add_test_of ("more-than-offered", NULL, set_up, test_more_than_offered);
  add_test_of ("hostile", NULL, set_up, test_hostile);
  return g_test_run ();
}
