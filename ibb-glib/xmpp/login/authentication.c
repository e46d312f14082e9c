/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/authentication.h"

#include "base/intl.h"
#include "base/source.h"
#include "ibb-error.h"
#include "xmpp/base/secret.h"
#include "xmpp/login/fast.h"
#include "xmpp/stream/stream-error.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"

/* list: of SASL or of SASL2. Its mechanisms are in the namespace of the list. */
static char **
dup_mechanisms (IBBElement *list)
{
  g_autoptr (GPtrArray) children = ibb_element_list_children (list);
  GPtrArray            *array = g_ptr_array_new ();

  for (guint i = 0; i < children->len; i++)
    {
      IBBElement *child = g_ptr_array_index (children, i);

      if (ibb_element_is (child, "mechanism", ibb_element_get_namespace (list)))
        g_ptr_array_add (array, g_strdup (ibb_element_get_text (child)));
    }
  g_ptr_array_add (array, NULL);

  return (char **) g_ptr_array_free (array, FALSE);
}

/* (nullable): NULL if the server does not say which types it knows (XEP-0440). */
static char **
dup_binding_types (IBBElement *features)
{
  IBBElement *list =
      ibb_element_get_child (features, "sasl-channel-binding", IBB_CHANNEL_BINDING_NAMESPACE);
  g_autoptr (GPtrArray) children = NULL;
  GPtrArray            *array;

  if (list == NULL)
    return NULL;

  children = ibb_element_list_children (list);
  array = g_ptr_array_new ();
  for (guint i = 0; i < children->len; i++)
    {
      const char *type = ibb_element_get_attribute (g_ptr_array_index (children, i), "type");

      if (type != NULL)
        g_ptr_array_add (array, g_strdup (type));
    }
  g_ptr_array_add (array, NULL);

  return (char **) g_ptr_array_free (array, FALSE);
}

/* list (nullable): without it the result is NULL, without an error. other (nullable): the other
 * list. */
static IBBSasl *
choose_from (IBBSaslParameters *parameters, char **list, char **other, GError **error)
{
  if (list == NULL)
    return NULL;

  parameters->mechanisms = (const char *const *) list;
  parameters->other_mechanisms = (const char *const *) other;
  return ibb_sasl_new (parameters, error);
}

/* Chooses from the list of SASL2, unless the older one has a better mechanism: an offer of
 * SASL2 makes no login weaker. offer (nullable) (out): that of SASL2, if the mechanism is from
 * its list. */
static IBBSasl *
choose (IBBSaslParameters *parameters, IBBElement *features, IBBElement **offer, GError **error)
{
  IBBElement         *older = ibb_element_get_child (features, "mechanisms", IBB_SASL_NAMESPACE);
  IBBElement         *sasl2 = ibb_sasl2_get_offer (features);
  g_auto (GStrv)      older_list = older != NULL ? dup_mechanisms (older) : NULL;
  g_auto (GStrv)      sasl2_list = sasl2 != NULL ? dup_mechanisms (sasl2) : NULL;
  g_auto (GStrv)      binding_types = dup_binding_types (features);
  g_autoptr (IBBSasl) by_older = NULL;
  g_autoptr (IBBSasl) by_sasl2 = NULL;

  *offer = NULL;
  parameters->binding_types = (const char *const *) binding_types;
  by_older = choose_from (parameters, older_list, sasl2_list, error);
  by_sasl2 = choose_from (parameters, sasl2_list, older_list, older == NULL ? error : NULL);
  if (by_sasl2 != NULL && (by_older == NULL || by_older->rank >= by_sasl2->rank))
    {
      *offer = sasl2;
      g_clear_error (error);
      return g_steal_pointer (&by_sasl2);
    }
  if (older == NULL && sasl2 == NULL)
    g_set_error (error, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
                 _ ("The server of “%s” offers no way to log in"), parameters->bare_jid);

  return g_steal_pointer (&by_older);
}

/* The part of the first message about tokens. */
static char *
dup_token_request (IBBAuthentication *self)
{
  g_autofree char *request =
      self->requests_token ? ibb_stream_xml_dup_request_token (self->token_mechanism) : NULL;

  return g_strconcat (self->fast != NULL ? IBB_STREAM_XML_FAST : "", request, NULL);
}

static void
send_first (IBBAuthentication *self, const IBBElement *offer, const IBBSasl2Wishes *wishes)
{
  const char      *mechanism = ibb_authentication_get_mechanism (self);
  const char      *initial = self->fast != NULL ? self->fast->initial : self->sasl->initial;
  g_autofree char *request = dup_token_request (self);
  char            *text;

  if (offer != NULL)
    {
      ibb_sasl2_get_requests (offer, wishes, &self->requests);
      text = ibb_sasl2_dup_authenticate (&self->requests, wishes, mechanism, initial, request);
    }
  else
    text = ibb_stream_xml_dup_auth (mechanism, initial);

  ibb_xml_stream_send_secret (self->stream, text);
  ibb_secret_free (text);
}

/* Chooses a token instead of that mechanism, and whether to request a token, or a better one.
 * Servers know a program that has tokens by its id (XEP-0484 §4.1). */
static void
choose_token (IBBAuthentication       *self,
              const IBBSaslParameters *parameters,
              const IBBSasl2Wishes    *wishes,
              const IBBElement        *sasl2,
              gboolean                 is_chosen)
{
  gboolean    is_bound = self->sasl != NULL && ibb_sasl_is_bound (self->sasl);
  const char *best;

  if (sasl2 == NULL || wishes->user_agent_id == NULL)
    return;

  if (wishes->token != NULL)
    self->fast = ibb_fast_new (wishes->token, sasl2, parameters, is_bound);
  /* A bound token is not replaced by one that is not bound, whatever the server offers now. */
  if (wishes->token != NULL && ibb_fast_binds (ibb_xmpp_token_get_mechanism (wishes->token)))
    is_bound = TRUE;
  best = ibb_fast_choose (sasl2, parameters, is_bound);
  if (self->fast != NULL)
    {
      g_clear_pointer (&self->sasl, ibb_sasl_free);
      self->token_mechanism = self->fast->mechanism;
      self->requests_token = best != NULL && !g_str_equal (best, self->token_mechanism);
    }
  else if (is_chosen)
    self->requests_token = best != NULL;
  if (self->requests_token)
    self->token_mechanism = best;
}

IBBAuthentication *
ibb_authentication_new (IBBXmlStream             *stream,
                        GMainContext             *context,
                        const IBBAccountSettings *settings,
                        const IBBAccountParts    *parts,
                        GTlsConnection           *tls,
                        const IBBResumption      *resumption,
                        IBBElement               *features,
                        GError                  **error)
{
  IBBSaslParameters parameters = {
    .node = parts->node,
    .bare_jid = parts->bare_jid,
    .password = settings->password,
    .tls = tls,
    .has_certificate = tls != NULL && settings->certificate != NULL,
    .policy = settings->password_policy,
  };
  /* A resource is requested along with SASL2 only if the account names none: the server need not
   * take the one that is named (XEP-0386 §3.2). */
  IBBSasl2Wishes wishes = {
    .user_agent_id = tls != NULL ? settings->user_agent_id : NULL,
    .token = settings->token,
    .binds = parts->resource == NULL,
    .confirms = settings->resumable,
    .resumption = resumption,
  };
  IBBAuthentication *self = g_new0 (IBBAuthentication, 1);
  IBBElement        *sasl2 = ibb_sasl2_get_offer (features);
  IBBElement        *offer;
  g_autoptr (GError) cause = NULL;

  self->stream = ibb_xml_stream_ref (stream);
  self->context = context;
  self->bare_jid = g_strdup (parts->bare_jid);
  self->domain = g_strdup (parts->domain);
  self->sasl = choose (&parameters, features, &offer, &cause);
  choose_token (self, &parameters, &wishes, sasl2, offer != NULL);
  if (self->sasl == NULL && self->fast == NULL)
    {
      g_propagate_error (error, g_steal_pointer (&cause));
      ibb_authentication_free (self);
      return NULL;
    }

  if (self->fast != NULL)
    offer = sasl2;
  self->namespace = offer != NULL ? IBB_SASL2_NAMESPACE : IBB_SASL_NAMESPACE;
  send_first (self, offer, &wishes);
  g_debug ("Logging in to %s%s with %s", self->domain, offer != NULL ? " by SASL2" : "",
           ibb_authentication_get_mechanism (self));
  /* A stanza may follow the success of SASL2 at once. */
  if (offer != NULL)
    ibb_xml_stream_expect_stanzas (stream);

  return self;
}

void
ibb_authentication_free (IBBAuthentication *self)
{
  ibb_source_clear (&self->source);
  ibb_xml_stream_unref (self->stream);
  g_free (self->bare_jid);
  g_free (self->domain);
  g_clear_pointer (&self->sasl, ibb_sasl_free);
  g_clear_pointer (&self->fast, ibb_fast_free);
  g_clear_pointer (&self->token, ibb_xmpp_token_unref);
  ibb_sasl2_outcome_clear (&self->outcome);
  g_free (self);
}

const char *
ibb_authentication_get_mechanism (IBBAuthentication *self)
{
  return self->fast != NULL ? self->fast->mechanism : self->sasl->mechanism;
}

gboolean
ibb_authentication_is_sasl2 (IBBAuthentication *self)
{
  return g_str_equal (self->namespace, IBB_SASL2_NAMESPACE);
}

/* The rounds are computed in slices: between them a timeout or a cancellation has its turn. */
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

/* After any other failure the password would fail, too, and the token may still be good. */
static gboolean
is_token_refused (const char *condition)
{
  return g_strcmp0 (condition, "not-authorized") == 0 ||
         g_strcmp0 (condition, "credentials-expired") == 0;
}

/* Handles <failure/>, or any other element that came instead of a success. */
static IBBAuthenticationState
handle_failure (IBBAuthentication *self, IBBElement *element, GError **error)
{
  const char      *mechanism = ibb_authentication_get_mechanism (self);
  const char      *condition = ibb_element_get_condition (element, IBB_SASL_NAMESPACE);
  g_autofree char *reason = NULL;
  g_autofree char *message = NULL;
  gboolean         is_temporary = g_strcmp0 (condition, "temporary-auth-failure") == 0;
  gboolean         refuses_token = self->fast != NULL && is_token_refused (condition);
  GError          *failure;
  int              code = is_temporary ? IBB_ERROR_INTERNAL_SERVER_ERROR : IBB_ERROR_AUTHENTICATION;

  if (g_strcmp0 (condition, "not-authorized") == 0 && g_str_equal (mechanism, "EXTERNAL"))
    message =
        g_strdup_printf (_ ("The server did not accept the certificate of “%s”"), self->bare_jid);
  else if (refuses_token)
    message = g_strdup_printf (
        _ ("The server did not accept the token of “%s”: log in with the password"),
        self->bare_jid);
  else if (g_strcmp0 (condition, "not-authorized") == 0)
    message = g_strdup_printf (_ ("The server did not accept the user name or password of “%s”"),
                               self->bare_jid);
  else
    {
      reason = ibb_element_dup_reason (element, IBB_SASL_NAMESPACE, self->namespace);
      /* Translators: the first %s is an address, the second says why */
      message =
          g_strdup_printf (_ ("The server did not let “%s” log in: %s"), self->bare_jid, reason);
    }

  failure = g_error_new_literal (IBB_ERROR, code, message);
  if (reason == NULL)
    failure = ibb_stream_error_add_text (failure, element, self->namespace);
  g_propagate_error (error, failure);
  if (is_temporary)
    return IBB_AUTHENTICATION_FAILED;

  return refuses_token ? IBB_AUTHENTICATION_TOKEN_REFUSED : IBB_AUTHENTICATION_REFUSED;
}

static IBBAuthenticationState
fail_token_login (IBBAuthentication *self, GError **error)
{
  g_set_error (error, IBB_ERROR, IBB_ERROR_PROTOCOL,
               _ ("The server of “%s” did not answer the login by token"), self->domain);
  return IBB_AUTHENTICATION_FAILED;
}

static gboolean
is_proven (IBBAuthentication *self, const char *proof, GError **error)
{
  if (self->fast != NULL)
    return ibb_fast_verify (self->fast, proof, error);

  return ibb_sasl_finish (self->sasl, proof, error);
}

static IBBAuthenticationState
handle_success (IBBAuthentication *self, IBBElement *element, GError **error)
{
  if (!ibb_authentication_is_sasl2 (self))
    return is_proven (self, ibb_element_get_text (element), error) ? IBB_AUTHENTICATION_DONE
                                                                   : IBB_AUTHENTICATION_FAILED;

  if (!is_proven (self, ibb_sasl2_get_proof (element), error))
    return IBB_AUTHENTICATION_FAILED;
  if (self->token_mechanism != NULL)
    self->token = ibb_fast_take_token (element, self->token_mechanism);

  return ibb_sasl2_take_outcome (element, &self->requests, self->bare_jid, &self->outcome, error)
             ? IBB_AUTHENTICATION_DONE
             : IBB_AUTHENTICATION_FAILED;
}

/* The server demands a second factor, or a new password. That would take the user, whom the client
 * does not ask. */
static IBBAuthenticationState
refuse_tasks (IBBAuthentication *self, IBBElement *element, GError **error)
{
  GError *reason = g_error_new (
      IBB_ERROR, IBB_ERROR_AUTHENTICATION,
      _ ("The server requires a further step to log “%s” in, which is not supported here"),
      self->bare_jid);

  g_propagate_error (error, ibb_stream_error_add_text (reason, element, self->namespace));
  return IBB_AUTHENTICATION_REFUSED;
}

IBBAuthenticationState
ibb_authentication_handle (IBBAuthentication *self, IBBElement *element, GError **error)
{
  gboolean is_challenge = ibb_element_is (element, "challenge", self->namespace);
  gboolean is_success = ibb_element_is (element, "success", self->namespace);

  if (ibb_element_is (element, "continue", IBB_SASL2_NAMESPACE))
    return refuse_tasks (self, element, error);
  if (self->fast != NULL && !is_success && !ibb_element_is (element, "failure", self->namespace))
    return fail_token_login (self, error);
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
  if (!ibb_sasl_set_challenge (self->sasl, ibb_element_get_text (element), error))
    return IBB_AUTHENTICATION_FAILED;

  start_computing (self);
  return IBB_AUTHENTICATION_GOES_ON;
}
