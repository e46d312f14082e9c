/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The service as an object: its properties, its signals, its end. ibb-service-settings.c has
 * the accessors of the properties, and ibb-service-sessions.c the calls for sessions. */

#include "config.h"

#include "ibb-service.h"

#include "ibb-request-private.h"
#include "ibb-service-private.h"
#include "ibb-transport-private.h"
#include "runtime/listener.h"
#include "runtime/weak.h"

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
 *   [property@IBB.Service:session-limit], and
 *   [signal@IBB.Service::session-requested] is emitted for each. Without a handler
 *   of that signal the session is accepted at once, and
 *   [signal@IBB.Service::session-accepted] is emitted. Without a handler of that
 *   one, either, the session goes to [method@IBB.Service.accept].
 *
 * If there is no handler and no accept, an unexpected open is refused with
 * `not-acceptable`.
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
  PROP_WINDOW,
  PROP_SEND_BUFFER_SIZE,
  PROP_RECEIVE_BUFFER_SIZE,
  PROP_RECEIVE_MEMORY_LIMIT,
  PROP_OPEN_TIMEOUT,
  PROP_ACCEPT_TIMEOUT,
  PROP_PEER_TIMEOUT,
  PROP_RESUME_SESSIONS,
  PROP_RESUME_TIMEOUT,
  PROP_HALF_CLOSE,
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

/* The setting of the engine that a property stands for. */
static const glong settings[N_PROPS] = {
  [PROP_SESSION_LIMIT] = G_STRUCT_OFFSET (IBBSettings, session_limit),
  [PROP_MAX_RETRIES] = G_STRUCT_OFFSET (IBBSettings, max_retries),
  [PROP_INITIAL_WAIT_TIME] = G_STRUCT_OFFSET (IBBSettings, initial_wait_time),
  [PROP_WAIT_BACKOFF_FACTOR] = G_STRUCT_OFFSET (IBBSettings, wait_backoff_factor),
  [PROP_DEFAULT_BLOCK_SIZE] = G_STRUCT_OFFSET (IBBSettings, default_block_size),
  [PROP_MAX_BLOCK_SIZE] = G_STRUCT_OFFSET (IBBSettings, max_block_size),
  [PROP_WINDOW] = G_STRUCT_OFFSET (IBBSettings, window),
  [PROP_SEND_BUFFER_SIZE] = G_STRUCT_OFFSET (IBBSettings, send_buffer_size),
  [PROP_RECEIVE_BUFFER_SIZE] = G_STRUCT_OFFSET (IBBSettings, receive_buffer_size),
  [PROP_RECEIVE_MEMORY_LIMIT] = G_STRUCT_OFFSET (IBBSettings, receive_memory_limit),
  [PROP_OPEN_TIMEOUT] = G_STRUCT_OFFSET (IBBSettings, open_timeout),
  [PROP_ACCEPT_TIMEOUT] = G_STRUCT_OFFSET (IBBSettings, accept_timeout),
  [PROP_PEER_TIMEOUT] = G_STRUCT_OFFSET (IBBSettings, peer_timeout),
  [PROP_RESUME_SESSIONS] = G_STRUCT_OFFSET (IBBSettings, resume_sessions),
  [PROP_RESUME_TIMEOUT] = G_STRUCT_OFFSET (IBBSettings, resume_timeout),
  [PROP_HALF_CLOSE] = G_STRUCT_OFFSET (IBBSettings, half_close),
};

/* A value of any of the settings. */
typedef union
{
  guint    as_uint;
  gboolean as_boolean;
  double   as_double;
  gsize    as_size;
} Setting;

static gsize
get_size (const GValue *value)
{
  return G_VALUE_HOLDS_DOUBLE (value)   ? sizeof (double)
         : G_VALUE_HOLDS_UINT64 (value) ? sizeof (gsize)
                                        : sizeof (guint);
}

static void
ibb_service_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBService *self = IBB_SERVICE (object);
  Setting     setting;

  if (prop_id == PROP_CONNECTION)
    {
      g_value_set_object (value, self->connection);
      return;
    }

  ibb_host_get_setting (self->host, settings[prop_id], &setting, get_size (value));
  if (G_VALUE_HOLDS_UINT (value))
    g_value_set_uint (value, setting.as_uint);
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    g_value_set_boolean (value, setting.as_boolean);
  else if (G_VALUE_HOLDS_DOUBLE (value))
    g_value_set_double (value, setting.as_double);
  else
    g_value_set_uint64 (value, setting.as_size);
}

static gboolean
set_setting (IBBService *self, guint prop_id, const GValue *value)
{
  Setting setting;

  if (G_VALUE_HOLDS_UINT (value))
    setting.as_uint = g_value_get_uint (value);
  else if (G_VALUE_HOLDS_BOOLEAN (value))
    setting.as_boolean = g_value_get_boolean (value);
  else if (G_VALUE_HOLDS_DOUBLE (value))
    setting.as_double = g_value_get_double (value);
  else
    setting.as_size = MIN (g_value_get_uint64 (value), G_MAXSIZE);
  return ibb_host_set_setting (self->host, settings[prop_id], &setting, get_size (value));
}

static void
ibb_service_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  IBBService *self = IBB_SERVICE (object);

  if (prop_id == PROP_SESSION_LIMIT)
    ibb_inbox_note_limit (self->inbox);
  if (prop_id != PROP_CONNECTION)
    {
      if (set_setting (self, prop_id, value))
        g_object_notify_by_pspec (object, pspec);
      return;
    }
  self->connection = g_value_dup_object (value);
  if (self->connection == NULL)
    g_critical ("A service needs a connection");
  self->host = ibb_host_new (self->connection);
  self->inbox = ibb_inbox_new (self->host);
}

/* Called in the context of the signals, without the lock. session: (transfer full) */
static void
emit_requested (IBBService *self, IBBSession *session)
{
  g_autoptr (IBBRequest) request = ibb_request_new (self->host, session);
  gboolean               is_held = FALSE;

  g_signal_emit (self, signals[SIGNAL_SESSION_REQUESTED], 0, request, &is_held);
  /* A handler that answers later holds a reference. Otherwise this was the last one. */
}

/* The same. */
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
  IBBSession *session = ibb_inbox_take_notice (self->inbox, &is_request);

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

  g_clear_pointer (&self->inbox, ibb_inbox_unref);
  g_clear_pointer (&self->host, ibb_host_release);
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
   * Default: %NULL, as if the connection had been lost.
   *
   * Since: 1.0
   */
  props[PROP_CONNECTION] =
      g_param_spec_object ("connection", NULL, NULL, IBB_TYPE_CONNECTION,
                           G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS);

  /**
   * IBBService:session-limit:
   *
   * The number of sessions below which an unexpected open is accepted.
   *
   * All sessions count: opened, expected and accepted ones, requests that are not
   * answered yet, closed sessions with unread bytes, and those that the peer has
   * closed before they reached the application. 0 refuses every unexpected open,
   * and the application is not told. If the property was never set, and a signal for
   * sessions has a handler, a message in the log says so once.
   *
   * Default: 0 sessions.
   *
   * Since: 1.0
   */
  props[PROP_SESSION_LIMIT] =
      g_param_spec_uint ("session-limit", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBService:max-retries:
   *
   * How often a block is sent again that was refused with a temporary error.
   *
   * Default: 5 retries.
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
   * Default: 1000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_INITIAL_WAIT_TIME] =
      g_param_spec_uint ("initial-wait-time", NULL, NULL, 0, G_MAXUINT, 1000, read_write);

  /**
   * IBBService:wait-backoff-factor:
   *
   * The factor by which each wait before a retry is longer than the one before.
   *
   * Default: 1.2.
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
   * It is a limit. Blocks have the 4096 bytes that XEP-0047 §2.2 recommends, and longer
   * ones are sent where they carry more. A peer that uses this library as well is offered
   * 32768 bytes, unless this value is below 8192. A server that ends XML streams with stanzas
   * of some 11 kB, as RFC 6120 §13.12 permits, needs a lower value, unless it tells its limit
   * (XEP-0478).
   *
   * Default: 8192 bytes, which slixmpp accepts as well.
   *
   * Since: 1.0
   */
  props[PROP_DEFAULT_BLOCK_SIZE] =
      g_param_spec_uint ("default-block-size", NULL, NULL, 1, IBB_BLOCK_SIZE_MAX, 8192, read_write);

  /**
   * IBBService:max-block-size:
   *
   * The largest block size that is accepted, in bytes. A peer that proposes a
   * larger one is answered `resource-constraint`, and may propose a smaller one. An
   * [property@IBB.SessionParams:agreed] size may be larger.
   *
   * Lower it where the server ends XML streams for long stanzas, as
   * `ibb receive --block-size` does.
   *
   * Default: 65535 bytes.
   *
   * Since: 1.0
   */
  props[PROP_MAX_BLOCK_SIZE] = g_param_spec_uint (
      "max-block-size", NULL, NULL, 1, IBB_BLOCK_SIZE_MAX, IBB_BLOCK_SIZE_MAX, read_write);

  /**
   * IBBService:window:
   *
   * The limit of unacknowledged bytes of each session; 0 adapts it to the path.
   *
   * With 0, several blocks are in flight only to peers that are known to keep them in
   * order. Another value states that all peers of this service do. A value up to the
   * size of a block sends one block at a time, as XEP-0047 §2.2 recommends.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_WINDOW] = g_param_spec_uint64 ("window", NULL, NULL, 0, G_MAXUINT64, 0, read_write);

  /**
   * IBBService:send-buffer-size:
   *
   * The size of the send buffer of each session, in bytes. 0 stands for 16 blocks as
   * long as they are then, but 64 KiB at least, and for more as the window grows. While
   * the buffers of all sessions together hold nearly 32 MiB, it is less, down to 16 KiB.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_SEND_BUFFER_SIZE] =
      g_param_spec_uint64 ("send-buffer-size", NULL, NULL, 0, G_MAXUINT64, 0, read_write);

  /**
   * IBBService:receive-buffer-size:
   *
   * The limit of unread bytes of each session. Above it acknowledgements are delayed,
   * so that the peer stops sending. A peer that asks how much the reader takes is
   * offered more, up to 4 MiB, while the application reads that much within half a
   * second.
   *
   * Default: 262144 bytes (256 KiB).
   *
   * Since: 1.0
   */
  props[PROP_RECEIVE_BUFFER_SIZE] = g_param_spec_uint64 ("receive-buffer-size", NULL, NULL, 0,
                                                         G_MAXUINT64, 256 * 1024, read_write);

  /**
   * IBBService:receive-memory-limit:
   *
   * How many bytes of all sessions of the service together may be unread before
   * acknowledgements are delayed. About 200 bytes for each delayed
   * acknowledgement count as well.
   *
   * Default: 67108864 bytes (64 MiB).
   *
   * Since: 1.0
   */
  props[PROP_RECEIVE_MEMORY_LIMIT] = g_param_spec_uint64 (
      "receive-memory-limit", NULL, NULL, 0, G_MAXUINT64, 64 * 1024 * 1024, read_write);

  /**
   * IBBService:open-timeout:
   *
   * How long a peer may take to answer an open, in milliseconds; 0 means without end.
   *
   * Default: 60000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_OPEN_TIMEOUT] =
      g_param_spec_uint ("open-timeout", NULL, NULL, 0, G_MAXUINT, 60000, read_write);

  /**
   * IBBService:accept-timeout:
   *
   * How long the application may take to answer an [class@IBB.Request], in
   * milliseconds; 0 means without end.
   *
   * Default: 30000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_ACCEPT_TIMEOUT] =
      g_param_spec_uint ("accept-timeout", NULL, NULL, 0, G_MAXUINT, 30000, read_write);

  /**
   * IBBService:peer-timeout:
   *
   * How long a peer may leave a question unanswered before its sessions end with
   * `G_IO_ERROR_CONNECTION_CLOSED`, in milliseconds; 0 means without end.
   *
   * A peer whose own connection broke is silent until its server resumes its
   * XML stream (XEP-0198). The default is as long as servers wait for that: Prosody
   * 600 seconds, ejabberd 300. Time in which our own connection is suspended does
   * not count. An answer that says that the peer is not there, as its server
   * gives when its program has ended, ends its sessions at once, whatever the
   * value.
   *
   * The question is a `<close/>` of a session that does not exist. A peer is
   * asked after a tenth of this time without a sign of it, one second at least
   * and 60 seconds at most, and as often until it answers, while one of its
   * sessions waits for an acknowledgement or while everything that came was read
   * and more may come. So a peer that is idle costs one question and one answer
   * a minute, about 400 bytes together, however many sessions it has.
   *
   * Default: 600000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_PEER_TIMEOUT] =
      g_param_spec_uint ("peer-timeout", NULL, NULL, 0, G_MAXUINT, 600000, read_write);

  /**
   * IBBService:resume-sessions:
   *
   * Whether new sessions outlive their XMPP connection, where the peer is ibb-glib and has
   * set this as well.
   *
   * Set it where the application, or the connection, logs in again. A session whose end, or
   * whose peer, has lost its connection is then interrupted instead of ended: reads and
   * writes wait, and nothing is lost. It goes on when both ends are online again, with any
   * resource of the same account. Likewise when a block was lost between two servers: the
   * peer sends it again. [property@IBB.Transport:waiting] tells.
   *
   * If it is set back to %FALSE, because no other login follows for example, the sessions that are
   * interrupted end at once, and the others with their connection.
   *
   * Sessions of [IBB_STANZA_TYPE_MESSAGE][enum@IBB.StanzaType] cannot be resumed.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_RESUME_SESSIONS] =
      g_param_spec_boolean ("resume-sessions", NULL, NULL, FALSE, read_write);

  /**
   * IBBService:resume-timeout:
   *
   * How long a session waits for its connection and its peer before it ends, in milliseconds;
   * 0 means without end.
   *
   * One time bounds the whole wait. It begins when the connection breaks: the connection may
   * then be resumed (XEP-0198), or else a new login is awaited, and after it the peer's answer.
   * Where only the peer cannot be reached, it begins with that error. The wait ends with
   * `G_IO_ERROR_CONNECTION_CLOSED`, or with the error that interrupted the session.
   *
   * Sessions that cannot outlive their connection, by message or without
   * [property@IBB.Service:resume-sessions], and opens wait as long for a resumption of the
   * connection. A change also holds for sessions that wait.
   *
   * Default: 600000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_RESUME_TIMEOUT] =
      g_param_spec_uint ("resume-timeout", NULL, NULL, 0, G_MAXUINT, 600000, read_write);

  /**
   * IBBService:half-close:
   *
   * Whether this side may write on after the close of a peer that does not say that
   * it reads on, and answers that close when it closes itself.
   *
   * A peer that is ibb-glib says so by [method@IBB.Transport.shutdown_output]. Then
   * this side may write on in any case. Other peers never say so, and most of them
   * read no more (XEP-0047 §2.3): with them the property only delays the end. It
   * suits a program whose answer to a close says that everything is stored, such as
   * the command `ibb receive`. A change holds for sessions that begin later.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_HALF_CLOSE] = g_param_spec_boolean ("half-close", NULL, NULL, FALSE, read_write);

  g_object_class_install_properties (object_class, N_PROPS, props);

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
