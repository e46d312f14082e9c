/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/operation.h"

#include "base/callback-source.h"
#include "base/intl.h"

static gboolean
waiter_is_ready (IBBWaiter *waiter)
{
  IBBOperation *self = (IBBOperation *) waiter;

  return self->class->is_ready (self);
}

void
ibb_operation_init (IBBOperation *self,
                    const IBBOperationClass *class,
                    IBBHost *host,
                    GObject *keep,
                    GQueue  *queue,
                    guint    timeout)
{
  *self = (IBBOperation){ .class = class,
                          .host = host,
                          .keep = keep,
                          .queue = queue,
                          .timeout = timeout,
                          .deadline = G_MAXINT64 };
  ibb_waiter_init (&self->waiter, &host->lock, waiter_is_ready);
  if (timeout > 0)
    self->deadline = g_get_monotonic_time () + timeout * G_TIME_SPAN_MILLISECOND;
}

void
ibb_operation_clear (IBBOperation *self)
{
  g_assert (self->waiter.queue == NULL);
  g_clear_pointer (&self->cancelled, ibb_cancel_watch_free);
  if (self->class->clear != NULL)
    self->class->clear (self);
  g_clear_object (&self->keep);
}

void
ibb_operation_set_queue_locked (IBBOperation *self, GQueue *queue)
{
  self->queue = queue;
  if (ibb_waiter_leave (&self->waiter))
    ibb_waiter_enter (&self->waiter, queue);
}

static void
enter_queue_locked (IBBOperation *self)
{
  if (self->queue != NULL)
    ibb_waiter_enter (&self->waiter, self->queue);
}

static void
give_up_locked (IBBOperation *self, gint64 now)
{
  if (self->class->give_up != NULL)
    self->class->give_up (self, now);
}

static gboolean
begin_locked (IBBOperation *self, gint64 now, GError **error)
{
  return self->class->begin == NULL || self->class->begin (self, now, error);
}

/* Only of a task that has returned: until then its source holds the task. */
static void
operation_free (gpointer data)
{
  IBBOperation *self = data;

  ibb_operation_clear (self);
  g_free (self);
}

static void
set_timed_out (IBBOperation *self, GError **error)
{
  if (self->class->new_timeout_error != NULL)
    g_propagate_error (error, self->class->new_timeout_error (self));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                 _ ("Still waiting for the peer after %u ms; the session goes on"), self->timeout);
}

static void
set_would_block (IBBOperation *self, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
               /* Translators: %s is the name of a function */
               _ ("This thread serves the connection and cannot wait for it; call %s instead"),
               self->class->async_name);
}

/* Waiting in this thread. */

static void
cancelled_cb (GCancellable *cancellable, gpointer data)
{
  IBBOperation *self = data;

  ibb_host_lock (self->host);
  ibb_waiter_wake (&self->waiter);
  ibb_host_unlock (self->host);
}

/* g_cancellable_connect () calls back at once if it is cancelled already, and to disconnect waits
 * for a callback that waits for the lock. So neither is done with the lock. */

static gulong
connect_locked (IBBOperation *self, GCancellable *cancellable)
{
  gulong handler;

  if (cancellable == NULL)
    return 0;
  ibb_host_unlock (self->host);
  handler = g_cancellable_connect (cancellable, G_CALLBACK (cancelled_cb), self, NULL);
  ibb_host_lock (self->host);
  return handler;
}

static void
disconnect_locked (IBBOperation *self, GCancellable *cancellable, gulong handler)
{
  if (handler == 0)
    return;
  ibb_host_unlock (self->host);
  g_cancellable_disconnect (cancellable, handler);
  ibb_host_lock (self->host);
}

/* Waits for the end of the operation. The caller has the lock, and keeps it. */
static gboolean
wait_locked (IBBOperation *self, GCancellable *cancellable, GError **error)
{
  gulong   handler;
  gboolean over;

  self->waiter.sleeper = ibb_lock_sleeper_new ();
  enter_queue_locked (self);
  ibb_host_update_locked (self->host);
  handler = connect_locked (self, cancellable);

  for (;;)
    {
      gint64 now = g_get_monotonic_time ();

      self->waiter.woken = FALSE;
      over = self->class->attempt (self, now, error);
      if (over)
        break;
      /* An attempt may change something without being the last one. */
      ibb_host_update_locked (self->host);
      if (g_cancellable_set_error_if_cancelled (cancellable, error))
        break;
      if (now >= self->deadline)
        {
          set_timed_out (self, error);
          break;
        }
      ibb_waiter_sleep (&self->waiter, self->deadline);
    }

  ibb_waiter_leave (&self->waiter);
  disconnect_locked (self, cancellable, handler);
  g_clear_pointer (&self->waiter.sleeper, ibb_lock_sleeper_unref);
  return over;
}

static gboolean
run_locked (IBBOperation *self, GCancellable *cancellable, GError **error)
{
  gint64   now = g_get_monotonic_time ();
  gboolean over;

  if (!self->class->begins_anyway && ibb_host_is_own_thread_locked (self->host) &&
      (self->class->always_waits || !self->class->is_ready (self)))
    {
      set_would_block (self, error);
      return FALSE;
    }
  if (!begin_locked (self, now, error))
    return FALSE;

  over = self->class->attempt (self, now, error);
  if (!over && ibb_host_is_own_thread_locked (self->host))
    set_would_block (self, error);
  else if (!over)
    over = wait_locked (self, cancellable, error);

  if (!over)
    give_up_locked (self, g_get_monotonic_time ());
  return over;
}

gboolean
ibb_operation_run (IBBOperation *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GError) reason = NULL;

  if (self->class->begins_cancelled || !g_cancellable_set_error_if_cancelled (cancellable, &reason))
    {
      ibb_host_lock (self->host);
      run_locked (self, cancellable, &reason);
      ibb_host_update_locked (self->host);
      ibb_host_unlock (self->host);
    }
  if (reason == NULL)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&reason));
  return FALSE;
}

/* Waiting in a main context. */

/* Finishes with the result, or with error, which it takes over. */
static void
finish (IBBOperation *self, GTask *task, GError *error)
{
  if (self->finished != NULL)
    self->finished (self->finished_data);
  if (error != NULL)
    g_task_return_error (task, error);
  else if (self->class->return_result != NULL)
    self->class->return_result (self, task);
  else
    g_task_return_boolean (task, TRUE);
}

/* Returns FALSE, without an error, if the operation has to wait on. */
static gboolean
attempt_locked (IBBOperation *self, GCancellable *cancellable, gint64 now, GError **error)
{
  if (self->class->keeps_result && self->class->attempt (self, now, error))
    return TRUE;
  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return FALSE;
  if (!self->class->keeps_result && self->class->attempt (self, now, error))
    return TRUE;
  if (now >= self->deadline)
    set_timed_out (self, error);
  return FALSE;
}

static gboolean
operation_cb (gpointer data)
{
  GTask        *task = data;
  IBBOperation *self = g_task_get_task_data (task);
  GError       *error = NULL;
  gint64        now = g_get_monotonic_time ();
  gboolean      over;

  ibb_host_lock (self->host);
  /* Set before the attempt: a wake-up during the attempt dispatches the source again. So does a
   * cancellable, which takes no lock. */
  g_source_set_ready_time (self->waiter.source, self->deadline == G_MAXINT64 ? -1 : self->deadline);
  over = attempt_locked (self, g_task_get_cancellable (task), now, &error);
  if (!over && error == NULL)
    {
      ibb_host_update_locked (self->host);
      ibb_host_unlock (self->host);
      return G_SOURCE_CONTINUE;
    }

  ibb_waiter_leave (&self->waiter);
  self->waiter.source = NULL;
  if (!over)
    give_up_locked (self, now);
  ibb_host_update_locked (self->host);
  ibb_host_unlock (self->host);

  g_clear_pointer (&self->cancelled, ibb_cancel_watch_free);
  finish (self, task, error);
  return G_SOURCE_REMOVE;
}

/* Attaches the source, and only then lets it be woken: g_source_set_ready_time () takes no
 * lock and wakes no context for a source that another thread is attaching. With the lock, so
 * that it is not dispatched meanwhile. */
static void
attach_locked (IBBOperation *self, GTask *task)
{
  g_autoptr (GSource) source = ibb_callback_source_new (self->class->name, NULL, NULL, NULL);

  g_source_set_ready_time (source, self->class->is_ready (self)   ? 0
                                   : self->deadline == G_MAXINT64 ? -1
                                                                  : self->deadline);
  g_task_attach_source (task, source, operation_cb);
  self->waiter.source = source;
  enter_queue_locked (self);
  self->cancelled = ibb_cancel_watch_new (g_task_get_cancellable (task), source);
}

void
ibb_operation_start (IBBOperation *self,
                     GTask        *task,
                     void (*finished) (gpointer data),
                     gpointer finished_data)
{
  GCancellable *cancellable = g_task_get_cancellable (task);
  GError       *error = NULL;

  self->finished = finished;
  self->finished_data = finished_data;
  /* The attempt checks the cancellable itself. A result must not be lost because of it. */
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_name (task, self->class->name);
  g_task_set_task_data (task, self, operation_free);

  if (self->class->begins_cancelled || !g_cancellable_set_error_if_cancelled (cancellable, &error))
    {
      ibb_host_lock (self->host);
      if (begin_locked (self, g_get_monotonic_time (), &error))
        attach_locked (self, task);
      ibb_host_update_locked (self->host);
      ibb_host_unlock (self->host);
    }
  if (error != NULL)
    finish (self, task, error);
}
