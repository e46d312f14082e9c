/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The object and its signals. ibb-service-settings.c has its properties, and ibb-service-sessions.c
 * the calls for sessions. */

#include "config.h"

#include "ibb-service.h"

#include "base/weak.h"
#include "ibb-request.h"
#include "runtime/listener.h"
#include "service/ibb-service-private.h"
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
