/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of the properties of a service that are settings of its engine. The file is long
 * because each accessor has its own documentation. */

#include "config.h"

#include "ibb-service-private.h"

/* Define the accessors of the property of this name, a setting of the engine. is_valid: of a value
 * to set, which is written as value. */

#define GETTER(type, name)                                                                         \
  type ibb_service_get_##name (IBBService *self)                                                   \
  {                                                                                                \
    IBBSettings settings;                                                                          \
                                                                                                   \
    g_return_val_if_fail (IBB_IS_SERVICE (self), 0);                                               \
                                                                                                   \
    IBB_HOST_GET_SETTING (self->host, name, &settings.name);                                       \
    return settings.name;                                                                          \
  }

#define SETTER(type, name, value, is_valid)                                                        \
  void ibb_service_set_##name (IBBService *self, type name)                                        \
  {                                                                                                \
    const IBBSettings settings = { .name = value };                                                \
                                                                                                   \
    g_return_if_fail (IBB_IS_SERVICE (self));                                                      \
    g_return_if_fail (is_valid);                                                                   \
                                                                                                   \
    if (IBB_HOST_SET_SETTING (self->host, name, &settings.name))                                   \
      g_object_notify (G_OBJECT (self), #name);                                                    \
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
GETTER (guint, session_limit)

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

  ibb_inbox_note_limit (self->inbox);
  if (IBB_HOST_SET_SETTING (self->host, session_limit, &session_limit))
    g_object_notify (G_OBJECT (self), "session-limit");
}

/**
 * ibb_service_get_max_retries: (get-property max-retries)
 * @self: a service
 *
 * Gets how often a block is sent again that was refused with a temporary error.
 *
 * Returns: the value; see [property@IBB.Service:max-retries]
 *
 * Since: 1.0
 */
GETTER (guint, max_retries)

/**
 * ibb_service_set_max_retries: (set-property max-retries)
 * @self: a service
 * @max_retries: the value; see [property@IBB.Service:max-retries]
 *
 * Sets how often a block is sent again that was refused with a temporary error.
 *
 * Since: 1.0
 */
SETTER (guint, max_retries, max_retries, TRUE)

/**
 * ibb_service_get_initial_wait_time: (get-property initial-wait-time)
 * @self: a service
 *
 * Gets the wait before the first retry, in milliseconds.
 *
 * Returns: the value; see [property@IBB.Service:initial-wait-time]
 *
 * Since: 1.0
 */
GETTER (guint, initial_wait_time)

/**
 * ibb_service_set_initial_wait_time: (set-property initial-wait-time)
 * @self: a service
 * @initial_wait_time: the value; see [property@IBB.Service:initial-wait-time]
 *
 * Sets the wait before the first retry, in milliseconds.
 *
 * Since: 1.0
 */
SETTER (guint, initial_wait_time, initial_wait_time, TRUE)

/**
 * ibb_service_get_wait_backoff_factor: (get-property wait-backoff-factor)
 * @self: a service
 *
 * Gets the factor by which each wait before a retry is longer than the one
 * before.
 *
 * Returns: the value; see [property@IBB.Service:wait-backoff-factor]
 *
 * Since: 1.0
 */
GETTER (double, wait_backoff_factor)

/**
 * ibb_service_set_wait_backoff_factor: (set-property wait-backoff-factor)
 * @self: a service
 * @wait_backoff_factor: the value; see [property@IBB.Service:wait-backoff-factor]
 *
 * Sets the factor by which each wait before a retry is longer than the one
 * before.
 *
 * Since: 1.0
 */
SETTER (double,
        wait_backoff_factor,
        wait_backoff_factor,
        wait_backoff_factor >= 1.0 && wait_backoff_factor <= 1000.0)

/**
 * ibb_service_get_default_block_size: (get-property default-block-size)
 * @self: a service
 *
 * Gets the block size that is proposed when the caller says 0, in bytes.
 *
 * Returns: the value; see [property@IBB.Service:default-block-size]
 *
 * Since: 1.0
 */
GETTER (guint, default_block_size)

/**
 * ibb_service_set_default_block_size: (set-property default-block-size)
 * @self: a service
 * @default_block_size: the value; see [property@IBB.Service:default-block-size]
 *
 * Sets the block size that is proposed when the caller says 0, in bytes.
 *
 * Since: 1.0
 */
SETTER (guint,
        default_block_size,
        default_block_size,
        default_block_size >= 1 && default_block_size <= IBB_BLOCK_SIZE_MAX)

/**
 * ibb_service_get_max_block_size: (get-property max-block-size)
 * @self: a service
 *
 * Gets the largest block size that is accepted, in bytes.
 *
 * Returns: the value; see [property@IBB.Service:max-block-size]
 *
 * Since: 1.0
 */
GETTER (guint, max_block_size)

/**
 * ibb_service_set_max_block_size: (set-property max-block-size)
 * @self: a service
 * @max_block_size: the value; see [property@IBB.Service:max-block-size]
 *
 * Sets the largest block size that is accepted, in bytes.
 *
 * Since: 1.0
 */
SETTER (guint,
        max_block_size,
        max_block_size,
        max_block_size >= 1 && max_block_size <= IBB_BLOCK_SIZE_MAX)

/**
 * ibb_service_get_window: (get-property window)
 * @self: a service
 *
 * Gets the limit of unacknowledged bytes of each session.
 *
 * Returns: the value; see [property@IBB.Service:window]
 *
 * Since: 1.0
 */
GETTER (guint64, window)

/**
 * ibb_service_set_window: (set-property window)
 * @self: a service
 * @window: the value; see [property@IBB.Service:window]
 *
 * Sets the limit of unacknowledged bytes of each session.
 *
 * Since: 1.0
 */
SETTER (guint64, window, MIN (window, G_MAXSIZE), TRUE)

/**
 * ibb_service_get_send_buffer_size: (get-property send-buffer-size)
 * @self: a service
 *
 * Gets the size of the send buffer of each session, in bytes.
 *
 * Returns: the value; see [property@IBB.Service:send-buffer-size]
 *
 * Since: 1.0
 */
GETTER (guint64, send_buffer_size)

/**
 * ibb_service_set_send_buffer_size: (set-property send-buffer-size)
 * @self: a service
 * @send_buffer_size: the value; see [property@IBB.Service:send-buffer-size]
 *
 * Sets the size of the send buffer of each session, in bytes.
 *
 * Since: 1.0
 */
SETTER (guint64, send_buffer_size, MIN (send_buffer_size, G_MAXSIZE), TRUE)

/**
 * ibb_service_get_receive_buffer_size: (get-property receive-buffer-size)
 * @self: a service
 *
 * Gets the limit of unread bytes of each session, above which acknowledgements
 * are delayed.
 *
 * Returns: the value; see [property@IBB.Service:receive-buffer-size]
 *
 * Since: 1.0
 */
GETTER (guint64, receive_buffer_size)

/**
 * ibb_service_set_receive_buffer_size: (set-property receive-buffer-size)
 * @self: a service
 * @receive_buffer_size: the value; see [property@IBB.Service:receive-buffer-size]
 *
 * Sets the limit of unread bytes of each session, above which acknowledgements
 * are delayed.
 *
 * Since: 1.0
 */
SETTER (guint64, receive_buffer_size, MIN (receive_buffer_size, G_MAXSIZE), TRUE)

/**
 * ibb_service_get_receive_memory_limit: (get-property receive-memory-limit)
 * @self: a service
 *
 * Gets the limit of unread bytes of all sessions together, above which
 * acknowledgements are delayed.
 *
 * Returns: the value; see [property@IBB.Service:receive-memory-limit]
 *
 * Since: 1.0
 */
GETTER (guint64, receive_memory_limit)

/**
 * ibb_service_set_receive_memory_limit: (set-property receive-memory-limit)
 * @self: a service
 * @receive_memory_limit: the value; see [property@IBB.Service:receive-memory-limit]
 *
 * Sets the limit of unread bytes of all sessions together, above which
 * acknowledgements are delayed.
 *
 * Since: 1.0
 */
SETTER (guint64, receive_memory_limit, MIN (receive_memory_limit, G_MAXSIZE), TRUE)

/**
 * ibb_service_get_open_timeout: (get-property open-timeout)
 * @self: a service
 *
 * Gets how long a peer may take to answer an open, in milliseconds.
 *
 * Returns: the value; see [property@IBB.Service:open-timeout]
 *
 * Since: 1.0
 */
GETTER (guint, open_timeout)

/**
 * ibb_service_set_open_timeout: (set-property open-timeout)
 * @self: a service
 * @open_timeout: the value; see [property@IBB.Service:open-timeout]
 *
 * Sets how long a peer may take to answer an open, in milliseconds.
 *
 * Since: 1.0
 */
SETTER (guint, open_timeout, open_timeout, TRUE)

/**
 * ibb_service_get_accept_timeout: (get-property accept-timeout)
 * @self: a service
 *
 * Gets how long the application may take to answer a request, in milliseconds.
 *
 * Returns: the value; see [property@IBB.Service:accept-timeout]
 *
 * Since: 1.0
 */
GETTER (guint, accept_timeout)

/**
 * ibb_service_set_accept_timeout: (set-property accept-timeout)
 * @self: a service
 * @accept_timeout: the value; see [property@IBB.Service:accept-timeout]
 *
 * Sets how long the application may take to answer a request, in milliseconds.
 *
 * Since: 1.0
 */
SETTER (guint, accept_timeout, accept_timeout, TRUE)

/**
 * ibb_service_get_peer_timeout: (get-property peer-timeout)
 * @self: a service
 *
 * Gets how long a peer may leave a question unanswered, in milliseconds.
 *
 * Returns: the value; see [property@IBB.Service:peer-timeout]
 *
 * Since: 1.0
 */
GETTER (guint, peer_timeout)

/**
 * ibb_service_set_peer_timeout: (set-property peer-timeout)
 * @self: a service
 * @peer_timeout: the value; see [property@IBB.Service:peer-timeout]
 *
 * Sets how long a peer may leave a question unanswered, in milliseconds.
 *
 * Since: 1.0
 */
SETTER (guint, peer_timeout, peer_timeout, TRUE)

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
GETTER (gboolean, resume_sessions)

/**
 * ibb_service_set_resume_sessions: (set-property resume-sessions)
 * @self: a service
 * @resume_sessions: TRUE or FALSE; see [property@IBB.Service:resume-sessions]
 *
 * Sets whether new sessions outlive their connection.
 *
 * Since: 1.0
 */
SETTER (gboolean, resume_sessions, !!resume_sessions, TRUE)

/**
 * ibb_service_get_resume_timeout: (get-property resume-timeout)
 * @self: a service
 *
 * Gets how long a session waits for its connection and its peer, in milliseconds.
 *
 * Returns: the value; see [property@IBB.Service:resume-timeout]
 *
 * Since: 1.0
 */
GETTER (guint, resume_timeout)

/**
 * ibb_service_set_resume_timeout: (set-property resume-timeout)
 * @self: a service
 * @resume_timeout: the value; see [property@IBB.Service:resume-timeout]
 *
 * Sets how long a session waits for its connection and its peer, in milliseconds.
 *
 * Since: 1.0
 */
SETTER (guint, resume_timeout, resume_timeout, TRUE)

/**
 * ibb_service_get_half_close: (get-property half-close)
 * @self: a service
 *
 * Gets whether our side of new sessions may write on after the close of any peer.
 *
 * Returns: TRUE if so; see [property@IBB.Service:half-close]
 *
 * Since: 1.0
 */
GETTER (gboolean, half_close)

/**
 * ibb_service_set_half_close: (set-property half-close)
 * @self: a service
 * @half_close: TRUE or FALSE; see [property@IBB.Service:half-close]
 *
 * Sets whether our side of new sessions may write on after the close of any peer.
 *
 * Since: 1.0
 */
SETTER (gboolean, half_close, !!half_close, TRUE)
