/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/jid.h"

#include <string.h>

#define PART_MAX_LENGTH 1023

/* RFC 7622 §3.1: first the slash is looked for, then the at sign before it. */
typedef struct
{
  const char *node; /* (nullable) */
  gsize       node_length;
  const char *domain;
  gsize       domain_length;
  const char *resource; /* (nullable) */
  gsize       resource_length;
} Parts;

static void
split (const char *jid, gsize length, Parts *parts)
{
  const char *slash = memchr (jid, '/', length);
  gsize       bare = slash != NULL ? (gsize) (slash - jid) : length;
  const char *at = memchr (jid, '@', bare);

  *parts = (Parts){ .domain = jid, .domain_length = bare };

  if (slash != NULL)
    {
      parts->resource = slash + 1;
      parts->resource_length = length - bare - 1;
    }

  if (at != NULL)
    {
      parts->node = jid;
      parts->node_length = (gsize) (at - jid);
      parts->domain = at + 1;
      parts->domain_length = bare - parts->node_length - 1;
    }
}

static gboolean
is_ascii (const char *text, gsize length)
{
  guchar all = 0;

  for (gsize i = 0; i < length; i++)
    all |= (guchar) text[i];

  return all < 0x80;
}

static char *
compose (const char *text, gsize length)
{
  return g_utf8_normalize (text, (gssize) length, G_NORMALIZE_NFC);
}

/* Not g_utf8_strdown: that follows the locale, and under a Turkish one two
 * ends would disagree about "I". */
static char *
compose_and_lower (const char *text, gsize length)
{
  g_autofree char    *composed = compose (text, length);
  g_autoptr (GString) lower = g_string_sized_new (length);

  for (const char *p = composed; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      /* The one character whose small form is two: "i" alone is another. */
      if (c == 0x130)
        g_string_append (lower, "i\xCC\x87");
      else
        g_string_append_unichar (lower, g_unichar_tolower (c));
    }

  return compose (lower->str, lower->len);
}

/* Appends the part as it compares; FALSE if it cannot be one. */
static gboolean
append_part (GString *out, const char *text, gsize length, gboolean is_resource)
{
  g_autofree char *prepared = NULL;
  gsize            start = out->len;

  if (is_ascii (text, length))
    {
      g_string_append_len (out, text, (gssize) length);

      if (!is_resource)
        {
          for (gsize i = start; i < out->len; i++)
            out->str[i] = g_ascii_tolower (out->str[i]);
        }
    }
  else
    {
      prepared = is_resource ? compose (text, length) : compose_and_lower (text, length);
      g_string_append (out, prepared);
    }

  if (out->len == start || out->len - start > PART_MAX_LENGTH)
    return FALSE;

  for (const char *p = out->str + start; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (c < 0x20 || (c >= 0x7F && c < 0xA0))
        return FALSE;
      if (!is_resource && (c == ' ' || c == '@' || (c >= 0xA0 && g_unichar_isspace (c))))
        return FALSE;
    }

  return TRUE;
}

char *
ibb_jid_normalize (const char *jid)
{
  g_autoptr (GString) out = NULL;
  gsize               length;
  Parts               parts;

  if (jid == NULL)
    return NULL;

  length = strnlen (jid, IBB_JID_MAX_LENGTH + 1);

  if (length > IBB_JID_MAX_LENGTH)
    return NULL;
  if (!is_ascii (jid, length) && !g_utf8_validate (jid, (gssize) length, NULL))
    return NULL;

  split (jid, length, &parts);

  if (parts.domain_length > 0 && parts.domain[parts.domain_length - 1] == '.')
    parts.domain_length--;
  if (parts.domain_length > 0 && parts.domain[parts.domain_length - 1] == '.')
    return NULL;

  out = g_string_sized_new (length + 1);

  if (parts.node != NULL)
    {
      if (!append_part (out, parts.node, parts.node_length, FALSE))
        return NULL;

      g_string_append_c (out, '@');
    }

  if (!append_part (out, parts.domain, parts.domain_length, FALSE))
    return NULL;

  if (parts.resource != NULL)
    {
      g_string_append_c (out, '/');

      if (!append_part (out, parts.resource, parts.resource_length, TRUE))
        return NULL;
    }

  return g_string_free (g_steal_pointer (&out), FALSE);
}

gboolean
ibb_jid_equal (const char *a, const char *b)
{
  g_autofree char *normal_a = NULL;
  g_autofree char *normal_b = NULL;

  if (a == NULL || b == NULL)
    return FALSE;
  if (strcmp (a, b) == 0)
    return TRUE;

  normal_a = ibb_jid_normalize (a);
  normal_b = ibb_jid_normalize (b);

  return normal_a != NULL && normal_b != NULL && strcmp (normal_a, normal_b) == 0;
}

char *
ibb_jid_dup_bare (const char *jid)
{
  return g_strndup (jid, strcspn (jid, "/"));
}

const char *
ibb_jid_get_resource (const char *jid)
{
  const char *slash = strchr (jid, '/');

  return slash != NULL ? slash + 1 : NULL;
}

char *
ibb_jid_dup_domain (const char *jid)
{
  Parts parts;

  split (jid, strlen (jid), &parts);

  return g_strndup (parts.domain, parts.domain_length);
}
