/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reading and writing: blocking, asynchronous, spliced. */

#include "fixture.h"

/* D-31, N-30: bytes go both ways, by blocking calls in the main thread. */
static void
test_talk (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;

  fixture_open (fixture, &romeo, &juliet);
  g_assert_cmpstr (ibb_transport_get_peer_jid (romeo), ==, JULIET);
  g_assert_cmpstr (ibb_transport_get_local_jid (romeo), ==, ROMEO);
  g_assert_cmpstr (ibb_transport_get_peer_jid (juliet), ==, ROMEO);
  g_assert_cmpstr (ibb_transport_get_local_jid (juliet), ==, JULIET);
  g_assert_cmpstr (ibb_transport_get_sid (romeo), ==, ibb_transport_get_sid (juliet));
  g_assert_cmpuint (ibb_transport_get_block_size (romeo), ==, 4096);
  g_assert_cmpuint (ibb_transport_get_block_size (juliet), ==, 4096);
  g_assert_cmpint (ibb_transport_get_stanza_type (juliet), ==, IBB_STANZA_TYPE_IQ);

  write_text (romeo, "But soft");
  assert_reads (juliet, "But soft");
  write_text (juliet, "Ay me");
  assert_reads (romeo, "Ay me");

  ibb_transport_drain (romeo, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo), ==, 8);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (romeo), ==, 0);
  g_assert_cmpuint (ibb_transport_get_bytes_received (juliet), ==, 8);

  g_io_stream_close (G_IO_STREAM (romeo), NULL, &error);
  g_assert_no_error (error);
  assert_reads_eof (juliet);
  assert_reads_eof (juliet);
}

/* F-12: what the counters say while nobody reads; D-22, D-31: a write waits for
 * room, and the reader's side is bounded. */
static void
test_backpressure (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  GInputStream            *input;
  gsize                    filled;
  gsize                    got = 0;

  ibb_service_set_receive_buffer_size (fixture->juliet, 16 * 1024);
  ibb_service_set_send_buffer_size (fixture->romeo, 32 * 1024);
  fixture_open (fixture, &romeo, &juliet);
  filled = fill_output (romeo);
  g_assert_cmpuint (filled, >=, 32 * 1024);
  /* Let it come to rest: full buffers on both sides. */
  for (guint quiet = 0; quiet < 20; quiet++)
    {
      gsize more;

      wait_briefly ();
      more = fill_output (romeo);
      filled += more;
      quiet = more > 0 ? 0 : quiet;
    }
  g_assert_cmpuint (filled, <=, 32 * 1024 + 2 * 16 * 1024 + 64 * 1024);
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo) + ibb_transport_get_bytes_queued (romeo),
                    ==, filled);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (romeo), >, 0);

  ibb_transport_set_write_timeout (romeo, 20);
  assert_write_fails (romeo, G_IO_ERROR_TIMED_OUT);
  g_assert_false (ibb_transport_has_ended (romeo));
  ibb_transport_set_write_timeout (romeo, 0);

  input = g_io_stream_get_input_stream (G_IO_STREAM (juliet));
  while (got < filled)
    {
      guint8 bytes[5000];
      gssize size = g_input_stream_read (input, bytes, sizeof bytes, NULL, &error);

      g_assert_no_error (error);
      g_assert_cmpint (size, >, 0);
      got += size;
    }
  g_assert_cmpuint (got, ==, filled);
  ibb_transport_drain (romeo, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (romeo), ==, 0);
}

/* F-23: a read that times out takes nothing; the session goes on. */
static void
test_read_timeout (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *read = NULL;
  char                     bytes[8];

  fixture_open (fixture, &romeo, &juliet);
  ibb_transport_set_read_timeout (juliet, 20);
  assert_read_fails (juliet, G_IO_ERROR_TIMED_OUT);

  g_input_stream_read_async (g_io_stream_get_input_stream (G_IO_STREAM (juliet)), bytes,
                             sizeof bytes, G_PRIORITY_DEFAULT, NULL, store_result_cb, &read);
  result = wait_for_result (&read);
  g_assert_cmpint (g_input_stream_read_finish (g_io_stream_get_input_stream (G_IO_STREAM (juliet)),
                                               result, &error),
                   ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT);

  ibb_transport_set_read_timeout (juliet, 0);
  write_text (romeo, "at last");
  assert_reads (juliet, "at last");
}

/* F-24, D-31: without auto-flush only full blocks leave before a flush, and a
 * drain flushes as well. */
static void
test_auto_flush (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GBytes)       block = make_bytes (4096 + 5, 1);

  fixture_open (fixture, &romeo, &juliet);
  ibb_transport_set_auto_flush (romeo, FALSE);
  g_assert_false (ibb_transport_get_auto_flush (romeo));
  write_bytes (romeo, g_bytes_get_data (block, NULL), 4096 + 5);
  poll_until (ibb_transport_get_bytes_sent (romeo) == 4096);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (romeo), ==, 5);

  g_output_stream_flush (g_io_stream_get_output_stream (G_IO_STREAM (romeo)), NULL, &error);
  g_assert_no_error (error);
  poll_until (ibb_transport_get_bytes_received (juliet) == 4096 + 5);

  write_text (romeo, "x");
  ibb_transport_drain (romeo, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ibb_transport_get_bytes_received (juliet), ==, 4096 + 6);
}

/* Writes of several pieces at once. */
static void
test_vectors (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *written = NULL;
  GOutputVector            vectors[] = { { "wherefore ", 10 }, { "art ", 4 }, { "thou", 4 } };
  GOutputStream           *output;
  gsize                    size;

  fixture_open (fixture, &romeo, &juliet);
  output = g_io_stream_get_output_stream (G_IO_STREAM (romeo));
  g_output_stream_writev (output, vectors, 3, &size, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 18);
  assert_reads (juliet, "wherefore art thou");

  g_output_stream_writev_async (output, vectors, 3, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                                &written);
  g_assert_null (written);
  result = wait_for_result (&written);
  g_output_stream_writev_finish (output, result, &size, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (size, ==, 18);
  assert_reads (juliet, "wherefore art thou");
}

/* Asynchronous calls: nothing is called back before the call has returned, and
 * everything in the context of the caller. */
static void
test_async (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) read_result = NULL;
  g_autoptr (GAsyncResult) write_result = NULL;
  g_autoptr (GAsyncResult) flush_result = NULL;
  g_autoptr (GAsyncResult) drain_result = NULL;
  GAsyncResult            *read = NULL;
  GAsyncResult            *written = NULL;
  GAsyncResult            *flushed = NULL;
  GAsyncResult            *drained = NULL;
  GInputStream            *input;
  GOutputStream           *output;
  char                     bytes[16] = { 0 };

  fixture_open (fixture, &romeo, &juliet);
  input = g_io_stream_get_input_stream (G_IO_STREAM (juliet));
  output = g_io_stream_get_output_stream (G_IO_STREAM (romeo));

  g_input_stream_read_async (input, bytes, sizeof bytes, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                             &read);
  run_pending ();
  g_assert_null (read);
  g_output_stream_write_async (output, "hush", 4, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                               &written);
  g_assert_null (written);
  write_result = wait_for_result (&written);
  g_assert_cmpint (g_output_stream_write_finish (output, write_result, &error), ==, 4);
  g_assert_no_error (error);
  read_result = wait_for_result (&read);
  g_assert_cmpint (g_input_stream_read_finish (input, read_result, &error), ==, 4);
  g_assert_no_error (error);
  g_assert_cmpstr (bytes, ==, "hush");

  g_output_stream_flush_async (output, G_PRIORITY_DEFAULT, NULL, store_result_cb, &flushed);
  g_assert_null (flushed);
  flush_result = wait_for_result (&flushed);
  g_assert_true (g_output_stream_flush_finish (output, flush_result, &error));
  g_assert_no_error (error);

  ibb_transport_drain_async (romeo, NULL, store_result_cb, &drained);
  g_assert_null (drained);
  drain_result = wait_for_result (&drained);
  g_assert_true (ibb_transport_drain_finish (romeo, drain_result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo), ==, 4);
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
  g_output_stream_write_all (g_io_stream_get_output_stream (G_IO_STREAM (stream)),
                             g_bytes_get_data (content, NULL), g_bytes_get_size (content), NULL,
                             NULL, &error);
  g_assert_no_error (error);
  g_io_stream_close (G_IO_STREAM (stream), NULL, &error);
  g_assert_no_error (error);
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

  g_output_stream_splice_async (g_io_stream_get_output_stream (G_IO_STREAM (from)),
                                copy->file_input, G_OUTPUT_STREAM_SPLICE_CLOSE_SOURCE,
                                G_PRIORITY_DEFAULT, NULL, store_result_cb, &copy->sent);
  g_output_stream_splice_async (copy->file_output, g_io_stream_get_input_stream (G_IO_STREAM (to)),
                                G_OUTPUT_STREAM_SPLICE_CLOSE_TARGET, G_PRIORITY_DEFAULT, NULL,
                                store_result_cb, &copy->received);
}

static void
copy_finish_sending (Copy *copy, IBBTransport *from, gssize size)
{
  g_autoptr (GAsyncResult) result = wait_for_result (&copy->sent);
  g_autoptr (GError)       error = NULL;

  g_assert_cmpint (g_output_stream_splice_finish (
                       g_io_stream_get_output_stream (G_IO_STREAM (from)), result, &error),
                   ==, size);
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
  got = g_file_load_bytes (copy->target, NULL, NULL, &error);
  g_assert_no_error (error);
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
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GBytes)       there = make_bytes (1000 * 1000 + 1, 1);
  g_autoptr (GBytes)       back = make_bytes (700 * 1000 + 3, 2);
  g_autoptr (GAsyncResult) romeo_result = NULL;
  g_autoptr (GAsyncResult) juliet_result = NULL;
  GAsyncResult            *romeo_shut = NULL;
  GAsyncResult            *juliet_shut = NULL;
  Copy                     copy_there = { 0 };
  Copy                     copy_back = { 0 };

  ibb_service_set_half_close (fixture->romeo, TRUE);
  ibb_service_set_half_close (fixture->juliet, TRUE);
  fixture_open (fixture, &romeo, &juliet);
  g_assert_true (ibb_transport_get_half_close (romeo));
  copy_start (&copy_there, there, romeo, juliet);
  copy_start (&copy_back, back, juliet, romeo);
  copy_finish_sending (&copy_there, romeo, g_bytes_get_size (there));
  ibb_transport_shutdown_output_async (romeo, NULL, store_result_cb, &romeo_shut);
  copy_finish_sending (&copy_back, juliet, g_bytes_get_size (back));
  ibb_transport_shutdown_output_async (juliet, NULL, store_result_cb, &juliet_shut);
  copy_finish (&copy_there, there);
  copy_finish (&copy_back, back);

  romeo_result = wait_for_result (&romeo_shut);
  g_assert_true (ibb_transport_shutdown_output_finish (romeo, romeo_result, &error));
  g_assert_no_error (error);
  juliet_result = wait_for_result (&juliet_shut);
  g_assert_true (ibb_transport_shutdown_output_finish (juliet, juliet_result, &error));
  g_assert_no_error (error);
  poll_until (ibb_transport_has_ended (romeo) && ibb_transport_has_ended (juliet));
  g_assert_null (ibb_transport_dup_error (romeo));
  g_assert_null (ibb_transport_dup_error (juliet));
}

/* The connection breaks while blocks are under way: how many bytes the peer has is
 * known within bounds, and the peer has exactly what it says. */
static void
test_bounds (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport)  romeo = NULL;
  g_autoptr (IBBTransport)  juliet = NULL;
  g_autoptr (IBBConnection) other = NULL;
  g_autofree char          *bytes = g_malloc0 (64 * 1024);
  guint64                   sent, in_flight, received;

  ibb_service_set_receive_buffer_size (fixture->juliet, 16 * 1024);
  ibb_service_set_window (fixture->romeo, 32 * 1024);
  fixture_open (fixture, &romeo, &juliet);
  write_bytes (romeo, bytes, 64 * 1024);
  poll_until (ibb_transport_get_bytes_received (juliet) > 16 * 1024);
  other = ibb_loopback_attach (fixture->loopback, ROMEO); /* the one so far is lost by it */
  poll_until (ibb_transport_has_ended (romeo));

  sent = ibb_transport_get_bytes_sent (romeo);
  in_flight = ibb_transport_get_bytes_in_flight (romeo);
  received = ibb_transport_get_bytes_received (juliet);
  g_assert_cmpuint (in_flight, >, 0);
  g_assert_cmpuint (in_flight, <, ibb_transport_get_bytes_queued (romeo));
  g_assert_cmpuint (received, >=, sent);
  g_assert_cmpuint (received, <=, sent + in_flight);
  ibb_transport_set_read_timeout (juliet, 1);
  for (guint64 got = 0; got < received; got++)
    {
      char byte;

      g_assert_cmpint (g_input_stream_read (g_io_stream_get_input_stream (G_IO_STREAM (juliet)),
                                            &byte, 1, NULL, NULL),
                       ==, 1);
    }
  assert_read_fails (juliet, G_IO_ERROR_TIMED_OUT);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/stream/talk/D-31", test_talk);
  add_test ("/ibb/loopback/stream/backpressure/D-22", test_backpressure);
  add_test ("/ibb/loopback/stream/read-timeout/F-23", test_read_timeout);
  add_test ("/ibb/loopback/stream/auto-flush/F-24", test_auto_flush);
  add_test ("/ibb/loopback/stream/vectors", test_vectors);
  add_test ("/ibb/loopback/stream/async", test_async);
  add_test ("/ibb/loopback/stream/splice/D-39", test_splice);
  add_test ("/ibb/loopback/stream/bounds/D-42", test_bounds);
  return g_test_run ();
}
