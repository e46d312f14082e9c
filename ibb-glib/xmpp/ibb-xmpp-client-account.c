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

/* Settings that a line of text describes. */

/* The number of an enumeration by its nick. */
static gboolean
parse_enum (GType type, const char *text, int *number)
{
  GEnumClass *klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value_by_nick (klass, text);

  g_type_class_unref (klass);
  if (found == NULL)
    return FALSE;
  *number = found->value;
  return TRUE;
}

static gboolean
parse_keyring (IBBXmppClient *client, const char *text)
{
  if (!g_str_equal (text, "true") && !g_str_equal (text, "false"))
    return FALSE;
  ibb_xmpp_client_set_keyring (client, g_str_equal (text, "true"));
  return TRUE;
}

static gboolean
parse_server (IBBXmppClient *client, const char *text)
{
  g_autoptr (GSocketConnectable) address = NULL;
  g_autofree char               *host = NULL;
  guint16                        port;

  if (!ibb_account_file_parse_address (text, 5222, &host, &port))
    return FALSE;
  /* Without a port the mode decides. */
  address = g_network_address_parse (text, 0, NULL);
  ibb_xmpp_entity_set_host (IBB_XMPP_ENTITY (client),
                            g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  ibb_xmpp_entity_set_port (IBB_XMPP_ENTITY (client),
                            g_network_address_get_port (G_NETWORK_ADDRESS (address)));
  return TRUE;
}

static gboolean
parse_tls (IBBXmppClient *client, const char *text)
{
  int mode;

  if (!parse_enum (IBB_XMPP_TYPE_TLS_MODE, text, &mode))
    return FALSE;
  ibb_xmpp_client_set_tls_mode (client, mode);
  return TRUE;
}

static gboolean
parse_password_policy (IBBXmppClient *client, const char *text)
{
  int policy;

  if (!parse_enum (IBB_XMPP_TYPE_PASSWORD_POLICY, text, &policy))
    return FALSE;
  ibb_xmpp_client_set_password_policy (client, policy);
  return TRUE;
}

static gboolean
parse_websocket (IBBXmppClient *client, const char *text)
{
  int         mode = IBB_XMPP_WEBSOCKET_MODE_ALWAYS;
  const char *uri = ibb_account_file_is_websocket (text) ? text : NULL;

  if (uri == NULL && !parse_enum (IBB_XMPP_TYPE_WEBSOCKET_MODE, text, &mode))
    return FALSE;
  ibb_xmpp_client_set_websocket_uri (client, uri);
  ibb_xmpp_client_set_websocket_mode (client, mode);
  return TRUE;
}

static gboolean
parse_proxy (IBBXmppClient *client, const char *text)
{
  g_autofree char           *uri = ibb_account_file_parse_proxy (text);
  g_autoptr (GProxyResolver) resolver = NULL;

  if (uri == NULL)
    return FALSE;
  resolver = g_simple_proxy_resolver_new (uri, NULL);
  ibb_xmpp_client_set_proxy_resolver (client, resolver);
  return TRUE;
}

static const struct
{
  const char *key;
  gboolean (*parse) (IBBXmppClient *client, const char *text);
} settings[] = {
  { "keyring", parse_keyring },
  { "server", parse_server },
  { "tls", parse_tls },
  { "password-policy", parse_password_policy },
  { "websocket", parse_websocket },
  { "proxy", parse_proxy },
};

/* The file of accounts. */

/* The file that a value names: relative to the folder of the accounts. */
static char *
dup_file (const Account *self, const char *value)
{
  g_autofree char *folder = g_path_get_dirname (self->path);

  return g_canonicalize_filename (value, folder);
}

static gboolean
set_password_file (const Account *self, IBBXmppClient *client, const char *value, GError **error)
{
  g_autofree char *path = dup_file (self, value);

  return ibb_xmpp_client_load_password (client, path, error);
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
  gboolean (*set) (const Account *self, /* (nullable): read elsewhere */
                   IBBXmppClient *client,
                   const char    *value,
                   GError       **error);
} others[] = {
  { "jid", NULL },
  { "password-file", set_password_file },
  { "ca-file", set_ca_file },
  { "certificate", set_certificate },
  { "certificate-key", NULL },
};

static gboolean
is_setting (const char *key)
{
  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    if (g_str_equal (settings[i].key, key))
      return TRUE;
  return FALSE;
}

static gboolean
set_key (const Account *self, IBBXmppClient *client, const char *key, GError **error)
{
  g_autofree char *value = NULL;

  if (is_setting (key))
    {
      value = g_key_file_get_string (self->file, self->name, key, error);
      if (value == NULL || ibb_xmpp_client_parse_setting (client, key, value))
        return value != NULL;
      g_set_error (
          error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
          /* Translators: a value and a key, such as: tls; the name of an account; a file */
          _ ("“%s” is no value of “%s”, in the account “%s” of “%s”"), value, key, self->name,
          self->path);
      return FALSE;
    }
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      if (!g_str_equal (others[i].key, key))
        continue;
      if (others[i].set == NULL)
        return TRUE;
      value = g_key_file_get_string (self->file, self->name, key, error);
      return value != NULL && others[i].set (self, client, value, error);
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
 *   account; %G_IO_ERROR_INVALID_FILENAME: the user's folder is a relative path; another one of
 *   %G_IO_ERROR, %G_FILE_ERROR or %G_TLS_ERROR: it cannot be read, or has
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
 * @error: return location for an error: %G_IO_ERROR_INVALID_DATA if the file cannot be read,
 *   %G_IO_ERROR_INVALID_FILENAME if the user's folder is a relative path
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
 * ibb_xmpp_client_parse_setting:
 * @self: a client
 * @key: `keyring`, `server`, `tls`, `password-policy`, `websocket` or `proxy`
 * @text: the value
 *
 * Sets what a key of the file of accounts sets, see [ctor@IBBXmpp.Client.new_from_account]. A
 * program with options or settings of its own takes the same forms of a value by this as that file.
 * The next login uses it.
 *
 * Returns: whether @text is a value of @key; otherwise nothing was set
 *
 * Since: 1.1
 */
gboolean
ibb_xmpp_client_parse_setting (IBBXmppClient *self, const char *key, const char *text)
{
  g_return_val_if_fail (IBB_XMPP_IS_CLIENT (self), FALSE);
  g_return_val_if_fail (key != NULL, FALSE);
  g_return_val_if_fail (text != NULL, FALSE);

  for (gsize i = 0; i < G_N_ELEMENTS (settings); i++)
    if (g_str_equal (settings[i].key, key))
      return settings[i].parse (self, text);
  return FALSE;
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
