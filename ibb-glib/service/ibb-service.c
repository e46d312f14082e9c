/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The object, its signals and its calls. ibb-service-properties.c has its properties, and
 * ibb-service-list.c the list of its sessions. */

#include "config.h"

#include "ibb-service.h"

#include "base/weak.h"
#include "ibb-request.h"
#include "runtime/listener.h"
#include "service/ibb-service-private.h"
#include "service/ibb-session-params-private.h"
#include "service/ibb-transport-private.h"

/**
 * IBBService:
 *
 * The in-band bytestreams (XEP-0047) of one XMPP connection.
 *
 * A service opens sessions to peers, accepts sessions of peers, and has the
 * settings that they share: limits, timeouts, buffer sizes. A connection needs
 * only one. If there are several, a session of a peer goes to the one that expects it, or
 * else to the first one that accepts it.
 *
 * A session begins in one of these ways, and is passed to the application exactly
 * once:
 *
 * - [method@IBB.Service.open_session] asks a peer for one;
 * - [method@IBB.Service.expect_session] accepts one that both ends have agreed on
 *   out of band;
 * - unexpected sessions are accepted while there are fewer sessions than
 *   [property@IBB.Service:session-limit], and [signal@IBB.Service::session-requested] is emitted
 *   for each. Without a handler of that signal the session is accepted at once, and
 *   [signal@IBB.Service::session-accepted] is emitted. Without a handler of that signal either, the
 *   session goes to [method@IBB.Service.accept].
 *
 * If there is no handler and no accept, an unexpected open is refused with
 * `not-acceptable`.
 *
 * As a [iface@Gio.ListModel] a service has the transports of its sessions. A transport is in the
 * list from the moment when the application gets it until the session ends or the application drops
 * it: the list does not keep a session open.
 *
 * When the last reference to a service is dropped, nothing new is opened or
 * accepted, but open sessions continue. A pending asynchronous call holds a
 * reference; cancel it, or call [method@IBB.Service.stop].
 *
 * ```c
 * static void
 * on_accepted (IBBService *service, IBBTransport *transport, gpointer user_data)
 * {
 *   g_autofree char *peer = ibb_transport_dup_peer_jid (transport);
 *
 *   g_print ("%s opened a session\n", peer);
 * }
 *
 * static IBBTransport *
 * begin (IBBService *service, const char *peer, GError **error)
 * {
 *   g_signal_connect (service, "session-accepted", G_CALLBACK (on_accepted), NULL);
 *   return ibb_service_open_session (service, peer, NULL, NULL, error);
 * }
 * ```
 *
 * ## Threads
 *
 * Any thread may call any method, but for those of the list model. Signals are emitted in the
 * thread-default context in which the service was constructed, and the list changes there;
 * asynchronous calls complete in
 * the thread-default context of their caller. A blocking call that would have
 * to wait in the thread that serves the connection fails with
 * %G_IO_ERROR_WOULD_BLOCK; with [`IBBXmpp.Client`](../ibb-xmpp-1.0/class.Client.html) and
 * [class@IBB.Loopback], which have threads of their own, that is no thread of the application.
 *
 * Since: 1.0
 */

enum
{
  SIGNAL_SESSION_REQUESTED,
  SIGNAL_SESSION_ACCEPTED,
  N_SIGNALS
};

static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE_WITH_CODE (IBBService,
                               ibb_service,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL,
                                                      ibb_service_list_model_init))

/* Called in the context of the signals, without the lock. session: (transfer full) */
static void
emit_requested (IBBService *self, IBBSession *session)
{
  g_autoptr (IBBRequest) request = ibb_request_new (self, self->host, session);
  gboolean               is_held = FALSE;

  g_signal_emit (self, signals[SIGNAL_SESSION_REQUESTED], 0, request, &is_held);
  /* A handler that answers later holds a reference. Otherwise this was the last one. */
}

/* Called in the context of the signals, without the lock. session: (transfer full) */
static void
emit_accepted (IBBService *self, IBBSession *session)
{
  gboolean                 has_handler;
  IBBChannel              *channel = NULL;
  g_autoptr (IBBTransport) transport = NULL;

  has_handler = g_signal_has_handler_pending (self, signals[SIGNAL_SESSION_ACCEPTED], 0, TRUE);
  ibb_host_lock (self->host);
  if (has_handler)
    channel = ibb_channel_new_locked (self->host, session);
  else
    ibb_inbox_keep_for_accept_locked (self->inbox, session); /* no handler is left */
  ibb_session_unref (session);
  ibb_host_unlock (self->host);
  if (channel == NULL)
    return;

  transport = ibb_transport_new_take (channel);
  ibb_service_list_update (self);
  g_signal_emit (self, signals[SIGNAL_SESSION_ACCEPTED], 0, transport);
}

/* Emits one notice at a time. The handler may run a main loop of its own, which then emits the
 * next one. The caller holds a reference, so that such a loop goes on to emit even if the
 * handler drops the last reference of the application. */
static void
emit_notice (gpointer data)
{
  IBBService *self = data;
  gboolean    is_request;
  IBBSession *session;

  ibb_service_list_update (self);
  session = ibb_inbox_take_notice (self->inbox, &is_request);
  if (session == NULL)
    return;
  if (is_request)
    emit_requested (self, session);
  else
    emit_accepted (self, session);
}

static void
ibb_service_constructed (GObject *object)
{
  IBBService           *self = IBB_SERVICE (object);
  const IBBInboxSignals inbox_signals = {
    .session_requested = signals[SIGNAL_SESSION_REQUESTED],
    .session_accepted = signals[SIGNAL_SESSION_ACCEPTED],
  };

  G_OBJECT_CLASS (ibb_service_parent_class)->constructed (object);

  ibb_inbox_open (self->inbox, object, &inbox_signals, emit_notice);
  ibb_host_start (self->host, ibb_listener_new (self->host, self->inbox));
}

static void
ibb_service_dispose (GObject *object)
{
  IBBService *self = IBB_SERVICE (object);

  ibb_weak_forget (self);
  if (self->inbox != NULL)
    ibb_inbox_close (self->inbox);
  G_OBJECT_CLASS (ibb_service_parent_class)->dispose (object);
}

static void
ibb_service_finalize (GObject *object)
{
  IBBService *self = IBB_SERVICE (object);

  ibb_service_list_clear (self);
  g_thread_unref (self->thread);
  g_clear_pointer (&self->inbox, ibb_inbox_unref);
  g_clear_pointer (&self->host, ibb_host_release);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (ibb_service_parent_class)->finalize (object);
}

static void
ibb_service_class_init (IBBServiceClass *class)
{
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->constructed = ibb_service_constructed;
  object_class->dispose = ibb_service_dispose;
  object_class->finalize = ibb_service_finalize;
  ibb_service_install_properties (object_class);

  /**
   * IBBService::session-requested:
   * @self: the service
   * @request: what the peer asks for
   *
   * A peer requests an unexpected session, and the limit allows it.
   *
   * While a handler is connected, only [method@IBB.Request.accept] accepts: now,
   * or later if the handler keeps a reference. A request is refused with
   * `not-acceptable` when its last reference goes unanswered, and after
   * [property@IBB.Service:accept-timeout]; so a handler that throws refuses,
   * in a language that collects garbage perhaps only after that time.
   *
   * Emitted in the thread-default context in which the service was constructed.
   * A handler may do anything, dropping the service's last reference included.
   * While it runs a main loop of its own, such as that of a modal dialogue, the
   * next signals are emitted in that loop.
   *
   * Returns: TRUE to keep the request from further handlers: "I hold it"
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_REQUESTED] = g_signal_new (
      "session-requested", IBB_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0,
      g_signal_accumulator_true_handled, NULL, NULL, G_TYPE_BOOLEAN, 1, IBB_TYPE_REQUEST);

  /**
   * IBBService::session-accepted:
   * @self: the service
   * @transport: the session
   *
   * An unexpected session was accepted, because no handler of
   * [signal@IBB.Service::session-requested] was connected.
   *
   * Keep a reference to @transport to keep the session.
   *
   * Emitted in the thread-default context in which the service was constructed.
   * A handler may do anything, dropping the service's last reference included.
   * While it runs a main loop of its own, such as that of a modal dialogue, the
   * next signals are emitted in that loop.
   *
   * Since: 1.0
   */
  signals[SIGNAL_SESSION_ACCEPTED] =
      g_signal_new ("session-accepted", IBB_TYPE_SERVICE, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 1, IBB_TYPE_TRANSPORT);
}

static void
ibb_service_init (IBBService *self)
{
  self->thread = g_thread_ref (g_thread_self ());
  ibb_service_list_init (self);
}

/**
 * ibb_service_new:
 * @connection: an XMPP connection
 *
 * Makes a service for the in-band bytestreams of @connection.
 *
 * Its signals will be emitted in the thread-default context of this call.
 *
 * Returns: (transfer full): a service
 *
 * Since: 1.0
 */
IBBService *
ibb_service_new (IBBConnection *connection)
{
  g_return_val_if_fail (IBB_IS_CONNECTION (connection), NULL);

  return g_object_new (IBB_TYPE_SERVICE, "connection", connection, NULL);
}

/**
 * ibb_service_get_connection: (get-property connection)
 * @self: a service
 *
 * Gets the connection over which the sessions run.
 *
 * Returns: (transfer none): the connection
 *
 * Since: 1.0
 */
IBBConnection *
ibb_service_get_connection (IBBService *self)
{
  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  return self->connection;
}

/**
 * ibb_service_stop:
 * @self: a service
 *
 * Ends the service: nothing new is opened or accepted, what is pending ends
 * with %G_IO_ERROR_CANCELLED, and open sessions are aborted.
 *
 * It does not wait.
 *
 * Since: 1.0
 */
void
ibb_service_stop (IBBService *self)
{
  g_return_if_fail (IBB_IS_SERVICE (self));

  ibb_inbox_stop (self->inbox, TRUE);
}

/* The calls for sessions: open, expect, accept. */

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
