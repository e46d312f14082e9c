/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The properties of a transport. */

#include "config.h"

#include "ibb-enum-types.h"
#include "service/ibb-transport-private.h"

enum
{
  PROP_0,
  PROP_SID,
  PROP_BLOCK_SIZE,
  PROP_PEER_JID,
  PROP_LOCAL_JID,
  PROP_INCOMING,
  PROP_STANZA_TYPE,
  PROP_WAITING,
  PROP_BYTES_ACKNOWLEDGED,
  PROP_BYTES_RECEIVED,
  PROP_BYTES_QUEUED,
  PROP_BYTES_IN_FLIGHT,
  PROP_SEND_RATE,
  PROP_RECEIVE_RATE,
  PROP_ENDED,
  PROP_ERROR,
  PROP_READ_TIMEOUT,
  PROP_WRITE_TIMEOUT,
  PROP_AUTO_FLUSH,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

/* Values of the session at one moment. */
typedef struct
{
  const char   *sid;
  guint         block_size;
  gboolean      is_incoming;
  IBBStanzaType stanza_type;
  IBBWait       waiting;
  gboolean      has_ended;
} State;

static IBBWait
to_wait (IBBSessionWait wait)
{
  if (wait == IBB_SESSION_WAIT_NONE)
    return IBB_WAIT_NOTHING;
  return wait == IBB_SESSION_WAIT_PEER ? IBB_WAIT_PEER : IBB_WAIT_CONNECTION;
}

static State
get_state (IBBTransport *self)
{
  State       state = { .sid = "" };
  IBBSession *session;

  if (self->channel == NULL)
    return state;
  session = ibb_channel_lock_session (self->channel);
  state.sid = session->parameters.key.sid;
  state.block_size = session->parameters.block_size;
  state.is_incoming = !session->parameters.is_initiator;
  state.stanza_type = session->parameters.by_message ? IBB_STANZA_TYPE_MESSAGE : IBB_STANZA_TYPE_IQ;
  state.waiting = to_wait (ibb_session_get_wait (session));
  state.has_ended = session->state == IBB_SESSION_ENDED;
  ibb_channel_unlock_session (self->channel);
  return state;
}

static IBBStatistics
get_statistics (IBBTransport *self)
{
  IBBStatistics statistics = { 0 };

  if (self->channel != NULL)
    ibb_channel_get_statistics (self->channel, &statistics);
  return statistics;
}

/**
 * ibb_transport_get_sid: (get-property sid)
 * @self: a transport
 *
 * Gets the session identifier.
 *
 * Returns: (not nullable): the sid
 *
 * Since: 1.0
 */
const char *
ibb_transport_get_sid (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), "");

  return get_state (self).sid;
}

/**
 * ibb_transport_get_block_size: (get-property block-size)
 * @self: a transport
 *
 * Gets the negotiated size of a block.
 *
 * Returns: the most bytes that a block carries, 1 to 65535
 *
 * Since: 1.0
 */
guint
ibb_transport_get_block_size (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  return get_state (self).block_size;
}

/**
 * ibb_transport_dup_peer_jid: (get-property peer-jid)
 * @self: a transport
 *
 * Gets the JID of the other end, which may change when a session is resumed.
 *
 * Returns: (transfer full): the JID
 *
 * Since: 1.0
 */
char *
ibb_transport_dup_peer_jid (IBBTransport *self)
{
  char *peer_jid;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), g_strdup (""));

  if (self->channel == NULL)
    return g_strdup ("");
  peer_jid = g_strdup (ibb_channel_lock_session (self->channel)->parameters.peer_jid);
  ibb_channel_unlock_session (self->channel);
  return peer_jid;
}

/**
 * ibb_transport_dup_local_jid: (get-property local-jid)
 * @self: a transport
 *
 * Gets the JID of this end, which may change when a session is resumed.
 *
 * Returns: (transfer full) (nullable): the JID; NULL if the connection never told it
 *
 * Since: 1.0
 */
char *
ibb_transport_dup_local_jid (IBBTransport *self)
{
  char *local_jid;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  if (self->channel == NULL)
    return NULL;
  local_jid = g_strdup (ibb_channel_lock_session (self->channel)->parameters.local_jid);
  ibb_channel_unlock_session (self->channel);
  return local_jid;
}

/**
 * ibb_transport_is_incoming: (get-property incoming)
 * @self: a transport
 *
 * Tells whether the peer opened the session.
 *
 * Returns: TRUE if it did; FALSE if this end opened it
 *
 * Since: 1.0
 */
gboolean
ibb_transport_is_incoming (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);

  return get_state (self).is_incoming;
}

/**
 * ibb_transport_get_stanza_type: (get-property stanza-type)
 * @self: a transport
 *
 * Gets the stanza type of the session.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
IBBStanzaType
ibb_transport_get_stanza_type (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), IBB_STANZA_TYPE_IQ);

  return get_state (self).stanza_type;
}

/**
 * ibb_transport_get_waiting: (get-property waiting)
 * @self: a transport
 *
 * Gets what keeps the open session from going on.
 *
 * Returns: the value; see [property@IBB.Transport:waiting]
 *
 * Since: 1.0
 */
IBBWait
ibb_transport_get_waiting (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), IBB_WAIT_NOTHING);

  return get_state (self).waiting;
}

/**
 * ibb_transport_get_bytes_acknowledged: (get-property bytes-acknowledged)
 * @self: a transport
 *
 * Gets how many bytes the peer has acknowledged; with the stanza type message, how many
 * were sent.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
ibb_transport_get_bytes_acknowledged (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  return get_statistics (self).bytes_acknowledged;
}

/**
 * ibb_transport_get_bytes_received: (get-property bytes-received)
 * @self: a transport
 *
 * Gets how many bytes have arrived.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
ibb_transport_get_bytes_received (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  return get_statistics (self).bytes_received;
}

/**
 * ibb_transport_get_bytes_queued: (get-property bytes-queued)
 * @self: a transport
 *
 * Gets how many bytes were written and are not acknowledged yet.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
ibb_transport_get_bytes_queued (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  return get_statistics (self).bytes_queued;
}

/**
 * ibb_transport_get_bytes_in_flight: (get-property bytes-in-flight)
 * @self: a transport
 *
 * Gets how many of the bytes that are not acknowledged may have arrived.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
ibb_transport_get_bytes_in_flight (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  return get_statistics (self).bytes_in_flight;
}

/**
 * ibb_transport_get_send_rate: (get-property send-rate)
 * @self: a transport
 *
 * Gets how fast the peer acknowledges bytes.
 *
 * Returns: bytes per second; see [property@IBB.Transport:send-rate]
 *
 * Since: 1.0
 */
guint64
ibb_transport_get_send_rate (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  return get_statistics (self).send_rate;
}

/**
 * ibb_transport_get_receive_rate: (get-property receive-rate)
 * @self: a transport
 *
 * Gets how fast bytes arrive.
 *
 * Returns: bytes per second; see [property@IBB.Transport:receive-rate]
 *
 * Since: 1.0
 */
guint64
ibb_transport_get_receive_rate (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  return get_statistics (self).receive_rate;
}

/**
 * ibb_transport_dup_statistics:
 * @self: a transport
 *
 * Gets all counters and rates as they are at one moment, also after the end. From any thread.
 *
 * Returns: (transfer full): the statistics
 *
 * Since: 1.0
 */
IBBStatistics *
ibb_transport_dup_statistics (IBBTransport *self)
{
  IBBStatistics statistics;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  statistics = get_statistics (self);
  return ibb_statistics_copy (&statistics);
}

/**
 * ibb_transport_has_ended: (get-property ended)
 * @self: a transport
 *
 * Tells whether both directions have ended. Bytes that came before can still be
 * read. From any thread; it may be ahead of the notification.
 *
 * Returns: TRUE once the session has ended
 *
 * Since: 1.0
 */
gboolean
ibb_transport_has_ended (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);

  return get_state (self).has_ended;
}

/**
 * ibb_transport_dup_error: (get-property error)
 * @self: a transport
 *
 * Gets the precise reason for which the session ended, in [error@IBB.Error] or
 * [error@Gio.IOErrorEnum]. From any thread.
 *
 * Returns: (transfer full) (nullable): the error; NULL for an orderly end, and
 *   while the session lives
 *
 * Since: 1.0
 */
GError *
ibb_transport_dup_error (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  return self->channel != NULL ? ibb_channel_dup_error (self->channel) : NULL;
}

static void
ibb_transport_get_property (GObject *object, guint prop_id, GValue *value, GParamSpec *pspec)
{
  IBBTransport *self = IBB_TRANSPORT (object);

  switch (prop_id)
    {
    case PROP_SID:
      g_value_set_string (value, ibb_transport_get_sid (self));
      break;
    case PROP_BLOCK_SIZE:
      g_value_set_uint (value, ibb_transport_get_block_size (self));
      break;
    case PROP_PEER_JID:
      g_value_take_string (value, ibb_transport_dup_peer_jid (self));
      break;
    case PROP_LOCAL_JID:
      g_value_take_string (value, ibb_transport_dup_local_jid (self));
      break;
    case PROP_INCOMING:
      g_value_set_boolean (value, ibb_transport_is_incoming (self));
      break;
    case PROP_WAITING:
      g_value_set_enum (value, ibb_transport_get_waiting (self));
      break;
    case PROP_STANZA_TYPE:
      g_value_set_enum (value, ibb_transport_get_stanza_type (self));
      break;
    case PROP_BYTES_ACKNOWLEDGED:
      g_value_set_uint64 (value, ibb_transport_get_bytes_acknowledged (self));
      break;
    case PROP_BYTES_RECEIVED:
      g_value_set_uint64 (value, ibb_transport_get_bytes_received (self));
      break;
    case PROP_BYTES_QUEUED:
      g_value_set_uint64 (value, ibb_transport_get_bytes_queued (self));
      break;
    case PROP_BYTES_IN_FLIGHT:
      g_value_set_uint64 (value, ibb_transport_get_bytes_in_flight (self));
      break;
    case PROP_SEND_RATE:
      g_value_set_uint64 (value, ibb_transport_get_send_rate (self));
      break;
    case PROP_RECEIVE_RATE:
      g_value_set_uint64 (value, ibb_transport_get_receive_rate (self));
      break;
    case PROP_ENDED:
      g_value_set_boolean (value, ibb_transport_has_ended (self));
      break;
    case PROP_ERROR:
      g_value_take_boxed (value, ibb_transport_dup_error (self));
      break;
    case PROP_READ_TIMEOUT:
      if (self->channel != NULL)
        g_value_set_uint (value, ibb_channel_get_timeout (self->channel, IBB_CHANNEL_READ));
      break;
    case PROP_WRITE_TIMEOUT:
      if (self->channel != NULL)
        g_value_set_uint (value, ibb_channel_get_timeout (self->channel, IBB_CHANNEL_WRITE));
      break;
    case PROP_AUTO_FLUSH:
      g_value_set_boolean (value,
                           self->channel == NULL || ibb_channel_get_auto_flush (self->channel));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
}

static void
ibb_transport_set_property (GObject *object, guint prop_id, const GValue *value, GParamSpec *pspec)
{
  IBBChannel *channel = IBB_TRANSPORT (object)->channel;
  gboolean    has_changed = FALSE;

  if (channel == NULL)
    return;
  switch (prop_id)
    {
    case PROP_READ_TIMEOUT:
      has_changed = ibb_channel_set_timeout (channel, IBB_CHANNEL_READ, g_value_get_uint (value));
      break;
    case PROP_WRITE_TIMEOUT:
      has_changed = ibb_channel_set_timeout (channel, IBB_CHANNEL_WRITE, g_value_get_uint (value));
      break;
    case PROP_AUTO_FLUSH:
      has_changed = ibb_channel_set_auto_flush (channel, g_value_get_boolean (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, prop_id, pspec);
    }
  if (has_changed)
    g_object_notify_by_pspec (object, pspec);
}

void
ibb_transport_notify_changes (GObject *object, IBBChannelNews news)
{
  static const struct
  {
    IBBChannelNews news;
    guint          prop_id;
  } all[] = {
    { IBB_CHANNEL_PEER_JID, PROP_PEER_JID },
    { IBB_CHANNEL_LOCAL_JID, PROP_LOCAL_JID },
    { IBB_CHANNEL_WAITING, PROP_WAITING },
    { IBB_CHANNEL_ACKNOWLEDGED, PROP_BYTES_ACKNOWLEDGED },
    { IBB_CHANNEL_ACKNOWLEDGED, PROP_SEND_RATE },
    { IBB_CHANNEL_RECEIVED, PROP_BYTES_RECEIVED },
    { IBB_CHANNEL_RECEIVED, PROP_RECEIVE_RATE },
    { IBB_CHANNEL_ENDED, PROP_ERROR },
    { IBB_CHANNEL_ENDED, PROP_ENDED },
  };

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if ((news & all[i].news) != 0)
      g_object_notify_by_pspec (object, props[all[i].prop_id]);
}

void
ibb_transport_install_properties (GObjectClass *object_class)
{
  const GParamFlags read_only = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;
  const GParamFlags read_write =
      G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  object_class->get_property = ibb_transport_get_property;
  object_class->set_property = ibb_transport_set_property;

  /**
   * IBBTransport:sid:
   *
   * The session identifier.
   *
   * Since: 1.0
   */
  props[PROP_SID] = g_param_spec_string ("sid", NULL, NULL, NULL, read_only);

  /**
   * IBBTransport:block-size:
   *
   * The negotiated size: no block, in either direction, carries more bytes.
   *
   * Since: 1.0
   */
  props[PROP_BLOCK_SIZE] =
      g_param_spec_uint ("block-size", NULL, NULL, 0, IBB_BLOCK_SIZE_MAX, 0, read_only);

  /**
   * IBBTransport:peer-jid: (getter dup_peer_jid)
   *
   * The JID of the other end. Its resource may change when a session is resumed.
   *
   * Since: 1.0
   */
  props[PROP_PEER_JID] = g_param_spec_string ("peer-jid", NULL, NULL, NULL, read_only);

  /**
   * IBBTransport:local-jid: (getter dup_local_jid)
   *
   * The JID of this end. Its resource may change as well.
   *
   * Since: 1.0
   */
  props[PROP_LOCAL_JID] = g_param_spec_string ("local-jid", NULL, NULL, NULL, read_only);

  /**
   * IBBTransport:incoming: (getter is_incoming)
   *
   * Whether the peer opened the session, and this end accepted it.
   *
   * Since: 1.0
   */
  props[PROP_INCOMING] = g_param_spec_boolean ("incoming", NULL, NULL, FALSE, read_only);

  /**
   * IBBTransport:stanza-type:
   *
   * The stanza type of the session.
   *
   * Since: 1.0
   */
  props[PROP_STANZA_TYPE] = g_param_spec_enum ("stanza-type", NULL, NULL, IBB_TYPE_STANZA_TYPE,
                                               IBB_STANZA_TYPE_IQ, read_only);

  /**
   * IBBTransport:waiting:
   *
   * Which end keeps the open session from going on, since it cannot be reached: our own
   * connection, while it is resumed (XEP-0198) or logs in again, or the peer. Reads and writes
   * wait meanwhile. No byte is lost.
   *
   * Since: 1.0
   */
  props[PROP_WAITING] =
      g_param_spec_enum ("waiting", NULL, NULL, IBB_TYPE_WAIT, IBB_WAIT_NOTHING, read_only);

  /**
   * IBBTransport:bytes-acknowledged:
   *
   * How many bytes the peer has acknowledged; with the stanza type message, how many
   * were sent. It notifies ten times a second at most, and at the end.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_ACKNOWLEDGED] =
      g_param_spec_uint64 ("bytes-acknowledged", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:bytes-received:
   *
   * How many bytes have arrived, whether read or not. It notifies ten times a second at most, and
   * at the end.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_RECEIVED] =
      g_param_spec_uint64 ("bytes-received", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:bytes-queued:
   *
   * How many bytes were written and are not acknowledged yet. It does not
   * notify.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_QUEUED] =
      g_param_spec_uint64 ("bytes-queued", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:bytes-in-flight:
   *
   * How many of the bytes that are not acknowledged may have arrived: those that
   * went into blocks. It stays as it was when the session ends, and does not
   * notify.
   *
   * After a failure the peer has [property@IBB.Transport:bytes-acknowledged] bytes at
   * least, and so many more at most.
   *
   * Since: 1.0
   */
  props[PROP_BYTES_IN_FLIGHT] =
      g_param_spec_uint64 ("bytes-in-flight", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:send-rate:
   *
   * How fast the peer acknowledges bytes, in bytes per second: the mean of the last few seconds,
   * which becomes 0 while nothing moves. It notifies with
   * [property@IBB.Transport:bytes-acknowledged].
   *
   * Since: 1.0
   */
  props[PROP_SEND_RATE] =
      g_param_spec_uint64 ("send-rate", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:receive-rate:
   *
   * How fast bytes arrive, in bytes per second: the mean of the last few seconds, which
   * becomes 0 while nothing moves. It notifies with [property@IBB.Transport:bytes-received].
   *
   * Since: 1.0
   */
  props[PROP_RECEIVE_RATE] =
      g_param_spec_uint64 ("receive-rate", NULL, NULL, 0, G_MAXUINT64, 0, read_only);

  /**
   * IBBTransport:ended: (getter has_ended)
   *
   * Whether both directions have ended. Bytes that came before can still be read.
   *
   * It notifies once. A handler may do anything, dropping the last reference included.
   *
   * Since: 1.0
   */
  props[PROP_ENDED] = g_param_spec_boolean ("ended", NULL, NULL, FALSE, read_only);

  /**
   * IBBTransport:error: (getter dup_error)
   *
   * The precise reason for which the session ended; %NULL while it lives, and for an orderly end.
   * It notifies before [property@IBB.Transport:ended].
   *
   * Since: 1.0
   */
  props[PROP_ERROR] = g_param_spec_boxed ("error", NULL, NULL, G_TYPE_ERROR, read_only);

  /**
   * IBBTransport:read-timeout:
   *
   * How long one read may wait, in milliseconds; 0 means without end. A read past it
   * fails with %G_IO_ERROR_TIMED_OUT; the session goes on, and the read can be
   * repeated.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_READ_TIMEOUT] =
      g_param_spec_uint ("read-timeout", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBTransport:write-timeout:
   *
   * How long one write, flush, drain, shutdown or close may wait, in
   * milliseconds; 0 means without end. A call past it fails with %G_IO_ERROR_TIMED_OUT;
   * the session goes on, and the call can be repeated, except for a close,
   * which goes on in the background.
   *
   * Default: 0.
   *
   * Since: 1.0
   */
  props[PROP_WRITE_TIMEOUT] =
      g_param_spec_uint ("write-timeout", NULL, NULL, 0, G_MAXUINT, 0, read_write);

  /**
   * IBBTransport:auto-flush:
   *
   * Whether a partial block leaves as soon as nothing is in flight. If not,
   * only full blocks leave before a flush.
   *
   * Default: %TRUE.
   *
   * Since: 1.0
   */
  props[PROP_AUTO_FLUSH] = g_param_spec_boolean ("auto-flush", NULL, NULL, TRUE, read_write);

  g_object_class_install_properties (object_class, N_PROPS, props);
}
