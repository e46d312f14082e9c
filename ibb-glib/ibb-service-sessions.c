/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* How a service comes to its sessions: open, expect, accept. */

#include "config.h"

#include <glib/gi18n-lib.h>

#include "core/jid.h"
#include "ibb-error-private.h"
#include "ibb-service-private.h"

static void
propagate_failure (IBBOperation *self, const IBBFailure *failure, GError **error)
{
  g_propagate_error (error, ibb_worker_add_reason_locked (
                                self->worker, failure,
                                ibb_error_new_from_failure (failure, self->peer, self->sid)));
}

/* Open */

static gboolean
open_now (IBBOperation *self, gint64 now, GError **error)
{
  IBBWorker             *worker = self->worker;
  g_autoptr (IBBSession) session = NULL;
  IBBFailure             failure = IBB_FAILURE_INIT;
  IBBOpen                open = {
                   .peer = self->peer,
                   .carrier = self->carrier,
                   .block_size = self->block_size,
                   .sid = self->sid,
  };

  if (ibb_engine_is_running (worker->engine) && worker->local_jid == NULL)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_CONNECTED,
                   _ ("The connection has no JID yet: log in before opening a session"));
      return FALSE;
    }
  if (ibb_jid_equal (self->peer, worker->local_jid))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("“%s” is this connection itself: a session needs another one"), self->peer);
      return FALSE;
    }

  session = ibb_engine_open (worker->engine, &open, now, &failure);
  if (session == NULL)
    {
      propagate_failure (self, &failure, error);
      ibb_failure_clear (&failure);
      return FALSE;
    }

  self->outcome = ibb_channel_new_locked (worker, session);
  /* From here on it waits for the session. */
  if (self->waiting)
    {
      ibb_operation_leave_locked (self);
      self->queue = &self->outcome->writers;
      ibb_operation_wait_locked (self);
    }
  self->queue = &self->outcome->writers;
  return TRUE;
}

static gboolean
knows_local_jid (IBBOperation *self)
{
  return self->worker->local_jid != NULL || self->worker->n_reads != self->n_reads ||
         !ibb_engine_is_running (self->worker->engine);
}

static gboolean
open_begin (IBBOperation *self, gint64 now, GError **error)
{
  self->n_reads = self->worker->n_reads;
  if (knows_local_jid (self))
    return open_now (self, now, error);

  ibb_worker_refresh_locked (self->worker);
  return TRUE;
}

static gboolean
open_is_ready (IBBOperation *self)
{
  if (self->outcome == NULL)
    return knows_local_jid (self);
  return self->outcome->opened || self->outcome->ended;
}

static gboolean
open_attempt (IBBOperation *self, gint64 now, GError **error)
{
  if (!open_is_ready (self))
    return FALSE;
  if (self->outcome == NULL)
    return !open_now (self, now, error);
  if (!self->outcome->opened)
    g_propagate_error (error, ibb_channel_new_error_locked (self->outcome));
  return TRUE;
}

static void
open_give_up (IBBOperation *self, gint64 now)
{
  if (self->outcome != NULL)
    ibb_session_abort (self->outcome->session, now);
}

static const IBBOperationClass operation_open = {
  .name = "[ibb-glib] open_session",
  .async_name = "ibb_service_open_session_async()",
  .result = IBB_RESULT_TRANSPORT,
  .always_waits = TRUE,
  .begin = open_begin,
  .is_ready = open_is_ready,
  .attempt = open_attempt,
  .give_up = open_give_up,
};

/* Expect */

static gboolean
expect_begin (IBBOperation *self, gint64 now, GError **error)
{
  IBBFailure failure = IBB_FAILURE_INIT;

  self->expectation =
      ibb_engine_expect (self->worker->engine, self->peer, self->sid, 0, self, &failure);
  if (self->expectation != NULL)
    return TRUE;
  propagate_failure (self, &failure, error);
  ibb_failure_clear (&failure);
  return FALSE;
}

void
ibb_operation_expected_locked (IBBOperation *self, IBBSession *session, const IBBFailure *failure)
{
  self->expectation = NULL;
  if (session != NULL)
    self->outcome = ibb_channel_new_locked (self->worker, session);
  else
    ibb_failure_copy (&self->failure, failure);
  ibb_operation_wake_locked (self);
}

static gboolean
expect_is_ready (IBBOperation *self)
{
  return self->expectation == NULL;
}

static gboolean
expect_attempt (IBBOperation *self, gint64 now, GError **error)
{
  if (self->expectation != NULL)
    return FALSE;
  if (self->outcome == NULL)
    propagate_failure (self, &self->failure, error);
  return TRUE;
}

static void
expect_give_up (IBBOperation *self, gint64 now)
{
  if (self->expectation != NULL)
    ibb_engine_cancel_expectation (self->worker->engine, self->expectation);
  self->expectation = NULL;
}

static const IBBOperationClass operation_expect = {
  .name = "[ibb-glib] expect_session",
  .async_name = "ibb_service_expect_session_async()",
  .result = IBB_RESULT_TRANSPORT,
  .always_waits = TRUE,
  .keeps_result = TRUE,
  .begin = expect_begin,
  .is_ready = expect_is_ready,
  .attempt = expect_attempt,
  .give_up = expect_give_up,
};

/* Accept */

static gboolean
accept_begin (IBBOperation *self, gint64 now, GError **error)
{
  self->worker->listening = TRUE;
  return TRUE;
}

static gboolean
accept_is_ready (IBBOperation *self)
{
  return !g_queue_is_empty (&self->worker->accepted) ||
         !ibb_engine_is_running (self->worker->engine);
}

static gboolean
accept_attempt (IBBOperation *self, gint64 now, GError **error)
{
  if (!accept_is_ready (self))
    return FALSE;

  self->outcome = g_queue_pop_head (&self->worker->accepted);
  if (self->outcome != NULL)
    return TRUE;
  if (self->worker->lost)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                 _ ("The connection to the XMPP server was lost, so no session can come"));
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                 _ ("The service was stopped, so no session can come"));
  return TRUE;
}

/* It may have been woken for a session that is now for another. */
static void
accept_give_up (IBBOperation *self, gint64 now)
{
  ibb_worker_wake_accepts_locked (self->worker);
}

static const IBBOperationClass operation_accept = {
  .name = "[ibb-glib] accept",
  .async_name = "ibb_service_accept_async()",
  .result = IBB_RESULT_TRANSPORT,
  .keeps_result = TRUE,
  .begin = accept_begin,
  .is_ready = accept_is_ready,
  .attempt = accept_attempt,
  .give_up = accept_give_up,
};

/* The public calls */

static IBBOperation *
new_operation (IBBService *self, const IBBOperationClass *class, GQueue *queue)
{
  return ibb_operation_new (class, self->worker, NULL, G_OBJECT (g_object_ref (self)), queue);
}

static gboolean
check_jid (const char *jid, GError **error)
{
  g_autofree char *normal = ibb_jid_normalize (jid);

  if (normal == NULL)
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                 _ ("“%s” is no JID, such as “romeo@montague.example/orchard”"),
                 jid != NULL ? jid : "");
  return normal != NULL;
}

static gboolean
check_sid (const char *sid, GError **error)
{
  if (sid != NULL && ibb_stanza_is_valid_sid (sid))
    return TRUE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               _ ("“%s” is no session identifier: it has from 1 to %d letters, digits and “.-_:”"),
               sid != NULL ? sid : "", IBB_SID_MAX_LENGTH);
  return FALSE;
}

/* NULL with error set if an argument is wrong. */
static IBBOperation *
new_open (IBBService   *self,
          const char   *peer_jid,
          IBBStanzaType stanza_type,
          guint         block_size,
          const char   *sid,
          GError      **error)
{
  IBBOperation *operation;

  if (!check_jid (peer_jid, error) || (sid != NULL && !check_sid (sid, error)))
    return NULL;
  if (block_size > IBB_BLOCK_SIZE_MAX)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("A block size of %u is too large: the most that XEP-0047 allows is %d"),
                   block_size, IBB_BLOCK_SIZE_MAX);
      return NULL;
    }
  if (stanza_type != IBB_STANZA_TYPE_IQ && stanza_type != IBB_STANZA_TYPE_MESSAGE)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   _ ("%d is no stanza type of a session"), (int) stanza_type);
      return NULL;
    }

  operation = new_operation (self, &operation_open, &self->worker->opens);
  operation->peer = g_strdup (peer_jid);
  operation->sid = g_strdup (sid);
  operation->block_size = block_size;
  operation->carrier =
      stanza_type == IBB_STANZA_TYPE_MESSAGE ? IBB_CARRIER_MESSAGE : IBB_CARRIER_IQ;
  return operation;
}

static IBBOperation *
new_expect (IBBService *self, const char *peer_jid, const char *sid, GError **error)
{
  IBBOperation *operation;

  if (!check_jid (peer_jid, error) || !check_sid (sid, error))
    return NULL;

  operation = new_operation (self, &operation_expect, &self->worker->expects);
  operation->peer = g_strdup (peer_jid);
  operation->sid = g_strdup (sid);
  return operation;
}

static IBBTransport *
run (IBBOperation *operation, GCancellable *cancellable, GError **error)
{
  IBBTransport *transport = NULL;

  if (ibb_operation_run (operation, cancellable, error))
    transport = ibb_operation_take_transport (operation);
  ibb_operation_free (operation);
  return transport;
}

static IBBTransport *
finish (IBBService *self, GAsyncResult *result, gpointer tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, tag), NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ibb_service_open_session_async:
 * @self: a service
 * @peer_jid: the JID of the peer, with its resource unless the peer is a
 *   component or the like
 * @stanza_type: which stanza is to carry the blocks
 * @block_size: how many bytes a block may carry, 1 to 65535; 0 for
 *   [property@IBB.Service:default-block-size]
 * @sid: (nullable): the session identifier, an NMTOKEN of at most 256 bytes;
 *   NULL for a fresh random one
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the peer has answered
 * @user_data: for @callback
 *
 * Asks a peer for a session.
 *
 * When it is cancelled, the peer is told to forget the session.
 *
 * Since: 1.0
 */
void
ibb_service_open_session_async (IBBService         *self,
                                const char         *peer_jid,
                                IBBStanzaType       stanza_type,
                                guint               block_size,
                                const char         *sid,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  IBBOperation     *operation;
  GError           *error = NULL;

  g_return_if_fail (IBB_IS_SERVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_service_open_session_async);
  operation = new_open (self, peer_jid, stanza_type, block_size, sid, &error);
  if (operation != NULL)
    ibb_operation_start (operation, task);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_service_open_session_finish:
 * @self: a service
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends what [method@IBB.Service.open_session_async] began.
 *
 * A refusal is the [error@IBB.Error] of the peer's or the server's answer; with
 * `service-unavailable` to a JID without resource the message says that one is
 * needed. Other errors: %G_IO_ERROR_INVALID_ARGUMENT for what is no JID, no
 * session identifier, too large a block size or our own JID, with nothing
 * sent; %G_IO_ERROR_PENDING when the session exists already;
 * %G_IO_ERROR_TIMED_OUT after [property@IBB.Service:open-timeout];
 * %G_IO_ERROR_CONNECTION_CLOSED when the connection is lost,
 * %G_IO_ERROR_NOT_CONNECTED when it has no JID yet; %G_IO_ERROR_CANCELLED also
 * when the service was stopped.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_open_session_finish (IBBService *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, ibb_service_open_session_async, error);
}

/**
 * ibb_service_open_session:
 * @self: a service
 * @peer_jid: the JID of the peer, with its resource unless the peer is a
 *   component or the like
 * @stanza_type: which stanza is to carry the blocks
 * @block_size: how many bytes a block may carry, 1 to 65535; 0 for
 *   [property@IBB.Service:default-block-size]
 * @sid: (nullable): the session identifier, an NMTOKEN of at most 256 bytes;
 *   NULL for a fresh random one
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks a peer for a session.
 *
 * The blocking twin of [method@IBB.Service.open_session_async]; the errors are
 * those of [method@IBB.Service.open_session_finish] and
 * %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_open_session (IBBService   *self,
                          const char   *peer_jid,
                          IBBStanzaType stanza_type,
                          guint         block_size,
                          const char   *sid,
                          GCancellable *cancellable,
                          GError      **error)
{
  IBBOperation *operation;

  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  operation = new_open (self, peer_jid, stanza_type, block_size, sid, error);
  return operation != NULL ? run (operation, cancellable, error) : NULL;
}

/**
 * ibb_service_expect_session_async:
 * @self: a service
 * @peer_jid: the JID that the session will come from, as a whole: a JID without
 *   resource expects an open without one
 * @sid: the session identifier
 * @cancellable: (nullable): ends the expectation
 * @callback: (scope async): called when the session has come
 * @user_data: for @callback
 *
 * Accepts one session that was agreed upon otherwise, whatever
 * [property@IBB.Service:session-limit] says.
 *
 * The expectation holds from the moment of this call, so that @sid can be told
 * to the peer right after it.
 *
 * Since: 1.0
 */
void
ibb_service_expect_session_async (IBBService         *self,
                                  const char         *peer_jid,
                                  const char         *sid,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  IBBOperation     *operation;
  GError           *error = NULL;

  g_return_if_fail (IBB_IS_SERVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_service_expect_session_async);
  operation = new_expect (self, peer_jid, sid, &error);
  if (operation != NULL)
    ibb_operation_start (operation, task);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_service_expect_session_finish:
 * @self: a service
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends what [method@IBB.Service.expect_session_async] began.
 *
 * The errors are %G_IO_ERROR_INVALID_ARGUMENT, %G_IO_ERROR_PENDING when that
 * session is expected already, %G_IO_ERROR_CONNECTION_CLOSED when the
 * connection is lost, and %G_IO_ERROR_CANCELLED, also when the service was
 * stopped.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_expect_session_finish (IBBService *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, ibb_service_expect_session_async, error);
}

/**
 * ibb_service_expect_session:
 * @self: a service
 * @peer_jid: the JID that the session will come from, as a whole: a JID without
 *   resource expects an open without one
 * @sid: the session identifier
 * @cancellable: (nullable): ends the expectation
 * @error: return location for an error
 *
 * Waits for one session that was agreed upon otherwise.
 *
 * The blocking twin of [method@IBB.Service.expect_session_async]; the errors
 * are those of [method@IBB.Service.expect_session_finish] and
 * %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_expect_session (IBBService   *self,
                            const char   *peer_jid,
                            const char   *sid,
                            GCancellable *cancellable,
                            GError      **error)
{
  IBBOperation *operation;

  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  operation = new_expect (self, peer_jid, sid, error);
  return operation != NULL ? run (operation, cancellable, error) : NULL;
}

/**
 * ibb_service_accept_async:
 * @self: a service
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when a session has come
 * @user_data: for @callback
 *
 * Takes the next session that [property@IBB.Service:session-limit] let in while
 * no handler of [signal@IBB.Service::session-requested] or
 * [signal@IBB.Service::session-accepted] was connected.
 *
 * Once this was called the service goes on letting sessions in, up to the
 * limit; those that come while nobody waits are kept for the next call.
 * Cancelling it takes no session away.
 *
 * Since: 1.0
 */
void
ibb_service_accept_async (IBBService         *self,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (IBB_IS_SERVICE (self));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_service_accept_async);
  ibb_operation_start (new_operation (self, &operation_accept, &self->worker->accepts), task);
}

/**
 * ibb_service_accept_finish:
 * @self: a service
 * @result: what the callback got
 * @error: return location for an error
 *
 * Ends what [method@IBB.Service.accept_async] began.
 *
 * The errors are %G_IO_ERROR_CONNECTION_CLOSED when the connection is lost and
 * %G_IO_ERROR_CANCELLED, also when the service was stopped.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_accept_finish (IBBService *self, GAsyncResult *result, GError **error)
{
  return finish (self, result, ibb_service_accept_async, error);
}

/**
 * ibb_service_accept:
 * @self: a service
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Waits for the next session that nobody expected.
 *
 * The blocking twin of [method@IBB.Service.accept_async]; the errors are those
 * of [method@IBB.Service.accept_finish] and %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_accept (IBBService *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  return run (new_operation (self, &operation_accept, &self->worker->accepts), cancellable, error);
}
