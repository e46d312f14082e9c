/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A session that an identity encrypts: its state (session-encryption.h) with the stream, the known
 * keys and the user. */

#pragma once

#include "ibb-transport.h"
#include "xmpp/trust/encrypter.h"
#include "xmpp/trust/ibb-xmpp-known-certificates.h"
#include "xmpp/trust/ibb-xmpp-question-private.h"

/* Called in the thread of the encrypter. context: where the application is told. */
typedef struct
{
  /* Whether anybody would answer a question. */
  gboolean (*can_ask) (gpointer identity);
  /* As ibb_xmpp_question_ask (). */
  GSource *(*ask) (gpointer            identity,
                   IBBXmppQuestion    *question,
                   GMainContext       *context,
                   IBBQuestionAnswered answered,
                   gpointer            data,
                   GDestroyNotify      data_free);
  void (*peer_asks) (gpointer identity, GMainContext *context, const char *peer, const char *code);
  /* pause: in seconds. */
  void (*broken_off) (
      gpointer identity, GMainContext *context, const char *peer, guint count, guint pause);
  void (*waiting) (gpointer identity, GMainContext *context, const char *peer);
} IBBIdentitySessionEvents;

/* task: (transfer full): of the identity; returns the stream, a GTlsConnection. events: of static
 * lifetime. own, peer: the bare JIDs in normal form. known: (nullable). named: (transfer full)
 * (nullable): the fingerprints of the only keys that count. An error ends the session at both
 * ends. */
void ibb_identity_session_start (IBBEncrypter                   *encrypter,
                                 GTask                          *task,
                                 const IBBIdentitySessionEvents *events,
                                 IBBTransport                   *transport,
                                 const char                     *own,
                                 const char                     *peer,
                                 IBBXmppKnownCertificates       *known,
                                 GStrv                           named);
