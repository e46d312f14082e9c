/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/write-operation.h"

#include "ibb-intl-private.h"
#include "runtime/operation.h"
#include "runtime/poll-source.h"

typedef struct
{
  IBBOperation parent;

  IBBChannel          *channel; /* kept by the operation */
  GOutputVector        vector;  /* if there is only one */
  const GOutputVector *vectors;
  gsize                n_vectors;
  gsize                count;
  gssize               size; /* the result */
} IBBWriteOperation;

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
  g_propagate_error (error, ibb_channel_new_stream_error_locked (
                                channel, ibb_session_get_output_failure (session)));
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
  IBBWriteOperation *self = (IBBWriteOperation *) operation;
  IBBSession        *session = self->channel->session;
  /* A writer that waits with a block or more has more to come, as g_output_stream_splice () has. To
   * wake it for each block would only fill a buffer that is full enough. */
  gboolean is_bulk = ibb_operation_is_waiting_locked (operation) &&
                     self->count >= ibb_session_get_block_size (session);

  return is_worth_waking (self->channel, is_bulk ? G_MAXSIZE : self->count);
}

static gboolean
write_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBWriteOperation *self = (IBBWriteOperation *) operation;

  return write_locked (self->channel, self->vectors, self->n_vectors, self->count, now, &self->size,
                       error);
}

static void
write_return_result (IBBOperation *operation, GTask *task)
{
  g_task_return_int (task, ((IBBWriteOperation *) operation)->size);
}

static gsize
get_total_size (const GOutputVector *vectors, gsize n_vectors)
{
  gsize total = 0;

  for (gsize i = 0; i < n_vectors; i++)
    total += vectors[i].size;
  return total;
}

static gboolean
init (IBBWriteOperation   *self,
      IBBChannel          *channel,
      const GOutputVector *vectors,
      gsize                n_vectors,
      GError             **error)
{
  static const IBBOperationClass class = {
    .name = "[ibb-glib] write",
    .async_name = "g_output_stream_write_async()",
    .begins_anyway = TRUE,
    .is_ready = write_is_ready,
    .attempt = write_attempt,
    .return_result = write_return_result,
  };
  GObject *owner = ibb_channel_hold_owner (channel, error);

  if (owner == NULL)
    return FALSE;
  ibb_operation_init (&self->parent, &class, channel->host, owner, &channel->writers,
                      ibb_channel_get_write_timeout (channel));
  self->channel = channel;
  self->vectors = vectors;
  if (n_vectors == 1)
    {
      self->vector = vectors[0];
      self->vectors = &self->vector;
    }
  self->n_vectors = n_vectors;
  self->count = get_total_size (vectors, n_vectors);
  self->size = 0;
  return TRUE;
}

gboolean
ibb_write_operation_run (IBBChannel          *channel,
                         const GOutputVector *vectors,
                         gsize                n_vectors,
                         gsize               *size,
                         GCancellable        *cancellable,
                         GError             **error)
{
  IBBWriteOperation self;
  gboolean          success;

  *size = 0;
  if (!init (&self, channel, vectors, n_vectors, error))
    return FALSE;
  success = ibb_operation_run (&self.parent, cancellable, error);
  if (success)
    *size = (gsize) self.size;
  ibb_operation_clear (&self.parent);
  return success;
}

void
ibb_write_operation_start (IBBChannel          *channel,
                           const GOutputVector *vectors,
                           gsize                n_vectors,
                           GTask               *task,
                           void (*finished) (gpointer data),
                           gpointer finished_data)
{
  g_autofree IBBWriteOperation *self = g_new (IBBWriteOperation, 1);
  GError                       *error = NULL;

  if (init (self, channel, vectors, n_vectors, &error))
    {
      ibb_operation_start (&g_steal_pointer (&self)->parent, task, finished, finished_data);
      return;
    }
  if (finished != NULL)
    finished (finished_data);
  g_task_return_error (task, error);
}

gssize
ibb_write_operation_try (IBBChannel *channel, const void *buffer, gsize count, GError **error)
{
  GOutputVector vector = { buffer, count };
  IBBHost      *host;
  GError       *reason = NULL;
  gssize        size;

  if (channel == NULL)
    {
      ibb_channel_hold_owner (channel, error);
      return -1;
    }

  host = channel->host;
  ibb_host_lock (host);
  if (!write_locked (channel, &vector, 1, count, g_get_monotonic_time (), &size, &reason))
    g_set_error (&reason, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _ ("No room to write now"));
  ibb_host_update_locked (host);
  ibb_host_unlock (host);

  if (reason == NULL)
    return size;
  g_propagate_error (error, reason);
  return -1;
}

gboolean
ibb_write_operation_is_ready (IBBChannel *channel)
{
  gboolean is_ready;

  if (channel == NULL)
    return TRUE; /* to fail */
  ibb_host_lock (channel->host);
  is_ready = ibb_session_get_output (channel->session) != IBB_OUTPUT_FULL;
  ibb_host_unlock (channel->host);
  return is_ready;
}

static gboolean
is_worth_polling (IBBChannel *channel)
{
  return is_worth_waking (channel, 0);
}

GSource *
ibb_write_operation_create_source (IBBChannel *channel)
{
  if (channel == NULL)
    return NULL;
  return ibb_poll_source_new ("[ibb-glib] writable", channel, is_worth_polling, &channel->writers);
}
