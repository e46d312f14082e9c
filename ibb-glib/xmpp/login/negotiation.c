/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/negotiation.h"

#include "base/intl.h"
#include "ibb-error.h"
#include "xmpp/login/admission.h"
#include "xmpp/login/authentication.h"
#include "xmpp/login/binding.h"
#include "xmpp/login/encryption.h"
#include "xmpp/login/login-clock.h"
#include "xmpp/reach/dial.h"
#include "xmpp/reach/route.h"
#include "xmpp/stream/stream-error.h"
#include "xmpp/stream/stream-namespaces.h"
#include "xmpp/stream/stream-xml.h"

#define MAX_REDIRECTS 3

struct _IBBNegotiation
{
  grefcount                    ref_count;
  IBBThread                   *thread;
  const IBBNegotiationHandler *handler; /* (nullable): given up */
  gpointer                     owner;
  IBBAccountSettings           settings;
  GTlsCertificate             *accepted_certificate; /* (nullable): of the server */
  IBBAccountParts              parts;                /* of the JID */

  IBBLoginClock        clock;
  GCancellable        *cancellable;       /* of the attempt to connect */
  IBBEndpoint         *endpoint;          /* (nullable): of a WebSocket that stream goes over */
  guint                n_redirects;       /* followed to other servers */
  IBBXmlStream        *stream;            /* (nullable) */
  IBBEncryption       *encryption;        /* (nullable): of stream */
  GTlsCertificate     *untrusted;         /* (nullable): of the server, to be judged */
  GError              *certificate_error; /* (nullable): of untrusted */
  IBBAuthentication   *authentication;    /* (nullable) */
  IBBBinding          *binding;           /* (nullable) */
  IBBResumption        resumption;        /* its id is NULL: none */
  IBBNegotiationResult result;            /* so far, without the stream and the certificate */
  gboolean             was_refused;
  gboolean             has_id; /* the header for a component: it was answered */
};

static void
abort_stream (IBBNegotiation *self, const GError *error)
{
  static const IBBXmlStreamHandler nobody = { NULL };
  g_autoptr (IBBXmlStream)         stream = g_steal_pointer (&self->stream);
  IBBEncryption                   *encryption = g_steal_pointer (&self->encryption);

  if (stream == NULL)
    return;

  self->result.certificate = NULL; /* the encryption has it */
  ibb_xml_stream_set_owner (stream, &nobody, NULL, NULL);
  if (encryption != NULL)
    ibb_encryption_abort (encryption, error);
  else
    ibb_xml_stream_abort (stream, NULL, error);
}

static void
end (IBBNegotiation *self, IBBNegotiationResult *result, const GError *error)
{
  g_autoptr (IBBNegotiation) keep = ibb_negotiation_ref (self); /* it has the result */

  ibb_login_clock_stop (&self->clock);
  g_clear_pointer (&self->authentication, ibb_authentication_free);
  g_clear_pointer (&self->binding, ibb_binding_free);
  g_cancellable_cancel (self->cancellable);
  if (result == NULL)
    abort_stream (self, error);
  g_clear_pointer (&self->encryption, ibb_encryption_free);
  g_clear_pointer (&self->stream, ibb_xml_stream_unref);
  ibb_account_settings_clear (&self->settings);
  if (self->handler != NULL)
    self->handler->done (result, error, self->was_refused, self->owner);
}

void
ibb_negotiation_fail (IBBNegotiation *self, const GError *error)
{
  if (self->clock.stage != IBB_LOGIN_STAGE_DONE)
    end (self, NULL, error);
}

void
ibb_negotiation_give_up (IBBNegotiation *self)
{
  g_autoptr (GError) error =
      g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, "The login was given up");

  self->handler = NULL;
  ibb_negotiation_fail (self, error);
  ibb_negotiation_unref (self);
}

static void G_GNUC_PRINTF (4, 5)
    fail (IBBNegotiation *self, GQuark domain, int code, const char *format, ...)
{
  g_autoptr (GError) error = NULL;
  va_list            arguments;

  va_start (arguments, format);
  error = g_error_new_valist (domain, code, format, arguments);
  va_end (arguments);
  ibb_negotiation_fail (self, error);
}

static void
tell (IBBNegotiation *self, IBBXmppLoginStep step, const char *text)
{
  if (self->clock.stage != IBB_LOGIN_STAGE_DONE && self->handler->step != NULL)
    self->handler->step (step, text, self->result.certificate, self->owner);
}

static gboolean
late_cb (gpointer user_data)
{
  IBBNegotiation    *self = user_data;
  g_autoptr (GError) error = NULL;

  if (self->clock.stage == IBB_LOGIN_STAGE_CERTIFICATE)
    error = g_error_copy (self->certificate_error);
  else
    error = ibb_login_clock_new_late_error (&self->clock, self->parts.domain);
  ibb_negotiation_fail (self, error);
  return G_SOURCE_REMOVE;
}

/* Ends with a bound resource, or with a resumed XML stream. */
static void
succeed (IBBNegotiation *self)
{
  g_autoptr (IBBXmlStream) stream = ibb_xml_stream_ref (self->stream);

  self->result.stream = stream;
  end (self, &self->result, NULL);
}

static void
start_binding (IBBNegotiation *self, IBBElement *features)
{
  g_autoptr (GError) error = NULL;

  ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_BIND);
  /* A stanza may follow the answer at once. It is for the client. */
  ibb_xml_stream_expect_stanzas (self->stream);
  self->binding =
      ibb_binding_new (self->stream, features, self->parts.bare_jid, self->parts.resource, &error);
  if (self->binding == NULL)
    ibb_negotiation_fail (self, error);
}

static void
handle_binding (IBBNegotiation *self, IBBElement *element)
{
  g_autoptr (GError) error = NULL;
  IBBBindingState    state = ibb_binding_handle (self->binding, element, &error);

  if (state == IBB_BINDING_DONE)
    {
      self->result.local_jid = g_strdup (self->binding->jid);
      succeed (self);
    }
  else if (state == IBB_BINDING_FAILED)
    ibb_negotiation_fail (self, error);
}

static void
start_resumption (IBBNegotiation *self)
{
  if (!self->result.can_manage)
    {
      self->was_refused = TRUE;
      fail (self, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
            _ ("The server of “%s” does not resume connections any more"), self->parts.domain);
      return;
    }

  /* The stanzas that the server sends again follow its answer at once. */
  ibb_xml_stream_expect_stanzas (self->stream);
  ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_RESUME);
  ibb_resumption_send (&self->resumption, self->stream);
}

static void
handle_resumption (IBBNegotiation *self, IBBElement *element)
{
  g_autoptr (GError) error = NULL;
  IBBResumptionState state = ibb_resumption_handle (&self->resumption, element, self->parts.domain,
                                                    &self->result.resumed_h, &error);

  if (state == IBB_RESUMPTION_DONE)
    succeed (self);
  else if (state == IBB_RESUMPTION_REFUSED)
    {
      self->was_refused = TRUE;
      ibb_negotiation_fail (self, error);
    }
}

/* SASL. */

static void
start_sasl (IBBNegotiation *self, IBBElement *features)
{
  g_autoptr (GError) error = NULL;
  GTlsConnection    *tls = self->encryption != NULL ? self->encryption->tls : NULL;

  tell (self, IBB_XMPP_LOGIN_STEP_AUTHENTICATE, NULL);
  /* After a resumption along with SASL2 no other features follow. */
  ibb_xml_stream_set_idle_limit (self->stream, ibb_element_get_idle_limit (features));
  self->authentication = ibb_authentication_new (
      self->stream, self->clock.context, &self->settings, &self->parts, tls,
      self->resumption.id != NULL ? &self->resumption : NULL, features, &error);
  if (self->authentication == NULL)
    {
      ibb_negotiation_fail (self, error);
      return;
    }

  g_free (self->result.mechanism);
  self->result.mechanism = g_strdup (ibb_authentication_get_mechanism (self->authentication));
  ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_SASL);
}

/* The bare JID is sent only over TLS, unless TLS is off: nobody else should see the account. */
static void
open_stream (IBBNegotiation *self)
{
  gboolean is_private =
      self->encryption != NULL || self->settings.tls_mode == IBB_XMPP_TLS_MODE_NONE;

  ibb_xml_stream_open (self->stream,
                       is_private && self->parts.node != NULL ? self->parts.bare_jid : NULL,
                       self->parts.domain);
}

/* The next XML stream begins after this element. Further bytes of this one were inserted by an
 * attacker, who cannot read the next one. */
static gboolean
pause_stream (IBBNegotiation *self)
{
  if (ibb_xml_stream_pause (self->stream))
    return TRUE;

  fail (self, IBB_ERROR, IBB_ERROR_PROTOCOL,
        _ ("The server of “%s” sent more than it may while the connection was being secured"),
        self->parts.domain);
  return FALSE;
}

/* Without SASL2 a new XML stream begins. With SASL2 the features follow in the same one, and then
 * the requests that did not go along with the login, unless an XML stream was resumed. */
static void
handle_success (IBBNegotiation *self)
{
  IBBSasl2Outcome *outcome = &self->authentication->outcome;

  ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_LAST_FEATURES);
  if (!ibb_authentication_is_sasl2 (self->authentication))
    {
      if (pause_stream (self))
        open_stream (self);
      return;
    }

  self->result.local_jid = g_steal_pointer (&outcome->jid);
  self->result.management = g_steal_pointer (&outcome->management);
  if (self->resumption.id != NULL && outcome->resumption != NULL)
    handle_resumption (self, outcome->resumption);
}

/* Defined below: a refused token leads back to the start. */
static void dial (IBBNegotiation *self);

/* The password needs another connection: Prosody's module offers only tokens after a refusal. */
static void
token_refused (IBBNegotiation *self, const GError *error)
{
  ibb_account_settings_replace_token (&self->settings, NULL);
  if (self->settings.password == NULL)
    {
      self->was_refused = TRUE;
      ibb_negotiation_fail (self, error);
      return;
    }

  g_debug ("%s", error->message);
  g_clear_pointer (&self->authentication, ibb_authentication_free);
  abort_stream (self, error);
  dial (self);
}

static void
handle_sasl (IBBNegotiation *self, IBBElement *element)
{
  g_autoptr (GError)     error = NULL;
  IBBAuthenticationState state = ibb_authentication_handle (self->authentication, element, &error);

  /* Even if the login fails later: the token before may be void now. */
  if (self->authentication->token != NULL)
    ibb_account_settings_replace_token (&self->settings, self->authentication->token);
  if (state == IBB_AUTHENTICATION_GOES_ON)
    ibb_login_clock_enter (&self->clock,
                           IBB_LOGIN_STAGE_SASL); /* the next answer has its own time */
  else if (state == IBB_AUTHENTICATION_DONE)
    handle_success (self);
  else if (state == IBB_AUTHENTICATION_TOKEN_REFUSED)
    token_refused (self, error);
  else
    {
      self->was_refused = state == IBB_AUTHENTICATION_REFUSED;
      ibb_negotiation_fail (self, error);
    }
}

/* TLS. */

static void
secured_cb (gpointer owner)
{
  IBBNegotiation *self = owner;

  self->result.certificate = g_tls_connection_get_peer_certificate (self->encryption->tls);
  ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_SECURE_FEATURES);
  open_stream (self);
}

void
ibb_negotiation_answer_certificate (IBBNegotiation *self, gboolean accept)
{
  if (self->clock.stage != IBB_LOGIN_STAGE_CERTIFICATE)
    return;

  if (!accept)
    {
      ibb_negotiation_fail (self, self->certificate_error);
      return;
    }
  g_set_object (&self->accepted_certificate, self->untrusted);
  ibb_login_clock_start (&self->clock);
  dial (self);
}

/* Asks the application once: then the server has to show the accepted certificate, over a new
 * connection, as no server waits for a person. The targets of a redirect never lead to a
 * question. */
static void
handshake_failed_cb (const char          *identity,
                     GTlsCertificate     *untrusted,
                     GTlsCertificateFlags errors,
                     const GError        *error,
                     gpointer             owner)
{
  IBBNegotiation *self = owner;

  if (untrusted == NULL || self->accepted_certificate != NULL || self->n_redirects > 0 ||
      self->handler->certificate == NULL)
    {
      ibb_negotiation_fail (self, error);
      return;
    }

  abort_stream (self, error);
  g_set_object (&self->untrusted, untrusted);
  g_clear_error (&self->certificate_error);
  self->certificate_error = g_error_copy (error);
  ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_CERTIFICATE);
  self->handler->certificate (self, identity, untrusted, errors, self->owner);
}

static const IBBEncryptionHandler encryption_handler = {
  .secured = secured_cb,
  .failed = handshake_failed_cb,
};

/* The first server may have a certificate for its own host, as the application or the domain has
 * named it. The target of a redirect needs a certificate for the domain of the account. */
static void
start_handshake (IBBNegotiation *self)
{
  const char *identity =
      self->endpoint != NULL && self->n_redirects == 0 ? self->endpoint->host : self->parts.domain;

  ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_HANDSHAKE);
  self->encryption =
      ibb_encryption_new (self->thread, self->stream, identity, self->endpoint, &self->settings,
                          self->accepted_certificate, &encryption_handler, self);
}

static void
handle_first_features (IBBNegotiation *self, IBBElement *features)
{
  g_autoptr (GError) error = NULL;
  gboolean           encrypts;

  if (!ibb_encryption_choose (features, self->settings.tls_mode, self->parts.domain, &encrypts,
                              &error))
    ibb_negotiation_fail (self, error);
  else if (!encrypts)
    start_sasl (self, features);
  else
    {
      ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_PROCEED);
      ibb_xml_stream_send_text (self->stream, IBB_STREAM_XML_STARTTLS);
    }
}

static void
handle_proceed (IBBNegotiation *self, IBBElement *element)
{
  if (!ibb_element_is (element, "proceed", IBB_TLS_NAMESPACE))
    fail (self, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE, _ ("The server of “%s” refused to start TLS"),
          self->parts.domain);
  else if (pause_stream (self))
    start_handshake (self);
}

/* The events of the XML stream. */

static void
handle_last_features (IBBNegotiation *self, IBBElement *features)
{
  self->result.stanza_limit = ibb_element_get_stanza_limit (features);
  ibb_xml_stream_set_idle_limit (self->stream, ibb_element_get_idle_limit (features));
  self->result.can_manage =
      ibb_element_get_child (features, "sm", IBB_MANAGEMENT_NAMESPACE) != NULL;

  /* The server has refused acknowledgements, so they are not requested again. */
  if (self->result.management != NULL &&
      g_str_equal (ibb_element_get_name (self->result.management), "failed"))
    {
      self->result.can_manage = FALSE;
      g_clear_pointer (&self->result.management, ibb_element_unref);
    }

  if (self->resumption.id != NULL)
    start_resumption (self);
  else if (self->result.local_jid != NULL)
    succeed (self);
  else
    start_binding (self, features);
}

static void
handle_admission (IBBNegotiation *self, IBBElement *element)
{
  g_autoptr (GError) error = NULL;

  if (ibb_admission_handle (element, self->has_id, self->parts.domain, &error))
    {
      self->result.local_jid = g_strdup (self->parts.domain);
      succeed (self);
    }
  else
    ibb_negotiation_fail (self, error);
}

static void
handle_header (IBBNegotiation *self, IBBElement *header)
{
  g_autoptr (GError) error = NULL;

  if (self->clock.stage == IBB_LOGIN_STAGE_ADMISSION)
    {
      /* A stanza may follow the answer at once. */
      ibb_xml_stream_expect_stanzas (self->stream);
      self->has_id = g_strcmp0 (ibb_element_get_attribute (header, "id"), "") != 0;
      if (!ibb_admission_send (self->stream, header, self->settings.password, self->parts.domain,
                               &error))
        ibb_negotiation_fail (self, error);
      return;
    }
  self->clock.speaks_xmpp = TRUE;
  if (g_strcmp0 (ibb_element_get_attribute (header, "version"), "1.0") != 0)
    fail (self, IBB_ERROR, IBB_ERROR_PROTOCOL, _ ("The server of “%s” does not speak XMPP 1.0"),
          self->parts.domain);
}

/* A redirect (RFC 6120 §4.9.3.19, RFC 7395 §3.6.1) counts only before the authentication: until
 * then the server has got no secret. */
static gboolean
follow (IBBNegotiation *self, const char *place, const GError *error)
{
  if (place == NULL || self->clock.stage > IBB_LOGIN_STAGE_SECURE_FEATURES ||
      self->n_redirects >= MAX_REDIRECTS ||
      !ibb_route_redirect (&self->settings, place, self->endpoint != NULL))
    return FALSE;
  self->n_redirects++;
  self->clock.speaks_xmpp = FALSE;

  g_debug ("%s sends us to %s", self->parts.domain, place);
  abort_stream (self, error);
  dial (self);
  return TRUE;
}

static void
handle_error (IBBNegotiation *self, const IBBElement *element)
{
  g_autoptr (GError) error = self->clock.stage == IBB_LOGIN_STAGE_ADMISSION
                                 ? ibb_admission_to_error (element, self->parts.domain)
                                 : ibb_stream_error_to_error (element, self->parts.domain);

  if (!follow (self, ibb_stream_error_get_other_host (element), error))
    ibb_negotiation_fail (self, error);
}

static void
element_cb (IBBXmlStream *stream, IBBParserEvent event, IBBElement *element, gpointer owner)
{
  IBBNegotiation *self = owner;
  gboolean        features = ibb_element_is (element, "features", IBB_STREAM_NAMESPACE);

  if (event == IBB_PARSER_HEADER)
    handle_header (self, element);
  else if (ibb_element_is (element, "error", IBB_STREAM_NAMESPACE))
    handle_error (self, element);
  else if (self->clock.stage == IBB_LOGIN_STAGE_ADMISSION)
    handle_admission (self, element);
  else if (self->clock.stage == IBB_LOGIN_STAGE_FEATURES && features)
    handle_first_features (self, element);
  else if (self->clock.stage == IBB_LOGIN_STAGE_PROCEED)
    handle_proceed (self, element);
  else if (self->clock.stage == IBB_LOGIN_STAGE_SECURE_FEATURES && features)
    start_sasl (self, element);
  else if (self->clock.stage == IBB_LOGIN_STAGE_SASL)
    handle_sasl (self, element);
  else if (self->clock.stage == IBB_LOGIN_STAGE_LAST_FEATURES && features)
    handle_last_features (self, element);
  else if (self->clock.stage == IBB_LOGIN_STAGE_RESUME)
    handle_resumption (self, element);
  else if (self->clock.stage == IBB_LOGIN_STAGE_BIND)
    handle_binding (self, element);
}

/* A stanza at this time could not be counted for XEP-0198, and no server has to send one yet. */
static void
stanza_cb (IBBXmlStream *stream, IBBStanza *stanza, gpointer owner)
{
  IBBNegotiation *self = owner;

  if (self->clock.stage != IBB_LOGIN_STAGE_RESUME && self->clock.stage != IBB_LOGIN_STAGE_BIND)
    fail (self, IBB_ERROR, IBB_ERROR_PROTOCOL,
          _ ("The server of “%s” sent a stanza before the login was complete"), self->parts.domain);
}

static void
closed_cb (IBBXmlStream *stream, const GError *error, gpointer owner)
{
  IBBNegotiation    *self = owner;
  g_autoptr (GError) closed = NULL;

  if (error == NULL || follow (self, ibb_xml_stream_get_other_uri (stream), error))
    return;

  closed = ibb_login_clock_new_closed_error (&self->clock, self->parts.domain, error);
  ibb_negotiation_fail (self, closed);
}

static const IBBXmlStreamHandler stream_handler = {
  .element = element_cb,
  .stanza = stanza_cb,
  .closed = closed_cb,
};

/* Connecting. */

static void
connected (IBBNegotiation *self, GSocketConnection *connection)
{
  g_autofree char *place = ibb_route_describe (connection, self->endpoint);

  tell (self, IBB_XMPP_LOGIN_STEP_NEGOTIATE, place);
  if (self->settings.tls_mode == IBB_XMPP_TLS_MODE_AUTOMATIC)
    self->settings.tls_mode =
        ibb_dial_is_direct (connection) ? IBB_XMPP_TLS_MODE_DIRECT : IBB_XMPP_TLS_MODE_STARTTLS;
  self->stream = ibb_xml_stream_new (ibb_thread_get_context (self->thread), connection);
  ibb_xml_stream_set_owner (self->stream, &stream_handler, ibb_negotiation_ref (self),
                            (GDestroyNotify) ibb_negotiation_unref);
  if (self->settings.is_component)
    {
      ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_ADMISSION);
      ibb_xml_stream_open_component (self->stream, self->parts.domain);
    }
  else if (self->endpoint != NULL || self->settings.tls_mode == IBB_XMPP_TLS_MODE_DIRECT)
    start_handshake (self);
  else
    {
      ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_FEATURES);
      open_stream (self);
    }
}

static void
dial_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBNegotiation)    self = user_data;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GTlsCertificate)   untrusted = NULL;
  g_autoptr (GError)            error = NULL;
  GTlsCertificateFlags          errors;

  g_clear_pointer (&self->endpoint, ibb_endpoint_unref);
  connection = ibb_route_finish (result, &self->endpoint, &untrusted, &errors, &error);
  if (self->clock.stage != IBB_LOGIN_STAGE_CONNECT)
    return;
  if (connection != NULL)
    connected (self, connection);
  else
    handshake_failed_cb (self->parts.domain, untrusted, errors, error, self);
}

static void
found_cb (const char *text, gpointer owner)
{
  tell (owner, IBB_XMPP_LOGIN_STEP_CONNECT, text);
}

static void
dial (IBBNegotiation *self)
{
  ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_CONNECT);
  ibb_route_async (self->parts.domain, &self->settings, self->accepted_certificate, found_cb, self,
                   self->cancellable, dial_cb, ibb_negotiation_ref (self));
}

void
ibb_negotiation_answer_password (IBBNegotiation *self, const char *password)
{
  if (self->clock.stage != IBB_LOGIN_STAGE_PASSWORD)
    return;

  self->settings.password = g_strdup (password);
  ibb_login_clock_start (&self->clock);
  dial (self);
}

/* The password is asked for before there is a connection, as no server waits for a person. */
static gboolean
start_cb (gpointer user_data)
{
  IBBNegotiation    *self = user_data;
  g_autoptr (GError) error = NULL;

  if (self->clock.stage == IBB_LOGIN_STAGE_DONE)
    return G_SOURCE_REMOVE;

  ibb_login_clock_start (&self->clock);
  if (!ibb_encryption_check (&self->settings, &error) ||
      !ibb_account_settings_split (&self->settings, &self->parts, &error))
    ibb_negotiation_fail (self, error);
  else if (self->parts.node == NULL || self->handler->password == NULL ||
           !ibb_account_settings_needs_password (&self->settings))
    dial (self);
  else
    {
      ibb_login_clock_enter (&self->clock, IBB_LOGIN_STAGE_PASSWORD);
      self->handler->password (self, self->parts.bare_jid, self->owner);
    }
  return G_SOURCE_REMOVE;
}

IBBNegotiation *
ibb_negotiation_new (IBBThread                   *thread,
                     IBBAccountSettings          *settings,
                     const IBBResumption         *resumption,
                     const IBBNegotiationHandler *handler,
                     gpointer                     owner)
{
  IBBNegotiation *self = g_new0 (IBBNegotiation, 1);

  g_ref_count_init (&self->ref_count);
  self->thread = thread;
  ibb_thread_hold (thread);
  self->handler = handler;
  self->owner = owner;
  self->settings = *settings;
  *settings = (IBBAccountSettings){ NULL };
  if (resumption != NULL)
    {
      self->clock.speaks_xmpp = TRUE;
      ibb_resumption_copy (resumption, &self->resumption);
      g_set_object (&self->accepted_certificate, resumption->accepted_certificate);
    }
  self->clock.context = ibb_thread_get_context (thread);
  self->clock.late = late_cb;
  self->clock.owner = self;
  self->cancellable = g_cancellable_new ();

  ibb_thread_invoke (thread, start_cb, ibb_negotiation_ref (self),
                     (GDestroyNotify) ibb_negotiation_unref);
  return self;
}

IBBNegotiation *
ibb_negotiation_ref (IBBNegotiation *self)
{
  g_ref_count_inc (&self->ref_count);
  return self;
}

void
ibb_negotiation_unref (IBBNegotiation *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  ibb_account_settings_clear (&self->settings);
  g_clear_pointer (&self->endpoint, ibb_endpoint_unref);
  g_clear_object (&self->accepted_certificate);
  ibb_resumption_clear (&self->resumption);
  g_free (self->result.local_jid);
  g_free (self->result.mechanism);
  g_clear_pointer (&self->result.management, ibb_element_unref);
  ibb_account_parts_clear (&self->parts);
  g_clear_object (&self->untrusted);
  g_clear_error (&self->certificate_error);
  g_object_unref (self->cancellable);
  ibb_thread_release (self->thread);
  g_free (self);
}
