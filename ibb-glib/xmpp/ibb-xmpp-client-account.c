/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The constructors of IBBXmppClient: by a JID, by the name of an account in a file, by another
 * client. */

#include "config.h"

#include <string.h>

#include "base/intl.h"
#include "xmpp/account-file.h"
#include "xmpp/ibb-xmpp-client-private.h"
#include "xmpp/ibb-xmpp-enum-types.h"

/* A group of the file of accounts. */
typedef struct
{
  GKeyFile   *file;
  const char *path;
  const char *name;
} Account;

typedef gboolean (*Setter) (const Account *self,
                            IBBXmppClient *client,
                            const char    *value,
                            GError       **error);

/* The file that a value names: relative to the folder of the accounts. */
static char *
dup_file (const Account *self, const char *value)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  return g_canonicalize_filename (value, folder);
}

static gboolean
is_unknown (const Account *self, const char *key, const char *value, GError **error)
{
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               /* Translators: a value and a key, such as: tls; the name of an account; a file */
               _ ("“%s” is no value of “%s”, in the account “%s” of “%s”"), value, key, self->name,
               self->path);
  return FALSE;
}

/* The number of an enumeration by its nick. */
static gboolean
parse_enum (const Account *self,
            const char    *key,
            GType          type,
            const char    *value,
            int           *number,
            GError       **error)
{
  GEnumClass *klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value_by_nick (klass, value);

  g_type_class_unref (klass);
  if (found == NULL)
    return is_unknown (self, key, value, error);
  *number = found->value;
  return TRUE;
}

static gboolean
set_password_file (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  g_autofree char *path = dup_file (self, value);

  return ibb_xmpp_client_load_password (client, path, error);
}

static gboolean
set_keyring (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  if (!g_str_equal (value, "true") && !g_str_equal (value, "false"))
    return is_unknown (self, "keyring", value, error);
  ibb_xmpp_client_set_keyring (client, g_str_equal (value, "true"));
  return TRUE;
}

static gboolean
set_server (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  g_autoptr (GSocketConnectable) address = NULL;
  g_autofree char               *host = NULL;
  guint16                        port;

  if (!ibb_account_file_parse_address (value, 5222, &host, &port))
    return is_unknown (self, "server", value, error);
  /* Without a port the mode decides. */
  address = g_network_address_parse (value, 0, NULL);
  ibb_xmpp_entity_set_host (IBB_XMPP_ENTITY (client),
                            g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (client),
                            g_network_address_get_port (G_NETWORK_ADDRESS (address)));
  return TRUE;
}

static gboolean
set_tls (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  int mode;

  if (!parse_enum (self, "tls", IBB_XMPP_TYPE_TLS_MODE, value, &mode, error))
    return FALSE;
  ibb_xmpp_client_set_tls_mode (client, mode);
  return TRUE;
}

static gboolean
set_password_policy (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  int policy;

  if (!parse_enum (self, "password-policy", IBB_XMPP_TYPE_PASSWORD_POLICY, value, &policy, error))
    return FALSE;
  ibb_xmpp_client_set_password_policy (client, policy);
  return TRUE;
}

static gboolean
set_websocket (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  int mode = IBB_XMPP_WEBSOCKET_MODE_ALWAYS;

  if (ibb_account_file_is_websocket (value))
    ibb_xmpp_client_set_websocket_uri (client, value);
  else if (!parse_enum (self, "websocket", IBB_XMPP_TYPE_WEBSOCKET_MODE, value, &mode, error))
    return FALSE;
  ibb_xmpp_client_set_websocket_mode (client, mode);
  return TRUE;
}

static gboolean
set_proxy (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  g_autofree char           *uri = ibb_account_file_parse_proxy (value);
  g_autoptr (GProxyResolver) resolver = NULL;

  if (uri == NULL)
    return is_unknown (self, "proxy", value, error);
  resolver = g_simple_proxy_resolver_new (uri, NULL);
  ibb_xmpp_client_set_proxy_resolver (client, resolver);
  return TRUE;
}

static gboolean
set_ca_file (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  g_autofree char *path = dup_file (self, value);

  return ibb_xmpp_client_load_authorities (client, path, error);
}

static gboolean
set_certificate (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  g_autofree char *key = g_key_file_get_string (self->file, self->name, "certificate-key", NULL);
  g_autofree char *path = dup_file (self, value);
  g_autofree char *key_path = dup_file (self, key != NULL ? key : value);

  return ibb_xmpp_client_load_certificate (client, path, key_path, error);
}

static const struct
{
  const char *key;
  Setter      set; /* (nullable): read elsewhere */
} keys[] = {
  { "jid", NULL },
  { "password-file", set_password_file },
  { "keyring", set_keyring },
  { "server", set_server },
  { "tls", set_tls },
  { "ca-file", set_ca_file },
  { "certificate", set_certificate },
  { "certificate-key", NULL },
  { "password-policy", set_password_policy },
  { "websocket", set_websocket },
  { "proxy", set_proxy },
};

static gboolean
set_key (const Account *self, IBBXmppClient *client, const char *key, GError **error)
{
  g_autofree char *value = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      if (!g_str_equal (keys[i].key, key))
        continue;
      if (keys[i].set == NULL)
        return TRUE;
      value = g_key_file_get_string (self->file, self->name, key, error);
      return value != NULL && keys[i].set (self, client, value, error);
    }
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("The account “%s” of “%s” has the unknown key “%s”"), self->name, self->path,
               key);
  return FALSE;
}

/* The password that systemd passes to a service, LoadCredential=ibb-NAME. */
static gboolean
set_credential (const Account *self, IBBXmppClient *client, GError **error)
{
  const char      *folder = g_getenv ("CREDENTIALS_DIRECTORY");
  g_autofree char *id = g_strconcat ("ibb-", self->name, NULL);
  g_autofree char *path = folder != NULL ? g_build_filename (folder, id, NULL) : NULL;

  if (path == NULL || strchr (id, G_DIR_SEPARATOR) != NULL ||
      !g_file_test (path, G_FILE_TEST_EXISTS) ||
      g_key_file_has_key (self->file, self->name, "password-file", NULL))
    return TRUE;
  return set_password_file (self, client, path, error);
}

static gboolean
set_all (const Account *self, IBBXmppClient *client, GError **error)
{
  g_autoptr (IBBXmppKnownCertificates) known = ibb_xmpp_known_certificates_new (NULL);
  g_auto (GStrv) names = g_key_file_get_keys (self->file, self->name, NULL, error);

  if (names == NULL)
    return FALSE;
  ibb_xmpp_client_set_known_certificates (client, known);
  ibb_xmpp_client_set_keyring (client, TRUE);
  for (char **key = names; *key != NULL; key++)
    if (!set_key (self, client, *key, error))
      return FALSE;
  return set_credential (self, client, error);
}

/* jid with another resource; "": without one. */
static char *
replace_resource (const char *jid, const char *resource)
{
  g_autofree char *bare = g_strndup (jid, strcspn (jid, "/"));

  return *resource != '\0' ? g_strconcat (bare, "/", resource, NULL) : g_steal_pointer (&bare);
}

/**
 * ibb_xmpp_client_new:
 * @jid: the account, as a bare JID, or as a full one to ask for that resource
 *
 * Creates a client that is offline.
 *
 * Returns: (transfer full): the client
 *
 * Since: 1.0
 */
IBBXmppClient *
ibb_xmpp_client_new (const char *jid)
{
  g_return_val_if_fail (jid != NULL, NULL);

  return g_object_new (IBB_XMPP_TYPE_CLIENT, "jid", jid, NULL);
}

/**
 * ibb_xmpp_client_new_with_worker:
 * @jid: the account, as a bare JID, or as a full one to ask for that resource
 * @worker: a thread that is shared with other connections
 *
 * Creates a client that is offline, and is to be served by the thread of a worker.
 *
 * Returns: (transfer full): the client
 *
 * Since: 1.0
 */
IBBXmppClient *
ibb_xmpp_client_new_with_worker (const char *jid, IBBXmppWorker *worker)
{
  g_return_val_if_fail (jid != NULL, NULL);
  g_return_val_if_fail (IBB_XMPP_IS_WORKER (worker), NULL);

  return g_object_new (IBB_XMPP_TYPE_CLIENT, "jid", jid, "worker", worker, NULL);
}

/**
 * ibb_xmpp_client_new_from_account:
 * @name: an account of the file
 * @resource: (nullable): the resource to ask for, instead of the one in the file; "" for the
 *   server's choice
 * @error: return location for an error: %G_IO_ERROR_NOT_FOUND: there is no file, or no such
 *   account; another one of %G_IO_ERROR, %G_FILE_ERROR or %G_TLS_ERROR: it cannot be read, or has
 *   a key or a value that is not known
 *
 * Creates a client that is offline, for an account that the user has described once for all
 * programs.
 *
 * The file is `ibb-glib/accounts` in the user's folder for settings, usually `~/.config`. It has
 * the format of [struct@GLib.KeyFile]:
 *
 * ```ini
 * [home]
 * jid=juliet@example.org/balcony
 *
 * [work]
 * jid=juliet@capulet.example
 * password-file=work-password
 * server=xmpp.capulet.example:5222
 * ```
 *
 * `jid` is required. An account may also have
 *
 * - `password-file`: a file whose first line is the password, see
 *   [method@IBBXmpp.Client.load_password]
 * - `keyring`: `true`, the default, or `false`, see [property@IBBXmpp.Client:keyring]
 * - `server`: host and port
 * - `tls`: [property@IBBXmpp.Client:tls-mode] as `automatic`, `starttls`, `direct` or `none`
 * - `ca-file`: see [method@IBBXmpp.Client.load_authorities]
 * - `certificate` and `certificate-key`: the client's own
 * - `password-policy`: `encrypted`, `hashed` or `readable`
 * - `websocket`: `never`, `fallback`, `always` or a URL with the scheme `wss`
 * - `proxy`: a URI with a port, of the scheme `socks5`, `socks4a` or `http`, or `none`
 *
 * Names of files are relative to the folder of the accounts.
 *
 * The password comes from `password-file`; otherwise from the credential `ibb-NAME` that systemd
 * passes to a service, NAME being that of the account (`LoadCredential=`); otherwise from the
 * keyring; otherwise [signal@IBBXmpp.Client::password-requested] asks for it. Certificates that the
 * user has trusted are those of [ctor@IBBXmpp.KnownCertificates.new] without a path.
 *
 * Returns: (transfer full): the client
 *
 * Since: 1.0
 */
IBBXmppClient *
ibb_xmpp_client_new_from_account (const char *name, const char *resource, GError **error)
{
  g_autofree char          *path = ibb_account_file_dup_path ();
  g_autoptr (GKeyFile)      file = NULL;
  g_autofree char          *jid = NULL;
  g_autofree char          *full = NULL;
  g_autoptr (IBBXmppClient) client = NULL;
  Account                   account = { .path = path, .name = name };

  g_return_val_if_fail (name != NULL, NULL);

  file = account.file = ibb_account_file_read (path, error);
  if (file == NULL)
    return NULL;
  jid = ibb_account_file_dup_jid (file, path, name, error);
  if (jid == NULL)
    return NULL;
  full = resource != NULL ? replace_resource (jid, resource) : g_strdup (jid);
  client = ibb_xmpp_client_new (full);
  return set_all (&account, client, error) ? g_steal_pointer (&client) : NULL;
}

/**
 * ibb_xmpp_client_list_accounts:
 * @error: return location for an error: %G_IO_ERROR_INVALID_DATA if the file cannot be read
 *
 * Lists the accounts that [ctor@IBBXmpp.Client.new_from_account] knows, in the order of the file.
 *
 * Returns: (transfer full) (array zero-terminated=1): their names, none if there is no file
 *
 * Since: 1.0
 */
char **
ibb_xmpp_client_list_accounts (GError **error)
{
  g_autofree char     *path = ibb_account_file_dup_path ();
  g_autoptr (GError)   local_error = NULL;
  g_autoptr (GKeyFile) file = ibb_account_file_read (path, &local_error);

  if (file != NULL)
    return g_key_file_get_groups (file, NULL);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    return g_new0 (char *, 1);
  g_propagate_error (error, g_steal_pointer (&local_error));
  return NULL;
}

/**
 * ibb_xmpp_client_new_like:
 * @other: a client
 * @jid: the account, usually that of @other with another resource
 *
 * Creates a client that is offline, with the settings of another one for its logins: its password,
 * its server and its certificates. It does not copy signal handlers, nor
 * [property@IBBXmpp.Client:token] and [property@IBBXmpp.Client:user-agent-id], which belong to one
 * client.
 *
 * Returns: (transfer full): the client
 *
 * Since: 1.0
 */
IBBXmppClient *
ibb_xmpp_client_new_like (IBBXmppClient *other, const char *jid)
{
  IBBXmppClient *self;

  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (other), NULL);
  g_return_val_if_fail (jid != NULL, NULL);

  self = ibb_xmpp_client_new (jid);
  ibb_account_copy (self->parent.link->account, other->parent.link->account);
  return self;
}
