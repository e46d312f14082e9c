/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-channel-private.h"

#include <glib/gi18n-lib.h>

#include "ibb-transport-private.h"

/* Ends that only an open session comes to. */
static gboolean
is_end_of_open_session (const IBBFailure *failure)
{
  switch (failure->kind)
    {
    case IBB_FAILURE_NONE:
    case IBB_FAILURE_PEER_CLOSED:
    case IBB_FAILURE_PEER_ABORTED:
    case IBB_FAILURE_PROTOCOL:
    case IBB_FAILURE_OVERFLOW:
      return TRUE;
    default:
      return FALSE;
    }
}

/* The answer to an open may bring blocks and a close with it (D-24), so that
 * nobody ever sees the session open. */
static gboolean
was_opened_locked (IBBChannel *self)
{
  switch (ibb_session_get_state (self->session))
    {
    case IBB_SESSION_OPEN:
      return TRUE;
    case IBB_SESSION_ENDED:
      return is_end_of_open_session (ibb_session_get_failure (self->session));
    case IBB_SESSION_OPENING:
    case IBB_SESSION_REQUESTED:
    default:
      return FALSE;
    }
}

IBBChannel *
ibb_channel_new_locked (IBBWorker *worker, IBBSession *session)
{
  IBBChannel *self = g_new0 (IBBChannel, 1);

  ibb_worker_use_locked (worker);
  self->worker = worker;
  self->session = ibb_session_ref (session);
  self->ref_count = 1;
  self->auto_flush = TRUE;
  self->half_close = ibb_engine_get_settings (worker->engine)->half_close;
  g_weak_ref_init (&self->transport, NULL);
  g_queue_init (&self->readers);
  g_queue_init (&self->writers);
  ibb_session_set_data (session, self);
  ibb_channel_changed_locked (self);
  return self;
}

static IBBChannel *
channel_ref_locked (IBBChannel *self)
{
  self->ref_count++;
  return self;
}

IBBChannel *
ibb_channel_ref (IBBChannel *self)
{
  ibb_worker_lock (self->worker);
  channel_ref_locked (self);
  ibb_worker_unlock (self->worker);
  return self;
}

void
ibb_channel_unref (IBBChannel *self)
{
  IBBWorker *worker = self->worker;

  ibb_worker_lock (worker);
  self->ref_count--;
  if (self->ref_count > 0)
    {
      ibb_worker_unlock (worker);
      return;
    }

  /* Whoever got a session and dropped it without making a transport of it. */
  if (!self->has_transport)
    {
      ibb_session_abort (self->session, g_get_monotonic_time ());
      ibb_worker_update_locked (worker);
    }
  ibb_session_set_data (self->session, NULL);
  ibb_session_unref (self->session);
  ibb_worker_unlock (worker);

  g_assert (g_queue_is_empty (&self->readers) && g_queue_is_empty (&self->writers));
  g_assert (self->ended_source == NULL);
  g_weak_ref_clear (&self->transport);
  g_free (self);
  ibb_worker_release (worker);
}

GError *
ibb_channel_new_error_locked (IBBChannel *self)
{
  return ibb_worker_new_error_locked (self->worker, ibb_session_get_failure (self->session),
                                      self->session);
}

static gboolean
ended_cb (gpointer data)
{
  IBBChannel   *self = data;
  IBBTransport *transport = NULL;
  GError       *error = NULL;

  ibb_worker_lock (self->worker);
  if (self->ended_source != NULL)
    {
      g_source_unref (g_steal_pointer (&self->ended_source));
      error = ibb_channel_new_error_locked (self);
    }
  ibb_worker_unlock (self->worker);

  transport = ibb_channel_dup_transport (self);
  if (transport != NULL)
    g_signal_emit_by_name (transport, "ended", error);
  g_clear_object (&transport);
  g_clear_error (&error);
  return G_SOURCE_REMOVE;
}

/* Lets the signal be emitted, once there is something to emit it and as long
 * as there is: no reference is held that would outlive the application's. */
static void
tell_ended_locked (IBBChannel *self)
{
  if (!self->ended || !self->has_transport || self->ended_told)
    return;
  self->ended_told = TRUE;
  self->ended_source = g_idle_source_new ();
  g_source_set_priority (self->ended_source, G_PRIORITY_DEFAULT);
  g_source_set_static_name (self->ended_source, "[ibb-glib] ended");
  g_source_set_callback (self->ended_source, ended_cb, channel_ref_locked (self),
                         (GDestroyNotify) ibb_channel_unref);
  g_source_attach (self->ended_source, self->worker->signal_context);
}

void
ibb_channel_changed_locked (IBBChannel *self)
{
  if (!self->opened)
    self->opened = was_opened_locked (self);
  if (!self->ended && ibb_session_get_state (self->session) == IBB_SESSION_ENDED)
    {
      self->ended = TRUE;
      tell_ended_locked (self);
    }
  ibb_operations_wake_locked (&self->readers);
  ibb_operations_wake_locked (&self->writers);
}

void
ibb_channel_set_transport (IBBChannel *self, IBBTransport *transport)
{
  g_weak_ref_set (&self->transport, transport);
  ibb_worker_lock (self->worker);
  g_assert (!self->has_transport);
  self->has_transport = TRUE;
  tell_ended_locked (self);
  ibb_worker_unlock (self->worker);
}

IBBTransport *
ibb_channel_dup_transport (IBBChannel *self)
{
  return g_weak_ref_get (&self->transport);
}

void
ibb_channel_drop_transport (IBBChannel *self)
{
  GSource *source;

  ibb_worker_lock (self->worker);
  source = g_steal_pointer (&self->ended_source);
  self->ended_told = TRUE; /* nobody is left to hear of it */
  if (!self->closing)
    {
      self->closing = TRUE;
      ibb_session_abort (self->session, g_get_monotonic_time ());
      ibb_channel_changed_locked (self);
      ibb_worker_update_locked (self->worker);
    }
  ibb_worker_unlock (self->worker);

  if (source != NULL)
    {
      g_source_destroy (source);
      g_source_unref (source);
    }
}

void
ibb_channel_abort (IBBChannel *self)
{
  ibb_worker_lock (self->worker);
  ibb_session_abort (self->session, g_get_monotonic_time ());
  ibb_channel_changed_locked (self);
  ibb_worker_update_locked (self->worker);
  ibb_worker_unlock (self->worker);
}

/* A half that was made without a transport (by a binding, say) has no channel:
 * what it is asked for is gone. */

void
ibb_channel_close_input (IBBChannel *self)
{
  if (self == NULL)
    return;
  ibb_worker_lock (self->worker);
  if (!self->closing)
    {
      ibb_session_close_input (self->session, g_get_monotonic_time ());
      ibb_channel_changed_locked (self);
      ibb_worker_update_locked (self->worker);
    }
  ibb_worker_unlock (self->worker);
}

void
ibb_channel_close_output (IBBChannel *self)
{
  gint64 now = g_get_monotonic_time ();

  if (self == NULL)
    return;
  ibb_worker_lock (self->worker);
  if (!self->closing)
    {
      ibb_session_flush (self->session, now);
      ibb_session_close_output (self->session, now);
      ibb_channel_changed_locked (self);
      ibb_worker_update_locked (self->worker);
    }
  ibb_worker_unlock (self->worker);
}

/* Reading and writing */

static void
set_stream_error_locked (IBBChannel *self, const IBBFailure *failure, GError **error)
{
  g_propagate_error (error,
                     ibb_worker_new_stream_error_locked (self->worker, failure, self->session));
}

static gboolean
read_is_ready (IBBOperation *self)
{
  return ibb_session_get_input (self->channel->session) != IBB_INPUT_EMPTY;
}

static gboolean
read_attempt (IBBOperation *self, gint64 now, GError **error)
{
  IBBSession *session = self->channel->session;

  self->size = ibb_session_read (session, self->buffer, self->count, now);
  if (self->size > 0)
    return TRUE;

  switch (ibb_session_get_input (session))
    {
    case IBB_INPUT_EOF:
      return TRUE;
    case IBB_INPUT_FAILED:
      set_stream_error_locked (self->channel, ibb_session_get_input_failure (session), error);
      return TRUE;
    case IBB_INPUT_DATA:
    case IBB_INPUT_EMPTY:
    default:
      return FALSE;
    }
}

static gboolean
write_is_ready (IBBOperation *self)
{
  IBBSession *session = self->channel->session;
  /* Who waits with a block or more has more to come, as a splice does: woken for
   * each piece, it would only fill the buffer that is full enough. */
  gboolean is_bulk = self->waiting && self->count >= ibb_session_get_block_size (session);
  gsize    count = is_bulk ? G_MAXSIZE : self->count;

  return ibb_session_get_output (session) == IBB_OUTPUT_FAILED ||
         ibb_session_is_worth_waking (session, count);
}

static gboolean
write_attempt (IBBOperation *self, gint64 now, GError **error)
{
  IBBSession *session = self->channel->session;

  self->size = 0;
  for (gsize i = 0; i < self->n_vectors; i++)
    {
      gsize taken =
          ibb_session_write (session, self->vectors[i].buffer, self->vectors[i].size, now);

      self->size += taken;
      if (taken < self->vectors[i].size)
        break;
    }
  if (self->size > 0)
    return TRUE;
  if (ibb_session_get_output (session) != IBB_OUTPUT_FAILED)
    return self->count == 0;
  set_stream_error_locked (self->channel, ibb_session_get_output_failure (session), error);
  return TRUE;
}

const IBBOperationClass ibb_operation_read = {
  .name = "[ibb-glib] read",
  .async_name = "g_input_stream_read_async()",
  .result = IBB_RESULT_SIZE,
  .begins_anyway = TRUE,
  .is_ready = read_is_ready,
  .attempt = read_attempt,
};

const IBBOperationClass ibb_operation_write = {
  .name = "[ibb-glib] write",
  .async_name = "g_output_stream_write_async()",
  .result = IBB_RESULT_SIZE,
  .begins_anyway = TRUE,
  .is_ready = write_is_ready,
  .attempt = write_attempt,
};

const IBBOperationClass ibb_operation_writev = {
  .name = "[ibb-glib] writev",
  .async_name = "g_output_stream_writev_async()",
  .result = IBB_RESULT_SIZE,
  .begins_anyway = TRUE,
  .is_ready = write_is_ready,
  .attempt = write_attempt,
  .finish = ibb_output_stream_writev_finished,
};

/* Waiting until the bytes written so far are somewhere */

static gboolean
delivery_failed (IBBOperation *self)
{
  return ibb_session_get_delivery_failure (self->channel->session)->kind != IBB_FAILURE_NONE;
}

static gboolean
delivery_attempt (IBBOperation *self, gboolean done, GError **error)
{
  if (done)
    return TRUE;
  if (!delivery_failed (self))
    return FALSE;
  set_stream_error_locked (self->channel, ibb_session_get_delivery_failure (self->channel->session),
                           error);
  return TRUE;
}

static gboolean
drain_begin (IBBOperation *self, gint64 now, GError **error)
{
  self->target = ibb_session_get_written (self->channel->session);
  ibb_session_flush (self->channel->session, now);
  return TRUE;
}

static gboolean
flush_begin (IBBOperation *self, gint64 now, GError **error)
{
  /* The transport's close closes the halves on its way, and GIO flushes when
   * it closes a half; the wait is the close's own. */
  return self->channel->closing || drain_begin (self, now, error);
}

static gboolean
is_flushed (IBBOperation *self)
{
  return ibb_session_get_handed (self->channel->session) >= self->target;
}

static gboolean
flush_is_ready (IBBOperation *self)
{
  return is_flushed (self) || delivery_failed (self);
}

static gboolean
flush_attempt (IBBOperation *self, gint64 now, GError **error)
{
  return delivery_attempt (self, is_flushed (self), error);
}

static gboolean
is_drained (IBBOperation *self)
{
  return ibb_session_get_delivered (self->channel->session) >= self->target;
}

static gboolean
drain_is_ready (IBBOperation *self)
{
  return is_drained (self) || delivery_failed (self);
}

static gboolean
drain_attempt (IBBOperation *self, gint64 now, GError **error)
{
  return delivery_attempt (self, is_drained (self), error);
}

static gboolean
shutdown_begin (IBBOperation *self, gint64 now, GError **error)
{
  ibb_session_shutdown_output (self->channel->session, now);
  ibb_channel_changed_locked (self->channel);
  return TRUE;
}

static gboolean
shutdown_is_ready (IBBOperation *self)
{
  return ibb_session_is_output_shut (self->channel->session) || delivery_failed (self) ||
         ibb_session_get_state (self->channel->session) == IBB_SESSION_ENDED;
}

static gboolean
shutdown_attempt (IBBOperation *self, gint64 now, GError **error)
{
  IBBSession *session = self->channel->session;

  if (delivery_attempt (self, ibb_session_is_output_shut (session), error))
    return TRUE;
  if (ibb_session_get_state (session) != IBB_SESSION_ENDED)
    return FALSE;
  /* Over before it could be shut, though nothing was left to deliver. */
  set_stream_error_locked (self->channel, ibb_session_get_failure (session), error);
  return TRUE;
}

static gboolean
close_begin (IBBOperation *self, gint64 now, GError **error)
{
  ibb_session_close (self->channel->session, now);
  ibb_channel_changed_locked (self->channel);
  return TRUE;
}

static gboolean
close_is_ready (IBBOperation *self)
{
  return ibb_session_get_state (self->channel->session) == IBB_SESSION_ENDED;
}

static gboolean
close_attempt (IBBOperation *self, gint64 now, GError **error)
{
  IBBSession *session = self->channel->session;

  if (!close_is_ready (self))
    return FALSE;
  if (ibb_session_get_failure (session)->kind != IBB_FAILURE_NONE)
    set_stream_error_locked (self->channel, ibb_session_get_failure (session), error);
  else
    delivery_attempt (self, FALSE, error);
  return TRUE;
}

const IBBOperationClass ibb_operation_flush = {
  .name = "[ibb-glib] flush",
  .async_name = "g_output_stream_flush_async()",
  .result = IBB_RESULT_BOOLEAN,
  .begins_anyway = TRUE,
  .begin = flush_begin,
  .is_ready = flush_is_ready,
  .attempt = flush_attempt,
};

const IBBOperationClass ibb_operation_drain = {
  .name = "[ibb-glib] drain",
  .async_name = "ibb_transport_drain_async()",
  .result = IBB_RESULT_BOOLEAN,
  .begins_anyway = TRUE,
  .begin = drain_begin,
  .is_ready = drain_is_ready,
  .attempt = drain_attempt,
};

const IBBOperationClass ibb_operation_shutdown = {
  .name = "[ibb-glib] shutdown_output",
  .async_name = "ibb_transport_shutdown_output_async()",
  .result = IBB_RESULT_BOOLEAN,
  .begin = shutdown_begin,
  .is_ready = shutdown_is_ready,
  .attempt = shutdown_attempt,
  .finish = ibb_transport_shutdown_finished,
};

const IBBOperationClass ibb_operation_close = {
  .name = "[ibb-glib] close",
  .async_name = "g_io_stream_close_async()",
  .result = IBB_RESULT_BOOLEAN,
  .begins_anyway = TRUE,
  .begins_cancelled = TRUE,
  .keeps_result = TRUE,
  .begin = close_begin,
  .is_ready = close_is_ready,
  .attempt = close_attempt,
};

static void
set_transport_gone (GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CLOSED, _ ("The transport of this stream is gone"));
}

gboolean
ibb_channel_init_operation (IBBChannel   *self,
                            IBBOperation *operation,
                            const IBBOperationClass *class,
                            GError **error)
{
  gboolean      reads = class == &ibb_operation_read;
  IBBTransport *transport = self != NULL ? ibb_channel_dup_transport (self) : NULL;

  if (transport == NULL)
    {
      set_transport_gone (error);
      return FALSE;
    }
  ibb_operation_init (operation, class, self->worker, self, G_OBJECT (transport),
                      reads ? &self->readers : &self->writers);
  ibb_worker_lock (self->worker);
  ibb_operation_set_timeout (operation, reads ? self->read_timeout : self->write_timeout);
  ibb_worker_unlock (self->worker);
  return TRUE;
}

IBBOperation *
ibb_channel_new_operation (IBBChannel *self, const IBBOperationClass *class, GTask *task)
{
  IBBOperation *operation = g_new (IBBOperation, 1);
  GError       *error = NULL;

  if (ibb_channel_init_operation (self, operation, class, &error))
    return operation;
  g_free (operation);
  g_task_return_error (task, error);
  return NULL;
}

gssize
ibb_channel_read_nonblocking (IBBChannel *self, guint8 *buffer, gsize count, GError **error)
{
  IBBOperation operation = { .channel = self, .buffer = buffer, .count = count };
  GError      *reason = NULL;
  gboolean     over;

  if (self == NULL)
    {
      set_transport_gone (error);
      return -1;
    }
  ibb_worker_lock (self->worker);
  over = read_attempt (&operation, g_get_monotonic_time (), &reason);
  ibb_worker_update_locked (self->worker);
  ibb_worker_unlock (self->worker);

  if (!over)
    g_set_error (&reason, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _ ("Nothing to read now"));
  if (reason == NULL)
    return operation.size;
  g_propagate_error (error, reason);
  return -1;
}

gssize
ibb_channel_write_nonblocking (IBBChannel *self, const guint8 *buffer, gsize count, GError **error)
{
  GOutputVector vector = { buffer, count };
  IBBOperation  operation = { .channel = self, .vectors = &vector, .n_vectors = 1, .count = count };
  GError       *reason = NULL;
  gboolean      over;

  if (self == NULL)
    {
      set_transport_gone (error);
      return -1;
    }
  ibb_worker_lock (self->worker);
  over = write_attempt (&operation, g_get_monotonic_time (), &reason);
  ibb_worker_update_locked (self->worker);
  ibb_worker_unlock (self->worker);

  if (!over)
    g_set_error (&reason, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _ ("No room to write now"));
  if (reason == NULL)
    return operation.size;
  g_propagate_error (error, reason);
  return -1;
}

gboolean
ibb_channel_is_readable (IBBChannel *self)
{
  gboolean readable;

  if (self == NULL)
    return TRUE;
  ibb_worker_lock (self->worker);
  readable = ibb_session_get_input (self->session) != IBB_INPUT_EMPTY;
  ibb_worker_unlock (self->worker);
  return readable;
}

gboolean
ibb_channel_is_writable (IBBChannel *self)
{
  gboolean writable;

  if (self == NULL)
    return TRUE;
  ibb_worker_lock (self->worker);
  writable = ibb_session_get_output (self->session) != IBB_OUTPUT_FULL;
  ibb_worker_unlock (self->worker);
  return writable;
}

/* Polling: a source that asks the session each time, and that stands among the
 * waiters so as to be woken from another thread. It is ever a child of a source of
 * GIO, whose callback is the application's.
 *
 * Among the waiters it has a reference of its own, for GLib lets a source be seen
 * without any while it is freed; and it stands there from the time that it is in a
 * context (see attach_locked () of ibb-operation.c) to its destruction, which shows
 * in its own callback's being let go. */

typedef struct
{
  GSource      source;
  IBBChannel  *channel;   /* (owned) */
  int          joined;    /* atomic: it has stood among the waiters */
  IBBOperation operation; /* only a place in the queue */
} PollSource;

static void
poll_source_leave (gpointer data)
{
  PollSource *self = data;
  gboolean    waiting;

  /* It may be finalized already if it never was in a context. */
  if (!g_atomic_int_get (&self->joined))
    return;
  ibb_worker_lock (self->channel->worker);
  waiting = self->operation.waiting;
  ibb_operation_leave_locked (&self->operation);
  ibb_worker_unlock (self->channel->worker);
  if (waiting)
    g_source_unref (data);
}

static gboolean
poll_source_cb (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

static void
poll_source_join (GSource *source)
{
  PollSource *self = (PollSource *) source;

  g_atomic_int_set (&self->joined, TRUE);
  ibb_worker_lock (self->channel->worker);
  g_source_ref (source);
  ibb_operation_wait_locked (&self->operation);
  ibb_worker_unlock (self->channel->worker);
  /* Just before, by another thread. */
  if (g_source_is_destroyed (source))
    poll_source_leave (self);
}

static gboolean
poll_source_check (GSource *source)
{
  PollSource *self = (PollSource *) source;
  gboolean    ready;

  ibb_worker_lock (self->channel->worker);
  ready = self->operation.class->is_ready (&self->operation);
  if (!ready)
    g_source_set_ready_time (source, -1); /* a wake-up that has been overtaken */
  ibb_worker_unlock (self->channel->worker);
  return ready;
}

static gboolean
poll_source_prepare (GSource *source, int *timeout)
{
  *timeout = -1;
  if (!g_atomic_int_get (&((PollSource *) source)->joined))
    poll_source_join (source);
  return poll_source_check (source);
}

static gboolean
poll_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  g_source_set_ready_time (source, -1);
  return G_SOURCE_CONTINUE;
}

static void
poll_source_finalize (GSource *source)
{
  PollSource *self = (PollSource *) source;

  ibb_operation_clear (&self->operation);
  ibb_channel_unref (self->channel);
}

static GSourceFuncs poll_source_funcs = {
  .prepare = poll_source_prepare,
  .check = poll_source_check,
  .dispatch = poll_source_dispatch,
  .finalize = poll_source_finalize,
};

GSource *
ibb_channel_create_source (IBBChannel *channel, gboolean for_output)
{
  GSource    *source = g_source_new (&poll_source_funcs, sizeof (PollSource));
  PollSource *self = (PollSource *) source;

  self->channel = ibb_channel_ref (channel);
  ibb_operation_init (&self->operation, for_output ? &ibb_operation_write : &ibb_operation_read,
                      channel->worker, channel, NULL,
                      for_output ? &channel->writers : &channel->readers);
  self->operation.source = source;
  g_source_set_static_name (source, for_output ? "[ibb-glib] writable" : "[ibb-glib] readable");
  g_source_set_callback (source, poll_source_cb, self, poll_source_leave);
  return source;
}
