/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A login, from the look-up of the server to the bound resource: connection,
 * TLS, SASL, binding. On the worker's thread.
 */

#pragma once

#include <gio/gio.h>

#include "ibb-types.h"
#include "xmpp/stream.h"
#include "xmpp/thread.h"

G_BEGIN_DECLS

/* What a login goes by: a copy of the client's properties. */
typedef struct
{
  char         *jid;
  char         *password; /* (nullable) */
  char         *host;     /* (nullable) */
  guint         port;     /* 0: by SRV, or the usual one of host */
  IBBTlsMode    tls_mode;
  GTlsDatabase *tls_database; /* (nullable) */
  gboolean      allow_plain_text;
  char         *resume_id; /* (nullable): of the stream to resume (XEP-0198), not to bind anew */
  guint32       resume_h;  /* how many of its stanzas were handled here */
  guint         timeout;   /* ms, for the whole login but the user's part in it */
  guint         certificate_timeout; /* ms, for the user's answer */
} IBBAccount;

/* What it ends with; all of it belongs to the negotiation. */
typedef struct
{
  IBBStream  *stream; /* to be taken over with ibb_stream_set_owner () */
  const char *local_jid;
  guint       stanza_limit; /* XEP-0478, 0: none was named */
  gboolean    can_manage;   /* XEP-0198 is offered */
  guint32     resumed_h;    /* how many stanzas the server had handled of the resumed stream */
} IBBLoginResult;

typedef struct _IBBNegotiation IBBNegotiation;

typedef struct
{
  /* A certificate that the database does not vouch for: answered by
   * ibb_negotiation_answer_certificate (), at any time. */
  void (*certificate) (IBBNegotiation      *negotiation,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       gpointer             owner);
  /* Once. result is NULL on error. */
  void (*done) (IBBNegotiation *negotiation,
                IBBLoginResult *result,
                const GError   *error,
                gpointer        owner);
} IBBNegotiationHandler;

void ibb_account_clear (IBBAccount *self);

/* Takes what is in account. done () is never called before this returns;
 * owner_free (nullable) is called when nothing will be any more. */
IBBNegotiation *ibb_negotiation_new (IBBThread                   *thread,
                                     IBBAccount                  *account,
                                     const IBBNegotiationHandler *handler,
                                     gpointer                     owner,
                                     GDestroyNotify               owner_free);
IBBNegotiation *ibb_negotiation_ref (IBBNegotiation *self);
void            ibb_negotiation_unref (IBBNegotiation *self);
void            ibb_negotiation_answer_certificate (IBBNegotiation *self, gboolean accept);
/* Whether the server has let us in no more, or knows the stream no more that was
 * to be resumed: to try again is of no use. */
gboolean ibb_negotiation_was_refused (IBBNegotiation *self);
/* Ends it with this error, unless it has ended. */
void ibb_negotiation_fail (IBBNegotiation *self, const GError *error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBNegotiation, ibb_negotiation_unref)

G_END_DECLS
