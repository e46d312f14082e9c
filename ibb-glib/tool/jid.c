/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "jid.h"

#include <string.h>

#define DEFAULT_RESOURCE "ibb"
#define PART_MAX_LENGTH 1023 /* bytes */

char *
tool_jid_dup_bare (const char *jid)
{
  return g_strndup (jid, strcspn (jid, "/"));
}

/* What a peer or an account without a resource means. */
char *
tool_jid_with_resource (const char *jid)
{
  if (strchr (jid, '/') != NULL)
    return g_strdup (jid);
  return g_strconcat (jid, "/" DEFAULT_RESOURCE, NULL);
}

/* The same as in the library, RFC 7622 §3.1 as far as it looks. */
static gboolean
is_part (const char *text, gsize length, gboolean is_resource)
{
  if (length == 0 || length > PART_MAX_LENGTH)
    return FALSE;
  for (const char *p = text; p < text + length; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (g_unichar_iscntrl (c) || (!is_resource && (c == '@' || g_unichar_isspace (c))))
        return FALSE;
    }
  return TRUE;
}

/* The form in which equal addresses are equal strings; NULL for what is no JID. */
static char *
normalize (const char *jid)
{
  g_autofree char *bare = tool_jid_dup_bare (jid);
  g_autofree char *lower = NULL;
  g_autofree char *normal = NULL;
  g_autofree char *resource = NULL;
  const char      *domain;
  const char      *at;

  if (!g_utf8_validate (jid, -1, NULL))
    return NULL;
  lower = g_utf8_strdown (bare, -1);
  normal = g_utf8_normalize (lower, -1, G_NORMALIZE_NFC);
  if (g_str_has_suffix (normal, "."))
    normal[strlen (normal) - 1] = '\0';
  resource = g_utf8_normalize (jid + strlen (bare), -1, G_NORMALIZE_NFC);

  at = strchr (normal, '@');
  domain = at != NULL ? at + 1 : normal;
  if ((at != NULL && !is_part (normal, (gsize) (at - normal), FALSE)) ||
      !is_part (domain, strlen (domain), FALSE) || g_str_has_suffix (domain, ".") ||
      (resource[0] != '\0' && !is_part (resource + 1, strlen (resource + 1), TRUE)))
    return NULL;
  return g_strconcat (normal, resource, NULL);
}

gboolean
tool_jid_is_valid (const char *jid)
{
  g_autofree char *normal = normalize (jid);

  return normal != NULL;
}

/* A pattern with a resource names one address, without one all of an account. */
gboolean
tool_jid_matches (const char *pattern, const char *jid)
{
  g_autofree char *whole = strchr (pattern, '/') != NULL ? g_strdup (jid) : tool_jid_dup_bare (jid);
  g_autofree char *left = normalize (pattern);
  g_autofree char *right = normalize (whole);

  return left != NULL && g_strcmp0 (left, right) == 0;
}
