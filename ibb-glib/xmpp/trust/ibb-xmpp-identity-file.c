/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Where an identity comes from: a file, or the application. */

#include "config.h"

#include "xmpp/trust/ibb-xmpp-identity.h"

#include "xmpp/trust/key-file.h"
#include "xmpp/trust/user-file.h"

static void
load_or_create_thread (GTask *task, gpointer source, gpointer path, GCancellable *cancellable)
{
  GError          *error = NULL;
  IBBXmppIdentity *self = ibb_xmpp_identity_load_or_create (path, &error);

  if (self != NULL)
    g_task_return_pointer (task, self, g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * ibb_xmpp_identity_load_or_create_async:
 * @path: (nullable) (type filename): see [func@IBBXmpp.Identity.load_or_create]
 * @cancellable: (nullable): cancels the call, after which the file may be there
 * @callback: (scope async): called when the key is there, or could not be read or made
 * @user_data: data for @callback
 *
 * Reads the key of this installation, or makes one, in a thread: see
 * [func@IBBXmpp.Identity.load_or_create].
 *
 * Since: 1.0
 */
void
ibb_xmpp_identity_load_or_create_async (const char         *path,
                                        GCancellable       *cancellable,
                                        GAsyncReadyCallback callback,
                                        gpointer            user_data)
{
  g_autoptr (GTask) task = NULL;

  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL, cancellable, callback, user_data);
  g_task_set_source_tag (task, ibb_xmpp_identity_load_or_create_async);
  g_task_set_name (task, "[ibb-glib] load identity");
  g_task_set_task_data (task, g_strdup (path), g_free);
  g_task_run_in_thread (task, load_or_create_thread);
}

/**
 * ibb_xmpp_identity_load_or_create_finish:
 * @result: what the callback was given
 * @error: return location for an error, see [func@IBBXmpp.Identity.load_or_create]
 *
 * Finishes [func@IBBXmpp.Identity.load_or_create_async].
 *
 * Returns: (transfer full): the identity
 *
 * Since: 1.0
 */
IBBXmppIdentity *
ibb_xmpp_identity_load_or_create_finish (GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, ibb_xmpp_identity_load_or_create_async),
                        NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * ibb_xmpp_identity_load_or_create:
 * @path: (nullable) (type filename): a file with the certificate and its key, in PEM; NULL:
 *   `ibb-glib/identity.pem` in the user's folder for data
 * @error: return location for an error: %G_TLS_ERROR_BAD_CERTIFICATE, or another one of
 *   %G_TLS_ERROR or %G_FILE_ERROR: the file cannot be read; one of %G_IO_ERROR: it cannot be made,
 *   %G_IO_ERROR_NOT_SUPPORTED in a build without GnuTLS, %G_IO_ERROR_INVALID_FILENAME: the user's
 *   folder is a relative path
 *
 * Reads the key of this installation. If the file does not exist, it is made with a new key, and
 * with a certificate that names nobody and does not expire.
 *
 * Returns: (transfer full): the identity
 *
 * Since: 1.0
 */
IBBXmppIdentity *
ibb_xmpp_identity_load_or_create (const char *path, GError **error)
{
  g_autofree char            *usual = NULL;
  g_autoptr (GTlsCertificate) certificate = NULL;

  if (path == NULL)
    path = usual = ibb_user_file_dup_path (g_get_user_data_dir (), "identity.pem");
  if (usual != NULL && !ibb_user_file_check (usual, error))
    return NULL;
  certificate = ibb_key_file_load (path, error);
  return certificate != NULL ? ibb_xmpp_identity_new_for_certificate (certificate) : NULL;
}

/**
 * ibb_xmpp_identity_new_for_certificate:
 * @certificate: a certificate with its private key
 *
 * Makes an identity of a certificate that the application keeps itself.
 *
 * Returns: (transfer full): the identity
 *
 * Since: 1.0
 */
IBBXmppIdentity *
ibb_xmpp_identity_new_for_certificate (GTlsCertificate *certificate)
{
  g_autoptr (IBBXmppKnownCertificates) known = NULL;

  g_return_val_if_fail (G_IS_TLS_CERTIFICATE (certificate), NULL);

  known = ibb_xmpp_known_certificates_new (NULL);
  return g_object_new (IBB_XMPP_TYPE_IDENTITY, "certificate", certificate, "known-certificates",
                       known, NULL);
}
