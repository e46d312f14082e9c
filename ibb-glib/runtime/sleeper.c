/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/sleeper.h"

struct _IBBSleeper
{
  gatomicrefcount ref_count;
  GCond           cond;
};

IBBSleeper *
ibb_sleeper_new (void)
{
  IBBSleeper *self = g_new (IBBSleeper, 1);

  g_atomic_ref_count_init (&self->ref_count);
  g_cond_init (&self->cond);
  return self;
}

IBBSleeper *
ibb_sleeper_ref (IBBSleeper *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_sleeper_unref (IBBSleeper *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_cond_clear (&self->cond);
  g_free (self);
}

void
ibb_sleeper_wake (IBBSleeper *self)
{
  g_cond_signal (&self->cond);
}

void
ibb_sleeper_sleep (IBBSleeper *self, GMutex *mutex, gint64 deadline)
{
  if (deadline == G_MAXINT64)
    g_cond_wait (&self->cond, mutex);
  else
    g_cond_wait_until (&self->cond, mutex, deadline);
}
