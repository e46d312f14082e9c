/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What can be asked of a transport, and what can be set. */

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
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  return self->channel != NULL ? ibb_session_get_sid (self->channel->session) : "";
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

  return self->channel != NULL ? ibb_session_get_block_size (self->channel->session) : 0;
}

/**
 * ibb_transport_get_peer_jid: (get-property peer-jid)
 * @self: a transport
 *
 * Gets the JID of the other end.
 *
 * Returns: (not nullable): the JID
 *
 * Since: 1.0
 */
const char *
ibb_transport_get_peer_jid (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  return self->channel != NULL ? ibb_session_get_peer (self->channel->session) : "";
}

/**
 * ibb_transport_get_local_jid: (get-property local-jid)
 * @self: a transport
 *
 * Gets the JID of this end.
 *
 * Returns: (nullable): the JID; NULL if the connection never told it
 *
 * Since: 1.0
 */
const char *
ibb_transport_get_local_jid (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), NULL);

  return self->channel != NULL ? ibb_session_get_local (self->channel->session) : NULL;
}

/**
 * ibb_transport_get_stanza_type: (get-property stanza-type)
 * @self: a transport
 *
 * Gets the stanza that carries the blocks.
 *
 * Returns: the type
 *
 * Since: 1.0
 */
IBBStanzaType
ibb_transport_get_stanza_type (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), IBB_STANZA_TYPE_IQ);

  if (self->channel != NULL &&
      ibb_session_get_carrier (self->channel->session) == IBB_CARRIER_MESSAGE)
    return IBB_STANZA_TYPE_MESSAGE;
  return IBB_STANZA_TYPE_IQ;
}

/* The value of an expression of self and session, read under the lock. */
#define LOCKED(self, type, expression)                                                             \
  G_STMT_START                                                                                     \
  {                                                                                                \
    IBBSession *session;                                                                           \
    type        value;                                                                             \
                                                                                                   \
    if ((self)->channel == NULL)                                                                   \
      return 0;                                                                                    \
    session = (self)->channel->session;                                                            \
    ibb_worker_lock ((self)->channel->worker);                                                     \
    value = (expression);                                                                          \
    ibb_worker_unlock ((self)->channel->worker);                                                   \
    (void) session;                                                                                \
    return value;                                                                                  \
  }                                                                                                \
  G_STMT_END

/**
 * ibb_transport_get_bytes_sent: (get-property bytes-sent)
 * @self: a transport
 *
 * Gets how many bytes the peer has acknowledged.
 *
 * Returns: the number of bytes
 *
 * Since: 1.0
 */
guint64
ibb_transport_get_bytes_sent (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  LOCKED (self, guint64, ibb_session_get_delivered (session));
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

  LOCKED (self, guint64, ibb_session_get_received (session));
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

  LOCKED (self, guint64, ibb_session_get_written (session) - ibb_session_get_delivered (session));
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

  LOCKED (self, guint64, ibb_session_get_cut (session) - ibb_session_get_delivered (session));
}

/**
 * ibb_transport_get_read_timeout: (get-property read-timeout)
 * @self: a transport
 *
 * Gets how long one read may wait.
 *
 * Returns: milliseconds, 0 for ever
 *
 * Since: 1.0
 */
guint
ibb_transport_get_read_timeout (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  LOCKED (self, guint, self->channel->read_timeout);
}

/**
 * ibb_transport_set_read_timeout: (set-property read-timeout)
 * @self: a transport
 * @read_timeout: milliseconds, 0 for ever
 *
 * Sets how long one read may wait. It holds from the next read on.
 *
 * Since: 1.0
 */
void
ibb_transport_set_read_timeout (IBBTransport *self, guint read_timeout)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_TRANSPORT (self));

  if (self->channel == NULL)
    return;
  ibb_worker_lock (self->channel->worker);
  changed = self->channel->read_timeout != read_timeout;
  self->channel->read_timeout = read_timeout;
  ibb_worker_unlock (self->channel->worker);
  if (changed)
    g_object_notify (G_OBJECT (self), "read-timeout");
}

/**
 * ibb_transport_get_write_timeout: (get-property write-timeout)
 * @self: a transport
 *
 * Gets how long one write, flush, drain, shutdown or close may wait.
 *
 * Returns: milliseconds, 0 for ever
 *
 * Since: 1.0
 */
guint
ibb_transport_get_write_timeout (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), 0);

  LOCKED (self, guint, self->channel->write_timeout);
}

/**
 * ibb_transport_set_write_timeout: (set-property write-timeout)
 * @self: a transport
 * @write_timeout: milliseconds, 0 for ever
 *
 * Sets how long one write, flush, drain, shutdown or close may wait. It holds
 * from the next such call on.
 *
 * Since: 1.0
 */
void
ibb_transport_set_write_timeout (IBBTransport *self, guint write_timeout)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_TRANSPORT (self));

  if (self->channel == NULL)
    return;
  ibb_worker_lock (self->channel->worker);
  changed = self->channel->write_timeout != write_timeout;
  self->channel->write_timeout = write_timeout;
  ibb_worker_unlock (self->channel->worker);
  if (changed)
    g_object_notify (G_OBJECT (self), "write-timeout");
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
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);

  LOCKED (self, gboolean, self->channel->auto_flush);
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
  gboolean changed;

  g_return_if_fail (IBB_IS_TRANSPORT (self));

  if (self->channel == NULL)
    return;
  auto_flush = !!auto_flush;
  ibb_worker_lock (self->channel->worker);
  changed = self->channel->auto_flush != auto_flush;
  self->channel->auto_flush = auto_flush;
  ibb_session_set_auto_flush (self->channel->session, auto_flush, g_get_monotonic_time ());
  ibb_worker_update_locked (self->channel->worker);
  ibb_worker_unlock (self->channel->worker);
  if (changed)
    g_object_notify (G_OBJECT (self), "auto-flush");
}

/**
 * ibb_transport_get_half_close: (get-property half-close)
 * @self: a transport
 *
 * Gets whether this side may write on after the peer's close.
 *
 * Returns: TRUE if it may
 *
 * Since: 1.0
 */
gboolean
ibb_transport_get_half_close (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);

  LOCKED (self, gboolean, self->channel->half_close);
}

/**
 * ibb_transport_set_half_close: (set-property half-close)
 * @self: a transport
 * @half_close: TRUE to write on after the peer's close
 *
 * Sets whether this side may write on after the peer's close.
 *
 * Many peers answer nothing any more once they have closed; with them it only
 * delays the end (XEP-0047 §2.3).
 *
 * Since: 1.0
 */
void
ibb_transport_set_half_close (IBBTransport *self, gboolean half_close)
{
  gboolean changed;

  g_return_if_fail (IBB_IS_TRANSPORT (self));

  if (self->channel == NULL)
    return;
  half_close = !!half_close;
  ibb_worker_lock (self->channel->worker);
  changed = self->channel->half_close != half_close;
  self->channel->half_close = half_close;
  ibb_session_set_half_close (self->channel->session, half_close, g_get_monotonic_time ());
  ibb_worker_update_locked (self->channel->worker);
  ibb_worker_unlock (self->channel->worker);
  if (changed)
    g_object_notify (G_OBJECT (self), "half-close");
}

/**
 * ibb_transport_has_ended:
 * @self: a transport
 *
 * Tells whether both directions are over. Bytes that came before can still be
 * read. From any thread; it may be ahead of [signal@IBB.Transport::ended].
 *
 * Returns: TRUE once the session has ended
 *
 * Since: 1.0
 */
gboolean
ibb_transport_has_ended (IBBTransport *self)
{
  g_return_val_if_fail (IBB_IS_TRANSPORT (self), FALSE);

  /* Not whether the channel knows yet: it may be told a little later, and what
   * ibb_transport_dup_error () says goes by the session, too. */
  LOCKED (self, gboolean, ibb_session_get_state (session) == IBB_SESSION_ENDED);
}

/**
 * ibb_transport_dup_error:
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

  LOCKED (self, GError *, ibb_channel_new_error_locked (self->channel));
}
