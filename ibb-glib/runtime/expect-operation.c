/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "runtime/expect-operation.h"

#include "ibb-error-private.h"
#include "ibb-intl-private.h"
#include "runtime/operation.h"

typedef struct
{
  IBBOperation parent;

  IBBInbox           *inbox;    /* (owned) */
  IBBExpected         expected; /* its strings are (owned) */
  IBBExpectationOwner owner;
  IBBExpectation     *expectation; /* (nullable): while the session is expected */
  IBBFailure          failure;     /* of the expectation */
  IBBChannel         *channel;     /* (owned) (nullable): the session */
} IBBExpectOperation;

static void
set_error (IBBExpectOperation *self, const IBBFailure *failure, GError **error)
{
  IBBHost *host = self->parent.host;
  GError  *reason = ibb_error_new_from_failure (failure, self->expected.peer, self->expected.sid);

  g_propagate_error (error,
                     ibb_error_add_reason (reason, ibb_host_get_reason_locked (host, failure)));
}

static gboolean
is_as_agreed (IBBExpectOperation *self)
{
  IBBSession *session = self->channel->session;

  return !self->expected.is_agreed ||
         (ibb_session_is_by_message (session) == self->expected.by_message &&
          ibb_session_get_block_size (session) <= self->expected.block_size);
}

static gboolean
expect_begin (IBBOperation *operation, gint64 now, GError **error)
{
  IBBExpectOperation *self = (IBBExpectOperation *) operation;
  IBBEngine          *engine = operation->host->engine;
  IBBFailure          failure = IBB_FAILURE_INIT;

  if (!ibb_operation_check_address_locked (operation, self->expected.local, error))
    return FALSE;

  self->channel = ibb_inbox_take_expected_locked (self->inbox, self->expected.local,
                                                  self->expected.peer, self->expected.sid, now);
  if (self->channel != NULL && is_as_agreed (self))
    return TRUE;
  if (self->channel != NULL)
    {
      /* An earlier call, which took any terms, has accepted the session. Its terms are not those
       * that this call has agreed on. */
      ibb_session_abort (self->channel->session, now);
      ibb_inbox_keep_expected_locked (self->inbox, g_steal_pointer (&self->channel), now);
    }

  self->expectation =
      ibb_engine_expect (engine, self->expected.local, self->expected.peer, self->expected.sid,
                         self->expected.block_size, &self->owner, &failure);
  if (self->expectation != NULL)
    {
      if (self->expected.is_agreed)
        {
          self->expectation->has_stanza_type = TRUE;
          self->expectation->by_message = self->expected.by_message;
        }
      return TRUE;
    }
  set_error (self, &failure, error);
  ibb_failure_clear (&failure);
  return FALSE;
}

static void
expectation_ended_locked (gpointer object, IBBSession *session, const IBBFailure *failure)
{
  IBBExpectOperation *self = object;

  self->expectation = NULL;
  if (session != NULL)
    self->channel = ibb_channel_new_locked (self->parent.host, session);
  else
    ibb_failure_copy (&self->failure, failure);
  ibb_operation_wake_locked (&self->parent);
}

static gboolean
expect_is_ready (IBBOperation *operation)
{
  return ((IBBExpectOperation *) operation)->expectation == NULL;
}

static gboolean
expect_attempt (IBBOperation *operation, gint64 now, GError **error)
{
  IBBExpectOperation *self = (IBBExpectOperation *) operation;

  if (self->expectation != NULL)
    return FALSE;
  if (self->channel == NULL)
    set_error (self, &self->failure, error);
  return TRUE;
}

static void
expect_give_up (IBBOperation *operation, gint64 now)
{
  IBBExpectOperation *self = (IBBExpectOperation *) operation;
  IBBEngine          *engine = operation->host->engine;

  if (self->expectation != NULL)
    ibb_engine_cancel_expectation (engine, g_steal_pointer (&self->expectation));
  if (self->channel != NULL)
    ibb_inbox_keep_expected_locked (self->inbox, g_steal_pointer (&self->channel), now);
}

static GError *
expect_new_timeout_error (IBBOperation *operation)
{
  IBBExpected *expected = &((IBBExpectOperation *) operation)->expected;

  return g_error_new (G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
                      /* Translators: a JID, and the name of a session */
                      _ ("“%s” has not opened the session “%s” within %u ms"), expected->peer,
                      expected->sid, expected->timeout);
}

static void
expect_clear (IBBOperation *operation)
{
  IBBExpectOperation *self = (IBBExpectOperation *) operation;

  if (self->channel != NULL)
    ibb_inbox_give_back_expected (self->inbox, g_steal_pointer (&self->channel));
  ibb_inbox_unref (self->inbox);
  ibb_failure_clear (&self->failure);
  g_free ((char *) self->expected.local);
  g_free ((char *) self->expected.peer);
  g_free ((char *) self->expected.sid);
}

static void
init (IBBExpectOperation *self,
      IBBHost            *host,
      IBBInbox           *inbox,
      GObject            *service,
      const IBBExpected  *expected)
{
  static const IBBOperationClass class = {
    .name = "[ibb-glib] expect_session",
    .async_name = "ibb_service_expect_session_async()",
    .always_waits = TRUE,
    .begin = expect_begin,
    .is_ready = expect_is_ready,
    .attempt = expect_attempt,
    .give_up = expect_give_up,
    .new_timeout_error = expect_new_timeout_error,
    .clear = expect_clear,
  };

  ibb_operation_init (&self->parent, &class, host, g_object_ref (service), NULL, expected->timeout);
  self->inbox = ibb_inbox_ref (inbox);
  self->expected = *expected;
  self->expected.local = g_strdup (expected->local);
  self->expected.peer = g_strdup (expected->peer);
  self->expected.sid = g_strdup (expected->sid);
  self->owner.ended_locked = expectation_ended_locked;
  self->owner.object = self;
  self->expectation = NULL;
  self->failure = (IBBFailure) IBB_FAILURE_INIT;
  self->channel = NULL;
}

IBBChannel *
ibb_expect_operation_run (IBBHost           *host,
                          IBBInbox          *inbox,
                          GObject           *service,
                          const IBBExpected *expected,
                          GCancellable      *cancellable,
                          GError           **error)
{
  IBBExpectOperation self;
  IBBChannel        *channel = NULL;

  init (&self, host, inbox, service, expected);
  if (ibb_operation_run (&self.parent, cancellable, error))
    channel = g_steal_pointer (&self.channel);
  ibb_operation_clear (&self.parent);
  return channel;
}

void
ibb_expect_operation_start (
    IBBHost *host, IBBInbox *inbox, GObject *service, const IBBExpected *expected, GTask *task)
{
  IBBExpectOperation *self = g_new (IBBExpectOperation, 1);

  init (self, host, inbox, service, expected);
  ibb_operation_start (&self->parent, task, NULL, NULL);
}

IBBChannel *
ibb_expect_operation_finish (GTask *task, GError **error)
{
  IBBExpectOperation *self = g_task_get_task_data (task);

  return g_task_propagate_boolean (task, error) ? g_steal_pointer (&self->channel) : NULL;
}
