/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The elements of a SASL exchange on an XML stream: by SASL2 (XEP-0388) where the server offers
 * it, else as in RFC 6120 §6.4. */

#pragma once

#include "xmpp/base/account.h"
#include "xmpp/login/fast.h"
#include "xmpp/login/sasl.h"
#include "xmpp/login/sasl2.h"
#include "xmpp/stream/element.h"
#include "xmpp/stream/xml-stream.h"

typedef struct _IBBAuthentication IBBAuthentication;

struct _IBBAuthentication
{
  IBBXmlStream *stream;
  GMainContext *context;
  char         *bare_jid;
  char         *domain;
  IBBSasl      *sasl;            /* (nullable): by password, certificate or nothing */
  IBBFast      *fast;            /* (nullable): by token, instead */
  const char   *token_mechanism; /* (nullable): of a token that the server may issue */
  gboolean      requests_token;  /* of that mechanism */
  IBBXmppToken *token;           /* (owned) (nullable): the one that it has issued */
  const char *namespace;         /* of the elements: that of SASL, or of SASL2 */
  IBBSasl2Requests requests;     /* along with a login by SASL2 */
  IBBSasl2Outcome  outcome;
  GSource         *source; /* (nullable): while an answer is being computed */
};

typedef enum
{
  IBB_AUTHENTICATION_GOES_ON,
  IBB_AUTHENTICATION_DONE,
  IBB_AUTHENTICATION_FAILED,        /* for a reason that may pass, or on our side */
  IBB_AUTHENTICATION_REFUSED,       /* by the server: another attempt would fail too */
  IBB_AUTHENTICATION_TOKEN_REFUSED, /* without the token, another attempt may succeed */
} IBBAuthenticationState;

/* Chooses a mechanism that the features offer, and sends the first element. tls (nullable):
 * not encrypted. resumption (nullable): along with SASL2. NULL: no mechanism can be used. */
IBBAuthentication *ibb_authentication_new (IBBXmlStream             *stream,
                                           GMainContext             *context,
                                           const IBBAccountSettings *settings,
                                           const IBBAccountParts    *parts,
                                           GTlsConnection           *tls,
                                           const IBBResumption      *resumption,
                                           IBBElement               *features,
                                           GError                  **error);
void               ibb_authentication_free (IBBAuthentication *self);
const char        *ibb_authentication_get_mechanism (IBBAuthentication *self);
/* Whether the login goes by SASL2: then no new XML stream follows. */
gboolean ibb_authentication_is_sasl2 (IBBAuthentication *self);
/* Takes an element of the server, and sends the answer, at once or after a computation. */
IBBAuthenticationState
ibb_authentication_handle (IBBAuthentication *self, IBBElement *element, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (IBBAuthentication, ibb_authentication_free)
