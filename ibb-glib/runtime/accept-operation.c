/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/accept-operation.h"

#include "ibb-intl-private.h"
#include "runtime/operation.h"

typedef struct
{
  IBBOperation parent;

  IBBInbox   *inbox;   /* (owned) */
  IBBChannel *channel; /* (owned) (nullable): the session */
} IBBAcceptOperation;

static gboolean
accept_begin (IBBOperation *operation, gint64 now, GError **error)
{
  ((IBBAcceptOperation *) operation)->inbox->listening = TRUE;
  return TRUE;
}

static gboolean
accept_is_ready (IBBOperation *operation)
{
  IBBInbox *inbox = ((IBBAcceptOperation *) operation)->inbox;

  return ibb_notice_has_any_locked (&inbox->accepted) || !ibb_inbox_may_accept_locked (inbox);
}

static void
set_error (IBBOperation *operation, GError **error)
{
  IBBHost    *host = operation->host;
  const char *reason = host->uplink.lost_reason;

  if (!ibb_engine_is_lost (host->engine) || ibb_host_is_returning_locked (host))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                 _ ("The service was stopped, so no session can come"));
  else if (reason != NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED, _ ("No session can come: %s"),
                 reason);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                 _ ("The connection to the XMPP server was lost, so no session can come"));
}

static gboolean
accept_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBAcceptOperation *self = (IBBAcceptOperation *) operation;

  if (!accept_is_ready (operation))
    return FALSE;
  self->channel = ibb_inbox_take_accepted_locked (self->inbox);
  if (self->channel == NULL)
    set_error (operation, error);
  return TRUE;
}

/* The operation may have been woken for a session that now goes to another accept. */
static void
accept_give_up (IBBOperation *operation, gint64 now)
{
  ibb_inbox_wake_accepts_locked (((IBBAcceptOperation *) operation)->inbox);
}

static void
accept_clear (IBBOperation *operation)
{
  IBBAcceptOperation *self = (IBBAcceptOperation *) operation;

  if (self->channel != NULL)
    ibb_inbox_give_back_accepted (self->inbox, g_steal_pointer (&self->channel));
  ibb_inbox_unref (self->inbox);
}

static void
init (IBBAcceptOperation *self, IBBHost *host, IBBInbox *inbox, GObject *service)
{
  static const IBBOperationClass class = {
    .name = "[ibb-glib] accept",
    .async_name = "ibb_service_accept_async()",
    .begin = accept_begin,
    .is_ready = accept_is_ready,
    .attempt = accept_attempt,
    .give_up = accept_give_up,
    .clear = accept_clear,
  };

  ibb_operation_init (&self->parent, &class, host, g_object_ref (service), &inbox->accepts, 0);
  self->inbox = ibb_inbox_ref (inbox);
  self->channel = NULL;
}

IBBChannel *
ibb_accept_operation_run (
    IBBHost *host, IBBInbox *inbox, GObject *service, GCancellable *cancellable, GError **error)
{
  IBBAcceptOperation self;
  IBBChannel        *channel = NULL;

  init (&self, host, inbox, service);
  if (ibb_operation_run (&self.parent, cancellable, error))
    channel = g_steal_pointer (&self.channel);
  ibb_operation_clear (&self.parent);
  return channel;
}

void
ibb_accept_operation_start (IBBHost *host, IBBInbox *inbox, GObject *service, GTask *task)
{
  IBBAcceptOperation *self = g_new (IBBAcceptOperation, 1);

  init (self, host, inbox, service);
  ibb_operation_start (&self->parent, task, NULL, NULL);
}

IBBChannel *
ibb_accept_operation_finish (GTask *task, GError **error)
{
  IBBAcceptOperation *self = g_task_get_task_data (task);

  return g_task_propagate_boolean (task, error) ? g_steal_pointer (&self->channel) : NULL;
}
