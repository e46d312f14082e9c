/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The life of sources. scenarios-poll.c tests when they fire. */

#include "fixture.h"

static GPollableInputStream *
pollable_input (IBBTransport *transport)
{
  return G_POLLABLE_INPUT_STREAM (get_input (transport));
}

static GPollableOutputStream *
pollable_output (IBBTransport *transport)
{
  return G_POLLABLE_OUTPUT_STREAM (get_output (transport));
}

static gboolean
count_cb (GObject *stream, gpointer data)
{
  (*(guint *) data)++;
  return G_SOURCE_CONTINUE;
}

/* A source that outlives the transport: it sees the end, and harms nobody. */
static void
test_source_alone (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource)      source = NULL;
  g_autoptr (GSource)      never_attached = NULL;
  guint                    n_ready = 0;

  never_attached = g_pollable_input_stream_create_source (pollable_input (ends.romeo), cancellable);
  source = g_pollable_input_stream_create_source (pollable_input (ends.romeo), cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n_ready, NULL);
  g_source_attach (source, NULL);
  g_assert_finalize_object (g_steal_pointer (&ends.romeo));
  wait_until (n_ready > 0);
  g_source_destroy (source);
}

/* Cancelling makes a source ready. */
static void
test_source_cancelled (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource)      source = NULL;
  guint                    n_ready = 0;

  source = g_pollable_input_stream_create_source (pollable_input (ends.romeo), cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n_ready, NULL);
  g_source_attach (source, NULL);
  run_pending ();
  g_assert_cmpuint (n_ready, ==, 0);
  g_cancellable_cancel (cancellable);
  wait_until (n_ready > 0);
  g_source_destroy (source);
}

/* The context of the source does not run any more, or never did. */
static void
test_source_left (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends) ends = fixture_open (fixture);

  for (guint n_iterations = 0; n_iterations < 3; n_iterations++)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();
      g_autoptr (GSource)      source = NULL;

      source = g_pollable_input_stream_create_source (pollable_input (ends.romeo), NULL);
      g_source_set_callback (source, G_SOURCE_FUNC (count_cb), NULL, NULL);
      g_source_attach (source, context);
      for (guint i = 0; i < n_iterations; i++)
        g_assert_false (g_main_context_iteration (context, FALSE));
    }
}

typedef struct
{
  GPollableInputStream *input;
  int                   is_over; /* atomic */
  gsize                 n_read;
} Storm;

static gpointer
read_thread (gpointer data)
{
  Storm *self = data;
  char   bytes[64];

  while (!g_atomic_int_get (&self->is_over))
    {
      gssize size =
          g_pollable_input_stream_read_nonblocking (self->input, bytes, sizeof bytes, NULL, NULL);

      self->n_read += MAX (size, 0);
    }
  return NULL;
}

static GSource *
count_ready (IBBTransport *transport, guint *n_ready)
{
  GSource *source = g_pollable_input_stream_create_source (pollable_input (transport), NULL);

  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), n_ready, NULL);
  g_source_attach (source, NULL);
  return source;
}

/* Sources come and go while bytes do, which wake them from another thread. No byte
 * is lost by it, nor the wake-up of the source that comes last. */
static void
test_source_storm (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)       ends = fixture_open (fixture);
  g_autoptr (GSource) last = NULL;
  Storm               storm = { .input = pollable_input (ends.juliet) };
  gsize               n_written = 0;
  guint               n_ready = 0;
  GThread            *thread = g_thread_new ("read", read_thread, &storm);

  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (GSource) source = NULL;
      gssize              size;

      size = g_pollable_output_stream_write_nonblocking (pollable_output (ends.romeo), "x", 1, NULL,
                                                         NULL);
      n_written += MAX (size, 0);
      source = count_ready (ends.juliet, &n_ready);
      g_main_context_iteration (NULL, FALSE);
      g_source_destroy (source);
    }
  drain_transport (ends.romeo);
  g_atomic_int_set (&storm.is_over, TRUE);
  g_thread_join (thread);
  while (storm.n_read < n_written)
    storm.n_read += assert_succeeds (g_input_stream_skip, get_input (ends.juliet),
                                     n_written - storm.n_read, NULL);
  g_assert_cmpuint (storm.n_read, ==, n_written);
  g_assert_false (g_pollable_input_stream_is_readable (storm.input));

  n_ready = 0;
  last = count_ready (ends.juliet, &n_ready);
  run_pending ();
  g_assert_cmpuint (n_ready, ==, 0);
  write_text (ends.romeo, "x");
  wait_until (n_ready > 0);
  g_source_destroy (last);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/poll/source-alone", test_source_alone);
  add_test ("/ibb/loopback/poll/source-cancelled", test_source_cancelled);
  add_test ("/ibb/loopback/poll/source-left", test_source_left);
  add_test ("/ibb/loopback/poll/source-storm", test_source_storm);
  return g_test_run ();
}
