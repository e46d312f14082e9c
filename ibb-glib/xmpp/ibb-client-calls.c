/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The asynchronous calls of IBBClient, and their synchronous variants. */

#include "config.h"

#include "core/base/jid.h"
#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "xmpp/base/blocking-call.h"
#include "xmpp/base/call-task.h"
#include "xmpp/ibb-client-private.h"

static IBBThread *
get_thread (IBBClient *self)
{
  return ibb_link_get_thread (ibb_client_get_link (self));
}

/**
 * ibb_client_login_async:
 * @self: a client
 * @cancellable: (nullable): cancels the login
 * @callback: (scope async): called when the client is online, or has failed
 * @user_data: data for @callback
 *
 * Logs in.
 *
 * The errors that tell something to the user:
 *
 * - %IBB_ERROR_JID_MALFORMED: the JID is not valid
 * - %IBB_ERROR_AUTHENTICATION: the server does not accept the user or the
 *   password, or offers no way to log in that is allowed here, or did not prove
 *   that it knows the password or the [property@IBB.Client:token]; or it does not accept
 *   the token and there is no password: the token is %NULL then; or somebody on the way has
 *   changed what the server offers (XEP-0474)
 * - %G_RESOLVER_ERROR (any code): the server's name is not known
 * - %G_IO_ERROR_CONNECTION_REFUSED: nobody listens on that host and port, or the web
 *   server there has no XMPP over WebSocket
 * - %G_IO_ERROR_PROXY_FAILED, or another code with PROXY: a [proxy](network.html#proxies)
 *   does not connect; it may also be the cause of the other codes of %G_IO_ERROR here, and the
 *   message then names it
 * - %G_IO_ERROR_NOT_FOUND, %G_IO_ERROR_FAILED, %G_IO_ERROR_INVALID_DATA: the web server of the
 *   domain names no WebSocket (XEP-0156), redirects elsewhere, or answers what is not HTTP
 * - %G_TLS_ERROR_BAD_CERTIFICATE: the certificate is not trusted, and no handler
 *   of [signal@IBB.Client::accept-certificate] accepted it
 * - %G_TLS_ERROR_HANDSHAKE, or another code of %G_TLS_ERROR: there is no TLS 1.2 or
 *   newer that both sides know, or the server requires a certificate
 * - %G_TLS_ERROR_UNAVAILABLE: TLS is required here and not offered, or required
 *   by the server and turned off here
 * - %G_IO_ERROR_TIMED_OUT: there was no connection within 20 seconds, or no answer of the
 *   server within 15, or no end within 30 in all; the message names the step
 * - %G_IO_ERROR_CONNECTION_CLOSED: the server or the network closed the connection, for
 *   example during the TLS handshake
 * - %IBB_ERROR_CONFLICT, %IBB_ERROR_POLICY_VIOLATION: it did so for this reason, see
 *   [property@IBB.Client:disconnect-error]
 * - %IBB_ERROR_ITEM_NOT_FOUND: the server does not serve the domain of the JID
 * - %IBB_ERROR_INTERNAL_SERVER_ERROR: the server cannot check the password or the token at
 *   the moment
 * - %IBB_ERROR_PROTOCOL: the host has no XMPP server, or a broken one; or the server did not
 *   answer a login by token in the one message that it takes, or logged in another account
 * - %G_IO_ERROR_CANCELLED: by @cancellable or by a logout
 * - %G_IO_ERROR_PENDING: a login or logout is under way, or the client logs in again by
 *   itself ([property@IBB.Client:auto-reconnect])
 * - %G_IO_ERROR_EXISTS: the client is online already, or suspended
 *
 * Since: 1.0
 */
void
ibb_client_login_async (IBBClient          *self,
                        GCancellable       *cancellable,
                        GAsyncReadyCallback callback,
                        gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = ibb_call_task_new (self, ibb_client_login_async, "[ibb-glib] login", cancellable, callback,
                            user_data);
  if (g_task_return_error_if_cancelled (task))
    return;

  ibb_link_login (ibb_client_get_link (self), g_steal_pointer (&task));
}

/**
 * ibb_client_login_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBB.Client.login_async]
 *
 * Finishes [method@IBB.Client.login_async].
 *
 * Returns: TRUE if the client is online
 *
 * Since: 1.0
 */
gboolean
ibb_client_login_finish (IBBClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_client_login_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ibb_client_login:
 * @self: a client
 * @cancellable: (nullable): cancels the login
 * @error: return location for an error, see [method@IBB.Client.login_async];
 *   also %G_IO_ERROR_WOULD_BLOCK on the client's own thread
 *
 * Logs in, and waits until that is done. No main loop is needed or run.
 *
 * Returns: TRUE if the client is online
 *
 * Since: 1.0
 */
gboolean
ibb_client_login (IBBClient *self, GCancellable *cancellable, GError **error)
{
  IBBBlockingCall wait;
  gboolean        online;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!ibb_blocking_call_begin (&wait, get_thread (self), "ibb_client_login_async", error))
    return FALSE;
  ibb_client_login_async (self, cancellable, ibb_blocking_call_cb, &wait);
  online = ibb_client_login_finish (self, ibb_blocking_call_wait (&wait), error);
  ibb_blocking_call_clear (&wait);

  return online;
}

/**
 * ibb_client_logout_async:
 * @self: a client
 * @cancellable: (nullable): ends the waiting, not the logout
 * @callback: (scope async): called when the client is offline
 * @user_data: data for @callback
 *
 * Logs out.
 *
 * The client sends all that is queued, ends the XML stream, and waits until the server ends
 * it, too, for two seconds at most. Sessions of the client's services end
 * with %G_IO_ERROR_CONNECTION_CLOSED: close them before. A login that is under
 * way ends with %G_IO_ERROR_CANCELLED. A client that is suspended gives up: its
 * server notices when the time for a resumption is over. A client that logs in again
 * by itself stops at once. A client that is offline is fine.
 *
 * Afterwards the client's thread does nothing more with the client, so that a program can
 * end at once (see [Threads](threads.html#the-end-of-a-program)).
 *
 * The only error is %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
void
ibb_client_logout_async (IBBClient          *self,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data)
{
  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  ibb_link_logout (ibb_client_get_link (self),
                   ibb_call_task_new (self, ibb_client_logout_async, "[ibb-glib] logout",
                                      cancellable, callback, user_data));
}

/**
 * ibb_client_logout_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBB.Client.logout_async]
 *
 * Finishes [method@IBB.Client.logout_async].
 *
 * Returns: TRUE if the client is offline
 *
 * Since: 1.0
 */
gboolean
ibb_client_logout_finish (IBBClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_client_logout_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ibb_client_logout:
 * @self: a client
 * @cancellable: (nullable): ends the waiting, not the logout
 * @error: return location for an error, see [method@IBB.Client.logout_async];
 *   also %G_IO_ERROR_WOULD_BLOCK on the client's own thread
 *
 * Logs out, and waits until that is done. No main loop is needed or run.
 *
 * Returns: TRUE if the client is offline
 *
 * Since: 1.0
 */
gboolean
ibb_client_logout (IBBClient *self, GCancellable *cancellable, GError **error)
{
  IBBBlockingCall wait;
  gboolean        offline;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!ibb_blocking_call_begin (&wait, get_thread (self), "ibb_client_logout_async", error))
    return FALSE;
  ibb_client_logout_async (self, cancellable, ibb_blocking_call_cb, &wait);
  offline = ibb_client_logout_finish (self, ibb_blocking_call_wait (&wait), error);
  ibb_blocking_call_clear (&wait);

  return offline;
}

/**
 * ibb_client_query_support_async:
 * @self: a client
 * @peer_jid: whom to ask: for a person's program its full JID
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called with the answer
 * @user_data: data for @callback
 *
 * Asks a peer by disco#info whether it supports in-band bytestreams.
 *
 * A peer that names neither XEP-0047's namespace nor `urn:ibb-glib:1` gives
 * %IBB_ERROR_FEATURE_NOT_IMPLEMENTED. Some programs support bytestreams and do
 * not say so: an open may still succeed.
 *
 * Other errors: the stanza error with which the peer or its server answered, in
 * the domain %IBB_ERROR, often %IBB_ERROR_SERVICE_UNAVAILABLE for a peer that is
 * offline; %IBB_ERROR_JID_MALFORMED; %G_IO_ERROR_NOT_CONNECTED when the client is
 * not logged in; %G_IO_ERROR_CONNECTION_CLOSED; %G_IO_ERROR_TIMED_OUT after 30
 * seconds without an answer; %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
void
ibb_client_query_support_async (IBBClient          *self,
                                const char         *peer_jid,
                                GCancellable       *cancellable,
                                GAsyncReadyCallback callback,
                                gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;
  g_autofree char  *normal = NULL;

  g_return_if_fail (IBB_IS_CLIENT (self));
  g_return_if_fail (peer_jid != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = ibb_call_task_new (self, ibb_client_query_support_async, "[ibb-glib] query support",
                            cancellable, callback, user_data);
  if (g_task_return_error_if_cancelled (task))
    return;

  normal = ibb_jid_normalize (peer_jid);
  if (normal == NULL)
    {
      g_autofree char *valid = g_utf8_make_valid (peer_jid, -1);

      g_task_return_new_error (task, IBB_ERROR, IBB_ERROR_JID_MALFORMED,
                               _ ("“%s” is not a valid XMPP address"), valid);
    }
  else
    {
      ibb_link_query (ibb_client_get_link (self), g_steal_pointer (&task), peer_jid);
    }
}

/**
 * ibb_client_query_support_finish:
 * @self: a client
 * @result: what the callback was given
 * @error: return location for an error, see
 *   [method@IBB.Client.query_support_async]
 *
 * Finishes [method@IBB.Client.query_support_async].
 *
 * Returns: TRUE if the peer supports in-band bytestreams
 *
 * Since: 1.0
 */
gboolean
ibb_client_query_support_finish (IBBClient *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_client_query_support_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ibb_client_query_support:
 * @self: a client
 * @peer_jid: whom to ask: for a person's program its full JID
 * @cancellable: (nullable): cancels the call
 * @error: return location for an error, see
 *   [method@IBB.Client.query_support_async]; also %G_IO_ERROR_WOULD_BLOCK on the
 *   client's own thread
 *
 * Asks a peer by disco#info whether it supports in-band bytestreams, and waits
 * for the answer. No main loop is needed or run.
 *
 * Returns: TRUE if the peer supports in-band bytestreams
 *
 * Since: 1.0
 */
gboolean
ibb_client_query_support (IBBClient    *self,
                          const char   *peer_jid,
                          GCancellable *cancellable,
                          GError      **error)
{
  IBBBlockingCall wait;
  gboolean        supported;

  g_return_val_if_fail (IBB_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (peer_jid != NULL, FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!ibb_blocking_call_begin (&wait, get_thread (self), "ibb_client_query_support_async", error))
    return FALSE;
  ibb_client_query_support_async (self, peer_jid, cancellable, ibb_blocking_call_cb, &wait);
  supported = ibb_client_query_support_finish (self, ibb_blocking_call_wait (&wait), error);
  ibb_blocking_call_clear (&wait);

  return supported;
}
