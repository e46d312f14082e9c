/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of IBBComponent's properties, for C. */

#include "config.h"

#include "xmpp/ibb-component-private.h"

/* These are not set by g_object_set (): it freezes the notifications of all threads, and would emit
 * those of the state in the thread of the caller. */
static IBBAccount *
get_account (IBBComponent *self)
{
  return ibb_link_get_account (ibb_component_get_link (self));
}

static IBBAddresses *
get_addresses (IBBComponent *self)
{
  return ibb_link_get_addresses (ibb_component_get_link (self));
}

static IBBKeepalive *
get_keepalive (IBBComponent *self)
{
  return ibb_link_get_keepalive (ibb_component_get_link (self));
}

/**
 * ibb_component_set_secret: (set-property secret)
 * @self: a component
 * @secret: (nullable): the secret, or %NULL for an empty one
 *
 * Sets the secret that the next login uses; see [property@IBB.Component:secret].
 *
 * Since: 1.0
 */
void
ibb_component_set_secret (IBBComponent *self, const char *secret)
{
  g_return_if_fail (IBB_IS_COMPONENT (self));

  if (ibb_account_set_password (get_account (self), secret))
    g_object_notify (G_OBJECT (self), "secret");
}

/**
 * ibb_component_dup_host: (get-property host)
 * @self: a component
 *
 * Gets the host that the next login connects to; see [property@IBB.Component:host].
 *
 * Returns: (transfer full): the host
 *
 * Since: 1.0
 */
char *
ibb_component_dup_host (IBBComponent *self)
{
  char *host = NULL;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), NULL);

  g_object_get (self, "host", &host, NULL);
  return host;
}

/**
 * ibb_component_set_host: (set-property host)
 * @self: a component
 * @host: (nullable): the host, or %NULL for the default
 *
 * Sets the host that the next login connects to; see [property@IBB.Component:host].
 *
 * Since: 1.0
 */
void
ibb_component_set_host (IBBComponent *self, const char *host)
{
  g_return_if_fail (IBB_IS_COMPONENT (self));

  if (ibb_account_set_host (get_account (self), host != NULL ? host : IBB_COMPONENT_DEFAULT_HOST))
    g_object_notify (G_OBJECT (self), "host");
}

/**
 * ibb_component_get_port: (get-property port)
 * @self: a component
 *
 * Gets the port that the next login connects to; see [property@IBB.Component:port].
 *
 * Returns: the port
 *
 * Since: 1.0
 */
guint
ibb_component_get_port (IBBComponent *self)
{
  guint port = 0;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), 0);

  g_object_get (self, "port", &port, NULL);
  return port;
}

/**
 * ibb_component_set_port: (set-property port)
 * @self: a component
 * @port: the port, 1 to 65535
 *
 * Sets the port that the next login connects to; see [property@IBB.Component:port].
 *
 * Since: 1.0
 */
void
ibb_component_set_port (IBBComponent *self, guint port)
{
  g_return_if_fail (IBB_IS_COMPONENT (self));
  g_return_if_fail (port >= 1 && port <= G_MAXUINT16);

  if (ibb_account_set_port (get_account (self), port))
    g_object_notify (G_OBJECT (self), "port");
}

/**
 * ibb_component_get_any_address: (get-property any-address)
 * @self: a component
 *
 * Gets whether each address of the domain exists; see [property@IBB.Component:any-address].
 *
 * Returns: TRUE if each exists
 *
 * Since: 1.0
 */
gboolean
ibb_component_get_any_address (IBBComponent *self)
{
  gboolean any_address = FALSE;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);

  g_object_get (self, "any-address", &any_address, NULL);
  return any_address;
}

/**
 * ibb_component_set_any_address: (set-property any-address)
 * @self: a component
 * @any_address: whether each exists
 *
 * Sets whether each address of the domain exists; see [property@IBB.Component:any-address].
 *
 * Since: 1.0
 */
void
ibb_component_set_any_address (IBBComponent *self, gboolean any_address)
{
  g_return_if_fail (IBB_IS_COMPONENT (self));

  if (ibb_addresses_set_any (get_addresses (self), any_address))
    g_object_notify (G_OBJECT (self), "any-address");
}

/**
 * ibb_component_get_auto_reconnect: (get-property auto-reconnect)
 * @self: a component
 *
 * Gets whether the component logs in again by itself; see [property@IBB.Component:auto-reconnect].
 *
 * Returns: TRUE if it does
 *
 * Since: 1.0
 */
gboolean
ibb_component_get_auto_reconnect (IBBComponent *self)
{
  gboolean auto_reconnect = FALSE;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);

  g_object_get (self, "auto-reconnect", &auto_reconnect, NULL);
  return auto_reconnect;
}

/**
 * ibb_component_set_auto_reconnect: (set-property auto-reconnect)
 * @self: a component
 * @auto_reconnect: whether it does
 *
 * Sets whether the component logs in again by itself; see [property@IBB.Component:auto-reconnect].
 *
 * Since: 1.0
 */
void
ibb_component_set_auto_reconnect (IBBComponent *self, gboolean auto_reconnect)
{
  g_return_if_fail (IBB_IS_COMPONENT (self));

  if (ibb_link_set_auto_reconnect (ibb_component_get_link (self), auto_reconnect))
    g_object_notify (G_OBJECT (self), "auto-reconnect");
}

/**
 * ibb_component_get_keepalive_interval: (get-property keepalive-interval)
 * @self: a component
 *
 * Gets after which idle time the server is asked for a sign of life; see
 * [property@IBB.Component:keepalive-interval].
 *
 * Returns: milliseconds; 0: it is not asked
 *
 * Since: 1.0
 */
guint
ibb_component_get_keepalive_interval (IBBComponent *self)
{
  guint keepalive_interval = 0;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), 0);

  g_object_get (self, "keepalive-interval", &keepalive_interval, NULL);
  return keepalive_interval;
}

/**
 * ibb_component_set_keepalive_interval: (set-property keepalive-interval)
 * @self: a component
 * @keepalive_interval: milliseconds; 0: it is not asked
 *
 * Sets after which idle time the server is asked for a sign of life; see
 * [property@IBB.Component:keepalive-interval].
 *
 * Since: 1.0
 */
void
ibb_component_set_keepalive_interval (IBBComponent *self, guint keepalive_interval)
{
  g_return_if_fail (IBB_IS_COMPONENT (self));
  g_return_if_fail (keepalive_interval <= G_MAXINT);

  if (ibb_keepalive_set_interval (get_keepalive (self), keepalive_interval))
    g_object_notify (G_OBJECT (self), "keepalive-interval");
}

/**
 * ibb_component_get_keepalive_timeout: (get-property keepalive-timeout)
 * @self: a component
 *
 * Gets how long the server may take to give a sign of life; see
 * [property@IBB.Component:keepalive-timeout].
 *
 * Returns: milliseconds; 0: for ever
 *
 * Since: 1.0
 */
guint
ibb_component_get_keepalive_timeout (IBBComponent *self)
{
  guint keepalive_timeout = 0;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), 0);

  g_object_get (self, "keepalive-timeout", &keepalive_timeout, NULL);
  return keepalive_timeout;
}

/**
 * ibb_component_set_keepalive_timeout: (set-property keepalive-timeout)
 * @self: a component
 * @keepalive_timeout: milliseconds; 0: for ever
 *
 * Sets how long the server may take to give a sign of life; see
 * [property@IBB.Component:keepalive-timeout].
 *
 * Since: 1.0
 */
void
ibb_component_set_keepalive_timeout (IBBComponent *self, guint keepalive_timeout)
{
  g_return_if_fail (IBB_IS_COMPONENT (self));
  g_return_if_fail (keepalive_timeout <= G_MAXINT);

  if (ibb_keepalive_set_timeout (get_keepalive (self), keepalive_timeout))
    g_object_notify (G_OBJECT (self), "keepalive-timeout");
}

/**
 * ibb_component_get_state: (get-property state)
 * @self: a component
 *
 * Gets the state of the connection; see [property@IBB.Component:state].
 *
 * Returns: the state
 *
 * Since: 1.0
 */
IBBClientState
ibb_component_get_state (IBBComponent *self)
{
  IBBClientState state = IBB_CLIENT_STATE_OFFLINE;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), IBB_CLIENT_STATE_OFFLINE);

  g_object_get (self, "state", &state, NULL);
  return state;
}

/**
 * ibb_component_dup_disconnect_error: (get-property disconnect-error)
 * @self: a component
 *
 * Gets why the component is not online; see [property@IBB.Component:disconnect-error].
 *
 * Returns: (transfer full) (nullable): the error, or %NULL
 *
 * Since: 1.0
 */
GError *
ibb_component_dup_disconnect_error (IBBComponent *self)
{
  GError *error = NULL;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), NULL);

  g_object_get (self, "disconnect-error", &error, NULL);
  return error;
}
