/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "tool/words/jid.h"

#include <glib/gi18n.h>
#include <string.h>

#define DEFAULT_RESOURCE "ibb"
#define LISTED_MAX 5
#define PART_MAX_LENGTH 1023 /* bytes */

char *
tool_jid_dup_bare (const char *jid)
{
  return g_strndup (jid, strcspn (jid, "/"));
}

/* As DNS has it. */
char *
tool_jid_dup_domain (const char *jid)
{
  g_autofree char *bare = tool_jid_dup_bare (jid);
  const char      *at = strchr (bare, '@');
  const char      *domain = at != NULL ? at + 1 : bare;
  char            *ascii = g_hostname_to_ascii (domain);

  return ascii != NULL ? ascii : g_strdup (domain);
}

/* Adds the default resource to the address of a peer or an account without one. */
char *
tool_jid_with_resource (const char *jid)
{
  if (strchr (jid, '/') != NULL)
    return g_strdup (jid);
  return g_strconcat (jid, "/" DEFAULT_RESOURCE, NULL);
}

/* Where else the peer is online, as far as presence tells: it comes only to a command that shows
 * the account online. NULL: nowhere. Of many resources only the first ones. */
char *
tool_jid_explain_absence (IBBXmppClient *client, const char *peer)
{
  const char         *resource = strchr (peer, '/');
  g_autofree char    *bare = tool_jid_dup_bare (peer);
  g_auto (GStrv)      jids = ibb_connection_dup_resources (IBB_CONNECTION (client), bare);
  g_autoptr (GString) list = g_string_new (NULL);

  if (resource == NULL || g_strv_contains ((const char *const *) jids, peer))
    return NULL;
  for (guint i = 0; jids[i] != NULL && i < LISTED_MAX; i++)
    if (strchr (jids[i], '/') != NULL)
      g_string_append_printf (list, "%s%s", list->len > 0 ? ", " : "", strchr (jids[i], '/'));
  if (list->len == 0)
    return NULL;
  /* Translators: an account, a list of resources such as “/phone, /desk”, and one resource */
  return g_strdup_printf (_ ("%s is online as %s, not as %s"), bare, list->str, resource);
}

/* What to do about error, the answer to a question that each program answers. Takes error. */
GError *
tool_jid_explain_answer (IBBConnection *connection, const char *peer, GError *error)
{
  gboolean is_absent = g_error_matches (error, IBB_ERROR, IBB_ERROR_SERVICE_UNAVAILABLE);
  gboolean is_away = g_error_matches (error, IBB_ERROR, IBB_ERROR_RECIPIENT_UNAVAILABLE);
  gboolean is_nowhere = g_error_matches (error, IBB_ERROR, IBB_ERROR_REMOTE_SERVER_NOT_FOUND);
  g_autofree char *text = NULL;

  if (is_absent && IBB_XMPP_IS_CLIENT (connection))
    text = tool_jid_explain_absence (IBB_XMPP_CLIENT (connection), peer);
  if (text == NULL && is_absent)
    /* Translators: %s is a sentence: what was answered in place of the peer */
    text = g_strdup_printf (_ ("%s: check its address, and that it is online"), error->message);
  else if (text == NULL && is_away)
    /* Translators: %s is a sentence: what was answered in place of the peer */
    text = g_strdup_printf (_ ("%s: try again when it is online"), error->message);
  else if (text == NULL && is_nowhere)
    /* Translators: %s is a sentence: what was answered in place of the peer */
    text = g_strdup_printf (_ ("%s: check the domain of the address"), error->message);
  if (text != NULL)
    {
      g_free (error->message);
      error->message = g_steal_pointer (&text);
    }
  return error;
}

/* As in the library: the part of RFC 7622 §3.1 that it checks. Beyond that no question mark: it is
 * most likely that of a URI with a key, of which the user has lost the beginning, and which must
 * not become a session in the clear. */
static gboolean
is_part (const char *text, gsize length, gboolean is_resource)
{
  if (length == 0 || length > PART_MAX_LENGTH)
    return FALSE;
  for (const char *p = text; p < text + length; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iscntrl (c) || c == '?' ||
          (!is_resource && (c == '@' || g_unichar_isspace (c))))
        return FALSE;
    }
  return TRUE;
}

gboolean
tool_jid_is_valid (const char *jid)
{
  g_autofree char *bare = tool_jid_dup_bare (jid);
  const char      *resource = jid + strlen (bare);
  const char      *at = strchr (bare, '@');
  const char      *domain = at != NULL ? at + 1 : bare;
  gsize            length = strlen (domain);

  if (!g_utf8_validate (jid, -1, NULL))
    return FALSE;

  /* One dot at the end of a domain is left out. */
  if (length > 0 && domain[length - 1] == '.')
    length--;

  /* RFC 7622 §3.3.1: no colon. A URI of another scheme than xmpp is no address. */
  return (at == NULL || (is_part (bare, (gsize) (at - bare), FALSE) &&
                         memchr (bare, ':', (gsize) (at - bare)) == NULL)) &&
         is_part (domain, length, FALSE) && domain[length - 1] != '.' &&
         (resource[0] == '\0' || is_part (resource + 1, strlen (resource + 1), TRUE));
}

gboolean
tool_jid_lacks_domain (const char *jid)
{
  return jid[strcspn (jid, "@./")] == '\0';
}
