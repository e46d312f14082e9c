/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "jid.h"

#include <string.h>

#define DEFAULT_RESOURCE "ibb"

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

/* The form in which equal addresses are equal strings; NULL if not UTF-8. */
static char *
normalize (const char *jid)
{
  g_autofree char *bare = tool_jid_dup_bare (jid);
  g_autofree char *lower = NULL;
  g_autofree char *normal = NULL;
  g_autofree char *resource = NULL;

  if (!g_utf8_validate (jid, -1, NULL))
    return NULL;
  lower = g_utf8_strdown (bare, -1);
  normal = g_utf8_normalize (lower, -1, G_NORMALIZE_NFC);
  if (g_str_has_suffix (normal, "."))
    normal[strlen (normal) - 1] = '\0';
  resource = g_utf8_normalize (jid + strlen (bare), -1, G_NORMALIZE_NFC);
  return g_strconcat (normal, resource, NULL);
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
