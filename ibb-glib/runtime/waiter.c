/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/waiter.h"

void
ibb_waiter_init (IBBWaiter *self, IBBLock *lock, gboolean (*is_ready) (IBBWaiter *self))
{
  *self = (IBBWaiter){ .lock = lock, .is_ready = is_ready };
  self->link.data = self;
}

void
ibb_waiter_enter (IBBWaiter *self, GQueue *queue)
{
  g_queue_push_tail_link (queue, &self->link);
  self->queue = queue;
}

gboolean
ibb_waiter_leave (IBBWaiter *self)
{
  if (self->queue == NULL)
    return FALSE;
  g_queue_unlink (self->queue, &self->link);
  self->queue = NULL;
  return TRUE;
}

void
ibb_waiter_sleep (IBBWaiter *self, gint64 deadline)
{
  if (!self->woken)
    ibb_lock_sleep (self->lock, self->sleeper, deadline);
}

void
ibb_waiter_wake (IBBWaiter *self)
{
  if (self->source != NULL)
    g_source_set_ready_time (self->source, 0);
  else if (self->sleeper != NULL && !self->woken)
    {
      self->woken = TRUE;
      ibb_lock_wake (self->lock, self->sleeper);
    }
}

void
ibb_waiters_wake (GQueue *queue)
{
  for (GList *link = queue->head; link != NULL; link = link->next)
    {
      IBBWaiter *waiter = link->data;

      if (waiter->is_ready (waiter))
        ibb_waiter_wake (waiter);
    }
}
