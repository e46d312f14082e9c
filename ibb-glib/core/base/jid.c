/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "core/base/jid.h"

#include <string.h>

#define PART_MAX_LENGTH 1023
#define IDEOGRAPHIC_FULL_STOP "\xE3\x80\x82"

/* RFC 7622 §3.1: the first slash ends the domain, and the first at sign before it ends the node. */
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

/* NFKC rather than NFC: PRECIS maps full-width letters to ASCII and forbids the
 * other characters that NFKC changes, and stringprep applies NFKC.
 *
 * Not g_utf8_strdown: that follows the locale, and under a Turkish one two
 * ends would disagree about "I". */
static char *
compose_and_lower (const char *text, gsize length)
{
  g_autofree char    *composed = NULL;
  g_autoptr (GString) lower = NULL;

  if (is_ascii (text, length))
    return g_ascii_strdown (text, (gssize) length);

  composed = g_utf8_normalize (text, (gssize) length, G_NORMALIZE_NFKC);
  lower = g_string_sized_new (length);

  for (const char *p = composed; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      /* The only character whose small form has two characters. A mapping to "i" alone would be
       * wrong. */
      if (c == 0x130)
        g_string_append (lower, "i\xCC\x87");
      else
        g_string_append_unichar (lower, g_unichar_tolower (c));
    }

  return g_utf8_normalize (lower->str, (gssize) lower->len, G_NORMALIZE_NFKC);
}

static gboolean
is_allowed (gunichar c, gboolean is_resource)
{
  if (c < 0x20 || (c >= 0x7F && c < 0xA0))
    return FALSE;
  if (is_resource)
    return TRUE;
  return c != '@' && c != '/' && !g_unichar_isspace (c);
}

/* Whether every character may stand in a node, domain or resource. */
static gboolean
is_part (const char *text, gboolean is_resource)
{
  for (const char *p = text; *p != '\0'; p = g_utf8_next_char (p))
    if (!is_allowed (g_utf8_get_char (p), is_resource))
      return FALSE;
  return TRUE;
}

/* One label or several, in lower case and separated by dots. */
static char *
prepare_labels (const char *text, gsize length)
{
  g_autofree char *lower = compose_and_lower (text, length);
  g_auto (GStrv)   labels = NULL;

  if (strstr (lower, IDEOGRAPHIC_FULL_STOP) == NULL)
    return g_steal_pointer (&lower);

  /* RFC 7622 §3.2.1: the ideographic full stop separates labels as a dot does. */
  labels = g_strsplit (lower, IDEOGRAPHIC_FULL_STOP, -1);
  return g_strjoinv (".", labels);
}

/* The U-label of an A-label; NULL if the label is no A-label. A label that decodes to text that
 * preparation would change is none (RFC 5890 §2.3.2.1): "xn--example-" must not equal "example". */
static char *
decode_label (const char *label)
{
  g_autofree char *decoded = NULL;
  g_autofree char *prepared = NULL;

  if (!g_str_has_prefix (label, "xn--"))
    return NULL;

  decoded = g_hostname_to_unicode (label);
  /* GLib does not check that the code points exist. */
  if (decoded == NULL || !g_utf8_validate (decoded, -1, NULL) ||
      is_ascii (decoded, strlen (decoded)) || !is_part (decoded, FALSE))
    return NULL;

  prepared = prepare_labels (decoded, strlen (decoded));
  return g_str_equal (prepared, decoded) ? g_steal_pointer (&decoded) : NULL;
}

/* A-labels become U-labels, which is the form that RFC 7622 §3.2 asks for. */
static char *
decode_labels (const char *domain)
{
  g_auto (GStrv) labels = g_strsplit (domain, ".", -1);

  for (gsize i = 0; labels[i] != NULL; i++)
    {
      char *decoded = decode_label (labels[i]);

      if (decoded != NULL)
        {
          g_free (labels[i]);
          labels[i] = decoded;
        }
    }

  return g_strjoinv (".", labels);
}

/* RFC 7622 §3.2: a dot at the end of a domain means nothing. */
static void
cut_dot (char *domain)
{
  if (g_str_has_suffix (domain, "."))
    domain[strlen (domain) - 1] = '\0';
}

/* The domain in lower case, with U-labels, and without the trailing dot. */
static char *
prepare_domain (const char *text, gsize length)
{
  g_autofree char *lower = prepare_labels (text, length);
  char *domain = strstr (lower, "xn--") != NULL ? decode_labels (lower) : g_steal_pointer (&lower);

  cut_dot (domain);

  return domain;
}

static char *
prepare_resource (const char *text, gsize length)
{
  return is_ascii (text, length) ? g_strndup (text, length) : compose (text, length);
}

/* RFC 3454, table B.1: what stringprep deletes. */
static gboolean
is_deleted (gunichar c)
{
  return c == 0xAD || c == 0x34F || c == 0x1806 || (c >= 0x180B && c <= 0x180D) ||
         (c >= 0x200B && c <= 0x200D) || c == 0x2060 || (c >= 0xFE00 && c <= 0xFE0F) || c == 0xFEFF;
}

/* A server that deletes all characters of a part answers from an address without the part. */
static gboolean
is_empty (const char *part)
{
  while (*part != '\0' && is_deleted (g_utf8_get_char (part)))
    part = g_utf8_next_char (part);
  return *part == '\0';
}

/* Takes the prepared part. Returns FALSE if the part is invalid. */
static gboolean
append_part (GString *out, char *part, gboolean is_resource)
{
  g_autofree char *owned = part;

  g_string_append (out, part);
  return !is_empty (part) && strlen (part) <= PART_MAX_LENGTH && is_part (part, is_resource);
}

static gboolean
is_plain_part (const char *text, gsize length, gboolean is_resource)
{
  for (gsize i = 0; i < length; i++)
    {
      guchar c = (guchar) text[i];

      if (c < 0x20 || c >= 0x7F)
        return FALSE;
      if (!is_resource && (c == ' ' || c == '@' || g_ascii_isupper (c)))
        return FALSE;
    }
  return length > 0 && length <= PART_MAX_LENGTH;
}

/* Whether the address is in normal form already, as most are. */
static gboolean
is_plain (const char *jid, gsize length, Parts *parts)
{
  split (jid, length, parts);
  return (parts->node == NULL || is_plain_part (parts->node, parts->node_length, FALSE)) &&
         is_plain_part (parts->domain, parts->domain_length, FALSE) &&
         parts->domain[parts->domain_length - 1] != '.' &&
         g_strstr_len (parts->domain, (gssize) parts->domain_length, "xn--") == NULL &&
         (parts->resource == NULL || is_plain_part (parts->resource, parts->resource_length, TRUE));
}

char *
ibb_jid_normalize (const char *jid)
{
  g_autoptr (GString) out = NULL;
  gsize               length;
  Parts               parts;

  if (jid == NULL)
    return NULL;

  length = strlen (jid);
  if (length > IBB_JID_MAX_LENGTH)
    return NULL;

  if (is_plain (jid, length, &parts))
    return g_strndup (jid, length);
  if (!is_ascii (jid, length) && !g_utf8_validate (jid, (gssize) length, NULL))
    return NULL;

  out = g_string_sized_new (length);

  if (parts.node != NULL)
    {
      if (!append_part (out, compose_and_lower (parts.node, parts.node_length), FALSE))
        return NULL;

      g_string_append_c (out, '@');
    }

  if (!append_part (out, prepare_domain (parts.domain, parts.domain_length), FALSE) ||
      out->str[out->len - 1] == '.')
    return NULL;

  if (parts.resource != NULL)
    {
      g_string_append_c (out, '/');

      if (!append_part (out, prepare_resource (parts.resource, parts.resource_length), TRUE))
        return NULL;
    }

  return g_string_free (g_steal_pointer (&out), FALSE);
}

const char *
ibb_jid_peek_normal (const char *jid, char **copy)
{
  gsize length = jid != NULL ? strlen (jid) : 0;
  Parts parts;

  if (length > 0 && length <= IBB_JID_MAX_LENGTH && is_plain (jid, length, &parts))
    return jid;
  return *copy = ibb_jid_normalize (jid);
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

static gboolean
has_domain (const char *jid, const char *domain)
{
  gsize length = strlen (domain);
  Parts parts;

  split (jid, strlen (jid), &parts);
  return parts.domain_length == length && memcmp (parts.domain, domain, length) == 0;
}

gboolean
ibb_jid_is_of_domain (const char *jid, const char *domain)
{
  g_autofree char *normal = NULL;

  if (has_domain (jid, domain))
    return TRUE;

  normal = ibb_jid_normalize (jid);
  return normal != NULL && has_domain (normal, domain);
}

static char *
delete_ignorable (const char *text, gsize length)
{
  g_autoptr (GString) out = g_string_sized_new (length);

  for (const char *p = text; p < text + length; p = g_utf8_next_char (p))
    if (!is_deleted (g_utf8_get_char (p)))
      g_string_append_unichar (out, g_utf8_get_char (p));

  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* The forms that stringprep and PRECIS give to one part fold to the same result, since folding
 * changes all that either of them changes. */
static char *
fold_part (const char *part, gsize length, gboolean is_resource)
{
  g_autofree char *kept = delete_ignorable (part, length);
  g_autofree char *composed = g_utf8_normalize (kept, -1, G_NORMALIZE_NFKC);
  g_autofree char *lower = NULL;

  if (is_resource)
    return g_steal_pointer (&composed);

  lower = g_utf8_casefold (composed, -1);
  return g_utf8_normalize (lower, -1, G_NORMALIZE_NFKC); /* case folding may undo it */
}

/* A part that one JID lacks is empty in the result. */
static char *
fold (const char *normal)
{
  g_autofree char *node = NULL;
  g_autofree char *domain = NULL;
  g_autofree char *resource = NULL;
  Parts            parts;

  split (normal, strlen (normal), &parts);
  node = fold_part (parts.node != NULL ? parts.node : "", parts.node_length, FALSE);
  domain = fold_part (parts.domain, parts.domain_length, FALSE);
  cut_dot (domain); /* a deleted character may have followed the dot */
  resource = fold_part (parts.resource != NULL ? parts.resource : "", parts.resource_length, TRUE);

  return g_strconcat (node, "@", domain, "/", resource, NULL);
}

gboolean
ibb_jid_resembles (const char *a, const char *b)
{
  g_autofree char *normal_a = ibb_jid_normalize (a);
  g_autofree char *normal_b = ibb_jid_normalize (b);
  g_autofree char *folded_a = NULL;
  g_autofree char *folded_b = NULL;

  if (normal_a == NULL || normal_b == NULL)
    return FALSE;

  folded_a = fold (normal_a);
  folded_b = fold (normal_b);

  return strcmp (folded_a, folded_b) == 0;
}

char *
ibb_jid_dup_unicode (const char *jid)
{
  g_autoptr (GString) out = NULL;
  g_autofree char    *normal = ibb_jid_normalize (jid);
  g_autofree char    *prepared = NULL;
  gsize               start;
  Parts               parts;

  if (normal == NULL)
    return g_strdup (jid);

  split (jid, strlen (jid), &parts);
  prepared = prepare_domain (parts.domain, parts.domain_length);
  if (is_ascii (prepared, strlen (prepared)))
    return g_strdup (jid);

  out = g_string_new (jid);
  start = (gsize) (parts.domain - jid);
  g_string_erase (out, (gssize) start, (gssize) parts.domain_length);
  g_string_insert (out, (gssize) start, prepared);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
ibb_jid_dup_bare (const char *jid)
{
  return g_strndup (jid, strcspn (jid, "/"));
}

gboolean
ibb_jid_is_of_account (const char *a, const char *b)
{
  g_autofree char *bare_a = ibb_jid_dup_bare (a);
  g_autofree char *bare_b = ibb_jid_dup_bare (b);

  return g_str_equal (bare_a, bare_b);
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
