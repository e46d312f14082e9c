/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/negotiation.h"

#include <string.h>

#include <glib/gi18n-lib.h>

#include "core/jid.h"
#include "ibb-error.h"
#include "xmpp/ack-queue.h"
#include "xmpp/dial.h"
#include "xmpp/sasl.h"
#include "xmpp/stream-error.h"

#define BIND_ID "bind"
#define SESSION_ID "session"

typedef enum
{
  STAGE_CONNECT,
  STAGE_FEATURES, /* before TLS */
  STAGE_PROCEED,
  STAGE_HANDSHAKE,
  STAGE_CERTIFICATE,
  STAGE_SECURE_FEATURES, /* nothing more to encrypt */
  STAGE_SASL,
  STAGE_BIND_FEATURES,
  STAGE_BIND,
  STAGE_RESUME, /* instead of a binding */
  STAGE_SESSION,
  STAGE_DONE,
} Stage;

struct _IBBNegotiation
{
  grefcount                    ref_count;
  IBBThread                   *thread;
  const IBBNegotiationHandler *handler;
  gpointer                     owner;
  GDestroyNotify               owner_free; /* (nullable) */
  IBBAccount                   account;
  char                        *node; /* (nullable) */
  char                        *domain;
  char                        *resource; /* (nullable) */

  Stage         stage;
  GCancellable *cancellable; /* of whatever call of GIO is under way */
  GSource      *timer;       /* (nullable) */
  IBBStream    *stream;      /* (nullable) */
  GIOStream    *tls;         /* (nullable) */
  IBBSasl      *sasl;        /* (nullable) */
  gboolean      session_wanted;
  char         *local_jid; /* (nullable) */
  guint         stanza_limit;
  gboolean      can_manage;
  guint32       resumed_h;
  gboolean      was_refused;
  gboolean      shaking_hands; /* the stream's socket is in use elsewhere */
};

void
ibb_account_clear (IBBAccount *self)
{
  g_clear_pointer (&self->jid, g_free);
  g_clear_pointer (&self->password, g_free);
  g_clear_pointer (&self->host, g_free);
  g_clear_object (&self->tls_database);
  g_clear_pointer (&self->resume_id, g_free);
}

static void
clear_timer (IBBNegotiation *self)
{
  if (self->timer == NULL)
    return;

  g_source_destroy (self->timer);
  g_clear_pointer (&self->timer, g_source_unref);
}

static void
end (IBBNegotiation *self, IBBLoginResult *result, const GError *error)
{
  static const IBBStreamHandler nobody = { NULL };
  g_autoptr (IBBStream)         stream = g_steal_pointer (&self->stream);

  self->stage = STAGE_DONE;
  clear_timer (self);
  g_cancellable_cancel (self->cancellable);
  if (result == NULL && stream != NULL)
    {
      ibb_stream_set_owner (stream, &nobody, NULL, NULL);
      /* A thread of the TLS library's may be about to read from the socket, whose
       * number might be another's by then: closed once that thread is done. */
      if (self->shaking_hands)
        self->stream = g_steal_pointer (&stream);
      else
        ibb_stream_abort (stream, NULL, error);
    }
  self->handler->done (self, result, error, self->owner);
}

void
ibb_negotiation_fail (IBBNegotiation *self, const GError *error)
{
  g_autoptr (IBBNegotiation) keep = ibb_negotiation_ref (self);

  if (self->stage != STAGE_DONE)
    end (self, NULL, error);
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

gboolean
ibb_negotiation_was_refused (IBBNegotiation *self)
{
  return self->was_refused;
}

static gboolean
timeout_cb (gpointer user_data)
{
  IBBNegotiation *self = user_data;

  if (self->stage == STAGE_CERTIFICATE)
    ibb_negotiation_answer_certificate (self, FALSE);
  else if (self->stage == STAGE_CONNECT)
    fail (self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
          _ ("The server of “%s” cannot be reached in time"), self->domain);
  else
    fail (self, G_IO_ERROR, G_IO_ERROR_TIMED_OUT,
          _ ("The server of “%s” did not answer in time during the login"), self->domain);

  return G_SOURCE_REMOVE;
}

static void
set_timer (IBBNegotiation *self, guint milliseconds)
{
  clear_timer (self);
  self->timer = g_timeout_source_new (milliseconds);
  g_source_set_static_name (self->timer, "[ibb-glib] login timeout");
  g_source_set_callback (self->timer, timeout_cb, ibb_negotiation_ref (self),
                         (GDestroyNotify) ibb_negotiation_unref);
  g_source_attach (self->timer, ibb_thread_get_context (self->thread));
}

/* Binding. */

static void
send_bind (IBBNegotiation *self)
{
  g_autofree char *resource = NULL;
  g_autofree char *text = NULL;

  if (self->resource != NULL)
    {
      g_autofree char *escaped = g_markup_escape_text (self->resource, -1);

      resource = g_strdup_printf ("<resource>%s</resource>", escaped);
    }
  text = g_strdup_printf ("<iq type='set' id='" BIND_ID "'><bind xmlns='%s'>%s</bind></iq>",
                          IBB_BIND_NAMESPACE, resource != NULL ? resource : "");
  self->stage = STAGE_BIND;
  ibb_stream_send_text (self->stream, text);
}

static void
succeed (IBBNegotiation *self)
{
  IBBLoginResult result = { self->stream, self->local_jid, self->stanza_limit, self->can_manage,
                            self->resumed_h };

  ibb_stream_set_read_stanzas (self->stream);
  ibb_stream_ref (result.stream);
  end (self, &result, NULL);
  ibb_stream_unref (result.stream);
}

static void
handle_bound (IBBNegotiation *self, IBBElement *element)
{
  IBBElement *bind, *jid = NULL;
  const char *condition;

  if (g_strcmp0 (ibb_element_get_attribute (element, "id"), BIND_ID) != 0)
    return;
  if (g_strcmp0 (ibb_element_get_attribute (element, "type"), "result") == 0)
    {
      bind = ibb_element_get_child (element, "bind", IBB_BIND_NAMESPACE);
      if (bind != NULL)
        jid = ibb_element_get_child (bind, "jid", IBB_BIND_NAMESPACE);
      if (jid == NULL || ibb_jid_get_resource (jid->text->str) == NULL)
        {
          fail (self, IBB_ERROR, IBB_ERROR_PROTOCOL,
                _ ("The server of “%s” named no address after binding"), self->domain);
          return;
        }

      self->local_jid = g_strdup (jid->text->str);
      if (!self->session_wanted)
        {
          succeed (self);
          return;
        }
      self->stage = STAGE_SESSION;
      ibb_stream_send_text (self->stream, "<iq type='set' id='" SESSION_ID
                                          "'><session xmlns='" IBB_SESSION_NAMESPACE "'/></iq>");
      return;
    }

  element = ibb_element_get_child (element, "error", IBB_CLIENT_NAMESPACE);
  condition =
      element != NULL ? ibb_element_get_condition (element, IBB_STANZA_ERROR_NAMESPACE) : NULL;
  /* Taken by another login, or not to the server's liking: it names one. */
  if (self->resource != NULL &&
      (g_strcmp0 (condition, "conflict") == 0 || g_strcmp0 (condition, "bad-request") == 0 ||
       g_strcmp0 (condition, "not-acceptable") == 0))
    {
      g_clear_pointer (&self->resource, g_free);
      send_bind (self);
      return;
    }

  fail (self, IBB_ERROR, ibb_condition_to_code (condition),
        _ ("The server of “%s” gave no resource: %s"), self->domain,
        condition != NULL ? condition : "?");
}

/* Resumption (XEP-0198 §5). */

static void
send_resume (IBBNegotiation *self)
{
  g_autofree char *id = g_markup_escape_text (self->account.resume_id, -1);
  g_autofree char *text = g_strdup_printf ("<resume xmlns='" IBB_MANAGEMENT_NAMESPACE
                                           "' h='%" G_GUINT32_FORMAT "' previd='%s'/>",
                                           self->account.resume_h, id);

  /* What the server sends again follows at once upon its answer. */
  ibb_stream_set_read_stanzas (self->stream);
  self->stage = STAGE_RESUME;
  ibb_stream_send_text (self->stream, text);
}

static void
handle_resumed (IBBNegotiation *self, IBBElement *element)
{
  const char *condition;

  if (ibb_element_is (element, "resumed", IBB_MANAGEMENT_NAMESPACE))
    {
      if (g_strcmp0 (ibb_element_get_attribute (element, "previd"), self->account.resume_id) == 0 &&
          ibb_ack_queue_parse_h (ibb_element_get_attribute (element, "h"), &self->resumed_h))
        {
          succeed (self);
          return;
        }
      self->was_refused = TRUE;
      fail (self, IBB_ERROR, IBB_ERROR_PROTOCOL,
            _ ("The server of “%s” resumed another connection than ours"), self->domain);
    }
  else if (ibb_element_is (element, "failed", IBB_MANAGEMENT_NAMESPACE))
    {
      condition = ibb_element_get_condition (element, IBB_STANZA_ERROR_NAMESPACE);
      self->was_refused = TRUE;
      fail (self, IBB_ERROR, ibb_condition_to_code (condition),
            _ ("The server of “%s” could not resume the connection: %s"), self->domain,
            condition != NULL ? condition : "?");
    }
}

/* SASL. */

static char **
dup_children_text (IBBElement *element, const char *name, const char *namespace)
{
  GPtrArray *array = g_ptr_array_new ();

  for (guint i = 0; element->children != NULL && i < element->children->len; i++)
    {
      IBBElement *child = g_ptr_array_index (element->children, i);

      if (ibb_element_is (child, name, namespace))
        g_ptr_array_add (array, g_strdup (child->text->str));
    }
  g_ptr_array_add (array, NULL);

  return (char **) g_ptr_array_free (array, FALSE);
}

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

static void
start_sasl (IBBNegotiation *self, IBBElement *features)
{
  IBBElement        *list = ibb_element_get_child (features, "mechanisms", IBB_SASL_NAMESPACE);
  g_autoptr (GError) error = NULL;
  g_auto (GStrv)     mechanisms = NULL;
  g_auto (GStrv)     binding_types = dup_binding_types (features);
  g_autofree char   *text = NULL;
  IBBSaslParameters  parameters = {
     .node = self->node,
     .password = self->account.password,
     .tls = (GTlsConnection *) self->tls,
     .allow_plain_text = self->account.allow_plain_text,
     .binding_types = (const char *const *) binding_types,
  };

  if (list == NULL)
    {
      fail (self, IBB_ERROR, IBB_ERROR_AUTHENTICATION,
            _ ("The server of “%s” offers no way to log in"), self->domain);
      return;
    }

  mechanisms = dup_children_text (list, "mechanism", IBB_SASL_NAMESPACE);
  parameters.mechanisms = (const char *const *) mechanisms;
  self->sasl = ibb_sasl_new (&parameters, &error);
  if (self->sasl == NULL)
    {
      ibb_negotiation_fail (self, error);
      return;
    }

  g_debug ("Logging in to %s with %s", self->domain, ibb_sasl_get_mechanism (self->sasl));
  self->stage = STAGE_SASL;
  text = g_strdup_printf ("<auth xmlns='%s' mechanism='%s'>%s</auth>", IBB_SASL_NAMESPACE,
                          ibb_sasl_get_mechanism (self->sasl), ibb_sasl_get_initial (self->sasl));
  ibb_stream_send_text (self->stream, text);
}

/* The next stream starts here; whatever came in this one after its last
 * element was put there by somebody who does not see what follows. */
static gboolean
pause_stream (IBBNegotiation *self)
{
  if (ibb_stream_pause (self->stream))
    return TRUE;

  fail (self, IBB_ERROR, IBB_ERROR_PROTOCOL,
        _ ("The server of “%s” sent more than it may while the connection was being secured"),
        self->domain);
  return FALSE;
}

static void
handle_sasl (IBBNegotiation *self, IBBElement *element)
{
  g_autoptr (GError) error = NULL;

  if (ibb_element_is (element, "challenge", IBB_SASL_NAMESPACE))
    {
      g_autofree char *response = ibb_sasl_respond (self->sasl, element->text->str, &error);
      g_autofree char *text = NULL;

      if (response != NULL)
        {
          text =
              g_strdup_printf ("<response xmlns='%s'>%s</response>", IBB_SASL_NAMESPACE, response);
          ibb_stream_send_text (self->stream, text);
          return;
        }
    }
  else if (ibb_element_is (element, "success", IBB_SASL_NAMESPACE))
    {
      if (ibb_sasl_finish (self->sasl, element->text->str, &error))
        {
          if (!pause_stream (self))
            return;
          self->stage = STAGE_BIND_FEATURES;
          ibb_stream_open (self->stream, self->domain);
          return;
        }
    }
  else
    {
      self->was_refused = g_strcmp0 (ibb_element_get_condition (element, IBB_SASL_NAMESPACE),
                                     "temporary-auth-failure") != 0;
      error = ibb_sasl_failure_to_error (element, self->account.jid);
    }

  ibb_negotiation_fail (self, error);
}

/* TLS. */

static const char *
explain_certificate (GTlsCertificateFlags errors)
{
  if (errors & G_TLS_CERTIFICATE_BAD_IDENTITY)
    return _ ("it belongs to another name");
  if (errors & G_TLS_CERTIFICATE_REVOKED)
    return _ ("it was revoked");
  if (errors & G_TLS_CERTIFICATE_EXPIRED)
    return _ ("it has expired");
  if (errors & G_TLS_CERTIFICATE_NOT_ACTIVATED)
    return _ ("it is not valid yet");
  if (errors & G_TLS_CERTIFICATE_INSECURE)
    return _ ("it is too weak");
  if (errors & G_TLS_CERTIFICATE_UNKNOWN_CA)
    return _ ("nobody known here vouches for it");

  return _ ("it could not be verified");
}

static void
secured (IBBNegotiation *self)
{
  self->stage = STAGE_SECURE_FEATURES;
  ibb_stream_set_io (self->stream, self->tls);
  ibb_stream_open (self->stream, self->domain);
}

void
ibb_negotiation_answer_certificate (IBBNegotiation *self, gboolean accept)
{
  GTlsCertificateFlags errors;

  if (self->stage != STAGE_CERTIFICATE)
    return;

  set_timer (self, self->account.timeout);
  errors = g_tls_connection_get_peer_certificate_errors (G_TLS_CONNECTION (self->tls));
  if (accept)
    secured (self);
  else
    fail (self, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
          _ ("The certificate of the server of “%s” is not trusted: %s"), self->domain,
          explain_certificate (errors));
}

static gboolean
accept_certificate_cb (GTlsConnection      *connection,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       gpointer             user_data)
{
  /* Judged in handshake_cb (), where it may take its time. Until then nothing
   * is sent. */
  return TRUE;
}

static void
handshake_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBNegotiation) self = user_data;
  g_autoptr (GError)         error = NULL;
  GTlsConnection            *tls = G_TLS_CONNECTION (object);
  GTlsCertificate           *certificate;
  GTlsCertificateFlags       errors;

  self->shaking_hands = FALSE;
  g_tls_connection_handshake_finish (tls, result, &error);
  if (self->stage != STAGE_HANDSHAKE)
    {
      g_autoptr (IBBStream) stream = g_steal_pointer (&self->stream);

      if (stream != NULL)
        ibb_stream_abort (stream, NULL, error);
      return;
    }
  if (error != NULL)
    {
      ibb_negotiation_fail (self, error);
      return;
    }

  certificate = g_tls_connection_get_peer_certificate (tls);
  errors = g_tls_connection_get_peer_certificate_errors (tls);
  if (certificate == NULL)
    {
      fail (self, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
            _ ("The server of “%s” showed no certificate"), self->domain);
    }
  else if (errors == 0)
    {
      secured (self);
    }
  else
    {
      self->stage = STAGE_CERTIFICATE;
      set_timer (self, self->account.certificate_timeout);
      self->handler->certificate (self, certificate, errors, self->owner);
    }
}

static void
start_handshake (IBBNegotiation *self)
{
  static const char *const protocols[] = { "xmpp-client", NULL };
  g_autoptr (GError)       error = NULL;
  g_autofree char         *ascii = g_hostname_to_ascii (self->domain);
  /* The name that counts is the account's, wherever it led (RFC 6120 §13.7.2). */
  g_autoptr (GSocketConnectable) identity =
      g_network_address_new (ascii != NULL ? ascii : self->domain, 0);

  self->tls = g_tls_client_connection_new (ibb_stream_get_io (self->stream), identity, &error);
  if (self->tls == NULL)
    {
      ibb_negotiation_fail (self, error);
      return;
    }

  if (self->account.tls_database != NULL)
    g_tls_connection_set_database (G_TLS_CONNECTION (self->tls), self->account.tls_database);
  if (self->account.tls_mode == IBB_TLS_MODE_DIRECT)
    g_tls_connection_set_advertised_protocols (G_TLS_CONNECTION (self->tls), protocols);
  /* An XML stream has an end of its own. */
  g_tls_connection_set_require_close_notify (G_TLS_CONNECTION (self->tls), FALSE);
  g_signal_connect (self->tls, "accept-certificate", G_CALLBACK (accept_certificate_cb), NULL);

  self->stage = STAGE_HANDSHAKE;
  self->shaking_hands = TRUE;
  g_tls_connection_handshake_async (G_TLS_CONNECTION (self->tls), G_PRIORITY_DEFAULT,
                                    self->cancellable, handshake_cb, ibb_negotiation_ref (self));
}

static void
handle_first_features (IBBNegotiation *self, IBBElement *features)
{
  IBBElement *starttls = ibb_element_get_child (features, "starttls", IBB_TLS_NAMESPACE);

  if (self->account.tls_mode == IBB_TLS_MODE_STARTTLS)
    {
      if (starttls == NULL)
        {
          fail (self, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                _ ("The server of “%s” offers no TLS, which is required here"), self->domain);
          return;
        }
      self->stage = STAGE_PROCEED;
      ibb_stream_send_text (self->stream, "<starttls xmlns='" IBB_TLS_NAMESPACE "'/>");
      return;
    }

  if (starttls != NULL && ibb_element_get_child (starttls, "required", IBB_TLS_NAMESPACE) != NULL)
    fail (self, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
          _ ("The server of “%s” requires TLS, which is turned off here"), self->domain);
  else
    start_sasl (self, features);
}

static void
handle_proceed (IBBNegotiation *self, IBBElement *element)
{
  if (!ibb_element_is (element, "proceed", IBB_TLS_NAMESPACE))
    fail (self, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE, _ ("The server of “%s” refused to start TLS"),
          self->domain);
  else if (pause_stream (self))
    start_handshake (self);
}

/* The stream. */

static void
handle_bind_features (IBBNegotiation *self, IBBElement *features)
{
  IBBElement *limits = ibb_element_get_child (features, "limits", IBB_LIMITS_NAMESPACE);
  IBBElement *session = ibb_element_get_child (features, "session", IBB_SESSION_NAMESPACE);
  IBBElement *bytes = NULL;

  if (limits != NULL)
    bytes = ibb_element_get_child (limits, "max-bytes", IBB_LIMITS_NAMESPACE);
  if (bytes != NULL)
    self->stanza_limit =
        (guint) MIN (g_ascii_strtoull (bytes->text->str, NULL, 10), (guint64) G_MAXINT);
  /* RFC 3921 §3, where it is still more than an ornament. */
  self->session_wanted =
      session != NULL && ibb_element_get_child (session, "optional", IBB_SESSION_NAMESPACE) == NULL;

  self->can_manage = ibb_element_get_child (features, "sm", IBB_MANAGEMENT_NAMESPACE) != NULL;

  if (self->account.resume_id != NULL && !self->can_manage)
    {
      self->was_refused = TRUE;
      fail (self, IBB_ERROR, IBB_ERROR_FEATURE_NOT_IMPLEMENTED,
            _ ("The server of “%s” does not resume connections any more"), self->domain);
    }
  else if (self->account.resume_id != NULL)
    send_resume (self);
  else if (ibb_element_get_child (features, "bind", IBB_BIND_NAMESPACE) == NULL)
    fail (self, IBB_ERROR, IBB_ERROR_PROTOCOL, _ ("The server of “%s” offers no resource binding"),
          self->domain);
  else
    send_bind (self);
}

static void
handle_header (IBBNegotiation *self, IBBElement *header)
{
  if (g_strcmp0 (ibb_element_get_attribute (header, "version"), "1.0") != 0)
    fail (self, IBB_ERROR, IBB_ERROR_PROTOCOL, _ ("The server of “%s” does not speak XMPP 1.0"),
          self->domain);
}

static void
element_cb (IBBStream *stream, IBBParserEvent event, IBBElement *element, gpointer owner)
{
  IBBNegotiation *self = owner;
  gboolean        features = ibb_element_is (element, "features", IBB_STREAM_NAMESPACE);

  if (event == IBB_PARSER_HEADER)
    {
      handle_header (self, element);
      return;
    }
  if (ibb_element_is (element, "error", IBB_STREAM_NAMESPACE))
    {
      g_autoptr (GError) error = ibb_stream_error_to_error (element, self->domain);

      ibb_negotiation_fail (self, error);
      return;
    }

  if (self->stage == STAGE_FEATURES && features)
    handle_first_features (self, element);
  else if (self->stage == STAGE_PROCEED)
    handle_proceed (self, element);
  else if (self->stage == STAGE_SECURE_FEATURES && features)
    start_sasl (self, element);
  else if (self->stage == STAGE_SASL)
    handle_sasl (self, element);
  else if (self->stage == STAGE_BIND_FEATURES && features)
    handle_bind_features (self, element);
  else if (self->stage == STAGE_RESUME)
    handle_resumed (self, element);
  else if (self->stage == STAGE_BIND && ibb_element_is (element, "iq", IBB_CLIENT_NAMESPACE))
    handle_bound (self, element);
  else if (self->stage == STAGE_SESSION && ibb_element_is (element, "iq", IBB_CLIENT_NAMESPACE) &&
           g_strcmp0 (ibb_element_get_attribute (element, "id"), SESSION_ID) == 0)
    succeed (self);
}

static void
closed_cb (IBBStream *stream, const GError *error, gpointer owner)
{
  IBBNegotiation    *self = owner;
  g_autoptr (GError) message = NULL;

  if (error == NULL)
    return;

  message = g_error_copy (error);
  g_prefix_error (&message, _ ("The login to “%s” broke off: "), self->domain);
  ibb_negotiation_fail (self, message);
}

static const IBBStreamHandler stream_handler = {
  .element = element_cb,
  .closed = closed_cb,
};

/* The way to the server. */

static void
connected (IBBNegotiation *self, GSocketConnection *connection)
{
  self->stream = ibb_stream_new (ibb_thread_get_context (self->thread), connection);
  ibb_stream_set_owner (self->stream, &stream_handler, ibb_negotiation_ref (self),
                        (GDestroyNotify) ibb_negotiation_unref);
  if (self->account.tls_mode == IBB_TLS_MODE_DIRECT)
    {
      start_handshake (self);
      return;
    }

  self->stage = STAGE_FEATURES;
  ibb_stream_open (self->stream, self->domain);
}

static void
dial_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (IBBNegotiation)    self = user_data;
  g_autoptr (GSocketConnection) connection = NULL;
  g_autoptr (GError)            error = NULL;

  connection = ibb_dial_finish (result, &error);
  if (self->stage != STAGE_CONNECT)
    return;
  if (connection != NULL)
    connected (self, connection);
  else
    ibb_negotiation_fail (self, error);
}

static gboolean
parse_jid (IBBNegotiation *self)
{
  g_autofree char *jid = ibb_jid_normalize (self->account.jid);
  g_autofree char *bare = NULL;
  const char      *at;

  if (jid == NULL)
    return FALSE;

  self->resource = g_strdup (ibb_jid_get_resource (jid));
  self->domain = ibb_jid_dup_domain (jid);
  bare = ibb_jid_dup_bare (jid);
  at = strchr (bare, '@');
  if (at != NULL)
    self->node = g_strndup (bare, (gsize) (at - bare));

  return TRUE;
}

static gboolean
start_cb (gpointer user_data)
{
  IBBNegotiation *self = user_data;

  if (self->stage == STAGE_DONE)
    return G_SOURCE_REMOVE;
  if (!parse_jid (self))
    {
      g_autofree char *valid = g_utf8_make_valid (self->account.jid, -1);

      fail (self, IBB_ERROR, IBB_ERROR_JID_MALFORMED, _ ("“%s” is no XMPP address"), valid);
      return G_SOURCE_REMOVE;
    }

  /* Without a password it is for those who log in without a name. */
  if (self->node == NULL && self->account.password != NULL)
    {
      fail (self, IBB_ERROR, IBB_ERROR_JID_MALFORMED,
            _ ("“%s” is the address of a server; an account has one such as “user@%s”"),
            self->domain, self->domain);
      return G_SOURCE_REMOVE;
    }

  set_timer (self, self->account.timeout);
  ibb_dial_async (self->domain, self->account.host, self->account.port,
                  self->account.tls_mode == IBB_TLS_MODE_DIRECT, self->cancellable, dial_cb,
                  ibb_negotiation_ref (self));
  return G_SOURCE_REMOVE;
}

IBBNegotiation *
ibb_negotiation_new (IBBThread                   *thread,
                     IBBAccount                  *account,
                     const IBBNegotiationHandler *handler,
                     gpointer                     owner,
                     GDestroyNotify               owner_free)
{
  IBBNegotiation *self = g_new0 (IBBNegotiation, 1);

  g_ref_count_init (&self->ref_count);
  self->thread = thread;
  ibb_thread_hold (thread);
  self->handler = handler;
  self->owner = owner;
  self->owner_free = owner_free;
  self->account = *account;
  memset (account, 0, sizeof *account);
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

  clear_timer (self);
  if (self->owner_free != NULL)
    self->owner_free (self->owner);
  ibb_account_clear (&self->account);
  g_free (self->node);
  g_free (self->domain);
  g_free (self->resource);
  g_free (self->local_jid);
  g_clear_pointer (&self->sasl, ibb_sasl_free);
  g_clear_object (&self->tls);
  g_object_unref (self->cancellable);
  ibb_thread_release (self->thread);
  g_free (self);
}
