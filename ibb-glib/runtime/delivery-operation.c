/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/delivery-operation.h"

#include "runtime/operation.h"

typedef struct
{
  IBBOperation parent;

  IBBChannel *channel; /* kept by the operation */
  guint64     target;  /* flush, drain: the position in the outgoing bytes */
} IBBDeliveryOperation;

static IBBChannel *
get_channel (IBBOperation *operation)
{
  return ((IBBDeliveryOperation *) operation)->channel;
}

static IBBSession *
get_session (IBBOperation *operation)
{
  return ibb_channel_get_session (get_channel (operation));
}

static gboolean
has_failed (IBBOperation *operation)
{
  return ibb_session_get_delivery_failure (get_session (operation))->kind != IBB_FAILURE_NONE;
}

static void
set_error (IBBOperation *operation, const IBBFailure *failure, GError **error)
{
  g_propagate_error (error, ibb_channel_new_stream_error_locked (get_channel (operation), failure));
}

static gboolean
attempt (IBBOperation *operation, gboolean is_done, GError **error)
{
  if (is_done)
    return TRUE;
  if (!has_failed (operation))
    return FALSE;
  set_error (operation, ibb_session_get_delivery_failure (get_session (operation)), error);
  return TRUE;
}

/* Drain. */

static gboolean
drain_begin (IBBOperation *operation, gint64 now, GError **error)
{
  IBBSession *session = get_session (operation);

  ((IBBDeliveryOperation *) operation)->target = ibb_session_get_written (session);
  ibb_session_flush (session, now);
  return TRUE;
}

static gboolean
is_drained (IBBOperation *operation)
{
  return ibb_session_get_delivered (get_session (operation)) >=
         ((IBBDeliveryOperation *) operation)->target;
}

static gboolean
drain_is_ready (IBBOperation *operation)
{
  return is_drained (operation) || has_failed (operation);
}

static gboolean
drain_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  return attempt (operation, is_drained (operation), error);
}

/* Flush. */

static gboolean
flush_begin (IBBOperation *operation, gint64 now, GError **error)
{
  /* The close of the transport closes the halves, and GIO flushes a half before it closes it. This
   * flush does not wait: the close waits by itself. */
  return get_channel (operation)->closing || drain_begin (operation, now, error);
}

static gboolean
is_flushed (IBBOperation *operation)
{
  return ibb_session_get_passed (get_session (operation)) >=
         ((IBBDeliveryOperation *) operation)->target;
}

static gboolean
flush_is_ready (IBBOperation *operation)
{
  return is_flushed (operation) || has_failed (operation);
}

static gboolean
flush_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  return attempt (operation, is_flushed (operation), error);
}

/* Shutdown. */

static gboolean
shutdown_begin (IBBOperation *operation, gint64 now, GError **error)
{
  ibb_session_shutdown_output (get_session (operation), now);
  ibb_channel_changed_locked (get_channel (operation));
  return TRUE;
}

static gboolean
shutdown_is_ready (IBBOperation *operation)
{
  return ibb_session_is_output_shut (get_session (operation)) || has_failed (operation) ||
         ibb_channel_has_ended_locked (get_channel (operation));
}

static gboolean
shutdown_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBSession *session = get_session (operation);

  if (attempt (operation, ibb_session_is_output_shut (session), error))
    return TRUE;
  if (!ibb_channel_has_ended_locked (get_channel (operation)))
    return FALSE;
  /* The session ended before its output was shut, although everything was delivered. */
  set_error (operation, ibb_session_get_failure (session), error);
  return TRUE;
}

/* Close. */

static gboolean
close_begin (IBBOperation *operation, gint64 now, GError **error)
{
  ibb_session_close (get_session (operation), now);
  ibb_channel_changed_locked (get_channel (operation));
  return TRUE;
}

static gboolean
close_is_ready (IBBOperation *operation)
{
  return ibb_channel_has_ended_locked (get_channel (operation));
}

static gboolean
close_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  const IBBFailure *failure;

  if (!close_is_ready (operation))
    return FALSE;
  failure = ibb_session_get_failure (get_session (operation));
  if (failure->kind != IBB_FAILURE_NONE)
    set_error (operation, failure, error);
  else
    attempt (operation, FALSE, error);
  return TRUE;
}

static const IBBOperationClass classes[] = {
  [IBB_DELIVERY_FLUSH] = {
    .name = "[ibb-glib] flush",
    .async_name = "g_output_stream_flush_async()",
    .begins_anyway = TRUE,
    .begin = flush_begin,
    .is_ready = flush_is_ready,
    .attempt = flush_attempt,
  },
  [IBB_DELIVERY_DRAIN] = {
    .name = "[ibb-glib] drain",
    .async_name = "ibb_transport_drain_async()",
    .begins_anyway = TRUE,
    .begin = drain_begin,
    .is_ready = drain_is_ready,
    .attempt = drain_attempt,
  },
  [IBB_DELIVERY_SHUTDOWN] = {
    .name = "[ibb-glib] shutdown_output",
    .async_name = "ibb_transport_shutdown_output_async()",
    .begin = shutdown_begin,
    .is_ready = shutdown_is_ready,
    .attempt = shutdown_attempt,
  },
  [IBB_DELIVERY_CLOSE] = {
    .name = "[ibb-glib] close",
    .async_name = "g_io_stream_close_async()",
    .begins_anyway = TRUE,
    .begins_cancelled = TRUE,
    .keeps_result = TRUE,
    .begin = close_begin,
    .is_ready = close_is_ready,
    .attempt = close_attempt,
  },
};

static gboolean
init (IBBDeliveryOperation *self, IBBChannel *channel, IBBDeliveryGoal goal, GError **error)
{
  GObject *owner = ibb_channel_hold_owner (channel, error);

  if (owner == NULL)
    return FALSE;
  ibb_operation_init (&self->parent, &classes[goal], channel->host, owner, &channel->writers,
                      ibb_channel_get_write_timeout (channel));
  self->channel = channel;
  self->target = 0;
  return TRUE;
}

gboolean
ibb_delivery_operation_run (IBBChannel     *channel,
                            IBBDeliveryGoal goal,
                            GCancellable   *cancellable,
                            GError        **error)
{
  IBBDeliveryOperation self;
  gboolean             success;

  if (!init (&self, channel, goal, error))
    return FALSE;
  success = ibb_operation_run (&self.parent, cancellable, error);
  ibb_operation_clear (&self.parent);
  return success;
}

void
ibb_delivery_operation_start (IBBChannel     *channel,
                              IBBDeliveryGoal goal,
                              GTask          *task,
                              void (*finished) (gpointer data),
                              gpointer finished_data)
{
  g_autofree IBBDeliveryOperation *self = g_new (IBBDeliveryOperation, 1);
  GError                          *error = NULL;

  if (init (self, channel, goal, &error))
    {
      ibb_operation_start (&g_steal_pointer (&self)->parent, task, finished, finished_data);
      return;
    }
  if (finished != NULL)
    finished (finished_data);
  g_task_return_error (task, error);
}
