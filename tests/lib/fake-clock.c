/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake-clock.h"

#include <time.h>

static GMutex lock;
/* protected by lock */
static gint64 stopped_at; /* 0: it goes */

static gint64
get_time (void)
{
  struct timespec now;

  clock_gettime (CLOCK_MONOTONIC, &now);
  return (gint64) now.tv_sec * G_USEC_PER_SEC + now.tv_nsec / 1000;
}

static void
set (gint64 time)
{
  g_mutex_lock (&lock);
  stopped_at = time;
  g_mutex_unlock (&lock);
}

void
fake_clock_stop (void)
{
  set (get_time ());
}

void
fake_clock_advance (gint64 time)
{
  set (g_get_monotonic_time () + time);
}

void
fake_clock_start (void)
{
  set (0);
}

gint64
g_get_monotonic_time (void)
{
  gint64 time;

  g_mutex_lock (&lock);
  time = stopped_at;
  g_mutex_unlock (&lock);

  return time != 0 ? time : get_time ();
}
