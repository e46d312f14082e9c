/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The ends of a session: close, half-close, abort, the last reference. */

#include "fixture.h"

typedef struct
{
  guint    n_calls;
  gboolean failed;
  GThread *thread;
} Ended;

static void
ended_cb (IBBTransport *transport, const GError *error, gpointer data)
{
  Ended *ended = data;

  ended->n_calls++;
  ended->failed = error != NULL;
  ended->thread = g_thread_self ();
  g_assert_true (ibb_transport_has_ended (transport));
}

static void
close_sync (IBBTransport *transport)
{
  g_autoptr (GError) error = NULL;

  g_io_stream_close (G_IO_STREAM (transport), NULL, &error);
  g_assert_no_error (error);
}

static void
assert_close_fails (IBBTransport *transport, int code)
{
  g_autoptr (GError) error = NULL;

  g_assert_false (g_io_stream_close (G_IO_STREAM (transport), NULL, &error));
  g_assert_error (error, G_IO_ERROR, code);
}

static GInputStream *
get_input (IBBTransport *transport)
{
  return g_io_stream_get_input_stream (G_IO_STREAM (transport));
}

static GOutputStream *
get_output (IBBTransport *transport)
{
  return g_io_stream_get_output_stream (G_IO_STREAM (transport));
}

/* F-15, D-45: everything written before the close arrives, then the end; ended
 * is told once on both sides (F-17). */
static void
test_close (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GBytes)       bytes = make_bytes (50000, 1);
  g_autoptr (GBytes)       got = NULL;
  g_autoptr (GError)       error = NULL;
  Ended                    romeo_ended = { 0 };
  Ended                    juliet_ended = { 0 };

  fixture_open (fixture, &romeo, &juliet);
  g_signal_connect (romeo, "ended", G_CALLBACK (ended_cb), &romeo_ended);
  g_signal_connect (juliet, "ended", G_CALLBACK (ended_cb), &juliet_ended);
  g_assert_false (ibb_transport_has_ended (romeo));

  write_bytes (romeo, g_bytes_get_data (bytes, NULL), 50000);
  close_sync (romeo);
  g_assert_true (g_io_stream_is_closed (G_IO_STREAM (romeo)));
  g_assert_true (g_input_stream_is_closed (get_input (romeo)));
  g_assert_true (g_output_stream_is_closed (get_output (romeo)));
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo), ==, 50000);
  assert_write_fails (romeo, G_IO_ERROR_CLOSED);
  assert_read_fails (romeo, G_IO_ERROR_CLOSED);
  g_assert_true (ibb_transport_has_ended (romeo));
  g_assert_null (ibb_transport_dup_error (romeo));
  /* GIO: a second close is none. */
  close_sync (romeo);

  /* B-05: the end does not hide what came before. */
  assert_write_fails (juliet, G_IO_ERROR_BROKEN_PIPE);
  got = g_input_stream_read_bytes (get_input (juliet), 50000, NULL, &error);
  g_assert_no_error (error);
  while (g_bytes_get_size (got) < 50000)
    {
      g_autoptr (GBytes) more = g_input_stream_read_bytes (get_input (juliet), 50000, NULL, &error);
      GByteArray        *both = g_bytes_unref_to_array (g_steal_pointer (&got));

      g_assert_no_error (error);
      g_assert_cmpuint (g_bytes_get_size (more), >, 0);
      g_byte_array_append (both, g_bytes_get_data (more, NULL), g_bytes_get_size (more));
      got = g_byte_array_free_to_bytes (both);
    }
  g_assert_true (g_bytes_equal (got, bytes));
  assert_reads_eof (juliet);
  assert_reads_eof (juliet);
  close_sync (juliet);

  wait_until (romeo_ended.n_calls > 0 && juliet_ended.n_calls > 0);
  run_pending ();
  g_assert_cmpuint (romeo_ended.n_calls, ==, 1);
  g_assert_cmpuint (juliet_ended.n_calls, ==, 1);
  g_assert_false (romeo_ended.failed);
  g_assert_false (juliet_ended.failed);
  g_assert_true (juliet_ended.thread == g_thread_self ());
}

/* The same by the asynchronous call, while a read is pending, which ends with
 * CLOSED. */
static void
test_close_async (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) read_result = NULL;
  g_autoptr (GAsyncResult) close_result = NULL;
  GAsyncResult            *read = NULL;
  GAsyncResult            *closed = NULL;
  char                     byte;

  fixture_open (fixture, &romeo, &juliet);
  write_text (romeo, "parting");
  g_input_stream_read_async (get_input (romeo), &byte, 1, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                             &read);
  g_io_stream_close_async (G_IO_STREAM (romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb, &closed);
  g_assert_null (closed);
  read_result = wait_for_result (&read);
  g_assert_cmpint (g_input_stream_read_finish (get_input (romeo), read_result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  close_result = wait_for_result (&closed);
  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (romeo), close_result, &error));
  g_assert_no_error (error);
  assert_reads (juliet, "parting");
  assert_reads_eof (juliet);
}

/* A write that waits for room ends with CLOSED as well; what was taken before
 * arrives. */
static void
test_close_writing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) write_result = NULL;
  g_autoptr (GAsyncResult) close_result = NULL;
  g_autofree char         *got = NULL;
  GAsyncResult            *written = NULL;
  GAsyncResult            *closed = NULL;
  gsize                    filled;

  fixture_open (fixture, &romeo, &juliet);
  ibb_loopback_set_latency (fixture->loopback, 20);
  filled = fill_output (romeo);
  g_output_stream_write_async (get_output (romeo), "x", 1, G_PRIORITY_DEFAULT, NULL,
                               store_result_cb, &written);
  run_pending ();
  g_assert_null (written);
  g_io_stream_close_async (G_IO_STREAM (romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb, &closed);
  write_result = wait_for_result (&written);
  g_assert_cmpint (g_output_stream_write_finish (get_output (romeo), write_result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);

  ibb_loopback_set_latency (fixture->loopback, 0);
  got = g_malloc (filled);
  g_input_stream_read_all (get_input (juliet), got, filled, NULL, NULL, &error);
  g_assert_no_error (error);
  assert_reads_eof (juliet);
  close_result = wait_for_result (&closed);
  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (romeo), close_result, &error));
  g_assert_no_error (error);
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo), ==, filled);
}

/* D-46: a cancelled close goes on in the background, and ended tells how. */
static void
test_close_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *closed = NULL;
  Ended                    ended = { 0 };

  fixture_open (fixture, &romeo, &juliet);
  g_signal_connect (romeo, "ended", G_CALLBACK (ended_cb), &ended);
  ibb_loopback_set_latency (fixture->loopback, 20);
  write_text (romeo, "parting");
  g_io_stream_close_async (G_IO_STREAM (romeo), G_PRIORITY_DEFAULT, cancellable, store_result_cb,
                           &closed);
  g_cancellable_cancel (cancellable);
  result = wait_for_result (&closed);
  g_assert_false (g_io_stream_close_finish (G_IO_STREAM (romeo), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_false (ibb_transport_has_ended (romeo));

  assert_reads (juliet, "parting");
  assert_reads_eof (juliet);
  wait_until (ended.n_calls > 0);
  g_assert_false (ended.failed);
}

/* write-timeout holds for a close as well, and it goes on all the same, even
 * when nobody holds the transport any more. */
static void
test_close_timeout (Fixture *fixture, gconstpointer data)
{
  IBBTransport            *romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  fixture_open (fixture, &romeo, &juliet);
  ibb_loopback_set_latency (fixture->loopback, 50);
  write_text (romeo, "parting");
  ibb_transport_set_write_timeout (romeo, 5);
  assert_close_fails (romeo, G_IO_ERROR_TIMED_OUT);
  g_assert_finalize_object (romeo);

  assert_reads (juliet, "parting");
  assert_reads_eof (juliet);
}

/* A close that was cancelled before it began has begun all the same. */
static void
test_close_cancelled_before (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;

  fixture_open (fixture, &romeo, &juliet);
  ibb_loopback_set_latency (fixture->loopback, 20);
  write_text (romeo, "parting");
  g_cancellable_cancel (cancellable);
  g_assert_false (g_io_stream_close (G_IO_STREAM (romeo), cancellable, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  assert_reads (juliet, "parting");
  assert_reads_eof (juliet);
}

/* D-37: the peer does not answer; close-timeout alone is no error. */
static void
test_close_unanswered (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;

  ibb_service_set_close_timeout (fixture->romeo, 30);
  fixture_open (fixture, &romeo, &juliet);
  write_text (romeo, "heard");
  ibb_transport_drain (romeo, NULL, &error);
  g_assert_no_error (error);
  ibb_loopback_set_drop_probability (fixture->loopback, 1.0);
  close_sync (romeo);
  g_assert_true (ibb_transport_has_ended (romeo));
}

/* D-51: closing with bytes unread; a peer that writes on learns of it. */
static void
test_close_unread (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  fixture_open (fixture, &romeo, &juliet);
  write_text (juliet, "never read");
  poll_until (ibb_transport_get_bytes_received (romeo) == 10);
  close_sync (romeo);
  assert_reads_eof (juliet);
  assert_write_fails (juliet, G_IO_ERROR_BROKEN_PIPE);
}

/* D-39: request and response; the requester shuts its output and reads on. */
static void
test_half_close (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  Ended                    ended = { 0 };

  fixture_open (fixture, &romeo, &juliet);
  g_signal_connect (romeo, "ended", G_CALLBACK (ended_cb), &ended);
  ibb_transport_set_half_close (juliet, TRUE);
  g_assert_true (ibb_transport_get_half_close (juliet));

  write_text (romeo, "request");
  ibb_transport_shutdown_output (romeo, NULL, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (ibb_transport_get_bytes_sent (romeo), ==, 7);
  assert_write_fails (romeo, G_IO_ERROR_CLOSED);
  assert_reads (juliet, "request");
  assert_reads_eof (juliet);
  g_assert_false (ibb_transport_has_ended (juliet));

  write_text (juliet, "response");
  assert_reads (romeo, "response");
  ibb_transport_shutdown_output (juliet, NULL, &error);
  g_assert_no_error (error);
  assert_reads_eof (romeo);
  wait_until (ended.n_calls > 0);
  g_assert_false (ended.failed);
  /* Once more does no harm. */
  close_sync (romeo);
  close_sync (juliet);
}

/* Closing one half sends nothing: the other end sees no end. */
static void
test_close_halves (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;

  fixture_open (fixture, &romeo, &juliet);
  ibb_transport_set_auto_flush (romeo, FALSE);
  write_text (romeo, "flushed");
  g_output_stream_close (get_output (romeo), NULL, &error);
  g_assert_no_error (error);
  assert_reads (juliet, "flushed");
  assert_write_fails (romeo, G_IO_ERROR_CLOSED);
  ibb_transport_set_read_timeout (juliet, 20);
  assert_read_fails (juliet, G_IO_ERROR_TIMED_OUT);

  /* D-51: what still comes is acknowledged and discarded. */
  g_input_stream_close (get_input (romeo), NULL, &error);
  g_assert_no_error (error);
  assert_read_fails (romeo, G_IO_ERROR_CLOSED);
  write_text (juliet, "into the void");
  ibb_transport_drain (juliet, NULL, &error);
  g_assert_no_error (error);
  g_assert_false (ibb_transport_has_ended (romeo));

  /* The half-close works after the half was closed, once. */
  ibb_transport_shutdown_output (romeo, NULL, &error);
  g_assert_no_error (error);
  ibb_transport_set_read_timeout (juliet, 0);
  assert_reads_eof (juliet);
}

static void
test_close_halves_async (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) output_result = NULL;
  g_autoptr (GAsyncResult) input_result = NULL;
  GAsyncResult            *output_closed = NULL;
  GAsyncResult            *input_closed = NULL;

  fixture_open (fixture, &romeo, &juliet);
  write_text (romeo, "flushed");
  g_output_stream_close_async (get_output (romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb,
                               &output_closed);
  g_input_stream_close_async (get_input (romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb,
                              &input_closed);
  output_result = wait_for_result (&output_closed);
  g_assert_true (g_output_stream_close_finish (get_output (romeo), output_result, &error));
  g_assert_no_error (error);
  input_result = wait_for_result (&input_closed);
  g_assert_true (g_input_stream_close_finish (get_input (romeo), input_result, &error));
  g_assert_no_error (error);
  assert_reads (juliet, "flushed");
  g_assert_false (ibb_transport_has_ended (romeo));
}

/* A shutdown counts as a write. */
static void
test_shutdown_pending (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  g_autoptr (GAsyncResult) again_result = NULL;
  GAsyncResult            *shut = NULL;
  GAsyncResult            *again = NULL;

  fixture_open (fixture, &romeo, &juliet);
  ibb_loopback_set_latency (fixture->loopback, 20);
  write_text (romeo, "parting");
  ibb_transport_shutdown_output_async (romeo, NULL, store_result_cb, &shut);
  assert_write_fails (romeo, G_IO_ERROR_PENDING);
  ibb_transport_shutdown_output_async (romeo, NULL, store_result_cb, &again);
  again_result = wait_for_result (&again);
  g_assert_false (ibb_transport_shutdown_output_finish (romeo, again_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_PENDING);
  g_clear_error (&error);
  result = wait_for_result (&shut);
  g_assert_true (ibb_transport_shutdown_output_finish (romeo, result, &error));
  g_assert_no_error (error);
  g_assert_false (g_output_stream_has_pending (get_output (romeo)));
}

/* D-41, D-49: abort in each state. */
static void
assert_aborted (IBBTransport *transport)
{
  g_autoptr (GError) error = ibb_transport_dup_error (transport);

  g_assert_true (ibb_transport_has_ended (transport));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_write_fails (transport, G_IO_ERROR_CLOSED);
  assert_read_fails (transport, G_IO_ERROR_CLOSED);
  /* Again does nothing. */
  ibb_transport_abort (transport);
}

static void
test_abort_open (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) read_result = NULL;
  g_autoptr (GAsyncResult) drain_result = NULL;
  GAsyncResult            *read = NULL;
  GAsyncResult            *drained = NULL;
  Ended                    ended = { 0 };
  char                     byte;
  guint64                  sent;
  guint64                  queued;
  guint64                  received;

  fixture_open (fixture, &romeo, &juliet);
  g_signal_connect (romeo, "ended", G_CALLBACK (ended_cb), &ended);
  ibb_loopback_set_latency (fixture->loopback, 20);
  write_text (romeo, "undelivered");
  g_input_stream_read_async (get_input (romeo), &byte, 1, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                             &read);
  ibb_transport_drain_async (romeo, NULL, store_result_cb, &drained);
  run_pending ();
  ibb_transport_abort (romeo);
  g_assert_null (read);
  g_assert_null (drained);
  read_result = wait_for_result (&read);
  g_assert_cmpint (g_input_stream_read_finish (get_input (romeo), read_result, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_clear_error (&error);
  drain_result = wait_for_result (&drained);
  g_assert_false (ibb_transport_drain_finish (romeo, drain_result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_aborted (romeo);
  wait_until (ended.n_calls > 0);
  g_assert_true (ended.failed);
  g_assert_cmpuint (ended.n_calls, ==, 1);
  poll_until (ibb_transport_has_ended (juliet));
  /* What the sender knows of what arrived, both bounds, outlives the session. */
  sent = ibb_transport_get_bytes_sent (romeo);
  queued = ibb_transport_get_bytes_queued (romeo);
  received = ibb_transport_get_bytes_received (juliet);
  g_assert_cmpuint (sent + queued, ==, strlen ("undelivered"));
  g_assert_cmpuint (received, >=, sent);
  g_assert_cmpuint (received, <=, sent + ibb_transport_get_bytes_in_flight (romeo));
}

/* B-21: a close that has begun can still be aborted. */
static void
test_abort_closing (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) result = NULL;
  GAsyncResult            *closed = NULL;

  fixture_open (fixture, &romeo, &juliet);
  ibb_loopback_set_latency (fixture->loopback, 100000);
  write_text (romeo, "undelivered");
  g_io_stream_close_async (G_IO_STREAM (romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb, &closed);
  run_pending ();
  ibb_transport_abort (romeo);
  result = wait_for_result (&closed);
  g_assert_false (g_io_stream_close_finish (G_IO_STREAM (romeo), result, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  assert_aborted (romeo);
  /* What still is on its way is of no interest. */
  ibb_transport_abort (juliet);
}

static void
test_abort_half_closed (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;

  fixture_open (fixture, &romeo, &juliet);
  ibb_transport_set_half_close (juliet, TRUE);
  ibb_transport_shutdown_output (romeo, NULL, &error);
  g_assert_no_error (error);
  assert_reads_eof (juliet);
  ibb_transport_abort (juliet);
  assert_aborted (juliet);
  /* D-37: no result came, so this is no clean end. */
  assert_read_fails (romeo, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
test_abort_ended (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  fixture_open (fixture, &romeo, &juliet);
  close_sync (romeo);
  ibb_transport_abort (romeo);
  g_assert_null (ibb_transport_dup_error (romeo));
}

/* The last reference is dropped, in each state: nothing waits, nothing leaks,
 * and the peer is told. */
static void
test_drop_open (Fixture *fixture, gconstpointer data)
{
  IBBTransport            *romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  fixture_open (fixture, &romeo, &juliet);
  g_assert_finalize_object (romeo);
  assert_read_fails (juliet, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
test_drop_unsent (Fixture *fixture, gconstpointer data)
{
  IBBTransport            *romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autofree char         *got = g_malloc (1 << 20);
  g_autoptr (GError)       error = NULL;

  fixture_open (fixture, &romeo, &juliet);
  ibb_loopback_set_latency (fixture->loopback, 10);
  fill_output (romeo);
  g_assert_finalize_object (romeo);
  /* Never a whole that is none. */
  g_assert_false (g_input_stream_read_all (get_input (juliet), got, 1 << 20, NULL, NULL, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED);
}

static void
test_drop_half_closed (Fixture *fixture, gconstpointer data)
{
  IBBTransport            *romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;

  fixture_open (fixture, &romeo, &juliet);
  ibb_transport_set_half_close (juliet, TRUE);
  ibb_transport_shutdown_output (romeo, NULL, &error);
  g_assert_no_error (error);
  assert_reads_eof (juliet);
  g_assert_finalize_object (romeo);
}

static void
test_drop_closing (Fixture *fixture, gconstpointer data)
{
  IBBTransport            *romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  GAsyncResult            *closed = NULL;
  GAsyncResult            *result;

  fixture_open (fixture, &romeo, &juliet);
  ibb_loopback_set_latency (fixture->loopback, 10);
  write_text (romeo, "parting");
  g_io_stream_close_async (G_IO_STREAM (romeo), G_PRIORITY_DEFAULT, NULL, store_result_cb, &closed);
  /* The close holds a reference of its own. */
  g_object_unref (romeo);
  assert_reads (juliet, "parting");
  assert_reads_eof (juliet);
  result = wait_for_result (&closed);
  g_assert_true (g_io_stream_close_finish (G_IO_STREAM (romeo), result, NULL));
  g_object_unref (result);
}

static void
test_drop_ended (Fixture *fixture, gconstpointer data)
{
  IBBTransport *romeo = NULL;
  IBBTransport *juliet = NULL;

  fixture_open (fixture, &romeo, &juliet);
  close_sync (romeo);
  g_assert_finalize_object (romeo);
  assert_reads_eof (juliet);
  g_assert_finalize_object (juliet);
}

/* An operation in progress on a half keeps the transport; then it goes. */
static void
test_drop_reading (Fixture *fixture, gconstpointer data)
{
  IBBTransport            *romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GInputStream) input = NULL;
  g_autoptr (GError)       error = NULL;
  GAsyncResult            *read = NULL;
  GAsyncResult            *result;
  char                     bytes[8] = { 0 };

  fixture_open (fixture, &romeo, &juliet);
  input = g_object_ref (get_input (romeo));
  g_input_stream_read_async (input, bytes, sizeof bytes, G_PRIORITY_DEFAULT, NULL, store_result_cb,
                             &read);
  g_object_unref (romeo);
  write_text (juliet, "alive");
  result = wait_for_result (&read);
  g_assert_cmpint (g_input_stream_read_finish (input, result, &error), ==, 5);
  g_assert_no_error (error);
  g_assert_cmpstr (bytes, ==, "alive");
  g_object_unref (result);

  poll_until (ibb_transport_has_ended (juliet));
  g_assert_cmpint (g_input_stream_read (input, bytes, 1, NULL, &error), ==, -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
}

/* A handler of ended may drop the last reference. */
static void
drop_cb (IBBTransport *transport, const GError *error, gpointer data)
{
  g_clear_object ((IBBTransport **) data);
}

static void
test_drop_in_handler (Fixture *fixture, gconstpointer data)
{
  IBBTransport            *romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  fixture_open (fixture, &romeo, &juliet);
  g_signal_connect (romeo, "ended", G_CALLBACK (drop_cb), &romeo);
  ibb_transport_abort (juliet);
  wait_until (romeo == NULL);
}

/* The service goes, its sessions live on. */
static void
test_drop_service (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  fixture_open (fixture, &romeo, &juliet);
  g_assert_finalize_object (g_steal_pointer (&fixture->romeo));
  g_assert_finalize_object (g_steal_pointer (&fixture->juliet));
  write_text (romeo, "orphans");
  assert_reads (juliet, "orphans");
  write_text (juliet, "both");
  assert_reads (romeo, "both");
  close_sync (romeo);
  assert_reads_eof (juliet);
}

static gboolean
set_flag_cb (gpointer data)
{
  g_atomic_int_set ((int *) data, TRUE);
  return G_SOURCE_REMOVE;
}

/* Lets the connection's thread do what it has to do. */
static void
wait_for_connection (IBBConnection *connection)
{
  int flag = FALSE;

  g_main_context_invoke_full (ibb_connection_get_context (connection), G_PRIORITY_LOW, set_flag_cb,
                              &flag, NULL);
  poll_until (g_atomic_int_get (&flag));
}

/* What nobody uses any more lets its connection go, also when that was lost while
 * it had more to send than the rate lets through. */
static void
test_drop_lost (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport)  juliet = NULL;
  g_autoptr (IBBConnection) other = NULL;
  g_autofree char          *bytes = g_malloc0 (64 * 1024);
  IBBTransport             *romeo = NULL;

  ibb_service_set_window (fixture->romeo, 64 * 1024);
  fixture_open (fixture, &romeo, &juliet);
  ibb_loopback_set_rate (fixture->loopback, 40000);
  write_bytes (romeo, bytes, 64 * 1024);
  poll_until (ibb_connection_is_congested (fixture->romeo_connection));
  g_clear_object (&romeo);
  g_assert_finalize_object (g_steal_pointer (&fixture->romeo));
  wait_for_connection (fixture->romeo_connection);
  other = ibb_loopback_attach (fixture->loopback, ROMEO); /* the one so far is lost by it */
  /* fixture_tear_down () waits for the connection. */
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/close/close/D-45", test_close);
  add_test ("/ibb/loopback/close/async", test_close_async);
  add_test ("/ibb/loopback/close/writing", test_close_writing);
  add_test ("/ibb/loopback/close/cancelled/D-46", test_close_cancelled);
  add_test ("/ibb/loopback/close/cancelled-before/D-46", test_close_cancelled_before);
  add_test ("/ibb/loopback/close/timeout", test_close_timeout);
  add_test ("/ibb/loopback/close/unanswered/D-37", test_close_unanswered);
  add_test ("/ibb/loopback/close/unread/D-51", test_close_unread);
  add_test ("/ibb/loopback/close/half-close/D-39/N-36", test_half_close);
  add_test ("/ibb/loopback/close/halves/D-51", test_close_halves);
  add_test ("/ibb/loopback/close/halves-async", test_close_halves_async);
  add_test ("/ibb/loopback/close/shutdown-pending", test_shutdown_pending);
  add_test ("/ibb/loopback/close/abort-open/D-41", test_abort_open);
  add_test ("/ibb/loopback/close/abort-closing/B-21", test_abort_closing);
  add_test ("/ibb/loopback/close/abort-half-closed/D-41", test_abort_half_closed);
  add_test ("/ibb/loopback/close/abort-ended/D-41", test_abort_ended);
  add_test ("/ibb/loopback/close/drop-open/D-49", test_drop_open);
  add_test ("/ibb/loopback/close/drop-unsent/D-49", test_drop_unsent);
  add_test ("/ibb/loopback/close/drop-half-closed", test_drop_half_closed);
  add_test ("/ibb/loopback/close/drop-closing", test_drop_closing);
  add_test ("/ibb/loopback/close/drop-ended", test_drop_ended);
  add_test ("/ibb/loopback/close/drop-reading", test_drop_reading);
  add_test ("/ibb/loopback/close/drop-in-handler", test_drop_in_handler);
  add_test ("/ibb/loopback/close/drop-lost", test_drop_lost);
  add_test ("/ibb/loopback/close/drop-service", test_drop_service);
  return g_test_run ();
}
