/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The properties of a service: all but the connection are settings of its engine, which has their
 * defaults. */

#include "config.h"

#include "service/ibb-service-private.h"

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
  PROP_CONFIRM_CLOSE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

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
  [PROP_CONFIRM_CLOSE] = G_STRUCT_OFFSET (IBBSettings, confirm_close),
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
    setting.as_size = (gsize) MIN (g_value_get_uint64 (value), G_MAXSIZE);
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

void
ibb_service_install_properties (GObjectClass *class)
{
  const GParamFlags read_write =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;
  const IBBSettings defaults = IBB_SETTINGS_INIT;

  class->get_property = ibb_service_get_property;
  class->set_property = ibb_service_set_property;

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
   * All sessions count: opened, expected and accepted ones, requests that are not answered yet,
   * closed sessions with unread bytes, and those that the peer has closed before they reached the
   * application. 0 refuses every unexpected open, without any signal. If the property was never
   * set, and a signal for sessions has a handler, a message in the log says so once.
   *
   * Default: 0 sessions.
   *
   * Since: 1.0
   */
  props[PROP_SESSION_LIMIT] = g_param_spec_uint ("session-limit", NULL, NULL, 0, G_MAXUINT,
                                                 defaults.session_limit, read_write);

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
      g_param_spec_uint ("max-retries", NULL, NULL, 0, G_MAXUINT, defaults.max_retries, read_write);

  /**
   * IBBService:initial-wait-time:
   *
   * The wait before the first retry of a refused block, in milliseconds.
   *
   * Default: 1000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_INITIAL_WAIT_TIME] = g_param_spec_uint ("initial-wait-time", NULL, NULL, 0, G_MAXUINT,
                                                     defaults.initial_wait_time, read_write);

  /**
   * IBBService:wait-backoff-factor:
   *
   * The factor by which each wait before a retry is longer than the one before.
   *
   * Default: 1.2.
   *
   * Since: 1.0
   */
  props[PROP_WAIT_BACKOFF_FACTOR] = g_param_spec_double (
      "wait-backoff-factor", NULL, NULL, 1.0, 1000.0, defaults.wait_backoff_factor, read_write);

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
      g_param_spec_uint ("default-block-size", NULL, NULL, 1, IBB_BLOCK_SIZE_MAX,
                         defaults.default_block_size, read_write);

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
      "max-block-size", NULL, NULL, 1, IBB_BLOCK_SIZE_MAX, defaults.max_block_size, read_write);

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
  props[PROP_WINDOW] =
      g_param_spec_uint64 ("window", NULL, NULL, 0, G_MAXUINT64, defaults.window, read_write);

  /**
   * IBBService:send-buffer-size:
   *
   * The size of the send buffer of each session, in bytes. 0 means 16 blocks of the present length,
   * 64 KiB at least, and more as the window grows. While the buffers of all sessions together hold
   * nearly 32 MiB, it is less, down to 16 KiB.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_SEND_BUFFER_SIZE] = g_param_spec_uint64 (
      "send-buffer-size", NULL, NULL, 0, G_MAXUINT64, defaults.send_buffer_size, read_write);

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
  props[PROP_RECEIVE_BUFFER_SIZE] = g_param_spec_uint64 (
      "receive-buffer-size", NULL, NULL, 0, G_MAXUINT64, defaults.receive_buffer_size, read_write);

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
  props[PROP_RECEIVE_MEMORY_LIMIT] =
      g_param_spec_uint64 ("receive-memory-limit", NULL, NULL, 0, G_MAXUINT64,
                           defaults.receive_memory_limit, read_write);

  /**
   * IBBService:open-timeout:
   *
   * How long a peer may take to answer an open, in milliseconds; 0 means without end.
   *
   * Default: 60000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_OPEN_TIMEOUT] = g_param_spec_uint ("open-timeout", NULL, NULL, 0, G_MAXUINT,
                                                defaults.open_timeout, read_write);

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
  props[PROP_ACCEPT_TIMEOUT] = g_param_spec_uint ("accept-timeout", NULL, NULL, 0, G_MAXUINT,
                                                  defaults.accept_timeout, read_write);

  /**
   * IBBService:peer-timeout:
   *
   * How long a peer may leave a question unanswered before its sessions end with
   * `G_IO_ERROR_CONNECTION_CLOSED`, in milliseconds; 0 means without end.
   *
   * A peer whose own connection broke is silent until its server resumes its XML stream (XEP-0198).
   * The default is as long as servers wait for that: Prosody 600 seconds, ejabberd 300. Time in
   * which our own connection is suspended does not count. If a server answers that the peer is not
   * there, as after the end of its program, the peer's sessions end at once, whatever the value.
   *
   * The question is a `<close/>` of a session that does not exist. The service asks while one of
   * the peer's sessions waits for an acknowledgement, or while everything that came was read and
   * more may come. It asks after a tenth of this time without a sign of the peer, one second at
   * least and 60 seconds at most, and again in the same interval until the peer answers. So a peer
   * that is idle costs one question and one answer a minute, about 400 bytes together, however many
   * sessions it has.
   *
   * Default: 600000 milliseconds.
   *
   * Since: 1.0
   */
  props[PROP_PEER_TIMEOUT] = g_param_spec_uint ("peer-timeout", NULL, NULL, 0, G_MAXUINT,
                                                defaults.peer_timeout, read_write);

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
      g_param_spec_boolean ("resume-sessions", NULL, NULL, defaults.resume_sessions, read_write);

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
  props[PROP_RESUME_TIMEOUT] = g_param_spec_uint ("resume-timeout", NULL, NULL, 0, G_MAXUINT,
                                                  defaults.resume_timeout, read_write);

  /**
   * IBBService:half-close:
   *
   * Whether this side may write on after the close of a peer that does not say that
   * it reads on, and answers that close when it closes itself.
   *
   * A peer that is ibb-glib says so by [method@IBB.Transport.shutdown_output]. Then
   * this side may write on in any case, and after another close of such a peer it may
   * not. Other peers never say so, and most of them
   * read no more (XEP-0047 §2.3): with them the property only delays the end. It
   * suits a program whose answer to a close says that everything is stored, such as
   * the command `ibb receive`. A change holds for sessions that begin later.
   *
   * Default: %FALSE.
   *
   * Since: 1.0
   */
  props[PROP_HALF_CLOSE] =
      g_param_spec_boolean ("half-close", NULL, NULL, defaults.half_close, read_write);

  /**
   * IBBService:confirm-close:
   *
   * Whether the end of a session says that the application has closed the session, and
   * not only that it writes no more.
   *
   * Without the property, a session in which both sides have called
   * [method@IBB.Transport.shutdown_output] ends although one of them may still have
   * bytes to store. With it, this side answers the close of the peer when the
   * application closes the transport, and the close of the transport waits until the
   * peer has answered that of this side, however long that takes. So a program that
   * stores what it reads before it closes, and aborts if it cannot, tells its peer
   * which of the two has happened. Set it at both sides: a peer without the property
   * answers at once.
   *
   * A session ends only when the application closes the transport, so do not wait for
   * [property@IBB.Transport:ended] before. A peer that is not ibb-glib gets its
   * answer later only with [property@IBB.Service:half-close], too. A change holds for sessions that
   * begin later.
   *
   * Default: %FALSE.
   *
   * Since: 1.1
   */
  props[PROP_CONFIRM_CLOSE] =
      g_param_spec_boolean ("confirm-close", NULL, NULL, defaults.confirm_close, read_write);

  g_object_class_install_properties (class, N_PROPS, props);
}

/**
 * ibb_service_get_session_limit: (get-property session-limit)
 * @self: a service
 *
 * Gets the number of sessions below which an unexpected open is accepted.
 *
 * Returns: the value; see [property@IBB.Service:session-limit]
 *
 * Since: 1.0
 */
guint
ibb_service_get_session_limit (IBBService *self)
{
  guint session_limit;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  ibb_host_get_setting (self->host, G_STRUCT_OFFSET (IBBSettings, session_limit), &session_limit,
                        sizeof session_limit);
  return session_limit;
}

/**
 * ibb_service_set_session_limit: (set-property session-limit)
 * @self: a service
 * @session_limit: the value; see [property@IBB.Service:session-limit]
 *
 * Sets the number of sessions below which an unexpected open is accepted.
 *
 * Since: 1.0
 */
void
ibb_service_set_session_limit (IBBService *self, guint session_limit)
{
  g_return_if_fail (IBB_IS_SERVICE (self));

  g_object_set (self, "session-limit", session_limit, NULL);
}

/**
 * ibb_service_get_resume_sessions: (get-property resume-sessions)
 * @self: a service
 *
 * Gets whether new sessions outlive their connection.
 *
 * Returns: TRUE if so; see [property@IBB.Service:resume-sessions]
 *
 * Since: 1.0
 */
gboolean
ibb_service_get_resume_sessions (IBBService *self)
{
  gboolean resume_sessions;

  g_return_val_if_fail (IBB_IS_SERVICE (self), FALSE);

  ibb_host_get_setting (self->host, G_STRUCT_OFFSET (IBBSettings, resume_sessions),
                        &resume_sessions, sizeof resume_sessions);
  return resume_sessions;
}

/**
 * ibb_service_set_resume_sessions: (set-property resume-sessions)
 * @self: a service
 * @resume_sessions: TRUE or FALSE; see [property@IBB.Service:resume-sessions]
 *
 * Sets whether new sessions outlive their connection.
 *
 * Since: 1.0
 */
void
ibb_service_set_resume_sessions (IBBService *self, gboolean resume_sessions)
{
  g_return_if_fail (IBB_IS_SERVICE (self));

  g_object_set (self, "resume-sessions", resume_sessions, NULL);
}
