/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/account-file.h"

#include <string.h>

#include "base/intl.h"
#include "xmpp/trust/private-file.h"
#include "xmpp/trust/user-file.h"

#define FILE_MAX 1048576 /* bytes */

char *
ibb_account_file_dup_path (void)
{
  return ibb_user_file_dup_path (g_get_user_config_dir (), "accounts");
}

/* GLib takes the first for a part of the first line, and the second for a key that is missing. */
static gboolean
check_text (const char *text, gsize length, GError **error)
{
  if (g_str_has_prefix (text, "\xef\xbb\xbf"))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                         _ ("It begins with a byte order mark"));
  else if (!g_utf8_validate (text, (gssize) length, NULL))
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA, _ ("It is not in UTF-8"));
  else
    return TRUE;
  return FALSE;
}

GKeyFile *
ibb_account_file_read (const char *path, GError **error)
{
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError)   local_error = NULL;
  g_autofree char     *text = NULL;
  gsize                length;

  if (!ibb_user_file_check (path, error))
    return NULL;
  /* Who writes the file chooses the server that gets the password. */
  if (ibb_private_file_check (path, &local_error))
    text = ibb_private_file_load (path, IBB_PRIVATE_FILE_TRUST, FILE_MAX, &length, &local_error);
  if (text != NULL && check_text (text, length, &local_error) &&
      g_key_file_load_from_data (file, text, length, G_KEY_FILE_NONE, &local_error))
    return g_steal_pointer (&file);
  if (g_error_matches (local_error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND))
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND, _ ("There is no file of accounts “%s”"),
                 path);
  else
    g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                 _ ("Cannot read the file of accounts “%s”: %s"), path, local_error->message);
  return NULL;
}

char *
ibb_account_file_dup_jid (GKeyFile *self, const char *path, const char *name, GError **error)
{
  g_autofree char *jid = NULL;

  if (!g_key_file_has_group (self, name))
    {
      g_auto (GStrv)   names = g_key_file_get_groups (self, NULL);
      g_autofree char *known = g_strjoinv (", ", names);

      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_FOUND,
                   /* Translators: an account, a file, and the list of its accounts */
                   _ ("There is no account “%s” in “%s”, which has: %s"), name, path, known);
      return NULL;
    }
  jid = g_key_file_get_string (self, name, "jid", NULL);
  if (jid != NULL)
    g_strstrip (jid);
  if (jid != NULL && strpbrk (jid, "\"'") == jid)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
                   _ ("The address of the account “%s” of “%s” is in quotation marks: leave them "
                      "out"),
                   name, path);
      return NULL;
    }
  if (jid != NULL && *jid != '\0')
    return g_steal_pointer (&jid);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_DATA,
               _ ("The account “%s” of “%s” has no key “jid”"), name, path);
  return NULL;
}

/* Whether text may be a name or an address of a host: what is mistyped most easily is none, such as
 * an option. */
static gboolean
is_host (const char *text)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (g_unichar_isspace (g_utf8_get_char (p)) || g_unichar_iscntrl (g_utf8_get_char (p)) ||
        strchr ("/@?#\"'=", *p) != NULL)
      return FALSE;
  return *text != '\0' && *text != '-';
}

gboolean
ibb_account_file_parse_address (const char *text, guint16 usual, char **host, guint16 *port)
{
  g_autoptr (GSocketConnectable) address = g_network_address_parse (text, usual, NULL);

  if (address == NULL)
    return FALSE;
  *host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  *port = g_network_address_get_port (G_NETWORK_ADDRESS (address));
  return is_host (*host) && *port != 0;
}

/* Whether a proxy of this scheme gets the name of the host, and looks it up. */
static gboolean
is_proxy_scheme (const char *scheme)
{
  static const char *const schemes[] = { "socks5", "socks4a", "http", NULL };

  return g_strv_contains (schemes, scheme);
}

char *
ibb_account_file_parse_proxy (const char *text)
{
  g_autoptr (GUri) uri = NULL;

  if (g_str_equal (text, "none") || g_str_equal (text, "direct://"))
    return g_strdup ("direct://");

  uri = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (uri == NULL || !is_proxy_scheme (g_uri_get_scheme (uri)) || g_uri_get_host (uri) == NULL ||
      !is_host (g_uri_get_host (uri)) || g_uri_get_port (uri) <= 0 ||
      strlen (g_uri_get_path (uri)) > 1 || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL)
    return NULL;
  return g_strdup (text);
}

gboolean
ibb_account_file_is_websocket (const char *text)
{
  g_autoptr (GUri) uri = NULL;

  if (!g_str_has_prefix (text, "wss://"))
    return FALSE;
  uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  return uri != NULL && g_uri_get_host (uri) != NULL && is_host (g_uri_get_host (uri)) &&
         g_uri_get_userinfo (uri) == NULL && g_uri_get_port (uri) != 0 &&
         g_uri_get_fragment (uri) == NULL;
}
