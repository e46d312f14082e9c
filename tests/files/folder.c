/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Folders: whole trees between two ends, in private and in the clear; what goes on after an
 * interruption; files that fail. */

#include "config.h"

#include "folder-ends.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
test_tree (Files *self, gconstpointer data)
{
  guint              n_small = GPOINTER_TO_UINT (data);
  g_autofree char   *path = get_path (self, "received/deep/er/old");
  IBBFilesMetadata  *metadata;
  struct stat        info;
  const char *const *left_out;
  guint              n_left_out;

  make_small (self, n_small);
  run (self, "mkdir -p sent/deep/er/est sent/empty && cp sent/file*9 sent/deep && echo x > "
             "sent/deep/er/old && touch -d @1000000000 sent/deep/er/old");
  make_large (self, "sent/deep/large", 3000000);
  run (self, "mkfifo sent/pipe && ln -s /etc sent/deep/link && touch sent/.hidden && "
             "touch -d @1000000001 sent");
  complete (self);
  left_out = ibb_files_transfer_get_left_out (self->sent);
  g_object_get (self->sent, "n-left-out", &n_left_out, NULL);
  g_assert_cmpuint (n_left_out, ==, 3);
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
  assert_says (self->sent, "1 of 21 files failed; the first is “large”");
  run (self, "rm sent/large && diff -r sent received");
}

/* Files have changed since the offer, one in its date alone; the others arrive. */
static void
test_changed (Files *self, gconstpointer data)
{
  make_small (self, 10);
  self->sent = offer (self, JULIET);
  wait_until (self->offered != NULL);
  run (self,
       "echo more >> 'sent/file 5' && rm 'sent/file 6' && touch -d '2001-01-01' 'sent/file 7'");
  accept_as (self, "received", &self->result);
  assert_result_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_accept_file_finish,
                       self->offered, &self->result);
  assert_fails (IBB_ERROR, IBB_ERROR_FAILED, ibb_files_transfer_wait, self->sent, NULL);
  run (self, "rm 'sent/file 5' 'sent/file 7' && diff -r sent received");
  assert_says (self->sent, "3 of 10 files failed; the first is “file 5”");
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
  assert_says (self->offered, "1 of 10 files failed; the first is “file 6”");
}

/* XML cannot have two characters of UTF-8: names that have one are left out, and do not become one.
 */
static void
test_unsayable (Files *self, gconstpointer data)
{
  const char *const *left_out;

  run (self, "mkdir -p sent/a\xef\xbf\xbe sent/a\xef\xbf\xbf && cd sent && "
             "touch a\xef\xbf\xbe/one a\xef\xbf\xbf/one b b\xef\xbf\xbf \xef\xbf\xbd");
  complete (self);
  left_out = ibb_files_transfer_get_left_out (self->sent);
  g_assert_cmpuint (g_strv_length ((char **) left_out), ==, 3);
  g_assert_true (g_strv_contains (left_out, "a\xef\xbf\xbe"));
  g_assert_true (g_strv_contains (left_out, "a\xef\xbf\xbf"));
  g_assert_true (g_strv_contains (left_out, "b\xef\xbf\xbf"));
  run (self, "rm -r sent/a* sent/b?* && diff -r sent received");
}

/* A file that looks the same and is not stays. */
static void
test_different (Files *self, gconstpointer data)
{
  make_small (self, 10);
  run (self, "mkdir received && tr '\\0-\\377' x < 'sent/file 5' > 'received/file 5' && "
             "touch -r 'sent/file 5' 'received/file 5'");
  fail_with (self, "1 of 10 files failed; the first is “file 5”");
  assert_says (self->sent, "“There is a file of this name already”");
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
  g_autoptr (GInputStream)  bytes = g_memory_input_stream_new ();

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
  ibb_files_service_offer_stream_async (self->romeo, JULIET, bytes,
                                        ibb_files_transfer_get_metadata (self->offered), NULL,
                                        store_result_cb, &self->result);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED, ibb_files_service_offer_stream_finish,
                       self->romeo, &self->result);
}

/* Longer than a server takes, so that nothing of the description is sent. */
static void
test_too_long (Files *self, gconstpointer data)
{
  g_autofree char             *path = get_path (self, "sent");
  g_autoptr (GFile)            folder = g_file_new_for_path (path);
  g_autofree char             *text = g_strnfill (12 * 1024 * 1024, 'd');
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("a", 0);

  run (self, "mkdir sent");
  ibb_files_metadata_set_description (metadata, text);
  ibb_files_service_offer_file_async (self->romeo, JULIET, folder, metadata, NULL, store_result_cb,
                                      &self->result);
  self->sent = assert_result (ibb_files_service_offer_file_finish, self->romeo, &self->result);
  assert_fails (G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, ibb_files_transfer_wait, self->sent, NULL);
}

/* An end without an identity offers nothing to one with an identity, and the reverse. */
static void
test_unable (Files *self, gconstpointer data)
{
  make_small (self, 1);
  set_identity (self, self->juliet, TRUE);
  assert_no_offer (self, IBB_ERROR_FEATURE_NOT_IMPLEMENTED, "does not receive");
  ibb_files_service_set_identity (self->juliet, NULL);
  set_identity (self, self->romeo, TRUE);
  assert_no_offer (self, IBB_ERROR_FEATURE_NOT_IMPLEMENTED, "does not receive");
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

/* A program that was killed says nothing, and its server answers in its place. */

static IBBConnection *killed; /* (nullable) */

static gboolean (*send_really) (IBBConnection *self, IBBStanza *stanza, GError **error);

static gboolean
send_without_killed (IBBConnection *self, IBBStanza *stanza, GError **error)
{
  g_autofree char      *xml = NULL;
  g_autoptr (IBBStanza) bounce = NULL;

  if (self == killed)
    return TRUE;
  if (g_strcmp0 (ibb_stanza_get_to (stanza), ROMEO) != 0 ||
      !g_str_equal (ibb_stanza_get_name (stanza), "iq") ||
      (g_strcmp0 (ibb_stanza_get_kind (stanza), "set") != 0 &&
       g_strcmp0 (ibb_stanza_get_kind (stanza), "get") != 0))
    return send_really (self, stanza, error);
  xml = g_markup_printf_escaped (
      "<iq type='error' id='%s' to='%s'><error type='cancel'><service-unavailable "
      "xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
      ibb_stanza_get_id (stanza), JULIET);
  bounce = ibb_stanza_new_from_xml (xml, -1, NULL);
  return send_really (killed, bounce, error);
}

/* A sender that was started again, while the receiver still waits for its first transfer. */
static void
test_offered_again (Files *self, gconstpointer data)
{
  g_autoptr (IBBFilesTransfer) first = NULL;
  g_autoptr (IBBFilesTransfer) second = NULL;
  g_autofree char             *path = get_path (self, "sent");
  g_autoptr (GFile)            file = g_file_new_for_path (path);
  IBBConnection               *connection;
  IBBFilesService             *service;
  GAsyncResult                *again = NULL;

  begin_long (self);
  first = g_object_ref (self->offered);
  killed = self->romeo_connection;
  send_really = IBB_CONNECTION_GET_IFACE (killed)->send;
  IBB_CONNECTION_GET_IFACE (killed)->send = send_without_killed;
  connection = ibb_loopback_attach (self->loopback, "romeo@montague.example/again");
  service = ibb_files_service_new (connection);
  set_identity (self, service, TRUE);
  ibb_files_service_offer_file_async (service, JULIET, file, NULL, NULL, store_result_cb, &again);
  second = assert_result (ibb_files_service_offer_file_finish, service, &again);
  wait_until (self->offered != first);
  accept_as (self, "received", &again);
  assert_result_fails (IBB_ERROR, IBB_ERROR_CONFLICT, ibb_files_transfer_accept_file_finish, first,
                       &self->result);
  ibb_loopback_set_faults (self->loopback, &(IBBHubFaults){ 0 });
  assert_result (ibb_files_transfer_accept_file_finish, self->offered, &again);
  assert_succeeds (ibb_files_transfer_wait, second, NULL);
  g_assert_cmpuint (ibb_files_transfer_get_bytes_resumed (second), >, LONG / 100);
  run (self, "diff -r sent received");
  IBB_CONNECTION_GET_IFACE (killed)->send = send_really;
  ibb_files_transfer_cancel (self->sent);
  wait_until (ibb_files_transfer_get_state (self->sent) == IBB_FILES_STATE_FAILED);
  g_clear_object (&second);
  drop_and_wait (service);
  drop_and_wait (connection);
}

/* Two folders of one name and account go into one place at the same time, and may look the same. */
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

  run (self, "mkdir -p sent other/sent && echo 1 > sent/one && touch -d @1000000000 sent");
  run (self, data);
  run (self, "touch -d @1000000000 other/sent");
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

int
main (int argc, char **argv)
{
  if (!begin_as_user (&argc, &argv))
    return 0;
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
  add_test_of ("unsayable", NULL, set_up, test_unsayable);
  add_test_of ("different", NULL, set_up, test_different);
  add_test_of ("existing", NULL, set_up, test_existing);
  add_test_of ("no-place/link", "mkdir elsewhere && ln -s elsewhere received", set_up,
               test_no_place);
  add_test_of ("no-place/file", "mkdir elsewhere && touch received", set_up, test_no_place);
  add_test_of ("stream", NULL, set_up, test_stream);
  add_test_of ("too-long", NULL, set_up, test_too_long);
  add_test_of ("unable", NULL, set_up, test_unable);
  add_test_of ("rights", NULL, set_up, test_rights);
  if (geteuid () != 0)
    add_test_of ("denied", NULL, set_up, test_denied);
  add_test_of ("touched", NULL, set_up, test_touched);
  add_test_of ("offered-again", NULL, set_up_private, test_offered_again);
  add_test_of ("namesakes/different", "echo 22 > other/sent/two", set_up, test_namesakes);
  add_test_of ("namesakes/alike", "echo 2 > other/sent/two", set_up, test_namesakes);
  add_test_of ("namesakes/private", "echo 2 > other/sent/two", set_up_private, test_namesakes);
  return g_test_run ();
}
