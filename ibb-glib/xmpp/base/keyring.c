/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/base/keyring.h"

#include "base/intl.h"
#include "xmpp/base/secret.h"

#include <libsecret/secret.h>

#define SERVICE "org.freedesktop.secrets"
#define SERVICE_PATH "/org/freedesktop/secrets"
#define SERVICE_INTERFACE "org.freedesktop.Secret.Service"

static const SecretSchema schema = {
  .name = "org.ibb_glib.Password",
  .flags = SECRET_SCHEMA_NONE,
  .attributes = { { "jid", SECRET_SCHEMA_ATTRIBUTE_STRING }, { NULL, 0 } },
};

/* Programs store passwords in the collection "default". The collection "session" is never on
 * disk. */
static const char *const aliases[] = { "default", "session" };

typedef struct
{
  GDBusConnection *bus; /* (owned) (nullable) */
  char            *bare_jid;
  char            *default_path; /* (nullable): of the collection */
  guint            n_asked;      /* of aliases */
} Lookup;

static void
lookup_free (gpointer data)
{
  Lookup *self = data;

  g_clear_object (&self->bus);
  g_free (self->bare_jid);
  g_free (self->default_path);
  g_free (self);
}

/* Defined below: after an alias comes the next one. */
static void ask_for_alias (GTask *task);

/* The account has no password, and nothing is known to keep it from having one: that is not worth
 * an error. */
static void
return_nothing (GTask *task)
{
  g_task_return_pointer (task, NULL, NULL);
}

static void
alias_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)    task = user_data;
  Lookup              *self = g_task_get_task_data (task);
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, NULL);
  const char *path = NULL;

  if (answer != NULL)
    g_variant_get (answer, "(&o)", &path);
  if (path == NULL || g_str_equal (path, "/"))
    return_nothing (task);
  else if (++self->n_asked < G_N_ELEMENTS (aliases))
    {
      self->default_path = g_strdup (path);
      ask_for_alias (task);
    }
  else if (g_str_equal (path, self->default_path))
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                             _ ("The keyring keeps passwords in memory only, until the end of "
                                "the desktop session"));
  else
    return_nothing (task);
}

static void
ask_for_alias (GTask *task)
{
  Lookup *self = g_task_get_task_data (task);

  g_dbus_connection_call (self->bus, SERVICE, SERVICE_PATH, SERVICE_INTERFACE, "ReadAlias",
                          g_variant_new ("(s)", aliases[self->n_asked]), G_VARIANT_TYPE ("(o)"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, g_task_get_cancellable (task),
                          alias_cb, g_object_ref (task));
}

static void
search_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)    task = user_data;
  g_autoptr (GVariant) answer =
      g_dbus_connection_call_finish (G_DBUS_CONNECTION (object), result, NULL);
  g_autoptr (GVariant) locked = answer != NULL ? g_variant_get_child_value (answer, 1) : NULL;

  if (locked != NULL && g_variant_n_children (locked) > 0)
    g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_PERMISSION_DENIED,
                             _ ("The keyring with the password is locked"));
  else
    ask_for_alias (task);
}

/* Nobody has unlocked the keyring for libsecret, which then has no password, and no error. */
static void
search_locked (GTask *task)
{
  Lookup         *self = g_task_get_task_data (task);
  GVariantBuilder attributes;

  g_variant_builder_init (&attributes, G_VARIANT_TYPE ("a{ss}"));
  g_variant_builder_add (&attributes, "{ss}", "xdg:schema", schema.name);
  g_variant_builder_add (&attributes, "{ss}", "jid", self->bare_jid);
  g_dbus_connection_call (self->bus, SERVICE, SERVICE_PATH, SERVICE_INTERFACE, "SearchItems",
                          g_variant_new ("(a{ss})", &attributes), G_VARIANT_TYPE ("(aoao)"),
                          G_DBUS_CALL_FLAGS_NO_AUTO_START, -1, g_task_get_cancellable (task),
                          search_cb, g_object_ref (task));
}

static void
bus_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask) task = user_data;
  Lookup           *self = g_task_get_task_data (task);

  self->bus = g_bus_get_finish (result, NULL);
  if (self->bus != NULL)
    search_locked (task);
  else
    return_nothing (task); /* libsecret has passwords without a service, in a file */
}

static void
lookup_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)  task = user_data;
  g_autoptr (GError) error = NULL;
  char              *secret = secret_password_lookup_finish (result, &error);

  if (secret != NULL)
    g_task_return_pointer (task, g_strdup (secret), (GDestroyNotify) ibb_secret_free);
  else if (error != NULL)
    {
      g_dbus_error_strip_remote_error (error);
      g_task_return_new_error (task, G_IO_ERROR, G_IO_ERROR_FAILED,
                               _ ("The keyring cannot be asked for the password (%s)"),
                               error->message);
    }
  else
    g_bus_get (G_BUS_TYPE_SESSION, g_task_get_cancellable (task), bus_cb, g_object_ref (task));
  secret_password_free (secret);
}

void
ibb_keyring_lookup_async (const char         *bare_jid,
                          GCancellable       *cancellable,
                          GAsyncReadyCallback callback,
                          gpointer            user_data)
{
  GTask  *task = g_task_new (NULL, cancellable, callback, user_data);
  Lookup *lookup = g_new0 (Lookup, 1);

  g_task_set_source_tag (task, ibb_keyring_lookup_async);
  g_task_set_name (task, "[ibb-glib] keyring");
  lookup->bare_jid = g_strdup (bare_jid);
  g_task_set_task_data (task, lookup, lookup_free);
  secret_password_lookup (&schema, cancellable, lookup_cb, task, "jid", bare_jid, NULL);
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

char *
ibb_keyring_lookup_finish (GAsyncResult *result, GError **error)
{
  return g_task_propagate_pointer (G_TASK (result), error);
}
