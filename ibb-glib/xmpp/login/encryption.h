/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The encryption of an XML stream: the TLS handshake, which runs in a thread of its own, and
 * what becomes of the XML stream then. Over HTTPS it becomes that of a WebSocket. On the worker.
 */

#pragma once

#include "base/thread.h"
#include "xmpp/base/account.h"
#include "xmpp/reach/endpoint.h"
#include "xmpp/stream/element.h"
#include "xmpp/stream/xml-stream.h"

typedef struct _IBBEncryption IBBEncryption;

/* The results of the handshake. */
typedef struct
{
  void (*secured) (gpointer owner); /* the XML stream goes through TLS */
  /* The handshake has stopped. untrusted (nullable): the certificate of identity, if that is the
   * cause. */
  void (*failed) (const char          *identity,
                  GTlsCertificate     *untrusted,
                  GTlsCertificateFlags errors,
                  const GError        *error,
                  gpointer             owner);
} IBBEncryptionHandler;

struct _IBBEncryption
{
  grefcount                   ref_count;
  IBBThread                  *thread;
  IBBXmlStream               *stream;
  char                       *identity; /* (owned) */
  IBBEndpoint                *endpoint; /* (owned) (nullable) */
  const IBBEncryptionHandler *handler;  /* (nullable): the owner is gone */
  gpointer                    owner;
  GCancellable               *cancellable;
  GTlsConnection             *tls;         /* (owned) (nullable): once the handshake is done */
  gboolean                    is_busy;     /* a reference is held */
  GError                     *abort_error; /* (owned) (nullable): to end the XML stream with */
};

/* Whether to ask for TLS, by these features of an XML stream without it. FALSE: what the server
 * offers and what mode asks for do not go together. */
gboolean ibb_encryption_choose (const IBBElement *features,
                                IBBXmppTlsMode    mode,
                                const char       *domain,
                                gboolean         *encrypts,
                                GError          **error);

/* Whether TLS is allowed where settings ask for a certificate. */
gboolean ibb_encryption_check (const IBBAccountSettings *settings, GError **error);
/* identity: the name that the certificate must be for. endpoint (nullable): that of a WebSocket,
 * to which the XML stream is connected. accepted_certificate (nullable): of the server, by the
 * application. */
IBBEncryption *ibb_encryption_new (IBBThread                  *thread,
                                   IBBXmlStream               *stream,
                                   const char                 *identity,
                                   IBBEndpoint                *endpoint,
                                   const IBBAccountSettings   *settings,
                                   GTlsCertificate            *accepted_certificate,
                                   const IBBEncryptionHandler *handler,
                                   gpointer                    owner);
/* From now on no callback is called. */
void ibb_encryption_free (IBBEncryption *self);
/* Frees the encryption, and ends the XML stream with error as soon as no thread of the TLS library
 * uses its socket. */
void ibb_encryption_abort (IBBEncryption *self, const GError *error);
