/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The exchange of one session, within TLS, by a thread that waits for the peer, for the user of
 * this end, and for a turn. */

#pragma once

#include <gio/gio.h>

#include "ibb-transport.h"
#include "xmpp/trust/ibb-xmpp-known-certificates.h"
#include "xmpp/trust/turns.h"

/* The exchanges of one identity take turns. */
typedef struct
{
  GMutex   lock;
  IBBTurns turns;   /* protected by lock */
  GList   *awaited; /* protected by lock; (element-type GMainContext): of the threads that wait */
} IBBAgreementTurns;

void ibb_agreement_turns_init (IBBAgreementTurns *self);
void ibb_agreement_turns_clear (IBBAgreementTurns *self);

/* Nothing of it is owned. */
typedef struct
{
  IBBAgreementTurns *queue;     /* of the identity */
  GTlsConnection    *tls;       /* after its handshake */
  IBBTransport      *transport; /* under tls */
  gboolean           as_server;
  const char        *own;         /* the bare JID of this end, in normal form */
  const char        *peer;        /* the peer's */
  GCancellable      *cancellable; /* of the caller */

  IBBXmppKnownCertificates *known; /* (nullable) */
  const char *const        *named; /* (nullable): the fingerprints of the only keys that count */

  /* The question: the signal that object emits in context. */
  gpointer      object;
  guint         signal;
  GMainContext *context; /* (nullable) */

  /* Called in the thread, with data. */
  void (*peer_asks) (const char *code, gpointer data); /* the user of the peer is asked */
  void (*broken_off) (const IBBPause *pause, gpointer data);
  gpointer data;
} IBBAgreement;

/* Whether each end trusts the other. Otherwise the session has to be aborted. Errors:
 * %G_TLS_ERROR_BAD_CERTIFICATE, %G_IO_ERROR_PERMISSION_DENIED, %G_IO_ERROR_TIMED_OUT,
 * %G_IO_ERROR_BUSY, %IBB_ERROR_PROTOCOL, %G_IO_ERROR_CONNECTION_CLOSED, %G_IO_ERROR_CANCELLED, and
 * those of a read. */
gboolean ibb_agreement_reach (const IBBAgreement *self, GError **error);
