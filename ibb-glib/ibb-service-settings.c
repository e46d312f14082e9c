/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of the service's properties: each reads or writes the engine's
 * settings, which hold from the next time that the engine looks at them. Long
 * and flat, because each is documented for itself. */

#include "config.h"

#include "ibb-service-private.h"

static IBBSettings *
lock_settings (IBBService *self)
{
  ibb_worker_lock (self->worker);
  return ibb_engine_get_settings (self->worker->engine);
}

/* Sessions that wait for room, or to send, may not need to any more. */
static void
apply_settings_locked (IBBService *self, gboolean changed)
{
  if (changed)
    ibb_engine_settings_changed (self->worker->engine, g_get_monotonic_time ());
}

static void
unlock_settings (IBBService *self)
{
  ibb_worker_update_locked (self->worker);
  ibb_worker_unlock (self->worker);
}

/**
 * ibb_service_get_session_limit: (get-property session-limit)
 * @self: a service
 *
 * Gets how many sessions there may be for an unexpected open to be let in.
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

  session_limit = lock_settings (self)->session_limit;
  unlock_settings (self);
  return session_limit;
}

/**
 * ibb_service_set_session_limit: (set-property session-limit)
 * @self: a service
 * @session_limit: the value; see [property@IBB.Service:session-limit]
 *
 * Sets how many sessions there may be for an unexpected open to be let in.
 *
 * Since: 1.0
 */
void
ibb_service_set_session_limit (IBBService *self, guint session_limit)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->session_limit != session_limit;
  settings->session_limit = session_limit;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "session-limit");
}

/**
 * ibb_service_get_max_retries: (get-property max-retries)
 * @self: a service
 *
 * Gets how often a block refused for a passing reason is sent again.
 *
 * Returns: the value; see [property@IBB.Service:max-retries]
 *
 * Since: 1.0
 */
guint
ibb_service_get_max_retries (IBBService *self)
{
  guint max_retries;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  max_retries = lock_settings (self)->max_retries;
  unlock_settings (self);
  return max_retries;
}

/**
 * ibb_service_set_max_retries: (set-property max-retries)
 * @self: a service
 * @max_retries: the value; see [property@IBB.Service:max-retries]
 *
 * Sets how often a block refused for a passing reason is sent again.
 *
 * Since: 1.0
 */
void
ibb_service_set_max_retries (IBBService *self, guint max_retries)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->max_retries != max_retries;
  settings->max_retries = max_retries;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "max-retries");
}

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
guint
ibb_service_get_initial_wait_time (IBBService *self)
{
  guint initial_wait_time;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  initial_wait_time = lock_settings (self)->initial_wait_time;
  unlock_settings (self);
  return initial_wait_time;
}

/**
 * ibb_service_set_initial_wait_time: (set-property initial-wait-time)
 * @self: a service
 * @initial_wait_time: the value; see [property@IBB.Service:initial-wait-time]
 *
 * Sets the wait before the first retry, in milliseconds.
 *
 * Since: 1.0
 */
void
ibb_service_set_initial_wait_time (IBBService *self, guint initial_wait_time)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->initial_wait_time != initial_wait_time;
  settings->initial_wait_time = initial_wait_time;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "initial-wait-time");
}

/**
 * ibb_service_get_wait_backoff_factor: (get-property wait-backoff-factor)
 * @self: a service
 *
 * Gets by what factor each further wait is longer.
 *
 * Returns: the value; see [property@IBB.Service:wait-backoff-factor]
 *
 * Since: 1.0
 */
double
ibb_service_get_wait_backoff_factor (IBBService *self)
{
  double wait_backoff_factor;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  wait_backoff_factor = lock_settings (self)->wait_backoff_factor;
  unlock_settings (self);
  return wait_backoff_factor;
}

/**
 * ibb_service_set_wait_backoff_factor: (set-property wait-backoff-factor)
 * @self: a service
 * @wait_backoff_factor: the value; see [property@IBB.Service:wait-backoff-factor]
 *
 * Sets by what factor each further wait is longer.
 *
 * Since: 1.0
 */
void
ibb_service_set_wait_backoff_factor (IBBService *self, double wait_backoff_factor)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));
  g_return_if_fail (wait_backoff_factor >= 1.0 && wait_backoff_factor <= 1000.0);

  settings = lock_settings (self);
  changed = ABS (settings->wait_backoff_factor - wait_backoff_factor) > 0.0;
  settings->wait_backoff_factor = wait_backoff_factor;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "wait-backoff-factor");
}

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
guint
ibb_service_get_default_block_size (IBBService *self)
{
  guint default_block_size;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  default_block_size = lock_settings (self)->default_block_size;
  unlock_settings (self);
  return default_block_size;
}

/**
 * ibb_service_set_default_block_size: (set-property default-block-size)
 * @self: a service
 * @default_block_size: the value; see [property@IBB.Service:default-block-size]
 *
 * Sets the block size that is proposed when the caller says 0, in bytes.
 *
 * Since: 1.0
 */
void
ibb_service_set_default_block_size (IBBService *self, guint default_block_size)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));
  g_return_if_fail (default_block_size >= 1 && default_block_size <= IBB_BLOCK_SIZE_MAX);

  settings = lock_settings (self);
  changed = settings->default_block_size != default_block_size;
  settings->default_block_size = default_block_size;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "default-block-size");
}

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
guint
ibb_service_get_max_block_size (IBBService *self)
{
  guint max_block_size;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  max_block_size = lock_settings (self)->max_block_size;
  unlock_settings (self);
  return max_block_size;
}

/**
 * ibb_service_set_max_block_size: (set-property max-block-size)
 * @self: a service
 * @max_block_size: the value; see [property@IBB.Service:max-block-size]
 *
 * Sets the largest block size that is accepted, in bytes.
 *
 * Since: 1.0
 */
void
ibb_service_set_max_block_size (IBBService *self, guint max_block_size)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));
  g_return_if_fail (max_block_size >= 1 && max_block_size <= IBB_BLOCK_SIZE_MAX);

  settings = lock_settings (self);
  changed = settings->max_block_size != max_block_size;
  settings->max_block_size = max_block_size;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "max-block-size");
}

/**
 * ibb_service_get_block_size_fallback: (get-property block-size-fallback)
 * @self: a service
 *
 * Gets whether a refused block size is halved and proposed again.
 *
 * Returns: TRUE if so; see [property@IBB.Service:block-size-fallback]
 *
 * Since: 1.0
 */
gboolean
ibb_service_get_block_size_fallback (IBBService *self)
{
  gboolean block_size_fallback;

  g_return_val_if_fail (IBB_IS_SERVICE (self), FALSE);

  block_size_fallback = lock_settings (self)->block_size_fallback;
  unlock_settings (self);
  return block_size_fallback;
}

/**
 * ibb_service_set_block_size_fallback: (set-property block-size-fallback)
 * @self: a service
 * @block_size_fallback: TRUE or FALSE; see [property@IBB.Service:block-size-fallback]
 *
 * Sets whether a refused block size is halved and proposed again.
 *
 * Since: 1.0
 */
void
ibb_service_set_block_size_fallback (IBBService *self, gboolean block_size_fallback)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  block_size_fallback = !!block_size_fallback;
  settings = lock_settings (self);
  changed = settings->block_size_fallback != block_size_fallback;
  settings->block_size_fallback = block_size_fallback;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "block-size-fallback");
}

/**
 * ibb_service_get_window: (get-property window)
 * @self: a service
 *
 * Gets how many bytes may be unacknowledged.
 *
 * Returns: the value; see [property@IBB.Service:window]
 *
 * Since: 1.0
 */
guint64
ibb_service_get_window (IBBService *self)
{
  guint64 window;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  window = lock_settings (self)->window;
  unlock_settings (self);
  return window;
}

/**
 * ibb_service_set_window: (set-property window)
 * @self: a service
 * @window: the value; see [property@IBB.Service:window]
 *
 * Sets how many bytes may be unacknowledged.
 *
 * Since: 1.0
 */
void
ibb_service_set_window (IBBService *self, guint64 window)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->window != MIN (window, G_MAXSIZE);
  settings->window = MIN (window, G_MAXSIZE);
  apply_settings_locked (self, changed);
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "window");
}

/**
 * ibb_service_get_send_buffer_size: (get-property send-buffer-size)
 * @self: a service
 *
 * Gets how many bytes a write may leave behind per session.
 *
 * Returns: the value; see [property@IBB.Service:send-buffer-size]
 *
 * Since: 1.0
 */
guint64
ibb_service_get_send_buffer_size (IBBService *self)
{
  guint64 send_buffer_size;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  send_buffer_size = lock_settings (self)->send_buffer_size;
  unlock_settings (self);
  return send_buffer_size;
}

/**
 * ibb_service_set_send_buffer_size: (set-property send-buffer-size)
 * @self: a service
 * @send_buffer_size: the value; see [property@IBB.Service:send-buffer-size]
 *
 * Sets how many bytes a write may leave behind per session.
 *
 * Since: 1.0
 */
void
ibb_service_set_send_buffer_size (IBBService *self, guint64 send_buffer_size)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->send_buffer_size != MIN (send_buffer_size, G_MAXSIZE);
  settings->send_buffer_size = MIN (send_buffer_size, G_MAXSIZE);
  apply_settings_locked (self, changed);
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "send-buffer-size");
}

/**
 * ibb_service_get_receive_buffer_size: (get-property receive-buffer-size)
 * @self: a service
 *
 * Gets how many bytes of a session may be unread before acknowledgements are withheld.
 *
 * Returns: the value; see [property@IBB.Service:receive-buffer-size]
 *
 * Since: 1.0
 */
guint64
ibb_service_get_receive_buffer_size (IBBService *self)
{
  guint64 receive_buffer_size;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  receive_buffer_size = lock_settings (self)->receive_buffer_size;
  unlock_settings (self);
  return receive_buffer_size;
}

/**
 * ibb_service_set_receive_buffer_size: (set-property receive-buffer-size)
 * @self: a service
 * @receive_buffer_size: the value; see [property@IBB.Service:receive-buffer-size]
 *
 * Sets how many bytes of a session may be unread before acknowledgements are withheld.
 *
 * Since: 1.0
 */
void
ibb_service_set_receive_buffer_size (IBBService *self, guint64 receive_buffer_size)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->receive_buffer_size != MIN (receive_buffer_size, G_MAXSIZE);
  settings->receive_buffer_size = MIN (receive_buffer_size, G_MAXSIZE);
  apply_settings_locked (self, changed);
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "receive-buffer-size");
}

/**
 * ibb_service_get_receive_memory_limit: (get-property receive-memory-limit)
 * @self: a service
 *
 * Gets how many bytes of all sessions together may be unread before acknowledgements are withheld.
 *
 * Returns: the value; see [property@IBB.Service:receive-memory-limit]
 *
 * Since: 1.0
 */
guint64
ibb_service_get_receive_memory_limit (IBBService *self)
{
  guint64 receive_memory_limit;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  receive_memory_limit = lock_settings (self)->receive_memory_limit;
  unlock_settings (self);
  return receive_memory_limit;
}

/**
 * ibb_service_set_receive_memory_limit: (set-property receive-memory-limit)
 * @self: a service
 * @receive_memory_limit: the value; see [property@IBB.Service:receive-memory-limit]
 *
 * Sets how many bytes of all sessions together may be unread before acknowledgements are withheld.
 *
 * Since: 1.0
 */
void
ibb_service_set_receive_memory_limit (IBBService *self, guint64 receive_memory_limit)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->receive_memory_limit != MIN (receive_memory_limit, G_MAXSIZE);
  settings->receive_memory_limit = MIN (receive_memory_limit, G_MAXSIZE);
  apply_settings_locked (self, changed);
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "receive-memory-limit");
}

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
guint
ibb_service_get_open_timeout (IBBService *self)
{
  guint open_timeout;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  open_timeout = lock_settings (self)->open_timeout;
  unlock_settings (self);
  return open_timeout;
}

/**
 * ibb_service_set_open_timeout: (set-property open-timeout)
 * @self: a service
 * @open_timeout: the value; see [property@IBB.Service:open-timeout]
 *
 * Sets how long a peer may take to answer an open, in milliseconds.
 *
 * Since: 1.0
 */
void
ibb_service_set_open_timeout (IBBService *self, guint open_timeout)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->open_timeout != open_timeout;
  settings->open_timeout = open_timeout;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "open-timeout");
}

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
guint
ibb_service_get_accept_timeout (IBBService *self)
{
  guint accept_timeout;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  accept_timeout = lock_settings (self)->accept_timeout;
  unlock_settings (self);
  return accept_timeout;
}

/**
 * ibb_service_set_accept_timeout: (set-property accept-timeout)
 * @self: a service
 * @accept_timeout: the value; see [property@IBB.Service:accept-timeout]
 *
 * Sets how long the application may take to answer a request, in milliseconds.
 *
 * Since: 1.0
 */
void
ibb_service_set_accept_timeout (IBBService *self, guint accept_timeout)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->accept_timeout != accept_timeout;
  settings->accept_timeout = accept_timeout;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "accept-timeout");
}

/**
 * ibb_service_get_close_timeout: (get-property close-timeout)
 * @self: a service
 *
 * Gets how long a peer may take to answer a close, in milliseconds.
 *
 * Returns: the value; see [property@IBB.Service:close-timeout]
 *
 * Since: 1.0
 */
guint
ibb_service_get_close_timeout (IBBService *self)
{
  guint close_timeout;

  g_return_val_if_fail (IBB_IS_SERVICE (self), 0);

  close_timeout = lock_settings (self)->close_timeout;
  unlock_settings (self);
  return close_timeout;
}

/**
 * ibb_service_set_close_timeout: (set-property close-timeout)
 * @self: a service
 * @close_timeout: the value; see [property@IBB.Service:close-timeout]
 *
 * Sets how long a peer may take to answer a close, in milliseconds.
 *
 * Since: 1.0
 */
void
ibb_service_set_close_timeout (IBBService *self, guint close_timeout)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  settings = lock_settings (self);
  changed = settings->close_timeout != close_timeout;
  settings->close_timeout = close_timeout;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "close-timeout");
}

/**
 * ibb_service_get_half_close: (get-property half-close)
 * @self: a service
 *
 * Gets whether our side of new sessions may write on after the peer’s close.
 *
 * Returns: TRUE if so; see [property@IBB.Service:half-close]
 *
 * Since: 1.0
 */
gboolean
ibb_service_get_half_close (IBBService *self)
{
  gboolean half_close;

  g_return_val_if_fail (IBB_IS_SERVICE (self), FALSE);

  half_close = lock_settings (self)->half_close;
  unlock_settings (self);
  return half_close;
}

/**
 * ibb_service_set_half_close: (set-property half-close)
 * @self: a service
 * @half_close: TRUE or FALSE; see [property@IBB.Service:half-close]
 *
 * Sets whether our side of new sessions may write on after the peer’s close.
 *
 * Since: 1.0
 */
void
ibb_service_set_half_close (IBBService *self, gboolean half_close)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  half_close = !!half_close;
  settings = lock_settings (self);
  changed = settings->half_close != half_close;
  settings->half_close = half_close;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "half-close");
}

/**
 * ibb_service_get_strict: (get-property strict)
 * @self: a service
 *
 * Gets whether white space and stray pad bits in base64 are refused.
 *
 * Returns: TRUE if so; see [property@IBB.Service:strict]
 *
 * Since: 1.0
 */
gboolean
ibb_service_get_strict (IBBService *self)
{
  gboolean strict;

  g_return_val_if_fail (IBB_IS_SERVICE (self), FALSE);

  strict = lock_settings (self)->strict;
  unlock_settings (self);
  return strict;
}

/**
 * ibb_service_set_strict: (set-property strict)
 * @self: a service
 * @strict: TRUE or FALSE; see [property@IBB.Service:strict]
 *
 * Sets whether white space and stray pad bits in base64 are refused.
 *
 * Since: 1.0
 */
void
ibb_service_set_strict (IBBService *self, gboolean strict)
{
  IBBSettings *settings;
  gboolean     changed;

  g_return_if_fail (IBB_IS_SERVICE (self));

  strict = !!strict;
  settings = lock_settings (self);
  changed = settings->strict != strict;
  settings->strict = strict;
  unlock_settings (self);
  if (changed)
    g_object_notify (G_OBJECT (self), "strict");
}
