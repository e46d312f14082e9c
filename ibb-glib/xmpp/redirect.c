/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/redirect.h"

#include <string.h>

#define MAX_FOLLOWED 3
#define MAX_URI 2048 /* bytes */

gboolean
ibb_redirect_follow (IBBRedirect *self, const char *uri, IBBAccountSettings *settings)
{
  g_autoptr (IBBEndpoint) endpoint = NULL;

  if (uri == NULL || self->n_followed >= MAX_FOLLOWED || strlen (uri) > MAX_URI)
    return FALSE;
  /* Nothing but wss is one: RFC 7395 forbids to follow to less than that. */
  endpoint = ibb_endpoint_new (uri, NULL);
  if (endpoint == NULL)
    return FALSE;

  self->n_followed++;
  g_free (settings->websocket_uri);
  settings->websocket_uri = g_strdup (uri);
  settings->websocket_mode = IBB_WEBSOCKET_MODE_ALWAYS;
  return TRUE;
}

gboolean
ibb_redirect_was_followed (const IBBRedirect *self)
{
  return self->n_followed > 0;
}

const char *
ibb_redirect_get_identity (const IBBRedirect *self, const IBBEndpoint *endpoint, const char *domain)
{
  return endpoint != NULL && self->n_followed == 0 ? ibb_endpoint_get_host (endpoint) : domain;
}
