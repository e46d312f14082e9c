/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Both halves are pollable: calls that never wait, and sources. */

#include "fixture.h"

static GPollableInputStream *
get_input (IBBTransport *transport)
{
  return G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (G_IO_STREAM (transport)));
}

static GPollableOutputStream *
get_output (IBBTransport *transport)
{
  return G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (G_IO_STREAM (transport)));
}

static gboolean
count_cb (GObject *stream, gpointer data)
{
  (*(guint *) data)++;
  return G_SOURCE_CONTINUE;
}

static gboolean
read_cb (GObject *stream, gpointer data)
{
  GString           *got = data;
  g_autoptr (GError) error = NULL;
  char               bytes[7];
  gssize             size;

  size = g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (stream), bytes,
                                                   sizeof bytes, NULL, &error);
  g_assert_no_error (error);
  if (size == 0)
    {
      g_string_append (got, "$");
      return G_SOURCE_REMOVE;
    }
  g_string_append_len (got, bytes, size);
  return G_SOURCE_CONTINUE;
}

static void
test_input (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GSource)      source = NULL;
  g_autoptr (GString)      got = g_string_new (NULL);
  char                     byte;

  fixture_open (fixture, &romeo, &juliet);
  g_assert_true (g_pollable_input_stream_can_poll (get_input (juliet)));
  g_assert_false (g_pollable_input_stream_is_readable (get_input (juliet)));
  g_assert_cmpint (
      g_pollable_input_stream_read_nonblocking (get_input (juliet), &byte, 1, NULL, &error), ==,
      -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
  g_clear_error (&error);

  source = g_pollable_input_stream_create_source (get_input (juliet), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (read_cb), got, NULL);
  g_source_attach (source, NULL);
  run_pending ();
  g_assert_cmpuint (got->len, ==, 0);

  /* Ready as long as there is something: 7 bytes at a time. */
  write_text (romeo, "a rose by any other name");
  wait_until (got->len == 24);
  g_assert_cmpstr (got->str, ==, "a rose by any other name");
  g_assert_false (g_pollable_input_stream_is_readable (get_input (juliet)));

  /* The end is ready, too. */
  g_io_stream_close (G_IO_STREAM (romeo), NULL, &error);
  g_assert_no_error (error);
  wait_until (g_str_has_suffix (got->str, "$"));
  g_assert_true (g_pollable_input_stream_is_readable (get_input (juliet)));
}

static void
test_output (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GError)       error = NULL;
  g_autoptr (GSource)      source = NULL;
  g_autofree char         *got = NULL;
  guint                    n_ready = 0;
  gsize                    filled;

  ibb_service_set_receive_buffer_size (fixture->juliet, 16 * 1024);
  ibb_service_set_send_buffer_size (fixture->romeo, 32 * 1024);
  fixture_open (fixture, &romeo, &juliet);
  g_assert_true (g_pollable_output_stream_can_poll (get_output (romeo)));
  g_assert_true (g_pollable_output_stream_is_writable (get_output (romeo)));

  /* Fill it until it stays full. */
  filled = fill_output (romeo);
  for (guint quiet = 0; quiet < 20; quiet++)
    {
      gsize more;

      wait_briefly ();
      more = fill_output (romeo);
      filled += more;
      quiet = more > 0 ? 0 : quiet;
    }
  g_assert_false (g_pollable_output_stream_is_writable (get_output (romeo)));
  source = g_pollable_output_stream_create_source (get_output (romeo), NULL);
  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n_ready, NULL);
  g_source_attach (source, NULL);
  run_pending ();
  g_assert_cmpuint (n_ready, ==, 0);

  got = g_malloc (filled);
  g_input_stream_read_all (g_io_stream_get_input_stream (G_IO_STREAM (juliet)), got, filled, NULL,
                           NULL, &error);
  g_assert_no_error (error);
  wait_until (n_ready > 0);
  g_assert_true (g_pollable_output_stream_is_writable (get_output (romeo)));

  /* A failure makes it ready, so that it is seen. */
  ibb_transport_abort (romeo);
  g_assert_true (g_pollable_output_stream_is_writable (get_output (romeo)));
  g_assert_cmpint (
      g_pollable_output_stream_write_nonblocking (get_output (romeo), "x", 1, NULL, &error), ==,
      -1);
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED);
  g_source_destroy (source);
}

/* A source that outlives the transport: it sees the end, and harms nobody. */
static void
test_source_alone (Fixture *fixture, gconstpointer data)
{
  IBBTransport            *romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource)      source = NULL;
  g_autoptr (GSource)      never_attached = NULL;
  guint                    n_ready = 0;

  fixture_open (fixture, &romeo, &juliet);
  never_attached = g_pollable_input_stream_create_source (get_input (romeo), cancellable);
  source = g_pollable_input_stream_create_source (get_input (romeo), cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n_ready, NULL);
  g_source_attach (source, NULL);
  g_assert_finalize_object (romeo);
  wait_until (n_ready > 0);
  g_source_destroy (source);
}

/* Cancelling makes a source ready. */
static void
test_source_cancelled (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GSource)      source = NULL;
  guint                    n_ready = 0;

  fixture_open (fixture, &romeo, &juliet);
  source = g_pollable_input_stream_create_source (get_input (romeo), cancellable);
  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n_ready, NULL);
  g_source_attach (source, NULL);
  run_pending ();
  g_assert_cmpuint (n_ready, ==, 0);
  g_cancellable_cancel (cancellable);
  wait_until (n_ready > 0);
  g_source_destroy (source);
}

/* Nobody runs the context any more, or never did. */
static void
test_source_left (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;

  fixture_open (fixture, &romeo, &juliet);
  for (guint n_iterations = 0; n_iterations < 3; n_iterations++)
    {
      g_autoptr (GMainContext) context = g_main_context_new ();
      g_autoptr (GSource)      source = NULL;

      source = g_pollable_input_stream_create_source (get_input (romeo), NULL);
      g_source_set_callback (source, G_SOURCE_FUNC (count_cb), NULL, NULL);
      g_source_attach (source, context);
      for (guint i = 0; i < n_iterations; i++)
        g_assert_false (g_main_context_iteration (context, FALSE));
    }
}

static int storm_is_over;

static gpointer
toggle_thread (gpointer data)
{
  GPollableInputStream *input = data;
  char                  bytes[64];

  while (!g_atomic_int_get (&storm_is_over))
    g_pollable_input_stream_read_nonblocking (input, bytes, sizeof bytes, NULL, NULL);
  return NULL;
}

/* Sources come and go while bytes do, which wake them from another thread. */
static void
test_source_storm (Fixture *fixture, gconstpointer data)
{
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  guint                    n_ready = 0;
  GThread                 *thread;

  fixture_open (fixture, &romeo, &juliet);
  g_atomic_int_set (&storm_is_over, FALSE);
  thread = g_thread_new ("toggle", toggle_thread, get_input (juliet));
  for (guint i = 0; i < 20000; i++)
    {
      g_autoptr (GSource) source = NULL;

      g_pollable_output_stream_write_nonblocking (get_output (romeo), "x", 1, NULL, NULL);
      source = g_pollable_input_stream_create_source (get_input (juliet), NULL);
      g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n_ready, NULL);
      g_source_attach (source, NULL);
      g_main_context_iteration (NULL, FALSE);
      g_source_destroy (source);
    }
  g_atomic_int_set (&storm_is_over, TRUE);
  g_thread_join (thread);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/poll/input", test_input);
  add_test ("/ibb/loopback/poll/output/F-11", test_output);
  add_test ("/ibb/loopback/poll/source-alone", test_source_alone);
  add_test ("/ibb/loopback/poll/source-cancelled", test_source_cancelled);
  add_test ("/ibb/loopback/poll/source-left", test_source_left);
  add_test ("/ibb/loopback/poll/source-storm", test_source_storm);
  return g_test_run ();
}
