/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The login and the logout of IBBXmppClient. */

#include "config.h"

#include "xmpp/ibb-xmpp-client-private.h"

/**
 * ibb_xmpp_client_login_async:
 * @self: a client
 * @cancellable: (nullable): cancels the login
 * @callback: (scope async): called when the connection is online, or has failed
 * @user_data: data for @callback
 *
 * Logs in.
 *
 * The errors that tell something to the user:
 *
 * - %IBB_ERROR_JID_MALFORMED: the JID is not valid
 * - %IBB_ERROR_AUTHENTICATION: the server does not accept the user or the password, offers no
 *   allowed way to log in, or did not prove that it knows the password or the
 *   [property@IBBXmpp.Client:token]. Or it does not accept the token, which is then %NULL, and
 *   there is no password. Or somebody on the way has changed the server's list of mechanisms
 *   (XEP-0474)
 * - %G_RESOLVER_ERROR (any code): the server's name is not known
 * - %G_IO_ERROR_CONNECTION_REFUSED: nobody listens on that host and port, or the web
 *   server there has no XMPP over WebSocket
 * - %G_IO_ERROR_PROXY_FAILED, or another code with PROXY: a [proxy](network.html#proxies)
 *   does not connect; it may also be the cause of the other codes of %G_IO_ERROR here, and the
 *   message then names it
 * - %G_IO_ERROR_NOT_FOUND, %G_IO_ERROR_FAILED, %G_IO_ERROR_INVALID_DATA: the web server of the
 *   domain names no WebSocket (XEP-0156), redirects elsewhere, or answers what is not HTTP
 * - %G_TLS_ERROR_BAD_CERTIFICATE: the certificate is not trusted, and no handler
 *   of [signal@IBBXmpp.Client::trust-requested] accepted it
 * - %G_TLS_ERROR_HANDSHAKE, or another code of %G_TLS_ERROR: there is no TLS 1.2 or
 *   newer that both sides know, or the server requires a certificate
 * - %G_TLS_ERROR_UNAVAILABLE: TLS is required here and not offered, or required
 *   by the server and turned off here
 * - %G_IO_ERROR_TIMED_OUT: there was no connection within 20 seconds, or no answer of the
 *   server within 15, or no end within 30 in all; the message names the step
 * - %G_IO_ERROR_CONNECTION_CLOSED: the server or the network closed the connection, for
 *   example during the TLS handshake
 * - %IBB_ERROR_CONFLICT, %IBB_ERROR_POLICY_VIOLATION: it did so for this reason, see
 *   [property@IBBXmpp.Entity:disconnect-error]
 * - %IBB_ERROR_ITEM_NOT_FOUND: the server does not serve the domain of the JID
 * - %IBB_ERROR_INTERNAL_SERVER_ERROR: the server cannot check the password or the token at
 *   the moment
 * - %IBB_ERROR_PROTOCOL: the host has no XMPP server, or a broken one; or the server did not
 *   answer a login by token in the one message that it takes, or logged in another account
 * - %G_IO_ERROR_CANCELLED: by @cancellable or by a logout, or
 *   [signal@IBBXmpp.Client::password-requested] was refused
 * - %G_IO_ERROR_PENDING: a login or logout is under way, or the client logs in again by
 *   itself ([property@IBBXmpp.Entity:auto-reconnect])
 * - %G_IO_ERROR_EXISTS: the client is online already, or suspended
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_login_async (IBBXmppClient      *self,
                             GCancellable       *cancellable,
                             GAsyncReadyCallback callback,
                             gpointer            user_data)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  ibb_xmpp_entity_login_async (&self->parent, ibb_xmpp_client_login_async, cancellable, callback,
                               user_data);
}

/**
 * ibb_xmpp_client_login_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBXmpp.Client.login_async]
 *
 * Finishes [method@IBBXmpp.Client.login_async].
 *
 * Returns: TRUE if the client is online
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_login_finish (IBBXmppClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);

  return ibb_xmpp_entity_finish (&self->parent, result, ibb_xmpp_client_login_async, error);
}

/**
 * ibb_xmpp_client_login:
 * @self: a client
 * @cancellable: (nullable): cancels the login
 * @error: return location for an error, see [method@IBBXmpp.Client.login_async];
 *   also %G_IO_ERROR_WOULD_BLOCK on the client’s own thread
 *
 * Logs in, and waits until that is done. No main loop is needed or run.
 *
 * Returns: TRUE if the client is online
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_login (IBBXmppClient *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);

  return ibb_xmpp_entity_login (&self->parent, cancellable, "ibb_xmpp_client_login_async", error);
}

/**
 * ibb_xmpp_client_logout_async:
 * @self: a client
 * @cancellable: (nullable): ends the waiting, not the logout
 * @callback: (scope async): called when the connection is offline
 * @user_data: data for @callback
 *
 * Logs out.
 *
 * First all queued stanzas are sent, with the last ones of services about sessions that were given
 * up. Then the XML stream is ended, and the server has two seconds to end it, too. Sessions of the
 * connection’s services end with %G_IO_ERROR_CONNECTION_CLOSED: close them before. A login that is
 * under way ends with %G_IO_ERROR_CANCELLED. A client that is suspended gives up: its server
 * notices when the time for a resumption is over. A connection that logs in again by itself stops
 * at once. A logout when offline succeeds.
 *
 * Afterwards the connection’s thread does nothing more with it, so that a program can
 * end at once (see [Threads](../ibb-glib-1.0/threads.html#the-end-of-a-program)).
 *
 * The only error is %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
void
ibb_xmpp_client_logout_async (IBBXmppClient      *self,
                              GCancellable       *cancellable,
                              GAsyncReadyCallback callback,
                              gpointer            user_data)
{
  g_return_if_fail (IBB_XMPP_IS_CLIENT (self));

  ibb_xmpp_entity_logout_async (&self->parent, ibb_xmpp_client_logout_async, cancellable, callback,
                                user_data);
}

/**
 * ibb_xmpp_client_logout_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBBXmpp.Client.logout_async]
 *
 * Finishes [method@IBBXmpp.Client.logout_async].
 *
 * Returns: TRUE if the client is offline
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_logout_finish (IBBXmppClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);

  return ibb_xmpp_entity_finish (&self->parent, result, ibb_xmpp_client_logout_async, error);
}

/**
 * ibb_xmpp_client_logout:
 * @self: a client
 * @cancellable: (nullable): ends the waiting, not the logout
 * @error: return location for an error, see [method@IBBXmpp.Client.logout_async];
 *   also %G_IO_ERROR_WOULD_BLOCK on the client’s own thread
 *
 * Logs out, and waits until that is done. No main loop is needed or run.
 *
 * Returns: TRUE if the client is offline
 *
 * Since: 1.0
 */
gboolean
ibb_xmpp_client_logout (IBBXmppClient *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);

  return ibb_xmpp_entity_logout (&self->parent, cancellable, "ibb_xmpp_client_logout_async", error);
}
