/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The accessors of those properties of IBBClient that say how to reach the server, for C. */

#include "config.h"

#include "xmpp/ibb-client-private.h"

/* For why these are not set by g_object_set (), see ibb-client-settings.c. */
static IBBAccount *
get_account (IBBClient *self)
{
  return ibb_link_get_account (ibb_client_get_link (self));
}

/**
 * ibb_client_dup_host: (get-property host)
 * @self: a client
 *
 * Gets the host that the next login connects to; see
 * [property@IBB.Client:host]. It is a copy, because another thread may set the
 * property at any time.
 *
 * Returns: (transfer full) (nullable): the host, or %NULL: the one that DNS
 *   names for the domain
 *
 * Since: 1.0
 */
char *
ibb_client_dup_host (IBBClient *self)
{
  char *host = NULL;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_object_get (self, "host", &host, NULL);
  return host;
}

/**
 * ibb_client_set_host: (set-property host)
 * @self: a client
 * @host: (nullable): the host, or %NULL: the one that DNS names for the domain
 *
 * Sets the host that the next login connects to; see [property@IBB.Client:host].
 *
 * Since: 1.0
 */
void
ibb_client_set_host (IBBClient *self, const char *host)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_host (get_account (self), host))
    g_object_notify (G_OBJECT (self), "host");
}

/**
 * ibb_client_get_port: (get-property port)
 * @self: a client
 *
 * Gets the port that the next login connects to; see [property@IBB.Client:port].
 *
 * Returns: the port, or 0: see [property@IBB.Client:port]
 *
 * Since: 1.0
 */
guint
ibb_client_get_port (IBBClient *self)
{
  guint port = 0;

  g_return_val_if_fail (IBB_IS_CLIENT (self), 0);

  g_object_get (self, "port", &port, NULL);
  return port;
}

/**
 * ibb_client_set_port: (set-property port)
 * @self: a client
 * @port: the port, or 0: see [property@IBB.Client:port]
 *
 * Sets the port that the next login connects to; see [property@IBB.Client:port].
 *
 * Since: 1.0
 */
void
ibb_client_set_port (IBBClient *self, guint port)
{
  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (port <= G_MAXUINT16);

  if (ibb_account_set_port (get_account (self), port))
    g_object_notify (G_OBJECT (self), "port");
}

/**
 * ibb_client_get_tls_mode: (get-property tls-mode)
 * @self: a client
 *
 * Gets how the next login encrypts the connection; see
 * [property@IBB.Client:tls-mode].
 *
 * Returns: how to encrypt
 *
 * Since: 1.0
 */
IBBTlsMode
ibb_client_get_tls_mode (IBBClient *self)
{
  IBBTlsMode tls_mode = IBB_TLS_MODE_AUTOMATIC;

  g_return_val_if_fail (IBB_IS_CLIENT (self), IBB_TLS_MODE_AUTOMATIC);

  g_object_get (self, "tls-mode", &tls_mode, NULL);
  return tls_mode;
}

/**
 * ibb_client_set_tls_mode: (set-property tls-mode)
 * @self: a client
 * @tls_mode: how to encrypt
 *
 * Sets how the next login encrypts the connection; see
 * [property@IBB.Client:tls-mode].
 *
 * Since: 1.0
 */
void
ibb_client_set_tls_mode (IBBClient *self, IBBTlsMode tls_mode)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_tls_mode (get_account (self), tls_mode))
    g_object_notify (G_OBJECT (self), "tls-mode");
}

/**
 * ibb_client_get_websocket_mode: (get-property websocket-mode)
 * @self: a client
 *
 * Gets whether the next login goes over WebSocket; see
 * [property@IBB.Client:websocket-mode].
 *
 * Returns: when to use it
 *
 * Since: 1.0
 */
IBBWebsocketMode
ibb_client_get_websocket_mode (IBBClient *self)
{
  IBBWebsocketMode websocket_mode = IBB_WEBSOCKET_MODE_NEVER;

  g_return_val_if_fail (IBB_IS_CLIENT (self), IBB_WEBSOCKET_MODE_NEVER);

  g_object_get (self, "websocket-mode", &websocket_mode, NULL);
  return websocket_mode;
}

/**
 * ibb_client_set_websocket_mode: (set-property websocket-mode)
 * @self: a client
 * @websocket_mode: when to use it
 *
 * Sets whether the next login goes over WebSocket; see
 * [property@IBB.Client:websocket-mode].
 *
 * Since: 1.0
 */
void
ibb_client_set_websocket_mode (IBBClient *self, IBBWebsocketMode websocket_mode)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_websocket_mode (get_account (self), websocket_mode))
    g_object_notify (G_OBJECT (self), "websocket-mode");
}

/**
 * ibb_client_dup_websocket_uri: (get-property websocket-uri)
 * @self: a client
 *
 * Gets the WebSocket that the next login connects to; see
 * [property@IBB.Client:websocket-uri].
 *
 * Returns: (transfer full) (nullable): the URL, or %NULL: the one that the server names
 *
 * Since: 1.0
 */
char *
ibb_client_dup_websocket_uri (IBBClient *self)
{
  char *websocket_uri = NULL;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_object_get (self, "websocket-uri", &websocket_uri, NULL);
  return websocket_uri;
}

/**
 * ibb_client_set_websocket_uri: (set-property websocket-uri)
 * @self: a client
 * @websocket_uri: (nullable): the URL, or %NULL: the one that the server names
 *
 * Sets the WebSocket that the next login connects to; see
 * [property@IBB.Client:websocket-uri]. An invalid one makes the login fail.
 *
 * Since: 1.0
 */
void
ibb_client_set_websocket_uri (IBBClient *self, const char *websocket_uri)
{
  g_return_if_fail (IBB_IS_CLIENT (self));

  if (ibb_account_set_websocket_uri (get_account (self), websocket_uri))
    g_object_notify (G_OBJECT (self), "websocket-uri");
}

/**
 * ibb_client_dup_tls_database: (get-property tls-database)
 * @self: a client
 *
 * Gets the authorities that the next login trusts; see
 * [property@IBB.Client:tls-database]. It is a reference, because another thread
 * may set the property at any time.
 *
 * Returns: (transfer full) (nullable): the trusted authorities, or %NULL: the system's
 *
 * Since: 1.0
 */
GTlsDatabase *
ibb_client_dup_tls_database (IBBClient *self)
{
  GTlsDatabase *tls_database = NULL;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_object_get (self, "tls-database", &tls_database, NULL);
  return tls_database;
}

/**
 * ibb_client_set_tls_database: (set-property tls-database)
 * @self: a client
 * @tls_database: (nullable): the trusted authorities, or %NULL: the system's
 *
 * Sets the authorities that the next login trusts; see
 * [property@IBB.Client:tls-database].
 *
 * Since: 1.0
 */
void
ibb_client_set_tls_database (IBBClient *self, GTlsDatabase *tls_database)
{
  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (tls_database == NULL || G_IS_TLS_DATABASE (tls_database));

  if (ibb_account_set_tls_database (get_account (self), tls_database))
    g_object_notify (G_OBJECT (self), "tls-database");
}

/**
 * ibb_client_dup_proxy_resolver: (get-property proxy-resolver)
 * @self: a client
 *
 * Gets what names the proxies of the next login; see
 * [property@IBB.Client:proxy-resolver]. It is a reference, because another thread
 * may set the property at any time.
 *
 * Returns: (transfer full) (nullable): the resolver, or %NULL: the system's
 *
 * Since: 1.0
 */
GProxyResolver *
ibb_client_dup_proxy_resolver (IBBClient *self)
{
  GProxyResolver *proxy_resolver = NULL;

  g_return_val_if_fail (IBB_IS_CLIENT (self), NULL);

  g_object_get (self, "proxy-resolver", &proxy_resolver, NULL);
  return proxy_resolver;
}

/**
 * ibb_client_set_proxy_resolver: (set-property proxy-resolver)
 * @self: a client
 * @proxy_resolver: (nullable): the resolver, or %NULL: the system's
 *
 * Sets what names the proxies of the next login; see
 * [property@IBB.Client:proxy-resolver].
 *
 * Since: 1.0
 */
void
ibb_client_set_proxy_resolver (IBBClient *self, GProxyResolver *proxy_resolver)
{
  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (proxy_resolver == NULL || G_IS_PROXY_RESOLVER (proxy_resolver));

  if (ibb_account_set_proxy_resolver (get_account (self), proxy_resolver))
    g_object_notify (G_OBJECT (self), "proxy-resolver");
}
