/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How much is read and written, and what the counters say of it. */

#include "fixture.h"

/* F-12: what the counters say while nobody reads; D-22, D-31: a write waits for
 * room, and the reader's side is bounded. F-13, F-26: not reading is all that it takes.
 * A buffer that grows takes what waits. */
static void
test_backpressure (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = { NULL };
  g_autoptr (GError) error = NULL;
  GInputStream      *input;
  gsize              filled;
  gsize              got = 0;

  g_object_set (fixture->juliet, "receive-buffer-size", (guint64) (16 * 1024), NULL);
  g_object_set (fixture->romeo, "send-buffer-size", (guint64) (32 * 1024), NULL);
  ends = fixture_open (fixture);
  filled = fixture_fill (fixture, ends.romeo);
  g_assert_cmpuint (filled, >=, 32 * 1024);
  g_assert_cmpuint (filled, <=, 32 * 1024 + 2 * 16 * 1024 + 64 * 1024);
  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (ends.romeo) +
                        ibb_transport_get_bytes_queued (ends.romeo),
                    ==, filled);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (ends.romeo), >, 0);

  g_object_set (ends.romeo, "write-timeout", 20, NULL);
  assert_write_fails (ends.romeo, G_IO_ERROR_TIMED_OUT);
  g_assert_false (ibb_transport_has_ended (ends.romeo));
  g_object_set (ends.romeo, "write-timeout", 0, NULL);

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

  filled = fixture_fill (fixture, ends.romeo);
  g_object_set (fixture->juliet, "receive-buffer-size", (guint64) filled, NULL);
  drain_transport (ends.romeo);
}

/* F-24, D-31: without auto-flush only full blocks leave before a flush, and a
 * drain flushes as well. */
static void
test_auto_flush (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = fixture_open (fixture);
  g_autoptr (GBytes) block = make_bytes (4096 + 5, 1);

  g_object_set (ends.romeo, "auto-flush", FALSE, NULL);
  write_bytes (ends.romeo, g_bytes_get_data (block, NULL), 4096 + 5);
  poll_until (ibb_transport_get_bytes_acknowledged (ends.romeo) == 4096);
  g_assert_cmpuint (ibb_transport_get_bytes_queued (ends.romeo), ==, 5);

  assert_succeeds (g_output_stream_flush, get_output (ends.romeo), NULL);
  poll_until (ibb_transport_get_bytes_received (ends.juliet) == 4096 + 5);

  write_text (ends.romeo, "x");
  drain_transport (ends.romeo);
  g_assert_cmpuint (ibb_transport_get_bytes_received (ends.juliet), ==, 4096 + 6);
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

  g_object_set (fixture->juliet, "receive-buffer-size", (guint64) (16 * 1024), NULL);
  g_object_set (fixture->romeo, "window", (guint64) (32 * 1024), NULL);
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
  g_object_set (ends.juliet, "read-timeout", 1, NULL);
  for (guint64 got = 0; got < received; got++)
    {
      char byte;

      g_assert_cmpint (g_input_stream_read (get_input (ends.juliet), &byte, 1, NULL, NULL), ==, 1);
    }
  assert_read_fails (ends.juliet, G_IO_ERROR_TIMED_OUT);
}

/* GIO looks at the cancellable once more when the result of a write is fetched. The bytes are
 * queued by then. A read has its bytes. */
static void
test_cancelled_after_callback (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) written = NULL;
  g_autoptr (GAsyncResult) got = NULL;
  GAsyncResult            *result = NULL;
  char                     bytes[5];

  g_output_stream_write_async (get_output (ends.romeo), "hello", 5, 0, cancellable, store_result_cb,
                               &result);
  written = wait_for_result (&result);
  g_cancellable_cancel (cancellable);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_output_stream_write_finish,
                get_output (ends.romeo), written);
  assert_reads (ends.juliet, "hello");

  g_cancellable_reset (cancellable);
  write_text (ends.juliet, "hello");
  g_input_stream_read_async (get_input (ends.romeo), bytes, sizeof bytes, 0, cancellable,
                             store_result_cb, &result);
  got = wait_for_result (&result);
  g_cancellable_cancel (cancellable);
  g_assert_cmpint (g_input_stream_read_finish (get_input (ends.romeo), got, NULL), ==, 5);
  g_assert_cmpmem (bytes, 5, "hello", 5);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/stream/backpressure/D-22", test_backpressure);
  add_test ("/ibb/loopback/stream/auto-flush/F-24", test_auto_flush);
  add_test ("/ibb/loopback/stream/cancelled-after-callback", test_cancelled_after_callback);
  add_test ("/ibb/loopback/stream/bounds/D-42", test_bounds);
  return g_test_run ();
}
