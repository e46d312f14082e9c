/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* D-46: a call that is cancelled loses no byte and doubles none, and can be
 * repeated. scenarios-cancel.c has the calls one by one. */

#include "fixture.h"

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
          /* Not earlier: everything could be over before the cancellation. */
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

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/cancel/read-storm/D-46", test_read_storm);
  return g_test_run ();
}
