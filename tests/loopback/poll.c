/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The life of sources. scenarios-poll.c tests when they fire. */

#include "fixture.h"

static GPollableInputStream *
pollable_input (IBBTransport *transport)
{
  return G_POLLABLE_INPUT_STREAM (get_input (transport));
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

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/poll/source-alone", test_source_alone);
  add_test ("/ibb/loopback/poll/source-cancelled", test_source_cancelled);
  return g_test_run ();
}
