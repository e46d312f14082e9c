/* SPDX-License-Identifier: LGPL-2.1-or-later */

#include "config.h"

#include "xmpp/encryption.h"

#include "xmpp/handshake.h"

/* The handshake holds a reference. */
struct _IBBEncryption
{
  grefcount                   ref_count;
  IBBThread                  *thread;
  IBBXmlStream               *stream;
  const IBBEncryptionHandler *handler; /* (nullable): the owner is gone */
  gpointer                    owner;
  GCancellable               *cancellable;
  GTlsConnection             *tls; /* (owned) (nullable): once the handshake is done */
  gboolean                    is_shaking_hands;
  GError                     *abort_error; /* (owned) (nullable): to end the stream with */
};

static void
encryption_unref (IBBEncryption *self)
{
  if (!g_ref_count_dec (&self->ref_count))
    return;

  ibb_xml_stream_unref (self->stream);
  g_object_unref (self->cancellable);
  g_clear_object (&self->tls);
  g_clear_error (&self->abort_error);
  ibb_thread_release (self->thread);
  g_free (self);
}

static void
handshake_cb (GObject *object, GAsyncResult *result, gpointer user_data)
{
  IBBEncryption              *self = user_data;
  g_autoptr (GError)          error = NULL;
  g_autoptr (GTlsCertificate) untrusted = NULL;
  GTlsCertificateFlags        errors;

  self->tls = ibb_handshake_finish (result, &untrusted, &errors, &error);
  self->is_shaking_hands = FALSE;
  if (self->abort_error != NULL)
    ibb_xml_stream_abort (self->stream, NULL, self->abort_error);
  else if (self->handler == NULL)
    ;
  else if (untrusted != NULL)
    self->handler->untrusted (untrusted, errors, error, self->owner);
  else if (self->tls != NULL)
    ibb_encryption_accept (self);
  else
    self->handler->failed (error, self->owner);
  encryption_unref (self);
}

IBBEncryption *
ibb_encryption_new (IBBThread                  *thread,
                    IBBXmlStream               *stream,
                    const char                 *domain,
                    const IBBAccountSettings   *settings,
                    GTlsCertificate            *accepted_certificate,
                    const IBBEncryptionHandler *handler,
                    gpointer                    owner)
{
  IBBEncryption         *self = g_new0 (IBBEncryption, 1);
  IBBHandshakeParameters parameters = {
    .domain = domain,
    .database = settings->tls_database,
    .certificate = settings->certificate,
    .accepted_certificate = accepted_certificate,
    .direct = settings->tls_mode == IBB_TLS_MODE_DIRECT,
  };

  g_ref_count_init (&self->ref_count);
  self->thread = thread;
  ibb_thread_hold (thread);
  self->stream = ibb_xml_stream_ref (stream);
  self->handler = handler;
  self->owner = owner;
  self->cancellable = g_cancellable_new ();

  self->is_shaking_hands = TRUE;
  g_ref_count_inc (&self->ref_count);
  ibb_handshake_async (ibb_xml_stream_get_io (stream), &parameters, self->cancellable, handshake_cb,
                       self);

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
  /* A thread of the TLS library may be about to read from the socket, whose number might be
   * another's by then. */
  if (self->is_shaking_hands)
    self->abort_error = g_error_copy (error);
  else
    ibb_xml_stream_abort (self->stream, NULL, error);
  ibb_encryption_free (self);
}

void
ibb_encryption_accept (IBBEncryption *self)
{
  ibb_xml_stream_set_io (self->stream, G_IO_STREAM (self->tls));
  self->handler->secured (self->owner);
}

GTlsConnection *
ibb_encryption_get_tls (IBBEncryption *self)
{
  return self->tls;
}
