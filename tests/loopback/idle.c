/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions on which nothing happens wake nobody up. The thread of the loopback is
 * watched where it goes to sleep. */

#include "fixture.h"

#define N_SESSIONS 10
#define N_EXCHANGES 1000

#define AWAKE (-2)

static int n_sleeps;        /* atomic */
static int timeout = AWAKE; /* atomic: of the sleep; -1 is for ever */

static int
watched_poll (GPollFD *fds, guint n, int milliseconds)
{
  int n_ready;

  g_atomic_int_inc (&n_sleeps);
  g_atomic_int_set (&timeout, milliseconds);
  n_ready = g_poll (fds, n, milliseconds);
  g_atomic_int_set (&timeout, AWAKE);
  return n_ready;
}

static gboolean
mark_cb (gpointer data)
{
  g_atomic_int_set ((int *) data, TRUE);
  return G_SOURCE_REMOVE;
}

static void
exchange (IBBTransport *romeo, IBBTransport *juliet)
{
  g_autoptr (GError) error = NULL;

  write_text (romeo, "anything");
  assert_reads (juliet, "anything");
  write_text (juliet, "nothing");
  assert_reads (romeo, "nothing");
  ibb_transport_drain (juliet, NULL, &error);
  g_assert_no_error (error);
}

/* What never waits does not wake the thread either. */
static void
look_at (IBBTransport *transport)
{
  GIOStream *stream = G_IO_STREAM (transport);

  g_assert_false (g_pollable_input_stream_is_readable (
      G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (stream))));
  g_assert_true (g_pollable_output_stream_is_writable (
      G_POLLABLE_OUTPUT_STREAM (g_io_stream_get_output_stream (stream))));
  g_assert_cmpuint (ibb_transport_get_bytes_queued (transport), ==, 0);
  g_assert_false (ibb_transport_has_ended (transport));
}

static void
test_sessions (Fixture *fixture, gconstpointer data)
{
  GMainContext *context =
      IBB_CONNECTION_GET_IFACE (fixture->romeo_connection)->get_context (fixture->romeo_connection);
  IBBTransport            *ends[N_SESSIONS][2];
  Fixture                  other = { 0 };
  g_autoptr (IBBTransport) romeo = NULL;
  g_autoptr (IBBTransport) juliet = NULL;
  int                      marked = FALSE;
  int                      before;

  g_main_context_set_poll_func (context, watched_poll);
  for (guint i = 0; i < N_SESSIONS; i++)
    {
      fixture_open (fixture, &ends[i][0], &ends[i][1]);
      exchange (ends[i][0], ends[i][1]);
    }
  run_pending ();
  /* We have woken it up to here, and not since. What was set while there was
   * something goes off, too; a timer that went off again and again would never let
   * it sleep for ever. */
  g_main_context_invoke (context, mark_cb, &marked);
  poll_until (g_atomic_int_get (&marked));
  poll_until (g_atomic_int_get (&timeout) == -1);

  /* Not once, for as long as others take for all this. */
  before = g_atomic_int_get (&n_sleeps);
  fixture_set_up (&other, NULL);
  fixture_open (&other, &romeo, &juliet);
  for (guint i = 0; i < N_EXCHANGES; i++)
    {
      exchange (romeo, juliet);
      look_at (ends[i % N_SESSIONS][0]);
      look_at (ends[i % N_SESSIONS][1]);
    }
  g_assert_cmpint (g_atomic_int_get (&n_sleeps), ==, before);

  /* It is there all the same. */
  exchange (ends[0][0], ends[0][1]);
  g_assert_cmpint (g_atomic_int_get (&n_sleeps), >, before);

  g_clear_object (&romeo);
  g_clear_object (&juliet);
  fixture_tear_down (&other, NULL);
  for (guint i = 0; i < N_SESSIONS; i++)
    for (guint side = 0; side < 2; side++)
      g_object_unref (ends[i][side]);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/idle/sessions", test_sessions);
  return g_test_run ();
}
