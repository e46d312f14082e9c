/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/authentication.h"

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
  IBBSasl      *sasl;
  GSource      *source; /* (nullable): while an answer is being computed */
};

static char **
dup_mechanisms (IBBElement *list)
{
  GPtrArray *array = g_ptr_array_new ();

  for (guint i = 0; list->children != NULL && i < list->children->len; i++)
    {
      IBBElement *child = g_ptr_array_index (list->children, i);

      if (ibb_element_is (child, "mechanism", IBB_SASL_NAMESPACE))
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
choose (IBBSaslParameters *parameters, IBBElement *features, GError **error)
{
  IBBElement    *list = ibb_element_get_child (features, "mechanisms", IBB_SASL_NAMESPACE);
  g_auto (GStrv) mechanisms = NULL;
  g_auto (GStrv) binding_types = dup_binding_types (features);

  if (list == NULL)
    {
      g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                   _ ("The server of “%s” offers no way to log in"), parameters->bare_jid);
      return NULL;
    }

  mechanisms = dup_mechanisms (list);
  parameters->mechanisms = (const char *const *) mechanisms;
  parameters->binding_types = (const char *const *) binding_types;
  return ibb_sasl_new (parameters, error);
}

IBBAuthentication *
ibb_authentication_new (IBBXmlStream      *stream,
                        GMainContext      *context,
                        IBBSaslParameters *parameters,
                        IBBElement        *features,
                        GError           **error)
{
  IBBAuthentication *self;
  IBBSasl           *sasl = choose (parameters, features, error);
  char              *text;

  if (sasl == NULL)
    return NULL;

  self = g_new0 (IBBAuthentication, 1);
  self->stream = ibb_xml_stream_ref (stream);
  self->context = context;
  self->bare_jid = g_strdup (parameters->bare_jid);
  self->sasl = sasl;
  text = ibb_stream_xml_dup_auth (ibb_sasl_get_mechanism (sasl), ibb_sasl_get_initial (sasl));
  ibb_xml_stream_send_secret (stream, text);
  ibb_secret_free (text);

  return self;
}

void
ibb_authentication_free (IBBAuthentication *self)
{
  ibb_source_clear (&self->source);
  ibb_xml_stream_unref (self->stream);
  g_free (self->bare_jid);
  ibb_sasl_free (self->sasl);
  g_free (self);
}

const char *
ibb_authentication_get_mechanism (IBBAuthentication *self)
{
  return ibb_sasl_get_mechanism (self->sasl);
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
  text = ibb_stream_xml_dup_response (response);
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
  g_autofree char *text = ibb_element_dup_condition_text (element, IBB_SASL_NAMESPACE);
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

IBBAuthenticationState
ibb_authentication_handle (IBBAuthentication *self, IBBElement *element, GError **error)
{
  gboolean is_challenge = ibb_element_is (element, "challenge", IBB_SASL_NAMESPACE);
  gboolean is_success = ibb_element_is (element, "success", IBB_SASL_NAMESPACE);

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
    return ibb_sasl_finish (self->sasl, element->text->str, error) ? IBB_AUTHENTICATION_DONE
                                                                   : IBB_AUTHENTICATION_FAILED;
  if (!ibb_sasl_set_challenge (self->sasl, element->text->str, error))
    return IBB_AUTHENTICATION_FAILED;

  start_computing (self);
  return IBB_AUTHENTICATION_GOES_ON;
}
