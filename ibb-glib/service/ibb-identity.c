/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "ibb-identity.h"

/**
 * IBBIdentity:
 *
 * Encrypts sessions, so that only the two ends can read them.
 *
 * [`IBBXmpp.Identity`](../ibb-xmpp-1.0/class.Identity.html) is the implementation that most
 * applications use. It is given to a library that opens sessions itself, such as
 * [`IBBFiles.Service`](../ibb-files-1.0/class.Service.html). An application with keys of its own
 * implements the two virtual functions.
 *
 * ```c
 * static void
 * encrypted_cb (GObject *object, GAsyncResult *result, gpointer user_data)
 * {
 *   g_autoptr (GError)    error = NULL;
 *   g_autoptr (GIOStream) stream =
 *       ibb_identity_encrypt_finish (IBB_IDENTITY (object), result, &error);
 *
 *   g_print ("%s\n", stream != NULL ? "encrypted" : error->message);
 * }
 *
 * static void
 * protect (IBBIdentity *identity, IBBTransport *transport)
 * {
 *   ibb_identity_encrypt_async (identity, transport, NULL, encrypted_cb, NULL);
 * }
 * ```
 *
 * ## Threads
 *
 * Any thread may call any method; the callback is called in the thread-default context of the call.
 *
 * Since: 1.0
 */

G_DEFINE_INTERFACE (IBBIdentity, ibb_identity, G_TYPE_OBJECT)

static void
ibb_identity_default_init (IBBIdentityInterface *iface)
{
}

/**
 * ibb_identity_encrypt_async:
 * @self: an identity
 * @transport: a session over which nothing has been sent or received
 * @cancellable: (nullable): cancels the call
 * @callback: (scope async): called when the session is encrypted, or has failed
 * @user_data: data for @callback
 *
 * Encrypts a session, and checks who is at the other end.
 *
 * Both ends have to call it before they write anything. After an error @transport has ended. The
 * errors are those of the implementation, and %G_IO_ERROR_CANCELLED.
 *
 * Since: 1.0
 */
void
ibb_identity_encrypt_async (IBBIdentity        *self,
                            IBBTransport       *transport,
                            GCancellable       *cancellable,
                            GAsyncReadyCallback callback,
                            gpointer            user_data)
{
  g_return_if_fail (IBB_IS_IDENTITY (self));
  g_return_if_fail (IBB_IS_TRANSPORT (transport));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  IBB_IDENTITY_GET_IFACE (self)->encrypt_async (self, transport, cancellable, callback, user_data);
}

/**
 * ibb_identity_encrypt_finish:
 * @self: an identity
 * @result: what the callback was given
 * @error: return location for an error, see [method@IBB.Identity.encrypt_async]
 *
 * Finishes [method@IBB.Identity.encrypt_async].
 *
 * Returns: (transfer full): the encrypted stream; closing it closes the session
 *
 * Since: 1.0
 */
GIOStream *
ibb_identity_encrypt_finish (IBBIdentity *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (IBB_IS_IDENTITY (self), NULL);

  return IBB_IDENTITY_GET_IFACE (self)->encrypt_finish (self, result, error);
}
