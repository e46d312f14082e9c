/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Transfers that are over and are kept, as a window with a list of them does. */

#include "config.h"

#include "../lib/process.h"
#include "ends.h"

#include <glib/gstdio.h>
#include <utime.h>

#define N_KEPT 100 /* transfers of each end */
#define SIZE 20000

typedef enum
{
  KIND_FILE,
  KIND_PRIVATE,
  KIND_FOLDER,
  KIND_JINGLE, /* as other programs do it */
  KIND_INITIATION,
  KIND_STREAM, /* a stream is sent, and received into a stream */
} Kind;

typedef enum
{
  END_DELIVERED,
  END_FAILED,
  END_SENDER_CANCELS,
  END_RECEIVER_CANCELS,
  END_REFUSED,
} End;

typedef struct
{
  Kind kind;
  End  end;
} Case;

/* What handlers see reads like what stays. */
static void
read_properties (IBBFilesTransfer *transfer)
{
  g_autoptr (IBBTransport) transport = NULL;
  g_autoptr (GFile)        file = NULL;
  g_autoptr (GError)       error = NULL;
  guint64                  moved, resumed, rate;
  double                   progress;
  int                      left;
  IBBFilesState            state;

  g_object_get (transfer, "transport", &transport, "file", &file, "error", &error, "bytes-moved",
                &moved, "bytes-resumed", &resumed, "rate", &rate, "progress", &progress,
                "time-left", &left, "state", &state, NULL);
  g_assert_cmpuint (resumed, <=, moved);
  g_assert_cmpuint (moved, <=,
                    ibb_files_metadata_get_size (ibb_files_transfer_get_metadata (transfer)));
  g_assert_true ((error != NULL) == (state == IBB_FILES_STATE_FAILED));
}

static void
notify_cb (IBBFilesTransfer *transfer, GParamSpec *pspec, const Case *data)
{
  IBBFilesDirection canceller =
      data->end == END_SENDER_CANCELS ? IBB_FILES_DIRECTION_SEND : IBB_FILES_DIRECTION_RECEIVE;

  read_properties (transfer);
  if (ibb_files_transfer_get_state (transfer) != IBB_FILES_STATE_ACTIVE ||
      ibb_files_transfer_get_direction (transfer) != canceller)
    return;
  if (data->end == END_FAILED)
    ibb_transport_abort (ibb_files_transfer_get_transport (transfer));
  else if (data->end == END_SENDER_CANCELS || data->end == END_RECEIVER_CANCELS)
    ibb_files_transfer_cancel (transfer);
}

static void
make_sent (Files *files, Kind kind)
{
  g_autoptr (GBytes) bytes = make_bytes (SIZE, 1);
  g_autofree char   *path = get_path (files, "sent");

  if (kind == KIND_FOLDER)
    g_assert_cmpint (g_mkdir (path, 0700), ==, 0);
  g_object_unref (make_file (files, kind == KIND_FOLDER ? "sent/one" : "sent", bytes));
}

/* What was offered changes before it is sent. */
static void
spoil_sent (Files *files, Kind kind, guint number)
{
  const struct utimbuf times = { number, number };
  g_autofree char     *path = get_path (files, kind == KIND_FOLDER ? "sent/one" : "sent");

  g_assert_cmpint (utime (path, &times), ==, 0);
}

/* The application has no reference to the stream after the call. size: more than the stream has, if
 * it is to fail. */
static void
send_stream (Files *files, guint64 size)
{
  g_autofree char             *path = get_path (files, "sent");
  g_autoptr (GFile)            file = g_file_new_for_path (path);
  g_autoptr (GFileInputStream) stream = assert_succeeds (g_file_read, file, NULL);
  g_autoptr (IBBFilesMetadata) metadata = ibb_files_metadata_new ("sent", size);

  ibb_files_service_offer_stream_async (files->romeo, JULIET, G_INPUT_STREAM (stream), metadata,
                                        NULL, store_result_cb, &files->result);
  files->sent = assert_result (ibb_files_service_offer_stream_finish, files->romeo, &files->result);
}

static void
receive_stream (Files *files, const char *path)
{
  g_autoptr (GFile)             file = g_file_new_for_path (path);
  g_autoptr (GFileOutputStream) stream =
      assert_succeeds (g_file_create, file, G_FILE_CREATE_NONE, NULL);

  ibb_files_transfer_accept_stream_async (files->offered, G_OUTPUT_STREAM (stream), NULL, NULL,
                                          NULL);
}

static void
receive_file (Files *files, const char *path)
{
  g_autoptr (GFile) file = g_file_new_for_path (path);

  ibb_files_transfer_accept_file_async (files->offered, file, IBB_FILES_EXISTING_FAIL, NULL, NULL,
                                        NULL);
}

static gboolean
is_over (IBBFilesTransfer *transfer)
{
  return ibb_files_transfer_get_state (transfer) >= IBB_FILES_STATE_SENT;
}

/* Whether the transfer ends before a byte moves, so that no byte that has come decides. Stream
 * initiation does not say that an offer is withdrawn. */
static gboolean
is_early (const Case *data, guint number)
{
  return number % 2 == 0 && !(data->kind == KIND_INITIATION && data->end == END_SENDER_CANCELS);
}

/* Keeps both ends. number: of the transfer. */
static void
transfer (Files *files, const Case *data, GPtrArray *kept, guint number)
{
  g_autofree char *name = g_strdup_printf ("received-%u", number);
  g_autofree char *path = get_path (files, name);

  g_clear_object (&files->sent);
  g_clear_object (&files->offered);
  if (data->kind == KIND_STREAM)
    send_stream (files, data->end == END_FAILED ? SIZE + 1 : SIZE);
  else
    files->sent = offer (files, JULIET);
  g_signal_connect (files->sent, "notify", G_CALLBACK (notify_cb), (gpointer) data);
  wait_until (files->offered != NULL);
  g_signal_connect (files->offered, "notify", G_CALLBACK (notify_cb), (gpointer) data);
  if (data->end == END_FAILED && is_early (data, number) && data->kind != KIND_STREAM)
    spoil_sent (files, data->kind, number);
  if (data->end == END_REFUSED)
    ibb_files_transfer_refuse (files->offered, NULL);
  else if (data->end == END_SENDER_CANCELS && is_early (data, number))
    ibb_files_transfer_cancel (files->sent);
  else if (data->kind == KIND_STREAM)
    receive_stream (files, path);
  else
    receive_file (files, path);
  wait_until (is_over (files->sent) && is_over (files->offered));
  g_ptr_array_add (kept, g_object_ref (files->sent));
  g_ptr_array_add (kept, g_object_ref (files->offered));
}

/* What ends while the bytes move may end in time. */
static void
assert_end (const Case *data, IBBFilesTransfer *transfer, guint number)
{
  IBBFilesState state = ibb_files_transfer_get_state (transfer);
  gboolean      is_delivered = state != IBB_FILES_STATE_FAILED;

  read_properties (transfer);
  if (is_early (data, number) || data->end == END_DELIVERED || data->end == END_REFUSED)
    g_assert_true (is_delivered == (data->end == END_DELIVERED));
  if (is_delivered)
    {
      g_assert_cmpuint (ibb_files_transfer_get_bytes_moved (transfer), ==, SIZE);
      g_assert_cmpfloat (ibb_files_transfer_get_progress (transfer), >=, 1);
    }
  g_assert_cmpuint (ibb_files_transfer_get_rate (transfer), ==, 0);
}

static void
test_kept (gconstpointer user_data)
{
  const Case           *data = user_data;
  Files                 files = { 0 };
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
  guint                 before;

  if (data->kind == KIND_PRIVATE)
    set_up_private (&files, NULL);
  else
    set_up (&files, NULL);
  if (data->kind == KIND_JINGLE)
    ibb_connection_remove_feature (files.juliet_connection, "urn:ibb-glib:folders:1");
  if (data->kind == KIND_INITIATION)
    ibb_connection_remove_feature (files.juliet_connection, "urn:xmpp:jingle:1");
  make_sent (&files, data->kind);
  /* What GLib opens once. */
  transfer (&files, data, kept, 0);
  before = process_count_descriptors ();
  for (guint i = 1; i <= N_KEPT; i++)
    transfer (&files, data, kept, i);
  /* Sessions end after what they have moved. */
  poll_until (process_count_threads ("ibb-file") == 0);
  poll_until (process_count_descriptors () <= before);
  for (guint i = 0; i < kept->len; i++)
    assert_end (data, g_ptr_array_index (kept, i), i / 2);
  g_clear_pointer (&kept, g_ptr_array_unref);
  tear_down (&files, NULL);
}

int
main (int argc, char **argv)
{
  static const char *const kinds[] = {
    "file", "private", "folder", "jingle", "initiation", "stream"
  };
  static const char *const ends[] = { "delivered", "failed", "sender-cancels", "receiver-cancels",
                                      "refused" };
  static Case              cases[G_N_ELEMENTS (kinds) * G_N_ELEMENTS (ends)];

  test_init (&argc, &argv);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = NULL;

      cases[i].kind = i / G_N_ELEMENTS (ends);
      cases[i].end = i % G_N_ELEMENTS (ends);
      path = g_strdup_printf ("/ibb/files/ended/%s/%s", kinds[cases[i].kind], ends[cases[i].end]);
      g_test_add_data_func (path, &cases[i], test_kept);
    }
  return g_test_run ();
}
