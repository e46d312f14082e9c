/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Sources that sleep until they are woken, by a cancellation too. */

#include "config.h"

#include "base/callback-source.h"

#include "base/cancel-watch.h"

static guint n_calls;

static void
run_pending (void)
{
  while (g_main_context_iteration (NULL, FALSE))
    ;
}

static gboolean
wake_again (gpointer data)
{
  n_calls++;
  if (n_calls == 1)
    g_source_set_ready_time (g_main_current_source (), 0);
  return G_SOURCE_CONTINUE;
}

/* Woken once it calls once, and once more if it was woken in the call. */
static void
test_wake (void)
{
  g_autoptr (GSource) source = ibb_callback_source_new ("test", wake_again, NULL, NULL);

  n_calls = 0;
  g_source_attach (source, NULL);
  run_pending ();
  g_assert_cmpuint (n_calls, ==, 0);
  g_source_set_ready_time (source, 0);
  g_source_set_ready_time (source, 0);
  run_pending ();
  g_assert_cmpuint (n_calls, ==, 2);
  g_source_destroy (source);
}

/* How many descriptors of the context would end a poll. */
static int
poll_default (void)
{
  GMainContext *context = g_main_context_default ();
  GPollFD       fds[8];
  int           timeout, n;

  n = g_main_context_query (context, G_MAXINT, &timeout, fds, G_N_ELEMENTS (fds));
  return g_poll (fds, (guint) n, 0);
}

static gpointer
request (gpointer source)
{
  ibb_callback_source_request (source);
  return NULL;
}

static void
request_elsewhere (GSource *source)
{
  g_thread_join (g_thread_new ("request", request, source));
}

/* A request in the thread of the context does not write to the descriptor that ends a poll. */
static void
test_request (void)
{
  g_autoptr (GSource) source = ibb_callback_source_new ("test", wake_again, NULL, NULL);

  n_calls = 1; /* so that the call does not wake */
  ibb_callback_source_request (source);
  g_source_attach (source, NULL);
  run_pending ();
  g_assert_cmpuint (n_calls, ==, 2);

  g_assert_true (g_main_context_acquire (NULL));
  ibb_callback_source_request (source);
  ibb_callback_source_request (source);
  g_assert_cmpint (poll_default (), ==, 0);
  run_pending ();
  g_assert_cmpuint (n_calls, ==, 3);

  request_elsewhere (source);
  g_assert_cmpint (poll_default (), ==, 1);
  g_assert_true (ibb_callback_source_take (source));
  g_assert_false (ibb_callback_source_take (source));
  run_pending ();
  g_assert_cmpuint (n_calls, ==, 3);
  g_main_context_release (NULL);
  g_source_destroy (source);
}

static void
run_within (gpointer object)
{
  if (++n_calls > 1)
    return;
  g_source_set_ready_time (g_main_current_source (), 0);
  run_pending ();
  g_assert_cmpuint (n_calls, ==, 2);
}

/* The source also calls in a main loop that the call runs, and ends with its object. */
static void
test_object (void)
{
  g_autoptr (GCancellable) object = g_cancellable_new ();
  g_autoptr (GSource)      source = ibb_callback_source_new_for_object ("test", object, run_within);

  n_calls = 0;
  g_source_attach (source, NULL);
  g_source_set_ready_time (source, 0);
  run_pending ();
  g_assert_cmpuint (n_calls, ==, 2);

  g_assert_finalize_object (g_steal_pointer (&object));
  g_source_set_ready_time (source, 0);
  run_pending ();
  g_assert_cmpuint (n_calls, ==, 2);
  g_assert_true (g_source_is_destroyed (source));
}

static gboolean
count (gpointer data)
{
  n_calls++;
  return G_SOURCE_REMOVE;
}

/* Cancelled before, meanwhile, or after nobody looks any more. */
static void
test_cancel (void)
{
  for (guint when = 0; when < 3; when++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      IBBCancelWatch          *watch;

      n_calls = 0;
      if (when == 0)
        g_cancellable_cancel (cancellable);
      watch = ibb_cancel_watch_new_callback (cancellable, NULL, count, NULL);
      if (when == 1)
        g_cancellable_cancel (cancellable);
      if (when == 2)
        {
          ibb_cancel_watch_free (watch);
          g_cancellable_cancel (cancellable);
        }
      run_pending ();
      g_assert_cmpuint (n_calls, ==, when < 2);
      if (when < 2)
        ibb_cancel_watch_free (watch);
      g_assert_finalize_object (g_steal_pointer (&cancellable));
    }
  g_assert_null (ibb_cancel_watch_new_callback (NULL, NULL, count, NULL));
}

static gboolean
free_watch (gpointer data)
{
  IBBCancelWatch **watch = data;

  n_calls++;
  g_clear_pointer (watch, ibb_cancel_watch_free);
  return G_SOURCE_REMOVE;
}

static gpointer
cancel (gpointer data)
{
  g_cancellable_cancel (data);
  return NULL;
}

/* Freed by its callback, while another thread may still be cancelling. */
static void
test_cancel_in_thread (void)
{
  for (guint i = 0; i < 200; i++)
    {
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      IBBCancelWatch          *watch = NULL;
      GThread                 *thread;

      n_calls = 0;
      watch = ibb_cancel_watch_new_callback (cancellable, NULL, free_watch, &watch);
      thread = g_thread_new ("cancel", cancel, cancellable);
      while (watch != NULL)
        g_main_context_iteration (NULL, TRUE);
      g_thread_join (thread);
      g_assert_cmpuint (n_calls, ==, 1);
      g_assert_finalize_object (g_steal_pointer (&cancellable));
    }
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/callback-source/wake", test_wake);
  g_test_add_func ("/ibb/callback-source/request", test_request);
  g_test_add_func ("/ibb/callback-source/object", test_object);
  g_test_add_func ("/ibb/callback-source/cancel", test_cancel);
  g_test_add_func ("/ibb/callback-source/cancel-in-thread", test_cancel_in_thread);

  return g_test_run ();
}
