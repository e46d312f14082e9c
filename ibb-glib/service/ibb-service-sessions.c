/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The calls of a service for sessions: open, expect, accept. */

#include "config.h"

#include "service/ibb-service-private.h"
#include "service/ibb-session-params-private.h"
#include "service/ibb-transport-private.h"

/* The task of an asynchronous call. */
static GTask *
create_task (IBBService         *self,
             gpointer            source_tag,
             GCancellable       *cancellable,
             GAsyncReadyCallback callback,
             gpointer            user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, source_tag);
  return task;
}

static void
start (IBBService *self, const IBBSessionWish *wish, GTask *task)
{
  ibb_session_operation_start (self->inbox, G_OBJECT (self), wish, task);
}

/* The transport of channel, (transfer full) (nullable). The list has it before the caller does. */
static IBBTransport *
list_first (IBBService *self, IBBChannel *channel)
{
  IBBTransport *transport = ibb_transport_new_take (channel);

  if (transport != NULL)
    ibb_service_list_update_here (self);
  return transport;
}

static IBBTransport *
run (IBBService *self, const IBBSessionWish *wish, GCancellable *cancellable, GError **error)
{
  return list_first (
      self, ibb_session_operation_run (self->inbox, G_OBJECT (self), wish, cancellable, error));
}

static IBBTransport *
finish (IBBService *self, GAsyncResult *result, gpointer source_tag, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, source_tag), NULL);

  return list_first (self, ibb_session_operation_finish (G_TASK (result), error));
}

/**
 * ibb_service_open_session_async:
 * @self: a service
 * @peer_jid: the JID of the peer, with its resource unless the peer is a
 *   component or the like
 * @params: (nullable): the parameters of the session; NULL for the defaults
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when the peer has answered
 * @user_data: for @callback
 *
 * Asks a peer for a session. Calls of one main context ask in the order in which they
 * are made.
 *
 * When the call is cancelled, the service tells the peer to forget the session.
 *
 * Since: 1.0
 */
void
ibb_service_open_session_async (IBBService         *self,
                                const char         *peer_jid,
                                IBBSessionParams   *params,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError           *error = NULL;
  IBBSessionWish    wish;

  g_return_if_fail (IBB_IS_SERVICE (self));
  g_return_if_fail (params == NULL || IBB_IS_SESSION_PARAMS (params));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = create_task (self, ibb_service_open_session_async, cancellable, callback, user_data);
  if (ibb_session_params_fill_open (params, peer_jid, &wish, &error))
    start (self, &wish, task);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_service_open_session_finish:
 * @self: a service
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes [method@IBB.Service.open_session_async].
 *
 * A refusal is the [error@IBB.Error] of the peer's or the server's answer. With
 * `service-unavailable` to a JID without resource the message says that a resource is needed. Other
 * errors:
 *
 * - %G_IO_ERROR_INVALID_ARGUMENT: an invalid JID or session identifier, too large a block size, our
 *   own JID as the peer's, or an address that the connection does not have. Nothing was sent
 * - %G_IO_ERROR_PENDING: the session exists already, in this or another service of the connection
 * - %G_IO_ERROR_MESSAGE_TOO_LARGE: our JID and the peer's leave a stanza no room for data
 * - %G_IO_ERROR_TIMED_OUT: [property@IBB.Service:open-timeout] has passed
 * - %G_IO_ERROR_CONNECTION_CLOSED: the connection is lost
 * - %G_IO_ERROR_NOT_CONNECTED: the connection has no JID yet
 * - %G_IO_ERROR_CANCELLED: the call was cancelled, or the service was stopped
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
 * @params: (nullable): the parameters of the session; NULL for the defaults
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks a peer for a session.
 *
 * The blocking variant of [method@IBB.Service.open_session_async]; the errors are
 * those of [method@IBB.Service.open_session_finish] and
 * %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_open_session (IBBService       *self,
                          const char       *peer_jid,
                          IBBSessionParams *params,
                          GCancellable     *cancellable,
                          GError          **error)
{
  IBBSessionWish wish;

  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);
  g_return_val_if_fail (params == NULL || IBB_IS_SESSION_PARAMS (params), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!ibb_session_params_fill_open (params, peer_jid, &wish, error))
    return NULL;
  return run (self, &wish, cancellable, error);
}

/**
 * ibb_service_expect_session_async:
 * @self: a service
 * @peer_jid: the JID that the session will come from, as a whole: a JID without
 *   resource expects an open without one
 * @sid: the session identifier
 * @params: (nullable): the parameters of the session; NULL for any
 * @cancellable: (nullable): ends the expectation
 * @callback: (scope async): called when the session has come
 * @user_data: for @callback
 *
 * Accepts one session that was agreed on out of band, regardless of
 * [property@IBB.Service:session-limit].
 *
 * The expectation holds from the moment of this call, so that @sid can be told
 * to the peer right after it. Of two expectations of the same peer and @sid, the one
 * that names [property@IBB.SessionParams:local-jid] gets the session.
 *
 * A session that arrives just when the call is cancelled, or that is not fetched
 * with [method@IBB.Service.expect_session_finish], waits for the next call with the
 * same peer and @sid. It is aborted after [property@IBB.Service:accept-timeout].
 *
 * Since: 1.0
 */
void
ibb_service_expect_session_async (IBBService         *self,
                                  const char         *peer_jid,
                                  const char         *sid,
                                  IBBSessionParams   *params,
                                  GCancellable       *cancellable,
                                  GAsyncReadyCallback callback,
                                  gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  GError           *error = NULL;
  IBBSessionWish    wish;

  g_return_if_fail (IBB_IS_SERVICE (self));
  g_return_if_fail (params == NULL || IBB_IS_SESSION_PARAMS (params));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = create_task (self, ibb_service_expect_session_async, cancellable, callback, user_data);
  if (ibb_session_params_fill_expected (params, peer_jid, sid, &wish, &error))
    start (self, &wish, task);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_service_expect_session_finish:
 * @self: a service
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes [method@IBB.Service.expect_session_async].
 *
 * The errors are %G_IO_ERROR_INVALID_ARGUMENT, also when
 * [property@IBB.SessionParams:sid] is another one, %G_IO_ERROR_PENDING when that
 * session is expected already, %G_IO_ERROR_TIMED_OUT after
 * [property@IBB.SessionParams:expect-timeout], %G_IO_ERROR_CONNECTION_CLOSED when the
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
 * @params: (nullable): the parameters of the session; NULL for any
 * @cancellable: (nullable): ends the expectation
 * @error: return location for an error
 *
 * Waits for one session that was agreed on out of band.
 *
 * The blocking variant of [method@IBB.Service.expect_session_async]; the errors
 * are those of [method@IBB.Service.expect_session_finish] and
 * %G_IO_ERROR_WOULD_BLOCK.
 *
 * Returns: (transfer full): the session
 *
 * Since: 1.0
 */
IBBTransport *
ibb_service_expect_session (IBBService       *self,
                            const char       *peer_jid,
                            const char       *sid,
                            IBBSessionParams *params,
                            GCancellable     *cancellable,
                            GError          **error)
{
  IBBSessionWish wish;

  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);
  g_return_val_if_fail (params == NULL || IBB_IS_SESSION_PARAMS (params), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  if (!ibb_session_params_fill_expected (params, peer_jid, sid, &wish, error))
    return NULL;
  return run (self, &wish, cancellable, error);
}

/**
 * ibb_service_accept_async:
 * @self: a service
 * @cancellable: (nullable): a cancellable
 * @callback: (scope async): called when a session has come
 * @user_data: for @callback
 *
 * Takes the next unexpected session that was accepted while no handler of
 * [signal@IBB.Service::session-requested] or
 * [signal@IBB.Service::session-accepted] was connected.
 *
 * After this call the service accepts sessions up to
 * [property@IBB.Service:session-limit], and keeps them for the next call if none
 * is in progress. A cancelled call takes no session: a session that arrives at that
 * moment is kept, too, and so is one that [method@IBB.Service.accept_finish] is
 * not called for.
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
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = create_task (self, ibb_service_accept_async, cancellable, callback, user_data);
  start (self, &(IBBSessionWish){ .call = IBB_SESSION_CALL_ACCEPT }, task);
}

/**
 * ibb_service_accept_finish:
 * @self: a service
 * @result: the result that the callback was given
 * @error: return location for an error
 *
 * Finishes [method@IBB.Service.accept_async].
 *
 * The errors are %G_IO_ERROR_CONNECTION_CLOSED when the connection is lost and does not
 * log in again by itself (%IBB_CONNECTION_STATE_CONNECTING), and
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
 * Waits for the next unexpected session.
 *
 * The blocking variant of [method@IBB.Service.accept_async]; the errors are those
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
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);

  return run (self, &(IBBSessionWish){ .call = IBB_SESSION_CALL_ACCEPT }, cancellable, error);
}
