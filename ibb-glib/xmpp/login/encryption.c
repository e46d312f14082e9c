/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/login/encryption.h"

#include "base/intl.h"
#include "xmpp/reach/handshake.h"
#include "xmpp/reach/upgrade.h"
#include "xmpp/stream/stream-namespaces.h"

/* The handshake holds a reference, and so does the request for a WebSocket. */
static void
encryption_unref (IBBEncryption *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  ibb_xml_stream_unref (self->stream);
  g_clear_pointer (&self->endpoint, ibb_endpoint_unref);
  g_object_unref (self->cancellable);
  g_clear_object (&self->tls);
  g_free (self->identity);
  g_clear_error (&self->abort_error);
  ibb_thread_release (self->thread);
  g_free (self);
}

static void
upgrade_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBEncryption     *self = user_data;
  g_autoptr (GError) error = NULL;
  gboolean           fine = ibb_upgrade_finish (result, &error);

  self->is_busy = FALSE;
  if (self->abort_error != NULL)
    {
      ibb_xml_stream_abort (self->stream, NULL, self->abort_error);
    }
  else if (self->handler != NULL && fine)
    {
      ibb_xml_stream_set_framed (self->stream);
      self->handler->secured (self->owner);
    }
  else if (self->handler != NULL)
    {
      self->handler->failed (self->identity, NULL, 0, error, self->owner);
    }
  encryption_unref (self);
}

static void
secured (IBBEncryption *self)
{
  ibb_xml_stream_set_io (self->stream, G_IO_STREAM (self->tls));
  if (self->endpoint == NULL)
    {
      self->handler->secured (self->owner);
      return;
    }
  self->is_busy = TRUE;
  g_ref_count_inc (&self->ref_count);
  ibb_upgrade_async (G_IO_STREAM (self->tls), self->endpoint, self->cancellable, upgrade_cb, self);
}

static void
handshake_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBEncryption              *self = user_data;
  g_autoptr (GError)          error = NULL;
  g_autoptr (GTlsCertificate) untrusted = NULL;
  GTlsCertificateFlags        errors;

  self->tls = ibb_handshake_finish (result, &untrusted, &errors, &error);
  self->is_busy = FALSE;
  if (self->abort_error != NULL)
    ibb_xml_stream_abort (self->stream, NULL, self->abort_error);
  else if (self->handler == NULL)
    ;
  else if (self->tls != NULL)
    secured (self);
  else
    self->handler->failed (self->identity, untrusted, errors, error, self->owner);
  encryption_unref (self);
}

IBBEncryption *
ibb_encryption_new (IBBThread                  *thread,
                    IBBXmlStream               *stream,
                    const char                 *identity,
                    IBBEndpoint                *endpoint,
                    const IBBAccountSettings   *settings,
                    GTlsCertificate            *accepted_certificate,
                    const IBBEncryptionHandler *handler,
                    gpointer                    owner)
{
  IBBEncryption         *self = g_new0 (IBBEncryption, 1);
  IBBServerTrust         trust;
  IBBHandshakeParameters parameters = {
    .domain = identity,
    .trust = &trust,
    .certificate = settings->certificate,
    .direct = endpoint == NULL && settings->tls_mode == IBB_XMPP_TLS_MODE_DIRECT,
  };

  if (endpoint != NULL)
    parameters.protocol = "http/1.1";
  else if (parameters.direct)
    parameters.protocol = "xmpp-client";

  g_ref_count_init (&self->ref_count);
  self->thread = thread;
  ibb_thread_hold (thread);
  self->stream = ibb_xml_stream_ref (stream);
  self->identity = g_strdup (identity);
  self->endpoint = endpoint != NULL ? ibb_endpoint_ref (endpoint) : NULL;
  self->handler = handler;
  self->owner = owner;
  self->cancellable = g_cancellable_new ();

  self->is_busy = TRUE;
  g_ref_count_inc (&self->ref_count);
  ibb_server_trust_init (&trust, settings, accepted_certificate);
  ibb_handshake_async (ibb_xml_stream_get_io (stream), &parameters, self->cancellable, handshake_cb,
                       self);
  ibb_server_trust_clear (&trust);

  return self;
}

void
ibb_encryption_free (IBBEncryption *self)
{
  self->handler = NULL;
  g_cancellable_cancel (self->cancellable);
  encryption_unref (self);
}

void
ibb_encryption_abort (IBBEncryption *self, const GError *error)
{
  /* A thread of the TLS library may be about to read from the socket. If the socket were closed,
   * its number might already be that of another file. */
  if (self->is_busy)
    self->abort_error = g_error_copy (error);
  else
    ibb_xml_stream_abort (self->stream, NULL, error);
  ibb_encryption_free (self);
}

gboolean
ibb_encryption_check (const IBBAccountSettings *settings, GError **error)
{
  if (settings->fingerprint == NULL || settings->tls_mode != IBB_XMPP_TLS_MODE_NONE ||
      settings->websocket_mode == IBB_XMPP_WEBSOCKET_MODE_ALWAYS)
    return TRUE;

  g_set_error_literal (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                       _ ("A fingerprint was named for the certificate of the server, but TLS is "
                          "turned off"));
  return FALSE;
}

gboolean
ibb_encryption_choose (const IBBElement *features,
                       IBBXmppTlsMode    mode,
                       const char       *domain,
                       gboolean         *encrypts,
                       GError          **error)
{
  IBBElement *starttls = ibb_element_get_child (features, "starttls", IBB_TLS_NAMESPACE);

  *encrypts = mode == IBB_XMPP_TLS_MODE_STARTTLS;
  if (*encrypts && starttls == NULL)
    g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                 _ ("The server of “%s” offers no TLS, which is required here"), domain);
  else if (!*encrypts && starttls != NULL &&
           ibb_element_get_child (starttls, "required", IBB_TLS_NAMESPACE) != NULL)
    g_set_error (error, G_TLS_ERROR, G_TLS_ERROR_UNAVAILABLE,
                 _ ("The server of “%s” requires TLS, which is turned off here"), domain);
  else
    return TRUE;
  return FALSE;
}
