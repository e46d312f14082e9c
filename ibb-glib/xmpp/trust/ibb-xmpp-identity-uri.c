/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* An address and the fingerprint of its key as a URI. */

#include "config.h"

#include "xmpp/trust/ibb-xmpp-identity.h"

#include <string.h>

#include "base/intl.h"
#include "core/base/jid.h"
#include "xmpp/trust/ibb-xmpp-known-certificates-private.h"

#define SCHEME "xmpp:"
#define QUERY_TYPE "ibb-key"
#define FINGERPRINT_KEY "sha256="
/* A JID of which each byte is encoded, and the query. */
#define URI_MAX_LENGTH 16384 /* bytes */

/* Beside letters, digits and “-._~” (RFC 5122 §2.2). */
#define NODE_CHARACTERS "!$()*+,;="
#define DOMAIN_CHARACTERS "[]:"
#define RESOURCE_CHARACTERS "!$()*+,:;="

static void
append_part (GString *uri, const char *text, gsize length, const char *allowed)
{
  g_autofree char *part = g_strndup (text, length);
  g_autofree char *escaped = g_uri_escape_string (part, allowed, FALSE);

  g_string_append (uri, escaped);
}

/**
 * ibb_xmpp_identity_dup_uri:
 * @self: an identity
 * @jid: the address at which its user can be reached: a bare or full JID
 *
 * Makes a URI of an address and the fingerprint of the key, for the user of another program: as
 * text, or as a picture that a camera reads. It has the form of XEP-0147,
 * `xmpp:juliet@example.org?ibb-key;sha256=` and 64 hexadecimal digits.
 *
 * A JID with a question mark has no URI that [func@IBBXmpp.Identity.parse_uri] reads.
 *
 * Nothing in it is secret, but the way on which it gets to the other user has to be one on which
 * nobody can change it.
 *
 * Returns: (transfer full): the URI
 *
 * Since: 1.0
 */
char *
ibb_xmpp_identity_dup_uri (IBBXmppIdentity *self, const char *jid)
{
  g_autofree char *digits = NULL;
  const char      *resource;
  const char      *at;
  gsize            length;
  GString         *uri;

  g_return_val_if_fail (IBB_XMPP_IS_IDENTITY (self), NULL);
  g_return_val_if_fail (jid != NULL, NULL);
  /* A binding can make an identity without a certificate. */
  g_return_val_if_fail (ibb_xmpp_identity_get_certificate (self) != NULL, NULL);

  uri = g_string_new (SCHEME);
  length = strcspn (jid, "/");
  resource = jid[length] == '/' ? jid + length + 1 : NULL;
  at = memchr (jid, '@', length);
  if (at != NULL)
    {
      append_part (uri, jid, (gsize) (at - jid), NODE_CHARACTERS);
      g_string_append_c (uri, '@');
      length -= (gsize) (at + 1 - jid);
      jid = at + 1;
    }
  append_part (uri, jid, length, DOMAIN_CHARACTERS);
  if (resource != NULL)
    {
      g_string_append_c (uri, '/');
      append_part (uri, resource, strlen (resource), RESOURCE_CHARACTERS);
    }
  digits = ibb_xmpp_known_certificates_dup_digits (ibb_xmpp_identity_get_certificate (self));
  g_string_append_printf (uri, "?" QUERY_TYPE ";" FINGERPRINT_KEY "%s", digits);
  return g_string_free (uri, FALSE);
}

/* Decodes the part from text to end. Node and domain cannot get a separator by that, which would
 * make another address of what is seen. No part can get a question mark: a program that had encoded
 * the one before the key would make the key a part of the address. */
static gboolean
take_part (GString *jid, const char *text, const char *end, gboolean is_resource)
{
  g_autofree char *part = g_uri_unescape_segment (text, end, is_resource ? NULL : "/@");

  if (part == NULL || *part == '\0' || strpbrk (part, is_resource ? "?" : "/@?") != NULL)
    return FALSE;
  g_string_append (jid, part);
  return TRUE;
}

/* (nullable): the address in the part of a URI from text to end. */
static char *
take_jid (const char *text, const char *end)
{
  g_autoptr (GString) jid = g_string_new (NULL);
  g_autofree char    *normal = NULL;
  const char         *slash = memchr (text, '/', (gsize) (end - text));
  const char         *domain_end = slash != NULL ? slash : end;
  const char         *at = memchr (text, '@', (gsize) (domain_end - text));

  if (at != NULL)
    {
      if (!take_part (jid, text, at, FALSE))
        return NULL;
      g_string_append_c (jid, '@');
      text = at + 1;
    }
  if (!take_part (jid, text, domain_end, FALSE))
    return NULL;
  if (slash != NULL)
    {
      g_string_append_c (jid, '/');
      if (!take_part (jid, slash + 1, end, TRUE))
        return NULL;
    }
  normal = ibb_jid_normalize (jid->str);
  return normal != NULL ? g_string_free (g_steal_pointer (&jid), FALSE) : NULL;
}

/* (nullable): the fingerprint that a query names. */
static char *
take_fingerprint (const char *query, GError **error)
{
  g_auto (GStrv)   parts = g_strsplit (query, ";", -1);
  g_autofree char *digits = NULL;
  gsize            length;

  if (!g_str_equal (parts[0], QUERY_TYPE))
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_NOT_SUPPORTED,
                   _ ("The URI is for another purpose, “%s”, than a key (“ibb-key”)"), parts[0]);
      return NULL;
    }
  for (guint i = 1; parts[i] != NULL; i++)
    {
      if (!g_str_has_prefix (parts[i], FINGERPRINT_KEY))
        continue; /* of a later version, beside the fingerprint */
      if (digits != NULL)
        {
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                               _ ("The URI has two fingerprints"));
          return NULL;
        }
      digits = g_uri_unescape_string (parts[i] + strlen (FINGERPRINT_KEY), NULL);
      if (digits == NULL)
        digits = g_strdup ("");
    }
  if (digits == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("The URI of a key has no fingerprint (sha256)"));
      return NULL;
    }
  length = strspn (digits, "0123456789abcdefABCDEF");
  if (digits[length] != '\0' || length != IBB_XMPP_KNOWN_CERTIFICATES_N_DIGITS)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                   /* Translators: two numbers */
                   _ ("The fingerprint in the URI has to have %d hexadecimal digits, and has %u"),
                   IBB_XMPP_KNOWN_CERTIFICATES_N_DIGITS, (guint) length);
      return NULL;
    }
  return ibb_xmpp_known_certificates_format (digits);
}

/**
 * ibb_xmpp_identity_parse_uri:
 * @uri: a URI, as [method@IBBXmpp.Identity.dup_uri] makes it
 * @fingerprint: (out) (optional) (nullable) (transfer full): the SHA-256 of the key that the
 *   address has to have, in the form of [property@IBBXmpp.TrustQuestion:fingerprint]; %NULL if the
 *   URI is only an address, as in `xmpp:juliet@example.org`
 * @error: return location for an error, in the domain %G_IO_ERROR:
 *   %G_IO_ERROR_NOT_SUPPORTED: the URI is for something else, such as `?message`;
 *   %G_IO_ERROR_INVALID_ARGUMENT: another scheme, no valid address, or no valid fingerprint
 *
 * Reads a URI, which may come from anybody. Parameters that are not known are passed over, for
 * later versions.
 *
 * A program that trusts the URI gives the fingerprint and the address to its identity, by
 * [method@IBBXmpp.Identity.set_peer_fingerprints], before it opens or accepts a session with the
 * address. Then only this key counts, and nobody is asked. Only the program knows whether the URI
 * came on a way that its user trusts.
 *
 * ```c
 * static char *
 * take_uri (IBBXmppIdentity *identity, const char *uri, GError **error)
 * {
 *   g_autofree char *fingerprint = NULL;
 *   char            *jid = ibb_xmpp_identity_parse_uri (uri, &fingerprint, error);
 *
 *   if (jid != NULL && fingerprint != NULL)
 *     {
 *       const char *const named[] = { fingerprint, NULL };
 *
 *       ibb_xmpp_identity_set_peer_fingerprints (identity, jid, named);
 *     }
 *   return jid;
 * }
 * ```
 *
 * Returns: (transfer full): the address, a bare or full JID
 *
 * Since: 1.0
 */
char *
ibb_xmpp_identity_parse_uri (const char *uri, char **fingerprint, GError **error)
{
  g_autofree char *jid = NULL;
  const char      *text;
  const char      *end;

  g_return_val_if_fail (uri != NULL, NULL);

  if (fingerprint != NULL)
    *fingerprint = NULL;
  if (g_ascii_strncasecmp (uri, SCHEME, strlen (SCHEME)) != 0)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("The URI does not begin with “xmpp:”"));
      return NULL;
    }
  text = uri + strlen (SCHEME);
  end = text + strcspn (text, "?#");
  if (strlen (uri) <= URI_MAX_LENGTH && !g_str_has_prefix (text, "//") && strchr (end, '#') == NULL)
    jid = take_jid (text, end);
  if (jid == NULL)
    {
      g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_INVALID_ARGUMENT,
                           _ ("The URI has no valid address (expected xmpp:user@host)"));
      return NULL;
    }
  if (*end == '?' && end[1] != '\0')
    {
      g_autofree char *found = take_fingerprint (end + 1, error);

      if (found == NULL)
        return NULL;
      if (fingerprint != NULL)
        *fingerprint = g_steal_pointer (&found);
    }
  return g_steal_pointer (&jid);
}
