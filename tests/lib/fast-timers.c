/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Loaded before GLib into a program under test, it makes what is to happen in ten minutes or
 * more happen a thousand times as soon. IBB_TEST_FAST_TIMERS_FROM is another time, in
 * milliseconds. A test that is linked with it says more exactly what is to happen sooner.
 */

#define _GNU_SOURCE /* RTLD_NEXT */

#include "fast-timers.h"

#include <dlfcn.h>
#include <stdlib.h>

#define LONG (10 * 60 * 1000) /* ms */

/* atomic */
static int      least = LONG;
static int      most = G_MAXINT;
static int      divisor = 1000;
static int      n_left;
static int      held_interval; /* 0: of no timer */
static GSource *held;          /* (owned) (nullable) */

__attribute__ ((constructor)) static void
read_environment (void)
{
  const char *from = getenv ("IBB_TEST_FAST_TIMERS_FROM");

  if (from != NULL)
    least = atoi (from);
}

void
fast_timers_start (guint shortest, guint longest, guint n_kept)
{
  g_atomic_int_set (&n_left, (int) n_kept);
  g_atomic_int_set (&divisor, 300);
  g_atomic_int_set (&most, (int) longest);
  g_atomic_int_set (&least, (int) shortest);
}

void
fast_timers_stop (void)
{
  g_atomic_int_set (&least, G_MAXINT);
}

void
fast_timers_hold (guint interval)
{
  GSource *forgotten = g_atomic_pointer_get (&held);

  g_atomic_pointer_set (&held, NULL);
  g_clear_pointer (&forgotten, g_source_unref);
  g_atomic_int_set (&held_interval, (int) interval);
}

gboolean
fast_timers_is_held (void)
{
  return g_atomic_pointer_get (&held) != NULL;
}

void
fast_timers_fire (void)
{
  GSource *source = g_atomic_pointer_get (&held);

  g_assert_nonnull (source);
  g_atomic_pointer_set (&held, NULL);
  g_source_set_ready_time (source, 0);
  g_source_unref (source);
}

GSource *
g_timeout_source_new (guint interval)
{
  GSource *(*original) (guint) = (GSource * (*) (guint)) dlsym (RTLD_NEXT, "g_timeout_source_new");

  if (interval > 0 && g_atomic_int_compare_and_exchange (&held_interval, (int) interval, 0))
    {
      GSource *source = original (interval);

      g_source_set_ready_time (source, -1);
      g_atomic_pointer_set (&held, g_source_ref (source));
      return source;
    }
  if (interval < (guint) g_atomic_int_get (&least) || interval > (guint) g_atomic_int_get (&most) ||
      g_atomic_int_add (&n_left, -1) > 0)
    return original (interval);
  return original (interval / (guint) g_atomic_int_get (&divisor));
}
