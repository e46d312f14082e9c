/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of the properties of a transport, and how its session ended. */

#include "config.h"

#include "ibb-transport-private.h"

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
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_session_get_sid (ibb_channel_get_session (channel)) : "";
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
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_session_get_block_size (ibb_channel_get_session (channel)) : 0;
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
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_channel_dup_peer (channel) : g_strdup ("");
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
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_channel_dup_local (channel) : NULL;
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
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), IBB_STANZA_TYPE_IQ);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_channel_get_stanza_type (channel) : IBB_STANZA_TYPE_IQ;
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
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), IBB_WAIT_NOTHING);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_channel_get_wait (channel) : IBB_WAIT_NOTHING;
}

static IBBStatistics
get_statistics (IBBTransport *self)
{
  IBBChannel   *channel = ibb_transport_get_channel (self);
  IBBStatistics statistics = { 0 };

  if (channel != NULL)
    ibb_channel_get_statistics (channel, &statistics);
  return statistics;
}

static void
notify (IBBTransport *self, gboolean changed, const char *property)
{
  if (changed)
    g_object_notify (G_OBJECT (self), property);
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
 * ibb_transport_get_read_timeout: (get-property read-timeout)
 * @self: a transport
 *
 * Gets how long one read may wait.
 *
 * Returns: milliseconds, 0 for no limit
 *
 * Since: 1.0
 */
guint
ibb_transport_get_read_timeout (IBBTransport *self)
{
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_channel_get_read_timeout (channel) : 0;
}

/**
 * ibb_transport_set_read_timeout: (set-property read-timeout)
 * @self: a transport
 * @read_timeout: milliseconds, 0 for no limit
 *
 * Sets how long one read may wait. It holds from the next read on.
 *
 * Since: 1.0
 */
void
ibb_transport_set_read_timeout (IBBTransport *self, guint read_timeout)
{
  IBBChannel *channel;

  g_return_if_fail (IBB_IS_TRANSPORT (self));

  channel = ibb_transport_get_channel (self);
  if (channel != NULL)
    notify (self, ibb_channel_set_read_timeout (channel, read_timeout), "read-timeout");
}

/**
 * ibb_transport_get_write_timeout: (get-property write-timeout)
 * @self: a transport
 *
 * Gets how long one write, flush, drain, shutdown or close may wait.
 *
 * Returns: milliseconds, 0 for no limit
 *
 * Since: 1.0
 */
guint
ibb_transport_get_write_timeout (IBBTransport *self)
{
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_channel_get_write_timeout (channel) : 0;
}

/**
 * ibb_transport_set_write_timeout: (set-property write-timeout)
 * @self: a transport
 * @write_timeout: milliseconds, 0 for no limit
 *
 * Sets how long one write, flush, drain, shutdown or close may wait. It holds
 * from the next such call on.
 *
 * Since: 1.0
 */
void
ibb_transport_set_write_timeout (IBBTransport *self, guint write_timeout)
{
  IBBChannel *channel;

  g_return_if_fail (IBB_IS_TRANSPORT (self));

  channel = ibb_transport_get_channel (self);
  if (channel != NULL)
    notify (self, ibb_channel_set_write_timeout (channel, write_timeout), "write-timeout");
}

/**
 * ibb_transport_get_auto_flush: (get-property auto-flush)
 * @self: a transport
 *
 * Gets whether a partial block leaves as soon as nothing is in flight.
 *
 * Returns: TRUE if it does; FALSE if only full blocks leave before a flush
 *
 * Since: 1.0
 */
gboolean
ibb_transport_get_auto_flush (IBBTransport *self)
{
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_channel_get_auto_flush (channel) : FALSE;
}

/**
 * ibb_transport_set_auto_flush: (set-property auto-flush)
 * @self: a transport
 * @auto_flush: FALSE to let only full blocks leave before a flush
 *
 * Sets whether a partial block leaves as soon as nothing is in flight.
 *
 * Since: 1.0
 */
void
ibb_transport_set_auto_flush (IBBTransport *self, gboolean auto_flush)
{
  IBBChannel *channel;

  g_return_if_fail (IBB_IS_TRANSPORT (self));

  channel = ibb_transport_get_channel (self);
  if (channel != NULL)
    notify (self, ibb_channel_set_auto_flush (channel, auto_flush), "auto-flush");
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
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);

  channel = ibb_transport_get_channel (self);
  return channel != NULL && ibb_channel_has_ended (channel);
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
  IBBChannel *channel;

  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  channel = ibb_transport_get_channel (self);
  return channel != NULL ? ibb_channel_dup_error (channel) : NULL;
}
