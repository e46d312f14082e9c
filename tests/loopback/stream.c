/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading and writing: blocking, asynchronous, spliced. */

#include "fixture.h"

/* D-31, N-30: bytes go both ways, by blocking calls in the main thread. */
static void
test_talk (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = fixture_open (fixture);

  assert_peer_jid (ends.romeo, JULIET);
  assert_local_jid (ends.romeo, ROMEO);
  assert_peer_jid (ends.juliet, ROMEO);
  assert_local_jid (ends.juliet, JULIET);
  g_assert_cmpstr (ibb_transport_get_sid (ends.romeo), ==, ibb_transport_get_sid (ends.juliet));
  g_assert_cmpuint (ibb_transport_get_block_size (ends.romeo), ==, 32768);
  g_assert_cmpuint (ibb_transport_get_block_size (ends.juliet), ==, 32768);
  g_assert_cmpint (ibb_transport_get_stanza_type (ends.juliet), ==, IBB_STANZA_TYPE_IQ);

  write_text (ends.romeo, "But soft");
  assert_reads (ends.juliet, "But soft");
  write_text (ends.juliet, "Ay me");
  assert_reads (ends.romeo, "Ay me");

  drain_transport (ends.romeo);
  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (ends.romeo), ==, 8);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (ends.romeo), ==, 0);
  g_assert_cmpuint (ibb_transport_get_bytes_received (ends.juliet), ==, 8);

  close_stream (ends.romeo);
  assert_reads_eof (ends.juliet);
  assert_reads_eof (ends.juliet);
}

/* F-12: what the counters say while nobody reads; D-22, D-31: a write waits for
 * room, and the reader's side is bounded. F-13, F-26: not reading is all that it takes. */
static void
test_backpressure (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = { NULL };
  g_autoptr (GError) error = NULL;
  GInputStream      *input;
  gsize              filled;
  gsize              got = 0;

  ibb_service_set_receive_buffer_size (fixture->juliet, 16 * 1024);
  ibb_service_set_send_buffer_size (fixture->romeo, 32 * 1024);
  ends = fixture_open (fixture);
  filled = fixture_fill (fixture, ends.romeo);
  g_assert_cmpuint (filled, >=, 32 * 1024);
  g_assert_cmpuint (filled, <=, 32 * 1024 + 2 * 16 * 1024 + 64 * 1024);
  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (ends.romeo) +
                        ibb_transport_get_bytes_queued (ends.romeo),
                    ==, filled);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (ends.romeo), >, 0);

  ibb_transport_set_write_timeout (ends.romeo, 20);
  assert_write_fails (ends.romeo, G_IO_ERROR_TIMED_OUT);
  g_assert_false (ibb_transport_has_ended (ends.romeo));
  ibb_transport_set_write_timeout (ends.romeo, 0);

  input = get_input (ends.juliet);
  while (got < filled)
    {
      guint8 bytes[5000];
      gssize size = g_input_stream_read (input, bytes, sizeof bytes, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (size, >, 0);
      got += size;
    }
  g_assert_cmpuint (got, ==, filled);
  drain_transport (ends.romeo);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (ends.romeo), ==, 0);
}

/* F-24, D-31: without auto-flush only full blocks leave before a flush, and a
 * drain flushes as well. */
static void
test_auto_flush (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = fixture_open (fixture);
  g_autoptr (GBytes) block = make_bytes (4096 + 5, 1);

  ibb_transport_set_auto_flush (ends.romeo, FALSE);
  g_assert_false (ibb_transport_get_auto_flush (ends.romeo));
  write_bytes (ends.romeo, g_bytes_get_data (block, NULL), 4096 + 5);
  poll_until (ibb_transport_get_bytes_acknowledged (ends.romeo) == 4096);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (ends.romeo), ==, 5);

  assert_succeeds (g_output_stream_flush, get_output (ends.romeo), NULL);
  poll_until (ibb_transport_get_bytes_received (ends.juliet) == 4096 + 5);

  write_text (ends.romeo, "x");
  drain_transport (ends.romeo);
  g_assert_cmpuint (ibb_transport_get_bytes_received (ends.juliet), ==, 4096 + 6);
}

/* A file on its way through a transport. */
typedef struct
{
  GFile         *source;
  GFile         *target;
  GAsyncResult  *sent;
  GAsyncResult  *received;
  GInputStream  *file_input;
  GOutputStream *file_output;
} Copy;

static GFile *
make_file (GBytes *content)
{
  g_autoptr (GError)        error = NULL;
  g_autoptr (GFileIOStream) stream = NULL;
  GFile                    *file = g_file_new_tmp ("ibb-loopback-XXXXXX", &stream, &error);

  g_assert_no_error (error);
  assert_succeeds (g_output_stream_write_all, get_output (stream), g_bytes_get_data (content, NULL),
                   g_bytes_get_size (content), NULL, NULL);
  close_stream (stream);
  return file;
}

static void
copy_start (Copy *copy, GBytes *content, IBBTransport *from, IBBTransport *to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) nothing = g_bytes_new (NULL, 0);

  copy->source = make_file (content);
  copy->target = make_file (nothing);
  copy->file_input = G_INPUT_STREAM (g_file_read (copy->source, NULL, &error));
  g_assert_no_error (error);
  copy->file_output = G_OUTPUT_STREAM (
      g_file_replace (copy->target, NULL, FALSE, G_FILE_CREATE_NONE, NULL, &error));
  g_assert_no_error (error);

  g_output_stream_splice_async (get_output (from), copy->file_input,
                                G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE, G_PRIORITY_DEFAULT, NULL,
                                store_result_cb, &copy->sent);
  g_output_stream_splice_async (copy->file_output, get_input (to),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, G_PRIORITY_DEFAULT, NULL,
                                store_result_cb, &copy->received);
}

static void
copy_finish_sending (Copy *copy, IBBTransport *from, gssize size)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&copy->sent);
  g_autoptr (GError)       error = NULL;

  g_assert_cmpint (g_output_stream_splice_finish (get_output (from), result, &error), ==, size);
  g_assert_no_error (error);
}

static void
copy_finish (Copy *copy, GBytes *content)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&copy->received);
  g_autoptr (GError)       error = NULL;
  g_autoptr (GBytes)       got = NULL;

  g_assert_cmpint (g_output_stream_splice_finish (copy->file_output, result, &error), ==,
                   g_bytes_get_size (content));
  g_assert_no_error (error);
  got = assert_succeeds (g_file_load_bytes, copy->target, NULL, NULL);
  g_assert_true (g_bytes_equal (got, content));

  g_file_delete (copy->source, NULL, NULL);
  g_file_delete (copy->target, NULL, NULL);
  g_object_unref (copy->source);
  g_object_unref (copy->target);
  g_object_unref (copy->file_input);
  g_object_unref (copy->file_output);
}

/* File to transport to file, in both directions at once, each ended by a
 * half-close (D-39). */
static void
test_splice (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = { NULL };
  g_autoptr (GBytes) there = make_bytes (1000 * 1000 + 1, 1);
  g_autoptr (GBytes) back = make_bytes (700 * 1000 + 3, 2);
  GAsyncResult      *romeo_shut = NULL;
  GAsyncResult      *juliet_shut = NULL;
  Copy               copy_there = { 0 };
  Copy               copy_back = { 0 };

  ends = fixture_open (fixture);
  copy_start (&copy_there, there, ends.romeo, ends.juliet);
  copy_start (&copy_back, back, ends.juliet, ends.romeo);
  copy_finish_sending (&copy_there, ends.romeo, g_bytes_get_size (there));
  ibb_transport_shutdown_output_async (ends.romeo, NULL, store_result_cb, &romeo_shut);
  copy_finish_sending (&copy_back, ends.juliet, g_bytes_get_size (back));
  ibb_transport_shutdown_output_async (ends.juliet, NULL, store_result_cb, &juliet_shut);
  copy_finish (&copy_there, there);
  copy_finish (&copy_back, back);

  assert_result (ibb_transport_shutdown_output_finish, ends.romeo, &romeo_shut);
  assert_result (ibb_transport_shutdown_output_finish, ends.juliet, &juliet_shut);
  poll_until (ibb_transport_has_ended (ends.romeo) && ibb_transport_has_ended (ends.juliet));
  g_assert_null (ibb_transport_dup_error (ends.romeo));
  g_assert_null (ibb_transport_dup_error (ends.juliet));
}

/* The connection breaks while blocks are under way: how many bytes the peer has is
 * known within bounds, and the peer has exactly what it says. */
static void
test_bounds (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)             ends = { NULL };
  g_autoptr (IBBConnection) other = NULL;
  g_autofree char          *bytes = g_malloc0 (64 * 1024);
  guint64                   sent, in_flight, received;

  ibb_service_set_receive_buffer_size (fixture->juliet, 16 * 1024);
  ibb_service_set_window (fixture->romeo, 32 * 1024);
  ends = fixture_open (fixture);
  write_bytes (ends.romeo, bytes, 64 * 1024);
  poll_until (ibb_transport_get_bytes_received (ends.juliet) > 16 * 1024);
  other = ibb_loopback_attach (fixture->loopback, ROMEO); /* the one so far is lost by it */
  poll_until (ibb_transport_has_ended (ends.romeo));

  sent = ibb_transport_get_bytes_acknowledged (ends.romeo);
  in_flight = ibb_transport_get_bytes_in_flight (ends.romeo);
  received = ibb_transport_get_bytes_received (ends.juliet);
  g_assert_cmpuint (in_flight, >, 0);
  g_assert_cmpuint (in_flight, <, ibb_transport_get_bytes_queued (ends.romeo));
  g_assert_cmpuint (received, >=, sent);
  g_assert_cmpuint (received, <=, sent + in_flight);
  ibb_transport_set_read_timeout (ends.juliet, 1);
  for (guint64 got = 0; got < received; got++)
    {
      char byte;

      g_assert_cmpint (g_input_stream_read (get_input (ends.juliet), &byte, 1, NULL, NULL), ==, 1);
    }
  assert_read_fails (ends.juliet, G_IO_ERROR_TIMED_OUT);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/stream/talk/D-31", test_talk);
  add_test ("/ibb/loopback/stream/backpressure/D-22", test_backpressure);
  add_test ("/ibb/loopback/stream/auto-flush/F-24", test_auto_flush);
  add_test ("/ibb/loopback/stream/splice/D-39", test_splice);
  add_test ("/ibb/loopback/stream/bounds/D-42", test_bounds);
  return g_test_run ();
}
