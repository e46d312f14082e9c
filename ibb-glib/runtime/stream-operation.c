/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/stream-operation.h"

#include "base/intl.h"
#include "core/session/lifecycle.h"
#include "runtime/operation.h"
#include "runtime/poll-source.h"

typedef struct
{
  IBBOperation parent;

  IBBChannel   *channel; /* kept by the operation */
  IBBStreamGoal goal;
  guint64       target; /* flush, drain: the position in the outgoing bytes */
  /* of a read and a write */
  GOutputVector        vector; /* if there is only one */
  const GOutputVector *vectors;
  gsize                n_vectors;
  gsize                count;
  gssize               size; /* the result */
} IBBStreamOperation;

static void
set_error (IBBChannel *channel, const IBBFailure *failure, GError **error)
{
  g_propagate_error (error, ibb_channel_new_stream_error_locked (channel, failure));
}

static void
return_size (IBBOperation *operation, GTask *task)
{
  g_task_return_int (task, ((IBBStreamOperation *) operation)->size);
}

/* Read. */

static gboolean
is_readable_locked (IBBChannel *channel)
{
  return ibb_session_get_input (channel->session) != IBB_INPUT_EMPTY;
}

/* Returns FALSE if there is nothing to read now. Otherwise size is set, or error. */
static gboolean
read_locked (
    IBBChannel *channel, const GOutputVector *vector, gint64 now, gssize *size, GError **error)
{
  IBBSession *session = channel->session;

  *size = (gssize) ibb_session_read (session, (guint8 *) vector->buffer, vector->size, now);
  if (*size > 0 || ibb_session_get_input (session) == IBB_INPUT_EOF)
    return TRUE;
  if (ibb_session_get_input (session) != IBB_INPUT_FAILED)
    return FALSE;
  set_error (channel, &session->receiver.failure, error);
  return TRUE;
}

static gboolean
read_is_ready (IBBOperation *operation)
{
  return is_readable_locked (((IBBStreamOperation *) operation)->channel);
}

static gboolean
read_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBStreamOperation *self = (IBBStreamOperation *) operation;

  return read_locked (self->channel, self->vectors, now, &self->size, error);
}

/* Write. */

/* Returns FALSE if there is no room now. Otherwise size is set, or error. */
static gboolean
write_locked (IBBChannel          *channel,
              const GOutputVector *vectors,
              gsize                n_vectors,
              gsize                count,
              gint64               now,
              gssize              *size,
              GError             **error)
{
  IBBSession *session = channel->session;

  *size = 0;
  for (gsize i = 0; i < n_vectors; i++)
    {
      gsize taken = ibb_session_write (session, vectors[i].buffer, vectors[i].size, now);

      *size += (gssize) taken;
      if (taken < vectors[i].size)
        break;
    }
  if (*size > 0)
    return TRUE;
  if (ibb_session_get_output (session) != IBB_OUTPUT_FAILED)
    return count == 0;
  set_error (channel, &session->sender.output_failure, error);
  return TRUE;
}

static gboolean
is_worth_waking (IBBChannel *channel, gsize count)
{
  IBBSession *session = channel->session;

  return ibb_session_get_output (session) == IBB_OUTPUT_FAILED ||
         ibb_session_is_worth_waking (session, count);
}

static gboolean
write_is_ready (IBBOperation *operation)
{
  IBBStreamOperation *self = (IBBStreamOperation *) operation;
  IBBSession         *session = self->channel->session;
  /* A writer that waits with a block or more has more to come, as g_output_stream_splice () has. To
   * wake it for each block would only fill a buffer that is full enough. */
  gboolean is_bulk =
      operation->waiter.queue != NULL && self->count >= session->parameters.block_size;

  return is_worth_waking (self->channel, is_bulk ? G_MAXSIZE : self->count);
}

static gboolean
write_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBStreamOperation *self = (IBBStreamOperation *) operation;

  return write_locked (self->channel, self->vectors, self->n_vectors, self->count, now, &self->size,
                       error);
}

/* Delivery. */

static gboolean
delivery_begin (IBBOperation *operation, gint64 now, GError **error)
{
  IBBStreamOperation *self = (IBBStreamOperation *) operation;
  IBBSession         *session = self->channel->session;

  if (self->goal == IBB_STREAM_SHUTDOWN || self->goal == IBB_STREAM_CLOSE)
    {
      if (self->goal == IBB_STREAM_SHUTDOWN)
        ibb_lifecycle_shutdown_output (session, now);
      else
        ibb_lifecycle_close (session, now);
      ibb_channel_changed_locked (self->channel);
    }
  /* The close of the transport closes the halves, and GIO flushes a half before it closes it. This
   * flush does not wait: the close waits by itself. */
  else if (self->goal == IBB_STREAM_DRAIN || !self->channel->closing)
    {
      self->target = session->sender.written;
      ibb_session_flush (session, now);
    }
  return TRUE;
}

static gboolean
is_delivered (const IBBStreamOperation *self)
{
  IBBSession *session = self->channel->session;

  switch (self->goal)
    {
    case IBB_STREAM_FLUSH:
      return session->sender.passed >= self->target;
    case IBB_STREAM_DRAIN:
      return session->sender.delivered >= self->target;
    case IBB_STREAM_SHUTDOWN:
      return session->closing.output_shut;
    default:
      return FALSE;
    }
}

/* Why the delivery fails; no failure if it may go on. */
static const IBBFailure *
get_failure (const IBBStreamOperation *self)
{
  IBBSession       *session = self->channel->session;
  const IBBFailure *failure = &session->failure;
  const IBBFailure *of_delivery = &session->sender.delivery_failure;
  gboolean          has_ended = self->channel->session->state == IBB_SESSION_ENDED;

  if (self->goal == IBB_STREAM_CLOSE)
    return failure->kind != IBB_FAILURE_NONE ? failure : of_delivery;
  /* The session may end before its output is shut although everything was delivered. */
  return self->goal == IBB_STREAM_SHUTDOWN && has_ended && of_delivery->kind == IBB_FAILURE_NONE
             ? failure
             : of_delivery;
}

static gboolean
delivery_is_ready (IBBOperation *operation)
{
  const IBBStreamOperation *self = (IBBStreamOperation *) operation;

  if (self->goal == IBB_STREAM_CLOSE)
    return self->channel->session->state == IBB_SESSION_ENDED;
  return is_delivered (self) || get_failure (self)->kind != IBB_FAILURE_NONE;
}

static gboolean
delivery_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  const IBBStreamOperation *self = (IBBStreamOperation *) operation;

  if (!delivery_is_ready (operation))
    return FALSE;
  if (!is_delivered (self) && get_failure (self)->kind != IBB_FAILURE_NONE)
    set_error (self->channel, get_failure (self), error);
  return TRUE;
}

#define DELIVERY .begin = delivery_begin, .is_ready = delivery_is_ready, .attempt = delivery_attempt

static const IBBOperationClass classes[] = {
  [IBB_STREAM_READ] = {
    .name = "[ibb-glib] read",
    .async_name = "g_input_stream_read_async()",
    .begins_anyway = TRUE,
    .is_ready = read_is_ready,
    .attempt = read_attempt,
    .return_result = return_size,
  },
  [IBB_STREAM_WRITE] = {
    .name = "[ibb-glib] write",
    .async_name = "g_output_stream_write_async()",
    .begins_anyway = TRUE,
    .is_ready = write_is_ready,
    .attempt = write_attempt,
    .return_result = return_size,
  },
  [IBB_STREAM_FLUSH] = {
    .name = "[ibb-glib] flush",
    .async_name = "g_output_stream_flush_async()",
    .begins_anyway = TRUE,
    DELIVERY,
  },
  [IBB_STREAM_DRAIN] = {
    .name = "[ibb-glib] drain",
    .async_name = "ibb_transport_drain_async()",
    .begins_anyway = TRUE,
    DELIVERY,
  },
  [IBB_STREAM_SHUTDOWN] = {
    .name = "[ibb-glib] shutdown_output",
    .async_name = "ibb_transport_shutdown_output_async()",
    DELIVERY,
  },
  [IBB_STREAM_CLOSE] = {
    .name = "[ibb-glib] close",
    .async_name = "g_io_stream_close_async()",
    .begins_anyway = TRUE,
    .begins_cancelled = TRUE,
    .keeps_result = TRUE,
    DELIVERY,
  },
};

static gboolean
init (IBBStreamOperation  *self,
      IBBChannel          *channel,
      IBBStreamGoal        goal,
      const GOutputVector *vectors,
      gsize                n_vectors,
      GError             **error)
{
  GObject *owner = ibb_channel_hold_owner (channel, error);
  gboolean is_read = goal == IBB_STREAM_READ;

  if (owner == NULL)
    return FALSE;
  ibb_operation_init (
      &self->parent, &classes[goal], channel->host, owner,
      is_read ? &channel->readers : &channel->writers,
      ibb_channel_get_timeout (channel, is_read ? IBB_CHANNEL_READ : IBB_CHANNEL_WRITE));
  self->channel = channel;
  self->goal = goal;
  self->target = 0;
  self->vectors = vectors;
  if (n_vectors == 1)
    {
      self->vector = vectors[0];
      self->vectors = &self->vector;
    }
  self->n_vectors = n_vectors;
  self->count = 0;
  for (gsize i = 0; i < n_vectors; i++)
    self->count += vectors[i].size;
  self->size = 0;
  return TRUE;
}

gssize
ibb_stream_operation_run (IBBChannel          *channel,
                          IBBStreamGoal        goal,
                          const GOutputVector *vectors,
                          gsize                n_vectors,
                          GCancellable        *cancellable,
                          GError             **error)
{
  IBBStreamOperation self;
  gboolean           success;

  if (!init (&self, channel, goal, vectors, n_vectors, error))
    return -1;
  success = ibb_operation_run (&self.parent, cancellable, error);
  ibb_operation_clear (&self.parent);
  return success ? self.size : -1;
}

void
ibb_stream_operation_start (IBBChannel          *channel,
                            IBBStreamGoal        goal,
                            const GOutputVector *vectors,
                            gsize                n_vectors,
                            GTask               *task,
                            void (*finished) (gpointer data),
                            gpointer finished_data)
{
  g_autofree IBBStreamOperation *self = g_new (IBBStreamOperation, 1);
  GError                        *error = NULL;

  if (init (self, channel, goal, vectors, n_vectors, &error))
    {
      ibb_operation_start (&g_steal_pointer (&self)->parent, task, finished, finished_data);
      return;
    }
  if (finished != NULL)
    finished (finished_data);
  g_task_return_error (task, error);
}

gssize
ibb_stream_operation_try (IBBChannel          *channel,
                          IBBStreamGoal        goal,
                          const GOutputVector *vector,
                          GError             **error)
{
  gint64   now = g_get_monotonic_time ();
  GError  *reason = NULL;
  gboolean is_over;
  gssize   size;

  if (channel == NULL)
    {
      ibb_channel_hold_owner (channel, error);
      return -1;
    }

  ibb_host_lock (channel->host);
  is_over = goal == IBB_STREAM_READ
                ? read_locked (channel, vector, now, &size, &reason)
                : write_locked (channel, vector, 1, vector->size, now, &size, &reason);
  ibb_host_update_locked (channel->host);
  ibb_host_unlock (channel->host);

  if (!is_over)
    g_set_error_literal (&reason, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK,
                         goal == IBB_STREAM_READ ? _ ("Nothing to read now")
                                                 : _ ("No room to write now"));
  if (reason == NULL)
    return size;
  g_propagate_error (error, reason);
  return -1;
}

gboolean
ibb_stream_operation_is_ready (IBBChannel *channel, IBBStreamGoal goal)
{
  gboolean is_ready;

  if (channel == NULL)
    return TRUE; /* to fail */
  ibb_host_lock (channel->host);
  is_ready = goal == IBB_STREAM_READ ? is_readable_locked (channel)
                                     : ibb_session_get_output (channel->session) != IBB_OUTPUT_FULL;
  ibb_host_unlock (channel->host);
  return is_ready;
}

static gboolean
is_worth_polling (IBBChannel *channel)
{
  return is_worth_waking (channel, 0);
}

void
ibb_stream_operation_add_source (IBBChannel *channel, IBBStreamGoal goal, GSource *source)
{
  g_autoptr (GSource) child = NULL;

  if (channel == NULL)
    return;
  if (goal == IBB_STREAM_READ)
    child =
        ibb_poll_source_new ("[ibb-glib] readable", channel, is_readable_locked, &channel->readers);
  else
    child =
        ibb_poll_source_new ("[ibb-glib] writable", channel, is_worth_polling, &channel->writers);
  g_source_add_child_source (source, child);
}
