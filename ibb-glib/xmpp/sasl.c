/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/sasl.h"

#include <string.h>

#include <glib/gi18n-lib.h>
#include <gsasl.h>

#include "ibb-error.h"

/* A server may ask for as many rounds of hashing as it likes. This many take
 * about a second; servers ask for 4,096 to 200,000. */
#define MAX_SCRAM_ITERATIONS 1000000
#define MAX_CHALLENGE 4096

struct _IBBSasl
{
  const char    *mechanism;
  Gsasl         *gsasl;    /* (nullable): EXTERNAL and ANONYMOUS need none */
  Gsasl_session *session;  /* (nullable) */
  char          *initial;  /* the first message */
  gboolean       verified; /* nothing more is owed by the server */
};

/* From the best. Each is tried only where its condition holds. */
static const struct
{
  const char *name;
  gboolean    password;
  gboolean    plus;
} mechanisms[] = {
  { "SCRAM-SHA-256-PLUS", TRUE, TRUE },
  { "SCRAM-SHA-1-PLUS", TRUE, TRUE },
  { "SCRAM-SHA-256", TRUE, FALSE },
  { "SCRAM-SHA-1", TRUE, FALSE },
  { "PLAIN", TRUE, FALSE },
  { "EXTERNAL", FALSE, FALSE },
  { "ANONYMOUS", FALSE, FALSE },
};

/* RFC 5802 §6.1 made tls-unique the default, RFC 9266 tls-exporter for TLS
 * 1.3, where tls-unique does not exist. */
static gboolean
get_binding (GTlsConnection *tls, Gsasl_property *property, const char **name, char **data)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  GTlsChannelBindingType type = G_TLS_CHANNEL_BINDING_TLS_UNIQUE;

  *property = GSASL_CB_TLS_UNIQUE;
  *name = "tls-unique";
  if (g_tls_connection_get_protocol_version (tls) >= G_TLS_PROTOCOL_VERSION_TLS_1_3)
    {
      type = G_TLS_CHANNEL_BINDING_TLS_EXPORTER;
      *property = GSASL_CB_TLS_EXPORTER;
      *name = "tls-exporter";
    }
  if (!g_tls_connection_get_channel_binding_data (tls, type, bytes, NULL) || bytes->len == 0)
    return FALSE;

  *data = g_base64_encode (bytes->data, bytes->len);
  return TRUE;
}

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
  if (!g_strv_contains (parameters->mechanisms, mechanisms[i].name))
    return FALSE;
  if (mechanisms[i].plus && !can_bind)
    return FALSE;
  if (mechanisms[i].password)
    {
      if (parameters->password == NULL || parameters->node == NULL)
        return FALSE;
      return !g_str_equal (mechanisms[i].name, "PLAIN") || parameters->tls != NULL ||
             parameters->allow_plain_text;
    }
  if (parameters->password != NULL)
    return FALSE;

  return g_str_equal (mechanisms[i].name, "EXTERNAL") ? parameters->node != NULL
                                                      : parameters->node == NULL;
}

static void
set_no_mechanism_error (const IBBSaslParameters *parameters, GError **error)
{
  g_autofree char *offered = g_strjoinv (", ", (char **) parameters->mechanisms);

  if (parameters->node != NULL && parameters->password == NULL)
    g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                 _ ("No password was given, and the server offers nothing that needs none (%s)"),
                 offered);
  else if (parameters->node != NULL && parameters->tls == NULL &&
           g_strv_contains (parameters->mechanisms, "PLAIN"))
    g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                         _ ("The server wants the password in plain text and the connection is "
                            "not encrypted: use TLS, or set “allow-plain-text”"));
  else
    g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                 _ ("The server offers no way to log in that is supported here (%s)"), offered);
}

static void
set_gsasl_error (GError **error, int code)
{
  g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION, _ ("The login failed: %s"),
               gsasl_strerror (code));
}

static int
begin (IBBSasl                 *self,
       const IBBSaslParameters *parameters,
       Gsasl_property           binding_property,
       const char              *binding)
{
  char *output = NULL;
  gsize length = 0;
  int   code;

  if (self->session != NULL)
    gsasl_finish (self->session);
  self->session = NULL;
  code = gsasl_client_start (self->gsasl, self->mechanism, &self->session);
  if (code == GSASL_OK)
    code = gsasl_property_set (self->session, GSASL_AUTHID, parameters->node);
  if (code == GSASL_OK)
    code = gsasl_property_set (self->session, GSASL_PASSWORD, parameters->password);
  if (code == GSASL_OK && binding != NULL)
    code = gsasl_property_set (self->session, binding_property, binding);
  if (code == GSASL_OK)
    code = gsasl_step (self->session, NULL, 0, &output, &length);
  if (code == GSASL_OK || code == GSASL_NEEDS_MORE)
    {
      self->verified = code == GSASL_OK;
      self->initial =
          length > 0 ? g_base64_encode ((const guchar *) output, length) : g_strdup ("=");
      code = GSASL_OK;
    }
  gsasl_free (output);

  return code;
}

IBBSasl *
ibb_sasl_new (const IBBSaslParameters *parameters, GError **error)
{
  g_autoptr (IBBSasl) self = g_new0 (IBBSasl, 1);
  g_autofree char    *binding = NULL;
  const char         *binding_name = NULL;
  Gsasl_property      property = GSASL_CB_TLS_UNIQUE;
  gboolean            have_binding, can_bind;
  gsize               i;
  int                 code;

  have_binding =
      parameters->tls != NULL && get_binding (parameters->tls, &property, &binding_name, &binding);
  can_bind = have_binding && (parameters->binding_types == NULL ||
                              g_strv_contains (parameters->binding_types, binding_name));

  for (i = 0; i < G_N_ELEMENTS (mechanisms); i++)
    if (is_usable (i, parameters, can_bind))
      break;
  if (i == G_N_ELEMENTS (mechanisms))
    {
      set_no_mechanism_error (parameters, error);
      return NULL;
    }

  self->mechanism = mechanisms[i].name;
  if (!mechanisms[i].password)
    {
      self->verified = TRUE;
      self->initial = g_strdup ("=");
      return g_steal_pointer (&self);
    }

  /* Given to a mechanism without -PLUS, the binding makes SCRAM say "I could,
   * but you do not offer it", by which the server notices that somebody took
   * -PLUS off its list. That would be a lie where it does offer it, though not
   * with a type that we have. */
  if (!mechanisms[i].plus && offers_plus (parameters->mechanisms))
    g_clear_pointer (&binding, g_free);
  code = gsasl_init (&self->gsasl);
  if (code == GSASL_OK)
    code = begin (self, parameters, property, binding);
  /* libgsasl 2.2.0 cannot say that: it takes the type of the binding for a
   * contradiction. Without it, it says that it cannot bind. */
  if (code == GSASL_AUTHENTICATION_ERROR && binding != NULL && !mechanisms[i].plus)
    code = begin (self, parameters, property, NULL);
  if (code != GSASL_OK)
    {
      set_gsasl_error (error, code);
      return NULL;
    }

  return g_steal_pointer (&self);
}

void
ibb_sasl_free (IBBSasl *self)
{
  if (self->session != NULL)
    gsasl_finish (self->session);
  if (self->gsasl != NULL)
    gsasl_done (self->gsasl);
  g_free (self->initial);
  g_free (self);
}

const char *
ibb_sasl_get_mechanism (IBBSasl *self)
{
  return self->mechanism;
}

const char *
ibb_sasl_get_initial (IBBSasl *self)
{
  return self->initial;
}

static gboolean
step (IBBSasl *self, const char *input, gsize length, char **response, GError **error)
{
  char *output = NULL;
  gsize output_length = 0;
  int   code = gsasl_step (self->session, input, length, &output, &output_length);

  if (code != GSASL_OK && code != GSASL_NEEDS_MORE)
    {
      if (g_str_has_prefix (self->mechanism, "SCRAM-") && length > 0 &&
          code == GSASL_AUTHENTICATION_ERROR)
        g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                             _ ("The server could not prove that it knows the password"));
      else
        set_gsasl_error (error, code);
      return FALSE;
    }

  self->verified = code == GSASL_OK;
  if (response != NULL)
    *response = output_length > 0 ? g_base64_encode ((const guchar *) output, output_length)
                                  : g_strdup ("");
  gsasl_free (output);
  return TRUE;
}

/* The bytes that a server sends in base64; the copy has a NUL behind it. */
static char *
decode (const char *text, gsize *length, GError **error)
{
  g_autofree guchar *bytes = NULL;
  char              *copy;

  *length = 0;
  if (text == NULL || *text == '\0' || g_str_equal (text, "="))
    return g_strdup ("");
  if (strlen (text) > MAX_CHALLENGE)
    {
      g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                           _ ("The server’s challenge is too long"));
      return NULL;
    }

  bytes = g_base64_decode (text, length);
  copy = g_malloc (*length + 1);
  memcpy (copy, bytes, *length);
  copy[*length] = '\0';
  return copy;
}

static gboolean
check_iterations (const char *challenge, GError **error)
{
  const char *iterations = strstr (challenge, ",i=");

  if (iterations == NULL || g_ascii_strtoull (iterations + 3, NULL, 10) <= MAX_SCRAM_ITERATIONS)
    return TRUE;

  g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
               _ ("The server asks for more than %d rounds of hashing"), MAX_SCRAM_ITERATIONS);
  return FALSE;
}

char *
ibb_sasl_respond (IBBSasl *self, const char *challenge, GError **error)
{
  g_autofree char *input = NULL;
  char            *response = NULL;
  gsize            length;

  input = decode (challenge, &length, error);
  if (input == NULL)
    return NULL;
  if (self->session == NULL || g_str_equal (self->mechanism, "PLAIN"))
    return g_strdup ("");
  if (!check_iterations (input, error) || !step (self, input, length, &response, error))
    return NULL;

  return response;
}

gboolean
ibb_sasl_finish (IBBSasl *self, const char *text, GError **error)
{
  g_autofree char *input = NULL;
  gsize            length;

  input = decode (text, &length, error);
  if (input == NULL)
    return FALSE;
  if (!self->verified && length > 0 && check_iterations (input, error) &&
      !step (self, input, length, NULL, error))
    return FALSE;
  if (self->verified)
    return TRUE;

  if (error != NULL && *error == NULL)
    g_set_error_literal (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                         _ ("The server could not prove that it knows the password"));
  return FALSE;
}
