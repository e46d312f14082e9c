/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/account/address.h"

#include <string.h>

gboolean
tool_address_parse (const char *text, guint16 usual, char **host, guint16 *port)
{
  g_autoptr (GSocketConnectable) address = g_network_address_parse (text, usual, NULL);

  if (address == NULL)
    return FALSE;
  *host = g_strdup (g_network_address_get_hostname (G_NETWORK_ADDRESS (address)));
  *port = g_network_address_get_port (G_NETWORK_ADDRESS (address));
  return **host != '\0' && *port != 0;
}

/* Whether a proxy of this scheme gets the name of the host, and looks it up. */
static gboolean
is_proxy_scheme (const char *scheme)
{
  static const char *const schemes[] = { "socks5", "socks4a", "http", NULL };

  return g_strv_contains (schemes, scheme);
}

char *
tool_address_parse_proxy (const char *text)
{
  g_autoptr (GUri) uri = NULL;

  if (g_str_equal (text, "none") || g_str_equal (text, "direct://"))
    return g_strdup ("direct://");

  uri = g_uri_parse (text, G_URI_FLAGS_HAS_PASSWORD, NULL);
  if (uri == NULL || !is_proxy_scheme (g_uri_get_scheme (uri)) || g_uri_get_host (uri) == NULL ||
      *g_uri_get_host (uri) == '\0' || g_uri_get_port (uri) <= 0 ||
      strlen (g_uri_get_path (uri)) > 1 || g_uri_get_query (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL)
    return NULL;
  return g_strdup (text);
}

gboolean
tool_address_is_websocket (const char *text)
{
  g_autoptr (GUri) uri = NULL;

  if (!g_str_has_prefix (text, "wss://"))
    return FALSE;
  uri = g_uri_parse (text, G_URI_FLAGS_ENCODED, NULL);
  return uri != NULL && g_uri_get_host (uri) != NULL && *g_uri_get_host (uri) != '\0' &&
         g_uri_get_userinfo (uri) == NULL && g_uri_get_port (uri) != 0 &&
         g_uri_get_fragment (uri) == NULL;
}
