/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/sasl.h"

#include <string.h>

#include "base/foreign-text.h"
#include "base/ibb-error-private.h"
#include "base/intl.h"
#include "core/base/base64.h"
#include "xmpp/base/secret.h"
#include "xmpp/login/channel-binding.h"

#define MAX_CHALLENGE 4096

/* From the best. Each is tried only where its condition holds. */
static const struct
{
  const char   *name;
  IBBSaslKind   kind;
  GChecksumType hash;
} mechanisms[] = {
  { "EXTERNAL", IBB_SASL_KIND_CERTIFICATE },
  { "SCRAM-SHA-512-PLUS", IBB_SASL_KIND_SCRAM_PLUS, G_CHECKSUM_SHA512 },
  { "SCRAM-SHA-256-PLUS", IBB_SASL_KIND_SCRAM_PLUS, G_CHECKSUM_SHA256 },
  { "SCRAM-SHA-1-PLUS", IBB_SASL_KIND_SCRAM_PLUS, G_CHECKSUM_SHA1 },
  { "SCRAM-SHA-512", IBB_SASL_KIND_SCRAM, G_CHECKSUM_SHA512 },
  { "SCRAM-SHA-256", IBB_SASL_KIND_SCRAM, G_CHECKSUM_SHA256 },
  { "SCRAM-SHA-1", IBB_SASL_KIND_SCRAM, G_CHECKSUM_SHA1 },
  { "PLAIN", IBB_SASL_KIND_PLAIN },
  { "ANONYMOUS", IBB_SASL_KIND_NOBODY },
};

/* The types of channel binding, from the best. */
static const struct
{
  const char *name;
  gboolean    without_list; /* known to servers older than XEP-0440 */
} binding_types[] = {
  { "tls-exporter", FALSE },
  { "tls-unique", TRUE },
  { "tls-server-end-point", FALSE },
};

/* The best type that the server knows and this channel has; NULL if there is none.
 *
 * Without the list of XEP-0440 the server knows the type that was usual before: tls-unique, which
 * RFC 5802 §6.1 made the default. TLS 1.3 does not have that type, so on TLS 1.3 a server without a
 * list gets no binding. doc/security.md says what follows from that. */
static GBytes *
get_binding (const IBBSaslParameters *parameters, const char **name)
{
  for (gsize i = 0; i < G_N_ELEMENTS (binding_types); i++)
    {
      GBytes *binding;

      if (parameters->binding_types == NULL
              ? !binding_types[i].without_list
              : !g_strv_contains (parameters->binding_types, binding_types[i].name))
        continue;
      binding = ibb_channel_binding_get (parameters->tls, binding_types[i].name);
      if (binding == NULL)
        continue;
      *name = binding_types[i].name;
      return binding;
    }

  return NULL;
}

/* offered (nullable) */
static gboolean
offers_plus (const char *const *offered)
{
  for (gsize i = 0; offered != NULL && offered[i] != NULL; i++)
    if (g_str_has_prefix (offered[i], "SCRAM-") && g_str_has_suffix (offered[i], "-PLUS"))
      return TRUE;

  return FALSE;
}

static gboolean
is_usable (gsize i, const IBBSaslParameters *parameters, gboolean can_bind)
{
  gboolean has_password = parameters->password != NULL && parameters->node != NULL;

  if (!g_strv_contains (parameters->mechanisms, mechanisms[i].name))
    return FALSE;

  switch (mechanisms[i].kind)
    {
    case IBB_SASL_KIND_CERTIFICATE:
      return parameters->node != NULL &&
             (parameters->has_certificate || parameters->password == NULL);
    case IBB_SASL_KIND_SCRAM_PLUS:
      return has_password && can_bind;
    case IBB_SASL_KIND_SCRAM:
      return has_password;
    case IBB_SASL_KIND_PLAIN:
      return has_password && parameters->policy != IBB_XMPP_PASSWORD_POLICY_HASHED &&
             (parameters->tls != NULL || parameters->policy == IBB_XMPP_PASSWORD_POLICY_READABLE);
    case IBB_SASL_KIND_NOBODY:
      return parameters->node == NULL && parameters->password == NULL;
    default:
      g_assert_not_reached ();
    }
}

static void
set_no_mechanism_error (const IBBSaslParameters *parameters, GError **error)
{
  g_autofree char *joined = g_strjoinv (", ", (char **) parameters->mechanisms);
  g_autofree char *offered = ibb_foreign_text_dup_quotation (joined);
  gboolean         offers_plain = g_strv_contains (parameters->mechanisms, "PLAIN");

  if (parameters->node != NULL && parameters->password == NULL)
    g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                 _ ("A password is needed: the server accepts no login without one here (%s)"),
                 offered);
  else if (parameters->node != NULL && offers_plain &&
           parameters->policy == IBB_XMPP_PASSWORD_POLICY_HASHED)
    g_set_error (
        error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
        _ ("The server accepts only PLAIN, which is disabled (%s): allow it or enable SCRAM on "
           "the server"),
        offered);
  else if (parameters->node != NULL && parameters->tls == NULL && offers_plain)
    g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                         _ ("The server wants the password in plain text and the connection is "
                            "not encrypted: use TLS, or allow plain text"));
  else
    g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                 _ ("The server offers no way to log in that is supported here (%s)"), offered);
}

/* RFC 4616 */
static char *
dup_plain (const IBBSaslParameters *parameters)
{
  gsize node_length = strlen (parameters->node);
  gsize password_length = strlen (parameters->password);
  gsize size = 1 + node_length + 1 + password_length;
  char *bytes = g_malloc0 (size); /* with the separators; a buffer that grows would leave copies */
  char *text;

  memcpy (bytes + 1, parameters->node, node_length);
  memcpy (bytes + 1 + node_length + 1, parameters->password, password_length);
  text = g_base64_encode ((const guchar *) bytes, size);
  explicit_bzero (bytes, size);
  g_free (bytes);
  ibb_secret_clear_stack ();

  return text;
}

static gint
compare_bytes (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
append_sorted (GString *text, const char *const *names)
{
  g_autoptr (GPtrArray) sorted = g_ptr_array_new ();

  for (gsize i = 0; names[i] != NULL; i++)
    g_ptr_array_add (sorted, (gpointer) names[i]);
  g_ptr_array_sort (sorted, compare_bytes);
  for (guint i = 0; i < sorted->len; i++)
    {
      if (i > 0)
        g_string_append_c (text, '\x1e');
      g_string_append (text, g_ptr_array_index (sorted, i));
    }
}

/* XEP-0474 §5.1: the list that the login chooses from, that of SASL or that of SASL2, and the
 * types of XEP-0440. XML cannot have the separators. */
static char *
dup_offer (const IBBSaslParameters *parameters)
{
  GString *text = g_string_new (NULL);

  append_sorted (text, parameters->mechanisms);
  if (parameters->binding_types != NULL)
    {
      g_string_append_c (text, '\x1f');
      append_sorted (text, parameters->binding_types);
    }

  return g_string_free (text, FALSE);
}

static gboolean
start_scram (IBBSasl                 *self,
             const IBBSaslParameters *parameters,
             GChecksumType            hash,
             GBytes                  *binding,
             const char              *binding_type,
             GError                 **error)
{
  g_autofree char   *offer = dup_offer (parameters);
  IBBScramParameters scram = {
    .hash = hash,
    .node = parameters->node,
    .password = parameters->password,
    .offer = offer,
  };
  const char *first;

  if (self->kind == IBB_SASL_KIND_SCRAM_PLUS)
    {
      scram.binding = IBB_SCRAM_BINDING_BOUND;
      scram.binding_type = binding_type;
      scram.binding_data = binding;
    }
  /* "I could bind, but you do not offer it": from this a server that does offer it learns that
   * somebody has removed -PLUS from its list. */
  else if (parameters->tls != NULL && !offers_plus (parameters->mechanisms) &&
           !offers_plus (parameters->other_mechanisms))
    scram.binding = IBB_SCRAM_BINDING_NOT_OFFERED;

  self->scram = ibb_scram_new (&scram, error);
  if (self->scram == NULL)
    return FALSE;

  first = ibb_scram_get_first (self->scram);
  self->initial = g_base64_encode ((const guchar *) first, strlen (first));
  return TRUE;
}

IBBSasl *
ibb_sasl_new (const IBBSaslParameters *parameters, GError **error)
{
  g_autoptr (IBBSasl) self = g_new0 (IBBSasl, 1);
  const char         *binding_type = NULL;
  g_autoptr (GBytes)  binding = get_binding (parameters, &binding_type);
  gsize               i;

  for (i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    if (is_usable (i, parameters, binding != NULL))
      break;
  if (i == G_N_ELEMENTS (mechanisms))
    {
      set_no_mechanism_error (parameters, error);
      return NULL;
    }

  self->mechanism = mechanisms[i].name;
  self->rank = i;
  self->kind = mechanisms[i].kind;
  if (self->kind == IBB_SASL_KIND_PLAIN)
    self->initial = dup_plain (parameters);
  else if (self->kind == IBB_SASL_KIND_NOBODY)
    self->initial = g_strdup ("=");
  /* With its name: the server must not choose another account that the certificate is also good for
   * (XEP-0178 §2). */
  else if (self->kind == IBB_SASL_KIND_CERTIFICATE)
    self->initial =
        g_base64_encode ((const guchar *) parameters->bare_jid, strlen (parameters->bare_jid));
  else if (!start_scram (self, parameters, mechanisms[i].hash, binding, binding_type, error))
    return NULL;

  return g_steal_pointer (&self);
}

void
ibb_sasl_free (IBBSasl *self)
{
  g_clear_pointer (&self->scram, ibb_scram_free);
  ibb_secret_free (self->initial);
  g_free (self);
}

gboolean
ibb_sasl_is_bound (IBBSasl *self)
{
  return self->kind == IBB_SASL_KIND_SCRAM_PLUS;
}

guint8 *
ibb_sasl_decode (const char *text, gsize *length, GError **error)
{
  IBBBase64Decoder   decoder = IBB_BASE64_DECODER_INIT;
  g_autofree guint8 *bytes = NULL;
  gsize              text_length = text != NULL ? strlen (text) : 0;

  *length = 0;
  if (text_length > MAX_CHALLENGE)
    {
      g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                           _ ("The server’s login challenge is too long"));
      return NULL;
    }

  bytes = g_malloc (text_length / 4 * 3 + 3);
  if (text_length == 0 || g_str_equal (text, "="))
    return g_steal_pointer (&bytes);

  *length = ibb_base64_decoder_feed (&decoder, text, text_length, bytes);
  if (ibb_base64_decoder_finish (&decoder) == IBB_BASE64_INVALID)
    {
      g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                           _ ("The server’s login challenge is malformed"));
      return NULL;
    }

  return g_steal_pointer (&bytes);
}

gboolean
ibb_sasl_set_challenge (IBBSasl *self, const char *challenge, GError **error)
{
  g_autofree guint8 *bytes = NULL;
  gsize              length;

  bytes = ibb_sasl_decode (challenge, &length, error);
  if (bytes == NULL)
    return FALSE;
  if (self->scram == NULL)
    return TRUE; /* the first message has said everything */

  /* Some servers prove themselves here, and not in <success/>. */
  if (self->has_challenge)
    {
      self->is_verified = ibb_scram_verify (self->scram, bytes, length, error);
      return self->is_verified;
    }
  self->has_challenge = ibb_scram_set_challenge (self->scram, bytes, length, error);
  return self->has_challenge;
}

gboolean
ibb_sasl_compute (IBBSasl *self)
{
  return self->scram == NULL || self->is_verified || ibb_scram_compute (self->scram);
}

char *
ibb_sasl_dup_response (IBBSasl *self)
{
  g_autofree char *final = NULL;

  if (self->scram == NULL || self->is_verified)
    return g_strdup ("");

  final = ibb_scram_dup_final (self->scram);
  return g_base64_encode ((const guchar *) final, strlen (final));
}

gboolean
ibb_sasl_finish (IBBSasl *self, const char *text, GError **error)
{
  g_autofree guint8 *bytes = NULL;
  gsize              length;

  bytes = ibb_sasl_decode (text, &length, error);
  if (bytes == NULL)
    return FALSE;

  return self->scram == NULL || (self->is_verified && length == 0) ||
         ibb_scram_verify (self->scram, bytes, length, error);
}
