/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-operation-private.h"

#include <glib/gi18n-lib.h>

#include "ibb-channel-private.h"
#include "ibb-transport-private.h"

void
ibb_operation_init (IBBOperation *self,
                    const IBBOperationClass *class,
                    IBBWorker  *worker,
                    IBBChannel *channel,
                    GObject    *keep,
                    GQueue     *queue)
{
  memset (self, 0, sizeof *self);
  self->class = class;
  self->worker = worker;
  self->channel = channel;
  self->keep = keep;
  self->queue = queue;
  self->link.data = self;
  self->deadline = G_MAXINT64;
}

IBBOperation *
ibb_operation_new (const IBBOperationClass *class,
                   IBBWorker  *worker,
                   IBBChannel *channel,
                   GObject    *keep,
                   GQueue     *queue)
{
  IBBOperation *self = g_new (IBBOperation, 1);

  ibb_operation_init (self, class, worker, channel, keep, queue);
  return self;
}

void
ibb_operation_set_timeout (IBBOperation *self, guint timeout)
{
  self->timeout = timeout;
  if (timeout > 0)
    self->deadline = g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND;
}

/* Takes its place in the queue of waiters. */
void
ibb_operation_wait_locked (IBBOperation *self)
{
  g_queue_push_tail_link (self->queue, &self->link);
  self->waiting = TRUE;
}

void
ibb_operation_leave_locked (IBBOperation *self)
{
  if (self->waiting)
    g_queue_unlink (self->queue, &self->link);
  self->waiting = FALSE;
}

void
ibb_operation_wake_locked (IBBOperation *self)
{
  if (self->source != NULL)
    g_source_set_ready_time (self->source, 0);
  else if (self->waiter != NULL && !self->woken) /* else it looks before it waits */
    {
      self->woken = TRUE;
      ibb_worker_wake_locked (self->worker, self->waiter);
    }
}

void
ibb_operations_wake_locked (GQueue *queue)
{
  for (GList *link = queue->head; link != NULL; link = link->next)
    {
      IBBOperation *operation = link->data;

      if (operation->class->is_ready (operation))
        ibb_operation_wake_locked (operation);
    }
}

static void
give_up_locked (IBBOperation *self, gint64 now)
{
  if (self->begun && self->class->give_up != NULL)
    self->class->give_up (self, now);
  self->begun = FALSE;
}

static gboolean
begin_locked (IBBOperation *self, gint64 now, GError **error)
{
  if (self->class->begin != NULL && !self->class->begin (self, now, error))
    return FALSE;
  self->begun = TRUE;
  return TRUE;
}

static void
wake_source_cb (GCancellable *cancellable, gpointer data)
{
  g_source_set_ready_time (data, 0);
}

static void
unref_source (gpointer data, GClosure *closure)
{
  g_source_unref (data);
}

/* Not by a GCancellableSource: GLib 2.74 never frees one that goes while another
 * thread is cancelling. Here the handler keeps the source for as long as it is
 * called, so nobody need wait for it. */
static void
watch_cancellable (IBBOperation *self, GSource *source, GCancellable *cancellable)
{
  if (cancellable == NULL)
    return;
  self->cancellable = g_object_ref (cancellable);
  self->handler = g_signal_connect_data (cancellable, "cancelled", G_CALLBACK (wake_source_cb),
                                         g_source_ref (source), unref_source, 0);
  if (g_cancellable_is_cancelled (cancellable))
    g_source_set_ready_time (source, 0);
}

static void
unwatch_cancellable (IBBOperation *self)
{
  if (self->handler != 0)
    g_signal_handler_disconnect (self->cancellable, self->handler);
  self->handler = 0;
  g_clear_object (&self->cancellable);
}

void
ibb_operation_clear (IBBOperation *self)
{
  g_assert (!self->waiting);
  unwatch_cancellable (self);
  g_free (self->peer);
  g_free (self->sid);
  ibb_failure_clear (&self->failure);
  g_clear_pointer (&self->outcome, ibb_channel_unref);
  g_clear_object (&self->keep);
}

/* What becomes of a task whose context went away before it ended, as well. */
void
ibb_operation_free (IBBOperation *self)
{
  ibb_worker_lock (self->worker);
  ibb_operation_leave_locked (self);
  give_up_locked (self, g_get_monotonic_time ());
  ibb_worker_update_locked (self->worker);
  ibb_worker_unlock (self->worker);

  ibb_operation_clear (self);
  g_free (self);
}

static void
set_timed_out (IBBOperation *self, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
               _ ("Still waiting for the peer after %u ms; the session goes on"), self->timeout);
}

static void
set_would_block (IBBOperation *self, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
               _ ("This thread serves the connection and cannot wait for it; call %s instead"),
               self->class->async_name);
}

static void
cancelled_cb (GCancellable *cancellable, gpointer data)
{
  IBBOperation *self = data;

  ibb_worker_lock (self->worker);
  ibb_worker_wake_locked (self->worker, self->waiter);
  ibb_worker_unlock (self->worker);
}

/* Waits for a turn. Called with the lock, which it keeps. */
static gboolean
wait_locked (IBBOperation *self, GCancellable *cancellable, GError **error)
{
  gulong   handler = 0;
  gboolean over;

  self->waiter = ibb_waiter_new ();
  ibb_operation_wait_locked (self);
  ibb_worker_update_locked (self->worker);
  if (cancellable != NULL)
    {
      /* It calls back at once if it is cancelled already. */
      ibb_worker_unlock (self->worker);
      handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
      ibb_worker_lock (self->worker);
    }

  for (;;)
    {
      gint64 now = g_get_monotonic_time ();

      self->woken = FALSE;
      over = self->class->attempt (self, now, error);
      if (over)
        break;
      /* An attempt may get some way without being the last. */
      ibb_worker_update_locked (self->worker);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        break;
      if (now >= self->deadline)
        {
          set_timed_out (self, error);
          break;
        }
      /* What was done here may have made it ready, when nobody waited yet. */
      if (!self->woken)
        ibb_worker_wait_locked (self->worker, self->waiter, self->deadline);
    }

  ibb_operation_leave_locked (self);
  if (handler != 0)
    {
      /* It waits for a callback under way, and that one for the lock. */
      ibb_worker_unlock (self->worker);
      g_cancellable_disconnect (cancellable, handler);
      ibb_worker_lock (self->worker);
    }
  g_clear_pointer (&self->waiter, ibb_waiter_unref);
  return over;
}

gboolean
ibb_operation_run (IBBOperation *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) reason = NULL;
  gint64             now;
  gboolean           over = FALSE;

  if (self->class->begins_cancelled || !g_cancellable_set_error_if_cancelled (cancellable, &reason))
    {
      now = g_get_monotonic_time ();
      ibb_worker_lock (self->worker);
      if (!self->class->begins_anyway && ibb_worker_is_own_thread_locked (self->worker) &&
          (self->class->always_waits || !self->class->is_ready (self)))
        set_would_block (self, &reason);
      else if (begin_locked (self, now, &reason))
        {
          over = self->class->attempt (self, now, &reason);
          if (!over && ibb_worker_is_own_thread_locked (self->worker))
            set_would_block (self, &reason);
          else if (!over)
            over = wait_locked (self, cancellable, &reason);
          if (over)
            self->begun = FALSE;
          else
            give_up_locked (self, g_get_monotonic_time ());
        }
      ibb_worker_update_locked (self->worker);
      ibb_worker_unlock (self->worker);
    }

  if (self->class->finish != NULL)
    self->class->finish (self);
  if (reason == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

IBBTransport *
ibb_operation_take_transport (IBBOperation *self)
{
  IBBTransport *transport = ibb_transport_new (self->outcome);

  g_clear_pointer (&self->outcome, ibb_channel_unref);
  return transport;
}

static void
return_result (IBBOperation *self, GTask *task)
{
  switch (self->class->result)
    {
    case IBB_RESULT_SIZE:
      g_task_return_int (task, self->size);
      break;
    case IBB_RESULT_BOOLEAN:
      g_task_return_boolean (task, TRUE);
      break;
    case IBB_RESULT_TRANSPORT:
      g_task_return_pointer (task, ibb_operation_take_transport (self), g_object_unref);
      break;
    default:
      g_assert_not_reached ();
    }
}

static gboolean
operation_cb (gpointer data)
{
  GTask             *task = data;
  IBBOperation      *self = g_task_get_task_data (task);
  GCancellable      *cancellable = g_task_get_cancellable (task);
  g_autoptr (GError) error = NULL;
  gint64             now = g_get_monotonic_time ();
  gboolean           over = FALSE;

  ibb_worker_lock (self->worker);
  /* Before anything is looked at: a wake-up from here on is for the next time,
   * that by a cancellable, which takes no lock, among them. */
  g_source_set_ready_time (self->source, self->deadline == G_MAXINT64 ? -1 : self->deadline);
  if (self->class->keeps_result)
    over = self->class->attempt (self, now, &error);
  if (!over && !g_cancellable_set_error_if_cancelled (cancellable, &error) &&
      !self->class->keeps_result)
    over = self->class->attempt (self, now, &error);
  if (!over && error == NULL && now >= self->deadline)
    set_timed_out (self, &error);

  if (!over && error == NULL)
    {
      ibb_worker_update_locked (self->worker);
      ibb_worker_unlock (self->worker);
      return G_SOURCE_CONTINUE;
    }

  ibb_operation_leave_locked (self);
  self->source = NULL;
  if (over)
    self->begun = FALSE;
  else
    give_up_locked (self, now);
  ibb_worker_update_locked (self->worker);
  ibb_worker_unlock (self->worker);

  unwatch_cancellable (self);
  if (self->class->finish != NULL)
    self->class->finish (self);
  if (error != NULL)
    g_task_return_error (task, g_steal_pointer (&error));
  else
    return_result (self, task);
  return G_SOURCE_REMOVE;
}

static gboolean
operation_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static GSourceFuncs operation_source_funcs = {
  NULL, NULL, operation_source_dispatch, NULL, NULL, NULL,
};

/* Attaches the source, and lets it be woken from then on: g_source_set_ready_time ()
 * takes no lock, and wakes nobody, for a source that is just being attached in another
 * thread. Called with the lock, so that it is not dispatched meanwhile. */
static void
attach_locked (IBBOperation *self, GTask *task)
{
  g_autoptr (GSource) source = g_source_new (&operation_source_funcs, sizeof (GSource));

  g_source_set_static_name (source, self->class->name);
  g_source_set_ready_time (source, self->class->is_ready (self)   ? 0
                                   : self->deadline == G_MAXINT64 ? -1
                                                                  : self->deadline);
  g_task_attach_source (task, source, operation_cb);
  self->source = source;
  ibb_operation_wait_locked (self);
  watch_cancellable (self, source, g_task_get_cancellable (task));
}

void
ibb_operation_start (IBBOperation *self, GTask *task)
{
  g_autoptr (GError) error = NULL;

  /* The attempt looks at the cancellable; what came of it must not be lost. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_name (task, self->class->name);
  g_task_set_task_data (task, self, (GDestroyNotify) ibb_operation_free);

  if (self->class->begins_cancelled ||
      !g_cancellable_set_error_if_cancelled (g_task_get_cancellable (task), &error))
    {
      ibb_worker_lock (self->worker);
      if (begin_locked (self, g_get_monotonic_time (), &error))
        attach_locked (self, task);
      ibb_worker_update_locked (self->worker);
      ibb_worker_unlock (self->worker);
    }
  if (error == NULL)
    return;
  if (self->class->finish != NULL)
    self->class->finish (self);
  g_task_return_error (task, g_steal_pointer (&error));
}
