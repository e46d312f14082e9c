/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sessions on which nothing happens wake nobody up, but to ask a peer that has been
 * silent for a minute (D-27). The thread of the loopback is watched where it goes to
 * sleep. */

#include "fixture.h"

#define N_SESSIONS 10
#define N_EXCHANGES 1000

#define AWAKE (-2)
#define LONG_SLEEP (50 * 1000) /* less than the minute */

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
sleeps_for_long (void)
{
  int milliseconds = g_atomic_int_get (&timeout);

  return milliseconds == -1 || milliseconds > LONG_SLEEP;
}

static gboolean
mark_cb (gpointer data)
{
  g_atomic_int_set ((int *) data, TRUE);
  return G_SOURCE_REMOVE;
}

static void
exchange (Ends *ends)
{
  write_text (ends->romeo, "anything");
  assert_reads (ends->juliet, "anything");
  write_text (ends->juliet, "nothing");
  assert_reads (ends->romeo, "nothing");
  drain_transport (ends->juliet);
}

/* A call that never waits does not wake the thread. */
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
  Ends    idle[N_SESSIONS];
  Fixture other = { 0 };
  Ends    busy;
  int     marked = FALSE;
  int     before;
  gint64  end; /* nobody has to wake up until then */

  g_main_context_set_poll_func (context, watched_poll);
  for (guint i = 0; i < N_SESSIONS; i++)
    {
      idle[i] = fixture_open (fixture);
      exchange (&idle[i]);
    }
  run_pending ();
  /* We have woken it up to here, and not since. What was set while there was
   * something goes off, too; a timer that went off again and again would never let
   * it sleep for long. */
  end = g_get_monotonic_time () + LONG_SLEEP * G_TIME_SPAN_MILLISECOND;
  g_main_context_invoke (context, mark_cb, &marked);
  poll_until (g_atomic_int_get (&marked));
  poll_until (sleeps_for_long ());

  /* The thread does not wake once, for as long as other tests take for all this. A machine that
   * takes longer than the sleep does less in it. */
  before = g_atomic_int_get (&n_sleeps);
  fixture_set_up (&other, NULL);
  busy = fixture_open (&other);
  for (guint i = 0; i < N_EXCHANGES; i++)
    {
      int n_now;

      exchange (&busy);
      look_at (idle[i % N_SESSIONS].romeo);
      look_at (idle[i % N_SESSIONS].juliet);
      n_now = g_atomic_int_get (&n_sleeps);
      if (g_get_monotonic_time () >= end)
        break;
      g_assert_cmpint (n_now, ==, before);
    }

  /* The thread is there nevertheless. */
  before = g_atomic_int_get (&n_sleeps);
  exchange (&idle[0]);
  g_assert_cmpint (g_atomic_int_get (&n_sleeps), >, before);

  ends_clear (&busy);
  fixture_tear_down (&other, NULL);
  for (guint i = 0; i < N_SESSIONS; i++)
    ends_clear (&idle[i]);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/idle/sessions", test_sessions);
  return g_test_run ();
}
