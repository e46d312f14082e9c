/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "fake-random.h"

#define N_BOUNDS 1000

static GMutex lock;
/* protected by lock */
static gint32 number;
static guint  bounds[N_BOUNDS];
static guint  n_calls;

void
fake_random_start (gint32 value)
{
  g_mutex_lock (&lock);
  number = value;
  n_calls = 0;
  g_mutex_unlock (&lock);
}

guint
fake_random_get_bound (guint n)
{
  guint bound;

  g_mutex_lock (&lock);
  bound = n < MIN (n_calls, N_BOUNDS) ? bounds[n] : 0;
  g_mutex_unlock (&lock);

  return bound;
}

gint32
g_random_int_range (gint32 begin, gint32 end)
{
  gint32 value;

  g_mutex_lock (&lock);
  if (n_calls < N_BOUNDS)
    bounds[n_calls] = (guint) end - 1;
  n_calls++;
  value = number;
  g_mutex_unlock (&lock);

  return value;
}
