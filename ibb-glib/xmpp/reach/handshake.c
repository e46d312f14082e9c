/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/reach/handshake.h"

#include "base/call-task.h"
#include "base/intl.h"
#include "xmpp/base/domain.h"
#include "xmpp/base/tls-base.h"
#include "xmpp/trust/certificate-error.h"

/* The task and the handler of the signal share this. */
typedef struct
{
  char                *domain;
  gboolean             direct;
  IBBServerTrust       trust;
  GTlsCertificate     *untrusted; /* (owned) (nullable): of the server */
  GTlsCertificateFlags errors;    /* of untrusted */
} Handshake;

static void
handshake_clear (gpointer data)
{
  Handshake *self = data;

  g_free (self->domain);
  ibb_server_trust_clear (&self->trust);
  g_clear_object (&self->untrusted);
}

static void
handshake_unref (gpointer data)
{
  g_atomic_rc_box_release_full (data, handshake_clear);
}

static void
handshake_unref_closure (gpointer data, GClosure *closure)
{
  handshake_unref (data);
}

/* The handshake stops at a server that is not trusted, so that the server gets neither the client's
 * certificate nor a byte, and no connection waits for the answer of a person. */
static gboolean
accept_certificate_cb (GTlsConnection      *connection,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       gpointer             user_data)
{
  Handshake *self = user_data;

  if (ibb_server_trust_accepts (&self->trust, self->domain, certificate))
    return TRUE;

  g_set_object (&self->untrusted, certificate);
  self->errors = errors;
  return FALSE;
}

static GError *
new_certificate_error (const Handshake *self)
{
  g_autofree char *fingerprint = ibb_xmpp_known_certificates_dup_fingerprint (self->untrusted);
  g_autofree char *reason = ibb_certificate_error_explain (self->errors);

  if (self->trust.fingerprint != NULL)
    return g_error_new (
        G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
        /* Translators: a domain, and the fingerprint of its certificate */
        _ ("The certificate of “%s” is not trusted: it has another fingerprint than "
           "the one that was named (SHA-256 %s)"),
        self->domain, fingerprint);
  if (ibb_server_trust_has_another (&self->trust, self->domain, self->untrusted))
    return g_error_new (
        G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
        /* Translators: a domain, what is wrong with the certificate, and its fingerprint */
        _ ("The certificate of “%s” has changed, and is not trusted: %s (SHA-256 %s). Either the "
           "server has a new one, or somebody sits in between"),
        self->domain, reason, fingerprint);
  return g_error_new (
      G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
      /* Translators: a domain, what is wrong with the certificate, and its fingerprint */
      _ ("The certificate of “%s” is not trusted: %s (SHA-256 %s)"), self->domain, reason,
      fingerprint);
}

/* Reading would not show the reset before the bytes that the server may have sent. */
static gboolean
was_reset (GIOStream *io)
{
  GSocket *socket = G_IS_SOCKET_CONNECTION (io)
                        ? g_socket_connection_get_socket (G_SOCKET_CONNECTION (io))
                        : NULL;

  return socket != NULL && (g_socket_condition_check (socket, G_IO_HUP) & G_IO_HUP) != 0;
}

static gboolean
was_closed (GIOStream *io)
{
  GPollableInputStream *input = G_POLLABLE_INPUT_STREAM (g_io_stream_get_input_stream (io));
  g_autoptr (GError)    error = NULL;
  char                  byte;
  gssize n = g_pollable_input_stream_read_nonblocking (input, &byte, 1, NULL, &error);

  return n == 0 || (n < 0 && !g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK));
}

/* Returns NULL if the connection has not ended. GnuTLS has one code for the end of the connection
 * and for an answer that is not TLS. GIO says G_TLS_ERROR_CERTIFICATE_REQUIRED of each handshake
 * that fails after the server has asked for a certificate, as ejabberd does. */
static GError *
new_connection_error (const GError *error, GTlsConnection *tls, const Handshake *handshake)
{
  gboolean   is_io = error->domain == G_IO_ERROR;
  gboolean   is_required = g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_CERTIFICATE_REQUIRED);
  GIOStream *base = ibb_tls_base_get_connection (ibb_tls_base_get (tls));

  if (!is_io && !is_required && !g_error_matches (error, G_TLS_ERROR, G_TLS_ERROR_NOT_TLS))
    return NULL;

  if (is_io || (was_reset (base) && !is_required))
    return g_error_new (G_IO_ERROR, is_io ? error->code : G_IO_ERROR_CONNECTION_CLOSED,
                        _ ("The network or the server of “%s” broke the connection during the TLS "
                           "handshake (%s): try again"),
                        handshake->domain, error->message);
  /* The server has sent no alert. ejabberd does so where it has no version in common. */
  if (is_required ? was_reset (base) : was_closed (base))
    return g_error_new (G_IO_ERROR, G_IO_ERROR_CONNECTION_CLOSED,
                        _ ("The network or the server of “%s” closed the connection during the TLS "
                           "handshake (%s): try again; if that does not help, the server may lack "
                           "TLS 1.2 or require a client certificate"),
                        handshake->domain, error->message);
  return NULL;
}

/* The error of the TLS library names neither the server nor what to do. */
static GError *
new_handshake_error (const GError *error, GTlsConnection *tls, const Handshake *handshake)
{
  GError *ended = new_connection_error (error, tls, handshake);

  if (ended != NULL)
    return ended;
  if (error->domain == G_TLS_ERROR && error->code == G_TLS_ERROR_CERTIFICATE_REQUIRED)
    return g_error_new (error->domain, error->code,
                        _ ("The server of “%s” requires a client certificate (%s)"),
                        handshake->domain, error->message);
  if (handshake->direct)
    return g_error_new (error->domain, error->code,
                        _ ("No TLS with the server of “%s” (%s): the port may be for STARTTLS, or "
                           "the server lacks TLS 1.2 or requires a client certificate"),
                        handshake->domain, error->message);

  return g_error_new (error->domain, error->code,
                      _ ("No TLS with the server of “%s” (%s): it may lack TLS 1.2 or require a "
                         "client certificate"),
                      handshake->domain, error->message);
}

/* RFC 8996, RFC 7590 §3.1. GIO has no public setting for the oldest version to offer. By now the
 * server has received the domain, and the client's certificate if its own was accepted. */
static gboolean
check_version (GTlsConnection *tls, const char *domain, GError **error)
{
  GTlsProtocolVersion version = g_tls_connection_get_protocol_version (tls);

  if (version >= G_TLS_PROTOCOL_VERSION_TLS_1_2 && version != G_TLS_PROTOCOL_VERSION_DTLS_1_0 &&
      version != G_TLS_PROTOCOL_VERSION_DTLS_1_2)
    return TRUE;

  g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_HANDSHAKE,
               _ ("The server of “%s” offers no TLS newer than 1.1, which is not secure: ask its "
                  "operator to enable TLS 1.2"),
               domain);
  return FALSE;
}

/* (transfer full) */
static GError *
take_handshake_error (GError *error, GTlsConnection *tls, const Handshake *handshake)
{
  g_autoptr (GError) cause = error;

  if (g_error_matches (cause, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return g_steal_pointer (&cause);
  if (handshake->untrusted != NULL)
    return new_certificate_error (handshake);

  return new_handshake_error (cause, tls, handshake);
}

static void
handshake_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  g_autoptr (GTask)  task = user_data;
  Handshake         *handshake = g_task_get_task_data (task);
  GTlsConnection    *tls = G_TLS_CONNECTION (object);
  g_autoptr (GError) error = NULL;

  /* A thread of GIO's may hold the connection a moment longer than the client lives, but nothing of
   * the application's. */
  g_signal_handlers_disconnect_by_func (tls, accept_certificate_cb, handshake);
  if (!g_tls_connection_handshake_finish (tls, result, &error))
    {
      g_tls_connection_set_database (tls, NULL);
      g_task_return_error (task, take_handshake_error (g_steal_pointer (&error), tls, handshake));
    }
  else if (g_tls_connection_get_peer_certificate (tls) == NULL)
    g_task_return_new_error (task, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE,
                             _ ("The server of “%s” sent no certificate"), handshake->domain);
  else if (!check_version (tls, handshake->domain, &error))
    g_task_return_error (task, g_steal_pointer (&error));
  else
    {
      ibb_tls_base_note_data (ibb_tls_base_get (tls));
      g_task_return_pointer (task, g_object_ref (tls), g_object_unref);
    }
}

/* GIO sends an identity that is a name to the server (SNI), and no other one: RFC 6066 §3 forbids
 * that for addresses. A certificate has an IPv6 address without the brackets of a JID. */
static GSocketConnectable *
new_identity (const char *domain)
{
  g_autofree char *address = ibb_domain_dup_address (domain);
  g_autofree char *name = NULL;

  if (address != NULL)
    return G_SOCKET_CONNECTABLE (g_inet_socket_address_new_from_string (address, 0));

  name = ibb_domain_to_ascii (domain);
  return g_network_address_new (name, 0);
}

/* Like g_tls_client_connection_new (), but with a database from the start. Without one the
 * connection of GnuTLS reads the certificates of the system, which takes 40 ms and 4 MiB. Where
 * only one certificate counts there is none, so that the handler is asked about each certificate.
 */
static GTlsConnection *
new_connection (GIOStream            *base,
                GSocketConnectable   *identity,
                const IBBServerTrust *trust,
                GError              **error)
{
  GTlsDatabase *database = trust->fingerprint == NULL ? trust->database : NULL;

  GType type = g_tls_backend_get_client_connection_type (g_tls_backend_get_default ());

  if (database == NULL && trust->fingerprint == NULL)
    return G_TLS_CONNECTION (g_tls_client_connection_new (base, identity, error));

  return g_initable_new (type, NULL, error, "base-io-stream", base, "server-identity", identity,
                         "database", database, NULL);
}

void
ibb_handshake_async (GIOStream                    *base,
                     const IBBHandshakeParameters *parameters,
                     GCancellable                 *cancellable,
                     GAsyncReadyCallback           callback,
                     gpointer                      user_data)
{
  const char *const      protocols[] = { parameters->protocol, NULL };
  g_autoptr (IBBTlsBase) tls_base = ibb_tls_base_new (base);
  g_autoptr (GTask) task = ibb_call_task_new (NULL, ibb_handshake_async, "[ibb-glib] TLS handshake",
                                              cancellable, callback, user_data);
  g_autoptr (GTlsConnection) tls = NULL;
  g_autoptr (GError)         error = NULL;
  /* The certificate has to be for the domain of the account, wherever records and redirects lead
   * (RFC 6120 §13.7.2). */
  g_autoptr (GSocketConnectable) identity = new_identity (parameters->domain);
  Handshake                     *handshake = g_atomic_rc_box_new0 (Handshake);

  handshake->domain = g_strdup (parameters->domain);
  handshake->direct = parameters->direct;
  ibb_server_trust_copy (parameters->trust, &handshake->trust);
  g_task_set_task_data (task, handshake, handshake_unref);
  tls = new_connection (G_IO_STREAM (tls_base), identity, parameters->trust, &error);
  if (tls == NULL)
    {
      g_task_return_error (task, g_steal_pointer (&error));
      return;
    }

  if (parameters->certificate != NULL)
    g_tls_connection_set_certificate (tls, parameters->certificate);
  if (parameters->protocol != NULL)
    g_tls_connection_set_advertised_protocols (tls, protocols);
  /* The end tag of the XML stream tells the end, so that of TLS is not needed. */
  g_tls_connection_set_require_close_notify (tls, FALSE);
  g_signal_connect_data (tls, "accept-certificate", G_CALLBACK (accept_certificate_cb),
                         g_atomic_rc_box_acquire (handshake), handshake_unref_closure, 0);
  g_tls_connection_handshake_async (tls, G_PRIORITY_DEFAULT, cancellable, handshake_cb,
                                    g_steal_pointer (&task));
}

GTlsConnection *
ibb_handshake_finish (GAsyncResult         *result,
                      GTlsCertificate     **untrusted,
                      GTlsCertificateFlags *errors,
                      GError              **error)
{
  Handshake         *handshake = g_task_get_task_data (G_TASK (result));
  g_autoptr (GError) cause = NULL;
  GTlsConnection    *tls = g_task_propagate_pointer (G_TASK (result), &cause);

  *untrusted = NULL;
  *errors = handshake->errors;
  if (g_error_matches (cause, G_TLS_ERROR, G_TLS_ERROR_BAD_CERTIFICATE) &&
      handshake->trust.fingerprint == NULL)
    g_set_object (untrusted, handshake->untrusted);
  if (cause != NULL)
    g_propagate_error (error, g_steal_pointer (&cause));
  return tls;
}
