/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The requests of a login by SASL2 (XEP-0388), which go along with its first message, and the
 * answers to them, which come with the server's success. */

#pragma once

#include "xmpp/ibb-xmpp-token.h"
#include "xmpp/management/resumption.h"
#include "xmpp/stream/element.h"

/* The requests that the client makes if the server offers them. */
typedef struct
{
  const char          *user_agent_id; /* (nullable): only over TLS */
  IBBXmppToken        *token;         /* (nullable): to log in with, instead of the password */
  gboolean             binds;         /* a resource that the server chooses (XEP-0386) */
  gboolean             confirms;      /* acknowledgements (XEP-0198), with a resource */
  const IBBResumption *resumption;    /* (nullable): instead of a resource */
} IBBSasl2Wishes;

/* The wishes that the offer of the server allows. */
typedef struct
{
  gboolean binds;
  gboolean confirms;
  gboolean resumes;
} IBBSasl2Requests;

/* The requests that the server has granted. */
typedef struct
{
  char       *jid;        /* (nullable): with the resource, where one was bound */
  IBBElement *management; /* (owned) (nullable): its element about acknowledgements */
  IBBElement *resumption; /* (owned) (nullable): its element about the resumption */
} IBBSasl2Outcome;

/* (nullable) (transfer none): the offer in the features of an XML stream. */
IBBElement *ibb_sasl2_get_offer (const IBBElement *features);
void        ibb_sasl2_get_requests (const IBBElement     *offer,
                                    const IBBSasl2Wishes *wishes,
                                    IBBSasl2Requests     *requests);
/* The first message; initial is base64, or "=", and more the XML of other requests. */
char *ibb_sasl2_dup_authenticate (const IBBSasl2Requests *requests,
                                  const IBBSasl2Wishes   *wishes,
                                  const char             *mechanism,
                                  const char             *initial,
                                  const char             *more);

/* (nullable): the text in <success/> that the mechanism checks. */
const char *ibb_sasl2_get_proof (const IBBElement *success);
/* Takes the answers out of <success/>. FALSE: they contradict each other, the requests or the
 * account, which is bare_jid. */
gboolean ibb_sasl2_take_outcome (IBBElement             *success,
                                 const IBBSasl2Requests *requests,
                                 const char             *bare_jid,
                                 IBBSasl2Outcome        *outcome,
                                 GError                **error);
void     ibb_sasl2_outcome_clear (IBBSasl2Outcome *self);
