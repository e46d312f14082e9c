/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The steps of a login in their order: the look-up of the server, the connection, TLS, SASL,
 * and the binding of a resource or the resumption of an XML stream. With SASL2 (XEP-0388) the
 * last two are one step, if the server can do that. On the worker.
 */

#pragma once

#include <gio/gio.h>

#include "base/thread.h"
#include "xmpp/base/account.h"
#include "xmpp/management/resumption.h"
#include "xmpp/stream/element.h"
#include "xmpp/stream/xml-stream.h"

/* The result of a login; the negotiation owns all of it. */
typedef struct
{
  IBBXmlStream    *stream; /* to be taken over with ibb_xml_stream_set_owner () */
  char            *local_jid;
  char            *mechanism;    /* of SASL, by which the server knows the account */
  GTlsCertificate *certificate;  /* (nullable): of the server, NULL without TLS */
  guint            stanza_limit; /* XEP-0478, 0: none was named */
  gboolean         can_manage;   /* XEP-0198 is offered */
  IBBElement      *management;   /* (nullable): its <enabled/>, if the login asked for it */
  guint32 resumed_h; /* how many stanzas the server had handled of the resumed XML stream */
} IBBNegotiationResult;

typedef struct _IBBNegotiation IBBNegotiation;

typedef struct
{
  /* The server's certificate is not trusted for name, and none was accepted before. The answer is
   * ibb_negotiation_answer_certificate (), at any time. (nullable): it is refused. */
  void (*certificate) (IBBNegotiation      *negotiation,
                       const char          *name,
                       GTlsCertificate     *certificate,
                       GTlsCertificateFlags errors,
                       gpointer             owner);
  /* The account has a password, and nothing else to log in with, and none was set. The answer is
   * ibb_negotiation_answer_password (), at any time. (nullable): the login goes on without. */
  void (*password) (IBBNegotiation *negotiation, const char *bare_jid, gpointer owner);
  /* A step begins: see IBBXmppEntity::login-step. (nullable) */
  void (*step) (IBBXmppLoginStep step,
                const char      *text,
                GTlsCertificate *certificate,
                gpointer         owner);
  /* Once. result is NULL on error. The negotiation stays until this returns. is_refused: the server
   * has refused the login, or has forgotten the XML stream that was to be resumed, so that another
   * attempt would fail, too. */
  void (*done) (IBBNegotiationResult *result,
                const GError         *error,
                gboolean              is_refused,
                gpointer              owner);
} IBBNegotiationHandler;

/* Takes what is in settings; resumption is (nullable). The handler, which has to stay until
 * done () or ibb_negotiation_give_up (), is never called before this returns. */
IBBNegotiation *ibb_negotiation_new (IBBThread                   *thread,
                                     IBBAccountSettings          *settings,
                                     const IBBResumption         *resumption,
                                     const IBBNegotiationHandler *handler,
                                     gpointer                     owner);
IBBNegotiation *ibb_negotiation_ref (IBBNegotiation *self);
void            ibb_negotiation_unref (IBBNegotiation *self);
void            ibb_negotiation_answer_certificate (IBBNegotiation *self, gboolean accept);
/* password (nullable): the login goes on without. */
void ibb_negotiation_answer_password (IBBNegotiation *self, const char *password);
/* Ends it with this error, unless it has ended. */
void ibb_negotiation_fail (IBBNegotiation *self, const GError *error);
/* Ends it without a call of done (), and releases the reference. */
void ibb_negotiation_give_up (IBBNegotiation *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBNegotiation, ibb_negotiation_unref)
