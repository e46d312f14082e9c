/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files between two programs that use the library. */

#include "config.h"

#include "../lib/list-mirror.h"
#include "ends.h"

#include "base/disk.h"
#include "files/protocol/bundle.h"

#include <fcntl.h>
#include <gio/gunixinputstream.h>
#include <gio/gunixoutputstream.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static void
assert_accept_fails (Files *self, GQuark domain, int code)
{
  assert_result_fails (domain, code, ibb_files_transfer_accept_file_finish, self->offered,
                       &self->result);
}

static void
assert_arrives (Files *self, gsize size)
{
  g_autoptr (GFile) file = NULL;
  g_autofree char  *peer_jid = NULL;
  guint64           moved;
  double            progress;
  IBBFilesState     state;
  IBBFilesWay       way;
  struct stat       info;

  begin (self, size);
  accept_as (self, "received", &self->result);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  assert_content (self, "received", self->bytes);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
  g_assert_cmpint (ibb_files_transfer_get_way (self->sent), ==, IBB_FILES_WAY_JINGLE);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_moved (self->sent), ==, size);
  g_assert_cmpuint (GPOINTER_TO_SIZE (g_object_get_data (G_OBJECT (self->sent), "moved")), ==,
                    size);
  g_assert_cmpfloat (ibb_files_transfer_get_progress (self->sent), >=, 1);
  g_assert_cmpfloat (ibb_files_transfer_get_progress (self->offered), >=, 1);
  g_object_get (self->offered, "file", &file, "peer-jid", &peer_jid, "bytes-moved", &moved,
                "progress", &progress, "state", &state, "way", &way, NULL);
  g_assert_true (file == ibb_files_transfer_get_file (self->offered));
  g_assert_cmpstr (peer_jid, ==, ROMEO);
  /* A file that goes alone has the date of its arrival. */
  g_assert_cmpint (stat (g_file_peek_path (file), &info), ==, 0);
  g_assert_cmpint (info.st_mtime, >, 0);
  g_assert_cmpuint (count_notified (self->offered, "file"), ==, 1);
  g_assert_cmpuint (count_notified (self->offered, "progress"), >, 0);
  g_assert_cmpuint (count_notified (self->offered, "error"), ==, 0);
  g_assert_cmpuint (moved, ==, size);
  g_assert_cmpfloat (progress, >=, 1);
  g_assert_cmpint (state, ==, IBB_FILES_STATE_DELIVERED);
  g_assert_cmpint (way, ==, IBB_FILES_WAY_JINGLE);
  g_assert_cmpuint (count_files (self), ==, 2);
}

static void
test_whole (Files *self, gconstpointer data)
{
  assert_arrives (self, GPOINTER_TO_SIZE (data));
  g_assert_cmpstr (ibb_files_transfer_get_peer_jid (self->offered), ==, ROMEO);
}

/* In the clear the frames of a small file have no padding, as nothing is hidden. */
static void
test_small (Files *self, gconstpointer data)
{
  assert_arrives (self, 10);
  g_assert_cmpuint (
      ibb_transport_get_bytes_acknowledged (ibb_files_transfer_get_transport (self->sent)), <,
      1000);
}

/* What the offer says about the file. */
static void
test_metadata (Files *self, gconstpointer data)
{
  g_autoptr (GInputStream)     stream = g_memory_input_stream_new_from_data ("abc", 3, NULL);
  g_autoptr (GOutputStream)    sink = g_memory_output_stream_new_resizable ();
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a<b>\"\1.txt", 3);
  g_autoptr (GDateTime)        date = g_date_time_new_utc (2026, 11, 26, 18, 5, 7);
  const char                  *hash = "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=";
  IBBFilesMetadata            *seen;

  ibb_files_metadata_set_media_type (metadata, "text/plain");
  ibb_files_metadata_set_hash (metadata, "sha-256", hash);
  ibb_files_metadata_set_description (metadata, "Read &\tburn");
  ibb_files_metadata_set_date (metadata, date);
  ibb_files_service_offer_stream_async (self->romeo, JULIET, stream, metadata, NULL,
                                        store_result_cb, &self->result);
  self->sent = assert_result (ibb_files_service_offer_stream_finish, self->romeo, &self->result);
  wait_until (self->offered != NULL);
  seen = ibb_files_transfer_get_metadata (self->offered);
  g_assert_cmpstr (ibb_files_metadata_get_name (seen), ==,
                   "a<b>\"�.txt"); /* XML has no such character */
  g_assert_cmpuint (ibb_files_metadata_get_size (seen), ==, 3);
  g_assert_cmpstr (ibb_files_metadata_get_media_type (seen), ==, "text/plain");
  g_assert_cmpstr (ibb_files_metadata_get_description (seen), ==, "Read &\tburn");
  g_assert_true (g_date_time_equal (ibb_files_metadata_get_date (seen), date));
  g_assert_cmpstr (ibb_files_metadata_get_hash (seen, "sha-256"), ==, hash);

  ibb_files_transfer_accept_stream_async (self->offered, sink, NULL, store_result_cb,
                                          &self->result);
  assert_result (ibb_files_transfer_accept_stream_finish, self->offered, &self->result);
  g_assert_cmpmem (g_memory_output_stream_get_data (G_MEMORY_OUTPUT_STREAM (sink)),
                   g_memory_output_stream_get_data_size (G_MEMORY_OUTPUT_STREAM (sink)), "abc", 3);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
}

/* The bytes are not where the application wants them before the stream is flushed. */
static void
test_flush_fails (Files *self, gconstpointer data)
{
  int                       fd = open ("/dev/full", O_WRONLY | O_CLOEXEC);
  g_autoptr (GOutputStream) full = NULL;
  g_autoptr (GOutputStream) sink = NULL;
  g_autoptr (GError)        error = NULL;

  g_assert_cmpint (fd, >=, 0);
  full = g_unix_output_stream_new (fd, TRUE);
  sink = g_buffered_output_stream_new_sized (full, 10000);
  begin (self, 1000);
  wait_until (self->offered != NULL);
  ibb_files_transfer_accept_stream_async (self->offered, sink, NULL, store_result_cb,
                                          &self->result);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_NO_SPACE, ibb_files_transfer_accept_stream_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  error = ibb_files_transfer_dup_error (self->sent);
  g_assert_nonnull (strstr (error->message, "“The disk is full”"));
}

/* What the application does with the metadata after the offer is no part of it. */
static void
test_metadata_reused (Files *self, gconstpointer data)
{
  g_autoptr (GInputStream)     stream = g_memory_input_stream_new_from_data ("abc", 3, NULL);
  g_autoptr (GOutputStream)    sink = g_memory_output_stream_new_resizable ();
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 3);
  g_autofree char             *text = g_strnfill (20000, 'd');

  ibb_files_service_offer_stream_async (self->romeo, JULIET, stream, metadata, NULL,
                                        store_result_cb, &self->result);
  self->sent = assert_result (ibb_files_service_offer_stream_finish, self->romeo, &self->result);
  ibb_files_metadata_set_description (metadata, text);
  wait_until (self->offered != NULL);
  ibb_files_transfer_accept_stream_async (self->offered, sink, NULL, store_result_cb,
                                          &self->result);
  assert_result (ibb_files_transfer_accept_stream_finish, self->offered, &self->result);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
}

static void
assert_ends (IBBFilesTransfer *transfer, GQuark domain, int code)
{
  g_autoptr (GError) error = NULL;

  assert_fails (domain, code, ibb_files_transfer_wait, transfer, NULL);
  g_assert_cmpint (ibb_files_transfer_get_state (transfer), ==, IBB_FILES_STATE_FAILED);
  error = ibb_files_transfer_dup_error (transfer);
  g_assert_error (error, domain, code);
  g_assert_cmpuint (count_notified (transfer, "error"), ==, 1);
  g_assert_cmpuint (count_notified (transfer, "file"), ==, 0);
}

static void
assert_says (IBBFilesTransfer *transfer, const char *words)
{
  g_autoptr (GError) error = ibb_files_transfer_dup_error (transfer);

  g_test_message ("%s", error->message);
  g_assert_nonnull (strstr (error->message, words));
}

/* Who does not answer, refuses. */
static void
test_refused (Files *self, gconstpointer data)
{
  self->refuses = GPOINTER_TO_INT (data);
  begin (self, 10);
  wait_until (self->offered != NULL);
  if (!self->refuses)
    ibb_files_transfer_refuse (self->offered, "Not now");
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FORBIDDEN);
  assert_ends (self->offered, IBB_ERROR, IBB_ERROR_FORBIDDEN);
  if (!self->refuses)
    assert_says (self->sent, "“Not now”");
  g_assert_cmpuint (count_files (self), ==, 1);
}

/* Makes a part of the offered file. */
static char *
plant_part (Files *self, const char *bytes)
{
  IBBFilesMetadata *metadata = ibb_files_transfer_get_metadata (self->offered);
  g_autofree char  *account = g_strndup (ROMEO, strcspn (ROMEO, "/"));
  g_autofree char  *text = g_strdup_printf (
       "%s\n%s\n%" G_GUINT64_FORMAT "\n%" G_GINT64_FORMAT, account,
       ibb_files_metadata_get_name (metadata), ibb_files_metadata_get_size (metadata),
       g_date_time_to_unix (ibb_files_metadata_get_date (metadata)));
  g_autofree char *digest = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autofree char *name = g_strdup_printf (".ibb-%.16s-1.part", digest);
  char            *path = get_path (self, name);

  g_assert_true (g_file_set_contents (path, bytes, -1, NULL));
  return path;
}

/* The parts in a folder: those that a transfer has locked stay. */
static void
test_parts (Files *self, gconstpointer data)
{
  g_autoptr (GFile)        folder = g_file_new_for_path (self->folder);
  g_autoptr (GFile)        remote = g_file_new_for_uri ("http://example.org/");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  g_autoptr (GPtrArray)    parts = NULL;
  g_autoptr (GPtrArray)    used = NULL;
  g_autoptr (IBBFilesPart) part = NULL;
  g_autofree char         *path = NULL;
  int                      fd;

  begin (self, 10);
  wait_until (self->offered != NULL);
  g_assert_cmpuint (ibb_files_part_query_stored (self->offered, folder), ==, 0);
  g_assert_cmpuint (ibb_files_part_query_stored (self->offered, remote), ==, 0);
  path = plant_part (self, "0123");
  g_assert_cmpuint (ibb_files_part_query_stored (self->offered, folder), ==, 4);

  parts = assert_succeeds (ibb_files_part_list, folder, NULL);
  g_assert_cmpuint (parts->len, ==, 1);
  part = ibb_files_part_copy (g_ptr_array_index (parts, 0));
  g_assert_cmpstr (part->path, ==, path);
  g_assert_cmpuint (part->size, ==, 4);
  g_assert_cmpint (part->time, >, 0);
  g_assert_false (part->is_in_use);

  fd = open (path, O_RDONLY);
  g_assert_cmpint (flock (fd, LOCK_EX), ==, 0);
  used = assert_succeeds (ibb_files_part_list, folder, NULL);
  g_assert_true (((IBBFilesPart *) g_ptr_array_index (used, 0))->is_in_use);
  assert_fails (G_IO_ERROR, G_IO_ERROR_BUSY, ibb_files_part_remove, part, NULL);
  close (fd);

  g_cancellable_cancel (cancelled);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_files_part_list, folder, cancelled);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_files_part_remove, part, cancelled);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, ibb_files_part_list, remote, NULL);
  assert_succeeds (ibb_files_part_remove, part, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, ibb_files_part_remove, part, NULL);
  g_assert_cmpuint (ibb_files_part_query_stored (self->offered, folder), ==, 0);
  ibb_files_transfer_refuse (self->offered, NULL);
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FORBIDDEN);
}

/* The sender cannot read the bytes that the receiver has from an earlier transfer: they have moved
 * nevertheless. */
static void
test_resumed_unread (Files *self, gconstpointer data)
{
  g_autoptr (GInputStream)     stream = g_memory_input_stream_new ();
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("received", 10);
  g_autoptr (GDateTime)        date = g_date_time_new_from_unix_utc (1000000000);
  g_autofree char             *path = NULL;

  ibb_files_metadata_set_date (metadata, date);
  ibb_files_service_offer_stream_async (self->romeo, JULIET, stream, metadata, NULL,
                                        store_result_cb, &self->result);
  self->sent = assert_result (ibb_files_service_offer_stream_finish, self->romeo, &self->result);
  wait_until (self->offered != NULL);
  path = plant_part (self, "0123");
  accept_as (self, "received", &self->result);
  assert_fails (G_IO_ERROR, G_IO_ERROR_PARTIAL_INPUT, ibb_files_transfer_wait, self->sent, NULL);
  wait_until (self->result != NULL);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (self->sent), ==, 4);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_moved (self->sent), ==, 4);
}

/* A wait and an offer end at once when they are cancelled; the transfer goes on without the wait.
 */
static void
test_cancelled_calls (Files *self, gconstpointer data)
{
  g_autoptr (GCancellable)     cancellable = g_cancellable_new ();
  g_autoptr (GInputStream)     stream = g_memory_input_stream_new ();
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 0);
  g_autoptr (IBBService)       sessions = NULL;

  g_object_get (self->romeo, "sessions", &sessions, NULL);
  g_assert_true (sessions == ibb_files_service_get_sessions (self->romeo));

  /* Nothing answers. */
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ .drop_probability = 1 });
  ibb_files_service_offer_stream_async (self->romeo, JULIET, stream, metadata, cancellable,
                                        store_result_cb, &self->result);
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_files_service_offer_stream_finish,
                       self->romeo, &self->result);
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ 0 });

  g_cancellable_reset (cancellable);
  begin (self, 10);
  wait_until (self->offered != NULL);
  ibb_files_transfer_wait_async (self->sent, cancellable, store_result_cb, &self->result);
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_files_transfer_wait_finish, self->sent,
                       &self->result);
  ibb_files_transfer_refuse (self->offered, NULL);
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FORBIDDEN);
}

static void
assert_written (Files *self, const char *text)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (text, strlen (text));

  assert_content (self, "written", bytes);
  g_assert_cmpuint (count_files (self), ==, 2);
}

/* A stream is a file, by the name “written” or by a link to that, after a good close only. */
static void
test_output_stream (Files *self, gconstpointer data)
{
  g_autofree char         *path = get_path (self, "written");
  g_autofree char         *link_path = get_path (self, "link");
  g_autofree char         *lost_path = get_path (self, "none/written");
  g_autoptr (GFile)        place = g_file_new_for_path (path);
  g_autoptr (GFile)        link = g_file_new_for_path (link_path);
  g_autoptr (GFile)        lost = g_file_new_for_path (lost_path);
  g_autoptr (GFile)        folder = g_file_new_for_path (self->folder);
  g_autoptr (GFile)        device = g_file_new_for_path ("/dev/null");
  g_autoptr (GFile)        remote = g_file_new_for_uri ("http://example.org/");
  g_autoptr (GCancellable) cancelled = g_cancellable_new ();
  const char              *texts[] = { "one", "closed", "dropped", "three" };

  g_cancellable_cancel (cancelled);
  g_assert_cmpint (symlink ("written", link_path), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (IBBFilesOutputStream) file =
          assert_succeeds (ibb_files_output_stream_new, i == 3 ? link : place);
      GOutputStream   *stream = G_OUTPUT_STREAM (file);
      g_autofree char *none = ibb_files_output_stream_dup_part_path (file);
      g_autofree char *part = NULL;

      g_assert_null (none);
      assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_output_stream_write, stream, "x", 1,
                    cancelled);
      assert_succeeds (g_output_stream_write_all, stream, texts[i], strlen (texts[i]), NULL, NULL);
      part = ibb_files_output_stream_dup_part_path (file);
      g_assert_true (g_file_test (part, G_FILE_TEST_IS_REGULAR));
      g_assert_cmpint (g_file_test (path, G_FILE_TEST_EXISTS), ==, i > 0);
      if (i == 1)
        assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_output_stream_close, stream, cancelled);
      else if (i != 2)
        assert_succeeds (g_output_stream_close, stream, NULL);
      g_clear_object (&file);
      assert_written (self, i == 3 ? texts[3] : texts[0]);
    }
  g_assert_true (g_file_test (link_path, G_FILE_TEST_IS_SYMLINK));
  assert_fails (G_IO_ERROR, G_IO_ERROR_IS_DIRECTORY, ibb_files_output_stream_new, folder);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE, ibb_files_output_stream_new, device);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_FOUND, ibb_files_output_stream_new, lost);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, ibb_files_output_stream_new, remote);
}

static gssize
write_nothing (int fd, const void *data, gsize length, guint64 offset)
{
  errno = ENOSPC;
  return -1;
}

/* A stream that has lost a byte never becomes a file, though the disk has room again. */
static void
test_lost_output (Files *self, gconstpointer data)
{
  const IBBDisk                   *real = ibb_disk;
  IBBDisk                          disk = *real;
  g_autofree char                 *path = get_path (self, "written");
  g_autoptr (GFile)                place = g_file_new_for_path (path);
  g_autoptr (IBBFilesOutputStream) file = assert_succeeds (ibb_files_output_stream_new, place);
  GOutputStream                   *stream = G_OUTPUT_STREAM (file);

  disk.write = write_nothing;
  ibb_disk = &disk;
  assert_fails (G_IO_ERROR, G_IO_ERROR_NO_SPACE, g_output_stream_write, stream, "x", 1, NULL);
  ibb_disk = real;
  assert_fails (G_IO_ERROR, G_IO_ERROR_NO_SPACE, g_output_stream_write, stream, "x", 1, NULL);
  assert_fails (G_IO_ERROR, G_IO_ERROR_NO_SPACE, g_output_stream_close, stream, NULL);
  g_assert_false (g_file_test (path, G_FILE_TEST_EXISTS));
}

/* The sender learns why the receiver cannot go on. */
static void
test_disk_full (Files *self, gconstpointer data)
{
  g_autoptr (GFile)             full = g_file_new_for_path ("/dev/full");
  g_autoptr (GFileOutputStream) sink =
      assert_succeeds (g_file_append_to, full, G_FILE_CREATE_NONE, NULL);

  begin (self, 1000);
  wait_until (self->offered != NULL);
  ibb_files_transfer_accept_stream_async (self->offered, G_OUTPUT_STREAM (sink), NULL,
                                          store_result_cb, &self->result);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_NO_SPACE, ibb_files_transfer_accept_stream_finish,
                       self->offered, &self->result);
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FAILED);
  assert_says (self->sent, "“The disk is full”");
}

static void
cancel_cb (GListModel *list, guint position, guint n_removed, guint n_added, gpointer data)
{
  g_autoptr (IBBFilesTransfer) transfer = g_list_model_get_item (list, position);

  if (n_added > 0)
    ibb_files_transfer_cancel (transfer);
}

/* The services list the transfers that are not over. A handler may end one before it begins. */
static void
test_list (Files *self, gconstpointer data)
{
  g_autoptr (GPtrArray)        romeo = list_mirror_new (self->romeo);
  g_autoptr (GPtrArray)        juliet = list_mirror_new (self->juliet);
  g_autoptr (IBBFilesTransfer) cancelled = NULL;

  begin (self, 1000);
  wait_until (self->offered != NULL);
  g_assert_cmpuint (romeo->len, ==, 1);
  g_assert_true (g_ptr_array_index (romeo, 0) == self->sent);
  g_assert_cmpuint (juliet->len, ==, 1);
  g_assert_true (g_ptr_array_index (juliet, 0) == self->offered);

  ibb_files_transfer_refuse (self->offered, NULL);
  g_assert_cmpuint (juliet->len, ==, 0);
  wait_until (romeo->len == 0);
  g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_FAILED);

  g_signal_connect (self->romeo, "items-changed", G_CALLBACK (cancel_cb), NULL);
  cancelled = offer (self, JULIET);
  g_assert_cmpint (ibb_files_transfer_get_state (cancelled), ==, IBB_FILES_STATE_FAILED);
  g_assert_cmpuint (romeo->len, ==, 0);
}

/* A place that is taken: the offer is refused, the file stays. */
static void
test_exists (Files *self, gconstpointer data)
{
  begin (self, 10);
  accept_as (self, "sent", &self->result);
  assert_accept_fails (self, G_IO_ERROR, G_IO_ERROR_EXISTS);
  assert_ends (self->sent, IBB_ERROR, IBB_ERROR_FORBIDDEN);
  assert_content (self, "sent", self->bytes);
}

/* Bytes for as long as the test wants. */
#define LONG (4 * 1024 * 1024)

static void
begin_long (Files *self)
{
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ .rate = LONG / 20 });
  begin (self, LONG);
  accept_as (self, "received", &self->result);
  wait_until (ibb_files_transfer_get_bytes_moved (self->offered) > LONG / 100);
}

static void
hurry (Files *self)
{
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ 0 });
}

/* A disk that stands still when a file, or with its name the folder, goes to it. */

static const IBBDisk *real_disk;
static gboolean       stops_at_folder;
static int            stands_still; /* atomic */
static int            may_go_on;    /* atomic */

static int
sync_slowly (int fd)
{
  struct stat info;

  if (real_disk->stat (fd, NULL, &info) == 0 && (S_ISDIR (info.st_mode) != 0) == stops_at_folder)
    {
      g_atomic_int_set (&stands_still, TRUE);
      while (!g_atomic_int_get (&may_go_on))
        g_thread_yield ();
    }
  return real_disk->sync (fd);
}

/* Takes no bundle, as other programs: Romeo sends as to these, and as 1.0.0 sent to its own. */
static void
set_up_jingle (Files *self, gconstpointer data)
{
  set_up (self, data);
  ibb_connection_remove_feature (self->juliet_connection, "urn:ibb-glib:folders:1");
}

typedef struct
{
  const char *way;
  void (*set_up) (Files *self, gconstpointer data);
  gboolean is_sender; /* who cancels */
  gboolean is_late;   /* the file has its name */
} Cancelling;

/* Both ends say the same of a file that is cancelled while it gets its name: the receiver knows
 * which of the two came first. In private a sender that has sent all cannot cancel. Of another
 * program nobody waits for an answer. */
static void
test_cancelled_checking (Files *self, gconstpointer data)
{
  const Cancelling *cancelling = data;
  gboolean          is_private = cancelling->set_up == set_up_private;
  gboolean          is_bundle = cancelling->set_up != set_up_jingle;
  gboolean          is_received = cancelling->is_late || (is_private && cancelling->is_sender);
  IBBDisk           disk = *ibb_disk;
  GAsyncResult     *answer = NULL;
  g_auto (GStrv)    features = NULL;

  real_disk = ibb_disk;
  disk.sync = sync_slowly;
  stops_at_folder = cancelling->is_late;
  stands_still = may_go_on = FALSE;
  begin (self, 1000);
  ibb_disk = &disk;
  accept_as (self, "received", &self->result);
  poll_until (g_atomic_int_get (&stands_still) &&
              ibb_files_transfer_get_state (self->sent) == IBB_FILES_STATE_CHECKING);
  ibb_files_transfer_cancel (cancelling->is_sender ? self->sent : self->offered);
  /* What the ends have said to each other has been heard. */
  ibb_connection_query_features_async (self->romeo_connection, JULIET, NULL, store_result_cb,
                                       &answer);
  features = assert_result (ibb_connection_query_features_finish, self->romeo_connection, &answer);
  run_pending ();
  g_atomic_int_set (&may_go_on, TRUE);
  if (is_received)
    {
      assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
      assert_content (self, "received", self->bytes);
    }
  if (is_received && (is_bundle || !cancelling->is_sender))
    {
      assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
      g_assert_cmpint (ibb_files_transfer_get_state (self->sent), ==, IBB_FILES_STATE_DELIVERED);
    }
  else if (is_received)
    assert_ends (self->sent, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  else if (cancelling->is_sender)
    {
      assert_accept_fails (self, IBB_ERROR, IBB_ERROR_GONE);
      assert_ends (self->sent, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    }
  else
    {
      assert_accept_fails (self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      assert_ends (self->sent, IBB_ERROR, IBB_ERROR_GONE);
    }
  g_assert_cmpuint (count_files (self), ==, is_received ? 2 : 1);
  ibb_disk = real_disk;
}

static void
test_cancelled (Files *self, gconstpointer data)
{
  begin_long (self);
  if (GPOINTER_TO_INT (data))
    {
      ibb_files_transfer_cancel (self->sent);
      assert_ends (self->sent, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      assert_accept_fails (self, IBB_ERROR, IBB_ERROR_GONE);
    }
  else
    {
      ibb_files_transfer_cancel (self->offered);
      assert_accept_fails (self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      assert_ends (self->sent, IBB_ERROR, IBB_ERROR_GONE);
    }
  g_assert_cmpuint (count_files (self), ==, 1);
}

/* Ends the sender as if its program were killed: nobody ends the Jingle session. */
static void
break_off (Files *self)
{
  ibb_transport_abort (ibb_files_transfer_get_transport (self->sent));
  g_assert_false (ibb_files_transfer_wait (self->sent, NULL, NULL));
  wait_until (self->result != NULL);
  g_clear_object (&self->result);
  g_assert_cmpint (ibb_files_transfer_get_state (self->offered), ==, IBB_FILES_STATE_FAILED);
}

/* The same file to the same place. */
static IBBFilesTransfer *
offer_again (Files *self, GAsyncResult **result)
{
  IBBFilesTransfer *again;

  hurry (self);
  g_clear_object (&self->offered);
  again = offer (self, JULIET);
  accept_as (self, "received", result);
  return again;
}

/* As a binding reads it. */
static guint64
get_rate (IBBFilesTransfer *transfer)
{
  guint64 rate;

  g_object_get (transfer, "rate", &rate, NULL);
  return rate;
}

/* The same file again, after the first transfer has broken: what was received is not sent twice. */
static void
test_resumed (Files *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) again = NULL;
  guint64                      moved;

  begin_long (self);
  wait_until (ibb_files_transfer_get_rate (self->sent) > 0 && get_rate (self->offered) > 0);
  g_assert_cmpint (ibb_files_transfer_get_time_left (self->sent), >=, 0);
  break_off (self);
  g_assert_cmpuint (ibb_files_transfer_get_rate (self->sent), ==, 0);
  g_assert_cmpint (ibb_files_transfer_get_time_left (self->sent), ==, -1);
  moved = ibb_files_transfer_get_bytes_moved (self->offered);
  g_assert_cmpuint (moved, >, LONG / 100);
  g_assert_cmpuint (moved, <, LONG);
  g_assert_cmpuint (count_files (self), ==, 2);

  again = offer_again (self, &self->result);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  assert_succeeds (ibb_files_transfer_wait, again, NULL);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (again), ==, moved);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (self->offered), ==, moved);
  assert_content (self, "received", self->bytes);
  g_assert_cmpuint (count_files (self), ==, 2);
}

/* Returns the path of the only hidden file. */
static char *
find_part (Files *self)
{
  g_autoptr (GDir) dir = assert_succeeds (g_dir_open, self->folder, 0);
  const char      *name;
  char            *part = NULL;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (name[0] == '.')
      {
        g_assert_null (part);
        part = get_path (self, name);
      }
  return part;
}

static void
write_byte (const char *path)
{
  int fd = open (path, O_WRONLY);

  g_assert_cmpint (pwrite (fd, "", 1, 0), ==, 1);
  close (fd);
}

/* Another program writes to the part, or puts a link in its place, while the bytes come: the hash
 * is that of the file which would get the name. */
static void
test_planted (Files *self, gconstpointer data)
{
  g_autoptr (GBytes) small = make_bytes (10, 2);
  g_autoptr (GFile)  other = make_file (self, "other", small);
  g_autofree char   *part = NULL;
  gboolean           is_link = GPOINTER_TO_INT (data);

  begin_long (self);
  part = find_part (self);
  if (is_link)
    {
      g_assert_cmpint (g_remove (part), ==, 0);
      g_assert_cmpint (symlink (g_file_peek_path (other), part), ==, 0);
      hurry (self);
      assert_accept_fails (self, G_IO_ERROR, G_IO_ERROR_NOT_FOUND);
    }
  else
    {
      write_byte (part);
      hurry (self);
      assert_accept_fails (self, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
    }
  g_assert_false (ibb_files_transfer_wait (self->sent, NULL, NULL));
  assert_content (self, "other", small);
  /* The link is another's, and stays. */
  g_assert_cmpuint (count_files (self), ==, is_link ? 3 : 2);
}

/* Bytes of another file lie in the part: the hash of the whole is wrong, and they go. */
static void
test_wrong_part (Files *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) again = NULL;
  g_autofree char             *part = NULL;

  begin_long (self);
  break_off (self);
  part = find_part (self);
  assert_succeeds (g_file_set_contents, part, "other", 5);

  again = offer_again (self, &self->result);
  assert_accept_fails (self, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
  assert_ends (again, IBB_ERROR, IBB_ERROR_NOT_ACCEPTABLE);
  g_assert_cmpuint (count_files (self), ==, 1);
}

/* A file that changes while it is sent, and keeps its size, is an error at both ends, also if its
 * date is put back. */
static void
test_changed (Files *self, gconstpointer data)
{
  g_autofree char *path = get_path (self, "sent");

  begin_long (self);
  if (data != NULL)
    rewrite_in_place (path);
  else
    write_byte (path);
  hurry (self);
  assert_ends (self->sent, G_IO_ERROR, G_IO_ERROR_WRONG_ETAG);
  assert_accept_fails (self, IBB_ERROR, IBB_ERROR_FAILED);
  g_assert_cmpuint (count_files (self), ==, 2); /* the sender's, and the hidden one */
}

#define BOT "bot@gateway.example/files"

static char *responder; /* (nullable): whom the accept of a session names */

static gboolean
note_responder_cb (IBBConnection *connection, IBBStanza *stanza, gpointer data)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  IBBElement            *jingle = ibb_element_get_child (element, "jingle", "urn:xmpp:jingle:1");
  const char *jid = jingle != NULL ? ibb_element_get_attribute (jingle, "responder") : NULL;

  if (jid != NULL)
    responder = g_strdup (jid);
  return FALSE;
}

/* As a component does. */
static gboolean
answer_features_cb (IBBConnection *connection, IBBStanza *stanza, gpointer data)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  g_autoptr (GString)    xml = g_string_new (NULL);
  g_auto (GStrv)         features = ibb_connection_dup_features (connection);
  g_autoptr (IBBStanza)  answer = NULL;

  if (ibb_element_get_child (element, "query", "http://jabber.org/protocol/disco#info") == NULL)
    return FALSE;
  for (guint i = 0; features[i] != NULL; i++)
    g_string_append_printf (xml, "<feature var='%s'/>", features[i]);
  answer = new_stanza ("<iq type='result' from='%s' to='%s' id='%s'>"
                       "<query xmlns='http://jabber.org/protocol/disco#info'>%s</query></iq>",
                       ibb_stanza_get_to (stanza), ibb_stanza_get_from (stanza),
                       ibb_stanza_get_id (stanza), xml->str);
  assert_succeeds (ibb_connection_send, connection, answer);
  return TRUE;
}

/* Juliet is the component of a domain. */
static void
set_up_component (Files *self, gconstpointer data)
{
  StackConnection *romeo = stack_connection_new (ROMEO);
  StackConnection *juliet = stack_connection_new ("gateway.example");

  stack_connection_set_peer (romeo, juliet);
  stack_connection_set_peer (juliet, romeo);
  self->loopback = ibb_loopback_new ();
  self->folder = assert_succeeds (g_dir_make_tmp, "ibb-files-XXXXXX");
  self->romeo_connection = IBB_CONNECTION (romeo);
  self->juliet_connection = IBB_CONNECTION (juliet);
  g_signal_connect (romeo, "stanza-received", G_CALLBACK (note_responder_cb), NULL);
  g_signal_connect (juliet, "stanza-received", G_CALLBACK (answer_features_cb), NULL);
  self->romeo = ibb_files_service_new (self->romeo_connection);
  self->juliet = create_receiver (self, self->juliet_connection);
  if (data != NULL)
    ibb_connection_remove_feature (self->juliet_connection, data);
}

/* A file for one of its addresses comes there. */
static void
test_component (Files *self, gconstpointer data)
{
  g_autoptr (GBytes) bytes = make_bytes (1000, 1);
  g_autoptr (GFile)  file = make_file (self, "sent", bytes);

  self->sent = offer (self, BOT);
  accept_as (self, "received", &self->result);
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &self->result);
  assert_succeeds (ibb_files_transfer_wait, self->sent, NULL);
  assert_content (self, "received", bytes);
  g_assert_cmpstr (responder, ==, BOT);
  g_clear_pointer (&responder, g_free);
}

#define ROMEO_AGAIN "romeo@montague.example/vault"
#define JULIET_AGAIN "juliet@capulet.example/tomb"
#define HALF IBB_BUNDLE_DATA_MAX /* which a socket holds */

typedef struct
{
  const char *way;
  gboolean    is_sender; /* who logs in again */
} Moved;

static char *end_id; /* (nullable): of the word that ends the session of the file */
static char *answer; /* (nullable): the kind of the answer */

/* What is said of the session is for the address that its hearer has now. */
static gboolean
note_end_cb (IBBConnection *connection, IBBStanza *stanza, gpointer data)
{
  g_autoptr (IBBElement) element = ibb_stanza_dup_element (stanza);
  IBBElement            *jingle = ibb_element_get_child (element, "jingle", "urn:xmpp:jingle:1");
  const char            *id = ibb_stanza_get_id (stanza);
  const char            *kind = ibb_stanza_get_kind (stanza);
  g_autofree char       *jid = ibb_connection_dup_local_jid (connection);

  if (answer == NULL && g_strcmp0 (id, end_id) == 0)
    answer = g_strdup (kind);
  if (jingle == NULL || !g_str_equal (kind, "set"))
    return FALSE;
  g_assert_cmpstr (ibb_stanza_get_to (stanza), ==, jid);
  if (g_strcmp0 (ibb_element_get_attribute (jingle, "action"), "session-terminate") == 0)
    {
      g_assert_null (end_id);
      end_id = g_strdup (id);
    }
  return FALSE;
}

/* Each has a connection of its own, which may log in again. */
static void
set_up_moved (Files *self, gconstpointer data)
{
  const Moved     *moved = data;
  StackConnection *romeo = stack_connection_new (ROMEO);
  StackConnection *juliet = stack_connection_new (JULIET);

  stack_connection_set_peer (romeo, juliet);
  stack_connection_set_peer (juliet, romeo);
  self->loopback = ibb_loopback_new ();
  self->folder = assert_succeeds (g_dir_make_tmp, "ibb-files-XXXXXX");
  self->romeo_connection = IBB_CONNECTION (romeo);
  self->juliet_connection = IBB_CONNECTION (juliet);
  for (guint i = 0; i < 2; i++)
    {
      gpointer connection = i == 0 ? romeo : juliet;

      g_signal_connect (connection, "stanza-received", G_CALLBACK (note_end_cb), NULL);
      g_signal_connect (connection, "stanza-received", G_CALLBACK (answer_features_cb), NULL);
    }
  self->romeo = ibb_files_service_new (self->romeo_connection);
  self->juliet = create_receiver (self, self->juliet_connection);
  if (g_str_equal (moved->way, "jingle"))
    ibb_connection_remove_feature (self->juliet_connection, "urn:ibb-glib:folders:1");
  if (g_str_equal (moved->way, "private"))
    {
      set_identity (self, self->romeo, TRUE);
      set_identity (self, self->juliet, TRUE);
    }
}

static void
tear_down_moved (Files *self, gconstpointer data)
{
  tear_down (self, data);
  g_clear_pointer (&end_id, g_free);
  g_clear_pointer (&answer, g_free);
}

/* What was on its way is lost, and the resource is another one. */
static void
log_in_again (Files *self, gboolean is_sender)
{
  StackConnection *romeo = STACK_CONNECTION (self->romeo_connection);
  StackConnection *juliet = STACK_CONNECTION (self->juliet_connection);
  StackConnection *moved = is_sender ? romeo : juliet;

  stack_connection_set_peer (romeo, NULL);
  stack_connection_set_peer (juliet, NULL);
  g_queue_clear_full (&moved->inbox, (GDestroyNotify) ibb_stanza_unref);
  ibb_connection_set_state (IBB_CONNECTION (moved), IBB_CONNECTION_STATE_OFFLINE);
  run_pending ();
  g_free (moved->jid);
  moved->jid = g_strdup (is_sender ? ROMEO_AGAIN : JULIET_AGAIN);
  stack_connection_set_peer (romeo, juliet);
  stack_connection_set_peer (juliet, romeo);
  ibb_connection_set_state (IBB_CONNECTION (moved), IBB_CONNECTION_STATE_ONLINE);
  g_object_notify (G_OBJECT (moved), "local-jid");
}

static gboolean
has_peer (IBBFilesTransfer *transfer, const char *jid)
{
  IBBTransport    *transport = ibb_files_transfer_get_transport (transfer);
  g_autofree char *peer = transport != NULL ? ibb_transport_dup_peer_jid (transport) : NULL;

  return g_strcmp0 (peer, jid) == 0;
}

/* A file of which half is there: the other half never comes. */
static void
begin_half (Files *self, const int ends[2])
{
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("half", HALF * 2);
  g_autoptr (GInputStream)     stream = g_unix_input_stream_new (ends[0], FALSE);
  g_autoptr (GBytes)           bytes = make_bytes (HALF, 1);
  GAsyncResult                *result = NULL;

  g_assert_cmpint (write (ends[1], g_bytes_get_data (bytes, NULL), HALF), ==, HALF);
  ibb_files_service_offer_stream_async (self->romeo, JULIET, stream, metadata, NULL,
                                        store_result_cb, &result);
  self->sent = assert_result (ibb_files_service_offer_stream_finish, self->romeo, &result);
  accept_as (self, "received", &self->result);
  wait_until (ibb_files_transfer_get_bytes_moved (self->offered) > 0);
}

/* The session has gone on with another resource: its end goes there, or is taken from there. */
static void
test_moved (Files *self, gconstpointer data)
{
  const Moved      *moved = data;
  IBBFilesTransfer *stays;
  int               ends[2];

  g_assert_cmpint (socketpair (AF_UNIX, SOCK_STREAM, 0, ends), ==, 0);
  begin_half (self, ends);
  log_in_again (self, moved->is_sender);
  stays = moved->is_sender ? self->offered : self->sent;
  wait_until (has_peer (stays, moved->is_sender ? ROMEO_AGAIN : JULIET_AGAIN));
  g_assert_null (end_id);
  ibb_files_transfer_cancel (stays);
  if (moved->is_sender)
    {
      assert_accept_fails (self, G_IO_ERROR, G_IO_ERROR_CANCELLED);
      assert_fails (IBB_ERROR, IBB_ERROR_GONE, ibb_files_transfer_wait, self->sent, NULL);
    }
  else
    {
      assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_files_transfer_wait, self->sent, NULL);
      assert_accept_fails (self, IBB_ERROR, IBB_ERROR_GONE);
    }
  wait_until (answer != NULL);
  g_assert_cmpstr (answer, ==, "result");
  close (ends[0]);
  close (ends[1]);
}

/* Whom a file cannot be offered to. */
static void
test_no_way (Files *self, gconstpointer data)
{
  g_autoptr (IBBConnection) nurse = ibb_loopback_attach (self->loopback, "nurse@capulet.example/x");
  g_autoptr (GBytes)        bytes = make_bytes (10, 1);
  g_autoptr (GFile)         file = make_file (self, "sent", bytes);
  g_autoptr (GFile)         folder = g_file_new_for_path (self->folder);
  g_autoptr (GFile)         missing = g_file_get_child (folder, "missing");
  g_autoptr (GFile)         sizeless = g_file_new_for_path ("/proc/self/status");
  g_autoptr (IBBService)    plain = ibb_service_new (nurse);
  const struct
  {
    const char *jid;
    GFile      *file;
    GQuark      domain;
    int         code;
  } rows[] = {
    { "nurse@capulet.example/x", file, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED },
    { "nobody@capulet.example/x", file, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE },
    { "", file, IBB_ERROR, IBB_ERROR_JID_MALFORMED },
    { JULIET, missing, G_IO_ERROR, G_IO_ERROR_NOT_FOUND },
    { JULIET, sizeless, G_IO_ERROR, G_IO_ERROR_NOT_REGULAR_FILE },
  };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      ibb_files_service_offer_file_async (self->romeo, rows[i].jid, rows[i].file, NULL, NULL,
                                          store_result_cb, &self->result);
      assert_result_fails (rows[i].domain, rows[i].code, ibb_files_service_offer_file_finish,
                           self->romeo, &self->result);
    }
}

#define add_test_of(path, data, function)                                                          \
  g_test_add ("/ibb/files/transfers/" path, Files, data, set_up, function, tear_down)
/* The same as with another program, and in private. */
#define add_tests_of(path, data, function)                                                         \
  add_test_of (path, data, function);                                                              \
  g_test_add ("/ibb/files/transfers/jingle/" path, Files, data, set_up_jingle, function,           \
              tear_down);                                                                          \
  g_test_add ("/ibb/files/transfers/private/" path, Files, data, set_up_private, function,         \
              tear_down)

int
main (int argc, char **argv)
{
  static const Cancelling cancellings[] = {
    { "clear", set_up, FALSE, FALSE },
    { "clear", set_up, FALSE, TRUE },
    { "clear", set_up, TRUE, FALSE },
    { "clear", set_up, TRUE, TRUE },
    { "jingle", set_up_jingle, FALSE, FALSE },
    { "jingle", set_up_jingle, FALSE, TRUE },
    { "jingle", set_up_jingle, TRUE, FALSE },
    { "jingle", set_up_jingle, TRUE, TRUE },
    { "private", set_up_private, FALSE, FALSE },
    { "private", set_up_private, FALSE, TRUE },
    { "private", set_up_private, TRUE, FALSE },
    { "private", set_up_private, TRUE, TRUE },
  };
  /* The sender ends the session of a bundle. */
  static const Moved moves[] = {
    { "clear", FALSE },
    { "private", FALSE },
    { "jingle", FALSE },
    { "jingle", TRUE },
  };

  test_init (&argc, &argv);
  add_tests_of ("empty", GSIZE_TO_POINTER (0), test_whole);
  add_tests_of ("large", GSIZE_TO_POINTER (20 * 1024 * 1024), test_whole);
  add_test_of ("small", NULL, test_small);
  add_tests_of ("metadata", NULL, test_metadata);
  add_tests_of ("metadata-reused", NULL, test_metadata_reused);
  add_tests_of ("flush-fails", NULL, test_flush_fails);
  add_tests_of ("refused", GINT_TO_POINTER (FALSE), test_refused);
  add_tests_of ("not-answered", GINT_TO_POINTER (TRUE), test_refused);
  add_tests_of ("parts", NULL, test_parts);
  add_tests_of ("resumed/unread", NULL, test_resumed_unread);
  add_test_of ("cancelled/calls", NULL, test_cancelled_calls);
  add_test_of ("output-stream/whole", NULL, test_output_stream);
  add_test_of ("output-stream/lost", NULL, test_lost_output);
  add_tests_of ("disk-full", NULL, test_disk_full);
  add_tests_of ("exists", NULL, test_exists);
  add_tests_of ("list", NULL, test_list);
  add_tests_of ("cancelled/receiver", GINT_TO_POINTER (FALSE), test_cancelled);
  add_tests_of ("cancelled/sender", GINT_TO_POINTER (TRUE), test_cancelled);
  for (guint i = 0; i < G_N_ELEMENTS (cancellings); i++)
    {
      const Cancelling *cancelling = &cancellings[i];
      g_autofree char  *path = g_strdup_printf (
           "/ibb/files/transfers/cancelled/checking/%s/%s/%s", cancelling->way,
          cancelling->is_sender ? "sender" : "receiver", cancelling->is_late ? "late" : "early");

      g_test_add (path, Files, cancelling, cancelling->set_up, test_cancelled_checking, tear_down);
    }
  add_tests_of ("resumed", NULL, test_resumed);
  add_tests_of ("planted/bytes", GINT_TO_POINTER (FALSE), test_planted);
  add_tests_of ("planted/link", GINT_TO_POINTER (TRUE), test_planted);
  add_tests_of ("wrong-part", NULL, test_wrong_part);
  add_tests_of ("changed/byte", NULL, test_changed);
  add_tests_of ("changed/date-put-back", "", test_changed);
  g_test_add ("/ibb/files/transfers/component", Files, NULL, set_up_component, test_component,
              tear_down);
  g_test_add ("/ibb/files/transfers/jingle/component", Files, "urn:ibb-glib:folders:1",
              set_up_component, test_component, tear_down);
  add_tests_of ("no-way", NULL, test_no_way);
  for (guint i = 0; i < G_N_ELEMENTS (moves); i++)
    {
      g_autofree char *path = g_strdup_printf ("/ibb/files/transfers/moved/%s/%s", moves[i].way,
                                               moves[i].is_sender ? "sender" : "receiver");

      g_test_add (path, Files, &moves[i], set_up_moved, test_moved, tear_down_moved);
    }
  return g_test_run ();
}
