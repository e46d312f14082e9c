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

gboolean
ibb_waiter_is_waiting (const IBBWaiter *self)
{
  return self->queue != NULL;
}

void
ibb_waiter_set_source (IBBWaiter *self, GSource *source)
{
  self->source = source;
}

GSource *
ibb_waiter_get_source (const IBBWaiter *self)
{
  return self->source;
}

void
ibb_waiter_begin_sleeping (IBBWaiter *self)
{
  self->sleeper = ibb_sleeper_new ();
}

void
ibb_waiter_look (IBBWaiter *self)
{
  self->woken = FALSE;
}

void
ibb_waiter_sleep (IBBWaiter *self, gint64 deadline)
{
  if (!self->woken)
    ibb_lock_sleep (self->lock, self->sleeper, deadline);
}

void
ibb_waiter_end_sleeping (IBBWaiter *self)
{
  g_clear_pointer (&self->sleeper, ibb_sleeper_unref);
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
