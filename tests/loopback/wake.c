/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The sources of a half: a wake-up that comes just when somebody lies down again, one that nobody
 * needs, and a source that outlives its transport. This program stands before
 * g_source_set_ready_time (), so that it can do there what another thread might do in that
 * moment. */

#define _GNU_SOURCE /* RTLD_NEXT */
#include "fixture.h"

#include <dlfcn.h>

#define N_DROPPED 200 /* each one µs later, for a thread to meet the moment */

static GCancellable *in_that_moment = NULL; /* atomic */

void
g_source_set_ready_time (GSource *source, gint64 ready_time)
{
  GCancellable *cancellable = g_atomic_pointer_get (&in_that_moment);
  void (*original) (GSource *, gint64) = NULL;

  *(void **) &original = dlsym (RTLD_NEXT, "g_source_set_ready_time");
  if (cancellable != NULL && ready_time < 0 &&
      g_strcmp0 (g_source_get_name (source), "[ibb-glib] read") == 0)
    {
      g_atomic_pointer_set (&in_that_moment, NULL);
      g_cancellable_cancel (cancellable);
    }
  original (source, ready_time);
}

/* A read that was woken for bytes which somebody else has taken meanwhile. */
static void
test_cancelled (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)            ends = fixture_open (fixture);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError)       error = NULL;
  g_autoptr (GAsyncResult) done = NULL;
  GAsyncResult            *result = NULL;
  GInputStream            *input;
  char                     bytes[10];

  input = get_input (ends.juliet);
  g_input_stream_read_async (input, bytes, sizeof bytes, G_PRIORITY_DEFAULT, cancellable,
                             store_result_cb, &result);
  write_text (ends.romeo, "x");
  /* What brings the byte also wakes the read, with the lock that the question takes. The context
   * must not run: it would finish the read. */
  while (!g_pollable_input_stream_is_readable (G_POLLABLE_INPUT_STREAM (input)))
    g_usleep (500);
  g_assert_cmpint (g_pollable_input_stream_read_nonblocking (G_POLLABLE_INPUT_STREAM (input), bytes,
                                                             sizeof bytes, NULL, &error),
                   ==, 1);
  g_assert_no_error (error);

  g_atomic_pointer_set (&in_that_moment, cancellable);
  done = wait_for_result (&result);
  g_assert_null (g_atomic_pointer_get (&in_that_moment));
  assert_fails (G_IO_ERROR, G_IO_ERROR_CANCELLED, g_input_stream_read_finish, input, done);
}

static void
note_thread_cb (gpointer data, GObject *where_it_was)
{
  g_atomic_pointer_set ((GThread **) data, g_thread_self ());
}

/* A service without sessions goes at once. Its host wakes no thread: that thread would hold the
 * connection for a moment, and could drop the last reference instead of the application. */
static void
test_dropped (Fixture *fixture, gconstpointer data)
{
  for (guint i = 0; i < N_DROPPED; i++)
    {
      g_autofree char *jid = g_strdup_printf ("mercutio@montague.example/%u", i);
      IBBConnection   *connection = ibb_loopback_attach (fixture->loopback, jid);
      IBBService      *service = ibb_service_new (connection);
      GThread         *thread = NULL;
      gint64           until;

      fixture_settle (fixture);
      g_object_weak_ref (G_OBJECT (connection), note_thread_cb, &thread);
      g_assert_finalize_object (service);
      until = g_get_monotonic_time () + i;
      while (g_get_monotonic_time () < until)
        ;
      g_object_unref (connection);
      poll_until (g_atomic_pointer_get (&thread) != NULL);
      g_assert_true (thread == g_thread_self ());
    }
}

static gboolean
count_cb (GObject *stream, gpointer data)
{
  (*(guint *) data)++;
  return G_SOURCE_CONTINUE;
}

/* A source that outlives the transport sees its end. */
static void
test_source_alone (Fixture *fixture, gconstpointer data)
{
  g_auto (Ends)         ends = fixture_open (fixture);
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (get_input (ends.romeo));
  g_autoptr (GSource)   source = g_pollable_input_stream_create_source (input, NULL);
  g_autoptr (GSource)   never_attached = g_pollable_input_stream_create_source (input, NULL);
  guint                 n_ready = 0;

  g_source_set_callback (source, G_SOURCE_FUNC (count_cb), &n_ready, NULL);
  g_source_attach (source, NULL);
  g_assert_finalize_object (g_steal_pointer (&ends.romeo));
  wait_until (n_ready > 0);
  g_source_destroy (source);
}

int
main (int argc, char **argv)
{
  test_init (&argc, &argv);
  add_test ("/ibb/loopback/wake/cancelled/D-46", test_cancelled);
  add_test ("/ibb/loopback/wake/dropped", test_dropped);
  add_test ("/ibb/loopback/wake/source-alone", test_source_alone);
  return g_test_run ();
}
