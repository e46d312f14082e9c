/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-46: a call that is cancelled loses no byte and doubles none, and can be
 * repeated. */

#include "fixture.h"

static gpointer
cancel_thread (gpointer data)
{
  wait_for_waiter (data);
  g_cancellable_cancel (data);
  return NULL;
}

/* Nothing to read: cancelled; later it reads as if nothing had been. */
static void
test_read (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult            *read = NULL;
  GThread                 *thread;
  char                     bytes[8];

  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_input_stream_read, get_input (ends.juliet),
                bytes, 8, cancellable);
  g_thread_join (thread);

  g_cancellable_reset (cancellable);
  g_input_stream_read_async (get_input (ends.juliet), bytes, 8, G_PRIORITY_DEFAULT, cancellable,
                             store_result_cb, &read);
  run_pending ();
  g_cancellable_cancel (cancellable);
  g_assert_null (read);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_input_stream_read_finish,
                       get_input (ends.juliet), &read);

  write_text (ends.romeo, "whole");
  assert_reads (ends.juliet, "whole");
}

/* The bytes are there when the call is cancelled: they stay. */
static void
test_read_late (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult            *read = NULL;
  char                     bytes[8];

  /* Begun with bytes there, and cancelled before the context gets round to it. */
  write_text (ends.romeo, "again");
  poll_until (ibb_transport_get_bytes_received (ends.juliet) == 5);
  g_input_stream_read_async (get_input (ends.juliet), bytes, 8, G_PRIORITY_DEFAULT, cancellable,
                             store_result_cb, &read);
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_input_stream_read_finish,
                       get_input (ends.juliet), &read);
  assert_reads (ends.juliet, "again");
}

/* Reads that wait are cancelled from another thread, by both ways, while their
 * bytes may be arriving: all of them arrive, once, in order. */
typedef struct
{
  GCancellable *cancellable;
  int           done;
} Canceller;

static gpointer
canceller_thread (gpointer data)
{
  Canceller *self = data;

  while (!g_atomic_int_get (&self->done))
    {
      if (has_waiter (self->cancellable))
        {
          for (int n = g_random_int_range (0, 100); n > 0; n--)
            g_thread_yield ();
          g_cancellable_cancel (self->cancellable);
        }
      g_thread_yield ();
    }
  return NULL;
}

static gpointer
writer_thread (gpointer data)
{
  g_autoptr (GBytes) bytes = make_bytes (400000, 7);

  for (gsize i = 0; i < 400000; i += 1000)
    write_bytes (data, (const guint8 *) g_bytes_get_data (bytes, NULL) + i, 1000);
  return NULL;
}

static void
test_read_storm (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)      ends = fixture_open (fixture);
  g_autoptr (GBytes) expected = make_bytes (400000, 7);
  g_autofree guint8 *got = g_malloc (400000);
  Canceller          canceller = { g_cancellable_new (), FALSE };
  GThread           *writer = NULL;
  GThread           *thread;
  gsize              length = 0;
  guint              n_cancelled = 0;

  thread = g_thread_new ("canceller", canceller_thread, &canceller);
  for (guint turn = 0; length < 400000; turn++)
    {
      g_autoptr (GError)       error = NULL;
      g_autoptr (GAsyncResult) result = NULL;
      GAsyncResult            *read = NULL;
      gsize                    count = MIN (400000 - length, 3000);
      gssize                   size;

      if (turn % 2 == 0)
        size = g_input_stream_read (get_input (ends.juliet), got + length, count,
                                    canceller.cancellable, &error);
      else
        {
          g_input_stream_read_async (get_input (ends.juliet), got + length, count,
                                     G_PRIORITY_DEFAULT, canceller.cancellable, store_result_cb,
                                     &read);
          result = wait_for_result (&read);
          size = g_input_stream_read_finish (get_input (ends.juliet), result, &error);
        }
      if (size < 0)
        {
          g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
          n_cancelled++;
          g_cancellable_reset (canceller.cancellable);
          /* Not earlier: all could be over before anything was cancelled. */
          if (writer == NULL)
            writer = g_thread_new ("writer", writer_thread, ends.romeo);
          continue;
        }
      g_assert_cmpint (size, >, 0);
      length += size;
    }
  g_atomic_int_set (&canceller.done, TRUE);
  g_thread_join (thread);
  g_thread_join (writer);
  g_assert_cmpmem (got, length, g_bytes_get_data (expected, NULL), 400000);
  g_assert_cmpuint (n_cancelled, >, 0);
  g_object_unref (canceller.cancellable);
}

/* A write without room. */
static void
test_write (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = { NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autofree char         *got = NULL;
  GAsyncResult            *written = NULL;
  GThread                 *thread;
  gsize                    filled;

  ibb_service_set_receive_buffer_size (fixture->juliet, 16 * 1024);
  ends = fixture_open (fixture);
  filled = fixture_fill (fixture, ends.romeo);

  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_output_stream_write, get_output (ends.romeo),
                "lost?", 5, cancellable);
  g_thread_join (thread);

  g_cancellable_reset (cancellable);
  g_output_stream_write_async (get_output (ends.romeo), "lost?", 5, G_PRIORITY_DEFAULT, cancellable,
                               store_result_cb, &written);
  run_pending ();
  g_assert_null (written);
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_output_stream_write_finish,
                       get_output (ends.romeo), &written);

  g_assert_cmpuint (ibb_transport_get_bytes_acknowledged (ends.romeo) +
                        ibb_transport_get_bytes_queued (ends.romeo),
                    ==, filled);
  got = g_malloc (filled);
  assert_succeeds (g_input_stream_read_all, get_input (ends.juliet), got, filled, NULL, NULL);
  write_text (ends.romeo, "whole");
  assert_reads (ends.juliet, "whole");
}

/* Flush, drain and shutdown_output: the session goes on, and so does what was
 * begun. */
static void
test_waits (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = { NULL };
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  GAsyncResult            *drained = NULL;
  GAsyncResult            *shut = NULL;
  GAsyncResult            *flushed = NULL;
  GThread                 *thread;

  /* So that the flush has to wait: nothing is free while the first is unanswered. */
  ibb_service_set_window (fixture->romeo, 1);
  ibb_service_set_receive_buffer_size (fixture->juliet, 1);
  ends = fixture_open (fixture);
  write_text (ends.romeo, "one");
  poll_until (ibb_transport_get_bytes_in_flight (ends.romeo) == 3);
  write_text (ends.romeo, "two");

  g_output_stream_flush_async (get_output (ends.romeo), G_PRIORITY_DEFAULT, cancellable,
                               store_result_cb, &flushed);
  ibb_transport_drain_async (ends.romeo, cancellable, store_result_cb, &drained);
  run_pending ();
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_output_stream_flush_finish,
                       get_output (ends.romeo), &flushed);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_transport_drain_finish, ends.romeo,
                       &drained);
  g_assert_false (ibb_transport_has_ended (ends.romeo));

  g_cancellable_reset (cancellable);
  thread = g_thread_new ("cancel", cancel_thread, cancellable);
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_transport_drain, ends.romeo, cancellable);
  g_thread_join (thread);

  g_cancellable_reset (cancellable);
  ibb_transport_shutdown_output_async (ends.romeo, cancellable, store_result_cb, &shut);
  run_pending ();
  g_cancellable_cancel (cancellable);
  assert_result_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, ibb_transport_shutdown_output_finish,
                       ends.romeo, &shut);
  g_assert_false (ibb_transport_has_ended (ends.romeo));
  g_assert_false (g_output_stream_has_pending (get_output (ends.romeo)));

  assert_reads (ends.juliet, "onetwo");
  shut_down_output (ends.romeo);
  assert_reads_eof (ends.juliet);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/cancel/read/D-46", test_read);
  add_test ("/ibb/loopback/cancel/read-late/D-46", test_read_late);
  add_test ("/ibb/loopback/cancel/read-storm/D-46", test_read_storm);
  add_test ("/ibb/loopback/cancel/write/D-46", test_write);
  add_test ("/ibb/loopback/cancel/waits/D-46", test_waits);
  return g_test_run ();
}
