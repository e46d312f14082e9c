/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "xmpp/trust/ibb-xmpp-known-certificates.h"
#include "xmpp/trust/ibb-xmpp-question-private.h"
#include "xmpp/trust/ibb-xmpp-trust-question.h"

/* known (nullable): where an accepted certificate is remembered. code (nullable): for a peer, which
 * may have several certificates. */
IBBXmppTrustQuestion *ibb_xmpp_trust_question_new (const char               *name,
                                                   GTlsCertificate          *certificate,
                                                   GTlsCertificateFlags      errors,
                                                   IBBXmppKnownCertificates *known,
                                                   const char               *code);
/* Adds the certificate to the known ones if the answer says so. For a peer the object that asks
 * calls this, once the peer has agreed. */
void ibb_xmpp_trust_question_keep (IBBXmppTrustQuestion *self);
