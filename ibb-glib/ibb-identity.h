/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#if !defined(IBB_GLIB_INSIDE) && !defined(IBB_GLIB_COMPILATION)
#error "Only <ibb-glib/ibb-glib.h> can be included directly."
#endif

#include <gio/gio.h>

#include <ibb-glib/ibb-transport.h>
#include <ibb-glib/ibb-version.h>

G_BEGIN_DECLS

#define IBB_TYPE_IDENTITY (ibb_identity_get_type ())

IBB_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (IBBIdentity, ibb_identity, IBB, IDENTITY, GObject)

/**
 * IBBIdentityInterface:
 * @parent_iface: the parent interface
 * @encrypt_async: encrypts a session. Required
 * @encrypt_finish: finishes @encrypt_async. Required
 *
 * The virtual table of [iface@IBB.Identity].
 *
 * Since: 1.0
 */
struct _IBBIdentityInterface
{
  GTypeInterface parent_iface;

  /**
   * IBBIdentityInterface::encrypt_async:
   * @self: an identity
   * @transport: a session over which nothing has been sent or received
   * @cancellable: (nullable): cancels the call
   * @callback: (scope async): called when the session is encrypted, or has failed
   * @user_data: data for @callback
   *
   * Encrypts a session, and checks who is at the other end.
   */
  void (*encrypt_async) (IBBIdentity        *self,
                         IBBTransport       *transport,
                         GCancellable       *cancellable,
                         GAsyncReadyCallback callback,
                         gpointer            user_data);

  /**
   * IBBIdentityInterface::encrypt_finish:
   * @self: an identity
   * @result: what the callback was given
   * @error: return location for an error
   *
   * Finishes the call that encrypts a session.
   *
   * Returns: (transfer full): the encrypted stream
   */
  GIOStream *(*encrypt_finish) (IBBIdentity *self, GAsyncResult *result, GError **error);

  /*< private >*/
  gpointer padding[6];
};

IBB_AVAILABLE_IN_1_0
void ibb_identity_encrypt_async (IBBIdentity        *self,
                                 IBBTransport       *transport,
                                 GCancellable       *cancellable,
                                 GAsyncReadyCallback callback,
                                 gpointer            user_data);

IBB_AVAILABLE_IN_1_0
GIOStream *ibb_identity_encrypt_finish (IBBIdentity *self, GAsyncResult *result, GError **error);

G_END_DECLS
