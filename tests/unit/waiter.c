/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Blocked threads and sources that wait for a change: waiter and lock. */

#include "config.h"

#include "runtime/waiter.h"

/* More than the lock wakes after it was unlocked. */
#define N_THREADS (IBB_LOCK_WAKES_MAX + 3)

typedef struct
{
  IBBWaiter waiter; /* has to be first */
  gboolean  ready;  /* protected by lock */
} Test;

static gboolean
is_ready (IBBWaiter *waiter)
{
  return ((Test *) waiter)->ready;
}

static gpointer
block (gpointer data)
{
  Test *test = data;

  ibb_lock_lock (test->waiter.lock);
  for (;;)
    {
      test->waiter.woken = FALSE;
      if (test->ready)
        break;
      ibb_waiter_sleep (&test->waiter, G_MAXINT64);
    }
  g_clear_pointer (&test->waiter.sleeper, ibb_lock_sleeper_unref);
  ibb_lock_unlock (test->waiter.lock);
  return NULL;
}

/* All waiters are woken, however many wait. */
static void
test_many (void)
{
  IBBLock  lock;
  GQueue   queue = G_QUEUE_INIT;
  Test     tests[N_THREADS] = { 0 };
  GThread *threads[N_THREADS];

  ibb_lock_init (&lock);
  for (guint i = 0; i < N_THREADS; i++)
    {
      ibb_waiter_init (&tests[i].waiter, &lock, is_ready);
      tests[i].waiter.sleeper = ibb_lock_sleeper_new ();
      ibb_waiter_enter (&tests[i].waiter, &queue);
      threads[i] = g_thread_new ("waiter", block, &tests[i]);
    }
  ibb_lock_lock (&lock);
  for (guint i = 0; i < N_THREADS; i++)
    tests[i].ready = TRUE;
  ibb_waiters_wake (&queue);
  ibb_lock_unlock (&lock);
  for (guint i = 0; i < N_THREADS; i++)
    {
      g_thread_join (threads[i]);
      g_assert_null (tests[i].waiter.sleeper);
    }
  ibb_lock_clear (&lock);
}

/* A waking after the thread looked is not lost, and one before it is. */
static void
test_woken (void)
{
  IBBLock lock;
  GQueue  queue = G_QUEUE_INIT;
  Test    test = { .ready = TRUE };
  gint64  begin = g_get_monotonic_time ();

  ibb_lock_init (&lock);
  ibb_waiter_init (&test.waiter, &lock, is_ready);
  test.waiter.sleeper = ibb_lock_sleeper_new ();
  ibb_waiter_enter (&test.waiter, &queue);
  ibb_lock_lock (&lock);
  test.waiter.woken = FALSE;
  ibb_waiters_wake (&queue);
  ibb_waiter_sleep (&test.waiter, G_MAXINT64);

  test.waiter.woken = FALSE;
  ibb_waiter_sleep (&test.waiter, begin + 1000);
  g_assert_cmpint (g_get_monotonic_time () - begin, >=, 1000);
  g_clear_pointer (&test.waiter.sleeper, ibb_lock_sleeper_unref);
  ibb_lock_unlock (&lock);
  ibb_lock_clear (&lock);
}

/* Waiters that are ready are woken; of one with a source, the source is. */
static void
test_sources (void)
{
  IBBLock lock;
  GQueue  queue = G_QUEUE_INIT;
  Test    tests[2] = { 0 };

  ibb_lock_init (&lock);
  for (guint i = 0; i < 2; i++)
    {
      ibb_waiter_init (&tests[i].waiter, &lock, is_ready);
      tests[i].waiter.source = g_timeout_source_new_seconds (3600);
      ibb_waiter_enter (&tests[i].waiter, &queue);
    }
  tests[1].ready = TRUE;
  ibb_waiters_wake (&queue);
  for (guint i = 0; i < 2; i++)
    {
      GSource *source = tests[i].waiter.source;

      g_assert_cmpint (g_source_get_ready_time (source) == 0, ==, i == 1);
      g_assert_true (tests[i].waiter.queue != NULL);
      g_assert_true (ibb_waiter_leave (&tests[i].waiter));
      g_assert_null (tests[i].waiter.queue);
      g_assert_false (ibb_waiter_leave (&tests[i].waiter));
      g_source_unref (source);
    }
  g_assert_true (g_queue_is_empty (&queue));
  ibb_lock_clear (&lock);
}

int
main (int argc, char *argv[])
{
  g_test_init (&argc, &argv, NULL);

  g_test_add_func ("/ibb/waiter/many", test_many);
  g_test_add_func ("/ibb/waiter/woken", test_woken);
  g_test_add_func ("/ibb/waiter/sources", test_sources);

  return g_test_run ();
}
