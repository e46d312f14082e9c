/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Owners learn that the network has changed, in their thread. */

#include "config.h"

#include "xmpp/base/network-watch.h"

#include "../lib/calls.h"
#include "../lib/fake-monitor.h"
#include "../lib/watchdog.h"

typedef struct
{
  IBBThread       *thread;
  IBBNetworkWatch *watch;     /* (nullable); on the thread only */
  int              n_changes; /* atomic */
  int              is_done;   /* atomic */
} Fixture;

static void
changed_cb (gpointer owner)
{
  Fixture *self = owner;

  g_assert_true (g_main_context_is_owner (ibb_thread_get_context (self->thread)));
  g_atomic_int_inc (&self->n_changes);
}

static gboolean
start_cb (gpointer user_data)
{
  Fixture *self = user_data;

  self->watch = ibb_network_watch_new (self->thread, changed_cb, self);
  g_atomic_int_set (&self->is_done, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
end_cb (gpointer user_data)
{
  Fixture *self = user_data;

  g_clear_pointer (&self->watch, ibb_network_watch_free);
  g_atomic_int_set (&self->is_done, TRUE);
  return G_SOURCE_REMOVE;
}

static gboolean
done_cb (gpointer user_data)
{
  g_atomic_int_set (&((Fixture *) user_data)->is_done, TRUE);
  return G_SOURCE_REMOVE;
}

/* Waits for what the thread was told before, too. */
static void
call (Fixture *self, GSourceFunc function)
{
  g_atomic_int_set (&self->is_done, FALSE);
  ibb_thread_invoke (self->thread, function, self, NULL);
  while (!g_atomic_int_get (&self->is_done))
    g_thread_yield ();
}

static void
set_up (Fixture *self, gconstpointer data)
{
  self->thread = ibb_thread_new ("test");
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  ibb_thread_quit (self->thread, NULL, NULL);
}

static void
test_changes (Fixture *self, gconstpointer data)
{
  call (self, start_cb);
  run_pending ();
  g_assert_true (fake_monitor_has_handlers ());
  fake_monitor_change (FALSE); /* it has gone: no reason to try anything */
  call (self, done_cb);
  g_assert_cmpint (g_atomic_int_get (&self->n_changes), ==, 0);
  fake_monitor_change (TRUE);
  fake_monitor_change (TRUE);
  call (self, done_cb);
  g_assert_cmpint (g_atomic_int_get (&self->n_changes), ==, 2);
  call (self, end_cb);
  g_assert_false (fake_monitor_has_handlers ());
  fake_monitor_change (TRUE);
  call (self, done_cb);
  g_assert_cmpint (g_atomic_int_get (&self->n_changes), ==, 2);
}

/* The default context is not run: nothing is told, and nothing stays there. */
static void
test_never_run (Fixture *self, gconstpointer data)
{
  for (guint i = 0; i < 10; i++)
    {
      call (self, start_cb);
      call (self, end_cb);
    }
  g_assert_false (g_main_context_pending (NULL));
  g_assert_false (fake_monitor_has_handlers ());
}

/* A change that is on its way when the watch ends is dropped. */
static gboolean
change_and_end_cb (gpointer user_data)
{
  Fixture *self = user_data;

  fake_monitor_change (TRUE);
  return end_cb (self);
}

static void
test_ended (Fixture *self, gconstpointer data)
{
  call (self, start_cb);
  run_pending ();
  call (self, change_and_end_cb);
  call (self, done_cb);
  g_assert_cmpint (g_atomic_int_get (&self->n_changes), ==, 0);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);
  watchdog_start (90);
  fake_monitor_install ();
  g_test_add ("/ibb/network-watch/changes", Fixture, NULL, set_up, test_changes, tear_down);
  g_test_add ("/ibb/network-watch/never-run", Fixture, NULL, set_up, test_never_run, tear_down);
  g_test_add ("/ibb/network-watch/ended", Fixture, NULL, set_up, test_ended, tear_down);

  return g_test_run ();
}
