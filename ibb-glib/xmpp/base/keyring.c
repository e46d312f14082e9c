/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/keyring.h"

#ifdef HAVE_LIBSECRET
#include <libsecret/secret.h>

#include "ibb-intl-private.h"

static const SecretSchema schema = {
  .name = "org.ibb_glib.Password",
  .flags = SECRET_SCHEMA_NONE,
  .attributes = { { "jid", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

void
ibb_keyring_lookup_async (const char         *bare_jid,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data)
{
  secret_password_lookup (&schema, cancellable, callback, user_data, "jid", bare_jid, NULL);
}

char *
ibb_keyring_lookup_finish (GAsyncResult *result, gboolean *is_there)
{
  g_autoptr (GError) error = NULL;
  char              *secret = secret_password_lookup_finish (result, &error);
  char              *password = g_strdup (secret);

  if (error != NULL)
    g_debug ("No password from the Secret Service: %s", error->message);
  *is_there = error == NULL;
  secret_password_free (secret);
  return password;
}

static void
stored_cb (GObject *source, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GError) error = NULL;

  if (!secret_password_store_finish (result, &error))
    g_message ("Cannot store the password in the keyring: %s", error->message);
}

void
ibb_keyring_store (const char *bare_jid, const char *password)
{
  /* Translators: the label of a password in the keyring; %s is a user@host */
  g_autofree char *label = g_strdup_printf (_ ("XMPP account %s"), bare_jid);

  secret_password_store (&schema, SECRET_COLLECTION_DEFAULT, label, password, NULL, stored_cb, NULL,
                         "jid", bare_jid, NULL);
}

#else

void
ibb_keyring_lookup_async (const char         *bare_jid,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data)
{
  g_autoptr (GTask) task = g_task_new (NULL, cancellable, callback, user_data);

  g_task_set_source_tag (task, ibb_keyring_lookup_async);
  g_task_return_pointer (task, NULL, NULL);
}

char *
ibb_keyring_lookup_finish (GAsyncResult *result, gboolean *is_there)
{
  *is_there = FALSE;
  return g_task_propagate_pointer (G_TASK (result), NULL);
}

void
ibb_keyring_store (const char *bare_jid, const char *password)
{
  g_debug ("This build has no keyring for the password of %s", bare_jid);
}

#endif
