/* SPDX-License-Identifier: LGPL-2.1-or-later */

#pragma once

#include "trust/ibb-known-certificates.h"
#include "trust/ibb-question-private.h"
#include "trust/ibb-trust-question.h"

/* known (nullable): where an accepted certificate is remembered. code (nullable): for a peer, which
 * may have several certificates. */
IBBTrustQuestion *ibb_trust_question_new (const char           *name,
                                          GTlsCertificate      *certificate,
                                          GTlsCertificateFlags  errors,
                                          IBBKnownCertificates *known,
                                          const char           *code);
/* Adds the certificate to the known ones if the answer says so. For a peer the object that asks
 * calls this, once the peer has agreed. */
void ibb_trust_question_keep (IBBTrustQuestion *self);
