/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/session-operation.h"

#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "core/base/jid.h"
#include "core/session/lifecycle.h"
#include "runtime/operation.h"

typedef struct
{
  IBBOperation parent;

  IBBInbox   *inbox;   /* (owned) */
  IBBChannel *channel; /* (owned) (nullable): the session */

  IBBOpen open;    /* to send, or to expect; its strings are (owned) */
  guint   n_reads; /* of the connection, when the open began */

  IBBExpectationOwner owner;
  IBBExpectation     *expectation; /* (nullable): while the session is expected */
  IBBFailure          failure;     /* of the expectation */
} IBBSessionOperation;

/* Takes failure. */
static void
set_failure (IBBSessionOperation *self, IBBFailure *failure, GError **error)
{
  const IBBOpen *open = &self->open;
  const char    *reason = ibb_host_get_reason_locked (self->parent.host, failure);

  g_propagate_error (
      error,
      ibb_error_add_reason (ibb_error_new_from_failure (failure, open->peer, open->sid), reason));
  ibb_failure_clear (failure);
}

static gboolean
check_address_locked (IBBSessionOperation *self, GError **error)
{
  IBBEngine  *engine = self->parent.host->engine;
  const char *local = self->open.local;

  if (local == NULL || engine->context->local_jid == NULL || ibb_engine_has_address (engine, local))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("The connection does not have the address “%s”"), local);
  return FALSE;
}

static void
clear (IBBSessionOperation *self)
{
  g_free ((char *) self->open.peer);
  g_free ((char *) self->open.local);
  g_free ((char *) self->open.sid);
  ibb_failure_clear (&self->failure);
  ibb_inbox_unref (self->inbox);
}

/* Open. */

static gboolean
open_now (IBBSessionOperation *self, gint64 now, GError **error)
{
  IBBHost               *host = self->parent.host;
  IBBEngine             *engine = host->engine;
  const char            *local_jid = engine->context->local_jid;
  g_autoptr (IBBSession) session = NULL;
  IBBFailure             failure = IBB_FAILURE_INIT;

  if (ibb_engine_is_running (engine) && local_jid == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                   _ ("The connection has no JID yet: log in before opening a session"));
      return FALSE;
    }
  if (!check_address_locked (self, error))
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
      set_failure (self, &failure, error);
      return FALSE;
    }

  self->channel = ibb_channel_new_locked (host, session);
  /* From now on the operation waits for the session. */
  ibb_operation_set_queue_locked (&self->parent, &self->channel->writers);
  return TRUE;
}

static gboolean
knows_local_jid (IBBSessionOperation *self)
{
  IBBHost   *host = self->parent.host;
  IBBEngine *engine = host->engine;

  return engine->context->local_jid != NULL || host->n_reads != self->n_reads ||
         !ibb_engine_is_running (engine);
}

static gboolean
open_begin (IBBOperation *operation, gint64 now, GError **error)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;
  IBBHost             *host = operation->host;

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
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  if (self->channel == NULL)
    return knows_local_jid (self);
  return ibb_channel_has_opened_locked (self->channel) ||
         self->channel->session->state == IBB_SESSION_ENDED;
}

static gboolean
open_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  if (!open_is_ready (operation))
    return FALSE;
  if (self->channel == NULL)
    return !open_now (self, now, error);
  if (!ibb_channel_has_opened_locked (self->channel))
    g_propagate_error (error, ibb_host_new_error_locked (operation->host, self->channel->session));
  return TRUE;
}

static void
open_give_up (IBBOperation *operation, gint64 now)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  if (self->channel != NULL)
    ibb_lifecycle_abort (self->channel->session, now);
}

static void
open_clear (IBBOperation *operation)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  g_clear_pointer (&self->channel, ibb_channel_unref);
  clear (self);
}

/* Expect. */

static gboolean
is_as_agreed (IBBSessionOperation *self)
{
  IBBSession *session = self->channel->session;

  return !self->open.is_agreed || (session->parameters.by_message == self->open.by_message &&
                                   session->parameters.block_size <= self->open.block_size);
}

static gboolean
expect_begin (IBBOperation *operation, gint64 now, GError **error)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;
  const IBBOpen       *open = &self->open;
  IBBFailure           failure = IBB_FAILURE_INIT;

  if (!check_address_locked (self, error))
    return FALSE;

  self->channel =
      ibb_inbox_take_expected_locked (self->inbox, open->local, open->peer, open->sid, now);
  if (self->channel != NULL && is_as_agreed (self))
    return TRUE;
  if (self->channel != NULL)
    {
      /* An earlier call, which took any terms, has accepted the session. Its terms are not those
       * that this call has agreed on. */
      ibb_lifecycle_abort (self->channel->session, now);
      ibb_inbox_keep_expected_locked (self->inbox, g_steal_pointer (&self->channel), now);
    }

  self->expectation = ibb_engine_expect (operation->host->engine, open, &self->owner, &failure);
  if (self->expectation == NULL)
    set_failure (self, &failure, error);
  return self->expectation != NULL;
}

static void
expectation_ended_locked (gpointer object, IBBSession *session, const IBBFailure *failure)
{
  IBBSessionOperation *self = object;

  self->expectation = NULL;
  if (session != NULL)
    self->channel = ibb_channel_new_locked (self->parent.host, session);
  else
    ibb_failure_copy (&self->failure, failure);
  ibb_waiter_wake (&self->parent.waiter);
}

static gboolean
expect_is_ready (IBBOperation *operation)
{
  return ((IBBSessionOperation *) operation)->expectation == NULL;
}

static gboolean
expect_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  if (self->expectation != NULL)
    return FALSE;
  if (self->channel == NULL)
    set_failure (self, &self->failure, error);
  return TRUE;
}

static void
expect_give_up (IBBOperation *operation, gint64 now)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  if (self->expectation != NULL)
    ibb_acceptor_remove (&operation->host->engine->acceptor, g_steal_pointer (&self->expectation));
  if (self->channel != NULL)
    ibb_inbox_keep_expected_locked (self->inbox, g_steal_pointer (&self->channel), now);
}

static GError *
expect_new_timeout_error (IBBOperation *operation)
{
  const IBBOpen *open = &((IBBSessionOperation *) operation)->open;

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                      /* Translators: a JID, and the name of a session */
                      _ ("“%s” has not opened the session “%s” within %u ms"), open->peer,
                      open->sid, operation->timeout);
}

static void
expect_clear (IBBOperation *operation)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  if (self->channel != NULL)
    ibb_inbox_give_back_expected (self->inbox, g_steal_pointer (&self->channel));
  clear (self);
}

/* Accept. */

static gboolean
accept_begin (IBBOperation *operation, gint64 now, GError **error)
{
  ((IBBSessionOperation *) operation)->inbox->listening = TRUE;
  return TRUE;
}

static gboolean
accept_is_ready (IBBOperation *operation)
{
  IBBInbox *inbox = ((IBBSessionOperation *) operation)->inbox;

  return ibb_inbox_has_accepted_locked (inbox) || !ibb_inbox_may_accept_locked (inbox);
}

static void
set_unacceptable (IBBHost *host, GError **error)
{
  const char *reason = host->uplink.lost_reason;

  if (!host->engine->context->is_lost || ibb_host_is_returning_locked (host))
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
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  if (!accept_is_ready (operation))
    return FALSE;
  self->channel = ibb_inbox_take_accepted_locked (self->inbox);
  if (self->channel == NULL)
    set_unacceptable (operation->host, error);
  return TRUE;
}

/* The operation may have been woken for a session that now goes to another accept. */
static void
accept_give_up (IBBOperation *operation, gint64 now)
{
  ibb_inbox_wake_accepts_locked (((IBBSessionOperation *) operation)->inbox);
}

static void
accept_clear (IBBOperation *operation)
{
  IBBSessionOperation *self = (IBBSessionOperation *) operation;

  if (self->channel != NULL)
    ibb_inbox_give_back_accepted (self->inbox, g_steal_pointer (&self->channel));
  clear (self);
}

static const IBBOperationClass classes[] = {
  [IBB_SESSION_CALL_ACCEPT] = {
    .name = "[ibb-glib] accept",
    .async_name = "ibb_service_accept_async()",
    .begin = accept_begin,
    .is_ready = accept_is_ready,
    .attempt = accept_attempt,
    .give_up = accept_give_up,
    .clear = accept_clear,
  },
  [IBB_SESSION_CALL_OPEN] = {
    .name = "[ibb-glib] open_session",
    .async_name = "ibb_service_open_session_async()",
    .always_waits = TRUE,
    .begin = open_begin,
    .is_ready = open_is_ready,
    .attempt = open_attempt,
    .give_up = open_give_up,
    .clear = open_clear,
  },
  [IBB_SESSION_CALL_EXPECT] = {
    .name = "[ibb-glib] expect_session",
    .async_name = "ibb_service_expect_session_async()",
    .always_waits = TRUE,
    .begin = expect_begin,
    .is_ready = expect_is_ready,
    .attempt = expect_attempt,
    .give_up = expect_give_up,
    .new_timeout_error = expect_new_timeout_error,
    .clear = expect_clear,
  },
};

static void
init (IBBSessionOperation *self, IBBInbox *inbox, GObject *service, const IBBSessionWish *wish)
{
  const IBBOpen *open = &wish->open;
  GQueue        *queues[] = { &inbox->accepts, &inbox->host->refresh_waiters, NULL };

  *self = (IBBSessionOperation){ .inbox = ibb_inbox_ref (inbox), .failure = IBB_FAILURE_INIT };
  self->open = *open;
  self->open.peer = open->peer != NULL ? ibb_jid_dup_unicode (open->peer) : NULL;
  self->open.local = open->local != NULL ? ibb_jid_dup_unicode (open->local) : NULL;
  self->open.sid = g_strdup (open->sid);
  self->owner.ended_locked = expectation_ended_locked;
  self->owner.object = self;
  ibb_operation_init (&self->parent, &classes[wish->call], inbox->host, g_object_ref (service),
                      queues[wish->call], wish->timeout);
}

IBBChannel *
ibb_session_operation_run (IBBInbox             *inbox,
                           GObject              *service,
                           const IBBSessionWish *wish,
                           GCancellable         *cancellable,
                           GError              **error)
{
  IBBSessionOperation self;
  IBBChannel         *channel = NULL;

  init (&self, inbox, service, wish);
  if (ibb_operation_run (&self.parent, cancellable, error))
    channel = g_steal_pointer (&self.channel);
  ibb_operation_clear (&self.parent);
  return channel;
}

void
ibb_session_operation_start (IBBInbox             *inbox,
                             GObject              *service,
                             const IBBSessionWish *wish,
                             GTask                *task)
{
  IBBSessionOperation *self = g_new (IBBSessionOperation, 1);

  init (self, inbox, service, wish);
  ibb_operation_start (&self->parent, task, NULL, NULL);
}

IBBChannel *
ibb_session_operation_finish (GTask *task, GError **error)
{
  IBBSessionOperation *self = g_task_get_task_data (task);

  return g_task_propagate_boolean (task, error) ? g_steal_pointer (&self->channel) : NULL;
}
