/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The addresses of IBBComponent, its asynchronous calls, and their synchronous variants. */

#include "config.h"

#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "xmpp/base/blocking-call.h"
#include "xmpp/base/call-task.h"
#include "xmpp/ibb-component-private.h"

static IBBAddresses *
get_addresses (IBBComponent *self)
{
  return ibb_link_get_addresses (ibb_component_get_link (self));
}

static IBBThread *
get_thread (IBBComponent *self)
{
  return ibb_link_get_thread (ibb_component_get_link (self));
}

/**
 * ibb_component_add_address:
 * @self: a component
 * @jid: an address of the domain; a resource makes no difference
 * @error: return location for an error
 *
 * Names an address that exists where [property@IBB.Component:any-address] is %FALSE. The
 * domain itself always exists. Each address takes some 100 bytes and its length.
 *
 * Returns: TRUE; FALSE with %G_IO_ERROR_INVALID_ARGUMENT for a JID of another domain, or one
 *   that is not valid
 *
 * Since: 1.0
 */
gboolean
ibb_component_add_address (IBBComponent *self, const char *jid, GError **error)
{
  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (jid != NULL, FALSE);

  if (ibb_addresses_add (get_addresses (self), jid))
    return TRUE;

  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT, _ ("“%s” is not an address of “%s”"),
               jid, ibb_component_get_domain (self));
  return FALSE;
}

/**
 * ibb_component_remove_address:
 * @self: a component
 * @jid: an address of the domain
 *
 * Takes back [method@IBB.Component.add_address]. Sessions of the address stay at this end; what
 * arrives for them is answered as for an account that does not exist, which ends them at the
 * peer.
 *
 * Returns: FALSE if the address had not been added
 *
 * Since: 1.0
 */
gboolean
ibb_component_remove_address (IBBComponent *self, const char *jid)
{
  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (jid != NULL, FALSE);

  return ibb_addresses_remove (get_addresses (self), jid);
}

/**
 * ibb_component_has_address:
 * @self: a component
 * @jid: a JID
 *
 * Tells whether stanzas to a JID are for this component.
 *
 * Returns: TRUE if it is an address of the domain, and exists
 *
 * Since: 1.0
 */
gboolean
ibb_component_has_address (IBBComponent *self, const char *jid)
{
  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (jid != NULL, FALSE);

  return ibb_addresses_look_up (get_addresses (self), jid) == IBB_ADDRESS_KNOWN;
}

/**
 * ibb_component_login_async:
 * @self: a component
 * @cancellable: (nullable): cancels the login
 * @callback: (scope async): called when the component is online, or has failed
 * @user_data: data for @callback
 *
 * Logs in.
 *
 * The errors that tell something to the user:
 *
 * - %IBB_ERROR_JID_MALFORMED: the domain is not valid, or more than a domain
 * - %IBB_ERROR_AUTHENTICATION: the server does not accept the secret
 * - %IBB_ERROR_ITEM_NOT_FOUND: the server has no component of that domain
 * - %IBB_ERROR_CONFLICT: another component is connected for the domain
 * - %G_RESOLVER_ERROR (any code): the host's name is not known
 * - %G_IO_ERROR_CONNECTION_REFUSED: nobody listens on that host and port
 * - %G_IO_ERROR_TIMED_OUT: there was no connection within 20 seconds, or no answer of the
 *   server within 15
 * - %G_IO_ERROR_CONNECTION_CLOSED: the server closed the connection
 * - %IBB_ERROR_PROTOCOL: nobody admits components there; perhaps it is the port for clients
 * - %G_IO_ERROR_CANCELLED: by @cancellable or by a logout
 * - %G_IO_ERROR_PENDING: a login or logout is under way, or the component logs in again by
 *   itself ([property@IBB.Component:auto-reconnect])
 * - %G_IO_ERROR_EXISTS: the component is online already
 *
 * Since: 1.0
 */
void
ibb_component_login_async (IBBComponent       *self,
                           GCancellable       *cancellable,
                           GAsyncReadyCallback callback,
                           gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (IBB_IS_COMPONENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = ibb_call_task_new (self, ibb_component_login_async, "[ibb-glib] login", cancellable,
                            callback, user_data);
  if (g_task_return_error_if_cancelled (task))
    return;

  ibb_link_login (ibb_component_get_link (self), g_steal_pointer (&task));
}

/**
 * ibb_component_login_finish:
 * @self: a component
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBB.Component.login_async]
 *
 * Finishes [method@IBB.Component.login_async].
 *
 * Returns: TRUE if the component is online
 *
 * Since: 1.0
 */
gboolean
ibb_component_login_finish (IBBComponent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_component_login_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ibb_component_login:
 * @self: a component
 * @cancellable: (nullable): cancels the login
 * @error: return location for an error, see [method@IBB.Component.login_async];
 *   also %G_IO_ERROR_WOULD_BLOCK on the component's own thread
 *
 * Logs in, and waits until that is done. No main loop is needed or run.
 *
 * Returns: TRUE if the component is online
 *
 * Since: 1.0
 */
gboolean
ibb_component_login (IBBComponent *self, GCancellable *cancellable, GError **error)
{
  IBBBlockingCall call;
  gboolean        online;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!ibb_blocking_call_begin (&call, get_thread (self), "ibb_component_login_async", error))
    return FALSE;
  ibb_component_login_async (self, cancellable, ibb_blocking_call_cb, &call);
  online = ibb_component_login_finish (self, ibb_blocking_call_wait (&call), error);
  ibb_blocking_call_clear (&call);

  return online;
}

/**
 * ibb_component_logout_async:
 * @self: a component
 * @cancellable: (nullable): ends the waiting, not the logout
 * @callback: (scope async): called when the component is offline
 * @user_data: data for @callback
 *
 * Logs out.
 *
 * The component sends all that is queued, ends the XML stream, and waits until the server
 * ends it, too, for two seconds at most. Sessions of its services end
 * with %G_IO_ERROR_CONNECTION_CLOSED: close them before. A login that is under
 * way ends with %G_IO_ERROR_CANCELLED. A component that logs in again
 * by itself stops at once. A component that is offline is fine.
 *
 * Afterwards the component's thread does nothing more with the component, so that a program can
 * end at once (see [Threads](threads.html#the-end-of-a-program)).
 *
 * The only error is %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
void
ibb_component_logout_async (IBBComponent       *self,
                            GCancellable       *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  g_return_if_fail (IBB_IS_COMPONENT (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  ibb_link_logout (ibb_component_get_link (self),
                   ibb_call_task_new (self, ibb_component_logout_async, "[ibb-glib] logout",
                                      cancellable, callback, user_data));
}

/**
 * ibb_component_logout_finish:
 * @self: a component
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBB.Component.logout_async]
 *
 * Finishes [method@IBB.Component.logout_async].
 *
 * Returns: TRUE if the component is offline
 *
 * Since: 1.0
 */
gboolean
ibb_component_logout_finish (IBBComponent *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_component_logout_async), FALSE);

  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * ibb_component_logout:
 * @self: a component
 * @cancellable: (nullable): ends the waiting, not the logout
 * @error: return location for an error, see [method@IBB.Component.logout_async];
 *   also %G_IO_ERROR_WOULD_BLOCK on the component's own thread
 *
 * Logs out, and waits until that is done. No main loop is needed or run.
 *
 * Returns: TRUE if the component is offline
 *
 * Since: 1.0
 */
gboolean
ibb_component_logout (IBBComponent *self, GCancellable *cancellable, GError **error)
{
  IBBBlockingCall call;
  gboolean        offline;

  g_return_val_if_fail (IBB_IS_COMPONENT (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);

  if (!ibb_blocking_call_begin (&call, get_thread (self), "ibb_component_logout_async", error))
    return FALSE;
  ibb_component_logout_async (self, cancellable, ibb_blocking_call_cb, &call);
  offline = ibb_component_logout_finish (self, ibb_blocking_call_wait (&call), error);
  ibb_blocking_call_clear (&call);

  return offline;
}
