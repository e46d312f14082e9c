/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/endpoint.h"

#include <string.h>

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "xmpp/base/domain.h"

#define DEFAULT_PORT 443

/* Whether a line of HTTP may have these characters. All others are escaped in a URL. */
static gboolean
is_plain (const char *uri)
{
  for (; *uri != '\0'; uri++)
    if (!g_ascii_isgraph (*uri))
      return FALSE;
  return TRUE;
}

/* g_uri_parse () drops blanks without an error. */
static gboolean
has_blanks (const char *uri)
{
  for (; *uri != '\0'; uri++)
    if ((guchar) *uri <= ' ')
      return TRUE;
  return FALSE;
}

/* The host of a URL may be an IDN with letters beyond ASCII. The other parts may not have any. */
static gboolean
take_parts (IBBEndpoint *self, GUri *uri, const char *scheme)
{
  const char *path = g_uri_get_path (uri);
  const char *query = g_uri_get_query (uri);
  int         port = g_uri_get_port (uri);

  if (g_uri_get_host (uri) == NULL || *g_uri_get_host (uri) == '\0' ||
      strcmp (g_uri_get_scheme (uri), scheme) != 0 || g_uri_get_userinfo (uri) != NULL ||
      g_uri_get_fragment (uri) != NULL || port == 0)
    return FALSE;

  self->host = ibb_domain_to_ascii (g_uri_get_host (uri));
  self->port = port < 0 ? DEFAULT_PORT : (guint16) port;
  self->target = g_strconcat (*path == '\0' ? "/" : path, query != NULL ? "?" : "",
                              query != NULL ? query : "", NULL);
  return self->host != NULL && is_plain (self->host) && is_plain (self->target);
}

/* The URI for a message: without user and password, which must not get into a log. It may be that
 * of a server. */
static char *
dup_shown (const char *uri)
{
  const char      *at = strrchr (uri, '@');
  g_autofree char *shown = at != NULL ? g_strconcat ("…", at, NULL) : g_strdup (uri);
  char            *quotation = ibb_foreign_text_dup_quotation (shown);

  return quotation != NULL ? quotation : g_strdup ("“”");
}

static IBBEndpoint *
parse (const char *uri, const char *scheme)
{
  g_autoptr (IBBEndpoint) self = g_new0 (IBBEndpoint, 1);
  g_autoptr (GUri)        parsed =
      g_uri_parse (uri, G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY, NULL);

  g_atomic_ref_count_init (&self->ref_count);
  self->uri = g_strdup (uri);
  if (parsed == NULL || has_blanks (uri) || !take_parts (self, parsed, scheme))
    return NULL;
  return g_steal_pointer (&self);
}

IBBEndpoint *
ibb_endpoint_new (const char *uri, GError **error)
{
  IBBEndpoint     *self = parse (uri, "wss");
  g_autofree char *shown = NULL;

  if (self != NULL)
    return self;

  shown = dup_shown (uri);
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
               /* Translators: %s is a quotation */
               _ ("%s is not the address of a WebSocket, such as "
                  "“wss://xmpp.example.org/xmpp-websocket”"),
               shown);
  return NULL;
}

/* A fragment is for the client alone. */
IBBEndpoint *
ibb_endpoint_new_web (const char *uri)
{
  g_autofree char *whole = g_strndup (uri, strcspn (uri, "#"));

  return parse (whole, "https");
}

IBBEndpoint *
ibb_endpoint_ref (IBBEndpoint *self)
{
  g_atomic_ref_count_inc (&self->ref_count);

  return self;
}

void
ibb_endpoint_unref (IBBEndpoint *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;

  g_free (self->uri);
  g_free (self->host);
  g_free (self->target);
  g_free (self);
}

char *
ibb_endpoint_dup_authority (const IBBEndpoint *self)
{
  gboolean         is_ipv6 = strchr (self->host, ':') != NULL;
  g_autofree char *host =
      is_ipv6 ? g_strconcat ("[", self->host, "]", NULL) : g_strdup (self->host);

  if (self->port == DEFAULT_PORT)
    return g_steal_pointer (&host);
  return g_strdup_printf ("%s:%u", host, self->port);
}
