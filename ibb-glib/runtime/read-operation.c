/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/read-operation.h"

#include "ibb-intl-private.h"
#include "runtime/operation.h"
#include "runtime/poll-source.h"

typedef struct
{
  IBBOperation parent;

  IBBChannel *channel; /* kept by the operation */
  guint8     *buffer;
  gsize       count;
  gssize      size; /* the result */
} IBBReadOperation;

static gboolean
is_readable_locked (IBBChannel *channel)
{
  return ibb_session_get_input (channel->session) != IBB_INPUT_EMPTY;
}

/* Returns FALSE if there is nothing to read now. Otherwise size is set, or error. */
static gboolean
read_locked (
    IBBChannel *channel, guint8 *buffer, gsize count, gint64 now, gssize *size, GError **error)
{
  IBBSession *session = channel->session;

  *size = (gssize) ibb_session_read (session, buffer, count, now);
  if (*size > 0)
    return TRUE;

  switch (ibb_session_get_input (session))
    {
    case IBB_INPUT_EOF:
      return TRUE;
    case IBB_INPUT_FAILED:
      g_propagate_error (error, ibb_channel_new_stream_error_locked (
                                    channel, ibb_session_get_input_failure (session)));
      return TRUE;
    case IBB_INPUT_DATA:
    case IBB_INPUT_EMPTY:
    default:
      return FALSE;
    }
}

static gboolean
read_is_ready (IBBOperation *operation)
{
  return is_readable_locked (((IBBReadOperation *) operation)->channel);
}

static gboolean
read_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBReadOperation *self = (IBBReadOperation *) operation;

  return read_locked (self->channel, self->buffer, self->count, now, &self->size, error);
}

static void
read_return_result (IBBOperation *operation, GTask *task)
{
  g_task_return_int (task, ((IBBReadOperation *) operation)->size);
}

static gboolean
init (IBBReadOperation *self, IBBChannel *channel, void *buffer, gsize count, GError **error)
{
  static const IBBOperationClass class = {
    .name = "[ibb-glib] read",
    .async_name = "g_input_stream_read_async()",
    .begins_anyway = TRUE,
    .is_ready = read_is_ready,
    .attempt = read_attempt,
    .return_result = read_return_result,
  };
  GObject *owner = ibb_channel_hold_owner (channel, error);

  if (owner == NULL)
    return FALSE;
  ibb_operation_init (&self->parent, &class, channel->host, owner, &channel->readers,
                      ibb_channel_get_read_timeout (channel));
  self->channel = channel;
  self->buffer = buffer;
  self->count = count;
  self->size = 0;
  return TRUE;
}

gssize
ibb_read_operation_run (
    IBBChannel *channel, void *buffer, gsize count, GCancellable *cancellable, GError **error)
{
  IBBReadOperation self;
  gboolean         success;

  if (!init (&self, channel, buffer, count, error))
    return -1;
  success = ibb_operation_run (&self.parent, cancellable, error);
  ibb_operation_clear (&self.parent);
  return success ? self.size : -1;
}

void
ibb_read_operation_start (IBBChannel *channel, void *buffer, gsize count, GTask *task)
{
  g_autofree IBBReadOperation *self = g_new (IBBReadOperation, 1);
  GError                      *error = NULL;

  if (init (self, channel, buffer, count, &error))
    ibb_operation_start (&g_steal_pointer (&self)->parent, task, NULL, NULL);
  else
    g_task_return_error (task, error);
}

gssize
ibb_read_operation_try (IBBChannel *channel, void *buffer, gsize count, GError **error)
{
  IBBHost *host;
  GError  *reason = NULL;
  gssize   size;

  if (channel == NULL)
    {
      ibb_channel_hold_owner (channel, error);
      return -1;
    }

  host = channel->host;
  ibb_host_lock (host);
  if (!read_locked (channel, buffer, count, g_get_monotonic_time (), &size, &reason))
    g_set_error (&reason, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, _ ("Nothing to read now"));
  ibb_host_update_locked (host);
  ibb_host_unlock (host);

  if (reason == NULL)
    return size;
  g_propagate_error (error, reason);
  return -1;
}

gboolean
ibb_read_operation_is_ready (IBBChannel *channel)
{
  gboolean is_ready;

  if (channel == NULL)
    return TRUE; /* to fail */
  ibb_host_lock (channel->host);
  is_ready = is_readable_locked (channel);
  ibb_host_unlock (channel->host);
  return is_ready;
}

GSource *
ibb_read_operation_create_source (IBBChannel *channel)
{
  if (channel == NULL)
    return NULL;
  return ibb_poll_source_new ("[ibb-glib] readable", channel, is_readable_locked,
                              &channel->readers);
}
