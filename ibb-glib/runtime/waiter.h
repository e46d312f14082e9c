/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A place in a queue of those that wait for a change: a blocked thread, or a source of a
 * main context. Who changes something wakes the waiters that have become ready; each then
 * tries for itself, in its own thread. All calls are made with the lock. */

#pragma once

#include "base/lock.h"

typedef struct _IBBWaiter IBBWaiter;

struct _IBBWaiter
{
  /* immutable after initialisation */
  IBBLock *lock;
  gboolean (*is_ready) (IBBWaiter *self); /* whether waking it makes sense */

  /* protected by lock */
  GQueue     *queue; /* (nullable): where it waits */
  GList       link;
  GSource    *source;  /* (unowned) (nullable): woken if there is one */
  IBBSleeper *sleeper; /* (owned) (nullable): else woken if there is one */
  gboolean    woken;   /* since the thread last looked */
};

void     ibb_waiter_init (IBBWaiter *self, IBBLock *lock, gboolean (*is_ready) (IBBWaiter *self));
void     ibb_waiter_enter (IBBWaiter *self, GQueue *queue);
gboolean ibb_waiter_leave (IBBWaiter *self); /* FALSE if it did not wait */

/* Blocks this thread, unless the waiter was woken since .woken was last set to FALSE. */
void ibb_waiter_sleep (IBBWaiter *self, gint64 deadline);

void ibb_waiter_wake (IBBWaiter *self);
void ibb_waiters_wake (GQueue *queue); /* the waiters in queue that are ready */
