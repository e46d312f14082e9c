/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "base/lock.h"

IBBSleeper *
ibb_lock_sleeper_new (void)
{
  IBBSleeper *sleeper = g_new (IBBSleeper, 1);

  g_atomic_ref_count_init (&sleeper->ref_count);
  g_cond_init (&sleeper->cond);
  return sleeper;
}

void
ibb_lock_sleeper_unref (IBBSleeper *sleeper)
{
  if (!g_atomic_ref_count_dec (&sleeper->ref_count))
    return;
  g_cond_clear (&sleeper->cond);
  g_free (sleeper);
}

void
ibb_lock_init (IBBLock *self)
{
  g_mutex_init (&self->mutex);
  self->n_wakes = 0;
}

void
ibb_lock_clear (IBBLock *self)
{
  g_assert (self->n_wakes == 0);
  g_mutex_clear (&self->mutex);
}

void
ibb_lock_lock (IBBLock *self)
{
  g_mutex_lock (&self->mutex);
}

static guint
steal_wakes (IBBLock *self, IBBSleeper **wakes)
{
  guint n = self->n_wakes;

  for (guint i = 0; i < n; i++)
    wakes[i] = self->wakes[i];
  self->n_wakes = 0;
  return n;
}

static void
wake_all (IBBSleeper **wakes, guint n)
{
  for (guint i = 0; i < n; i++)
    {
      g_cond_signal (&wakes[i]->cond);
      ibb_lock_sleeper_unref (wakes[i]);
    }
}

void
ibb_lock_unlock (IBBLock *self)
{
  IBBSleeper *wakes[IBB_LOCK_WAKES_MAX];
  guint       n;

  if (self->n_wakes == 0)
    {
      g_mutex_unlock (&self->mutex);
      return;
    }
  n = steal_wakes (self, wakes);
  g_mutex_unlock (&self->mutex);
  wake_all (wakes, n);
}

void
ibb_lock_wake (IBBLock *self, IBBSleeper *sleeper)
{
  if (self->n_wakes == IBB_LOCK_WAKES_MAX)
    g_cond_signal (&sleeper->cond);
  else
    {
      g_atomic_ref_count_inc (&sleeper->ref_count);
      self->wakes[self->n_wakes++] = sleeper;
    }
}

void
ibb_lock_sleep (IBBLock *self, IBBSleeper *sleeper, gint64 deadline)
{
  IBBSleeper *wakes[IBB_LOCK_WAKES_MAX];

  wake_all (wakes, steal_wakes (self, wakes));
  if (deadline == G_MAXINT64)
    g_cond_wait (&sleeper->cond, &self->mutex);
  else
    g_cond_wait_until (&sleeper->cond, &self->mutex, deadline);
}
