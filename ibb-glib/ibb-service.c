/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The service as an object: its properties, its signals, its end. The accessors
 * of the properties are in ibb-service-settings.c, and how sessions come about
 * in ibb-service-sessions.c. */

#include "config.h"

#include "ibb-service.h"

#include "ibb-channel-private.h"
#include "ibb-connection-private.h"
#include "ibb-service-private.h"

/**
 * IBBService:
 *
 * The in-band bytestreams (XEP-0047) of one XMPP connection.
 *
 * One service per connection opens sessions to peers, accepts those of peers,
 * and holds what they have in common: limits, timeouts, buffers.
 *
 * A session comes about in one of these ways, and reaches the application
 * exactly once:
 *
 * - [method@IBB.Service.open_session] asks a peer for one;
 * - [method@IBB.Service.expect_session] accepts a certain one, of which both
 *   ends know otherwise;
 * - what nobody expected is let in while there are fewer sessions than
 *   [property@IBB.Service:session-limit], and then goes to the handlers of
 *   [signal@IBB.Service::session-requested], who ask the user, say; without
 *   such handlers it is accepted at once and goes to those of
 *   [signal@IBB.Service::session-accepted]; without these too, to
 *   [method@IBB.Service.accept].
 *
 * An unexpected open that nobody would take is refused with `not-acceptable`.
 *
 * When the last reference to a service is dropped nothing new is opened or
 * accepted, but open sessions live on. A pending asynchronous call holds a
 * reference; cancel it, or call [method@IBB.Service.stop].
 *
 * ## Threads
 *
 * Any thread may call any method. Signals are emitted in the thread-default
 * context in which the service was constructed; asynchronous calls complete in
 * the thread-default context of their caller. A blocking call that would have
 * to wait in the thread that serves the connection fails with
 * %G_IO_ERROR_WOULD_BLOCK; with [class@IBB.Client] and [class@IBB.Loopback],
 * which have threads of their own, that is no thread of the application.
 *
 * Since: 1.0
 */

enum
{
  PROP_0,
  PROP_CONNECTION,
  PROP_SESSION_LIMIT,
  PROP_MAX_RETRIES,
  PROP_INITIAL_WAIT_TIME,
  PROP_WAIT_BACKOFF_FACTOR,
  PROP_DEFAULT_BLOCK_SIZE,
  PROP_MAX_BLOCK_SIZE,
  PROP_BLOCK_SIZE_FALLBACK,
  PROP_WINDOW,
  PROP_SEND_BUFFER_SIZE,
  PROP_RECEIVE_BUFFER_SIZE,
  PROP_RECEIVE_MEMORY_LIMIT,
  PROP_OPEN_TIMEOUT,
  PROP_ACCEPT_TIMEOUT,
  PROP_CLOSE_TIMEOUT,
  PROP_HALF_CLOSE,
  PROP_STRICT,
  N_PROPS
};

enum
{
  SIGNAL_SESSION_REQUESTED,
  SIGNAL_SESSION_ACCEPTED,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint       signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (IBBService, ibb_service, G_TYPE_OBJECT)

static void
ibb_service_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBService *self = IBB_SERVICE (object);

  switch (prop_id)
    {
    case PROP_CONNECTION:
      g_value_set_object (value, self->connection);
      break;
    case PROP_SESSION_LIMIT:
      g_value_set_uint (value, ibb_service_get_session_limit (self));
      break;
    case PROP_MAX_RETRIES:
      g_value_set_uint (value, ibb_service_get_max_retries (self));
      break;
    case PROP_INITIAL_WAIT_TIME:
      g_value_set_uint (value, ibb_service_get_initial_wait_time (self));
      break;
    case PROP_WAIT_BACKOFF_FACTOR:
      g_value_set_double (value, ibb_service_get_wait_backoff_factor (self));
      break;
    case PROP_DEFAULT_BLOCK_SIZE:
      g_value_set_uint (value, ibb_service_get_default_block_size (self));
      break;
    case PROP_MAX_BLOCK_SIZE:
      g_value_set_uint (value, ibb_service_get_max_block_size (self));
      break;
    case PROP_BLOCK_SIZE_FALLBACK:
      g_value_set_boolean (value, ibb_service_get_block_size_fallback (self));
      break;
    case PROP_WINDOW:
      g_value_set_uint64 (value, ibb_service_get_window (self));
      break;
    case PROP_SEND_BUFFER_SIZE:
      g_value_set_uint64 (value, ibb_service_get_send_buffer_size (self));
      break;
    case PROP_RECEIVE_BUFFER_SIZE:
      g_value_set_uint64 (value, ibb_service_get_receive_buffer_size (self));
      break;
    case PROP_RECEIVE_MEMORY_LIMIT:
      g_value_set_uint64 (value, ibb_service_get_receive_memory_limit (self));
      break;
    case PROP_OPEN_TIMEOUT:
      g_value_set_uint (value, ibb_service_get_open_timeout (self));
      break;
    case PROP_ACCEPT_TIMEOUT:
      g_value_set_uint (value, ibb_service_get_accept_timeout (self));
      break;
    case PROP_CLOSE_TIMEOUT:
      g_value_set_uint (value, ibb_service_get_close_timeout (self));
      break;
    case PROP_HALF_CLOSE:
      g_value_set_boolean (value, ibb_service_get_half_close (self));
      break;
    case PROP_STRICT:
      g_value_set_boolean (value, ibb_service_get_strict (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_service_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  IBBService *self = IBB_SERVICE (object);

  switch (prop_id)
    {
    case PROP_CONNECTION:
      self->connection = g_value_dup_object (value);
      if (self->connection == NULL)
        g_critical ("A service needs a connection");
      self->worker = ibb_worker_new (self->connection);
      break;
    case PROP_SESSION_LIMIT:
      ibb_service_set_session_limit (self, g_value_get_uint (value));
      break;
    case PROP_MAX_RETRIES:
      ibb_service_set_max_retries (self, g_value_get_uint (value));
      break;
    case PROP_INITIAL_WAIT_TIME:
      ibb_service_set_initial_wait_time (self, g_value_get_uint (value));
      break;
    case PROP_WAIT_BACKOFF_FACTOR:
      ibb_service_set_wait_backoff_factor (self, g_value_get_double (value));
      break;
    case PROP_DEFAULT_BLOCK_SIZE:
      ibb_service_set_default_block_size (self, g_value_get_uint (value));
      break;
    case PROP_MAX_BLOCK_SIZE:
      ibb_service_set_max_block_size (self, g_value_get_uint (value));
      break;
    case PROP_BLOCK_SIZE_FALLBACK:
      ibb_service_set_block_size_fallback (self, g_value_get_boolean (value));
      break;
    case PROP_WINDOW:
      ibb_service_set_window (self, g_value_get_uint64 (value));
      break;
    case PROP_SEND_BUFFER_SIZE:
      ibb_service_set_send_buffer_size (self, g_value_get_uint64 (value));
      break;
    case PROP_RECEIVE_BUFFER_SIZE:
      ibb_service_set_receive_buffer_size (self, g_value_get_uint64 (value));
      break;
    case PROP_RECEIVE_MEMORY_LIMIT:
      ibb_service_set_receive_memory_limit (self, g_value_get_uint64 (value));
      break;
    case PROP_OPEN_TIMEOUT:
      ibb_service_set_open_timeout (self, g_value_get_uint (value));
      break;
    case PROP_ACCEPT_TIMEOUT:
      ibb_service_set_accept_timeout (self, g_value_get_uint (value));
      break;
    case PROP_CLOSE_TIMEOUT:
      ibb_service_set_close_timeout (self, g_value_get_uint (value));
      break;
    case PROP_HALF_CLOSE:
      ibb_service_set_half_close (self, g_value_get_boolean (value));
      break;
    case PROP_STRICT:
      ibb_service_set_strict (self, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

/* Called in the context of the signals, without the lock. */
static void
emit_requested (IBBService *self, IBBNotice *notice)
{
  g_autoptr (IBBRequest) request = NULL;
  gboolean               held = FALSE;

  request = ibb_request_new (self->worker, g_steal_pointer (&notice->session));
  g_signal_emit (self, signals[SIGNAL_SESSION_REQUESTED], 0, request, &held);
  /* Whoever wants to answer later has a reference; else this was the last. */
}

static void
emit_accepted (IBBService *self, IBBNotice *notice)
{
  g_autoptr (IBBTransport) transport = NULL;

  if (!g_signal_has_handler_pending (self, signals[SIGNAL_SESSION_ACCEPTED], 0, TRUE))
    {
      /* The handler went away meanwhile: then it is for an accept. */
      ibb_worker_lock (self->worker);
      g_queue_push_tail (&self->worker->accepted, g_steal_pointer (&notice->channel));
      ibb_worker_wake_accepts_locked (self->worker);
      ibb_worker_unlock (self->worker);
      return;
    }
  transport = ibb_transport_new (notice->channel);
  g_signal_emit (self, signals[SIGNAL_SESSION_ACCEPTED], 0, transport);
}

static gboolean
notice_cb (gpointer data)
{
  g_autoptr (IBBService) self = g_weak_ref_get (data);

  if (self == NULL)
    return G_SOURCE_REMOVE;

  for (;;)
    {
      g_autoptr (IBBNotice) notice = NULL;
      gboolean              requested;

      ibb_worker_lock (self->worker);
      notice = g_queue_pop_head (&self->worker->notices);
      requested = notice != NULL && notice->session != NULL;
      if (notice == NULL && self->worker->notice_source != NULL)
        g_source_set_ready_time (self->worker->notice_source, -1);
      ibb_worker_unlock (self->worker);

      if (notice == NULL)
        return G_SOURCE_CONTINUE;
      if (requested)
        emit_requested (self, notice);
      else
        emit_accepted (self, notice);
    }
}

static void
free_weak_ref (gpointer data)
{
  g_weak_ref_clear (data);
  g_free (data);
}

static gboolean
notice_source_dispatch (GSource *source, GSourceFunc callback, gpointer data)
{
  return callback (data);
}

static GSourceFuncs notice_source_funcs = {
  NULL, NULL, notice_source_dispatch, NULL, NULL, NULL,
};

static void
ibb_service_constructed (GObject *object)
{
  IBBService *self = IBB_SERVICE (object);
  GSource    *source;
  GWeakRef   *weak;

  G_OBJECT_CLASS (ibb_service_parent_class)->constructed (object);

  weak = g_new (GWeakRef, 1);
  g_weak_ref_init (weak, self);
  source = g_source_new (&notice_source_funcs, sizeof (GSource));
  g_source_set_static_name (source, "[ibb-glib] service");
  g_source_set_callback (source, notice_cb, weak, free_weak_ref);
  g_source_attach (source, self->worker->signal_context);

  self->worker->notice_source = source;
  self->worker->service = object;
  self->worker->signal_requested = signals[SIGNAL_SESSION_REQUESTED];
  self->worker->signal_accepted = signals[SIGNAL_SESSION_ACCEPTED];
  ibb_worker_start (self->worker);
}

static void
ibb_service_dispose (GObject *object)
{
  IBBService *self = IBB_SERVICE (object);
  GSource    *source = NULL;
  GQueue      notices = G_QUEUE_INIT;
  GQueue      accepted = G_QUEUE_INIT;

  if (self->worker != NULL)
    {
      ibb_worker_lock (self->worker);
      source = g_steal_pointer (&self->worker->notice_source);
      self->worker->service = NULL;
      ibb_engine_stop (self->worker->engine, FALSE, g_get_monotonic_time ());
      ibb_worker_update_locked (self->worker);
      ibb_worker_steal_waiting_locked (self->worker, &notices, &accepted);
      ibb_worker_unlock (self->worker);
    }
  if (source != NULL)
    {
      g_source_destroy (source);
      g_source_unref (source);
    }
  /* What had not reached the application is refused, or aborted. */
  g_queue_clear_full (&notices, (GDestroyNotify) ibb_notice_free);
  g_queue_clear_full (&accepted, (GDestroyNotify) ibb_channel_unref);

  G_OBJECT_CLASS (ibb_service_parent_class)->dispose (object);
}

static void
ibb_service_finalize (GObject *object)
{
  IBBService *self = IBB_SERVICE (object);

  g_clear_pointer (&self->worker, ibb_worker_release);
  g_clear_object (&self->connection);
  G_OBJECT_CLASS (ibb_service_parent_class)->finalize (object);
}

static void
ibb_service_class_init (IBBServiceClass *class)
{
  const GParamFlags read_write =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  GObjectClass *object_class = G_OBJECT_CLASS (class);

  object_class->get_property = ibb_service_get_property;
  object_class->set_property = ibb_service_set_property;
  object_class->constructed = ibb_service_constructed;
  object_class->dispose = ibb_service_dispose;
  object_class->finalize = ibb_service_finalize;

  /**
   * IBBService:connection:
   *
   * The connection over which the sessions run.
   *
   * Since: 1.0
   */
  props[PROP_CONNECTION] =
      g_param_spec_object ("connection", NULL, NULL, IBB_TYPE_CONNECTION,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBService:session-limit:
   *
   * How many sessions there may be for an unexpected open to be let in.
   *
   * Sessions of any origin count: opened, expected and accepted ones, requests not
   * answered yet, and closed ones with bytes still unread. 0 refuses every
   * unexpected open, unseen.
   *
   * Since: 1.0
   */
  props[PROP_SESSION_LIMIT] =
      g_param_spec_uint ("session-limit", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBService:max-retries:
   *
   * How often a block refused for a passing reason is sent again.
   *
   * Since: 1.0
   */
  props[PROP_MAX_RETRIES] =
      g_param_spec_uint ("max-retries", NULL, NULL, 0, G_MAXUINT, 5, read_write);

  /**
   * IBBService:initial-wait-time:
   *
   * The wait before the first retry of a refused block, in milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_INITIAL_WAIT_TIME] =
      g_param_spec_uint ("initial-wait-time", NULL, NULL, 0, G_MAXUINT, 1000, read_write);

  /**
   * IBBService:wait-backoff-factor:
   *
   * By what factor each further wait before a retry is longer than the last.
   *
   * Since: 1.0
   */
  props[PROP_WAIT_BACKOFF_FACTOR] =
      g_param_spec_double ("wait-backoff-factor", NULL, NULL, 1.0, 1000.0, 1.2, read_write);

  /**
   * IBBService:default-block-size:
   *
   * The block size that is proposed when the caller says 0, in bytes.
   *
   * Since: 1.0
   */
  props[PROP_DEFAULT_BLOCK_SIZE] =
      g_param_spec_uint ("default-block-size", NULL, NULL, 1, IBB_BLOCK_SIZE_MAX, 4096, read_write);

  /**
   * IBBService:max-block-size:
   *
   * The largest block size that is accepted, in bytes. A peer that proposes a
   * larger one is answered `resource-constraint`, and may propose a smaller one.
   *
   * Since: 1.0
   */
  props[PROP_MAX_BLOCK_SIZE] = g_param_spec_uint (
      "max-block-size", NULL, NULL, 1, IBB_BLOCK_SIZE_MAX, IBB_BLOCK_SIZE_MAX, read_write);

  /**
   * IBBService:block-size-fallback:
   *
   * Whether the proposed block size is halved and proposed again when the peer
   * answers `resource-constraint`.
   *
   * Since: 1.0
   */
  props[PROP_BLOCK_SIZE_FALLBACK] =
      g_param_spec_boolean ("block-size-fallback", NULL, NULL, TRUE, read_write);

  /**
   * IBBService:window:
   *
   * How many bytes of a session may be unacknowledged; 0 finds it out.
   *
   * With 0 several blocks are in flight only to peers that are known to keep them in
   * order. Another value says that all peers of this service do; one up to the size
   * of a block is stop-and-wait, as XEP-0047 §2.2 recommends.
   *
   * Since: 1.0
   */
  props[PROP_WINDOW] = g_param_spec_uint64 ("window", NULL, NULL, 0, G_MAXUINT64, 0, read_write);

  /**
   * IBBService:send-buffer-size:
   *
   * How many bytes per session a write may leave behind; 0 for 16 blocks, 64 KiB
   * at least, which grow with the window.
   *
   * Since: 1.0
   */
  props[PROP_SEND_BUFFER_SIZE] =
      g_param_spec_uint64 ("send-buffer-size", NULL, NULL, 0, G_MAXUINT64, 0, read_write);

  /**
   * IBBService:receive-buffer-size:
   *
   * How many bytes of a session may be unread before acknowledgements are
   * withheld, which holds the peer back.
   *
   * Since: 1.0
   */
  props[PROP_RECEIVE_BUFFER_SIZE] = g_param_spec_uint64 ("receive-buffer-size", NULL, NULL, 0,
                                                         G_MAXUINT64, 256 * 1024, read_write);

  /**
   * IBBService:receive-memory-limit:
   *
   * How many bytes of all sessions of the service together may be unread before
   * acknowledgements are withheld.
   *
   * Since: 1.0
   */
  props[PROP_RECEIVE_MEMORY_LIMIT] = g_param_spec_uint64 (
      "receive-memory-limit", NULL, NULL, 0, G_MAXUINT64, 64 * 1024 * 1024, read_write);

  /**
   * IBBService:open-timeout:
   *
   * How long a peer may take to answer an open, in milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_OPEN_TIMEOUT] =
      g_param_spec_uint ("open-timeout", NULL, NULL, 0, G_MAXUINT, 60000, read_write);

  /**
   * IBBService:accept-timeout:
   *
   * How long the application may take to answer an [class@IBB.Request], in
   * milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_ACCEPT_TIMEOUT] =
      g_param_spec_uint ("accept-timeout", NULL, NULL, 0, G_MAXUINT, 30000, read_write);

  /**
   * IBBService:close-timeout:
   *
   * How long a peer may take to answer a close, in milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_CLOSE_TIMEOUT] =
      g_param_spec_uint ("close-timeout", NULL, NULL, 0, G_MAXUINT, 10000, read_write);

  /**
   * IBBService:half-close:
   *
   * Whether our side may write on after the peer's close until it closes itself;
   * what [property@IBB.Transport:half-close] of new sessions begins with.
   *
   * Since: 1.0
   */
  props[PROP_HALF_CLOSE] = g_param_spec_boolean ("half-close", NULL, NULL, FALSE, read_write);

  /**
   * IBBService:strict:
   *
   * Whether white space and stray pad bits in base64 are refused too, to the
   * letter of RFC 4648 §3.3 and §3.5.
   *
   * Since: 1.0
   */
  props[PROP_STRICT] = g_param_spec_boolean ("strict", NULL, NULL, FALSE, read_write);

  g_object_class_install_properties (object_class, N_PROPS, props);

  /**
   * IBBService::session-requested:
   * @self: the service
   * @request: what the peer asks for
   *
   * A peer asks for a session that nobody expected, and the limit allows it.
   *
   * While a handler is connected, only [method@IBB.Request.accept] accepts: now,
   * or later if the handler keeps a reference. A request is refused with
   * `not-acceptable` when its last reference goes unanswered, and after
   * [property@IBB.Service:accept-timeout]; so a handler that throws refuses,
   * in a language that collects garbage perhaps only after that time.
   *
   * Emitted in the thread-default context in which the service was constructed.
   * A handler may do anything, dropping the service's last reference included.
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
   * A session that nobody expected was accepted at once, because no handler of
   * [signal@IBB.Service::session-requested] was connected.
   *
   * Keep a reference to @transport to keep the session.
   *
   * Emitted in the thread-default context in which the service was constructed.
   * A handler may do anything, dropping the service's last reference included.
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
 * ibb_service_get_features:
 * @self: a service
 *
 * Tells which disco#info features an application with its own XMPP stack adds
 * to its answers; [class@IBB.Client] does so by itself. It changes when the
 * service begins or ceases to be able to accept sessions.
 *
 * Returns: (transfer full) (array zero-terminated=1): the features
 *
 * Since: 1.0
 */
char **
ibb_service_get_features (IBBService *self)
{
  g_return_val_if_fail (IBB_IS_SERVICE (self), NULL);

  return ibb_worker_dup_features (self->worker);
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
  GQueue notices = G_QUEUE_INIT;
  GQueue accepted = G_QUEUE_INIT;

  g_return_if_fail (IBB_IS_SERVICE (self));

  ibb_worker_lock (self->worker);
  ibb_engine_stop (self->worker->engine, TRUE, g_get_monotonic_time ());
  ibb_worker_update_locked (self->worker);
  ibb_worker_steal_waiting_locked (self->worker, &notices, &accepted);
  ibb_worker_wake_accepts_locked (self->worker);
  ibb_operations_wake_locked (&self->worker->opens);
  ibb_worker_unlock (self->worker);

  g_queue_clear_full (&notices, (GDestroyNotify) ibb_notice_free);
  g_queue_clear_full (&accepted, (GDestroyNotify) ibb_channel_unref);
}
