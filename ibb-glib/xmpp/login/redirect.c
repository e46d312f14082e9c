/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/redirect.h"

#include <string.h>

#define MAX_FOLLOWED 3
#define MAX_PLACE 2048 /* bytes */

/* RFC 7395 forbids to follow to a WebSocket without TLS. */
static gboolean
set_uri (IBBAccountSettings *settings, const char *uri)
{
  g_autoptr (IBBEndpoint) endpoint = ibb_endpoint_new (uri, NULL);

  if (endpoint == NULL)
    return FALSE;

  g_free (settings->websocket_uri);
  settings->websocket_uri = g_strdup (uri);
  settings->websocket_mode = IBB_WEBSOCKET_MODE_ALWAYS;
  return TRUE;
}

/* Without a port the usual port is meant. */
static gboolean
set_host (IBBAccountSettings *settings, const char *place)
{
  g_autoptr (GSocketConnectable) connectable = g_network_address_parse (place, 0, NULL);
  GNetworkAddress               *address;

  if (connectable == NULL)
    return FALSE;
  address = G_NETWORK_ADDRESS (connectable);
  if (*g_network_address_get_hostname (address) == '\0')
    return FALSE;

  g_free (settings->host);
  settings->host = g_strdup (g_network_address_get_hostname (address));
  settings->port = g_network_address_get_port (address);
  return TRUE;
}

gboolean
ibb_redirect_follow (IBBRedirect        *self,
                     const char         *place,
                     gboolean            is_uri,
                     IBBAccountSettings *settings)
{
  if (place == NULL || self->n_followed >= MAX_FOLLOWED || strlen (place) > MAX_PLACE ||
      !(is_uri ? set_uri : set_host) (settings, place))
    return FALSE;

  self->n_followed++;
  return TRUE;
}

const char *
ibb_redirect_get_identity (const IBBRedirect *self, const IBBEndpoint *endpoint, const char *domain)
{
  return endpoint != NULL && self->n_followed == 0 ? endpoint->host : domain;
}
