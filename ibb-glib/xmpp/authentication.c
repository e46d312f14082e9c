/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/authentication.h"

#include "core/jid.h"
#include "ibb-error.h"
#include "ibb-intl-private.h"
#include "stanza/namespaces.h"
#include "stanza/stream-xml.h"
#include "xmpp/secret.h"
#include "xmpp/source.h"

struct _IBBAuthentication
{
  IBBXmlStream *stream;
  GMainContext *context;
  char         *bare_jid;
  char         *domain;
  IBBSasl      *sasl;
  const char *namespace; /* of the elements: that of SASL, or of SASL2 */
  IBBSasl2Outcome outcome;
  GSource        *source; /* (nullable): while an answer is being computed */
};

/* list: of SASL or of SASL2; its mechanisms are in its own namespace. */
static char **
dup_mechanisms (IBBElement *list)
{
  GPtrArray *array = g_ptr_array_new ();

  for (guint i = 0; list->children != NULL && i < list->children->len; i++)
    {
      IBBElement *child = g_ptr_array_index (list->children, i);

      if (ibb_element_is (child, "mechanism", list->namespace))
        g_ptr_array_add (array, g_strdup (child->text->str));
    }
  g_ptr_array_add (array, NULL);

  return (char **) g_ptr_array_free (array, FALSE);
}

/* (nullable): the server does not say which types it knows (XEP-0440). */
static char **
dup_binding_types (IBBElement *features)
{
  IBBElement *list =
      ibb_element_get_child (features, "sasl-channel-binding", IBB_CHANNEL_BINDING_NAMESPACE);
  GPtrArray *array;

  if (list == NULL)
    return NULL;

  array = g_ptr_array_new ();
  for (guint i = 0; list->children != NULL && i < list->children->len; i++)
    {
      const char *type = ibb_element_get_attribute (g_ptr_array_index (list->children, i), "type");

      if (type != NULL)
        g_ptr_array_add (array, g_strdup (type));
    }
  g_ptr_array_add (array, NULL);

  return (char **) g_ptr_array_free (array, FALSE);
}

static IBBSasl *
choose_from (IBBSaslParameters *parameters, IBBElement *list, IBBElement *features, GError **error)
{
  g_auto (GStrv) mechanisms = dup_mechanisms (list);
  g_auto (GStrv) binding_types = dup_binding_types (features);

  parameters->mechanisms = (const char *const *) mechanisms;
  parameters->binding_types = (const char *const *) binding_types;
  return ibb_sasl_new (parameters, error);
}

/* offer (nullable) (out): that of SASL2, if it is the one that was chosen from. */
static IBBSasl *
choose (IBBSaslParameters *parameters, IBBElement *features, IBBElement **offer, GError **error)
{
  IBBElement *list = ibb_element_get_child (features, "mechanisms", IBB_SASL_NAMESPACE);
  IBBSasl    *sasl;

  *offer = ibb_sasl2_get_offer (features);
  if (*offer != NULL)
    {
      sasl = choose_from (parameters, *offer, features, list == NULL ? error : NULL);
      if (sasl != NULL || list == NULL)
        return sasl;
      *offer = NULL;
    }
  if (list != NULL)
    return choose_from (parameters, list, features, error);

  g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
               _ ("The server of “%s” offers no way to log in"), parameters->bare_jid);
  return NULL;
}

static void
send_first (IBBAuthentication *self, const IBBElement *offer, const IBBSasl2Wishes *wishes)
{
  const char *mechanism = ibb_sasl_get_mechanism (self->sasl);
  const char *initial = ibb_sasl_get_initial (self->sasl);
  char       *text = offer != NULL ? ibb_sasl2_dup_authenticate (offer, wishes, mechanism, initial)
                                   : ibb_stream_xml_dup_auth (mechanism, initial);

  ibb_xml_stream_send_secret (self->stream, text);
  ibb_secret_free (text);
}

IBBAuthentication *
ibb_authentication_new (IBBXmlStream         *stream,
                        GMainContext         *context,
                        IBBSaslParameters    *parameters,
                        const IBBSasl2Wishes *wishes,
                        IBBElement           *features,
                        GError              **error)
{
  IBBAuthentication *self;
  IBBElement        *offer;
  IBBSasl           *sasl = choose (parameters, features, &offer, error);

  if (sasl == NULL)
    return NULL;

  self = g_new0 (IBBAuthentication, 1);
  self->stream = ibb_xml_stream_ref (stream);
  self->context = context;
  self->bare_jid = g_strdup (parameters->bare_jid);
  self->domain = ibb_jid_dup_domain (parameters->bare_jid);
  self->sasl = sasl;
  self->namespace = offer != NULL ? IBB_SASL2_NAMESPACE : IBB_SASL_NAMESPACE;
  send_first (self, offer, wishes);

  return self;
}

void
ibb_authentication_free (IBBAuthentication *self)
{
  ibb_source_clear (&self->source);
  ibb_xml_stream_unref (self->stream);
  g_free (self->bare_jid);
  g_free (self->domain);
  ibb_sasl_free (self->sasl);
  ibb_sasl2_outcome_clear (&self->outcome);
  g_free (self);
}

const char *
ibb_authentication_get_mechanism (IBBAuthentication *self)
{
  return ibb_sasl_get_mechanism (self->sasl);
}

gboolean
ibb_authentication_is_sasl2 (IBBAuthentication *self)
{
  return g_str_equal (self->namespace, IBB_SASL2_NAMESPACE);
}

IBBSasl2Outcome *
ibb_authentication_get_outcome (IBBAuthentication *self)
{
  return &self->outcome;
}

/* In slices: between them the timeout and a cancellation are served. */
static gboolean
compute_cb (gpointer user_data)
{
  IBBAuthentication *self = user_data;
  g_autofree char   *response = NULL;
  g_autofree char   *text = NULL;

  if (!ibb_sasl_compute (self->sasl))
    return G_SOURCE_CONTINUE;

  ibb_source_clear (&self->source);
  response = ibb_sasl_dup_response (self->sasl);
  text = ibb_stream_xml_dup_response (self->namespace, response);
  ibb_xml_stream_send_text (self->stream, text);
  return G_SOURCE_REMOVE;
}

static void
start_computing (IBBAuthentication *self)
{
  self->source = ibb_source_attach (g_idle_source_new (), self->context, "[ibb-glib] SASL",
                                    compute_cb, self, NULL);
}

/* <failure/>, or anything else in its place. */
static IBBAuthenticationState
handle_failure (IBBAuthentication *self, IBBElement *element, GError **error)
{
  const char      *mechanism = ibb_sasl_get_mechanism (self->sasl);
  const char      *condition = ibb_element_get_condition (element, IBB_SASL_NAMESPACE);
  g_autofree char *text = ibb_element_dup_condition_text (element, self->namespace);
  g_autofree char *message = NULL;
  gboolean         is_temporary = g_strcmp0 (condition, "temporary-auth-failure") == 0;
  int              code = is_temporary ? IBB_ERROR_INTERNAL_SERVER_ERROR : IBB_ERROR_AUTHENTICATION;

  if (g_strcmp0 (condition, "not-authorized") == 0 && g_str_equal (mechanism, "EXTERNAL"))
    message =
        g_strdup_printf (_ ("The server did not accept the certificate of “%s”"), self->bare_jid);
  else if (g_strcmp0 (condition, "not-authorized") == 0)
    message = g_strdup_printf (_ ("The server did not accept the user name or password of “%s”"),
                               self->bare_jid);
  else
    message = g_strdup_printf (_ ("The server did not let “%s” log in: %s"), self->bare_jid,
                               condition != NULL ? condition : "?");

  if (text != NULL)
    g_set_error (error, IBB_ERROR, code, "%s: %s", message, text);
  else
    g_set_error_literal (error, IBB_ERROR, code, message);
  return is_temporary ? IBB_AUTHENTICATION_FAILED : IBB_AUTHENTICATION_REFUSED;
}

static IBBAuthenticationState
handle_success (IBBAuthentication *self, IBBElement *element, GError **error)
{
  const char *proof =
      ibb_authentication_is_sasl2 (self) ? ibb_sasl2_get_proof (element) : element->text->str;

  if (!ibb_sasl_finish (self->sasl, proof, error))
    return IBB_AUTHENTICATION_FAILED;
  if (ibb_authentication_is_sasl2 (self) &&
      !ibb_sasl2_take_outcome (element, self->domain, &self->outcome, error))
    return IBB_AUTHENTICATION_FAILED;

  return IBB_AUTHENTICATION_DONE;
}

/* A second factor, or a new password: that takes the user, who is not asked here. */
static IBBAuthenticationState
refuse_tasks (IBBAuthentication *self, IBBElement *element, GError **error)
{
  g_autofree char *text = ibb_element_dup_condition_text (element, self->namespace);

  g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
               _ ("The server requires a further step to log “%s” in, which is not supported "
                  "here%s%s"),
               self->bare_jid, text != NULL ? ": " : "", text != NULL ? text : "");
  return IBB_AUTHENTICATION_REFUSED;
}

IBBAuthenticationState
ibb_authentication_handle (IBBAuthentication *self, IBBElement *element, GError **error)
{
  gboolean is_challenge = ibb_element_is (element, "challenge", self->namespace);
  gboolean is_success = ibb_element_is (element, "success", self->namespace);

  if (ibb_element_is (element, "continue", IBB_SASL2_NAMESPACE))
    return refuse_tasks (self, element, error);
  if (!is_challenge && !is_success)
    return handle_failure (self, element, error);
  if (self->source != NULL)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
                   _ ("The server of “%s” did not wait for the answer to its challenge"),
                   self->bare_jid);
      return IBB_AUTHENTICATION_FAILED;
    }
  if (is_success)
    return handle_success (self, element, error);
  if (!ibb_sasl_set_challenge (self->sasl, element->text->str, error))
    return IBB_AUTHENTICATION_FAILED;

  start_computing (self);
  return IBB_AUTHENTICATION_GOES_ON;
}
