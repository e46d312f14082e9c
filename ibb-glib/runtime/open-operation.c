/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/open-operation.h"

#include "core/base/jid.h"
#include "ibb-error-private.h"
#include "ibb-intl-private.h"
#include "runtime/operation.h"

typedef struct
{
  IBBOperation parent;

  IBBOpen     open;    /* its strings are (owned) */
  guint       n_reads; /* of the connection, when it began */
  IBBChannel *channel; /* (owned) (nullable): the session */
} IBBOpenOperation;

static gboolean
open_now (IBBOpenOperation *self, gint64 now, GError **error)
{
  IBBHost               *host = self->parent.host;
  IBBEngine             *engine = host->engine;
  const char            *local_jid = ibb_engine_get_local_jid (engine);
  g_autoptr (IBBSession) session = NULL;
  IBBFailure             failure = IBB_FAILURE_INIT;

  if (ibb_engine_is_running (engine) && local_jid == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                   _ ("The connection has no JID yet: log in before opening a session"));
      return FALSE;
    }
  if (!ibb_operation_check_address_locked (&self->parent, self->open.local, error))
    return FALSE;
  if (ibb_jid_equal (self->open.peer, self->open.local != NULL ? self->open.local : local_jid))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("Cannot open a session to oneself (“%s”)"), self->open.peer);
      return FALSE;
    }

  session = ibb_engine_open (engine, &self->open, now, &failure);
  if (session == NULL)
    {
      g_propagate_error (error,
                         ibb_error_add_reason (
                             ibb_error_new_from_failure (&failure, self->open.peer, self->open.sid),
                             ibb_host_get_reason_locked (host, &failure)));
      ibb_failure_clear (&failure);
      return FALSE;
    }

  self->channel = ibb_channel_new_locked (host, session);
  /* From now on the operation waits for the session. */
  ibb_operation_set_queue_locked (&self->parent, &self->channel->writers);
  return TRUE;
}

static gboolean
knows_local_jid (IBBOpenOperation *self)
{
  IBBHost   *host = self->parent.host;
  IBBEngine *engine = host->engine;

  return ibb_engine_get_local_jid (engine) != NULL || host->n_reads != self->n_reads ||
         !ibb_engine_is_running (engine);
}

static gboolean
open_begin (IBBOperation *operation, gint64 now, GError **error)
{
  IBBOpenOperation *self = (IBBOpenOperation *) operation;
  IBBHost          *host = operation->host;

  self->n_reads = host->n_reads;
  if (!knows_local_jid (self))
    ibb_host_refresh_locked (host);
  /* Calls that waited for the JID go first, so that sessions open in the order of the calls. */
  else if (g_queue_is_empty (&host->refresh_waiters))
    return open_now (self, now, error);
  return TRUE;
}

static gboolean
open_is_ready (IBBOperation *operation)
{
  IBBOpenOperation *self = (IBBOpenOperation *) operation;

  if (self->channel == NULL)
    return knows_local_jid (self);
  return self->channel->opened || ibb_channel_has_ended_locked (self->channel);
}

static gboolean
open_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBOpenOperation *self = (IBBOpenOperation *) operation;

  if (!open_is_ready (operation))
    return FALSE;
  if (self->channel == NULL)
    return !open_now (self, now, error);
  if (!self->channel->opened)
    g_propagate_error (error, ibb_channel_new_error_locked (self->channel));
  return TRUE;
}

static void
open_give_up (IBBOperation *operation, gint64 now)
{
  IBBOpenOperation *self = (IBBOpenOperation *) operation;

  if (self->channel != NULL)
    ibb_session_abort (self->channel->session, now);
}

static void
open_clear (IBBOperation *operation)
{
  IBBOpenOperation *self = (IBBOpenOperation *) operation;

  g_free ((char *) self->open.peer);
  g_free ((char *) self->open.local);
  g_free ((char *) self->open.sid);
  g_clear_pointer (&self->channel, ibb_channel_unref);
}

static void
init (IBBOpenOperation *self, IBBHost *host, GObject *service, const IBBOpen *open)
{
  static const IBBOperationClass class = {
    .name = "[ibb-glib] open_session",
    .async_name = "ibb_service_open_session_async()",
    .always_waits = TRUE,
    .begin = open_begin,
    .is_ready = open_is_ready,
    .attempt = open_attempt,
    .give_up = open_give_up,
    .clear = open_clear,
  };

  ibb_operation_init (&self->parent, &class, host, g_object_ref (service), &host->refresh_waiters,
                      0);
  self->open = *open;
  self->open.peer = ibb_jid_dup_unicode (open->peer);
  self->open.local = open->local != NULL ? ibb_jid_dup_unicode (open->local) : NULL;
  self->open.sid = g_strdup (open->sid);
  self->n_reads = 0;
  self->channel = NULL;
}

IBBChannel *
ibb_open_operation_run (
    IBBHost *host, GObject *service, const IBBOpen *open, GCancellable *cancellable, GError **error)
{
  IBBOpenOperation self;
  IBBChannel      *channel = NULL;

  init (&self, host, service, open);
  if (ibb_operation_run (&self.parent, cancellable, error))
    channel = g_steal_pointer (&self.channel);
  ibb_operation_clear (&self.parent);
  return channel;
}

void
ibb_open_operation_start (IBBHost *host, GObject *service, const IBBOpen *open, GTask *task)
{
  IBBOpenOperation *self = g_new (IBBOpenOperation, 1);

  init (self, host, service, open);
  ibb_operation_start (&self->parent, task, NULL, NULL);
}

IBBChannel *
ibb_open_operation_finish (GTask *task, GError **error)
{
  IBBOpenOperation *self = g_task_get_task_data (task);

  return g_task_propagate_boolean (task, error) ? g_steal_pointer (&self->channel) : NULL;
}
